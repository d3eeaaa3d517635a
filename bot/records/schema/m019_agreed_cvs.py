"""Who agreed to what reading CVs costs."""

from __future__ import annotations

from sqlite_utils import Database

from bot.records.migrating import carry_out, migrations

AGREED = """
alter table screening_candidates add column agreed_at text;
alter table screening_candidates add column agreed_by text;
update screening_candidates set agreed_at = received_at;
"""


@migrations()
def m019_agreed_cvs(db: Database) -> None:
    """CVs wait until somebody has seen the price; those that came before were never asked about."""
    carry_out(db, AGREED)
