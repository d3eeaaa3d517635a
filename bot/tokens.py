"""Watches whether Slack takes our tokens; the only room that tells the admins about them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.context import Context
from bot.delivery import Delivery
from bot.records import Records, WorkspaceSettings
from bot.texts import format_moment, text
from bot.views import fallback, placeholder
from bot.wire import SlackError, Wire

log = logging.getLogger(__name__)

ASK_AGAIN_S = 30.0
ANY_TEAM = ""  # who we are is not known while the token is refused


@dataclass
class Tokens:
    """The bot token and the app-level token: are they refused, since when, and who knows it.

    Attributes:
        holds: the workspace's settings, whose language admins are told in.
        renew: takes a token from where it is kept, which may be a newer one; False when there is none any more.
        team_id: the workspace, where it is known while the token is refused.
    """

    wire: Wire
    slack: Any
    context: Context
    delivery: Delivery
    records: Records
    holds: WorkspaceSettings
    ask_again_s: float = ASK_AGAIN_S
    renew: Callable[[], Awaitable[bool]] | None = None
    team_id: str = ANY_TEAM
    _app_refused: str = ""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def why_not(self) -> str:
        """Say why nothing can be done at the moment; empty when the tokens are good."""
        if self.wire.refused:
            return f"Slack refuses the bot token: {self.wire.refused}"
        return f"Slack refuses the app-level token: {self._app_refused}" if self._app_refused else ""

    def start(self) -> None:
        """Watch from now on; tell the admins what an earlier bot could not."""
        self._do(self._watch())

    async def stop(self) -> None:
        """Watch no more."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def app_token(self, code: str) -> None:
        """Take note of Slack's word about the app-level token; empty when it is good."""
        before, self._app_refused = self._app_refused, code
        if code and not before:
            log.error("Slack refuses the app-level token: %s", code)
            self._do(self._tell_app_token())
        elif before and not code:
            log.info("Slack takes the app-level token again")
        if not code:
            self._do(self._forget_app_token())

    def _do(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self) -> None:
        await self._tell_back()
        while True:
            await self.wire.suspicion()
            if await self._is_good():
                self.wire.restore()
                await self._tell_back()
                continue
            if await self.records.people.first_notice(self.team_id, "token"):
                log.error("Slack refuses the bot token: %s; runs wait for a good one", self.wire.refused)
            await asyncio.sleep(self.ask_again_s)

    async def _is_good(self) -> bool:
        try:
            if self.renew is not None and not await self.renew():
                return False
            await self.wire.ask("auth.test", self.slack.auth_test())
        except SlackError as error:
            log.debug("the token is not good yet: %s", error)
            return False
        return True

    async def _tell_back(self) -> None:
        since = await self.records.people.end_notice(self.team_id, "token")
        if since is None:
            return
        language, tz = self.holds.language, self.holds.zone
        began, ended = (format_moment(at, language, tz) for at in (since, datetime.now(UTC)))
        sentence = text("admin.token-back", language, since=began, until=ended)
        await self._tell_admins(f"token-back/{since.isoformat()}", sentence)

    async def _tell_app_token(self) -> None:
        if await self.records.people.first_notice(self.team_id, "app-token"):
            await self._tell_admins("app-token", text("admin.app-token", self.holds.language))

    async def _forget_app_token(self) -> None:
        await self.records.people.clear_notices(self.team_id, ("app-token",))

    async def _tell_admins(self, post_id: str, sentence: str) -> None:
        try:
            for user_id in await self.context.admins():
                await self.delivery.post(
                    await self.delivery.messages_tab(user_id),
                    text=fallback(sentence),
                    blocks=placeholder(sentence),
                    post_id=f"{post_id}/{user_id}",
                )
        except SlackError as error:
            log.warning("could not tell the admins: %s", error)
