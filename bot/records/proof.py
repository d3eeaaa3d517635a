"""What the ledger adds up to in a period: sums by SQL, never row by row, so that a million rows stay quick."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from bot.records.database import Database
from bot.records.moments import iso
from bot.records.store import Store
from bot.value import RunSums, Sums

OPEN_MOST = 100
"""So many waiting drafts are looked up; who tells of them says "or more" from there on."""


@dataclass(frozen=True)
class TaskCount:
    """What happened to the runs of one task that were settled in a period.

    Attributes:
        runs: all of them, failed and refused ones too.
        accepted: approved or edited; `as_is` to `heavy` say how much was changed.
        unused: discarded, or not decided on for a week.
        failed: refused or failed: no draft came of them.
        people: how many asked.
        cost_microusd: what the runs with a known price cost; `unpriced` runs are not in it.
        wasted_microusd: the part of it that went into runs of which nothing was used.
        numbers_changed: accepted runs in which a number, date or name was corrected.
        minutes: the sum of the rows' `minutes_saved`.
        baseline_minutes: what the rows take an accepted text for; their mean where it changed.
    """

    task: str
    runs: int
    accepted: int
    as_is: int
    light: int
    moderate: int
    heavy: int
    unused: int
    failed: int
    people: int
    cost_microusd: int
    wasted_microusd: int
    unpriced: int
    numbers_changed: int
    minutes: float
    baseline_minutes: float


@dataclass(frozen=True)
class OpenDraft:
    """A draft that waits for a decision."""

    run_id: str
    user_id: str
    task: str
    delivered_at: str


@dataclass(frozen=True)
class ByHand:
    """One run of the control sample that its asker did by hand."""

    task: str
    minutes: float


@dataclass(frozen=True)
class TaskSums:
    """Group sums, and what their rows take an accepted text for."""

    sums: RunSums
    task: str
    baseline_minutes: float


class Proof:
    """The sums behind the digest, the evaluation and the Home tab."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def run_sums(self, team_id: str, from_: datetime, to: datetime) -> list[TaskSums]:
        """Return the decided runs that were settled in `[from_, to)`, by task, reviewer, month and use."""
        return await self._store.read(lambda db: _run_sums(db, team_id, iso(from_), iso(to)))

    async def runs_in_months(self, team_id: str, months: Collection[str]) -> dict[tuple[str, str], float]:
        """Return the decided runs of each `(task, month)` of *months*, like `2026-11`."""
        marks = ", ".join("?" * len(months))
        rows = await self._store.read(
            lambda db: db.execute(
                f"""
                select task, settled_month, count(*) from runs
                where team_id = ? and settled_month in ({marks}) and minutes_saved is not null
                group by settled_month, task
                """,
                [team_id, *months],
            ).fetchall()
        )
        return {(row[0], row[1]): float(row[2]) for row in rows}

    async def task_counts(self, team_id: str, from_: datetime, to: datetime) -> list[TaskCount]:
        """Return what became of the runs settled in `[from_, to)`, by task, the most runs first."""
        return await self._store.read(lambda db: _task_counts(db, team_id, iso(from_), iso(to)))

    async def people(self, team_id: str, from_: datetime, to: datetime) -> int:
        """Return how many people asked for what was settled in `[from_, to)`."""
        return await self._store.read(
            lambda db: int(
                db.execute(
                    """
                    select count(distinct user_id) from runs
                    where team_id = ? and settled_at >= ? and settled_at < ?
                    """,
                    [team_id, iso(from_), iso(to)],
                ).fetchone()[0]
            )
        )

    async def asked(self, team_id: str, from_: datetime, to: datetime) -> int:
        """Return how many runs were asked for in `[from_, to)`."""
        return await self._store.read(
            lambda db: int(
                db.execute(
                    "select count(*) from runs where team_id = ? and started_at >= ? and started_at < ?",
                    [team_id, iso(from_), iso(to)],
                ).fetchone()[0]
            )
        )

    async def open_drafts(self, team_id: str) -> list[OpenDraft]:
        """Return the drafts that wait for a decision, the oldest first, `OPEN_MOST` of them at most."""
        rows = await self._store.read(
            lambda db: db.execute(
                """
                select run_id, user_id, task, delivered_at from runs indexed by runs_open
                where settled_at is null and delivered_at is not null and team_id = ?
                order by delivered_at limit ?
                """,
                [team_id, OPEN_MOST],
            ).fetchall()
        )
        return [OpenDraft(*row) for row in rows]

    async def by_hand(self, team_id: str, from_: datetime, to: datetime) -> list[ByHand]:
        """Return the control sample of a period: what was done by hand, and how long that took."""
        rows = await self._store.read(
            lambda db: db.execute(
                """
                select task, by_hand_minutes from runs
                where team_id = ? and settled_at >= ? and settled_at < ? and by_hand_minutes is not null
                """,
                [team_id, iso(from_), iso(to)],
            ).fetchall()
        )
        return [ByHand(*row) for row in rows]

    async def spent_microusd(self, team_id: str, from_: datetime, to: datetime) -> tuple[int, int]:
        """Return what the calls of a period cost, decided or not, and how many have an unknown price."""
        row = await self._store.read(
            lambda db: db.execute(
                """
                select coalesce(sum(cost_microusd), 0), count(*) filter (where cost_microusd is null)
                from calls where team_id = ? and called_at >= ? and called_at < ? and result <> 'asked'
                """,
                [team_id, iso(from_), iso(to)],
            ).fetchone()
        )
        return int(row[0]), int(row[1])


