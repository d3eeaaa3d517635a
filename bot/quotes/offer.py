"""What is offered to whom: all that a quote rests on before it is written down; no words of ours here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bot.quotes.sums import NONE, Discount, Line, Totals, split_payments, work_out
from bot.tasks import Language


@dataclass(frozen=True)
class Unpriced:
    """Something that was asked for and has no price: it is not in the list, or nobody said how much of it."""

    words: str
    quantity: Decimal | None = None


@dataclass(frozen=True)
class Customer:
    """Who the quote is for; a consumer sees prices with VAT."""

    name: str = ""
    address: tuple[str, ...] = ()
    vat_number: str = ""
    consumer: bool = False


@dataclass(frozen=True)
class Offer:
    """A quote before it is written down.

    Attributes:
        discount: on all base lines together.
        payments: shares of the total in per cent; empty for all at once.
        binding: it cannot be taken back before `valid_until`.
    """

    language: Language
    currency: str
    customer: Customer
    lines: tuple[Line, ...]
    unpriced: tuple[Unpriced, ...]
    quoted_on: date
    valid_until: date
    binding: bool
    discount: Discount = NONE
    delivery_on: date | None = None
    payments: tuple[Decimal, ...] = ()

    def work_out(self) -> Totals:
        """Return what it costs.

        Raises:
            ValueError: see `bot.quotes.sums.work_out`.
        """
        return work_out(self.lines, discount=self.discount, includes_vat=self.customer.consumer)

    def known_amounts(self, totals: Totals) -> set[Decimal]:
        """Return every amount that code computed for this quote; no other may stand in its prose."""
        sums = [totals.sums, *(choice.sums for choice in totals.choices)]
        found = {abs(choice.difference) for choice in totals.choices}
        for one in totals.lines:
            found |= {one.unit_price, one.line.price, one.listed, one.total, one.line.discount.amount}
        for each in sums:
            found |= {each.lines, each.discount, each.net, each.vat, each.payable}
            for group in each.groups:
                found |= {group.lines, group.discount, group.net, group.vat}
        return found | set(split_payments(totals.sums.payable, self.payments))
