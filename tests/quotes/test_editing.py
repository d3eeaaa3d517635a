"""What stands in the fields of a quote's form is what was quoted, to the last decimal, whoever edits it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.quotes import Discount, Line, PriceRow, Tier, Vat, editing
from bot.quotes.exchange import quote_csv, quote_json
from bot.quotes.limits import WHOLE, find_large, find_low
from bot.quotes.offer import Customer, Offer, Unpriced
from bot.quotes.pricelist import read_amount
from bot.quotes.stored import Basis, read_basis, write_basis
from bot.quotes.sums import Kind, round_cents
from bot.tasks import Firm

HIGH, LOW = Vat("S", Decimal(21)), Vat("S", Decimal(9))
ROW = PriceRow("L", "Lamp", "stuk", Decimal(100), "high", tiers=(Tier(Decimal(10), Decimal(90)),))

names = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)
discounts = st.one_of(
    st.just(Discount()),
    st.decimals("0.01", "100", places=2).map(lambda percent: Discount(percent=percent)),
)


@st.composite
def offers(draw: st.DrawFn) -> Offer:
    """Return any quote that a draft can hold."""
    lines: list[Line] = []
    for _ in range(draw(st.integers(0, 6))):
        bases = [place for place, line in enumerate(lines) if line.kind == "base"]
        kind: Kind = draw(st.sampled_from(["base", "option", *(["alternative"] if bases else [])]))
        price = draw(st.decimals(0, 5_000, places=draw(st.integers(0, 6))))
        lines.append(
            Line(
                sku=draw(names),
                name=draw(names),
                unit=draw(names),
                quantity=draw(st.decimals("0.001", 9_999, places=3)),
                price=price,
                vat=draw(st.sampled_from([HIGH, LOW, Vat("AE", Decimal(0)), Vat("E", Decimal(0))])),
                kind=kind,
                discount=draw(discounts),
                replaces=draw(st.sampled_from(bases)) if kind == "alternative" else -1,
                list_price=draw(st.sampled_from([price, price + 1])),
            )
        )
    return Offer(
        language=draw(st.sampled_from(["en", "nl"])),
        currency="EUR",
        customer=Customer("Noord", ("Kade 1",), "", draw(st.booleans())),
        lines=tuple(lines),
        unpriced=tuple(
            Unpriced(name, draw(st.sampled_from([None, Decimal(3)])))
            for name in draw(st.lists(names, max_size=2))
        ),
        quoted_on=date(2026, 11, 24),
        valid_until=date(2026, 12, 24),
        binding=False,
        discount=draw(discounts),
    )


@given(offers(), st.booleans())
def test_opening_and_sending_in_changes_nothing(offer: Offer, comma: bool) -> None:
    """Whoever opens the lines and sends them in as they are has the quote that they had, to the last decimal."""
    edit = editing.begin(offer, unit="stuk", comma=comma)
    again = editing.read_edit(json.loads(json.dumps(editing.write_edit(edit))))
    reading = editing.read(again, offer)

    assert again == edit
    assert reading.wrong == {}
    assert reading.offer == offer


@given(offers())
def test_what_a_quote_rests_on_is_kept_whole(offer: Offer) -> None:
    """Stored and read back it is the same quote."""
    basis = Basis(offer, ("Welke kleur?",), ("note",))

    assert read_basis(json.loads(json.dumps(write_basis(basis)))) == basis


@given(st.decimals(0, 10_000_000, places=6), st.booleans(), st.integers(0, 2))
def test_an_amount_is_read_as_it_was_written(amount: Decimal, comma: bool, least: int) -> None:
    """No amount in a field can be read in two ways."""
    assert read_amount(editing.write_amount(amount, comma=comma, least=least)) == amount


@given(
    st.dictionaries(
        st.sampled_from(["quantity:1", "price:1", "discount:1", "discount:0"]), st.text(max_size=30)
    )
)
def test_whatever_is_typed_there_is_a_total_or_a_fault(values: dict[str, str]) -> None:
    """Nothing that can be typed breaks the form: it comes to a quote that adds up, or is told at its field."""
    offer = _offer(_line())
    edit = editing.fill(editing.begin(offer, unit="stuk", comma=False), values, {"L": ROW}, comma=False)
    reading = editing.read(edit, offer)

    assert (reading.offer is None) == bool(reading.wrong)
    if reading.totals is not None:
        sums = reading.totals.sums
        assert sums.payable == sums.net + sums.vat >= 0
    else:
        assert all(key in (0, 1) for key, _ in reading.wrong)


def _line(price: str = "100", listed: str = "100", **more: object) -> Line:
    line = Line("L", "Lamp", "stuk", Decimal(1), Decimal(price), HIGH, list_price=Decimal(listed))
    return replace(line, **more)  # type: ignore[arg-type]


def _offer(*lines: Line, discount: Discount | None = None, consumer: bool = False) -> Offer:
    return Offer(
        language="nl",
        currency="EUR",
        customer=Customer("=Noord", consumer=consumer),
        lines=lines,
        unpriced=(),
        quoted_on=date(2026, 11, 24),
        valid_until=date(2026, 12, 24),
        binding=False,
        discount=discount or Discount(),
    )


@pytest.mark.parametrize("consumer", [False, True])
@pytest.mark.parametrize(
    ("line", "whole", "large"),
    [
        (_line(discount=Discount(Decimal(10))), "0", []),
        (_line(discount=Discount(Decimal(11))), "0", [0, WHOLE]),
        (_line("90"), "0", []),
        (_line("89"), "0", [0, WHOLE]),
        (_line("95", discount=Discount(Decimal(6))), "0", [0, WHOLE]),
        (_line("95"), "6", [0, WHOLE]),
        (_line(), "10", []),
        (_line(), "11", [WHOLE]),
        (_line("120", discount=Discount(Decimal(20))), "0", []),
        (_line("50", list_price=None), "0", []),
        (_line("0", "100"), "0", [0, WHOLE]),
        (_line("80", kind="option"), "0", [0]),
    ],
)
def test_a_discount_is_what_is_less_than_the_list(
    line: Line, whole: str, large: list[int], consumer: bool
) -> None:
    """A lower price, a discount on the line and one on the whole are one discount against the list."""
    offer = _offer(line, discount=Discount(Decimal(whole)), consumer=consumer)

    assert find_large(offer.work_out(), limit=10, includes_vat=consumer) == large


def test_a_small_discount_on_a_large_quote_is_judged_by_line() -> None:
    """Half off a small line is told, also where the whole hardly notices."""
    cheap = _line(discount=Discount(Decimal(50)))
    totals = _offer(_line(quantity=Decimal(50)), cheap).work_out()

    assert find_large(totals, limit=10, includes_vat=False) == [1]
    assert find_low(totals, {"L": Decimal(60)}) == [1]


def test_what_replaces_a_line_that_is_gone_becomes_an_option() -> None:
    """Removing a line loses no alternative of it, and makes none of it count."""
    offer = _offer(_line(), _line("80", "80", kind="alternative", replaces=0))
    edit = editing.begin(offer, unit="stuk", comma=True)
    removed = editing.read(editing.remove(edit, 1), offer).offer
    optional = editing.read(editing.set_kind(edit, 1, "option"), offer).offer

    assert removed is not None
    assert [line.kind for line in removed.lines] == ["option"]
    assert optional is not None
    assert [line.kind for line in optional.lines] == ["option", "option"]


def test_a_form_has_an_end() -> None:
    """Five hundred lines are enough; none more is added, and none of those is lost."""
    offer = _offer(*[_line()] * editing.MOST_LINES)
    edit = editing.begin(offer, unit="stuk", comma=True)
    full = editing.add_free(editing.add_article(edit, ROW, HIGH, comma=True), unit="stuk")

    assert len(full.entries) == editing.MOST_LINES
    assert editing.page_of(full, 500) == full.pages - 1


@given(offers())
def test_json_and_csv_add_up(offer: Offer) -> None:
    """What other programs are given adds up to the quote's own total, to the cent."""
    totals = offer.work_out()
    read = json.loads(quote_json(offer, totals, Firm(name="De Linde"), number="OFF-2026-0001"))
    breakdown = read["vatBreakdown"]
    listed = quote_csv(offer, totals, number="OFF-2026-0001", language="nl").decode("utf-8-sig")
    amount = "lineGrossAmount" if offer.customer.consumer else "lineNetAmount"

    assert sum(Decimal(one[amount]) for one in read["lines"]) == round_cents(totals.sums.lines)
    assert sum(Decimal(one["taxableAmount"]) for one in breakdown) == totals.sums.net
    assert Decimal(read["totals"]["totalWithVat"]) == totals.sums.payable
    assert sum(Decimal(one["amount"]) for one in read["documentLevelAllowances"]) == totals.sums.discount
    assert f"{totals.sums.payable:.2f}".replace(".", ",") in listed


@pytest.mark.parametrize("begins", ["=1+1", "+1", "-1", "@sum", "\tx", "\rx"])
def test_no_text_becomes_a_formula(begins: str) -> None:
    """A name that a spreadsheet would work out is shown as text; a discount of ours stays a number."""
    offer = _offer(_line(name=begins, note=begins), discount=Discount(Decimal(5)))
    written = quote_csv(offer, offer.work_out(), number="OFF-2026-0001", language="nl").decode("utf-8-sig")

    assert f"'{begins[:1]}" in written
    assert ";-5,00;" in written
