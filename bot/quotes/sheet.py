"""Sheets that people export: the bytes of a CSV or XLSX file become rows of text; nothing is judged here."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import ParseError

LARGEST_BYTES = 20_000_000
MOST_ROWS = 100_000


class SheetError(ValueError):
    """The file cannot be read; the message is the key of a sentence in the catalogues."""


def read_sheet(content: bytes) -> list[list[str]]:
    """Return the rows of the first sheet; what kind of file it is shows in its bytes, not in its name.

    Raises:
        SheetError: it is too large, neither CSV nor XLSX, or damaged.
    """
    if len(content) > LARGEST_BYTES:
        raise SheetError("prices.too-large")
    rows = _read_xlsx(content) if content.startswith(b"PK") else _read_csv(_decode(content))
    if len(rows) > MOST_ROWS:
        raise SheetError("prices.too-large")
    return rows


def _read_xlsx(content: bytes) -> list[list[str]]:
    # Only who imports a workbook waits for the library.
    import openpyxl  # type: ignore[import-untyped]

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            # A small file can unpack to more than the memory holds.
            if sum(part.file_size for part in parts.infolist()) > 10 * LARGEST_BYTES:
                raise SheetError("prices.too-large")
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        try:
            rows = book.worksheets[0].iter_rows(values_only=True, max_row=MOST_ROWS + 1)
            return [[_write_cell(cell) for cell in row] for row in rows]
        finally:
            book.close()
    except (zipfile.BadZipFile, KeyError, IndexError, ParseError, OSError) as error:
        raise SheetError("prices.damaged") from error


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


def _decode(content: bytes) -> str:
    """Read text in the encodings that spreadsheets write: UTF-8, UTF-16 with its mark, else Windows' own."""
    encodings = ["utf-16"] if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise SheetError("prices.not-text")


def _read_csv(text: str) -> list[list[str]]:
    first = text.lstrip("\r\n").split("\n", 1)[0]
    if first.lower().startswith("sep="):
        # Excel's own way to name the separator.
        text = text.lstrip("\r\n").partition("\n")[2]
        first = text.split("\n", 1)[0]
    delimiter = max(";,\t", key=first.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise SheetError("prices.damaged") from error
