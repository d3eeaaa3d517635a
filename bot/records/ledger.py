"""The ledger: one row per run, opened before the work and closed with its outcome, and a row per model call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.records.baselines import current_baseline
from bot.records.budgets import Limit, check_limits
from bot.records.database import Database
from bot.records.moments import days_after, iso, now
from bot.records.store import Store
from bot.records.workspaces import Workspaces
from bot.tasks import Outcome, Run
from bot.value import ASKING_MINUTES_ASSUMED

EXPORTED = (
    "run_id, team_id, channel_id, user_id, task, surface, started_at, finished_at, duration_ms, outcome,"
    " reason, delivered_at, review, reviewer_id, decided_at, settled_at, settled_month, correction,"
    " edit_distance, numbers_changed, dates_changed, names_changed, correction_reason, feedback, feedback_at,"
    " model, calls,"
    " calls_unpriced, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_microusd,"
    " baseline_minutes, baseline_source, asking_minutes, asking_source, review_clock_minutes, review_word,"
    " review_typed_minutes,"
    " review_minutes, rework_minutes, rework_asked_at, reminded_at, by_hand_minutes, minutes_saved"
)


@dataclass(frozen=True)
class Call:
    """One call of the model, as it is booked.

    Attributes:
        input_tokens: all of them, those from and for the cache included; None when nobody told.
        cost_microusd: millionths of a US dollar; None when the price is unknown, never 0 instead.
        result: `answered`, or the kind of fault that made the answer unusable; `asked` while it is under way,
            `interrupted` when the bot ended meanwhile.
    """

    call_id: str
    run_id: str
    model: str
    result: str
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    cost_microusd: int | None
    duration_ms: int


@dataclass(frozen=True)
class Paid:
    """An answer that was paid for, kept until the draft that it belongs to stands.

    Attributes:
        cut: it stops in mid-sentence, because the task's longest answer was reached.
    """

    text: str
    model: str
    cut: bool = False


class Ledger:
    """Runs and what they cost."""

    def __init__(self, store: Store, workspaces: Workspaces) -> None:
        self._store = store
        self._workspaces = workspaces

    async def open(self, run: Run, *, claimed_minutes: float) -> bool:
        """Open the row of *run* with the best known baseline; return False when somebody was here before."""

        def work(db: Database) -> bool:
            best = current_baseline(db, run.team_id, run.task, claimed_minutes)
            asking = ASKING_MINUTES_ASSUMED if run.asking_minutes is None else run.asking_minutes
            cursor = db.execute(
                """
                insert into runs (run_id, team_id, channel_id, user_id, task, surface, started_at,
                    outcome, baseline_minutes, baseline_source, asking_minutes, asking_source)
                values (?, ?, ?, ?, ?, ?, ?, 'running', ?, ?, ?, ?) on conflict do nothing
                """,
                [
                    run.run_id,
                    run.team_id,
                    run.channel_id,
                    run.user_id,
                    run.task,
                    run.surface,
                    run.received_at or iso(now()),
                    best.typical,
                    best.kind,
                    asking,
                    "assumed" if run.asking_minutes is None else "measured",
                ],
            )
            return cursor.rowcount > 0

        return await self._store.write(work)

    async def close(self, run_id: str, outcome: Outcome, *, reason: str = "") -> int | None:
        """Write how the run ended, and return how long it took in milliseconds.

        A run that has ended `drafted` stays so; None then, because it was told before.
        """

        def work(db: Database) -> int | None:
            row = db.execute(
                "select started_at, team_id from runs where run_id = ? and outcome <> 'drafted'", [run_id]
            ).fetchone()
            if row is None:
                return None
            finished = now()
            took = max(0, round((finished - datetime.fromisoformat(row[0])).total_seconds() * 1000))
            # What gave no draft is settled with its end; a draft is settled by a person, or by a week.
            ended = outcome in ("refused", "failed")
            month = self._workspaces.month(db, row[1], finished) if ended else None
            db.execute(
                """
                update runs set outcome = ?, reason = ?, finished_at = ?, duration_ms = ?,
                    settled_at = coalesce(settled_at, ?), settled_month = coalesce(settled_month, ?)
                where run_id = ?
                """,
                [
                    outcome,
                    reason or None,
                    iso(finished),
                    took,
                    iso(finished) if ended else None,
                    month,
                    run_id,
                ],
            )
            if outcome == "drafted":
                # A try before gave none, and was settled; who approved before we come here has settled this one.
                db.execute(
                    """
                    update runs set settled_at = null, settled_month = null
                    where run_id = ? and decided_at is null
                    """,
                    [run_id],
                )
            return took

        return await self._store.write(work)

    async def first_started(self, team_id: str) -> datetime | None:
        """Return when a workspace asked for its first run, or None before that."""
        row = await self._store.read(
            lambda db: db.execute("select min(started_at) from runs where team_id = ?", [team_id]).fetchone()
        )
        return None if row[0] is None else datetime.fromisoformat(row[0])

    async def has_drafted(self, team_id: str, user_id: str) -> bool:
        """Say whether somebody ever got a draft."""
        row = await self._store.look(
            lambda db: db.execute(
                "select 1 from runs where team_id = ? and user_id = ? and outcome = 'drafted' limit 1",
                [team_id, user_id],
            ).fetchone()
        )
        return row is not None

    async def outcome(self, run_id: str) -> str | None:
        """Return the outcome of a run, or None when it has no row."""
        row = await self._store.read(
            lambda db: db.execute("select outcome from runs where run_id = ?", [run_id]).fetchone()
        )
        return None if row is None else str(row[0])

    async def unfinished(self, before: datetime) -> list[str]:
        """Return the runs that were started before a moment and have no end yet, or one that waits for more."""
        rows = await self._store.read(
            lambda db: db.execute(
                """
                select run_id from runs where (finished_at is null or outcome = 'waiting') and started_at < ?
                order by started_at
                """,
                [iso(before)],
            ).fetchall()
        )
        return [row[0] for row in rows]

    async def begin_call(
        self,
        call_id: str,
        *,
        run_id: str,
        model: str,
        attempt: str,
        estimate_microusd: int | None = None,
        limits: Sequence[Limit] = (),
    ) -> None:
        """Write down that the model is asked now: whatever ends the bot meanwhile, the call leaves a trace.

        An attempt at the same call that is still open was interrupted: it may have been paid, and nobody
        knows what it cost.

        Args:
            estimate_microusd: what the call may cost; it counts against limits until the real cost is known.
            limits: what it must fit under.

        Raises:
            OverLimitError: it does not; then nothing is written.
        """

        def work(db: Database) -> None:
            check_limits(db, limits, estimate_microusd=estimate_microusd)
            _interrupt(db, "run_id = ? and substr(call_id, 1, ?) = ?", [run_id, len(call_id), call_id])
            db.execute(
                """
                insert into calls (call_id, run_id, called_at, model, result, estimate_microusd, team_id)
                values (?, ?, ?, ?, 'asked', ?, coalesce((select team_id from runs where run_id = ?), ''))
                """,
                [attempt, run_id, iso(now()), model, estimate_microusd, run_id],
            )

        await self._store.write(work)

    async def end_call(self, attempt: str) -> None:
        """Forget an attempt that cost nothing: it was refused, or never sent."""
        await self._store.write(lambda db: _end_call(db, attempt))

    async def interrupt_calls(self, before: datetime) -> None:
        """Book calls that began before a moment, and were never heard of again, as interrupted."""
        # The rows of a batch wait for it, a day at most.
        waits = """
            called_at < ? and not exists (select 1 from bulk_batches
                where ended_at is null and calls.call_id like '%!' || claim_id)
        """
        await self._store.write(lambda db: _interrupt(db, waits, [iso(before)]))

    async def book(self, call: Call, *, answer: Paid | None = None, attempt: str = "") -> None:
        """Book one call and keep its answer, in one commit; the same call twice counts once.

        Args:
            attempt: what `begin_call` wrote down; the call takes its place.
        """

        def work(db: Database) -> None:
            estimate_microusd = _end_call(db, attempt)
            cursor = db.execute(
                """
                insert into calls (call_id, run_id, called_at, model, result, input_tokens,
                    output_tokens, cache_read_tokens, cache_write_tokens, cost_microusd, duration_ms, estimate_microusd,
                    team_id)
                values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
                    coalesce((select team_id from runs where run_id = ?), '')) on conflict do nothing
                """,
                [
                    call.call_id,
                    call.run_id,
                    iso(now()),
                    call.model,
                    call.result,
                    call.input_tokens,
                    call.output_tokens,
                    call.cache_read_tokens,
                    call.cache_write_tokens,
                    call.cost_microusd,
                    call.duration_ms,
                    estimate_microusd,
                    call.run_id,
                ],
            )
            if not cursor.rowcount:
                return
            db.execute("update runs set model = ? where run_id = ?", [call.model, call.run_id])
            tokens = (
                *(call.input_tokens, call.output_tokens),
                *(call.cache_read_tokens, call.cache_write_tokens),
            )
            unpriced, cost = int(call.cost_microusd is None), call.cost_microusd
            add_to_run(db, call.run_id, calls=1, unpriced=unpriced, tokens=tokens, cost_microusd=cost)
            if answer is not None:
                db.execute(
                    "insert into answers values (?, ?, ?, ?, ?, ?) on conflict do nothing",
                    [call.call_id, call.run_id, answer.model, answer.text, int(answer.cut), days_after(1)],
                )

        await self._store.write(work)

    async def paid(self, call_id: str) -> Paid | None:
        """Return the answer of a call that was paid before, or None."""
        row = await self._store.look(
            lambda db: db.execute(
                "select text, model, cut from answers where answer_id = ?", [call_id]
            ).fetchone()
        )
        return None if row is None else Paid(text=row[0], model=row[1], cut=bool(row[2]))

    async def newest(self, most: int = 1_000) -> list[dict[str, Any]]:
        """Return the newest runs with all their columns, oldest first."""
        rows = await self._store.read(
            lambda db: list(
                db.query(f"select {EXPORTED} from runs order by started_at desc, run_id desc limit ?", [most])
            )
        )
        return rows[::-1]


def add_to_run(
    db: Database,
    run_id: str,
    *,
    calls: int,
    unpriced: int,
    tokens: Sequence[int | None],
    cost_microusd: int | None,
) -> None:
    """Add what calls took to the row of a run.

    A sum with one unknown part is unknown: the cost stays null, and the count says how many. Tokens are those that are
    known; null when none are.

    Args:
        tokens: in, out, and of them from and for the cache.
    """
    db.execute(
        """
        update runs set
            calls = calls + ?, calls_unpriced = calls_unpriced + ?,
            input_tokens = coalesce(input_tokens + ?, input_tokens, ?),
            output_tokens = coalesce(output_tokens + ?, output_tokens, ?),
            cache_read_tokens = coalesce(cache_read_tokens + ?, cache_read_tokens, ?),
            cache_write_tokens = coalesce(cache_write_tokens + ?, cache_write_tokens, ?),
            cost_microusd = case when calls = 0 then ? else cost_microusd + ? end
        where run_id = ?
        """,
        [calls, unpriced, *(one for one in tokens for _ in range(2)), cost_microusd, cost_microusd, run_id],
    )


def _end_call(db: Database, attempt: str) -> int | None:
    """Take an open attempt away, and return what it was estimated to cost."""
    row = db.execute(
        "delete from calls where call_id = ? and result = 'asked' returning estimate_microusd", [attempt]
    ).fetchone()
    return None if row is None else row[0]


def _interrupt(db: Database, which: str, values: list[Any]) -> None:
    """Book open attempts as calls of unknown cost."""
    rows = db.execute(
        f"update calls set result = 'interrupted' where result = 'asked' and {which} returning run_id", values
    ).fetchall()
    for (run_id,) in rows:
        db.execute(
            """
            update runs set calls = calls + 1, calls_unpriced = calls_unpriced + 1, cost_microusd = null
            where run_id = ?
            """,
            [run_id],
        )
