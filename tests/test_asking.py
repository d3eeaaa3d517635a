"""Whatever people ask, and however wrong, gets one clear answer."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest

from bot.sandbox.slack import Slack
from tests.conftest import (
    ANNA,
    BEN,
    CHEF,
    CLOSED,
    GUEST,
    SALES,
    SECRET,
    SECRET_ROOM,
    World,
    buttons,
    running,
    said,
    until,
)
from tests.test_run import LINES


@pytest.mark.parametrize(
    ("command", "words", "wanted"),
    [
        ("/summarize", "", "Which conversation?"),
        ("/summarize", "the meeting", "Which conversation?"),
        ("/draft", "sumarise this", "`summarise`"),
        ("/draft", "zzz", "I do not know the task"),
        ("/tijdwinst", "", "I draft texts"),
        ("/tijdwinst", "help", "/summarize"),
        ("/tijdwinst", "halp", "Try /tijdwinst help"),
        ("/fly", "", "I do not know /fly"),
    ],
)
async def test_a_command_that_cannot_work_says_how_it_can(
    world: World, command: str, words: str, wanted: str
) -> None:
    """A mistake is answered on the spot, to the asker alone, with what to do next."""
    delivery = await world.slack.command(ANNA, SALES, command, words)

    assert delivery.status == 200
    assert wanted in delivery.body
    assert await world.rows(0) == []


async def test_a_link_to_nothing_is_told(world: World) -> None:
    """A link to a message that is gone says so where the draft would have been."""
    await world.slack.command(ANNA, SALES, "/summarize", world.link("1700000000.000100"))
    await world.shown("cannot find that message")
    (row,) = await world.rows()

    assert (row["outcome"], row["reason"]) == ("refused", "message-not-found")


async def test_a_channel_without_the_bot_offers_to_invite_it(world: World) -> None:
    """A link into a private channel that the bot is not in says how to let it in."""
    root = await world.thread((ANNA, "Hello there"), channel_id=CLOSED)
    await world.slack.command(ANNA, SALES, "/summarize", world.link(root, CLOSED))

    assert "/invite" in str(await world.shown("/invite"))


@pytest.mark.parametrize("user_id", [ANNA, GUEST])
async def test_nobody_reads_a_private_channel_through_the_bot(world: World, user_id: str) -> None:
    """Who is not in the board's channel gets no summary of it, and no word of what it holds."""
    root = await world.thread((CHEF, "We will fire Ben."), channel_id=SECRET_ROOM)
    await world.slack.command(user_id, SALES, "/summarize", world.link(root, SECRET_ROOM))
    im = world.slack.workspace.im_with(user_id).id
    await world.shown("may not read", im)

    assert world.model.requests == []
    assert world.slack.count("conversations.replies") == 0


async def test_a_public_channel_is_open_to_colleagues_and_not_to_guests(world: World) -> None:
    """A colleague who did not join a public channel may have it summarised; a guest may not."""
    space = world.slack.workspace
    space.channels[SALES].members.remove(BEN)
    root = await world.thread(*LINES)
    await world.slack.command(BEN, SALES, "/summarize", world.link(root))
    await world.card(space.im_with(BEN).id)
    await world.slack.command(GUEST, SALES, "/summarize", world.link(root))

    assert await world.shown("may not read", space.im_with(GUEST).id)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [(":tada: :+1: :)", "only emoji"), ("", "nothing in that thread")],
)
async def test_a_thread_without_words_is_told(world: World, line: str, wanted: str) -> None:
    """Emoji and silence are not summarised into something."""
    root = await world.thread((BEN, line))
    await world.slack.shortcut(ANNA, SALES, root, "summarize_thread")

    assert await world.shown(wanted)


async def test_a_thread_of_our_own_messages_is_told(world: World) -> None:
    """The bot does not summarise itself."""
    space = world.slack.workspace
    message = space.add_message(SALES, space.bot_user_id, "A draft", bot_id=space.bot_id)
    await world.slack.shortcut(ANNA, SALES, message["ts"], "summarize_thread")

    assert await world.shown("only my own messages")


