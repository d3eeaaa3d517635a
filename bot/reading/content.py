"""Files of words and figures: sheets, documents, slides, pages and e-mails become lines that a model reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bot.reading.office import read_docx, read_pptx
from bot.reading.parts import FileError, Part
from bot.reading.pdf import read_pdf
from bot.reading.sheet import SheetError, decode, read_sheets
from bot.reading.web import read_html, read_mail

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
    "pdf": "pdf",
    "docx": "docx",
    "pptx": "pptx",
    "html": "html",
    "htm": "html",
    "eml": "mail",
    "email": "mail",
}
"""A name's ending, or Slack's own word for a snippet's kind -> how it is read."""


DOCUMENTS: dict[str, Callable[[bytes], tuple[Part, ...]]] = {
    "pdf": read_pdf,
    "docx": read_docx,
    "pptx": read_pptx,
    "html": read_html,
    "mail": read_mail,
}


@dataclass(frozen=True)
class Content:
    """What stands in a file.

    Attributes:
        lines: all of it, as a model reads it.
        rows: of a sheet: the cells of its first one.
        parts: the same lines by page, slide or sheet; a page without text is one without lines.
    """

    lines: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = ()
    parts: tuple[Part, ...] = ()

    @property
    def pages(self) -> int:
        """How many pages, slides or sheets it has; 0 where it has none."""
        return max((part.page for part in self.parts), default=0)


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
        elif kind in DOCUMENTS:
            parts = DOCUMENTS[kind](content)
            read = Content(tuple(line for part in parts for line in part.lines), parts=parts)
        elif kind == "json":
            read = _whole(tuple(_read_json(decode(content))))
        elif content.startswith(b"%PDF-"):
            raise FileError("not-text")
        else:
            read = _whole(tuple(line.rstrip() for line in decode(content).splitlines()))
    except SheetError as error:
        raise FileError(error.kind) from error
    if not any(character.isalnum() for line in read.lines for character in line):
        raise FileError("empty")
    return read


def _whole(lines: tuple[str, ...]) -> Content:
    return Content(lines, parts=(Part(lines),))


def _read_sheet(content: bytes) -> Content:
    sheets = read_sheets(content)
    parts: list[Part] = []
    for number, sheet in enumerate(sheets, start=1):
        filled = [row for row in sheet.rows if any(cell.strip() for cell in row)]
        head = [f"Sheet: {_one_line(sheet.name)}"] if filled and len(sheets) > 1 else []
        parts.append(Part((*head, *(" | ".join(map(_one_line, row)) for row in filled)), page=number))
    lines = tuple(line for part in parts for line in part.lines)
    return Content(lines, tuple(map(tuple, sheets[0].rows)), tuple(parts))


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
