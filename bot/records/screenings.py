"""Screenings of a vacancy: criteria that people lock, what is closed and deleted when, and the log of every step."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.records.database import Database
from bot.records.moments import days_after, iso, now
from bot.records.screening_rules import newest_rules
from bot.records.store import Store
from bot.screening.criteria import Criterion, criteria_version, read_criteria, write_criteria
from bot.tasks import Language

LOG_KEPT_DAYS = 365
"""After a vacancy is closed; the AI Act asks for six months at least (article 26, as overview.legal has it)."""
IDLE_DAYS = 60
"""A vacancy that nobody touched for so long is closed by the clock, so that no CV is kept for ever."""


@dataclass(frozen=True)
class Screening:
    """One vacancy that CVs are held against.

    Attributes:
        screening_id: the run that proposed the criteria.
        title, criteria: as they were locked; until then, as the version proposes them that stands on the card.
        user_id: who asked for it.
        locked_at: when a person locked the criteria; None until then, and no CV is read before.
        texts_until: the day on which CVs and quotes go; None while it is open.
    """

    screening_id: str
    team_id: str
    user_id: str
    language: Language
    title: str
    criteria: tuple[Criterion, ...]
    criteria_version: str
    locked_by: str | None = None
    locked_at: str | None = None
    closed_at: str | None = None
    texts_until: str | None = None


# Until somebody locks them, criteria are those of the version that stands on the card. A redo that is still being
# written has proposed its own already and has no draft yet; of an old vacancy the proposals outlast the drafts.
_FOUND = """
select screenings.screening_id, team_id, user_id, language, coalesce(proposed.title, screenings.title) as title,
    coalesce(proposed.criteria, screenings.criteria) as criteria,
    coalesce(proposed.criteria_version, screenings.criteria_version) as criteria_version,
    locked_by, locked_at, closed_at, texts_until
from screenings left join screening_proposals as proposed
    on locked_at is null and proposed.screening_id = screenings.screening_id and proposed.version = coalesce(
        (select max(version) from drafts where run_id = screenings.screening_id),
        (select max(version) from screening_proposals where screening_id = screenings.screening_id))
"""


class Screenings:
    """Vacancies and their criteria."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def propose(self, screening: Screening, version: int) -> None:
        """Keep what *version* of a draft proposes; criteria that a person locked stay as they are."""
        titled = [
            screening.title,
            write_criteria(screening.criteria),
            criteria_version(screening.criteria),
        ]

        def work(db: Database) -> None:
            db.execute(
                """
                insert into screenings (screening_id, team_id, user_id, language, title, criteria,
                    criteria_version, created_at, active_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)
                on conflict do nothing
                """,
                [
                    screening.screening_id,
                    screening.team_id,
                    screening.user_id,
                    screening.language,
                    *titled,
                    *[iso(now())] * 2,
                ],
            )
            db.execute(
                """
                insert into screening_proposals (screening_id, version, title, criteria, criteria_version,
                    proposed_at) values (?, ?, ?, ?, ?, ?)
                on conflict (screening_id, version) do update set title = excluded.title,
                    criteria = excluded.criteria, criteria_version = excluded.criteria_version
                """,
                [screening.screening_id, version, *titled, iso(now())],
            )
            detail = {"criteria": len(screening.criteria), "version": criteria_version(screening.criteria)}
            log_step(db, screening.screening_id, "proposed", user_id=screening.user_id, detail=detail)

        await self._store.write(work)

    async def get(self, screening_id: str) -> Screening | None:
        """Return a screening, or None."""
        return await self._store.look(lambda db: _get(db, screening_id))

    async def open_of(self, team_id: str, user_id: str) -> list[Screening]:
        """Return the vacancies of a person that take CVs now, the newest first."""
        rows = await self._store.read(
            lambda db: list(
                db.query(
                    f"""
                    {_FOUND} where team_id = ? and user_id = ? and closed_at is null and locked_at is not null
                    order by locked_at desc
                    """,
                    [team_id, user_id],
                )
            )
        )
        return [_screening(row) for row in rows]

    async def at(self, team_id: str, channel_id: str, thread_ts: str) -> Screening | None:
        """Return the screening of a team whose card begins a thread, or None."""
        rows = await self._store.read(
            lambda db: list(
                db.query(
                    f"""
                    {_FOUND} where screenings.screening_id = (select run_id from posts
                        where team_id = ? and channel_id = ? and ts = ?
                            and run_id in (select screening_id from screenings))
                    """,
                    [team_id, channel_id, thread_ts],
                )
            )
        )
        return _screening(rows[0]) if rows else None

    async def lock(self, screening_id: str, criteria: Sequence[Criterion], *, user_id: str) -> bool:
        """Lock criteria as a person left them; False when they are locked already."""

        def work(db: Database) -> bool:
            standing = _get(db, screening_id)
            if standing is None or standing.locked_at is not None:
                return False
            db.execute(
                """
                update screenings set title = ?, criteria = ?, criteria_version = ?, locked_by = ?, locked_at = ?,
                    active_at = ? where screening_id = ?
                """,
                [
                    standing.title,
                    write_criteria(criteria),
                    criteria_version(criteria),
                    user_id,
                    *[iso(now())] * 2,
                    screening_id,
                ],
            )
            detail = {"criteria": len(criteria), "version": criteria_version(criteria)}
            log_step(db, screening_id, "locked", user_id=user_id, detail=detail)
            return True

        return await self._store.write(work)

    async def close(self, screening_id: str, *, user_id: str) -> bool:
        """Close a vacancy: from now its texts have an end; False when it is closed already."""
        return await self._store.write(lambda db: _close(db, screening_id, user_id))

    async def ask_close(self, screening_id: str, *, user_id: str) -> bool:
        """Write down that somebody wants a vacancy closed; True when another person wanted it before."""

        def work(db: Database) -> bool:
            rows = db.execute(
                "select user_id from screening_log where screening_id = ? and step = 'close_asked'",
                [screening_id],
            ).fetchall()
            people = {row[0] for row in rows}
            if user_id not in people:
                log_step(db, screening_id, "close_asked", user_id=user_id)
            return bool(people - {user_id})

        return await self._store.write(work)

    async def close_idle(self, moment: datetime) -> list[str]:
        """Close what nobody touched for two months, and return which."""

        def work(db: Database) -> list[str]:
            rows = db.execute(
                "select screening_id from screenings where closed_at is null and active_at < ?",
                [iso(moment - timedelta(days=IDLE_DAYS))],
            ).fetchall()
            return [row[0] for row in rows if _close(db, row[0], "")]

        return await self._store.write(work)

    async def delete_expired(self, moment: datetime) -> None:
        """Delete CVs and quotes whose time is over, and a year later what was found without them."""

        def work(db: Database) -> None:
            due = "select screening_id from screenings where texts_until < ?"
            candidates = f"select candidate_id from screening_candidates where screening_id in ({due})"
            values = [iso(moment)]
            db.execute(
                f"update screening_findings set quotes = null where candidate_id in ({candidates})",
                values,
            )
            # A recommendation rests on quotes, and what was sent holds the CV itself: both are as old as it is.
            own = f"""
                select run_id from requests where task = 'recommend'
                    and json_extract(inputs, '$.candidate') in ({candidates})
                union {candidates}
            """
            for table in ("answers", "sent_texts", "vaults", "drafts", "requests"):
                db.execute(f"delete from {table} where run_id in ({own})", values * 2)
            db.execute(
                f"""
                update screening_candidates set cv = null, hidden = null, file_name = null, person_marks = null
                where cv is not null and screening_id in ({due})
                    or file_name is not null and screening_id in ({due})
                """,
                values * 2,
            )
            old = "select screening_id from screenings where delete_after < ?"
            db.execute(
                f"""
                delete from screening_findings where candidate_id in (
                    select candidate_id from screening_candidates where screening_id in ({old}))
                """,
                values,
            )
            for table in ("screening_candidates", "screening_log", "screening_proposals", "screenings"):
                db.execute(f"delete from {table} where screening_id in ({old})", values)

        await self._store.write(work)

    async def log(
        self, screening_id: str, step: str, *, candidate_id: str = "", user_id: str = "", **detail: Any
    ) -> None:
        """Write down one step; never a text of anybody."""
        await self._store.write(
            lambda db: log_step(
                db, screening_id, step, candidate_id=candidate_id, user_id=user_id, detail=detail
            )
        )

    async def logged(self, screening_id: str) -> list[dict[str, Any]]:
        """Return the log of a vacancy, oldest first."""
        return await self._store.read(
            lambda db: list(
                db.query("select * from screening_log where screening_id = ? order by log_id", [screening_id])
            )
        )


