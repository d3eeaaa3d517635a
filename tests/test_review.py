"""What a person does with a draft counts once, and can be taken back."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.conftest import ANNA, BEN, CHEF, SALES, World, buttons, said
from tests.test_run import LINES


async def _draft(world: World, *, user: str = ANNA) -> dict[str, Any]:
    """Ask for a summary by link and return its card."""
    root = await world.thread(*LINES)
    await world.slack.command(user, SALES, "/summarize", world.link(root))
    return await world.card()


async def _review(world: World, wanted: str) -> dict[str, Any]:
    (row,) = await world.rows(where=lambda row: row["review"] == wanted)
    return dict(row)


async def test_an_edited_draft_keeps_what_was_accepted(world: World) -> None:
    """The form holds the draft; what comes out of it is what counts as accepted."""
    world.model.answers = ["Para one.\n\n" * 500]
    card = await _draft(world)
    await world.slack.click(ANNA, world.im, card["ts"], "edit")
    view = await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    await world.slack.submit(ANNA, {"part0": "My own words."})
    await world.shown("Edited and approved by <@UANNA>")
    row = await _review(world, "edited")
    state = await world.bot.records.reviews.state(row["run_id"])

    assert len(view["blocks"]) == 3
    assert state is not None
    assert state.final_text.startswith("My own words.")
    assert state.final_text.endswith("Para one.")
    assert row["minutes_saved"] is not None


async def test_an_untouched_form_is_an_approval(world: World) -> None:
    """Opening the form and submitting it unchanged is not an edit."""
    card = await _draft(world)
    await world.slack.click(ANNA, world.im, card["ts"], "edit")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    await world.slack.submit(ANNA)

    assert (await _review(world, "approved"))["decided_at"]


async def test_an_empty_edit_is_answered_in_the_form(world: World) -> None:
    """Emptying the form says what to do; the draft stays open."""
    card = await _draft(world)
    await world.slack.click(ANNA, world.im, card["ts"], "edit")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    delivery = await world.slack.submit(ANNA, {"part0": "  "})

    assert "text is empty" in delivery.body


async def test_pressing_twice_counts_once(world: World) -> None:
    """A double click on Approve is one approval, and says so."""
    card = await _draft(world)
    blocks = list(card["blocks"])
    await world.slack.click(ANNA, world.im, card["ts"], "approve")
    # The second press comes from a screen that still shows the first state.
    world.slack.workspace.channels[world.im].messages[card["ts"]]["blocks"] = blocks
    await world.slack.click(ANNA, world.im, card["ts"], "approve")
    await world.slack.called("chat.postEphemeral")
    reviews = await world.bot.records.store.read(
        lambda db: db.execute("select count(*) from reviews").fetchone()[0]
    )

    assert reviews == 1


async def test_a_discarded_draft_costs_time_and_can_come_back(world: World) -> None:
    """Discarding books minus the time spent; Undo opens the draft again with nothing decided."""
    card = await _draft(world)
    await world.slack.click(ANNA, world.im, card["ts"], "discard")
    card = await world.card(having="undo")
    discarded = await _review(world, "discarded")
    await world.slack.click(ANNA, world.im, card["ts"], "undo")
    await world.card(having="approve")
    opened = await _review(world, "open")

    assert discarded["minutes_saved"] <= -1
    assert (opened["minutes_saved"], opened["decided_at"]) == (None, None)


async def test_a_redo_with_an_instruction_is_a_new_version(world: World) -> None:
    """Redo asks what should differ, writes version 2 in the same place, and Undo brings version 1 back."""
    world.model.answers = ["First text.", "Second text."]
    card = await _draft(world)
    await world.slack.click(ANNA, world.im, card["ts"], "redo")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    await world.slack.submit(ANNA, {"instruction": "Shorter please"})
    second = await world.shown("Second text.")
    asked = world.model.requests[-1].body["messages"][0]["content"]
    row = await _review(world, "redone")
    await world.card(having="undo")
    await world.slack.click(ANNA, world.im, second["ts"], "undo")
    first = await world.shown("First text.")

    assert "Shorter please" in str(asked)
    assert "First text." in str(asked)
    assert row["calls"] == 2
    assert first["ts"] == second["ts"] == card["ts"]
    assert world.slack.count("chat.postMessage") == 1


async def test_a_redo_that_fails_gives_the_draft_back(world: World) -> None:
    """When the model declines the second time, the first draft stands again and says why."""
    card = await _draft(world)
    await world.slack.click(ANNA, world.im, card["ts"], "redo")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    world.model.fail("refusal")
    await world.slack.submit(ANNA)
    shown = await world.shown("declined to write")

    assert "approve" in buttons(shown)


async def test_sharing_approves_and_posts_where_it_came_from(world: World) -> None:
    """Share puts the text into the thread without buttons; Undo takes it away again."""
    card = await _draft(world)
    root = world.slack.workspace.top_level(SALES)[0]["ts"]
    await world.slack.click(ANNA, world.im, card["ts"], "share")
    card = await world.card(having="undo")
    shared = world.slack.messages(SALES, root)[-1]
    row = await _review(world, "approved")
    await world.slack.click(ANNA, world.im, card["ts"], "undo")
    await world.card(having="share")

    assert said(shared) == said(card)
    assert buttons(shared) == []
    assert row["minutes_saved"] is not None
    assert len(world.slack.messages(SALES, root)) == len(LINES)


async def test_an_edit_of_an_admin_that_comes_too_late_is_not_lost(world: World) -> None:
    """The asker discards while an admin still edits their draft: the admin's form says so, too, and stays open."""
    root = await world.thread(*LINES)
    mention = f"<@{world.slack.workspace.bot_user_id}> summarise"
    await world.slack.say(ANNA, SALES, mention, thread_ts=root)
    card = await world.card(SALES, thread_ts=root)
    await world.slack.click(CHEF, SALES, card["ts"], "edit")
    await world.slack.wait_for(lambda: world.slack.modals.get(CHEF))
    await world.slack.click(ANNA, SALES, card["ts"], "discard")
    await _review(world, "discarded")
    late = await world.slack.submit(CHEF, {"part0": "My long work."})

    assert "moved on" in late.body
    assert world.slack.modals.get(CHEF)


