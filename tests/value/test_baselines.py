"""What a text takes without the bot is known for what it is: timed, estimated, or only claimed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import isfinite
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tasks import UserError
from bot.value import (
    Baseline,
    Guess,
    Timing,
    check_baseline_minutes,
    check_guess,
    choose_baseline,
    control_baseline,
)

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
GUESS = Guess(low=20, typical=30, high=60)


def choose(*minutes: float, guess: Guess | None = GUESS, days: int = 10) -> Baseline:
    """Choose between timings of *days* ago, an estimate, and the claim of a quarter of an hour."""
    timings = [Timing(one, NOW - timedelta(days=days + n)) for n, one in enumerate(minutes)]
    return choose_baseline(timings=timings, guess=guess, claimed_minutes=15, now=NOW)


def test_five_timed_runs_beat_the_estimate() -> None:
    """Four timings leave the team's word; the fifth puts their median in its place, with its age."""
    four, five = choose(40, 41, 42, 43), choose(40, 41, 42, 43, 600)

    assert (four.kind, four.low, four.typical, four.high) == ("estimated", 20, 30, 60)
    assert (five.kind, five.typical, five.timed_runs, five.age_days) == ("measured", 42, 5, 10)
    assert choose(guess=None) == Baseline("claimed", low=15, typical=15, high=15)


def test_timings_of_last_year_are_stale() -> None:
    """A team sees when it last timed this, and is told after half a year."""
    assert not choose(40, 41, 42, 43, 44, days=183).stale
    assert choose(40, 41, 42, 43, 44, days=184).stale


@given(st.lists(st.floats(0.5, 2880), min_size=5, max_size=30))
def test_the_median_stands_within_its_range(minutes: list[float]) -> None:
    """However wildly the timings differ, low <= typical <= high, and all of them are numbers."""
    found = choose(*minutes)

    assert found.typical == median(minutes)
    assert 0 <= found.low <= found.typical <= found.high
    assert 0 <= found.excess_minutes <= found.typical
    assert isfinite(found.error_minutes)


def test_more_timings_make_it_surer() -> None:
    """Twenty timings say more than five of the same kind."""
    few, many = choose(30, 35, 40, 45, 50), choose(*[30, 35, 40, 45, 50] * 4)

    assert many.typical == few.typical
    assert many.high - many.low < few.high - few.low
    assert many.excess_minutes < few.excess_minutes


def test_the_control_sample_is_a_baseline_of_its_own() -> None:
    """Five texts written by hand because chance said so are the mean that the bot is held against."""
    found = control_baseline([20, 30, 40, 30, 30])

    assert found is not None
    assert (found.kind, found.typical, found.timed_runs) == ("control", 30, 5)
    assert found.low < 30 < found.high
    assert control_baseline([20, 30, 40, 30]) is None


@pytest.mark.parametrize(
    ("given_minutes", "key"),
    [
        (0, "baseline-out-of-range"),
        (-5, "baseline-out-of-range"),
        (0.4, "baseline-out-of-range"),
        ("10.000", "baseline-out-of-range"),
        (10_000, "baseline-out-of-range"),
        ("", "baseline-no-number"),
        ("half an hour", "baseline-no-number"),
        ("nan", "baseline-no-number"),
        ("inf", "baseline-no-number"),
    ],
)
def test_impossible_minutes_are_refused(given_minutes: float | str, key: str) -> None:
    """Nought, a minus, a week or a word is refused with the reason."""
    with pytest.raises(UserError) as refused:
        check_baseline_minutes(given_minutes)

    assert refused.value.key == key


def test_minutes_are_read_as_people_write_them() -> None:
    """A comma is a decimal point, and the limits themselves are fine."""
    assert check_baseline_minutes(" 12,5 ") == 12.5
    assert [check_baseline_minutes(one) for one in (0.5, "2880", "2.880")] == [0.5, 2880, 2880]


def test_an_estimate_goes_up() -> None:
    """Low above high is a slip, and is said to be one."""
    with pytest.raises(UserError) as refused:
        check_guess(low=30, typical="20", high=60)

    assert refused.value.key == "baseline-out-of-order"
    assert check_guess(low="20", typical=20, high=60) == Guess(20, 20, 60)
