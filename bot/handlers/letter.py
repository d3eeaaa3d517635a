"""The handler of letters from data: the draft of any task, and a note on every figure that the data do not hold."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.handlers.desk import Brief, Desk
from bot.handlers.draft import draft
from bot.tasks import Draft
from bot.texts import text

_FIGURE = re.compile(r"\d[\d.,]*\d")
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
    """Return the figures of *written* that *material* does not hold digit by digit, in their order.

    A number of one or two digits is a day or the number of a list more often than a figure, and is let pass.
    """
    given = set(_figures(material))
    return [figure for figure in dict.fromkeys(_figures(_GAP.sub("", written))) if figure not in given]


def _figures(told: str) -> list[str]:
    return [figure for figure in _FIGURE.findall(told) if len(figure) > 2]
