"""A quote is drafted in Slack: the model chooses articles, code writes every figure."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from bot.compose import PROMPTS
from bot.handlers.quote import make_shape
from bot.quotes import PriceRow
from bot.quotes.pricelist import read_prices
from bot.reading import read_sheet
from tests.conftest import ANNA, BEN, SALES, World, buttons, running, said

PRICES = """\
sku;naam;eenheid;prijs;btw;staffel;bodemprijs
LMP-1;Hanglamp rookglas;stuk;249,00;hoog;10: 229;200
LMP-2;Wandlamp messing;stuk;119,50;hoog;;
KOE-1;Koffie en thee;dag;35,00;laag;;
MON-1;Montage;uur;68,75;verlegd;;
"""
LAMP, WALL, COFFEE, WORK = (
    "LMP-1: Hanglamp rookglas (stuk)",
    "LMP-2: Wandlamp messing (stuk)",
    "KOE-1: Koffie en thee (dag)",
    "MON-1: Montage (uur)",
)
ASKED = "Bistro Noord wil 4 hanglampen rookglas, 12 uur montage en een spiegel op maat"


def line(words: str, article: str = "", quantity: float = 1, **more: Any) -> dict[str, Any]:
    """Return a line as the model answers it."""
    return {"words": words, "article": article, "quantity": quantity, **more}


def answer(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return an answer of the model."""
    return {
        "customer": "Bistro Noord",
        "intro": "U vroeg om licht boven de bar.",
        "lines": list(lines),
        **more,
    }


LINES = (
    line("4 hanglampen rookglas", LAMP, 4),
    line("12 uur montage", WORK, 12),
    line("een spiegel op maat"),
)


async def import_prices(world: World, text: str = PRICES) -> tuple[PriceRow, ...]:
    """Give the bot a price list."""
    rows, faults = read_prices(read_sheet(text.encode()))
    assert not faults
    await world.bot.records.quotes.import_prices("T1", rows, file_name="prices.csv", file_hash=text)
    return rows


async def ask(world: World, reply: dict[str, Any], words: str = ASKED) -> dict[str, Any]:
    """Ask for a quote and return its card."""
    world.model.answers = [reply]
    await world.slack.command(ANNA, SALES, "/quote", words)
    return await world.card()


async def test_every_amount_is_computed_and_what_is_not_on_the_list_has_none(world: World) -> None:
    """Lines, VAT per rate and total stand in a table; the mirror is to be priced, and no price was guessed."""
    await import_prices(world)
    shown = said(await ask(world, answer(*LINES, scope=["Inclusief dimmers", "Exclusief schilderwerk"])))

    assert "**Quote: Bistro Noord**" in shown
    assert "U vroeg om licht boven de bar." in shown
    assert "| Hanglamp rookglas (LMP-1) | 4 stuk | €249.00 |  | 21% | €996.00 |" in shown
    assert "| Montage (MON-1) | 12 uur | €68.75 |  | 21% | €825.00 |" in shown
    assert "| VAT 21% of €1,821.00 |  |  |  |  | €382.41 |" in shown
    assert "| **Total with VAT** |  |  |  |  | **€2,203.41** |" in shown
    assert "**To be priced**\n- 1 x een spiegel op maat" in shown
    assert "What does this cost: een spiegel op maat?" in shown
    assert "vrijblijvend" in shown


async def test_a_file_that_comes_with_the_request_is_what_is_asked_for(world: World) -> None:
    """Notes in an attached file are mapped to articles, and their quantities count as said."""
    await import_prices(world)
    world.model.answers = [answer(line("4 hanglampen rookglas", LAMP, 4))]
    await world.slack.say(
        ANNA, world.im, "offerte graag", files=[("notities.txt", b"Bistro Noord: 4 hanglampen rookglas")]
    )
    card = await world.card()

    assert "Bistro Noord: 4 hanglampen rookglas" in str(world.model.requests[-1].body["messages"])
    assert "| 4 stuk |" in said(card)
    assert "not in the request" not in str(card)


async def test_the_model_sees_articles_and_no_price(world: World) -> None:
    """What it does not know it cannot copy wrongly, or tell."""
    await import_prices(world)
    await ask(world, answer(*LINES))
    body = world.model.requests[0].body
    schema = body["output_config"]["format"]["schema"]
    names = schema["$defs"]["QuoteLine"]["properties"]["article"]["enum"]

    assert LAMP in str(body["system"])
    assert set(names) == {"", WORK, COFFEE, LAMP, WALL}
    for price in ("249", "229", "119", "68,75", "68.75"):
        assert price not in str(body)


