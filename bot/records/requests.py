"""What people asked: committed before Slack gets its ack, with a date on which the words are deleted."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from bot import TijdwinstError
from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.retention import delete_date
from bot.records.store import Store
from bot.tasks import Run

FIELDS = (
    "run_id, team_id, channel_id, user_id, task, surface, language, words, inputs, source_channel_id,"
    " source_ts, answer_channel_id, answer_thread_ts, received_at, asking_minutes,"
    " source_oldest, source_latest, source_since, files"
)


class Requests:
    """The asker's words, and whether the engine has them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, run: Run, *, choosing: bool = False) -> bool:
        """Commit a request; return False when the same delivery was committed before.

        Args:
            choosing: its task is not known yet; the run finds out, and *run* names the one that else it is.

        Raises:
            STORE_ERRORS: it is not stored, so it must not be acked.
        """

        def work(db: Database) -> bool:
            cursor = db.execute(
                f"""
                insert into requests ({FIELDS}, delete_after)
                values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing
                """,
                [
                    run.run_id,
                    run.team_id,
                    run.channel_id,
                    run.user_id,
                    run.task,
                    run.surface,
                    run.language,
                    run.words,
                    json.dumps(run.inputs, ensure_ascii=False),
                    run.source_channel_id,
                    run.source_ts,
                    run.answer_channel_id,
                    run.answer_thread_ts,
                    run.received_at or iso(now()),
                    run.asking_minutes,
                    run.source_oldest,
                    run.source_latest,
                    run.source_since,
                    json.dumps(run.files),
                    delete_date(db, team_id=run.team_id),
                ],
            )
            first = cursor.rowcount > 0
            if first and choosing:
                db.execute(
                    "insert into choices (run_id, team_id, state) values (?, ?, 'open') on conflict do nothing",
                    [run.run_id, run.team_id],
                )
            return first

        return await self._store.write(work)

    async def get(self, run_id: str) -> Run | None:
        """Return the request of a run, or None when it was never made or is erased."""
        rows = await self._store.look(
            lambda db: list(db.query(f"select {FIELDS} from requests where run_id = ?", [run_id]))
        )
        return _run(rows[0]) if rows else None

    async def need(self, run_id: str) -> Run:
        """Return the request of a run.

        Raises:
            TijdwinstError: it was never made, or is erased.
        """
        run = await self.get(run_id)
        if run is None:
            raise TijdwinstError(f"no request {run_id}")
        return run

    async def started(self, run_id: str) -> None:
        """Write down that the engine has the run."""
        await self._store.write(
            lambda db: db.execute(
                "update requests set started_at = ? where run_id = ? and started_at is null",
                [iso(now()), run_id],
            )
        )

    async def unstarted(self, before: datetime) -> list[Run]:
        """Return what was asked before a moment and never reached the engine, oldest first."""
        rows = await self._store.read(
            lambda db: list(
                db.query(
                    f"""
                    select {FIELDS} from requests where started_at is null and received_at <= ?
                    order by received_at, run_id
                    """,
                    [iso(before)],
                )
            )
        )
        return [_run(row) for row in rows]


def _run(row: dict[str, Any]) -> Run:
    return Run(**{**row, "inputs": json.loads(row["inputs"]), "files": tuple(json.loads(row["files"]))})
