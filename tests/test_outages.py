"""When Slack is away, closed or forgetful, every run still ends where its asker sees it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.model import Model
from bot.sandbox.slack import FILE_GIVEN
from bot.sandbox.watch import PATIENCE_S
from bot.tasks import Run
from bot.tasks.guideline import Rules
from tests.conftest import ANNA, BEN, CHEF, SALES, World, buttons, make_slack, running, said
from tests.test_run import LINES


async def _ask(world: World, user: str = ANNA) -> str:
    root = await world.thread(*LINES)
    await world.slack.command(user, SALES, "/summarize", world.link(root))
    return root


@pytest.mark.parametrize(
    "method", ["conversations.members", "conversations.replies", "users.info", "conversations.open"]
)
@pytest.mark.parametrize("fault", [{"status": 500}, {"error": "internal_error"}, {"drop": True}])
async def test_reading_is_tried_again(world: World, method: str, fault: dict[str, Any]) -> None:
    """Slack stumbles while the thread is read: the draft comes all the same."""
    world.slack.fail(method, times=2, **fault)
    await _ask(world)

    assert await world.card()


async def test_a_stumble_is_not_remembered_about_a_person(world: World) -> None:
    """Slack does not tell who somebody is at this moment: an admin stays one, and gets a name next time."""
    root = await world.thread((CHEF, "Ship it."))
    world.slack.fail("users.info", error="internal_error")
    await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
    await world.card()
    known = await world.bot.records.people.get(world.slack.workspace.team_id, {CHEF})

    assert not known


@pytest.mark.parametrize("answer", [{}, {"channel": None}, {"channel": {}}])
async def test_an_answer_that_says_too_little_is_a_no(world: World, answer: dict[str, Any]) -> None:
    """Slack does not say what kind of conversation it is: then nobody reads it who is no member."""
    world.slack.workspace.channels[SALES].members.remove(ANNA)
    world.slack.fail("conversations.info", answer=answer)
    await _ask(world)

    assert await world.shown("You may not read that")


async def test_a_direct_conversation_of_others_cannot_be_read(world: World) -> None:
    """Nobody can invite a bot to a direct conversation, so it does not ask to be."""
    await world.slack.command(ANNA, SALES, "/summarize", world.link("1700000000.000100", "DOTHERS"))

    assert "/invite" not in str(await world.shown("direct conversation"))


async def test_a_placeholder_is_found_behind_many_messages(tmp_path: Path) -> None:
    """The answer to the post was lost and 300 messages followed: still one message, with the draft in it."""
    async with make_slack() as slack, Model() as model:
        async with running(tmp_path, slack=slack, model=model) as world:
            root = await world.thread(*LINES)
            run = Run("T1:x", "T1", SALES, ANNA, "summarise", "command", "en")
            await world.bot.records.drafts.claim_post(
                f"{run.run_id}/place", team_id="T1", run_id="T1:x", channel_id=world.im
            )
            metadata = {"event_type": "tijdwinst_post", "event_payload": {"post_id": "T1:x/place"}}
            space = slack.workspace
            space.add_message(
                world.im, space.bot_user_id, "Working", metadata=metadata, bot_id=space.bot_id, blocks=[]
            )
            for number in range(300):
                space.add_message(world.im, ANNA, f"note {number}")
            await world.bot.records.requests.add(
                Run(**{**vars(run), "source_channel_id": SALES, "source_ts": root})
            )
        async with running(tmp_path, slack=slack, model=model) as world:
            await world.card()
            ours = [one for one in slack.messages(world.im) if one.get("bot_id")]

            assert len(ours) == 1


async def test_a_deleted_placeholder_is_posted_anew(world: World) -> None:
    """Somebody deletes the placeholder: the draft still comes."""
    world.model.latency_s = 0.3
    await _ask(world)
    placeholder = await world.slack.called("chat.postMessage")
    ts = world.slack.messages(world.im)[-1]["ts"]
    world.slack.workspace.delete_message(world.im, ts)

    assert placeholder.arguments["channel"] == world.im
    assert await world.card()


async def test_who_has_no_messages_tab_is_told_where_they_are(world: World) -> None:
    """Slack opens no conversation with the asker: they are told where they asked, and the ledger closes."""
    world.slack.fail("conversations.open", error="cannot_dm_bot", times=99)
    await _ask(world)
    told = await world.slack.called("chat.postEphemeral")
    (row,) = await world.rows()

    assert told.arguments["channel"] == SALES
    assert row["outcome"] == "failed"


async def test_a_thread_that_was_closed_meanwhile_is_answered_in_the_messages_tab(world: World) -> None:
    """The channel is archived while the draft is written: the asker is told in their messages tab."""
    root = await world.thread(*LINES)
    world.slack.fail("chat.update", error="is_archived", times=99)
    await world.slack.say(ANNA, SALES, f"<@{world.slack.workspace.bot_user_id}> summarise", thread_ts=root)
    await world.shown("Something broke")
    (row,) = await world.rows()

    assert row["outcome"] == "failed"


async def test_sharing_that_fails_is_told_and_not_counted(world: World) -> None:
    """The bot was thrown out of the channel: nothing is shared, the person reads so, and may press again."""
    await _ask(world)
    card = await world.card(having="share")
    members = world.slack.workspace.channels[SALES].members
    members.remove(world.slack.workspace.bot_user_id)
    await world.slack.click(ANNA, world.im, card["ts"], "share")
    told = await world.shown("I could not share it")
    offered = buttons(told)
    (row,) = await world.rows()
    members.append(world.slack.workspace.bot_user_id)
    await world.slack.click(ANNA, world.im, told["ts"], "share")
    await world.shown("Approved and shared")

    assert (row["review"], row["minutes_saved"]) == ("open", None)
    assert "share" in offered


@pytest.mark.parametrize(
    ("closed", "told"), [(False, "I could not share it"), (True, "Not shared: our rules say")]
)
async def test_why_nothing_was_shared_is_told_though_slack_hiccups(
    world: World, closed: bool, told: str
) -> None:
    """Sharing is refused, and Slack is away just when the card would say so: it says so once Slack is back."""
    await _ask(world)
    card = await world.card(having="share")
    world.slack.workspace.channels[SALES].members.remove(world.slack.workspace.bot_user_id)
    if closed:
        rules = Rules(among="except", channels=(SALES,))
        await world.bot.records.guidelines.publish("T1", "Be kind.", rules, user_id=CHEF, over=0)
        await world.bot.records.guidelines.accept("T1", ANNA, 1)
    world.slack.fail("chat.update", status=503, times=2)
    await world.slack.click(ANNA, world.im, card["ts"], "share")
    back = await world.shown(told)
    (row,) = await world.rows()

    assert row["review"] == "open"
    assert "share" in buttons(back)


async def test_a_redo_after_a_failed_redo_is_written(world: World) -> None:
    """The model declines the first redo and writes the second: the person gets it."""
    await _ask(world)
    card = await world.card()
    for words in ("no", "Second version."):
        if words == "no":
            world.model.fail("refusal")
        else:
            world.model.answers = [words]
        await world.slack.click(ANNA, world.im, card["ts"], "redo")
        await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
        await world.slack.submit(ANNA, {"instruction": "Shorter."})
        card = await world.shown("declined to write" if words == "no" else words)

    assert said(card) == "Second version."


async def test_a_question_at_top_level_is_answered_from_its_words(world: World) -> None:
    """A mention that starts a thread has no thread to read: its words are enough."""
    bot = f"<@{world.slack.workspace.bot_user_id}>"
    await world.slack.say(ANNA, SALES, f"{bot} reply: the customer wants her bike back")
    card = await world.card()
    root = await world.slack.say(BEN, SALES, f"{bot} summarise")
    messages = await world.slack.wait_for(
        lambda: [one for one in world.slack.messages(SALES, root) if "nothing in that thread" in one["text"]]
    )

    assert said(card)
    assert len(messages) == 1


@pytest.mark.sqlite("a file is full at a page that is told to it; test_failover.py has a server that is away")
async def test_an_answer_that_cannot_be_booked_is_not_paid_again(world: World) -> None:
    """The disk is full when the answer comes: it is booked when there is room, and asked for once."""
    store = world.bot.records.store

    async def write(_: dict[str, Any]) -> str:
        await store.write(lambda db: db.execute("pragma max_page_count = 1"))
        return "Long. " * 10_000

    world.model.answers = [write]
    await _ask(world)
    await world.slack.called("conversations.replies", after=1)
    await store.write(lambda db: db.execute("pragma max_page_count = 1073741823"))
    await world.card()
    (row,) = await world.rows()

    assert len(world.model.requests) == 1
    assert row["calls"] == 1


async def test_a_link_to_nowhere_names_both_reasons(world: World) -> None:
    """A channel that Slack does not know may be private or somebody else's: the asker reads both."""
    await world.slack.command(
        ANNA, SALES, "/summarize", "https://other.slack.com/archives/CX/p1700000000000100"
    )
    told = str(await world.shown("another workspace"))

    assert "/invite" in told


