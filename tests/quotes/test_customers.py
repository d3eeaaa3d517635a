"""Who was quoted is offered again, never guessed at, and can be looked up, corrected and deleted for good."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from bot.offline import export
from bot.quotes.customers import find_named, name_key
from bot.quotes.offer import Customer
from bot.records.dialect import SCHEMA
from bot.sandbox.watch import PATIENCE_S
from tests.conftest import ANNA, BEN, CHEF, SALES, World, said
from tests.quotes.test_quote import LAMP, answer, ask, import_prices, line
from tests.stored import stored

VAT = "NL810433941B01"
NOORD = Customer("Bistro Noord B.V.", ("Havenkade 1", "9711 AB Groningen"), VAT, False)
LINES = (line("4 hanglampen rookglas", LAMP, 4),)
ASKED = "Bistro Noord wil 4 hanglampen rookglas"


async def _remember(world: World, *customers: Customer, user_id: str = ANNA) -> None:
    for one in customers:
        await world.bot.records.customers.remember("T1", one, language="en", user_id=user_id)


async def _known(world: World, count: int) -> list[Any]:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            known = await world.bot.records.customers.known("T1")
            if len(known) == count:
                return known
            await asyncio.sleep(0.02)


async def _list(world: World, user_id: str, words: str = "") -> dict[str, Any]:
    await world.slack.close_view(user_id)
    await world.slack.command(user_id, SALES, "/tijdwinst", f"customers {words}")
    return await world.slack.wait_for(lambda: world.slack.modals.get(user_id))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bistro Noord B.V.", "bistro noord bv"),
        ("Café Zuid", "CAFE ZUID"),
        ("Jansen & Zn.", "Jansen en zn"),
        ("Stichting De Brug", "de brug"),
        ("B.V. Noord", "Noord b. v."),
    ],
)
def test_one_name_may_be_spelled_in_several_ways(one: str, other: str) -> None:
    """Capitals, accents, points and the legal form make no other customer."""
    assert name_key(one) == name_key(other)


def test_a_name_that_is_a_legal_form_is_still_a_name() -> None:
    """Somebody called "BV" is not everybody."""
    assert name_key("BV") == "bv"
    assert find_named([], "", "") == []


async def test_an_approved_quote_remembers_its_customer(world: World) -> None:
    """Not the draft but the approval makes a customer; the next quote has the address and says from where."""
    await import_prices(world)
    told = answer(*LINES, customer="Bistro Noord BV", customer_address=["Havenkade 1", "9711 AB Groningen"])
    card = await ask(world, told, f"{ASKED} BV, zakelijk, {VAT}")
    before = await world.bot.records.customers.known("T1")
    await world.slack.click(ANNA, world.im, card["ts"], "approve")
    (known,) = await _known(world, 1)
    await world.card(having="undo")
    card = await ask(world, answer(*LINES, customer="bistro noord"), "bistro noord wil weer 4 hanglampen")

    assert before == []
    assert (known.customer.address, known.customer.vat_number) == (NOORD.address, VAT)
    assert "Havenkade 1\n9711 AB Groningen" in said(card)
    assert VAT in said(card)
    assert (
        "From an earlier quote to Bistro Noord BV: address, business, so prices without VAT, VAT number"
        in str(card)
    )
    assert "Havenkade" not in str(world.model.requests[-1].body)


async def test_two_of_one_name_are_asked_about(world: World) -> None:
    """With two remembered customers of that name nothing is filled in; a VAT number that was told decides."""
    other = Customer("Bistro Noord", ("Kerkstraat 2", "Assen"), "NL001234567B01", False)
    await import_prices(world)
    await _remember(world, NOORD, other)
    asked = said(await ask(world, answer(*LINES), ASKED))
    world.model.answers = [answer(*LINES)]
    await world.slack.command(ANNA, SALES, "/quote", f"{ASKED}, btw {VAT}")
    chosen = said(await world.shown("**Quote: Bistro Noord**\\nHavenkade 1"))

    assert "Which Bistro Noord is meant? Remembered are:" in asked
    assert "**Quote: Bistro Noord**\n\n" in asked
    assert "Havenkade 1" in chosen
    assert "Which Bistro Noord" not in chosen


@pytest.mark.parametrize(
    ("words", "told", "wanted"),
    [
        ("Bistro Noord Zuid wil 4 lampen", answer(*LINES, customer="Bistro Noord Zuid"), ""),
        ("4 lampen voor de bistro", answer(*LINES, customer="Bistro Noord"), ""),
        ("4 lampen voor bistro noord", answer(*LINES, customer=""), "Havenkade 1"),
        ("Bistro Noord, Plein 5", answer(*LINES, customer_address=["Plein 5"]), ""),
    ],
)
async def test_only_the_whole_name_in_the_request_counts(
    world: World, words: str, told: dict[str, Any], wanted: str
) -> None:
    """A longer name, or one that only the model wrote, is nobody that is remembered; who moved is not mixed up."""
    await import_prices(world)
    await _remember(world, NOORD)
    shown = said(await ask(world, told, words))

    assert ("Havenkade 1" in shown) == bool(wanted)
    assert (VAT in shown) == bool(wanted)


async def test_a_consumer_is_remembered_as_one(world: World) -> None:
    """Prices for a consumer who was quoted before come with VAT, in the language of the last time."""
    await import_prices(world)
    consumer = Customer("Jan Smit", ("Dorpsweg 3",), "", True)
    await world.bot.records.customers.remember("T1", consumer, language="nl", user_id=ANNA)
    shown = said(await ask(world, answer(*LINES, customer="Jan Smit"), "Jan Smit wil 4 hanglampen"))

    assert "**Offerte: Jan Smit**" in shown
    assert "Totaal inclusief btw" in shown


async def test_the_form_offers_customers_while_typing(world: World) -> None:
    """In the New draft form a few letters find a customer, whom the model knows as a token only; typing stays free."""
    await import_prices(world)
    await _remember(world, NOORD, Customer("Bakker Zuid", ("Plein 1",), "", False))
    await world.slack.command(ANNA, SALES, "/quote")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    every = await world.slack.suggest(ANNA, "input_known_customer")
    found = await world.slack.suggest(ANNA, "input_known_customer", "nOORd")
    (option,) = found.answer["options"]
    with pytest.raises(LookupError):
        await world.slack.submit(ANNA, {"input_known_customer": "999", "words": "4 hanglampen rookglas"})
    world.model.answers = [answer(*LINES, customer="")]
    fields = {"input_known_customer": option["value"], "words": "4 hanglampen rookglas"}
    await world.slack.submit(ANNA, fields)
    card = await world.card()
    body = str(world.model.requests[-1].body)

    assert len(every.answer["options"]) == 2
    assert option["text"]["text"] == "Bistro Noord B.V., 9711 AB Groningen"
    assert "**Quote: Bistro Noord B.V.**\nHavenkade 1" in said(card)
    assert "Bistro Noord B.V." not in body
    assert "[NAME1_" in body
    assert "known_customer" not in body


async def test_a_form_with_two_customers_is_asked_about(world: World) -> None:
    """Whoever chooses one customer and types another gets a question, and no address of the first."""
    await import_prices(world)
    await _remember(world, NOORD)
    await world.slack.command(ANNA, SALES, "/quote")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    found = await world.slack.suggest(ANNA, "input_known_customer", "noord")
    world.model.answers = [answer(*LINES, customer="")]
    chosen = {"input_known_customer": found.answer["options"][0]["value"], "input_customer": "Bakker Zuid"}
    await world.slack.submit(ANNA, {**chosen, "words": "4 hanglampen rookglas"})
    shown = said(await world.card())

    assert "The form names two customers, Bistro Noord B.V. and Bakker Zuid." in shown
    assert "Havenkade" not in shown


async def test_customers_are_looked_up_corrected_and_deleted(world: World) -> None:
    """Everybody finds them; whoever made one corrects and deletes it, and then no byte of it is in the file."""
    await _remember(world, NOORD)
    theirs = json.dumps(await _list(world, BEN, "groningen"))
    nobody = json.dumps(await _list(world, BEN, "nowhere"))
    view = json.dumps(await _list(world, ANNA))
    await world.slack.click_in_view(ANNA, "customer_change")
    form = await world.slack.wait_for(lambda: _open(world, ANNA, "customer"))
    wrong = await world.slack.submit(ANNA, {"vat_number": "NL000", "name": "!", "address": "x" * 90})
    both = await world.slack.submit(ANNA, {"audience": "consumer"})
    right = {"name": "Bistro Noordster", "address": "Plein 9\n\nAssen", "vat_number": VAT}
    await world.slack.submit(ANNA, {**right, "audience": "business", "language": "nl"})
    await world.slack.wait_for(lambda: "Noordster" in str(_open(world, ANNA, "customers")))
    (known,) = await _known(world, 1)
    await world.slack.click_in_view(ANNA, "customer_delete")
    await _known(world, 0)
    await world.slack.wait_for(lambda: "Noordster" not in str(_open(world, ANNA, "customers")))

    assert "Bistro Noord B.V." in theirs
    assert "customer_delete" not in theirs
    assert "No customers fit." in nobody
    assert '"confirm"' in view
    assert "Bistro Noord B.V." in str(form["blocks"])
    assert set(wrong.answer["errors"]) == {"name", "address", "vat_number"}
    assert "A consumer has no VAT number" in both.answer["errors"]["vat_number"]
    assert (known.customer.name, known.customer.address) == ("Bistro Noordster", ("Plein 9", "Assen"))
    assert (known.language, known.user_id) == ("nl", ANNA)
    await world.bot.records.store.wipe()
    assert b"Noordster" not in stored(world.bot.records.store.path.parent, SCHEMA)


def _open(world: World, user_id: str, callback_id: str) -> dict[str, Any] | None:
    view = world.slack.modals.get(user_id)
    return view if view is not None and view["callback_id"] == callback_id else None


async def test_an_admin_may_delete_what_others_made(world: World) -> None:
    """An admin erases a customer on request; somebody else's press does nothing."""
    await _remember(world, NOORD)
    await _list(world, ANNA)
    view = json.dumps(await _list(world, CHEF))
    await world.slack.click_in_view(CHEF, "customer_delete")
    await _known(world, 0)
    await world.slack.click_in_view(ANNA, "customer_change")
    gone = await world.slack.wait_for(lambda: "No customers" in str(_open(world, ANNA, "customers")) or None)

    assert "customer_delete" in view
    assert gone


