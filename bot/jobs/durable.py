"""DBOS as this house uses it: steps, workflow ids, queues, turns, and what the workflows work with."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from contextvars import Context
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID
from sqlalchemy.exc import SQLAlchemyError

from bot.jobs.crew import Crew
from bot.jobs.runs import Limits, Outage
from bot.logs import about_run
from bot.records import Records, is_away
from bot.wire import SlackError

log = logging.getLogger(__name__)
Shown = TypeVar("Shown")

VERSION = "1"  # pinned: the default is a hash of the source, and every edit would strand the waiting runs
CRASHED = "MAX_RECOVERY_ATTEMPTS_EXCEEDED"
GIVEN_UP = ("ERROR", CRASHED)
AT_WORK = ("PENDING", "ENQUEUED", "DELAYED")
QUEUES = {"interactive": 0.1, "batch": 0.25}
"""Each queue, and after how many seconds a bot that is alone looks into it again while something waits there."""
IDLE = 4
"""So many times as long it waits when nothing does: a look takes six milliseconds of the processor, day and night."""
SOON_S = 60.0
"""What comes into a queue within this time is waited for; of a longer wait, a second more is no matter."""
MAX_RECOVERIES = 5
CALM_S = 60.0
"""How long a bot must have been up before it tries what was there at too many crashes: one that falls over at once
would crash on anything, and prove nothing."""
MOST_GIVEN_UP = 2
"""So often the engine gives something up at crash upon crash before whoever waits for it is told."""
KEEP_DAYS = 7  # finished workflows; longer than Slack redelivers, because a forgotten id could run again
AGAIN_AFTER_S = 60.0  # what failed by a fault of ours, the first time; twice as long each time after that
MOST_MINUTES_BETWEEN = 60
STEP_ATTEMPTS = 7
STEP_INTERVAL_S = 1.0  # waits of 1, 2, 4 … 32 seconds: about a minute, then the asker is told


class Team(Protocol):
    """What the workflows need of a workspace."""

    crew: Crew


class Teams(Protocol):
    """The workspaces that the bot is in."""

    async def find(self, team_id: str) -> Team:
        """Return a workspace; a `SlackError` that can be waited for when the bot is not in it."""
        ...

    async def is_in(self, team_id: str) -> bool:
        """Say whether the bot is in a workspace: Slack is asked where nothing else tells."""
        ...

    async def installed(self) -> list[str]:
        """Return the ids of all workspaces that the bot is in."""
        ...


@dataclass
class Engine:
    """What the workflows work with; DBOS finds them by name, so they cannot be methods of an object.

    Attributes:
        path: the engine's file; None in PostgreSQL, where other replicas work on the same runs.
        address: the database's, for whoever looks into it when the engine is closed.
        starting: run id -> key of what was started directly and has not come to its turn yet.
        active: how many runs each key has that came to their turn, or wait for it.
        opened_s: when it was put to work, by the monotonic clock.
        hurried: the queues are looked into as often as while something waits there; changed while *pacing* is held.
    """

    records: Records
    limits: Limits
    teams: Teams
    turns: dict[str, asyncio.Lock]
    active: dict[str, int]
    gate: asyncio.Semaphore
    path: Path | None
    address: str
    starting: dict[str, str] = field(default_factory=dict)
    opened_s: float = field(default_factory=time.monotonic)
    hurried: bool = False
    pacing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def shared(self) -> bool:
        """Say whether other replicas may work beside this one: then a turn is the queue's, over all of them."""
        return self.path is None

    @property
    def is_calm(self) -> bool:
        """Say whether the bot has been up for a while."""
        return time.monotonic() - self.opened_s >= CALM_S

    def is_taken(self, key: str) -> bool:
        """Say whether a limit binds for a run of *key*: it has one at work, or the house is full."""
        if self.shared:
            return True
        full = self._at_once >= self.limits.at_once
        return full or key in self.active or key in self.starting.values()

    @property
    def is_filling(self) -> bool:
        """Say whether the house is half full: whoever comes next may have to wait in the queue."""
        return self._at_once >= self.limits.at_once / 2

    @property
    def _at_once(self) -> int:
        return len(self.starting) + sum(self.active.values())


