"""A small knowledge base is read whole and kept in the model's prompt cache: masked, and by what its asker may read."""

from __future__ import annotations

from typing import Any

from bot.sandbox.model_rules import user_text
from tests.conftest import ANNA, BEN, CHEF, SALES, SECRET_ROOM, World, said
from tests.knowledge.conftest import put, put_handbook

LEAVE = "# Verlof\n\nJe krijgt 25 vakantiedagen per jaar. Vraag ze aan bij Sanne de Vries, 06 12345678.\n"
QUESTION = "Hoeveel vakantiedagen krijg ik per jaar?"
OTHER = "Bij wie vraag ik ze aan, bij Sanne de Vries of bij Karin Smit?"


async def ask(world: World, user_id: str, question: str, *, count: int) -> dict[str, Any]:
    """Put a question and return its row of the ledger, the newest of *count*."""
    await world.slack.command(user_id, SALES, "/ask", question)
    return next(row for row in await world.rows(count) if row["user_id"] == user_id)


def kept(body: dict[str, Any]) -> str:
    """Return what a request marks for the cache of what is no instruction."""
    content = body["messages"][0]["content"]
    (marked,) = [block["text"] for block in content if "cache_control" in block]
    return str(marked)


async def test_the_second_question_reads_the_documents_from_the_cache(world: World) -> None:
    """Whoever has the same rights sends the same bytes; they cost a part of what they did, and the ledger says so."""
    world.model.name = None  # so that its answers have a price
    await put_handbook(world.bot.records)
    await put(world.bot.records, "verlof.md", LEAVE)
    first = await ask(world, ANNA, QUESTION, count=1)
    second = await ask(world, BEN, OTHER, count=2)
    bodies = [one.body for one in world.model.requests]

    assert kept(bodies[0]) == kept(bodies[1])
    assert first["cache_read_tokens"] == 0
    assert second["cache_read_tokens"] == first["cache_write_tokens"] > 2_000
    assert second["cache_write_tokens"] == 0
    assert second["cost_microusd"] < first["cost_microusd"] / 2


async def test_what_is_kept_holds_no_personal_data(world: World) -> None:
    """Names and numbers leave as tokens here too; the question names the same person by the same token."""
    await put(world.bot.records, "verlof.md", LEAVE)
    claim = {"text": "Bij [NAME1_xx].", "source_number": 1, "quote": "Vraag ze aan bij [NAME1_xx]"}

    def answer(body: dict[str, Any]) -> dict[str, Any]:
        token = kept(body).partition("aan bij ")[2].partition(",")[0]
        return {"claims": [{name: str(value).replace("[NAME1_xx]", token) for name, value in claim.items()}]}

    world.model.answers = [answer]
    await world.slack.command(ANNA, SALES, "/ask", OTHER)
    shown = said(await world.card())
    told = user_text(world.model.requests[0].body)
    token = kept(world.model.requests[0].body).partition("aan bij ")[2].partition(",")[0]

    assert "Sanne" not in told
    assert "12345678" not in told
    assert "Karin" not in told
    assert told.count(token) == 2
    assert "Bij Sanne de Vries. [1]" in shown


async def test_a_password_in_a_document_stops_no_question(world: World) -> None:
    """Its passage is not read and the card says so; the others answer, instead of every question being refused."""
    await put(world.bot.records, "verlof.md", LEAVE)
    await put(world.bot.records, "wifi.md", "# Wifi\n\nHet wachtwoord: Zomer2024!x voor gasten.")
    claim = {"text": "25.", "source_number": 1, "quote": "25 vakantiedagen per jaar"}
    world.model.answers = [{"claims": [claim]}]
    await world.slack.command(ANNA, SALES, "/ask", QUESTION)
    card = await world.card()

    assert "“25 vakantiedagen per jaar”" in said(card)
    assert "One passage was not read by the model" in str(card)
    assert "Zomer2024" not in user_text(world.model.requests[0].body)


async def test_others_share_nothing_of_what_they_may_not_read(world: World) -> None:
    """Who may read more has a cache of their own: what they asked before is not in the bytes that others send."""
    await put_handbook(world.bot.records)
    await put(world.bot.records, "aa.md", LEAVE, audience=SECRET_ROOM)
    await ask(world, CHEF, OTHER, count=1)
    theirs = await ask(world, ANNA, QUESTION, count=2)
    alone = await ask(world, BEN, QUESTION, count=3)
    more, less, again = (one.body for one in world.model.requests)
    marks = [kept(body).partition(">")[0] for body in (more, less)]

    assert "[NAME" in kept(more)
    assert "aa.md" not in user_text(less)
    assert kept(less) == kept(again)
    assert marks[0] != marks[1]
    assert alone["cache_read_tokens"] - theirs["cache_read_tokens"] > 2_000
