"""A quote's lines are edited in a form: sums follow every keystroke, and sending it in makes the next version."""

from __future__ import annotations

import asyncio
import copy
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bot.quotes import PriceRow
from tests.conftest import ANNA, World, said
from tests.quotes.test_paper import press, wait_files
from tests.quotes.test_quote import LAMP, LINES, answer, ask, import_prices, line

MANY = [line(f"{number} lampen", LAMP, number) for number in range(1, 31)]


async def open_lines(world: World, user_id: str = ANNA) -> dict[str, Any]:
    """Press Lines on the newest card and return the form."""
    card = await world.card(having="lines")
    await world.slack.click(user_id, world.im, card["ts"], "lines")
    return await form(world, user_id)


async def form(world: World, user_id: str = ANNA, *, having: str = "") -> dict[str, Any]:
    """Return the open form once it shows *having*."""

    def look() -> dict[str, Any] | None:
        view = world.slack.modal(user_id)
        # A picture of it: the local Slack changes a form in its place.
        return copy.deepcopy(view) if view and having in str(view["blocks"]) else None

    found: dict[str, Any] = await world.slack.wait_for(look)
    return found


async def type_in(world: World, field: str, value: str, *, having: str) -> dict[str, Any]:
    """Type into a field of the form and return the form once it shows *having*."""
    name = field.partition(":")[0]
    await world.slack.click_in_view(ANNA, f"line_{name}", block_id=field, value=value)
    return await form(world, having=having)


def hints(view: dict[str, Any]) -> dict[str, str]:
    """Return what is told below the fields of a form."""
    return {block["block_id"]: block["hint"]["text"] for block in view["blocks"] if block.get("hint")}


async def test_sums_follow_what_is_typed_and_a_new_version_costs_nothing(world: World) -> None:
    """Quantity, discount and price change the total at once; sent in, the card shows it, without the model."""
    await import_prices(world)
    await ask(world, answer(*LINES))
    view = await open_lines(world)
    await type_in(world, "quantity:1", "6", having="€2,319.00")
    await type_in(world, "discount:1", "10%", having="€2,169.60")
    changed = await type_in(world, "price:2", "60", having="€2,064.60")
    asked = len(world.model.requests)
    await world.slack.submit(ANNA)
    card = await world.shown("| 6 stuk |")
    (row,) = await world.rows()

    assert "€1,821.00" in str(view["blocks"])
    assert "Priced by hand" in str(changed["blocks"])
    assert "| Hanglamp rookglas (LMP-1) | 6 stuk | €249.00 | 10% | 21% | €1,344.60 |" in said(card)
    assert "| Montage (MON-1) | 12 uur | €60.00 |  | 21% | €720.00 |" in said(card)
    assert "U vroeg om licht boven de bar." in said(card)
    assert "What does this cost: een spiegel op maat?" in said(card)
    assert "Priced by hand, not by the price list: Montage" in str(card["blocks"])
    assert len(world.model.requests) == asked
    assert row["calls"] == 1


async def test_what_is_to_be_priced_becomes_a_line_and_gets_the_number(world: World) -> None:
    """A price for the mirror answers its question; approved, the PDF is of the new version, as the person's edit."""
    await import_prices(world)
    await ask(world, answer(*LINES))
    await open_lines(world)
    await type_in(world, "price:3", "310,50", having="€2,131.50")
    await world.slack.submit(ANNA)
    card = await world.shown("| een spiegel op maat | 1 piece | €310.50 |")
    await press(world, "approve", having="undo")
    (pdf,) = await wait_files(world, 1)
    (row,) = await world.rows(where=lambda row: row["review"] != "open")

    assert "To be priced" not in said(card)
    assert "What does this cost" not in said(card)
    assert pdf.name == f"OFF-{date.today().year}-0001.pdf"
    assert row["review"] == "edited"
    assert row["numbers_changed"] == 1
    assert row["correction"] != "as_is"


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("quantity:1", "abc", "is no amount"),
        ("quantity:1", "-4", "is no amount"),
        ("quantity:1", "1e9", "is no amount"),
        ("quantity:1", "0", "above 0"),
        ("quantity:1", "", "How many?"),
        ("price:1", "1.234", "two ways"),
        ("price:1", "", "What does one cost?"),
        ("price:1", "99999999999", "at most ten million"),
        ("discount:1", "101%", "at most 100%"),
        ("discount:1", "10", "like 10% or"),
        ("discount:1", "€ 5000", "takes more than there is"),
        ("discount:0", "€ 5000", "takes more than there is"),
    ],
)
async def test_what_cannot_be_is_told_at_its_field(world: World, field: str, value: str, wanted: str) -> None:
    """While typing it stands below the field, and no total is shown; sent in, the form stays open."""
    await import_prices(world)
    await ask(world, answer(*LINES[:2]))
    await open_lines(world)
    view = await type_in(world, field, value, having="The total follows")
    delivery = await world.slack.submit(ANNA)

    assert wanted in hints(view)[field]
    # An empty field that must not be is told by Slack's own client.
    assert wanted in delivery.answer["errors"][field] if value else delivery.status == 0
    assert world.slack.modal(ANNA)


