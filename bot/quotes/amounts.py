"""Amounts in prose: those that code did not compute are found, because a model may have made them up."""

from __future__ import annotations

import re
from collections.abc import Collection
from decimal import Decimal

from bot.quotes.pricelist import read_amount

_NUMBER = r"\d[\d.,\u00a0\u202f]*(?:\s\d{3}(?!\d)(?:[.,]\d+)?)*"
_AMOUNT = re.compile(
    rf"(?:€|\bEUR|\beuro)\s*(-?{_NUMBER})|(?<![\w.,])({_NUMBER})\s*(?:€|EUR\b|euro'?s?\b)", re.IGNORECASE
)


def find_unknown(prose: str, known: Collection[Decimal]) -> list[str]:
    """Return the amounts of money in *prose*, as written, that are not among *known*; each once."""
    found: list[str] = []
    for match in _AMOUNT.finditer(prose):
        written = (match[1] or match[2]).strip().rstrip(".,")
        if not any(value in known for value in _readings(written)) and match[0].strip() not in found:
            found.append(match[0].strip().rstrip(".,"))
    return list(dict.fromkeys(found))


def _readings(written: str) -> list[Decimal]:
    """Return what a number can mean: `1.250` is a thousand or a little more than one."""
    try:
        return [read_amount(written.lstrip("-"))]
    except ValueError:
        bare = re.sub(r"[^\d.,]", "", written)
        if re.fullmatch(r"\d+[.,]\d{3}", bare):
            return [Decimal(re.sub(r"[.,]", "", bare)), Decimal(bare.replace(",", "."))]
        return []
