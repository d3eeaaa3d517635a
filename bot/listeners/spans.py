"""Which part of a channel words mean: "#sales since monday", "wat heb ik gemist", "afgelopen 3 dagen"; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from bot.tasks.moments import DAYS, MONTHS

DEFAULT = timedelta(days=7)
LONGEST = timedelta(days=92)

_CHANNEL = re.compile(r"<#([A-Z0-9]+)(?:\|[^>]*)?>")
_MISSED = re.compile(
    r"\b(what (?:did|have) i miss(?:ed)?|what i missed|catch me up|since i was last here|unread"
    r"|wat (?:heb|mis) ik(?: (?:hier|gemist))*|wat ik (?:gemist heb|heb gemist)|praat me bij|ongelezen)\b\??",
    re.IGNORECASE,
)
_DAY_NAMES = "|".join(name for pair in DAYS for name in pair)
_MONTH_NAMES = "|".join(sorted({name for pair in MONTHS for name in pair}, key=len, reverse=True))
_SINCE = re.compile(
    rf"\b(?:since|sinds|vanaf|from)\s+(?:(?P<day>{_DAY_NAMES})|(?P<word>yesterday|gisteren|today|vandaag)"
    rf"|(?P<iso>\d{{4}}-\d\d-\d\d)|(?P<date>\d{{1,2}})\s+(?P<month>{_MONTH_NAMES})"
    rf"|(?P<hour>\d{{1,2}})[:.](?P<minute>\d\d))\b",
    re.IGNORECASE,
)
_LAST = re.compile(
    r"\b(?:(?:of|van|over)\s+)?(?:the\s+|de\s+)?(?:last|past|afgelopen|laatste)\s+(?:(?P<count>\d{1,3})\s+)?"
    r"(?P<unit>hours?|uur|uren|days?|dag|dagen|weeks?|week|weken)\b",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"\b(?:(?P<today>today|vandaag)|(?P<yesterday>yesterday|gisteren)|(?P<week>this week|deze week))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Span:
    """A part of a channel.

    Attributes:
        oldest, latest: moments; `latest` is None for up to now.
        since: `asked` for a moment that was said, `missed` for the asker's own last message there.
    """

    channel_id: str
    oldest: datetime
    latest: datetime | None = None
    since: Literal["asked", "missed"] = "asked"


def find_span(words: str, *, here: str, moment: datetime, zone: ZoneInfo) -> tuple[Span | None, str]:
    """Return the part of a channel that *words* mean, and the words without it; None when they mean none.

    Args:
        here: the channel that it was said in, for words that name none; empty where that is no channel.
        zone: where the asker's clock hangs.
    """
    channel = _CHANNEL.search(words)
    channel_id = channel[1] if channel else here
    rest = _CHANNEL.sub(" ", words, count=1) if channel else words
    if not channel_id:
        return None, words
    missed = _MISSED.search(rest)
    if missed:
        return Span(channel_id, moment - DEFAULT, since="missed"), _without(rest, missed)
    for pattern, read in ((_SINCE, _since), (_LAST, _last), (_NAMED, _named)):
        found = pattern.search(rest)
        times = read(found, moment.astimezone(zone)) if found else None
        if found and times is not None:
            oldest = max(times[0], moment - LONGEST)
            return Span(channel_id, oldest, times[1]), _without(rest, found)
    if channel:
        return Span(channel_id, moment - DEFAULT), " ".join(rest.split())
    return None, words


def _without(words: str, found: re.Match[str]) -> str:
    return " ".join(f"{words[: found.start()]} {words[found.end() :]}".split())


def _since(found: re.Match[str], local: datetime) -> tuple[datetime, datetime | None] | None:
    today = local.date()
    if name := found["day"]:
        index = next(number for number, names in enumerate(DAYS) if name.lower() in names)
        # "Since monday", said on a monday, means today's.
        return _midnight(today - timedelta(days=(today.weekday() - index) % 7), local), None
    if word := found["word"]:
        back = 1 if word.lower() in ("yesterday", "gisteren") else 0
        return _midnight(today - timedelta(days=back), local), None
    try:
        if iso := found["iso"]:
            return _midnight(date.fromisoformat(iso), local), None
        if found["date"]:
            month = next(n for n, names in enumerate(MONTHS, 1) if found["month"].lower() in names)
            day = date(today.year, month, int(found["date"]))
            return _midnight(day if day <= today else day.replace(year=today.year - 1), local), None
        at = datetime.combine(today, time(int(found["hour"]), int(found["minute"])), tzinfo=local.tzinfo)
    except ValueError:
        return None
    return at if at <= local else at - timedelta(days=1), None


def _last(found: re.Match[str], local: datetime) -> tuple[datetime, datetime | None] | None:
    count, unit = int(found["count"] or 1), found["unit"].lower()
    if unit.startswith(("hour", "uur", "uren")):
        return local - timedelta(hours=count), None
    return local - timedelta(days=count * (7 if unit.startswith("we") else 1)), None


def _named(found: re.Match[str], local: datetime) -> tuple[datetime, datetime | None] | None:
    today = local.date()
    if found["today"]:
        return _midnight(today, local), None
    if found["yesterday"]:
        return _midnight(today - timedelta(days=1), local), _midnight(today, local)
    return _midnight(today - timedelta(days=today.weekday()), local), None


def _midnight(day: date, local: datetime) -> datetime:
    return datetime.combine(day, time(0), tzinfo=local.tzinfo)
