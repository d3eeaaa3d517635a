"""The messages tab as a conversation: a draft can be read along, stopped, rated and asked about."""

from __future__ import annotations

import asyncio
import copy
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.handlers.earlier import keep_newest
from bot.jobs.previews import visible
from bot.records.conversations import Turn
from bot.sandbox.model import Model, Reply
from bot.sandbox.slack import Slack
from bot.streaming import Tier
from bot.views import neutralise
from tests.conftest import ANNA, BEN, CHEF, LIMITS, SALES, World, buttons, make_slack, running, said
from tests.process import BotProcess
from tests.stored import looked_up
from tests.test_choosing import SURE, UNSURE, WISH

TEXT = "\n".join(f"Line {number}: a chair costs {number} euros more than a stool." for number in range(40))
QUESTION = "How do I tell a customer that chairs cost more now?"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A bot that says of no model that it is slow, not even on a busy machine: no stream follows upon that."""
    async with running(tmp_path, limits=replace(LIMITS, told_after_s=60.0)) as started:
        yield started


@pytest.fixture
async def hasty(tmp_path: Path) -> AsyncIterator[World]:
    """A bot that soon says that the model is slow, or away."""
    async with running(tmp_path) as started:
        yield started


def ours(slack: Slack, channel_id: str) -> list[dict[str, Any]]:
    """Return what the bot posted in a conversation."""
    return [one for one in slack.messages(channel_id) if one.get("bot_id")]


async def begun(world: World) -> dict[str, Any]:
    """Return the message that a draft is being streamed into, once some of it can be read."""

    def look() -> dict[str, Any] | None:
        return next((one for one in ours(world.slack, world.im) if one.get("streaming_state")), None)

    return await world.slack.wait_for(look)


async def grown(world: World, asked: str) -> dict[str, Any]:
    """Return the message under a question in which a part of the text can be read, in whatever way it got there."""
    return await world.slack.wait_for(
        lambda: next(
            (
                one
                for one in ours(world.slack, world.im)
                if one["thread_ts"] == asked and "Line 0" in str(one)
            ),
            None,
        )
    )


async def redo(world: World, card: dict[str, Any]) -> None:
    """Press Redo and send the form as it is."""
    await world.slack.click(ANNA, world.im, card["ts"], "redo")
    await world.slack.called("views.open")
    await world.slack.submit(ANNA)


async def test_a_draft_can_be_read_along_and_becomes_the_card(world: World) -> None:
    """Words appear under the question while the model writes; the same message gets the buttons, and only that."""
    world.model.answers = [TEXT]
    world.model.write_up_to(0.5)
    asked = await world.slack.say(ANNA, world.im, QUESTION)
    stream = await begun(world)
    status = [call.arguments for call in world.slack.calls if call.method.endswith("setStatus")]
    seen = str(stream["text"])
    world.model.write_up_to(1)
    card = await world.card()
    await world.rows()
    await world.slack.called("agents.sessions.setStatus", where=lambda told: told["status"] == "active")

    assert stream["thread_ts"] == card["thread_ts"] == asked
    assert (card["ts"], said(card)) == (stream["ts"], TEXT)
    assert seen
    assert TEXT.startswith(seen)
    assert [one["ts"] for one in ours(world.slack, world.im)] == [card["ts"]]
    assert any("writing" in str(one.get("status")) for one in status)
    assert world.slack.status(world.im, asked) == ""
    assert world.slack.state.sessions[world.im, asked] == {"title": QUESTION, "status": "active"}
    assert not world.slack.state.streams


async def test_a_model_that_pauses_shows_all_that_it_wrote(world: World) -> None:
    """The model falls silent in the middle of a text: whatever it wrote before can be read meanwhile."""
    world.model.answers = [TEXT]
    world.model.write_up_to(0.5)
    await world.slack.say(ANNA, world.im, QUESTION)
    await world.slack.wait_for(lambda: "Line 15" in str(ours(world.slack, world.im)) or None)
    world.model.write_up_to(1)

    assert said(await world.card()) == TEXT


async def test_a_mention_is_not_streamed(world: World) -> None:
    """In a channel nobody watches a text grow: a placeholder, and then the draft."""
    root = await world.thread((BEN, "We ship on Friday."))
    await world.slack.say(ANNA, SALES, f"<@{world.slack.workspace.bot_user_id}> summarise", thread_ts=root)
    await world.card(SALES)

    assert not [call for call in world.slack.calls if "Stream" in call.method or "setStatus" in call.method]


@pytest.mark.parametrize(
    ("fault", "streams"),
    [
        ({"error": "unknown_method"}, 1),
        ({"error": "missing_scope"}, 1),
        ({"error": "ratelimited"}, 2),
        ({"status": 500, "after": True}, 2),
        ({"drop": True, "after": True}, 2),
        ({"drop": True}, 2),
    ],
)
async def test_where_streams_cannot_be_the_text_grows_by_updates(
    world: World, fault: dict[str, Any], streams: int
) -> None:
    """An older workspace, or a lost answer: the text is read along all the same, in one message."""
    world.model.answers = [TEXT, TEXT]
    world.slack.fail("chat.startStream", **fault)
    early = []
    for number, question in enumerate((QUESTION, "And how do I tell them about the tables?"), 1):
        world.model.write_up_to(0.5)
        asked = await world.slack.say(ANNA, world.im, question)
        early.append((await grown(world, asked))["thread_ts"] == asked)
        world.model.write_up_to(1)
        await world.rows(number)
    tried = [call for call in world.slack.calls if call.method == "chat.startStream"]

    assert len(ours(world.slack, world.im)) == 2
    assert all(said(one) == TEXT and "approve" in buttons(one) for one in ours(world.slack, world.im))
    assert early == [True, True]
    # What a workspace does not know is not asked again soon.
    assert len(tried) == streams


@pytest.mark.parametrize(
    "fault",
    [
        {"error": "message_not_in_streaming_state"},
        {"error": "streaming_state_conflict"},
        {"error": "message_not_found"},
        {"error": "ratelimited"},
        {"status": 500, "after": True},
        {"drop": True},
    ],
)
async def test_a_stream_that_breaks_costs_no_draft(world: World, fault: dict[str, Any]) -> None:
    """Slack takes no more of a stream: the draft stands all the same, once."""
    world.model.write_up_to(0.3)
    world.model.answers = [TEXT]
    world.slack.fail("chat.appendStream", **fault)
    await world.slack.say(ANNA, world.im, QUESTION)
    await begun(world)
    world.model.write_up_to(0.7)
    await world.slack.wait_for(
        lambda: any(c.method == "chat.appendStream" for c in world.slack.calls) or None
    )
    world.model.write_up_to(1)
    card = await world.card()

    assert said(card) == TEXT
    assert len(ours(world.slack, world.im)) == 1


async def test_a_stream_that_is_not_stopped_becomes_the_card_all_the_same(world: World) -> None:
    """Slack stumbles over the end of a stream: the draft is brought with the next try."""
    world.model.answers = [TEXT]
    world.model.write_up_to(0.5)
    world.slack.fail("chat.stopStream", status=500)
    await world.slack.say(ANNA, world.im, QUESTION)
    await begun(world)
    world.model.write_up_to(1)
    card = await world.card()

    assert said(card) == TEXT
    assert len(ours(world.slack, world.im)) == 1


@pytest.mark.parametrize("fault", [None, {"status": 500, "after": True}, {"drop": True}])
async def test_a_question_that_was_deleted_is_answered_at_top_level(
    world: World, fault: dict[str, Any] | None
) -> None:
    """Somebody deletes the question while the model thinks: its answer stands once, where it can be seen."""
    world.model.answers = [TEXT]
    world.model.write_up_to(0)
    if fault:
        world.slack.fail("chat.postMessage", **fault)
    asked = await world.slack.say(ANNA, world.im, QUESTION)
    await world.model.asked(1)
    await world.slack.delete_message(ANNA, world.im, asked)
    world.model.write_up_to(1)
    card = await world.card()

    assert "thread_ts" not in card
    assert said(card) == TEXT
    assert len(ours(world.slack, world.im)) == 1


async def test_where_slack_shows_no_status_a_message_says_so(world: World) -> None:
    """An installation with fewer rights: a placeholder stands at once, and the text grows in it."""
    world.model.answers = [TEXT]
    world.model.write_up_to(0.5)
    world.slack.fail("assistant.threads.setStatus", error="missing_scope")
    world.slack.fail("agents.sessions.setStatus", error="unknown_method")
    asked = await world.slack.say(ANNA, world.im, QUESTION)
    first = await world.slack.called("chat.postMessage")
    await world.slack.called("chat.update", where=lambda told: "Line 0" in told["text"])
    world.model.write_up_to(1)
    card = await world.card()

    assert "Working on it" in first.arguments["text"]
    assert (said(card), card["thread_ts"]) == (TEXT, asked)
    assert len(ours(world.slack, world.im)) == 1
    assert world.slack.state.titles == {(world.im, asked): QUESTION}


async def test_a_redo_that_is_cut_off_leaves_nothing_running(world: World) -> None:
    """The bot ends while a redo says that it begins: nothing goes on setting statuses of it."""
    asked = await world.slack.say(ANNA, world.im, QUESTION)
    await world.card()
    run = await world.bot.records.requests.need(f"T1:{world.im}:{asked}")
    talks = world.workspace.crew.runs._talks
    redone = asyncio.create_task(talks.writing(run, world.bot.prompts.tasks[run.task], 2).__aenter__())
    await asyncio.sleep(0)
    begun = dict(talks._open)
    redone.cancel()
    await asyncio.wait({redone})

    assert run.run_id in begun
    assert not talks._open
    assert not [task for task in asyncio.all_tasks() if "_keep_status" in str(task) and not task.cancelling()]


async def test_a_long_text_outlives_its_stream(tmp_path: Path) -> None:
    """A model that writes for longer than Slack keeps a stream: the text goes on growing in the same message."""
    async with running(tmp_path, limits=replace(LIMITS, stream_s=0.0, told_after_s=60.0)) as world:
        world.model.answers = [TEXT]
        world.model.write_up_to(0.3)
        await world.slack.say(ANNA, world.im, QUESTION)
        stream = await begun(world)
        world.model.write_up_to(0.7)
        later = await world.slack.called("chat.update")
        world.model.write_up_to(1)
        card = await world.card()

        assert TEXT.startswith(later.arguments["text"])
        assert later.arguments["ts"] == card["ts"] == stream["ts"]
        assert said(card) == TEXT


async def test_a_line_that_drops_begins_the_text_anew(world: World) -> None:
    """The model's answer breaks off: the next try's words take the place of the first one's."""
    world.model.answers = ["Other words. " * 60, TEXT]
    world.model.write_up_to(0.4)
    world.model.fail("drop_mid")
    await world.slack.say(ANNA, world.im, QUESTION)
    await begun(world)
    world.model.write_up_to(1)
    card = await world.card()
    (row,) = await world.rows()

    assert said(card) == TEXT
    assert len(ours(world.slack, world.im)) == 1
    assert (row["calls"], row["calls_unpriced"]) == (2, 2)


