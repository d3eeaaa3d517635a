"""Migration 21: a backup that was put back is found at once; the log tells of the knowledge base."""

from __future__ import annotations

from sqlite_utils import Database

from bot.records.migrating import carry_out, log_events, migrations

KEEPING = """
create index audit_restored on audit (happened_at) where act = 'restored';
alter table knowledge_changes add column act text not null default '';
alter table knowledge_changes add column document_id integer not null default 0;
alter table knowledge_changes add column team_id text not null default '';
alter table knowledge_changes add column user_id text not null default '';
"""


@migrations()
def m021_keeping(db: Database) -> None:
    """Let the log tell who changed the knowledge base, and find the last restore without reading all of it."""
    carry_out(db, KEEPING)
    log_events(
        db,
        "knowledge_changes",
        moment="insert",
        when="new.act <> ''",
        # By number: a file's name may hold somebody's name, and the log cannot be changed.
        event="""
        new.team_id, new.changed_at, new.user_id, 'knowledge-' || new.act, new.document_id, 'knowledge', ''
        """,
    )
