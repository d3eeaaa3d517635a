"""Documents for tests, written as the programs of offices write them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from email.message import EmailMessage

import docx

_PPT = "http://schemas.openxmlformats.org/presentationml/2006/main"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def pdf(*pages: str, password: str = "") -> bytes:
    """Write a PDF of one text per page; an empty one is a page that nothing can be read on."""
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    writer = PdfWriter()
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
            NameObject("/Encoding"): NameObject("/WinAnsiEncoding"),
        }
    )
    for said in pages:
        page = writer.add_blank_page(595, 842)
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
        )
        stream = DecodedStreamObject()
        lines = [
            line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)") for line in said.splitlines()
        ]
        drawn = " T* ".join(f"({line}) Tj" for line in lines)
        stream.set_data(f"BT /F1 11 Tf 14 TL 60 780 Td {drawn} ET".encode("cp1252"))
        page[NameObject("/Contents")] = stream
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def word(*blocks: str | Sequence[Sequence[str]], hidden: str = "") -> bytes:
    """Write a Word file: `# ` begins a heading, a list of rows is a table; *hidden* is there and never seen."""
    document = docx.Document()
    for block in blocks:
        if not isinstance(block, str):
            table = document.add_table(rows=0, cols=len(block[0]))
            for row in block:
                for cell, said in zip(table.add_row().cells, row, strict=True):
                    cell.text = said
        elif block.startswith("#"):
            marks, _, said = block.partition(" ")
            document.add_heading(said, level=len(marks))
        else:
            document.add_paragraph(block)
    if hidden:
        document.add_paragraph().add_run(hidden).font.hidden = True
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def slides(*told: tuple[str, str], doctype: str = "") -> bytes:
    """Write a presentation of slides with a title and a text; the second slide stands first in its archive."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as zipped:
        ids = "".join(f'<p:sldId id="{255 + n}" r:id="rId{n}"/>' for n in range(1, len(told) + 1))
        zipped.writestr(
            "ppt/presentation.xml",
            f'<p:presentation xmlns:p="{_PPT}" xmlns:r="{_REL}"><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>',
        )
        relations = "".join(
            f'<Relationship Id="rId{n}" Type="{_REL}/slide" Target="slides/slide{len(told) + 1 - n}.xml"/>'
            for n in range(1, len(told) + 1)
        )
        zipped.writestr(
            "ppt/_rels/presentation.xml.rels",
            f'<Relationships xmlns="{_PACKAGE}">{relations}</Relationships>',
        )
        for number, (title, body) in enumerate(told, start=1):
            shapes = "".join(
                f"<p:sp><p:nvSpPr><p:nvPr>{holder}</p:nvPr></p:nvSpPr><p:txBody><a:p><a:r><a:t>{said}</a:t></a:r>"
                "</a:p></p:txBody></p:sp>"
                for holder, said in (('<p:ph type="title"/>', title), ("<p:ph/>", body))
            )
            zipped.writestr(
                f"ppt/slides/slide{len(told) + 1 - number}.xml",
                f'{doctype}<p:sld xmlns:p="{_PPT}" xmlns:a="{_DRAWING}"><p:cSld><p:spTree>{shapes}</p:spTree>'
                "</p:cSld></p:sld>",
            )
    return written.getvalue()


def mail(subject: str, body: str, *, page: str = "", attached: str = "") -> bytes:
    """Write an e-mail as mail programs save it; *page* is its body as HTML."""
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = "Anna <anna@voorbeeld.example>"
    message["To"] = "ben@voorbeeld.example"
    if body:
        message.set_content(body)
    if page and body:
        message.add_alternative(page, subtype="html")
    elif page:
        message.set_content(page, subtype="html")
    if attached:
        message.add_attachment(b"x", maintype="application", subtype="pdf", filename=attached)
    return message.as_bytes()
