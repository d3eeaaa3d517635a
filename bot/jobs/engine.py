"""Opens and closes the engine: its file, its queues and its schedules."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer
from sqlalchemy.exc import SQLAlchemyError

from bot.jobs.backups import backup, show_restored
from bot.jobs.durable import IDLE, QUEUES, VERSION, Engine, Teams, at_work, keep_pace, put_to_work
from bot.jobs.runs import Limits
from bot.jobs.schedules import clean, plans, rounds, sweep, sweep_now
from bot.jobs.slots import Slot
from bot.records import Records
from bot.records.address import patient

log = logging.getLogger(__name__)

NAME = "tijdwinst"
PATIENCE_S = 20  # whole seconds for open workflows when the bot ends


async def open_engine(
    path: Path,
    *,
    records: Records,
    limits: Limits,
    teams: Teams,
    url: str = "",
    slot: Slot | None = None,
) -> None:
    """Launch the engine, recover what was at work, and start the schedules.

    Args:
        path: its SQLite file.
        url: the PostgreSQL database that it works in instead, in a schema of its own.
        slot: which of the replicas there this one is.
    """
    if not url:
        prepare(path)
    # DBOS flushes the handlers that it finds, and those of an earlier engine may hold a closed stream.
    logging.getLogger("dbos").handlers.clear()
    gate = asyncio.Semaphore(limits.at_once)
    address = patient(url) if url else f"sqlite:///{path}"
    put_to_work(Engine(records, limits, teams, {}, {}, gate, None if url else path, address))
    DBOS(config=configure(address, slot.executor_id if slot else "slot-0"))
    DBOS.launch()  # on the loop, so that async workflows run on it
    for name, at_once in (("interactive", limits.at_once), ("batch", 4)):
        await DBOS.register_queue_async(
            name,
            partition_concurrency=1,
            worker_concurrency=at_once,
            polling_interval_sec=QUEUES[name] * (1 if url else IDLE),
        )
    await _schedule("sweep", sweep, "* * * * *")
    await _schedule("plans", plans, "* * * * *")
    await _schedule("clean", clean, "17 3 * * *")
    await _schedule("backup", backup, "47 * * * *")
    await _schedule("rounds", rounds, "*/5 * * * *")
    await sweep_now()
    await keep_pace()
    await show_restored()


def configure(url: str, executor_id: str) -> DBOSConfig:
    """Return how this house runs DBOS."""
    return {
        "name": NAME,
        "system_database_url": url,
        "sys_db_pool_size": 10,
        "application_version": VERSION,
        "executor_id": executor_id,
        "serializer": DBOSPortableJSONSerializer(),
        "max_executor_threads": 16,
        # Looks at lists in memory that stay empty here; at its end it is waited for.
        "notification_listener_polling_interval_sec": 0.1,
        # The same of what it would tell: by default a hundred times a second.
        "notification_coalesce_sec": 0.1,
        "log_level": "ERROR",
    }


def prepare(path: Path) -> None:
    """Make the engine's file ours alone, and WAL: DBOS leaves the journal mode as it finds it."""
    path.touch(mode=0o600)
    connection = sqlite3.connect(path)
    connection.execute("pragma journal_mode = wal")
    connection.close()
    path.chmod(0o600)


async def close_engine(slot: Slot | None = None) -> None:
    """Let open workflows finish for a while; what is left goes on at the next start, or at another replica.

    Args:
        slot: this replica's, which it holds until it has handed its work back.
    """
    address, executor_id = at_work().address, DBOS.executor_id
    busy = await _is_busy_after(1.0)
    # In a thread: on the loop it would block the very workflows that it waits for.
    await asyncio.to_thread(DBOS.destroy, workflow_completion_timeout_sec=PATIENCE_S if busy else 0)
    # DBOS has shut the loop's default executor down with its own.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(max_workers=8))
    put_to_work(None)
    # Who has the slot now has the work, too.
    if busy and (slot is None or await slot.is_ours()):
        await asyncio.to_thread(_hand_back, address, executor_id)


def _hand_back(address: str, executor_id: str) -> None:
    """Put what is left at work back into its queues, as if it had not begun: a stop is no crash, and counts as none.

    Its steps that are done stay done.
    """
    client = DBOSClient(
        system_database_url=address,
        serializer=DBOSPortableJSONSerializer(),
        application_name=NAME,
        lazy=True,
        retry_connection_errors=False,
    )
    try:
        left = client.list_workflows(
            status=["PENDING"], executor_id=executor_id, load_input=False, load_output=False
        )
        for queue in {one.queue_name for one in left}:
            # Each into its own: a partition is the turn of a person over all replicas.
            client.resume_workflows(
                [one.workflow_id for one in left if one.queue_name == queue], queue_name=queue
            )
    except SQLAlchemyError as error:
        log.warning("what is at work could not be handed back: %s", str(error).splitlines()[0])
    finally:
        client.destroy()


async def _is_busy_after(wait_s: float) -> bool:
    """Say whether workflows are still at work after *wait_s*; DBOS itself would look once a second only."""
    deadline = time.monotonic() + wait_s
    mine = DBOS.executor_id if at_work().shared else None
    while await DBOS.list_workflows_async(
        status=["PENDING"], limit=1, load_input=False, load_output=False, executor_id=mine
    ):
        if time.monotonic() > deadline:
            return True
        await asyncio.sleep(0.02)
    return False


async def waiting() -> tuple[int, float]:
    """Return how many runs wait in the queues, and how long the oldest that is due has waited, in seconds."""
    # Without those at work, which stay in their queue until they end.
    queued = await DBOS.list_queued_workflows_async(status=["ENQUEUED", "DELAYED"], load_input=False)
    due_ms = [max(flow.created_at or 0, flow.delay_until_epoch_ms or 0) for flow in queued]
    return len(queued), max(0.0, time.time() - min(due_ms) / 1000) if due_ms else 0.0


async def _schedule(name: str, workflow: Callable[..., Coroutine[Any, Any, None]], cron: str) -> None:
    if await DBOS.get_schedule_async(name) is None:
        await DBOS.create_schedule_async(schedule_name=name, workflow_fn=workflow, schedule=cron)
