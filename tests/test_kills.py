"""Kills, crashes and deploys: what was only there comes all the same, and what makes the bot crash is given up."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer

from bot.jobs import Limits
from bot.jobs.durable import MAX_RECOVERIES
from bot.jobs.engine import NAME
from bot.jobs.workflows import TRIES_ALONE
from bot.sandbox.model import Model
from bot.sandbox.slack import Slack
from tests.conftest import ANNA, BEN, CHEF, SALES, buttons, make_slack, running, store_url, until
from tests.process import BotProcess
from tests.stored import looked_up
from tests.zygote import SMALLER

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only a bot that is forked has smaller limits"
)

HURRIED = {
    "bot.jobs.durable.CALM_S": 0.0,
    "bot.jobs.durable.AGAIN_AFTER_S": 0.0,
    "bot.jobs.schedules.LEFT_FOR_S": 0.0,
    "bot.jobs.engine.PATIENCE_S": 0,
}
KILLS = MAX_RECOVERIES + 1
"""What the engine gives up: so many crashes of one workflow."""


@asynccontextmanager
async def _house(folder: Path) -> AsyncIterator[tuple[Slack, Model, BotProcess]]:
    """A bot in a process of its own that waits for nothing, between a Slack and a model; it is not started yet."""
    async with make_slack() as slack, Model() as model:
        process = BotProcess(slack, model, folder, http=True, **{SMALLER: json.dumps(HURRIED)})
        try:
            yield slack, model, process
        finally:
            if process.process is not None and process.process.poll() is None:
                await process.end(signal.SIGKILL)


@contextmanager
def _engine(folder: Path) -> Iterator[DBOSClient]:
    """Look into a bot's engine from outside."""
    client = DBOSClient(
        system_database_url=store_url(folder) or f"sqlite:///{folder / 'engine.sqlite'}",
        serializer=DBOSPortableJSONSerializer(),
        application_name=NAME,
    )
    try:
        yield client
    finally:
        client.destroy()


async def _sweep(client: DBOSClient) -> None:
    """Let the clock strike each half second, until this is cancelled."""
    while True:
        await asyncio.to_thread(client.trigger_schedule, "sweep")
        await asyncio.sleep(0.5)


async def _keep_up(process: BotProcess, deaths: list[int]) -> None:
    """Start a bot anew whenever it died, as a supervisor does, until this is cancelled."""
    while True:
        assert process.process is not None
        while process.process.poll() is None:  # noqa: ASYNC110 - a process tells nobody of its end
            await asyncio.sleep(0.01)
        deaths.append(process.pid)
        process.process = process.begin()


def _cards(slack: Slack, user_id: str = ANNA) -> list[dict[str, Any]]:
    room = slack.workspace.im_with(user_id).id
    return [one for one in slack.messages(room) if "approve" in buttons(one)]


async def _ask(slack: Slack, user_id: str = ANNA, words: str = "this are a sentence with faults.") -> None:
    await slack.command(user_id, SALES, "/draft", f"proofread {words}")


async def _asked(model: Model, calls: int) -> None:
    """Wait until the model was asked more than *calls* times."""
    await until(lambda: len(model.requests) > calls)


def _tried(slack: Slack, method: str) -> int:
    """Count the calls of a method, those in vain too."""
    return sum(call.method == method for call in slack.calls)


def _outcomes(folder: Path) -> list[tuple[Any, ...]]:
    return looked_up(folder, "select outcome, count(*) from runs group by outcome order by outcome")


async def test_who_was_only_there_outlives_every_kill(tmp_path: Path) -> None:
    """The machine dies eight times, while the run is opened, written and delivered: one draft comes, once."""
    async with _house(tmp_path) as (slack, model, process):
        slack.fail("chat.postMessage", status=429, retry_after=600)
        await process.start()
        await _ask(slack)
        await until(lambda: _tried(slack, "chat.postMessage"))
        await process.end(signal.SIGKILL)
        model.latency_s = 600.0
        for _ in range(KILLS - 1):
            calls = len(model.requests)
            await process.start()
            await _asked(model, calls)
            await process.end(signal.SIGKILL)
        await process.start()
        with _engine(tmp_path) as engine:
            sweeping = asyncio.create_task(_sweep(engine))
            await _asked(model, KILLS - 1)
            await process.end(signal.SIGKILL)
            model.latency_s = 0.0
            slack.fail("chat.update", status=429, retry_after=600)
            shown = _tried(slack, "chat.update")
            await process.start()
            await until(lambda: _tried(slack, "chat.update") > shown)
            await process.end(signal.SIGKILL)
            await process.start()
            await until(lambda: _cards(slack))
            sweeping.cancel()
        await process.end()

    assert len(_cards(slack)) == 1
    assert "Something broke" not in str(slack.messages(slack.workspace.im_with(ANNA).id))
    assert _outcomes(tmp_path) == [("drafted", 1)]