async def test_a_sign_of_life_that_fails_costs_no_draft(hasty: World) -> None:
    """Slack does not take the word that it takes longer: the draft comes all the same, once."""
    hasty.model.answers = [TEXT]
    hasty.model.write_up_to(0)
    hasty.slack.fail("chat.postMessage", status=500, after=True)
    await hasty.slack.say(ANNA, hasty.im, QUESTION)
    await hasty.slack.wait_for(lambda: hasty.slack.count("chat.postMessage") or None)
    hasty.model.write_up_to(1)
    card = await hasty.card()

    assert said(card) == TEXT
    assert len(ours(hasty.slack, hasty.im)) == 1


async def test_a_slow_model_is_told_in_the_place_of_the_text(hasty: World) -> None:
    """Nothing is written for a minute: the person reads so, and then the text, in one message."""
    hasty.model.answers = [TEXT]
    hasty.model.write_up_to(0)
    await hasty.slack.say(ANNA, hasty.im, QUESTION)
    told = await hasty.slack.called("chat.postMessage")
    hasty.model.write_up_to(0.5)
    await hasty.slack.called("chat.update", where=lambda update: "Line 0" in update["text"])
    hasty.model.write_up_to(1)
    card = await hasty.card()

    assert "longer than usual" in told.arguments["text"]
    assert said(card) == TEXT
    assert len(ours(hasty.slack, hasty.im)) == 1


