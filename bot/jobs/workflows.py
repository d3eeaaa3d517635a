"""A run and a review as durable workflows: whatever crashes, the asker sees exactly one outcome."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime
from typing import Any

from dbos import DBOS, SetWorkflowID

from bot.jobs.acceptance import try_show
from bot.jobs.durable import (
    MAX_RECOVERIES,
    at_work,
    begin,
    crew_of,
    enqueue,
    hurry,
    show_in_turn,
    slack_is_away,
    step,
    team_of,
    turn,
)
from bot.jobs.runs import turn_key
from bot.jobs.sets import carry_on, carry_on_anew
from bot.tasks import Language, Outcome, Run
from bot.wire import SlackError

log = logging.getLogger(__name__)

ALONE = "~~alone"
"""Ends, with a number, the id of a workflow that does a run once more which was there at too many crashes."""
TRIES_ALONE = 3


@step("open")
async def _open(run_id: str) -> str | bool:
    return await (await crew_of(run_id)).runs.open(run_id)


@step("choose")
async def _choose(run_id: str) -> dict[str, Any]:
    engine = at_work()
    async with engine.gate:
        return await (await crew_of(run_id)).runs.choose(run_id)


@step("draft")
async def _draft(run_id: str, version: int) -> dict[str, Any]:
    engine = at_work()
    async with engine.gate:
        return await (await crew_of(run_id)).runs.draft(run_id, version)


@step("deliver")
async def _deliver(run_id: str, version: int) -> None:
    await (await crew_of(run_id)).runs.deliver(run_id, version)


@step("tell")
async def _tell(run_id: str, version: int, key: str) -> None:
    await (await crew_of(run_id)).runs.tell_waiting(run_id, version, key)


@step("refuse")
async def _refuse(run_id: str, version: int, verdict: dict[str, Any]) -> None:
    await (await crew_of(run_id)).runs.refuse(run_id, version, verdict)


@step("close")
async def _close(run_id: str, outcome: Outcome, reason: str) -> None:
    await close(run_id, outcome, reason)


@step("review")
async def _review(run_id: str, review_id: int, act: str) -> dict[str, Any] | None:
    return await (await crew_of(run_id)).runs.show_review(run_id, review_id, act)


@DBOS.workflow(name="run", max_recovery_attempts=MAX_RECOVERIES)
async def run_workflow(run_id: str, version: int, key: str, tries: int, waits: int = 0) -> None:
    """Open, draft, deliver, close: whatever happens, the asker sees exactly one outcome."""
    await _run(run_id, version, key, tries, waits)


@DBOS.workflow(name="run_alone", max_recovery_attempts=0)
async def run_alone(run_id: str, version: int, key: str, tries: int, waits: int = 0) -> None:
    """Do the same with nothing of its kind beside it; not recovered, because the next try waits for a calm bot."""
    await _run(run_id, version, key, tries, waits)


async def _run(run_id: str, version: int, key: str, tries: int, waits: int) -> None:
    async with turn(key, run_id):
        try:
            if version == 1 and (tries == 0 or waits) and not await _may_write(run_id):
                return
            await _write(run_id, version, key, tries, waits)
        except Exception as error:  # the one place where a run is closed: told to the asker, then raised on
            if slack_is_away(error):
                await _wait_for_slack(run_id, version, key, tries, waits)
                return
            log.exception("run=%s failed kind=%s", run_id, type(error).__name__)
            try:
                await _refuse(run_id, version, {"outcome": "failed", "key": "error.generic", "retry": True})
            except Exception as untold:  # whatever it is, the row must still be closed below
                if slack_is_away(untold):
                    await _wait_for_slack(run_id, version, key, tries, waits)
                    return
                log.exception("run=%s its failure could not be told kind=%s", run_id, type(untold).__name__)
            await _close(run_id, "failed", type(error).__name__)
            raise


async def _may_write(run_id: str) -> bool:
    """Open a run and find its task; False when it ends here, or goes on when its asker has answered."""
    # What `open` returned is kept by the engine: an older bot wrote only True and False.
    opened = await _open(run_id)
    began = opened if isinstance(opened, str) else "by_hand" if opened else "write"
    verdict: dict[str, Any] = {"next": began}
    if opened == "choose":
        verdict = await _choose(run_id)
    if verdict["next"] == "by_hand":
        await _close(run_id, "by_hand", "")
    elif verdict["next"] == "asked":
        await _close(run_id, "waiting", "choice")
    elif verdict["next"] == "accept":
        await _close(run_id, "waiting", "guideline")
    elif verdict["next"] == "set":
        await carry_on(run_id)
    elif verdict["next"] == "redo" and verdict["review"]:
        await show_review(verdict["run"], verdict["review"], "redone")
    return bool(verdict["next"] == "write")


async def _wait_for_slack(run_id: str, version: int, key: str, tries: int, waits: int) -> None:
    await _close(run_id, "waiting", "slack")
    await _continue(run_id, version, key, tries, waits + 1, delay_s=at_work().limits.continue_after_s)


async def close(run_id: str, outcome: Outcome, reason: str) -> None:
    """Close a ledger row; of a workspace that the bot is not in any more, too."""
    try:
        crew = await crew_of(run_id)
    except SlackError:
        await at_work().records.ledger.close(run_id, outcome, reason=reason)
        return
    await crew.runs.close(run_id, outcome, reason)


async def _continue(run_id: str, version: int, key: str, tries: int, waits: int, *, delay_s: float) -> None:
    """Let the queue go on with a run later, so that it holds no slot meanwhile."""
    # Of its own workflow's name: a second redo must not meet the continuation of the first.
    begun = str(DBOS.workflow_id).split("~~")[0]
    await enqueue(
        "interactive",
        run_workflow,
        run_id,
        version,
        key,
        tries,
        waits,
        workflow_id=f"{begun}~~{tries}.{waits}",
        partition=key,
        delay_s=delay_s,
    )


async def write_alone(workflow_id: str, number: int) -> None:
    """Do a run's workflow once more that the engine gave up, after all others of its kind: a partition of their own.

    So whichever of them makes the bot crash is the only one there, and takes no other with it.

    Args:
        number: counted from 1; the same twice is one.
    """
    (flow,) = await DBOS.list_workflows_async(workflow_ids=[workflow_id], load_output=False)
    assert flow.input is not None
    begun = workflow_id.split("~~")[0]
    await enqueue(
        "interactive",
        run_alone,
        *flow.input["args"],
        workflow_id=f"{begun}{ALONE}{number}",
        partition="alone",
    )


async def _write(run_id: str, version: int, key: str, tries: int, waits: int) -> None:
    verdict = await _draft(run_id, version)
    limits = at_work().limits
    if verdict["outcome"] == "drafted":
        # Closes the row, too: each step is a commit of the engine, and under a flood those are what a run waits for.
        await _deliver(run_id, version)
        return
    if verdict.get("next") == "accept":
        # Its asker's press goes on with it, or the sweep that finds the press.
        await _close(run_id, "waiting", "guideline")
        return
    if verdict["outcome"] == "waiting" and tries < limits.continuations:
        await _tell(run_id, version, "error.busy-told")
        await _close(run_id, "waiting", "busy")
        delay_s = max(limits.continue_after_s, verdict["delay_s"])
        await _continue(run_id, version, key, tries + 1, waits, delay_s=delay_s)
        return
    if verdict["outcome"] == "waiting":
        verdict = {"outcome": "failed", "key": "error.gave-up", "retry": True}
    await _refuse(run_id, version, verdict)
    await _close(run_id, verdict["outcome"], verdict.get("key", ""))


def showing(run_id: str) -> str:
    """Return the turn of what follows a draft's review: two at once could bring one file twice."""
    return f"{run_id}~shown"


