"""Published guidelines with their rules, who accepted which, and what waits for that."""

from __future__ import annotations

from sqlite_utils import Database

from bot.records.migrating import carry_out, log_events, migrations

GUIDELINES = """
create table guidelines (
    guideline_id integer primary key,
    team_id text not null,
    version integer not null,
    body text not null,
    rules text not null,
    user_id text not null,
    published_at text not null,
    unique (team_id, version)
) strict;

create table guideline_acceptances (
    team_id text not null,
    user_id text not null,
    version integer not null,
    accepted_at text not null,
    primary key (team_id, user_id, version)
) strict;

create table guideline_waits (
    run_id text not null,
    version integer not null,
    guideline integer not null,
    team_id text not null,
    user_id text not null,
    waits_at text not null,
    begun_at text,
    delete_after text not null,
    primary key (run_id, version, guideline)
) strict;
create index guideline_waits_open on guideline_waits (team_id, user_id) where begun_at is null;
create index guideline_waits_delete_after on guideline_waits (delete_after);
"""


@migrations()
def m020_guidelines(db: Database) -> None:
    """Guidelines with rules: published in versions, accepted once each; both stand in the audit log."""
    carry_out(db, GUIDELINES)
    log_events(
        db,
        "guidelines",
        moment="insert",
        when="1",
        event="""
        new.team_id, new.published_at, new.user_id,
        case when new.body = '' then 'guideline-withdrawn' else 'guideline' end, new.version, 'settings', ''
        """,
    )
    log_events(
        db,
        "guideline_acceptances",
        moment="insert",
        when="1",
        event="""
        new.team_id, new.accepted_at, new.user_id, 'guideline-accepted', new.version, 'settings', ''
        """,
    )
