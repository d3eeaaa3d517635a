"""Planned posts: wished for in a request, told on the card, and each brought once, ready to copy, at its moment."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from bot.delivery import Delivery
from bot.handlers import READY, Desk, ReadyPost
from bot.jobs.posts import Posts
from bot.records.plans import ALL, Plan
from bot.records.reviews import State
from bot.tasks import Draft, Run, Task, UserError
from bot.tasks.moments import check_due, find_wish
from bot.texts import format_moment, text
from bot.value import ACCEPTED
from bot.views import Block, fallback, placeholder, plan_blocks, plan_value, planned_post
from bot.wire import SlackError

log = logging.getLogger(__name__)

LATE_AFTER = timedelta(minutes=5)
"""Who gets a post later than this reads that it is late."""


class Plans:
    """Shows and brings what is planned."""

    def __init__(self, desk: Desk, delivery: Delivery, posts: Posts, tasks: Mapping[str, Task]) -> None:
        self._records = desk.records
        self._delivery = delivery
        self._posts = posts
        self._tasks = tasks
        self._team_id = desk.identity.team_id

    async def take_wish(self, run: Run) -> Run:
        """Plan what a request asks to be planned ("… remind me Tuesday 9:00"), and return it without that wish.

        May be done twice: what is taken stands in the request no more. A moment that cannot be is told, and the
        draft is written all the same.

        Raises:
            SlackError: who asked in a form cannot be told.
        """
        task = self._tasks.get(run.task)
        if task is None or task.handler not in READY:
            return run
        if run.run_id.endswith("^"):
            await self._records.plans.move(run.run_id.removesuffix("^"), run.run_id)
        # Of the request, not of now: "in two hours" counts from when it was said.
        asked_at = datetime.fromisoformat(run.received_at)
        zone = (await self._records.workspaces.get(run.team_id)).zone
        wish = find_wish(run.words, moment=asked_at, zone=zone)
        if wish is None or wish.due is None or not wish.rest:
            return run
        due: datetime | None = wish.due
        try:
            check_due(wish.due, asked_at)
        except UserError as error:
            due = None
            await self._tell_unplanned(run, text(error.key, run.language))
        await self._records.plans.take_wish(run, words=wish.rest, due=due)
        return replace(run, words=wish.rest)

    async def _tell_unplanned(self, run: Run, why: str) -> None:
        """Tell the asker, once, that nothing is planned."""
        # Opened before it is claimed: what Slack does not open now is told by the next try.
        channel_id = run.channel_id or (await self._posts.messages_tab(run.team_id, run.user_id)).channel_id
        claim = await self._records.drafts.claim_post(
            f"{run.run_id}/plan/told", team_id=run.team_id, run_id=run.run_id, channel_id=channel_id
        )
        if claim.first:
            sentence = text("plan.not-planned", run.language, why=why)
            await self._delivery.tell(channel_id, run.user_id, sentence)

    def ready(self, run: Run, accepted: str) -> tuple[ReadyPost, ...]:
        """Return the posts of a text; none when it is of a kind that is not planned."""
        task = self._tasks.get(run.task)
        return READY[task.handler](accepted, run.language) if task and task.handler in READY else ()

    async def blocks(self, run: Run, state: State, draft: Draft) -> list[Block]:
        """Return what the card of an accepted draft says of its plans; nothing for what is not planned."""
        ready = self.ready(run, state.final_text or draft.text)
        if not ready or state.review not in ACCEPTED:
            return []
        lines = [
            (due, text("plan.line", run.language, when=when, posts=posts))
            for due, when, posts in await self._planned(run, ready)
        ]
        return plan_blocks(run.run_id, lines, run.language)

    async def notes(self, run: Run, state: State, draft: Draft) -> tuple[str, ...]:
        """Return what the small print of an undecided draft says of its plans."""
        if state.review in ACCEPTED:
            return ()
        ready = self.ready(run, draft.text)
        return tuple(
            text("plan.once-approved", run.language, when=when, posts=posts)
            for _, when, posts in await self._planned(run, ready)
        )

    async def _planned(self, run: Run, ready: tuple[ReadyPost, ...]) -> list[tuple[datetime, str, str]]:
        """Return each moment to come, in words too, and which posts it brings."""
        zone = (await self._records.workspaces.get(run.team_id)).zone
        names = {one.part: one.name for one in ready}
        found = []
        for due, plans in groupby(await self._records.plans.open(run.run_id), key=lambda plan: plan.due):
            parts = [plan.part for plan in plans]
            every = text("plan.all", run.language)
            posts = every if ALL in parts else ", ".join(names.get(part) or part for part in parts)
            found.append((due, format_moment(due, run.language, zone), posts))
        return found

    async def claim(self, moment: datetime) -> list[Plan]:
        """Return what is to be brought at *moment*, each post by itself."""
        for plan in await self._records.plans.due(self._team_id, moment):
            if plan.part == ALL:
                _, ready = await self._accepted(plan)
                if parts := [one.part for one in ready if one.part]:
                    await self._records.plans.split(plan.run_id, parts)
        return await self._records.plans.due(self._team_id, moment)

    async def bring(self, run_id: str, part: str, due: datetime, *, moment: datetime) -> None:
        """Bring one post to whoever planned it, once; one that is not accepted any more is cancelled instead.

        Raises:
            SlackError: Slack is away; it is brought later.
        """
        plan = await self._records.plans.get(run_id, part)
        if plan is None or plan.due != due or plan.sent or plan.outcome:
            return
        run, ready = await self._accepted(plan)
        post = next((one for one in ready if one.part == part), None)
        try:
            if run is not None and post is not None:
                late = moment - due > LATE_AFTER
                await self._show(
                    plan, run, post, small=await self._late(plan, run) if late else "", asks=True
                )
                await self._records.plans.sent(plan)
            else:
                await self._withdraw(plan, run)
        except SlackError as error:
            if error.away:
                raise
            # Who cannot be reached (left the firm, say) is not tried again.
            log.warning("run=%s a planned post was not brought: %s", run_id, error)
            await self._records.plans.end(plan, "withdrawn")

    async def show_answer(self, run_id: str, part: str, due: datetime) -> None:
        """Let the message that brought a post say what became of it."""
        plan = await self._records.plans.get(run_id, part)
        run = await self._records.requests.get(run_id)
        if plan is None or run is None:
            return
        _, ready = await self._accepted(plan)
        post = next((one for one in ready if one.part == part), None)
        if post is None:
            return
        zone = (await self._records.workspaces.get(plan.team_id)).zone
        key = f"plan.{plan.outcome}" if plan.outcome else "plan.moved"
        told = text(key, run.language, when=format_moment(plan.due, run.language, zone))
        brought = Plan(plan.run_id, plan.part, plan.team_id, plan.user_id, due, sent=True)
        await self._show(brought, run, post, small=told, asks=False)

    async def _show(self, plan: Plan, run: Run, post: ReadyPost, *, small: str, asks: bool) -> None:
        spot = await self._posts.messages_tab(plan.team_id, plan.user_id)
        named = {"name": post.name, "count": post.count}
        head = text("plan.head" if post.part else "plan.head-all", run.language, **named)
        value = plan_value(plan.run_id, part=plan.part, due=plan.due) if asks else ""
        messages = planned_post(
            post.text,
            head=head,
            beside=post.beside,
            small=[small] if small else [],
            value=value,
            language=run.language,
        )
        for index, (line, blocks) in enumerate(messages):
            await self._posts.bring(_post_id(plan, index), spot, line, blocks, run_id=plan.run_id)

    async def _late(self, plan: Plan, run: Run) -> str:
        zone = (await self._records.workspaces.get(plan.team_id)).zone
        return text("plan.late", run.language, when=format_moment(plan.due, run.language, zone))

    async def _withdraw(self, plan: Plan, run: Run | None) -> None:
        """Tell that a post does not come, and why; of a request that is erased nobody can be told."""
        if run is not None:
            spot = await self._posts.messages_tab(plan.team_id, plan.user_id)
            task = self._tasks.get(run.task)
            title = task.title_in(run.language) if task else run.task
            sentence = text("plan.withdrawn-told", run.language, task=title)
            post_id = f"{_post_id(plan, 0)}/withdrawn"
            await self._posts.once(
                post_id, spot, fallback(sentence), placeholder(sentence), run_id=plan.run_id
            )
        await self._records.plans.end(plan, "withdrawn")

    async def _accepted(self, plan: Plan) -> tuple[Run | None, tuple[ReadyPost, ...]]:
        """Return the run of a plan and the posts of what was accepted; none while nothing is."""
        run = await self._records.requests.get(plan.run_id)
        state = await self._records.reviews.state(plan.run_id)
        draft = await self._records.drafts.get(plan.run_id, state.version) if state else None
        if run is None or state is None or draft is None or state.review not in ACCEPTED:
            return run, ()
        return run, self.ready(run, state.final_text or draft.text)


def _post_id(plan: Plan, index: int) -> str:
    return f"{plan.run_id}/plan/{plan.part}/{plan.due:%Y-%m-%dT%H%MZ}/{index}"
