"""Saying "shorter" is enough: the draft that is open becomes a new version, once."""

from __future__ import annotations

import pytest

from bot.tasks import asks_again
from tests.conftest import ANNA, BEN, SALES, World, said
from tests.test_run import LINES


async def _card(world: World, wanted: str) -> None:
    await world.slack.wait_for(lambda: wanted in str(world.slack.messages(world.im)))


@pytest.mark.parametrize(
    "words",
    [
        "korter",
        "in English please",
        "nog een keer maar formeler",
        "kan het iets korter?",
        "make it a bit shorter and friendlier",
        "again",
        "maak de mail korter",
    ],
)
def test_a_wish_for_another_version_is_understood(words: str) -> None:
    """A few words on how it should be are a follow-up."""
    assert asks_again(words)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "bedankt",
        "is dit formeel genoeg voor de gemeente?",
        "who speaks German here?",
        "maak een mail",
        "nog een keer",
    ],
)
def test_other_words_are_no_follow_up(words: str) -> None:
    """A question or wish of its own never changes the draft that happens to be open."""
    assert not asks_again(words)


async def test_shorter_in_the_messages_tab_writes_the_draft_anew(world: World) -> None:
    """In the messages tab "korter" makes a new version of the last draft, in its place, and says so."""
    world.model.answers = ["A long draft about chairs.", "Short: chairs."]
    root = await world.thread(*LINES)
    await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
    first = await world.card()
    await world.slack.say(ANNA, world.im, "korter")
    await _card(world, "Short: chairs.")
    await world.slack.called("chat.postEphemeral", where=lambda told: "anew" in told["text"])
    second = await world.card()
    (row,) = await world.rows(where=lambda row: row["review"] == "redone")
    asked = world.model.requests[1].body["messages"][0]["content"]

    assert (second["ts"], said(second)) == (first["ts"], "Short: chairs.")
    assert "A long draft about chairs." in asked
    assert "korter" in asked
    assert row["task"] == "summarise"


async def test_a_follow_up_by_mention_changes_the_draft_of_that_thread(world: World) -> None:
    """In a thread the mention "in English please" is about the draft of that thread, and of nobody else."""
    world.model.answers = ["Een concept.", "A draft.", "Nothing to change."]
    bot = f"<@{world.slack.workspace.bot_user_id}>"
    root = await world.thread(*LINES)
    await world.slack.say(ANNA, SALES, f"{bot} vat dit samen", thread_ts=root)
    await world.card(SALES, thread_ts=root)
    await world.slack.say(ANNA, SALES, f"{bot} in English please", thread_ts=root)
    await world.slack.wait_for(lambda: "A draft." in str(world.slack.messages(SALES, root)))
    await world.slack.say(BEN, SALES, f"{bot} in English please", thread_ts=root)
    rows = await world.rows(2)

    assert {(row["user_id"], row["task"]) for row in rows} == {(ANNA, "summarise"), (BEN, "answer")}


async def test_the_same_message_twice_is_one_new_version(world: World) -> None:
    """Slack may deliver a message again when the new version stands already; it does not write a third."""
    world.model.answers = ["One.", "Two.", "Three."]
    root = await world.thread(*LINES)
    await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
    await world.card()
    message = world.slack.workspace.add_message(world.im, ANNA, "shorter")
    event = {"type": "message", "channel_type": "im", "channel": world.im, "user": ANNA, **message}
    await world.slack.push_event(event)
    await _card(world, "Two.")
    await world.slack.push_event(event)
    await world.slack.say(ANNA, world.im, "Which carrier did Ben call about the chairs?")
    await _card(world, "Three.")

    assert len(world.model.requests) == 3
    assert "<previous-draft" not in world.model.requests[2].body["messages"][0]["content"]


async def test_without_an_open_draft_it_is_a_plain_request(world: World) -> None:
    """Once a draft is approved, "shorter" does not touch it."""
    root = await world.thread(*LINES)
    await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
    card = await world.card()
    await world.slack.click(ANNA, world.im, card["ts"], "approve")
    await world.shown("Approved by")
    await world.slack.say(ANNA, world.im, "a bit shorter please")
    rows = await world.rows(2)

    assert {row["task"]: row["review"] for row in rows} == {"summarise": "approved", "answer": "open"}
