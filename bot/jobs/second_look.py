"""A second look at CVs, where the guideline wants one: who may take it is asked, and reads when it is over."""

from __future__ import annotations

import logging

from bot.handlers import Desk
from bot.jobs.approvals import MOST_ADMINS
from bot.jobs.posts import Posts
from bot.records.screenings import Screening
from bot.texts import text
from bot.views import fallback
from bot.views.screening import second_look
from bot.wire import SlackError

log = logging.getLogger(__name__)


class SecondLooks:
    """Asks for second looks at a vacancy; all of it may be done twice."""

    def __init__(self, desk: Desk, posts: Posts) -> None:
        self._desk = desk
        self._posts = posts

    async def ask(self, vacancy: Screening, first: str) -> tuple[str, ...]:
        """Ask everybody besides *first* who may decide on a vacancy; return who was reached."""
        asked = []
        for user_id in await self._find_people(vacancy, first):
            if await self._show(vacancy, user_id, first=first, closed_by=""):
                asked.append(user_id)
        return tuple(asked)

    async def tell_closed(self, vacancy: Screening, user_id: str) -> None:
        """Let the messages of who was asked say who closed the vacancy."""
        for asked in (*await self._find_people(vacancy, ""), user_id):
            if await self._desk.records.drafts.post(_post_id(vacancy, asked)) is not None:
                await self._show(vacancy, asked, first="", closed_by=user_id)

    async def _find_people(self, vacancy: Screening, first: str) -> list[str]:
        settings = await self._desk.records.workspaces.get(vacancy.team_id)
        people = [*settings.reviewers, vacancy.user_id]
        if not settings.reviewers:
            try:
                people = [*await self._desk.context.admins(MOST_ADMINS + 1), vacancy.user_id]
            except SlackError as error:
                log.warning("screening=%s the admins are not known: %s", vacancy.screening_id, error)
        return [one for one in dict.fromkeys(people) if one != first]

    async def _show(self, vacancy: Screening, user_id: str, *, first: str, closed_by: str) -> bool:
        blocks = second_look(
            vacancy.screening_id, vacancy.title, vacancy.language, first=first, closed_by=closed_by
        )
        line = fallback(text("screening.second-line", vacancy.language))
        try:
            spot = await self._posts.messages_tab(vacancy.team_id, user_id)
            await self._posts.bring(_post_id(vacancy, user_id), spot, line, blocks)
        except SlackError as error:
            log.warning("screening=%s %s was not asked: %s", vacancy.screening_id, user_id, error)
            return False
        return True


def _post_id(vacancy: Screening, user_id: str) -> str:
    return f"{vacancy.screening_id}/second/{user_id}"
