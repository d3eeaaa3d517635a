"""The audit log: who did what with which class of data where; rows are added and never changed.

The database writes most of them itself, in the same commit as the event (`schema/`); here is what else is logged.
Persons stand in `actors`, so that an erasure can give one a pseudonym while the log stays as it was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.store import Store


@dataclass(frozen=True)
class Event:
    """One thing that somebody did; `user_id` is empty for the command line, the clock, and whom nobody knows."""

    happened_at: datetime
    user_id: str
    act: str
    subject: str
    data_class: str
    channel_id: str


class Audit:
    """What was done, newest last."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(
        self,
        team_id: str,
        act: str,
        *,
        user_id: str,
        subject: str = "",
        data_class: str = "",
        channel_id: str = "",
    ) -> None:
        """Log what the database does not see by itself.

        Args:
            act: one of the acts in `docs/privacy.md`, like `blocked`.
            subject: what it was done with, by name: never a text.
            data_class: what kind of data it was, like `bsn`.
        """
        await self._store.write(
            lambda db: log_event(
                db,
                team_id,
                act,
                user_id=user_id,
                subject=subject,
                data_class=data_class,
                # Our conversation with one person would say who they are.
                channel_id="" if channel_id.startswith("D") else channel_id,
            )
        )

    async def newest(self, team_id: str, most: int = 20) -> list[Event]:
        """Return the last *most* events of a workspace, and of the installation, the newest first."""
        rows = await self._store.read(
            lambda db: list(
                db.query(
                    """
                    select happened_at, coalesce(user_id, '') as user_id, act, subject, data_class, channel_id
                    from audit left join actors using (actor_id)
                    where audit.team_id in (?, '') order by event_id desc limit ?
                    """,
                    [team_id, most],
                )
            )
        )
        return [Event(**{**row, "happened_at": datetime.fromisoformat(row["happened_at"])}) for row in rows]


def log_event(
    db: Database,
    team_id: str,
    act: str,
    *,
    user_id: str,
    subject: str = "",
    data_class: str = "",
    channel_id: str = "",
) -> None:
    """Log an event within a write that is under way."""
    if user_id:
        db.execute(
            "insert into actors (team_id, user_id) values (?, ?) on conflict do nothing", [team_id, user_id]
        )
    db.execute(
        """
        insert into audit (team_id, happened_at, actor_id, act, subject, data_class, channel_id)
        values (?, ?, (select actor_id from actors where team_id = ? and user_id = ?), ?, ?, ?, ?)
        """,
        [team_id, iso(now()), team_id, user_id, act, subject, data_class, channel_id],
    )
