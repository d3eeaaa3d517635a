"""One workspace of the bot: everything that belongs to a single team, tied together; it knows of no other team."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot import jobs
from bot.app import build_app
from bot.context import Context, Files
from bot.delivery import Delivery
from bot.guard import Vault
from bot.handlers import Desk, Gate
from bot.installing import Keyring
from bot.listeners import Homes, Intake, load_templates, register
from bot.llm import LLM, Offer
from bot.metrics import Metrics
from bot.records import Records, WorkspaceSettings
from bot.records.news import CHANGED, MISSED
from bot.settings import Settings
from bot.streaming import Streams
from bot.tasks import Identity, Prompts
from bot.tokens import ANY_TEAM, ASK_AGAIN_S, Tokens
from bot.wire import Pulse, SlackError, Wire

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shared:
    """What all workspaces of a bot work with.

    Attributes:
        queued: tells how many runs wait in the engine's queues.
        replicas: tells how many processes share what Slack allows the app.
    """

    settings: Settings
    records: Records
    vault: Vault
    llm: LLM
    offer: Offer
    prompts: Prompts
    limits: jobs.Limits
    pace_s: float
    metrics: Metrics
    session: aiohttp.ClientSession
    queued: Callable[[], Awaitable[int]]
    replicas: Callable[[], int]

    def own_models(self) -> dict[str, str]:
        """Return the model ids of the environment, by the name of the setting."""
        return {"model_fast": self.settings.model_fast, "model_smart": self.settings.model_smart}


class Workspace:
    """The rooms of one team: its Slack client, what it may read, its runs, its listeners, its Home tabs.

    Args:
        keyring: where its token comes from; None for the token of the settings.
        left: told when the team has uninstalled the bot.
    """

    def __init__(
        self,
        shared: Shared,
        *,
        identity: Identity,
        slack: AsyncWebClient,
        wire: Wire,
        holds: WorkspaceSettings,
        keyring: Keyring | None = None,
        left: Callable[[Workspace], Awaitable[None]] | None = None,
    ) -> None:
        self.identity = identity
        self._slack, self._wire = slack, wire
        self._keyring = keyring
        self._on_left = left
        self.llm = shared.llm.beside()
        # Templates of this team come to it, so it is a table of its own.
        self.tasks = dict(shared.prompts.tasks)
        self._shared = shared
        context = Context(slack, wire, identity)
        delivery = Delivery(slack, wire, pace_s=shared.pace_s)
        streams = Streams(slack, wire, bot_user_id=identity.bot_user_id, replicas=shared.replicas)
        self.tokens = Tokens(
            wire=wire,
            slack=slack,
            context=context,
            delivery=delivery,
            records=shared.records,
            holds=holds,
            ask_again_s=min(ASK_AGAIN_S, shared.limits.continue_after_s),
            renew=self._renew_now,
            team_id=identity.team_id if keyring else ANY_TEAM,
        )
        self.desk = self._make_desk(context)
        posts = jobs.Posts(shared.records, delivery, streams, team_id=identity.team_id)
        self.crew = jobs.make_crew(
            self.desk,
            delivery,
            posts,
            streams,
            self.tasks,
            limits=shared.limits,
            metrics=shared.metrics,
            halted=self._halt,
        )
        self.app = build_app(
            client=slack,
            identity=identity,
            signing_secret="" if shared.settings.socket_mode else shared.settings.slack_signing_secret,
            count_unknown=shared.metrics.count_unknown,
        )
        self.intake = self._make_intake(context, delivery, posts, streams, holds=holds)
        self._hold(holds)
        self._homes = self._listen(wire)
        shared.records.news.listen(self._hear)

    def _make_desk(self, context: Context) -> Desk:
        shared = self._shared
        return Desk(
            identity=self.identity,
            context=context,
            files=Files(self._slack, self._wire, context),
            llm=self.llm,
            records=shared.records,
            gate=Gate(shared.records, shared.vault),
            firm=shared.prompts.firm,
            about=shared.prompts.company,
        )

    def _make_intake(
        self,
        context: Context,
        delivery: Delivery,
        posts: jobs.Posts,
        streams: Streams,
        *,
        holds: WorkspaceSettings,
    ) -> Intake:
        shared = self._shared
        return Intake(
            records=shared.records,
            delivery=delivery,
            posts=posts,
            tasks=self.tasks,
            identity=self.identity,
            holds=holds,
            models=shared.offer,
            own_models=shared.own_models(),
            streams=streams,
            sent=self.desk.gate.sent,
            admins_of=context.people,
            sender_of=self.desk.sender,
            on_settings=self._hold,
        )

    def _listen(self, wire: Wire) -> Homes:
        """Attach the listeners, and let the Home tabs, here and at other replicas, hear of what changes them."""
        homes = Homes(self.intake, {"slack": wire.pulse, "model": self.llm.pulse}, queued=self._shared.queued)
        self.intake.stir, self.intake.stir_all, self.crew.runs.stir = self._stir, self._stir_all, self._stir
        register(
            self.app,
            self.intake,
            homes,
            count_unknown=self._shared.metrics.count_unknown,
            left=self._left,
        )
        return homes

    def _stir(self, user_id: str) -> None:
        self._homes.stir(user_id)
        self._tell("home", user=user_id)

    def _stir_all(self) -> None:
        self._homes.stir_all()
        self._tell("home", user="")

    def _halt(self, run_id: str) -> None:
        self._tell("halt", run=run_id)

    def _tell(self, kind: str, **what: str) -> None:
        self._shared.records.news.tell(kind, team=self.identity.team_id, **what)

    def _hear(self, kind: str, told: dict[str, Any]) -> None:
        """Take note of what another replica did for this team."""
        if told.get("team") not in (None, self.identity.team_id):
            return
        if kind == "halt":
            self.crew.runs.halt(told["run"], here=True)
        elif kind == "home" and told["user"]:
            self._homes.stir(told["user"])
        elif kind == "home":
            self._homes.stir_all()
        elif kind in (CHANGED, MISSED):
            self.intake.later(self._read_anew())

    async def _read_anew(self) -> None:
        """Let settings and templates hold as they stand now."""
        async with self.intake.taking_over:
            holds = await self._shared.records.workspaces.get(self.identity.team_id)
            if holds != self.intake.holds:
                self.intake.hold(holds)
        await load_templates(self.intake)
        self._homes.stir_all()

    @property
    def pulse(self) -> Pulse:
        """How the line to Slack goes."""
        return self._wire.pulse

    async def open(self) -> None:
        """Take in the templates that the team published."""
        await load_templates(self.intake)

    async def renew(self, moment: datetime) -> bool:
        """Take the token that the keyring has at *moment*, refreshed where it ends soon; False when there is none."""
        if self._keyring is None:
            return True
        kept = await self._keyring.fresh(self.identity.team_id, moment)
        if kept is not None:
            self._slack.token = kept.token
        return kept is not None

    async def _renew_now(self) -> bool:
        return await self.renew(datetime.now(UTC))

    async def _left(self, code: str) -> None:
        """Take note that the team uninstalled the bot: what is kept of it goes after the days that it set.

        Args:
            code: what Slack will say of the token from now on.
        """
        if self._on_left is not None:
            try:
                if await self.is_installed():
                    # Old news: it was installed anew meanwhile.
                    return
            except SlackError as error:
                log.warning(
                    "team=%s nobody knows whether its token is good: %s", self.identity.team_id, error
                )
        await self._shared.records.erasures.leave(self.identity.team_id, datetime.now(UTC))
        self._wire.suspect(code)
        if self._on_left is not None:
            await self._on_left(self)

    async def close(self) -> None:
        """Watch the tokens no more, and wait for what was promised after acks."""
        self._shared.records.news.hush(self._hear)
        await self.tokens.stop()
        await self.intake.drain()

    def _hold(self, holds: WorkspaceSettings) -> None:
        """Let the team's settings hold where they are not read anew each time."""
        own = self._shared.own_models()
        self.llm.models = {
            "fast": holds.model_fast or own["model_fast"],
            "smart": holds.model_smart or own["model_smart"],
        }
        self.tokens.holds = holds

    async def is_installed(self) -> bool:
        """Say whether the team still has the bot.

        Raises:
            SlackError: nobody knows: Slack is away.
        """
        return await self.desk.context.is_installed()
