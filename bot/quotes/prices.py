"""What an article costs: the rows of a price list, which of them holds on a day, and the price for a quantity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bot.quotes.vat import FOREVER, Code


@dataclass(frozen=True)
class Tier:
    """From this quantity on, one unit costs this."""

    from_quantity: Decimal
    price: Decimal


@dataclass(frozen=True)
class PriceRow:
    """One article for a while; prices are for one unit, without VAT.

    Attributes:
        tiers: by rising quantity; below the first of them `price` holds.
        floor_price: what one unit must bring in after every discount; None for no limit.
    """

    sku: str
    name: str
    unit: str
    price: Decimal
    vat_code: Code
    valid_from: date = date.min
    valid_to: date = FOREVER
    tiers: tuple[Tier, ...] = ()
    floor_price: Decimal | None = None

    def price_for(self, quantity: Decimal) -> Decimal:
        """Return what one unit costs when *quantity* are bought."""
        reached = [tier.price for tier in self.tiers if tier.from_quantity <= quantity]
        return reached[-1] if reached else self.price


def valid_on(rows: Iterable[PriceRow], day: date) -> dict[str, PriceRow]:
    """Return the rows that hold on *day*, by SKU; where two do, the one that began later."""
    holding = [row for row in rows if row.valid_from <= day <= row.valid_to]
    return {row.sku: row for row in sorted(holding, key=lambda row: row.valid_from)}


@dataclass(frozen=True)
class Changes:
    """What a new price list changes, counted in articles."""

    changed: int
    new: int
    gone: int


def compare_lists(before: Mapping[str, PriceRow], after: Mapping[str, PriceRow]) -> Changes:
    """Count what differs between two lists of one day, by SKU; another price from some quantity on counts too."""
    changed = sum(
        (before[sku].price, before[sku].tiers) != (row.price, row.tiers)
        for sku, row in after.items()
        if sku in before
    )
    return Changes(changed, new=len(after.keys() - before.keys()), gone=len(before.keys() - after.keys()))
