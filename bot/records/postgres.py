"""The records in PostgreSQL: the same writes and reads as of the file; several replicas write in turn."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Dumper, Loader
from psycopg.conninfo import make_conninfo
from psycopg.types.string import StrDumper

from bot.records.address import patient
from bot.records.dialect import FUNCTIONS, SCHEMA, defines, translate, translate_definition
from bot.records.news import TELLING
from bot.records.schema import every_migration, migrations
from bot.records.store import PAGE, Job, Result, Store, is_away

T = TypeVar("T")

LOCKS = 0x74_69_6A_64
"""The first half of every advisory lock of ours, so that another program's in the same database are others."""

WRITING, MIGRATING = 1, 2

_IDLE_WRITER_S = 15  # a replica that froze within a write gives its turn back after so long


class _Text(StrDumper):
    """Text as SQLite takes it: PostgreSQL refuses the one character that ends a string in C."""

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj.replace("\x00", "\ufffd") if "\x00" in obj else obj)


class _Truth(Dumper):
    """A truth as the number that the columns hold."""

    oid = psycopg.adapters.types["int2"].oid

    def dump(self, obj: bool) -> Buffer | None:
        return b"1" if obj else b"0"


class _ReadTruth(Loader):
    """A truth as SQLite returns it."""

    def load(self, data: Buffer) -> int:
        return int(bytes(data) == b"t")


class _ReadNumber(Loader):
    """A sum of whole numbers as one, every other as a float."""

    def load(self, data: Buffer) -> int | float:
        told = bytes(data).decode()
        return float(told) if "." in told or "N" in told else int(told)


