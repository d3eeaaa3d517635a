"""The guideline of each workspace: published in versions with its rules, accepted by people, waited for by requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.retention import delete_date
from bot.records.store import Store
from bot.tasks.guideline import NO_RULES, Rules, read_rules, write_rules
from bot.value import UNREVIEWED_DAYS


@dataclass(frozen=True)
class Guideline:
    """A published version; `user_id` is who published it."""

    version: int
    body: str
    rules: Rules
    user_id: str


@dataclass(frozen=True)
class Wait:
    """A version of a run that is written once its asker accepted the guideline."""

    run_id: str
    version: int
    guideline: int


class Guidelines:
    """What was published and accepted; a workspace that published nothing has no rules and no gate."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def current(self, team_id: str) -> Guideline | None:
        """Return what holds now; None before the first, and while the last one is withdrawn."""
        newest = await self.newest(team_id)
        return newest if newest is not None and newest.body else None

    async def rules(self, team_id: str) -> Rules:
        """Return the rules that hold now."""
        holds = await self.current(team_id)
        return holds.rules if holds else NO_RULES

    async def newest(self, team_id: str) -> Guideline | None:
        """Return the newest version, a withdrawal included, whose text is empty."""
        return await self._store.look(lambda db: _newest(db, team_id))

    async def publish(
        self, team_id: str, body: str, rules: Rules, *, user_id: str, over: int
    ) -> Guideline | None:
        """Publish what differs from the newest version as the next one; the same once more publishes nothing.

        Args:
            body: empty to withdraw it, and its rules with it.
            over: the version that its author saw; None comes back when somebody published meanwhile.
        """

        def work(db: Database) -> Guideline | None:
            newest = _newest(db, team_id)
            version = newest.version if newest else 0
            if version != over:
                return None
            if newest and (newest.body, newest.rules) == (body, rules):
                return newest
            db.execute(
                """
                insert into guidelines (team_id, version, body, rules, user_id, published_at)
                values (?, ?, ?, ?, ?, ?)
                """,
                [team_id, version + 1, body, write_rules(rules), user_id, iso(now())],
            )
            if body:
                # Who publishes it has read it.
                _accept(db, team_id, user_id, version + 1)
            return Guideline(version + 1, body, rules, user_id)

        return await self._store.write(work)

    async def accept(self, team_id: str, user_id: str, version: int) -> bool:
        """Keep that somebody accepted the version that holds; False when another one holds. Twice is once."""

        def work(db: Database) -> bool:
            newest = _newest(db, team_id)
            if newest is None or newest.version != version or not newest.body:
                return False
            _accept(db, team_id, user_id, version)
            return True

        return await self._store.write(work)

    async def accepted_at(self, team_id: str, user_id: str, version: int) -> datetime | None:
        """Return when somebody accepted a version; None when they did not."""
        row = await self._store.look(
            lambda db: db.execute(
                """
                select accepted_at from guideline_acceptances
                where (team_id, user_id, version) = (?, ?, ?)
                """,
                [team_id, user_id, version],
            ).fetchone()
        )
        return None if row is None else datetime.fromisoformat(row[0])

    async def wait(self, wait: Wait, *, team_id: str, user_id: str) -> None:
        """Write down that a version of a run waits for its asker; it may be told twice."""
        await self._store.write(
            lambda db: db.execute(
                """
                insert into guideline_waits (run_id, version, guideline, team_id, user_id, waits_at,
                    delete_after) values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing
                """,
                [
                    wait.run_id,
                    wait.version,
                    wait.guideline,
                    team_id,
                    user_id,
                    iso(now()),
                    delete_date(db, team_id=team_id),
                ],
            )
        )

    async def released(self) -> list[Wait]:
        """Return what waits no longer: its asker accepted the version that holds, or none holds any more."""
        return await self._waits(
            """
            where begun_at is null and not exists (
                select 1 from guidelines as holding
                where holding.team_id = guideline_waits.team_id and body <> ''
                    and version = (select max(version) from guidelines where team_id = holding.team_id)
                    and not exists (select 1 from guideline_acceptances as accepted
                        where (accepted.team_id, accepted.user_id, accepted.version)
                            = (guideline_waits.team_id, guideline_waits.user_id, holding.version)))
            """,
            [],
        )

    async def unanswered(self, team_id: str, moment: datetime) -> list[Wait]:
        """Return what waits in a team for a week and longer."""
        week_ago = moment - timedelta(days=UNREVIEWED_DAYS)
        return await self._waits(
            "where team_id = ? and begun_at is null and waits_at < ?", [team_id, iso(week_ago)]
        )

    async def begun(self, wait: Wait) -> None:
        """Write down that a version waits no more."""
        await self._store.write(
            lambda db: db.execute(
                """
                update guideline_waits set begun_at = ?
                where (run_id, version, guideline) = (?, ?, ?) and begun_at is null
                """,
                [iso(now()), wait.run_id, wait.version, wait.guideline],
            )
        )

    async def _waits(self, where: str, values: Sequence[Any]) -> list[Wait]:
        rows = await self._store.read(
            lambda db: db.execute(
                f"select run_id, version, guideline from guideline_waits {where} order by waits_at", values
            ).fetchall()
        )
        return [Wait(*row) for row in rows]


def _newest(db: Database, team_id: str) -> Guideline | None:
    row = db.execute(
        """
        select version, body, rules, user_id from guidelines where team_id = ?
        order by version desc limit 1
        """,
        [team_id],
    ).fetchone()
    return None if row is None else Guideline(row[0], row[1], read_rules(row[2]), row[3])


def _accept(db: Database, team_id: str, user_id: str, version: int) -> None:
    # Not `or ignore`: that would hold within the log's trigger, too.
    db.execute(
        """
        insert into guideline_acceptances (team_id, user_id, version, accepted_at)
        select ?1, ?2, ?3, ?4 where not exists (select 1 from guideline_acceptances
            where (team_id, user_id, version) = (?1, ?2, ?3))
        """,
        [team_id, user_id, version, iso(now())],
    )
