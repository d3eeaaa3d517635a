"""Hours in minutes: a flood that lasts, and twenty thousand runs on one process; what is lost, what grows."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.sandbox.slack import Slack
from tests.conftest import ANNA
from tests.process import BotProcess

FORGET_EVERY = 500  # the sandbox keeps every call; this process must not be what grows


@dataclass(frozen=True)
class Flood:
    """What a steady stream of events came to; acks in seconds, sorted."""

    acks_s: list[float]
    refused: int
    rows: int
    last_s: float


def _events(slack: Slack, count: int) -> list[dict[str, Any]]:
    """Write *count* mentions, each in a channel of its own so that none waits for another."""
    space = slack.workspace
    words = f"<@{space.bot_user_id}> summarise"
    events = []
    for _ in range(count):
        channel = space.add_channel(space.new_id("C"), "bench", "public", [ANNA, space.bot_user_id])
        root = space.add_message(channel.id, ANNA, "We agreed on Friday.")["ts"]
        asked = space.add_message(channel.id, ANNA, words, thread_ts=root)
        events.append({**asked, "type": "app_mention", "channel": channel.id})
    return events


async def flood(slack: Slack, folder: Path, *, a_second: int, seconds: int) -> Flood:
    """Send *a_second* mentions each second, whether or not the bot keeps up; wait until all are answered."""
    events = _events(slack, a_second * seconds)
    started_s = time.perf_counter()
    acks: list[float] = []
    refused = 0

    async def push(index: int, event: dict[str, Any]) -> None:
        nonlocal refused
        await asyncio.sleep(max(0.0, started_s + index / a_second - time.perf_counter()))
        sent_s = time.perf_counter()
        delivery = await slack.push_event(event)
        acks.append(time.perf_counter() - sent_s)
        refused += delivery.status != 200

    await asyncio.gather(*(push(index, event) for index, event in enumerate(events)))
    rows = await drafted(folder, len(events))
    return Flood(sorted(acks), refused, rows, time.perf_counter() - started_s)


async def drafted(folder: Path, count: int, *, within_s: float = 900.0) -> int:
    """Return how many runs have a draft, once there are *count* or the time is up."""
    deadline_s = time.perf_counter() + within_s
    while True:
        connection = sqlite3.connect(folder / "records.sqlite")
        (rows,) = connection.execute("select count(*) from runs where outcome = 'drafted'").fetchone()
        connection.close()
        if rows >= count or time.perf_counter() > deadline_s:
            return int(rows)
        await asyncio.sleep(0.25)


async def grow(slack: Slack, bot: BotProcess, folder: Path, *, runs: int, warm: int = 1_000) -> list[float]:
    """Answer *runs* mentions; return the bot's memory in MB after *warm* of them and then after each thousand."""
    memory: list[float] = []
    done = 0
    while done < runs:
        events = _events(slack, FORGET_EVERY)
        for start in range(0, FORGET_EVERY, 20):
            await asyncio.gather(*(slack.push_event(event) for event in events[start : start + 20]))
            await drafted(folder, done + start + 20)
        done += FORGET_EVERY
        slack.calls.clear()
        slack.sent.clear()
        if done >= warm and done % 1_000 == 0:
            memory.append(bot.memory_mb())
    return memory
