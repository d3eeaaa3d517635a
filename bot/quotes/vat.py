"""Dutch VAT: which rate holds on which day, and whether a VAT number can be one; a table to be kept up to date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from stdnum import exceptions
from stdnum.eu import vat

Code = Literal["high", "low", "lodging", "zero", "exempt", "reverse"]
"""What a price list says of an article; `reverse` may be reverse-charged to a business with a valid VAT number."""

Category = Literal["S", "Z", "E", "AE"]
"""EN 16931's letters: standard or reduced rate, zero rate, exempt, reverse charge."""

FOREVER = date.max

# Checked on 23 November 2026.
RATES: tuple[tuple[Code, Decimal, date, date], ...] = (
    ("high", Decimal(21), date(2012, 10, 1), FOREVER),
    ("low", Decimal(9), date(2019, 1, 1), FOREVER),
    # Short stays went from 9 to 21 per cent; the day of the stay decides, not the day of payment.
    ("lodging", Decimal(9), date(2019, 1, 1), date(2025, 12, 31)),
    ("lodging", Decimal(21), date(2026, 1, 1), FOREVER),
    ("zero", Decimal(0), date.min, FOREVER),
    ("exempt", Decimal(0), date.min, FOREVER),
)

_WORDS: dict[str, Code] = {
    **dict.fromkeys(("high", "hoog", "21", "21%", "h", "s"), "high"),
    **dict.fromkeys(("low", "laag", "9", "9%", "l"), "low"),
    **dict.fromkeys(("lodging", "logies"), "lodging"),
    **dict.fromkeys(("zero", "nul", "0", "0%", "z"), "zero"),
    **dict.fromkeys(("exempt", "vrijgesteld", "vrij", "e"), "exempt"),
    **dict.fromkeys(("reverse", "verlegd", "ae"), "reverse"),
}


@dataclass(frozen=True, order=True)
class Vat:
    """How one line is taxed: the category, and the rate in per cent."""

    category: Category
    rate: Decimal


def read_code(word: str) -> Code | None:
    """Return the VAT code that somebody wrote, in Dutch, English or per cent; None when it is none."""
    return _WORDS.get(word.strip().casefold().replace(" ", ""))


def find_vat(code: Code, day: date, *, reverse: bool) -> Vat | None:
    """Return how *code* is taxed on the day of delivery; None before the table begins.

    Args:
        reverse: VAT may be charged to the customer instead, who is a business with a valid VAT number.
    """
    if code == "reverse":
        if reverse:
            return Vat("AE", Decimal(0))
        code = "high"
    rates = (rate for name, rate, first, last in RATES if name == code and first <= day <= last)
    rate = next(rates, None)
    letters: dict[str, Category] = {"zero": "Z", "exempt": "E"}
    return None if rate is None else Vat(letters.get(code, "S"), rate)


def read_vat_number(written: str) -> str:
    """Return a VAT number of the European Union as it is stored, or an empty text when it cannot be one.

    Its form and its check digits are tested; whether it was ever given out only a tax office knows.
    """
    try:
        return str(vat.validate(written))
    except exceptions.ValidationError:
        return ""


def find_vat_numbers(words: Iterable[str]) -> list[str]:
    """Return the valid VAT numbers among *words*, each once; an own check digit makes a chance hit rare."""
    found = (read_vat_number(word) for word in words if word[:2].isalpha() and any(map(str.isdigit, word)))
    return [number for number in dict.fromkeys(found) if number]
