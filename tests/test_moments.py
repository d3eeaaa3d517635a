"""A moment to come is read as people say it, on the firm's clock; what is not clear is no moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tasks import UserError
from bot.tasks.moments import FARTHEST, at_clock, check_due, find_wish, read_moment

ZONE = ZoneInfo("Europe/Amsterdam")
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=ZONE)


def _read(words: str) -> tuple[str, str] | None:
    wish = find_wish(words, moment=MONDAY, zone=ZONE)
    if wish is None:
        return None
    return (wish.due.astimezone(ZONE).strftime("%d-%m-%Y %H:%M") if wish.due else "?", wish.rest)


@pytest.mark.parametrize(
    ("words", "due"),
    [
        ("remind me Tuesday 9:00", "24-11-2026 09:00"),
        ("Herinner me dinsdag om 9 uur", "24-11-2026 09:00"),
        ("plan it for Tuesday at 9", "24-11-2026 09:00"),
        ("please plan them for Monday 9:00", "30-11-2026 09:00"),
        ("plan dit in voor donderdag 9.30", "26-11-2026 09:30"),
        ("plan het dinsdag 9 uur in", "24-11-2026 09:00"),
        ("herinner mij er aan op 24 november om 14.30 graag", "24-11-2026 14:30"),
        ("remind me on the 3rd of December at 2pm, please", "03-12-2026 14:00"),
        ("remind me Nov 24, 9am", "24-11-2026 09:00"),
        ("remind me November 2", "02-11-2027 09:00"),
        ("herinner me morgen om half tien", "24-11-2026 09:30"),
        ("herinner me morgenochtend", "24-11-2026 09:00"),
        ("herinner me vanavond", "23-11-2026 19:00"),
        ("remind me tomorrow afternoon", "24-11-2026 14:00"),
        ("remind me the day after tomorrow at 12.15", "25-11-2026 12:15"),
        ("schedule it for next week Tuesday 10:00", "01-12-2026 10:00"),
        ("plan het voor volgende week vrijdag", "04-12-2026 09:00"),
        ("plan them for 2026-12-01 08:30", "01-12-2026 08:30"),
        ("herinner me over 3 dagen om 10:00", "26-11-2026 10:00"),
        ("remind me in 2 weeks", "07-12-2026 09:00"),
        ("remind me in 2 hours", "23-11-2026 12:00"),
        ("remind me at 9:00", "24-11-2026 09:00"),
        ("remind me at 16:00", "23-11-2026 16:00"),
        ("remind me 14:30 tomorrow", "24-11-2026 14:30"),
        ("plan it for today 9:00", "23-11-2026 09:00"),
    ],
)
def test_a_wish_to_be_reminded_is_read(words: str, due: str) -> None:
    """However people say it in Dutch or English, it is that moment."""
    assert _read(words) == (due, "")


@pytest.mark.parametrize(
    "words",
    [
        "plan it",
        "plan het in",
        "remind me Tuesday at 3",
        "herinner me dinsdag om 3 uur",
        "plan it for 31 February",
        "plan it for 25:00",
        "remind me tomorrow at 13pm",
        "herinner me volgende dinsdag",
        "remind me to call Jan",
    ],
)
def test_what_is_not_clear_is_asked(words: str) -> None:
    """A wish without a moment, or with one that could be two, is known as a wish and not guessed at."""
    assert _read(words) == ("?", "")


@pytest.mark.parametrize(
    ("words", "rest"),
    [
        ("x: Our shop opens on Saturday. Remind me tomorrow at 9:00.", "x: Our shop opens on Saturday."),
        ("herinner me morgenochtend: x: nieuw brood", "x: nieuw brood"),
        (
            "LinkedIn: we openen zaterdag om 9:30 en herinner me dinsdag 9 uur",
            "LinkedIn: we openen zaterdag om 9:30",
        ),
    ],
)
def test_a_wish_at_an_edge_of_a_request_is_taken_out(words: str, rest: str) -> None:
    """What remains is what the text is about."""
    assert _read(words) == ("24-11-2026 09:00", rest)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "korter",
        "our app can remind me Tuesday 9:00 of every meeting",
        "write a post about how we plan it for every customer in our new kitchen department",
        "maak een planning voor dinsdag 9:00",
    ],
)
def test_other_words_are_no_wish(words: str) -> None:
    """A text that is about reminding or planning is left alone."""
    assert _read(words) is None


def test_the_clock_is_the_firms_in_winter_and_summer() -> None:
    """Nine is nine on the wall; the hour that spring skips is an hour later, autumn's double hour the first one."""
    assert at_clock(date(2026, 3, 28), time(9), ZONE) == datetime(2026, 3, 28, 8, tzinfo=UTC)
    assert at_clock(date(2026, 3, 29), time(9), ZONE) == datetime(2026, 3, 29, 7, tzinfo=UTC)
    assert at_clock(date(2026, 3, 29), time(2, 30), ZONE).astimezone(ZONE).time() == time(3, 30)
    assert at_clock(date(2026, 10, 25), time(2, 30), ZONE) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)), st.integers(0, 6), st.times())
def test_a_weekday_is_always_the_next_one(now: datetime, weekday: int, clock: time) -> None:
    """A weekday with a time is to come, within a week, on that day and at that time, whenever it is said."""
    moment = now.replace(tzinfo=UTC)
    name = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")[weekday]
    due, _ = read_moment(f"{name} {clock:%H:%M}", moment=moment, zone=ZONE)

    assert due is not None
    assert moment < due <= moment + timedelta(days=7, hours=2)
    assert due.astimezone(ZONE).weekday() == weekday


@given(st.text(max_size=60))
def test_no_words_break_it(words: str) -> None:
    """Whatever somebody types after "remind me" is read or asked about."""
    find_wish(f"remind me {words}", moment=MONDAY, zone=ZONE)
    read_moment(words, moment=MONDAY, zone=ZONE)


def test_a_past_moment_and_one_beyond_a_year_are_refused() -> None:
    """Neither can be planned; the sentence says which it is."""
    check_due(MONDAY + FARTHEST, MONDAY)
    for due, key in ((MONDAY, "plan.past"), (MONDAY + FARTHEST + timedelta(minutes=1), "plan.too-far")):
        with pytest.raises(UserError, match=key):
            check_due(due, MONDAY)
