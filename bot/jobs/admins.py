"""Telling the admins: each in their messages tab, once; who cannot be reached holds nobody else up."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from bot.handlers import Desk
from bot.jobs.posts import Posts
from bot.views import Block, fallback
from bot.wire import SlackError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Told:
    """How many admins read something; *fault* is why not all did, where telling again can help."""

    reached: int
    fault: SlackError | None = None


class Admins:
    """Tells those who may mend something."""

    def __init__(self, desk: Desk, posts: Posts) -> None:
        self._context = desk.context
        self._team_id = desk.identity.team_id
        self._posts = posts

    async def tell(
        self, post_id: str, sentence: str, blocks: list[Block], *, run_id: str = "", anew: bool = False
    ) -> Told:
        """Tell each admin, or with *anew* bring what stands up to date."""
        bring = self._posts.bring if anew else self._posts.once
        try:
            admins = await self._context.admins()
        except SlackError as error:
            log.warning("%s the admins are not known: %s", post_id, error)
            return Told(0, error)
        reached, fault = 0, None
        for user_id in admins:
            try:
                spot = await self._posts.messages_tab(self._team_id, user_id)
                await bring(f"{post_id}/{user_id}", spot, fallback(sentence), blocks, run_id=run_id)
                reached += 1
            except SlackError as error:
                log.warning("%s an admin was not told: %s", post_id, error)
                fault = error if error.away else fault
        return Told(reached, fault)
