"""The arithmetic of minutes is what the docs say it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.value import IDLE_CAP_MINUTES, minutes_saved, review_minutes

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@given(st.integers(-10_000, 100_000))
def test_a_look_counts_ten_minutes_at_most(seconds: int) -> None:
    """Lunch between draft and approval is not reviewing, and a clock that jumped back is not negative."""
    minutes = review_minutes(START, START + timedelta(seconds=seconds))

    assert 0 <= minutes <= IDLE_CAP_MINUTES


def test_a_discarded_draft_costs_its_reading() -> None:
    """Who threw a draft away after two minutes sees minus three: two to read and one to ask."""
    assert minutes_saved(accepted=False, baseline=15, asking=1, reviewing=2) == -3
    assert minutes_saved(accepted=True, baseline=15, asking=1, reviewing=2) == 12
