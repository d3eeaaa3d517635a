"""One run from the asker's words to a reviewed, measured draft."""

from __future__ import annotations

from tests.conftest import ANNA, BEN, SALES, World, buttons, said

LINES = (
    (ANNA, "Can we deliver the 40 chairs on Friday 27 November?"),
    (BEN, "Yes, agreed: Friday, for 1.250 euros. I will call the carrier tomorrow."),
    (ANNA, "Who tells the customer?"),
)


async def test_a_mention_becomes_a_summary_in_the_thread(world: World) -> None:
    """Mentioning the bot in a thread gives a draft there, whose sources link to the messages."""
    world.model.answers = ["**Chairs.**\n\n## Decided\n- Friday, for 1.250 euros [2]\n- Free beer [9]"]
    root = await world.thread(*LINES)
    await world.slack.say(ANNA, SALES, f"<@{world.slack.workspace.bot_user_id}> summarise", thread_ts=root)
    card = await world.card(SALES, thread_ts=root)
    (row,) = await world.rows()
    stamp = world.slack.messages(SALES, root)[1]["ts"].replace(".", "")

    assert f"archives/{SALES}/p{stamp}?thread_ts={root}&cid={SALES}" in said(card)
    assert "[9] (no source)" in said(card)
    assert buttons(card) == ["approve", "edit", "redo", "discard", "sent"]
    assert (row["outcome"], row["review"], row["minutes_saved"]) == ("drafted", "open", None)
    assert row["input_tokens"] > 0
    assert world.slack.count("chat.postMessage") == 1


async def test_a_command_with_a_link_drafts_in_the_messages_tab(world: World) -> None:
    """`/summarize <link>` says where the draft will be, and there it is, with a button to share it."""
    root = await world.thread(*LINES)
    delivery = await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
    card = await world.card()

    assert delivery.status == 200
    assert "messages tab" in delivery.body
    assert buttons(card)[-2:] == ["share", "sent"]
    assert "offline extract, no AI" in str(card["blocks"])
    assert "Rests on 3 messages" in str(card["blocks"])


async def test_approving_books_the_minutes(world: World) -> None:
    """Who approves a draft sees it marked, and the ledger has a net figure."""
    root = await world.thread(*LINES)
    await world.slack.shortcut(ANNA, SALES, root, "summarize_thread")
    card = await world.card()
    await world.slack.click(ANNA, world.im, card["ts"], "approve")
    await world.shown("Approved by <@UANNA>")
    (row,) = await world.rows(where=lambda row: row["review"] == "approved")

    assert row["surface"] == "shortcut"
    assert 13 < row["minutes_saved"] <= 14
    assert row["review_minutes"] >= 0
