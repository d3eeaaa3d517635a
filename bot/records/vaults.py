"""What tokens of a run stand for, and what was sent of it: both sealed before they come here, both short-lived."""

from __future__ import annotations

from bot.records.database import Database
from bot.records.moments import days_after
from bot.records.retention import delete_date
from bot.records.store import Store

VAULT_DAYS = 7
"""A draft that nobody decided on within a week counts as unused, and a redo makes its tokens anew."""


class Vaults:
    """Sealed texts, by run."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, run_id: str) -> str | None:
        """Return the sealed pseudonyms of a run, or None."""
        row = await self._store.look(
            lambda db: db.execute("select sealed from vaults where run_id = ?", [run_id]).fetchone()
        )
        return None if row is None else str(row[0])

    async def keep(self, run_id: str, *, version: int, part: str, vault: str, sent: str) -> None:
        """Keep the pseudonyms of a run, and what is sent for a version; the same part again changes nothing.

        Args:
            vault: the sealed pseudonyms; empty when there are none.
            sent: the sealed text that goes to the model.
        """

        def work(db: Database) -> None:
            if vault:
                db.execute(
                    """
                    insert into vaults values (?, ?, ?) on conflict (run_id) do update set
                        sealed = excluded.sealed, delete_after = excluded.delete_after
                    """,
                    [run_id, vault, days_after(VAULT_DAYS)],
                )
            db.execute(
                "insert into sent_texts values (?, ?, ?, ?, ?) on conflict do nothing",
                [run_id, version, part, sent, delete_date(db, run_id=run_id)],
            )

        await self._store.write(work)

    async def sent(self, run_id: str, version: int) -> list[str]:
        """Return the sealed texts that were sent for a version, in their order."""
        rows = await self._store.read(
            lambda db: db.execute(
                "select sealed from sent_texts where run_id = ? and version = ? order by rowid",
                [run_id, version],
            ).fetchall()
        )
        return [str(row[0]) for row in rows]
