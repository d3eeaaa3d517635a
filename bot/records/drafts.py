"""Drafts, version by version, and where in Slack they stand."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.plans import keeps_text
from bot.records.retention import delete_date
from bot.records.store import Store
from bot.tasks import Draft

RESTORE_DOUBT = timedelta(days=1)
"""Longer than Slack redelivers, and than what was due meanwhile takes to be noticed as due."""


@dataclass(frozen=True)
class Post:
    """A message of ours: claimed before it is posted, found again after a crash.

    Attributes:
        first: nobody tried before, as far as these records know.
        restored: a backup was put back lately, so that they may have forgotten it.
    """

    channel_id: str
    ts: str
    first: bool
    claimed_at: datetime
    restored: bool = False


DATED = (
    *("customers", "quote_forms", "vaults", "sent_texts", "bulk_sets", "knowledge_questions"),
    "guideline_waits",
)
"""Tables whose rows go on their date, whatever is planned."""


class Drafts:
    """Drafts and their reviews."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, draft: Draft) -> None:
        """Keep a version of a draft and drop the partial answers that it was made of."""
        await self._store.write(lambda db: keep_draft(db, draft))

    async def get(self, run_id: str, version: int) -> Draft | None:
        """Return one version, or None."""
        rows = await self._store.look(
            lambda db: list(
                db.query("select * from drafts where run_id = ? and version = ?", [run_id, version])
            )
        )
        return _draft(rows[0]) if rows else None

    async def newest_open(
        self, team_id: str, user_id: str, *, channel_id: str, thread_ts: str, since: datetime
    ) -> tuple[str, int] | None:
        """Return run and version of the draft that somebody got last and has not decided on, or None.

        It was written *since* a moment, and rests on the thread, or without one stands in the channel.
        """
        row = await self._store.read(
            lambda db: db.execute(
                """
                select drafts.run_id, max(drafts.version)
                from runs join requests using (run_id) join drafts using (run_id)
                where runs.team_id = ? and runs.user_id = ? and drafts.created_at >= ?
                    and runs.review in ('open', 'redone')
                    and case when ? = ''
                        then exists (select 1 from posts where posts.run_id = runs.run_id and channel_id = ?)
                        else requests.source_channel_id = ? and requests.source_ts = ? end
                group by drafts.run_id order by max(drafts.created_at) desc limit 1
                """,
                [team_id, user_id, iso(since), thread_ts, channel_id, channel_id, thread_ts],
            ).fetchone()
        )
        return None if row is None else (row[0], row[1])

    async def delivered(self, run_id: str, version: int) -> None:
        """Start the review's clock: the draft can be read from now on."""
        at = iso(now())

        def work(db: Database) -> None:
            cursor = db.execute(
                """
                update drafts set delivered_at = ? where run_id = ? and version = ? and delivered_at is null
                """,
                [at, run_id, version],
            )
            if cursor.rowcount:
                db.execute("update runs set delivered_at = ? where run_id = ?", [at, run_id])

        await self._store.write(work)

    async def claim_post(self, post_id: str, *, team_id: str, run_id: str, channel_id: str) -> Post:
        """Claim a message before it is posted; `first` says that nobody tried before.

        For a day after a backup was put back nobody knows: what was posted since the backup stands in Slack alone.
        So it counts as claimed at the moment of the backup, and is looked for from there on.

        Args:
            post_id: its alone, over all teams.
        """

        def work(db: Database) -> Post:
            restored = _restored_to(db)
            cursor = db.execute(
                """
                insert into posts (post_id, team_id, run_id, channel_id, created_at)
                values (?, ?, ?, ?, ?) on conflict do nothing
                """,
                [post_id, team_id, run_id, channel_id, restored or iso(now())],
            )
            first = cursor.rowcount > 0
            row = db.execute("select channel_id, ts, created_at from posts where post_id = ?", [post_id])
            return replace(_post(row.fetchone(), first=first), restored=bool(restored))

        return await self._store.write(work)

    async def restored_to(self) -> str:
        """Return the moment of the backup that was put back within the last day; empty when none was."""
        return await self._store.read(_restored_to)

    async def posted(self, post_id: str, *, ts: str) -> None:
        """Keep the `ts` under which a claimed message stands."""
        await self._store.write(
            lambda db: db.execute("update posts set ts = ? where post_id = ?", [ts, post_id])
        )

    async def post(self, post_id: str) -> Post | None:
        """Return a message that stands, or None."""
        row = await self._store.look(
            lambda db: db.execute(
                "select channel_id, ts, created_at from posts where post_id = ? and ts is not null", [post_id]
            ).fetchone()
        )
        return None if row is None else _post(row, first=False)

    async def standing(self, team_id: str, channel_id: str) -> set[str]:
        """Return the `ts` of all messages of ours in a conversation that are known by their claims."""
        rows = await self._store.read(
            lambda db: db.execute(
                "select ts from posts where team_id = ? and channel_id = ? and ts is not null",
                [team_id, channel_id],
            ).fetchall()
        )
        return {row[0] for row in rows}

    async def forget_post(self, post_id: str) -> None:
        """Drop a message that was taken back, so that it may be posted anew."""
        await self._store.write(lambda db: db.execute("delete from posts where post_id = ?", [post_id]))

    async def delete_expired(self) -> None:
        """Delete texts whose date has passed; the ledger keeps its rows, and a plan the text that it will bring."""
        planned, values = keeps_text(now())

        def work(db: Database) -> None:
            for table in ("requests", "answers", "drafts", "reviews", "quotes"):
                db.execute(
                    f"delete from {table} where delete_after < ? and not ({planned})", [iso(now()), *values]
                )
            for table in DATED:
                db.execute(f"delete from {table} where delete_after < ?", [iso(now())])

        await self._store.write(work)


def keep_draft(db: Database, draft: Draft) -> None:
    """Keep a version of a draft within a write that is under way."""
    db.execute(
        """
        insert into drafts (run_id, version, text, model, sources, messages_read, notes,
            created_at, delete_after) values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing
        """,
        [
            draft.run_id,
            draft.version,
            draft.text,
            draft.model,
            json.dumps(draft.sources),
            draft.messages_read,
            json.dumps(draft.notes, ensure_ascii=False),
            iso(now()),
            delete_date(db, run_id=draft.run_id),
        ],
    )
    db.execute("delete from answers where run_id = ?", [draft.run_id])


def _restored_to(db: Database) -> str:
    row = db.execute(
        """
        select subject from audit where act = 'restored' and happened_at >= ? order by happened_at desc limit 1
        """,
        [iso(now() - RESTORE_DOUBT)],
    ).fetchone()
    return str(row[0]) if row is not None else ""


def _post(row: tuple[str, str | None, str], *, first: bool) -> Post:
    channel_id, ts, created_at = row
    return Post(channel_id, ts=ts or "", first=first, claimed_at=datetime.fromisoformat(created_at))


def _draft(row: dict[str, Any]) -> Draft:
    return Draft(
        run_id=row["run_id"],
        version=row["version"],
        text=row["text"],
        model=row["model"],
        sources=json.loads(row["sources"]),
        messages_read=row["messages_read"],
        notes=tuple(json.loads(row["notes"])),
    )
