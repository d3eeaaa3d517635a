"""PDF and Word files with what people see of them kept apart from what they do not: hidden, tiny or near-white text."""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.reading.pages import MOST_PAGES, split_page
from bot.reading.parts import BROKEN, FileError
from bot.reading.sheet import SheetError, check_zip

MOST_CHARS = 200_000
SMALLEST_HALF_POINTS = 8  # Word counts in half points: below 4 points nobody reads it
NEAR_WHITE = 0.93  # of each of red, green and blue

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"


@dataclass(frozen=True)
class Paper:
    """What stands in a PDF or Word file, line by line.

    Attributes:
        lines: what people see.
        hidden: what they do not, and a model would.
    """

    lines: tuple[str, ...]
    hidden: tuple[str, ...] = ()


def read_paper(content: bytes) -> Paper:
    """Read a PDF or Word file by what it is, whatever its name says.

    Raises:
        FileError: it is neither (`not-text`), locked, damaged, too long, or `scanned`: it holds no text.
    """
    if content[:1024].lstrip().startswith(b"%PDF"):
        seen, unseen = _read_pdf(content)
    elif content.startswith(b"PK"):
        seen, unseen = _read_word(content)
    else:
        raise FileError("not-text")
    if sum(map(len, seen)) > MOST_CHARS:
        raise FileError("too-large")
    if sum(character.isalnum() for line in seen for character in line) < 20:
        raise FileError("scanned")
    return Paper(tuple(seen), tuple(unseen))


def _read_pdf(content: bytes) -> tuple[list[str], list[str]]:
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError, PyPdfError

    # What it says of damaged files is in our own words already.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    seen: list[str] = []
    unseen: list[str] = []
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise FileError("locked")
        if len(reader.pages) > MOST_PAGES:
            raise FileError("too-long")
        for page in reader.pages:
            shown, hidden = split_page(page, reader)
            seen += _tidy(shown)
            unseen += _tidy(hidden)
    except (FileNotDecryptedError, DependencyError) as error:
        raise FileError("locked") from error
    except LimitReachedError as error:
        raise FileError("too-large") from error
    except (PyPdfError, RecursionError, OSError, *BROKEN) as error:
        raise FileError("damaged") from error
    return seen, unseen


def _tidy(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def _read_word(content: bytes) -> tuple[list[str], list[str]]:
    from docx import Document
    from lxml.etree import LxmlError  # type: ignore[import-untyped]

    try:
        check_zip(content)
        document = Document(io.BytesIO(content))
    except SheetError as error:
        raise FileError("too-large") from error
    except (zipfile.BadZipFile, KeyError, ValueError, LxmlError, OSError) as error:
        # A workbook or a slide deck is a zip too, and python-docx says so with a ValueError.
        raise FileError("not-text") from error
    styles = _styles(document.styles.element)
    parts = [document.element.body]
    for part in document.sections:
        parts += [part.header._element, part.footer._element]
    seen: list[str] = []
    unseen: list[str] = []
    for root in parts:
        for paragraph in root.iter(f"{_W}p"):
            _split_paragraph(paragraph, styles, seen, unseen)
    return seen, unseen


def _styles(root: Any) -> dict[str, tuple[str, Any]]:
    """Return style id -> the style it rests on, and its properties of runs."""
    found: dict[str, tuple[str, Any]] = {}
    for style in root.iter(f"{_W}style"):
        based = style.find(f"{_W}basedOn")
        found[style.get(f"{_W}styleId")] = (
            "" if based is None else based.get(f"{_W}val"),
            style.find(f"{_W}rPr"),
        )
    return found


def _split_paragraph(
    paragraph: Any, styles: dict[str, tuple[str, Any]], seen: list[str], unseen: list[str]
) -> None:
    if any(one.tag == _FALLBACK for one in paragraph.iterancestors()):
        return  # Word's older twin of a text box: the same words once more
    named = paragraph.find(f"{_W}pPr/{_W}pStyle")
    of_paragraph = "" if named is None else named.get(f"{_W}val")
    shown: list[str] = []
    hidden: list[str] = []
    for run in paragraph.iter(f"{_W}r"):
        if next(run.iterancestors(f"{_W}p")) is not paragraph:
            continue
        words = "".join(_words(run))
        properties = list(_properties(run, of_paragraph, styles))
        (hidden if words.strip() and _is_hidden(run, properties) else shown).append(words)
    seen += _tidy("".join(shown))
    unseen += _tidy("".join(hidden))


def _words(run: Any) -> Iterator[str]:
    for child in run:
        if child.tag == f"{_W}t":
            yield child.text or ""
        elif child.tag in (f"{_W}tab", f"{_W}br", f"{_W}cr"):
            yield "\t" if child.tag == f"{_W}tab" else "\n"


def _properties(run: Any, of_paragraph: str, styles: dict[str, tuple[str, Any]]) -> Iterator[Any]:
    """Yield what decides on how a run looks, the nearest first."""
    own = run.find(f"{_W}rPr")
    if own is not None:
        yield own
    named = None if own is None else own.find(f"{_W}rStyle")
    for style in ("" if named is None else named.get(f"{_W}val"), of_paragraph):
        met: set[str] = set()
        while style and style in styles and style not in met:
            met.add(style)
            style, properties = styles[style]
            if properties is not None:
                yield properties


def _is_hidden(run: Any, properties: list[Any]) -> bool:
    for name in ("vanish", "webHidden"):
        told = _first(properties, name)
        if told is not None and told.get(f"{_W}val") not in ("0", "false", "off"):
            return True
    size = _first(properties, "sz")
    if size is not None and _number(size.get(f"{_W}val")) < SMALLEST_HALF_POINTS:
        return True
    colour = _first(properties, "color")
    if colour is None or not _is_near_white(colour.get(f"{_W}val") or ""):
        return False
    # White words on a dark ground are a matter of taste.
    grounds = [run, *run.iterancestors(f"{_W}p", f"{_W}tc", f"{_W}tbl", f"{_W}txbxContent")]
    return not any(_is_dark(ground) for ground in grounds)


def _first(properties: list[Any], name: str) -> Any:
    return next(
        (found for one in properties if (found := one.find(f"{_W}{name}")) is not None),
        None,
    )


def _number(value: str | None) -> float:
    try:
        return float(value or "nan")
    except ValueError:
        return float("nan")


def _is_near_white(colour: str) -> bool:
    try:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)] if len(colour) == 6 else []
    except ValueError:
        return False
    return bool(parts) and min(parts) >= NEAR_WHITE


def _is_dark(element: Any) -> bool:
    if element.tag == f"{_W}txbxContent":
        return True  # the shape around a text box has a colour of its own, and a picture may stand behind it
    kind = {f"{_W}r": "rPr", f"{_W}p": "pPr", f"{_W}tc": "tcPr", f"{_W}tbl": "tblPr"}.get(element.tag, "")
    shade = element.find(f"{_W}{kind}/{_W}shd")
    fill = "" if shade is None else shade.get(f"{_W}fill") or ""
    return len(fill) == 6 and not _is_near_white(fill)
