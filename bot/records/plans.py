"""What is planned to be brought again at a moment, and what came of it; the texts themselves stay with the draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.store import Store
from bot.tasks import Run

ALL = ""
"""The part that stands for every post of a draft, also those that a redo still adds."""

ANSWERED_WITHIN = timedelta(days=30)
"""So long a text that was brought is kept for the answer to it."""

Outcome = Literal["", "posted", "cancelled", "withdrawn"]


@dataclass(frozen=True)
class Plan:
    """One post that is to be brought at a moment.

    Attributes:
        part: the key of its platform, or `ALL`.
        user_id: who planned it, and gets it.
        sent: it was brought.
        outcome: what ended it; empty while nothing did. `withdrawn`: the draft was not accepted any more.
    """

    run_id: str
    part: str
    team_id: str
    user_id: str
    due: datetime
    sent: bool = False
    outcome: Outcome = ""


class Plans:
    """Plans: one per run and part, the last word about each."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def put(
        self,
        run_id: str,
        parts: Sequence[str],
        *,
        team_id: str,
        user_id: str,
        due: datetime,
        known: Sequence[str] = (),
    ) -> None:
        """Plan *parts* of a draft for *due*, or move them there; twice is once.

        Args:
            known: every part of the draft: a plan for all of it is split into these first.
        """

        def work(db: Database) -> None:
            if ALL in parts:
                db.execute(
                    "delete from plans where run_id = ? and ended_at is null and sent_at is null", [run_id]
                )
            else:
                _split(db, run_id, known)
            for part in parts:
                _put(db, Plan(run_id, part, team_id, user_id, due))

        await self._store.write(work)

    async def take_wish(self, run: Run, *, words: str, due: datetime | None) -> None:
        """Leave a request with *words*, without its wish to be reminded, and plan all of its draft for *due*.

        In one write, so that a wish is taken once; *due* is None where it names a moment that cannot be.
        """

        def work(db: Database) -> None:
            db.execute("update requests set words = ? where run_id = ?", [words, run.run_id])
            if due is not None:
                _put(db, Plan(run.run_id, ALL, run.team_id, run.user_id, due))

        await self._store.write(work)

    async def get(self, run_id: str, part: str) -> Plan | None:
        """Return what was planned last of a part, or None."""
        found = await self._store.read(
            lambda db: list(db.query("select * from plans where run_id = ? and part = ?", [run_id, part]))
        )
        return _plan(found[0]) if found else None

    async def open(self, run_id: str) -> list[Plan]:
        """Return what is still to come of a draft, the first first."""
        rows = await self._store.look(
            lambda db: list(
                db.query(
                    """
                    select * from plans where run_id = ? and ended_at is null and sent_at is null
                    order by due_at, part
                    """,
                    [run_id],
                )
            )
        )
        return [_plan(row) for row in rows]

    async def of_person(self, team_id: str, user_id: str) -> list[Plan]:
        """Return what is still to come for somebody, the first first."""
        rows = await self._store.read(
            lambda db: list(
                db.query(
                    """
                    select * from plans where team_id = ? and user_id = ? and ended_at is null and sent_at is null
                    order by due_at, run_id, part
                    """,
                    [team_id, user_id],
                )
            )
        )
        return [_plan(row) for row in rows]

    async def due(self, team_id: str, moment: datetime) -> list[Plan]:
        """Return what is to be brought at *moment*."""
        rows = await self._store.read(
            lambda db: list(
                db.query(
                    """
                    select * from plans where team_id = ? and due_at <= ? and ended_at is null and sent_at is null
                    order by due_at, run_id, part
                    """,
                    [team_id, iso(moment)],
                )
            )
        )
        return [_plan(row) for row in rows]

    async def split(self, run_id: str, known: Sequence[str]) -> None:
        """Let a plan for all of a draft become one for each of its parts."""
        await self._store.write(lambda db: _split(db, run_id, known))

    async def sent(self, plan: Plan) -> None:
        """Write down that a plan was brought; one that was moved meanwhile is still to come."""
        await self._store.write(
            lambda db: db.execute(
                "update plans set sent_at = ? where run_id = ? and part = ? and due_at = ? and ended_at is null",
                [iso(now()), plan.run_id, plan.part, iso(plan.due)],
            )
        )

    async def end(self, plan: Plan, outcome: Outcome) -> bool:
        """Write down what became of a plan; False when it ended before, or was moved."""

        def work(db: Database) -> bool:
            cursor = db.execute(
                """
                update plans set ended_at = ?, outcome = ?
                where run_id = ? and part = ? and due_at = ? and ended_at is null
                """,
                [iso(now()), outcome, plan.run_id, plan.part, iso(plan.due)],
            )
            return bool(cursor.rowcount)

        return await self._store.write(work)

    async def cancel(self, run_id: str, due: datetime | None = None) -> int:
        """Cancel what is still to come of a draft, at *due* or at all; return how many that were."""
        return await self._store.write(lambda db: _cancel(db, run_id, due))

    async def discard(self, run_id: str, review_id: int) -> bool:
        """Cancel what is still to come of a draft that was thrown away; True when that decision ended anything.

        It says the same whenever it is asked: whom it concerns may not have been reached the first time.
        """

        def work(db: Database) -> bool:
            _cancel(db, run_id)
            ended = db.execute(
                """
                select 1 from plans where run_id = ? and outcome = 'cancelled' and sent_at is null
                    and ended_at >= (select decided_at from reviews where review_id = ?)
                """,
                [run_id, review_id],
            )
            return ended.fetchone() is not None

        return await self._store.write(work)

    async def move(self, from_run_id: str, to_run_id: str) -> None:
        """Let what was planned with a request that failed hold for the one in its place."""
        await self._store.write(
            lambda db: db.execute(
                """
                update plans set run_id = ? where run_id = ? and ended_at is null and not exists (
                    select 1 from plans as there where there.run_id = ? and there.part = plans.part)
                """,
                [to_run_id, from_run_id, to_run_id],
            )
        )

    async def newest(
        self,
        team_id: str,
        user_id: str,
        *,
        tasks: Sequence[str],
        channel_id: str,
        thread_ts: str,
        since: datetime,
    ) -> str:
        """Return the newest run of *tasks* that somebody has a draft of and did not discard; empty for none.

        It was written *since* a moment, and rests on the thread, or without one stands in the channel.
        """
        marks = ", ".join("?" * len(tasks))
        row = await self._store.read(
            lambda db: db.execute(
                f"""
                select drafts.run_id from runs join requests using (run_id) join drafts using (run_id)
                where runs.team_id = ? and runs.user_id = ? and runs.task in ({marks})
                    and drafts.created_at >= ? and runs.review <> 'discarded'
                    and case when ? = ''
                        then exists (select 1 from posts where posts.run_id = runs.run_id and channel_id = ?)
                        else requests.source_channel_id = ? and requests.source_ts = ? end
                order by drafts.created_at desc limit 1
                """,
                [team_id, user_id, *tasks, iso(since), thread_ts, channel_id, channel_id, thread_ts],
            ).fetchone()
        )
        return "" if row is None else str(row[0])


