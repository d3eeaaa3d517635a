"""A run reads only what its asker may read, asked at that moment; whoever is from outside sees what the firm allows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from bot.context import Context
from bot.delivery import client
from bot.sandbox.slack import Slack
from bot.tasks import Identity, UserError
from bot.wire import SlackError, Wire
from tests.conftest import ANNA, CHEF, GUEST, SALES, World

CHANNELS = ("public", "private", "mpim", "shared")
PEOPLE = ("admin", "member", "guest", "single-channel-guest", "stranger")
FLAGS: dict[str, dict[str, Any]] = {
    "admin": {"is_admin": True},
    "member": {},
    "guest": {"is_restricted": True},
    "single-channel-guest": {"is_restricted": True, "is_ultra_restricted": True},
    "stranger": {"is_stranger": True, "team_id": "T9"},
}
# Who may read without being in it: full members of the workspace, in a public channel of its own.
OPEN = {("public", "admin"), ("public", "member")}


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    """A workspace with a channel of each kind, and a person of each kind in none of them."""
    async with Slack() as made:
        space = made.workspace
        for kind in CHANNELS:
            shown = "public" if kind == "shared" else kind
            channel = space.add_channel(f"C-{kind}".upper(), kind, shown, [space.bot_user_id])  # type: ignore[arg-type]
            channel.is_ext_shared = kind == "shared"
        for person, flags in FLAGS.items():
            space.add_user(f"U-{person}".upper(), person, **flags)
        yield made


async def _may_read(slack: Slack, channel_id: str, user_id: str) -> bool:
    space = slack.workspace
    async with aiohttp.ClientSession() as session:
        wire_client = client(token=slack.token, base_url=f"{slack.url}/api/", session=session)
        context = Context(wire_client, Wire(), Identity("T1", space.url, space.bot_user_id, space.bot_id))
        try:
            await context.check_may_read(channel_id, user_id)
        except (UserError, SlackError):
            return False
        return True


@pytest.mark.parametrize("outcome", ["member", "not", "error"])
@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("kind", CHANNELS)
async def test_who_may_read_what(slack: Slack, kind: str, person: str, outcome: str) -> None:
    """In it: read. Not in it: only full members, only what is public. Nobody knows: not read."""
    channel_id, user_id = f"C-{kind}".upper(), f"U-{person}".upper()
    if outcome == "member":
        slack.workspace.channels[channel_id].members.append(user_id)
    if outcome == "error":
        # Whichever answer is missing: without the members nobody asks on, without the person nobody is let in.
        missing = "users.info" if (kind, person) in OPEN else "conversations.members"
        slack.fail(missing, error="internal_surprise", times=9)
    allowed = await _may_read(slack, channel_id, user_id)

    assert allowed == (outcome == "member" or (outcome == "not" and (kind, person) in OPEN))


async def test_whoever_left_the_firm_reads_nothing(slack: Slack) -> None:
    """An account that was closed is no member any more, also where everybody may read."""
    before = await _may_read(slack, "C-PUBLIC", "U-MEMBER")
    slack.workspace.users["U-MEMBER"].deleted = True
    after = await _may_read(slack, "C-PUBLIC", "U-MEMBER")

    assert (before, after) == (True, False)


async def test_guests_ask_only_where_the_firm_lets_them(world: World) -> None:
    """With guests welcome a guest gets a draft; else they are told whose word it takes, and no model reads along."""
    world.slack.workspace.channels[SALES].members.append(GUEST)
    await world.slack.command(GUEST, SALES, "/draft", "email Write to Kim that the chairs come on Tuesday.")
    await world.rows(1, where=lambda row: row["user_id"] == GUEST and row["outcome"] == "drafted")
    holds = await world.bot.records.workspaces.get("T1")
    await world.bot.records.workspaces.change("T1", replace(holds, guests_welcome=False), user_id=CHEF)
    asked = world.model.count
    await world.slack.command(GUEST, SALES, "/draft", "email Write to Kim that the tables come on Friday.")
    im = world.slack.workspace.im_with(GUEST).id
    await world.slack.say(GUEST, im, "kun je hier iets moois van maken?")
    rows = await world.rows(2, where=lambda row: row["user_id"] == GUEST and row["outcome"] == "refused")
    await world.shown("guests", im)
    before = world.model.count
    await world.slack.command(ANNA, SALES, "/draft", "email Write to Kim that the chairs come on Tuesday.")
    await world.rows(1, where=lambda row: row["user_id"] == ANNA and row["outcome"] == "drafted")

    assert {row["reason"] for row in rows} == {"guests-not-welcome"}
    assert before == asked