async def test_a_model_that_is_down_is_told_and_can_be_stopped(hasty: World) -> None:
    """The model is away: the person reads so where the text would stand, and Stop ends the waiting."""
    hasty.model.down = True
    asked = await hasty.slack.say(ANNA, hasty.im, QUESTION)
    await hasty.shown("not answering at the moment")
    await hasty.rows(where=lambda row: row["outcome"] == "waiting")
    await hasty.slack.stop_stream(ANNA, hasty.im, asked)
    await hasty.shown("Stopped before")
    (row,) = await hasty.rows(where=lambda row: row["outcome"] == "refused")

    assert row["cost_microusd"] is None
    assert len(ours(hasty.slack, hasty.im)) == 1


async def test_a_task_of_fields_is_not_read_along_but_can_be_stopped(world: World) -> None:
    """Posts for three networks come whole: a placeholder stands meanwhile, and Stop ends the call."""
    world.model.write_up_to(0)
    asked = await world.slack.say(ANNA, world.im, "social: we are at the garden fair in Utrecht on 20 March")
    await world.shown("Working on it")
    await world.model.asked(1)
    await world.slack.stop_stream(ANNA, world.im, asked)
    await world.shown("Stopped before")
    (row,) = await world.rows()

    assert (row["task"], row["outcome"], row["calls_unpriced"]) == ("social", "refused", 1)
    assert not world.slack.count("chat.startStream")


