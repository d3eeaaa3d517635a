"""A table as people send it: its header, its rows, and which column is what; every fault is told with its cure."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from bot.tasks import UserError

MOST_ROWS = 2_000
MOST_COLUMNS = 60
LONGEST_ROW_CHARS = 8_000

_NAMES = re.compile(
    r"^(?:product ?naam|product(?: ?name)?|naam|name|titel|title|omschrijving|artikel|item|client|cli[eë]nt|klant"
    r"|customer|bedrijf|company)$",
    re.IGNORECASE,
)
_KEYWORDS = re.compile(r"^(?:zoek(?:woorden|termen)|trefwoord(?:en)?|key ?words?|seo)$", re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    """What stands in a file: its header, and the rows below it that hold something.

    Attributes:
        rows: each its number as the spreadsheet counts it, and a cell per header.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Mapping:
    """Which column is what; columns by their place in the header.

    Attributes:
        name: what a text is about, or whom a letter is to.
        unused: columns that the model does not get.
        keywords: a column with words that its text must hold; None for none.
        instructions: tone, and what holds for all of them.
        most_words: of one text.
    """

    name: int
    unused: tuple[int, ...] = ()
    keywords: int | None = None
    instructions: str = ""
    most_words: int = 150

    def with_words(self, words: str) -> Mapping:
        """Return it with what somebody wrote beside the file as its instructions."""
        return replace(self, instructions=words[:2_900])

    def write(self) -> str:
        """Write it as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def read(cls, written: str) -> Mapping | None:
        """Read what `write` wrote; None of nothing."""
        if not written:
            return None
        told: dict[str, Any] = json.loads(written)
        return cls(**{**told, "unused": tuple(told["unused"])})


@dataclass(frozen=True)
class Row:
    """One row, ready to be written about.

    Attributes:
        number: as the spreadsheet counts it.
        facts: header and cell, of each cell that holds something and may be used.
    """

    number: int
    name: str
    facts: tuple[tuple[str, str], ...]
    keywords: tuple[str, ...] = ()


def read_table(rows: Sequence[Sequence[str]], name: str) -> Table:
    """Read the rows of a sheet as a table; its first row with two cells is the header, else the first of all.

    Args:
        name: of the file, for what is told about it.

    Raises:
        UserError: it has no rows, two columns of one name, or more than can be taken at once.
    """
    filled = [
        (number, [" ".join(cell.split()) for cell in row])
        for number, row in enumerate(rows, 1)
        if any(cell.strip() for cell in row)
    ]
    if not filled:
        raise UserError("bulk.no-rows", name=name)
    # A line of one cell above a wider one is the table's title, as exports have it.
    header = next((at for at, (_, row) in enumerate(filled) if sum(map(bool, row)) > 1), 0)
    (_, head), below = filled[header], filled[header + 1 :]
    if not below:
        raise UserError("bulk.no-rows", name=name)
    wide = max(len(row) for _, row in (filled[header], *below))
    used = [at for at in range(wide) if any(at < len(row) and row[at] for _, row in below) or _cell(head, at)]
    headers = [_cell(head, at) or f"{at + 1}" for at in used]
    if len(headers) > MOST_COLUMNS:
        raise UserError("bulk.too-wide", name=name, count=len(headers), most=MOST_COLUMNS)
    counted = Counter(header.casefold() for header in headers)
    twice = [header for header in headers if counted[header.casefold()] > 1]
    if twice:
        raise UserError("bulk.twice", name=name, header=_shown(twice[0]))
    if len(below) > MOST_ROWS:
        raise UserError("bulk.too-many", name=name, count=len(below), most=MOST_ROWS)
    cells = tuple((number, tuple(_cell(row, at) for at in used)) for number, row in below)
    return Table(tuple(headers), cells)


def _cell(row: Sequence[str], at: int) -> str:
    return row[at] if at < len(row) else ""


def _shown(header: str) -> str:
    return re.sub(r"[<>&`*_~]", "", header)[:60] or "?"


def guess_mapping(headers: Sequence[str], *, most_words: int) -> Mapping:
    """Guess which column holds the name and which the keywords; a person checks it."""
    name = next((at for at, header in enumerate(headers) if _NAMES.match(header.strip())), 0)
    keywords = next((at for at, header in enumerate(headers) if _KEYWORDS.match(header.strip())), None)
    return Mapping(name, keywords=keywords if keywords != name else None, most_words=most_words)


def make_row(number: int, headers: Sequence[str], cells: Sequence[str], mapping: Mapping) -> Row:
    """Make a row of its cells.

    Raises:
        UserError: it has no name, or is too long for one text.
    """
    name = cells[mapping.name]
    if not name:
        raise UserError("bulk.row-no-name", column=_shown(headers[mapping.name]))
    kept = tuple(
        (headers[at], cell)
        for at, cell in enumerate(cells)
        if cell and at not in mapping.unused and at != mapping.keywords
    )
    if sum(len(header) + len(cell) for header, cell in kept) > LONGEST_ROW_CHARS:
        raise UserError("bulk.row-too-long", most=LONGEST_ROW_CHARS)
    keywords = () if mapping.keywords is None else _split(cells[mapping.keywords])
    return Row(number, name, kept, keywords)


def _split(words: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in re.split(r"[,;|]", words) if one.strip())


def hash_row(mapping: Mapping, cells: Sequence[str]) -> str:
    """Return what tells one question from another: the cells, and what is asked of them."""
    return hashlib.sha256(json.dumps([mapping.write(), list(cells)]).encode()).hexdigest()[:16]
