"""Which moment to come words mean: "Tuesday 9:00", "morgen om half tien", "24 november 14.30"; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.tasks.nouns import UserError

DAYS = (
    ("monday", "maandag"),
    ("tuesday", "dinsdag"),
    ("wednesday", "woensdag"),
    ("thursday", "donderdag"),
    ("friday", "vrijdag"),
    ("saturday", "zaterdag"),
    ("sunday", "zondag"),
)
MONTHS = (
    ("january", "januari"),
    ("february", "februari"),
    ("march", "maart"),
    ("april", "april"),
    ("may", "mei"),
    ("june", "juni"),
    ("july", "juli"),
    ("august", "augustus"),
    ("september", "september"),
    ("october", "oktober"),
    ("november", "november"),
    ("december", "december"),
)
FARTHEST = timedelta(days=366)
DEFAULT_TIME = time(9)
"""When somebody names a day and no time: what was planned says which moment it is."""

_DAY_NAMES = {
    short: number
    for number, names in enumerate(DAYS)
    for name in names
    for short in (name, name[:3] if name == names[0] else name[:2])
}
_MONTH_NAMES = {
    short: number
    for number, names in enumerate(MONTHS, 1)
    for name in names
    for short in (name, "mrt" if name == "maart" else name[:3])
}
_CLOCK_WORDS = (
    "one two three four five six seven eight nine ten eleven twelve",
    "een twee drie vier vijf zes zeven acht negen tien elf twaalf",
)
_HOURS = {word: hour for words in _CLOCK_WORDS for hour, word in enumerate(words.split(), 1)}
_PARTS = {
    **dict.fromkeys(("morning", "ochtend", "ochtends"), time(9)),
    **dict.fromkeys(("noon",), time(12)),
    **dict.fromkeys(("afternoon", "middag", "middags"), time(14)),
    **dict.fromkeys(("evening", "tonight", "avond", "avonds"), time(19)),
}


def _one_of(words: dict[str, int] | dict[str, time]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_ON = r"(?:on|op|at|om|for|voor|aan|aanstaande|komende|this|deze)\s+"
_DATE = rf"""
    (?P<iso>\d{{4}}-\d\d-\d\d)
    |(?P<after>the\s+day\s+after\s+tomorrow|overmorgen)
    |(?P<tomorrow>tomorrow|morgen)
    |(?P<today>today|vandaag|tonight|vanochtend|vanmiddag|vanavond)
    |(?:in|over)\s+(?P<days>\d{{1,3}})\s+(?P<unit>days?|dagen|dag|weeks?|weken)
    |(?:next\s+week|volgende\s+week)\s+(?:on\s+|op\s+)?(?P<next>{_one_of(_DAY_NAMES)})
    |(?:(?:{_one_of(_DAY_NAMES)})\.?,?\s+)?(?:the\s+)?(?P<d1>\d{{1,2}})(?:st|nd|rd|th|e)?\s+(?:of\s+)?
        (?P<m1>{_one_of(_MONTH_NAMES)})\.?(?:\s+(?P<y1>\d{{4}}))?
    |(?P<m2>{_one_of(_MONTH_NAMES)})\.?\s+(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<y2>\d{{4}}))?
    |(?P<day>{_one_of(_DAY_NAMES)})\.?
