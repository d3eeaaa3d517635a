"""Between a person and the model: what leaves is masked, what comes back is whole, and what must not leave stays."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from pathlib import Path

import pytest

from bot.compose import PROMPTS
from bot.premises import StartError
from bot.sandbox.model import Model
from tests.conftest import ANNA, BEN, CHEF, SALES, World, make_slack, running, said
from tests.stored import ENGINE, stored

PERSONAL = (
    "Piet Bakema",
    "06-48213377",
    "piet@bakema.example",
    "NL79 RABO 0745 5166 74",
    "Lindelaan 14, 3571 KP Utrecht",
)
WORDS = "Antwoord dhr. {} op {} en {}, {}, {}: de vloer kost 1.250 euro en komt 4 december.".format(*PERSONAL)


def _sent(world: World) -> str:
    return json.dumps([request.body["messages"] for request in world.model.requests], ensure_ascii=False)


def _echo(world: World) -> None:
    """Let the model say back what it was asked."""
    world.model.answer_with(lambda body: str(body["messages"][0]["content"]))


async def test_personal_data_stays_here_and_stands_in_the_draft(world: World) -> None:
    """The model sees tokens and figures; the reviewer sees names, numbers, figures and no note."""
    root = await world.thread((BEN, WORDS), (ANNA, "Ben, doe jij dit?"))
    _echo(world)
    await world.slack.command(ANNA, SALES, "/draft", f"reply {world.link(root)}")
    card = await world.card()

    for value in (*PERSONAL, "Ben Jansen", "Anna de Vries", "Ben,"):
        assert value not in _sent(world)
        assert value in said(card)
    assert "1.250 euro" in _sent(world)
    assert "4 december" in _sent(world)
    assert "stand for nothing" not in str(card)
    assert "not in the input" not in str(card)


async def test_what_was_sent_can_be_read_by_who_may_review(world: World) -> None:
    """The button opens a window with the tokens as they went, for the asker and for admins only."""
    root = await world.thread((BEN, WORDS))
    await world.slack.command(ANNA, SALES, "/draft", f"reply {world.link(root)}")
    card = await world.card()
    world.slack.workspace.channels[world.im].members.extend([BEN, CHEF])
    await world.slack.click(BEN, world.im, card["ts"], "sent")
    await world.slack.wait_for(lambda: world.slack.ephemerals(world.im, BEN))
    await world.slack.click(CHEF, world.im, card["ts"], "sent")
    await world.slack.wait_for(lambda: world.slack.modal(CHEF))
    await world.slack.click(ANNA, world.im, card["ts"], "sent")
    view = await world.slack.wait_for(lambda: world.slack.modal(ANNA))
    shown = "".join(block["text"]["text"] for block in view["blocks"][1:])

    assert world.slack.modal(BEN) is None
    assert view["title"]["text"] == "What was sent"
    assert json.dumps(shown, ensure_ascii=False)[1:-1] in _sent(world)
    assert "[NAME1_" in shown
    assert not any(value in json.dumps(view) for value in PERSONAL)


@pytest.mark.parametrize(
    ("words", "told", "value"),
    [
        ("Zijn BSN is 945807302, maak een brief", "a citizen service number (BSN)", "945807302"),
        ("Betaald met 4693 4232 1999 9735", "a card number", "4693 4232 1999 9735"),
        ("The passport number is NWK4R2L81", "the number of a passport or identity document", "NWK4R2L81"),
        ("Het wachtwoord is Zomer2026!bakker", "a password or key", "Zomer2026!bakker"),
    ],
)
async def test_what_must_not_leave_stops_the_run(
    world: World, caplog: pytest.LogCaptureFixture, words: str, told: str, value: str
) -> None:
    """The asker reads which kind it was and what to do; nothing was sent, and the log has no word of it."""
    caplog.set_level(logging.DEBUG)
    await world.slack.command(ANNA, SALES, "/draft", f"email {words}")
    shown = await world.shown(told)
    (row,) = await world.rows()
    (event,) = await world.bot.records.audit.newest(row["team_id"], 1)

    assert world.model.requests == []
    assert (event.act, event.user_id, event.subject) == ("blocked", ANNA, "email")
    assert value not in str(event)
    assert value not in str(shown)
    assert ("rotate" in str(shown)) == ("wachtwoord" in words)
    assert row["outcome"] == "refused"
    assert value not in caplog.text
    assert await world.bot.records.vaults.sent(row["run_id"], 1) == []


async def test_a_redo_after_a_restart_keeps_its_tokens(tmp_path: Path) -> None:
    """The next version, after a restart, goes out with the same tokens and comes back whole; the files hold none."""
    async with make_slack() as slack, Model() as model:
        async with running(tmp_path, slack=slack, model=model) as world:
            _echo(world)
            await world.slack.command(ANNA, SALES, "/draft", f"email {WORDS}")
            card = await world.card()
            first = _sent(world)
        async with running(tmp_path, slack=slack, model=model) as again:
            await again.slack.click(ANNA, again.im, card["ts"], "redo")
            await again.slack.wait_for(lambda: again.slack.modal(ANNA))
            await again.slack.submit(ANNA, {"instruction": "korter"})
            await again.shown("korter")
            second = json.dumps(model.requests[1].body["messages"], ensure_ascii=False)
    token = first[first.index("[NAME1_") :].partition("]")[0]
    raw = await asyncio.to_thread(stored, tmp_path, ENGINE)

    assert token in second
    assert "Piet Bakema" not in second
    assert b"Bakema" not in raw


async def test_a_bare_number_and_an_invented_token_are_told(world: World) -> None:
    """A number that could be a BSN is sent and told, and a token that stands for nothing is pointed at."""
    world.model.answer_with(lambda body: re.sub("NAME1_", "NAME9_", str(body["messages"][0]["content"])))
    await world.slack.command(ANNA, SALES, "/draft", "email aan Sanne Bakema over nummer 111222333")
    card = await world.card()

    assert "could be a citizen service number" in str(card)
    assert "111222333" in _sent(world)
    assert re.search(r"stand for nothing: `\[NAME9_\w\w\]`", str(card))


async def test_a_task_can_say_that_names_may_leave(tmp_path: Path) -> None:
    """With `personal_data = "allow"` names go as they are; a BSN still does not."""
    prompts = tmp_path / "prompts"
    prompts.mkdir()
    for file in PROMPTS.glob("*.md"):
        text = file.read_text()
        allowed = text.replace("+++\n", '+++\npersonal_data = "allow"\n', 1) if file.stem == "email" else text
        (prompts / file.name).write_text(allowed)
    async with running(tmp_path / "data", prompts=prompts) as world:
        await world.slack.command(ANNA, SALES, "/draft", f"email {WORDS}")
        await world.card()
        await world.slack.command(ANNA, SALES, "/draft", "email BSN 945807302")
        await world.shown("citizen service number")

        assert "Piet Bakema" in _sent(world)
        assert len(world.model.requests) == 1


async def test_wrong_keys_stop_the_start(tmp_path: Path) -> None:
    """A SECRET_KEYS that is no key is named at start, with what it must be."""
    with pytest.raises(StartError, match="SECRET_KEYS"):
        async with running(tmp_path, secret_keys=("short",)):
            pass