async def test_clean_stops_are_never_counted(tmp_path: Path) -> None:
    """Deploys during one long draft: each finds it as if it were the first, so no number of them ends in an apology."""
    async with _house(tmp_path) as (slack, model, process):
        model.latency_s = 600.0
        counted: list[int | None] = []
        for deploy in range(3):
            calls = len(model.requests)
            await process.start()
            if not deploy:
                await _ask(slack)
            await _asked(model, calls)
            with _engine(tmp_path) as engine:
                counted += [one.recovery_attempts for one in engine.list_workflows(name="run")]
            await process.end(signal.SIGTERM)
        model.latency_s = 0.0
        await process.start()
        await until(lambda: _cards(slack))
        await process.end()

    assert counted == [1, 1, 1]
    assert len(_cards(slack)) == 1
    assert _outcomes(tmp_path) == [("drafted", 1)]


async def test_what_waits_is_not_at_work(tmp_path: Path) -> None:
    """A model that is down for days: the run stands in the queue, so no stop of the bot counts, and the draft comes."""
    limits = Limits(told_after_s=0.1, continue_after_s=86_400.0)
    async with make_slack() as slack, Model() as model:
        model.down = True
        for start in range(3):
            async with running(tmp_path, slack=slack, model=model, limits=limits) as world:
                if not start:
                    await _ask(slack)
                    await world.rows(where=lambda row: row["outcome"] == "waiting")
                waiting = await DBOS.list_workflows_async(
                    name="run", status=["PENDING", "ENQUEUED", "DELAYED"]
                )
        model.down = False
        async with running(tmp_path, slack=slack, model=model, limits=limits):
            await DBOS.set_workflow_delay_async(waiting[0].workflow_id, delay_seconds=0)
            await until(lambda: _cards(slack))

    assert [(one.status, one.recovery_attempts) for one in waiting] == [("DELAYED", 0)]
    assert len(_cards(slack)) == 1


async def test_only_the_run_at_fault_is_given_up(tmp_path: Path) -> None:
    """A request takes the bot down each time it is worked on: after nine crashes its asker reads what to do instead.

    Who was being written beside it, and who asks meanwhile, gets a draft.
    """
    async with _house(tmp_path) as (slack, model, process):

        async def speak(body: dict[str, Any]) -> None:
            if "poison" in str(body):
                os.kill(process.pid, signal.SIGKILL)
                await asyncio.Event().wait()
            if "beside" in str(body) and len(deaths) < KILLS:
                await asyncio.Event().wait()

        model.answer_with(speak)
        deaths: list[int] = []
        await process.start()
        await _ask(slack, BEN, "this stand beside it.")
        await _asked(model, 0)
        keeping = asyncio.create_task(_keep_up(process, deaths))
        await _ask(slack, ANNA, "these is poison.")
        await until(lambda: len(deaths) >= KILLS)
        with _engine(tmp_path) as engine:
            sweeping = asyncio.create_task(_sweep(engine))
            room = slack.workspace.im_with(ANNA).id
            await until(lambda: "Something broke" in str(slack.messages(room)))
            await _ask(slack, CHEF, "this come meanwhile.")
            await until(lambda: _cards(slack, BEN) and _cards(slack, CHEF))
            sweeping.cancel()
        keeping.cancel()
        await asyncio.wait({keeping, sweeping})
        await process.end()

    (apology,) = [one for one in slack.messages(room) if one.get("bot_id")]
    assert len(deaths) == KILLS + TRIES_ALONE
    assert "each time I worked on this I crashed" in apology["text"]
    assert "retry" not in buttons(apology)
    assert _outcomes(tmp_path) == [("drafted", 2), ("failed", 1)]
