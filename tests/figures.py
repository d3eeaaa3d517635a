"""Figures of a made-up firm, for the tests of what is said about them: counts in, `Figures` out, added up as ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.digest import Figures, rates_of
from bot.digest.figures import _money
from bot.records import WorkspaceSettings
from bot.records.proof import OpenDraft, TaskCount
from bot.value import (
    Baseline,
    RunSums,
    Spent,
    Sums,
    add_up,
    control_baseline,
    cost_model,
    find_break_even,
    months_between,
)

START = datetime(2026, 11, 15, 23, tzinfo=UTC)
WEEK = timedelta(days=7)

MEASURED = Baseline("measured", low=22, typical=25, high=29, timed_runs=8, age_days=20, error_minutes=2)
ESTIMATED = Baseline("estimated", low=20, typical=30, high=45)
CLAIMED = Baseline("claimed", low=30, typical=30, high=30)


@dataclass(frozen=True)
class Case:
    """What became of one task: `accepted` as (as is, light, moderate, heavy); minutes are of one run."""

    task: str
    accepted: tuple[int, int, int, int] = (4, 3, 2, 1)
    unused: int = 1
    failed: int = 0
    people: int = 4
    baseline: Baseline = MEASURED
    spent_minutes: float = 8.0
    cost_microusd: int = 120_000
    unpriced: int = 0
    numbers_changed: int = 0


def build(
    *cases: Case,
    settings: Mapping[str, Any] | None = None,
    start: datetime = START,
    length: timedelta = WEEK,
    waiting_days: Sequence[int] = (),
    by_hand: Mapping[str, Sequence[float]] | None = None,
    month_microusd: int = 0,
    month_unpriced: int = 0,
    monthly_runs: Mapping[str, float] | None = None,
) -> Figures:
    """Return the figures of a period in which *cases* happened; reviewers share the runs of a task evenly."""
    chosen = replace(WorkspaceSettings(), **(settings or {}))
    rates = rates_of(chosen)
    counts = sorted((_count(case) for case in cases), key=lambda count: (-count.runs, count.task))
    baselines = {case.task: case.baseline for case in cases}
    totals = add_up(
        [group for case in cases for group in _groups(case)],
        baselines=baselines,
        monthly_runs=monthly_runs or {},
    )
    end = start + length
    spent = Spent(
        model_microusd=sum(count.cost_microusd for count in counts),
        calls_unpriced=sum(count.unpriced for count in counts),
        months=months_between(start.date(), end.date()),
    )
    fixed = int(spent.months * 1_000_000 * int(chosen.fixed_monthly_cost))
    cost = cost_model(spent.model_microusd, rates.usd) + fixed
    hand = by_hand or {}
    controls = {task: control_baseline(minutes) for task, minutes in hand.items()}
    return Figures(
        team_id="T1",
        settings=chosen,
        start=start,
        end=end,
        asked=sum(count.runs for count in counts),
        people=max((case.people for case in cases), default=0),
        counts=tuple(counts),
        works=(),
        baselines=baselines,
        totals=totals,
        money=_money(totals, counts, spent, rates),
        spent=spent,
        cost=cost,
        break_even_minutes=find_break_even(
            cost, accepted=sum(count.accepted for count in counts), rates=rates
        ),
        control={task: found for task, found in controls.items() if found is not None},
        by_hand=sum(map(len, hand.values())),
        open_drafts=tuple(
            OpenDraft(f"R{days}", "UANNA", "reply", (end - timedelta(days=days)).isoformat())
            for days in waiting_days
        ),
        month_microusd=month_microusd,
        month_unpriced=month_unpriced,
    )


def good_week(**settings: Any) -> Figures:
    """Return a week that paid."""
    return build(
        Case("reply", accepted=(20, 8, 4, 1), unused=3, failed=1),
        Case("summarise", accepted=(14, 5, 2, 0), baseline=ESTIMATED, spent_minutes=9, cost_microusd=310_000),
        Case("letter", accepted=(2, 1, 1, 0), people=2, unused=0, baseline=CLAIMED),
        Case("blog", accepted=(1, 0, 0, 0), people=1, unused=0, baseline=CLAIMED, unpriced=1),
        settings={"monthly_budget": Decimal(50), "usd_rate": Decimal("0.92"), "usd_rate_on": "2026-11-03"}
        | settings,
        waiting_days=(1, 9),
        month_microusd=30_000_000,
    )


def bad_week(**settings: Any) -> Figures:
    """Return a week that cost more than it gave."""
    return build(
        Case("reply", accepted=(2, 2, 5, 6), unused=22, failed=4, spent_minutes=19, cost_microusd=9_400_000),
        Case("summarise", accepted=(6, 4, 3, 1), unused=9, baseline=ESTIMATED, spent_minutes=28),
        settings={"monthly_budget": Decimal(20), "fixed_monthly_cost": Decimal(60)} | settings,
        waiting_days=(2,),
        month_microusd=21_300_000,
        month_unpriced=2,
    )


def _count(case: Case) -> TaskCount:
    accepted = sum(case.accepted)
    runs = accepted + case.unused + case.failed
    as_is, light, moderate, heavy = case.accepted
    return TaskCount(
        task=case.task,
        runs=runs,
        accepted=accepted,
        as_is=as_is,
        light=light,
        moderate=moderate,
        heavy=heavy,
        unused=case.unused,
        failed=case.failed,
        people=case.people,
        cost_microusd=case.cost_microusd,
        wasted_microusd=case.cost_microusd * (runs - accepted) // runs if runs else 0,
        unpriced=case.unpriced,
        numbers_changed=case.numbers_changed,
        minutes=accepted * case.baseline.typical - (accepted + case.unused) * case.spent_minutes,
        baseline_minutes=case.baseline.typical,
    )


def _groups(case: Case) -> list[RunSums]:
    """Share the runs out over as many reviewers as there are people, each run a bit longer than the one before."""
    groups = []
    for used, runs in ((True, sum(case.accepted)), (False, case.unused)):
        for person in range(case.people):
            own = len(range(person, runs, case.people))
            spent = [case.spent_minutes * (0.8 + 0.4 * at / max(1, own - 1)) for at in range(own)]
            sums = Sums(
                runs=own,
                spent_minutes=sum(spent),
                spent_squares=sum(one * one for one in spent),
                said_runs=own,
                said_minutes=sum(spent) - own,
                said_clock_minutes=sum(spent) - own,
                rework_runs=own if used else 0,
            )
            if own:
                groups.append(RunSums(case.task, f"U{person}", "2026-11", used, sums))
    return groups
