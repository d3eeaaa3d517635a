"""Several bots on one PostgreSQL: one order, one outcome, and a survivor that takes over."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import psycopg
from cryptography.fernet import Fernet

from bot.jobs import Slot
from bot.records import Records
from bot.sandbox.model import Model
from bot.sandbox.slack import Slack
from tests import postgres
from tests.conftest import ANNA, CHEF, SALES, buttons, make_slack
from tests.process import ROOT, BotProcess, answered

TASK = "/draft"


@asynccontextmanager
async def replicas(
    folder: Path, url: str, *, count: int = 2
) -> AsyncIterator[tuple[Slack, Model, list[BotProcess], Records]]:
    """Start *count* bots that share a database, and records beside them to look into."""
    keys = Fernet.generate_key().decode()
    async with make_slack() as slack, Model() as model:
        bots = [
            BotProcess(slack, model, folder / f"bot{number}", http=True, DATABASE_URL=url, SECRET_KEYS=keys)
            for number in range(count)
        ]
        records = Records(folder / "records.sqlite", database_url=url)
        records.open()
        try:
            for bot in bots:  # one after the other: the first has slot 0
                await bot.start()
            yield slack, model, bots, records
        finally:
            for bot in bots:
                if bot.process is not None and bot.process.poll() is None:
                    await bot.end(signal.SIGKILL)
            await records.close()


async def until(look: Callable[[], Any], patience_s: float = 60.0) -> None:
    """Wait until what *look* looks at is there."""
    async with asyncio.timeout(patience_s):
        while not await look():  # noqa: ASYNC110 - what is looked at is in another process
            await asyncio.sleep(0.05)


async def _closed(records: Records, count: int) -> bool:
    """Say whether *count* runs have ended."""
    return sum(row["finished_at"] is not None for row in await records.ledger.newest()) >= count


async def _asked(records: Records) -> list[Any]:
    """Return the calls of the model that are under way."""
    return await records.store.read(
        lambda db: db.execute("select call_id from calls where result = 'asked'").fetchall()
    )


async def _looks_every(records: Records, seconds: float) -> bool:
    """Say whether each replica looks into the queue of people's runs after so many seconds."""
    rows = await records.store.read(
        lambda db: db.execute(
            "select polling_interval_sec from dbos.queues where name = 'interactive'"
        ).fetchall()
    )
    return bool(rows[0][0] == seconds)


def _cards(slack: Slack, user_id: str = ANNA) -> list[dict[str, Any]]:
    room = slack.workspace.im_with(user_id).id
    return [one for one in slack.messages(room) if "approve" in buttons(one)]


async def test_replicas_keep_one_order_and_one_set_of_settings(tmp_path: Path) -> None:
    """Requests of one person that reach two bots in turn are written one after the other, in their order.

    What an admin sets at one of them holds at the other, without a restart. A command that somebody recorded and sends
    to the other one as well is done once. Two look into the queue as often as one.
    """
    async with replicas(tmp_path, postgres.database_for(tmp_path)) as (slack, model, bots, records):
        model.latency_s = 0.3
        for number in range(6):
            bots[number % 2].point()
            await slack.command(
                ANNA, SALES, TASK, f"proofread Number {number}: this are a sentence with faults."
            )
        await slack.wait_for(lambda: len(_cards(slack)) >= 6 or None, 60)
        calls = await records.store.read(
            lambda db: db.execute(
                "select words, called_at, finished_at from calls join runs using (run_id)"
                " join requests using (run_id) order by called_at"
            ).fetchall()
        )
        known = await _known(records)
        replayed = urlencode(
            {
                "command": TASK,
                "text": "proofread Number 6: this are a sentence with faults.",
                "user_id": ANNA,
                "channel_id": SALES,
                "team_id": "T1",
                "trigger_id": "9.9",
            }
        )
        taken = []
        for bot in bots:
            bot.point()
            taken.append((await slack.send_raw(replayed, "application/x-www-form-urlencoded")).status)
        once = await _known(records) - known
        in_english = (await slack.command(ANNA, SALES, "/draft", "nothing-like-this")).body
        await records.workspaces.change(
            "T1", replace(await records.workspaces.get("T1"), language="nl"), user_id=CHEF
        )

        async def in_dutch() -> bool:
            told = []
            for bot in bots:
                bot.point()
                told.append((await slack.command(ANNA, SALES, "/draft", "nothing-like-this")).body)
            return told[0] == told[1] != in_english

        await until(in_dutch)
        await until(lambda: _measured(bots[0], "tijdwinst_replicas 2.0"))
        await until(lambda: _looks_every(records, 0.2))
        numbered = await _measured(bots[1], "tijdwinst_slot 1.0")
        codes = [await bot.end() for bot in bots]

    assert [row[0].split(":")[0] for row in calls] == [f"Number {number}" for number in range(6)]
    assert all(after[1] >= before[2] for before, after in pairwise(calls))
    assert (taken, once) == ([200, 200], 1)
    assert codes == [0, 0]
    assert numbered


