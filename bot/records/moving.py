"""Moves the records of a file into PostgreSQL: table by table, each verified row by row; interrupted, it goes on."""

from __future__ import annotations

import hashlib
import sqlite3
import struct
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import sql

from bot import TijdwinstError
from bot.records.dialect import SCHEMA
from bot.records.postgres import PgDatabase, connect
from bot.records.postgres import migrate as migrate_server
from bot.records.schema import migrate as migrate_file
from bot.records.sqlite import connect as connect_file

PAGE = 2_000
_KEPT = 100_000  # numbers whose text is kept
_NULL, _SEPARATOR = "\x1e", "\x1f"
_TO_TAB = _SEPARATOR.encode()
_SPECIAL = "\\\r\t\x00"
_FIRST_HALF = struct.Struct(">Q8x")
_ESCAPED = str.maketrans(
    {"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t", _NULL: r"\x1e", _SEPARATOR: r"\x1f"}
)
"""What COPY reads otherwise: https://www.postgresql.org/docs/current/sql-copy.html"""
_LEFT_OUT = ("_sqlite_migrations",)

# What the engine knew and the records do not tell by themselves: it begins anew, and finds what is unfinished.
_UNFINISHED = (
    """
    update requests set started_at = null where not exists (
        select 1 from runs where runs.run_id = requests.run_id and finished_at is not null
            and (outcome <> 'waiting' or reason = 'choice'))
        and not exists (select 1 from choices where choices.run_id = requests.run_id and state = 'chosen')
    """,
    """
    update choices set begun_at = null where state = 'chosen' and exists (
        select 1 from runs where runs.run_id = choices.run_id
            and (finished_at is null or outcome = 'waiting'))
    """,
    """
    update reviews set shown_at = null where act = 'redone'
        and review_id = (select max(review_id) from reviews as every where every.run_id = reviews.run_id)
        and version = (select max(version) from drafts where drafts.run_id = reviews.run_id)
    """,
)


class MovingError(TijdwinstError):
    """The records were not moved; the message says why and what to do."""


@dataclass(frozen=True)
class Moved:
    """One table that is there in whole: `before` says that an earlier try had brought it."""

    table: str
    rows: int
    before: bool


def move(path: Path, url: str, *, told: Callable[[Moved], None]) -> None:
    """Move every row of the file at *path*; the bot on it is stopped.

    Each table is one transaction that ends with its verification, so that after an interruption what is there is
    whole, and the rest is moved by the next try.

    Raises:
        MovingError: the database holds other records, or a row did not arrive as it was.
        sqlite3.Error, psycopg.Error: one of the two cannot be used.
    """
    with closing(connect_file(path)) as file:
        migrate_file(file)
    migrate_server(url)
    with closing(sqlite3.connect(path)) as source, closing(connect(url)) as target:
        tables = _in_order(source)
        done = _begin(target, tables)
        for table in tables:
            if table in done:
                told(Moved(table, done[table], before=True))
                continue
            with target.conn.transaction():
                rows = _move(source, target, table)
                target.execute("insert into _moved values (?, ?)", [table, rows])
            told(Moved(table, rows, before=False))
        with target.conn.transaction():
            for statement in _UNFINISHED:
                target.execute(statement)
            target.execute("drop table _moved")


def _begin(target: PgDatabase, tables: list[str]) -> dict[str, int]:
    """Return which tables an earlier try brought; a database that holds records without one is somebody's.

    Raises:
        MovingError: it is.
    """
    if "_moved" in target.table_names():
        return dict(target.execute("select name, rows from _moved").fetchall())
    for table in tables:
        if target.execute(f"select 1 from {table} limit 1").fetchone():
            raise MovingError(
                f"the database of DATABASE_URL holds records already (in {table}): name an empty one."
            )
    target.execute("create table _moved (name text primary key, rows integer not null)")
    return {}


def _in_order(source: sqlite3.Connection) -> list[str]:
    """Return the tables, each after those that it points at."""
    names = [
        row[0]
        for row in source.execute("select name from sqlite_master where type = 'table' order by rowid")
        if not row[0].startswith("sqlite_") and row[0] not in _LEFT_OUT
    ]
    ordered: list[str] = []
    while left := [name for name in names if name not in ordered]:
        for name in left:
            points_at = {row[2] for row in source.execute(f"select * from pragma_foreign_key_list('{name}')")}
            if points_at - {name} <= set(ordered):
                ordered.append(name)
    return ordered


def _move(source: sqlite3.Connection, target: PgDatabase, table: str) -> int:
    """Move one table within a transaction that is under way, and verify it; return how many rows it has.

    Raises:
        MovingError: what arrived is not what was sent.
    """
    told = source.execute(f"select name, lower(type) from pragma_table_info('{table}')").fetchall()
    # Numbers with a point last: the others are joined by the file's own database, which is quicker than we are.
    plain = [name for name, kind in told if kind != "real"]
    real = [name for name, kind in told if kind == "real"]
    # The log tells of these events already; and an index is made quicker than kept.
    target.execute(f"alter table {table} disable trigger user")
    indexes = _drop_indexes(target, table)
    sent, total = 0, 0
    statement = sql.SQL("copy {} ({}) from stdin with (null {})").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, [*plain, *real])), sql.Literal(_NULL)
    )
    with target.conn.cursor() as cursor, cursor.copy(statement) as copying:
        for lines, rows, numbers in _pages(source, table, plain, real):
            copying.write(lines)
            sent, total = sent + rows, total + numbers
    arrived, found = target.execute(_verifying(table, [*plain, *real])).fetchall()[0]
    if (arrived, int(found or 0)) != (sent, total):
        raise MovingError(
            f"{table} did not arrive as it was ({sent} rows sent, {arrived} there): try again, and keep the file."
        )
    for definition in indexes:
        target.execute(definition)
    target.execute(f"alter table {table} enable trigger user")
    _count_on(target, table)
    return sent


