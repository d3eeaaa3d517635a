"""Accepted letters on paper: a PDF or a Word document each in one archive, or all in one Word document."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bot.pdf import find_unprintable, make_pdf
from bot.tasks import Language
from bot.texts import format_day, text

if TYPE_CHECKING:
    from docx.document import Document

HERE = Path(__file__).parent
MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)
"""What every letter says of when its file was made, so that the same words give the same bytes."""

LONGEST_NAME = 60

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Letter:
    """One letter.

    Attributes:
        number: the row that it came from.
        to: whom it is to, as the table names them; it stands in the document's title and the file's name only.
        text: paragraphs with an empty line between them.
    """

    number: int
    to: str
    text: str

    @property
    def file_stem(self) -> str:
        """Its file's name without the ending: the row, then letters, figures and hyphens, whatever the cell held."""
        words = re.sub(r"[^\w-]+", "-", self.to).strip("-")[:LONGEST_NAME].strip("-")
        return f"{self.number:04}-{words or 'letter'}"

    @property
    def paragraphs(self) -> list[list[str]]:
        """Its paragraphs, each line by line."""
        parts = self.text.replace("\r\n", "\n").split("\n\n")
        lines = ([line.strip() for line in part.splitlines() if line.strip()] for part in parts)
        return [part for part in lines if part]


@dataclass(frozen=True)
class Paper:
    """How all letters of a firm look.

    Attributes:
        sender: the firm, above each letter and in its footer.
        day: printed above each letter.
    """

    sender: str
    language: Language
    day: date


def letter_pdf(letter: Letter, paper: Paper) -> bytes:
    """Return a letter as a tagged PDF on A4: its words are data, never code; same words, same bytes."""
    data = {
        "lang": paper.language,
        "sender": paper.sender,
        "title": letter.to or paper.sender or "-",
        "date": format_day(paper.day, paper.language),
        "paragraphs": letter.paragraphs,
    }
    return make_pdf(HERE / "letter.typ", data, moment=MADE_AT)


def letters_docx(letters: Sequence[Letter], paper: Paper) -> bytes:
    """Return letters as one Word document on A4: each begins a page, and its pages are counted by themselves."""
    from docx.enum.section import WD_SECTION

    document = _blank(paper)
    for at, letter in enumerate(letters):
        if at:
            document.add_section(WD_SECTION.NEW_PAGE)
            _close_section(document)
        _write(document, letter, paper)
    return _saved(document)


def pack_letters(
    letters: Sequence[Letter], paper: Paper, kind: Literal["pdf", "docx"]
) -> tuple[bytes, list[int]]:
    """Return an archive with a file per letter, and the rows that came as Word because no PDF can hold their words.

    It blocks, so call it in a thread.
    """
    instead = []
    written = io.BytesIO()
    blank = _blank(paper)
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for letter in letters:
            if kind == "pdf" and not find_unprintable([letter.to, letter.text]):
                archive.writestr(f"{letter.file_stem}.pdf", letter_pdf(letter, paper))
                continue
            if kind == "pdf":
                instead.append(letter.number)
            # Word's own template takes longer to read than a letter to write.
            blank._body.clear_content()
            blank.core_properties.title = _clean(letter.to)[:200]
            _write(blank, letter, paper)
            archive.writestr(f"{letter.file_stem}.docx", _saved(blank))
    return written.getvalue(), instead


def _blank(paper: Paper) -> Document:
    """Return a document without a letter."""
    import docx

    document: Document = docx.Document()
    _set_version(document)
    _set_style(document, paper.language)
    _set_page(document)
    _write_footers(document, paper.sender)
    properties = document.core_properties
    properties.title = properties.author = _clean(paper.sender)[:200]
    properties.comments = ""
    properties.created = properties.modified = MADE_AT.replace(tzinfo=None)
    return document


def _saved(document: Document) -> bytes:
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def _clean(words: str) -> str:
    """Return words without the signs that XML cannot hold."""
    return _CONTROLS.sub("", words)


def _set_version(document: Document) -> None:
    """Say that the document is for today's Word, which else opens it in compatibility mode, as of 2010."""
    from docx.oxml.ns import qn

    for one in document.settings.element.iter(qn("w:compatSetting")):
        if one.get(qn("w:name")) == "compatibilityMode":
            one.set(qn("w:val"), "15")


def _set_style(document: Document, language: Language) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Pt

    style = document.styles["Normal"]
    style.font.name, style.font.size = "Georgia", Pt(11)
    style.paragraph_format.space_after, style.paragraph_format.line_spacing = Pt(9), 1.15
    spoken = OxmlElement("w:lang")
    spoken.set(qn("w:val"), text("language.tag", language))
    style.element.get_or_add_rPr().append(spoken)


def _set_page(document: Document) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Mm

    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Mm(25)
    counted = OxmlElement("w:pgNumType")
    counted.set(qn("w:start"), "1")
    # The schema has an order, and Word insists on it. Each further section is a copy of this one.
    section._sectPr.find(qn("w:cols")).addprevious(counted)


def _write(document: Document, letter: Letter, paper: Paper) -> None:
    from docx.shared import Mm, Pt

    if paper.sender:
        head = document.add_paragraph().add_run(_clean(paper.sender))
        head.bold, head.font.size = True, Pt(13)
    dated = document.add_paragraph(format_day(paper.day, paper.language))
    dated.paragraph_format.space_before, dated.paragraph_format.space_after = Mm(10), Mm(6)
    for lines in letter.paragraphs:
        run = document.add_paragraph().add_run()
        for at, line in enumerate(lines):
            if at:
                run.add_break()
            run.add_text(_clean(line))


def _close_section(document: Document) -> None:
    """Let a letter end with its last paragraph: the break's own, an empty one, may need a page more."""
    *_, last, broken, _ = document.element.body
    last.get_or_add_pPr().append(broken.pPr.sectPr)
    document.element.body.remove(broken)


def _write_footers(document: Document, sender: str) -> None:
    """Let every page name the firm, and from the second on its number; the further sections take them over."""
    from docx.enum.text import WD_TAB_ALIGNMENT
    from docx.shared import Mm, Pt

    section = document.sections[0]
    section.different_first_page_header_footer = True
    # The template's own tabs are those of another paper.
    tabs = document.styles["Footer"].paragraph_format.tab_stops
    tabs.clear_all()
    tabs.add_tab_stop(Mm(160), WD_TAB_ALIGNMENT.RIGHT)
    for footer in (section.first_page_footer, section.footer):
        footer.paragraphs[0].add_run(_clean(sender)).font.size = Pt(8)
    counted = section.footer.paragraphs[0].add_run("\t")
    counted.font.size = Pt(8)
    _add_field(counted, "PAGE")


def _add_field(run: object, name: str) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for kind in ("begin", "", "end"):
        if kind:
            part = OxmlElement("w:fldChar")
            part.set(qn("w:fldCharType"), kind)
        else:
            part = OxmlElement("w:instrText")
            part.text = name
        run._r.append(part)  # type: ignore[attr-defined]