"""
_TIME = rf"""
    (?P<h1>\d{{1,2}})[:.](?P<minute>\d\d)(?:\s*(?P<half>am|pm))?(?:\s+(?:uur|u))?
    |(?P<h2>\d{{1,2}})\s*(?P<half2>am|pm)
    |(?P<h3>\d{{1,2}})\s+(?:uur|u|o'?clock)
    |(?P<halfpast>half)\s+(?P<h4>{_one_of(_HOURS)}|\d{{1,2}})
    |(?<=(?:at|om)\s)(?P<h5>\d{{1,2}})
    |(?:'s\s+|in\s+the\s+)?(?P<part>{_one_of(_PARTS)})
"""
_FLAGS = re.IGNORECASE | re.VERBOSE
_SPACE = re.compile(r"[\s,]*")
_DATE_AT = re.compile(rf"(?:{_ON})?(?:{_ON})?(?:{_DATE})(?![\w-])", _FLAGS)
_TIME_AT = re.compile(rf"(?:(?:at|om|around|rond|tegen)\s+(?=\d|half))?(?:{_TIME})(?!\w|:\d)", _FLAGS)
_JOINED = re.compile(r"\b(morgen|overmorgen)(ochtend|middag|avond)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Wish:
    """That something is to be planned.

    Attributes:
        due: when, in UTC; None when the words do not say it clearly.
        rest: the words without the wish.
    """

    due: datetime | None
    rest: str


_ASK_EN = r"(?:remind\s+me(?:\s+(?:again|about\s+(?:it|this|them)))?|(?:plan|schedule)\s+(?:it|this|that|these|them))"
_ASK_NL = (
    r"(?:herinner\s+(?:me|mij)(?:\s+(?:er\s*aan|hier\s*aan|daar\s*aan))?"
    r"|plan\s+(?:het|dit|dat|deze|die|ze|hem)(?:\s+in)?|plan\s+in)"
)
_ASK = rf"(?:(?:please|and|en|dan)\s+)*(?:{_ASK_EN}|{_ASK_NL})"
_ASKED = re.compile(rf"(?<!\w){_ASK}(?=\s|$)", re.IGNORECASE)
_AFTER = re.compile(
    r"(?:(?:in|eraan|hieraan|please|graag|aub|alsjeblieft|thanks)\b[\s.,!]*)*[\s.,;:!–—-]*", re.IGNORECASE
)
_FROM_NOW = re.compile(
    r"\s*(?:in|over)\s+(\d{1,3})\s+(hours?|uur|uren|minutes?|minuten|min)(?!\w)", re.IGNORECASE
)


def find_wish(words: str, *, moment: datetime, zone: ZoneInfo) -> Wish | None:
    """Return the wish to be reminded that *words* begin or end with; None when there is none.

    A wish stands at an edge: in the middle, "remind me" is what the text is about.

    Args:
        zone: where the asker's clock hangs.
    """
    for found in _ASKED.finditer(words):
        said = _JOINED.sub(r"\1 \2", words[found.end() :])
        due, end = read_moment(said, moment=moment, zone=zone)
        after = _AFTER.match(said[end:])
        behind = said[end + (after.end() if after else 0) :]
        before = words[: found.start()].rstrip(" \t\n,;:–—-")
        if due is None:
            # Unclear only where nothing else is said: a text may well begin with "plan this".
            if not before and len(said.split()) <= 6:
                return Wish(None, "")
            continue
        if not behind or not before:
            return Wish(due, before or behind)
    return None


def read_moment(words: str, *, moment: datetime, zone: ZoneInfo) -> tuple[datetime | None, int]:
    """Return the moment that *words* begin with, in UTC, and where they go on; None when it is not clear.

    A day without a time is nine in the morning, a time without a day its next one; "at 3" is not clear.
    """
    local = moment.astimezone(zone)
    if from_now := _FROM_NOW.match(words):
        count, minutes = int(from_now[1]), from_now[2].lower().startswith("m")
        return moment + (timedelta(minutes=count) if minutes else timedelta(hours=count)), from_now.end()
    at = _skip(words, 0)
    clock, at = _read_time(words, at)
    day_at = _DATE_AT.match(words, at)
    named = day_at
    try:
        day = _day(day_at, local) if day_at else None
        if day_at:
            at = _skip(words, day_at.end())
            if clock is None:
                clock, at = _read_time(words, at)
            if clock is None and re.fullmatch(
                r"tonight|vanavond|vanmiddag", day_at["today"] or "", re.IGNORECASE
            ):
                clock = time(14 if day_at["today"].lower() == "vanmiddag" else 19)
    except (ValueError, OverflowError):
        return None, 0
    # "Tuesday at 3": nobody knows which of both.
    if re.match(r"(?:at|om)\s+\d", words[at:], re.IGNORECASE) or (day is None and (named or clock is None)):
        return None, 0
    if day is None and clock is not None:
        day = local.date() if clock > local.time() else local.date() + timedelta(days=1)
    if day is None:
        return None, 0
    due = at_clock(day, clock or DEFAULT_TIME, zone)
    if day_at and day_at["day"] and due <= moment:
        # "Tuesday 9:00", said on a Tuesday at ten, is next week's.
        due = at_clock(day + timedelta(days=7), clock or DEFAULT_TIME, zone)
    return due, at


def at_clock(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return the moment when the clocks in *zone* show *clock* on *day*, in UTC.

    An hour that is skipped in spring is the same time after it; of the hour that comes twice in autumn the first.
    """
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


def check_due(due: datetime, moment: datetime) -> None:
    """Make sure that something can be planned for *due*.

    Raises:
        UserError: it is past, or more than a year ahead.
    """
    if due <= moment:
        raise UserError("plan.past")
    if due > moment + FARTHEST:
        raise UserError("plan.too-far")


def _skip(words: str, at: int) -> int:
    found = _SPACE.match(words, at)
    return found.end() if found else at


def _read_time(words: str, at: int) -> tuple[time | None, int]:
    found = _TIME_AT.match(words, at)
    clock = _clock(found) if found else None
    return (clock, _skip(words, found.end())) if found and clock else (None, at)


def _clock(found: re.Match[str]) -> time | None:
    if part := found["part"]:
        return _PARTS[part.lower()]
    if found["halfpast"]:
        said = found["h4"].lower()
        hour = _HOURS.get(said) or int(said)
        # "Half tien" is half past nine; in English "half ten" is another hour, so only Dutch hours count.
        if said in _CLOCK_WORDS[0].split() or not 7 <= hour <= 12:
            return None
        return time(hour - 1, 30)
    hour = int(found["h1"] or found["h2"] or found["h3"] or found["h5"])
    half = (found["half"] or found["half2"] or "").lower()
    if half and not 1 <= hour <= 12:
        return None
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    elif (found["h3"] or found["h5"]) and hour < 7:
        return None  # "om 3 uur": at night, or in the afternoon?
    minute = int(found["minute"] or 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _day(found: re.Match[str], local: datetime) -> date | None:
    """Return the day that is named.

    Raises:
        ValueError: there is no such day.
    """
    today = local.date()
    if found["iso"]:
        return date.fromisoformat(found["iso"])
    if found["after"] or found["tomorrow"] or found["today"]:
        return today + timedelta(days=2 if found["after"] else 1 if found["tomorrow"] else 0)
    if found["days"]:
        weeks = found["unit"].lower().startswith("we")
        return today + timedelta(days=int(found["days"]) * (7 if weeks else 1))
    if name := found["next"]:
        monday = today - timedelta(days=today.weekday())
        return monday + timedelta(days=7 + _DAY_NAMES[name.lower()])
    if name := found["day"]:
        return today + timedelta(days=(_DAY_NAMES[name.lower()] - today.weekday()) % 7)
    month = _MONTH_NAMES[(found["m1"] or found["m2"]).lower()]
    number, year = int(found["d1"] or found["d2"]), found["y1"] or found["y2"]
    if year:
        return date(int(year), month, number)
    day = date(today.year, month, number)
    return day if day >= today else date(today.year + 1, month, number)
