"""What files are read into: parts with their lines, and the ways in which a file cannot be read."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot import TijdwinstError

BROKEN = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
)
"""A damaged file fails in as many ways as there are places in it."""


class FileError(TijdwinstError):
    """A file that cannot be read.

    *kind* is `too-large`, `too-long`, `damaged`, `not-text`, `empty`, `scanned` or `locked`.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True)
class Part:
    """A part of a document: a page, a slide, a sheet, or all of it where it has no pages.

    Attributes:
        lines: its text; a heading is a line that begins with as many # as it is deep, and a space.
        page: its number from 1; 0 where the document has none.
    """

    lines: tuple[str, ...]
    page: int = 0

    @property
    def has_words(self) -> bool:
        """Whether anything in it can be read."""
        return any(character.isalnum() for line in self.lines for character in line)


def clean_lines(text: str) -> tuple[str, ...]:
    """Return the lines of a text without trailing blanks, characters that show nothing, or empty lines in a row."""
    lines: list[str] = []
    for line in re.sub(r"[\x00-\x08\x0e-\x1f\x7f\u00ad\u200b\u2060\ufeff]", "", text).splitlines():
        written = " ".join(line.split())
        if written or (lines and lines[-1]):
            lines.append(written)
    while lines and not lines[-1]:
        lines.pop()
    return tuple(lines)


def heading(depth: int, text: str) -> str:
    """Write a heading of a document as a line."""
    return f"{'#' * max(1, min(depth, 6))} {' '.join(text.split())}"
