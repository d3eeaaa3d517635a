"""The minutes of a run are what the docs say they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.value import (
    IDLE_CAP_MINUTES,
    REVIEW_WORD_MINUTES,
    ReviewWord,
    RunFacts,
    minutes_saved,
    review_minutes,
    settle_run,
)

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
RUN = RunFacts(
    task="quote",
    reviewer="U1",
    month="2026-11",
    review="approved",
    age_days=1,
    clock_minutes=4,
    asking_minutes=2,
)
minutes = st.floats(0, 2880)


@given(st.integers(-10_000, 100_000))
def test_a_look_counts_ten_minutes_at_most(seconds: int) -> None:
    """Lunch between draft and approval is not reviewing, and a clock that jumped back is not negative."""
    looked = review_minutes(START, START + timedelta(seconds=seconds))

    assert 0 <= looked <= IDLE_CAP_MINUTES


def test_a_discarded_draft_costs_its_reading() -> None:
    """Who threw a draft away after two minutes sees minus three: two to read and one to ask."""
    assert minutes_saved(accepted=False, baseline=15, asking=1, reviewing=2) == -3
    assert minutes_saved(accepted=True, baseline=15, asking=1, reviewing=2) == 12
    assert minutes_saved(accepted=True, baseline=15, asking=1, reviewing=2, rework=20) == -8


@given(baseline=minutes, asking=minutes, reviewing=minutes, rework=minutes)
def test_a_saving_turned_round_is_a_loss(
    baseline: float, asking: float, reviewing: float, rework: float
) -> None:
    """Whatever the bot gains for one who writes slowly, it loses for one who reviews just as slowly."""
    gain = minutes_saved(accepted=True, baseline=baseline, asking=asking, reviewing=reviewing, rework=rework)
    loss = minutes_saved(
        accepted=True, baseline=asking, asking=baseline, reviewing=-reviewing, rework=-rework
    )

    assert gain == pytest.approx(-loss, abs=1e-6)
    assert isfinite(gain)


@given(word=st.sampled_from(list(REVIEW_WORD_MINUTES)), clock=st.floats(0, 20))
def test_the_word_beats_the_clock(word: ReviewWord, clock: float) -> None:
    """Who taps "20" is believed, whatever the clock saw."""
    said = settle_run(replace(RUN, word=word, clock_minutes=clock), 45)
    silent = settle_run(replace(RUN, clock_minutes=clock), 45)

    assert (said.reviewing_minutes, said.reviewing_source) == (REVIEW_WORD_MINUTES[word], "word")
    assert (silent.reviewing_minutes, silent.reviewing_source) == (clock, "clock")


def test_asking_is_measured_or_an_assumed_minute() -> None:
    """A form that was left open overnight costs ten minutes; a mention costs a minute that says it is assumed."""
    assert settle_run(RUN, 45).net_minutes == 45 - 2 - 4
    form, mention = (settle_run(replace(RUN, asking_minutes=asked), 45) for asked in (600, None))

    assert (form.asking_minutes, form.asking_source) == (10, "measured")
    assert (mention.asking_minutes, mention.asking_source) == (1, "assumed")


def test_a_draft_that_waits_a_week_saved_nothing() -> None:
    """A young draft is undecided and not counted; after seven days it is a cost."""
    young, old = (settle_run(replace(RUN, review="open", age_days=days), 45) for days in (6.9, 7))

    assert (young.standing, young.net_minutes) == ("open", None)
    assert (old.standing, old.net_minutes) == ("unused", -6)
    assert settle_run(replace(RUN, review="discarded"), 45).net_minutes == -6
    assert settle_run(replace(RUN, review="redone", age_days=0), 45).standing == "open"


def test_rework_is_taken_off_where_it_is_known() -> None:
    """Ten minutes of mending take ten off; no answer takes nothing and stays unknown."""
    known, unknown = (settle_run(replace(RUN, rework_minutes=answer), 45) for answer in (10, None))

    assert known.net_minutes == 29
    assert (unknown.net_minutes, unknown.rework_minutes) == (39, None)


def test_a_control_run_stands_apart() -> None:
    """What was done by hand on request is neither a saving nor a cost of the bot."""
    control = settle_run(replace(RUN, control=True), 45)

    assert (control.standing, control.net_minutes) == ("control", None)