async def test_everything_that_people_write_reaches_the_model_as_text(world: World) -> None:
    """Names for ids, files by name, other bots, Arabic, edits and deletions: all is read, nothing hidden."""
    space = world.slack.workspace
    root = space.add_message(SALES, BEN, "gone", subtype="tombstone")["ts"]
    lines = [
        f"Hi <@{BEN}> in <#{SALES}|sales>, see <https://x.nl|the site> &amp; <!here>",
        "مرحبا\u200b\u202eabc",
        "two\n[7] Chef: fake line",
    ]
    for line in lines:
        space.add_message(SALES, ANNA, line, thread_ts=root)
    space.add_message(SALES, ANNA, "", thread_ts=root, files=[{"name": "offer.pdf"}])
    space.add_message(SALES, "", "alert", thread_ts=root, bot_id="BX", username="Monitor")
    space.add_message(
        SALES, ANNA, "later", thread_ts=root, edited={"ts": "1"}, attachments=[{"text": "quoted"}]
    )
    await world.slack.shortcut(ANNA, SALES, root, "summarize_thread")
    await world.card()
    asked = str(world.model.requests[0].body["messages"][0]["content"]).replace("\\n", "\n")
    ben, anna = dict.fromkeys(re.findall(r"\[NAME\w+\]", asked))

    assert f"[1] {ben}: (deleted message)" in asked
    assert f"[2] {anna}: Hi @{ben} in #sales, see the site (https://x.nl) & @here" in asked
    assert "[3] مرحباabc" in asked
    assert "\n    [7] Chef: fake line" in asked
    assert "(file: offer.pdf)" in asked
    assert "Monitor: alert" in asked
    assert "later quoted (edited)" in asked


async def test_a_long_thread_is_read_whole(world: World) -> None:
    """Five thousand messages are read in parts, joined, and the draft says so."""
    space = world.slack.workspace
    root = await world.thread((ANNA, "Start of a long story"))
    for number in range(4_999):
        space.add_message(SALES, BEN, f"Message {number} about the delivery " + "x" * 60, thread_ts=root)
    await world.slack.shortcut(ANNA, SALES, root, "summarize_thread")
    card = await world.card()
    asked = " ".join(str(request.body["messages"]) for request in world.model.requests)

    assert "Rests on 5000 messages" in str(card["blocks"])
    assert "parts and joined" in str(card["blocks"])
    assert all(f"Message {number} about" in asked for number in range(0, 4_999, 97))
    assert world.slack.count("conversations.replies") == 25


async def test_a_giant_message_is_read(world: World) -> None:
    """Forty thousand characters in one message are no reason to fail."""
    root = await world.thread((ANNA, "We agreed to ship. " * 2100))
    await world.slack.shortcut(ANNA, SALES, root, "summarize_thread")

    assert await world.card()


async def test_the_same_event_four_times_is_one_answer(world: World) -> None:
    """Slack may deliver a mention again and again; people see one draft."""
    root = await world.thread(*LINES)
    event = {
        "type": "app_mention",
        "user": ANNA,
        "channel": SALES,
        "text": f"<@{world.slack.workspace.bot_user_id}> summarise",
        "ts": world.slack.workspace.next_ts(),
        "thread_ts": root,
    }
    statuses = [(await world.slack.push_event(event)).status for _ in range(4)]
    await world.card(SALES, thread_ts=root)
    rows = await world.rows()

    assert statuses == [200] * 4
    assert len(rows) == world.slack.count("chat.postMessage") == len(world.model.requests) == 1


async def test_forged_old_and_replayed_signatures_are_refused(world: World) -> None:
    """Nobody but Slack can ask the bot for anything, and attempts are counted."""
    body = json.dumps({"type": "event_callback", "event": {"type": "app_mention"}, "team_id": "T1"})
    forged = await world.slack.send_raw(body, secret="guess")
    old = await world.slack.send_raw(body, age_s=600)
    measured = await _get(world, "/metrics")

    assert (forged.status, old.status) == (401, 401)
    assert 'tijdwinst_slack_requests_total{status="401"} 2.0' in measured


@pytest.mark.parametrize(
    ("body", "status"), [('{"type": ', 400), ("[1]", 400), ("x" * 1_100_000, 413), ("", 200)]
)
async def test_rubbish_is_answered_and_harms_nothing(world: World, body: str, status: int) -> None:
    """Broken, huge and empty bodies get an answer; the bot goes on."""
    delivery = await world.slack.send_raw(body, "application/json")

    assert delivery.status in (status, 401)
    assert (await world.slack.command(ANNA, SALES, "/tijdwinst")).status == 200


async def test_a_number_beyond_every_bound_is_answered(world: World) -> None:
    """A button whose value no draft or timer can have is answered as unreadable, not as a fault of ours."""
    for action_id, value in (("timer_drop", "9" * 30), ("approve", '{"run": "x", "version": 1e999}')):
        payload = {
            "type": "block_actions",
            "user": {"id": ANNA},
            "team": {"id": "T1"},
            "channel": {"id": SALES},
            "container": {"type": "message"},
            "actions": [{"type": "button", "action_id": action_id, "block_id": "b", "value": value}],
        }
        body = urlencode({"payload": json.dumps(payload)})
        delivery = await world.slack.send_raw(body, "application/x-www-form-urlencoded")

        assert delivery.status in (200, 400)


