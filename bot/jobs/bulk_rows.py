"""One row of a set on its way: asked about, let out and in, booked, checked, kept; each of it may be done twice."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from bot.bulk import Row, make_row
from bot.handlers import Brief, Desk
from bot.handlers.admission import AcceptError
from bot.handlers.budget import BudgetError, reserve
from bot.handlers.desk import write_call
from bot.handlers.gate import Passage
from bot.handlers.table import About, Anew, Work, ask_about, check
from bot.llm import Answer, LLMError, Question
from bot.records.bulk import BulkSet
from bot.records.bulk_batches import Claim
from bot.records.bulk_items import Item
from bot.records.ledger import Paid
from bot.tasks import Draft, Outcome, Run, Task, UserError
from bot.texts import text

log = logging.getLogger(__name__)

MOST_TRIES = 2
NEEDS_ADMIN = ("key", "credit", "model")


class Rows:
    """Asks about rows, in a batch or by themselves, and keeps what comes back."""

    def __init__(self, desk: Desk, tasks: Mapping[str, Task]) -> None:
        self._desk = desk
        self._records = desk.records
        self._items = desk.records.bulk_items
        self._tasks = tasks

    async def prepare(self, one: BulkSet, work: Work, claim: Claim, item: Item) -> Question | None:
        """Let a row's question out, with what it may cost reserved; None, and the row told of, where it may not.

        Raises:
            BudgetError: a limit leaves no room.
            AcceptError: its asker is to accept the guideline first.
        """
        made = await self._question(work, one, item)
        if made is None:
            return None
        brief = await self._open(one, work, item, started_at=claim.claimed_at)
        passage = await self._let_out(one, brief, item, made[1])
        if passage is None:
            return None
        attempt = attempt_of(claim, item)
        # Who comes here again knows that the batch was never sent.
        await self._records.ledger.end_call(attempt)
        await reserve(self._desk, brief, _call_id(item), attempt, [*passage.blocks, passage.user])
        return Question(f"{claim.claim_id}-{item.number}", tuple(passage.blocks), passage.user)

    async def _let_out(self, one: BulkSet, brief: Brief, item: Item, asked: About) -> Passage | None:
        try:
            return await self._desk.let_out(brief, system=asked.system, user=asked.user, base=asked.base)
        except AcceptError:
            raise
        except UserError as error:
            await self._refused(one, item, error)
            return None

    async def take(
        self, one: BulkSet, work: Work, claim: Claim, item: Item, result: Answer | LLMError
    ) -> None:
        """Book what a batch brought for a row, and keep its text, or that there is none."""
        made = await self._question(work, one, item)
        if made is None:
            return
        row, asked = made
        brief = await self._open(one, work, item, started_at=claim.claimed_at)
        attempt, ledger = attempt_of(claim, item), self._records.ledger
        if isinstance(result, Answer):
            paid = Paid(text=result.text, model=result.model)
            await ledger.book(write_call(_call_id(item), item.run_id, result), answer=paid, attempt=attempt)
            # The same tokens stand for the same values again: they follow from the run, and from what all rows share.
            passage = await self._let_out(one, brief, item, asked)
            if passage is not None:
                await self._let_in(one, work, item, row, passage, paid)
            return
        if result.usage is not None:
            await ledger.book(write_call(attempt, item.run_id, result), attempt=attempt)
        else:
            await ledger.end_call(attempt)
        if result.usage is not None or (result.kind not in NEEDS_ADMIN and one.stage == "running"):
            await self._failed(one, item, result)

    async def _let_in(
        self, one: BulkSet, work: Work, item: Item, row: Row, passage: Passage, paid: Paid
    ) -> None:
        try:
            paid = self._desk.let_in(passage, paid)
        except UserError as error:
            await self._refused(one, item, error)
            return
        await self._keep(work, item, row, paid.text, paid.model)

    async def write(self, one: BulkSet, work: Work, item: Item) -> LLMError | None:
        """Ask about a row with a call of its own; return the fault that stops the whole set, if it met one.

        Raises:
            BudgetError: a limit leaves no room.
            AcceptError: its asker is to accept the guideline first.
        """
        made = await self._question(work, one, item)
        if made is None:
            return None
        row, asked = made
        brief = await self._open(one, work, item)
        try:
            paid = await self._desk.ask(brief, system=asked.system, user=asked.user, base=asked.base)
        except (AcceptError, BudgetError):
            raise
        except UserError as error:
            await self._refused(one, item, error)
            return None
        except LLMError as error:
            if error.retryable or error.kind in NEEDS_ADMIN:
                return error
            await self._failed(one, item, error)
            return None
        await self._keep(work, item, row, paid.text, paid.model)
        return None

    async def _question(self, work: Work, one: BulkSet, item: Item) -> tuple[Row, About] | None:
        """Return a row and what is asked about it; None, and the row told of, where there is nothing to ask."""
        assert one.mapping is not None  # a set has its mapping before any row is asked about
        try:
            row = make_row(item.number, one.headers, item.cells, one.mapping)
        except UserError as error:
            await self._refused(one, item, error)
            return None
        anew = None
        if item.attempt > 1:
            before = await self._records.drafts.get(item.run_id, item.version - 1)
            wanted = await self._records.reviews.instruction(item.run_id, item.version)
            faults = item.faults if item.review != "redone" else ()
            anew = Anew(before.text, faults, wanted) if before else None
        return row, ask_about(work, row, anew)

    def run_of(
        self,
        one: BulkSet,
        run_id: str,
        *,
        started_at: datetime | None = None,
        asking_minutes: float | None = None,
    ) -> Run:
        """Return the run that a text of the set is, or the set as it is asked for."""
        return Run(
            run_id=run_id,
            team_id=one.team_id,
            channel_id=one.channel_id,
            user_id=one.user_id,
            task=one.task,
            surface="table",
            language=one.language,
            received_at=(started_at or datetime.now(UTC)).isoformat(timespec="milliseconds"),
            asking_minutes=asking_minutes,
        )

    async def _open(
        self, one: BulkSet, work: Work, item: Item, *, started_at: datetime | None = None
    ) -> Brief:
        """Open the ledger's row of a text: one run each, so that every figure counts it as a text."""
        # What asking took is spread over the texts when the set ends.
        run = self.run_of(one, item.run_id, started_at=started_at, asking_minutes=0.0)
        claimed = self._tasks[one.task].baseline_minutes
        await self._records.ledger.open(run, claimed_minutes=claimed)
        return Brief(run=run, task=work.task, company=work.company, version=item.version)

    async def _keep(self, work: Work, item: Item, row: Row, written: str, model: str) -> None:
        """Keep a text as its run's draft, with what is wrong with it."""
        written = written.strip()
        faults = check(work, row, written)
        notes = self._desk.gate.remarks(item.run_id, item.version, work.language)
        draft = Draft(run_id=item.run_id, version=item.version, text=written, model=model, notes=notes)
        # The row comes last: until then whoever does this again finds the answer that was paid.
        await self._records.ledger.close(item.run_id, "drafted")
        await self._items.wrote(item, draft, faults)

    async def _refused(self, one: BulkSet, item: Item, error: UserError) -> None:
        """Keep that a row is not asked about, or its answer not taken: asking again would change nothing."""
        await self._give_up(item, text(error.key, one.language, **error.params), "refused", error.key)

    async def _failed(self, one: BulkSet, item: Item, error: LLMError) -> None:
        """Keep that a row was not answered; it is asked about twice."""
        log.warning("run=%s row fault kind=%s", item.run_id, error.kind)
        trouble = text(f"bulk.row.{error.kind}", one.language)
        if item.tries + 1 < MOST_TRIES:
            await self._items.failed(item, trouble)
        else:
            await self._give_up(item, trouble, "failed", error.kind)

    async def _give_up(self, item: Item, trouble: str, outcome: Outcome, reason: str) -> None:
        if await self._items.give_up(item, trouble):
            await self._records.ledger.close(item.run_id, outcome, reason=reason)


def _call_id(item: Item) -> str:
    """Return what a batch's answer is booked as: under the row's hash, so that taken twice it is paid once."""
    return f"{item.run_id}#{item.version}#{item.row_hash}"


def attempt_of(claim: Claim, item: Item) -> str:
    """Return what stands in the ledger while a row waits for its batch."""
    return f"{_call_id(item)}!{claim.claim_id}"
