"""What each step of a run does; every one of them may be done twice and leaves the same behind."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot import TijdwinstError
from bot.handlers import HANDLERS, Brief, Desk
from bot.handlers.admission import AcceptError
from bot.handlers.budget import BudgetError
from bot.handlers.choosing import CHANGE
from bot.jobs.acceptance import Acceptance
from bot.jobs.admins import Admins
from bot.jobs.allowance import Allowance
from bot.jobs.cards import Cards
from bot.jobs.choosing import Chooser
from bot.jobs.control import is_by_hand
from bot.jobs.plans import Plans
from bot.jobs.talks import Talk, Talks
from bot.llm import LLMError
from bot.metrics import Metrics
from bot.records import Records
from bot.records.bulk import set_of
from bot.tasks import Draft, Outcome, Run, Task, UserError
from bot.texts import format_minutes, text
from bot.views import (
    apology,
    by_hand_card,
    placeholder,
)
from bot.wire import SlackError

log = logging.getLogger(__name__)

FORGOTTEN_AFTER_S = 12 * 3600.0
"""An outage that a run met so long ago is none of its own any more."""

TROUBLE = {
    "key": "admin.key",
    "credit": "admin.credit",
    "model": "admin.model",
    "given-up": "admin.given-up",
}
VERDICTS = {
    "key": "error.key",
    "credit": "error.credit",
    "model": "error.model",
    "refusal": "error.refusal",
    "too_long": "error.too-long",
    "cut_off": "error.bad-answer",
    "bad_request": "error.bad-answer",
    "unusable": "error.bad-answer",
    "stopped": "error.stopped",
}


@dataclass(frozen=True)
class Limits:
    """The patience of a run.

    Attributes:
        at_once: drafts that are written at the same time.
        told_after_s: how long a model may be down before the asker is told and the slot is freed.
        continue_after_s: when the continuation tries again.
        continuations: how often it does before the asker gets an apology: about two hours.
        stream_s: how long one stream is written to; Slack ends it after about five minutes.
        choose_within_s: how long the model may think about which task is meant.
    """

    at_once: int = 50
    told_after_s: float = 60.0
    continue_after_s: float = 60.0
    continuations: int = 120
    stream_s: float = 240.0
    choose_within_s: float = 15.0


class Outage(TijdwinstError):
    """The model is down for the moment; the engine does the step again."""


def turn_key(run: Run) -> str:
    """Return what runs one at a time: a person in a conversation."""
    return f"{run.team_id}:{run.answer_channel_id or run.channel_id}:{run.user_id}"


class Runs:
    """The steps of a run."""

    def __init__(
        self,
        *,
        desk: Desk,
        talks: Talks,
        cards: Cards,
        plans: Plans,
        chooser: Chooser,
        acceptance: Acceptance,
        admins: Admins,
        allowance: Allowance,
        tasks: Mapping[str, Task],
        limits: Limits,
        metrics: Metrics,
        halted: Callable[[str], None],
    ) -> None:
        self._records: Records = desk.records
        self._desk = desk
        self._talks = talks
        self._cards = cards
        self._plans = plans
        self._chooser = chooser
        self._acceptance = acceptance
        self._admins = admins
        self._allowance = allowance
        self._tasks = tasks
        self._limits = limits
        self._metrics = metrics
        self._halted = halted
        self._down_since: dict[str, float] = {}
        # Told whose Home tab says something else now.
        self.stir: Callable[[str], None] = lambda _: None

    async def open(self, run_id: str) -> str | bool:
        """Open the ledger row and post the placeholder; say what stands in the way of writing.

        True when it is to be done by hand, `asked` when the asker is to answer first, `choose` when its task is
        not known yet, `set` when it is a table that becomes a text per row; False when nothing does.
        """
        run = await self._records.requests.need(run_id)
        choice = await self._records.choices.get(run_id)
        if choice is not None and choice.state == "continued":
            return "choose"
        if choice is not None and choice.state == "chosen" and await self._hand_over(run):
            return "set"
        await self._records.ledger.open(run, claimed_minutes=self._tasks[run.task].baseline_minutes)
        self.stir(run.user_id)
        if choice is None or (choice.state not in ("open", "asking") and choice.task != CHANGE):
            return await self._begin(run, chosen=choice is not None)
        if choice.state == "open" and not await self._talks.begin(run, self._tasks[run.task]):
            await self._cards.post_placeholder(run, text("placeholder.reading", run.language))
        return "choose"

    async def _hand_over(self, run: Run) -> bool:
        """Let a request whose asker chose a text per row of its table be a set; False when it is none."""
        if self._tasks[run.task].table is None or not run.files:
            return False
        await self._records.bulk.add(set_of(run))
        await self._talks.end(run)
        sentence = text("bulk.elsewhere", run.language)
        await self._cards.replace_placeholder(run, sentence, placeholder(sentence))
        return True

    async def choose(self, run_id: str) -> dict[str, Any]:
        """Find out which task a run is; return what is next."""
        run = await self._records.requests.need(run_id)
        choice = await self._records.choices.get(run_id)
        if choice is None:
            raise TijdwinstError(f"no choice for {run_id}")
        try:
            verdict = await self._chooser.choose(run, choice)
        except AcceptError as error:
            return await self._wait_for_accept(run, 1, error)
        if verdict["next"] == "write":
            began = await self._begin(await self._records.requests.need(run_id), chosen=True)
            verdict["next"] = began if isinstance(began, str) else "by_hand" if began else "write"
        if verdict["next"] != "write":
            await self._talks.end(run)
        return verdict

    async def _begin(self, run: Run, *, chosen: bool) -> str | bool:
        """Let the placeholder say what is written; what `open` returns, now that the task is known."""
        run, task = await self._plans.take_wish(run), self._tasks[run.task]
        title = task.title_in(run.language)
        if is_by_hand(run, task, await self._records.workspaces.get(run.team_id)):
            sentence = text("by-hand.question", run.language, task=title)
            await self._cards.replace_placeholder(
                run, sentence, by_hand_card(run.run_id, sentence, run.language)
            )
            return True
        if await self._chooser.ask_inputs(run):
            return "asked"
        stands = await self._records.drafts.post(f"{run.run_id}/place")
        if await self._talks.begin(run, task) and not stands:
            # The text will open its message itself; until then the status says that we are at work.
            return False
        sentence = text("placeholder.working", run.language, task=title)
        if chosen or stands:
            await self._cards.replace_placeholder(run, sentence, placeholder(sentence))
        else:
            await self._cards.post_placeholder(run, sentence)
        return False

    async def draft(self, run_id: str, version: int) -> dict[str, Any]:
        """Write a version and keep it; return how that went, with ids only.

        Raises:
            Outage: the model is down and the asker has patience left.
        """
        if await self._records.drafts.get(run_id, version) is not None:
            return {"outcome": "drafted"}
        run = await self._records.requests.need(run_id)
        task = self._tasks[run.task]
        try:
            await self._desk.admit(run, task)
            async with self._talks.writing(run, task, version) as talk:
                brief = await self._brief(run, task, version, talk)
                written = await self._with_patience(run, version, HANDLERS[task.handler](self._desk, brief))
        except AcceptError as error:
            return await self._wait_for_accept(run, version, error)
        except BudgetError as error:
            return await self._allowance.refuse(error)
        except UserError as error:
            return {"outcome": "refused", "key": error.key, "params": error.params}
        except LLMError as error:
            return await self._fault(run, error)
        await self._records.people.clear_notices(run.team_id, tuple(TROUBLE))
        notes = self._desk.gate.remarks(run_id, version, run.language)
        written = replace(written, notes=(*written.notes, *notes))
        await self._records.drafts.add(await self._greet(run, await self._allowance.note(run, written)))
        return {"outcome": "drafted"}

    async def _wait_for_accept(self, run: Run, version: int, error: AcceptError) -> dict[str, Any]:
        """Let a version wait for its asker to accept the guideline, and say so where it will stand."""
        await self._acceptance.ask(run, version, error)
        sentence = text("guideline.waits", run.language)
        if version > 1:
            await self._cards.say(run, version, sentence)
        else:
            await self._cards.replace_placeholder(run, sentence, placeholder(sentence))
        await self._talks.end(run)
        return {"outcome": "waiting", "next": "accept", "key": "guideline"}

    async def expire_waits(self, moment: datetime) -> None:
        """Settle what waited for its asker to accept the guideline for a week, and say so where it stands."""
        for run, wait in await self._acceptance.expire(moment):
            verdict = {"outcome": "refused", "key": "guideline.expired", "retry": True}
            try:
                await self.refuse(run.run_id, wait.version, verdict)
            except SlackError as error:
                if error.away:
                    continue
                log.warning("run=%s its end is not shown: %s", run.run_id, error)
            await self.close(run.run_id, "refused", "guideline.expired")
            await self._records.guidelines.begun(wait)

    async def _brief(self, run: Run, task: Task, version: int, talk: Talk) -> Brief:
        again = version > 1
        before = await self._records.drafts.get(run.run_id, version - 1) if again else None
        return Brief(
            run=run,
            task=task,
            company=await self._desk.company(run.team_id),
            version=version,
            instruction=await self._records.reviews.instruction(run.run_id, version) if again else "",
            before=before.text if before else "",
            tell=lambda done, total: self._progress(run, version, done, total),
            shown=talk.shown,
            halt=talk.halt,
        )

    async def _greet(self, run: Run, written: Draft) -> Draft:
        """Let somebody's first draft say what is sent where."""
        if await self._records.ledger.has_drafted(run.team_id, run.user_id):
            return written
        kept = (await self._records.workspaces.get(run.team_id)).retention_days
        where = text("first-use.where", run.language, days=kept)
        return replace(written, notes=(*written.notes, text("first-use.note", run.language, where=where)))

    async def _with_patience(self, run: Run, version: int, work: Any) -> Any:
        """Wait for a draft; tell the asker when it takes longer than a minute."""
        task = asyncio.ensure_future(work)
        try:
            done, _ = await asyncio.wait({task}, timeout=self._limits.told_after_s)
            if not done:
                await self._cards.say(run, version, text("placeholder.slow", run.language))
            return await task
        finally:
            task.cancel()

    async def _fault(self, run: Run, error: LLMError) -> dict[str, Any]:
        log.warning("run=%s model fault kind=%s", run.run_id, error.kind)
        if error.retryable:
            moment_s, wait_s = time.monotonic(), error.retry_after_s or 0.0
            since_s = self._down_since.setdefault(run.run_id, moment_s)
            # What went on at another replica, or nowhere, is closed by nobody here.
            self._down_since = {
                run_id: at for run_id, at in self._down_since.items() if moment_s - at < FORGOTTEN_AFTER_S
            }
            if moment_s - since_s + wait_s < self._limits.told_after_s:
                raise Outage(error.kind) from error
            return {"outcome": "waiting", "delay_s": min(wait_s, 900.0)}
        if error.kind in TROUBLE:
            await self._tell_admins(run, error.kind)
        outcome: Outcome = "refused" if error.kind in ("refusal", "too_long", "stopped") else "failed"
        retry = outcome == "failed" or error.kind == "stopped"
        return {"outcome": outcome, "key": VERDICTS[error.kind], "retry": retry}

    async def give_up(self, run_id: str, version: int, *, crashed: bool) -> None:
        """Tell the asker, and the admins once, that the engine gave a version up.

        Args:
            crashed: the bot fell over each time it worked on it. Trying the same again would do that once more, so
                nobody is invited to.

        Raises:
            SlackError: it could not be told.
        """
        key = "error.crashed" if crashed else "error.generic"
        verdict = {"outcome": "failed", "key": key, "retry": not crashed}
        await self.refuse(run_id, version, verdict)
        await self._tell_admins(await self._records.requests.need(run_id), "given-up")

    async def _tell_admins(self, run: Run, kind: str) -> None:
        """Tell the admins once that something needs them; the next run says nothing more."""
        if not await self._records.people.first_notice(run.team_id, kind):
            return
        language = (await self._records.workspaces.get(run.team_id)).language
        sentence = text(TROUBLE[kind], language, run=run.run_id)
        post_id, blocks = f"{run.run_id}/admin-{kind}", placeholder(sentence)
        if not (await self._admins.tell(post_id, sentence, blocks, run_id=run.run_id)).reached:
            # Nobody was told, so the next run may.
            await self._records.people.clear_notices(run.team_id, (kind,))

    async def deliver(self, run_id: str, version: int) -> None:
        """Let the placeholder become the draft with its buttons, and close the ledger row."""
        run = await self._records.requests.need(run_id)
        await self._cards.show(run)
        await self._talks.end(run)
        if await self._cards.draft_spot(run) != await self._cards.asked_at(run) and version == 1:
            sentence = text("placeholder.elsewhere", run.language)
            await self._cards.replace_placeholder(run, sentence, placeholder(sentence))
        # Together, so that both are in one commit of the records.
        await asyncio.gather(
            self._records.drafts.delivered(run_id, version), self.close(run_id, "drafted", "")
        )

    async def tell_waiting(self, run_id: str, version: int, key: str) -> None:
        """Tell the asker that the model is down and that the draft will come."""
        run = await self._records.requests.need(run_id)
        await self._cards.say(run, version, text(key, run.language))
        await self._talks.end(run)

    async def refuse(self, run_id: str, version: int, verdict: dict[str, Any]) -> None:
        """Let the placeholder say why there is no draft; a failed redo gives the old version back."""
        run = await self._records.requests.need(run_id)
        await self._tell_refusal(run, version, verdict)
        await self._records.conversations.forget_stop(run_id, version)
        await self._talks.end(run)

    async def _tell_refusal(self, run: Run, version: int, verdict: dict[str, Any]) -> None:
        run_id = run.run_id
        params = {"run": run_id, **verdict.get("params", {})}
        sentence = text(verdict["key"], run.language, **params)
        if version > 1:
            await self._records.reviews.take_back(run_id, version - 1)
            await self._cards.show(run, note=sentence)
            return
        retry = bool(verdict.get("retry"))
        blocks = apology(run_id, sentence, run.language, retry=retry)
        try:
            await self._cards.replace_placeholder(run, sentence, blocks)
        except SlackError as error:
            if error.away:
                raise
            log.warning("run=%s cannot be told where it was asked: %s", run_id, error)
            await self._cards.tell_elsewhere(run, sentence, blocks)

    async def close(self, run_id: str, outcome: Outcome, reason: str) -> None:
        """Close the ledger row."""
        if outcome != "waiting":
            self._down_since.pop(run_id, None)
        duration_ms = await self._records.ledger.close(run_id, outcome, reason=reason)
        if duration_ms is not None:
            self._metrics.count_run(outcome, None if outcome == "waiting" else duration_ms / 1000)
        log.info("run=%s outcome=%s reason=%s", run_id, outcome, reason or "-")
        run = await self._records.requests.get(run_id)
        if run is not None:
            self.stir(run.user_id)

    async def show_review(self, run_id: str, review_id: int, act: str) -> dict[str, Any] | None:
        """Show a decision; return the version to write when it was a redo."""
        run = await self._records.requests.get(run_id)
        state = await self._records.reviews.state(run_id)
        if run is None or state is None:
            # A candidate of a vacancy is shown on its board; a request past its date is shown nowhere.
            await self._records.reviews.shown(review_id)
            return None
        again = None
        if act == "redone" and state.writing:
            again = {"version": state.version + 1, "key": turn_key(run)}
            title = self._tasks[run.task].title_in(run.language)
            await self._cards.say(run, state.version, text("placeholder.working", run.language, task=title))
        else:
            await self._cards.show_decision(run, state, review_id=review_id, act=act)
        await self._records.reviews.shown(review_id)
        self.stir(run.user_id)
        return again

    def halt(self, run_id: str, *, here: bool = False) -> None:
        """Stop the writing of a run, with *here* in this process alone; that somebody wants it is stored already."""
        self._talks.halt(run_id)
        if not here:
            self._halted(run_id)

    async def show_by_hand(self, run_id: str, minutes: float) -> None:
        """Let the card of a run that was done by hand say what it took."""
        run = await self._records.requests.need(run_id)
        sentence = text("by-hand.told", run.language, minutes=format_minutes(minutes, run.language))
        await self._cards.replace_placeholder(run, sentence, placeholder(sentence))

    async def _progress(self, run: Run, version: int, done: int, total: int) -> None:
        await self._cards.say(run, version, text("placeholder.parts", run.language, n=done, total=total))
