"""Who is asked today about which draft: a few questions a day each, so that nobody is flooded."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.records.database import Database
from bot.records.moments import iso
from bot.records.store import Store
from bot.value import UNREVIEWED_DAYS

QUESTIONS_A_DAY = 3
"""So many of one kind a person gets in 24 hours, and no more."""

ASKED_FOR_DAYS = 3
"""A question that found no room for so long is not asked any more: the answer stays unknown."""


class Questions:
    """The questions about drafts that are due, and that they were asked."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def reminders_due(self, team_id: str, moment: datetime) -> list[str]:
        """Return the runs that were settled without a decision and are asked about now."""
        return await self._store.read(
            lambda db: _chosen(
                db,
                team_id,
                moment=moment,
                since="settled_at",
                within=(moment - timedelta(days=ASKED_FOR_DAYS), moment),
                person="user_id",
                asked="reminded_at",
                # Rows of a table wait together on one card: 800 questions would help nobody.
                where="decided_at is null and outcome = 'drafted' and surface <> 'table'",
            )
        )

    async def rework_due(self, team_id: str, moment: datetime) -> list[str]:
        """Return the runs that were accepted a week ago and are asked about now."""
        week_ago = moment - timedelta(days=UNREVIEWED_DAYS)
        return await self._store.read(
            lambda db: _chosen(
                db,
                team_id,
                moment=moment,
                since="decided_at",
                within=(week_ago - timedelta(days=ASKED_FOR_DAYS), week_ago),
                person="reviewer_id",
                asked="rework_asked_at",
                where="review in ('approved', 'edited') and surface <> 'table'",
            )
        )

    async def reminded(self, run_id: str, moment: datetime) -> None:
        """Write down that a draft was asked about: once is enough."""
        await self._store.write(
            lambda db: db.execute("update runs set reminded_at = ? where run_id = ?", [iso(moment), run_id])
        )

    async def rework_asked(self, run_id: str, moment: datetime) -> None:
        """Write down that somebody was asked about rework."""
        await self._store.write(
            lambda db: db.execute(
                "update runs set rework_asked_at = ? where run_id = ?", [iso(moment), run_id]
            )
        )


def _chosen(
    db: Database,
    team_id: str,
    *,
    moment: datetime,
    within: tuple[datetime, datetime],
    since: str,
    person: str,
    asked: str,
    where: str,
) -> list[str]:
    """Return the runs to ask about, as many as each person has room for today.

    One of every task first, then the newest: what the answers say speaks for the runs that nobody is asked
    about, so nothing that is known of a text may decide whether it is asked about.
    """
    rows = db.execute(
        f"""
        with due as (
            select run_id, team_id, {person} as person, {since} as since, row_number() over (
                partition by team_id, {person}, task order by {since} desc, run_id) as nth
            from runs
            where team_id = ? and {since} >= ? and {since} < ? and {asked} is null and {where}),
        placed as (
            select run_id, team_id, person, since, row_number() over (
                partition by team_id, person order by nth, since desc, run_id) as place
            from due)
        select run_id from placed
        where place <= ? - (
            select count(*) from runs
            where runs.team_id = placed.team_id and settled_at >= ? and {person} = placed.person
                and {asked} > ?)
        order by since, run_id
        """,
        [
            team_id,
            iso(within[0]),
            iso(within[1]),
            QUESTIONS_A_DAY,
            iso(within[0] - timedelta(days=1)),
            iso(moment - timedelta(days=1)),
        ],
    ).fetchall()
    return [row[0] for row in rows]
