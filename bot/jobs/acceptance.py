"""Accepting the guideline: who has not reads it in their messages tab, and what they asked waits for their press."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from bot.handlers import Desk
from bot.handlers.admission import AcceptError
from bot.jobs.posts import Posts
from bot.records.guidelines import Wait
from bot.tasks import Language, Run, Task
from bot.texts import format_moment, text
from bot.views import fallback
from bot.views.guideline import guideline_card
from bot.wire import SlackError

log = logging.getLogger(__name__)


class Acceptance:
    """Shows guidelines and keeps what waits for them; all of it may be done twice."""

    def __init__(self, desk: Desk, posts: Posts, tasks: Mapping[str, Task]) -> None:
        self._desk = desk
        self._records = desk.records
        self._team_id = desk.identity.team_id
        self._posts = posts
        self._tasks = tasks

    async def ask(self, run: Run, version: int, error: AcceptError) -> None:
        """Write down that a version of *run* waits, and show its asker the guideline.

        Raises:
            SlackError: Slack is away; whoever tries again shows it then.
        """
        wait = Wait(run.run_id, version, error.version)
        await self._records.guidelines.wait(wait, team_id=run.team_id, user_id=run.user_id)
        await self.show(run.team_id, run.user_id, run.language)

    async def show(self, team_id: str, user_id: str, language: Language) -> None:
        """Bring the guideline that holds to somebody's messages tab, once a version: to accept, or as accepted.

        Raises:
            SlackError: Slack is away.
        """
        guideline = await self._records.guidelines.current(team_id)
        if guideline is None:
            return
        accepted = await self._records.guidelines.accepted_at(team_id, user_id, guideline.version)
        told = ""
        if accepted is not None:
            zone = (await self._records.workspaces.get(team_id)).zone
            told = text("guideline.accepted", language, when=format_moment(accepted, language, zone))
        spot = await self._posts.messages_tab(team_id, user_id)
        titles = {name: task.title_in(language) for name, task in self._tasks.items()}
        blocks = guideline_card(
            guideline.body, guideline.rules, guideline.version, titles, language, told=told
        )
        post_id = f"guideline/{team_id}/{user_id}/{guideline.version}"
        line = fallback(text("guideline.asked-line", language))
        await self._posts.bring(post_id, spot, line, blocks)

    async def expire(self, moment: datetime) -> list[tuple[Run, Wait]]:
        """Return what waited for a week, with its run; what belongs to no request any more waits no longer."""
        left = []
        for wait in await self._records.guidelines.unanswered(self._team_id, moment):
            run = await self._records.requests.get(wait.run_id)
            if run is None:
                await self._records.guidelines.begun(wait)
            else:
                left.append((run, wait))
        return left


async def try_show(acceptance: Acceptance, team_id: str, user_id: str, language: Language) -> None:
    """Show somebody the guideline; best effort, it is stored and their next request shows it."""
    try:
        await acceptance.show(team_id, user_id, language)
    except SlackError as error:
        log.warning("the guideline is not shown to %s: %s", user_id, error)
