"""What may be spent: the sums that a new call is held against, and who lifted which limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot import TijdwinstError
from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.store import Store

LimitKind = Literal["run", "day", "month"]


@dataclass(frozen=True)
class Limit:
    """What the calls of a run, of a person's day or of a team's month may cost together.

    Attributes:
        subject: the run, the person, or nothing where it is the whole team.
        period: the day or month it is about, as in `2026-11-03`; empty for a run.
        since: the moment that the period began.
    """

    kind: LimitKind
    team_id: str
    subject: str
    period: str
    since: datetime
    most_microusd: int


class OverLimitError(TijdwinstError):
    """A call would cost more than a limit leaves; nothing was written.

    Attributes:
        spent_microusd: what is spent, with what open calls may still cost.
        reached_at: when the last of it was booked; None before the first call.
    """

    def __init__(self, limit: Limit, spent_microusd: int, reached_at: datetime | None) -> None:
        super().__init__(limit.kind)
        self.limit = limit
        self.spent_microusd = spent_microusd
        self.reached_at = reached_at


@dataclass(frozen=True)
class Lift:
    """A limit that an admin took away for its period."""

    lift_id: int
    team_id: str
    kind: LimitKind
    subject: str
    period: str
    user_id: str
    lifted_at: datetime


class Budgets:
    """What is spent against limits, and the limits that were lifted."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def spent(self, limit: Limit) -> int:
        """Return what counts against a limit, in millionths of a dollar; an unknown cost counts as estimated."""
        return await self._store.read(lambda db: _spent(db, limit)[0])

    async def is_lifted(self, limit: Limit) -> bool:
        """Say whether an admin lifted a limit for its period."""
        return await self._store.read(lambda db: _is_lifted(db, limit))

    async def lift(self, team_id: str, kind: LimitKind, subject: str, period: str, *, user_id: str) -> Lift:
        """Take a limit away for its period; the first admin who did stays the one."""

        def work(db: Database) -> None:
            db.execute(
                """
                insert into budget_lifts (team_id, kind, subject, period, user_id, lifted_at)
                values (?, ?, ?, ?, ?, ?) on conflict do nothing
                """,
                [team_id, kind, subject, period, user_id, iso(now())],
            )

        await self._store.write(work)
        lifts = await self._lifts(
            "team_id = ? and kind = ? and subject = ? and period = ?", team_id, kind, subject, period
        )
        return lifts[0]

    async def get_lift(self, lift_id: int) -> Lift | None:
        """Return a lift, or None when there is none of that number."""
        lifts = await self._lifts("lift_id = ?", lift_id)
        return lifts[0] if lifts else None

    async def _lifts(self, which: str, *values: str | int) -> list[Lift]:
        rows = await self._store.read(
            lambda db: list(
                db.query(
                    f"""
                    select lift_id, team_id, kind, subject, period, user_id, lifted_at from budget_lifts
                    where {which}
                    """,
                    list(values),
                )
            )
        )
        return [Lift(**{**row, "lifted_at": datetime.fromisoformat(row["lifted_at"])}) for row in rows]


def check_limits(db: Database, limits: Sequence[Limit], *, estimate_microusd: int | None) -> None:
    """Make sure that a call fits under every limit that nobody lifted.

    Belongs into the write that books the call as begun: on the one writer nobody spends in between.

    Raises:
        OverLimitError: it does not.
    """
    for limit in limits:
        spent, reached_at = _spent(db, limit)
        if spent + (estimate_microusd or 0) > limit.most_microusd and not _is_lifted(db, limit):
            raise OverLimitError(limit, spent, reached_at)


def _spent(db: Database, limit: Limit) -> tuple[int, datetime | None]:
    tables, which = {
        "run": ("calls", "and calls.run_id = ?"),
        "day": ("calls join runs using (run_id)", "and runs.user_id = ?"),
        "month": ("calls", ""),
    }[limit.kind]
    microusd, reached_at = db.execute(
        f"""
        select coalesce(sum(coalesce(calls.cost_microusd, estimate_microusd, 0)), 0), max(called_at)
        from {tables} where calls.team_id = ? and calls.called_at >= ? {which}
        """,
        [limit.team_id, iso(limit.since), *([limit.subject] if which else [])],
    ).fetchone()
    return int(microusd), datetime.fromisoformat(reached_at) if reached_at else None


def _is_lifted(db: Database, limit: Limit) -> bool:
    row = db.execute(
        "select 1 from budget_lifts where team_id = ? and kind = ? and subject = ? and period = ?",
        [limit.team_id, limit.kind, limit.subject, limit.period],
    ).fetchone()
    return row is not None
