"""Our figure finds the truth where the truth is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation import SEED, Result, bias, coverage, losers, ours, simulate, table

TEAMS = 1000


@pytest.fixture(scope="module")
def results() -> list[Result]:
    """Return the figures of a thousand teams; the same ones every time."""
    return simulate(SEED, TEAMS)


@pytest.mark.parametrize("kind", ["measured", "estimated"])
def test_the_range_holds_the_truth_nine_times_in_ten(results: list[Result], kind: str) -> None:
    """A team that reads "between 4 and 9 hours" may rely on that as far as "90 %" says, and no further."""
    some = [result for result in results if result.kind == kind]

    assert 0.87 <= coverage(some) <= 0.93
    assert abs(bias(some, ours)) < 0.03


def test_a_team_that_loses_time_is_not_told_a_sure_gain(results: list[Result]) -> None:
    """Fewer than one losing team in twenty reads a range above nought; Microsoft's formula tells a gain to all."""
    losing = [result for result in results if result.truth < 0]

    assert len(losing) > 50
    assert sum(result.total.net.low > 0 for result in losing) < len(losing) / 20
    assert all(result.assisted > 0 for result in losing)


def test_the_docs_print_what_the_simulation_gives(results: list[Result]) -> None:
    """Who doubts the table in the docs runs the simulation and reads the same one."""
    page = (Path(__file__).parents[2] / "docs" / "ledger.md").read_text()

    assert table(results, TEAMS) in page
    assert losers(results)[3:] in " ".join(page.split())