async def test_fast_typing_ends_with_the_last_total(world: World) -> None:
    """Nine keystrokes at once, told in any order: the form ends with the total of what stands in the field."""
    await import_prices(world)
    await ask(world, answer(*LINES[:1]))
    await open_lines(world)
    await asyncio.gather(
        *(
            world.slack.click_in_view(ANNA, "line_quantity", block_id="quantity:1", value=str(number))
            for number in range(1, 10)
        )
    )
    await form(world, having="Without VAT *€2,241.00*")
    await world.slack.submit(ANNA)

    assert await world.shown("| 9 stuk |")


async def test_lines_are_added_removed_and_made_an_option(world: World) -> None:
    """From the price list by a word of its name, or of one's own; what one adds last stands last."""
    await import_prices(world)
    await ask(world, answer(*LINES[:2]))
    await open_lines(world)
    found = await type_in(world, "query:0", "koff", having="Koffie en thee")
    await world.slack.click_in_view(ANNA, "line_add", value="KOE-1")
    await form(world, having="3. Koffie en thee")
    await world.slack.click_in_view(ANNA, "line_free", value="free")
    await form(world, having="4. Line of your own")
    await type_in(world, "name:4", "Voorrijden", having="4. Voorrijden")
    await type_in(world, "price:4", "45", having="€1,901.00")
    await world.slack.click_in_view(ANNA, "line_menu", block_id="line:4", value="vat:low")
    await form(world, having="4. Voorrijden* · VAT 9%")
    await world.slack.click_in_view(ANNA, "line_menu", block_id="line:2", value="option")
    await form(world, having="€1,076.00")
    await world.slack.click_in_view(ANNA, "line_menu", block_id="line:1", value="remove")
    await form(world, having="€80.00")
    await world.slack.submit(ANNA)
    shown = said(await world.shown("| Voorrijden |"))

    assert "€35.00 / dag" in str(found["blocks"])
    assert "| Koffie en thee (KOE-1) | 1 dag | €35.00 |  | 9% | €35.00 |" in shown
    assert "| Voorrijden | 1 piece | €45.00 |  | 9% | €45.00 |" in shown
    assert "- Option: Montage (MON-1): 12 uur x €68.75" in shown
    assert "Hanglamp" not in shown


async def test_the_price_follows_its_tier_until_somebody_sets_it(world: World) -> None:
    """Ten lamps cost less each, and the field says so; a price by hand stays what it is."""
    await import_prices(world)
    await ask(world, answer(*LINES[:1]))
    await open_lines(world)
    tier = await type_in(world, "quantity:1", "10", having="€2,290.00")
    await type_in(world, "price:1:1", "225", having="€2,250.00")
    await type_in(world, "quantity:1", "2", having="€450.00")
    await world.slack.submit(ANNA)
    card = await world.shown("| 2 stuk |")
    prices = [
        block["element"].get("initial_value")
        for block in tier["blocks"]
        if block.get("block_id") == "price:1:1"
    ]

    assert prices == ["229.00"]
    assert "| 2 stuk | €225.00 |" in said(card)


