"""The net minutes of one task: what the rows say, what is guessed where nobody answered, and why both may be off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.value.baselines import Baseline
from bot.value.ranges import Spread, smooth_share
from bot.value.runs import REVIEW_WORD_MINUTES
from bot.value.sums import RunSums, Sums, join_sums

ANSWERS_NEEDED = 5
"""From so many answers on, what people said speaks for the runs of which nobody said anything."""

REWORK_SHARE_ASSUMED = 0.37
"""Where too few answered: the share of the gain that the low end gives up (Workday and Hanover, 3,200 people)."""


@dataclass(frozen=True)
class TaskEstimate:
    """One task on its counted runs; minutes, except where the name says otherwise.

    Attributes:
        rows: as the rows add up.
        clock, rework, median: guessed, and to be taken off.
        at_low, at_high: what the baseline's low and high would change.
        reviewing: rests on people's round words, said or guessed.
        doubt: what the low end gives up for what nobody said: rework, and how long "40 and more" was.
        spreads: why the rest may be off.
    """

    counted_runs: float
    extra_runs: float
    extra: float
    rows: float
    clock: float
    rework: float
    median: float
    at_low: float
    at_high: float
    reviewing: float
    doubt: float
    spreads: tuple[Spread, ...]


@dataclass(frozen=True)
class _Guesses:
    """What is unknown of all runs of a task, before the cap."""

    clock: float
    rework: float
    median: float
    rework_each: float
    rework_spread: Spread
    doubt: float

    @property
    def minutes(self) -> float:
        return self.clock + self.rework + self.median


@dataclass(frozen=True)
class _Month:
    runs: float
    accepted: float
    rows: float


@dataclass(frozen=True)
class _Counted:
    """What is left under the cap: sums weighed by month, the rows above it, and the squares of the runs' weights."""

    runs: float
    accepted: float
    rows: float
    rows_above: float
    squares: float


def estimate_task(
    groups: Sequence[RunSums],
    *,
    baseline: Baseline,
    pooled: Sums,
    cap: float | None,
    runs_in_month: Mapping[str, float],
) -> TaskEstimate:
    """Work one task out; means and spreads come from all its runs, the cap only weighs the months.

    Args:
        pooled: the sums of all tasks of the same kind, for what this one has too few answers to say.
        cap: how many runs of a month count; None where the team's list does not say.
        runs_in_month: decided runs of the whole month, where the period holds only a part of it.
    """
    used, unused = (
        join_sums(group.sums for group in groups if group.accepted is side) for side in (True, False)
    )
    guesses = _guess(used, unused, baseline=baseline, pooled=pooled)
    counted = _count(_months(groups, baseline), cap=cap, off=guesses.minutes, runs_in_month=runs_in_month)
    runs, share = used.runs + unused.runs, counted.runs / (used.runs + unused.runs)
    return TaskEstimate(
        counted_runs=counted.runs,
        extra_runs=runs - counted.runs,
        extra=counted.rows_above - (1 - share) * guesses.minutes,
        rows=counted.rows,
        clock=share * guesses.clock,
        rework=share * guesses.rework,
        median=share * guesses.median,
        at_low=counted.accepted * (baseline.low - baseline.typical),
        at_high=counted.accepted * (baseline.high - baseline.typical),
        reviewing=share * (used.reviewing_minutes + unused.reviewing_minutes + guesses.clock),
        doubt=share * guesses.doubt,
        spreads=(
            *_chances(used, unused, worth=_worth(baseline, guesses), squares=counted.squares),
            Spread((counted.accepted * baseline.error_minutes) ** 2, df=max(1, baseline.timed_runs - 1)),
            Spread(counted.accepted**2 * guesses.rework_spread.variance, df=guesses.rework_spread.df),
        ),
    )


def _months(groups: Sequence[RunSums], baseline: Baseline) -> dict[str, _Month]:
    by_month: dict[str, list[RunSums]] = defaultdict(list)
    for group in groups:
        by_month[group.month].append(group)
    found = {}
    for month, some in by_month.items():
        sums = join_sums(group.sums for group in some)
        accepted = sum(group.sums.runs for group in some if group.accepted)
        rows = accepted * baseline.typical - sums.spent_minutes - sums.rework_minutes
        found[month] = _Month(runs=sums.runs, accepted=accepted, rows=rows)
    return found


