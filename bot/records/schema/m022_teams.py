"""Many workspaces in one installation: what had no team gets one, and what a team's installation is kept in."""

from __future__ import annotations

from sqlite_utils import Database

from bot.records.migrating import carry_out, migrations

INSTALLATIONS = """
create table installations (
    team_id text primary key,
    sealed text not null,
    bot_user_id text not null,
    bot_id text not null,
    team text not null,
    url text not null,
    scopes text not null,
    installed_at text not null,
    expires_at text,
    refreshing_until text
) strict;

create table teams (
    team_id text primary key,
    first_seen_at text not null
) strict;

create table oauth_states (
    state text primary key,
    expires_at text not null
) strict;

alter table posts add column team_id text not null default '';
alter table price_lists add column team_id text not null default '';
alter table documents add column team_id text not null default '';
"""

# Until now an installation had one workspace; before its first request nobody knows which, and it says so at start.
OWN = """coalesce(
    (select team_id from runs order by started_at desc limit 1), (select team_id from people limit 1), '')"""


@migrations()
def m022_teams(db: Database) -> None:
    """Installations of many workspaces, and the team of posts, price lists and documents."""
    carry_out(db, INSTALLATIONS)
    db.execute(
        f"update posts set team_id = coalesce((select team_id from runs where runs.run_id = posts.run_id), {OWN})"
    )
    db.execute(f"update price_lists set team_id = {OWN}")
    db.execute(f"update documents set team_id = {OWN}, source_id = {OWN} || ':' || source_id")
    carry_out(
        db,
        """
        create index posts_channel on posts (team_id, channel_id);
        create index price_lists_team on price_lists (team_id, list_id);
        create index documents_team on documents (team_id);
        """,
    )
