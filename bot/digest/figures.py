"""The figures of a period, gathered once for the digest, the evaluation and the Home tab; nothing is worded here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.records import Records, WorkspaceSettings
from bot.records.baselines import Work
from bot.records.proof import OpenDraft, TaskCount, TaskSums
from bot.tasks import Language
from bot.texts import format_amount, format_cents
from bot.value import (
    Baseline,
    BaselineKind,
    Money,
    Rates,
    Spent,
    Totals,
    add_up,
    control_baseline,
    cost_model,
    cost_period,
    find_break_even,
    months_between,
    split_whole,
    to_cents,
    work_out_money,
)


@dataclass(frozen=True)
class Figures:
    """What happened in `[start, end)`.

    Attributes:
        asked: runs that were asked for, whether settled or not.
        people: who asked for what was settled.
        counts: per task, what became of its runs.
        baselines: per task, what one accepted text is worth and how that is known.
        totals: net minutes with their ranges, per kind of baseline; the kinds are never added up.
        money: the same in money; None under ten accepted runs.
        spent: what the settled runs cost, and the period's share of the months.
        cost: that in micro-units of the workspace's currency, fixed costs included.
        break_even_minutes: what one accepted text must save for the costs to be covered.
        control: the mean of what was done by hand, per task with five runs or more.
        by_hand: how many runs of the control sample were done by hand.
        open_drafts: what waits for a decision now.
        month_microusd, month_unpriced: what the calls of this calendar month cost so far.
    """

    team_id: str
    settings: WorkspaceSettings
    start: datetime
    end: datetime
    asked: int
    people: int
    counts: tuple[TaskCount, ...]
    works: tuple[Work, ...]
    baselines: Mapping[str, Baseline]
    totals: Totals
    money: Mapping[BaselineKind, Money | None]
    spent: Spent
    cost: int
    break_even_minutes: Decimal | None
    control: Mapping[str, Baseline]
    by_hand: int
    open_drafts: tuple[OpenDraft, ...]
    month_microusd: int
    month_unpriced: int

    @property
    def accepted(self) -> int:
        """How many runs were accepted."""
        return sum(count.accepted for count in self.counts)

    @property
    def zone(self) -> ZoneInfo:
        """Where the firm is."""
        return ZoneInfo(self.settings.tz_name)

    @property
    def last_day(self) -> date:
        """The last day of the period, whose end is the first moment after it."""
        return (self.end.astimezone(self.zone) - timedelta(microseconds=1)).date()

    @property
    def budget_share(self) -> Decimal | None:
        """How much of the month's budget is spent; None without a budget."""
        if not self.settings.monthly_budget:
            return None
        spent = Decimal(cost_model(self.month_microusd, self.settings.usd_rate)) / 1_000_000
        return spent / self.settings.monthly_budget


@dataclass(frozen=True)
class Budget:
    """The model's bill of a calendar month so far, and what the firm set for it.

    Attributes:
        spent: in micro-units of the currency, from *microusd*; calls of an unknown price are not in it.
        limit: in whole units; 0 for none.
    """

    spent: int
    microusd: int
    unpriced: int
    limit: Decimal
    currency: str

    @property
    def share(self) -> Decimal | None:
        """How much of it is spent; None without a budget."""
        return Decimal(self.spent) / 1_000_000 / self.limit if self.limit else None

    def spent_shown(self, language: Language) -> str:
        """Return what is spent, as people write it."""
        return format_cents(to_cents(self.spent), self.currency, language)

    def shown(self, language: Language) -> str:
        """Return the budget, as people write it."""
        return format_amount(self.limit, self.currency, language)


async def watch_budget(
    records: Records, team_id: str, settings: WorkspaceSettings, *, moment: datetime
) -> Budget:
    """Return what the calls of this calendar month cost so far."""
    local = moment.astimezone(settings.zone)
    start = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    microusd, unpriced = await records.proof.spent_microusd(team_id, start, moment)
    return Budget(
        spent=cost_model(microusd, settings.usd_rate),
        microusd=microusd,
        unpriced=unpriced,
        limit=settings.monthly_budget,
        currency=settings.currency,
    )


def rates_of(settings: WorkspaceSettings) -> Rates:
    """Return a workspace's figures as the arithmetic takes them."""
    return Rates(
        hourly=settings.hourly_rate,
        usd=settings.usd_rate,
        fixed_monthly=settings.fixed_monthly_cost,
        set_up=settings.setup_cost,
        realisation=settings.realisation,
    )


