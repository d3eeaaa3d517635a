"""What the bot costs a month: the one formula behind the tables of the pages, with what it assumes."""

from __future__ import annotations

from dataclasses import dataclass

from bot.llm.prices import estimate_microusd
from tests.bench_day import RUNS_PER_PERSON, WORKDAYS

MODEL = "claude-sonnet-5-5"
INPUT_TOKENS, OUTPUT_TOKENS = 2_000, 800
"""Of a draft, thinking included: assumed, and more than the shipped tasks take on their examples."""

MACHINE_USD = 10.0
"""A small rented server, assumed."""

HOUR = 40.0
"""What an hour is worth, at a dollar for a unit of the firm's currency: the settings' own assumptions."""

PEOPLE = (5, 20, 100)


@dataclass(frozen=True)
class Month:
    """A month of a firm.

    Attributes:
        minutes: what each person must save for the bot to cost nothing.
    """

    people: int
    runs: int
    model_usd: float
    all_usd: float
    minutes: float


def run_usd() -> float:
    """Return what one draft costs, by the price list that the bot itself reckons with."""
    microusd = estimate_microusd(MODEL, input_tokens=INPUT_TOKENS, output_tokens=OUTPUT_TOKENS, batch=False)
    assert microusd is not None
    return microusd / 1_000_000


def month(people: int) -> Month:
    """Return what a firm of so many people pays in a month of heavy use."""
    runs = people * RUNS_PER_PERSON * WORKDAYS
    model_usd = runs * run_usd()
    all_usd = model_usd + MACHINE_USD
    return Month(people, runs, model_usd, all_usd, all_usd / HOUR * 60 / people)
