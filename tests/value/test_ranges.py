"""Ranges are as wide as the tables say."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.value import rate
from bot.value.ranges import Spread, half_width, smooth_share, t_quantile


@pytest.mark.parametrize(
    ("hits", "tries", "low", "high"), [(12, 30, 0.246, 0.577), (30, 100, 0.219, 0.396), (0, 10, 0, 0.278)]
)
def test_a_rate_has_wilsons_interval(hits: int, tries: int, low: float, high: float) -> None:
    """Twelve of thirty may be a quarter or more than a half, and nought of ten is not never."""
    found = rate(hits, tries, level=0.95)

    assert found is not None
    assert (found.low, found.point, found.high) == pytest.approx((low, hits / tries, high), abs=0.001)


@given(st.integers(0, 500).flatmap(lambda tries: st.tuples(st.integers(0, tries), st.just(tries))))
def test_a_rate_stays_between_none_and_all(pair: tuple[int, int]) -> None:
    """No range says minus two per cent; nothing tried is no rate."""
    hits, tries = pair
    found = rate(hits, tries)

    assert (found is None) == (tries == 0)
    if found is not None:
        assert 0 <= found.low <= found.point <= found.high <= 1
        assert 0 < smooth_share(hits, tries) < 1


@pytest.mark.parametrize(
    ("df", "table"), [(2, 2.91999), (3, 2.35336), (4, 2.13185), (9, 1.83311), (30, 1.69726), (inf, 1.64485)]
)
def test_students_t_is_that_of_the_tables(df: float, table: float) -> None:
    """The ranges of few runs are as wide as statistics asks."""
    assert t_quantile(0.95, df) == pytest.approx(table, rel=0.003)


def test_doubts_add_up_as_squares() -> None:
    """Two doubts of three and four minutes are one of five; fewer observations make it wider."""
    known = half_width([Spread(9, df=inf), Spread(16, df=inf)])

    assert known == pytest.approx(5 * 1.64485, rel=1e-4)
    assert half_width([Spread(9, df=4), Spread(16, df=4)]) > known
    assert half_width([]) == half_width([Spread(0, df=1)]) == 0