def _count(
    months: Mapping[str, _Month], *, cap: float | None, off: float, runs_in_month: Mapping[str, float]
) -> _Counted:
    """Weigh each month: all of its runs count for the share that the cap leaves, none is picked.

    A loss is never capped: minutes that were lost on extra work are lost.

    Args:
        off: the guesses, which may turn a small gain into a loss.
    """
    free = cap is None or sum(month.rows for month in months.values()) < off
    weighed = [
        (1.0 if free or cap is None else min(1.0, cap / max(month.runs, runs_in_month.get(name, 0))), month)
        for name, month in sorted(months.items())
    ]
    return _Counted(
        runs=sum(weight * month.runs for weight, month in weighed),
        accepted=sum(weight * month.accepted for weight, month in weighed),
        rows=sum(weight * month.rows for weight, month in weighed),
        rows_above=sum((1 - weight) * month.rows for weight, month in weighed),
        squares=sum(weight**2 * month.runs for weight, month in weighed),
    )


def _worth(baseline: Baseline, guesses: _Guesses) -> float:
    """Return what it is worth that a draft is accepted, before anybody's time."""
    return baseline.typical - baseline.excess_minutes - guesses.rework_each


def _guess(used: Sums, unused: Sums, *, baseline: Baseline, pooled: Sums) -> _Guesses:
    """Let what people said speak for the runs of which they said nothing."""
    clock = (used.unsaid_clock_minutes + unused.unsaid_clock_minutes) * (_clock_ratio(used, pooled) - 1)
    silent = used.runs - used.rework_runs
    median = used.runs * baseline.excess_minutes
    # "40 and more" has no upper end: the low one takes it that reviewing took as long as writing.
    longer = max(0.0, baseline.typical - REVIEW_WORD_MINUTES["40-plus"])
    doubt = longer * (used.open_ended_runs + unused.open_ended_runs)
    known = next((sums for sums in (used, pooled) if sums.rework_runs >= ANSWERS_NEEDED), None)
    if known is None:
        gain = baseline.typical - used.spent_minutes / used.runs if used.runs else 0.0
        doubt += REWORK_SHARE_ASSUMED * silent * max(0.0, gain)
        return _Guesses(clock, 0.0, median, rework_each=0.0, rework_spread=Spread(0.0, df=1), doubt=doubt)
    each = known.rework_minutes / known.rework_runs
    spread = Spread(known.rework_variance / known.rework_runs, df=known.rework_runs - 1)
    return _Guesses(clock, silent * each, median, rework_each=each, rework_spread=spread, doubt=doubt)


def _clock_ratio(used: Sums, pooled: Sums) -> float:
    """Return what people say a look takes, per minute that the clock saw: the task's, else all tasks', else 1."""
    for known in (used, pooled):
        if known.said_runs >= ANSWERS_NEEDED and known.said_clock_minutes > 0:
            return known.said_minutes / known.said_clock_minutes
    return 1.0


def _chances(used: Sums, unused: Sums, *, worth: float, squares: float) -> tuple[Spread, ...]:
    """Return how chance moves a task: how many runs are accepted, and how long each takes (law of total variance).

    Args:
        worth: of an acceptance.
        squares: the sum of the squared weights of all runs.
    """
    runs = used.runs + unused.runs
    share = smooth_share(used.runs, runs)
    either = (used.spent_minutes + unused.spent_minutes) / runs
    mean_used = used.spent_minutes / used.runs if used.runs else either
    mean_unused = unused.spent_minutes / unused.runs if unused.runs else either
    step = worth - mean_used + mean_unused
    return (
        Spread(squares * share * (1 - share) * step**2, df=max(1, runs - 1)),
        Spread(squares * share * used.spent_variance, df=max(1, used.runs - 1)),
        Spread(squares * (1 - share) * unused.spent_variance, df=max(1, unused.runs - 1)),
    )
