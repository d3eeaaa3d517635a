"""The table by task: what rests on too few people is merged, cents add up, kinds of baseline never do; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.digest.figures import Figures
from bot.records.proof import TaskCount
from bot.texts import currency_digits
from bot.value import BaselineKind, Total, cost_model, round_together, split_whole, to_cents

MOST_ROWS = 60  # of tasks: with the longest names more would not fit in the 13,200 characters of one message

KINDS: tuple[BaselineKind, ...] = ("measured", "estimated", "claimed", "control")
"""From the best known to the least."""


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        tasks: one task; the merged ones of "other tasks"; all of them in the team's total.
        what: `task`, `other` or `all`.
        people: askers or reviewers, whichever are fewer; of merged tasks the most that it can be.
        minutes: the net minutes per kind of baseline; kinds are never added up.
        total: the figure with its range, where the row is one task, or all tasks with one kind of baseline.
        cost_micro, cost_cents: what the model cost, in the workspace's currency.
    """

    what: str
    tasks: tuple[str, ...]
    runs: int
    accepted: int
    as_is: int
    light: int
    moderate: int
    heavy: int
    unused: int
    failed: int
    numbers_changed: int
    unpriced: int
    people: int
    minutes: Mapping[BaselineKind, float]
    total: Total | None
    cost_micro: int
    cost_cents: int

    @property
    def decided(self) -> int:
        """How many drafts came to an end: used, or not."""
        return self.accepted + self.unused


@dataclass(frozen=True)
class Table:
    """The rows by task, the most runs first, "other tasks" last; and the team's total, which is always there."""

    rows: tuple[Row, ...]
    team: Row

    @property
    def named(self) -> tuple[Row, ...]:
        """The rows that may carry a task's name."""
        return tuple(row for row in self.rows if row.what == "task")


def make_table(figures: Figures) -> Table:
    """Return the table of a period, without any row that rests on fewer people than the team wants."""
    counts = figures.counts
    people = {count.task: _people(count, figures.totals.by_task.get(count.task)) for count in counts}
    hidden = hide_tasks(
        counts,
        people=people,
        kinds={count.task: figures.baselines[count.task].kind for count in counts},
        least=figures.settings.least_people,
    )
    shown = [[count] for count in counts if count.task not in hidden]
    merged = [count for count in counts if count.task in hidden]
    groups = [*shown, merged] if merged else shown
    whole = cost_model(sum(count.cost_microusd for count in counts), figures.settings.usd_rate)
    micros = split_whole(whole, [sum(count.cost_microusd for count in group) for group in groups])
    digits = currency_digits(figures.settings.currency)
    cents = round_together(micros, digits=digits)
    rows = tuple(
        _row(
            figures,
            group,
            people,
            what="other" if group is merged else "task",
            micro=micro,
            cents=cent,
        )
        for group, micro, cent in zip(groups, micros, cents, strict=True)
    )
    team = _row(figures, counts, people, what="all", micro=whole, cents=to_cents(whole, digits=digits))
    return Table(rows, team)


def hide_tasks(
    counts: Sequence[TaskCount],
    *,
    people: Mapping[str, int],
    kinds: Mapping[str, BaselineKind],
    least: int,
) -> set[str]:
    """Return the tasks that are merged: those on too few people, and so many more that none can be worked out.

    The totals are shown per kind of baseline and for all: a task that alone is missing among shown ones would
    be the difference. So at least two are hidden wherever one is, and together they must be able to rest on
    *least* people.
    """
    runs = {count.task: count.runs for count in counts}
    order = sorted(runs, key=lambda task: (runs[task], task))
    hidden = {task for task in order if people[task] < least}
    hidden.update(order[: max(0, len(order) - MOST_ROWS)])
    while hidden and len(hidden) < len(order):
        more = _next_hidden(order, hidden, people=people, kinds=kinds, least=least)
        if more is None:
            break
        hidden.add(more)
    return hidden


def _next_hidden(
    order: Sequence[str],
    hidden: set[str],
    *,
    people: Mapping[str, int],
    kinds: Mapping[str, BaselineKind],
    least: int,
) -> str | None:
    """Return the smallest task that has to be merged too, or None when what is hidden is hidden well."""
    for kind in KINDS:
        own = [task for task in order if kinds[task] == kind]
        open_ = [task for task in own if task not in hidden]
        if len(own) - len(open_) == 1 and open_:
            return open_[0]
    if len(hidden) == 1 or sum(people[task] for task in hidden) < least:
        return next(task for task in order if task not in hidden)
    return None


def _people(count: TaskCount, total: Total | None) -> int:
    return count.people if total is None else min(count.people, total.people)


def _row(
    figures: Figures,
    counts: Sequence[TaskCount],
    people: Mapping[str, int],
    *,
    what: str,
    micro: int,
    cents: int,
) -> Row:
    tasks = tuple(count.task for count in counts)
    totals = [figures.totals.by_task[task] for task in tasks if task in figures.totals.by_task]
    return Row(
        what=what,
        tasks=tasks,
        runs=sum(count.runs for count in counts),
        accepted=sum(count.accepted for count in counts),
        as_is=sum(count.as_is for count in counts),
        light=sum(count.light for count in counts),
        moderate=sum(count.moderate for count in counts),
        heavy=sum(count.heavy for count in counts),
        unused=sum(count.unused for count in counts),
        failed=sum(count.failed for count in counts),
        numbers_changed=sum(count.numbers_changed for count in counts),
        unpriced=sum(count.unpriced for count in counts),
        people=min(figures.people, sum(people[task] for task in tasks))
        if what != "task"
        else people[tasks[0]],
        minutes={
            kind: sum(total.net.point for total in totals if total.kind == kind)
            for kind in KINDS
            if any(total.kind == kind for total in totals)
        },
        total=_total(figures, what, totals),
        cost_micro=micro,
        cost_cents=cents,
    )


def _total(figures: Figures, what: str, totals: Sequence[Total]) -> Total | None:
    """Return a row's figure; merged tasks have none, as their ranges are known one by one only."""
    if what == "task":
        return totals[0] if totals else None
    kinds = list(figures.totals.by_kind.values())
    return kinds[0] if what == "all" and len(kinds) == 1 else None
