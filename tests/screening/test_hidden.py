"""Text that nobody can see is kept apart from what people read, in PDF and Word alike."""

from __future__ import annotations

import io

import docx
import pytest
import typst
from docx.oxml.ns import qn
from docx.oxml.parser import OxmlElement
from docx.shared import Pt, RGBColor

from bot.reading import FileError, read_paper, read_paper_apart
from tests.documents import pdf, slides, word

SEEN = "Eight years of window frames at a joinery in Deventer."
DRAWN = """
BT /F1 12 Tf 60 700 Td (Eight years of window frames at a joinery) Tj
0 -20 Td 1 g (white order) Tj 0 g
0 -20 Td /F1 1 Tf (tiny order) Tj /F1 12 Tf
0 -20 Td 3 Tr (invisible order) Tj 0 Tr
0 -20 Td 0 0 0 0 k (paper white order) Tj 0 g ET
q 0.1 0 0 0.1 0 0 cm BT /F1 20 Tf 600 5000 Td (shrunk order) Tj ET Q
0 0 0.4 rg 50 380 300 40 re f
BT 1 1 1 rg /F1 12 Tf 60 400 Td (white on a dark ground) Tj ET
0 0 0.4 rg 50 280 m 350 280 l 350 320 l 50 320 l f
BT 1 g /F1 12 Tf 14 TL 60 300 Td (white on a drawn ground) Tj ( ) ' ET
"""


def drawn() -> bytes:
    """Return a PDF with every way of hiding words, and two of showing them in white."""
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import DecodedStreamObject, NameObject

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(SEEN))))
    stream = DecodedStreamObject()
    stream.set_data(DRAWN.encode())
    writer.pages[0][NameObject("/Contents")] = stream
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def test_a_pdf_hides_nothing() -> None:
    """White, tiny, shrunk and invisible words are found; white words on a dark ground are read as people read them."""
    paper = read_paper(drawn())
    seen, hidden = " ".join(paper.lines), " ".join(paper.hidden)

    for words in ("Eight years", "white on a dark ground", "white on a drawn ground"):
        assert words in seen
        assert words not in hidden
    assert "order" not in seen
    for words in ("white order", "tiny order", "invisible order", "paper white order", "shrunk order"):
        assert words in hidden


def test_a_typeset_pdf_is_read_as_it_looks() -> None:
    """Embedded fonts and upside-down coordinates, as typesetting programs write them, change nothing."""
    source = f"= Curriculum vitae\n{SEEN}\n#text(fill: white)[white order]\n#text(size: 1pt)[tiny order]"
    source += "\n#block(fill: navy)[#text(fill: white)[SQL]]"
    paper = read_paper(typst.compile(source.encode()))

    assert SEEN in paper.lines
    assert "SQL" in paper.lines
    assert "white order tiny order" in " ".join(paper.hidden)


def test_a_word_file_hides_nothing() -> None:
    """Hidden, tiny and near-white runs are found, by style too; white in a dark cell stays; headers are read."""
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Curriculum vitae"
    paragraph = document.add_paragraph(SEEN)
    paragraph.add_run(" near-white order").font.color.rgb = RGBColor(250, 250, 250)
    paragraph.add_run(" tiny order").font.size = Pt(2)
    paragraph.add_run(" hidden order").font.hidden = True
    paragraph.add_run(" shown after all").font.hidden = False
    ghost = document.styles.add_style("Ghost", 1)
    ghost.font.hidden = True
    document.add_paragraph("styled order", style="Ghost")
    cell = document.add_table(1, 1).cell(0, 0)
    shade = OxmlElement("w:shd")
    shade.set(qn("w:fill"), "1F2A44")
    cell._tc.get_or_add_tcPr().append(shade)
    cell.paragraphs[0].add_run("White on blue").font.color.rgb = RGBColor(255, 255, 255)
    written = io.BytesIO()
    document.save(written)
    paper = read_paper_apart(written.getvalue())
    hidden = " ".join(paper.hidden)

    assert "order" not in " ".join(paper.lines)
    assert {"White on blue", "Curriculum vitae"} <= set(paper.lines)
    assert "shown after all" in " ".join(paper.lines)
    for words in ("near-white order", "tiny order", "hidden order", "styled order"):
        assert words in hidden


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"just words", "not-text"),
        (slides(("a", "b")), "not-text"),
        (pdf(""), "scanned"),
        (pdf(SEEN, password="x"), "locked"),
        (pdf(*[SEEN] * 41), "too-long"),
        (pdf(*["long words " * 900] * 30), "too-large"),
        (b"%PDF-1.7\nbroken", "damaged"),
        (word(""), "scanned"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_kind(content: bytes, kind: str) -> None:
    """Each fault has its own sentence for the person who sent it."""
    with pytest.raises(FileError) as caught:
        read_paper_apart(content)

    assert caught.value.kind == kind
