"""Price lists: rows of text become articles, or a fault for every row that is wrong; all of them or none."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from bot.quotes.prices import PriceRow, Tier
from bot.quotes.vat import FOREVER, read_code
from bot.tasks import Language
from bot.texts import text

COLUMNS: dict[str, tuple[str, ...]] = {
    "sku": ("sku", "code", "artikel", "artikelnummer", "artikelcode", "article"),
    "name": ("name", "naam", "omschrijving", "description"),
    "unit": ("unit", "eenheid"),
    "price": (
        "price",
        "prijs",
        "price ex",
        "prijs ex",
        "prijs ex btw",
        "prijs excl",
        "prijs excl btw",
        "price without vat",
    ),
    "vat": ("vat", "btw", "vat code", "btw code", "btw tarief"),
    "valid_from": ("valid from", "geldig vanaf", "vanaf", "from"),
    "valid_to": ("valid to", "geldig tot", "geldig tot en met", "geldig t/m", "tot en met", "t/m", "to"),
    "tiers": ("tiers", "staffel", "staffels"),
    "floor_price": ("floor price", "floor", "bodemprijs", "minimumprijs"),
}
NEEDED = ("sku", "name", "unit", "price", "vat")
MOST_DECIMALS = 6
LARGEST_PRICE = Decimal(10_000_000)
LONGEST = {"sku": 60, "name": 200, "unit": 20}

_DAYS = ("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y")


@dataclass(frozen=True)
class Fault:
    """What is wrong, and in which row as the spreadsheet counts them; *key* names a sentence in the catalogues."""

    row: int
    key: str
    params: Mapping[str, Any]

    def word(self, language: Language) -> str:
        """Return the fault as a sentence, with its row."""
        said = text(self.key, language, **self.params)
        return text("prices.row", language, row=self.row, fault=said)


def read_amount(written: str) -> Decimal:
    """Read an amount in Dutch or English: `1.234,50`, `1,234.50`, `12,5`, `€ 7`.

    One separator followed by exactly three digits is refused when nothing tells thousands from decimals.

    Raises:
        ValueError: it is no amount, or can be read in two ways; the message says which.
    """
    bare = re.sub(r"(?i)€|eur|[\s\u00a0\u202f]", "", written)
    if not re.fullmatch(r"\d+(?:[.,]\d+)*", bare):
        raise ValueError("no-amount")
    marks = re.findall(r"[.,]", bare)
    if not marks:
        return Decimal(bare)
    whole, mark, rest = bare.rpartition(marks[-1])
    if len(set(marks)) == 1:
        if len(marks) > 1:
            whole, mark, rest = bare, "", ""
        elif len(rest) == 3 and whole.strip("0"):
            raise ValueError("two-ways")
    if not re.fullmatch(r"\d{1,3}(?:[.,]\d{3})*|\d+", whole):
        raise ValueError("no-amount")
    return Decimal(re.sub(r"[.,]", "", whole) + (f".{rest}" if mark else ""))


def read_prices(rows: Sequence[Sequence[str]]) -> tuple[tuple[PriceRow, ...], tuple[Fault, ...]]:
    """Return the articles of a sheet, or the faults; never some of both."""
    filled = [(number, row) for number, row in enumerate(rows, 1) if any(cell.strip() for cell in row)]
    if not filled:
        return (), (Fault(1, "prices.empty", {}),)
    at, head = filled[0]
    places = _find_columns(head)
    missing = [name for name in NEEDED if name not in places]
    if missing:
        return (), (Fault(at, "prices.no-columns", {"columns": ", ".join(missing)}),)
    found: list[PriceRow] = []
    faults: list[Fault] = []
    seen: dict[str, list[tuple[int, PriceRow]]] = {}
    for number, row in filled[1:]:
        cells = {name: row[place].strip() if place < len(row) else "" for name, place in places.items()}
        read = _Row(number, cells)
        article = read.article()
        faults += read.faults
        if article is None:
            continue
        faults += _overlaps(number, article, seen.setdefault(article.sku.casefold(), []))
        found.append(article)
    if not found and not faults:
        faults.append(Fault(at, "prices.empty", {}))
    return ((), tuple(faults)) if faults else (tuple(found), ())


def is_price_list(rows: Sequence[Sequence[str]]) -> bool:
    """Say whether a sheet's first row names every column that a price list needs."""
    head = next((row for row in rows if any(cell.strip() for cell in row)), ())
    return set(NEEDED) <= _find_columns(head).keys()


