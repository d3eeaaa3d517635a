"""What minutes and model calls are worth, in whole micro-units of the workspace's currency; never a float."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Literal

from bot.value.totals import Total

MICRO = 1_000_000
UNITS = (1_000_000, 100_000, 10_000)
"""The smallest amount that is printed with no decimals, one, or two."""

REALISATION_DEFAULT = Decimal("0.5")
"""The share of a saved hour that becomes an hour of other work: an assumption, visible and editable."""

REALISATIONS = (Decimal("0.25"), Decimal("0.5"), Decimal("1"))


@dataclass(frozen=True)
class Rates:
    """The workspace's own figures, in its currency.

    Attributes:
        usd: what one US dollar costs.
        fixed_monthly: hosting, subscriptions, keeping it going.
        set_up: spent once, before the first run; only the payback asks for it.
    """

    hourly: Decimal
    usd: Decimal
    fixed_monthly: Decimal = Decimal(0)
    set_up: Decimal = Decimal(0)
    realisation: Decimal = REALISATION_DEFAULT


@dataclass(frozen=True)
class Spent:
    """What a period cost: model calls as billed in dollars, and its share of the months.

    Attributes:
        calls_unpriced: calls whose price is unknown; they are in no sum.
    """

    model_microusd: int
    calls_unpriced: int
    months: Fraction


@dataclass(frozen=True)
class Money:
    """A period in money; micro-units of the currency, whole.

    Attributes:
        value_low, value, value_high: the net minutes and their range, at rate and realisation.
        break_even_minutes: what one accepted run must save for the costs to be covered; None where that cannot be.
        payback_months: until the set-up is earned back; None is "not within sight": a month costs what it gives.
        return_share: `(value - cost) / cost`; None without costs.
    """

    value_low: int
    value: int
    value_high: int
    model_cost: int
    fixed_cost: int
    cost: int
    net: int
    calls_unpriced: int
    break_even_minutes: Decimal | None
    payback_months: Decimal | None
    return_share: Decimal | None
    indicative: bool


@dataclass(frozen=True)
class Cell:
    """One cell of the sensitivity table: the net money had these been true."""

    realisation: Decimal
    baseline: Literal["low", "typical", "high"]
    net: int


def months_between(start: date, end: date) -> Fraction:
    """Return how many months lie in [start, end), each day as a part of its own month; whole months are whole."""
    months = Fraction(0)
    while start < end:
        length = calendar.monthrange(start.year, start.month)[1]
        following = date(start.year + start.month // 12, start.month % 12 + 1, 1)
        months += Fraction((min(end, following) - start).days, length)
        start = following
    return months


def value_minutes(minutes: float, *, hourly: Decimal, realisation: Decimal) -> int:
    """Return what minutes are worth: `hours x hourly rate x realisation`; a loss is worth less than nothing."""
    return _micro(Fraction(minutes) / 60 * Fraction(hourly) * Fraction(realisation))


def cost_model(microusd: int, usd: Decimal) -> int:
    """Return a model bill in the currency."""
    return _micro(Fraction(microusd, MICRO) * Fraction(usd))


def cost_period(spent: Spent, rates: Rates) -> int:
    """Return what a period cost: its model bill and its share of the fixed costs."""
    return cost_model(spent.model_microusd, rates.usd) + _fixed(spent, rates)


def work_out_money(total: Total, spent: Spent, rates: Rates) -> Money | None:
    """Return a total in money; None under ten accepted runs, as so few say nothing that may carry a price.

    The costs are those of *spent*, whatever they were spent on: give one total its own.
    """
    if total.figure == "none":
        return None
    low, point, high = (
        value_minutes(minutes, hourly=rates.hourly, realisation=rates.realisation)
        for minutes in (total.net.low, total.net.point, total.net.high)
    )
    model, fixed = cost_model(spent.model_microusd, rates.usd), _fixed(spent, rates)
    cost = model + fixed
    return Money(
        value_low=low,
        value=point,
        value_high=high,
        model_cost=model,
        fixed_cost=fixed,
        cost=cost,
        net=point - cost,
        calls_unpriced=spent.calls_unpriced,
        break_even_minutes=find_break_even(cost, accepted=total.accepted, rates=rates),
        payback_months=_payback(point - cost, months=spent.months, set_up=rates.set_up),
        return_share=Decimal(point - cost) / Decimal(cost) if cost else None,
        indicative=total.figure == "indicative",
    )


def find_break_even(cost: int, *, accepted: int, rates: Rates) -> Decimal | None:
    """Return the minutes that one accepted run must save, net, for *cost* to be covered.

    `cost / accepted / (hourly rate x realisation) x 60`: it needs no belief in any baseline.
    """
    worth = rates.hourly * rates.realisation * MICRO
    if accepted <= 0 or worth <= 0:
        return None
    return Decimal(cost) / accepted / worth * 60


def vary(total: Total, spent: Spent, rates: Rates) -> tuple[Cell, ...]:
    """Return the sensitivity table, realisation by baseline; empty under ten accepted runs."""
    if total.figure == "none":
        return ()
    cost = cost_period(spent, rates)
    columns: tuple[tuple[Literal["low", "typical", "high"], float], ...] = (
        ("low", total.net_at_low),
        ("typical", total.net.point),
        ("high", total.net_at_high),
    )
    return tuple(
        Cell(share, name, value_minutes(minutes, hourly=rates.hourly, realisation=share) - cost)
        for share in REALISATIONS
        for name, minutes in columns
    )


def split_whole(total: int, weights: Sequence[int]) -> list[int]:
    """Split a whole amount by weights so that the parts add up to it: the largest remainders take what is left.

    A fixed cost over tasks, or micro-units into cents. Equal remainders go to the first. Without any weight
    all parts weigh the same.
    """
    if not weights:
        return []
    shares = list(weights) if sum(weights) else [1] * len(weights)
    whole = sum(shares)
    parts = [abs(total) * share // whole for share in shares]
    order = sorted(range(len(shares)), key=lambda at: (-(abs(total) * shares[at] % whole), at))
    for at in order[: abs(total) - sum(parts)]:
        parts[at] += 1
    return [part if total >= 0 else -part for part in parts]


def to_cents(micro: int, *, digits: int = 2) -> int:
    """Return whole cents, half a cent away from zero, as a table prints them.

    Args:
        digits: decimals that the currency is printed with; 0 gives hundreds of cents, such as whole yen.
    """
    return int((Decimal(micro) / UNITS[digits]).to_integral_value(ROUND_HALF_UP)) * UNITS[digits] // UNITS[2]


def round_together(micros: Sequence[int], *, digits: int = 2) -> list[int]:
    """Return cents whose sum is the rounded sum of *micros*: a printed column adds up to its printed total."""
    unit = UNITS[digits]
    parts = [micro // unit for micro in micros]
    left = to_cents(sum(micros), digits=digits) * UNITS[2] // unit - sum(parts)
    order = sorted(range(len(micros)), key=lambda at: (-(micros[at] % unit), at))
    for at in order[:left]:
        parts[at] += 1
    return [part * unit // UNITS[2] for part in parts]


def _fixed(spent: Spent, rates: Rates) -> int:
    return _micro(spent.months * Fraction(rates.fixed_monthly))


def _payback(net: int, *, months: Fraction, set_up: Decimal) -> Decimal | None:
    if net <= 0 or not months:
        return None
    return set_up * MICRO * months.numerator / (Decimal(net) * months.denominator)


def _micro(amount: Fraction) -> int:
    """Round an exact amount to whole micro-units, halves away from zero."""
    scaled = abs(amount) * MICRO
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return whole if amount >= 0 else -whole
