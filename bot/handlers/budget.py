"""What a call may cost, held against the limits of run, day and month before the model is asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import TYPE_CHECKING

from bot.llm import estimate_tokens, most_microusd
from bot.records import WorkspaceSettings
from bot.records.budgets import Limit, OverLimitError
from bot.tasks import Language, Run, UserError
from bot.texts import format_amount, format_cents, format_moment, text
from bot.value import cost_model, to_cents
from bot.wire import SlackError

if TYPE_CHECKING:
    from bot.handlers.desk import Brief, Desk

WARN_SHARE = Decimal("0.8")  # of a person's day, from which on each draft says so
TOKENS_OF_AN_IMAGE = 5_000  # more than the largest that the API takes


class BudgetError(UserError):
    """A limit leaves no room for another call; *limit* says which."""

    def __init__(self, key: str, limit: Limit, **params: str) -> None:
        super().__init__(key, **params)
        self.limit = limit


def limits_of(settings: WorkspaceSettings, run: Run, moment: datetime) -> list[Limit]:
    """Return the limits that a call for *run* must fit under; none where an admin set none."""
    local = moment.astimezone(settings.zone)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    always = datetime(2000, 1, 1, tzinfo=UTC)
    of_run = to_microusd(settings.run_budget, settings.usd_rate)
    of_day = to_microusd(settings.daily_person_budget, settings.usd_rate)
    limits = [
        Limit("run", run.team_id, run.run_id, period="", since=always, most_microusd=of_run),
        Limit("day", run.team_id, run.user_id, period=f"{local:%Y-%m-%d}", since=day, most_microusd=of_day),
        month_limit(run.team_id, settings, moment),
    ]
    return [limit for limit in limits if limit.most_microusd]


def month_limit(team_id: str, settings: WorkspaceSettings, moment: datetime) -> Limit:
    """Return the limit of the team's calendar month; 0 where an admin set none."""
    start = moment.astimezone(settings.zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    most = to_microusd(settings.monthly_budget, settings.usd_rate)
    return Limit("month", team_id, "", period=f"{start:%Y-%m}", since=start, most_microusd=most)


def to_microusd(amount: Decimal, usd_rate: Decimal) -> int:
    """Return an amount of the firm's currency in millionths of a dollar."""
    return int((amount / usd_rate * 1_000_000).quantize(Decimal(1), rounding=ROUND_HALF_UP))


async def reserve(
    desk: Desk, brief: Brief, call_id: str, attempt: str, asked: Sequence[str], *, images: int = 0
) -> None:
    """Write down that a call begins, with what it may cost at most, if every limit leaves room for that.

    Far from a limit the length of the text is estimate enough; near one the server counts the tokens.

    Args:
        asked: the blocks of the system prompt, and the user's message after them.
        images: how many pictures go with it.

    Raises:
        BudgetError: a limit leaves no room.
        LLMError: the server was to count, and refuses the key.
    """
    run, task = brief.run, brief.task
    settings = await desk.records.workspaces.get(run.team_id)
    limits = limits_of(settings, run, datetime.now(UTC))
    model_id = desk.llm.models[task.model]
    begin = partial(
        desk.records.ledger.begin_call,
        call_id,
        run_id=run.run_id,
        model=model_id,
        attempt=attempt,
        limits=limits,
    )
    looks = images * TOKENS_OF_AN_IMAGE
    await desk.llm.warm()
    counted = estimate_tokens("".join(asked))
    try:
        await begin(estimate_microusd=_most(model_id, counted + looks, task.max_tokens))
        return
    except OverLimitError:
        counted = await desk.llm.count_tokens(model=task.model, system=list(asked[:-1]), user=asked[-1])
    try:
        await begin(estimate_microusd=_most(model_id, counted + looks, task.max_tokens))
    except OverLimitError as error:
        raise await _explain(desk, error, settings, run.language) from error


def _most(model_id: str, input_tokens: int, output_tokens: int) -> int:
    return most_microusd(model_id, input_tokens=input_tokens, output_tokens=output_tokens)


async def _explain(
    desk: Desk, error: OverLimitError, settings: WorkspaceSettings, language: Language
) -> BudgetError:
    """Say what is spent, since when, and who can change that."""
    limit = error.limit
    reached = error.reached_at or datetime.now(UTC)
    amounts = word_limit(limit, error.spent_microusd, settings, language)
    return BudgetError(
        f"budget-reached.{limit.kind}",
        limit,
        **amounts,
        since=format_moment(reached, language, settings.zone),
        admins=await _admins(desk, language),
    )


def word_limit(
    limit: Limit, spent_microusd: int, settings: WorkspaceSettings, language: Language
) -> dict[str, str]:
    """Return what is spent and what may be, as people write it."""
    amount = {
        "run": settings.run_budget,
        "day": settings.daily_person_budget,
        "month": settings.monthly_budget,
    }[limit.kind]
    spent = to_cents(cost_model(spent_microusd, settings.usd_rate))
    return {
        "spent": format_cents(spent, settings.currency, language),
        "budget": format_amount(amount, settings.currency, language),
    }


async def _admins(desk: Desk, language: Language) -> str:
    """Name the admins; where Slack does not tell them, say that it takes one."""
    try:
        found = await desk.context.admins()
    except SlackError:
        found = []
    return ", ".join(f"<@{user_id}>" for user_id in found) or text("budget-reached.admin", language)


async def day_note(desk: Desk, run: Run) -> str:
    """Return what the asker's draft says of their day's budget: nothing below four fifths of it."""
    settings = await desk.records.workspaces.get(run.team_id)
    for limit in limits_of(settings, run, datetime.now(UTC)):
        if limit.kind != "day" or await desk.records.budgets.is_lifted(limit):
            continue
        spent = await desk.records.budgets.spent(limit)
        if spent >= limit.most_microusd * WARN_SHARE:
            amounts = word_limit(limit, spent, settings, run.language)
            return text("budget-note.day", run.language, **amounts)
    return ""
