"""The database itself: one file, one writer thread with group commit, readers beside it; only records opens it."""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlite_utils import Database

from bot.records.schema import migrate

log = logging.getLogger(__name__)

T = TypeVar("T")

BUSY_TIMEOUT_MS = 30_000
BATCH = 200  # writes that share one commit at most
COMMITS = 100  # after so many the log is carried into the file


@dataclass(frozen=True)
class _Job:
    work: Callable[[Database], Any]
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[Any]


class Store:
    """The records' SQLite file.

    Every write runs on one thread inside a savepoint of its own; writes that wait together share one
    commit, because the commit (an fsync) is what a write costs. A write is answered after its commit.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._readers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="records-read")
        self._checkpoints = ThreadPoolExecutor(max_workers=1, thread_name_prefix="records-checkpoint")
        self._carrying = threading.Event()
        self._local = threading.local()
        self._opened: list[Database] = []

    def open(self) -> None:
        """Create or migrate the file and start the writer.

        Raises:
            sqlite3.Error: the file cannot be opened, written or migrated.
        """
        # Before SQLite makes it: the files beside it get the rights that it has at that moment.
        self.path.touch(mode=0o600)
        db = connect(self.path)
        migrate(db)
        db.close()
        os.chmod(self.path, 0o600)
        self._thread = threading.Thread(target=self._write_forever, name="records-write", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Finish what waits and close every connection."""
        if self._thread is not None:
            self._jobs.put(None)
            await asyncio.to_thread(self._thread.join)
            self._thread = None
        self._readers.shutdown(wait=True)
        self._checkpoints.shutdown(wait=True)
        for db in self._opened:
            db.close()
        self._opened.clear()

    async def write(self, work: Callable[[Database], T]) -> T:
        """Run *work* on the writer thread and return its result once it is committed.

        Raises:
            sqlite3.Error: the work or its commit failed; then nothing of it is stored.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._jobs.put(_Job(work, loop, done))
        return await done

    async def read(self, work: Callable[[Database], T]) -> T:
        """Run *work* on a reader's connection, beside the writer, and return its result."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, lambda: work(self._reader()))

    async def look(self, work: Callable[[Database], T]) -> T:
        """Look something up by its key, on the caller's own thread.

        That takes a twentieth of a millisecond; handing it to another thread takes many times as long, and a
        run looks up twenty things. Whatever scans belongs into `read`.
        """
        return work(self._reader())

    def _reader(self) -> Database:
        db: Database | None = getattr(self._local, "db", None)
        if db is None:
            db = connect(self.path)
            db.execute("pragma query_only = on")
            self._local.db = db
            self._opened.append(db)
        return db

    def _write_forever(self) -> None:
        db = connect(self.path)
        # On this thread a checkpoint would hold up every ack behind it, for two tenths of a second.
        db.execute("pragma wal_autocheckpoint = 0")
        running, commits = True, 0
        while running and (job := self._jobs.get()) is not None:
            batch = [job]
            while len(batch) < BATCH and not self._jobs.empty():
                more = self._jobs.get()
                if more is None:
                    running = False
                    break
                batch.append(more)
            _commit(db, batch)
            commits += 1
            if commits >= COMMITS and not self._carrying.is_set():
                commits = 0
                self._carrying.set()
                self._checkpoints.submit(self._carry)
        db.close()

    def _carry(self) -> None:
        """Carry the log into the file, beside the writer; what a reader still needs stays for the next time."""
        try:
            db = connect(self.path)
            try:
                db.execute("pragma wal_checkpoint(passive)").fetchall()
            finally:
                db.close()
        except sqlite3.Error as error:
            log.warning("the records' log was not carried into the file: %s", error)
        finally:
            self._carrying.clear()


def connect(path: Path) -> Database:
    """Open *path* with the settings that money deserves: WAL, full sync, deleted bytes overwritten."""
    # Readers are closed by the thread that closes the store, so the same-thread check is off; each
    # connection still serves one thread only.
    connection = sqlite3.connect(
        path, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000, check_same_thread=False
    )
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("pragma secure_delete = on")
    connection.execute("pragma foreign_keys = on")
    connection.execute("pragma journal_size_limit = 16777216")
    return Database(connection)


def is_damaged(error: BaseException) -> bool:
    """Say whether *error* tells that the file is broken, which no right or newer version mends."""
    # https://www.sqlite.org/rescode.html
    return getattr(error, "sqlite_errorcode", 0) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _commit(db: Database, batch: list[_Job]) -> None:
    """Run *batch* in one transaction, each job in its savepoint, and answer each after the commit."""
    results: list[tuple[_Job, Any, BaseException | None]] = []
    run = db.conn.execute
    try:
        run("begin immediate")
        for job in batch:
            run("savepoint job")
            try:
                results.append((job, job.work(db), None))
            except Exception as error:  # whatever the work raises belongs to its caller, not to this thread
                run("rollback to job")
                results.append((job, None, error))
            run("release job")
        run("commit")
    except sqlite3.Error as error:
        if db.conn.in_transaction:
            run("rollback")
        results = [(job, None, error) for job in batch]
    for job, result, failure in results:
        _answer(job, result, failure)


def _answer(job: _Job, result: Any, failure: BaseException | None) -> None:
    def settle() -> None:
        if job.done.cancelled():
            return
        if failure is None:
            job.done.set_result(result)
        else:
            job.done.set_exception(failure)

    # A caller whose loop has ended no longer waits for the answer; the write itself is committed.
    if not job.loop.is_closed():
        job.loop.call_soon_threadsafe(settle)
