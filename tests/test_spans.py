"""A part of a channel can be asked for in plain words, and is read whole or not at all."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.context import Context, Place
from bot.delivery import client
from bot.listeners.spans import find_span
from bot.sandbox.slack import Slack
from bot.tasks import Identity, UserError
from bot.wire import Wire
from tests.conftest import ANNA, BEN, CHEF, GUEST, SALES, SECRET_ROOM, World, make_slack, said
from tests.test_run import LINES

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 11, 25, 14, 30, tzinfo=UTC)  # a Wednesday, 15:30 in Amsterdam
DAY_S = 86_400


@pytest.mark.parametrize(
    ("words", "oldest", "latest", "rest"),
    [
        ("<#C9|sales> since monday", "2026-11-23 00:00", "", ""),
        ("sinds maandag", "2026-11-23 00:00", "", ""),
        ("since wednesday", "2026-11-25 00:00", "", ""),
        ("vandaag", "2026-11-25 00:00", "", ""),
        ("yesterday in English please", "2026-11-24 00:00", "2026-11-25 00:00", "in English please"),
        ("sinds gisteren", "2026-11-24 00:00", "", ""),
        ("afgelopen 3 dagen", "2026-11-22 15:30", "", ""),
        ("of the last 2 weeks", "2026-11-11 15:30", "", ""),
        ("deze week", "2026-11-23 00:00", "", ""),
        ("since 2026-11-20", "2026-11-20 00:00", "", ""),
        ("sinds 3 november", "2026-11-03 00:00", "", ""),
        ("since 3 December", "2026-08-25 16:30", "", ""),
        ("since 9:00", "2026-11-25 09:00", "", ""),
        ("since 18:00", "2026-11-24 18:00", "", ""),
        ("<#C9|sales>", "2026-11-18 15:30", "", ""),
        ("<#C9> what was decided about chairs", "2026-11-18 15:30", "", "what was decided about chairs"),
    ],
)
def test_people_say_since_when_in_their_own_words(words: str, oldest: str, latest: str, rest: str) -> None:
    """Dutch or English, by day, date or hour: by the asker's clock; nothing reaches further back than 92 days."""
    span, left = find_span(words, here="C1", moment=NOW, zone=AMSTERDAM)

    assert span is not None
    assert span.channel_id == ("C9" if "<#" in words else "C1")
    assert f"{span.oldest.astimezone(AMSTERDAM):%Y-%m-%d %H:%M}" == oldest
    assert (f"{span.latest.astimezone(AMSTERDAM):%Y-%m-%d %H:%M}" if span.latest else "") == latest
    assert left == rest


@pytest.mark.parametrize(
    "words", ["what did I miss?", "wat heb ik gemist", "Catch me up", "praat me bij", "ongelezen"]
)
def test_what_did_i_miss_is_understood(words: str) -> None:
    """Who was away asks what was missed, not a period."""
    span, rest = find_span(words, here="C1", moment=NOW, zone=AMSTERDAM)

    assert span is not None
    assert (span.since, rest) == ("missed", "")


@given(st.text(max_size=60))
def test_ordinary_words_mean_no_period(words: str) -> None:
    """Whatever people type, nothing breaks, and outside channels nothing is taken for a period."""
    span, rest = find_span(words.replace("<#", "<"), here="", moment=NOW, zone=AMSTERDAM)

    assert span is None
    assert rest == words.replace("<#", "<")


def _talk(world: World) -> None:
    """Write in the sales channel: one message long ago, a thread and two messages of today."""
    space, now = world.slack.workspace, datetime.now(UTC).timestamp()
    space.add_message(SALES, BEN, "Old news about lamps.", ts=f"{now - 20 * DAY_S:.6f}")
    root = f"{now - 600:.6f}"
    space.add_message(SALES, ANNA, "Can we deliver the chairs on Friday?", ts=root)
    space.add_message(SALES, BEN, "Yes, agreed: Friday.", ts=f"{now - 500:.6f}", thread_ts=root)
    space.add_message(SALES, CHEF, "The new price list is agreed too.", ts=f"{now - 400:.6f}")
    space.add_message(SALES, BEN, "I will call the carrier tomorrow.", ts=f"{now - 300:.6f}")


async def test_a_channel_is_summarised_since_a_moment(world: World) -> None:
    """`/summarize #sales last 2 hours` reads what was said since, threads too; sources link to each message."""
    _talk(world)
    await world.slack.command(ANNA, SALES, "/summarize", f"<#{SALES}|sales> last 2 hours")
    card = await world.card()
    asked = str(world.model.requests[0].body["messages"])

    assert "Rests on 4 messages" in str(card["blocks"])
    assert "Read: <#CSALES>" in str(card["blocks"])
    assert "Old news" not in asked
    assert re.search(r"\[2\] \[NAME2_\w\w\]: Yes, agreed", asked)
    assert "thread_ts=" in said(card)


