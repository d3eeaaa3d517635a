"""When the model, Slack or the machine fails, nothing is lost, nothing comes twice, and people are told."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.compose import PROMPTS, Bot
from bot.jobs import Limits
from bot.premises import StartError
from bot.sandbox.model import Model
from bot.sandbox.slack import Slack
from bot.settings import Settings
from tests.conftest import ANNA, BEN, CHEF, SALES, SECRET, World, buttons, make_slack, running, said, until
from tests.process import ROOT, BotProcess
from tests.stored import looked_up
from tests.test_run import LINES


async def _ask(world: World) -> str:
    root = await world.thread(*LINES)
    await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
    return root


async def test_a_model_that_is_down_is_told_and_the_draft_comes(world: World) -> None:
    """The asker reads after a while that the model is down; when it is back the draft comes by itself."""
    world.model.down = True
    await _ask(world)
    await world.shown("not answering at the moment")
    waiting = await world.rows(where=lambda row: row["outcome"] == "waiting")
    world.model.down = False
    card = await world.card()
    (row,) = await world.rows(where=lambda row: row["outcome"] == "drafted")

    assert len(waiting) == 1
    assert buttons(card)
    assert row["finished_at"]
    assert world.slack.count("chat.postMessage") == 1


async def test_a_model_that_stays_down_ends_in_an_apology(tmp_path: Path) -> None:
    """After the last try the asker gets an apology with a way to try again, and that way works."""
    async with running(
        tmp_path, limits=Limits(told_after_s=0.1, continue_after_s=0.1, continuations=1)
    ) as world:
        world.model.down = True
        await _ask(world)
        apology = await world.card(having="retry")
        world.model.down = False
        await world.slack.click(BEN, world.im, apology["ts"], "retry")
        for _ in range(2):
            await world.slack.click(ANNA, world.im, apology["ts"], "retry")
        await world.card()
        rows = await world.rows(2)

        assert [row["outcome"] for row in rows] == ["failed", "drafted"]
        assert not world.workspace.crew.runs._down_since


@pytest.mark.parametrize(
    ("fault", "wanted", "outcome"),
    [
        ("refusal", "declined to write", "refused"),
        ("bad_request", "could not be used", "failed"),
        ("too_large", "more than the model can read", "refused"),
    ],
)
async def test_an_unusable_answer_is_told(world: World, fault: Any, wanted: str, outcome: str) -> None:
    """A model that will not or cannot write gives a sentence, not silence; what it cost is booked."""
    world.model.fail(fault, times=9)
    await _ask(world)
    await world.shown(wanted)
    (row,) = await world.rows()

    assert row["outcome"] == outcome


async def test_a_refused_key_tells_the_admins_once(world: World) -> None:
    """Three people ask while the key is refused: each is told, the admin gets one message."""
    world.model.fail("unauthorized", times=3)
    for _ in range(3):
        await _ask(world)
    await world.rows(3)
    admin = world.slack.workspace.im_with(CHEF).id
    told = [one for one in world.slack.messages(admin) if "ANTHROPIC_API_KEY" in one["text"]]
    await _ask(world)
    await world.card()

    assert len(told) == 1
    assert len(world.slack.messages(world.im)) == 4


async def test_admins_that_could_not_be_told_are_told_by_the_next_run(world: World) -> None:
    """Slack does not say who the admins are when the key is refused: the asker is told, the admins a run later."""
    world.model.fail("unauthorized", times=2)
    world.slack.fail("users.list", error="missing_scope")
    for _ in range(2):
        await _ask(world)
    rows = await world.rows(2)
    admin = world.slack.workspace.im_with(CHEF).id

    assert [row["reason"] for row in rows] == ["error.key", "error.key"]
    assert len(world.slack.messages(admin)) == 1


@pytest.mark.parametrize("after", [True, False])
async def test_a_lost_answer_of_slack_posts_nothing_twice(world: World, after: bool) -> None:
    """The connection breaks while the placeholder is posted: one message stands, with the draft in it."""
    world.slack.fail("chat.postMessage", drop=True, after=after)
    await _ask(world)
    await world.card()

    assert len(world.slack.messages(world.im)) == 1


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update", "conversations.members"])
async def test_slack_that_asks_for_patience_gets_it(world: World, method: str) -> None:
    """A 429 is waited out; the draft comes."""
    world.slack.fail(method, status=429, retry_after=1)
    await _ask(world)

    assert await world.card()


async def test_a_fault_of_ours_is_an_apology_with_a_number(world: World) -> None:
    """When Slack refuses a call for good, the asker reads a number to quote, and never an exception."""
    world.slack.fail("conversations.replies", error="internal_surprise", times=99)
    await _ask(world)
    shown = await world.shown("Something broke on our side")
    (row,) = await world.rows()

    assert row["run_id"] in str(shown)
    assert "surprise" not in str(shown)
    assert row["outcome"] == "failed"


@pytest.mark.sqlite("a file is full at a page that is told to it; test_replicas.py has a server that is away")
async def test_a_full_disk_is_not_acked(world: World) -> None:
    """What cannot be stored is not acked: Slack sends it again, and when there is room it is answered once."""
    await world.bot.records.store.write(lambda db: db.execute("pragma max_page_count = 1"))
    refused = await world.slack.command(ANNA, SALES, "/draft", "reply " + "x" * 60_000)
    await world.bot.records.store.write(lambda db: db.execute("pragma max_page_count = 1073741823"))
    taken = await world.slack.command(ANNA, SALES, "/draft", "reply thank you for the order")
    await world.card()

    assert (refused.status, taken.status) == (500, 200)


async def test_one_person_gets_one_draft_at_a_time_and_all_of_them(world: World) -> None:
    """Ten requests in one moment by one person come one after the other, none lost, none mixed up."""
    at_once = 0
    most = 0

    async def write(_: dict[str, Any]) -> str:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.01)
        at_once -= 1
        return "Done."

    world.model.answers = [write] * 10
    root = await world.thread(*LINES)
    await asyncio.gather(
        *(world.slack.command(ANNA, SALES, "/summarize", world.link(root)) for _ in range(10))
    )
    rows = await world.rows(10)

    assert most == 1
    assert {row["outcome"] for row in rows} == {"drafted"}


async def test_a_second_bot_on_the_same_files_refuses(world: World) -> None:
    """Two bots would answer everything twice; the second one says who is in its way."""
    second = Bot(world.bot.settings)
    with pytest.raises(StartError, match="another bot runs on"):
        await second.start()
    await second.stop()


async def test_a_folder_or_port_that_cannot_be_used_is_told(tmp_path: Path, world: World) -> None:
    """A start that cannot work ends with what to change."""
    (tmp_path / "file").write_text("")
    usual = world.bot.settings
    for settings, wanted in (
        (replace(usual, data_dir=tmp_path / "file"), "cannot be written"),
        (replace(usual, data_dir=tmp_path / "other", port=world.bot.server.port), "PORT="),
    ):
        bot = Bot(settings)
        with pytest.raises(StartError, match=wanted):
            await bot.start()
        await bot.stop()


async def test_a_revoked_token_is_told_at_readyz(tmp_path: Path) -> None:
    """A bot whose token was revoked stays up and says why it is not ready."""
    async with make_slack() as slack, Model() as model:
        slack.revoked = True
        settings = Settings(
            slack_bot_token=slack.token,
            slack_signing_secret=SECRET,
            slack_api_url=f"{slack.url}/api/",
            anthropic_api_key=model.key,
            anthropic_base_url=model.url,
            data_dir=tmp_path,
            port=0,
        )
        bot = Bot(settings)
        starting = asyncio.create_task(bot.start())
        await slack.wait_for(lambda: [call for call in slack.calls if call.error == "token_revoked"])
        why = bot._not_ready
        slack.revoked = False
        await starting
        await bot.stop()

        assert "token_revoked" in why or why == "starting"


async def test_a_request_that_never_started_starts_after_a_restart(tmp_path: Path) -> None:
    """A crash between the ack and the engine loses nothing."""
    from bot.tasks import Run

    async with make_slack() as slack, Model() as model:
        async with running(tmp_path, slack=slack, model=model) as world:
            root = await world.thread(*LINES)
            asked = Run("T1:x", "T1", SALES, ANNA, "summarise", "command", "en")
            run = replace(asked, source_channel_id=SALES, source_ts=root)
            await world.bot.records.requests.add(run)
        async with running(tmp_path, slack=slack, model=model) as world:
            assert await world.card()


async def test_a_call_that_broke_off_has_an_unknown_cost(tmp_path: Path) -> None:
    """The line breaks in mid-answer: that call may have been paid, so the run's cost is unknown, never too low."""
    async with Model(name=None) as model, running(tmp_path, model=model) as world:
        model.fail("overloaded", times=1)
        model.fail("drop_mid", times=1)
        await _ask(world)
        (row,) = await world.rows(where=lambda row: row["outcome"] == "drafted")
    calls = looked_up(tmp_path, "select result, count(cost_microusd) from calls group by result")

    assert sorted(calls) == [("answered", 1), ("busy", 0)]
    assert (row["calls"], row["calls_unpriced"], row["cost_microusd"]) == (2, 1, None)