async def test_only_the_asker_or_an_admin_decides(world: World) -> None:
    """A colleague who presses Approve is told whose draft it is; an admin may."""
    root = await world.thread(*LINES)
    mention = f"<@{world.slack.workspace.bot_user_id}> summarise"
    await world.slack.say(ANNA, SALES, mention, thread_ts=root)
    card = await world.card(SALES, thread_ts=root)
    await world.slack.click(BEN, SALES, card["ts"], "approve")
    told = await world.slack.called("chat.postEphemeral")
    await world.slack.click(BEN, SALES, card["ts"], "edit")
    await world.slack.wait_for(lambda: world.slack.count("chat.postEphemeral") == 2)
    await world.slack.click(CHEF, SALES, card["ts"], "approve")

    assert "<@UANNA>" in told.arguments["text"]
    assert (await _review(world, "approved"))["user_id"] == ANNA


async def test_a_stale_button_says_so(world: World) -> None:
    """A card that was approved elsewhere does not let itself be discarded, edited or approved again."""
    card = await _draft(world)
    old = {**card, "blocks": list(card["blocks"])}
    await world.slack.click(ANNA, world.im, card["ts"], "approve")
    await world.card(having="undo")
    world.slack.workspace.channels[world.im].messages[card["ts"]]["blocks"] = old["blocks"]
    for index, action in enumerate(("discard", "edit", "approve"), start=1):
        await world.slack.click(ANNA, world.im, card["ts"], action)
        await world.slack.wait_for(partial(_told, world, index))
    told = [call.arguments["text"] for call in world.slack.calls if call.method == "chat.postEphemeral"]

    assert "moved on" in told[0]
    assert "moved on" in told[1]
    assert "counts once" in told[2]


def _told(world: World, times: int) -> bool:
    return world.slack.count("chat.postEphemeral") == times


async def test_a_longer_version_takes_its_messages_with_it(world: World) -> None:
    """A draft of two messages that is redone short leaves no orphans in the conversation."""
    world.model.answers = ["word " * 6000, "Short."]
    card = await _draft(world)
    long = len(world.slack.messages(world.im))
    await world.slack.click(ANNA, world.im, card["ts"], "redo")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    await world.slack.submit(ANNA)
    await world.shown("Short.")
    await world.slack.wait_for(lambda: len(world.slack.messages(world.im)) == 1)

    assert long == 2
    assert "stops early" in str(card["blocks"])


async def test_trying_again_is_for_the_asker_and_once(world: World) -> None:
    """A colleague who presses Try again is told whose it is; a second press says that it was done."""
    world.model.fail("unauthorized")
    root = await world.thread(*LINES)
    await world.slack.say(ANNA, SALES, f"<@{world.slack.workspace.bot_user_id}> summarise", thread_ts=root)
    apology = await world.card(SALES, having="retry", thread_ts=root)
    await world.slack.click(BEN, SALES, apology["ts"], "retry")
    stranger = await world.slack.called("chat.postEphemeral")
    for _ in range(2):
        await world.slack.click(ANNA, SALES, apology["ts"], "retry")
    await world.card(SALES, thread_ts=root)
    twice = await world.slack.called("chat.postEphemeral", after=1)

    assert "<@UANNA>" in stranger.arguments["text"]
    assert "done already" in twice.arguments["text"]


async def test_an_edit_that_comes_too_late_is_not_lost(world: World) -> None:
    """An admin discards while the asker still edits: the form says so and keeps what was written."""
    card = await _draft(world)
    await world.slack.click(ANNA, world.im, card["ts"], "edit")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    await world.slack.click(CHEF, world.im, card["ts"], "discard")
    await world.shown("Discarded by")
    late = await world.slack.submit(ANNA, {"part0": "My long work."})

    assert "moved on" in late.body
    assert world.slack.modals.get(ANNA)
