"""Workflows of the house's order: a limit that was lifted is shown, a person's data are brought or erased."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from datetime import UTC, datetime

from dbos import DBOS, SetWorkflowID

from bot.jobs.durable import AT_WORK, MAX_RECOVERIES, apart, at_work, crew_of, start_again, step
from bot.jobs.posts import name_file
from bot.records.export import proof_csv
from bot.texts import text

WITH_A_RUN = ("run", "run_alone", "review")
"""The workflows that the records know as under way."""


@DBOS.workflow(name="lift", max_recovery_attempts=MAX_RECOVERIES)
async def _lift(lift_id: int) -> None:
    """Show that a limit was lifted."""
    await _lift_step(lift_id)


@step("lift")
async def _lift_step(lift_id: int) -> None:
    lift = await at_work().records.budgets.get_lift(lift_id)
    if lift is not None:
        await (await crew_of(lift.team_id)).allowance.show_lift(lift)


async def show_lift(lift_id: int) -> None:
    """Start showing that a limit was lifted; twice is once."""
    await start_again(f"lift:{lift_id}", _lift, lift_id)


@DBOS.workflow(name="personal", max_recovery_attempts=MAX_RECOVERIES)
async def _personal(team_id: str, user_id: str, request_id: str, day: str = "") -> None:
    """Bring somebody everything that is kept of them; an older bot started it without its *day*."""
    await _personal_step(team_id, user_id, request_id, day)


@step("personal")
async def _personal_step(team_id: str, user_id: str, request_id: str, day: str) -> None:
    doing = (await crew_of(team_id)).rounds
    records = doing.records
    found = await records.erasures.export(team_id, user_id)
    content = json.dumps(found, ensure_ascii=False, indent=1).encode()
    language = (await records.workspaces.get(team_id)).language
    await doing.bring_file(
        f"personal/{team_id}/{request_id}",
        team_id,
        user_id,
        name=name_file(f"tijdwinst-{day}", request_id, "json"),
        content=content,
        title=text("personal.file-title", language),
    )
    await records.erasures.log_export(team_id, user_id)


async def bring_personal(team_id: str, user_id: str, *, request_id: str) -> None:
    """Have everything that is kept of *user_id* brought to them; the same request twice is one."""
    with SetWorkflowID(f"personal:{team_id}:{request_id}"):
        await DBOS.start_workflow_async(_personal, team_id, user_id, request_id, _today())


@DBOS.workflow(name="proof", max_recovery_attempts=MAX_RECOVERIES)
async def _proof(team_id: str, user_id: str, request_id: str, day: str = "") -> None:
    """Bring an admin the ledger's rows; an older bot started it without its *day*."""
    await _proof_step(team_id, user_id, request_id, day)


@step("proof")
async def _proof_step(team_id: str, user_id: str, request_id: str, day: str) -> None:
    doing = (await crew_of(team_id)).rounds
    content = await asyncio.to_thread(proof_csv, doing.records.store, team_id)
    language = (await doing.records.workspaces.get(team_id)).language
    await doing.bring_file(
        f"proof/{team_id}/{request_id}",
        team_id,
        user_id,
        name=name_file(f"tijdwinst-runs-{day}", request_id, "csv"),
        content=content,
        title=text("export.file-title", language),
    )


async def bring_proof(team_id: str, user_id: str, *, request_id: str) -> None:
    """Have the ledger's rows brought to an admin; the same request twice is one."""
    with SetWorkflowID(f"proof:{team_id}:{request_id}"):
        await DBOS.start_workflow_async(_proof, team_id, user_id, request_id, _today())


def _today() -> str:
    """Return the day of a request: in the name of its file, which stays the same however often it is tried."""
    return f"{datetime.now(UTC):%Y-%m-%d}"


@DBOS.workflow(name="erase", max_recovery_attempts=MAX_RECOVERIES)
async def _erase() -> None:
    """Erase whom it was asked for; it takes no names, because the engine keeps what it takes."""
    await _erase_step()


@step("erase")
async def _erase_step() -> None:
    await apart(erase_asked())


async def start_erasing(pseudonym: str) -> None:
    """Start erasing whoever asked for it; what a run under way still needs goes at a later round."""
    await start_again(f"erase:{pseudonym}", _erase)


async def erase_asked() -> None:
    """Erase everything of everybody who asked, in the records and in the engine's own."""
    erasures = at_work().records.erasures
    for erasure in await erasures.asked():
        listed = await DBOS.list_workflows_async(load_input=True, load_output=False)
        naming = [one for one in listed if erasure.user_id in json.dumps(one.input, default=str)]
        if any(one.status in AT_WORK and one.name not in WITH_A_RUN for one in naming):
            # What is being brought to them right now would write their id down anew: the next round erases.
            continue
        erased = await erasures.erase(erasure)
        known = set(erased.runs)
        theirs = [*naming, *(one for one in listed if one.workflow_id.split("~")[0] in known)]
        ended = {one.workflow_id for one in theirs if one.status not in AT_WORK}
        if ended:
            await DBOS.delete_workflows_async(sorted(ended), delete_children=True)
            await wipe_engine()


async def wipe_engine() -> None:
    """Rewrite the engine's file without what was deleted: its pages are not overwritten as the records' are.

    A server does that by itself, and its log is the operator's.
    """
    path = at_work().path
    if path is not None:
        await asyncio.to_thread(_wipe, str(path))


def _wipe(path: str) -> None:
    connection = sqlite3.connect(path, timeout=30)
    try:
        connection.execute("vacuum")
        connection.execute("pragma wal_checkpoint(truncate)").fetchall()
    finally:
        connection.close()