@DBOS.workflow(name="review", max_recovery_attempts=MAX_RECOVERIES)
async def show(run_id: str, review_id: int, act: str) -> None:
    """Bring what Slack shows in line with a decision that is stored already."""
    again = await show_in_turn(
        showing(run_id), lambda: _review(run_id, review_id, act), what=f"run={run_id} a decision"
    )
    if again:
        # Of this press: a redo that failed gave its version's number back, and the next one writes it.
        await begin(
            run_workflow,
            run_id,
            again["version"],
            again["key"],
            0,
            workflow_id=f"{run_id}~{again['version']}~{review_id}",
            turn_of=again["key"],
        )


@step("second")
async def _second(run_id: str, approval_id: int) -> None:
    await (await crew_of(run_id)).cards.show_second(approval_id)


@DBOS.workflow(name="second", max_recovery_attempts=MAX_RECOVERIES)
async def second(run_id: str, approval_id: int) -> None:
    """Show what became of a second approval that is stored already; the sweep finds what Slack did not take."""
    await show_in_turn(showing(run_id), lambda: _second(run_id, approval_id), what=f"approval={approval_id}")


@step("copy")
async def _copy(run_id: str, kind: str, user_id: str) -> None:
    await (await crew_of(run_id)).cards.bring_copy(run_id, kind, user_id)


