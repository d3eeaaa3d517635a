"""Documents that people send for the knowledge base: stored before Slack is answered, told once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.store import Store
from bot.tasks import Language

FIELDS = "upload_id, team_id, channel_id, thread_ts, user_id, files, language, audience, told_at, received_at"


@dataclass(frozen=True)
class KnowledgeUpload:
    """Files that somebody sent in one message.

    Attributes:
        upload_id: the message's own: `{team}:{channel}:{ts}`.
        audience: who may read them; empty until the form says so.
        told_at: when the answer to its last step stood; None until then.
        received_at: when it came, or when the form said who may read it.
    """

    upload_id: str
    team_id: str
    channel_id: str
    thread_ts: str
    user_id: str
    files: tuple[str, ...]
    language: Language
    audience: str = ""
    told_at: str | None = None
    received_at: str = ""


class KnowledgeUploads:
    """What came of each message with documents."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, upload: KnowledgeUpload) -> bool:
        """Commit an upload; return False when the same delivery was committed before.

        Raises:
            STORE_ERRORS: it is not stored, so it must not be acked.
        """

        def work(db: Database) -> bool:
            cursor = db.execute(
                """
                insert into knowledge_uploads (upload_id, team_id, channel_id, thread_ts, user_id, files,
                    language, audience, received_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing
                """,
                [
                    upload.upload_id,
                    upload.team_id,
                    upload.channel_id,
                    upload.thread_ts,
                    upload.user_id,
                    json.dumps(upload.files),
                    upload.language,
                    upload.audience,
                    iso(now()),
                ],
            )
            return cursor.rowcount > 0

        return await self._store.write(work)

    async def get(self, upload_id: str) -> KnowledgeUpload | None:
        """Return an upload, or None when there is none of that name."""
        return next(iter(await self._find("upload_id = ?", upload_id)), None)

    async def let_read(self, upload_id: str, audience: str) -> bool:
        """Keep who may read the files; False when that was said before."""

        def work(db: Database) -> bool:
            cursor = db.execute(
                """
                update knowledge_uploads set audience = ?, told_at = null, received_at = ?
                where upload_id = ? and audience = ''
                """,
                [audience, iso(now()), upload_id],
            )
            return bool(cursor.rowcount)

        return await self._store.write(work)

    async def told(self, upload: KnowledgeUpload) -> None:
        """Write down that the answer stands; not when the form said more meanwhile."""
        await self._store.write(
            lambda db: db.execute(
                "update knowledge_uploads set told_at = ? where upload_id = ? and audience = ?",
                [iso(now()), upload.upload_id, upload.audience],
            )
        )

    async def untold(self, before: datetime) -> list[KnowledgeUpload]:
        """Return what came before a moment and has no answer yet, oldest first."""
        return await self._find("told_at is null and received_at <= ? order by received_at", iso(before))

    async def _find(self, where: str, value: str) -> list[KnowledgeUpload]:
        rows = await self._store.read(
            lambda db: list(db.query(f"select {FIELDS} from knowledge_uploads where {where}", [value]))
        )
        return [KnowledgeUpload(**{**row, "files": tuple(json.loads(row["files"]))}) for row in rows]
