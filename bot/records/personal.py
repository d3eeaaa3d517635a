"""What is kept of one person, and the deleting of their texts when they ask for it; the ledger keeps its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.records.database import Database
from bot.records.erasures import delete_texts
from bot.records.moments import now
from bot.records.plans import keeps_text
from bot.records.store import Store


@dataclass(frozen=True)
class Kept:
    """What the records hold of one person.

    Attributes:
        texts: runs of theirs whose words or drafts are still there.
        deletable: those of them that are decided, or ended without a draft.
        rows: their rows in the ledger, which hold no text.
        last_day: when the last of the texts is deleted by itself; None when there are none.
    """

    texts: int
    deletable: int
    rows: int
    last_day: datetime | None


# Nothing of a run that still waits for somebody, or that Slack does not show yet as it was decided.
_DONE = """
    select run_id from runs where team_id = ? and user_id = ?
        and (settled_at is not null or outcome in ('refused', 'failed'))
        and outcome not in ('running', 'waiting')
        and not exists (select 1 from reviews where reviews.run_id = runs.run_id and shown_at is null)
        and not exists (
            select 1 from quote_approvals as asked where asked.run_id = runs.run_id and decided_at is null)
"""


class Personal:
    """What is kept of a person."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def kept(self, team_id: str, user_id: str) -> Kept:
        """Return what is kept of a person, counted."""
        planned, values = keeps_text(now())

        def work(db: Database) -> Kept:
            texts, last = db.execute(
                """
                select count(distinct run_id), max(delete_after) from (
                    select run_id, delete_after from requests where team_id = ? and user_id = ?
                    union all select drafts.run_id, delete_after from drafts join runs using (run_id)
                        where team_id = ? and user_id = ?) as texts
                """,
                [team_id, user_id] * 2,
            ).fetchone()
            deletable = db.execute(
                f"""
                select count(*) from ({_DONE} and not ({planned})) as done where exists (
                        select 1 from requests where requests.run_id = done.run_id)
                    or exists (select 1 from drafts where drafts.run_id = done.run_id)
                """,
                [team_id, user_id, *values],
            ).fetchone()[0]
            rows = db.execute(
                "select count(*) from runs where team_id = ? and user_id = ?", [team_id, user_id]
            ).fetchone()[0]
            return Kept(texts, deletable, rows, datetime.fromisoformat(last) if last else None)

        return await self._store.read(work)

    async def delete_texts(self, team_id: str, user_id: str) -> int:
        """Delete a person's words and drafts of everything that is decided; return of how many runs.

        Reviews stay, without what was asked of a redo: the minutes in them belong to the ledger. What is planned
        to be brought again stays until then.
        """
        planned, values = keeps_text(now())

        def work(db: Database) -> int:
            rows = db.execute(f"{_DONE} and not ({planned})", [team_id, user_id, *values]).fetchall()
            done = [row[0] for row in rows]
            return delete_texts(db, done)

        return await self._store.write(work)