def _put(db: Database, plan: Plan, planned_at: str = "") -> None:
    """Write a plan down in the place of what was planned of its part before; without *planned_at* it is of now."""
    db.execute(
        """
        insert into plans (run_id, part, team_id, user_id, due_at, planned_at) values (?, ?, ?, ?, ?, ?)
        on conflict (run_id, part) do update set user_id = excluded.user_id, due_at = excluded.due_at,
            planned_at = excluded.planned_at, sent_at = null, ended_at = null, outcome = null
        """,
        [plan.run_id, plan.part, plan.team_id, plan.user_id, iso(plan.due), planned_at or iso(now())],
    )


def _cancel(db: Database, run_id: str, due: datetime | None = None) -> int:
    cursor = db.execute(
        """
        update plans set ended_at = ?, outcome = 'cancelled'
        where run_id = ? and ended_at is null and sent_at is null and due_at = coalesce(?, due_at)
        """,
        [iso(now()), run_id, iso(due) if due else None],
    )
    return int(cursor.rowcount)


def keeps_text(moment: datetime) -> tuple[str, list[str]]:
    """Return the condition, with its values, under which the texts of a run are not deleted yet."""
    return (
        "run_id in (select run_id from plans where ended_at is null and coalesce(sent_at, ?) >= ?)",
        [iso(moment), iso(moment - ANSWERED_WITHIN)],
    )


def _split(db: Database, run_id: str, known: Sequence[str]) -> None:
    whole = db.execute(
        """
        delete from plans where run_id = ? and part = ? and ended_at is null and sent_at is null
        returning team_id, user_id, due_at, planned_at
        """,
        [run_id, ALL],
    ).fetchone()
    for part in known if whole else ():
        team_id, user_id, due_at, planned_at = whole
        _put(db, Plan(run_id, part, team_id, user_id, datetime.fromisoformat(due_at)), planned_at)


def _plan(row: dict[str, Any]) -> Plan:
    return Plan(
        run_id=row["run_id"],
        part=row["part"],
        team_id=row["team_id"],
        user_id=row["user_id"],
        due=datetime.fromisoformat(row["due_at"]),
        sent=row["sent_at"] is not None,
        outcome=row["outcome"] or "",
    )
