"""What the evidence comes to: quotes that stand in the CV, two passes that agree, a score in bands."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rapidfuzz import fuzz

from bot.screening.criteria import Criterion

Status = Literal["met", "partly", "not_found", "unclear"]
STATUSES: tuple[Status, ...] = ("met", "partly", "not_found", "unclear")
Band = Literal["strong", "fair", "thin"]
Cover = Literal["most", "half", "little"]

ALIKE_PERCENT = 95
FUZZY_FROM_CHARS = 15
SHORTEST_QUOTE = 3
MOST_QUOTES = 3
_WORTH = {"met": 1.0, "partly": 0.5}


@dataclass(frozen=True)
class Claim:
    """What the model says of one criterion."""

    status: Status
    quotes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What stands of one criterion.

    Attributes:
        quotes: literal ones only, each found in what the model was given.
        first, second: what the model said in each pass, after its quotes were looked up.
    """

    status: Status
    quotes: tuple[str, ...] = ()
    first: Status = "unclear"
    second: Status = "unclear"


@dataclass(frozen=True)
class Score:
    """What all findings come to.

    Attributes:
        band: of the criteria that the CV tells of; None when that is too little to say.
        cover: how much of the criteria's weight the CV tells of.
        decided, total: how many criteria.
    """

    band: Band | None
    cover: Cover
    decided: int
    total: int


def order_of(count: int, seed: str) -> tuple[int, ...]:
    """Return the order in which a pass asks for criteria; the same *seed* gives the same."""
    order = list(range(count))
    random.Random(seed).shuffle(order)
    return tuple(order)


def quote_stands(quote: str, text: str) -> bool:
    """Say whether a quote is literally in a text, apart from spacing, case and typographic signs.

    A long one may differ in a letter or two, never in a figure.
    """
    wanted, held = _normal(quote), _normal(text)
    if sum(character.isalnum() for character in wanted) < SHORTEST_QUOTE:
        return False
    if re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", held):
        return True
    if len(wanted) < FUZZY_FROM_CHARS or len(wanted) > len(held):
        return False
    found = fuzz.partial_ratio_alignment(wanted, held, score_cutoff=ALIKE_PERCENT)
    if found is None or found.score < ALIKE_PERCENT:
        return False
    return re.findall(r"\d+", wanted) == re.findall(r"\d+", held[found.dest_start : found.dest_end])


def check_claim(claim: Claim, text: str) -> Claim:
    """Keep of a claim what its quotes bear out: what is said to be met without one is unclear."""
    if claim.status not in _WORTH:
        return Claim(claim.status)
    quotes = tuple(dict.fromkeys(one.strip() for one in claim.quotes if quote_stands(one, text)))
    return Claim(claim.status if quotes else "unclear", quotes[:MOST_QUOTES])


def join_passes(first: Claim, second: Claim, text: str) -> Finding:
    """Join two passes over the same CV; where they do not agree it is unclear."""
    one, other = check_claim(first, text), check_claim(second, text)
    status: Status = one.status if one.status == other.status else "unclear"
    quotes = tuple(dict.fromkeys((*one.quotes, *other.quotes)))[:MOST_QUOTES]
    return Finding(status, quotes, one.status, other.status)


def score(criteria: Sequence[Criterion], findings: Sequence[Finding]) -> Score:
    """Work out the score over the criteria that are decided: met counts whole, partly half.

    What was not found says nothing, so it lowers no score: it lowers what the score covers.
    """
    weights = [one.weight for one in criteria]
    decided = [
        (weight, _WORTH[found.status])
        for weight, found in zip(weights, findings, strict=True)
        if found.status in _WORTH
    ]
    known = sum(weight for weight, _ in decided)
    share = known / sum(weights) if weights else 0.0
    cover: Cover = "most" if share >= 0.75 else "half" if share >= 0.5 else "little"
    band: Band | None = None
    if cover != "little":
        reached = sum(weight * worth for weight, worth in decided) / known
        band = "strong" if reached >= 0.85 else "fair" if reached >= 0.65 else "thin"
    return Score(band, cover, len(decided), len(criteria))


def to_ask(criteria: Sequence[Criterion], findings: Sequence[Finding]) -> tuple[Criterion, ...]:
    """Return what an interview has to ask about: what was not found or is unclear, musts and heavy ones first."""
    open_ones = [
        one for one, found in zip(criteria, findings, strict=True) if found.status in ("not_found", "unclear")
    ]
    return tuple(sorted(open_ones, key=lambda one: (one.kind != "must", -one.weight)))


def _normal(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold()
    text = re.sub(r"[\"'‘’“”„«»`´]", "", text)
    text = re.sub(r"[‐-―−]", "-", text)
    return " ".join(text.split()).strip(" .,;:")
