"""Conversations in the messages tab: who pressed Stop, what was said before, what people use and how they like it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.store import Store
from bot.tasks import Run

Feedback = Literal["good", "bad"]

MOST_TURNS = 50


@dataclass(frozen=True)
class Turn:
    """One earlier request of a conversation, and the draft that answered it."""

    words: str
    text: str


@dataclass(frozen=True)
class Habits:
    """What somebody works with.

    Attributes:
        tasks: the tasks that they asked for, the most frequent first.
        channel_id: the channel that they last had something read of; empty before that.
    """

    tasks: tuple[str, ...]
    channel_id: str


class Conversations:
    """What belongs to talking with us rather than to one draft."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def stop(
        self, team_id: str, user_id: str, *, channel_id: str, thread_ts: str, stamps: Collection[str] = ()
    ) -> list[str]:
        """Write down that somebody stopped what is being written for them in a thread; return those runs.

        Args:
            stamps: `ts` of the messages that were being streamed, as Slack names them.
        """
        at = iso(now())

        def work(db: Database) -> list[str]:
            marks = ", ".join("?" for _ in stamps)
            rows = db.execute(
                f"""
                select run_id, (select max(version) from drafts where drafts.run_id = requests.run_id),
                    runs.finished_at is null or runs.outcome = 'waiting' and runs.reason <> 'choice',
                    (select case act when 'redone' then version end from reviews
                        where reviews.run_id = requests.run_id order by review_id desc limit 1)
                from requests left join runs using (run_id)
                where requests.team_id = ? and requests.user_id = ? and requests.answer_channel_id = ?
                    and (requests.answer_thread_ts = ? or run_id in (
                        select run_id from posts where posts.team_id = ? and channel_id = ? and ts in ({marks})))
                """,
                [team_id, user_id, channel_id, thread_ts, team_id, channel_id, *stamps],
            ).fetchall()
            stopped = []
            for run_id, version, unended, redone in rows:
                if unended if version is None else redone == version:
                    row = [run_id, (version or 0) + 1, user_id, at]
                    db.execute("insert into stops values (?, ?, ?, ?) on conflict do nothing", row)
                    stopped.append(run_id)
            return stopped

        return await self._store.write(work)

    async def is_stopped(self, run_id: str, version: int) -> bool:
        """Say whether somebody stopped the writing of a version."""
        row = await self._store.look(
            lambda db: db.execute(
                "select 1 from stops where run_id = ? and version = ?", [run_id, version]
            ).fetchone()
        )
        return row is not None

    async def forget_stop(self, run_id: str, version: int) -> None:
        """Drop a stop that was told: the next try at the same version is another one."""
        await self._store.write(
            lambda db: db.execute("delete from stops where run_id = ? and version = ?", [run_id, version])
        )

    async def rate(self, run_id: str, user_id: str, feedback: Feedback) -> bool:
        """Keep what the asker thinks of a run, the last word counts; False when it is not theirs."""

        def work(db: Database) -> bool:
            cursor = db.execute(
                "update runs set feedback = ?, feedback_at = ? where run_id = ? and user_id = ?",
                [feedback, iso(now()), run_id, user_id],
            )
            return cursor.rowcount > 0

        return await self._store.write(work)

    async def turns(self, run: Run, *, since: datetime) -> list[Turn]:
        """Return what was asked and drafted in the conversation of *run* before it, the newest first.

        In a thread that is the thread; at top level, the person's messages tab since a moment. What was
        drafted after *run* came in is left out, so that a step that is done again reads the same.
        """
        rows = await self._store.read(
            lambda db: db.execute(
                """
                select requests.words, drafts.text
                from requests join runs using (run_id) join drafts using (run_id)
                where requests.team_id = ? and requests.user_id = ? and requests.answer_channel_id = ?
                    and requests.run_id <> ? and drafts.created_at < ? and runs.review <> 'discarded'
                    and requests.surface = 'message'
                    and case when ? = 1 then requests.received_at >= ? else requests.answer_thread_ts = ? end
                    and drafts.version = (select max(version) from drafts as every
                        where every.run_id = drafts.run_id and every.created_at < ?)
                order by requests.received_at desc limit ?
                """,
                [
                    run.team_id,
                    run.user_id,
                    run.answer_channel_id,
                    run.run_id,
                    run.received_at,
                    int(run.opens_thread),
                    iso(since),
                    run.answer_thread_ts,
                    run.received_at,
                    MOST_TURNS,
                ],
            ).fetchall()
        )
        return [Turn(words=row[0], text=row[1]) for row in rows]

    async def habits(self, team_id: str, user_id: str, *, since: datetime) -> Habits:
        """Return what somebody asked for since a moment."""

        def work(db: Database) -> Habits:
            tasks = db.execute(
                """
                select task from runs where team_id = ? and user_id = ? and started_at >= ?
                group by task order by count(*) desc, task
                """,
                [team_id, user_id, iso(since)],
            ).fetchall()
            channel = db.execute(
                """
                select source_channel_id from requests
                where team_id = ? and user_id = ? and received_at >= ? and source_channel_id like 'C%'
                order by received_at desc limit 1
                """,
                [team_id, user_id, iso(since)],
            ).fetchone()
            return Habits(tasks=tuple(row[0] for row in tasks), channel_id=channel[0] if channel else "")

        return await self._store.read(work)
