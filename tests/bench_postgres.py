"""What PostgreSQL costs and brings: moving a million rows there, one to three replicas, a takeover after a kill."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import random
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from cryptography.fernet import Fernet

from bot.jobs import Limits
from bot.records import Records
from bot.records.moving import Moved, move
from bot.sandbox.model import Model
from bot.sandbox.slack import Slack
from tests import bench_day, bench_ledger, postgres
from tests.conftest import ANNA, SALES, buttons, make_slack
from tests.process import BotProcess

TOGETHER = 5  # commands that reach one replica at a time


@dataclass(frozen=True)
class Load:
    """What is asked of the replicas.

    Attributes:
        model_s: the median of an answer's seconds, and the sigma of its logarithm.
        asked: how many runs are asked for and have not ended, all the time, of each replica.
        warm_s, seconds: how long that goes on before it is measured, and while.
    """

    model_s: tuple[float, float]
    asked: int
    warm_s: float
    seconds: float


WORKING = Load(bench_day.MODEL_S, Limits().at_once * 5 // 4, warm_s=30, seconds=40)
"""A model that takes its time: what binds are the drafts that one process writes at a time."""

FLAT_OUT = Load((0.0, 0.0), 30, warm_s=5, seconds=15)
"""A model that answers at once: what binds is the processor, which all replicas share with the server and Slack."""


@dataclass(frozen=True)
class Pace:
    """What a load came to.

    Attributes:
        a_second: runs that ended in a second.
        bots_ms, server_ms, rest_ms: what a run took of the processor at the replicas, at PostgreSQL, and at the
            local Slack, model and load.
    """

    a_second: float
    bots_ms: float
    server_ms: float
    rest_ms: float


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


async def throughput(server: postgres.Server, count: int, load: Load) -> Pace:
    """Return what *count* replicas end while more is asked of them, all the time, than they can do at once."""
    chance = random.Random(1)
    median_s, sigma = load.model_s

    async def think(_: dict[str, Any]) -> str:
        await asyncio.sleep(chance.lognormvariate(0, sigma) * median_s)
        return "This is a text."

    async with started(server, count) as (slack, model, bots, records):
        model.answer_with(think)
        programs = [[bot.pid for bot in bots], [server.pid], [os.getpid()]]
        asking = asyncio.create_task(_keep_asking(slack, bots, records, asked=load.asked * count))
        try:
            await asyncio.sleep(load.warm_s)
            begun_s, first = time.perf_counter(), await _ended(records)
            spent_s = [_cpu_s(pids) for pids in programs]
            await asyncio.sleep(load.seconds)
            took_s, ended = time.perf_counter() - begun_s, await _ended(records) - first
            spent_s = [_cpu_s(pids) - before for pids, before in zip(programs, spent_s, strict=True)]
        finally:
            asking.cancel()
            await asyncio.wait({asking})
        bots_ms, server_ms, rest_ms = (one * 1000 / max(1, ended) for one in spent_s)
        return Pace(ended / took_s, bots_ms, server_ms, rest_ms)


async def _keep_asking(slack: Slack, bots: list[BotProcess], records: Records, *, asked: int) -> None:
    """Let so many people wait for their drafts: whenever some have theirs, others ask, of the replicas in turn."""
    # Twice as many, so that hardly anybody asks who waits still: a person's runs are written one at a time.
    people = [f"UP{number}" for number in range(2 * asked)]
    for user_id in people:
        slack.workspace.add_user(user_id, user_id.lower(), user_id)
        slack.workspace.channels[SALES].members.append(user_id)
    turns = itertools.cycle(bots)
    sent = 0
    while True:
        while sent - await _ended(records) > asked - TOGETHER:  # noqa: ASYNC110 - what is looked at is in another process
            await asyncio.sleep(0.05)
        next(turns).point()
        coming = range(sent, sent + TOGETHER)
        await asyncio.gather(
            *(
                slack.command(people[one % len(people)], SALES, "/draft", f"proofread This are text {one}.")
                for one in coming
            )
        )
        sent += TOGETHER


def _cpu_s(pids: list[int]) -> float:
    """Return what processes and all that they started took of the processor."""
    every = [one for pid in pids for one in (psutil.Process(pid), *psutil.Process(pid).children())]
    times = [one.cpu_times() for one in every]
    # Of those that ended, their parent knows.
    return sum(told.user + told.system + told.children_user + told.children_system for told in times)


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


async def replicas(counts: tuple[int, ...] = (1, 2, 3)) -> tuple[dict[int, Pace], dict[int, Pace], float]:
    """Return the paces of one, two and three replicas on a working day and flat out, and a takeover's seconds."""
    server = postgres.Server(durable=True)
    server.start()
    try:
        server.make_template()
        working = {count: await throughput(server, count, WORKING) for count in counts}
        flat_out = {count: await throughput(server, count, FLAT_OUT) for count in counts}
        return working, flat_out, await takeover(server)
    finally:
        server.remove()
