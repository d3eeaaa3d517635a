"""A letter to a client has no figure in it that nobody gave."""

from __future__ import annotations

import pytest

from bot.handlers.letter import unknown_figures
from tests.conftest import ANNA, SALES, World

DATA = "Mr Vos, return 2025. Refund 1.482 euro before 1 July. Interest 6.310, rate 3,9 %."


@pytest.mark.parametrize(
    ("written", "unknown"),
    [
        ("Your return for 2025 gives € 1.482 back, before 1 July. The rate is 3,9%.", []),
        ("Together that is 7.792.", ["7.792"]),
        ("You get € 1,482 back; that is 123.50 a month, and 123.50 is a lot.", ["123.50"]),
        ("You get [amount, about 9.999?] back.", []),
        ("", []),
    ],
)
def test_only_figures_that_were_given_pass(written: str, unknown: list[str]) -> None:
    """A sum or a rounding is named; days, gaps, and another way of writing a figure are not."""
    assert unknown_figures(written, DATA) == unknown


async def test_a_computed_figure_is_named_on_the_card(world: World) -> None:
    """Whoever reviews a letter reads which figures the data do not hold, before approving it."""
    world.model.answers = ["Dear Mr Vos,\n\nYou get 1.482 back, 123,50 a month."]
    await world.slack.command(ANNA, SALES, "/draft", f"client-letter {DATA}")
    card = str((await world.card())["blocks"])

    assert "Not in the data: 123,50." in card
    assert "Not in the data: 123,50, " not in card


async def test_figures_from_the_thread_pass(world: World) -> None:
    """The data may stand in the thread; a message's number is no figure of it."""
    world.model.answers = ["You get 1.482 back."]
    root = await world.thread((ANNA, DATA))
    bot = f"<@{world.slack.workspace.bot_user_id}>"
    await world.slack.say(ANNA, SALES, f"{bot} maak hier een klantbrief van", thread_ts=root)
    card = str((await world.card())["blocks"])

    assert "1.482" in card
    assert "Not in the data" not in card
