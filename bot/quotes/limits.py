"""What a discount comes to against the price list, and which lines bring in less than they must."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from bot.quotes.sums import CENT, Sums, Totals, Worked, round_cents

WHOLE = -1
"""In the place of a line: the quote as a whole."""


def list_amount(one: Worked, *, includes_vat: bool) -> Decimal:
    """Return what a line costs by the price list, in the quote's own prices; its own price where none is listed."""
    line = one.line
    if line.list_price is None or not line.by_hand:
        return one.listed
    rate = line.vat.rate if includes_vat else Decimal(0)
    return round_cents(line.quantity * line.list_price * (100 + rate) / 100)


def find_large(totals: Totals, *, limit: int, includes_vat: bool) -> list[int]:
    """Return the places of the lines, and `WHOLE`, that are given away by more than *limit* per cent.

    The effective discount counts: a lower price by hand, the line's own discount, and its share of the one on
    the whole together. A line that has nothing of its own is judged with the whole.
    """
    kept, large = _kept(totals.sums), []
    base_listed = Decimal(0)
    for place, one in enumerate(totals.lines):
        listed = list_amount(one, includes_vat=includes_vat)
        base = one.line.kind == "base"
        base_listed += max(listed, one.total) if base else 0
        given = one.total * kept if base else one.total
        if one.total < listed and _passes(listed - given, of=listed, limit=limit):
            large.append(place)
    sums = totals.sums
    if _passes(base_listed - (sums.lines - sums.discount), of=base_listed, limit=limit):
        large.append(WHOLE)
    return large


def find_low(totals: Totals, floors: Mapping[str, Decimal]) -> list[int]:
    """Return the places of the lines of which one unit brings in less than its floor price, by SKU."""
    kept = _kept(totals.sums)
    low = []
    for place, one in enumerate(totals.lines):
        share = one.total / one.listed if one.listed else Decimal(1)
        # The discount on the whole counts, where it is given.
        if one.line.price * share * (kept if one.line.kind == "base" else 1) < floors.get(one.line.sku, 0):
            low.append(place)
    return low


def _kept(sums: Sums) -> Decimal:
    return 1 - sums.discount / sums.lines if sums.lines else Decimal(1)


def _passes(discount: Decimal, *, of: Decimal, limit: int) -> bool:
    """Say whether a discount is more than *limit* per cent; the cent that rounding may add is no discount."""
    return (discount - CENT) * 100 > limit * of
