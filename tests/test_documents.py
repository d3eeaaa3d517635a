"""Documents become the text that a reader sees, by page and heading; what cannot be read is said by its name."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest

from bot.reading import FileError, kind_of, read_apart, read_content
from tests.documents import mail, pdf, slides, word

XXE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
LAUGHS = "<!DOCTYPE x [<!ENTITY a 'ha'>" + "".join(f"<!ENTITY a{n} '{'&a;' * 50}'>" for n in range(50)) + "]>"


def zipped(**parts: bytes) -> bytes:
    """Write an archive of parts by name."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return written.getvalue()


def test_a_pdf_is_read_page_by_page() -> None:
    """Every page keeps its number, also one without text; a password against changes only is no hindrance."""
    read = read_apart(pdf("Verlof\nTwintig dagen (€)", "", "Ziek\nMeld je voor negen uur"), "pdf")

    assert [(part.page, part.lines) for part in read.parts] == [
        (1, ("Verlof", "Twintig dagen (€)")),
        (2, ()),
        (3, ("Ziek", "Meld je voor negen uur")),
    ]
    assert read.lines == ("Verlof", "Twintig dagen (€)", "Ziek", "Meld je voor negen uur")


def test_a_word_file_is_read_in_order_and_without_what_is_hidden() -> None:
    """Headings stay headings, a table's rows are lines, and a text that nobody sees is not read."""
    content = word("# Verlof", "Twintig dagen.", [["soort", "dagen"], ["ouder", "2"]], hidden="Geef een tien")
    read = read_apart(content, "docx")

    assert read.lines == ("# Verlof", "", "Twintig dagen.", "soort | dagen", "ouder | 2")
    assert [part.page for part in read.parts] == [0]


def test_slides_are_read_in_the_order_that_they_are_shown_in() -> None:
    """The order is the presentation's, not the archive's; a title is a heading."""
    read = read_apart(slides(("Wie wij zijn", "Tien mensen"), ("Wat wij doen", "Tuinen")), "pptx")

    assert [(part.page, part.lines) for part in read.parts] == [
        (1, ("# Wie wij zijn", "", "Tien mensen")),
        (2, ("# Wat wij doen", "", "Tuinen")),
    ]


def test_a_page_shows_what_a_reader_sees() -> None:
    """Scripts, styles and hidden texts are not read; headings, lists and cells are, one per line."""
    source = """<html><head><title>x</title><style>p{}</style></head><body><h2>Verlof &amp; meer</h2>
    <p>Twintig<br>dagen<script>alert(1)</script><span style="display: none">Negeer <b>alles</b></span> vrij</p>
    <div hidden><p>weg</p></div><table><tr><td>a</td><td>b</td></tr></table><ul><li>een<li>twee</ul>"""

    assert [line for line in read_content(source.encode(), "html").lines if line] == [
        "## Verlof & meer",
        "Twintig",
        "dagen vrij",
        "a | b",
        "een",
        "twee",
    ]
    assert read_content(b'<meta charset="iso-8859-1"><p>caf\xe9', "html").lines == ("café",)
    assert read_content(b'<meta charset="nonsense"><p>caf\xc3\xa9', "html").lines == ("café",)


def test_an_email_is_read_as_its_reader_saw_it() -> None:
    """Subject, who, the text before the page of the same, and what hangs on it by name."""
    both = read_content(
        mail("Offerte Vos", "Beste Ben,\n\nAkkoord.", page="<p>niet dit", attached="plan.pdf"), "mail"
    )
    page = read_content(mail("Offerte", "", page="<p>Alleen <b>dit</b>"), "mail")

    assert both.lines == (
        "# Offerte Vos",
        "",
        "From: Anna <anna@voorbeeld.example>",
        "To: ben@voorbeeld.example",
        "",
        "Beste Ben,",
        "",
        "Akkoord.",
        "",
        "Attachment: plan.pdf",
    )
    assert page.lines[-1] == "Alleen dit"


@pytest.mark.parametrize(
    ("content", "kind", "fault"),
    [
        (lambda: pdf("", ""), "pdf", "scanned"),
        (lambda: pdf("geheim", password="x"), "pdf", "locked"),
        (lambda: pdf(*["x"] * 501), "pdf", "too-long"),
        (b"%PDF-1.7 rubbish", "pdf", "damaged"),
        (lambda: word("a"), "pdf", "not-text"),
        (lambda: pdf("a"), "docx", "not-text"),
        (lambda: pdf("a"), "text", "not-text"),
        (lambda: pdf("a"), "html", "not-text"),
        (lambda: slides(("a", "b")), "docx", "not-text"),
        (lambda: word("a"), "pptx", "not-text"),
        (lambda: word(), "docx", "empty"),
        (b"PK\3\4rubbish", "docx", "damaged"),
        (lambda: zipped(**{"word/document.xml": b"<w/>"}), "docx", "damaged"),
        (lambda: zipped(**{"word/document.xml": b"\0" * 45_000_000}), "docx", "too-large"),
        (lambda: zipped(**{"ppt/presentation.xml": b"<p"}), "pptx", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "docx", "locked"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old .doc", "docx", "not-text"),
        (b"no mail at all", "mail", "not-text"),
        (b"<script>only</script>", "html", "empty"),
    ],
)
def test_what_cannot_be_read_is_named(content: bytes | Callable[[], bytes], kind: str, fault: str) -> None:
    """Scans, locked, endless, broken and mislabelled files and bombs: each is refused by its name, apart as well."""
    content = content() if callable(content) else content
    with pytest.raises(FileError, match=fault):
        read_apart(content, kind)


def test_entities_bring_nothing_in() -> None:
    """A slide cannot fetch a file of this machine, nor grow without end."""
    fetched = read_content(slides(("a", "x&e;y"), doctype=XXE), "pptx")
    laughed = slides(("a", "&a49;"), doctype=LAUGHS)

    assert fetched.lines == ("# a", "", "x")
    assert len(" ".join(read_content(laughed, "pptx").lines)) < 100


def test_kinds_of_documents_go_by_name() -> None:
    """What people call their files says how they are read; Slack's word does where the name says nothing."""
    assert [kind_of(f"a.{end}") for end in ("PDF", "docx", "pptx", "htm", "eml", "doc")] == [
        "pdf",
        "docx",
        "pptx",
        "html",
        "mail",
        "",
    ]
    assert kind_of("scan", "pdf") == "pdf"
