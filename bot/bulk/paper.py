"""A letter as a PDF on A4, laid out by typst: its words are data, never code; same words, same bytes."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import typst

from bot.tasks import Language
from bot.texts import format_day

HERE = Path(__file__).parent


def letter_pdf(written: str, *, sender: str, to: str, language: Language, day: date | None = None) -> bytes:
    """Return a letter as a tagged PDF.

    Args:
        written: paragraphs with an empty line between them.
        sender: the firm, above the letter and in the footer.
        to: whom it is to, as the table names them; it stands in the document's title only.
        day: printed above the letter; without one there is none, so that the same words give the same bytes.
    """
    paragraphs = [
        [line.strip() for line in part.splitlines() if line.strip()]
        for part in written.replace("\r\n", "\n").split("\n\n")
    ]
    data = {
        "lang": language,
        "sender": sender,
        "title": to or sender,
        "date": format_day(day, language) if day else "",
        "paragraphs": [part for part in paragraphs if part],
    }
    found = typst.compile(
        HERE / "letter.typ",
        root=HERE,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        format="pdf",
        ignore_system_fonts=True,
        pdf_standards=["ua-1"],
        timestamp=int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()),
    )
    return found if isinstance(found, bytes) else b"".join(found)
