"""Money is whole, adds up, and is not shown where it would be guessing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.value import (
    Range,
    Rates,
    Spent,
    Total,
    cost_model,
    find_break_even,
    months_between,
    round_together,
    split_whole,
    to_cents,
    value_minutes,
    vary,
    work_out_money,
)

RATES = Rates(hourly=Decimal(45), usd=Decimal("0.9"), fixed_monthly=Decimal(12), set_up=Decimal(300))
SPENT = Spent(model_microusd=8_000_000, calls_unpriced=2, months=Fraction(2))
TOTAL = Total(
    kind="measured",
    tasks=("quote",),
    runs=220,
    accepted=200,
    counted_runs=220,
    extra_runs=0,
    extra_minutes=0,
    people=3,
    open_ended_runs=0,
    rows_minutes=2400,
    clock_minutes=0,
    rework_minutes=0,
    median_minutes=0,
    net=Range(low=-600, point=2400, high=4800),
    net_at_low=1200,
    net_at_high=3600,
    word_to_clock=None,
    figure="firm",
)
amounts = st.integers(-(10**12), 10**12)


def test_a_period_in_money() -> None:
    """Forty hours at 45 euros, half of it realised, less the model and two months of hosting."""
    money = work_out_money(TOTAL, SPENT, RATES)

    assert money is not None
    assert (money.value_low, money.value, money.value_high) == (-225_000_000, 900_000_000, 1_800_000_000)
    assert (money.model_cost, money.fixed_cost, money.cost) == (7_200_000, 24_000_000, 31_200_000)
    assert (money.net, money.calls_unpriced, money.indicative) == (868_800_000, 2, False)
    assert money.payback_months is not None
    assert round(money.payback_months, 2) == Decimal("0.69")
    assert money.return_share is not None
    assert round(money.return_share, 1) == Decimal("27.8")


def test_no_money_under_ten_runs() -> None:
    """A first week has no euro figure at all, and the next one is marked."""
    assert work_out_money(replace(TOTAL, figure="none"), SPENT, RATES) is None
    assert vary(replace(TOTAL, figure="none"), SPENT, RATES) == ()
    indicative = work_out_money(replace(TOTAL, figure="indicative"), SPENT, RATES)

    assert indicative is not None
    assert indicative.indicative


def test_break_even_needs_no_belief() -> None:
    """Four cents of model a run and 12 euros of hosting over 200 runs, at 45 euros: 0.13 minutes each."""
    full = replace(RATES, realisation=Decimal(1))
    found = find_break_even(20_000_000, accepted=200, rates=full)

    assert found is not None
    assert round(found, 2) == Decimal("0.13")
    assert find_break_even(20_000_000, accepted=0, rates=full) is None
    assert find_break_even(20_000_000, accepted=200, rates=replace(RATES, hourly=Decimal(0))) is None


@given(cost=st.integers(0, 10**10), accepted=st.integers(1, 10_000), hourly=st.integers(1, 500))
def test_at_break_even_the_value_is_the_cost(cost: int, accepted: int, hourly: int) -> None:
    """Who saves exactly the break-even minutes gets back exactly what it cost."""
    rates = replace(RATES, hourly=Decimal(hourly))
    minutes = find_break_even(cost, accepted=accepted, rates=rates)

    assert minutes is not None
    value = value_minutes(float(minutes) * accepted, hourly=rates.hourly, realisation=rates.realisation)
    assert value == pytest.approx(cost, rel=1e-9, abs=2)


def test_what_never_pays_back_has_no_month() -> None:
    """A bot that costs what it gives is "not within sight", not "in minus four months"."""
    loss = work_out_money(replace(TOTAL, net=Range(-10, -5, 10)), SPENT, RATES)
    free = work_out_money(TOTAL, Spent(0, 0, Fraction(0)), RATES)

    assert loss is not None
    assert loss.payback_months is None
    assert loss.value < 0
    assert free is not None
    assert (free.return_share, free.payback_months) == (None, None)


def test_the_sensitivity_table_goes_up_both_ways() -> None:
    """Nine cells, from a quarter realised at the low baseline to everything at the high one."""
    cells = vary(TOTAL, SPENT, RATES)
    nets = [cell.net for cell in cells]

    assert [(cell.realisation, cell.baseline) for cell in cells[:2]] == [
        (Decimal("0.25"), "low"),
        (Decimal("0.25"), "typical"),
    ]
    assert len(cells) == 9
    assert nets[:3] == sorted(nets[:3])
    assert nets[4] == 868_800_000


@given(minutes=st.floats(-1e7, 1e7), hourly=st.decimals(0, 1000, places=2), share=st.decimals(0, 1, places=2))
def test_a_loss_is_worth_as_much_as_the_gain_less_than_nothing(
    minutes: float, hourly: Decimal, share: Decimal
) -> None:
    """Minus two hours cost what plus two hours bring; the amount is whole."""
    gain = value_minutes(minutes, hourly=hourly, realisation=share)

    assert gain == -value_minutes(-minutes, hourly=hourly, realisation=share)
    assert isinstance(gain, int)
    assert (gain >= 0) == (minutes >= 0) or gain == 0


@given(total=amounts, weights=st.lists(st.integers(0, 10**9), min_size=1, max_size=30))
def test_a_split_amount_adds_up(total: int, weights: list[int]) -> None:
    """A hosting bill over the tasks is the hosting bill, to the last micro-unit, and nobody is off by one."""
    parts = split_whole(total, weights)

    assert sum(parts) == total
    if sum(weights):
        exact = [Fraction(total * weight, sum(weights)) for weight in weights]
        assert all(abs(part - share) < 1 for part, share in zip(parts, exact, strict=True))


def test_a_split_without_weights_is_even() -> None:
    """Tasks without runs share alike; no tasks share nothing."""
    assert split_whole(100, [0, 0, 0]) == [34, 33, 33]
    assert split_whole(100, []) == []


@given(st.lists(amounts, max_size=30))
def test_printed_cents_add_up_to_the_printed_total(micros: list[int]) -> None:
    """Who adds the column up with a calculator gets the total below it."""
    cents = round_together(micros)

    assert sum(cents) == to_cents(sum(micros))
    assert all(abs(cent * 10_000 - micro) < 10_000 for cent, micro in zip(cents, micros, strict=True))


def test_cents_are_rounded_away_from_nought() -> None:
    """Half a cent is a cent, lost or won."""
    assert [to_cents(micro) for micro in (5_000, -5_000, 4_999, 1_234_567)] == [1, -1, 0, 123]
    assert cost_model(1_000_001, Decimal("0.915")) == 915_001


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 800), st.integers(0, 800))
def test_months_add_up(start: date, first: int, second: int) -> None:
    """Two periods after each other cost what one long one costs; a year is twelve months."""
    middle, end = start + timedelta(days=first), start + timedelta(days=first + second)

    assert months_between(start, middle) + months_between(middle, end) == months_between(start, end)
    assert months_between(date(2026, 1, 1), date(2027, 1, 1)) == 12
    assert months_between(date(2026, 2, 1), date(2026, 2, 15)) == Fraction(1, 2)
