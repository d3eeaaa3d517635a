"""Customers of earlier quotes: who is meant by a name, by code and never by likeness; pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.quotes.offer import Customer
from bot.tasks import Language

_LEGAL = frozenset(
    [
        "bv",
        "nv",
        "vof",
        "cv",
        "bvba",
        "eenmanszaak",
        "stichting",
        "vereniging",
        "cooperatie",
        "coop",
        "ltd",
        "limited",
        "llc",
        "inc",
        "plc",
        "gmbh",
        "ag",
        "sarl",
        "sa",
    ]
)


@dataclass(frozen=True)
class KnownCustomer:
    """A customer as they stood on an approved quote.

    Attributes:
        language: of that quote.
        user_id: who approved it, or corrected the customer since.
    """

    customer_id: int
    customer: Customer
    language: Language
    user_id: str
    changed_at: datetime


def name_key(name: str) -> str:
    """Return what two spellings of one name share: no capitals, accents, punctuation or legal form at an edge."""
    kept = _words(name)
    while len(kept) > 1 and kept[-1] in _LEGAL:
        kept.pop()
    while len(kept) > 1 and kept[0] in _LEGAL:
        kept.pop(0)
    return " ".join(kept)


def find_named(known: Sequence[KnownCustomer], name: str, material: str) -> list[KnownCustomer]:
    """Return the customers of that name; without a name those whose whole name stands in the material.

    A name counts only when it stands in the material too. More than one is for a person to choose from.
    """
    said = f" {' '.join(_words(material))} "
    key = name_key(name)
    if key:
        return [one for one in known if name_key(one.customer.name) == key and f" {key} " in said]
    found = [one for one in known if f" {name_key(one.customer.name)} " in said]
    keys = {name_key(one.customer.name) for one in found}
    # "Bistro Noord Zuid" names no "Bistro Noord".
    longest = {key for key in keys if not any(key != other and f" {key} " in f" {other} " for other in keys)}
    return [one for one in found if name_key(one.customer.name) in longest]


def _words(text: str) -> list[str]:
    bare = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in bare if not unicodedata.combining(letter)).replace("&", " en ")
    # "B.V." and "b. v." are one word.
    bare = re.sub(r"\b(\w)\.\s?(?=\w\b)", r"\1", bare)
    return ["en" if word == "and" else word for word in re.findall(r"\w+", bare)]
