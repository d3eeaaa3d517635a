"""The list of migrations, and how one is carried out; only `schema/` adds to it."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("tijdwinst")


def carry_out(db: Database, statements: str) -> None:
    """Execute *statements*, each of which ends with a semicolon at the end of its line."""
    for statement in statements.split(";\n"):
        if statement.strip():
            db.execute(statement)


def log_events(db: Database, table: str, *, moment: str, when: str, event: str) -> None:
    """Let the database log an event whenever *table* changes, in the same commit.

    Args:
        moment: `insert`, or `update of` a column.
        when: a condition on the row; `1` for every row.
        event: team, moment, person, act, subject, class of data, channel, as SQL about `new`.
    """
    db.execute(
        f"""
        create trigger audit_{table} after {moment} on {table} when {when}
        begin
            insert into actors (team_id, user_id)
                select team_id, user_id from ({_event(event)}) as event
                where user_id <> '' and not exists (
                    select 1 from actors where (team_id, user_id) = (event.team_id, event.user_id));
            insert into audit (team_id, happened_at, actor_id, act, subject, data_class, channel_id)
                select team_id, happened_at, (
                    select actor_id from actors where (team_id, user_id) = (event.team_id, event.user_id)),
                    act, subject, data_class, channel_id
                from ({_event(event)}) as event;
        end
        """
    )


def _event(values: str) -> str:
    names = "team_id, happened_at, user_id, act, subject, data_class, channel_id"
    return f"select * from (with event ({names}) as (select {values}) select * from event) as told"
