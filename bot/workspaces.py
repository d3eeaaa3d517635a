"""The workspaces that a bot is in: the one of its own token, or all that installed it, each opened when needed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus

from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.app import build_app
from bot.delivery import client
from bot.installing import Kept, Keyring
from bot.tasks import Identity
from bot.wire import SlackError, Wire
from bot.workspace import Shared, Workspace

log = logging.getLogger(__name__)

NOT_IN_IT = "account_inactive"  # Slack's word for a token of a workspace that uninstalled the app


def states(workspaces: Iterable[Workspace | None]) -> dict[str, int]:
    """Return how many workspaces have a token that Slack takes, and how many one that it refuses."""
    here = [workspace for workspace in workspaces if workspace is not None]
    refused = sum(bool(workspace.tokens.why_not()) for workspace in here)
    return {"good": len(here) - refused, "refused": refused}


@dataclass(frozen=True)
class OneWorkspace:
    """The one workspace of a bot whose token stands in its settings."""

    only: Workspace

    async def find(self, team_id: str) -> Workspace:
        """Return the workspace.

        Raises:
            SlackError: it is another one, whose rows the ledger holds still.
        """
        if team_id != self.only.identity.team_id:
            raise SlackError("auth.test", NOT_IN_IT)
        return self.only

    async def is_in(self, team_id: str) -> bool:
        """Say whether the bot is in a workspace, as Slack says now."""
        return team_id == self.only.identity.team_id and await self.only.is_installed()

    async def installed(self) -> list[str]:
        """Return the workspace's id."""
        return [self.only.identity.team_id]


@dataclass
class ManyWorkspaces:
    """All workspaces that installed the bot.

    Attributes:
        open: those that are open in this process, by id.
    """

    shared: Shared
    keyring: Keyring
    open: dict[str, Workspace] = field(default_factory=dict)
    _opening: dict[str, asyncio.Lock] = field(default_factory=dict)
    _closing: set[asyncio.Task[None]] = field(default_factory=set)
    _front: AsyncApp | None = None

    async def find(self, team_id: str) -> Workspace:
        """Return a workspace, opened now when it was not.

        Raises:
            SlackError: the bot is not installed in it.
        """
        if team_id in self.open:
            return self.open[team_id]
        async with self._opening.setdefault(team_id, asyncio.Lock()):
            if team_id not in self.open:
                kept = await self.keyring.fresh(team_id, datetime.now(UTC))
                if kept is None:
                    raise SlackError("auth.test", NOT_IN_IT)
                self.open[team_id] = await self._make(kept)
        return self.open[team_id]

    async def is_in(self, team_id: str) -> bool:
        """Say whether the bot is installed in a workspace."""
        return team_id in await self.keyring.teams()

    async def installed(self) -> list[str]:
        """Return the ids of all workspaces that installed the bot."""
        return await self.keyring.teams()

    async def arrived(self, team_id: str) -> None:
        """Open a workspace that installed the bot just now, or installed it anew."""
        self._drop(team_id)
        await self.find(team_id)

    async def renew(self, moment: datetime) -> None:
        """Let every open workspace have a token that is good at *moment*; one that left is closed."""
        for team_id, workspace in list(self.open.items()):
            if not await workspace.renew(moment) and self.open.get(team_id) is workspace:
                self._drop(team_id)

    async def dispatch(self, request: AsyncBoltRequest) -> BoltResponse:
        """Hand a request to the workspace that it comes from; what comes from none is checked and answered, too."""
        team_id = request.context.team_id
        if not team_id:
            return await self._front_app().async_dispatch(request)
        try:
            app = (await self.find(team_id)).app
        except SlackError as error:
            answer = await self._front_app().async_dispatch(request)
            # What is not signed is nobody's: it is refused, and counted as such already.
            if answer.status == HTTPStatus.OK:
                self.shared.metrics.strangers.inc()
                log.warning("team=%s something came from it, and it is not open: %s", team_id, error)
            return answer
        return await app.async_dispatch(request)

    async def close(self) -> None:
        """Close every workspace."""
        await asyncio.gather(*(workspace.close() for workspace in self.open.values()), *self._closing)

    async def _make(self, kept: Kept) -> Workspace:
        shared, team_id, wire = self.shared, kept.identity.team_id, Wire()
        slack = client(
            token=kept.token,
            base_url=shared.settings.slack_api_url,
            session=shared.session,
            pulse=wire.pulse,
        )
        workspace = Workspace(
            shared,
            identity=kept.identity,
            slack=slack,
            wire=wire,
            holds=await shared.records.workspaces.get(team_id),
            keyring=self.keyring,
            left=self._left,
        )
        await workspace.open()
        workspace.tokens.start()
        log.info("team=%s is open", team_id)
        return workspace

    async def _left(self, workspace: Workspace) -> None:
        """Delete the tokens of a workspace that uninstalled the bot, at once."""
        team_id = workspace.identity.team_id
        await self.keyring.forget(team_id)
        self._drop(team_id)

    def _drop(self, team_id: str) -> None:
        """Close a workspace beside what is going on: whoever asks for it may be one of its own listeners."""
        workspace = self.open.pop(team_id, None)
        if workspace is not None:
            closing = asyncio.create_task(workspace.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    def _front_app(self) -> AsyncApp:
        """Return what answers requests that belong to no workspace, as Slack's own checks of the address."""
        if self._front is None:
            settings = self.shared.settings
            self._front = build_app(
                client=client(
                    token="", base_url=settings.slack_api_url, session=self.shared.session, pulse=Wire().pulse
                ),
                identity=Identity(team_id="", url="", bot_user_id="", bot_id=""),
                signing_secret=settings.slack_signing_secret,
                count_unknown=self.shared.metrics.count_unknown,
            )
        return self._front
