"""What a CV is held against: criteria that people lock, and the ones that the law, or fairness, does not allow."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

Kind = Literal["must", "nice"]
KINDS: tuple[Kind, ...] = ("must", "nice")
WEIGHTS = (1, 2, 3)
FEWEST, MOST = 5, 12
LONGEST_CHARS = 200

GROUNDS = (
    *("age", "gender", "origin", "nationality", "religion", "health", "marital", "pregnancy"),
    *("photo", "fit", "gaps"),
)
"""What no criterion may rest on; the law of each stands in the catalogues, under `screening.ground.`.

Which law forbids what is from memory, and unverified: `docs/screening.md` says so too.
"""


@dataclass(frozen=True)
class Criterion:
    """One thing that a CV is held against.

    Attributes:
        evidence: what counts as evidence for it in a CV.
        weight: 1 to 3.
    """

    text: str
    kind: Kind = "must"
    weight: int = 2
    evidence: str = ""


def forbidden_grounds(words: str) -> tuple[str, ...]:
    """Return the grounds of *words* that a criterion may not rest on, in our order; none when it may stand."""
    return tuple(ground for ground in GROUNDS if _pattern(ground).search(words))


def read_words() -> dict[str, Any]:
    """Return the lists of words."""
    with (Path(__file__).parent / "words.toml").open("rb") as file:
        return tomllib.load(file)


@cache
def _pattern(ground: str) -> re.Pattern[str]:
    words = "|".join(read_words()["forbidden"][ground])
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)


def criteria_version(criteria: Sequence[Criterion]) -> str:
    """Return a short name for exactly these criteria, in this order."""
    told = json.dumps([asdict(one) for one in criteria], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def write_criteria(criteria: Sequence[Criterion]) -> str:
    """Return criteria as they are stored."""
    return json.dumps([asdict(one) for one in criteria], ensure_ascii=False)


def read_criteria(stored: str) -> tuple[Criterion, ...]:
    """Read what `write_criteria` wrote."""
    return tuple(Criterion(**one) for one in json.loads(stored))
