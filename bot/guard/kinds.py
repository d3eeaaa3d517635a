"""The kinds of personal data, and what is done with each."""

from __future__ import annotations

import re
from bisect import bisect
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "secret",
    "card",
    "bsn",
    "id",
    "iban",
    "email",
    "birthdate",
    "vat",
    "kvk",
    "phone",
    "plate",
    "address",
    "link",
    "name",
    "number",
    "token",
]
Action = Literal["block", "pseudonymise", "warn"]

ACTIONS: dict[Kind, Action] = {
    "token": "pseudonymise",
    "secret": "block",
    "card": "block",
    "bsn": "block",
    "id": "block",
    "iban": "pseudonymise",
    "email": "pseudonymise",
    "birthdate": "pseudonymise",
    "vat": "pseudonymise",
    "kvk": "pseudonymise",
    "phone": "pseudonymise",
    "plate": "pseudonymise",
    "address": "pseudonymise",
    "link": "pseudonymise",
    "name": "pseudonymise",
    "number": "warn",
}
"""What is not named here is let through. Where two findings overlap, the kind that stands first wins."""

LINK = re.compile(r"(?:h(?:tt|xx)ps?://|www\.)[^\s<>|\"]+", re.IGNORECASE)
"""A link as far as it can reach, its way of being written as text included."""

RANK = {kind: rank for rank, kind in enumerate(ACTIONS)}


@dataclass(frozen=True)
class Finding:
    """A piece of a text that is personal data: `text[start:end]` is *value*."""

    kind: Kind
    start: int
    end: int
    value: str

    @property
    def action(self) -> Action:
        """Say what is done with it."""
        return ACTIONS[self.kind]


def settle(found: list[Finding]) -> list[Finding]:
    """Return findings that do not overlap, by place: the weightier kind wins, then the longer piece."""
    kept: list[Finding] = []
    for one in sorted(found, key=lambda one: (RANK[one.kind], one.start - one.end, one.start)):
        at = bisect(kept, one.start, key=lambda other: other.start)
        free_before = at == 0 or kept[at - 1].end <= one.start
        if free_before and (at == len(kept) or one.end <= kept[at].start):
            kept.insert(at, one)
    return kept
