"""The database's machine dies, its standby is promoted, and the bots go on with what both had stored."""

from __future__ import annotations

import asyncio
import math
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from bot.sandbox.slack import Slack
from tests import postgres
from tests.conftest import ANNA, SALES, buttons, running
from tests.process import BotProcess, answered, free_port
from tests.test_replicas import replicas, until

DONE, HELD, BURST = 3, 4, 6
"""Runs that have ended when the machine dies, those that wait for the model, and those that are asked that moment."""


@asynccontextmanager
async def pair() -> AsyncIterator[tuple[postgres.Server, postgres.Server, str]]:
    """Start a primary and its synchronous standby; yield them, and the address that names both."""
    primary = postgres.Server(durable=True)
    standby = None
    try:
        await asyncio.to_thread(primary.start)
        primary.execute("create database firm")
        standby = await asyncio.to_thread(primary.standby)
        hosts = ",".join(quote(str(one.folder), safe="") for one in (primary, standby))
        yield primary, standby, f"postgresql://postgres@/firm?host={hosts}&target_session_attrs=read-write"
    finally:
        if standby is not None:
            standby.remove()
        primary.remove()


async def _supervise(bots: list[BotProcess]) -> None:
    """Start a bot that ended anew, as `restart: always` does: one that found its slot taken ends."""
    while True:
        for bot in bots:
            if bot.process is not None and bot.process.poll() is not None:
                await bot.start()
        await asyncio.sleep(0.2)


def _events(slack: Slack, count: int) -> list[dict[str, Any]]:
    """Return a mention of the bot in each of so many channels, none of them sent yet."""
    space, events = slack.workspace, []
    for number in range(count):
        channel = space.add_channel(f"C{number}", f"c{number}", "public", [ANNA, space.bot_user_id])
        root = space.add_message(channel.id, ANNA, "We agreed on Friday.")["ts"]
        asked = space.add_message(channel.id, ANNA, f"<@{space.bot_user_id}> summarise", thread_ts=root)
        events.append({**asked, "type": "app_mention", "channel": channel.id})
    return events


async def test_a_standby_takes_the_place_of_a_primary_that_was_killed(tmp_path: Path) -> None:
    """In the middle of runs the database's machine is gone: on the standby every run ends once, and none is lost.

    What was acked before stands in the standby, nothing is acked while there is none to store it, and nobody gets a
    draft twice, whatever Slack sends again.
    """
    total = DONE + HELD + BURST
    async with (
        pair() as (primary, standby, url),
        replicas(tmp_path, url) as (slack, model, bots, records),
    ):
        slack.deliveries.retry_delays_s = (1.0,) * 120
        events = _events(slack, total)
        await asyncio.gather(*(slack.push_event(event) for event in events[:DONE]))

        async def closed(count: int) -> bool:
            return sum(row["finished_at"] is not None for row in await records.ledger.newest()) >= count

        await until(lambda: closed(DONE))
        released = asyncio.Event()

        async def wait(_: dict[str, Any]) -> str:
            await released.wait()
            return "They agreed on Friday."

        model.answer_with(wait)
        await asyncio.gather(*(slack.push_event(event) for event in events[DONE : DONE + HELD]))
        await model.asked(DONE + HELD)
        burst = [asyncio.create_task(slack.push_event(event)) for event in events[DONE + HELD :]]
        await asyncio.wait(burst, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.to_thread(primary.kill)
        for bot in bots:
            await answered(f"http://127.0.0.1:{bot.port}/readyz", 503)
        # The answers come while there is no database to book them in.
        released.set()
        late = asyncio.create_task(slack.push_event(events[0]))
        await asyncio.wait({late}, timeout=3)  # the outage itself is what is tried
        # What was stored just before the end may be acked just after it; whatever was acked must stand in the standby.
        acked = [number for number, task in enumerate(burst) if task.done()]
        acked_meanwhile = late.done()
        supervising = asyncio.create_task(_supervise(bots))
        try:
            await asyncio.to_thread(standby.promote)
            kept = {row[0] for row in standby_rows(standby)}
            for bot in bots:
                await answered(f"http://127.0.0.1:{bot.port}/readyz")
            told = [*await asyncio.gather(*burst), await late]
            await until(lambda: closed(total), 120)
            await asyncio.gather(*(slack.push_event(event) for event in events))
            await slack.wait_for(lambda: sum(_cards(slack, total)) == total, 60)
            rows = await records.ledger.newest()
        finally:
            supervising.cancel()
            await asyncio.wait({supervising})

    before = events[: DONE + HELD] + [events[DONE + HELD + number] for number in acked]
    assert acked
    assert not acked_meanwhile
    assert {f"T1:{event['channel']}:{event['ts']}" for event in before} <= kept
    assert {one.status for one in told} == {200}
    assert Counter(row["outcome"] for row in rows) == {"drafted": total}
    assert [len([one for one in slack.messages(f"C{n}") if one.get("bot_id")]) for n in range(total)] == [
        1
    ] * total


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/net/tcp")
async def test_a_machine_that_went_without_a_word_is_noticed_by_every_connection(tmp_path: Path) -> None:
    """No packet comes any more, not even a refusal: each connection asks within five seconds, not after two hours."""
    port = free_port()
    server = postgres.Server(port=port)
    try:
        await asyncio.to_thread(server.start)
        server.execute("create database quiet")
        async with running(tmp_path, database_url=server.url("quiet")) as world:
            await world.slack.command(ANNA, SALES, "/draft", "email Write to Kim about the chairs.")
            await world.card()
            async with asyncio.timeout(60):
                # A connection that was opened this moment has not set its clock yet.
                while not (left := _patience_s(port)) or max(left) > 5:  # noqa: ASYNC110 - the kernel's
                    await asyncio.sleep(0.1)
    finally:
        server.remove()

    assert len(left) >= 5


def _patience_s(port: int) -> list[float]:
    """Return how long each connection to a port stays silent at most before the kernel asks after the other end."""
    found = []
    # https://docs.kernel.org/networking/proc_net_tcp.html; a timer of 0 is none, and jiffies are hundredths here.
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, _, other_end, state, _, timer, *_ = line.split()
        if state == "01" and int(other_end.partition(":")[2], 16) == port:
            kind, _, jiffies = timer.partition(":")
            found.append(int(jiffies, 16) / 100 if kind != "00" else math.inf)
    return found


def standby_rows(server: postgres.Server) -> list[tuple[Any, ...]]:
    """Return the ids of the requests that a server holds."""
    return server.ask("select run_id from tijdwinst.requests", database="firm")


def _cards(slack: Slack, channels: int) -> list[int]:
    """Return how many drafts stand in each channel."""
    return [sum("approve" in buttons(one) for one in slack.messages(f"C{n}")) for n in range(channels)]
