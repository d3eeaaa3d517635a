"""Files of words and figures: CSV, XLSX, JSON, text and Markdown become lines that a model reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.reading.sheet import SheetError, decode, read_sheets
from bot.tasks import TijdwinstError

LARGEST_FILE_BYTES = 10_000_000

KINDS = {
    "csv": "sheet",
    "tsv": "sheet",
    "xlsx": "sheet",
    "json": "json",
    "txt": "text",
    "text": "text",
    "md": "text",
    "markdown": "text",
}
"""A name's ending, or Slack's own word for a snippet's kind -> how it is read."""


class FileError(TijdwinstError):
    """A file that cannot be read; *kind* is `too-large`, `damaged`, `not-text` or `empty`."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True)
class Content:
    """What stands in a file.

    Attributes:
        lines: all of it, as a model reads it.
        rows: of a sheet: the cells of its first one.
    """

    lines: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = ()


def kind_of(name: str, filetype: str = "") -> str:
    """Return how a file is read, by its name or by Slack's word for its kind; empty when it is not."""
    ending = name.rpartition(".")[2].casefold() if "." in name else ""
    return KINDS.get(ending) or KINDS.get(filetype.casefold(), "")


def read_content(content: bytes, kind: str) -> Content:
    """Read a file of a *kind* that `kind_of` names.

    Raises:
        FileError: nothing stands in it, it is broken, too large, or not what its name says.
    """
    try:
        if kind == "sheet":
            read = _read_sheet(content)
        elif kind == "json":
            read = Content(tuple(_read_json(decode(content))))
        else:
            read = Content(tuple(line.rstrip() for line in decode(content).splitlines()))
    except SheetError as error:
        raise FileError(error.kind) from error
    if not any(character.isalnum() for line in read.lines for character in line):
        raise FileError("empty")
    return read


def _read_sheet(content: bytes) -> Content:
    sheets = read_sheets(content)
    lines: list[str] = []
    for sheet in sheets:
        filled = [row for row in sheet.rows if any(cell.strip() for cell in row)]
        if filled and len(sheets) > 1:
            lines.append(f"Sheet: {_one_line(sheet.name)}")
        lines += [" | ".join(map(_one_line, row)) for row in filled]
    return Content(tuple(lines), tuple(map(tuple, sheets[0].rows)))


def _read_json(text: str) -> list[str]:
    try:
        # Numbers as they are written: 1482.10 stays 1482.10.
        told = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
        return list(_tell(told, ""))
    except (ValueError, RecursionError) as error:
        raise FileError("damaged") from error


def _tell(value: Any, name: str) -> Iterator[str]:
    """Yield a JSON value as lines: `client.name: Vos`; an object of plain values is one line, like a row."""
    if isinstance(value, dict) and name and not any(isinstance(one, dict | list) for one in value.values()):
        yield f"{name}: " + " | ".join(f"{key}: {_word(one)}" for key, one in value.items())
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _tell(one, f"{name}.{_one_line(key)}" if name else _one_line(key))
    elif isinstance(value, list) and any(isinstance(one, dict | list) for one in value):
        for one in value:
            yield from _tell(one, name or "item")
    elif isinstance(value, list):
        yield f"{name or 'item'}: {', '.join(map(_word, value))}"
    else:
        yield f"{name or 'value'}: {_word(value)}"


def _word(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else _one_line(str(value))


def _one_line(cell: str) -> str:
    """Return a cell without line breaks: it must not pass for a row of its own."""
    return " ".join(cell.split())