class PgDatabase:
    """One connection, with the methods of `database.Database`."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.conn = connection

    def execute(self, sql: str, parameters: Any = None, /) -> psycopg.Cursor[Any]:
        """Carry out one statement, with a value for each `?`."""
        if defines(sql):
            return self.conn.execute(translate_definition(sql))
        return self.conn.execute(translate(sql), parameters or None)

    def query(self, sql: str, params: Any = None, /) -> Iterator[dict[str, Any]]:
        """Yield the rows of a question by the names of their columns."""
        cursor = self.execute(sql, params)
        names = [column.name for column in cursor.description or ()]
        return (dict(zip(names, row, strict=True)) for row in cursor.fetchall())

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> None:
        """Carry out one statement for each of *rows*."""
        with self.conn.cursor() as cursor:
            cursor.executemany(translate(sql), rows)

    def table_names(self) -> list[str]:
        """Return the tables."""
        rows = self.conn.execute(
            "select tablename from pg_tables where schemaname = $1 order by tablename", [SCHEMA]
        ).fetchall()
        return [row[0] for row in rows]

    def text_columns(self, table: str, /) -> set[str]:
        """Return the columns of a table that hold text."""
        rows = self.conn.execute(
            """
            select column_name from information_schema.columns
            where table_schema = $1 and table_name = $2 and data_type = 'text'
            """,
            [SCHEMA, table],
        ).fetchall()
        return {row[0] for row in rows}

    def defer_checks(self) -> None:
        """Check references between tables at the end of the transaction only."""
        self.conn.execute("set constraints all deferred")

    def close(self) -> None:
        """Close the connection."""
        self.conn.close()


class PgStore(Store):
    """The records in a PostgreSQL database.

    Each replica gathers its writes as the file's writer does, and takes the one lock of all writers with each
    transaction: what holds because there is one writer, holds over all replicas.
    """

    def __init__(self, path: Path, url: str) -> None:
        super().__init__(path)
        self.url = url
        self._db: PgDatabase | None = None
        self._readers_of: dict[int, PgDatabase] = {}

    def open(self) -> None:
        """Create or migrate the schema and start the writer.

        Raises:
            psycopg.Error: the database cannot be reached, or its rights do not suffice.
        """
        migrate(self.url)
        self.start_writer()

    async def close(self) -> None:
        """Finish what waits and close every connection."""
        await super().close()
        for db in self._readers_of.values():
            db.close()
        self._readers_of.clear()

    async def look(self, work: Callable[[Any], T]) -> T:
        """Look something up by its key; on a reader's thread, because the server may be away for a while."""
        return await self.read(work)

    async def wipe(self) -> None:
        """Do nothing: the server reuses what was deleted, and its log is the operator's to keep or to drop."""

    def read_now(self, work: Callable[[Any], T]) -> T:
        """Run *work* on this thread's connection; once more on a new one, when the server has closed that."""
        try:
            return work(self._reader())
        except psycopg.Error as error:
            if not self._drop_reader(error):
                raise
        return work(self._reader())

    def _reader(self) -> PgDatabase:
        me = threading.get_ident()
        db = self._readers_of.get(me)
        if db is None:
            db = self._readers_of[me] = connect(self.url, autocommit=True, read_only=True)
        return db

    def _drop_reader(self, error: psycopg.Error) -> bool:
        """Close this thread's connection if *error* came of it rather than of the question."""
        db = self._readers_of.get(threading.get_ident())
        if db is None or not (db.conn.broken or is_away(error)):
            return False
        self._readers_of.pop(threading.get_ident()).close()
        return True

    def pages(self, sql: str, values: Sequence[Any]) -> Iterator[dict[str, Any]]:
        """Yield the rows of a question, however many there are, beside whatever writes meanwhile."""
        db = connect(self.url, read_only=True)
        try:
            with db.conn.transaction(), psycopg.RawServerCursor(db.conn, "pages") as cursor:
                cursor.execute(translate(sql), values or None)
                names = [column.name for column in cursor.description or ()]
                while page := cursor.fetchmany(PAGE):
                    yield from (dict(zip(names, row, strict=True)) for row in page)
        finally:
            db.close()

    def exists(self) -> bool:
        """Say whether there is a schema yet."""
        db = connect(self.url, read_only=True)
        try:
            return bool(db.table_names())
        finally:
            db.close()

    def do_batch(self, batch: list[Job]) -> list[Result]:
        """Run *batch*, and what waits when it is its turn, in one transaction under the lock of all writers.

        At first in one piece, because a savepoint is a round trip that every other writer waits for. When a job
        fails, nothing was done, and all is done again with a savepoint for each.
        """
        try:
            return self._do_whole(batch) or self._do_apart(batch)
        except psycopg.Error as error:
            self._drop()
            self.gather(batch)  # so that what waits is told at once, not one by one
            return [(job, None, error) for job in batch]

    def end_writing(self) -> None:
        """Close the writer's connection."""
        self._drop()

    def _take_turn(self) -> PgDatabase:
        """Begin a transaction, and wait in it for the lock of all writers."""
        begin = f"begin; select pg_advisory_xact_lock({LOCKS}, {WRITING})"
        if self._db is None:
            self._db = connect(self.url)
        try:
            self._run(begin)
        except psycopg.OperationalError:
            # The server may have closed a connection that nobody used: nothing was done on it yet.
            self._drop()
            self._db = connect(self.url)
            self._run(begin)
        return self._db

    def _do_whole(self, batch: list[Job]) -> list[Result]:
        """Run *batch* in one piece; where a job of several fails nothing is done, and there are no results."""
        db = self._take_turn()
        self.gather(batch)
        results: list[Result] = []
        for job in batch:
            try:
                results.append((job, job.work(db), None))
            except Exception as error:  # whatever the work raises belongs to its caller, not to this thread
                self._undo(error, "rollback")
                return [(job, None, error)] if len(batch) == 1 else []
        self._commit()
        return results

    def _do_apart(self, batch: list[Job]) -> list[Result]:
        """Run *batch* with a savepoint for each job: one that fails is undone alone."""
        db = self._take_turn()
        results: list[Result] = []
        for job in batch:
            self._run("savepoint job")
            try:
                results.append((job, job.work(db), None))
            except (
                Exception
            ) as error:  # whatever the work raises belongs to its caller, and undoes no other job
                self._undo(error, "rollback to savepoint job")
                results.append((job, None, error))
            self._run("release savepoint job")
        self._commit()
        return results

    def _undo(self, error: Exception, statement: str) -> None:
        """Undo what a job did that failed; raise *error* again where it is the connection's or the server's."""
        assert self._db is not None
        if self._db.conn.broken:
            raise error
        self._run(statement)
        if isinstance(error, psycopg.Error) and is_away(error):
            raise error

    def _commit(self) -> None:
        """Commit; of a transaction with an error that a job kept to itself the server says only here that it is undone.

        Raises:
            psycopg.Error: nothing is stored.
        """
        assert self._db is not None
        if self._db.conn.execute("commit").statusmessage != "COMMIT":
            raise psycopg.errors.InFailedSqlTransaction("the writes were undone")

    def _run(self, statements: str) -> None:
        assert self._db is not None
        self._db.conn.execute(statements)

    def _drop(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None


def connect(url: str, *, autocommit: bool = True, read_only: bool = False) -> PgDatabase:
    """Connect to the records' schema.

    Raises:
        psycopg.Error: the server cannot be reached, or refuses.
    """
    connection: psycopg.Connection[Any] = psycopg.connect(
        make_conninfo(patient(url), application_name="tijdwinst"),
        autocommit=autocommit,
        cursor_factory=psycopg.RawCursor,
    )
    adapters = connection.adapters
    adapters.register_dumper(str, _Text)
    adapters.register_dumper(bool, _Truth)
    adapters.register_loader("bool", _ReadTruth)
    adapters.register_loader("numeric", _ReadNumber)
    connection.execute(
        f"set search_path = {SCHEMA}, pg_catalog; set timezone = 'UTC';"
        f" set idle_in_transaction_session_timeout = '{_IDLE_WRITER_S}s';"
        f" set default_transaction_read_only = {'on' if read_only else 'off'}"
    )
    return PgDatabase(connection)


def migrate(url: str) -> None:
    """Bring the schema to the newest migration; replicas that start at once wait for each other.

    Raises:
        psycopg.Error: the server cannot be reached, or its rights do not suffice.
    """
    db = connect(url)
    try:
        with db.conn.transaction():
            db.conn.execute(f"select pg_advisory_xact_lock({LOCKS}, {MIGRATING})")
            known = db.conn.execute("select 1 from pg_namespace where nspname = $1", [SCHEMA]).fetchone()
            if known is None:
                db.conn.execute(f"create schema {SCHEMA}")
            db.conn.execute(FUNCTIONS)
            apply_migrations(db)
            db.conn.execute(TELLING)
    finally:
        db.close()


def apply_migrations(db: PgDatabase) -> None:
    """Carry out every migration that the schema has not seen, in their order."""
    db.execute(
        """
        create table if not exists _sqlite_migrations (id integer primary key, migration_set text,
            name text, applied_at text)
        """
    )
    applied = {row[0] for row in db.execute("select name from _sqlite_migrations").fetchall()}
    for name, carry_out in every_migration():
        if name not in applied:
            carry_out(db)
            db.execute(
                "insert into _sqlite_migrations (migration_set, name, applied_at) values (?, ?, ?)",
                [migrations.name, name, str(datetime.now(UTC))],
            )


def remove(url: str) -> bool:
    """Drop everything of the bot, the engine's too; False while a replica holds a lock of ours.

    Raises:
        psycopg.Error: the server cannot be reached, or its rights do not suffice.
    """
    db = connect(url)
    try:
        held = is_held(db)
        if not held:
            db.conn.execute(f"drop schema if exists {SCHEMA} cascade; drop schema if exists dbos cascade")
        return not held
    finally:
        db.close()


def is_held(db: PgDatabase) -> bool:
    """Say whether a replica holds a lock of ours: then it works on this database."""
    held = db.execute(
        """
        select 1 from pg_locks where locktype = 'advisory' and classid = ?
            and database = (select oid from pg_database where datname = current_database()) limit 1
        """,
        [LOCKS],
    ).fetchone()
    return held is not None
