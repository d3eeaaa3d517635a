"""Copies of the database files: made beside a running bot, checked, and made ready to take the place of the files."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import sqlite_utils

from bot.records.erased import Erased
from bot.records.restored import note_restore
from bot.records.schema import migrate
from bot.records.sqlite import connect


def copy_database(source: Path, target: Path) -> None:
    """Copy *source* as it stands at one moment; whoever reads or writes it meanwhile is not held up.

    Raises:
        sqlite3.Error: it cannot be read, or the copy not be written.
    """
    with closing(sqlite3.connect(source, timeout=30)) as reading, closing(sqlite3.connect(target)) as writing:
        target.chmod(0o600)
        # All pages in one step: in several, each write of the bot would make it begin anew.
        reading.backup(writing, pages=-1)
        # One file that stands alone: the copy has taken over the journal mode of the original.
        writing.execute("pragma journal_mode = delete")


def what_is_wrong(path: Path) -> str:
    """Say what is wrong with a database file; empty when it is whole."""
    try:
        with _opened(path) as db:
            verdict = str(db.execute("pragma integrity_check").fetchone()[0])
    except sqlite3.Error as error:
        return str(error)
    return "" if verdict == "ok" else verdict.splitlines()[-1]


def unknown_migrations(path: Path) -> list[str]:
    """Return the steps of the schema that a newer version made in a file and this one does not know.

    Raises:
        sqlite3.Error: the file holds no records of ours.
    """
    with _opened(path) as db:
        made = _steps(db)
    ours = sqlite_utils.Database(memory=True)
    migrate(ours)
    known = _steps(ours.conn)
    ours.close()
    return sorted(made - known)


def prepare(records: Path, engine: Path, *, made_at: datetime, erased: list[Erased]) -> int:
    """Make copies ready to take the place of the files, and return how many people are to be erased again.

    What the engine does not know of yet counts as not started, so that the first sweep starts it. The log says that
    a backup was put back, and of which moment: for a day every message is then looked for before it is posted.

    Raises:
        sqlite3.Error: a file cannot be read or written.
    """
    db = connect(records)
    try:
        db.execute("attach database ? as engine", [str(engine)])
        with db.conn:
            db.conn.execute("begin immediate")
            db.execute(
                """
                update requests set started_at = null
                where run_id not in (select run_id from runs where finished_at is not null)
                    and run_id not in (select workflow_uuid from engine.workflow_status)
                """
            )
            again = note_restore(db, made_at=made_at, erased=erased)
        db.execute("detach database engine")
        # One file that stands alone, as it came.
        db.execute("pragma journal_mode = delete").fetchall()
    finally:
        db.close()
    return again


def lost_numbers(before: Path, after: Path) -> list[str]:
    """Return the numbers of quotes that stand in the one file and no more in the other."""
    try:
        with _opened(before) as old, _opened(after) as new:
            return sorted(_quote_numbers(old) - _quote_numbers(new))
    except sqlite3.Error:
        # A file that is damaged tells nothing; that is why a backup takes its place.
        return []


def _quote_numbers(db: sqlite3.Connection) -> set[str]:
    return {
        f"{row[0]}-{row[1]:04}" for row in db.execute("select distinct year, sequence from quote_numbers")
    }


def _steps(db: sqlite3.Connection) -> set[str]:
    return {str(row[0]) for row in db.execute("select name from _sqlite_migrations")}


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file for reading only."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        yield connection
