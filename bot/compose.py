"""The composition root: ties every room together into one bot; only it knows them all."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import sqlite3
from pathlib import Path
from typing import IO, Any

import aiohttp

from bot import jobs
from bot.app import Metrics, Server, Socket, build_app
from bot.context import Context, Files
from bot.delivery import Delivery, client
from bot.guard import Vault, open_vault
from bot.handlers import HANDLERS, Desk, Gate
from bot.listeners import Homes, Intake, load_templates, register
from bot.llm import LLM, Offer
from bot.records import Records, WorkspaceSettings
from bot.records.backups import RESTORING, newest_backup
from bot.records.store import is_damaged
from bot.settings import Settings
from bot.streaming import Streams
from bot.tasks import Identity, TijdwinstError, load_company, load_firm, load_tasks
from bot.tokens import ANY_TEAM, ASK_AGAIN_S, Tokens
from bot.wire import SlackError, SocketClient, Wire

log = logging.getLogger(__name__)

PROMPTS = Path(__file__).parent.parent / "prompts"
NAME_WITHIN_S = 60.0
RETRY_START_S = (1, 2, 5, 10, 30)


class StartError(TijdwinstError):
    """The bot cannot start; the message says why and what to do."""


def open_records(settings: Settings) -> Records:
    """Return the records of an installation, not opened yet; the environment gives each workspace's defaults."""
    defaults = WorkspaceSettings(
        language=settings.language, tz_name=settings.tz_name, currency=settings.currency
    )
    return Records(settings.data_dir.absolute() / "records.sqlite", defaults)