async def test_more_lines_than_a_form_holds_are_on_pages(world: World) -> None:
    """Thirty lines stand on three pages; what was typed on one is kept, and a fault opens its page."""
    await import_prices(world)
    await ask(world, answer(*MANY), " ".join(map(str, range(1, 31))))
    view = await open_lines(world)
    await type_in(world, "quantity:1", "7", having=r"=\xa0*€1,743.00*")
    await world.slack.click_in_view(ANNA, "lines_next", value="next")
    second = await form(world, having="Lines 13 to 24 of 30")
    await type_in(world, "quantity:14", "abc", having="is no amount")
    await world.slack.click_in_view(ANNA, "lines_next", value="next")
    await form(world, having="Lines 25 to 30 of 30")
    refused = await world.slack.submit(ANNA)
    back = await form(world, having="Lines 13 to 24 of 30")
    await type_in(world, "quantity:14", "14", having=r"=\xa0*")
    await world.slack.submit(ANNA)
    card = await world.shown("| 7 stuk |")

    assert max(len(one["blocks"]) for one in (view, second)) <= 100
    assert refused.answer["response_action"] == "update"
    assert "is no amount" in hints(back)["quantity:14"]
    assert sum("Hanglamp" in row for row in said(card).splitlines()) == 30


async def test_undo_gives_the_lines_back_and_late_forms_are_told(world: World) -> None:
    """Undo after a new version shows the first one; a form of a version that was replaced says so and stays."""
    await import_prices(world)
    await ask(world, answer(*LINES[:2]))
    await open_lines(world)
    await type_in(world, "quantity:1", "5", having="€2,070.00")
    card = await world.card(having="lines")
    await world.slack.click(ANNA, world.im, card["ts"], "approve")
    await world.card(having="quote_json")
    late = await world.slack.submit(ANNA)
    await world.slack.close_view(ANNA)
    await press(world, "undo", having="approve")
    await open_lines(world)
    await type_in(world, "quantity:1", "5", having="€2,070.00")
    await world.slack.submit(ANNA)
    await world.shown("| 5 stuk |")
    await press(world, "undo")
    await world.shown("| 4 stuk |")
    await open_lines(world)
    unchanged = await world.slack.submit(ANNA)
    (row,) = await world.rows()
    state = await world.bot.records.reviews.state(row["run_id"])

    assert "discount:0" in late.answer["errors"]
    assert unchanged.status == 200
    assert state is not None
    assert (state.version, state.review, state.revised) == (3, "open", False)


async def test_a_price_list_of_thousands_shows_the_first_that_fit(world: World) -> None:
    """Five that fit are shown, with how many more there are; and when none fits, that is said."""
    rows = [
        PriceRow(f"S-{number}", f"Schroef {number}", "stuk", Decimal(1), "high") for number in range(2_000)
    ]
    await world.bot.records.quotes.import_prices("T1", rows, file_name="s.csv", file_hash="s")
    await ask(world, answer(line("een schroef", "", 1)))
    await open_lines(world)
    many = await type_in(world, "query:0", "schroef 19", having="And 134 more")
    none = await type_in(world, "query:0", "moer", having="No article has these words")

    assert sum(block.get("block_id", "").startswith("found:") for block in many["blocks"]) == 5
    assert not any(block.get("block_id", "").startswith("found:") for block in none["blocks"])


async def test_a_form_that_was_forgotten_says_so(world: World) -> None:
    """Left open for days, it tells that it counts no more, at every keystroke and when it is sent in."""
    await import_prices(world)
    await ask(world, answer(*LINES[:1]))
    await open_lines(world)
    await world.bot.records.store.write(lambda db: db.execute("delete from quote_forms"))
    await world.slack.click_in_view(ANNA, "line_quantity", block_id="quantity:1", value="5")
    told = await world.slack.wait_for(lambda: world.slack.ephemerals(world.im, ANNA) or None)
    delivery = await world.slack.submit(ANNA)
    await world.bot.records.store.write(lambda db: db.execute("update quotes set basis = null"))
    await world.slack.close_view(ANNA)
    card = await world.card(having="lines")
    await world.slack.click(ANNA, world.im, card["ts"], "lines")
    await world.slack.wait_for(lambda: len(world.slack.ephemerals(world.im, ANNA)) == 2 or None)

    assert "discount:0" in delivery.answer["errors"]
    assert told
    assert world.slack.modal(ANNA) is None