def log_step(
    db: Database,
    screening_id: str,
    step: str,
    *,
    candidate_id: str = "",
    user_id: str = "",
    detail: dict[str, Any] | None = None,
) -> None:
    """Write down one step within a write that is under way, and that the vacancy is alive."""
    told = json.dumps(detail or {}, ensure_ascii=False)
    db.execute(
        """
        insert into screening_log (screening_id, candidate_id, logged_at, step, user_id, detail)
        values (?, ?, ?, ?, ?, ?)
        """,
        [screening_id, candidate_id or None, iso(now()), step, user_id or None, told],
    )
    db.execute("update screenings set active_at = ? where screening_id = ?", [iso(now()), screening_id])


def _close(db: Database, screening_id: str, user_id: str) -> bool:
    row = db.execute(
        "select team_id from screenings where screening_id = ? and closed_at is null", [screening_id]
    ).fetchone()
    if row is None:
        return False
    weeks = newest_rules(db, row[0]).retention_weeks
    db.execute(
        """
        update screenings set closed_by = ?, closed_at = ?, texts_until = ?, delete_after = ? where screening_id = ?
        """,
        [
            user_id,
            iso(now()),
            days_after(weeks * 7),
            days_after(max(LOG_KEPT_DAYS, weeks * 7)),
            screening_id,
        ],
    )
    # A reading that nobody decided on cost money and saved nothing: it is settled as any draft that was left.
    db.execute(
        """
        update runs set delivered_at = (select read_at from screening_candidates where candidate_id = run_id)
        where delivered_at is null and settled_at is null and run_id in (
            select candidate_id from screening_candidates where screening_id = ? and status = 'read')
        """,
        [screening_id],
    )
    log_step(db, screening_id, "closed", user_id=user_id, detail={"retention_weeks": weeks})
    return True


def _get(db: Database, screening_id: str) -> Screening | None:
    rows = list(db.query(f"{_FOUND} where screenings.screening_id = ?", [screening_id]))
    return _screening(rows[0]) if rows else None


def _screening(row: dict[str, Any]) -> Screening:
    return Screening(**{**row, "criteria": read_criteria(row["criteria"])})
