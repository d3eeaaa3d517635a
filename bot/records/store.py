"""The database itself: one writer thread with group commit, readers beside it; only records opens it."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from bot.records.database import Database

T = TypeVar("T")

BATCH = 200  # writes that share one commit at most
PAGE = 1_000  # rows that are fetched at once where there may be many

STORE_ERRORS = (sqlite3.Error, psycopg.Error)
"""What a write or a read may raise, whatever the database."""


@dataclass(frozen=True)
class Job:
    """One write that waits: its answer goes to *done* on *loop*."""

    work: Callable[[Database], Any]
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[Any]


Result = tuple[Job, Any, BaseException | None]


class Store(ABC):
    """Where the records are.

    Every write runs on one thread inside a savepoint of its own; writes that wait together share one
    commit, because the commit (an fsync) is what a write costs. A write is answered after its commit.

    Attributes:
        path: the records' file, or where it would be: what is derived of them stands beside it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._readers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="records-read")

    @abstractmethod
    def open(self) -> None:
        """Create or migrate the tables and start the writer.

        Raises:
            STORE_ERRORS: the database cannot be opened, written or migrated.
        """

    async def close(self) -> None:
        """Finish what waits and close every connection."""
        if self._thread is not None:
            self._jobs.put(None)
            await asyncio.to_thread(self._thread.join)
            self._thread = None
        self._readers.shutdown(wait=True)

    async def write(self, work: Callable[[Database], T]) -> T:
        """Run *work* on the writer thread and return its result once it is committed.

        It may be done twice, the first time in vain: it changes nothing but the database.

        Raises:
            STORE_ERRORS: the work or its commit failed; then nothing of it is stored.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._jobs.put(Job(work, loop, done))
        return await done

    async def read(self, work: Callable[[Database], T]) -> T:
        """Run *work* on a reader's connection, beside the writer, and return its result."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, lambda: self.read_now(work))

    @abstractmethod
    async def look(self, work: Callable[[Database], T]) -> T:
        """Look something up by its key. Whatever scans belongs into `read`."""

    @abstractmethod
    async def wipe(self) -> None:
        """Let nothing of what was deleted stand in what the database keeps beside its tables."""

    @abstractmethod
    def read_now(self, work: Callable[[Database], T]) -> T:
        """Run *work* on a connection of the caller's own thread, which waits for it."""

    @abstractmethod
    def pages(self, sql: str, values: Sequence[Any]) -> Iterator[dict[str, Any]]:
        """Yield the rows of a question, however many there are, beside whatever writes meanwhile."""

    @abstractmethod
    def exists(self) -> bool:
        """Say whether there are records yet.

        Raises:
            STORE_ERRORS: a server cannot be reached.
        """

    @abstractmethod
    def do_batch(self, batch: list[Job]) -> list[Result]:
        """Carry *batch*, and what `gather` adds, out in one transaction; say what came of each, after the commit."""

    def begin_writing(self) -> None:  # noqa: B027 - a file needs more than a server
        """Prepare the writer's thread."""

    @abstractmethod
    def end_writing(self) -> None:
        """Close the writer's connection."""

    def start_writer(self) -> None:
        """Start the writer's thread."""
        self._closing = False
        self._thread = threading.Thread(target=self._write_forever, name="records-write", daemon=True)
        self._thread.start()

    def _write_forever(self) -> None:
        self.begin_writing()
        while not self._closing and (job := self._jobs.get()) is not None:
            for done, result, failure in self.do_batch([job]):
                _answer(done, result, failure)
        self.end_writing()

    def gather(self, batch: list[Job]) -> None:
        """Add to *batch* what waits; best when it is this writer's turn, because more comes while it waits for that."""
        while len(batch) < BATCH and not self._closing and not self._jobs.empty():
            more = self._jobs.get()
            if more is None:
                self._closing = True
            else:
                batch.append(more)


def is_damaged(error: BaseException) -> bool:
    """Say whether *error* tells that the file is broken, which no right or newer version mends."""
    # https://www.sqlite.org/rescode.html
    return getattr(error, "sqlite_errorcode", 0) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_away(error: BaseException) -> bool:
    """Say whether *error* tells that the database cannot be used now: asking again can help."""
    return isinstance(
        error,
        sqlite3.OperationalError
        | psycopg.OperationalError
        | psycopg.InterfaceError
        | psycopg.errors.ReadOnlySqlTransaction  # a server that was failed over, and reads only now
        | psycopg.errors.FeatureNotSupported,  # a statement that was prepared before a migration
    )


def _answer(job: Job, result: Any, failure: BaseException | None) -> None:
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
