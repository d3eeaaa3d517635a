"""A set of texts as durable workflows: each carries it on as far as it can, and hands over to the next."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime

from dbos import DBOS

from bot.jobs.durable import (
    AT_WORK,
    CRASHED,
    MAX_RECOVERIES,
    MOST_GIVEN_UP,
    at_work,
    begin,
    crew_of,
    enqueue,
    is_too_soon,
    step,
    team_of,
    turn,
)

log = logging.getLogger(__name__)

MOST_STEPS = 40
"""So many pieces of work one workflow does: its history stays short, and a recovery replays little."""


@step("bulk")
async def _advance(set_id: str, number: int) -> float | None:
    return await (await crew_of(set_id)).bulk.advance(set_id, number)


@step("bulk_next")
async def _next(set_id: str, number: int) -> int:
    return await at_work().records.bulk.next_turn(set_id, number)


@step("bulk_file")
async def _file(set_id: str, kind: str, number: int) -> None:
    await (await crew_of(set_id)).bulk.bring_file(set_id, kind, number)


@step("bulk_file_number")
async def _file_number(set_id: str) -> int:
    return await at_work().records.bulk.next_file(set_id)


def _name(set_id: str, number: int) -> str:
    return f"bulk:{set_id}:{number}"


@DBOS.workflow(name="bulk", max_recovery_attempts=MAX_RECOVERIES)
async def bulk_workflow(set_id: str, number: int) -> None:
    """Carry a set on; what is left goes to the next workflow, through the queue, so that no slot is held."""
    key = f"bulk:{set_id}"
    delay_s: float | None = 0.0
    async with turn(key, key):
        for _ in range(MOST_STEPS):
            delay_s = await _advance(set_id, number)
            if delay_s is None:
                return
            if delay_s:
                break
    following = await _next(set_id, number)
    # Where replicas share the queue, its partition is the turn: of one queue, then, whoever starts it.
    await enqueue(
        "interactive" if at_work().shared else "batch",
        bulk_workflow,
        set_id,
        following,
        workflow_id=_name(set_id, following),
        partition=key,
        delay_s=delay_s or 0.0,
    )


async def carry_on(set_id: str) -> None:
    """Start the workflow of a set that was sent, or pressed on; a second start changes nothing."""
    one = await at_work().records.bulk.get(set_id)
    if one is not None:
        name, turn_of = _name(set_id, one.turn), f"bulk:{set_id}"
        await begin(bulk_workflow, set_id, one.turn, workflow_id=name, turn_of=turn_of)


async def carry_on_anew(set_id: str) -> None:
    """Carry on at once with a set that waits a while before it is tried again."""
    await at_work().records.bulk.stir(set_id)
    await carry_on(set_id)


async def attend_sets(before: datetime, here: Collection[str]) -> None:
    """Carry on with the sets of the teams *here* that nothing carries on: never started, or given up by the engine."""
    bulk = at_work().records.bulk
    for set_id, number in await bulk.unattended(before):
        if team_of(set_id) not in here:
            continue
        status = await DBOS.get_workflow_status_async(_name(set_id, number))
        if status is not None and status.status in AT_WORK:
            continue
        if status is not None:
            crashed = status.status == CRASHED
            stuck = await _stuck(set_id) if crashed else []
            if crashed and (not at_work().is_calm or is_too_soon(stuck)):
                continue
            log.warning("set=%s its workflow ended status=%s", set_id, status.status)
            if len(stuck) >= MOST_GIVEN_UP:
                await (await crew_of(set_id)).bulk.give_up(set_id)
            await bulk.next_turn(set_id, number)
        await carry_on(set_id)


async def _stuck(set_id: str) -> list[int]:
    """Return when each workflow of a set began that the engine gave up before it did any work, in Unix milliseconds."""
    found = await DBOS.list_workflows_async(
        workflow_id_prefix=_name(set_id, 0)[:-1], status=[CRASHED], load_input=False, load_output=False
    )
    return [
        one.created_at or 0
        for one in found
        if not await DBOS.list_workflow_steps_async(one.workflow_id, load_output=False)
    ]


@DBOS.workflow(name="bulk_file", max_recovery_attempts=MAX_RECOVERIES)
async def file_workflow(set_id: str, kind: str) -> None:
    """Bring the texts of a set as a file."""
    async with turn(f"bulk-file:{set_id}", f"bulk-file:{set_id}"):
        # A step of its own: whoever brings a file once more brings the same one.
        await _file(set_id, kind, await _file_number(set_id))


async def bring_file(set_id: str, kind: str, *, press: str) -> None:
    """Start bringing a set as *kind*; the same *press* twice starts once."""
    await begin(
        file_workflow,
        set_id,
        kind,
        workflow_id=f"bulk-file:{set_id}:{kind}:{press}",
        turn_of=f"bulk-file:{set_id}",
    )
