"""The sheet that comes back: every row with its text and a column for the verdict; and how it is read once returned."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.reading import safe_cell
from bot.tasks import LANGUAGES, Language, UserError
from bot.texts import has_decimal_comma, text

ID_HEADER = "Tijdwinst-ID"
"""How the column is called that says which text a row is, in both languages."""

Verdict = Literal["approve", "edit", "redo", "skip"]

_VERDICTS: dict[str, Verdict] = {
    "approve": "approve",
    "approved": "approve",
    "ok": "approve",
    "akkoord": "approve",
    "goed": "approve",
    "edit": "edit",
    "edited": "edit",
    "aangepast": "edit",
    "wijzig": "edit",
    "redo": "redo",
    "opnieuw": "redo",
    "over": "redo",
    "skip": "skip",
    "overslaan": "skip",
    "nee": "skip",
    "no": "skip",
}
_KEY = re.compile(r"([0-9a-f]{8})-(\d+)\.(\d+)")
_NAMED = re.compile(r"-([0-9a-f]{8})-\d+\b")
_UNSAFE = re.compile(r"^'(?=[=+\-@\t\r])")


@dataclass(frozen=True)
class Line:
    """One text as the sheet shows it.

    Attributes:
        key: `1a2b3c4d-12.1`: the set's mark, the row and the version, which a verdict is about.
        verdict: what was decided already; empty when nothing was.
    """

    key: str
    cells: tuple[str, ...]
    text: str
    verdict: str = ""
    remarks: str = ""


@dataclass(frozen=True)
class Returned:
    """One row of a sheet that came back.

    Attributes:
        verdict: None when the person wrote nothing, `unknown` when it cannot be read.
    """

    row: int
    version: int
    text: str
    verdict: Verdict | Literal["unknown"] | None
    remarks: str


def own_headers(language: Language) -> tuple[str, ...]:
    """Return the headers of our own columns: key, text, verdict, remarks."""
    return (ID_HEADER, *(text(f"bulk.column.{one}", language) for one in ("text", "status", "remarks")))


def menu_words(language: Language) -> tuple[str, ...]:
    """Return the words that the column of verdicts offers, and holds where something is decided."""
    return tuple(
        text(f"bulk.verdict.{one}", language) for one in ("approved", "edited", "redone", "discarded")
    )


def result_csv(headers: Sequence[str], lines: Sequence[Line], language: Language) -> bytes:
    """Return the texts as CSV in UTF-8 with its mark; no cell becomes a formula. In Dutch parted by `;`."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";" if has_decimal_comma(language) else ",", lineterminator="\r\n")
    for row in _rows(headers, lines, language):
        writer.writerow([safe_cell(cell) for cell in row])
    return written.getvalue().encode("utf-8-sig")


def result_xlsx(headers: Sequence[str], lines: Sequence[Line], language: Language) -> bytes:
    """Return the texts as XLSX with a menu in the column of verdicts; every cell is text, none a formula."""
    import openpyxl  # type: ignore[import-untyped]
    from openpyxl.cell.cell import WriteOnlyCell  # type: ignore[import-untyped]
    from openpyxl.styles import Alignment, Font  # type: ignore[import-untyped]
    from openpyxl.worksheet.datavalidation import DataValidation  # type: ignore[import-untyped]

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Tijdwinst")
    sheet.freeze_panes = "A2"
    for at in range(1, len(headers) + 5):
        letter = openpyxl.utils.get_column_letter(at)
        sheet.column_dimensions[letter].width = 80 if at == len(headers) + 2 else 18
    status = openpyxl.utils.get_column_letter(len(headers) + 3)
    menu = DataValidation(type="list", formula1=f'"{",".join(menu_words(language))}"', allow_blank=True)
    menu.add(f"{status}2:{status}{len(lines) + 1}")
    sheet.data_validations.append(menu)
    for number, row in enumerate(_rows(headers, lines, language)):
        cells = []
        for cell in row:
            made = WriteOnlyCell(sheet, value=_printable(cell))
            # As text, whatever it begins with: a formula is a data type of a cell, not its first character.
            made.data_type = "s"
            made.alignment = Alignment(wrap_text=True, vertical="top")
            if not number:
                made.font = Font(bold=True)
            cells.append(made)
        sheet.append(cells)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _printable(cell: str) -> str:
    """Return a text without the control characters that no workbook may hold, within a cell's 32,767 characters."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", safe_cell(cell))[:32_767]


def _rows(headers: Sequence[str], lines: Sequence[Line], language: Language) -> list[tuple[str, ...]]:
    head = (*headers, *own_headers(language))
    return [head, *((*one.cells, one.key, one.text, one.verdict, one.remarks) for one in lines)]


def find_mark(rows: Sequence[Sequence[str]], name: str) -> str:
    """Return the mark of the set that a sheet which came back belongs to; empty when it is none of ours.

    The column of keys says so, else the file's name: somebody may have deleted the column.
    """
    head = [cell.strip() for cell in rows[0]] if rows else []
    if ID_HEADER in head:
        at = head.index(ID_HEADER)
        keys = (_KEY.fullmatch(row[at].strip()) for row in rows[1:] if at < len(row))
        return next((key[1] for key in keys if key), "")
    named = _NAMED.search(name)
    return named[1] if named else ""


def read_returned(rows: Sequence[Sequence[str]], name: str, language: Language) -> list[Returned]:
    """Read a sheet of ours that came back, whatever a person did with its other columns.

    Raises:
        UserError: a column of ours is gone; the sentence names it.
    """
    head = [cell.strip() for cell in rows[0]] if rows else []
    places: list[int] = []
    for mine, *any_language in zip(own_headers(language), *map(own_headers, LANGUAGES), strict=True):
        place = next((at for at, header in enumerate(head) if header in any_language), None)
        if place is None and mine != own_headers(language)[-1]:
            raise UserError("bulk.column-gone", name=name, column=mine)
        places.append(-1 if place is None else place)
    found = []
    for row in rows[1:]:
        key, written, verdict, remarks = (row[at].strip() if 0 <= at < len(row) else "" for at in places)
        numbers = _KEY.fullmatch(key)
        if numbers is None:
            continue
        found.append(
            Returned(
                int(numbers[2]),
                int(numbers[3]),
                _UNSAFE.sub("", written),
                _VERDICTS.get(verdict.casefold(), "unknown") if verdict else None,
                remarks,
            )
        )
    return found
