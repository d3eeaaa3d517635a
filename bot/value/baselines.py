"""What a task takes without the bot, and how well that is known: measured, estimated or claimed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean, median, stdev
from typing import Literal

from bot.tasks import UserError
from bot.value.corrections import read_number
from bot.value.ranges import LEVEL, t_quantile

BaselineKind = Literal["measured", "estimated", "claimed", "control"]

TIMED_RUNS_NEEDED = 5
STALE_DAYS = 183
LEAST_MINUTES, MOST_MINUTES = 0.5, 2880.0


@dataclass(frozen=True)
class Timing:
    """One run that was done by hand with the timer."""

    minutes: float
    at: datetime


@dataclass(frozen=True)
class Guess:
    """The team's own estimate."""

    low: float
    typical: float
    high: float


@dataclass(frozen=True)
class Baseline:
    """The minutes that one accepted text is worth.

    Attributes:
        low, typical, high: the estimate's own; for a measured one the median and its range.
        timed_runs: how many timings it rests on; 0 for a word.
        age_days: since the newest timing; None for a word.
        stale: the newest timing is older than half a year.
        error_minutes: the standard error of `typical`; 0 for a word, whose error nobody knows.
        excess_minutes: by how much the median of so few timings is too high on average; the totals take it off.
    """

    kind: BaselineKind
    low: float
    typical: float
    high: float
    timed_runs: int = 0
    age_days: int | None = None
    stale: bool = False
    error_minutes: float = 0.0
    excess_minutes: float = 0.0


def choose_baseline(
    *, timings: Sequence[Timing], guess: Guess | None, claimed_minutes: float, now: datetime
) -> Baseline:
    """Return the best known baseline: five timed runs beat the team's estimate, which beats the task file's claim."""
    if len(timings) >= TIMED_RUNS_NEEDED:
        age = max(0, (now - max(timing.at for timing in timings)).days)
        return _measured([timing.minutes for timing in timings], age_days=age)
    if guess is not None:
        return Baseline("estimated", low=guess.low, typical=guess.typical, high=guess.high)
    return Baseline("claimed", low=claimed_minutes, typical=claimed_minutes, high=claimed_minutes)


def control_baseline(minutes: Sequence[float]) -> Baseline | None:
    """Return the mean of the control sample, the one figure that chance chose; None under five runs.

    `add_up` with these baselines gives what the bot changed, as against what the team believes a text takes.
    """
    if len(minutes) < TIMED_RUNS_NEEDED:
        return None
    mean, error = fmean(minutes), stdev(minutes) / math.sqrt(len(minutes))
    half = t_quantile((1 + LEVEL) / 2, len(minutes) - 1) * error
    return Baseline(
        "control",
        low=max(0.0, mean - half),
        typical=mean,
        high=mean + half,
        timed_runs=len(minutes),
        error_minutes=error,
    )


def check_baseline_minutes(minutes: float | str) -> float:
    """Return minutes that somebody gave, as a number; a comma is a decimal point, and `2.880` is 2,880.

    Raises:
        UserError: not a number, or not between half a minute and two days.
    """
    number = read_number(minutes) if isinstance(minutes, str) else minutes
    if number is None or not math.isfinite(number):
        raise UserError("baseline-no-number")
    if not LEAST_MINUTES <= number <= MOST_MINUTES:
        raise UserError("baseline-out-of-range")
    return float(number)


def check_guess(*, low: float | str, typical: float | str, high: float | str) -> Guess:
    """Return an estimate that somebody gave.

    Raises:
        UserError: one of the three is unusable, or they are out of order.
    """
    guess = Guess(*(check_baseline_minutes(one) for one in (low, typical, high)))
    if not guess.low <= guess.typical <= guess.high:
        raise UserError("baseline-out-of-order")
    return guess


def _measured(minutes: Sequence[float], *, age_days: int) -> Baseline:
    """Return the median, with the error that it has when work by hand is spread lognormally.

    On the log scale the median's variance is about `π s² / (2n + π - 2)`: right for an odd number of timings, a
    little wide for an even one. Counted back to minutes the median of a few such timings lies too high on average,
    by a factor `exp(variance / 2)`.
    """
    typical = median(minutes)
    log_sd = stdev([math.log(one) for one in minutes])
    variance = math.pi * log_sd**2 / (2 * len(minutes) + math.pi - 2)
    half = t_quantile((1 + LEVEL) / 2, len(minutes) - 1) * math.sqrt(variance)
    return Baseline(
        "measured",
        low=typical * math.exp(-half),
        typical=typical,
        high=typical * math.exp(half),
        timed_runs=len(minutes),
        age_days=age_days,
        stale=age_days > STALE_DAYS,
        error_minutes=typical * math.sqrt(variance),
        excess_minutes=typical * (1 - math.exp(-variance / 2)),
    )