async def test_a_chosen_task_is_read_along_too(world: World) -> None:
    """The model finds out first what is meant: meanwhile a status, then the text, all in one message."""

    def half(_: dict[str, Any]) -> str:
        world.model.write_up_to(0.5)
        return TEXT

    world.model.answers = [SURE, half]
    await world.slack.say(ANNA, world.im, WISH)
    stream = await begun(world)
    world.model.write_up_to(1)
    card = await world.card()
    (row,) = await world.rows()

    assert row["task"] == "vacancy"
    assert card["ts"] == stream["ts"]
    assert len(ours(world.slack, world.im)) == 1


async def test_a_question_back_ends_the_status(world: World) -> None:
    """The bot has to ask which task it is: then it writes nothing, and shows no Stop until it is told."""
    world.model.answers = [UNSURE, "Planner wanted."]
    asked = await world.slack.say(ANNA, world.im, WISH)
    question = await world.card(having="choose_plain")
    await world.rows()
    await world.slack.called("agents.sessions.setStatus", where=lambda told: told["status"] == "active")
    status = world.slack.status(world.im, asked)
    await world.slack.stop_stream(ANNA, world.im, asked)
    await world.slack.click(ANNA, world.im, question["ts"], "choose_plain")
    card = await world.card()

    assert status == ""
    assert (card["ts"], said(card)) == (question["ts"], "Planner wanted.")


