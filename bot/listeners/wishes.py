"""A wish within a request: "… remind me Tuesday 9:00" plans what the request asks for, and leaves its words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.handlers import READY
from bot.listeners.moments import check_due, find_wish
from bot.records.plans import ALL
from bot.tasks import Run, UserError
from bot.texts import text

if TYPE_CHECKING:
    from bot.listeners.intake import Intake


async def with_wish(intake: Intake, run: Run) -> Run:
    """Plan what a request asks to be planned, and return it without that wish.

    A moment that cannot be is told; the draft is written all the same.
    """
    task = intake.tasks.get(run.task)
    if task is None or task.handler not in READY:
        return run
    if run.run_id.endswith("^"):
        await intake.records.plans.move(run.run_id.removesuffix("^"), run.run_id)
        return run
    moment = datetime.now(UTC)
    wish = find_wish(run.words, moment=moment, zone=intake.zone)
    if wish is None or wish.due is None or not wish.rest:
        return run
    try:
        check_due(wish.due, moment)
    except UserError as error:
        sentence = text("plan.not-planned", intake.language, why=text(error.key, intake.language))
        intake.later(intake.tell_once(f"{run.run_id}/plan", run.channel_id, run.user_id, sentence))
    else:
        await intake.records.plans.put(
            run.run_id, [ALL], team_id=run.team_id, user_id=run.user_id, due=wish.due
        )
    return replace(run, words=wish.rest)
