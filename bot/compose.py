"""The composition root: ties every room together into one bot; only it knows them all."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from bot import jobs
from bot.app import QUIET_S, Socket
from bot.delivery import client
from bot.guard import Vault, open_vault
from bot.handlers import HANDLERS
from bot.handlers.budget import month_limit
from bot.installing import Keyring, Pages
from bot.llm import LLM, Offer, route_of
from bot.manifest import SCOPES
from bot.metrics import Reading
from bot.premises import Premises, StartError, database_fault
from bot.records import STORE_ERRORS
from bot.records.backups import newest_backup
from bot.settings import Settings
from bot.tasks import Identity, Prompts, load_prompts
from bot.tokens import ANY_TEAM
from bot.wire import SlackError, SocketClient, Wire
from bot.workspace import Shared, Workspace
from bot.workspaces import ManyWorkspaces, OneWorkspace, states

log = logging.getLogger(__name__)

PROMPTS = Path(__file__).parent.parent / "prompts"
NAME_WITHIN_S = 60.0
RENEW_EVERY_S = 60.0
RETRY_START_S = (1, 2, 5, 10, 30)


class Bot:
    """A whole bot: what every workspace shares, and the workspaces that it is in.

    Attributes:
        workspace: the one of its own token; None until Slack has told who we are.
        workspaces: all that installed it; None for a bot with a token of its own.
        lost: set when another replica has taken this one's place; nothing but ending is left.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        premises: Premises | None = None,
        prompts: Prompts | None = None,
        limits: jobs.Limits | None = None,
        pace_s: float = 1.0,
        quiet_s: float = QUIET_S,
    ) -> None:
        self.settings = settings
        self.prompts = prompts or load_prompts(PROMPTS, HANDLERS)
        self._limits = limits or jobs.Limits()
        self._pace_s = pace_s
        self._quiet_s = quiet_s
        self._premises = premises or Premises(settings)
        self.records, self.metrics = self._premises.records, self._premises.metrics
        self.server = self._premises.server
        self.server.ready, self.server.read = self._why_not_ready, self._reading
        self._wire = Wire()
        self._background: list[asyncio.Task[None]] = []
        self._llm = LLM(
            route=route_of(settings),
            models={"fast": settings.model_fast, "smart": settings.model_smart},
        )
        self._not_ready = "starting"
        self.workspace: Workspace | None = None
        self.workspaces: ManyWorkspaces | None = None
        self._session: aiohttp.ClientSession | None = None
        self._socket: Socket | None = None
        self._engine_open = False
        self._slot: jobs.Slot | None = None
        self.lost = asyncio.Event()

    async def start(self) -> None:
        """Open the port, unless it is open, then everything behind it; returns when the bot can take work.

        Raises:
            StartError: the data folder, the database or the port cannot be used, or another bot has them.
        """
        if not self._premises.are_open:
            await self._premises.open()
        # Also while Slack refuses the token: texts are kept so long and no longer.
        await self.records.drafts.delete_expired()
        await self._take_slot()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=100), timeout=aiohttp.ClientTimeout(total=30)
        )
        shared = self._share(self._session)
        if self.settings.many_workspaces:
            await self._serve_many(shared)
        else:
            await self._serve_one(shared)
        self._not_ready = ""

    async def _serve_one(self, shared: Shared) -> None:
        """Work in the workspace that the bot token belongs to."""
        workspace = self.workspace = await self._join(shared)
        warming = await self._open_engine(OneWorkspace(workspace))
        workspace.tokens.start()
        if self.settings.socket_mode:
            await self._open_socket(workspace, shared.session)
        if self.settings.slack_signing_secret and not self.settings.socket_mode:
            self.server.serve(workspace.app.async_dispatch)
        await warming
        self._in_background(self._name_models(shared, workspace))
        log.info("ready for team=%s tasks=%d", workspace.identity.team_id, len(workspace.tasks))

    async def _serve_many(self, shared: Shared) -> None:
        """Work in every workspace that installed the bot, or installs it from now on."""
        slack = client(
            token="", base_url=self.settings.slack_api_url, session=shared.session, pulse=self._wire.pulse
        )
        named = {
            "client_id": self.settings.slack_client_id,
            "client_secret": self.settings.slack_client_secret,
        }
        keyring = Keyring(self.records, shared.vault, slack=slack, **named)
        teams = self.workspaces = ManyWorkspaces(shared, keyring)
        warming = await self._open_engine(teams)
        pages = Pages(
            self.records,
            keyring,
            slack=slack,
            **named,
            scopes=list(SCOPES),
            language=self.settings.language,
            installed=teams.arrived,
        )
        self.server.serve(teams.dispatch, pages=(pages.begin, pages.end))
        await warming
        self._in_background(self._name_models(shared))
        self._in_background(self._keep_tokens(teams))
        log.info("ready for %d workspaces, tasks=%d", len(await teams.installed()), len(self.prompts.tasks))

    async def _open_engine(self, teams: OneWorkspace | ManyWorkspaces) -> asyncio.Task[None]:
        """Open the engine, and let the model's client get warm meanwhile."""
        engine = self.settings.data_dir.absolute() / "engine.sqlite"
        await jobs.open_engine(
            engine,
            records=self.records,
            limits=self._limits,
            teams=teams,
            url=self.settings.database_url,
            slot=self._slot,
        )
        self._engine_open = True
        if self._slot is not None:
            self._slot.watch(self.lost.set)
            self.records.news.start()
        # Only now: beside the engine's many small steps the import would hold up the port for a second.
        return asyncio.create_task(self._llm.warm())

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Do *work* beside everything else, until the bot stops."""
        self._background.append(asyncio.create_task(work))

    async def _keep_tokens(self, teams: ManyWorkspaces) -> None:
        """Look once a minute whether a token ends soon, or was changed by another replica."""
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            try:
                await teams.renew(datetime.now(UTC))
            except STORE_ERRORS as error:
                log.warning("the tokens were not looked at: %s", error)

    async def _take_slot(self) -> None:
        """Take a place among the replicas of a database.

        Raises:
            StartError: the database cannot be used.
        """
        url = self.settings.database_url
        if not url:
            return
        self._slot = jobs.Slot(url)
        try:
            await self._slot.take()
        except STORE_ERRORS as error:
            raise StartError(database_fault(url, error)) from error

    def _share(self, session: aiohttp.ClientSession) -> Shared:
        """Gather what all workspaces work with.

        Raises:
            StartError: the keys cannot be used.
        """
        return Shared(
            settings=self.settings,
            records=self.records,
            vault=self._open_vault(),
            llm=self._llm,
            offer=Offer(self._llm),
            prompts=self.prompts,
            limits=self._limits,
            pace_s=self._pace_s,
            metrics=self.metrics,
            session=session,
            queued=self._queued,
            replicas=lambda: self._slot.replicas if self._slot is not None else 1,
        )

    async def _join(self, shared: Shared) -> Workspace:
        """Open the workspace that the bot token belongs to, as soon as Slack takes it."""
        slack = client(
            token=self.settings.slack_bot_token,
            base_url=self.settings.slack_api_url,
            session=shared.session,
            pulse=self._wire.pulse,
        )
        identity = await self._who_am_i(slack)
        await self.records.erasures.stay(identity.team_id)
        await self.records.teams.adopt(identity.team_id)
        workspace = Workspace(
            shared,
            identity=identity,
            slack=slack,
            wire=self._wire,
            holds=await self.records.workspaces.get(identity.team_id),
        )
        await workspace.open()
        return workspace

    async def _open_socket(self, workspace: Workspace, session: aiohttp.ClientSession) -> None:
        sockets = SocketClient(
            workspace.tokens.app_token,
            token=self.settings.slack_bot_token,
            base_url=self.settings.slack_api_url,
            session=session,
            retry_handlers=[],
        )
        self._socket = Socket(
            workspace.app,
            app_token=self.settings.slack_app_token,
            client=sockets,
            quiet_s=self._quiet_s,
        )
        await self._socket.open()

    async def stop(self) -> None:
        """Take no more, let open runs finish for 20 seconds; the rest goes on at the next start."""
        self._not_ready = "stopping"
        await self.server.stop_taking()
        if self._socket is not None:
            await self._socket.close()
        for task in self._background:
            task.cancel()
        if self.workspace is not None:
            await self.workspace.close()
        if self.workspaces is not None:
            await self.workspaces.close()
        if self._engine_open:
            await jobs.close_engine(self._slot)
        if self._slot is not None:
            await self._slot.leave()
        await self._llm.close()
        if self._session is not None:
            await self._session.close()
        await self._premises.close()

    def _open_vault(self) -> Vault:
        try:
            return open_vault(self.settings.data_dir, self.settings.secret_keys)
        except (OSError, ValueError) as error:
            raise StartError(
                "the keys for what is encrypted cannot be used: SECRET_KEYS must hold Fernet keys (32 bytes in"
                f" URL-safe base64), and secret.key in DATA_DIR={self.settings.data_dir} must be the bot's own."
            ) from error

    async def _who_am_i(self, slack: Any) -> Identity:
        """Ask Slack who we are until it answers; `/readyz` tells meanwhile why we are not ready."""
        attempt = 0
        while True:
            before = self._not_ready
            try:
                answer = await self._wire.ask("auth.test", slack.auth_test(), having="team_id")
                self._wire.restore()
                return _identity(answer)
            except SlackError as error:
                if error.token:
                    self._not_ready = f"Slack refuses the bot token: {error.code}"
                    # Whoever is told when it is over wants to know since when.
                    await self.records.people.first_notice(ANY_TEAM, "token")
                else:
                    self._not_ready = f"Slack cannot be reached: {error.code}"
            if self._not_ready != before:
                log.error("%s; trying again", self._not_ready)
            await asyncio.sleep(RETRY_START_S[min(attempt, len(RETRY_START_S) - 1)])
            attempt += 1

    async def _name_models(self, shared: Shared, workspace: Workspace | None = None) -> None:
        """Warn of a model that the server does not list; only `check` calls that a fault."""
        own_models = shared.own_models()
        listed = await shared.offer.look(within_s=NAME_WITHIN_S)
        if not listed:
            log.warning("the model's server did not list its models")
        for tier, model_id in (workspace.llm if workspace else shared.llm).models.items():
            if listed and model_id not in listed:
                own = model_id == own_models[f"model_{tier}"]
                setting = f"MODEL_{tier.upper()}" if own else f"the {tier} model set in Slack"
                log.warning("%s=%s is not a model that the server lists", setting, model_id)

    def _why_not_ready(self) -> str:
        if self._slot is not None and self._slot.away:
            return "PostgreSQL cannot be reached"
        return (self.workspace.tokens.why_not() if self.workspace is not None else "") or self._not_ready

    def _backed_up_s(self) -> float:
        newest = newest_backup(self.settings.data_dir)
        return newest.timestamp() if newest is not None else 0.0

    async def _queued(self) -> int:
        return (await jobs.waiting())[0] if self._engine_open else 0

    def _slack_faults(self) -> dict[str, int]:
        """Return how often calls of Slack failed, by kind, in all workspaces."""
        pulses = [self._wire.pulse]
        if self.workspaces is not None:
            pulses += [workspace.pulse for workspace in self.workspaces.open.values()]
        return dict(sum((Counter(pulse.misses) for pulse in pulses), Counter()))

    async def _reading(self) -> Reading:
        queued, oldest_s = await jobs.waiting() if self._engine_open else (0, 0.0)
        spent, budget = {}, {}
        for team_id in await self.records.workspaces.teams():
            limit = month_limit(team_id, await self.records.workspaces.get(team_id), datetime.now(UTC))
            spent[team_id] = await self.records.budgets.spent(limit)
            budget[team_id] = limit.most_microusd
        return Reading(
            queued=queued,
            oldest_s=oldest_s,
            spent_microusd=spent,
            budget_microusd=budget,
            slack_faults=self._slack_faults(),
            model_faults=self._llm.pulse.misses,
            model_calls=self._llm.pulse.beats,
            quiet_s=self._socket.silent_s if self._socket is not None else None,
            reopened=self._socket.reopened if self._socket is not None else 0,
            backup_s=self._backed_up_s(),
            slot=self._slot.number if self._slot is not None else 0,
            replicas=self._slot.replicas if self._slot is not None else 1,
            workspaces=states(self.workspaces.open.values() if self.workspaces else [self.workspace]),
        )


def _identity(answer: Any) -> Identity:
    scopes = (answer.headers or {}).get("x-oauth-scopes", "")
    return Identity(
        team_id=answer["team_id"],
        url=answer.get("url") or "https://slack.com/",
        bot_user_id=answer["user_id"],
        bot_id=answer.get("bot_id") or "",
        team=answer.get("team") or "",
        scopes=tuple(scope.strip() for scope in scopes.split(",") if scope.strip()),
    )
