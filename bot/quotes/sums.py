"""What a quote adds up to, as EN 16931 rounds: each line to the cent, then exact sums, then VAT once per rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Literal

from bot.quotes.vat import Vat
from bot.value import split_whole

Kind = Literal["base", "option", "alternative"]
"""`base` is in the total, an `option` comes on top if it is chosen, an `alternative` stands in for a base line."""

CENT = Decimal("0.01")
_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Discount:
    """Per cent, or an amount in the quote's own prices; at most one of the two."""

    percent: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)

    def __bool__(self) -> bool:
        return bool(self.percent or self.amount)


NONE = Discount()


@dataclass(frozen=True)
class Line:
    """One line of a quote, priced without VAT.

    Attributes:
        price: of one unit, without VAT, also in a quote whose prices include it.
        replaces: which base line an alternative stands in for: its place among all lines, from 0.
        list_price: of one unit, what the price list says of this quantity; None for what is not on the list.
    """

    sku: str
    name: str
    unit: str
    quantity: Decimal
    price: Decimal
    vat: Vat
    kind: Kind = "base"
    discount: Discount = NONE
    replaces: int = -1
    note: str = ""
    list_price: Decimal | None = None

    @property
    def by_hand(self) -> bool:
        """Whether a person, and not the price list, said what it costs."""
        return self.price != self.list_price


@dataclass(frozen=True)
class Worked:
    """A line worked out, in the quote's own prices: with VAT in a quote that includes it, else without."""

    line: Line
    unit_price: Decimal
    listed: Decimal
    total: Decimal


@dataclass(frozen=True)
class Group:
    """What is taxed alike: its lines together, its share of the discount, and its VAT.

    Attributes:
        lines, discount: in the quote's own prices.
        net, vat: without VAT, and the VAT of that.
    """

    tax: Vat
    lines: Decimal
    discount: Decimal
    net: Decimal
    vat: Decimal


@dataclass(frozen=True)
class Sums:
    """The base lines added up.

    Attributes:
        lines: in the quote's own prices, before *discount*.
        net, vat, payable: without VAT, the VAT, and both together.
    """

    groups: tuple[Group, ...]
    lines: Decimal
    discount: Decimal
    net: Decimal
    vat: Decimal
    payable: Decimal


@dataclass(frozen=True)
class Choice:
    """What choosing an option or an alternative changes: the sums with it, and the difference to pay."""

    place: int
    sums: Sums
    difference: Decimal


@dataclass(frozen=True)
class Totals:
    """A whole quote worked out; `lines` in the order that they were given in."""

    lines: tuple[Worked, ...]
    sums: Sums
    choices: tuple[Choice, ...]


def round_cents(amount: Decimal) -> Decimal:
    """Round to the cent, half a cent away from zero."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP, context=_EXACT)


def work_out(lines: Sequence[Line], *, discount: Discount = NONE, includes_vat: bool = False) -> Totals:
    """Return what *lines* cost together, and with each option and alternative.

    Args:
        discount: on all base lines together; spread over their rates so that the cents add up.
        includes_vat: prices are shown with VAT, as consumers must see them; the VAT is then taken out of them.

    Raises:
        ValueError: a quantity is not above zero, a discount takes more than there is, or an alternative
            stands in for what is no base line.
    """
    with localcontext(_EXACT):
        worked = tuple(_work_out_line(line, includes_vat=includes_vat) for line in lines)
        base = [one for one in worked if one.line.kind == "base"]
        sums = _add_up(base, discount=discount, includes_vat=includes_vat)
        choices = []
        for place, one in enumerate(worked):
            if one.line.kind == "base":
                continue
            chosen = [*base, one]
            if one.line.kind == "alternative":
                replaced = _replaced(worked, one)
                chosen = [one if each is replaced else each for each in base]
            # An amount that was promised on what stands in the total does not grow with what is chosen.
            with_it = _add_up(chosen, discount=discount, includes_vat=includes_vat)
            choices.append(Choice(place, with_it, with_it.payable - sums.payable))
        return Totals(worked, sums, tuple(choices))


def split_payments(payable: Decimal, percents: Sequence[Decimal]) -> list[Decimal]:
    """Split what is to be paid into instalments; none is below zero, and the last one takes what rounding left.

    Raises:
        ValueError: the shares are not above zero or do not add up to 100.
    """
    if not percents:
        return []
    if sum(percents) != 100 or any(percent <= 0 for percent in percents):
        raise ValueError("instalments must be above zero and add up to 100")
    with localcontext(_EXACT):
        parts: list[Decimal] = []
        left = payable
        for percent in percents[:-1]:
            # Of a few cents there is less left than rounding up would take.
            parts.append(min(round_cents(payable * percent / 100), left))
            left -= parts[-1]
        return [*parts, left]


def _work_out_line(line: Line, *, includes_vat: bool) -> Worked:
    if line.quantity <= 0:
        raise ValueError("a quantity must be above zero")
    unit_price = line.price
    if includes_vat:
        # To the cent, or as fine as the price list is: a screw of a tenth of a cent must not become free.
        finest = min(CENT, Decimal(1).scaleb(int(unit_price.normalize().as_tuple().exponent)))
        unit_price = (unit_price * (100 + line.vat.rate) / 100).quantize(finest)
    listed = round_cents(line.quantity * unit_price)
    percent, amount = line.discount.percent, line.discount.amount
    total = round_cents(line.quantity * unit_price * (100 - percent) / 100) - round_cents(amount)
    if not 0 <= percent <= 100 or amount < 0 or total < 0:
        raise ValueError("a discount takes more than the line")
    return Worked(line, unit_price, listed, total)


def _replaced(worked: Sequence[Worked], one: Worked) -> Worked:
    place = one.line.replaces
    if not 0 <= place < len(worked) or worked[place].line.kind != "base":
        raise ValueError("an alternative must stand in for a base line")
    return worked[place]


def _add_up(chosen: Sequence[Worked], *, discount: Discount, includes_vat: bool) -> Sums:
    lines = sum((one.total for one in chosen), Decimal(0))
    taken = round_cents(lines * discount.percent / 100) + round_cents(discount.amount)
    if not 0 <= discount.percent <= 100 or not 0 <= taken <= lines:
        raise ValueError("a discount takes more than the lines")
    by_tax: dict[Vat, Decimal] = {}
    for one in chosen:
        by_tax[one.line.vat] = by_tax.get(one.line.vat, Decimal(0)) + one.total
    taxes = sorted(by_tax, key=lambda tax: (-tax.rate, tax.category))
    shares = split_whole(_cents(taken), [_cents(by_tax[tax]) for tax in taxes])
    groups = tuple(
        _tax(tax, by_tax[tax], discount=Decimal(share) * CENT, includes_vat=includes_vat)
        for tax, share in zip(taxes, shares, strict=True)
    )
    net = sum((group.net for group in groups), Decimal(0))
    vat = sum((group.vat for group in groups), Decimal(0))
    return Sums(groups, lines, taken, net, vat, net + vat)


def _tax(tax: Vat, lines: Decimal, *, discount: Decimal, includes_vat: bool) -> Group:
    amount = lines - discount
    if includes_vat:
        vat = round_cents(amount * tax.rate / (100 + tax.rate))
        return Group(tax, lines, discount, amount - vat, vat)
    return Group(tax, lines, discount, amount, round_cents(amount * tax.rate / 100))


def _cents(amount: Decimal) -> int:
    return int(amount / CENT)
