"""What is written down when a backup was put back, so that nothing comes twice and nobody's erasure is undone."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.records.audit import log_event
from bot.records.database import Database
from bot.records.erased import Erased, erasures_since
from bot.records.moments import iso
from bot.records.postgres import connect, is_held, migrate


@dataclass(frozen=True)
class Noted:
    """What was taken note of.

    Attributes:
        made_at: the last moment that is known of what was put back.
        erased_again: people whom the bot erases anew at its start.
    """

    made_at: datetime
    erased_again: int


def note_restore(db: Database, *, made_at: datetime, erased: list[Erased]) -> int:
    """Log that a backup was put back, and of which moment; return how many people are to be erased again.

    For a day every message is looked for in Slack before it is posted.
    """
    again = [one for one in _people(db) if any(each.is_of(*one) for each in erased)]
    for team_id, user_id in again:
        db.execute(
            "insert into erasures values (?, ?, ?, ?) on conflict do nothing",
            [team_id, user_id, f"erased-{uuid.uuid4().hex[:12]}", iso(made_at)],
        )
    log_event(db, "", "restored", user_id="", subject=iso(made_at), data_class="backup")
    return len(again)


def note_dump(url: str, folder: Path) -> Noted | None:
    """Take note that the database at *url* was filled from a dump; None while a bot runs on it.

    Args:
        folder: where erasures are written down.

    Raises:
        psycopg.Error: the server cannot be reached, or its rights do not suffice; then nothing has changed.
        OSError: the folder cannot be read.
    """
    migrate(url)
    db = connect(url, autocommit=False)
    try:
        if is_held(db):
            return None
        # A minute before the dump at most: the engine sweeps each minute, and every sweep is a row of its own.
        (newest_ms,) = db.execute("select max(created_at) from dbos.workflow_status").fetchall()[0]
        made_at = datetime.fromtimestamp((newest_ms or 0) / 1000, UTC)
        again = note_restore(db, made_at=made_at, erased=erasures_since(folder, made_at))
        db.conn.commit()
    finally:
        db.close()
    return Noted(made_at, again)


def _people(db: Database) -> list[tuple[str, str]]:
    """Return team and id of everybody whom a row of the records is of."""
    theirs = [table for table in db.table_names() if {"team_id", "user_id"} <= db.text_columns(table)]
    asked = " union ".join(f"select team_id, user_id from {table} where user_id <> ''" for table in theirs)
    return [(str(row[0]), str(row[1])) for row in db.execute(asked).fetchall()]
