"""What the team's text work takes without the bot: its own list, what was timed, and what each task is worth now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.store import Store
from bot.value import LEAST_MINUTES, MOST_MINUTES, Baseline, Guess, Timing, choose_baseline

TIMINGS_KEPT = 30  # the newest count: work changes

USABLE = f"minutes between {LEAST_MINUTES} and {MOST_MINUTES}"
"""What a timing must be to count: a slip of the finger and a clock that jumped are none."""


@dataclass(frozen=True)
class Work:
    """One kind of text work on the team's list: a task's name, or words of their own."""

    work: str
    hours_a_week: float
    guess: Guess

    @property
    def runs_a_month(self) -> float:
        """How often it is done: hours a week over the typical minutes, a twelfth of 52 weeks."""
        return self.hours_a_week * 60 / self.guess.typical * 52 / 12


@dataclass(frozen=True)
class Timer:
    """A timer that runs, or ran; `minutes` is None while it does."""

    timing_id: int
    team_id: str
    user_id: str
    work: str
    started_at: str
    minutes: float | None = None


class Baselines:
    """The list of work, the timers, and the baselines that follow from both."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def put_work(self, team_id: str, work: Work, *, user_id: str, claimed_minutes: float) -> None:
        """Put a kind of work on the list, or change it there; earlier runs are valued anew."""

        def write(db: Database) -> None:
            guess = work.guess
            db.execute(
                """
                insert into inventory (team_id, work, hours_a_week, low_minutes, typical_minutes, high_minutes,
                    user_id, changed_at) values (?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    team_id,
                    work.work,
                    work.hours_a_week,
                    guess.low,
                    guess.typical,
                    guess.high,
                    user_id,
                    iso(now()),
                ],
            )
            _revalue(db, team_id, work.work, claimed_minutes)

        await self._store.write(write)

    async def works(self, team_id: str) -> list[Work]:
        """Return the list, the most hours first; a kind of work with 0 hours was taken off it."""
        rows = await self._store.read(
            lambda db: db.execute(
                """
                select work, hours_a_week, low_minutes, typical_minutes, high_minutes from inventory
                where inventory_id in (
                    select max(inventory_id) from inventory where team_id = ? group by work)
                and hours_a_week > 0 order by hours_a_week desc, work
                """,
                [team_id],
            ).fetchall()
        )
        return [Work(row[0], row[1], Guess(*row[2:])) for row in rows]

    async def start(self, team_id: str, user_id: str, work: str) -> Timer:
        """Start a timer; one that runs already is dropped, as nobody does two texts at once."""

        def write(db: Database) -> Timer:
            at = iso(now())
            db.execute(
                """
                update timings set dropped_at = ? where team_id = ? and user_id = ? and stopped_at is null
                and dropped_at is null
                """,
                [at, team_id, user_id],
            )
            cursor = db.execute(
                "insert into timings (team_id, user_id, work, started_at) values (?, ?, ?, ?) returning timing_id",
                [team_id, user_id, work, at],
            )
            return Timer(int(cursor.fetchone()[0]), team_id, user_id, work, at)

        return await self._store.write(write)

    async def running(self, team_id: str, user_id: str) -> Timer | None:
        """Return the timer that somebody has running."""
        rows = await self._store.read(
            lambda db: _timers(
                db,
                "team_id = ? and user_id = ? and stopped_at is null and dropped_at is null",
                team_id,
                user_id,
            )
        )
        return rows[0] if rows else None

    async def forgotten(self, team_id: str, before: datetime) -> list[Timer]:
        """Return a team's timers that run since before a moment and were not asked about."""
        return await self._store.read(
            lambda db: _timers(
                db,
                "team_id = ? and started_at < ? and stopped_at is null and dropped_at is null and asked_at is null",
                team_id,
                iso(before),
            )
        )

    async def asked(self, timing_id: int) -> None:
        """Write down that the owner of a timer was asked whether it still runs."""
        await self._store.write(
            lambda db: db.execute(
                "update timings set asked_at = ? where timing_id = ?", [iso(now()), timing_id]
            )
        )

    async def drop(self, timing_id: int) -> None:
        """Drop a timer: it tells nothing."""
        await self._store.write(
            lambda db: db.execute(
                "update timings set dropped_at = ? where timing_id = ? and stopped_at is null",
                [iso(now()), timing_id],
            )
        )

    async def drop_asked(self, before: datetime) -> None:
        """Drop the timers whose owners were asked before a moment and said nothing."""
        await self._store.write(
            lambda db: db.execute(
                """
                update timings set dropped_at = ? where asked_at < ? and stopped_at is null and dropped_at is null
                """,
                [iso(now()), iso(before)],
            )
        )

    async def stop(
        self, timing_id: int, *, minutes: float | None = None, claimed_minutes: float
    ) -> Timer | None:
        """Stop a timer by the clock, or with the *minutes* that its owner says; None when it does not run."""

        def write(db: Database) -> Timer | None:
            found = _timers(db, "timing_id = ? and stopped_at is null and dropped_at is null", timing_id)
            if not found:
                return None
            timer, at = found[0], now()
            took = minutes
            if took is None:
                took = round((at - datetime.fromisoformat(timer.started_at)).total_seconds() / 60, 3)
            db.execute(
                "update timings set stopped_at = ?, minutes = ? where timing_id = ?",
                [iso(at), took, timing_id],
            )
            _revalue(db, timer.team_id, timer.work, claimed_minutes)
            return Timer(timing_id, timer.team_id, timer.user_id, timer.work, timer.started_at, took)

        return await self._store.write(write)

    async def timed(self, team_id: str, work: str) -> int:
        """Return how many runs of *work* were timed."""
        return await self._store.read(
            lambda db: int(
                db.execute(
                    f"select count(*) from timings where team_id = ? and work = ? and {USABLE}",
                    [team_id, work],
                ).fetchone()[0]
            )
        )

    async def current(self, team_id: str, work: str, *, claimed_minutes: float) -> Baseline:
        """Return what one accepted text of *work* is worth now."""
        return await self._store.read(lambda db: current_baseline(db, team_id, work, claimed_minutes))


def current_baseline(db: Database, team_id: str, work: str, claimed_minutes: float) -> Baseline:
    """Return the best known baseline: timed, else estimated, else claimed."""
    timings = db.execute(
        f"""
        select minutes, stopped_at from timings where team_id = ? and work = ? and {USABLE}
        order by stopped_at desc limit ?
        """,
        [team_id, work, TIMINGS_KEPT],
    ).fetchall()
    guess = db.execute(
        """
        select low_minutes, typical_minutes, high_minutes from inventory where team_id = ? and work = ?
        order by inventory_id desc limit 1
        """,
        [team_id, work],
    ).fetchone()
    return choose_baseline(
        timings=[Timing(minutes, datetime.fromisoformat(at)) for minutes, at in timings],
        guess=None if guess is None else Guess(*guess),
        claimed_minutes=claimed_minutes,
        now=now(),
    )


def _revalue(db: Database, team_id: str, work: str, claimed_minutes: float) -> None:
    """Keep a new baseline, and value the runs that it replaces an older one for.

    A run is worth what the task takes without the bot, and that is a fact about the task that we now know
    better; rows that kept the older word would mix two kinds of knowledge within one task.
    """
    best = current_baseline(db, team_id, work, claimed_minutes)
    db.execute(
        """
        insert into baselines (team_id, work, kind, low_minutes, typical_minutes, high_minutes, timed_runs,
            valid_from) values (?, ?, ?, ?, ?, ?, ?, ?)
        on conflict (team_id, work, valid_from) do update set kind = excluded.kind,
            low_minutes = excluded.low_minutes, typical_minutes = excluded.typical_minutes,
            high_minutes = excluded.high_minutes, timed_runs = excluded.timed_runs
        """,
        [team_id, work, best.kind, best.low, best.typical, best.high, best.timed_runs, iso(now())],
    )
    db.execute(
        """
        update runs set baseline_minutes = ?, baseline_source = ?,
            minutes_saved = case when minutes_saved is null then null
                when review in ('approved', 'edited') then round(minutes_saved - baseline_minutes + ?, 3)
                else minutes_saved end
        where team_id = ? and task = ?
        """,
        [best.typical, best.kind, best.typical, team_id, work],
    )


def _timers(db: Database, where: str, *values: object) -> list[Timer]:
    rows = db.execute(
        f"""
        select timing_id, team_id, user_id, work, started_at, minutes from timings where {where}
        order by started_at
        """,
        list(values),
    ).fetchall()
    return [Timer(*row) for row in rows]


FORGOTTEN_AFTER = timedelta(hours=4)
DROPPED_AFTER = timedelta(hours=24)