def _find_columns(head: Sequence[str]) -> dict[str, int]:
    words = [re.sub(r"[\s_.()-]+", " ", cell).strip().casefold() for cell in head]
    return {
        name: next(place for place, word in enumerate(words) if word in known)
        for name, known in COLUMNS.items()
        if any(word in known for word in words)
    }


class _Row:
    """One row while it is read: gives its cells as what they mean, and collects faults."""

    def __init__(self, number: int, cells: Mapping[str, str]) -> None:
        self.cells = cells
        self.faults: list[Fault] = []
        self._number = number

    def fault(self, key: str, **params: Any) -> None:
        """Note a fault; a value is shown no longer than a line."""
        if "value" in params:
            params["value"] = params["value"][:40]
        self.faults.append(Fault(self._number, key, params))

    def article(self) -> PriceRow | None:
        """Return the article, or None when a cell is wrong."""
        cells = self.cells
        for column, limit in LONGEST.items():
            if not cells[column]:
                self.fault("prices.missing", column=column)
            elif len(cells[column]) > limit:
                self.fault("prices.too-long", column=column, limit=limit)
        code = read_code(cells["vat"])
        if code is None:
            self.fault("prices.no-vat", value=cells["vat"])
        price = self._amount("price", cells["price"])
        floor = self._amount("floor_price", cells["floor_price"]) if cells.get("floor_price") else None
        tiers = self._tiers()
        first, last = self._day("valid_from", date.min), self._day("valid_to", FOREVER)
        if first > last:
            self.fault("prices.days-swapped")
        if self.faults or code is None:
            return None
        return PriceRow(cells["sku"], cells["name"], cells["unit"], price, code, first, last, tiers, floor)

    def _amount(self, column: str, written: str) -> Decimal:
        try:
            read = read_amount(written)
        except ValueError as error:
            self.fault(f"prices.{error}", column=column, value=written)
            return Decimal(0)
        if read > LARGEST_PRICE or -int(read.normalize().as_tuple().exponent) > MOST_DECIMALS:
            self.fault("prices.out-of-range", column=column, value=written)
        return read

    def _day(self, column: str, otherwise: date) -> date:
        written = self.cells.get(column, "")
        for form in _DAYS if written else ():
            try:
                return datetime.strptime(written, form).date()
            except ValueError:
                continue
        if written:
            self.fault("prices.no-day", column=column, value=written)
        return otherwise

    def _tiers(self) -> tuple[Tier, ...]:
        """Read `10: 9,50 | 100: 8,75`: from which quantity on, and the price of one unit."""
        written = self.cells.get("tiers", "")
        tiers: list[Tier] = []
        for part in filter(None, (part.strip() for part in re.split(r"[|\n]", written))):
            quantity, mark, price = part.partition(":")
            if not mark:
                self.fault("prices.no-tiers", value=written)
                return ()
            tiers.append(Tier(self._amount("tiers", quantity.strip()), self._amount("tiers", price.strip())))
        if any(one.from_quantity >= two.from_quantity for one, two in itertools.pairwise(tiers)):
            self.fault("prices.tiers-order", value=written)
        return tuple(tiers)


def _overlaps(number: int, article: PriceRow, others: list[tuple[int, PriceRow]]) -> list[Fault]:
    """Return a fault when an article holds twice on one day: then nobody could say what it costs."""
    for other, row in others:
        if row.valid_from <= article.valid_to and article.valid_from <= row.valid_to:
            return [Fault(number, "prices.twice", {"sku": article.sku, "other": other})]
    others.append((number, article))
    return []
