"""A candidate as a durable workflow: taken, read, told of; it goes on where a crash left it, and pays nothing twice."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection
from datetime import datetime

from dbos import DBOS, SetWorkflowID

from bot.jobs.durable import (
    AT_WORK,
    MAX_RECOVERIES,
    at_work,
    begin,
    crew_of,
    enqueue,
    show_in_turn,
    slack_is_away,
    step,
    team_of,
)
from bot.jobs.screening import STRANDED
from bot.records.screenings import Screening
from bot.screening.candidate import Candidate

log = logging.getLogger(__name__)

LANES = 3  # CVs of one vacancy that are read at the same time; the queue has room for more than one vacancy or table
MOST_TRIES = 200
LONGEST_WAIT_S = 900.0


@step("cv_take")
async def _take(candidate_id: str) -> str | bool:
    return await (await crew_of(candidate_id)).cvs.take(candidate_id)


@step("cv_read")
async def _read(candidate_id: str) -> str:
    engine = at_work()
    async with engine.gate:
        return await (await crew_of(candidate_id)).cvs.read(candidate_id)


@step("cv_fail")
async def _fail(candidate_id: str, fault: str) -> None:
    await (await crew_of(candidate_id)).cvs.fail(candidate_id, fault)


@step("cv_show")
async def _show(screening_id: str, at_once: bool) -> None:
    await (await crew_of(screening_id)).cvs.show(screening_id, at_once=at_once)


@DBOS.workflow(name="candidate", max_recovery_attempts=MAX_RECOVERIES)
async def candidate_workflow(candidate_id: str, screening_id: str, lane: str, tries: int) -> None:
    """Take a CV in, read it, tell of it; while Slack or the model is away it waits in the queue."""
    again = False
    try:
        # What `take` returned is kept by the engine: an older bot wrote only True and False.
        taken = await _take(candidate_id)
        again = taken == "busy" or (taken in (True, "ready") and await _read(candidate_id) == "busy")
    except Exception as error:  # DBOS wraps what a step met, so the type alone does not tell
        again = slack_is_away(error)
        if not again:
            log.exception("candidate=%s failed kind=%s", candidate_id, type(error).__name__)
            await _fail(candidate_id, STRANDED)
    if again and tries < MOST_TRIES:
        limit_s = at_work().limits.continue_after_s
        await enqueue(
            "batch",
            candidate_workflow,
            candidate_id,
            screening_id,
            lane,
            tries + 1,
            workflow_id=f"{str(DBOS.workflow_id).split('~~')[0]}~~{tries + 1}",
            partition=lane,
            delay_s=min(LONGEST_WAIT_S, limit_s * min(tries + 1, 15)),
        )
        return
    if again:
        await _fail(candidate_id, STRANDED)
    if not at_work().shared:
        await _try_show(screening_id, at_once=False)
        return
    # The board's turn is the queue's, among replicas.
    await begin(
        board_workflow,
        screening_id,
        False,
        # Of this workflow, not of the CV: one that was agreed on later has a second, whose board is another.
        workflow_id=f"board:{DBOS.workflow_id}",
        turn_of=_board(screening_id),
    )


@DBOS.workflow(name="board", max_recovery_attempts=MAX_RECOVERIES)
async def board_workflow(screening_id: str, at_once: bool = True) -> None:
    """Bring the board of a vacancy up to date."""
    await _try_show(screening_id, at_once=at_once)


def _board(screening_id: str) -> str:
    """Return the turn of a vacancy's board."""
    return f"{screening_id}~board"


@DBOS.workflow(name="explain", max_recovery_attempts=MAX_RECOVERIES)
async def explain_workflow(candidate_id: str, user_id: str, press: str) -> None:
    """Bring the explanation of one candidate."""
    await _explain(candidate_id, user_id, press)


@step("explain")
async def _explain(candidate_id: str, user_id: str, press: str) -> None:
    await (await crew_of(candidate_id)).cvs.explain(candidate_id, user_id, press)


