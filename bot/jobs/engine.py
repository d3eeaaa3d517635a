"""The durable workflows: one run, one review, the sweep; the only file that imports dbos."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID

from bot.jobs.rounds import Rounds
from bot.jobs.runs import Outage, Runs, turn_key
from bot.tasks import Outcome, Run
from bot.wire import SlackError

log = logging.getLogger(__name__)

VERSION = "1"  # pinned: the default is a hash of the source, and every edit would strand the waiting runs
GIVEN_UP = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
AT_WORK = ("PENDING", "ENQUEUED", "DELAYED")
QUEUES = ("interactive", "batch")
MAX_RECOVERIES = 5
KEEP_DAYS = 7  # finished workflows; longer than Slack redelivers, because a forgotten id could run again
STEP_ATTEMPTS = 7
STEP_INTERVAL_S = 1.0  # waits of 1, 2, 4 … 32 seconds: about a minute, then the asker is told


@dataclass
class _Engine:
    """What the workflows work with; DBOS finds them by name, so they cannot be methods of an object."""

    runs: Runs
    rounds: Rounds
    turns: dict[str, asyncio.Lock]
    active: dict[str, int]
    gate: asyncio.Semaphore


_engine: _Engine | None = None


def _at_work() -> _Engine:
    if _engine is None:
        raise RuntimeError("the engine is not running")
    return _engine


async def _may_help(error: BaseException) -> bool:
    """Say whether doing a step again can help; everything else is told to the asker at once."""
    return isinstance(error, Outage | sqlite3.OperationalError) or (
        isinstance(error, SlackError) and error.transient
    )


def _step(
    name: str,
) -> Callable[[Callable[..., Coroutine[Any, Any, Any]]], Callable[..., Coroutine[Any, Any, Any]]]:
    return DBOS.step(
        name=name,
        retries_allowed=True,
        max_attempts=STEP_ATTEMPTS,
        interval_seconds=STEP_INTERVAL_S,
        backoff_rate=2.0,
        should_retry=_may_help,
    )


@_step("open")
async def _open(run_id: str) -> bool:
    return await _at_work().runs.open(run_id)


@_step("draft")
async def _draft(run_id: str, version: int) -> dict[str, Any]:
    engine = _at_work()
    async with engine.gate:
        return await engine.runs.draft(run_id, version)


@_step("deliver")
async def _deliver(run_id: str, version: int) -> None:
    await _at_work().runs.deliver(run_id, version)


@_step("tell")
async def _tell(run_id: str, version: int, key: str) -> None:
    await _at_work().runs.tell_waiting(run_id, version, key)


@_step("refuse")
async def _refuse(run_id: str, version: int, verdict: dict[str, Any]) -> None:
    await _at_work().runs.refuse(run_id, version, verdict)


@_step("close")
async def _close(run_id: str, outcome: Outcome, reason: str) -> None:
    await _at_work().runs.close(run_id, outcome, reason)


@_step("review")
async def _review(run_id: str, review_id: int, act: str) -> dict[str, Any] | None:
    return await _at_work().runs.show_review(run_id, review_id, act)


@DBOS.workflow(name="run", max_recovery_attempts=MAX_RECOVERIES)
async def _run(run_id: str, version: int, key: str, tries: int, waits: int = 0) -> None:
    """Open, draft, deliver, close: whatever happens, the asker sees exactly one outcome."""
    async with _turn(key):
        try:
            if version == 1 and (tries == 0 or waits) and await _open(run_id):
                await _close(run_id, "by_hand", "")
                return
            await _write(run_id, version, key, tries, waits)
        except Exception as error:  # the one place where a run is closed: told to the asker, then raised on
            if _slack_is_away(error):
                await _wait_for_slack(run_id, version, key, tries, waits)
                return
            log.exception("run=%s failed kind=%s", run_id, type(error).__name__)
            try:
                await _refuse(run_id, version, {"outcome": "failed", "key": "error.generic", "retry": True})
            except Exception as untold:
                if _slack_is_away(untold):
                    await _wait_for_slack(run_id, version, key, tries, waits)
                    return
            await _close(run_id, "failed", type(error).__name__)
            raise


def _slack_is_away(error: BaseException) -> bool:
    """Say whether Slack is down or refuses the token: nobody can be told, and waiting can help."""
    # A step that was tried often enough ends in DBOS' own error, which lists what it met.
    met = getattr(error, "errors", None) or [error]
    return isinstance(met[-1], SlackError) and met[-1].away


async def _wait_for_slack(run_id: str, version: int, key: str, tries: int, waits: int) -> None:
    await _close(run_id, "waiting", "slack")
    await _continue(run_id, version, key, tries, waits + 1, delay_s=_at_work().runs.limits.continue_after_s)


async def _continue(run_id: str, version: int, key: str, tries: int, waits: int, *, delay_s: float) -> None:
    """Let the queue go on with a run later, so that it holds no slot meanwhile."""
    # Of its own workflow's name: a second redo must not meet the continuation of the first.
    begun = str(DBOS.workflow_id).split("~~")[0]
    await enqueue(
        "interactive",
        _run,
        run_id,
        version,
        key,
        tries,
        waits,
        workflow_id=f"{begun}~~{tries}.{waits}",
        partition=key,
        delay_s=delay_s,
    )


async def _write(run_id: str, version: int, key: str, tries: int, waits: int) -> None:
    verdict = await _draft(run_id, version)
    limits = _at_work().runs.limits
    if verdict["outcome"] == "drafted":
        await _deliver(run_id, version)
    elif verdict["outcome"] == "waiting" and tries < limits.continuations:
        await _tell(run_id, version, "error.busy-told")
        await _close(run_id, "waiting", "busy")
        delay_s = max(limits.continue_after_s, verdict["delay_s"])
        await _continue(run_id, version, key, tries + 1, waits, delay_s=delay_s)
        return
    elif verdict["outcome"] == "waiting":
        verdict = {"outcome": "failed", "key": "error.gave-up", "retry": True}
        await _refuse(run_id, version, verdict)
    else:
        await _refuse(run_id, version, verdict)
    await _close(run_id, verdict["outcome"], verdict.get("key", ""))


@DBOS.workflow(name="review", max_recovery_attempts=MAX_RECOVERIES)
async def _show(run_id: str, review_id: int, act: str) -> None:
    """Bring what Slack shows in line with a decision that is stored already."""
    try:
        again = await _review(run_id, review_id, act)
    except Exception as error:
        if not _slack_is_away(error):
            raise
        log.warning("run=%s a decision is not shown yet: %s", run_id, error)
        return
    if again:
        # Of this press: a redo that failed gave its version's number back, and the next one writes it.
        with SetWorkflowID(f"{run_id}~{again['version']}~{review_id}"):
            await DBOS.start_workflow_async(_run, run_id, again["version"], again["key"], 0)


@DBOS.workflow(name="sweep", max_recovery_attempts=1)
async def _sweep(when: datetime, context: Any) -> None:
    """Start what was asked and never started; apologise for what the engine gave up."""
    await _sweep_step()


@DBOS.step(name="sweep_step")
async def _sweep_step() -> None:
    engine = _at_work()
    before = datetime.now(UTC) - timedelta(seconds=30)
    for run in await engine.runs.records.requests.unstarted(before):
        await start(run)
    for run_id, review_id, act in await engine.runs.records.reviews.unshown(before):
        await _show_again(run_id, review_id, act)
    for run_id in await engine.runs.records.ledger.unfinished(before):
        status = await DBOS.get_workflow_status_async(run_id)
        if status is not None and status.status in GIVEN_UP:
            log.error("run=%s given up by the engine status=%s", run_id, status.status)
            try:
                verdict = {"outcome": "failed", "key": "error.generic", "retry": True}
                await engine.runs.refuse(run_id, 1, verdict)
            except SlackError as error:
                log.warning("run=%s not told: %s", run_id, error)
                if error.away:
                    continue
            await engine.runs.close(run_id, "failed", status.status.lower())


async def _show_again(run_id: str, review_id: int, act: str) -> None:
    """Show a decision that Slack did not take the first time; the same id would change nothing."""
    await _start_again(f"{run_id}~review~{review_id}", _show, run_id, review_id, act)


async def _start_again(
    workflow_id: str, workflow: Callable[..., Coroutine[Any, Any, None]], *args: Any
) -> None:
    """Start a workflow, or one in the place of it that ended in vain; one that is at work is left alone."""
    status = await DBOS.get_workflow_status_async(workflow_id)
    if status is not None and status.status not in AT_WORK:
        # Of this minute: what is called twice within it starts one.
        workflow_id += f"~{int(time.time()) // 60}"
    with SetWorkflowID(workflow_id):
        await DBOS.start_workflow_async(workflow, *args)


@DBOS.workflow(name="rounds", max_recovery_attempts=1)
async def _rounds(when: datetime, context: Any) -> None:
    """Do what the clock asks for."""
    await _rounds_step()


@DBOS.step(name="rounds_step")
async def _rounds_step() -> None:
    await go_round(datetime.now(UTC))


async def go_round(moment: datetime) -> None:
    """Ask what is to be asked at *moment*, and start the digests that are due."""
    rounds = _at_work().rounds
    await rounds.go(moment)
    for row in await rounds.claim_digests(moment):
        due = row.due.isoformat()
        await _start_again(f"digest:{row.team_id}:{due}", _digest, row.team_id, due, moment.isoformat())


@DBOS.workflow(name="digest", max_recovery_attempts=MAX_RECOVERIES)
async def _digest(team_id: str, due: str, moment: str) -> None:
    """Post one digest, once."""
    await _digest_step(team_id, due, moment)


@_step("digest")
async def _digest_step(team_id: str, due: str, moment: str) -> None:
    # A digest that was recovered is posted later than it was started.
    at = max(datetime.now(UTC), datetime.fromisoformat(moment))
    await _at_work().rounds.post_digest(team_id, datetime.fromisoformat(due), moment=at)


@DBOS.workflow(name="evaluate", max_recovery_attempts=MAX_RECOVERIES)
async def _evaluate(team_id: str, user_id: str, start: str, end: str, request_id: str) -> None:
    """Make an evaluation and bring it to whoever asked for it."""
    await _evaluate_step(team_id, user_id, start, end, request_id)


@_step("evaluate")
async def _evaluate_step(team_id: str, user_id: str, start: str, end: str, request_id: str) -> None:
    await _at_work().rounds.send_evaluation(
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
async def _clean(when: datetime, context: Any) -> None:
    """Delete texts past their date and workflows that ended a week ago."""
    await _clean_step()


@DBOS.step(name="clean_step")
async def _clean_step() -> None:
    await _at_work().runs.records.drafts.delete_expired()
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
            return
        await DBOS.delete_workflows_async([workflow.workflow_id for workflow in ended], delete_children=True)


async def start(run: Run) -> None:
    """Start the workflow of a request that is committed; a second start changes nothing.

    Directly where no limit binds, because the queue is polled; else through the queue.
    """
    engine = _at_work()
    key = turn_key(run)
    if engine.active.get(key) or sum(engine.active.values()) >= engine.runs.limits.at_once:
        await enqueue("interactive", _run, run.run_id, 1, key, 0, workflow_id=run.run_id, partition=key)
    else:
        # Counted before the first await, so that two requests of one moment do not both start directly.
        engine.active[key] = engine.active.get(key, 0) + 1
        try:
            with SetWorkflowID(run.run_id):
                await DBOS.start_workflow_async(_run, run.run_id, 1, key, 0)
        finally:
            _leave(engine, key)
    await engine.runs.records.requests.started(run.run_id)


async def show_review(run_id: str, review_id: int, act: str) -> None:
    """Start showing a decision in Slack."""
    with SetWorkflowID(f"{run_id}~review~{review_id}"):
        await DBOS.start_workflow_async(_show, run_id, review_id, act)


async def show_card(run_id: str) -> None:
    """Show what was told about a draft; best effort: what is stored stands, and the next press shows it."""
    await _at_work().runs.show_card(run_id)


async def show_by_hand(run_id: str, minutes: float) -> None:
    """Show what a run of the control sample took by hand; best effort, it is stored."""
    await _at_work().runs.show_by_hand(run_id, minutes)


async def enqueue(
    queue: str,
    workflow: Callable[..., Coroutine[Any, Any, None]],
    *args: Any,
    workflow_id: str,
    partition: str,
    delay_s: float = 0.0,
) -> None:
    """Put a workflow into a queue; the only way in, because DBOS takes a wrong address in silence.

    Raises:
        ValueError: the queue is unknown, or the partition key is empty: it would never run.
    """
    if queue not in QUEUES or not partition:
        raise ValueError(f"no queue {queue!r} with partition {partition!r}")
    options: dict[str, Any] = {"queue_partition_key": partition}
    if delay_s:
        options["delay_seconds"] = delay_s
    with SetWorkflowID(workflow_id), SetEnqueueOptions(**options):
        await DBOS.enqueue_workflow_async(queue, workflow, *args)


@asynccontextmanager
async def _turn(key: str) -> AsyncIterator[None]:
    """Hold the turn of a person in a conversation: a run started directly and a queued one never overlap."""
    engine = _at_work()
    engine.active[key] = engine.active.get(key, 0) + 1
    lock = engine.turns.setdefault(key, asyncio.Lock())
    try:
        async with lock:
            yield
    finally:
        _leave(engine, key)


def _leave(engine: _Engine, key: str) -> None:
    engine.active[key] -= 1
    if not engine.active[key]:
        del engine.active[key]
        lock = engine.turns.get(key)
        if lock is not None and not lock.locked():
            del engine.turns[key]


async def open_engine(path: Path, runs: Runs, rounds: Rounds) -> None:
    """Launch the engine on its SQLite file, recover what was at work, and start the schedules."""
    global _engine
    _prepare(path)
    # DBOS flushes the handlers that it finds, and those of an earlier engine may hold a closed stream.
    logging.getLogger("dbos").handlers.clear()
    _engine = _Engine(runs, rounds, turns={}, active={}, gate=asyncio.Semaphore(runs.limits.at_once))
    DBOS(
        config={
            "name": "tijdwinst",
            "system_database_url": f"sqlite:///{path}",
            "application_version": VERSION,
            "executor_id": "slot-0",
            "serializer": DBOSPortableJSONSerializer(),
            "max_executor_threads": 16,
            # Looks at lists in memory that stay empty here; at its end it is waited for.
            "notification_listener_polling_interval_sec": 0.1,
            "log_level": "ERROR",
        }
    )
    DBOS.launch()  # on the loop, so that async workflows run on it
    await DBOS.register_queue_async(
        "interactive",
        partition_concurrency=1,
        worker_concurrency=runs.limits.at_once,
        polling_interval_sec=0.1,
    )
    await DBOS.register_queue_async(
        "batch", partition_concurrency=1, worker_concurrency=2, polling_interval_sec=1.0
    )
    await _schedule("sweep", _sweep, "* * * * *")
    await _schedule("clean", _clean, "17 3 * * *")
    await _schedule("rounds", _rounds, "*/5 * * * *")
    await sweep_now()


def _prepare(path: Path) -> None:
    """Make the engine's file ours alone, and WAL: DBOS leaves the journal mode as it finds it."""
    connection = sqlite3.connect(path)
    connection.execute("pragma journal_mode = wal")
    connection.close()
    path.chmod(0o600)


