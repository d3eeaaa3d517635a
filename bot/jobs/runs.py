"""What each step of a run does; every one of them may be done twice and leaves the same behind."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.delivery import Delivery
from bot.handlers import HANDLERS, Brief, Desk
from bot.llm import LLMError
from bot.records import Records
from bot.records.drafts import State
from bot.tasks import Language, Outcome, Run, Task, TijdwinstError, UserError
from bot.texts import text
from bot.views import apology, card, fallback, link_sources, markdown_block, placeholder, split_markdown
from bot.wire import SlackError

log = logging.getLogger(__name__)

GONE = ("message_not_found", "edit_window_closed")
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
}


@dataclass(frozen=True)
class Limits:
    """The patience of a run.

    Attributes:
        at_once: drafts that are written at the same time.
        told_after_s: how long a model may be down before the asker is told and the slot is freed.
        continue_after_s: when the continuation tries again.
        continuations: how often it does before the asker gets an apology: about two hours.
    """

    at_once: int = 50
    told_after_s: float = 60.0
    continue_after_s: float = 60.0
    continuations: int = 120


class Outage(TijdwinstError):
    """The model is down for the moment; the engine does the step again."""


@dataclass(frozen=True)
class _Spot:
    channel_id: str
    thread_ts: str


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
        tasks: Mapping[str, Task],
        company: str,
        language: Language,
        limits: Limits,
    ) -> None:
        self.records: Records = desk.records
        self.limits = limits
        self._desk = desk
        self._delivery = delivery
        self._tasks = tasks
        self._company = company
        self._language = language
        self._down_since: dict[str, float] = {}

    async def open(self, run_id: str) -> None:
        """Open the ledger row and post the placeholder."""
        run = await self._run(run_id)
        task = self._tasks[run.task]
        await self.records.ledger.open(run, baseline_minutes=task.baseline_minutes)
        sentence = text("placeholder.working", run.language, task=task.title_in(run.language))
        spot = await self._asked_at(run)
        await self._post_once(f"{run_id}/place", run, spot, fallback(sentence), placeholder(sentence))

    async def draft(self, run_id: str, version: int) -> dict[str, Any]:
        """Write a version and keep it; return how that went, with ids only.

        Raises:
            Outage: the model is down and the asker has patience left.
        """
        if await self.records.drafts.get(run_id, version) is not None:
            return {"outcome": "drafted"}
        run = await self._run(run_id)
        task = self._tasks[run.task]
        before = await self.records.drafts.get(run_id, version - 1) if version > 1 else None
        brief = Brief(
            run=run,
            task=task,
            company=self._company,
            version=version,
            instruction=await self.records.drafts.instruction(run_id, version),
            before=before.text if before else "",
            tell=lambda done, total: self._progress(run, version, done, total),
        )
        try:
            written = await self._with_patience(run, version, HANDLERS[task.handler](self._desk, brief))
        except UserError as error:
            return {"outcome": "refused", "key": error.key, "params": error.params}
        except LLMError as error:
            return await self._fault(run, error)
        self._down_since.pop(run_id, None)
        await self._desk.records.people.clear_notices(run.team_id, tuple(TROUBLE))
        await self.records.drafts.add(written)
        return {"outcome": "drafted"}

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
        outcome: Outcome = "refused" if error.kind in ("refusal", "too_long") else "failed"
        return {"outcome": outcome, "key": VERDICTS[error.kind], "retry": outcome == "failed"}

    async def _tell_admins(self, run: Run, kind: str) -> None:
        """Tell the admins once that the model's account needs them; the next run says nothing more."""
        if not await self.records.people.first_notice(run.team_id, kind):
            return
        sentence = text(TROUBLE[kind], self._language)
        try:
            admins = await self._desk.context.admins()
        except SlackError as error:
            log.warning("run=%s cannot tell the admins: %s", run.run_id, error)
            # Nobody was told, so the next run may.
            await self.records.people.clear_notices(run.team_id, (kind,))
            return
        for user_id in admins:
            try:
                spot = _Spot(await self._messages_tab(run.team_id, user_id), "")
                post_id = f"{run.run_id}/admin-{kind}-{user_id}"
                await self._post_once(post_id, run, spot, fallback(sentence), placeholder(sentence))
            except SlackError as error:
                log.warning("could not tell admin %s: %s", user_id, error)

    async def deliver(self, run_id: str, version: int) -> None:
        """Let the placeholder become the draft with its buttons."""
        run = await self._run(run_id)
        await self._show_card(run)
        await self.records.drafts.delivered(run_id, version)
        if await self._draft_spot(run) != await self._asked_at(run) and version == 1:
            sentence = text("placeholder.elsewhere", run.language)
            await self._replace_placeholder(run, sentence, placeholder(sentence))

    async def tell_waiting(self, run_id: str, version: int, key: str) -> None:
        """Tell the asker that the model is down and that the draft will come."""
        run = await self._run(run_id)
        await self._say(run, version, text(key, run.language))

    async def refuse(self, run_id: str, version: int, verdict: dict[str, Any]) -> None:
        """Let the placeholder say why there is no draft; a failed redo gives the old version back."""
        run = await self._run(run_id)
        params = {"run": run_id, **verdict.get("params", {})}
        sentence = text(verdict["key"], run.language, **params)
        if version > 1:
            await self.records.drafts.take_back(run_id, version - 1)
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
            spot = _Spot(await self._messages_tab(run.team_id, run.user_id), "")
            await self._post_once(f"{run.run_id}/elsewhere", run, spot, fallback(sentence), blocks)
        except SlackError as error:
            if error.away:
                raise
            await self._delivery.tell(run.channel_id, run.user_id, fallback(sentence))

    async def close(self, run_id: str, outcome: Outcome, reason: str) -> None:
        """Close the ledger row."""
        await self.records.ledger.close(run_id, outcome, reason=reason)
        log.info("run=%s outcome=%s reason=%s", run_id, outcome, reason or "-")

    async def show_review(self, run_id: str, review_id: int, act: str) -> dict[str, Any] | None:
        """Show a decision; return the version to write when it was a redo."""
        run = await self._run(run_id)
        state = await self.records.drafts.state(run_id)
        if state is None:
            return None
        again = None
        if act == "redone" and state.writing:
            again = {"version": state.version + 1, "key": turn_key(run)}
            title = self._tasks[run.task].title_in(run.language)
            await self._say(run, state.version, text("placeholder.working", run.language, task=title))
        else:
            await self._show_decision(run, state, act)
        await self.records.drafts.shown(review_id)
        return again

    async def _show_decision(self, run: Run, state: State, act: str) -> None:
        """Bring the card, and what was shared, in line with a decision."""
        note = ""
        try:
            if act == "shared" and state.shared:
                await self._share(run)
            if act == "undone":
                await self._unshare(run)
        except SlackError as error:
            if error.away or act != "shared":
                raise
            log.warning("run=%s cannot be shared: %s", run.run_id, error)
            # What stands nowhere was not shared, so it counts as undecided.
            await self.records.drafts.take_back(run.run_id, state.version)
            channel = f"<#{self._share_spot(run).channel_id}>"
            note = text("error.share-failed", run.language, channel=channel)
        await self._show_card(run, note=note)

    async def _share(self, run: Run) -> None:
        """Post what was accepted to the conversation that it came from."""
        state = await self.records.drafts.state(run.run_id)
        draft = await self.records.drafts.get(run.run_id, state.version) if state else None
        if state is None or draft is None:
            return
        spot = self._share_spot(run)
        shown = link_sources(state.final_text or draft.text, draft.sources, run.language)
        for index, part in enumerate(split_markdown(shown)):
            post_id = f"{run.run_id}/share{index}"
            await self._post_once(post_id, run, spot, fallback(part), [markdown_block(part)])

    async def _unshare(self, run: Run) -> None:
        index = 0
        while (post := await self.records.drafts.post(f"{run.run_id}/share{index}")) is not None:
            await self._delivery.delete(post.channel_id, post.ts)
            await self.records.drafts.forget_post(f"{run.run_id}/share{index}")
            index += 1

    async def _show_card(self, run: Run, *, note: str = "") -> None:
        """Bring the draft's messages in line with the records."""
        state = await self.records.drafts.state(run.run_id)
        draft = await self.records.drafts.get(run.run_id, state.version) if state else None
        if state is None or draft is None:
            return
        spot = await self._draft_spot(run)
        share = self._share_spot(run)
        # A draft that stands where it would be shared to needs no button for it.
        share_in = share.channel_id if share.channel_id and share != spot else ""
        messages = card(
            draft,
            review=state.review,
            final_text=state.final_text,
            shared=state.shared,
            decided_by=state.decided_by,
            share_in=share_in,
            language=run.language,
        )
        if note:
            messages[0][1].insert(0, placeholder(note)[0])
        for index, (line, blocks) in enumerate(messages):
            post_id = await self._part_id(run, index)
            await self._bring(post_id, run, spot, line, blocks)
        await self._drop_parts(run, len(messages))

    async def _drop_parts(self, run: Run, index: int) -> None:
        """Take back the parts of a longer version."""
        while (post := await self.records.drafts.post(f"{run.run_id}/part{index}")) is not None:
            await self._delivery.delete(post.channel_id, post.ts)
            await self.records.drafts.forget_post(f"{run.run_id}/part{index}")
            index += 1

    async def _post_once(
        self, post_id: str, run: Run, spot: _Spot, line: str, blocks: list[dict[str, Any]]
    ) -> tuple[str, bool]:
        """Post a message unless it stands already; return its `ts`, and whether it was posted just now.

        Claimed before it is posted: who finds a claim without a `ts` looks in Slack first, because the
        answer to an earlier post may have been lost.
        """
        claim = await self.records.drafts.claim_post(post_id, run_id=run.run_id, channel_id=spot.channel_id)
        ts = claim.ts
        if not ts and not claim.first:
            ts = await self._delivery.find(
                spot.channel_id, post_id=post_id, since=claim.claimed_at, thread_ts=spot.thread_ts
            )
        if ts:
            await self.records.drafts.posted(post_id, ts=ts)
            return ts, False
        ts = await self._delivery.post(
            spot.channel_id, text=line, blocks=blocks, post_id=post_id, thread_ts=spot.thread_ts
        )
        await self.records.drafts.posted(post_id, ts=ts)
        return ts, True

    async def _bring(
        self, post_id: str, run: Run, spot: _Spot, line: str, blocks: list[dict[str, Any]]
    ) -> None:
        """Let a message of ours say *line*; one that somebody deleted is posted anew."""
        ts, posted = await self._post_once(post_id, run, spot, line, blocks)
        if posted:
            return
        try:
            await self._delivery.update(spot.channel_id, ts, text=line, blocks=blocks)
        except SlackError as error:
            if error.code not in GONE:
                raise
            await self.records.drafts.forget_post(post_id)
            await self._post_once(post_id, run, spot, line, blocks)

    async def _replace_placeholder(self, run: Run, sentence: str, blocks: list[dict[str, Any]]) -> None:
        spot = await self._asked_at(run)
        await self._bring(f"{run.run_id}/place", run, spot, fallback(sentence), blocks)

    async def _say(self, run: Run, version: int, sentence: str) -> None:
        """Put a sentence where the draft will stand; best effort, it is only a sign of life."""
        post = await self.records.drafts.post(
            await self._part_id(run, 0) if version > 1 else f"{run.run_id}/place"
        )
        if post is None:
            return
        try:
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

    async def _asked_at(self, run: Run) -> _Spot:
        if run.answer_channel_id:
            return _Spot(run.answer_channel_id, run.answer_thread_ts)
        return _Spot(await self._messages_tab(run.team_id, run.user_id), "")

    async def _draft_spot(self, run: Run) -> _Spot:
        # What was said elsewhere is not for everybody here: its draft is the asker's to share.
        elsewhere = bool(run.source_channel_id) and run.source_channel_id != run.channel_id
        if run.surface == "mention" and (elsewhere or self._tasks[run.task].deliver == "private"):
            return _Spot(await self._messages_tab(run.team_id, run.user_id), "")
        return await self._asked_at(run)

    async def _part_id(self, run: Run, index: int) -> str:
        """Return the post that holds part *index*; the first is the placeholder where both stand together."""
        together = index == 0 and await self._draft_spot(run) == await self._asked_at(run)
        return f"{run.run_id}/place" if together else f"{run.run_id}/part{index}"

    def _share_spot(self, run: Run) -> _Spot:
        if run.source_channel_id:
            channel_id, thread_ts = run.source_channel_id, run.source_ts
        else:
            channel_id, thread_ts = run.channel_id, ""
        return _Spot("" if channel_id.startswith("D") else channel_id, thread_ts)

    async def _messages_tab(self, team_id: str, user_id: str) -> str:
        known = await self.records.people.messages_tab(team_id, user_id)
        if known:
            return known
        opened = await self._delivery.messages_tab(user_id)
        await self.records.people.put_messages_tab(team_id, user_id, opened)
        return opened
