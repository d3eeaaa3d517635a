"""When a digest is due and what a person means by a period; pure, and right across daylight saving."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.tasks import UserError

MOST_MISSED = 4  # weeks that are posted late after a long silence
LATE_AFTER = timedelta(hours=2)
SHORTEST = timedelta(days=3)
"""A digest that was moved is about so long at least: below, the first one at the new moment covers the gap too."""


@dataclass(frozen=True)
class Due:
    """A digest that should be there: at `due`, about `[start, end)`."""

    due: datetime
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Period:
    """A span of time, `[start, end)`."""

    start: datetime
    end: datetime


def due_digests(
    *, weekday: int, hour: int, zone: ZoneInfo, after: datetime, first: bool, moment: datetime
) -> list[Due]:
    """Return the digests that came due after *after* and up to *moment*, oldest first.

    Args:
        weekday: 0 is Monday.
        hour: by the clock on the wall in *zone*; an hour that daylight saving skips is the one after it.
        after: the last digest's end, or the first run ever when *first*.
    """
    local = moment.astimezone(zone)
    day = local.date() - timedelta(days=(local.weekday() - weekday) % 7)
    found: list[tuple[datetime, date]] = []
    while len(found) < MOST_MISSED:
        due = datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC)
        if due <= after or (not first and due - after < SHORTEST):
            break
        if due <= moment:
            found.append((due, day))
        day -= timedelta(days=7)
    dues: list[Due] = []
    for due, day in reversed(found):
        week_before = datetime.combine(day - timedelta(days=7), time(hour), tzinfo=zone).astimezone(UTC)
        # Weeks follow each other without a gap, also when the moment was moved.
        start = dues[-1].end if dues else week_before if first or len(found) == MOST_MISSED else after
        dues.append(Due(due, start, due))
    return dues


def parse_period(words: str, *, moment: datetime, zone: ZoneInfo) -> Period:
    """Return the period that *words* mean, in Dutch or English; three months up to now without any.

    Raises:
        UserError: they mean none that is known here.
    """
    said = " ".join(words.lower().split())
    today = moment.astimezone(zone).date()
    first = today.replace(day=1)
    known: dict[str, tuple[date, date]] = {
        "": (_months_before(today, 3), today + timedelta(days=1)),
        "week": (today - timedelta(days=7), today + timedelta(days=1)),
        "month": (first, today + timedelta(days=1)),
        "last month": (_months_before(first, 1), first),
        "quarter": (_quarter(today), today + timedelta(days=1)),
        "last quarter": (_months_before(_quarter(today), 3), _quarter(today)),
        "year": (today.replace(month=1, day=1), today + timedelta(days=1)),
    }
    dutch = {
        "maand": "month",
        "deze maand": "month",
        "vorige maand": "last month",
        "kwartaal": "quarter",
        "dit kwartaal": "quarter",
        "vorig kwartaal": "last quarter",
        "jaar": "year",
        "dit jaar": "year",
        "deze week": "week",
        "this week": "week",
        "this month": "month",
        "this quarter": "quarter",
        "this year": "year",
    }
    try:
        days = known.get(dutch.get(said, said)) or _spelled(said, today)
    except ValueError:  # a year that no calendar has
        days = None
    if days is None:
        raise UserError("period-unknown")
    return period_of(*days, zone=zone)


def period_of(start: date, end: date, *, zone: ZoneInfo) -> Period:
    """Return the days `[start, end)` where the firm is.

    Raises:
        UserError: they are in the wrong order, or beyond the calendar.
    """
    if start >= end:
        raise UserError("period-unknown")
    try:
        midnights = [datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC) for day in (start, end)]
    except OverflowError as error:
        raise UserError("period-unknown") from error
    return Period(*midnights)


def _spelled(said: str, today: date) -> tuple[date, date] | None:
    if found := re.fullmatch(r"(\d{4})-(\d{2})", said):
        year, month = int(found[1]), int(found[2])
        if 1 <= month <= 12 and year > 2000:
            start = date(year, month, 1)
            return start, _months_before(start, -1)
    if found := re.fullmatch(r"(?:q|k|kwartaal )([1-4])(?: (\d{4}))?", said):
        year, quarter = int(found[2] or today.year), int(found[1])
        start = date(year, 3 * quarter - 2, 1)
        return start, _months_before(start, -3)
    if found := re.fullmatch(r"(\d{1,2}) (?:months?|maanden|maand)", said):
        return _months_before(today, int(found[1])), today + timedelta(days=1)
    if found := re.fullmatch(r"(\d{1,3}) (?:days?|dagen|dag)", said):
        return today - timedelta(days=int(found[1])), today + timedelta(days=1)
    if found := re.fullmatch(r"(\d{4}-\d\d-\d\d)(?: (?:to|tot|-))? (\d{4}-\d\d-\d\d)", said):
        try:
            return date.fromisoformat(found[1]), date.fromisoformat(found[2])
        except ValueError:
            return None
    return None


def _quarter(day: date) -> date:
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


def _months_before(day: date, months: int) -> date:
    """Return the same day so many months earlier, or the last of that month when it has no such day."""
    at = day.year * 12 + day.month - 1 - months
    year, month = divmod(at, 12)
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    last = (following - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))
