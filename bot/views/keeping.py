"""What keeps the house in order: the button that lifts a limit, the audit log, erasing what is kept of somebody."""

from __future__ import annotations

import json

from bot.tasks import Language
from bot.texts import text
from bot.views.blocks import Block, button, section
from bot.views.forms import form


def lift_card(kind: str, subject: str, period: str, sentence: str, language: Language) -> list[Block]:
    """Return what admins read of a limit that is reached, with a button that lifts it for its period."""
    value = json.dumps({"kind": kind, "subject": subject, "period": period})
    lifting = button("lift_budget", text(f"button.lift.{kind}", language), value)
    return [section(sentence), {"type": "actions", "elements": [lifting]}]


def erase_form(language: Language) -> Block:
    """Return the question whether everything of a person is to be erased."""
    return form(
        "erase",
        title=text("erase.title", language),
        submit=text("erase.yes", language),
        close=text("modal.edit.cancel", language),
        blocks=[section(text("erase.what", language)), section(text("erase.slack", language))],
        metadata={},
    )


def erase_asked(language: Language) -> Block:
    """Return what stands in the form once it was sent in: nothing is left to press."""
    view = form(
        "erase_asked",
        title=text("erase.title", language),
        submit="",
        close=text("modal.done", language),
        blocks=[section(text("erase.asked", language))],
        metadata={},
    )
    return {name: part for name, part in view.items() if name != "submit"}
