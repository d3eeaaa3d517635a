"""When Slack refuses a token, runs wait for a good one, and the admins hear of it once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from bot.jobs.schedules import sweep_now
from bot.sandbox.model import Model
from bot.sandbox.watch import PATIENCE_S
from tests.conftest import ANNA, CHEF, SALES, World, make_slack, running, until
from tests.test_run import LINES


async def _ready(world: World) -> tuple[int, str]:
    address = f"http://127.0.0.1:{world.bot.server.port}/readyz"
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        return answer.status, await answer.text()


async def _until_ready_is(world: World, status: int) -> str:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            answered, told = await _ready(world)
            if answered == status:
                return told
            await asyncio.sleep(0.02)


def _told(world: World, sentence: str) -> int:
    messages = world.slack.messages(world.slack.workspace.im_with(CHEF).id)
    return sum(sentence in message["text"] for message in messages)


async def test_a_token_revoked_in_mid_run_loses_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The token is refused while drafts are written, and comes back: both drafts arrive, paid once each."""
    world.model.latency_s = 0.3
    for _ in range(2):
        root = await world.thread(*LINES)
        await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
    await until(lambda: world.model.requests or world.slack.count("conversations.replies"))
    world.slack.revoke_token()
    why = await _until_ready_is(world, 503)
    waiting = await world.rows(where=lambda row: row["outcome"] == "waiting")
    world.slack.revoked = False
    rows = await world.rows(2, where=lambda row: row["outcome"] == "drafted")
    await _until_ready_is(world, 200)
    await world.slack.wait_for(lambda: _told(world, "refused my token"))

    assert "token_revoked" in why
    assert waiting[0]["reason"] == "slack"
    assert len(rows) == 2
    assert len(world.slack.messages(world.im)) == 2
    assert _told(world, "refused my token") == 1
    assert len(world.model.requests) == 2
    assert caplog.text.count("Slack refuses the bot token") == 1


async def test_a_restart_with_a_good_token_finishes_what_waited(tmp_path: Path) -> None:
    """The bot is stopped while its token is refused and started with a good one: the draft still comes."""
    async with make_slack() as slack, Model() as model:
        async with running(tmp_path, slack=slack, model=model) as world:
            root = await world.thread(*LINES)
            slack.revoke_token()
            await slack.command(ANNA, SALES, "/summarize", world.link(root))
            await world.rows(where=lambda row: row["outcome"] == "waiting")
        slack.token, slack.revoked = "xoxb-another", False
        async with running(tmp_path, slack=slack, model=model) as world:
            await world.card()
            await slack.wait_for(lambda: _told(world, "refused my token"))

            assert len(slack.messages(world.im)) == 1
            assert _told(world, "refused my token") == 1


@pytest.mark.parametrize(
    ("event", "refused"),
    [
        ({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["UBOT"]}}, True),
        ({"type": "tokens_revoked", "tokens": {"oauth": ["UANNA"]}}, False),
        ({"type": "app_uninstalled"}, True),
    ],
)
async def test_slack_saying_so_is_enough(world: World, event: dict[str, object], refused: bool) -> None:
    """The app is removed: the bot says at once that it cannot work, without waiting for somebody to ask."""
    world.slack.revoke_token()
    await world.slack.push_event(event)
    status, told = await _ready(world)

    assert (status, "refuses the bot token" in told) == ((503, True) if refused else (200, False))


async def test_a_refused_app_token_is_told_to_the_admins(tmp_path: Path) -> None:
    """Without a socket nobody is heard; the bot token still serves to tell the admins, once."""
    async with make_slack() as slack, Model() as model:
        slack.app_token_refused = True
        async with asyncio.TaskGroup() as group:
            started = asyncio.Event()

            async def run() -> None:
                async with running(tmp_path, slack=slack, model=model, socket=True):
                    started.set()

            task = group.create_task(run())
            im = slack.workspace.im_with(CHEF).id
            await slack.wait_for(lambda: [one for one in slack.messages(im) if "app-level" in one["text"]])
            begun = started.is_set()
            task.cancel()
        told = [one for one in slack.messages(im) if "app-level" in one["text"]]

        assert len(told) == 1
        assert not begun


async def test_a_press_while_the_token_is_refused_is_shown_later(world: World) -> None:
    """Slack refuses the token when somebody approves: it counts at once, and the card follows."""
    root = await world.thread(*LINES)
    await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
    card = await world.card()
    world.slack.revoke_token()
    await world.slack.click(ANNA, world.im, card["ts"], "approve")
    await _until_ready_is(world, 503)
    (row,) = await world.rows(where=lambda row: row["review"] == "approved")
    world.slack.revoked = False
    await _until_ready_is(world, 200)
    await sweep_now()

    assert row["minutes_saved"] is not None
    assert await world.shown("Approved by")