_engine: Engine | None = None


def put_to_work(engine: Engine | None) -> None:
    """Let the workflows work with *engine* from now on; None when it is closed."""
    global _engine
    _engine = engine


def at_work() -> Engine:
    """Return what the workflows work with.

    Raises:
        RuntimeError: the engine is closed.
    """
    if _engine is None:
        raise RuntimeError("the engine is not running")
    return _engine


def team_of(own_id: str) -> str:
    """Return the team of a run, set, candidate or upload: each id begins with it."""
    return own_id.partition(":")[0]


async def crew_of(own_id: str) -> Crew:
    """Return who does the work of the team that *own_id* belongs to, or is.

    Raises:
        SlackError: the bot is not in that workspace.
    """
    return (await at_work().teams.find(team_of(own_id))).crew


def share_a_queue() -> bool:
    """Say whether runs go through the queue that replicas share, whose order is that of their coming into it."""
    return _engine is not None and _engine.shared


async def _may_help(error: BaseException) -> bool:
    """Say whether doing a step again can help; everything else is told to the asker at once."""
    return isinstance(error, Outage) or is_away(error) or (isinstance(error, SlackError) and error.transient)


def slack_is_away(error: BaseException) -> bool:
    """Say whether Slack is down or refuses the token: nobody can be told, and waiting can help."""
    # A step that was tried often enough ends in DBOS' own error, which lists what it met.
    met = getattr(error, "errors", None) or [error]
    return isinstance(met[-1], SlackError) and met[-1].away


def step(
    name: str,
) -> Callable[[Callable[..., Coroutine[Any, Any, Any]]], Callable[..., Coroutine[Any, Any, Any]]]:
    """Make a coroutine a step called *name*: done again where that can help, for about a minute."""
    return DBOS.step(
        name=name,
        retries_allowed=True,
        max_attempts=STEP_ATTEMPTS,
        interval_seconds=STEP_INTERVAL_S,
        backoff_rate=2.0,
        should_retry=_may_help,
    )


async def apart(doing: Coroutine[Any, Any, None]) -> None:
    """Do something outside the step that asks for it: a step may start no workflow, and what starts is no child."""
    await asyncio.create_task(doing, context=Context())


async def begin(
    workflow: Callable[..., Coroutine[Any, Any, None]], *args: Any, workflow_id: str, turn_of: str
) -> None:
    """Start a workflow that takes a turn: at once, or among replicas through the queue, whose partition it is."""
    if at_work().shared:
        await enqueue("interactive", workflow, *args, workflow_id=workflow_id, partition=turn_of)
        return
    with SetWorkflowID(workflow_id):
        await DBOS.start_workflow_async(workflow, *args)


def is_too_soon(failed_ms: list[int]) -> bool:
    """Say whether it is too soon to try again what failed by a fault of ours: 1, 2, 4 … minutes, an hour at most.

    Args:
        failed_ms: when each try of it began, in Unix milliseconds.
    """
    wait_s = AGAIN_AFTER_S * min(2 ** max(0, len(failed_ms) - 1), MOST_MINUTES_BETWEEN)
    return bool(failed_ms) and time.time() - max(failed_ms) / 1000 < wait_s