async def test_a_redo_is_read_along_in_its_card(world: World) -> None:
    """The old version gives way to the new one while that is written, in the same message."""
    await world.slack.say(ANNA, world.im, QUESTION)
    first = await world.card()
    world.model.answers = [TEXT]
    world.model.write_up_to(0.5)
    await world.slack.say(ANNA, world.im, "shorter")
    await world.slack.called("chat.update", where=lambda told: "Line 0" in told["text"])
    world.model.write_up_to(1)
    second = await world.card(having="undo")

    assert (second["ts"], said(second)) == (first["ts"], TEXT)


async def test_stop_keeps_what_was_written_and_books_what_is_known(world: World) -> None:
    """Stop: the model is left alone, the text so far stands as a draft that says so, and its cost is unknown."""
    world.model.answers = [Reply(TEXT, usage={"input_tokens": 900}), "Whole."]
    world.model.latency_s = 60.0
    asked = await world.slack.say(ANNA, world.im, QUESTION)
    stream = await begun(world)
    await world.slack.stop_stream(ANNA, world.im, asked)
    card = copy.deepcopy(await world.card())
    (row,) = await world.rows()
    await world.slack.deliver_again(world.slack.sent[-1])
    world.model.latency_s = 0.0
    await redo(world, card)
    again = await world.card(having="undo")

    assert card["ts"] == stream["ts"]
    assert "stopped" in str(card["blocks"])
    assert said(card)
    assert TEXT.startswith(said(card))
    assert (row["outcome"], row["calls"], row["calls_unpriced"]) == ("drafted", 1, 1)
    assert (row["input_tokens"], row["output_tokens"], row["cost_microusd"]) == (900, None, None)
    assert said(again) == "Whole."


async def test_stop_before_the_first_word_ends_the_run(world: World) -> None:
    """Stop while the model still thinks: nothing is drafted, the person reads so and may try again."""
    world.model.first_token_s = 60.0
    asked = await world.slack.say(ANNA, world.im, QUESTION)
    await world.model.asked(1)
    await world.slack.stop_stream(ANNA, world.im, asked)
    told = await world.shown("Stopped before")
    (row,) = await world.rows()
    world.model.first_token_s = 0.0
    await world.slack.click(ANNA, world.im, told["ts"], "retry")
    await world.card()

    assert (row["outcome"], row["reason"]) == ("refused", "error.stopped")
    assert (row["calls"], row["cost_microusd"]) == (1, None)


async def test_a_stop_that_slack_tells_only_in_its_answer_is_heard(world: World) -> None:
    """The event of a Stop is lost: the refusal of the next words says it as well."""
    world.model.answers = [TEXT]
    world.model.write_up_to(0.3)
    await world.slack.say(ANNA, world.im, QUESTION)
    message = await begun(world)
    for stream in world.slack.state.streams.values():
        stream.stopped_by_user = True
    message["streaming_state"] = "stopped"
    world.model.write_up_to(0.6)
    card = await world.card()

    assert "stopped" in str(card["blocks"])


async def test_nobody_stops_what_is_not_theirs_or_is_done(world: World) -> None:
    """A Stop that comes too late, or from somebody else, changes nothing."""
    asked = await world.slack.say(ANNA, world.im, QUESTION)
    card = await world.card()
    await world.rows()
    await world.slack.stop_stream(ANNA, world.im, asked)
    await world.slack.stop_stream(BEN, world.im, asked)
    await redo(world, card)
    again = await world.card(having="undo")

    assert "stopped" not in str(again["blocks"])


async def test_a_thumb_is_kept_and_the_other_takes_it_back(world: World) -> None:
    """Thumbs under a draft go into the ledger; the last press counts, and only the asker's."""
    await world.slack.say(ANNA, world.im, QUESTION)
    card = await world.card()
    element = next(one for one in card["blocks"] if one["type"] == "context_actions")["elements"][0]
    good, bad = element["positive_button"]["value"], element["negative_button"]["value"]
    await world.slack.click(ANNA, world.im, card["ts"], "feedback", value=bad)
    await world.slack.called("chat.postEphemeral", where=lambda told: "Redo" in told["text"])
    (first,) = await world.rows()
    await world.slack.click(ANNA, world.im, card["ts"], "feedback", value=good)
    await world.slack.click(BEN, world.im, card["ts"], "feedback", value=bad)
    (last,) = await world.rows()

    assert (first["feedback"], last["feedback"]) == ("bad", "good")
    assert last["feedback_at"] > first["feedback_at"]