async def test_a_model_that_was_retired_is_told_to_the_admins(tmp_path: Path) -> None:
    """The server no longer knows the model: the asker reads why, and the admins what to change, once."""
    async with running(tmp_path, model_smart="claude-gone") as world:
        for _ in range(2):
            await _ask(world)
        rows = await world.rows(2)
        told = world.slack.messages(world.slack.workspace.im_with(CHEF).id)

    assert {row["reason"] for row in rows} == {"error.model"}
    assert ["MODEL_SMART" in one["text"] for one in told] == [True]


@pytest.mark.parametrize("fault", [{"status": 429, "retry_after": 1}, {"status": 503}, {"drop": True}])
async def test_a_file_that_slack_holds_back_is_fetched_again(world: World, fault: dict[str, Any]) -> None:
    """Slack limits or loses the download of what was attached: the draft still knows what stands in it."""
    world.slack.fail(FILE_GIVEN, times=2, **fault)
    await world.slack.say(
        ANNA, world.im, "summarise this", files=[("notes.txt", b"The fair moves to Utrecht in October.")]
    )
    await world.card()

    assert "Utrecht" in str(world.model.requests[-1])
    assert len(await world.rows(1, where=lambda row: row["outcome"] == "drafted")) == 1


async def test_a_slow_slack_gets_its_ack_at_once_and_one_draft(world: World) -> None:
    """Each call of Slack takes half a second: Slack itself waits for none of them, and nothing comes twice."""
    root = await world.thread(*LINES)
    world.slack.latency_s = 0.5
    before = len(world.slack.calls)
    delivery = await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
    called_before_the_ack = len(world.slack.calls) - before
    await world.card()

    assert (delivery.status, delivery.retries, called_before_the_ack) == (200, 0, 0)
    assert world.slack.count("chat.postMessage") == 1


async def test_five_hundred_events_at_once_are_all_answered(world: World) -> None:
    """A whole channel wakes up: every event is acked the first time, and each asker gets exactly one answer."""
    space = world.slack.workspace
    world.slack.deliveries.ack_within_s = PATIENCE_S
    events: list[dict[str, Any]] = []
    for number in range(100):
        channel = space.add_channel(space.new_id("C"), f"c{number}", "public", [ANNA, space.bot_user_id])
        root = space.add_message(channel.id, ANNA, "We agreed on Friday.")["ts"]
        words = f"<@{space.bot_user_id}> summarise"
        asked = space.add_message(channel.id, ANNA, words, thread_ts=root)
        # Slack sends what it thinks was lost again: five deliveries of each.
        events += [{**asked, "type": "app_mention", "channel": channel.id}] * 5
    told = await asyncio.gather(*(world.slack.push_event(event) for event in events))
    rows = await world.rows(100, where=lambda row: row["outcome"] == "drafted")

    assert {(one.status, one.retries) for one in told} == {(200, 0)}
    assert len(rows) == len(world.model.requests) == world.slack.count("chat.postMessage") == 100
