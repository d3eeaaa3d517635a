"""What a workspace told about itself in Slack: the firm, its tone, its guideline; each change kept."""

from __future__ import annotations

import json

from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.store import Store

_PREFIX = "firm."  # of their names among the other settings


class Firms:
    """The firm's own words; they stand among the workspace's settings, and go before `_company.md`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, team_id: str) -> dict[str, str]:
        """Return what was told, by name; what was emptied again is there as an empty text."""
        return await self._store.look(lambda db: _latest(db, team_id))

    async def change(self, team_id: str, told: dict[str, str], *, user_id: str) -> list[str]:
        """Keep what differs from what holds now, and return the names of it."""

        def work(db: Database) -> list[str]:
            before = _latest(db, team_id)
            changed = [name for name, value in told.items() if value != before.get(name, "")]
            for name in changed:
                db.execute(
                    """
                    insert into workspace_settings (team_id, name, value, user_id, changed_at)
                    values (?, ?, ?, ?, ?)
                    """,
                    [
                        team_id,
                        _PREFIX + name,
                        json.dumps(told[name], ensure_ascii=False),
                        user_id,
                        iso(now()),
                    ],
                )
            return changed

        return await self._store.write(work)


def _latest(db: Database, team_id: str) -> dict[str, str]:
    rows = db.execute(
        """
        select name, value from workspace_settings where change_id in (
            select max(change_id) from workspace_settings
            where team_id = ? and substr(name, 1, ?) = ? group by name)
        """,
        [team_id, len(_PREFIX), _PREFIX],
    ).fetchall()
    return {name.removeprefix(_PREFIX): str(json.loads(value)) for name, value in rows}
