"""What each version of a vacancy's draft proposes."""

from __future__ import annotations

from sqlite_utils import Database

from bot.records.migrating import carry_out, migrations

PROPOSALS = """
create table screening_proposals (
    screening_id text not null,
    version integer not null,
    title text not null,
    criteria text not null,
    criteria_version text not null,
    proposed_at text not null,
    primary key (screening_id, version)
) strict;
insert into screening_proposals (screening_id, version, title, criteria, criteria_version, proposed_at)
    select screening_id, coalesce((select max(version) from drafts where run_id = screening_id), 1),
        title, criteria, criteria_version, created_at
    from screenings where locked_at is null;
"""


@migrations()
def m023_proposals(db: Database) -> None:
    """Until now only the criteria proposed last were kept: they become those of the newest version."""
    carry_out(db, PROPOSALS)
