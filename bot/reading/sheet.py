"""Sheets that people export: the bytes of a CSV or XLSX file become rows of text; nothing is judged here."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import ParseError

LARGEST_BYTES = 20_000_000
MOST_ROWS = 100_000
MOST_SHEETS = 20

# What a workbook may unpack to: a small file can hold more than the memory does.
MOST_PARTS = 2_000
MOST_UNPACKED_BYTES = 50_000_000
MOST_RATIO = 200

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula, full-width signs included."""
# Every white space there is but the three that begin a formula themselves, and two that are not seen at all.
_PASSED_OVER = (
    " \x0b\x0c\x1c\x1d\x1e\x1f\x85\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\u200b\ufeff"
)


_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""The first bytes of .xls, .doc and .ppt, and of a newer file that has a password on it."""

_DELIMITERS = ";,\t"
_TITLE_LINES, _TITLE_CHARS = 20, 100_000
"""In so many lines above it a table may have its title."""


class SheetError(ValueError):
    """The file cannot be read; the message is the key of a sentence in the catalogues.

    Attributes:
        kind: `too-large`, `damaged`, `locked` or `not-text`.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(f"prices.{kind}")
        self.kind = kind


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook; a CSV file is one without a name."""

    name: str
    rows: list[list[str]]


def read_sheet(content: bytes) -> list[list[str]]:
    """Return the rows of the first sheet; what kind of file it is shows in its bytes, not in its name.

    Raises:
        SheetError: it is too large, neither CSV nor XLSX, or damaged.
    """
    return read_sheets(content, most=1)[0].rows


def read_sheets(content: bytes, *, most: int = MOST_SHEETS) -> list[Sheet]:
    """Return the first *most* sheets of a file, at least one.

    Raises:
        SheetError: it is too large, locked, neither CSV nor XLSX, or damaged.
    """
    if len(content) > LARGEST_BYTES:
        raise SheetError("too-large")
    if old := old_office(content) or ("not-text" if content.startswith(b"%PDF-") else ""):
        raise SheetError(old)
    is_book = content.startswith(b"PK")
    sheets = _read_xlsx(content, most) if is_book else [Sheet("", _read_csv(decode(content)))]
    if sum(len(sheet.rows) for sheet in sheets) > MOST_ROWS:
        raise SheetError("too-large")
    return sheets


def safe_cell(written: str) -> str:
    """Return a text of a person or a model as a cell that no spreadsheet takes for a formula.

    What spreadsheets pass over before one, they may pass over here too (OWASP, "CSV Injection").
    """
    return f"'{written}" if written.lstrip(_PASSED_OVER).startswith(FORMULA) else written


def old_office(content: bytes) -> str:
    """Return why a file of the older Office formats is not read: `locked` or `not-text`; empty for any other file."""
    if not content.startswith(_OLD_OFFICE):
        return ""
    return "locked" if "EncryptedPackage".encode("utf-16-le") in content else "not-text"


def check_zip(content: bytes) -> None:
    """Look into an archive's index, before anything of it is unpacked.

    Raises:
        SheetError: it has too many parts, or unpacks to too much.
        zipfile.BadZipFile: it is no archive.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts)
    if (
        len(parts) > MOST_PARTS
        or unpacked > MOST_UNPACKED_BYTES
        or unpacked > MOST_RATIO * max(packed, len(content))
    ):
        raise SheetError("too-large")


def _read_xlsx(content: bytes, most: int) -> list[Sheet]:
    # Only who imports a workbook waits for the library.
    import openpyxl  # type: ignore[import-untyped]

    try:
        check_zip(content)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        try:
            shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
            if not shown:
                raise SheetError("damaged")
            return [
                Sheet(
                    sheet.title,
                    [[_write(cell) for cell in row] for row in sheet.iter_rows(max_row=MOST_ROWS + 1)],
                )
                for sheet in shown[:most]
            ]
        finally:
            book.close()
    except SheetError:
        raise
    except (zipfile.BadZipFile, KeyError, IndexError, ValueError, ParseError, OSError) as error:
        raise SheetError("damaged") from error


def _write(cell: Any) -> str:
    """Write a cell as its sheet shows it: a share as percents, a day without its midnight."""
    if isinstance(cell.value, int | float) and str(cell.number_format or "").endswith("%"):
        return f"{_write_cell(float(f'{cell.value * 100:.8f}'))}%"
    return _write_cell(cell.value)


def _write_cell(cell: Any) -> str:
    """Write a cell as a person would: a day without its midnight, a whole number without its point."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, float):
        written = f"{cell:.10f}".rstrip("0").rstrip(".")
        # A number is no riddle: 1.234 in a cell is not 1,234.
        return f"{written}0" if re.search(r"\.\d{3}$", written) else written
    return str(cell)


def decode(content: bytes) -> str:
    """Read text in the encodings that spreadsheets write: UTF-8, UTF-16, else Windows' own."""
    wide = _wide(content)
    for encoding in [wide] if wide else ["utf-8-sig", "cp1252"]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise SheetError("not-text")


def _wide(content: bytes) -> str:
    """Return the UTF-16 that *content* is in: by its mark, else because every other byte is nearly always zero."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    high, low = content[::2].count(0), content[1::2].count(0)
    if min(high, low) or max(high, low) * 4 <= len(content):
        return ""
    return "utf-16-be" if high else "utf-16-le"


def _read_csv(text: str) -> list[list[str]]:
    if text.lstrip("\r\n")[:4].lower() == "sep=":
        # Excel's own way to name the separator.
        text = text.lstrip("\r\n").partition("\n")[2]
    # A title may stand above the table.
    above = text[:_TITLE_CHARS].splitlines()[:_TITLE_LINES]
    first = next((line for line in above if any(each in line for each in _DELIMITERS)), "")
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise SheetError("damaged") from error
