"""Where the bot is installed by OAuth: its sealed tokens, one row per workspace; and the states of who installs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.store import Store
from bot.records.teams import see

FIELDS = "team_id, sealed, bot_user_id, bot_id, team, url, scopes, expires_at"


@dataclass(frozen=True)
class Installed:
    """The bot in one workspace.

    Attributes:
        sealed: its tokens, encrypted before they come here.
        url: the workspace's address.
        scopes: what the token may do, with commas.
        expires_at: when the token ends; None for one that does not.
    """

    team_id: str
    sealed: str = field(repr=False)
    bot_user_id: str
    bot_id: str
    team: str
    url: str
    scopes: str
    expires_at: datetime | None


class Installations:
    """The workspaces that installed the bot."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def teams(self) -> list[str]:
        """Return the workspaces that the bot is installed in."""
        rows = await self._store.read(
            lambda db: db.execute("select team_id from installations order by team_id").fetchall()
        )
        return [row[0] for row in rows]

    async def get(self, team_id: str) -> Installed | None:
        """Return the bot's installation in a workspace, or None."""
        row = await self._store.look(
            lambda db: db.execute(
                f"select {FIELDS} from installations where team_id = ?", [team_id]
            ).fetchone()
        )
        if row is None:
            return None
        told = dict(zip(FIELDS.split(", "), row, strict=True))
        ends = told.pop("expires_at")
        return Installed(**told, expires_at=datetime.fromisoformat(ends) if ends else None)

    async def put(self, one: Installed) -> None:
        """Keep an installation, instead of an earlier one of the same workspace, which is there again."""

        def work(db: Database) -> None:
            db.execute("delete from installations where team_id = ?", [one.team_id])
            db.execute("delete from departures where team_id = ?", [one.team_id])
            see(db, one.team_id)
            db.execute(
                f"insert into installations ({FIELDS}, installed_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    one.team_id,
                    one.sealed,
                    one.bot_user_id,
                    one.bot_id,
                    one.team,
                    one.url,
                    one.scopes,
                    iso(one.expires_at) if one.expires_at else None,
                    iso(now()),
                ],
            )

        await self._store.write(work)

    async def delete(self, team_id: str) -> None:
        """Delete the tokens of a workspace; what else is kept of it has days of its own."""
        await self._store.write(
            lambda db: db.execute("delete from installations where team_id = ?", [team_id])
        )

    async def claim_refresh(
        self, team_id: str, moment: datetime, *, early: timedelta, lease: timedelta
    ) -> str:
        """Claim the refreshing of a token that ends soon, and return the claim; empty when somebody else has it.

        Each refresh token may be used once only.

        Args:
            early: how long before its end a token is refreshed.
            lease: after so long somebody else may claim it, because whoever did has died.
        """
        claim = iso(moment + lease)

        def work(db: Database) -> str:
            cursor = db.execute(
                """
                update installations set refreshing_until = ?
                where team_id = ? and expires_at <= ? and coalesce(refreshing_until, '') <= ?
                """,
                [claim, team_id, iso(moment + early), iso(moment)],
            )
            return claim if cursor.rowcount else ""

        return await self._store.write(work)

    async def refreshed(self, team_id: str, *, claim: str, sealed: str, expires_at: datetime) -> None:
        """Keep tokens that were refreshed under a claim; not over those of a newer installation, which ends it."""
        await self._store.write(
            lambda db: db.execute(
                """
                update installations set sealed = ?, expires_at = ?, refreshing_until = null
                where team_id = ? and refreshing_until = ?
                """,
                [sealed, iso(expires_at), team_id, claim],
            )
        )

    async def release_refresh(self, team_id: str) -> None:
        """Let the next one refresh: Slack was away."""
        await self._store.write(
            lambda db: db.execute(
                "update installations set refreshing_until = null where team_id = ?", [team_id]
            )
        )

    async def add_state(self, state: str, *, expires_at: datetime) -> None:
        """Keep the state of somebody who begins to install, and forget those that nobody came back with."""

        def work(db: Database) -> None:
            db.execute("delete from oauth_states where expires_at < ?", [iso(now())])
            db.execute("insert into oauth_states (state, expires_at) values (?, ?)", [state, iso(expires_at)])

        await self._store.write(work)

    async def use_state(self, state: str) -> bool:
        """Use a state up; False when it was used before, is too old, or none of ours."""

        def work(db: Database) -> bool:
            cursor = db.execute(
                "delete from oauth_states where state = ? and expires_at >= ?", [state, iso(now())]
            )
            return bool(cursor.rowcount)

        return await self._store.write(work)
