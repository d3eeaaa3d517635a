"""What the clock starts: the sweep of what was left, the rounds with their digests, the cleaning up."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from dbos import DBOS, SetWorkflowID

from bot.jobs.candidates import close_idle, show_board, sweep_cvs
from bot.jobs.durable import (
    AT_WORK,
    CRASHED,
    GIVEN_UP,
    KEEP_DAYS,
    MAX_RECOVERIES,
    apart,
    at_work,
    crew_of,
    keep_pace,
    start_again,
    step,
    team_of,
)
from bot.jobs.files import forget_document, take_documents, take_prices
from bot.jobs.keeping import erase_asked, wipe_engine
from bot.jobs.rounds import Rounds
from bot.jobs.sets import attend_sets
from bot.jobs.workflows import (
    ALONE,
    TRIES_ALONE,
    close,
    go_on,
    go_on_accepted,
    second,
    show,
    showing,
    start,
    write_alone,
)
from bot.records.backups import delete_backups
from bot.records.baselines import DROPPED_AFTER
from bot.wire import SlackError

log = logging.getLogger(__name__)

LEFT_FOR_S = 30.0  # what was stored so long ago and went no further was left
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
    await apart(keep_pace())


async def _sweep() -> None:
    before = datetime.now(UTC) - timedelta(seconds=LEFT_FOR_S)
    here = await _take_up(before)
    ended = await DBOS.list_workflows_async(
        name=["run", "run_alone"], status=list(GIVEN_UP), load_input=False, load_output=False
    )
    suspects = {one.workflow_id.split("~")[0] for one in ended if team_of(one.workflow_id) in here}
    records = at_work().records
    for run_id in await records.ledger.unfinished(before) if suspects else ():
        status = await _given_up(run_id, 1) if run_id in suspects else ""
        if status and await _give_up(run_id, 1, status):
            await close(run_id, "failed", status.lower())
    for run_id, version, review_id in await records.reviews.being_written(before) if suspects else ():
        if run_id in suspects and (status := await _given_up(run_id, version, review_id)):
            # The row of its run has its end: the version before it stands.
            await _give_up(run_id, version, status)


async def _given_up(run_id: str, version: int, review_id: int = 0) -> str:
    """Return the engine's word for why nothing writes a version any more; empty while something may.

    What was at work at crash upon crash is tried alone first, and only by a bot that stays up: the engine counts
    every crash for each run that was there, and one of them at most is at fault.

    Args:
        review_id: the press, or the message, that asked for a version after the first.
    """
    began = rf"~{version}~{review_id}" if review_id else "|~chosen"
    writer = re.compile(rf"({began}|~accepted~\d+\.{version})(~~.*)?")
    found = await DBOS.list_workflows_async(workflow_id_prefix=run_id, load_input=False, load_output=False)
    flows = [one for one in found if writer.fullmatch(one.workflow_id.removeprefix(run_id))]
    flows.sort(key=lambda one: (one.created_at or 0, one.workflow_id))
    if any(one.status in AT_WORK for one in flows):
        return ""
    # Whatever ended well has taken the place of what stood before it: the run may wait for its asker now.
    ended_well = max((at for at, one in enumerate(flows) if one.status == "SUCCESS"), default=-1)
    given_up = [one for one in flows[ended_well + 1 :] if one.status in GIVEN_UP]
    crashed = [one.workflow_id for one in given_up if one.status == CRASHED]
    tried = sum(ALONE in one.workflow_id for one in flows)
    if not crashed or tried >= TRIES_ALONE:
        return given_up[-1].status if given_up else ""
    if at_work().is_calm:
        log.warning(
            "run=%s version=%s was there at crash upon crash: try %d alone", run_id, version, tried + 1
        )
        await write_alone(crashed[-1], tried + 1)
    return ""


async def _give_up(run_id: str, version: int, status: str) -> bool:
    """Tell the asker of a version that the engine gave it up; False while Slack is away."""
    log.error("run=%s version=%s given up by the engine status=%s", run_id, version, status)
    try:
        await (await crew_of(run_id)).runs.give_up(run_id, version, crashed=status == CRASHED)
    except SlackError as error:
        log.warning("run=%s not told: %s", run_id, error)
        return not error.away
    return True


async def _take_up(before: datetime) -> set[str]:
    """Start what was stored before a moment and went no further; return the teams that the bot is in.

    What belongs to a team that it is not in any more stays where it is: that team may come back.
    """
    records, here = at_work().records, set(await at_work().teams.installed())
    for run in await records.requests.unstarted(before):
        if run.team_id in here:
            await start(run)
    for run_id in await records.choices.unbegun(before):
        chosen = await records.requests.get(run_id)
        if chosen is not None and chosen.team_id in here:
            await go_on(chosen)
    await go_on_accepted(here)
    for run_id, review_id, act in await records.reviews.unshown(before):
        if team_of(run_id) in here:
            await _show_again(run_id, review_id, act)
    for upload in await records.uploads.untold(before):
        if upload.team_id in here:
            await take_prices(upload.upload_id, asked_by=upload.asked_by)
    for sent in await records.knowledge_uploads.untold(before):
        if sent.team_id in here:
            await take_documents(sent.upload_id, sent.audience)
    for run_id, approval_id in await records.approvals.unshown(before):
        if team_of(run_id) in here:
            await start_again(
                f"{run_id}~second~{approval_id}", second, run_id, approval_id, turn_of=showing(run_id)
            )
    await sweep_cvs(before, here)
    await attend_sets(before, here)
    return here


async def _show_again(run_id: str, review_id: int, act: str) -> None:
    """Show a decision that Slack did not take the first time; the same id would change nothing."""
    await start_again(f"{run_id}~review~{review_id}", show, run_id, review_id, act, turn_of=showing(run_id))


@DBOS.workflow(name="rounds", max_recovery_attempts=1)
async def rounds(when: datetime, context: Any) -> None:
    """Do what the clock asks for."""
    await _rounds_step()


@DBOS.step(name="rounds_step")
async def _rounds_step() -> None:
    await apart(go_round(datetime.now(UTC)))


async def go_round(moment: datetime) -> None:
    """Ask what is to be asked at *moment*, and start the digests that are due, of every team."""
    records = at_work().records
    await records.settlements.settle_unreviewed(moment)
    await erase_asked()
    async for doing in _each_team():
        await doing.go(moment)
        await _forget_gone(doing.team_id, moment)
        for row in await doing.claim_digests(moment):
            due = row.due.isoformat()
            await start_again(f"digest:{row.team_id}:{due}", _digest, row.team_id, due, moment.isoformat())
    await records.baselines.drop_asked(moment - DROPPED_AFTER)


async def _each_team() -> AsyncIterator[Rounds]:
    """Yield the rounds of every team that can be opened now; the next time comes soon for the others."""
    for team_id in await at_work().teams.installed():
        try:
            doing = (await crew_of(team_id)).rounds
        except SlackError as error:
            log.warning("team=%s cannot be opened: %s", team_id, error)
            continue
        yield doing


async def _forget_gone(team_id: str, moment: datetime) -> None:
    """Forget documents of a team whose files were deleted while nobody told us."""
    try:
        gone = await (await crew_of(team_id)).documents.gone(moment)
    except SlackError as error:
        log.warning("knowledge: files were not looked for: %s", error)
        return
    for file_id in gone:
        await forget_document(team_id, file_id)


@DBOS.workflow(name="digest", max_recovery_attempts=MAX_RECOVERIES)
async def _digest(team_id: str, due: str, moment: str) -> None:
    """Post one digest, once."""
    await _digest_step(team_id, due, moment)


@step("digest")
async def _digest_step(team_id: str, due: str, moment: str) -> None:
    # A digest that was recovered is posted later than it was started.
    at = max(datetime.now(UTC), datetime.fromisoformat(moment))
    await (await crew_of(team_id)).rounds.post_digest(team_id, datetime.fromisoformat(due), moment=at)


@DBOS.workflow(name="plans", max_recovery_attempts=1)
async def plans(when: datetime, context: Any) -> None:
    """Bring what is planned for this minute, or was for one that passed meanwhile."""
    await _plans_step()


@DBOS.step(name="plans_step")
async def _plans_step() -> None:
    await apart(bring_planned(datetime.now(UTC)))


async def bring_planned(moment: datetime) -> None:
    """Start bringing each post that is planned for *moment* or before."""
    async for doing in _each_team():
        for plan in await doing.plans.claim(moment):
            due = plan.due.isoformat()
            workflow_id = f"plan:{plan.run_id}:{plan.part}:{due}"
            await start_again(workflow_id, _plan, plan.run_id, plan.part, due, moment.isoformat())


@DBOS.workflow(name="plan", max_recovery_attempts=MAX_RECOVERIES)
async def _plan(run_id: str, part: str, due: str, moment: str) -> None:
    """Bring one planned post, once."""
    await _plan_step(run_id, part, due, moment)


@step("plan")
async def _plan_step(run_id: str, part: str, due: str, moment: str) -> None:
    crew = await crew_of(run_id)
    at = max(datetime.now(UTC), datetime.fromisoformat(moment))
    await crew.plans.bring(run_id, part, datetime.fromisoformat(due), moment=at)
    await crew.cards.show(await at_work().records.requests.need(run_id))


@DBOS.workflow(name="evaluate", max_recovery_attempts=MAX_RECOVERIES)
async def _evaluate(team_id: str, user_id: str, start: str, end: str, request_id: str) -> None:
    """Make an evaluation and bring it to whoever asked for it."""
    await _evaluate_step(team_id, user_id, start, end, request_id)


@step("evaluate")
async def _evaluate_step(team_id: str, user_id: str, start: str, end: str, request_id: str) -> None:
    await (await crew_of(team_id)).rounds.send_evaluation(
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
    await apart(clean_now())


async def clean_now() -> None:
    """Delete texts past their date, what a team that left has left, and workflows that ended a week ago."""
    records = at_work().records
    await records.drafts.delete_expired()
    await _close_idle(datetime.now(UTC))
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
    engine = at_work()
    for team_id in await engine.records.erasures.gone(datetime.now(UTC)):
        if await engine.teams.is_in(team_id):
            await engine.records.erasures.stay(team_id)
        else:
            await engine.records.erasures.purge(team_id)
            await engine.records.knowledge.forget_words()
            await asyncio.to_thread(delete_backups, engine.records.store.path.parent)
            await _forget_workflows(team_id)
            # Last: a purge that breaks off before is done again the next night.
            await engine.records.erasures.stay(team_id)
            log.warning("team=%s left and its days are over: everything was deleted", team_id)


async def _forget_workflows(team_id: str) -> None:
    """Delete all that the engine knows of a team, what waited for it to come back too.

    What brings something (a set, a CV, an export) has a word before the team in its id.
    """
    theirs = re.compile(rf"([a-z-]+:)?{re.escape(team_id)}:.*")
    listed = [
        one
        for one in await DBOS.list_workflows_async(load_input=False, load_output=False)
        if theirs.fullmatch(one.workflow_id)
    ]
    for one in listed:
        if one.status in AT_WORK:
            await DBOS.cancel_workflow_async(one.workflow_id)
    if listed:
        await DBOS.delete_workflows_async([one.workflow_id for one in listed], delete_children=True)
        await wipe_engine()


async def sweep_now() -> None:
    """Start every request and show every decision that is stored and went no further."""
    await _take_up(datetime.now(UTC))