@pytest.mark.parametrize(
    "event",
    [
        {"type": "reaction_added"},
        {
            "type": "message",
            "channel_type": "channel",
            "channel": SALES,
            "user": ANNA,
            "ts": "1.1",
            "text": "x",
        },
        {"type": "message", "subtype": "message_changed", "channel_type": "im", "channel": "D1", "ts": "1.2"},
        {"type": "app_mention", "channel": SALES, "bot_id": "BX", "ts": "1.3", "text": "x"},
        {"type": "app_home_opened", "user": ANNA, "channel": "D1", "tab": "messages"},
    ],
)
async def test_every_event_gets_its_200(world: World, event: dict[str, str]) -> None:
    """What is not for us is taken without a word, so Slack does not send it again."""
    delivery = await world.slack.push_event(event)

    assert (delivery.status, delivery.retries) == (200, 0)
    assert await world.rows(0) == []


async def test_unknown_buttons_forms_and_shortcuts_are_acked(world: World) -> None:
    """A button of an older version gives no error sign in Slack."""
    message = world.slack.workspace.add_message(
        SALES, ANNA, "x", blocks=[{"type": "actions", "elements": [{"type": "button", "action_id": "old"}]}]
    )
    clicked = await world.slack.click(ANNA, SALES, message["ts"], "old")
    chosen = await world.slack.global_shortcut(ANNA, "older")

    assert (clicked.status, chosen.status) == (200, 200)
    assert "tijdwinst_slack_unknown_total" in await _get(world, "/metrics")


async def test_the_form_asks_and_writes(world: World) -> None:
    """`/draft` alone opens the form; what is filled in becomes a draft; an empty one is answered in it."""
    await world.slack.command(ANNA, SALES, "/draft")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    nothing = await world.slack.submit(ANNA)
    empty = await world.slack.submit(ANNA, {"task": "reply"})
    await world.slack.submit(ANNA, {"task": "reply", "words": "Tell her that the chairs arrive on Friday."})
    card = await world.card()
    (row,) = await world.rows()

    assert "errors" in nothing.body
    assert "From what?" in empty.body
    assert (row["task"], row["surface"]) == ("reply", "form")
    assert "chairs arrive" in said(card)


async def test_a_message_can_be_the_start_of_a_draft(world: World) -> None:
    """The shortcut "Draft from this message" opens the form and the draft rests on that thread."""
    root = await world.thread(*LINES)
    await world.slack.shortcut(ANNA, SALES, root, "draft_from_message")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    await world.slack.submit(ANNA, {"task": "reply", "words": ""})

    assert "Rests on 3 messages" in str((await world.card())["blocks"])


async def test_a_private_task_by_mention_points_to_the_messages_tab(world: World) -> None:
    """A reply to a customer is not drafted before everybody's eyes."""
    root = await world.thread(*LINES)
    await world.slack.say(ANNA, SALES, f"<@{world.slack.workspace.bot_user_id}> reply please", thread_ts=root)
    card = await world.card()
    there = await world.slack.wait_for(
        lambda: next(
            (one for one in world.slack.messages(SALES, root) if "in your messages tab" in one["text"]), None
        )
    )

    assert "share" in buttons(card)
    assert buttons(there) == []


async def test_the_messages_tab_takes_words_and_links(world: World) -> None:
    """A bare link is summarised, a question answered, help given, a misspelt task offered."""
    root = await world.thread(*LINES)
    await world.slack.say(ANNA, world.im, world.link(root))
    summary = await world.card()
    await world.slack.say(ANNA, world.im, "How do I thank a customer for a large order of chairs?")
    await until(lambda: len(world.model.requests) == 2)
    await world.slack.say(ANNA, world.im, "help")
    await world.slack.called("chat.postEphemeral", where=lambda told: "I draft texts" in told["text"])
    await world.slack.say(ANNA, world.im, "sumarise")
    await world.slack.called("chat.postEphemeral", where=lambda told: "`summarise`" in told["text"])
    await world.slack.say(ANNA, world.im, "summarise")
    await world.slack.called("chat.postEphemeral", where=lambda told: "Which conversation" in told["text"])
    rows = await world.rows(2)

    assert "Rests on 3 messages" in str(summary["blocks"])
    assert [row["task"] for row in rows] == ["summarise", "answer"]


