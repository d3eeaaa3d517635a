"""What one person sees of their drafts on the Home tab: a few rows by index, however long the ledger is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.records.database import Database
from bot.records.store import Store

Stand = Literal[
    "writing", "waiting", "yours", "open", "approved", "edited", "discarded", "unused", "none", "by-hand"
]
"""Where a run stands.

`waiting` is for the model, `yours` for its asker's answer, `open` for its person; `unused` after a week;
`none`: no draft.
"""

NEWEST = 200  # runs that are looked through for the last that went well, and the last that did not


@dataclass(frozen=True)
class Glance:
    """A draft in a list.

    Attributes:
        at: when it was delivered, or asked for.
        channel_id, ts: the message that it begins in; empty when it is gone.
    """

    run_id: str
    task: str
    at: datetime
    stand: Stand
    channel_id: str
    ts: str


@dataclass(frozen=True)
class Runs:
    """When a run last went well, and when one last failed; None when none of the newest did."""

    drafted_at: datetime | None
    failed_at: datetime | None


class Glances:
    """Lists of drafts, short ones."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def waiting(self, team_id: str, user_id: str, *, most: int) -> tuple[list[Glance], int]:
        """Return the drafts that wait for a person, the oldest first, and how many there are in all."""

        def work(db: Database) -> tuple[list[Glance], int]:
            # Named, because the planner takes the index of what is settled for the better one.
            held = """
                indexed by runs_waiting
                where settled_at is null and delivered_at is not null and team_id = ? and user_id = ?
                    and surface <> 'table'
            """
            count = db.execute(f"select count(*) from runs {held}", [team_id, user_id]).fetchone()[0]
            rows = db.execute(
                f"{_GLANCE} {held} order by delivered_at limit ?", [team_id, user_id, most]
            ).fetchall()
            return [_glance(db, row) for row in rows], int(count)

        return await self._store.read(work)

    async def recent(self, team_id: str, user_id: str, *, most: int) -> list[Glance]:
        """Return what a person asked for last, the newest first; rows of a table and CVs have boards of their own."""
        return await self._store.read(
            lambda db: [
                _glance(db, row)
                for row in db.execute(
                    f"""
                    {_GLANCE} where team_id = ? and user_id = ? and surface <> 'table' and task <> 'cv'
                    order by started_at desc limit ?
                    """,
                    [team_id, user_id, most],
                ).fetchall()
            ]
        )

    async def health(self, team_id: str) -> Runs:
        """Return how the newest runs of a team went."""
        row = await self._store.read(
            lambda db: db.execute(
                """
                select max(case when outcome = 'drafted' then finished_at end),
                    max(case when outcome = 'failed' then finished_at end)
                from (select outcome, finished_at from runs where team_id = ?
                    order by started_at desc limit ?) as newest
                """,
                [team_id, NEWEST],
            ).fetchone()
        )
        return Runs(*(datetime.fromisoformat(at) if at else None for at in row))


_GLANCE = """
    select run_id, task, coalesce(delivered_at, started_at), outcome, reason, review, delivered_at, settled_at from runs
"""


def _glance(db: Database, row: tuple[str, ...]) -> Glance:
    run_id, task, at, outcome, reason, review, delivered_at, settled_at = row
    # A draft that stands apart from where it was asked is `part0`; else it took the placeholder's place.
    post = db.execute(
        """
        select channel_id, ts from posts where run_id = ? and post_id in (?, ?) and ts is not null
        order by post_id limit 1
        """,
        [run_id, f"{run_id}/part0", f"{run_id}/place"],
    ).fetchone() or ("", "")
    # Such a run goes on when its asker has answered; nobody else is to be waited for.
    asked = outcome == "waiting" and reason in ("choice", "guideline")
    stand = (
        "yours" if asked else _stand(outcome, review, delivered=bool(delivered_at), settled=bool(settled_at))
    )
    return Glance(run_id, task, datetime.fromisoformat(at), stand, *post)


def _stand(outcome: str, review: str, *, delivered: bool, settled: bool) -> Stand:
    decided: dict[str, Stand] = {"approved": "approved", "edited": "edited", "discarded": "discarded"}
    if review in decided:
        return decided[review]
    if delivered:
        return "unused" if settled else "open"
    ended: dict[str, Stand] = {
        "refused": "none",
        "failed": "none",
        "waiting": "waiting",
        "by_hand": "by-hand",
    }
    return ended.get(outcome, "writing")
