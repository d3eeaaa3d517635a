"""Sets of texts from tables, step by step: read, sample, price, write, check; each step may be done twice."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Iterable, Sequence
from collections.abc import Mapping as Dictionary
from datetime import UTC, datetime
from typing import Any, TypeVar

from bot.bulk import Fault, find_alike, read_table
from bot.delivery import Delivery
from bot.handlers import Desk
from bot.handlers.admission import AcceptError
from bot.handlers.budget import BudgetError
from bot.handlers.table import Work
from bot.jobs.acceptance import Acceptance
from bot.jobs.allowance import Allowance
from bot.jobs.bulk_rows import NEEDS_ADMIN, Rows, attempt_of
from bot.jobs.bulk_shown import SetCards
from bot.jobs.posts import Posts
from bot.llm import Answer, Batches, LLMError, Question
from bot.records.bulk import AT_WORK, ENDED, BulkSet, Stage
from bot.records.bulk_batches import Claim
from bot.records.bulk_items import Item
from bot.tasks import Task, UserError
from bot.texts import text
from bot.wire import SlackError

T = TypeVar("T")

log = logging.getLogger(__name__)

BATCH_ROWS = 500
"""Rows of one batch: a set shows progress, and a kill costs little, while few calls are made about batches."""

APART_ROWS = 20
AT_ONCE = 6
SHOW_EVERY_S = 3.0
ACCEPT_AGAIN_S = 60.0
"""A set whose asker has not accepted the guideline is tried again after so long; the press itself goes on at once."""


class BulkSets:
    """Carries sets on; where they stand is in the records, so any step may be the first after a crash."""

    def __init__(
        self,
        desk: Desk,
        delivery: Delivery,
        posts: Posts,
        tasks: Dictionary[str, Task],
        acceptance: Acceptance,
        allowance: Allowance,
    ) -> None:
        self._acceptance = acceptance
        self._allowance = allowance
        self._desk = desk
        self._delivery = delivery
        self._posts = posts
        self._records = desk.records
        self._bulk = desk.records.bulk
        self._items = desk.records.bulk_items
        self._claims = desk.records.bulk_batches
        self._batches = Batches(desk.llm)
        self._rows = Rows(desk, tasks)
        self._tasks = tasks
        self.cards = SetCards(desk, posts, tasks)
        self._shown_at: dict[str, float] = {}
        self._progress: dict[str, int] = {}

    async def advance(self, set_id: str, turn: int) -> float | None:
        """Do the next piece of work on a set; return after how many seconds there is more, None for nothing.

        Raises:
            SlackError: Slack does not take what is to be shown; the next try goes on.
        """
        one = await self._bulk.get(set_id)
        if one is None or one.turn != turn:
            return None
        try:
            delay_s = await self._work(one)
        except AcceptError:
            await self._acceptance.show(one.team_id, one.user_id, one.language)
            delay_s = ACCEPT_AGAIN_S
        except BudgetError as error:
            delay_s = None
            await self._allowance.refuse(error)
            await self._stop(one, error.key, **error.params)
        except UserError as error:
            delay_s = None
            if one.stage == "reading":
                await self._bulk.move(set_id, "refused", of="reading", trouble=error.key, **error.params)
            else:
                # A rule of today: what is written stays for review, and a batch under way is stopped next.
                await self._stop(one, error.key, **error.params)
                delay_s = 0.0 if one.stage == "running" else None
        except LLMError as error:
            delay_s = await self._fault(one, error)
        now = await self._bulk.get(set_id)
        if now is None or now.turn != turn:
            return None
        quiet_s = time.monotonic() - self._shown_at.get(set_id, 0.0)
        if delay_s is None or now.stage != one.stage or quiet_s >= SHOW_EVERY_S:
            await self.cards.show(now, answered=self._progress.get(set_id, 0))
            self._shown_at[set_id] = time.monotonic()
        if delay_s is None:
            await self._bulk.shown(set_id, turn)
            self._shown_at.pop(set_id, None)
            self._progress.pop(set_id, None)
        return delay_s

    async def bring_file(self, set_id: str, kind: str, number: int) -> None:
        """Bring the texts of a set as its file *number*, once, or say that there are none yet.

        Raises:
            SlackError: Slack does not take it.
        """
        one = await self._bulk.get(set_id)
        if one is not None and (sentence := await self.cards.bring_result(one, kind, number)):
            spot = await self._posts.messages_tab(one.team_id, one.user_id)
            await self._delivery.tell(spot.channel_id, one.user_id, sentence)

    async def _work(self, one: BulkSet) -> float | None:
        if one.stage in AT_WORK:
            await self._desk.admit(self._rows.run_of(one, one.set_id), self._tasks[one.task])
        if one.stage == "reading":
            await self._read(one)
        elif one.stage == "sampling":
            return await self._sample(one)
        elif one.stage == "priced" and not (await self._items.counts(one.set_id)).left:
            # All of it were samples: there is no price to ask for.
            await self._bulk.move(one.set_id, "running", of="priced")
            return 0.0
        elif one.stage == "running":
            return await self._go_on(one)
        elif one.stage in ENDED:
            return await self._tidy(one)
        return None

    async def _read(self, one: BulkSet) -> None:
        """Read the file with its sender's rights and keep its rows.

        Raises:
            UserError: it cannot be read, or is no table that we can take.
        """
        found = await self._desk.files.look(one.file_id, user_id=one.user_id)
        if found.kind != "sheet":
            raise UserError("bulk.no-sheet", name=found.name)
        try:
            content = await self._desk.files.read(found)
        except UserError as error:
            key = "bulk.too-large" if error.key == "file.too-large" else error.key
            raise UserError(key, **error.params) from error
        table = await asyncio.to_thread(read_table, content.rows, found.name)
        await self._bulk.fill(one.set_id, table, file_name=found.name)

    async def _sample(self, one: BulkSet) -> float | None:
        """Write the samples, one call each: whoever waits for them waits for seconds, not for a batch."""
        work = await self._work_of(one)
        items = await self._items.items(one.set_id, states=("open",))
        if items:
            await self._write(one, work, items)
            return 0.0
        samples = [item for item in await self._items.items(one.set_id) if item.is_sample]
        if any(item.state == "written" for item in samples):
            await self._items.deliver(one.set_id)
            await self._bulk.begin_look(one.set_id)
            await self._bulk.move(one.set_id, "samples", of="sampling")
        else:
            await self._bulk.move(one.set_id, "mapping", of="sampling", trouble="bulk.no-samples")
        return None

    async def _go_on(self, one: BulkSet) -> float | None:
        """Ask about the next rows, take what is answered, check the whole, and end."""
        work = await self._work_of(one)
        claim = await self._claims.open_claim(one.set_id)
        if claim is not None:
            return await self._attend(one, work, claim)
        items = await self._items.items(one.set_id, states=("open",))
        if items and one.uses_batches and len(items) > 1:
            return await self._send(one, work, items[:BATCH_ROWS])
        if items:
            await self._write(one, work, items[:APART_ROWS])
            return 0.0
        if await self._check_all(one, work):
            return 0.0
        await self._items.deliver(one.set_id)
        await self._bulk.begin_look(one.set_id)
        # Before the set is done: whoever does this step again still knows that its file is wanted.
        await self._bring_first(one)
        await self._bulk.move(one.set_id, "done", of="running")
        return None

    async def _bring_first(self, one: BulkSet) -> None:
        """Bring the file that ends a set; where Slack refuses it, the buttons bring it.

        Raises:
            SlackError: Slack is away.
        """
        try:
            await self.cards.bring_result(one)
        except SlackError as error:
            if error.away:
                raise
            log.warning("set=%s its file was not taken: %s", one.set_id, error)

    async def _tidy(self, one: BulkSet) -> float | None:
        """Take what an interrupted batch still gives, and write anew what somebody asked for."""
        work = await self._work_of(one)
        claim = await self._claims.open_claim(one.set_id)
        if claim is not None:
            return await self._attend(one, work, claim)
        items = await self._items.items(one.set_id, states=("open",))
        asked = [item for item in items if item.review == "redone"]
        if one.stage == "cancelled":
            # Nobody waits for what code wanted better: the first texts stand.
            left = [item for item in items if item.attempt > 1 and item.review != "redone"]
            await asyncio.gather(*(self._items.give_up(item, "") for item in left))
        if asked:
            await self._write(one, work, asked[:APART_ROWS])
            return 0.0
        await self._items.deliver(one.set_id)
        await self._bulk.begin_look(one.set_id)
        return None

    async def _send(self, one: BulkSet, work: Work, items: Sequence[Item]) -> float:
        claim = await self._claims.claim(one.set_id, items)
        return await self._submit(one, work, claim)

    async def _submit(self, one: BulkSet, work: Work, claim: Claim) -> float:
        """Send what is claimed as one batch; where the server takes none, let the rows be asked one by one.

        Raises:
            BudgetError: a limit leaves no room for all of them; nothing was sent.
            LLMError: it may have been sent all the same.
        """
        items = await self._claimed(claim)
        prepared = await asyncio.gather(
            *(self._rows.prepare(one, work, claim, item) for item in items), return_exceptions=True
        )
        faults = [each for each in prepared if isinstance(each, BaseException)]
        questions = [each for each in prepared if isinstance(each, Question)]
        task = work.task
        batch = None
        if questions and not faults:
            batch = await self._batches.send(
                questions, model=task.model, max_tokens=task.max_tokens, effort=task.effort
            )
        if batch is not None:
            await self._claims.sent(claim.claim_id, batch.id)
            return 1.0
        await self._forget_calls(claim, items)
        if questions and not faults:
            await self._bulk.no_batches(one.set_id)
        await self._claims.end_claim(claim)
        if faults:
            raise faults[0]
        return 0.0

    async def _attend(self, one: BulkSet, work: Work, claim: Claim) -> float:
        """Look after a batch: find it where its name was lost, stop it where nobody wants it, take it once it ended."""
        batch_id = claim.batch_id
        if not batch_id:
            known = await self._claims.known_batches()
            asked = await self._claimed(claim)
            found = await self._batches.find(
                claim.claim_id, since=claim.claimed_at, requests=len(asked), known=known
            )
            if found is None and one.stage == "running":
                return await self._submit(one, work, claim)
            if found is None:
                await self._forget_calls(claim, asked)
                await self._claims.end_claim(claim)
                return 0.0
            if not found.ended:
                return _patience_s(claim)
            batch_id = found.id
            await self._claims.sent(claim.claim_id, batch_id)
        batch = await self._batches.look(batch_id)
        if batch is not None and not batch.ended:
            self._progress[one.set_id] = batch.done
            if one.stage != "running":
                await self._batches.cancel(batch_id)
                return 1.0
            return _patience_s(claim)
        results = await self._batches.results(batch_id) if batch is not None else None
        if results is None:
            # What it may have cost stays unknown in the ledger, as of any call that was never heard of again.
            log.warning("set=%s the server keeps batch %s no more", one.set_id, batch_id)
            await self._claims.end_claim(claim)
        else:
            await self._take(one, work, claim, results)
        self._progress.pop(one.set_id, None)
        return 0.0

    async def _take(
        self, one: BulkSet, work: Work, claim: Claim, results: Sequence[tuple[str, Answer | LLMError]]
    ) -> None:
        """Book and keep what a batch brought, then close it.

        Raises:
            LLMError: every row failed for a reason that an admin must mend.
        """
        waiting = {f"{claim.claim_id}-{item.number}": item for item in await self._claimed(claim)}
        known = [(waiting.pop(name), result) for name, result in results if name in waiting]
        await _all(self._rows.take(one, work, claim, item, result) for item, result in known)
        await self._forget_calls(claim, waiting.values())
        await self._claims.end_claim(claim)
        faults = [result for _, result in known if isinstance(result, LLMError)]
        if faults and len(faults) == len(known) and faults[0].kind in NEEDS_ADMIN:
            raise faults[0]

    async def _write(self, one: BulkSet, work: Work, items: Sequence[Item]) -> None:
        """Ask about rows with ordinary calls, a few at once.

        Raises:
            LLMError: the model is down, or needs an admin; what was answered is kept.
            BudgetError, AcceptError: the same, of a row.
        """
        gate = asyncio.Semaphore(AT_ONCE)

        async def write(item: Item) -> LLMError | None:
            async with gate:
                return await self._rows.write(one, work, item)

        faults = [fault for fault in await _all(map(write, items)) if fault is not None]
        if faults:
            raise faults[0]

    async def _check_all(self, one: BulkSet, work: Work) -> bool:
        """Hold all texts against each other; say whether any is written anew, once, with its fault named."""
        items = await self._items.items(one.set_id, states=("written",))
        twins: dict[int, int] = {}
        if work.rules.unlike:
            texts = {item.number: item.text for item in items}
            own = {item.number: item.cells for item in items}
            twins = await asyncio.to_thread(find_alike, texts, own)
        again = []
        for item in items:
            plain = tuple(fault for fault in item.faults if fault.kind != "alike")
            twin = twins.get(item.number)
            faults = plain if twin is None else (*plain, Fault("alike", str(twin)))
            if faults != item.faults:
                await self._items.judge(item, faults)
            # The style of a sample is approved as it stands.
            if faults and item.attempt == 1 and item.review == "open" and not item.is_sample:
                again.append(item)
        await self._items.redo(one.set_id, again)
        return bool(again)

    async def _fault(self, one: BulkSet, error: LLMError) -> float | None:
        """Wait where waiting can help; else stop the set and say what an admin must do."""
        log.warning("set=%s model fault kind=%s", one.set_id, error.kind)
        if error.retryable:
            return min(300.0, max(5.0, error.retry_after_s or 15.0))
        trouble = error.kind if error.kind in NEEDS_ADMIN else "other"
        await self._stop(one, f"bulk.trouble.{trouble}")
        return None

    async def give_up(self, set_id: str) -> None:
        """Stop a set on which the bot crashed each time; whoever sent it reads so, and may go on with it."""
        one = await self._bulk.get(set_id)
        if one is not None and one.stage == "reading":
            await self._bulk.move(set_id, "refused", of="reading", trouble="bulk.trouble.crashed")
        elif one is not None:
            await self._stop(one, "bulk.trouble.crashed")

    async def _stop(self, one: BulkSet, trouble: str, **params: Any) -> None:
        """Stop a set and say why; a text that was to be written anew stays as it was."""
        stage: Stage = "mapping" if one.stage == "sampling" else "paused"
        if one.stage in AT_WORK:
            await self._bulk.move(one.set_id, stage, of=one.stage, trouble=trouble, **params)
            return
        for item in await self._items.items(one.set_id, states=("open",)):
            if item.review == "redone":
                await self._items.give_up(item, text(trouble, one.language, **params))

    async def _forget_calls(self, claim: Claim, items: Iterable[Item]) -> None:
        """Take what rows of a batch were to cost out of the ledger: it was never sent, or brought nothing for them."""
        await asyncio.gather(*(self._records.ledger.end_call(attempt_of(claim, item)) for item in items))

    async def _claimed(self, claim: Claim) -> list[Item]:
        items = await self._items.items(claim.set_id, states=("asked",))
        return [item for item in items if item.claim_id == claim.claim_id]

    async def _work_of(self, one: BulkSet) -> Work:
        samples: tuple[str, ...] = ()
        if one.confirmed_at is not None:
            items = await self._items.items(one.set_id)
            samples = tuple(item.text for item in items if item.is_sample and item.text)
        if self._tasks[one.task].personal_data != "allow":
            # One client's letter goes along with every other's: one is enough for the style.
            samples = samples[:1]
        return Work(
            set_id=one.set_id,
            task=self._tasks[one.task],
            language=one.language,
            company=await self._desk.company(one.team_id),
            instructions=one.mapping.instructions if one.mapping else "",
            most_words=one.mapping.most_words if one.mapping else 150,
            samples=samples,
        )


async def _all(works: Iterable[Awaitable[T]]) -> list[T]:
    """Wait for all of *works*, then raise what stopped one: what is under way meanwhile is paid, and is to be kept."""
    ends = await asyncio.gather(*works, return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException):
            raise end
    return [end for end in ends if not isinstance(end, BaseException)]


def _patience_s(claim: Claim) -> float:
    """Return after how many seconds a batch is looked at again: soon at first, then once a minute."""
    waited_s = (datetime.now(UTC) - claim.claimed_at).total_seconds()
    return min(60.0, max(1.0, waited_s / 4))
