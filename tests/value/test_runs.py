"""The minutes of a run are what the docs say they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.value import IDLE_CAP_MINUTES, minutes_saved, review_minutes

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
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
