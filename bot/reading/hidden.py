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
from bot.reading.runs import Styles, is_unseen, styles_of
from bot.reading.sheet import SheetError, check_zip

MOST_CHARS = 200_000

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
    styles = styles_of(document.styles.element)
    parts = [document.element.body]
    for part in document.sections:
        parts += [part.header._element, part.footer._element]
    seen: list[str] = []
    unseen: list[str] = []
    for root in parts:
        for paragraph in root.iter(f"{_W}p"):
            _split_paragraph(paragraph, styles, seen, unseen)
    return seen, unseen


def _split_paragraph(paragraph: Any, styles: Styles, seen: list[str], unseen: list[str]) -> None:
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
        (hidden if words.strip() and is_unseen(run, of_paragraph, styles) else shown).append(words)
    seen += _tidy("".join(shown))
    unseen += _tidy("".join(hidden))


def _words(run: Any) -> Iterator[str]:
    for child in run:
        if child.tag == f"{_W}t":
            yield child.text or ""
        elif child.tag in (f"{_W}tab", f"{_W}br", f"{_W}cr"):
            yield "\t" if child.tag == f"{_W}tab" else "\n"
