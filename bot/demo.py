"""The demo: the unchanged bot against a local Slack and a local model, in one process."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.compose import Bot
from bot.premises import StartError
from bot.quotes.pricelist import read_prices
from bot.reading import read_sheet
from bot.sandbox.export import ExportError, load_export
from bot.sandbox.model import Model
from bot.sandbox.page import ShownSlack
from bot.sandbox.seed import seed_workspace
from bot.sandbox.workspace import Workspace
from bot.settings import Settings, read_language
from bot.tasks import LANGUAGES, Language
from bot.texts import text

PRICES = Path(__file__).parent / "sandbox" / "prices.csv"
SIGNING_SECRET = "sandbox-signing-secret"


async def demo(environ: Mapping[str, str], *, export: Path | None, port: int) -> None:
    """Run the demo until it is interrupted; with an Anthropic key it is Claude who drafts.

    Raises:
        StartError: the export cannot be read, or the port cannot be had; the message says what to do.
    """
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    language = read_language(environ.get("LANGUAGE", "")) or LANGUAGES[0]
    workspace = _load(export, language)
    async with contextlib.AsyncExitStack() as stack:
        slack = await _open(stack, workspace, port)
        # At the pace of a model, so that a text can be read along.
        model = await stack.enter_async_context(Model(latency_s=1.5, first_token_s=0.4))
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tijdwinst-demo-"))
        own_key = environ.get("ANTHROPIC_API_KEY", "")
        settings = Settings(
            slack_bot_token=slack.token,
            slack_signing_secret=SIGNING_SECRET,
            slack_api_url=f"{slack.url}/api/",
            port=0,
            anthropic_api_key=own_key or model.key,
            anthropic_base_url="" if own_key else model.url,
            data_dir=Path(folder),
            language=language,
        )
        bot = Bot(settings)
        await bot.start()
        stack.push_async_callback(bot.stop)
        if export is None:
            await import_prices(bot)

        async def newest() -> list[dict[str, Any]]:
            return await bot.records.ledger.newest(20)

        slack.ledger = newest
        slack.connect_http(f"http://127.0.0.1:{bot.server.port}/slack/events", SIGNING_SECRET)
        print(who_writes(own_key))
        print(
            f"The demo is at {slack.url}  (Ctrl-C ends it; its ledger is {folder}/records.sqlite)", flush=True
        )
        await stop.wait()


async def import_prices(bot: Bot) -> None:
    """Give the invented firm its price list, so that `/quote` has something to work with."""
    content = PRICES.read_bytes()
    rows, _ = read_prices(read_sheet(content))
    await bot.records.quotes.import_prices("T1", rows, file_name=PRICES.name, file_hash="demo")


def who_writes(own_key: str) -> str:
    """Say who writes the drafts, and where the words go."""
    if own_key:
        return "Claude writes the drafts, with your ANTHROPIC_API_KEY: what it summarises goes to Anthropic."
    return "An offline extract writes the drafts, no AI: nothing leaves this machine."


def _load(export: Path | None, language: Language) -> Workspace:
    """Return the firm that is invented, or the one of an export; its people have Slack in *language*."""
    workspace = Workspace()
    if export is None:
        seed_workspace(workspace)
    else:
        try:
            load_export(export, workspace)
        except ExportError as error:
            raise StartError(f"The export cannot be shown: {error}") from error
    for user in workspace.users.values() if language != LANGUAGES[0] else ():
        user.locale = text("language.tag", language)
    return workspace


async def _open(stack: contextlib.AsyncExitStack, workspace: Workspace, port: int) -> ShownSlack:
    """Start the local Slack on *port*."""
    try:
        return await stack.enter_async_context(ShownSlack(workspace=workspace, port=port))
    except (OSError, OverflowError) as error:
        taken = getattr(error, "errno", None) == errno.EADDRINUSE
        why = "is in use already" if taken else "cannot be used"
        raise StartError(
            f"Port {port} {why}: take another one, as in `make demo DEMO_PORT={_other(port)}`"
            f" (`python -m bot demo --port {_other(port)}`)."
        ) from error


def _other(port: int) -> int:
    return port + 1 if 1024 <= port < 65535 else 8085
