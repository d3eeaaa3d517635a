"""One workspace of the bot: everything that belongs to a single team, tied together; it knows of no other team."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot import jobs
from bot.app import build_app
from bot.context import Context, Files
from bot.delivery import Delivery
from bot.guard import Vault
from bot.handlers import Desk, Gate
from bot.listeners import Homes, Intake, load_templates, register
from bot.llm import LLM, Offer
from bot.metrics import Metrics
from bot.records import Records, WorkspaceSettings
from bot.settings import Settings
from bot.streaming import Streams
from bot.tasks import Firm, Identity, Task
from bot.tokens import ASK_AGAIN_S, Tokens
from bot.wire import Wire


@dataclass(frozen=True)
class Shared:
    """What all workspaces of a bot work with.

    Attributes:
        company: what `_company.md` says of the firm; `firm` are its details for documents.
        queued: tells how many runs wait in the engine's queues.
    """

    settings: Settings
    records: Records
    vault: Vault
    llm: LLM
    offer: Offer
    tasks: Mapping[str, Task]
    company: str
    firm: Firm
    limits: jobs.Limits
    pace_s: float
    metrics: Metrics
    session: aiohttp.ClientSession
    queued: Callable[[], Awaitable[int]]

    def own_models(self) -> dict[str, str]:
        """Return the model ids of the environment, by the name of the setting."""
        return {"model_fast": self.settings.model_fast, "model_smart": self.settings.model_smart}


class Workspace:
    """The rooms of one team: its Slack client, what it may read, its runs, its listeners, its Home tabs."""

    def __init__(
        self,
        shared: Shared,
        *,
        identity: Identity,
        slack: AsyncWebClient,
        wire: Wire,
        holds: WorkspaceSettings,
    ) -> None:
        self.identity = identity
        self.llm = shared.llm.beside()
        # Templates of this team come to it, so it is a table of its own.
        self.tasks = dict(shared.tasks)
        self._shared = shared
        context = Context(slack, wire, identity)
        delivery = Delivery(slack, wire, pace_s=shared.pace_s)
        streams = Streams(slack, wire, bot_user_id=identity.bot_user_id)
        self.tokens = Tokens(
            wire=wire,
            slack=slack,
            context=context,
            delivery=delivery,
            records=shared.records,
            holds=holds,
            ask_again_s=min(ASK_AGAIN_S, shared.limits.continue_after_s),
        )
        self.desk = Desk(
            identity=identity,
            context=context,
            files=Files(slack, wire, context),
            llm=self.llm,
            records=shared.records,
            gate=Gate(shared.records, shared.vault),
            firm=shared.firm,
            about=shared.company,
        )
        posts = jobs.Posts(shared.records, delivery, streams)
        self.runs = self._make_runs(delivery, posts, streams)
        self.rounds = jobs.Rounds(
            desk=self.desk, delivery=delivery, posts=posts, runs=self.runs, tasks=self.tasks
        )
        self.app = build_app(
            client=slack,
            identity=identity,
            signing_secret="" if shared.settings.socket_mode else shared.settings.slack_signing_secret,
            count_unknown=shared.metrics.count_unknown,
        )
        self.intake = Intake(
            records=shared.records,
            delivery=delivery,
            posts=posts,
            tasks=self.tasks,
            identity=identity,
            holds=holds,
            models=shared.offer,
            own_models=shared.own_models(),
            streams=streams,
            sent=self.desk.gate.sent,
            admins_of=context.people,
            sender_of=self.desk.sender,
            on_settings=self._hold,
        )
        self._hold(holds)
        self._listen(wire)

    def _make_runs(self, delivery: Delivery, posts: jobs.Posts, streams: Streams) -> jobs.Runs:
        talks = jobs.Talks(
            streams=streams,
            posts=posts,
            delivery=delivery,
            records=self._shared.records,
            stream_s=self._shared.limits.stream_s,
        )
        return jobs.Runs(
            desk=self.desk,
            delivery=delivery,
            posts=posts,
            talks=talks,
            tasks=self.tasks,
            limits=self._shared.limits,
            metrics=self._shared.metrics,
        )

    def _listen(self, wire: Wire) -> None:
        """Attach the listeners, and let the Home tabs hear of what changes them."""
        homes = Homes(self.intake, {"slack": wire.pulse, "model": self.llm.pulse}, queued=self._shared.queued)
        self.intake.stir, self.intake.stir_all, self.runs.stir = homes.stir, homes.stir_all, homes.stir
        register(
            self.app,
            self.intake,
            homes,
            count_unknown=self._shared.metrics.count_unknown,
            suspect=wire.suspect,
        )

    async def open(self) -> None:
        """Take in the templates that the team published."""
        await load_templates(self.intake)

    async def close(self) -> None:
        """Watch the tokens no more, and wait for what was promised after acks."""
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
