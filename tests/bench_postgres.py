"""What PostgreSQL costs and brings: moving a million rows there, one to three replicas, a takeover after a kill."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from bot.records import Records
from bot.records.moving import Moved, move
from bot.sandbox.model import Model
from bot.sandbox.slack import Slack
from tests import bench_ledger, postgres
from tests.conftest import ANNA, SALES, buttons, make_slack
from tests.process import BotProcess

PEOPLE = 40
RUNS = 240
AT_ONCE = 10


def moving(rows: int = 1_000_000) -> float:
    """Return how many rows a second are moved and verified, of a ledger of *rows*."""
    server = postgres.Server(durable=True)
    server.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "records.sqlite"
            bench_ledger.fill(path, count=rows)
            server.execute("create database moving")
            seen: list[Moved] = []
            started = time.perf_counter()
            move(path, server.url("moving"), told=seen.append)
            took = time.perf_counter() - started
            return sum(one.rows for one in seen) / took
    finally:
        server.remove()


@contextlib.asynccontextmanager
async def started(
    server: postgres.Server, count: int
) -> AsyncIterator[tuple[Slack, Model, list[BotProcess], Records]]:
    """Start *count* replicas on a database of their own."""
    keys = Fernet.generate_key().decode()
    url = server.new_database()
    with tempfile.TemporaryDirectory() as folder:
        async with make_slack() as slack, Model() as model:
            bots = [
                BotProcess(
                    slack, model, Path(folder) / str(number), http=True, DATABASE_URL=url, SECRET_KEYS=keys
                )
                for number in range(count)
            ]
            records = Records(Path(folder) / "records.sqlite", database_url=url)
            records.open()
            try:
                for bot in bots:
                    await bot.start()
                yield slack, model, bots, records
            finally:
                for bot in bots:
                    if bot.process is not None and bot.process.poll() is None:
                        await bot.end()
                await records.close()


async def throughput(server: postgres.Server, count: int) -> float:
    """Return how many runs a second *count* replicas end, when more are asked for than they can do at once."""
    async with started(server, count) as (slack, _, bots, records):
        people = [f"UP{number}" for number in range(PEOPLE)]
        for user_id in people:
            slack.workspace.add_user(user_id, user_id.lower(), user_id)
            slack.workspace.channels[SALES].members.append(user_id)
        begun = time.perf_counter()
        for first in range(0, RUNS, AT_ONCE):
            bots[first // AT_ONCE % count].point()
            await asyncio.gather(
                *(
                    slack.command(
                        people[number % PEOPLE], SALES, "/draft", f"proofread This are text {number}."
                    )
                    for number in range(first, min(RUNS, first + AT_ONCE))
                )
            )
        while await _ended(records) < RUNS:  # noqa: ASYNC110 - what is looked at is in another process
            await asyncio.sleep(0.1)
        return RUNS / (time.perf_counter() - begun)


async def _ended(records: Records) -> int:
    rows = await records.store.read(
        lambda db: db.execute("select count(*) from runs where finished_at is not null").fetchall()
    )
    return int(rows[0][0])


async def takeover(server: postgres.Server) -> float:
    """Return how many seconds after a kill a survivor asks the model for what the dead replica was writing."""
    async with started(server, 2) as (slack, model, bots, records):
        model.latency_s = 60.0
        await slack.command(ANNA, SALES, "/draft", "proofread This are text.")
        held: list[Any] = []
        while not (held and await _asked(records)):
            await asyncio.sleep(0.05)
            held = await records.store.read(
                lambda db: db.execute(
                    "select executor_id from dbos.workflow_status where name = 'run' and status = 'PENDING'"
                ).fetchall()
            )
        dying = bots[int(held[0][0].removeprefix("slot-"))]
        model.latency_s = 0.0
        await dying.end(signal.SIGKILL)
        begun = time.perf_counter()
        room = slack.workspace.im_with(ANNA).id
        await slack.wait_for(
            lambda: [one for one in slack.messages(room) if "approve" in buttons(one)] or None, 60
        )
        return time.perf_counter() - begun


async def _asked(records: Records) -> bool:
    rows = await records.store.read(
        lambda db: db.execute("select 1 from calls where result = 'asked'").fetchall()
    )
    return bool(rows)


async def replicas() -> dict[str, float]:
    """Return runs a second of one, two and three replicas, and the seconds of a takeover."""
    server = postgres.Server(durable=True)
    server.start()
    try:
        server.make_template()
        told = {f"{count}": await throughput(server, count) for count in (1, 2, 3)}
        told["takeover_s"] = await takeover(server)
        return told
    finally:
        server.remove()
