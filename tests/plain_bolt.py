"""The measure for acks: a plain Bolt app that does nothing, with its default settings, in a process of its own."""

from __future__ import annotations

import asyncio
import sys

from aiohttp import web
from slack_bolt.async_app import AsyncAck, AsyncApp

from tests.conftest import SECRET


async def serve(api_url: str, port: int) -> None:
    """Answer `/summarize` with an empty ack until the process is ended."""
    app = AsyncApp(token="xoxb-sandbox", signing_secret=SECRET)
    app.client.base_url = api_url

    async def nothing(ack: AsyncAck) -> None:
        await ack()

    app.command("/summarize")(nothing)
    runner = web.AppRunner(app.web_app(path="/slack/events"), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
