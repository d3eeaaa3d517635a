"""Questions to the knowledge base: answers with quotes that code checked, from what the asker may read alone."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from bot.handlers import Brief, Desk
from bot.tasks import Run
from tests.conftest import ANNA, BEN, CHEF, GUEST, SALES, SECRET_ROOM, World, running, said
from tests.knowledge.conftest import put, put_handbook

asking = importlib.import_module("bot.handlers.ask")

LEAVE = "# Verlof\n\nJe krijgt 25 vakantiedagen per jaar. Vijf daarvan mogen mee naar het volgende jaar.\n"
QUESTION = "Hoeveel vakantiedagen krijg ik per jaar?"


def answer(*claims: tuple[str, int, str]) -> dict[str, Any]:
    """Write what the model answers."""
    told = [{"text": text, "source_number": number, "quote": quote} for text, number, quote in claims]
    return {"claims": told}


def desk_of(world: World) -> Desk:
    """Return what handlers work at."""
    return world.workspace.desk


def brief(world: World) -> Brief:
    """Write a request of Anna's that is the same in every workspace."""
    run = Run("T1:D1:1.1", "T1", "D1", ANNA, "ask", "message", "nl", words=QUESTION)
    return Brief(run=run, task=world.bot.prompts.tasks["ask"], company="")


async def test_an_answer_names_where_it_stands(world: World) -> None:
    """Each statement has its number, and below it the document, the heading and words that stand there."""
    link = f"{world.slack.workspace.url}files/{ANNA}/F1/verlof.md"
    await put(world.bot.records, "verlof.md", LEAVE, link=link)
    quote = "25 vakantiedagen per jaar"
    world.model.answers = [
        answer(("Je krijgt er 25 [3].", 1, quote), ("Dertig voor wie lang werkt.", 1, "dertig dagen"))
    ]
    await world.slack.command(ANNA, SALES, "/ask", QUESTION)
    card = await world.card()
    shown = said(card)

    assert f"- Je krijgt er 25. ([1]({link}))" in shown
    assert "- Dertig voor wie lang werkt. (no source)" in shown
    assert f"1. [verlof.md]({link}), Verlof: “{quote}”" in shown
    assert "dertig dagen" not in shown
    assert "One statement has no quote" in str(card)


async def test_a_document_from_a_folder_has_no_link(world: World) -> None:
    """A number without an address in Slack stays a number, and is not called unfounded."""
    await put(world.bot.records, "verlof.md", LEAVE)
    world.model.answers = [answer(("Je krijgt er 25.", 1, "25 vakantiedagen"))]
    await world.slack.command(ANNA, SALES, "/ask", QUESTION)
    shown = said(await world.card())

    assert "Je krijgt er 25. ([1])" in shown
    assert "1. **verlof.md**, Verlof" in shown
    assert "no source" not in shown


@pytest.mark.parametrize(
    "claims", [[], [("Dertig.", 1, "dertig vakantiedagen")], [("25.", 9, "25 vakantiedagen")]]
)
async def test_what_is_not_there_is_said_and_lands_on_a_list(world: World, claims: list[Any]) -> None:
    """No answer, a false quote, a passage that does not exist: not found, whom to ask, and it is on their list."""
    await put(world.bot.records, "verlof.md", LEAVE, owner_id=CHEF)
    world.model.answers = [answer(*claims)]
    await world.slack.command(ANNA, SALES, "/ask", QUESTION)
    message = await world.shown("did not find that")
    questions = await world.bot.records.knowledge.questions(world.slack.workspace.team_id, owner_id=CHEF)

    assert f"The nearest document is verlof.md: ask <@{CHEF}>" in str(message)
    assert [(one.question, one.user_id) for one in questions] == [(QUESTION, ANNA)]


async def test_without_documents_nothing_is_asked(world: World) -> None:
    """An empty knowledge base says how to fill it, and costs nothing; so does one whose documents are for others."""
    await put(world.bot.records, "directie.md", LEAVE, audience=SECRET_ROOM)
    await world.slack.command(ANNA, SALES, "/ask", QUESTION)

    assert await world.shown("There are no documents in the knowledge base that you may read")
    assert not world.model.requests


@pytest.mark.parametrize("whole", [True, False])
async def test_who_may_not_read_a_document_gets_what_there_is_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    """What the model is given is the same, byte for byte, as if forbidden documents did not exist."""
    if not whole:
        monkeypatch.setattr(asking, "WHOLE_CHARS", 0)
    asked = []
    for forbidden in (True, False):
        async with running(tmp_path / str(forbidden)) as world:
            records = world.bot.records
            # They are about the same, and come before and after the others: they would change ranks and numbers.
            hidden = {"aa.md": SECRET_ROOM, "zz.md": f"{BEN},{CHEF}"}
            if forbidden:
                for name, audience in hidden.items():
                    words = (
                        f"# Geheim\n\nVakantiedagen per jaar van de directie: 40. {'Dagen, dagen. ' * 50}\n"
                    )
                    await put(records, name, words, audience=audience)
            await put_handbook(records)
            await put(records, "verkoop.md", LEAVE, audience=SALES)
            await put(records, "anna.md", LEAVE, audience=f"{ANNA},{BEN}")
            await asking.ask(desk_of(world), brief(world))
            bodies = [json.dumps(one.body, sort_keys=True) for one in world.model.requests]
            # The gate's marks against leaks are drawn anew for each run.
            asked.append([re.sub(r"_[a-z0-9]{2,4}\]|asks for it: \w+", "(mark)", body) for body in bodies])

    assert asked[0] == asked[1]
    assert "verkoop.md" in asked[0][-1]
    assert "anna.md" in asked[0][-1]
    assert len(asked[0]) == (1 if whole else 2)


async def test_audiences_hold_at_the_moment_of_the_question(world: World) -> None:
    """Everyone is no guest; a channel's members are those of now; people are those who are named."""
    desk = desk_of(world)
    for name, audience in {
        "a": "everyone",
        "b": SALES,
        "c": SECRET_ROOM,
        "d": f"{BEN},{GUEST}",
        "e": "CNOWHERE",
    }.items():
        await put(world.bot.records, name, LEAVE, audience=audience)
    before = {user_id: await asking.allowed(desk, user_id) for user_id in (ANNA, CHEF, GUEST)}
    world.slack.workspace.channels[SALES].members.remove(ANNA)
    after = await asking.allowed(desk, ANNA)

    assert before == {
        ANNA: [SALES, "everyone"],
        CHEF: [SALES, SECRET_ROOM, "everyone"],
        GUEST: [f"{BEN},{GUEST}"],
    }
    assert after == ["everyone"]


async def test_a_large_base_is_searched_with_other_words_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cheap call adds words; where it fails, the question's own words have to do; what is far off asks nobody."""
    monkeypatch.setattr(asking, "WHOLE_CHARS", 0)
    await put_handbook(world.bot.records)
    world.model.answers = [
        {"dutch": ["vakantiedagen"], "english": []},
        answer(("25.", 1, "25 vakantiedagen")),
    ]
    await world.slack.command(ANNA, SALES, "/ask", QUESTION)
    first = await world.card()
    models = [one.body["model"] for one in world.model.requests]
    await world.slack.command(ANNA, SALES, "/ask", "Welke zonnepanelen adviseren we voor platte daken?")
    await world.shown("did not find that")

    assert "25" in said(first)
    assert models == ["claude-haiku-5-5", "claude-sonnet-5-5"]
    assert [one.body["model"] for one in world.model.requests[2:]] == ["claude-haiku-5-5"]
