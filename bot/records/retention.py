"""How long texts are kept: the days that the workspace set, and what is past its date deleted."""

from __future__ import annotations

import json

from bot.records.database import Database
from bot.records.moments import days_after

RETENTION_DAYS = 30  # of texts, unless the workspace set something else; the ledger itself holds none
LEAST_DAYS, MOST_DAYS = 1, 365

BY_SETTING = (
    "requests",
    "drafts",
    "reviews",
    "quotes",
    "sent_texts",
    "guideline_waits",
    "knowledge_questions",
)
"""The tables whose rows are deleted after the workspace's days; those of the others say their own."""

_SHIFTED = "strftime('%Y-%m-%dT%H:%M:%f+00:00', delete_after, ?)"


def delete_date(db: Database, *, run_id: str = "", team_id: str = "") -> str:
    """Return the moment after which a text that is stored now is deleted; of a run, or of a workspace."""
    if run_id:
        row = db.execute(
            """
            select team_id from runs where run_id = ?
            union all select team_id from requests where run_id = ? limit 1
            """,
            [run_id, run_id],
        ).fetchone()
        team_id = row[0] if row else ""
    return days_after(retention_days(db, team_id))


def retention_days(db: Database, team_id: str) -> int:
    """Return for how many days a workspace keeps texts."""
    row = db.execute(
        """
        select value from workspace_settings where team_id = ? and name = 'retention_days'
        order by change_id desc limit 1
        """,
        [team_id],
    ).fetchone()
    return RETENTION_DAYS if row is None else int(json.loads(row[0]))


def shift_dates(db: Database, team_id: str, days: int) -> None:
    """Move the date of every text of a workspace by *days*: a new setting holds for what is there already."""
    for table in BY_SETTING:
        db.execute(
            f"""
            update {table} set delete_after = {_SHIFTED}
            where run_id in (select run_id from runs where team_id = ?
                union all select run_id from requests where team_id = ?)
            """,
            [f"{days:+d} days", team_id, team_id],
        )
    db.execute(
        f"update bulk_sets set delete_after = {_SHIFTED} where team_id = ?", [f"{days:+d} days", team_id]
    )
