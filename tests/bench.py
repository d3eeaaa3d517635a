"""The figures, side by side in one run: `make bench` prints them as a table; nothing here fails on a slow machine."""

from __future__ import annotations

import asyncio
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
from aiohttp import web
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.sandbox.model import Model
from bot.sandbox.slack import Slack
from tests.conftest import ANNA, SALES, SECRET, World, make_slack, running

ROOT = Path(__file__).parent.parent
MODEL_S = 1.3


async def acks(slack: Slack, count: int, *, gap_s: float = 0.0) -> list[float]:
    """Return how long Slack waits for *count* acks of a command, in milliseconds."""
    taken = []
    for _ in range(count):
        started = time.perf_counter()
        delivery = await slack.command(
            ANNA, SALES, "/summarize", "https://x.slack.com/archives/C0/p1700000000000100"
        )
        taken.append((time.perf_counter() - started) * 1000)
        assert delivery.status == 200
        await asyncio.sleep(gap_s)
    return taken


async def plain_bolt(slack: Slack, measure: Callable[[Slack], Awaitable[list[float]]]) -> list[float]:
    """Measure a plain Bolt app that does nothing, with its default settings."""
    app = AsyncApp(token=slack.token, signing_secret=SECRET, client=None)
    app.client.base_url = f"{slack.url}/api/"

    async def nothing(ack: AsyncAck) -> None:
        await ack()

    app.command("/summarize")(nothing)
    runner = web.AppRunner(app.web_app(path="/slack/events"), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    slack.connect_http(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events", SECRET)
    taken = await measure(slack)
    await runner.cleanup()
    return taken


def _threads(slack: Slack, count: int, messages: int) -> list[dict[str, object]]:
    """Write *count* threads, each in a channel of its own, and return the mentions that ask for them."""
    space = slack.workspace
    events = []
    for _ in range(count):
        channel = space.add_channel(space.new_id("C"), "bench", "public", [ANNA, space.bot_user_id])
        root = space.add_message(channel.id, ANNA, "We agreed on Friday.")["ts"]
        for number in range(messages - 1):
            space.add_message(channel.id, ANNA, f"Remark {number} on the delivery", thread_ts=root)
        words = f"<@{space.bot_user_id}> summarise"
        asked = space.add_message(channel.id, ANNA, words, thread_ts=root)
        events.append({**asked, "type": "app_mention", "channel": channel.id})
    return events


async def answers(world: World, count: int, *, messages: int, gap_s: float) -> list[float]:
    """Return how long each of *count* mentions waits for its finished draft, in seconds."""
    events = _threads(world.slack, count, messages)

    async def one(event: dict[str, object], wait_s: float) -> float:
        await asyncio.sleep(wait_s)
        started = time.perf_counter()
        await world.slack.push_event(event)
        channel = str(event["channel"])
        await world.slack.called(
            "chat.update",
            where=lambda told: told["channel"] == channel and "approve" in str(told["blocks"]),
            timeout_s=120,
        )
        return time.perf_counter() - started

    return list(await asyncio.gather(*(one(event, index * gap_s) for index, event in enumerate(events))))


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


async def start_up() -> tuple[float, float, float]:
    """Return seconds until the port is open, until ready, and idle memory in MB, of the real process."""
    async with make_slack() as slack, Model() as model:
        with tempfile.TemporaryDirectory() as folder:
            environ = {
                "PATH": os.environ["PATH"],
                "SLACK_BOT_TOKEN": slack.token,
                "SLACK_APP_TOKEN": slack.app_token,
                "SLACK_API_URL": f"{slack.url}/api/",
                "ANTHROPIC_API_KEY": model.key,
                "ANTHROPIC_BASE_URL": model.url,
                "DATA_DIR": folder,
                "PORT": "0",
            }
            started = time.perf_counter()
            process = await asyncio.to_thread(
                subprocess.Popen, [sys.executable, "-m", "bot"], cwd=ROOT, env=environ, stderr=subprocess.PIPE
            )
            assert process.stderr is not None
            listening = ready = 0.0
            while not ready:
                line = await asyncio.to_thread(process.stderr.readline)
                if b"listening" in line:
                    listening = time.perf_counter() - started
                if b"ready for" in line:
                    ready = time.perf_counter() - started
            await asyncio.sleep(1)
            memory_mb = psutil.Process(process.pid).memory_info().rss / 1e6
            process.terminate()
            await asyncio.to_thread(process.wait)
            process.stderr.close()
    return listening, ready, memory_mb


async def bench() -> list[tuple[str, str, str]]:
    """Measure everything and return rows of name, figure, goal."""
    rows: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        async with make_slack() as slack, Model(latency_s=MODEL_S) as model:
            for gap_s, name, goal in ((0.0, "back to back", 0.15), (0.2, "at five a second", 0.3)):
                async with running(Path(folder) / name, slack=slack, model=model) as world:
                    ours = await acks(slack, 60, gap_s=gap_s)
                    await asyncio.sleep(1)
                    assert world.bot.server.port
                plain = await plain_bolt(slack, lambda slack, gap_s=gap_s: acks(slack, 60, gap_s=gap_s))  # type: ignore[misc]
                ratio = statistics.median(ours) / statistics.median(plain)
                figure = (
                    f"{ratio:.2f} x ({statistics.median(ours):.1f} ms against {statistics.median(plain):.1f})"
                )
                rows.append((f"ack p50, {name}, against plain Bolt", figure, f"<= {goal} x"))
        async with make_slack() as slack, Model() as model:
            async with running(Path(folder) / "own", slack=slack, model=model) as world:
                await answers(world, 3, messages=50, gap_s=0.3)
                own = await answers(world, 30, messages=50, gap_s=0.3)
            figure = f"{statistics.median(own) * 1000:.0f} ms"
            rows.append(("own time of a run, 50 messages, model and Slack in no time", figure, "<= 50 ms"))
            rows.append(("Slack calls a run", f"{len(slack.calls) / 33:.1f}", "<= 5"))
        async with make_slack() as slack, Model(latency_s=MODEL_S) as model:
            async with running(Path(folder) / "load", slack=slack, model=model) as world:
                await answers(world, 3, messages=10, gap_s=0.0)
                burst = await answers(world, 50, messages=10, gap_s=0.0)
                stream = await answers(world, 120, messages=10, gap_s=0.05)
            figure = f"{max(burst) / MODEL_S:.2f} x the model's time"
            rows.append(("50 mentions at once, last draft", figure, "<= 1.8 x"))
            figure = f"{_quantile(stream, 0.99) / MODEL_S:.2f} x"
            rows.append(("20 mentions a second for 6 s, p99", figure, "<= 1.2 x"))
    listening, ready, memory_mb = await start_up()
    rows.append(("start: listening, ready", f"{listening:.2f} s, {ready:.2f} s", "<= 1 s, <= 3 s"))
    rows.append(("idle memory", f"{memory_mb:.0f} MB", "<= 200 MB"))
    return rows


def main() -> None:
    """Print the table."""
    logging.disable(logging.WARNING)
    for name, figure, goal in asyncio.run(bench()):
        sys.stdout.write(f"{name:62} {figure:44} {goal}\n")


if __name__ == "__main__":
    main()