@DBOS.workflow(name="copy", max_recovery_attempts=MAX_RECOVERIES)
async def copy(run_id: str, kind: str, user_id: str) -> None:
    """Bring an approved quote as a file for other programs."""
    async with turn(showing(run_id), showing(run_id)):
        await _copy(run_id, kind, user_id)


async def start(run: Run) -> None:
    """Start the workflow of a request that is committed; a second start changes nothing.

    Directly where no limit binds, because the queue is polled; else through the queue, and always among replicas.
    """
    engine = at_work()
    key = turn_key(run)
    if engine.is_taken(key):
        await enqueue(
            "interactive", run_workflow, run.run_id, 1, key, 0, workflow_id=run.run_id, partition=key
        )
    else:
        # Counted before the first await, so that two requests of one moment do not both start directly.
        engine.starting[run.run_id] = key
        try:
            with SetWorkflowID(run.run_id):
                await DBOS.start_workflow_async(run_workflow, run.run_id, 1, key, 0)
        finally:
            engine.starting.pop(run.run_id, None)
        if engine.is_filling:
            await hurry()
    await engine.records.requests.started(run.run_id)


async def go_on(run: Run) -> None:
    """Go on with a run whose asker has chosen, once no other run of theirs is being written; twice is once."""
    key = turn_key(run)
    await begin(run_workflow, run.run_id, 1, key, 0, workflow_id=f"{run.run_id}~chosen", turn_of=key)
    await at_work().records.choices.begun(run.run_id)


async def go_on_accepted(here: Collection[str]) -> None:
    """Go on with every run of the teams *here* whose asker has accepted the guideline meanwhile; twice is once."""
    records = at_work().records
    for wait in await records.guidelines.released():
        if team_of(wait.run_id) not in here:
            continue
        run = await records.requests.get(wait.run_id)
        if run is not None:
            key = turn_key(run)
            await enqueue(
                "interactive",
                run_workflow,
                run.run_id,
                wait.version,
                key,
                0,
                workflow_id=f"{run.run_id}~accepted~{wait.guideline}.{wait.version}",
                partition=key,
            )
        await records.guidelines.begun(wait)


async def accepted(team_id: str, user_id: str, language: Language) -> None:
    """Show that somebody accepted the guideline, and go on with all that waited for it."""
    crew = await crew_of(team_id)
    await go_on_accepted([team_id])
    for set_id in await at_work().records.bulk.at_work(team_id, user_id):
        await carry_on_anew(set_id)
    await try_show(crew.acceptance, team_id, user_id, language)


async def show_guideline(team_id: str, user_id: str, language: Language) -> None:
    """Show somebody the guideline that holds."""
    await try_show((await crew_of(team_id)).acceptance, team_id, user_id, language)


async def show_review(run_id: str, review_id: int, act: str) -> None:
    """Start showing a decision in Slack."""
    await begin(
        show, run_id, review_id, act, workflow_id=f"{run_id}~review~{review_id}", turn_of=showing(run_id)
    )


async def halt(run_id: str) -> None:
    """Stop the writing of a run whose Stop is stored; one that does not write at this moment finds it there."""
    (await crew_of(run_id)).runs.halt(run_id)


async def show_card(run_id: str) -> None:
    """Show what was told about a draft; best effort: what is stored stands, and the next press shows it."""
    crew = await crew_of(run_id)
    await crew.cards.show(await at_work().records.requests.need(run_id))


async def show_by_hand(run_id: str, minutes: float) -> None:
    """Show what a run of the control sample took by hand; best effort, it is stored."""
    await (await crew_of(run_id)).runs.show_by_hand(run_id, minutes)


async def show_answer(run_id: str, part: str, due: datetime) -> None:
    """Show what became of a planned post, on its message and on the card; best effort, it is stored."""
    await (await crew_of(run_id)).plans.show_answer(run_id, part, due)
    await show_card(run_id)


async def show_second(run_id: str, approval_id: int) -> None:
    """Start showing what became of a second approval."""
    await begin(
        second, run_id, approval_id, workflow_id=f"{run_id}~second~{approval_id}", turn_of=showing(run_id)
    )


async def bring_copy(run_id: str, kind: str, *, user_id: str, press: str) -> None:
    """Start bringing a quote as *kind*; the same *press* twice starts once."""
    await begin(copy, run_id, kind, user_id, workflow_id=f"{run_id}~{kind}~{press}", turn_of=showing(run_id))
