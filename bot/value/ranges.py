"""How sure a figure is: Wilson's interval for rates and Student's t for sums, from sums alone; no chance is used."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

LEVEL = 0.90
"""Every range that we show covers the truth nine times in ten."""


@dataclass(frozen=True)
class Range:
    """A figure and how far it may be off."""

    low: float
    point: float
    high: float


@dataclass(frozen=True)
class Spread:
    """One reason why a sum may be off: its variance, and from how many free observations that is known."""

    variance: float
    df: float


def rate(hits: int, tries: int, level: float = LEVEL) -> Range | None:
    """Return a share with Wilson's score interval; None when nothing was tried.

    Source: E. B. Wilson, Probable inference, JASA 22 (1927): `(p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)`.
    """
    if tries <= 0:
        return None
    z, share = NormalDist().inv_cdf((1 + level) / 2), hits / tries
    scale = 1 + z * z / tries
    centre = (share + z * z / (2 * tries)) / scale
    half = z * math.sqrt(share * (1 - share) / tries + z * z / (4 * tries * tries)) / scale
    return Range(
        low=max(0.0, min(share, centre - half)), point=share, high=min(1.0, max(share, centre + half))
    )


def smooth_share(hits: float, tries: float) -> float:
    """Return a share that few tries cannot make certain: Agresti and Coull (1998) add z²/2 to hits and to misses."""
    extra = NormalDist().inv_cdf((1 + LEVEL) / 2) ** 2 / 2
    return (hits + extra) / (tries + 2 * extra)


def half_width(spreads: Iterable[Spread]) -> float:
    """Return half the range of a sum of independent parts.

    The variances add up; their degrees of freedom are joined as F. E. Satterthwaite (1946) and B. L. Welch do:
    `df = 1 / Σ ((v / Σ v)² / df)`, never under 2.
    """
    parts = [part for part in spreads if part.variance > 0]
    variance = sum(part.variance for part in parts)
    if not variance:
        return 0.0
    inverse = sum((part.variance / variance) ** 2 / part.df for part in parts)
    df = max(2.0, 1 / inverse) if inverse else math.inf
    return t_quantile((1 + LEVEL) / 2, df) * math.sqrt(variance)


def t_quantile(probability: float, df: float) -> float:
    """Return Student's t for a fractional *df* of 2 or more, within 0.3 % of the tables.

    Source: the Cornish-Fisher expansion, Abramowitz and Stegun 26.7.5. SciPy would bring 100 MB for this line.
    """
    z = NormalDist().inv_cdf(probability)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return sum(term / df**power for power, term in enumerate(terms))