async def sweep_now() -> None:
    """Start every request and show every decision that is stored and went no further."""
    records = _at_work().runs.records
    for run in await records.requests.unstarted(datetime.now(UTC)):
        await start(run)
    for run_id, review_id, act in await records.reviews.unshown(datetime.now(UTC)):
        await _show_again(run_id, review_id, act)


async def close_engine(patience_s: int = 20) -> None:
    """Let open workflows finish for *patience_s*; what is left is recovered at the next start."""
    global _engine
    patience_s = patience_s if await _is_busy_after(1.0) else 0
    # In a thread: on the loop it would block the very workflows that it waits for.
    await asyncio.to_thread(DBOS.destroy, workflow_completion_timeout_sec=patience_s)
    # DBOS has shut the loop's default executor down with its own.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(max_workers=8))
    _engine = None


async def _is_busy_after(wait_s: float) -> bool:
    """Say whether workflows are still at work after *wait_s*; DBOS itself would look once a second only."""
    deadline = time.monotonic() + wait_s
    while await DBOS.list_workflows_async(status=["PENDING"], limit=1, load_input=False, load_output=False):
        if time.monotonic() > deadline:
            return True
        await asyncio.sleep(0.02)
    return False


async def waiting() -> int:
    """Return how many runs wait in the queues."""
    return len(await DBOS.list_queued_workflows_async(load_input=False))


async def _schedule(name: str, workflow: Callable[..., Coroutine[Any, Any, None]], cron: str) -> None:
    if await DBOS.get_schedule_async(name) is None:
        await DBOS.create_schedule_async(schedule_name=name, workflow_fn=workflow, schedule=cron)
