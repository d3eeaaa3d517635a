"""What each step of a run does; every one of them may be done twice and leaves the same behind."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.delivery import Delivery
from bot.handlers import EDITED, HANDLERS, Brief, Desk
from bot.handlers.admission import AcceptError, may_write
from bot.handlers.budget import BudgetError
from bot.handlers.choosing import CHANGE
from bot.jobs.acceptance import Acceptance
from bot.jobs.allowance import Allowance
from bot.jobs.bulk import BulkSets
from bot.jobs.choosing import Chooser, taken_note
from bot.jobs.control import is_by_hand
from bot.jobs.knowledge import KnowledgeFiles
from bot.jobs.papers import Papers
from bot.jobs.plans import Plans
from bot.jobs.posts import Posts, Spot
from bot.jobs.prices import PriceUploads
from bot.jobs.screening import CvReader
from bot.jobs.talks import Talk, Talks, in_messages_tab
from bot.llm import LLMError
from bot.records import Records
from bot.records.reviews import State
from bot.tasks import Draft, Language, Outcome, Run, Task, TijdwinstError, UserError
from bot.texts import format_minutes, text
from bot.value import ACCEPTED
from bot.views import (
    apology,
    by_hand_card,
    card,
    context,
    draft_value,
    fallback,
    feedback_buttons,
    link_sources,
    markdown_block,
    placeholder,
    reason_menu,
    split_markdown,
    word_question,
)
from bot.views.choosing import other_task
from bot.wire import SlackError

log = logging.getLogger(__name__)

TROUBLE = {"key": "admin.key", "credit": "admin.credit", "model": "admin.model"}
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
    """The steps of a run, tied to the rooms that do the work."""

    def __init__(
        self,
        *,
        desk: Desk,
        delivery: Delivery,
        posts: Posts,
        talks: Talks,
        tasks: Mapping[str, Task],
        limits: Limits,
        stir: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.records: Records = desk.records
        self.limits = limits
        self._desk = desk
        self._delivery = delivery
        self._posts = posts
        self._talks = talks
        self._papers = Papers(desk, posts)
        self.plans = Plans(desk, posts, tasks)
        self.uploads = PriceUploads(desk, posts)
        self.acceptance = Acceptance(desk, posts, tasks)
        self.cvs = CvReader(desk, posts, tasks, self.acceptance)
        self.bulk = BulkSets(desk, delivery, posts, tasks, self.acceptance)
        self.documents = KnowledgeFiles(desk, posts)
        self.allowance = Allowance(desk, posts)
        self._tasks = tasks
        # Told whose Home tab says something else now.
        self.stir = stir
        self._down_since: dict[str, float] = {}
        self.chooser = Chooser(
            desk=desk, tasks=tasks, within_s=limits.choose_within_s, show=self._replace_placeholder
        )

    async def open(self, run_id: str) -> str | bool:
        """Open the ledger row and post the placeholder; say what stands in the way of writing.

        True when it is to be done by hand, `asked` when the asker is to answer first, `choose` when its task is
        not known yet; False when nothing does.
        """
        run = await self._run(run_id)
        choice = await self.records.choices.get(run_id)
        if choice is not None and choice.state == "continued":
            return "choose"
        await self.records.ledger.open(run, claimed_minutes=self._tasks[run.task].baseline_minutes)
        self.stir(run.user_id)
        if choice is None or (choice.state not in ("open", "asking") and choice.task != CHANGE):
            return await self._begin(run, chosen=choice is not None)
        if choice.state == "open" and not await self._talks.begin(run, self._tasks[run.task]):
            await self._post_placeholder(run, text("placeholder.reading", run.language))
        return "choose"

    async def choose(self, run_id: str) -> dict[str, Any]:
        """Find out which task a run is; return what is next."""
        run = await self._run(run_id)
        choice = await self.records.choices.get(run_id)
        if choice is None:
            raise TijdwinstError(f"no choice for {run_id}")
        try:
            verdict = await self.chooser.choose(run, choice)
        except AcceptError as error:
            return await self._wait_for_accept(run, 1, error)
        if verdict["next"] == "write":
            began = await self._begin(await self._run(run_id), chosen=True)
            verdict["next"] = began if isinstance(began, str) else "by_hand" if began else "write"
        if verdict["next"] != "write":
            await self._talks.end(run)
        return verdict

    async def _begin(self, run: Run, *, chosen: bool) -> str | bool:
        """Let the placeholder say what is written; what `open` returns, now that the task is known."""
        task = self._tasks[run.task]
        title = task.title_in(run.language)
        if is_by_hand(run, task, await self.records.workspaces.get(run.team_id)):
            sentence = text("by-hand.question", run.language, task=title)
            await self._replace_placeholder(run, sentence, by_hand_card(run.run_id, sentence, run.language))
            return True
        if await self.chooser.ask_inputs(run):
            return "asked"
        stands = await self.records.drafts.post(f"{run.run_id}/place")
        if await self._talks.begin(run, task) and not stands:
            # The text will open its message itself; until then the status says that we are at work.
            return False
        sentence = text("placeholder.working", run.language, task=title)
        if chosen or stands:
            await self._replace_placeholder(run, sentence, placeholder(sentence))
        else:
            await self._post_placeholder(run, sentence)
        return False

    async def _post_placeholder(self, run: Run, sentence: str) -> None:
        spot = await self._asked_at(run)
        await self._posts.once(
            f"{run.run_id}/place", spot, fallback(sentence), placeholder(sentence), run_id=run.run_id
        )

    async def draft(self, run_id: str, version: int) -> dict[str, Any]:
        """Write a version and keep it; return how that went, with ids only.

        Raises:
            Outage: the model is down and the asker has patience left.
        """
        if await self.records.drafts.get(run_id, version) is not None:
            return {"outcome": "drafted"}
        run = await self._run(run_id)
        task = self._tasks[run.task]
        try:
            await self._desk.admit(run, task)
            async with self._talks.writing(run, task, version) as talk:
                brief = await self._brief(run, task, version, talk)
                written = await self._with_patience(run, version, HANDLERS[task.handler](self._desk, brief))
        except AcceptError as error:
            return await self._wait_for_accept(run, version, error)
        except BudgetError as error:
            return await self.allowance.refuse(run, error)
        except UserError as error:
            return {"outcome": "refused", "key": error.key, "params": error.params}
        except LLMError as error:
            return await self._fault(run, error)
        self._down_since.pop(run_id, None)
        await self._desk.records.people.clear_notices(run.team_id, tuple(TROUBLE))
        notes = self._desk.gate.remarks(run_id, version, run.language)
        written = replace(written, notes=(*written.notes, *notes))
        await self.records.drafts.add(await self._greet(run, await self.allowance.note(run, written)))
        return {"outcome": "drafted"}

    async def _wait_for_accept(self, run: Run, version: int, error: AcceptError) -> dict[str, Any]:
        """Let a version wait for its asker to accept the guideline, and say so where it will stand."""
        await self.acceptance.ask(run, version, error)
        sentence = text("guideline.waits", run.language)
        if version > 1:
            await self._say(run, version, sentence)
        else:
            await self._replace_placeholder(run, sentence, placeholder(sentence))
        await self._talks.end(run)
        return {"outcome": "waiting", "next": "accept", "key": "guideline"}

    async def expire_waits(self, moment: datetime) -> None:
        """Settle what waited for its asker to accept the guideline for a week, and say so where it stands."""
        for run, wait in await self.acceptance.expire(moment):
            verdict = {"outcome": "refused", "key": "guideline.expired", "retry": True}
            try:
                await self.refuse(run.run_id, wait.version, verdict)
            except SlackError as error:
                if error.away:
                    continue
                log.warning("run=%s its end is not shown: %s", run.run_id, error)
            await self.close(run.run_id, "refused", "guideline.expired")
            await self.records.guidelines.begun(wait)

    async def _brief(self, run: Run, task: Task, version: int, talk: Talk) -> Brief:
        again = version > 1
        before = await self.records.drafts.get(run.run_id, version - 1) if again else None
        return Brief(
            run=run,
            task=task,
            company=await self._desk.company(run.team_id),
            version=version,
            instruction=await self.records.reviews.instruction(run.run_id, version) if again else "",
            before=before.text if before else "",
            tell=lambda done, total: self._progress(run, version, done, total),
            shown=talk.shown,
            halt=talk.halt,
        )

    async def _greet(self, run: Run, written: Draft) -> Draft:
        """Let somebody's first draft say what is sent where."""
        if await self.records.ledger.has_drafted(run.team_id, run.user_id):
            return written
        where = text("first-use.where", run.language)
        return replace(written, notes=(*written.notes, text("first-use.note", run.language, where=where)))

    async def _with_patience(self, run: Run, version: int, work: Any) -> Any:
        """Wait for a draft; tell the asker when it takes longer than a minute."""
        task = asyncio.ensure_future(work)
        try:
            done, _ = await asyncio.wait({task}, timeout=self.limits.told_after_s)
            if not done:
                await self._say(run, version, text("placeholder.slow", run.language))
            return await task
        finally:
            task.cancel()

    async def _fault(self, run: Run, error: LLMError) -> dict[str, Any]:
        log.warning("run=%s model fault kind=%s", run.run_id, error.kind)
        if error.retryable:
            since = self._down_since.setdefault(run.run_id, time.monotonic())
            wait_s = error.retry_after_s or 0.0
            if time.monotonic() - since + wait_s < self.limits.told_after_s:
                raise Outage(error.kind) from error
            return {"outcome": "waiting", "delay_s": min(wait_s, 900.0)}
        if error.kind in TROUBLE:
            await self._tell_admins(run, error.kind)
        outcome: Outcome = "refused" if error.kind in ("refusal", "too_long", "stopped") else "failed"
        retry = outcome == "failed" or error.kind == "stopped"
        return {"outcome": outcome, "key": VERDICTS[error.kind], "retry": retry}

    async def _tell_admins(self, run: Run, kind: str) -> None:
        """Tell the admins once that the model's account needs them; the next run says nothing more."""
        if not await self.records.people.first_notice(run.team_id, kind):
            return
        sentence = text(TROUBLE[kind], (await self.records.workspaces.get(run.team_id)).language)
        try:
            admins = await self._desk.context.admins()
        except SlackError as error:
            log.warning("run=%s cannot tell the admins: %s", run.run_id, error)
            # Nobody was told, so the next run may.
            await self.records.people.clear_notices(run.team_id, (kind,))
            return
        for user_id in admins:
            try:
                spot = await self._posts.messages_tab(run.team_id, user_id)
                post_id = f"{run.run_id}/admin-{kind}-{user_id}"
                await self._posts.once(
                    post_id, spot, fallback(sentence), placeholder(sentence), run_id=run.run_id
                )
            except SlackError as error:
                log.warning("could not tell admin %s: %s", user_id, error)

    async def deliver(self, run_id: str, version: int) -> None:
        """Let the placeholder become the draft with its buttons."""
        run = await self._run(run_id)
        await self._show_card(run)
        await self.records.drafts.delivered(run_id, version)
        await self._talks.end(run)
        if await self._draft_spot(run) != await self._asked_at(run) and version == 1:
            sentence = text("placeholder.elsewhere", run.language)
            await self._replace_placeholder(run, sentence, placeholder(sentence))

    async def tell_waiting(self, run_id: str, version: int, key: str) -> None:
        """Tell the asker that the model is down and that the draft will come."""
        run = await self._run(run_id)
        await self._say(run, version, text(key, run.language))
        await self._talks.end(run)

    async def refuse(self, run_id: str, version: int, verdict: dict[str, Any]) -> None:
        """Let the placeholder say why there is no draft; a failed redo gives the old version back."""
        run = await self._run(run_id)
        await self._tell_refusal(run, version, verdict)
        await self.records.conversations.forget_stop(run_id, version)
        await self._talks.end(run)

    async def _tell_refusal(self, run: Run, version: int, verdict: dict[str, Any]) -> None:
        run_id = run.run_id
        params = {"run": run_id, **verdict.get("params", {})}
        sentence = text(verdict["key"], run.language, **params)
        if version > 1:
            await self.records.reviews.take_back(run_id, version - 1)
            await self._show_card(run, note=sentence)
            return
        retry = bool(verdict.get("retry"))
        blocks = apology(run_id, sentence, run.language, retry=retry)
        try:
            await self._replace_placeholder(run, sentence, blocks)
        except SlackError as error:
            if error.away:
                raise
            log.warning("run=%s cannot be told where it was asked: %s", run_id, error)
            await self._tell_elsewhere(run, sentence, blocks)

    async def _tell_elsewhere(self, run: Run, sentence: str, blocks: list[dict[str, Any]]) -> None:
        """Tell the asker in their messages tab, or where they are, when the place they asked in is closed."""
        try:
            spot = await self._posts.messages_tab(run.team_id, run.user_id)
            await self._posts.once(
                f"{run.run_id}/elsewhere", spot, fallback(sentence), blocks, run_id=run.run_id
            )
        except SlackError as error:
            if error.away:
                raise
            await self._delivery.tell(run.channel_id, run.user_id, fallback(sentence))

    async def close(self, run_id: str, outcome: Outcome, reason: str) -> None:
        """Close the ledger row."""
        await self.records.ledger.close(run_id, outcome, reason=reason)
        log.info("run=%s outcome=%s reason=%s", run_id, outcome, reason or "-")
        run = await self.records.requests.get(run_id)
        if run is not None:
            self.stir(run.user_id)

    async def show_review(self, run_id: str, review_id: int, act: str) -> dict[str, Any] | None:
        """Show a decision; return the version to write when it was a redo."""
        run = await self.records.requests.get(run_id)
        state = await self.records.reviews.state(run_id)
        if run is None or state is None:
            # A candidate of a vacancy is shown on its board; a request past its date is shown nowhere.
            await self.records.reviews.shown(review_id)
            return None
        again = None
        if act == "redone" and state.writing:
            again = {"version": state.version + 1, "key": turn_key(run)}
            title = self._tasks[run.task].title_in(run.language)
            await self._say(run, state.version, text("placeholder.working", run.language, task=title))
        else:
            await self._show_decision(run, state, act)
        await self.records.reviews.shown(review_id)
        self.stir(run.user_id)
        return again

    async def _show_decision(self, run: Run, state: State, act: str) -> None:
        """Bring the card, and what was shared, in line with a decision."""
        note = ""
        if act == "discarded" and await self.records.plans.cancel(run.run_id):
            note = text("plan.discarded", run.language)
        try:
            if act == "shared" and state.shared:
                note = await self._share(run, state)
            if act == "undone":
                await self._unshare(run)
        except SlackError as error:
            if error.away or act != "shared":
                raise
            log.warning("run=%s cannot be shared: %s", run.run_id, error)
            # What stands nowhere was not shared, so it counts as undecided.
            await self.records.reviews.take_back(run.run_id, state.version)
            channel = f"<#{self._share_spot(run).channel_id}>"
            note = text("error.share-failed", run.language, channel=channel)
        await self._show_card(run, note=note)
        if act in (*ACCEPTED, "shared") and not note:
            if await self._papers.bring(run, state, await self._draft_spot(run)):
                await self._show_card(run)
        elif act == "undone":
            await self._show_withdrawn(run)

    async def _show_withdrawn(self, run: Run) -> None:
        """Tell second people that they are asked no more."""
        approval = await self.records.approvals.newest(run.run_id)
        if approval is not None and approval.status == "withdrawn":
            await self.show_second(approval.approval_id)

    async def show_second(self, approval_id: int) -> None:
        """Show what became of a second approval: the PDF, or the draft given back."""
        approval = await self.records.approvals.get(approval_id)
        if approval is None:
            return
        run = await self._run(approval.run_id)
        state = await self.records.reviews.state(run.run_id)
        if state is not None and approval.status == "granted":
            await self._papers.bring(run, state, await self._draft_spot(run))
        note = await self._papers.show_second(run, approval)
        if approval.status != "withdrawn":
            await self._show_card(run, note=note)
        await self.records.approvals.shown(approval_id)

    async def bring_copy(self, run_id: str, kind: str, user_id: str) -> None:
        """Bring an approved quote as a file for other programs."""
        run = await self._run(run_id)
        state = await self.records.reviews.state(run_id)
        if state is None:
            return
        spot = await self._draft_spot(run)
        sentence = await self._papers.bring_copy(run, state, spot, kind)
        if sentence:
            await self._delivery.tell(spot.channel_id, user_id, sentence, thread_ts=spot.thread_ts)

    def halt(self, run_id: str) -> None:
        """Stop the writing of a run; that somebody wants it is stored already."""
        self._talks.halt(run_id)

    async def show_card(self, run_id: str) -> None:
        """Bring a draft's messages in line with what was told about it."""
        await self._show_card(await self._run(run_id))

    async def show_by_hand(self, run_id: str, minutes: float) -> None:
        """Let the card of a run that was done by hand say what it took."""
        run = await self._run(run_id)
        sentence = text("by-hand.told", run.language, minutes=format_minutes(minutes, run.language))
        await self._replace_placeholder(run, sentence, placeholder(sentence))

    async def draft_place(self, run: Run) -> tuple[str, str]:
        """Return channel and `ts` of the message that a draft begins in; an empty `ts` when it is gone."""
        post = await self.records.drafts.post(await self._part_id(run, 0))
        return (post.channel_id, post.ts) if post else ("", "")

    async def _share(self, run: Run, state: State) -> str:
        """Post what was accepted to the conversation that it came from; return why not, where rules refuse it."""
        draft = await self.records.drafts.get(run.run_id, state.version)
        if draft is None:
            return ""
        spot = self._share_spot(run)
        if not await self._may_write(run, spot.channel_id):
            await self.records.reviews.take_back(run.run_id, state.version)
            return text("guideline.no.share", run.language, channel=f"<#{spot.channel_id}>")
        shown = link_sources(state.final_text or draft.text, draft.sources, run.language)
        for index, part in enumerate(split_markdown(shown)):
            post_id = f"{run.run_id}/share{index}"
            await self._posts.once(post_id, spot, fallback(part), [markdown_block(part)], run_id=run.run_id)
        return ""

    async def _unshare(self, run: Run) -> None:
        index = 0
        while (post := await self.records.drafts.post(f"{run.run_id}/share{index}")) is not None:
            await self._delivery.delete(post.channel_id, post.ts)
            await self.records.drafts.forget_post(f"{run.run_id}/share{index}")
            index += 1

    async def _show_card(self, run: Run, *, note: str = "") -> None:
        """Bring the draft's messages in line with the records."""
        state = await self.records.reviews.state(run.run_id)
        draft = await self.records.drafts.get(run.run_id, state.version) if state else None
        if state is None or draft is None:
            return
        task = self._tasks.get(run.task)
        if state.final_text and task is not None and task.handler in EDITED:
            draft = replace(draft, notes=EDITED[task.handler](state.final_text, run.language))
        choice = await self.records.choices.get(run.run_id)
        taken = choice is not None and bool(choice.taken) and choice.taken == run.task and task is not None
        if taken and task is not None:
            draft = replace(draft, notes=(taken_note(task, run), *draft.notes))
        draft = replace(draft, notes=(*draft.notes, *await self.plans.notes(run, state, draft)))
        spot = await self._draft_spot(run)
        share = self._share_spot(run)
        # A draft that stands where it would be shared to needs no button for it.
        share_in = share.channel_id if share.channel_id and share != spot else ""
        said, more = await self._papers.describe(run, draft, state)
        about, own = await self.cvs.card(run, state)
        said, more = [*said, *about], [*more, *own]
        messages = card(
            draft,
            review=state.review,
            final_text=state.final_text,
            shared=state.shared,
            decided_by=state.decided_by,
            share_in=share_in,
            language=run.language,
            questions=[
                *said,
                *_questions(draft, state, run.language),
                *await self.plans.blocks(run, state, draft),
            ],
            more=more,
        )
        if taken and state.review in ("open", "redone"):
            messages[-1][1].append(other_task(run.run_id, state.version, run.language))
        if in_messages_tab(run):
            messages[-1][1].append(feedback_buttons(draft, run.language))
        if note:
            messages[0][1].insert(0, placeholder(note)[0])
        for index, (line, blocks) in enumerate(messages):
            post_id = await self._part_id(run, index)
            await self._posts.bring(post_id, spot, line, blocks, run_id=run.run_id)
        await self._drop_parts(run, len(messages))

    async def _drop_parts(self, run: Run, index: int) -> None:
        """Take back the parts of a longer version."""
        while (post := await self.records.drafts.post(f"{run.run_id}/part{index}")) is not None:
            await self._delivery.delete(post.channel_id, post.ts)
            await self.records.drafts.forget_post(f"{run.run_id}/part{index}")
            index += 1

    async def _replace_placeholder(self, run: Run, sentence: str, blocks: list[dict[str, Any]]) -> None:
        spot = await self._asked_at(run)
        await self._posts.bring(f"{run.run_id}/place", spot, fallback(sentence), blocks, run_id=run.run_id)

    async def _say(self, run: Run, version: int, sentence: str) -> None:
        """Put a sentence where the draft will stand; best effort, it is only a sign of life."""
        if await self._talks.say(run, sentence):
            return
        post = await self.records.drafts.post(
            await self._part_id(run, 0) if version > 1 else f"{run.run_id}/place"
        )
        try:
            if post is None and in_messages_tab(run):
                # So far a status was all that stood there.
                await self._replace_placeholder(run, sentence, placeholder(sentence))
            if post is None:
                return
            await self._delivery.update(
                post.channel_id, post.ts, text=fallback(sentence), blocks=placeholder(sentence)
            )
        except SlackError as error:
            log.warning("run=%s no sign of life: %s", run.run_id, error)

    async def _progress(self, run: Run, version: int, done: int, total: int) -> None:
        await self._say(run, version, text("placeholder.parts", run.language, n=done, total=total))

    async def _run(self, run_id: str) -> Run:
        run = await self.records.requests.get(run_id)
        if run is None:
            raise TijdwinstError(f"no request {run_id}")
        return run

    async def _asked_at(self, run: Run) -> Spot:
        if run.answer_channel_id and await self._writes_in(run, run.answer_channel_id):
            return Spot(run.answer_channel_id, run.answer_thread_ts)
        return await self._posts.messages_tab(run.team_id, run.user_id)

    async def _writes_in(self, run: Run, channel_id: str) -> bool:
        """Say whether a run is answered in a channel: where its first message stands, else where rules allow it."""
        if channel_id.startswith("D"):
            return True
        place = await self.records.drafts.post(f"{run.run_id}/place")
        return place.channel_id == channel_id if place else await self._may_write(run, channel_id)

    async def _may_write(self, run: Run, channel_id: str) -> bool:
        settings = await self.records.workspaces.get(run.team_id)
        return may_write(settings, await self.records.guidelines.current(run.team_id), channel_id)

    async def _draft_spot(self, run: Run) -> Spot:
        # What was said elsewhere is not for everybody here: its draft is the asker's to share.
        elsewhere = bool(run.source_channel_id) and run.source_channel_id != run.channel_id
        if run.surface == "mention" and (elsewhere or self._tasks[run.task].deliver == "private"):
            return await self._posts.messages_tab(run.team_id, run.user_id)
        return await self._asked_at(run)

    async def _part_id(self, run: Run, index: int) -> str:
        """Return the post that holds part *index*; the first is the placeholder where both stand together."""
        together = index == 0 and await self._draft_spot(run) == await self._asked_at(run)
        return f"{run.run_id}/place" if together else f"{run.run_id}/part{index}"

    def _share_spot(self, run: Run) -> Spot:
        if run.source_channel_id:
            channel_id, thread_ts = run.source_channel_id, run.source_ts
        else:
            channel_id, thread_ts = run.channel_id, ""
        return Spot("" if channel_id.startswith("D") else channel_id, thread_ts)


def _questions(draft: Draft, state: State, language: Language) -> list[dict[str, Any]]:
    """Return what is asked, or was answered, about a draft that is decided on."""
    value = draft_value(draft.run_id, draft.version)
    told = []
    asked: list[dict[str, Any]] = []
    if state.word:
        told.append(text("took.told", language, word=text(f"took.{state.word}", language)))
    elif state.review in ACCEPTED:
        asked += word_question(value, language)
    if state.reason:
        told.append(text("reason.told", language, reason=text(f"reason.{state.reason}", language)))
    elif state.review in ("edited", "discarded"):
        asked.append(reason_menu(value, language))
    return [context(" · ".join(told)), *asked] if told else asked
