"""Batches that were sent for rows of tables: claimed before they are sent, and known by the server's name for them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.records.bulk_events import change_rows
from bot.records.bulk_items import Item
from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.store import Store


@dataclass(frozen=True)
class Claim:
    """Requests that are sent as one batch; `batch_id` is the server's, empty until it told."""

    claim_id: str
    set_id: str
    requests: int
    batch_id: str
    claimed_at: datetime


class BulkBatches:
    """Batches of sets."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def claim(self, set_id: str, items: Sequence[Item]) -> Claim:
        """Claim rows for one batch before it is sent."""
        claim = Claim(uuid.uuid4().hex[:16], set_id, len(items), "", now())

        def work(db: Database) -> None:
            db.execute(
                "insert into bulk_batches (claim_id, set_id, requests, claimed_at) values (?, ?, ?, ?)",
                [claim.claim_id, set_id, claim.requests, iso(claim.claimed_at)],
            )
            change_rows(db, "claimed", set_id, [claim.claim_id], rows=[item.key for item in items])

        await self._store.write(work)
        return claim

    async def open_claim(self, set_id: str) -> Claim | None:
        """Return the batch of a set that has no end yet, or None."""
        row = await self._store.read(
            lambda db: db.execute(
                """
                select claim_id, set_id, requests, coalesce(batch_id, ''), claimed_at from bulk_batches
                where set_id = ? and ended_at is null order by claimed_at limit 1
                """,
                [set_id],
            ).fetchone()
        )
        return None if row is None else Claim(row[0], row[1], row[2], row[3], datetime.fromisoformat(row[4]))

    async def sent(self, claim_id: str, batch_id: str) -> None:
        """Keep the server's name of a batch."""
        await self._store.write(
            lambda db: db.execute(
                "update bulk_batches set batch_id = ? where claim_id = ?", [batch_id, claim_id]
            )
        )

    async def known_batches(self) -> set[str]:
        """Return the server's names of all batches that are ours."""
        rows = await self._store.read(
            lambda db: db.execute("select batch_id from bulk_batches where batch_id is not null").fetchall()
        )
        return {row[0] for row in rows}

    async def end_claim(self, claim: Claim) -> None:
        """Close a batch; rows that it brought nothing for are open again."""

        def work(db: Database) -> None:
            db.execute(
                "update bulk_batches set ended_at = ? where claim_id = ? and ended_at is null",
                [iso(now()), claim.claim_id],
            )
            change_rows(db, "released", claim.set_id, [claim.claim_id])

        await self._store.write(work)