def _pages(
    source: sqlite3.Connection, table: str, plain: list[str], real: list[str]
) -> Iterator[tuple[bytes, int, int]]:
    """Yield the lines of a page of rows as COPY reads them, how many they are, and the sum that stands for them."""
    every = [*plain, *real]
    joined = f" || '{_SEPARATOR}' || ".join(f"coalesce({name}, '{_NULL}')" for name in plain)
    nulls = " + ".join(f"({name} is null)" for name in every)
    reals = "".join(f", {name}" for name in real)
    cursor = source.execute(f"select rowid, {nulls}, {joined}{reals} from {table}")
    beside = source.cursor()
    told_as = _Reals()
    while page := cursor.fetchmany(PAGE):
        told = [_SEPARATOR.join((row[2], *map(told_as.__getitem__, row[3:]))) for row in page]
        text = "\n".join(told)
        if _is_plain(text, len(page), separators=len(every) - 1, nulls=sum(row[1] for row in page)):
            encoded = text.encode()
            yield encoded.replace(_TO_TAB, b"\t") + b"\n", len(page), _sum(encoded.split(b"\n"))
            continue
        slowly = [
            _slowly(
                beside.execute(f"select {', '.join(every)} from {table} where rowid = ?", [row[0]]).fetchone()
            )
            for row in page
        ]
        lines = "".join(f"{line}\n" for _, line in slowly)
        yield lines.encode(), len(page), _sum([one.encode() for one, _ in slowly])


def _is_plain(text: str, rows: int, *, separators: int, nulls: int) -> bool:
    """Say whether a page of rows is what COPY reads as it stands: whatever parts it is ours, not a cell's."""
    # No row can have fewer of them than it should, so the sums of a page tell of each row.
    return (
        not any(character in text for character in _SPECIAL)
        and text.count("\n") == rows - 1
        and text.count(_SEPARATOR) == separators * rows
        and text.count(_NULL) == nulls
    )


def _sum(rows: list[bytes]) -> int:
    """Return the sum that stands for rows: of the first 56 bits of a hash of each, in whatever order."""
    hashes = b"".join([hashlib.md5(row, usedforsecurity=False).digest() for row in rows])
    return sum(first >> 8 for (first,) in _FIRST_HALF.iter_unpack(hashes))


def _slowly(row: tuple[Any, ...]) -> tuple[str, str]:
    """Return a row as it is summed, and as COPY reads it, whatever characters are in it."""
    # The one character that PostgreSQL refuses in a text; Slack hardly ever passes it on.
    cells = [
        None
        if value is None
        else _real(value)
        if isinstance(value, float)
        else str(value).replace("\x00", "\ufffd")
        for value in row
    ]
    told = _SEPARATOR.join(_NULL if cell is None else cell for cell in cells)
    line = "\t".join(_NULL if cell is None else cell.translate(_ESCAPED) for cell in cells)
    return told, line


def _real(value: float | None) -> str:
    """Return a number as PostgreSQL writes it: the shortest text that reads back as the same."""
    return _NULL if value is None else repr(value).removesuffix(".0")


class _Reals(dict[float | None, str]):
    """Numbers as PostgreSQL writes them, each written once: those of a column are much the same."""

    def __missing__(self, value: float | None) -> str:
        told = _real(value)
        if len(self) < _KEPT:
            self[value] = told
        return told


def _verifying(table: str, columns: list[str]) -> str:
    """Return the question that counts the rows of a table and sums them as they were sent, of what is stored there."""
    parts = " || chr(31) || ".join(f"coalesce({name}::text, chr(30))" for name in columns)
    return f"select count(*), sum(('x' || substr(md5({parts}), 1, 14))::bit(56)::bigint) from {table}"


def _drop_indexes(target: PgDatabase, table: str) -> list[str]:
    """Drop the indexes of a table that hold no rule, and return how they are made again."""
    rows = target.execute(
        """
        select index.relname, pg_get_indexdef(indexrelid) from pg_index
        join pg_class as index on index.oid = indexrelid
        where indrelid = to_regclass(?) and not exists (
            select 1 from pg_constraint where conindid = indexrelid)
        """,
        [f"{SCHEMA}.{table}"],
    ).fetchall()
    for name, _ in rows:
        target.execute(f"drop index {name}")
    return [definition for _, definition in rows]


def _count_on(target: PgDatabase, table: str) -> None:
    """Let a table that numbers its rows go on after the highest number."""
    for (column,) in target.execute(
        "select column_name from information_schema.columns where table_schema = ? and table_name = ?"
        " and is_identity = 'YES'",
        [SCHEMA, table],
    ).fetchall():
        target.execute(
            f"""
            select setval(pg_get_serial_sequence(?, ?), coalesce(max({column}), 0) + 1, false) from {table}
            """,
            [f"{SCHEMA}.{table}", column],
        )