async def test_kill_nine_loses_nothing_and_posts_nothing_twice(tmp_path: Path) -> None:
    """The machine dies four times in the middle of work: every draft comes, once, with one ledger row.

    Each call of the model stands in the ledger, those of unknown cost too that were in flight.
    """
    runs = 12
    async with make_slack() as slack, Model(latency_s=0.25) as model:
        space = slack.workspace
        events = []
        for number in range(runs):
            channel = space.add_channel(f"C{number}", f"c{number}", "public", [ANNA, space.bot_user_id])
            root = space.add_message(channel.id, ANNA, "We agreed on Friday.")["ts"]
            words = f"<@{space.bot_user_id}> summarise"
            asked = space.add_message(channel.id, ANNA, words, thread_ts=root)
            events.append({**asked, "type": "app_mention", "channel": channel.id})
        process = BotProcess(slack, model, tmp_path)
        for kill in range(4):
            # The last two kills come in mid-call however slow the machine is; the first two wherever they hit.
            model.latency_s = 0.25 if kill < 2 else 5.0
            wanted = model.count + 1
            await process.start()
            await asyncio.gather(*(slack.push_event(event) for event in events[: (kill + 1) * 3]))
            await asyncio.wait_for(model.asked(wanted), 20)
            await process.end(signal.SIGKILL)
        model.latency_s = 0.25
        await process.start()
        await asyncio.gather(*(slack.push_event(event) for event in events))
        await slack.wait_for(lambda: _all(slack, runs), 60)
        await asyncio.wait_for(_closed(tmp_path, runs), 60)
        code = await process.end(signal.SIGTERM)

        posted = [[one for one in slack.messages(f"C{n}") if one.get("bot_id")] for n in range(runs)]
        calls = dict(looked_up(tmp_path, "select result, count(*) from calls group by result"))
        booked = looked_up(tmp_path, "select sum(calls) from runs")
        assert calls["answered"] == runs
        assert calls["interrupted"] > 0
        assert sum(calls.values()) >= len(model.requests)
        assert booked == [(sum(calls.values()),)]
        assert code == 0
        assert [len(messages) for messages in posted] == [1] * runs
        assert _outcomes(tmp_path) == [("drafted", runs)]


