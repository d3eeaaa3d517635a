"""What the clock starts: the sweep of what was left, the rounds with their digests, the cleaning up."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from dbos import DBOS, SetWorkflowID

from bot.jobs.candidates import close_idle, show_board, sweep_cvs
from bot.jobs.durable import (
    GIVEN_UP,
    KEEP_DAYS,
    MAX_RECOVERIES,
    apart,
    at_work,
    start_again,
    step,
)
from bot.jobs.keeping import erase_asked, wipe_engine
from bot.jobs.sets import attend_sets
from bot.jobs.workflows import (
    forget_document,
    go_on,
    go_on_accepted,
    second,
    show,
    showing,
    start,
    take_documents,
    take_prices,
)
from bot.records.backups import delete_backups
from bot.wire import SlackError

log = logging.getLogger(__name__)

CALL_LASTS_LESS = timedelta(hours=1)
"""Longer than the longest answer takes: a call that is open for so long was interrupted."""


@DBOS.workflow(name="sweep", max_recovery_attempts=1)
async def sweep(when: datetime, context: Any) -> None:
    """Start what was asked and never started; apologise for what the engine gave up."""
    await sweep_step()


@DBOS.step(name="sweep_step")
async def sweep_step() -> None:
    """Start what was left half a minute ago, and tell the askers of what the engine gave up."""
    await apart(_sweep())


async def _sweep() -> None:
    engine = at_work()
    before = datetime.now(UTC) - timedelta(seconds=30)
    for run in await engine.runs.records.requests.unstarted(before):
        await start(run)
    await _go_on_with_chosen(before)
    await go_on_accepted()
    for run_id, review_id, act in await engine.runs.records.reviews.unshown(before):
        await _show_again(run_id, review_id, act)
    await _take_files(before)
    await _show_seconds(before)
    await sweep_cvs(before)
    await attend_sets(before)
    for run_id in await engine.runs.records.ledger.unfinished(before):
        status = await DBOS.get_workflow_status_async(run_id)
        if status is not None and status.status in GIVEN_UP:
            log.error("run=%s given up by the engine status=%s", run_id, status.status)
            try:
                await engine.runs.give_up(run_id)
            except SlackError as error:
                log.warning("run=%s not told: %s", run_id, error)
                if error.away:
                    continue
            await engine.runs.close(run_id, "failed", status.status.lower())


async def _go_on_with_chosen(before: datetime) -> None:
    """Go on with runs whose choice was stored before a moment and went no further."""
    records = at_work().runs.records
    for run_id in await records.choices.unbegun(before):
        run = await records.requests.get(run_id)
        if run is not None:
            await go_on(run)


async def _take_files(before: datetime) -> None:
    """Answer price lists and documents that came before a moment and are not answered yet."""
    records = at_work().runs.records
    for upload in await records.uploads.untold(before):
        await take_prices(upload.upload_id, asked_by=upload.asked_by)
    for sent in await records.knowledge_uploads.untold(before):
        await take_documents(sent.upload_id, sent.audience)


async def _show_again(run_id: str, review_id: int, act: str) -> None:
    """Show a decision that Slack did not take the first time; the same id would change nothing."""
    await start_again(f"{run_id}~review~{review_id}", show, run_id, review_id, act, turn_of=showing(run_id))


async def _show_seconds(before: datetime) -> None:
    """Show second approvals that Slack does not show yet."""
    for run_id, approval_id in await at_work().runs.records.approvals.unshown(before):
        await start_again(
            f"{run_id}~second~{approval_id}", second, run_id, approval_id, turn_of=showing(run_id)
        )


@DBOS.workflow(name="rounds", max_recovery_attempts=1)
async def rounds(when: datetime, context: Any) -> None:
    """Do what the clock asks for."""
    await _rounds_step()


@DBOS.step(name="rounds_step")
async def _rounds_step() -> None:
    await apart(go_round(datetime.now(UTC)))


async def go_round(moment: datetime) -> None:
    """Ask what is to be asked at *moment*, and start the digests that are due."""
    doing = at_work().rounds
    await doing.go(moment)
    await erase_asked()
    await _forget_gone(moment)
    for row in await doing.claim_digests(moment):
        due = row.due.isoformat()
        await start_again(f"digest:{row.team_id}:{due}", _digest, row.team_id, due, moment.isoformat())


async def _forget_gone(moment: datetime) -> None:
    """Forget documents whose files were deleted while nobody told us."""
    try:
        gone = await at_work().runs.documents.gone(moment)
    except SlackError as error:
        log.warning("knowledge: files were not looked for: %s", error)
        return
    for file_id in gone:
        await forget_document(file_id)


@DBOS.workflow(name="digest", max_recovery_attempts=MAX_RECOVERIES)
async def _digest(team_id: str, due: str, moment: str) -> None:
    """Post one digest, once."""
    await _digest_step(team_id, due, moment)


@step("digest")
async def _digest_step(team_id: str, due: str, moment: str) -> None:
    # A digest that was recovered is posted later than it was started.
    at = max(datetime.now(UTC), datetime.fromisoformat(moment))
    await at_work().rounds.post_digest(team_id, datetime.fromisoformat(due), moment=at)


@DBOS.workflow(name="plans", max_recovery_attempts=1)
async def plans(when: datetime, context: Any) -> None:
    """Bring what is planned for this minute, or was for one that passed meanwhile."""
    await _plans_step()


@DBOS.step(name="plans_step")
async def _plans_step() -> None:
    await apart(bring_planned(datetime.now(UTC)))


async def bring_planned(moment: datetime) -> None:
    """Start bringing each post that is planned for *moment* or before."""
    for plan in await at_work().runs.plans.claim(moment):
        due = plan.due.isoformat()
        workflow_id = f"plan:{plan.run_id}:{plan.part}:{due}"
        await start_again(workflow_id, _plan, plan.run_id, plan.part, due, moment.isoformat())


@DBOS.workflow(name="plan", max_recovery_attempts=MAX_RECOVERIES)
async def _plan(run_id: str, part: str, due: str, moment: str) -> None:
    """Bring one planned post, once."""
    await _plan_step(run_id, part, due, moment)


@step("plan")
async def _plan_step(run_id: str, part: str, due: str, moment: str) -> None:
    runs = at_work().runs
    at = max(datetime.now(UTC), datetime.fromisoformat(moment))
    await runs.plans.bring(run_id, part, datetime.fromisoformat(due), moment=at)
    await runs.cards.show(await runs.records.requests.need(run_id))


@DBOS.workflow(name="evaluate", max_recovery_attempts=MAX_RECOVERIES)
async def _evaluate(team_id: str, user_id: str, start: str, end: str, request_id: str) -> None:
    """Make an evaluation and bring it to whoever asked for it."""
    await _evaluate_step(team_id, user_id, start, end, request_id)


@step("evaluate")
async def _evaluate_step(team_id: str, user_id: str, start: str, end: str, request_id: str) -> None:
    await at_work().rounds.send_evaluation(
        team_id,
        user_id,
        start=datetime.fromisoformat(start),
        end=datetime.fromisoformat(end),
        request_id=request_id,
    )


async def evaluate(team_id: str, user_id: str, *, start: datetime, end: datetime, request_id: str) -> None:
    """Have the evaluation of `[start, end)` made for *user_id*; the same request twice is one."""
    with SetWorkflowID(f"evaluate:{team_id}:{request_id}"):
        await DBOS.start_workflow_async(
            _evaluate, team_id, user_id, start.isoformat(), end.isoformat(), request_id
        )


@DBOS.workflow(name="clean", max_recovery_attempts=1)
async def clean(when: datetime, context: Any) -> None:
    """Delete texts past their date and workflows that ended a week ago."""
    await clean_step()


@DBOS.step(name="clean_step")
async def clean_step() -> None:
    """Delete what is past its date."""
    records = at_work().runs.records
    await records.drafts.delete_expired()
    await apart(_close_idle(datetime.now(UTC)))
    await _purge_departed()
    await records.erasures.wipe()
    await records.ledger.interrupt_calls(datetime.now(UTC) - CALL_LASTS_LESS)
    before = (datetime.now(UTC) - timedelta(days=KEEP_DAYS)).isoformat()
    while True:
        ended = await DBOS.list_workflows_async(
            status=["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"],
            end_time=before,
            limit=500,
            load_input=False,
            load_output=False,
        )
        if not ended:
            await wipe_engine()
            return
        await DBOS.delete_workflows_async([workflow.workflow_id for workflow in ended], delete_children=True)


async def _close_idle(moment: datetime) -> None:
    for vacancy in await close_idle(moment):
        await show_board(vacancy.screening_id)


async def _purge_departed() -> None:
    """Delete everything of a workspace that uninstalled the bot, once its days are over and it is still gone."""
    doing = at_work().rounds
    for team_id in await doing.records.erasures.gone(datetime.now(UTC)):
        if await doing.is_installed():
            await doing.records.erasures.stay(team_id)
        else:
            await doing.records.erasures.purge()
            await asyncio.to_thread(delete_backups, doing.records.store.path.parent)
            log.warning("team=%s left and its days are over: everything was deleted", team_id)


async def sweep_now() -> None:
    """Start every request and show every decision that is stored and went no further."""
    records = at_work().runs.records
    for run in await records.requests.unstarted(datetime.now(UTC)):
        await start(run)
    await _go_on_with_chosen(datetime.now(UTC))
    await go_on_accepted()
    for run_id, review_id, act in await records.reviews.unshown(datetime.now(UTC)):
        await _show_again(run_id, review_id, act)
    await _take_files(datetime.now(UTC))
    await _show_seconds(datetime.now(UTC))
    await sweep_cvs(datetime.now(UTC))
    await attend_sets(datetime.now(UTC))
