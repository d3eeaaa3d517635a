"""Every quote is right to the cent, whatever its lines, discounts and rates."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.quotes import Discount, Line, Totals, Vat, find_vat, read_vat_number, split_payments, work_out
from bot.quotes.vat import find_vat_numbers, read_code

TAXES = [Vat("S", Decimal(21)), Vat("S", Decimal(9)), Vat("Z", Decimal(0)), Vat("AE", Decimal(0))]
HIGH, LOW = TAXES[:2]


def _line(price: str = "100", quantity: str = "1", tax: Vat = HIGH, **more: object) -> Line:
    return Line("A", "Article", "pc", Decimal(quantity), Decimal(price), tax, **more)  # type: ignore[arg-type]


def _random_quote(chance: random.Random) -> tuple[list[Line], Discount, bool]:
    """Make up a quote: 1 to 8 lines, prices to six decimals, both kinds of discount, all kinds of lines."""
    lines: list[Line] = []
    for _ in range(chance.randint(1, 8)):
        kind = chance.choice(["base"] * 6 + ["option", "alternative"]) if lines else "base"
        decimals = chance.choice([0, 2, 2, 2, 4, 6])
        price = Decimal(chance.randint(1, 90_000 * 10**decimals)).scaleb(-decimals)
        quantity = Decimal(chance.randint(1, 40_000)).scaleb(-chance.choice([0, 2, 3]))
        discount = Discount()
        if chance.random() < 0.3:
            discount = Discount(percent=Decimal(chance.randint(1, 10_000)).scaleb(-2))
        elif price * quantity > 5 and chance.random() < 0.2:
            discount = Discount(amount=Decimal(chance.randint(1, 400)).scaleb(-2))
        lines.append(
            Line(
                "A",
                "Article",
                "pc",
                quantity,
                price,
                chance.choice(TAXES),
                kind=kind,  # type: ignore[arg-type]
                discount=discount,
                replaces=0 if kind == "alternative" else -1,
            )
        )
    whole = Discount(percent=Decimal(chance.randint(0, 5_000)).scaleb(-2))
    return lines, whole if chance.random() < 0.5 else Discount(), chance.random() < 0.4


def _nearest(over: int, under: int) -> int:
    """Round a fraction to a whole number, halves up."""
    return (2 * over + under) // (2 * under)


def _line_cents(line: Line, *, includes_vat: bool) -> int:
    """Work out a line in whole numbers alone: fractions whose two sides are kept apart."""
    over, under = line.price.as_integer_ratio()
    if includes_vat:
        # To the cent, or as fine as the price is.
        fine = next(10**digits for digits in range(2, 9) if 10**digits % under == 0)
        rate, rates = line.vat.rate.as_integer_ratio()
        over, under = _nearest(over * (100 * rates + rate) * fine, under * 100 * rates), fine
    quantity, parts = line.quantity.as_integer_ratio()
    percent, percents = line.discount.percent.as_integer_ratio()
    amount, amounts = line.discount.amount.as_integer_ratio()
    paid = _nearest(over * quantity * (100 * percents - percent), under * parts * percents)
    return paid - _nearest(amount * 100, amounts)


def _expect(lines: list[tuple[Vat, int]], discount: Discount, *, includes_vat: bool) -> tuple[int, int]:
    """Work out net and VAT of lines in whole cents, on another road than the code."""
    rates: dict[Vat, int] = {}
    for tax, cents in lines:
        rates[tax] = rates.get(tax, 0) + cents
    whole = sum(rates.values())
    percent, percents = discount.percent.as_integer_ratio()
    taken = _nearest(whole * percent, 100 * percents)
    shares = {tax: divmod(taken * cents, whole) if whole else (0, 0) for tax, cents in rates.items()}
    given = {tax: share for tax, (share, _) in shares.items()}
    ranking = sorted(rates, key=lambda tax: (-shares[tax][1], -tax.rate, tax.category))
    for tax in ranking[: taken - sum(given.values())]:
        given[tax] += 1
    net = vat = 0
    for tax, cents in rates.items():
        left, (rate, of) = cents - given[tax], tax.rate.as_integer_ratio()
        part = _nearest(left * rate, 100 * of + (rate if includes_vat else 0))
        vat += part
        net += left - (part if includes_vat else 0)
    return net, vat


def _told(totals: Totals) -> list[tuple[int, int]]:
    sums = [totals.sums, *(choice.sums for choice in totals.choices)]
    return [(int(one.net * 100), int(one.vat * 100)) for one in sums]


def test_twenty_thousand_quotes_equal_fractions_to_the_cent() -> None:
    """Whatever is quoted, the customer's own calculator gives the same total, with every choice."""
    chance = random.Random(20_261_124)
    for number in range(20_000):
        lines, discount, includes_vat = _random_quote(chance)
        cents = [(line.vat, _line_cents(line, includes_vat=includes_vat)) for line in lines]
        base = [one for line, one in zip(lines, cents, strict=True) if line.kind == "base"]
        expected = [_expect(base, discount, includes_vat=includes_vat)]
        for line, one in zip(lines, cents, strict=True):
            if line.kind != "base":
                chosen = [*base, one] if line.kind == "option" else [one, *base[1:]]
                expected.append(_expect(chosen, discount, includes_vat=includes_vat))
        totals = work_out(lines, discount=discount, includes_vat=includes_vat)
        sums = totals.sums

        assert _told(totals) == expected, number
        assert sums.payable == sums.net + sums.vat
        assert sum(group.discount for group in sums.groups) == sums.discount
        assert sum(group.lines for group in sums.groups) == sums.lines


