"""Migration 21: a backup that was put back is found at once; the log tells of the knowledge base."""

from __future__ import annotations

from sqlite_utils import Database

from bot.records.migrating import carry_out, migrations

KEEPING = """
create index audit_restored on audit (happened_at) where act = 'restored';
alter table knowledge_changes add column act text not null default '';
alter table knowledge_changes add column document_id integer not null default 0;
alter table knowledge_changes add column team_id text not null default '';
alter table knowledge_changes add column user_id text not null default '';
"""

# By number: a file's name may hold somebody's name, and the log cannot be changed.
_AUDIT = """
create trigger audit_knowledge_changes after insert on knowledge_changes when new.act <> ''
begin
    insert into actors (team_id, user_id)
        select new.team_id, new.user_id where new.user_id <> '' and not exists (
            select 1 from actors where (team_id, user_id) = (new.team_id, new.user_id));
    insert into audit (team_id, happened_at, actor_id, act, subject, data_class, channel_id)
        select new.team_id, new.changed_at,
            (select actor_id from actors where (team_id, user_id) = (new.team_id, new.user_id)),
            'knowledge-' || new.act, new.document_id, 'knowledge', '';
end
"""


@migrations()
def m021_keeping(db: Database) -> None:
    """Let the log tell who changed the knowledge base, and find the last restore without reading all of it."""
    carry_out(db, KEEPING)
    db.execute(_AUDIT)