async def test_a_follow_up_question_knows_what_was_said(tmp_path: Path) -> None:
    """A short "and delivery?" is understood after a restart too; a conversation of somebody else is not in it."""
    async with make_slack() as slack, Model() as model:
        model.answers = ["Chairs cost 90 euros [3].", "Ben's secret.", "Three weeks.", "In a thread."]
        async with running(tmp_path, slack=slack, model=model) as world:
            asked = await slack.say(ANNA, world.im, "What do chairs cost at our firm?")
            await world.rows(1)
            ben = slack.workspace.im_with(BEN).id
            await slack.say(BEN, ben, "Who gets a raise at our firm?")
            await world.rows(2)
        async with running(tmp_path, slack=slack, model=model) as world:
            await slack.say(ANNA, world.im, "And what about delivery?")
            await world.rows(3)
            await slack.say(ANNA, world.im, "Is that with the stools?", thread_ts=asked)
            await world.rows(4)
        first, _, third, fourth = (one.body["messages"][0]["content"] for one in model.requests)

        assert "<earlier" not in first
        assert "What do chairs cost" in third
        assert "Chairs cost 90 euros." in third
        assert "secret" not in third
        # A thread is a conversation of its own.
        assert "Chairs cost 90 euros." in fourth
        assert "Three weeks" not in fourth


@given(st.lists(st.builds(Turn, words=st.text(max_size=50), text=st.text(max_size=400))), st.integers(5, 200))
def test_what_was_said_stays_within_the_budget(turns: list[Turn], budget: int) -> None:
    """A long conversation costs no more than a short one, and forgets its beginning first."""
    kept = keep_newest(turns, budget)

    assert sum(map(len, kept)) <= 4 * budget
    assert bool(kept) == bool(turns)


async def test_the_messages_tab_offers_what_fits(world: World) -> None:
    """Opening the tab: first what everybody may ask; then what waits for this person, and what they use."""
    await world.slack.open_home(ANNA, "messages")
    before = (await world.slack.called("assistant.threads.setSuggestedPrompts")).arguments["prompts"]
    root = await world.thread((BEN, "We ship on Friday."))
    await world.slack.say(ANNA, world.im, f"email {world.link(root)}")
    await world.card()
    await world.slack.open_home(ANNA, "messages")
    after = (await world.slack.called("assistant.threads.setSuggestedPrompts", after=1)).arguments["prompts"]
    await world.slack.push_event(
        {
            "type": "app_context_changed",
            "user": ANNA,
            "context": {"entities": [{"type": "slack#/types/channel_id", "value": "CNEWS", "team_id": "T1"}]},
        }
    )
    near = (await world.slack.called("assistant.threads.setSuggestedPrompts", after=2)).arguments["prompts"]
    for prompt in after[2:]:
        await world.slack.say(ANNA, world.im, prompt["message"])

    assert [one["title"] for one in before] == [
        "Summarize a thread",
        "Reply to a customer",
        "Write an e-mail",
        "What can you do for me?",
    ]
    assert [one["title"] for one in after] == [
        "Make my last draft shorter",
        "What did I miss there?",
        "Write an e-mail",
        "What can you do for me?",
    ]
    assert f"<#{SALES}>" in after[1]["message"]
    assert "<#CNEWS>" in near[1]["message"]
    await world.slack.called("chat.postEphemeral", where=lambda told: "/draft" in told["text"])


