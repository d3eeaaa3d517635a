"""Of the knowledge base everybody gets what they may read at that moment, and of the rest not even that it is there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from bot.context import Context
from bot.delivery import client
from bot.handlers.ask import allowed
from bot.sandbox.slack import Slack
from bot.tasks import Identity
from bot.wire import SlackError, Wire
from tests.conftest import records_in
from tests.knowledge.conftest import put
from tests.test_access import FLAGS

AUDIENCES = ("everyone", "CIN", "COUT", "GIN", "named", "others")
PEOPLE = tuple(f"U-{kind}".upper() for kind in FLAGS)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Any]:
    """A document for each kind of audience, and people of each kind, half of them in its channels."""
    records = records_in(tmp_path)
    async with Slack() as slack, aiohttp.ClientSession() as session:
        space = slack.workspace
        for kind, flags in FLAGS.items():
            space.add_user(f"U-{kind}".upper(), kind, **flags)
        space.add_channel("CIN", "in", "public", [space.bot_user_id, *PEOPLE])
        space.add_channel("COUT", "out", "public", [space.bot_user_id])
        space.add_channel("GIN", "private", "private", [space.bot_user_id, *PEOPLE])
        for audience in AUDIENCES:
            stored = {"named": ",".join(PEOPLE), "others": "UNOBODY"}.get(audience, audience)
            await put(records, f"{audience}.md", f"Woorden voor {audience}.", audience=stored)
        wired = client(token=slack.token, base_url=f"{slack.url}/api/", session=session)
        identity = Identity("T1", space.url, space.bot_user_id, space.bot_id)
        context = Context(wired, Wire(), identity)
        yield SimpleNamespace(identity=identity, context=context, records=records, slack=slack)
    await records.close()


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("person", PEOPLE)
async def test_who_is_answered_from_what(desk: Any, person: str, audience: str) -> None:
    """Everyone means no guests; a channel its members, public or not; a list those on it, and nobody else."""
    granted = await allowed(desk, person)
    read = {one.document.name for one in await desk.records.knowledge.whole("T1", granted, most_chars=10_000)}
    member = person in ("U-ADMIN", "U-MEMBER")
    wanted = {"everyone": member, "CIN": True, "GIN": True, "named": True, "COUT": False, "others": False}

    assert (f"{audience}.md" in read) is wanted[audience]


async def test_what_slack_does_not_tell_is_a_no(desk: Any) -> None:
    """Without an answer about the person, or about a channel, nothing is answered rather than too much."""
    desk.slack.fail("conversations.members", error="internal_surprise", times=9)

    with pytest.raises(SlackError):
        await allowed(desk, "U-MEMBER")


async def test_who_left_a_channel_is_not_answered_from_it(desk: Any) -> None:
    """Membership is asked anew at each question."""
    before = await allowed(desk, "U-MEMBER")
    desk.slack.workspace.channels["GIN"].members.remove("U-MEMBER")
    after = await allowed(desk, "U-MEMBER")

    assert set(before) - set(after) == {"GIN"}
