"""A page of a PDF, split into the text that people see and the text that they do not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

MOST_PAGES = 40  # of a CV; nobody's has more, and a book is a mistake
SMALLEST_POINTS = 3.0
NEAR_WHITE = 0.93
INVISIBLE = (3, 7)  # render modes: neither filled nor stroked; clipping only

_SHOWS = (b"Tj", b"TJ", b"'", b'"')
_FILLS = (b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*")
_ENDS = (*_FILLS, b"S", b"s", b"n")
Matrix = tuple[float, float, float, float, float, float]
_SAME: Matrix = (1, 0, 0, 1, 0, 0)


@dataclass(frozen=True)
class _Ink:
    """The graphics state as far as it decides on what can be seen."""

    matrix: Matrix = _SAME
    white: bool = False
    size: float = 12.0
    mode: int = 0
    leading: float = 0.0


@dataclass
class _Sheet:
    """A page while its operations are read, in order."""

    ink: _Ink = field(default_factory=_Ink)
    kept: list[_Ink] = field(default_factory=list)
    text: Matrix = _SAME
    path: list[tuple[float, float]] = field(default_factory=list)
    dark: list[tuple[float, float, float, float]] = field(default_factory=list)


def split_page(page: Any, reader: Any) -> tuple[str, str]:
    """Return the text of a page that people see, and the text that they do not."""
    from pypdf.generic import ContentStream, NameObject

    contents = page.get_contents()
    if contents is None:
        return "", ""
    # As bytes: the codes of an embedded font are no text, and must be written back as they were.
    stream = ContentStream(contents, reader, "bytes")
    seen: list[Any] = []
    unseen: list[Any] = []
    sheet = _Sheet()
    for operands, operator in stream.operations:
        _follow(sheet, operands, operator)
        if operator in _SHOWS and _is_hidden(sheet):
            unseen.append((operands, operator))
            # The line break that comes with the words stays.
            seen += [([], b"T*")] if operator in (b"'", b'"') else []
        else:
            seen.append((operands, operator))
            if operator not in _SHOWS:
                unseen.append((operands, operator))
    any_hidden = any(operator in _SHOWS for _, operator in unseen)
    texts: list[str] = []
    for operations in (seen, [one for one in unseen if one[1] != b"Do"]):
        if operations is not seen and not any_hidden:
            texts.append("")
            continue
        stream.operations = operations
        page[NameObject("/Contents")] = stream
        texts.append(page.extract_text() or "")
    return texts[0], texts[1]


def has_picture(page: Any) -> bool:
    """Say whether a page holds a picture."""
    resources: Any = page.get("/Resources")
    objects: Any = resources.get_object().get("/XObject") if resources else None
    listed = objects.get_object().values() if objects else ()
    return any(one.get_object().get("/Subtype") == "/Image" for one in listed)


def _follow(sheet: _Sheet, operands: Any, operator: bytes) -> None:
    """Let the page's state follow one operation."""
    ink = sheet.ink
    if operator == b"q":
        sheet.kept.append(ink)
    elif operator == b"Q" and sheet.kept:
        sheet.ink = sheet.kept.pop()
    elif operator == b"cm":
        sheet.ink = replace(ink, matrix=_times(_matrix(operands), ink.matrix))
    elif operator in (b"g", b"rg", b"k", b"sc", b"scn"):
        sheet.ink = replace(ink, white=_is_near_white(operands))
    elif operator == b"cs":
        sheet.ink = replace(ink, white=False)
    elif operator == b"Tf":
        sheet.ink = replace(ink, size=float(operands[1]))
    elif operator == b"Tr":
        sheet.ink = replace(ink, mode=int(operands[0]))
    elif operator == b"TL":
        sheet.ink = replace(ink, leading=float(operands[0]))
    elif operator in (b"re", b"m", b"l", b"c"):
        sheet.path += _corners(sheet, [float(one) for one in operands], operator)
    elif operator in _ENDS:
        if operator in _FILLS and sheet.path and not ink.white:
            xs, ys = zip(*sheet.path, strict=True)
            sheet.dark.append((min(xs), min(ys), max(xs), max(ys)))
        sheet.path = []
    else:
        _move(sheet, operands, operator)


def _move(sheet: _Sheet, operands: Any, operator: bytes) -> None:
    """Let the place where text is written follow one operation."""
    if operator == b"BT":
        sheet.text = _SAME
    elif operator == b"Tm":
        sheet.text = _matrix(operands)
    elif operator in (b"Td", b"TD"):
        x, y = float(operands[0]), float(operands[1])
        sheet.text = _times((1, 0, 0, 1, x, y), sheet.text)
        if operator == b"TD":
            sheet.ink = replace(sheet.ink, leading=-y)
    elif operator in (b"T*", b"'", b'"'):
        sheet.text = _times((1, 0, 0, 1, 0, -sheet.ink.leading), sheet.text)


def _is_hidden(sheet: _Sheet) -> bool:
    ink = sheet.ink
    placed = _times(sheet.text, ink.matrix)
    size = abs(ink.size) * max((placed[2] ** 2 + placed[3] ** 2) ** 0.5, 0.0)
    if ink.mode in INVISIBLE or size < SMALLEST_POINTS:
        return True
    x, y = placed[4], placed[5]
    on_dark = any(
        left - 1 <= x <= right + 1 and low - 1 <= y <= high + 1 for left, low, right, high in sheet.dark
    )
    return ink.white and not on_dark


def _is_near_white(operands: Any) -> bool:
    try:
        parts = [float(one) for one in operands]
    except (TypeError, ValueError):
        return False  # a pattern
    if len(parts) == 4:  # cyan, magenta, yellow, black
        return max(parts) <= 1 - NEAR_WHITE
    return len(parts) in (1, 3) and min(parts) >= NEAR_WHITE


def _matrix(operands: Any) -> Matrix:
    a, b, c, d, e, f = (float(one) for one in operands)
    return a, b, c, d, e, f


def _times(one: Matrix, other: Matrix) -> Matrix:
    a, b, c, d, e, f = one
    A, B, C, D, E, F = other
    return a * A + b * C, a * B + b * D, c * A + d * C, c * B + d * D, e * A + f * C + E, e * B + f * D + F


def _corners(sheet: _Sheet, numbers: list[float], operator: bytes) -> list[tuple[float, float]]:
    """Return the points of a piece of a path where they lie on the page."""
    if operator == b"re":
        x, y, width, height = numbers
        numbers = [x, y, x + width, y + height]
    points = zip(numbers[::2], numbers[1::2], strict=True)
    return [_times((1, 0, 0, 1, x, y), sheet.ink.matrix)[4:] for x, y in points]