async def _try_show(screening_id: str, *, at_once: bool) -> None:
    await show_in_turn(
        _board(screening_id),
        lambda: _show(screening_id, at_once),
        what=f"screening={screening_id} its board",
    )


def _id(one: Candidate) -> str:
    # What waited for somebody's word had a workflow already, that opened it.
    return f"cv:{one.candidate_id}{'~agreed' if one.agreed_by else ''}"


async def read_cvs(candidates: list[Candidate]) -> None:
    """Queue CVs that are committed; queueing one twice changes nothing."""
    for one in candidates:
        lane = f"{one.screening_id}#{one.number % LANES}"
        await enqueue(
            "batch",
            candidate_workflow,
            one.candidate_id,
            one.screening_id,
            lane,
            0,
            workflow_id=_id(one),
            partition=lane,
        )
    for screening_id in {one.screening_id for one in candidates}:
        await show_board(screening_id)


async def show_board(screening_id: str) -> None:
    """Start bringing a vacancy's board up to date; twice changes nothing."""
    await begin(
        board_workflow,
        screening_id,
        workflow_id=f"board:{screening_id}:{uuid.uuid4().hex[:12]}",
        turn_of=_board(screening_id),
    )


async def ask_second_look(screening_id: str, first: str) -> tuple[str, ...]:
    """Ask others than *first* for a second look at a vacancy; return who was asked. Best effort: press again."""
    vacancy = await at_work().records.screenings.get(screening_id)
    return await (await crew_of(screening_id)).second_looks.ask(vacancy, first) if vacancy else ()


async def show_closed(screening_id: str, user_id: str) -> None:
    """Show that somebody closed a vacancy: on its board, and to whoever was asked for a second look."""
    await show_board(screening_id)
    vacancy = await at_work().records.screenings.get(screening_id)
    if vacancy is not None:
        await (await crew_of(screening_id)).second_looks.tell_closed(vacancy, user_id)


async def explain(candidate_id: str, *, user_id: str, press: str) -> None:
    """Start bringing a candidate's explanation; the same *press* twice starts once."""
    with SetWorkflowID(f"explain:{candidate_id}:{press}"):
        await DBOS.start_workflow_async(explain_workflow, candidate_id, user_id, press)


async def sweep_cvs(before: datetime, here: Collection[str]) -> None:
    """Queue what came before a moment to the teams *here*, waits, and is in no queue: a crash came between."""
    records = at_work().records
    waiting = [one for one in await records.candidates.waiting(before) if team_of(one.candidate_id) in here]
    if not waiting:
        return
    # Asked once for all of them: three hundred look-ups would hold up the start.
    working = await DBOS.list_workflows_async(
        workflow_id_prefix="cv:", status=list(AT_WORK), load_input=False, load_output=False
    )
    names = {workflow.workflow_id.split("~~")[0] for workflow in working}
    lost: list[Candidate] = []
    for one in waiting:
        if _id(one) in names:
            continue
        listed = await DBOS.list_workflows_async(
            workflow_id_prefix=_id(one), load_input=False, load_output=False
        )
        # The name of another file may begin with this one's.
        found = [each for each in listed if each.workflow_id.split("~~")[0] == _id(one)]
        if not found:
            lost.append(one)
            continue
        now = await records.candidates.get(one.candidate_id)
        if now is None or not now.is_at_work or _id(now) != _id(one):
            continue  # it went on meanwhile
        if any(workflow.status in AT_WORK for workflow in found):
            continue
        # The engine gave it up: told as ours, because trying for ever would hide it.
        await (await crew_of(one.candidate_id)).cvs.fail(one.candidate_id, STRANDED)
        await show_board(one.screening_id)
    await read_cvs(lost)


async def close_idle(moment: datetime) -> list[Screening]:
    """Close vacancies that nobody touched for two months, and delete what is past its date."""
    records = at_work().records
    closed = [await records.screenings.get(one) for one in await records.screenings.close_idle(moment)]
    await records.screenings.delete_expired(moment)
    return [one for one in closed if one is not None]