async def test_prompts_are_in_the_language_of_the_workspace(tmp_path: Path) -> None:
    """A Dutch firm is offered Dutch sentences, which the bot understands."""
    async with running(tmp_path, language="nl") as world:
        await world.slack.open_home(CHEF, "messages")
        told = (await world.slack.called("assistant.threads.setSuggestedPrompts")).arguments

        assert told["title"] == "Wat zal ik opstellen?"
        assert [one["message"] for one in told["prompts"]] == [
            "summarise",
            "reply",
            "E-mail schrijven",
            "help",
        ]


async def test_kill_nine_in_mid_stream_leaves_one_message(tmp_path: Path) -> None:
    """The machine dies while words appear: after the start one draft stands, in the message that was begun."""
    async with make_slack() as slack, Model(latency_s=30.0) as model:
        model.answers = [TEXT]
        im = slack.workspace.im_with(ANNA).id
        process = BotProcess(slack, model, tmp_path)
        await process.start()
        await slack.say(ANNA, im, QUESTION)
        stream = await slack.wait_for(
            lambda: next((one for one in ours(slack, im) if one.get("streaming_state")), None)
        )
        await process.end(signal.SIGKILL)
        model.latency_s, model.answers = 0.0, ["The whole draft."]
        await process.start()
        card = await slack.wait_for(
            lambda: next((one for one in ours(slack, im) if "approve" in buttons(one)), None), 20
        )
        await process.end()
        rows = looked_up(tmp_path, "select outcome from runs")

        assert (card["ts"], said(card)) == (stream["ts"], "The whole draft.")
        assert len(ours(slack, im)) == 1
        assert rows == [("drafted",)]


async def test_twenty_at_once_stay_within_slacks_limits(tmp_path: Path) -> None:
    """Twenty-five people ask at the same moment: twenty read a stream, the others the draft, nobody waits for Slack."""
    async with make_slack() as slack, Model() as model:
        # Every stream has begun before a draft is done, on a busy machine too.
        model.write_up_to(0.5)
        slack.api.limits = True
        model.answer_with(lambda _: TEXT)
        limits = replace(LIMITS, told_after_s=60.0)
        async with running(tmp_path, slack=slack, model=model, limits=limits) as world:
            people = [f"U{number}" for number in range(25)]
            tabs = []
            for person in people:
                slack.workspace.add_user(person, person.lower(), person)
                tabs.append(slack.workspace.im_with(person).id)
            await asyncio.gather(
                *(slack.say(person, tab, QUESTION) for person, tab in zip(people, tabs, strict=True))
            )
            await slack.wait_for(lambda: all("Line 0" in str(ours(slack, tab)) for tab in tabs))
            model.write_up_to(1)
            rows = await world.rows(25)
            refused = [call for call in slack.calls if call.error == "ratelimited"]

            assert {row["outcome"] for row in rows} == {"drafted"}
            assert slack.count("chat.startStream") == 20
            assert [call.method for call in refused] == []
            assert all(len(ours(slack, tab)) == 1 for tab in tabs)


@given(st.lists(st.integers(0, 30), max_size=80), st.integers(1, 5))
def test_no_minute_has_more_calls_than_slack_takes(waits_s: list[int], most: int) -> None:
    """However people ask, Slack never has to refuse us."""
    now_s, taken = 0, []
    tier = Tier(lambda: most, lambda: now_s)
    for wait_s in waits_s:
        now_s += wait_s
        if tier.take():
            taken.append(now_s)

    assert all(sum(at <= other < at + 60 for other in taken) <= most for at in taken)
    assert bool(taken) == bool(waits_s)


SOURCES = {"1": "https://example.com/1"}
MARKDOWN = st.text(st.sampled_from("ab1 \n[]()<>!@#&lt;,*`"), max_size=80)


@given(MARKDOWN, MARKDOWN)
def test_what_was_shown_stays_when_more_comes(written: str, more: str) -> None:
    """Nothing that a person has read along changes under their eyes, and no half link or mention is ever shown."""
    shown, later = visible(written, SOURCES, "en"), visible(written + more, SOURCES, "en")

    assert later.startswith(shown)
    assert neutralise(later) == later
