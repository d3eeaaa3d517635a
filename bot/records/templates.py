"""Task templates that a team made in Slack: every version kept, and which one is published."""

from __future__ import annotations

from dataclasses import dataclass

from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.store import Store


@dataclass(frozen=True)
class Template:
    """One template as it stands.

    Attributes:
        newest: the number of its newest version, from 1 on.
        published: the version that people get; 0 for none.
        changed_by, changed_at: of the newest version.
    """

    name: str
    newest: int
    published: int
    changed_by: str
    changed_at: str


class Templates:
    """Templates of a workspace; a version is never changed, and publishing is a row of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, team_id: str, name: str, body: str, *, user_id: str, after: int) -> int:
        """Keep a new version and return its number; 0 when *after* is not the newest any more.

        Args:
            body: the text of a task file.
            after: the version that its editor began with; 0 for a new template.
        """

        def work(db: Database) -> int:
            newest = _newest(db, team_id, name)
            if newest != after:
                return 0
            db.execute(
                "insert into templates values (?, ?, ?, ?, ?, ?)",
                [team_id, name, newest + 1, body, user_id, iso(now())],
            )
            return newest + 1

        return await self._store.write(work)

    async def publish(self, team_id: str, name: str, version: int, *, user_id: str) -> bool:
        """Let people get *version*, or with 0 none; False when there is no such version."""

        def work(db: Database) -> bool:
            known = db.execute(
                "select 1 from templates where team_id = ? and name = ? and version = ?",
                [team_id, name, version],
            ).fetchone()
            if version and known is None:
                return False
            db.execute(
                """
                insert into template_states (team_id, name, version, user_id, changed_at) values (?, ?, ?, ?, ?)
                """,
                [team_id, name, version, user_id, iso(now())],
            )
            return True

        return await self._store.write(work)

    async def listing(self, team_id: str) -> list[Template]:
        """Return every template, by name."""
        rows = await self._store.read(
            lambda db: db.execute(
                f"""
                select name, version, {_PUBLISHED}, user_id, created_at from templates
                where team_id = ? and version = (select max(version) from templates as every
                    where every.team_id = templates.team_id and every.name = templates.name)
                order by name
                """,
                [team_id],
            ).fetchall()
        )
        return [Template(*row) for row in rows]

    async def body(self, team_id: str, name: str, version: int) -> str | None:
        """Return the text of one version, or None."""
        row = await self._store.read(
            lambda db: db.execute(
                "select body from templates where team_id = ? and name = ? and version = ?",
                [team_id, name, version],
            ).fetchone()
        )
        return None if row is None else str(row[0])

    async def published(self, team_id: str) -> dict[str, str]:
        """Return the text of each template that people get, by name."""
        rows = await self._store.read(
            lambda db: db.execute(
                f"select name, body from templates where team_id = ? and version = {_PUBLISHED} order by name",
                [team_id],
            ).fetchall()
        )
        return {row[0]: row[1] for row in rows}

    async def current(self, team_id: str) -> dict[str, str]:
        """Return the text of every template by name: what people get, of one that is withdrawn the newest."""
        published = await self.published(team_id)
        return {
            row.name: published.get(row.name) or await self.body(team_id, row.name, row.newest) or ""
            for row in await self.listing(team_id)
        }

    async def teams(self) -> list[str]:
        """Return the workspaces that have templates."""
        rows = await self._store.read(
            lambda db: db.execute("select distinct team_id from templates order by team_id").fetchall()
        )
        return [row[0] for row in rows]


_PUBLISHED = """coalesce((
    select version from template_states as states
    where states.team_id = templates.team_id and states.name = templates.name
    order by change_id desc limit 1), 0)"""


def _newest(db: Database, team_id: str, name: str) -> int:
    row = db.execute(
        "select coalesce(max(version), 0) from templates where team_id = ? and name = ?", [team_id, name]
    ).fetchone()
    return int(row[0])
