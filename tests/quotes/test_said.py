"""What counts as said: the words of people, and what they typed into lines; not what a model wrote before."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import ANNA, World, said
from tests.quotes.test_lines import open_lines, type_in
from tests.quotes.test_quote import ASKED, LAMP, WORK, answer, ask, import_prices, line

INVENTED = line("hanglampen rookglas", LAMP, 25)
UNSAID = "check the quantity: 25 x Hanglamp rookglas"


async def redo(world: World, reply: dict[str, Any], instruction: str) -> dict[str, Any]:
    """Have the quote written anew, and return its card."""
    world.model.answers = [reply]
    card = await world.card(having="redo")
    await world.slack.click(ANNA, world.im, card["ts"], "redo")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    await world.slack.submit(ANNA, {"instruction": instruction})
    return await world.shown(str(reply["intro"]))


async def test_what_the_model_made_up_is_flagged_again_after_a_redo(world: World) -> None:
    """A quantity that nobody wrote stays to be checked, though the draft before has it; a discount is asked again."""
    await import_prices(world)
    first = await ask(world, answer({**INVENTED, "discount": "30%"}))
    again = await redo(
        world, answer({**INVENTED, "discount": "30%"}, intro="Nu wat formeler."), "formeler graag"
    )

    assert UNSAID in str(first["blocks"])
    assert UNSAID in str(again["blocks"])
    assert "Which discount is meant: 30%?" in said(again)
    assert "| 25 stuk | €229.00 |  |" in said(again)


async def test_what_was_asked_of_a_redo_is_said_for_good(world: World) -> None:
    """Who asks for 25 in one redo, and for other words in the next, is not asked about the 25."""
    await import_prices(world)
    await ask(world, answer(line("4 hanglampen rookglas", LAMP, 4)))
    second = await redo(world, answer(INVENTED, intro="Het zijn er meer."), "maak er 25 van")
    third = await redo(world, answer(INVENTED, intro="Nu wat formeler."), "formeler graag")

    assert "check the quantity" not in str([second["blocks"], third["blocks"]])


async def test_lines_that_a_person_typed_are_said_and_the_others_are_not(world: World) -> None:
    """The 40 hours that somebody typed are kept by a redo without a word; the 25 lamps beside them are flagged anew."""
    await import_prices(world)
    await ask(world, answer(INVENTED, line("12 uur montage", WORK, 12)))
    await open_lines(world)
    await type_in(world, "quantity:2", "40", having="€8,475.00")
    await world.slack.submit(ANNA)
    await world.shown("| 40 uur |")
    again = await redo(
        world, answer(INVENTED, line("montage", WORK, 40), intro="Nu wat formeler."), "formeler graag"
    )

    assert "| 40 uur |" in said(again)
    assert UNSAID in str(again["blocks"])
    assert "40 x Montage" not in str(again["blocks"])


@pytest.mark.parametrize(
    "told", ["prijzen met 21% btw", "BTW-tarief van 21 procent", "VAT (21%) on top", "btw: 21 %"]
)
async def test_a_rate_of_vat_is_no_promise_of_a_discount(world: World, told: str) -> None:
    """Whoever writes that 21 % VAT comes on top promised no 21 % off: it is asked about, and left out."""
    await import_prices(world)
    reply = answer(line("4 lampen", LAMP, 4, discount="21%"), quote_discount="21%")
    shown = said(await ask(world, reply, f"{ASKED}, {told}"))

    assert "Which discount is meant: 21%?" in shown
    assert "| 4 stuk | €249.00 |  |" in shown
    assert "Discount 21%" not in shown


@pytest.mark.parametrize(
    "told", ["excl. btw, 21% korting", "21% korting, plus btw", "btw 21%, en 21% korting op alles"]
)
async def test_a_discount_that_happens_to_equal_a_rate_is_given(world: World, told: str) -> None:
    """Who promises 21 % off gets it, though VAT is named beside it."""
    await import_prices(world)
    reply = answer(line("4 lampen", LAMP, 4), quote_discount="21%")
    shown = said(await ask(world, reply, f"{ASKED}, {told}"))

    assert "Which discount is meant" not in shown
    assert "| Discount 21% |" in shown


@pytest.mark.parametrize(
    ("told", "discount"),
    [
        ("12 procent eraf", "12%"),
        ("korting van 12,5%", "12,5%"),
        ("12 % korting", "12% korting"),
        ("korting: 12", "12%"),
        ("12 korting op alles", "€ 12"),
        ("€12 eraf", "€ 12"),
        ("haal er 12 euro af", "€ 12,00"),
        ("12,- minder", "€ 12"),
        ("a discount of 12", "€ 12"),
        ("12 off", "12%"),
        ("1 2 3 " * 9_000 + "9" * 30_000 + " " * 9_000 + "12% korting", "12%"),
    ],
)
async def test_a_discount_is_known_however_it_is_written(world: World, told: str, discount: str) -> None:
    """Who promises something off, in a shop's own words, gets it without being asked which discount was meant."""
    await import_prices(world)
    reply = answer(line("4 lampen", LAMP, 4), quote_discount=discount)
    shown = said(await ask(world, reply, f"4 hanglampen rookglas, {told}"))

    assert "Which discount is meant" not in shown
    assert "| Discount" in shown
