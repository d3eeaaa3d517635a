"""The net minutes of a period, per kind of baseline and per task, with a range; from group sums, never from rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal

from bot.value.baselines import Baseline, BaselineKind
from bot.value.estimates import TaskEstimate, estimate_task
from bot.value.ranges import Range, Spread, half_width
from bot.value.sums import RunSums, join_sums

CAP_SHARE = 1.25
"""How far above the team's own list of work the runs of a month count: the rest is work that nobody did before."""

WORD_ERROR_SHARE = 0.06
"""How far off the sum of all one-tap answers may be (a standard error, assumed): they are round figures."""

MONEY_RUNS, FIRM_RUNS = 10, 30


@dataclass(frozen=True)
class Total:
    """What the runs of one task, or of all tasks with one kind of baseline, gave.

    Attributes:
        runs, accepted: decided runs, before the cap.
        counted_runs, extra_runs: within the cap, and the "extra work made possible" above it.
        extra_minutes: what the extra runs would have given; in no other figure.
        people: how many reviewers it rests on.
        open_ended_runs: `40-plus` without a number; if there are many, ask for the minutes.
        rows_minutes: the counted rows as they stand in the ledger, added up.
        clock_minutes: taken off because the clock sees less of reviewing than people say; may be negative.
        rework_minutes: taken off for the accepted runs whose rework is unknown.
        median_minutes: taken off because a median of few timings lies too high.
        net: `rows_minutes - clock_minutes - rework_minutes - median_minutes`, with its range.
        net_at_low, net_at_high: the point, had every baseline been its low or its high.
        word_to_clock: what people said reviewing took, as a multiple of what the clock saw; None without both.
        figure: `none` (no money under 10 accepted runs), `indicative` (under 30), `firm`.
    """

    kind: BaselineKind
    tasks: tuple[str, ...]
    runs: int
    accepted: int
    counted_runs: float
    extra_runs: float
    extra_minutes: float
    people: int
    open_ended_runs: int
    rows_minutes: float
    clock_minutes: float
    rework_minutes: float
    median_minutes: float
    net: Range
    net_at_low: float
    net_at_high: float
    word_to_clock: float | None
    figure: Literal["none", "indicative", "firm"]


@dataclass(frozen=True)
class Totals:
    """A period's totals. Kinds are never added up: one is measured, the others are believed."""

    by_kind: dict[BaselineKind, Total]
    by_task: dict[str, Total]


def add_up(
    groups: Iterable[RunSums],
    *,
    baselines: Mapping[str, Baseline],
    monthly_runs: Mapping[str, float],
    runs_in_month: Mapping[tuple[str, str], float] | None = None,
) -> Totals:
    """Return the totals per kind of baseline and per task.

    Args:
        groups: decided runs only; open ones and the control sample are told apart before.
        monthly_runs: how often the team does a task by its own list; a task without is not capped.
        runs_in_month: decided runs of `(task, month)` in the whole month, where the period holds only a part.
    """
    by_task: dict[str, list[RunSums]] = defaultdict(list)
    for group in groups:
        if group.sums.runs:
            by_task[group.task].append(group)
    by_kind: dict[BaselineKind, list[str]] = defaultdict(list)
    for task in sorted(by_task):
        by_kind[baselines[task].kind].append(task)
    estimates = {}
    for tasks in by_kind.values():
        pooled = join_sums(group.sums for task in tasks for group in by_task[task])
        for task in tasks:
            runs = monthly_runs.get(task)
            estimates[task] = estimate_task(
                by_task[task],
                baseline=baselines[task],
                pooled=pooled,
                cap=None if runs is None else CAP_SHARE * runs,
                runs_in_month=_months_of(task, runs_in_month or {}),
            )

    def total(tasks: Sequence[str]) -> Total:
        found = [group for task in tasks for group in by_task[task]]
        return _total(baselines[tasks[0]].kind, {task: estimates[task] for task in tasks}, groups=found)

    return Totals(
        by_kind={kind: total(tasks) for kind, tasks in by_kind.items()},
        by_task={task: total([task]) for task in sorted(by_task)},
    )


def _months_of(task: str, runs_in_month: Mapping[tuple[str, str], float]) -> dict[str, float]:
    return {month: runs for (name, month), runs in runs_in_month.items() if name == task}


def _total(kind: BaselineKind, parts: Mapping[str, TaskEstimate], *, groups: Sequence[RunSums]) -> Total:
    def added(name: str) -> float:
        return float(sum(getattr(part, name) for part in parts.values()))

    rows, clock, rework, median = map(added, ("rows", "clock", "rework", "median"))
    point = rows - clock - rework - median
    words = Spread((WORD_ERROR_SHARE * added("reviewing")) ** 2, df=inf)
    half = half_width([words, *(spread for part in parts.values() for spread in part.spreads)])
    sums = join_sums(group.sums for group in groups)
    accepted = int(sum(group.sums.runs for group in groups if group.accepted))
    return Total(
        kind=kind,
        tasks=tuple(parts),
        runs=int(sums.runs),
        accepted=accepted,
        counted_runs=added("counted_runs"),
        extra_runs=added("extra_runs"),
        extra_minutes=added("extra"),
        people=len({group.reviewer for group in groups}),
        open_ended_runs=int(sums.open_ended_runs),
        rows_minutes=rows,
        clock_minutes=clock,
        rework_minutes=rework,
        median_minutes=median,
        net=Range(low=point - half - added("doubt"), point=point, high=point + half),
        net_at_low=point + added("at_low"),
        net_at_high=point + added("at_high"),
        word_to_clock=sums.said_minutes / sums.said_clock_minutes if sums.said_clock_minutes else None,
        figure="none" if accepted < MONEY_RUNS else "indicative" if accepted < FIRM_RUNS else "firm",
    )