async def _known(records: Records) -> int:
    """Return how many requests are stored."""
    rows = await records.store.read(lambda db: db.execute("select count(*) from requests").fetchall())
    return int(rows[0][0])


async def _measured(bot: BotProcess, line: str) -> bool:
    """Say whether a bot's `/metrics` has a line."""
    url = f"http://127.0.0.1:{bot.port}/metrics"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return line in (await answer.text()).splitlines()


async def test_a_survivor_takes_over(tmp_path: Path) -> None:
    """A machine dies while it writes: another one brings the draft, once, and pays for no answer twice.

    The survivor looks into the queue for both.
    """
    async with replicas(tmp_path, postgres.database_for(tmp_path)) as (slack, model, bots, records):
        model.latency_s = 60.0
        bots[0].point()
        # The two share one queue: whoever took the run is the one to die.
        await slack.command(ANNA, SALES, TASK, "proofread This are a sentence with faults.")

        async def taken() -> list[Any]:
            return await records.store.read(
                lambda db: db.execute(
                    "select executor_id from dbos.workflow_status where name = 'run' and status = 'PENDING'"
                ).fetchall()
            )

        await until(lambda: _asked(records))
        held = (await taken())[0][0]
        dying = bots[int(held.removeprefix("slot-"))]
        (survivor,) = [bot for bot in bots if bot is not dying]
        model.latency_s = 0.0
        await dying.end(signal.SIGKILL)
        survivor.point()
        await slack.wait_for(lambda: _cards(slack) or None, 60)
        await until(lambda: _closed(records, 1))
        await until(lambda: _looks_every(records, 0.1))
        rows = await records.ledger.newest()
        calls = await records.store.read(
            lambda db: db.execute("select result from calls order by called_at").fetchall()
        )
        await survivor.end()

    assert len(_cards(slack)) == 1
    assert [row["outcome"] for row in rows] == ["drafted"]
    assert [row[0] for row in calls] == ["interrupted", "answered"]


async def test_the_database_goes_and_comes_back(tmp_path: Path) -> None:
    """PostgreSQL is gone for ten seconds: nothing is acked meanwhile, and all of it is answered once afterwards.

    A load balancer reads meanwhile that the bot cannot take work.
    """
    server = postgres.Server(durable=True)
    server.start()
    try:
        server.execute("create database away")
        async with replicas(tmp_path, server.url("away"), count=1) as (slack, model, bots, records):
            slack.deliveries.retry_delays_s = (1.0,) * 40
            model.latency_s = 3.0
            acked = await slack.command(ANNA, SALES, TASK, "proofread This are a sentence with faults.")
            await until(lambda: _asked(records))
            server.stop()
            room = slack.workspace.im_with(ANNA).id
            said = asyncio.create_task(slack.say(ANNA, room, "Proofread this: these is faults."))
            await asyncio.sleep(10)  # the outage itself is what is tried
            await answered(f"http://127.0.0.1:{bots[0].port}/readyz", 503)
            acked_meanwhile = said.done()
            server.start()
            await said
            await answered(f"http://127.0.0.1:{bots[0].port}/readyz")
            await slack.wait_for(lambda: len(_cards(slack)) >= 2 or None, 90)
            await until(lambda: _closed(records, 2))
            rows = await records.ledger.newest()

        assert acked.status == 200
        assert not acked_meanwhile
        assert slack.sent[-1].retries > 0
        assert sorted(row["outcome"] for row in rows) == ["drafted", "drafted"]
        assert len(_cards(slack)) == 2
    finally:
        server.remove()


async def test_a_rolling_upgrade_strands_no_run(tmp_path: Path) -> None:
    """A run that the old version began is ended by the new one as it was begun; a new run takes the new step."""
    url = postgres.database_for(tmp_path)
    done = tmp_path / "done"
    done.touch()

    def start(version: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.versions", version, url, str(tmp_path)], cwd=ROOT, env=os.environ
        )

    async def says(line: str) -> None:
        async def look() -> bool:
            return line in await asyncio.to_thread(done.read_text)

        await until(look)

    old = start("old")
    new = None
    try:
        await says("begun-old first")
        new = start("new")
        await says("begun-new last")
        old.kill()
        await says("begun-old last")
    finally:
        for process in (old, new):
            if process is not None:
                process.kill()
                process.wait()
    lines = done.read_text().splitlines()

    assert lines.count("begun-old first") == 1
    assert "begun-old checked" not in lines
    assert "begun-new checked" in lines


async def test_who_lost_its_slot_hands_nothing_back(tmp_path: Path) -> None:
    """A replica that stops after another one took its place leaves the work there: nobody's draft is written twice."""
    url = postgres.database_for(tmp_path)
    slot, other = Slot(url), Slot(url)
    await slot.take()
    held = await slot.is_ours()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            """
            select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'
                and database = (select oid from pg_database where datname = current_database())
            """
        )
    await other.take()
    lost = not await slot.is_ours()
    await slot.leave()
    await other.leave()

    assert other.number == slot.number
    assert held
    assert lost