async def start_again(
    workflow_id: str,
    workflow: Callable[..., Coroutine[Any, Any, None]],
    *args: Any,
    turn_of: str = "",
    instead: Callable[..., Coroutine[Any, Any, None]] | None = None,
) -> None:
    """Start a workflow, or one in the place of it that ended in vain; one that is at work is left alone.

    What failed by a fault of ours is tried again less and less often: it may never be mended.

    Args:
        turn_of: the turn that it takes, if any.
        instead: takes its place, with the same *args*, once the engine gave it up twice at crash upon crash.
    """
    found = await DBOS.list_workflows_async(
        workflow_id_prefix=workflow_id, load_input=False, load_output=False
    )
    again = re.compile(re.escape(workflow_id) + r"(~\d+)?")
    tries = [one for one in found if again.fullmatch(one.workflow_id)]
    if any(one.status in AT_WORK for one in tries):
        return
    if is_too_soon([one.created_at or 0 for one in tries if one.status in GIVEN_UP]):
        return
    if instead is not None and sum(one.status == CRASHED for one in tries) >= MOST_GIVEN_UP:
        workflow = instead
    if tries:
        # Of this minute: what is called twice within it starts one.
        workflow_id += f"~{int(time.time()) // 60}"
    if turn_of:
        await begin(workflow, *args, workflow_id=workflow_id, turn_of=turn_of)
        return
    with SetWorkflowID(workflow_id):
        await DBOS.start_workflow_async(workflow, *args)


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
    if delay_s < SOON_S:
        await hurry()


async def hurry() -> None:
    """Look into the queues often, until nothing waits there; replicas have a pace of their own (`bot.jobs.slots`)."""
    engine = at_work()
    if engine.shared or engine.hurried:
        return
    try:
        async with engine.pacing:
            if not engine.hurried:
                await apart(asyncio.to_thread(set_pace, 1))
                engine.hurried = True
    except SQLAlchemyError as error:
        # What waits is stored, and is taken all the same: a moment later.
        log.warning("the queues are looked into as seldom as before: %s", type(error).__name__)


async def keep_pace() -> None:
    """Look into the queues less often when nothing waits there."""
    engine = at_work()
    if engine.shared:
        return
    # What a schedule starts waits in a queue of DBOS' own.
    waiting = await DBOS.list_workflows_async(
        queue_name=list(QUEUES), status="ENQUEUED", limit=1, load_input=False, load_output=False
    )
    if waiting:
        await hurry()
    elif engine.hurried:
        async with engine.pacing:
            await asyncio.to_thread(set_pace, IDLE)
            engine.hurried = False


def set_pace(times: float) -> None:
    """Let *times* as much time go by between two looks into a queue; it stands in the database, and is read there."""
    for name, every_s in QUEUES.items():
        queue = DBOS.retrieve_queue(name)
        if queue is not None:
            queue.set_polling_interval_sec(every_s * times)


@asynccontextmanager
async def turn(key: str, run_id: str) -> AsyncIterator[None]:
    """Hold the turn of a person in a conversation: a run started directly and a queued one never overlap."""
    engine = at_work()
    engine.starting.pop(run_id, None)
    engine.active[key] = engine.active.get(key, 0) + 1
    lock = engine.turns.setdefault(key, asyncio.Lock())
    try:
        async with lock:
            # What follows a run has a turn of its own, and is about that run all the same.
            with about_run(run_id.split("~")[0]):
                yield
    finally:
        _leave_turn(engine, key)


async def show_in_turn(key: str, showing: Callable[[], Awaitable[Shown]], *, what: str) -> Shown | None:
    """Show something, one at a time for *key*: an older state never covers a newer one, no file is brought twice.

    Returns:
        What *showing* returns; None while Slack is away: *what* then stands in the log, and is shown later.
    """
    try:
        async with turn(key, key):
            return await showing()
    except Exception as error:  # DBOS wraps what a step met, so the type alone does not tell
        if not slack_is_away(error):
            raise
        log.warning("%s is not shown yet: %s", what, error)
        return None


def _leave_turn(engine: Engine, key: str) -> None:
    """Count one run less for a person in a conversation."""
    engine.active[key] -= 1
    if not engine.active[key]:
        del engine.active[key]
        lock = engine.turns.get(key)
        if lock is not None and not lock.locked():
            del engine.turns[key]