@pytest.mark.parametrize(
    ("reply", "wanted"),
    [
        (
            answer(*LINES, intro="Dat kost u € 999 per lamp."),
            "An amount in the text that I did not compute: € 999",
        ),
        (answer(line("spiegel van € 300")), "An amount in the text that I did not compute: € 300"),
        (answer(line("koffie", LAMP, 4)), "check the article: “koffie” → Hanglamp rookglas"),
        (answer(line("25 lampen", LAMP, 25)), "check the quantity: 25 x Hanglamp rookglas"),
        (
            answer(line("lamp", LAMP, 4, discount="12%")),
            "A discount of more than 10%: Hanglamp rookglas",
        ),
        (answer(line("lamp", LAMP, 4, discount="€ 249")), "Below its floor price: Hanglamp rookglas"),
        (answer(*LINES), "only with a valid VAT number"),
        (answer(*LINES), "Taken for a business"),
        (answer(*LINES), "must name your firm and its KvK number"),
    ],
)
async def test_what_stands_out_is_flagged(world: World, reply: dict[str, Any], wanted: str) -> None:
    """Whoever approves reads under the draft what code could not vouch for."""
    await import_prices(world)
    card = await ask(world, reply, f"{ASKED}, 12% of € 249 korting")

    assert wanted in str(card["blocks"])
    assert "approve" in buttons(card)


@pytest.mark.parametrize(
    ("lines", "more", "wanted"),
    [
        ([line("lampen", LAMP, 0)], {}, "How much of this: lampen?"),
        ([line("4 lampen", LAMP, 4, discount="30%")], {}, "Which discount is meant: 30%?"),
        ([line("4 lampen", LAMP, 4, discount="12%")], {}, "Which discount is meant: 12%?"),
        ([line("4 lampen", LAMP, 4, discount="€ 4")], {}, "Which discount is meant: € 4?"),
        ([line("4 lampen", LAMP, 4, discount="€ 12000")], {}, "Which discount is meant: € 12000?"),
        ([line("4 lampen", LAMP, 4)], {"quote_discount": "€ 12000"}, "Which discount is meant: € 12000?"),
        ([line("4 lampen", LAMP, 4)], {"customer": ""}, "Who is the customer, and where?"),
        ([line("4 lampen", LAMP, 4)], {"questions": ["Welke kleur snoer?"]}, "Welke kleur snoer?"),
    ],
)
async def test_what_is_missing_is_asked(
    world: World, lines: list[dict[str, Any]], more: dict[str, Any], wanted: str
) -> None:
    """A quantity that nobody told, a discount that nobody promised: a question, and no figure."""
    await import_prices(world)
    shown = said(await ask(world, answer(*lines, **more), f"{ASKED} of € 12000"))

    assert "**Still open (not part of the quote)**" in shown
    assert wanted in shown


async def test_discounts_options_and_alternatives(world: World) -> None:
    """A promised discount is spread over the rates; options and alternatives stay out of the total."""
    await import_prices(world)
    reply = answer(
        line("4 lampen", LAMP, 4, discount="5%"),
        line("koffie", COFFEE, 1),
        line("4 wandlampen", WALL, 4, kind="alternative", replaces=1),
        line("12 uur montage", WORK, 12, kind="option"),
        quote_discount="10% korting",
    )
    shown = said(
        await ask(world, reply, "4 lampen met 5% korting, koffie, 12 uur montage, alles 10% korting")
    )

    assert "| Hanglamp rookglas (LMP-1) | 4 stuk | €249.00 | 5% | 21% | €946.20 |" in shown
    assert "| Subtotal |  |  |  |  | €981.20 |" in shown
    assert "| Discount 10% |  |  |  |  | − €98.12 |" in shown
    assert "| VAT 21% of €851.58 |  |  |  |  | €178.83 |" in shown
    assert "| VAT 9% of €31.50 |  |  |  |  | €2.84 |" in shown
    assert "- Wandlamp messing (LMP-2), instead of Hanglamp rookglas: 4 stuk x €119.50, − €" in shown
    assert "- Option: Montage (MON-1): 12 uur x €68.75, + €" in shown


