"""The text of Word files and of slides: only the archive's own XML, without entities, and never what is hidden."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bot.reading.parts import FileError, Part, clean_lines, heading
from bot.reading.runs import Styles, is_unseen, styles_of
from bot.reading.sheet import SheetError, check_zip, old_office

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"

MOST_SLIDES = 500
# How deep tables and text boxes may lie in one another.
DEEPEST = 20
SMALLEST_HUNDREDTHS = 400


@dataclass(frozen=True)
class _Styles:
    """The styles of a document: what they are called, and what decides on how they look."""

    names: dict[str, str]
    looks: Styles


def read_docx(content: bytes) -> tuple[Part, ...]:
    """Return a Word file as one part: paragraphs, headings, text boxes and the rows of tables, in order.

    Raises:
        FileError: it is none, damaged, locked or too large.
    """
    # Only who reads a document waits for the library.
    import docx
    from docx.opc.exceptions import OpcError
    from lxml.etree import LxmlError  # type: ignore[import-untyped]

    _check(content, "word/")
    try:
        document = docx.Document(io.BytesIO(content))
        names = {style.style_id: str(style.name or "") for style in document.styles}
        styles = _Styles(names, styles_of(document.styles.element))
        lines = list(_blocks(document.element.body, styles, DEEPEST))
    except (
        OpcError,
        LxmlError,
        zipfile.BadZipFile,
        LookupError,
        ValueError,
        AttributeError,
        OSError,
    ) as error:
        raise FileError("damaged") from error
    return (Part(clean_lines("\n".join(lines))),)


def _blocks(element: Any, styles: _Styles, depth: int) -> Iterator[str]:
    """Yield what stands in a body, a cell or a text box, line by line."""
    if depth <= 0:
        raise FileError("damaged")
    for child in element:
        if child.tag == f"{W}p":
            yield from _paragraph(child, styles, depth)
        elif child.tag == f"{W}tbl":
            for row in child.iterchildren(f"{W}tr"):
                cells = [" ".join(_blocks(cell, styles, depth - 1)) for cell in row.iter(f"{W}tc")]
                yield " | ".join(" ".join(cell.split()) for cell in cells)
        elif child.tag in (f"{W}sdt", f"{W}sdtContent", f"{W}ins", f"{W}smartTag", f"{W}customXml"):
            yield from _blocks(child, styles, depth - 1)


def _paragraph(element: Any, styles: _Styles, depth: int) -> Iterator[str]:
    boxes: list[Any] = []
    found = element.find(f"{W}pPr/{W}pStyle")
    style_id = "" if found is None else found.get(f"{W}val", "")
    said = "".join(_words(element, boxes, lambda run: is_unseen(run, style_id, styles.looks)))
    style = styles.names.get(style_id, "")
    level = re.fullmatch(r"heading (\d)", style.casefold())
    for line in said.split("\n"):
        if level and line.strip():
            yield heading(int(level[1]), line)
        elif style.casefold() == "title" and line.strip():
            yield heading(1, line)
        else:
            yield line
    if level or style:
        yield ""
    for box in boxes:
        yield from _blocks(box, styles, depth - 1)


def _words(element: Any, boxes: list[Any], is_hidden: Callable[[Any], bool]) -> Iterator[str]:
    """Yield the visible text of a paragraph; text boxes in it are put aside."""
    for child in element:
        if child.tag in (FALLBACK, f"{W}del"):
            continue
        if child.tag == f"{W}txbxContent":
            boxes.append(child)
        elif child.tag == f"{W}r" and child.find(f"{W}t") is not None and is_hidden(child):
            continue
        elif child.tag == f"{W}t":
            yield child.text or ""
        elif child.tag == f"{W}tab":
            yield " "
        elif child.tag in (f"{W}br", f"{W}cr"):
            yield "\n"
        elif isinstance(child.tag, str):
            yield from _words(child, boxes, is_hidden)


def read_pptx(content: bytes) -> tuple[Part, ...]:
    """Return the slides of a presentation in their order, each with its title as a heading, and its notes.

    Raises:
        FileError: it is none, damaged, locked, too large or of more than 500 slides.
    """
    from lxml.etree import LxmlError

    _check(content, "ppt/")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            slides = list(_slide_names(archive))
            if len(slides) > MOST_SLIDES:
                raise FileError("too-long")
            return tuple(
                Part(clean_lines("\n".join(_slide(archive, name))), page=number)
                for number, name in enumerate(slides, start=1)
            )
    except (LxmlError, zipfile.BadZipFile, LookupError, ValueError, OSError) as error:
        raise FileError("damaged") from error


def _slide_names(archive: zipfile.ZipFile) -> Iterator[str]:
    """Yield the slides' names in the order that they are shown in; hidden ones are not."""
    parts = _related(archive, "ppt/presentation.xml")
    for one in _tree(archive, "ppt/presentation.xml").iter(f"{P}sldId"):
        name = parts[one.get(f"{R}id")]
        if _tree(archive, name).get("show") != "0":
            yield name