async def _closed(folder: Path, runs: int) -> None:
    """Wait until the ledger, which another process writes, has closed every run."""
    while True:
        if _outcomes(folder) == [("drafted", runs)]:
            return
        await asyncio.sleep(0.05)


def _outcomes(folder: Path) -> list[tuple[str, int]]:
    return looked_up(folder, "select outcome, count(*) from runs group by outcome")


def _all(slack: Slack, runs: int) -> bool:
    messages = [one for n in range(runs) for one in slack.messages(f"C{n}")]
    return sum("approve" in buttons(one) for one in messages) == runs


async def test_stopping_lets_the_open_draft_finish(tmp_path: Path) -> None:
    """SIGTERM in the middle of a draft: the draft comes, then the bot ends, with code 0."""
    async with make_slack() as slack, Model(latency_s=0.5) as model:
        process = BotProcess(slack, model, tmp_path)
        await process.start()
        root = slack.workspace.add_message(SALES, BEN, "We ship on Friday, agreed.")["ts"]
        await slack.shortcut(ANNA, SALES, root, "summarize_thread")
        await until(lambda: model.requests or slack.count("chat.postMessage") > 0)
        code = await process.end(signal.SIGTERM)
        im = slack.workspace.im_with(ANNA).id
        shown = [said(one) for one in slack.messages(im) if "approve" in buttons(one)]
        exported = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "bot", "export", "runs"],
            cwd=ROOT, env=process.environ, capture_output=True, check=True,
        )  # fmt: skip
        row = json.loads(exported.stdout)

        assert code == 0
        assert len(shown) == 1
        assert row["outcome"] == "drafted"
        assert PROMPTS.exists()
