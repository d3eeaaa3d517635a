"""The demo: the unchanged bot against a local Slack and a local model, in one process."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.compose import Bot
from bot.sandbox.export import load_export
from bot.sandbox.model import Model
from bot.sandbox.page import ShownSlack
from bot.sandbox.seed import seed_workspace
from bot.sandbox.workspace import Workspace
from bot.settings import Settings

SIGNING_SECRET = "sandbox-signing-secret"


async def demo(environ: Mapping[str, str], *, export: Path | None, port: int) -> None:
    """Run the demo until it is interrupted; with an Anthropic key it is Claude who drafts."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    workspace = Workspace()
    if export is None:
        seed_workspace(workspace)
    else:
        load_export(export, workspace)
    async with contextlib.AsyncExitStack() as stack:
        slack = await stack.enter_async_context(ShownSlack(workspace=workspace, port=port))
        model = await stack.enter_async_context(Model())
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
            language="nl" if environ.get("LANGUAGE") == "nl" else "en",
        )
        bot = Bot(settings)
        await bot.start()
        stack.push_async_callback(bot.stop)

        async def newest() -> list[dict[str, Any]]:
            return await bot.records.ledger.newest(20)

        slack.ledger = newest
        slack.connect_http(f"http://127.0.0.1:{bot.server.port}/slack/events", SIGNING_SECRET)
        print(
            f"The demo is at {slack.url}  (Ctrl-C ends it; its ledger is {folder}/records.sqlite)", flush=True
        )
        await stop.wait()
