"""Which rows belong to which team: every table says it itself, or hangs on an id or a row that does."""

from __future__ import annotations

from collections.abc import Iterator

from bot import TijdwinstError
from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.store import Store

BEGINS = ("run_id", "set_id", "candidate_id", "screening_id")
"""Ids that begin with their team and a colon."""

HANGS = {
    "passages": ("document_id", "documents"),
    "prices": ("list_id", "price_lists"),
}
"""Tables whose rows belong to a row of another table, by its id."""

NOBODYS = ("_sqlite_migrations", "oauth_states")
"""Tables that hold nothing of any team."""


class UnownedError(TijdwinstError):
    """A table does not say whose its rows are: no row of it may be shown, kept or deleted for a team."""


class TeamError(TijdwinstError):
    """Nobody knows which workspace is meant; the message names those that there are."""


def belongs(table: str, columns: set[str], team_id: str) -> tuple[str, list[str]]:
    """Return the condition for rows of a team, with its values.

    Args:
        columns: the table's columns of text.

    Raises:
        UnownedError: nothing in the table says whose a row is.
    """
    if "team_id" in columns:
        return f"{table}.team_id = ?", [team_id]
    for name in BEGINS:
        if name in columns:
            return f"substr({table}.{name}, 1, {len(team_id) + 1}) = ?", [f"{team_id}:"]
    if table in HANGS:
        name, parent = HANGS[table]
        return f"{table}.{name} in (select {name} from {parent} where team_id = ?)", [team_id]
    raise UnownedError(table)


def team_of(columns: set[str]) -> str | None:
    """Return what of a row names its team; None where it hangs on another row."""
    if "team_id" in columns:
        return "team_id"
    begins = next((name for name in BEGINS if name in columns), None)
    return begins and f"substr({begins}, 1, cast(instr({begins} || ':', ':') - 1 as integer))"


def tables(db: Database) -> Iterator[tuple[str, set[str]]]:
    """Yield the tables that hold rows of teams, with their columns of text; what hangs on others comes first."""
    for name in sorted(db.table_names(), key=lambda name: (name not in HANGS, name)):
        if name not in NOBODYS:
            yield name, db.text_columns(name)


def delete_all(db: Database, team_id: str) -> None:
    """Delete every row of a team within a write that is under way, but the one that says that it left.

    What stands in files goes after it: until then that row has the purge done again.
    """
    # Rows that point at others go with the check at the end of the commit.
    db.defer_checks()
    for table, columns in tables(db):
        if table == "departures":
            continue
        theirs, values = belongs(table, columns, team_id)
        db.execute(f"delete from {table} where {theirs}", values)


def see(db: Database, team_id: str) -> None:
    """Take note that the bot is in a team, within a write that is under way."""
    db.execute(
        "insert into teams (team_id, first_seen_at) values (?, ?) on conflict do nothing",
        [team_id, iso(now())],
    )


class Teams:
    """Which teams there are."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def known(self) -> list[str]:
        """Return every team that anything is kept of."""

        def work(db: Database) -> list[str]:
            said = [table for table, columns in tables(db) if "team_id" in columns]
            asked = " union ".join(f"select team_id from {table}" for table in said)
            return sorted(row[0] for row in db.execute(asked).fetchall() if row[0])

        return await self._store.read(work)

    async def choose(self, given: str) -> str:
        """Return the team that a command is about: the one named, or the only one; empty before there is any.

        Raises:
            TeamError: there are several and none of them is named, or none is called so.
        """
        known = await self.known()
        if given and (given in known or not known):
            return given
        if given or len(known) > 1:
            raise TeamError(f"Name one of these workspaces with --team: {', '.join(known)}.")
        return known[0] if known else ""

    async def adopt(self, team_id: str) -> None:
        """Take note of the team of a bot of its own, and give it what was imported before it was known."""

        def work(db: Database) -> None:
            see(db, team_id)
            db.execute("update price_lists set team_id = ? where team_id = ''", [team_id])
            db.execute(
                "update documents set team_id = ?, source_id = ? || source_id where team_id = ''",
                [team_id, team_id],
            )

        await self._store.write(work)
