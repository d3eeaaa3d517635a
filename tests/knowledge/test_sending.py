"""Documents come in through Slack: an admin sends them, says who may read them, and looks after the list."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.records.knowledge import OpenQuestion
from bot.records.moments import iso, now
from bot.tasks.knowledge import without_base
from tests.conftest import ANNA, BEN, CHEF, SALES, World, buttons, running, said
from tests.documents import pdf
from tests.knowledge.conftest import put

LEAVE = b"# Verlof\n\nJe krijgt 25 vakantiedagen per jaar.\n"
QUESTION = "Hoeveel vakantiedagen krijg ik per jaar?"


async def send(world: World, words: str, *files: tuple[str, bytes], user_id: str = CHEF) -> str:
    """Send files to the bot; return the conversation."""
    im = world.slack.workspace.im_with(user_id).id
    await world.slack.say(user_id, im, words, files=files)
    return im


async def form(world: World, callback_id: str, user_id: str = CHEF) -> dict[str, Any]:
    """Return the form of that name once it is open."""

    def look() -> dict[str, Any] | None:
        view = world.slack.workspace.modals.get(user_id)
        return view if view and view["callback_id"] == callback_id else None

    return await world.slack.wait_for(look)


async def listed(world: World, having: str, user_id: str = CHEF) -> str:
    """Return the list as it stands once it holds *having*."""
    return await world.slack.wait_for(
        lambda: next(
            (str(view) for view in [world.slack.workspace.modals.get(user_id)] if having in str(view)), None
        )
    )


async def test_what_an_admin_sends_is_answered_from(world: World) -> None:
    """The words say what the files are for, a form asks who may read them, and a member reads where it stands."""
    files = [("verlof.md", LEAVE), ("scan.pdf", pdf("", "")), ("deel.pdf", pdf("Zorg voor ziekte", ""))]
    im = await send(world, "Zet deze in de kennisbank", *files)
    card = await world.card(im, having="knowledge_whom")
    await world.slack.click(CHEF, im, card["ts"], "knowledge_whom")
    await form(world, "knowledge_audience")
    wrong = await world.slack.submit(CHEF, {"who": "channel"})
    await world.slack.submit(CHEF, {"who": "channel", "channel": SALES})
    told = str(await world.shown("I read verlof.md", im))
    await world.slack.command(ANNA, SALES, "/ask", QUESTION)
    shown = said(await world.card())

    assert "Choose a channel or people" in str(wrong.answer)
    assert "I read verlof.md for the knowledge base: 1 passage." in told
    assert "scan.pdf is a scan" in told
    assert (
        "I read deel.pdf for the knowledge base: 1 passage. Pages without text that I can read, such as scans: 1."
        in told
    )
    assert f"[verlof.md]({world.slack.workspace.url}files/{CHEF}/" in shown
    assert "“Je krijgt 25 vakantiedagen per jaar.”" in shown
    assert len([one for one in world.slack.messages(im) if "verlof.md" in str(one.get("blocks"))]) == 1


async def test_only_those_who_were_named_fill_it(world: World) -> None:
    """Somebody else is told whom to ask; whom an admin named may; a question with a file is no document for it."""
    im = await send(world, "voor de kennisbank", ("verlof.md", LEAVE), user_id=ANNA)
    refused = await world.shown("Only admins", im)
    settings = await world.bot.records.workspaces.get("T1")
    named = replace(settings, knowledge_editors=(ANNA,))
    await world.bot.records.workspaces.change("T1", named, user_id=CHEF)
    await send(world, "add to the knowledge base", ("verlof.md", LEAVE), user_id=ANNA)
    card = await world.card(im, having="knowledge_whom")

    assert "knowledge_whom" not in buttons(refused)
    assert "knowledge_whom" in buttons(card)


async def test_editors_look_after_the_list(world: World) -> None:
    """They search it, change who may read a document, delete it, and tick off questions that they answered."""
    knowledge = world.bot.records.knowledge
    await put(world.bot.records, "verlof.md", LEAVE.decode(), owner_id=BEN)
    await put(world.bot.records, "prijzen & meer.md", LEAVE.decode(), audience=f"{ANNA},{BEN}")
    await knowledge.ask_owner(
        OpenQuestion("T1:D1:9.9", ANNA, BEN, "Mag mijn hond mee?", iso(now())), team_id="T1"
    )
    await world.slack.command(CHEF, SALES, "/tijdwinst", "kennisbank")
    all_of_it = await listed(world, "Documents: 2")
    await world.slack.submit(CHEF, {"words": "prijzen"})
    found = await listed(world, "Documents: 1")
    await world.slack.click_in_view(CHEF, "knowledge_change")
    await form(world, "knowledge_audience")
    await world.slack.submit(CHEF, {"who": "everyone"})
    await listed(world, "everyone ·")
    await world.slack.click_in_view(CHEF, "knowledge_answered")
    await world.slack.click_in_view(CHEF, "knowledge_delete")
    await listed(world, "No document has these words in its name.")

    assert "Mag mijn hond mee?" in all_of_it
    assert "prijzen &amp; meer.md" in found
    assert f"<@{ANNA}>, <@{BEN}>" in found
    assert [one.name for one in await knowledge.listed("T1")] == ["verlof.md"]
    assert await knowledge.questions("T1") == []
    # Who did it, in the log, by the document's number: a file's name may be somebody's.
    events = [
        (one.user_id, one.act, one.subject, one.data_class)
        for one in reversed(await world.bot.records.audit.newest("T1"))
        if one.act.startswith("knowledge-")
    ]
    assert events == [
        ("", "knowledge-added", "1", "knowledge"),
        ("", "knowledge-added", "2", "knowledge"),
        (CHEF, "knowledge-audience", "2", "knowledge"),
        (CHEF, "knowledge-deleted", "2", "knowledge"),
    ]


@pytest.mark.parametrize(
    ("command", "said"), [("knowledge", "Send me a document"), ("kennisbank", "Stuur mij")]
)
async def test_an_empty_base_says_how_to_fill_it(tmp_path: Path, command: str, said: str) -> None:
    """An admin who opens the list before there is anything reads so, and what to do, instead of two noughts."""
    async with running(tmp_path, language="nl" if command == "kennisbank" else "en") as world:
        await world.slack.command(CHEF, SALES, "/tijdwinst", command)
        shown = await listed(world, said)

    assert "shown:" not in shown
    assert "getoond:" not in shown


async def test_owners_see_their_questions_and_no_list(world: World) -> None:
    """Who answers for a document reads what it did not answer; what there is besides is not shown to them."""
    knowledge = world.bot.records.knowledge
    await put(world.bot.records, "geheim.md", LEAVE.decode(), owner_id=BEN)
    await knowledge.ask_owner(
        OpenQuestion("T1:D1:9.9", ANNA, BEN, "Mag mijn hond mee?", iso(now())), team_id="T1"
    )
    await world.slack.command(BEN, SALES, "/tijdwinst", "knowledge")
    shown = await listed(world, "Mag mijn hond mee?", BEN)
    await world.slack.command(ANNA, SALES, "/tijdwinst", "knowledge")
    others = await listed(world, "Only admins, and people whom they named", ANNA)
    await world.slack.click_in_view(BEN, "knowledge_answered")

    assert "geheim.md" not in shown
    assert "hond" not in others
    assert await knowledge.questions("T1") == []


@pytest.mark.parametrize(
    "words", ["kennisbank: hoeveel verlof?", "vraag de kennisbank hoeveel verlof ik krijg"]
)
async def test_a_question_in_the_messages_tab_names_it(world: World, words: str) -> None:
    """Whoever writes to the bot about the knowledge base gets an answer from it, and no other draft."""
    await put(world.bot.records, "verlof.md", LEAVE.decode())
    claim = {"text": "25.", "source_number": 1, "quote": "25 vakantiedagen per jaar"}
    world.model.answers = [{"claims": [claim]}]
    await world.slack.say(ANNA, world.im, words)

    assert "“25 vakantiedagen per jaar”" in said(await world.card())


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        ("kun je in de kennisbank opzoeken hoeveel verlof ik heb?", True),
        ("What does the handbook say about leave?", True),
        ("Wat staat er in het personeelshandboek over verlof?", True),
        ("ask Ben to send the report", False),
        ("Vraag de klant om het adres", False),
        ("wie schreef het handboek?", False),
    ],
)
async def test_it_has_to_be_named(world: World, words: str, asks: bool) -> None:
    """A sentence that names it is a question to it; one that only begins with "ask" is not."""
    intake = world.workspace.intake

    assert ((found := intake.recognise(words)[0]) is not None and found.name == "ask") is asks


def test_what_is_sought_is_not_whom_it_is_put_to() -> None:
    """The words that name the knowledge base are not looked for in it."""
    assert without_base("Zoek in de kennisbank naar verlof") == "naar verlof"
    assert without_base("kennisbank: verlof") == "verlof"
    assert without_base("verlof") == "verlof"