async def test_a_discount_at_the_limit_is_not_flagged(world: World) -> None:
    """Ten per cent is ten per cent, also where a cent is rounded up; eleven, or ten upon ten, is flagged."""
    await import_prices(world)
    words = "3 wandlampen, 10% of 11%, € 10,50"
    wall, coffee = line("wandlamp", WALL, 3), line("koffie", COFFEE, 3)
    less = {**coffee, "discount": "€ 10,50"}
    on_a_line = await ask(world, answer(wall, less), words)
    on_the_whole = await ask(world, answer(wall, coffee, quote_discount="10%"), words)
    await ask(world, answer(wall, coffee, quote_discount="11%"), words)
    await world.shown("A discount of more than 10%: the whole quote")
    await ask(world, answer(wall, less, quote_discount="10%"), words)

    assert "A discount of more than" not in str([on_a_line["blocks"], on_the_whole["blocks"]])
    assert await world.shown("A discount of more than 10%: Koffie en thee, the whole quote")


async def test_a_consumer_sees_prices_with_vat(world: World) -> None:
    """For a consumer every price includes VAT, and the VAT in the total is told."""
    await import_prices(world)
    shown = said(await ask(world, answer(*LINES[:1], customer_is="consumer")))

    assert "| Hanglamp rookglas (LMP-1) | 4 stuk | €301.29 |  | 21% | €1,205.16 |" in shown
    assert "of which VAT 21%" in shown
    assert "All prices include VAT." in shown


async def test_without_a_price_list_nothing_has_a_price(world: World) -> None:
    """The words are there, every line is to be priced, and the card says how to import a list."""
    card = await ask(world, answer(line("4 lampen", "", 4)))

    assert "python -m bot import prices" in str(card["blocks"])
    assert "- 4 x 4 lampen" in said(card)


FIRM = """\
+++
name = "De Linde B.V."
kvk = "12345678"
vat_id = "NL004495445B01"
offer = "binding"
payments = [30, 70]
+++
"""


async def test_the_form_decides_customer_vat_and_language(tmp_path: Path) -> None:
    """Who fills in the form has it so: its customer, its VAT number, its day of delivery; the firm's own sentence."""
    prompts = tmp_path / "prompts"
    shutil.copytree(PROMPTS, prompts)
    (prompts / "_company.md").write_text(FIRM)
    async with running(tmp_path / "data", prompts=prompts, language="nl") as world:
        await import_prices(world)
        world.model.answers = [answer(*LINES[:2], language="English")]
        await world.slack.command(ANNA, SALES, "/quote", "")
        await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
        filled = {
            "words": ASKED,
            "input_customer": "Café Zuid",
            "input_address": "Markt 1\n9711 AB Groningen",
            "input_audience": "business",
            "input_vat_number": "BE 0123.456.749",
            "input_delivery": "2027-01-15",
        }
        await world.slack.submit(ANNA, filled)
        shown = said(await world.card())

    assert shown.startswith("**Quote: Café Zuid**\nMarkt 1\n9711 AB Groningen\n")
    assert "| Montage (MON-1) | 12 uur | €68.75 |  | reverse charge | €825.00 |" in shown
    assert "Our VAT number: NL004495445B01; yours: BE0123456749" in shown
    assert "Delivery: 15 January 2027" in shown
    assert "This offer stands until" in shown
    assert "Instalment 2 (70%)" in shown


async def test_a_thread_becomes_a_quote(world: World) -> None:
    """Asked for in a thread, the thread is read, and the draft goes to the asker's messages tab."""
    await import_prices(world)
    world.model.answers = [answer(*LINES)]
    root = await world.thread((BEN, ASKED), (ANNA, "Lever in april"))
    await world.slack.say(ANNA, SALES, f"<@{world.slack.workspace.bot_user_id}> offerte", thread_ts=root)
    card = await world.card()

    assert "Lever in april" in str(world.model.requests[0].body["messages"])
    assert "€2,203.41" in said(card)


async def test_the_demo_without_a_key_makes_a_quote_of_the_words(world: World) -> None:
    """Without any AI the sentences are matched to articles by their words, and nothing is made up."""
    await import_prices(world)
    await world.slack.command(ANNA, SALES, "/quote", "4 hanglamp rookglas. 12 uur montage. Een spiegel.")
    shown = said(await world.card())

    assert "| Hanglamp rookglas (LMP-1) | 4 stuk |" in shown
    assert "**To be priced**" in shown
    assert "Een spiegel" in shown


def test_the_model_can_name_no_other_article() -> None:
    """An article that is not on the list does not pass."""
    shape = make_shape(["A: Lamp (pc)"])

    with pytest.raises(ValueError, match="article"):
        shape.model_validate(answer(line("lamp", "B: Box (pc)")))
