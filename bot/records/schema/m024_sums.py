"""What the sums of a period are read from."""

from __future__ import annotations

from sqlite_utils import Database

from bot.records.migrating import carry_out, migrations

SUMS = """
drop index runs_month;
create index runs_sums on runs (team_id, settled_month, task, reviewer_id, user_id, review, settled_at,
    asking_minutes, review_minutes, review_word, review_clock_minutes, review_typed_minutes, rework_minutes,
    baseline_minutes) where minutes_saved is not null;
"""


@migrations()
def m024_sums(db: Database) -> None:
    """Hold all that a sum adds up in one index, in the order of its groups: no row is read and nothing sorted."""
    carry_out(db, SUMS)
