"""The real bot between the sandbox's Slack and model: what every test of a behaviour stands on."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from cryptography.fernet import Fernet
from sqlite_utils import Database

from bot.compose import PROMPTS, Bot
from bot.handlers import HANDLERS
from bot.jobs import Limits
from bot.records import Records
from bot.records.schema import migrations
from bot.sandbox.model import Model
from bot.sandbox.readable import unreadable, unreadable_answer
from bot.sandbox.slack import Slack
from bot.sandbox.watch import PATIENCE_S
from bot.settings import Settings
from bot.tasks import Prompts, load_prompts
from bot.workspace import Workspace
from tests import postgres
from tests.guard.threats import threat_of
from tests.tables import lay_tables

# No timing asserts: a machine may be busy, and the first example of a test loads what the others find.
hypothesis.settings.register_profile("tijdwinst", deadline=None)
hypothesis.settings.load_profile("tijdwinst")

MEMORY = Path("/dev/shm")
"""Where tests keep what they write, on Linux: what a process wrote outlives its kill there too, and a commit takes a
tenth of the time. Of Docker's 64 MB a run would not do."""

SECRET = "test-secret"
ANNA, BEN, CHEF, GUEST = "UANNA", "UBEN", "UCHEF", "UGUEST"
SALES, SECRET_ROOM, CLOSED = "CSALES", "GSECRET", "GCLOSED"
LIMITS = Limits(told_after_s=1.5, continue_after_s=0.5, continuations=20)


@dataclass
class World:
    """A workspace, a model, and the bot between them."""

    slack: Slack
    model: Model
    bot: Bot
    im: str

    @property
    def workspace(self) -> Workspace:
        """The bot's rooms of this team."""
        assert self.bot.workspace is not None
        return self.bot.workspace

    async def thread(self, *lines: tuple[str, str], channel_id: str = SALES) -> str:
        """Write a thread and return its `ts`."""
        space = self.slack.workspace
        root = ""
        for user_id, line in lines:
            message = space.add_message(channel_id, user_id, line, thread_ts=root)
            root = root or str(message["ts"])
        return root

    def link(self, ts: str, channel_id: str = SALES) -> str:
        """Return the link that Slack copies for a message."""
        return f"{self.slack.workspace.url}archives/{channel_id}/p{ts.replace('.', '')}"

    async def card(
        self, channel_id: str = "", *, having: str = "approve", thread_ts: str = ""
    ) -> dict[str, Any]:
        """Return the newest message with a button *having*, waiting for it."""

        def look() -> dict[str, Any] | None:
            if (channel_id or self.im) not in self.slack.workspace.channels:
                return None
            messages = self.slack.messages(channel_id or self.im, thread_ts)
            return next((message for message in reversed(messages) if having in buttons(message)), None)

        return await self.slack.wait_for(look)

    async def shown(self, wanted: str, channel_id: str = "") -> dict[str, Any]:
        """Return a message of the bot that holds *wanted*, waiting for it."""

        def look() -> dict[str, Any] | None:
            messages = self.slack.messages(channel_id or self.im)
            return next((message for message in reversed(messages) if wanted in str(message)), None)

        return await self.slack.wait_for(look)

    async def rows(
        self, count: int = 1, *, where: Callable[[dict[str, Any]], bool] | None = None
    ) -> list[Any]:
        """Return the ledger once *count* rows of it fit."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                rows = await self.bot.records.ledger.newest()
                fitting = [row for row in rows if (where or (lambda row: row["finished_at"]))(row)]
                if len(fitting) >= count:
                    return fitting
                await asyncio.sleep(0.02)


async def until(look: Callable[[], Any]) -> Any:
    """Return what *look* finds, once it finds something: in the model, say, or in another process.

    `Slack.wait_for` looks only when something happens in Slack.

    Raises:
        TimeoutError: it did not.
    """
    async with asyncio.timeout(PATIENCE_S):
        while not (found := look()):  # noqa: ASYNC110 - who is looked at tells nobody
            await asyncio.sleep(0.02)
        return found


def buttons(message: dict[str, Any]) -> list[str]:
    """Return the buttons under a message."""
    blocks = [block for block in message.get("blocks") or [] if block["type"] == "actions"]
    return [element["action_id"] for block in blocks for element in block["elements"]]


def said(message: dict[str, Any]) -> str:
    """Return a message's Markdown."""
    return "\n".join(block["text"] for block in message["blocks"] if block["type"] == "markdown")


def pytest_configure() -> None:
    """Put what tests write into memory, where there is room for it; all workers' folders are in the first one's."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 2 << 30:
        # https://docs.pytest.org/en/stable/how-to/tmp_path.html
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the cases of each threat, so that `pytest -m threat` runs them; skip what only a file has."""
    for item in items:
        only = item.get_closest_marker("sqlite")
        if only is not None and on_postgres():
            item.add_marker(pytest.mark.skip(reason=f"on SQLite only: {only.args[0]}"))
        number = threat_of(item.nodeid)
        if number is not None:
            item.add_marker(pytest.mark.threat(number))


