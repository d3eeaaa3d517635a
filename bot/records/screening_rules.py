"""What must be filled in before a workspace may screen CVs: by whom, when, and what is still missing."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.store import Store

HIGH_RISK_FROM = date(2027, 12, 2)
"""From then on the AI Act's rules for high-risk systems hold for recruitment (Annex III, point 4).

By Regulation (EU) 2026/1744, read in secondary sources only, which `docs/screening.md` names.
"""
RETENTION_WEEKS = 4
"""After a procedure, a year with consent: practice in the Netherlands, read at vka.nl and privacy-web.nl."""
LONGEST_WEEKS = 52


@dataclass(frozen=True)
class ScreeningRules:
    """What an admin filled in.

    Attributes:
        dpia_on: the day of the data protection impact assessment, `YYYY-MM-DD`.
        overseer_id: who watches over it, with the authority to stop it.
        retention_weeks: how long CVs and quotes are kept after a vacancy is closed.
        notice: what candidates are told.
        council: `informed`, `none` where there is no works council; empty while nobody said.
        conformity: `confirmed` when the operator says that the AI Act's duties are met; asked from 2 December 2027.
    """

    purpose: str = ""
    legal_basis: str = ""
    dpia_on: str = ""
    overseer_id: str = ""
    retention_weeks: int = RETENTION_WEEKS
    notice: str = ""
    council: str = ""
    conformity: str = ""

    def missing(self, today: date) -> tuple[str, ...]:
        """Return the names of what is still empty, in the order of the form; none when CVs may be screened."""
        needed = ["purpose", "legal_basis", "dpia_on", "overseer_id", "notice", "council"]
        if today >= HIGH_RISK_FROM:
            needed.append("conformity")
        return tuple(name for name in needed if not str(getattr(self, name)).strip())


class Rules:
    """The rules of each workspace; each change is a row of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, team_id: str) -> ScreeningRules:
        """Return what holds now; empty before anybody filled it in."""
        return await self._store.read(lambda db: newest_rules(db, team_id))

    async def put(self, team_id: str, rules: ScreeningRules, *, user_id: str) -> None:
        """Keep what an admin filled in, with who and when."""
        row: dict[str, Any] = {**asdict(rules), "team_id": team_id, "user_id": user_id, "set_at": iso(now())}

        names, holes = ", ".join(row), ", ".join("?" * len(row))
        await self._store.write(
            lambda db: db.execute(
                f"insert into screening_rules ({names}) values ({holes})", list(row.values())
            )
        )


def newest_rules(db: Database, team_id: str) -> ScreeningRules:
    """Return the rules that hold for a workspace."""
    names = ", ".join(field.name for field in fields(ScreeningRules))
    rows = list(
        db.query(
            f"select {names} from screening_rules where team_id = ? order by rule_id desc limit 1", [team_id]
        )
    )
    return ScreeningRules(**rows[0]) if rows else ScreeningRules()