async def test_a_day_within_a_note_is_part_of_the_note(world: World) -> None:
    """What was done "today" is what the note says: nobody's messages of today are read for it."""
    _talk(world)
    await world.slack.command(ANNA, SALES, "/draft", "crm-note Called the hotel today. Wants 12 chairs.")
    await world.card()
    asked = str(world.model.requests[0].body["messages"])

    assert "Called the hotel today. Wants 12 chairs." in asked
    assert "chairs on Friday" not in asked
    assert world.slack.count("conversations.history") == 0


async def test_a_day_alone_still_means_the_channel(world: World) -> None:
    """`/draft announcement today` holds no words of its own, so it is about what was said today."""
    _talk(world)
    await world.slack.command(ANNA, SALES, "/draft", "announcement today")
    await world.card()

    assert "chairs on Friday" in str(world.model.requests[0].body["messages"])


async def test_what_i_missed_begins_at_my_own_last_message(world: World) -> None:
    """Anna spoke ten minutes ago: what came since is told, and that this is how it was chosen."""
    _talk(world)
    bot = world.slack.workspace.bot_user_id
    await world.slack.say(ANNA, SALES, f"<@{bot}> what did I miss?")
    root = world.slack.workspace.top_level(SALES)[-1]["ts"]
    card = await world.card(SALES, thread_ts=root)

    assert "Rests on 3 messages" in str(card["blocks"])
    assert "since your own last message there" in str(card["blocks"])


async def test_nothing_missed_and_nothing_said_are_told(world: World) -> None:
    """An empty time and an up-to-date asker get one sentence, and no money is spent."""
    await world.slack.command(ANNA, SALES, "/summarize", "today")
    await world.shown("Nobody wrote anything there")
    world.slack.workspace.add_message(SALES, ANNA, "I was the last.")
    await world.slack.command(ANNA, SALES, "/draft", "summarise wat heb ik gemist")
    await world.shown("You missed nothing")

    assert world.model.requests == []


async def test_a_channel_is_read_only_for_those_who_may(world: World) -> None:
    """A guest and a stranger to a private channel get no part of it."""
    world.slack.workspace.add_message(SECRET_ROOM, CHEF, "We will fire Ben.")
    for user_id in (ANNA, GUEST):
        await world.slack.command(user_id, SALES, "/summarize", f"<#{SECRET_ROOM}|directie> today")
        await world.shown("may not read", world.slack.workspace.im_with(user_id).id)

    assert world.slack.count("conversations.history") == 0
    assert world.model.requests == []


async def test_action_items_and_open_questions_are_views_of_their_own(world: World) -> None:
    """The same thread gives a list of actions or of open questions, by name in either language."""
    root = await world.thread(*LINES)
    bot = world.slack.workspace.bot_user_id
    for words, task in (("action items", "actions"), ("open vragen", "questions")):
        await world.slack.say(ANNA, SALES, f"<@{bot}> {words}", thread_ts=root)
        rows = await world.rows(where=lambda row, task=task: row["task"] == task and row["finished_at"])  # type: ignore[misc]

        assert rows[0]["outcome"] == "drafted"


async def _context(slack: Slack, session: aiohttp.ClientSession) -> Context:
    space = slack.workspace
    wire_client = client(token=slack.token, base_url=f"{slack.url}/api/", session=session)
    identity = Identity("T1", space.url, space.bot_user_id, space.bot_id)
    return Context(wire_client, Wire(), identity, slow_page_s=0.5)


async def test_an_app_that_slack_shows_little_says_so() -> None:
    """15 messages a page and a minute between them: we say so rather than summarise 15 of 300."""
    async with make_slack() as slack, aiohttp.ClientSession() as session:
        slack.state.messages_a_page = 15
        root = slack.workspace.add_message(SALES, ANNA, "start")["ts"]
        for number in range(40):
            slack.workspace.add_message(SALES, ANNA, f"reply {number}", thread_ts=root)
        context = await _context(slack, session)
        whole = await context.thread(Place(SALES, root))
        refused = asyncio.create_task(context.thread(Place(SALES, root)))
        await slack.called("conversations.replies", after=3)
        slack.fail("conversations.replies", status=429, retry_after=1)
        with pytest.raises(UserError, match="slack-shows-few"):
            await refused

    assert len(whole) == 41
