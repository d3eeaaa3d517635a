"""The first day: an admin is led through setting up, and everybody's first draft says what is sent where."""

from __future__ import annotations

from typing import Any

import pytest

from bot.tasks import Firm, put_firm
from bot.texts import guideline_text
from tests.conftest import ANNA, CHEF, SALES, World, buttons
from tests.test_measuring import _form
from tests.test_run import LINES


async def _guide(world: World, *, having: str = "") -> dict[str, Any]:
    im = world.slack.workspace.im_with(CHEF).id

    def look() -> dict[str, Any] | None:
        return next(
            (one for one in world.slack.messages(im) if "Set up" in str(one) and having in str(one)), None
        )

    return await world.slack.wait_for(look)


async def _open(world: World, step: str) -> None:
    guide = await _guide(world)
    await world.slack.click(CHEF, world.slack.workspace.im_with(CHEF).id, guide["ts"], f"setup:{step}")
    await _form(world, CHEF)


async def test_the_first_admin_is_led_through_setting_up(world: World) -> None:
    """Who opens the messages tab first, and is an admin, gets the steps once; each says when it is done."""
    await world.slack.open_home(ANNA, "messages")
    await world.slack.open_home(CHEF, "messages")
    await _guide(world, having="0 of 5")
    await _open(world, "firm")
    wrong = await world.slack.submit(CHEF, {"kvk": "123", "iban": "NL00", "valid_days": "0"})
    right = {"kvk": "12345678", "iban": "NL91ABNA0417164300", "valid_days": "14"}
    await world.slack.submit(CHEF, {"about": "We bake bread.", "name": "De Linde", **right})
    await _guide(world, having="1 of 5")
    await _open(world, "guideline")
    offered = str(world.slack.modal(CHEF))
    await world.slack.submit(CHEF, {"guideline": "Never a BSN."})
    await _guide(world, having="2 of 5")
    await world.slack.open_home(CHEF, "messages")
    read = await world.slack.command(ANNA, SALES, "/tijdwinst", "guideline")
    guide = await _guide(world)
    await world.slack.click(CHEF, world.slack.workspace.im_with(CHEF).id, guide["ts"], "setup:end")
    im = world.slack.workspace.im_with(CHEF).id
    await world.slack.wait_for(lambda: "guide is closed" in str(world.slack.messages(im)))

    assert set(wrong.answer["errors"]) == {"kvk", "iban", "valid_days"}
    assert "BSN, copies of passports" in offered
    assert read.body == "Never a BSN."
    assert len(world.slack.messages(im)) == 1
    assert not world.slack.messages(world.im)


async def test_what_the_firm_tells_goes_before_every_draft(world: World) -> None:
    """Once the firm's tone is told in Slack, the next draft is written with it, without a restart."""
    asked = await world.slack.command(ANNA, SALES, "/tijdwinst", "firm")
    await world.slack.command(CHEF, SALES, "/tijdwinst", "firm")
    await _form(world, CHEF)
    await world.slack.submit(CHEF, {"about": "We bake bread, and say je."})
    root = await world.thread(*LINES)
    await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
    await world.card()

    assert "Only an admin" in asked.body
    assert "We bake bread, and say je." in str(world.model.requests[-1].body["system"])


async def test_the_first_draft_says_what_is_sent_where(world: World) -> None:
    """Everybody reads it once, below their first draft."""
    root = await world.thread(*LINES)
    await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
    first = await world.card()
    await world.rows()
    await world.slack.command(ANNA, SALES, "/draft", "reply Thank you for your order")
    await world.rows(2)
    second = await world.card()

    assert "What is sent where" in str(first)
    assert buttons(second)
    assert "What is sent where" not in str(second)


async def test_without_a_guideline_nothing_is_held_up(world: World) -> None:
    """A guideline that nobody published yet is a notice, never a gate."""
    read = await world.slack.command(ANNA, SALES, "/tijdwinst", "richtlijn")

    assert "not published a guideline yet" in read.body
    assert "go to the AI model" in read.body


@pytest.mark.parametrize("language", ["en", "nl"])
def test_a_guideline_to_begin_with_stands_ready(language: Any) -> None:
    """About a page, and it fits Slack's form."""
    assert 1_200 < len(guideline_text(language)) <= 3_000


def test_what_was_told_in_slack_goes_before_the_file() -> None:
    """A line that was left empty keeps what the file says."""
    firm = put_firm(
        Firm(name="Old", kvk="12345678", valid_days=14),
        {"name": "New", "kvk": "", "address": "A 1\n\n1234 AB B", "valid_days": "30", "about": "x"},
    )

    assert firm == Firm(name="New", kvk="12345678", valid_days=30, address=("A 1", "1234 AB B"))
