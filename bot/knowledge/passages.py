"""Documents cut into passages: by heading, 150 to 250 words where a section is longer, each knowing its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.reading import Part

AIM_WORDS = 200
MOST_WORDS = 250
MOST_CHARS = 3_000
"""Of one passage: a table without blanks has few words and many characters."""

WRAPPED_CHARS = 60
"""A line at least so long, with another below it, is taken for one that was wrapped."""

_LISTED = re.compile(r"\s*(?:[-*+•>|]|\d+[.)])\s|.* \| ")
_HEADING = re.compile(r"(#{1,6})\s+(\S.*)")
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+")


@dataclass(frozen=True)
class Passage:
    """A piece of a document.

    Attributes:
        page: where it stands, from 1; 0 where the document has no pages.
        heading: the headings above it, outermost first, joined by ` › `; empty where there are none.
    """

    text: str
    page: int = 0
    heading: str = ""


def make_passages(parts: Iterable[Part]) -> list[Passage]:
    """Cut a document into passages, in its order; a heading holds until the next of its depth, over pages too."""
    passages: list[Passage] = []
    path: list[tuple[int, str]] = []
    for part in parts:
        for heading, paragraphs in _sections(part.lines, path):
            passages += [Passage(text, part.page, heading) for text in _cut(paragraphs)]
    return passages


def _sections(lines: Iterable[str], path: list[tuple[int, str]]) -> Iterator[tuple[str, list[str]]]:
    """Yield heading path and paragraphs of each section; *path* is the way to here, and moves along."""
    paragraphs: list[str] = [""]
    in_code = False
    for line in lines:
        in_code ^= line.startswith("```")
        found = None if in_code else _HEADING.match(line)
        if found:
            yield _joined(path), paragraphs
            paragraphs = [""]
            depth = len(found[1])
            while path and path[-1][0] >= depth:
                path.pop()
            path.append((depth, " ".join(found[2].rstrip("# ").split())))
        elif not line.strip():
            paragraphs.append("")
        elif paragraphs[-1]:
            # A long line that goes on below was wrapped by a program, not ended by its writer.
            wrapped = len(paragraphs[-1]) - paragraphs[-1].rfind("\n") > WRAPPED_CHARS and not _LISTED.match(
                line
            )
            paragraphs[-1] += (" " if wrapped and not in_code else "\n") + line.strip()
        else:
            paragraphs[-1] = line.rstrip()
    yield _joined(path), paragraphs


def _joined(path: list[tuple[int, str]]) -> str:
    return " › ".join(name for _, name in path)


def _cut(paragraphs: list[str]) -> Iterator[str]:
    """Yield the text of a section in pieces; cut between paragraphs, else lines, else sentences, else words."""
    piece: list[str] = []
    words = 0
    for part, glue in _small_parts(paragraphs):
        count = len(part.split())
        chars = sum(map(len, piece)) + len(part)
        if piece and (
            words + count > MOST_WORDS or chars > MOST_CHARS or (words >= AIM_WORDS and glue == "\n\n")
        ):
            yield "".join(piece).strip()
            piece, words = [], 0
        piece.append(glue + part)
        words += count
    if any(character.isalnum() for one in piece for character in one):
        yield "".join(piece).strip()


def _small_parts(paragraphs: list[str]) -> Iterator[tuple[str, str]]:
    """Yield parts that fit into a passage, each with what stood before it."""
    for paragraph in filter(None, paragraphs):
        glue = "\n\n"
        yield from _divided(paragraph, glue)


def _divided(text: str, glue: str) -> Iterator[tuple[str, str]]:
    if len(text.split()) <= MOST_WORDS and len(text) <= MOST_CHARS:
        yield text, glue
        return
    pieces = text.split("\n")
    inner = "\n"
    if len(pieces) == 1:
        pieces, inner = _SENTENCE_END.split(text), " "
    if len(pieces) == 1:
        pieces = [" ".join(some) for some in _batched(text.split(), AIM_WORDS)]
    if len(pieces) == 1:
        pieces, inner = [text[at : at + MOST_CHARS] for at in range(0, len(text), MOST_CHARS)], ""
    for index, piece in enumerate(pieces):
        yield from _divided(piece, inner if index else glue)


def _batched(words: list[str], size: int) -> Iterator[list[str]]:
    for at in range(0, len(words), size):
        yield words[at : at + size]
