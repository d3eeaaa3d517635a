"""Files that people sent as a price list, or that may be one: stored before Slack is answered, told once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.quotes import PriceRow
from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.quotes import import_list
from bot.records.store import Store
from bot.tasks import Language

FIELDS = (
    "upload_id, team_id, channel_id, thread_ts, user_id, file_id, language, asked, asked_by, list_id, told_at"
)


@dataclass(frozen=True)
class Upload:
    """One file that somebody sent.

    Attributes:
        upload_id: the message's own: `{team}:{channel}:{ts}`.
        thread_ts: the thread that the answer goes to; empty for top level.
        asked: it is to be the price list; else it is only looked at, whether it may be one.
        asked_by: who said so; empty until somebody does.
        list_id: the price list that it became; None while it is none.
        told_at: when the answer to its last wish stood; None until then.
    """

    upload_id: str
    team_id: str
    channel_id: str
    thread_ts: str
    user_id: str
    file_id: str
    language: Language
    asked: bool = False
    asked_by: str = ""
    list_id: int | None = None
    told_at: str | None = None


class Uploads:
    """What came of each file."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, upload: Upload) -> bool:
        """Commit an upload; return False when the same delivery was committed before.

        Raises:
            STORE_ERRORS: it is not stored, so it must not be acked.
        """

        def work(db: Database) -> bool:
            cursor = db.execute(
                """
                insert into price_uploads (upload_id, team_id, channel_id, thread_ts, user_id,
                    file_id, language, asked, asked_by, received_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                on conflict do nothing
                """,
                [
                    upload.upload_id,
                    upload.team_id,
                    upload.channel_id,
                    upload.thread_ts,
                    upload.user_id,
                    upload.file_id,
                    upload.language,
                    int(upload.asked),
                    upload.asked_by,
                    iso(now()),
                ],
            )
            return cursor.rowcount > 0

        return await self._store.write(work)

    async def get(self, upload_id: str) -> Upload | None:
        """Return an upload, or None when there is none of that name."""
        rows = await self._store.read(
            lambda db: list(db.query(f"select {FIELDS} from price_uploads where upload_id = ?", [upload_id]))
        )
        return _upload(rows[0]) if rows else None

    async def ask(self, upload_id: str, *, user_id: str) -> bool:
        """Have a file that was only looked at made the price list; False when that was asked before."""

        def work(db: Database) -> bool:
            cursor = db.execute(
                """
                update price_uploads set asked = 1, asked_by = ?, told_at = null, received_at = ?
                where upload_id = ? and asked = 0
                """,
                [user_id, iso(now()), upload_id],
            )
            return bool(cursor.rowcount)

        return await self._store.write(work)

    async def ask_again(self, upload_id: str) -> None:
        """Let the question stand again: whoever answered it was not to."""
        await self._store.write(
            lambda db: db.execute(
                "update price_uploads set asked = 0, asked_by = '', told_at = ? where upload_id = ?",
                [iso(now()), upload_id],
            )
        )

    async def told(self, upload: Upload) -> None:
        """Write down that the answer stands; not when something else was asked meanwhile."""
        await self._store.write(
            lambda db: db.execute(
                "update price_uploads set told_at = ? where upload_id = ? and asked = ?",
                [iso(now()), upload.upload_id, int(upload.asked)],
            )
        )

    async def untold(self, before: datetime) -> list[Upload]:
        """Return what came before a moment and has no answer yet, oldest first."""
        rows = await self._store.read(
            lambda db: list(
                db.query(
                    f"""
                    select {FIELDS} from price_uploads where told_at is null and received_at <= ?
                    order by received_at
                    """,
                    [iso(before)],
                )
            )
        )
        return [_upload(row) for row in rows]

    async def import_prices(
        self, upload_id: str, rows: Sequence[PriceRow], *, file_name: str, file_hash: str
    ) -> int | None:
        """Make an upload the price list and return its list's id; None when the list is this file already.

        Doing it twice imports once and returns the same.
        """

        def work(db: Database) -> int | None:
            known = db.execute(
                "select list_id, team_id from price_uploads where upload_id = ?", [upload_id]
            ).fetchone()
            if known is None:
                return None
            if known[0] is not None:
                return int(known[0])
            list_id = import_list(db, known[1], rows, file_name=file_name, file_hash=file_hash)
            db.execute("update price_uploads set list_id = ? where upload_id = ?", [list_id, upload_id])
            return list_id

        return await self._store.write(work)


def _upload(row: dict[str, Any]) -> Upload:
    return Upload(**{**row, "asked": bool(row["asked"])})
