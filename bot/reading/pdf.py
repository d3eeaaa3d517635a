"""The text of PDF files, page by page; a page without text stays empty, nothing is recognised in pictures."""

from __future__ import annotations

import io
import logging
from typing import Any

from bot.reading.pages import has_picture, split_page
from bot.reading.parts import BROKEN, FileError, Part, clean_lines

MOST_PAGES = 500


def read_pdf(content: bytes) -> tuple[Part, ...]:
    """Return the pages of a PDF, numbered from 1.

    Raises:
        FileError: it is none, damaged, locked, of more than 500 pages, or `scanned`: no page has any text.
    """
    # Only who reads a PDF waits for the library.
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError, PyPdfError

    if b"%PDF-" not in content[:1024]:
        raise FileError("not-text")
    # What it says of damaged files is in our own words already.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(io.BytesIO(content))
        # Many are locked against changes only: an empty password opens them.
        if reader.is_encrypted and not reader.decrypt(""):
            raise FileError("locked")
        if len(reader.pages) > MOST_PAGES:
            raise FileError("too-long")
        parts = tuple(
            Part(clean_lines(_seen(page, reader)), page=number)
            for number, page in enumerate(reader.pages, start=1)
        )
    except (FileNotDecryptedError, DependencyError) as error:
        raise FileError("locked") from error
    except LimitReachedError as error:
        raise FileError("too-large") from error
    except FileError:
        raise
    except (PyPdfError, RecursionError, OSError, *BROKEN) as error:
        raise FileError("damaged") from error
    if not any(part.has_words for part in parts):
        raise FileError("scanned" if parts else "empty")
    return parts


def _seen(page: Any, reader: Any) -> str:
    """Return what people see of a page; of a scan, whose only words lie invisible on a picture, those words."""
    shown, hidden = split_page(page, reader)
    if any(character.isalnum() for character in shown) or not has_picture(page):
        return shown
    return hidden