def lock_folder(folder: Path) -> IO[str]:
    """Take a data folder for ourselves until what is returned is closed; make it where there is none.

    Raises:
        StartError: it cannot be written, or a bot runs on it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (folder / "bot.lock").open("a")
    except OSError as error:
        raise StartError(
            f"DATA_DIR={folder} cannot be written ({error.strerror}): create it, or make it writable"
            " for the user that runs the bot."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise StartError(
            f"another bot runs on DATA_DIR={folder}: stop it first, or give this one a folder of its own."
        ) from error
    return lock


def _refuse_half_restored(folder: Path) -> None:
    """Refuse files of which some are a backup's and some are not.

    Raises:
        StartError: somebody was stopped while putting a backup back.
    """
    if (folder / RESTORING).exists():
        raise StartError(
            f"a restore into DATA_DIR={folder} was cut off: do it again with `python -m bot restore FILE`."
        )


class Bot:
    """A whole bot: every room, tied together."""

    def __init__(
        self,
        settings: Settings,
        *,
        prompts: Path = PROMPTS,
        limits: jobs.Limits | None = None,
        pace_s: float = 1.0,
    ) -> None:
        self.settings = settings
        self.tasks = load_tasks(prompts, HANDLERS)
        self._company = load_company(prompts)
        self._firm = load_firm(prompts)
        self._limits = limits or jobs.Limits()
        self._pace_s = pace_s
        self.records = open_records(settings)
        self.metrics = Metrics()
        self.server = Server(self.metrics, ready=self._why_not_ready, queued=self._queued)
        self.metrics.backup.set_function(self._backed_up_s)
        self._wire = Wire()
        self._tokens: Tokens | None = None
        self._naming: asyncio.Task[None] | None = None
        self._llm = LLM(
            api_key=settings.anthropic_api_key,
            base_url=settings.anthropic_base_url,
            models={"fast": settings.model_fast, "smart": settings.model_smart},
        )
        self._offer = Offer(self._llm)
        self._not_ready = "starting"
        self._lock: IO[str] | None = None
        self.desk: Desk | None = None
        self._session: aiohttp.ClientSession | None = None
        self._intake: Intake | None = None
        self._socket: Socket | None = None
        self._engine_open = False

    async def start(self) -> None:
        """Open the port, then everything behind it; returns when the bot can take work.

        Raises:
            StartError: the data folder or the port cannot be used, or another bot has them.
        """
        self._lock = lock_folder(self.settings.data_dir)
        _refuse_half_restored(self.settings.data_dir)
        try:
            self.records.open()
            await self.server.open(self.settings.host, self.settings.port)
        except (sqlite3.Error, OSError) as error:
            if is_damaged(error):
                raise StartError(
                    f"{self.settings.data_dir / 'records.sqlite'} is damaged ({error}):"
                    " put the last backup back with `python -m bot restore FILE`."
                ) from error
            raise StartError(
                f"cannot start with DATA_DIR={self.settings.data_dir} HOST={self.settings.host}"
                f" PORT={self.settings.port}: {error}. Make the folder writable, or choose a free port."
            ) from error
        log.info("listening on http://%s:%d", self.settings.host, self.server.port)
        # Also while Slack refuses the token: texts are kept so long and no longer.
        await self.records.drafts.delete_expired()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=100), timeout=aiohttp.ClientTimeout(total=30)
        )
        slack = client(
            token=self.settings.slack_bot_token, base_url=self.settings.slack_api_url, session=self._session
        )
        identity = await self._who_am_i(slack)
        context = Context(slack, self._wire, identity)
        delivery = Delivery(slack, self._wire, pace_s=self._pace_s)
        await self.records.erasures.stay(identity.team_id)
        holds = await self.records.workspaces.get(identity.team_id)
        self._tokens = Tokens(
            wire=self._wire,
            slack=slack,
            context=context,
            delivery=delivery,
            records=self.records,
            holds=holds,
            ask_again_s=min(ASK_AGAIN_S, self._limits.continue_after_s),
        )
        desk = self.desk = Desk(
            identity=identity,
            context=context,
            files=Files(slack, self._wire, context),
            llm=self._llm,
            records=self.records,
            gate=Gate(self.records, self._open_vault()),
            firm=self._firm,
            about=self._company,
        )
        streams = Streams(slack, self._wire, bot_user_id=identity.bot_user_id)
        posts = jobs.Posts(self.records, delivery, streams)
        runs = jobs.Runs(
            desk=desk,
            delivery=delivery,
            posts=posts,
            talks=jobs.Talks(
                streams=streams,
                posts=posts,
                delivery=delivery,
                records=self.records,
                stream_s=self._limits.stream_s,
            ),
            tasks=self.tasks,
            limits=self._limits,
        )
        app = build_app(
            client=slack,
            identity=identity,
            signing_secret="" if self.settings.socket_mode else self.settings.slack_signing_secret,
            count_unknown=self.metrics.count_unknown,
        )
        self._intake = Intake(
            records=self.records,
            delivery=delivery,
            posts=posts,
            tasks=self.tasks,
            identity=identity,
            holds=holds,
            models=self._offer,
            own_models=self._own_models(),
            streams=streams,
            sent=desk.gate.sent,
            admins_of=context.people,
            sender_of=desk.sender,
            on_settings=self._hold,
        )
        self._hold(holds)
        homes = Homes(
            self._intake, {"slack": self._wire.pulse, "model": self._llm.pulse}, queued=self._queued
        )
        self._intake.stir, self._intake.stir_all, runs.stir = homes.stir, homes.stir_all, homes.stir
        register(
            app,
            self._intake,
            homes,
            count_unknown=self.metrics.count_unknown,
            suspect=self._wire.suspect,
        )
        await load_templates(self._intake)
        rounds = jobs.Rounds(desk=desk, delivery=delivery, posts=posts, runs=runs, tasks=self.tasks)
        await jobs.open_engine(self.settings.data_dir.absolute() / "engine.sqlite", runs, rounds)
        self._engine_open = True
        # Only now: beside the engine's many small steps the import would hold up the port for a second.
        warming = asyncio.create_task(self._llm.warm())
        self._tokens.start()
        if self.settings.socket_mode:
            sockets = SocketClient(
                self._tokens.app_token,
                token=self.settings.slack_bot_token,
                base_url=self.settings.slack_api_url,
                session=self._session,
                retry_handlers=[],
            )
            self._socket = Socket(app, app_token=self.settings.slack_app_token, client=sockets)
            await self._socket.open()
        if self.settings.slack_signing_secret and not self.settings.socket_mode:
            self.server.serve(app)
        await warming
        self._naming = asyncio.create_task(self._name_models())
        self._not_ready = ""
        log.info("ready for team=%s tasks=%d", identity.team_id, len(self.tasks))

    async def stop(self) -> None:
        """Take no more, let open runs finish for 20 seconds; the rest goes on at the next start."""
        self._not_ready = "stopping"
        await self.server.stop_taking()
        if self._socket is not None:
            await self._socket.close()
        if self._tokens is not None:
            await self._tokens.stop()
        if self._naming is not None:
            self._naming.cancel()
        if self._intake is not None:
            await self._intake.drain()
        if self._engine_open:
            await jobs.close_engine()
        await self._llm.close()
        if self._session is not None:
            await self._session.close()
        await self.records.close()
        await self.server.close()
        if self._lock is not None:
            self._lock.close()

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

    async def _name_models(self) -> None:
        """Warn of a model that the server does not list; only `check` calls that a fault."""
        listed = await self._offer.look(within_s=NAME_WITHIN_S)
        if not listed:
            log.warning("the model's server did not list its models")
        for tier, model_id in self._llm.models.items():
            if listed and model_id not in listed:
                own = model_id == self._own_models()[f"model_{tier}"]
                setting = f"MODEL_{tier.upper()}" if own else f"the {tier} model set in Slack"
                log.warning("%s=%s is not a model that the server lists", setting, model_id)

    def _own_models(self) -> dict[str, str]:
        return {"model_fast": self.settings.model_fast, "model_smart": self.settings.model_smart}

    def _hold(self, holds: WorkspaceSettings) -> None:
        """Let the workspace's settings hold where they are not read anew each time."""
        own = self._own_models()
        self._llm.models = {
            "fast": holds.model_fast or own["model_fast"],
            "smart": holds.model_smart or own["model_smart"],
        }
        if self._tokens is not None:
            self._tokens.holds = holds

    def _why_not_ready(self) -> str:
        return (self._tokens.why_not() if self._tokens is not None else "") or self._not_ready

    def _backed_up_s(self) -> float:
        newest = newest_backup(self.settings.data_dir)
        return newest.timestamp() if newest is not None else 0.0

    async def _queued(self) -> int:
        return await jobs.waiting() if self._engine_open else 0


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
