"""What people see of a run: its placeholder, its card, what is shared, and where each of them stands."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.delivery import Delivery
from bot.handlers import EDITED
from bot.handlers.admission import may_write
from bot.jobs.choosing import taken_note
from bot.jobs.papers import Papers
from bot.jobs.plans import Plans
from bot.jobs.posts import Posts, Spot
from bot.jobs.screening import CvReader
from bot.jobs.talks import Talks, in_messages_tab
from bot.records import Records
from bot.records.reviews import State
from bot.tasks import Draft, Language, Run, Task
from bot.texts import text
from bot.value import ACCEPTED
from bot.views import (
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


class Cards:
    """Brings the messages of runs in line with the records; each of it may be done twice."""

    def __init__(
        self,
        *,
        records: Records,
        delivery: Delivery,
        posts: Posts,
        talks: Talks,
        papers: Papers,
        plans: Plans,
        cvs: CvReader,
        tasks: Mapping[str, Task],
    ) -> None:
        self._records = records
        self._delivery = delivery
        self._posts = posts
        self._talks = talks
        self._papers = papers
        self._plans = plans
        self._cvs = cvs
        self._tasks = tasks

    async def post_placeholder(self, run: Run, sentence: str) -> None:
        """Post what stands where the draft will be, once."""
        spot = await self.asked_at(run)
        await self._posts.once(
            f"{run.run_id}/place", spot, fallback(sentence), placeholder(sentence), run_id=run.run_id
        )

    async def replace_placeholder(self, run: Run, sentence: str, blocks: list[dict[str, Any]]) -> None:
        """Let the placeholder say something else."""
        spot = await self.asked_at(run)
        await self._posts.bring(f"{run.run_id}/place", spot, fallback(sentence), blocks, run_id=run.run_id)

    async def say(self, run: Run, version: int, sentence: str) -> None:
        """Put a sentence where the draft will stand; best effort, it is only a sign of life."""
        if await self._talks.say(run, sentence):
            return
        post = await self._records.drafts.post(
            await self._part_id(run, 0) if version > 1 else f"{run.run_id}/place"
        )
        try:
            if post is None and in_messages_tab(run):
                # So far a status was all that stood there.
                await self.replace_placeholder(run, sentence, placeholder(sentence))
            if post is None:
                return
            await self._delivery.update(
                post.channel_id, post.ts, text=fallback(sentence), blocks=placeholder(sentence)
            )
        except SlackError as error:
            log.warning("run=%s no sign of life: %s", run.run_id, error)

    async def show(self, run: Run, *, note: str = "") -> None:
        """Bring the draft's messages in line with the records."""
        state = await self._records.reviews.state(run.run_id)
        draft = await self._records.drafts.get(run.run_id, state.version) if state else None
        if state is None or draft is None:
            return
        task = self._tasks.get(run.task)
        if state.final_text and task is not None and task.handler in EDITED:
            draft = replace(draft, notes=EDITED[task.handler](state.final_text, run.language))
        choice = await self._records.choices.get(run.run_id)
        taken = choice is not None and bool(choice.taken) and choice.taken == run.task and task is not None
        if taken and task is not None:
            draft = replace(draft, notes=(taken_note(task, run), *draft.notes))
        draft = replace(draft, notes=(*draft.notes, *await self._plans.notes(run, state, draft)))
        spot = await self.draft_spot(run)
        share = self._share_spot(run)
        # A draft that stands where it would be shared to needs no button for it.
        share_in = share.channel_id if share.channel_id and share != spot else ""
        said, more = await self._papers.describe(run, draft, state)
        about, own = await self._cvs.card(run, state)
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
                *await self._plans.blocks(run, state, draft),
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

    async def show_decision(self, run: Run, state: State, *, review_id: int, act: str) -> None:
        """Bring the card, and what was shared, in line with a decision."""
        note = ""
        if act == "discarded" and await self._records.plans.discard(run.run_id, review_id):
            note = text("plan.discarded", run.language)
        elif act == "shared":
            if state.shared:
                await self._share(run, state)
            note = await self._word_refusal(run, review_id)
        elif act == "undone":
            await self._unshare(run)
        await self.show(run, note=note)
        if act in (*ACCEPTED, "shared") and not note:
            if await self._papers.bring(run, state, await self.draft_spot(run)):
                await self.show(run)
        elif act == "undone":
            await self._show_withdrawn(run)

    async def _show_withdrawn(self, run: Run) -> None:
        """Tell second people that they are asked no more."""
        approval = await self._records.approvals.newest(run.run_id)
        if approval is not None and approval.status == "withdrawn":
            await self.show_second(approval.approval_id)

    async def show_second(self, approval_id: int) -> None:
        """Show what became of a second approval: the PDF, or the draft given back."""
        approval = await self._records.approvals.get(approval_id)
        if approval is None:
            return
        run = await self._records.requests.need(approval.run_id)
        state = await self._records.reviews.state(run.run_id)
        if state is not None and approval.status == "granted":
            await self._papers.bring(run, state, await self.draft_spot(run))
        note = await self._papers.show_second(run, approval)
        if approval.status != "withdrawn":
            await self.show(run, note=note)
        await self._records.approvals.shown(approval_id)

    async def bring_copy(self, run_id: str, kind: str, user_id: str) -> None:
        """Bring an approved quote as a file for other programs."""
        run = await self._records.requests.need(run_id)
        state = await self._records.reviews.state(run_id)
        if state is None:
            return
        spot = await self.draft_spot(run)
        sentence = await self._papers.bring_copy(run, state, spot, kind)
        if sentence:
            await self._delivery.tell(spot.channel_id, user_id, sentence, thread_ts=spot.thread_ts)

    async def tell_elsewhere(self, run: Run, sentence: str, blocks: list[dict[str, Any]]) -> None:
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

    async def draft_place(self, run: Run) -> tuple[str, str]:
        """Return channel and `ts` of the message that a draft begins in; an empty `ts` when it is gone."""
        post = await self._records.drafts.post(await self._part_id(run, 0))
        return (post.channel_id, post.ts) if post else ("", "")

    async def _share(self, run: Run, state: State) -> None:
        """Post what was accepted to the conversation that it came from, or give it back where that cannot be."""
        draft = await self._records.drafts.get(run.run_id, state.version)
        if draft is None:
            return
        spot = self._share_spot(run)
        if not await self._may_write(run, spot.channel_id):
            await self._records.reviews.take_back(run.run_id, state.version)
            return
        shown = link_sources(state.final_text or draft.text, draft.sources, run.language)
        try:
            for index, part in enumerate(split_markdown(shown)):
                post_id = f"{run.run_id}/share{index}"
                await self._posts.once(
                    post_id, spot, fallback(part), [markdown_block(part)], run_id=run.run_id
                )
        except SlackError as error:
            if error.away:
                raise
            log.warning("run=%s cannot be shared: %s", run.run_id, error)
            # What stands nowhere was not shared, so it counts as undecided.
            await self._records.reviews.take_back(run.run_id, state.version)

    async def _word_refusal(self, run: Run, review_id: int) -> str:
        """Return why a draft that was to be shared is not; empty when it is.

        By the records: an earlier try may have given the draft back, and then Slack did not take the card.
        """
        if not await self._records.reviews.gave_back(run.run_id, review_id):
            return ""
        channel_id = self._share_spot(run).channel_id
        allowed = await self._may_write(run, channel_id)
        key = "error.share-failed" if allowed else "guideline.no.share"
        return text(key, run.language, channel=f"<#{channel_id}>")

    async def _unshare(self, run: Run) -> None:
        index = 0
        while (post := await self._records.drafts.post(f"{run.run_id}/share{index}")) is not None:
            await self._delivery.delete(post.channel_id, post.ts)
            await self._records.drafts.forget_post(f"{run.run_id}/share{index}")
            index += 1

    async def _drop_parts(self, run: Run, index: int) -> None:
        """Take back the parts of a longer version."""
        while (post := await self._records.drafts.post(f"{run.run_id}/part{index}")) is not None:
            await self._delivery.delete(post.channel_id, post.ts)
            await self._records.drafts.forget_post(f"{run.run_id}/part{index}")
            index += 1

    async def asked_at(self, run: Run) -> Spot:
        """Return where a run was asked for, and its placeholder stands."""
        if run.answer_channel_id and await self._writes_in(run, run.answer_channel_id):
            return Spot(run.answer_channel_id, run.answer_thread_ts)
        return await self._posts.messages_tab(run.team_id, run.user_id)

    async def _writes_in(self, run: Run, channel_id: str) -> bool:
        """Say whether a run is answered in a channel: where its first message stands, else where rules allow it."""
        if channel_id.startswith("D"):
            return True
        place = await self._records.drafts.post(f"{run.run_id}/place")
        return place.channel_id == channel_id if place else await self._may_write(run, channel_id)

    async def _may_write(self, run: Run, channel_id: str) -> bool:
        settings = await self._records.workspaces.get(run.team_id)
        return may_write(settings, await self._records.guidelines.current(run.team_id), channel_id)

    async def draft_spot(self, run: Run) -> Spot:
        """Return where the draft of a run belongs: where it was asked for, or its asker's messages tab."""
        # What was said elsewhere is not for everybody here: its draft is the asker's to share.
        elsewhere = bool(run.source_channel_id) and run.source_channel_id != run.channel_id
        if run.surface == "mention" and (elsewhere or self._tasks[run.task].deliver == "private"):
            return await self._posts.messages_tab(run.team_id, run.user_id)
        return await self.asked_at(run)

    async def _part_id(self, run: Run, index: int) -> str:
        """Return the post that holds part *index*; the first is the placeholder where both stand together."""
        together = index == 0 and await self.draft_spot(run) == await self.asked_at(run)
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
