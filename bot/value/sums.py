"""Group sums: what SQL's `group by` makes of a million rows, and all that the totals may know of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from operator import attrgetter


@dataclass(frozen=True)
class Sums:
    """What a group of decided runs adds up to.

    Attributes:
        spent_minutes, spent_squares: asking + reviewing of each run, and the squares of those.
        said_runs, said_minutes, said_clock_minutes: runs with a word; what it said; what the clock said of them.
        unsaid_clock_minutes: what the clock said of the other runs.
        open_ended_runs: runs with the word `40-plus` and no number after it.
        rework_runs, rework_minutes, rework_squares: accepted runs whose rework question was answered.
    """

    runs: float = 0
    spent_minutes: float = 0.0
    spent_squares: float = 0.0
    said_runs: float = 0
    said_minutes: float = 0.0
    said_clock_minutes: float = 0.0
    unsaid_clock_minutes: float = 0.0
    open_ended_runs: float = 0
    rework_runs: float = 0
    rework_minutes: float = 0.0
    rework_squares: float = 0.0

    @property
    def reviewing_minutes(self) -> float:
        """Reviewing as the rows have it: the word, or else the clock."""
        return self.said_minutes + self.unsaid_clock_minutes

    @property
    def spent_variance(self) -> float:
        """The variance of one run's spent minutes; a single run is taken to vary by as much as it took."""
        if self.runs == 1:
            return self.spent_squares
        return _variance(self.runs, self.spent_minutes, self.spent_squares)

    @property
    def rework_variance(self) -> float:
        """The variance of one run's rework."""
        return _variance(self.rework_runs, self.rework_minutes, self.rework_squares)


@dataclass(frozen=True)
class RunSums:
    """The sums of one task, reviewer and month (`2026-11`), accepted and unused runs apart."""

    task: str
    reviewer: str
    month: str
    accepted: bool
    sums: Sums


_values = attrgetter(*(field.name for field in fields(Sums)))


def join_sums(sums: Iterable[Sums]) -> Sums:
    """Return the sums of several groups together."""
    columns = list(zip(*map(_values, sums), strict=True))
    return Sums(*map(sum, columns)) if columns else Sums()


def _variance(runs: float, total: float, squares: float) -> float:
    return max(0.0, (squares - total * total / runs) / (runs - 1)) if runs > 1 else 0.0