def _slide(archive: zipfile.ZipFile, name: str) -> Iterator[str]:
    for shape in _tree(archive, name).iter(f"{P}sp", f"{P}graphicFrame"):
        named = next(shape.iter(f"{P}cNvPr"), None)
        if named is not None and named.get("hidden") in ("1", "true"):
            continue
        holder = shape.find(f".//{P}nvPr/{P}ph")
        is_title = holder is not None and holder.get("type") in ("title", "ctrTitle")
        rows = list(shape.iter(f"{A}tr"))
        if rows:
            for row in rows:
                yield " | ".join(" ".join(_said(cell)) for cell in row.iter(f"{A}tc"))
        elif is_title and (said := " ".join(_said(shape)).strip()):
            yield heading(1, said)
        else:
            yield from _said(shape)
        yield ""
    for part in _related(archive, name).values():
        if "/notesSlides/" in part:
            for shape in _tree(archive, part).iter(f"{P}sp"):
                holder = shape.find(f".//{P}nvPr/{P}ph")
                if holder is not None and holder.get("type") == "body":
                    yield from _said(shape)


def _said(element: Any) -> Iterator[str]:
    for paragraph in element.iter(f"{A}p"):
        yield "".join(
            " " if one.tag == f"{A}br" else one.text or ""
            for one in paragraph.iter(f"{A}t", f"{A}br")
            if not _is_tiny(one.getparent())
        )


def _is_tiny(run: Any) -> bool:
    """Say whether a run is below four points, which slides count in hundredths; white is a matter of the ground."""
    looks = run.find(f"{A}rPr")
    size = "" if looks is None else looks.get("sz", "")
    return bool(re.fullmatch(r"\d{1,6}", size)) and int(size) < SMALLEST_HUNDREDTHS


def _related(archive: zipfile.ZipFile, name: str) -> dict[str, str]:
    """Return relation id -> part name of what a part refers to in the same archive."""
    folder, base = posixpath.split(name)
    try:
        tree = _tree(archive, f"{folder}/_rels/{base}.rels")
    except KeyError:
        return {}
    return {
        one.get("Id", ""): posixpath.normpath(posixpath.join(folder, one.get("Target", ""))).lstrip("/")
        for one in tree
        if one.get("TargetMode") != "External"
    }


def _tree(archive: zipfile.ZipFile, name: str) -> Any:
    from lxml import etree  # type: ignore[import-untyped]

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(archive.read(name), parser)


def _check(content: bytes, folder: str) -> None:
    """Look into an archive before it is unpacked.

    Raises:
        FileError: it is another kind of file, has a password on it, or unpacks to too much.
    """
    if old := old_office(content):
        raise FileError(old)
    if not content.startswith(b"PK"):
        raise FileError("not-text")
    try:
        check_zip(content)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except SheetError as error:
        raise FileError(error.kind) from error
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise FileError("damaged") from error
    if not any(name.startswith(folder) for name in names):
        raise FileError("not-text")
