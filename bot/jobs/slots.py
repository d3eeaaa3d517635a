"""Which replica is which: a slot held by a lock of the server's, and the taking over of what a dead one left.

The lock belongs to a session, and the server releases it with that: no clocks, and no heartbeat to miss.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import psycopg
from dbos import DBOS
from sqlalchemy.exc import SQLAlchemyError

from bot.jobs.durable import set_pace
from bot.records.postgres import LOCKS, PgDatabase, connect

log = logging.getLogger(__name__)

SLOTS = 1_000  # the second half of a slot's lock, above those of the records
MOST_SLOTS = 1_000
LOOK_EVERY_S = 1.0
MOST_APART = 5  # times that a queue is looked into less often, however many replicas do
QUIET_AFTER_LOSS_S = 5.0
"""A server that came back has lost every lock: the others get so long to take theirs again before one takes over."""


class Slot:
    """This replica's place among those that share a database.

    Attributes:
        number: counted from 0.
        replicas: how many hold a slot, this one among them, when it was last looked.
        away: the database could not be reached then.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._db: PgDatabase | None = None
        self._watching: asyncio.Task[None] | None = None
        self._quiet_until = 0.0
        self._paced = 0
        self.number = -1
        self.replicas = 1
        self.away = False

    @property
    def executor_id(self) -> str:
        """What the engine calls this replica."""
        return f"slot-{self.number}"

    async def take(self) -> None:
        """Take the first free slot.

        Raises:
            psycopg.Error: the server cannot be reached.
            RuntimeError: a thousand replicas hold theirs.
        """
        self.number = await asyncio.to_thread(self._take)

    def watch(self, lost: Callable[[], None]) -> None:
        """Hold on to the slot, and take over from replicas that died, until it is left.

        Args:
            lost: called when another replica has the slot: two of one name would do the same work twice.
        """
        self._watching = asyncio.create_task(self._watch(lost))

    async def is_ours(self) -> bool:
        """Stop watching, and say whether the slot is still this replica's; no when the server cannot be asked."""
        await self._stop_watching()
        try:
            return await asyncio.to_thread(self._hold)
        except psycopg.Error:
            return False

    async def leave(self) -> None:
        """Give the slot back."""
        await self._stop_watching()
        if self._db is not None:
            await asyncio.to_thread(self._db.close)
            self._db = None

    async def _stop_watching(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait({self._watching})

    def _take(self) -> int:
        db = self._db = connect(self._url)
        for number in range(MOST_SLOTS):
            if _lock(db, number):
                return number
        raise RuntimeError(f"{MOST_SLOTS} replicas hold their slots already")

    async def _watch(self, lost: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                if not await asyncio.to_thread(self._hold):
                    log.critical("another replica took %s: this one ends", self.executor_id)
                    lost()
                    return
                self.away = False
                if self._paced != self.replicas:
                    await asyncio.to_thread(self._pace)
                if loop.time() >= self._quiet_until:
                    await asyncio.to_thread(self._take_over)
            except (psycopg.Error, SQLAlchemyError) as error:
                # Whatever was held is gone with the session; the next look takes it again.
                self._quiet_until = loop.time() + QUIET_AFTER_LOSS_S
                if not self.away:
                    log.error("the database is away: %s", str(error).splitlines()[0])
                self.away = True

    def _hold(self) -> bool:
        """Make sure of the slot; False when another replica has it."""
        if self._db is not None and (self._db.conn.broken or self._db.conn.closed):
            self._db.close()
            self._db = None
        if self._db is None:
            db = connect(self._url)
            if not _lock(db, self.number):
                db.close()
                return False
            self._db = db
        rows = self._db.execute(
            """
            select count(*) from pg_locks where locktype = 'advisory' and granted and classid = ?
                and objid >= ? and database = (select oid from pg_database where datname = current_database())
            """,
            [LOCKS, SLOTS],
        ).fetchall()
        self.replicas = max(1, rows[0][0])
        return True

    def _pace(self) -> None:
        """Let all replicas together look into the queues as often as one that is alone.

        Looking costs a tenth of a core, and a run waits no longer, because whoever looks next takes it.
        """
        set_pace(min(self.replicas, MOST_APART))
        self._paced = self.replicas

    def _take_over(self) -> None:
        """Put what a dead replica had at work back into the queues: its lock is free, so it is dead."""
        assert self._db is not None
        pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        others = {one.executor_id for one in pending} - {self.executor_id, None}
        for name in sorted(one for one in others if one and one.startswith("slot-")):
            number = int(name.removeprefix("slot-"))
            if not _lock(self._db, number):
                continue
            try:
                # Not `resume_workflows`, which is public: it forgets how often a run was recovered already.
                taken = DBOS._recover_pending_workflows([name])
                log.warning("%s died: %d of its workflows go on elsewhere", name, len(taken))
            finally:
                self._db.execute("select pg_advisory_unlock(?, ?)", [LOCKS, SLOTS + number])


def _lock(db: PgDatabase, number: int) -> bool:
    rows = db.execute("select pg_try_advisory_lock(?, ?)", [LOCKS, SLOTS + number]).fetchall()
    return bool(rows[0][0])
