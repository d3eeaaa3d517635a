"""The records in one SQLite file: what opens it, how it is written and read, and when its log is carried in."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import sqlite_utils

from bot.records.database import Database, matches, replaced
from bot.records.schema import migrate
from bot.records.store import PAGE, Job, Result, Store

log = logging.getLogger(__name__)

T = TypeVar("T")

BUSY_TIMEOUT_MS = 30_000
COMMITS = 100  # after so many the log is carried into the file


class FileDatabase(sqlite_utils.Database):
    """A connection of sqlite-utils, with the few methods more that `database.Database` names."""

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> None:
        """Carry out one statement for each of *rows*."""
        self.conn.executemany(sql, rows)

    def table_names(self, fts4: bool = False, fts5: bool = False) -> list[str]:
        """Return the tables, those of SQLite itself left out."""
        return [name for name in super().table_names(fts4, fts5) if not name.startswith("sqlite_")]

    def text_columns(self, table: str, /) -> set[str]:
        """Return the columns of a table that hold text."""
        return {column.name for column in self[table].columns if column.type.lower() == "text"}

    def defer_checks(self) -> None:
        """Check references between tables at the end of the transaction only."""
        self.execute("pragma defer_foreign_keys = on")


class FileStore(Store):
    """The records' SQLite file."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._checkpoints = ThreadPoolExecutor(max_workers=1, thread_name_prefix="records-checkpoint")
        self._carrying = threading.Event()
        self._local = threading.local()
        self._opened: list[FileDatabase] = []
        self._db: FileDatabase | None = None
        self._commits = 0

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
        self.start_writer()

    async def close(self) -> None:
        """Finish what waits and close every connection."""
        await super().close()
        self._checkpoints.shutdown(wait=True)
        for db in self._opened:
            db.close()
        self._opened.clear()

    async def look(self, work: Callable[[Database], T]) -> T:
        """Look something up by its key, on the caller's own thread.

        That takes a twentieth of a millisecond; handing it to another thread takes many times as long, and a
        run looks up twenty things. Whatever scans belongs into `read`.
        """
        return work(self._reader())

    async def wipe(self) -> None:
        """Take what was deleted out of the write-ahead log; the pages themselves are overwritten at once."""
        await asyncio.to_thread(_checkpoint, self.path)

    def read_now(self, work: Callable[[Database], T]) -> T:
        """Run *work* on a connection of the caller's own thread, which waits for it."""
        return work(self._reader())

    def _reader(self) -> FileDatabase:
        db: FileDatabase | None = getattr(self._local, "db", None)
        if db is None:
            db = connect(self.path)
            db.execute("pragma query_only = on")
            self._local.db = db
            self._opened.append(db)
        return db

    def pages(self, sql: str, values: Sequence[Any]) -> Iterator[dict[str, Any]]:
        """Yield the rows of a question, however many there are, beside whatever writes meanwhile."""
        # Read only to the last, so that an export never changes a file of an older version.
        connection = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        try:
            cursor = connection.execute(sql, values)
            while page := cursor.fetchmany(PAGE):
                yield from (dict(row) for row in page)
        finally:
            connection.close()

    def exists(self) -> bool:
        """Say whether there is a file yet."""
        return self.path.exists()

    def begin_writing(self) -> None:
        """Open the writer's connection."""
        self._db = connect(self.path)
        # On this thread a checkpoint would hold up every ack behind it, for two tenths of a second.
        self._db.execute("pragma wal_autocheckpoint = 0")

    def end_writing(self) -> None:
        """Close the writer's connection."""
        if self._db is not None:
            self._db.close()

    def do_batch(self, batch: list[Job]) -> list[Result]:
        """Run *batch* in one transaction, each job in its savepoint."""
        assert self._db is not None
        self.gather(batch)
        results = _commit(self._db, batch)
        self._commits += 1
        if self._commits >= COMMITS and not self._carrying.is_set():
            self._commits = 0
            self._carrying.set()
            self._checkpoints.submit(self._carry)
        return results

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


def connect(path: Path) -> FileDatabase:
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
    connection.create_function("matches", 2, matches, deterministic=True)
    connection.create_function("replaced", 3, replaced, deterministic=True)
    return FileDatabase(connection)


def _commit(db: FileDatabase, batch: list[Job]) -> list[Result]:
    results: list[Result] = []
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
    return results


def _checkpoint(path: Path) -> None:
    db = connect(path)
    db.execute("pragma wal_checkpoint(truncate)").fetchall()
    db.close()