async def gather(
    records: Records, team_id: str, *, start: datetime, end: datetime, moment: datetime
) -> Figures:
    """Gather the figures of `[start, end)` as they are known at *moment*."""
    settings = await records.workspaces.get(team_id)
    proof = records.proof
    counts, sums, people, asked, by_hand = await asyncio.gather(
        proof.task_counts(team_id, start, end),
        proof.run_sums(team_id, start, end),
        proof.people(team_id, start, end),
        proof.asked(team_id, start, end),
        proof.by_hand(team_id, start, end),
    )
    open_drafts = await proof.open_drafts(team_id)
    budget = await watch_budget(records, team_id, settings, moment=moment)
    works = await records.baselines.works(team_id)
    worth = {count.task: count.baseline_minutes for count in counts}
    baselines, totals = await _add_up(records, team_id, sums, works=works, worth=worth)
    zone = settings.zone
    spent = Spent(
        model_microusd=sum(count.cost_microusd for count in counts),
        calls_unpriced=sum(count.unpriced for count in counts),
        months=months_between(start.astimezone(zone).date(), end.astimezone(zone).date()),
    )
    rates = rates_of(settings)
    cost = cost_period(spent, rates)
    control = {
        task: found
        for task in {run.task for run in by_hand}
        if (found := control_baseline([run.minutes for run in by_hand if run.task == task])) is not None
    }
    return Figures(
        team_id=team_id,
        settings=settings,
        start=start,
        end=end,
        asked=asked,
        people=people,
        counts=tuple(counts),
        works=tuple(works),
        baselines=baselines,
        totals=totals,
        money=_money(totals, counts, spent, rates),
        spent=spent,
        cost=cost,
        break_even_minutes=find_break_even(
            cost, accepted=sum(count.accepted for count in counts), rates=rates
        ),
        control=control,
        by_hand=len(by_hand),
        open_drafts=tuple(open_drafts),
        month_microusd=budget.microusd,
        month_unpriced=budget.unpriced,
    )


async def gather_totals(records: Records, team_id: str, *, start: datetime, end: datetime) -> Totals:
    """Return only the net minutes of `[start, end)`: what the Home tab shows at every visit.

    *start* tells the zone: the calendar months that its rows belong to are counted at the same time.
    """
    months = {f"{moment:%Y-%m}" for moment in (start, end.astimezone(start.tzinfo))}
    sums, works, in_months = await asyncio.gather(
        records.proof.run_sums(team_id, start, end),
        records.baselines.works(team_id),
        records.proof.runs_in_months(team_id, months),
    )
    worth = {group.task: group.baseline_minutes for group in sums}
    # A firm that moved to another zone may have rows of a neighbouring month in it.
    known = in_months if {group.sums.month for group in sums} <= months else None
    _, totals = await _add_up(records, team_id, sums, works=works, worth=worth, in_months=known)
    return totals


async def _add_up(
    records: Records,
    team_id: str,
    sums: list[TaskSums],
    *,
    works: list[Work],
    worth: Mapping[str, float],
    in_months: dict[tuple[str, str], float] | None = None,
) -> tuple[dict[str, Baseline], Totals]:
    """Add group sums up with the baselines that hold now; *worth* is what rows of a claimed task stand for."""
    baselines = {
        task: await records.baselines.current(team_id, task, claimed_minutes=minutes)
        for task, minutes in worth.items()
    }
    if in_months is None:
        in_months = await records.proof.runs_in_months(team_id, {group.sums.month for group in sums})
    totals = add_up(
        [group.sums for group in sums],
        baselines=baselines,
        monthly_runs={work.work: work.runs_a_month for work in works},
        runs_in_month=in_months,
    )
    return baselines, totals


def _money(
    totals: Totals, counts: list[TaskCount], spent: Spent, rates: Rates
) -> dict[BaselineKind, Money | None]:
    """Work each kind out in money; the fixed costs are shared out by the runs that were accepted."""
    kinds = list(totals.by_kind)
    weights = [totals.by_kind[kind].accepted for kind in kinds]
    shares = split_whole(spent.months.numerator, weights)
    found: dict[BaselineKind, Money | None] = {}
    for kind, share in zip(kinds, shares, strict=True):
        total = totals.by_kind[kind]
        own = [count for count in counts if count.task in total.tasks]
        part = Spent(
            model_microusd=sum(count.cost_microusd for count in own),
            calls_unpriced=sum(count.unpriced for count in own),
            months=type(spent.months)(share, spent.months.denominator),
        )
        found[kind] = work_out_money(total, part, rates)
    return found
