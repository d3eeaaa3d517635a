"""The handler of letters from data: the draft of any task, and a note on every figure that the data do not hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bot.handlers.desk import Brief, Desk
from bot.handlers.draft import draft
from bot.handlers.facts import readings
from bot.tasks import Draft
from bot.texts import text

_SPACED = re.compile(r"(?<=\d)[\u00a0\u202f ](?=\d{3}(?!\d))")
_HARD_SPACED = re.compile(r"(?<=\d)[\u00a0\u202f](?=\d{3}(?!\d))")
_FIGURE = re.compile(r"\d[\d.,]*\d|\d")
_AMOUNT = re.compile(
    r"(?:€|\bEUR)\s*(\d{1,2})(?![\d.,]*\d)|(?<![\d.,])(\d{1,2})\s*(?:%|procent\b|percent\b|euro\b|EUR\b)",
    re.IGNORECASE,
)
_GAP = re.compile(r"\[[^\]\n]*\]")
_MOST_NAMED = 10


async def letter(desk: Desk, brief: Brief) -> Draft:
    """Draft a letter; its notes name each figure in it that was not given.

    Raises:
        UserError, LLMError: as for any draft.
    """
    materials: list[str] = []
    written = await draft(desk, brief, material=materials.append)
    unknown = unknown_figures(written.text, "\n".join(materials))
    if not unknown:
        return written
    named = ", ".join(unknown[:_MOST_NAMED])
    note = text("card.note.figures", brief.run.language, figures=named)
    return replace(written, notes=(*written.notes, note))


def unknown_figures(written: str, material: str) -> list[str]:
    """Return the figures of *written* that *material* does not hold, in their order and as they are written.

    `1.234,50`, `1234.5` and `€ 1,234.50` are the same figure. A number of one or two digits is a day or
    the number of a list more often than a figure, and is let pass unless it is an amount or a share.
    """
    given = {one for each in _given(material) for one in readings(each)}
    stated = _GAP.sub("", _HARD_SPACED.sub("", written))
    return [each for each in dict.fromkeys(_stated(stated)) if not readings(each) & given]


def _given(material: str) -> Iterator[str]:
    # A space may stand for a thousands mark, or between two figures.
    yield from _FIGURE.findall(material)
    yield from _FIGURE.findall(_SPACED.sub("", material))


def _stated(written: str) -> Iterator[str]:
    for found in re.finditer(rf"{_AMOUNT.pattern}|({_FIGURE.pattern})", written, re.IGNORECASE):
        before, behind, figure = found.groups()
        if before or behind or len(figure) > 2:
            yield before or behind or figure