def pytest_collection_finish() -> None:
    """Keep what is imported by now out of the garbage collector's walks: they took a twentieth of the tests' time."""
    gc.collect()
    gc.freeze()


def make_slack() -> Slack:
    """Make a workspace with people and channels of every kind."""
    slack = Slack(retry_delays_s=(0.05, 0.1, 0.2))
    space = slack.workspace
    space.add_user(ANNA, "anna", "Anna de Vries")
    space.add_user(BEN, "ben", "Ben Jansen")
    space.add_user(CHEF, "chef", "Chef Bloem", is_admin=True)
    space.add_user(GUEST, "guest", "Gast", is_restricted=True)
    space.add_channel(SALES, "sales", "public", [ANNA, BEN, CHEF, space.bot_user_id])
    space.add_channel(SECRET_ROOM, "directie", "private", [CHEF, space.bot_user_id])
    space.add_channel(CLOSED, "closed", "private", [ANNA])
    return slack


def on_postgres() -> bool:
    """Say whether all tests run on PostgreSQL: `TEST_STORE=postgres`."""
    return os.environ.get("TEST_STORE") == "postgres"


def store_url(folder: Path) -> str:
    """Return the database of an installation in *folder*, the same one each time; empty where that is its files."""
    return postgres.database_for(folder) if on_postgres() else ""


@cache
def store_environ(folder: Path) -> dict[str, str]:
    """Return what a process of its own is told of the store of an installation in *folder*."""
    if not on_postgres():
        return {}
    return {"DATABASE_URL": store_url(folder), "SECRET_KEYS": Fernet.generate_key().decode()}


def older_tables(folder: Path, *, before: str) -> Any:
    """Return the tables of an installation as they were before a migration, in the store that all tests run on.

    The database that comes back is to be filled, committed and closed.
    """
    if on_postgres():
        return postgres.older_database(folder, before=before)
    db = Database(folder / "records.sqlite")
    migrations.apply(db, stop_before=before)
    return db


def records_in(folder: Path) -> Records:
    """Return the opened records of an installation in *folder*, in the store that all tests run on."""
    url = store_url(folder)
    if not url:
        lay_tables(folder)
    records = Records(folder / "records.sqlite", database_url=url)
    records.open()
    return records


@cache
def read_prompts(folder: Path) -> Prompts:
    """Read task files once for all the bots that a process starts: a third of what a start takes the processor."""
    return load_prompts(folder, HANDLERS)


@asynccontextmanager
async def running(
    tmp_path: Path,
    *,
    slack: Slack | None = None,
    model: Model | None = None,
    socket: bool = False,
    **more: Any,
) -> AsyncIterator[World]:
    """Start the bot on *tmp_path* between a Slack and a model."""
    limits = more.pop("limits", LIMITS)
    prompts = read_prompts(more.pop("prompts", PROMPTS))
    more.setdefault("database_url", store_url(tmp_path))
    quiet_s = more.pop("quiet_s", 600.0)
    async with AsyncExitStack() as stack:
        if slack is None:
            slack = await stack.enter_async_context(make_slack())
        if model is None:
            model = await stack.enter_async_context(Model())
        if not more["database_url"]:
            lay_tables(tmp_path)
        settings = Settings(
            slack_bot_token=slack.token,
            slack_app_token=slack.app_token if socket else "",
            slack_signing_secret="" if socket else SECRET,
            slack_api_url=f"{slack.url}/api/",
            anthropic_api_key=model.key,
            anthropic_base_url=model.url,
            data_dir=tmp_path,
            port=0,
            **more,
        )
        bot = Bot(settings, prompts=prompts, limits=limits, pace_s=0.0, quiet_s=quiet_s)
        stack.push_async_callback(bot.stop)
        await bot.start()
        if not socket:
            slack.connect_http(f"http://127.0.0.1:{bot.server.port}/slack/events", SECRET)
        yield World(slack, model, bot, slack.workspace.im_with(ANNA).id)
        check_readable(slack)
        if settings.database_url:
            check_on_postgres(tmp_path)


def check_on_postgres(folder: Path) -> None:
    """Fail when a bot that has a PostgreSQL keeps anything in files, but for the index that is made from it."""
    assert {path.name for path in folder.glob("*.sqlite")} <= {"knowledge.sqlite"}


def check_readable(slack: Slack) -> None:
    """Fail when something that the bot sent breaks a limit of Slack's, or cannot be read without seeing it."""
    faults = [line for call in slack.calls for line in unreadable(call.method, call.arguments)]
    faults += [line for delivery in slack.sent for line in unreadable_answer(delivery.answer)]

    assert not faults, "\n".join(dict.fromkeys(faults))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """The whole bot, over HTTP, in English."""
    async with running(tmp_path) as started:
        yield started
