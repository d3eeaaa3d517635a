"""Which task a request turned out to be, who said so, and the question that was asked where nobody could say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.records.baselines import current_baseline
from bot.records.database import Database
from bot.records.ledger import add_to_run
from bot.records.moments import iso, now
from bot.records.store import Store
from bot.records.workspaces import Workspaces
from bot.tasks import Run
from bot.value import UNREVIEWED_DAYS

Kind = Literal["task", "inputs"]
"""What is asked: which task is meant, or what its form needs."""


@dataclass(frozen=True)
class Choice:
    """Where the choice of a run's task stands.

    Attributes:
        state: `open` (nobody was asked yet), `taken` (the model was sure, and code agreed), `plain` (an answer),
            `asking` (a question stands in Slack), `chosen` (the asker answered it), `continued` (it was a wish
            for another version of a draft), `expired` (nobody answered it for a week).
        candidates: the tasks that the question offers.
        task: what was taken or chosen in the end.
        taken: the task that the model was sure of; the draft says so.
        into_run_id: the run whose draft it changes; empty for none.
    """

    run_id: str
    state: str
    kind: Kind
    candidates: tuple[str, ...]
    task: str
    taken: str
    into_run_id: str


class Choices:
    """Choices of tasks; every one is made once."""

    def __init__(self, store: Store, workspaces: Workspaces) -> None:
        self._store = store
        self._workspaces = workspaces

    async def get(self, run_id: str) -> Choice | None:
        """Return the choice of a run; None where its task was known from the start and nothing was missing."""
        row = await self._store.look(
            lambda db: db.execute(
                """
                select run_id, state, kind, candidates, task, taken, into_run_id from choices where run_id = ?
                """,
                [run_id],
            ).fetchone()
        )
        if row is None:
            return None
        return Choice(row[0], row[1], row[2], tuple(json.loads(row[3])), row[4], row[5], row[6])

    async def ask(self, run: Run, kind: Kind, candidates: Sequence[str]) -> None:
        """Write down what the asker is asked; a question that stands, or is answered, stays as it is."""
        await self._store.write(
            lambda db: db.execute(
                """
                insert into choices (run_id, team_id, state, kind, candidates, asked_at)
                values (?, ?, 'asking', ?, ?, ?)
                on conflict (run_id) do update set state = 'asking', kind = excluded.kind,
                    candidates = excluded.candidates, asked_at = excluded.asked_at
                where choices.state in ('open', 'taken')
                """,
                [run.run_id, run.team_id, kind, json.dumps(list(candidates)), iso(now())],
            )
        )

    async def take(self, run: Run, *, claimed_minutes: float) -> None:
        """Make the run the task that the model was sure of, with the baseline of that task."""

        def work(db: Database) -> None:
            cursor = db.execute(
                "update choices set state = 'taken', task = ?, taken = ? where run_id = ? and state = 'open'",
                [run.task, run.task, run.run_id],
            )
            if cursor.rowcount:
                _become(db, run, claimed_minutes)

        await self._store.write(work)

    async def answer_plainly(self, run_id: str) -> None:
        """Leave the run the plain answer that it is."""
        await self._store.write(
            lambda db: db.execute(
                "update choices set state = 'plain' where run_id = ? and state = 'open'", [run_id]
            )
        )

    async def choose(
        self, run: Run, *, task: str, claimed_minutes: float, asking_minutes: float = 0.0
    ) -> bool:
        """Keep the asker's answer, once; False when it was answered before, or too late.

        Args:
            run: the request as it is to be carried out.
            task: what was chosen.
            asking_minutes: what filling in its form took, besides asking.
        """

        def work(db: Database) -> bool:
            cursor = db.execute(
                """
                update choices set state = 'chosen', task = ?, chosen_at = ?
                where run_id = ? and state = 'asking'
                """,
                [task, iso(now()), run.run_id],
            )
            if cursor.rowcount:
                _become(db, run, claimed_minutes)
                db.execute(
                    "update runs set asking_minutes = asking_minutes + ? where run_id = ?",
                    [asking_minutes, run.run_id],
                )
            return bool(cursor.rowcount)

        return await self._store.write(work)

    async def begun(self, run_id: str) -> None:
        """Write down that the engine goes on with a chosen task."""
        await self._store.write(
            lambda db: db.execute(
                "update choices set begun_at = ? where run_id = ? and begun_at is null", [iso(now()), run_id]
            )
        )

    async def unbegun(self, before: datetime) -> list[str]:
        """Return the runs that were chosen before a moment and did not go on."""
        rows = await self._store.read(
            lambda db: db.execute(
                """
                select run_id from choices
                where state = 'chosen' and begun_at is null and chosen_at <= ? order by chosen_at
                """,
                [iso(before)],
            ).fetchall()
        )
        return [row[0] for row in rows]

    async def continue_draft(self, run_id: str, *, into: str) -> None:
        """Make a request part of the run whose draft it changes: what it cost belongs there."""

        def work(db: Database) -> None:
            cursor = db.execute(
                """
                update choices set state = 'continued', into_run_id = ?
                where run_id = ? and state in ('open', 'chosen')
                """,
                [into, run_id],
            )
            if cursor.rowcount:
                _fold(db, run_id, into)

        await self._store.write(work)

    async def unanswered(self, team_id: str, moment: datetime) -> list[str]:
        """Return the runs whose question nobody answered for a week."""
        week_ago = moment - timedelta(days=UNREVIEWED_DAYS)
        rows = await self._store.read(
            lambda db: db.execute(
                """
                select run_id from choices where team_id = ? and state = 'asking' and asked_at < ? order by asked_at
                """,
                [team_id, iso(week_ago)],
            ).fetchall()
        )
        return [row[0] for row in rows]

    async def expire(self, run_id: str) -> None:
        """Settle a run whose question nobody answered: it is refused, and what the question cost counts."""

        def work(db: Database) -> None:
            cursor = db.execute(
                "update choices set state = 'expired' where run_id = ? and state = 'asking'", [run_id]
            )
            if not cursor.rowcount:
                return
            team_id, asked_at = db.execute(
                "select team_id, asked_at from choices where run_id = ?", [run_id]
            ).fetchone()
            # A bot that was off settles late, and each run still belongs to its own week.
            at = datetime.fromisoformat(asked_at) + timedelta(days=UNREVIEWED_DAYS)
            db.execute(
                """
                update runs set outcome = 'refused', reason = 'not-chosen', settled_at = ?, settled_month = ?
                where run_id = ?
                """,
                [iso(at), self._workspaces.month(db, team_id, at), run_id],
            )

        await self._store.write(work)


def _become(db: Database, run: Run, claimed_minutes: float) -> None:
    """Make request and ledger row those of *run*, with the baseline of its task."""
    db.execute(
        """
        update requests set task = ?, words = ?, inputs = ?, source_channel_id = ?, source_ts = ?,
            source_oldest = ?, source_latest = ?, source_since = ?, files = ? where run_id = ?
        """,
        [
            run.task,
            run.words,
            json.dumps(run.inputs, ensure_ascii=False),
            run.source_channel_id,
            run.source_ts,
            run.source_oldest,
            run.source_latest,
            run.source_since,
            json.dumps(run.files),
            run.run_id,
        ],
    )
    best = current_baseline(db, run.team_id, run.task, claimed_minutes)
    db.execute(
        "update runs set task = ?, baseline_minutes = ?, baseline_source = ? where run_id = ?",
        [run.task, best.typical, best.kind, run.run_id],
    )


def _fold(db: Database, run_id: str, into: str) -> None:
    """Book the calls of a run on another one; the row of the first goes, because it was no run of its own."""
    row = db.execute(
        """
        select calls, calls_unpriced, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
            cost_microusd from runs where run_id = ?
        """,
        [run_id],
    ).fetchone()
    if row is None:
        return
    calls, unpriced, *tokens, cost = row
    if calls:
        add_to_run(db, into, calls=calls, unpriced=unpriced, tokens=tokens, cost_microusd=cost)
    db.execute("update calls set run_id = ? where run_id = ?", [into, run_id])
    db.execute("delete from answers where run_id = ?", [run_id])
    db.execute("delete from runs where run_id = ?", [run_id])
