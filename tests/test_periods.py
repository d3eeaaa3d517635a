"""A digest comes once a week by the clock on the wall, and people may say in their own words which period they mean."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digest import Due, due_digests, parse_period
from bot.tasks import UserError

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def _due(
    moment: datetime, after: datetime, *, hour: int = 9, weekday: int = 0, first: bool = False
) -> list[Due]:
    return due_digests(weekday=weekday, hour=hour, zone=AMSTERDAM, after=after, first=first, moment=moment)


def test_a_digest_is_due_at_the_hour_on_the_wall() -> None:
    """Monday nine o'clock is nine o'clock in winter and in summer."""
    winter = _due(NOW, NOW - timedelta(days=5))
    summer = _due(datetime(2026, 7, 7, 10, tzinfo=UTC), datetime(2026, 7, 2, tzinfo=UTC))

    assert [due.due.isoformat() for due in winter] == ["2026-11-23T08:00:00+00:00"]
    assert [due.due.isoformat() for due in summer] == ["2026-07-06T07:00:00+00:00"]


def test_the_week_of_a_clock_change_is_posted_once() -> None:
    """When the clock goes back or forward at the digest's own hour, the digest comes once, not twice or never."""
    for night in (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)):
        found = []
        after = night - timedelta(days=3)
        for minutes in range(0, 24 * 60, 5):
            moment = night + timedelta(minutes=minutes)
            for due in _due(moment, after, hour=2, weekday=6):
                found.append(due)
                after = due.end

        assert len(found) == 1


def test_a_digest_that_is_moved_is_about_more_than_an_hour() -> None:
    """Who sets the hour or the day just after a digest gets no second one about next to nothing, and no gap."""
    last = datetime(2026, 11, 23, 8, tzinfo=UTC)
    later = _due(last + timedelta(hours=3), last, hour=10)
    next_day = _due(last + timedelta(days=2), last, weekday=1)
    next_week = _due(last + timedelta(days=9), last, weekday=1)

    assert later == next_day == []
    assert [(due.start, due.end.date()) for due in next_week] == [(last, date(2026, 12, 1))]


def test_missed_weeks_come_late_and_leave_no_gap() -> None:
    """After three weeks off, three digests are due, each about its own week; after a year, the last four."""
    last = datetime(2026, 11, 2, 8, tzinfo=UTC)
    dues = _due(NOW, last)
    year = _due(NOW, last - timedelta(days=365))

    assert [due.start for due in dues] == [last, *(due.end for due in dues[:-1])]
    assert [due.end.date() for due in dues] == [date(2026, 11, day) for day in (9, 16, 23)]
    assert len(year) == 4
    assert year[0].end - year[0].start == timedelta(days=7)


@given(
    moment=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)),
    steps=st.lists(st.integers(1, 60 * 24 * 9), min_size=1, max_size=30),
    weekday=st.integers(0, 6),
    hour=st.integers(0, 23),
)
def test_every_week_is_reported_once_however_often_we_look(
    moment: datetime, steps: list[int], weekday: int, hour: int
) -> None:
    """Whenever the bot looks, digests follow each other without overlap or gap, and none comes early."""
    at = moment.replace(tzinfo=UTC)
    after, first, seen = at, True, []
    for minutes in steps:
        at += timedelta(minutes=minutes)
        for due in _due(at, after, hour=hour, weekday=weekday, first=first):
            seen.append(due)
            after, first = due.end, False
            assert due.due <= at

    assert all(one.end == two.start for one, two in itertools.pairwise(seen))


@pytest.mark.parametrize(
    ("words", "start", "end"),
    [
        ("", "2026-08-24", "2026-11-25"),
        ("last month", "2026-10-01", "2026-11-01"),
        ("vorige maand", "2026-10-01", "2026-11-01"),
        ("Deze maand", "2026-11-01", "2026-11-25"),
        ("2026-02", "2026-02-01", "2026-03-01"),
        ("q3", "2026-07-01", "2026-10-01"),
        ("kwartaal 4 2025", "2025-10-01", "2026-01-01"),
        ("6 maanden", "2026-05-24", "2026-11-25"),
        ("30 days", "2026-10-25", "2026-11-25"),
        ("2026-09-01 tot 2026-12-01", "2026-09-01", "2026-12-01"),
        ("2026-09-01 2026-12-01", "2026-09-01", "2026-12-01"),
    ],
)
def test_periods_are_understood(words: str, start: str, end: str) -> None:
    """People say a period as they speak, in Dutch or English; its days are those where the firm is."""
    period = parse_period(words, moment=NOW, zone=AMSTERDAM)

    assert f"{period.start.astimezone(AMSTERDAM):%Y-%m-%d %H:%M}" == f"{start} 00:00"
    assert f"{period.end.astimezone(AMSTERDAM):%Y-%m-%d %H:%M}" == f"{end} 00:00"


@pytest.mark.parametrize(
    "words",
    [
        "someday",
        "2026-13",
        "2026-12-01 2026-09-01",
        "2026-02-30 2026-03-01",
        "q5",
        "q1 0000",
        "q4 9999",
        "9999-12",
        "0001-01-01 2026-03-01",
        "0000-01-01 2026-03-01",
    ],
)
def test_a_period_that_means_nothing_is_told(words: str) -> None:
    """What cannot be understood is not guessed."""
    with pytest.raises(UserError, match="period-unknown"):
        parse_period(words, moment=NOW, zone=AMSTERDAM)