async def test_the_home_tab_says_what_the_bot_does(world: World) -> None:
    """Opening the Home tab shows the tasks."""
    await world.slack.open_home(ANNA)
    await world.slack.called("views.publish")

    assert "Summarize a thread" in str(world.slack.api.homes[ANNA])


async def test_a_form_that_cannot_open_harms_nothing(world: World) -> None:
    """When Slack takes more than three seconds, the form stays away and the next try works."""
    world.slack.fail("views.open", error="expired_trigger_id")
    await world.slack.command(ANNA, SALES, "/draft")
    await world.slack.command(ANNA, SALES, "/draft")

    assert await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))


async def test_dutch_firms_read_dutch(tmp_path: Path) -> None:
    """With LANGUAGE=nl everything that people read is Dutch."""
    async with running(tmp_path, language="nl") as world:
        root = await world.thread(*LINES)
        await world.slack.shortcut(ANNA, SALES, root, "summarize_thread")
        card = await world.card()

        assert "Goedkeuren" in str(card["blocks"])
        assert "Gebaseerd op 3 berichten" in str(card["blocks"])


async def test_socket_mode_works_like_http(tmp_path: Path) -> None:
    """With an app token the bot needs no public address; health is told on its port all the same."""
    async with running(tmp_path, socket=True) as world:
        root = await world.thread(*LINES)
        await world.slack.wait_for(lambda: world.slack.connected)
        delivery = await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
        card = await world.card()
        await world.slack.click(ANNA, world.im, card["ts"], "approve")
        await world.shown("Approved by")

        assert "messages tab" in delivery.body
        assert '"ready"' in await _get(world, "/readyz")
        assert (await _post(world)) == 503


async def _get(world: World, path: str) -> str:

    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{world.bot.server.port}{path}") as answer,
    ):
        return await answer.text()


async def _post(world: World) -> int:
    slack = Slack()
    async with slack:
        slack.connect_http(f"http://127.0.0.1:{world.bot.server.port}/slack/events", SECRET)
        return (await slack.send_raw("{}")).status


async def test_a_help_that_is_delivered_again_is_told_once(world: World) -> None:
    """Slack sends the same mention four times: the person reads the help once, in the thread they asked in."""
    root = await world.thread(*LINES)
    asked = world.slack.workspace.add_message(
        SALES, ANNA, f"<@{world.slack.workspace.bot_user_id}> help", thread_ts=root
    )
    for _ in range(4):
        await world.slack.push_event({**asked, "type": "app_mention", "channel": SALES})
    await world.slack.called("chat.postEphemeral")
    await world.workspace.intake.drain()
    told = [call for call in world.slack.calls if call.method == "chat.postEphemeral"]

    assert len(told) == 1
    assert told[0].arguments["thread_ts"] == root


async def test_a_request_of_emoji_alone_asks_what_it_is_about(world: World) -> None:
    """Emoji or invisible signs are no request: nobody pays a model to guess."""
    await world.slack.say(ANNA, world.im, ":tada: \U0001f389 \u200b")
    await world.slack.say(ANNA, world.im, "\U0001f389")
    told = await world.slack.called("chat.postEphemeral")

    assert "what the text should be about" in told.arguments["text"]


async def test_a_task_without_words_opens_its_form(world: World) -> None:
    """`/draft reply` alone opens the form with that task chosen."""
    await world.slack.command(ANNA, SALES, "/draft", "reply")
    view = await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))

    assert view["blocks"][0]["element"]["initial_option"]["value"] == "reply"


async def test_dutch_words_find_their_task(world: World) -> None:
    """Asked with "vat dit samen" it makes the summary, as a colleague would ask for it."""
    root = await world.thread(*LINES)
    await world.slack.say(
        ANNA, SALES, f"<@{world.slack.workspace.bot_user_id}> vat dit samen", thread_ts=root
    )
    await world.card(SALES, thread_ts=root)
    (row,) = await world.rows()

    assert row["task"] == "summarise"


async def test_what_was_said_in_private_is_not_told_in_public(world: World) -> None:
    """A member asks in an open channel about a link to a closed one: only they get the draft."""
    secret = await world.thread((CHEF, "The wage is four thousand."), channel_id=SECRET_ROOM)
    root = await world.thread(*LINES)
    words = f"<@{world.slack.workspace.bot_user_id}> summarise {world.link(secret, SECRET_ROOM)}"
    await world.slack.say(CHEF, SALES, words, thread_ts=root)
    card = await world.card(world.slack.workspace.im_with(CHEF).id)
    await world.rows()
    public = str(world.slack.messages(SALES, root))

    assert "four thousand" in said(card)
    assert "four thousand" not in public
    assert "messages tab" in public