def _run_sums(db: Database, team_id: str, from_: str, to: str) -> list[TaskSums]:
    spent = "(asking_minutes + coalesce(review_minutes, 0))"
    said = "review_word is not null"
    clock = "coalesce(review_clock_minutes, 0)"
    # PostgreSQL adds whole numbers up to a decimal.
    added = ", ".join(f"cast(sum({one.name}) as double precision)" for one in fields(Sums))
    # Grouped first by the columns of `runs_sums`, in their order, so that SQLite need not sort the rows.
    rows = db.execute(
        f"""
        select task, reviewer, settled_month, used, {added}, max(baseline_minutes)
        from (
            select task, coalesce(reviewer_id, user_id) as reviewer, settled_month,
                review in ('approved', 'edited') as used,
                count(*) as runs, sum({spent}) as spent_minutes, sum({spent} * {spent}) as spent_squares,
                count(*) filter (where {said}) as said_runs,
                coalesce(sum(case when {said} then review_minutes end), 0.0) as said_minutes,
                coalesce(sum(case when {said} then {clock} end), 0.0) as said_clock_minutes,
                coalesce(sum(case when not {said} then {clock} end), 0.0) as unsaid_clock_minutes,
                count(*) filter (where review_word = '40-plus' and review_typed_minutes is null) as open_ended_runs,
                count(*) filter (where rework_minutes is not null) as rework_runs,
                coalesce(sum(rework_minutes), 0.0) as rework_minutes,
                coalesce(sum(rework_minutes * rework_minutes), 0.0) as rework_squares,
                max(baseline_minutes) as baseline_minutes
            from runs
            where team_id = ? and settled_month between ? and ? and settled_at >= ? and settled_at < ?
                and minutes_saved is not null
            group by settled_month, task, reviewer_id, user_id, review
        ) as grouped
        group by task, reviewer, settled_month, used
        """,
        [team_id, *_months_around(from_, to), from_, to],
    ).fetchall()
    return [
        TaskSums(RunSums(row[0], row[1], row[2], bool(row[3]), Sums(*row[4:-1])), row[0], row[-1])
        for row in rows
    ]


def _months_around(from_: str, to: str) -> tuple[str, str]:
    """Return the first and last month that a row settled in `[from_, to)` can bear, wherever the firm is.

    A row bears the month of the firm's clock at that time, which is 14 hours from UTC at most.
    """
    most = timedelta(hours=14)
    first, last = datetime.fromisoformat(from_) - most, datetime.fromisoformat(to) + most
    return f"{first:%Y-%m}", f"{last:%Y-%m}"


def _task_counts(db: Database, team_id: str, from_: str, to: str) -> list[TaskCount]:
    used = "(review in ('approved', 'edited'))"
    rows = db.query(
        f"""
        select task, count(*) as runs, count(*) filter (where {used}) as accepted,
            count(*) filter (where {used}
                and coalesce(correction, case when review = 'approved' then 'as_is' end) = 'as_is') as as_is,
            count(*) filter (where {used} and correction = 'light') as light,
            count(*) filter (where {used} and correction = 'moderate') as moderate,
            count(*) filter (where {used} and correction = 'heavy') as heavy,
            count(*) filter (where outcome = 'drafted' and not {used}) as unused,
            count(*) filter (where outcome in ('refused', 'failed')) as failed,
            count(distinct user_id) as people,
            coalesce(sum(cost_microusd), 0) as cost_microusd,
            coalesce(sum(case when not {used} then cost_microusd end), 0) as wasted_microusd,
            count(*) filter (where calls_unpriced > 0) as unpriced,
            count(*) filter (where {used}
                and (numbers_changed <> 0 or dates_changed <> 0 or names_changed <> 0)) as numbers_changed,
            coalesce(sum(minutes_saved), 0.0) as minutes,
            coalesce(avg(case when {used} then baseline_minutes end), max(baseline_minutes))
                as baseline_minutes
        from runs where team_id = ? and settled_at >= ? and settled_at < ? and outcome <> 'by_hand'
        group by task order by runs desc, task
        """,
        [team_id, from_, to],
    )
    return [TaskCount(**row) for row in rows]