def test_vat_is_rounded_once_per_rate() -> None:
    """Three lines of € 0.05 at 21 % bear three cents of VAT, not three times one."""
    sums = work_out([_line("0.05"), _line("0.05"), _line("0.05")]).sums

    assert (sums.net, sums.vat, sums.payable) == (Decimal("0.15"), Decimal("0.03"), Decimal("0.18"))


def test_half_a_cent_goes_up() -> None:
    """2.675 is 2.68, which a computer's floating numbers would make 2.67."""
    assert work_out([_line("2.675")]).sums.net == Decimal("2.68")


def test_consumer_prices_add_up_as_shown() -> None:
    """A consumer who adds the shown prices gets the shown total, and VAT is taken out of it."""
    totals = work_out([_line("8.26", "3"), _line("1.01", "7", LOW)], includes_vat=True)

    assert [one.unit_price for one in totals.lines] == [Decimal("9.99"), Decimal("1.10")]
    assert totals.sums.payable == Decimal("37.67")
    assert totals.sums.vat == Decimal("5.84")


def test_a_price_below_a_cent_is_not_free_for_consumers() -> None:
    """A thousand screws of 0.4 cent cost a consumer five euros, not nothing."""
    totals = work_out([_line("0.004", "1000")], includes_vat=True)

    assert totals.lines[0].unit_price == Decimal("0.005")
    assert totals.sums.payable == Decimal("5.00")


def test_options_and_alternatives_stay_out_of_the_total() -> None:
    """The total holds base lines alone; each choice says what it adds or saves."""
    lines = [_line("100"), _line("50", kind="option"), _line("80", kind="alternative", replaces=0)]
    totals = work_out(lines)

    assert totals.sums.payable == Decimal("121.00")
    assert [choice.difference for choice in totals.choices] == [Decimal("60.50"), Decimal("-24.20")]


@pytest.mark.parametrize(
    ("lines", "discount"),
    [
        ([_line(quantity="0")], Discount()),
        ([_line(discount=Discount(amount=Decimal(101)))], Discount()),
        ([_line(discount=Discount(percent=Decimal(101)))], Discount()),
        ([_line()], Discount(amount=Decimal(101))),
        ([_line(), _line(kind="alternative", replaces=1)], Discount()),
    ],
)
def test_nonsense_is_refused(lines: list[Line], discount: Discount) -> None:
    """No quote goes below zero, and nothing stands in for what is not there."""
    with pytest.raises(ValueError, match=r"quantity|discount|alternative"):
        work_out(lines, discount=discount)


def test_instalments_add_up_to_the_last_cent() -> None:
    """Three thirds of € 100.01 are € 100.01."""
    thirds = split_payments(Decimal("100.01"), [Decimal("33.3"), Decimal("33.3"), Decimal("33.4")])

    assert sum(thirds) == Decimal("100.01")
    assert thirds[:2] == [Decimal("33.30"), Decimal("33.30")]
    with pytest.raises(ValueError, match="100"):
        split_payments(Decimal(100), [Decimal(30), Decimal(60)])


@given(
    cents=st.one_of(st.integers(0, 20), st.integers(0, 10**9)),
    cuts=st.sets(st.integers(1, 99), max_size=20),
)
@example(cents=3, cuts={20, 40, 60, 80})
@example(cents=2, cuts={33, 66})
def test_no_instalment_is_below_zero(cents: int, cuts: set[int]) -> None:
    """Whatever the shares, no instalment is negative, none but the last is above its share, and all add up."""
    payable = Decimal(cents).scaleb(-2)
    edges = [0, *sorted(cuts), 100]
    shares = [Decimal(end - start) for start, end in pairwise(edges)]
    parts = split_payments(payable, shares)

    assert sum(parts) == payable
    assert min(parts) >= 0
    assert all(part == round(part, 2) for part in parts)
    assert all(
        part <= payable * share / 100 + Decimal("0.005")
        for part, share in zip(parts[:-1], shares, strict=False)
    )


@pytest.mark.parametrize(
    ("code", "day", "rate"),
    [
        ("hoog", date(2026, 11, 24), "21"),
        ("9%", date(2026, 11, 24), "9"),
        ("logies", date(2025, 12, 31), "9"),
        ("logies", date(2026, 1, 1), "21"),
        ("vrijgesteld", date(2026, 1, 1), "0"),
        ("verlegd", date(2026, 1, 1), "21"),
    ],
)
def test_the_rate_is_that_of_the_day_of_delivery(code: str, day: date, rate: str) -> None:
    """A stay in 2026 is taxed as in 2026, whenever it is quoted; without a VAT number VAT is charged."""
    read = read_code(code)
    tax = find_vat(read, day, reverse=False) if read else None

    assert tax is not None
    assert tax.rate == Decimal(rate)


def test_a_rate_of_a_year_that_the_table_lacks_is_not_guessed() -> None:
    """A day before the table begins has no rate, and a word that is no code is none."""
    assert find_vat("high", date(2012, 9, 30), reverse=False) is None
    assert read_code("19%") is None
    assert find_vat("reverse", date(2026, 1, 1), reverse=True) == Vat("AE", Decimal(0))


def test_a_vat_number_needs_its_check_digits() -> None:
    """A typing error in a VAT number does not make VAT disappear."""
    assert read_vat_number("nl 0044.95.445.B01") == "NL004495445B01"
    assert read_vat_number("NL004495446B01") == ""
    assert read_vat_number("") == ""
    assert find_vat_numbers("Btw NL004495445B01, of BE0123456749 en 2026".replace(",", "").split()) == [
        "NL004495445B01",
        "BE0123456749",
    ]