async def test_the_same_customer_is_kept_once(world: World) -> None:
    """A new address with the same VAT number is a move; another address without a number is another customer."""
    await _remember(world, NOORD, NOORD, Customer("bistro noord", ("Plein 5",), VAT, False))
    (moved,) = await _known(world, 1)
    await _remember(
        world,
        Customer("Bakker Zuid", ("Plein 1",)),
        Customer("Bakker Zuid"),
        Customer("Bakker Zuid", ("Weg 2",)),
    )
    known = await _known(world, 3)

    assert (moved.customer.name, moved.customer.address) == ("bistro noord", ("Plein 5",))
    assert sorted(one.customer.address for one in known if "Bakker" in one.customer.name) == [
        ("Plein 1",),
        ("Weg 2",),
    ]


async def test_customers_can_be_exported_and_are_forgotten_in_time(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """`export customers` prints all that is remembered; two years after the last quote a customer is gone."""
    await _remember(world, NOORD)
    export(world.bot.settings, "customers", form="jsonl", start=None, end=None)
    printed = json.loads(capsys.readouterr().out)
    await world.bot.records.drafts.delete_expired()
    kept = await world.bot.records.customers.known("T1")
    await world.bot.records.store.write(
        lambda db: db.execute("update customers set delete_after = '2020-01-01'")
    )
    await world.bot.records.drafts.delete_expired()

    assert (printed["name"], printed["vat_number"]) == (NOORD.name, VAT)
    assert len(kept) == 1
    assert await world.bot.records.customers.known("T1") == []
