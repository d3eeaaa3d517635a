"""What keeps the house in order: the button that lifts a limit, the audit log, erasing what is kept of somebody."""

from __future__ import annotations

import json

from bot.tasks import Language
from bot.texts import text
from bot.views.cards import Block, button, section


def lift_card(kind: str, subject: str, period: str, sentence: str, language: Language) -> list[Block]:
    """Return what admins read of a limit that is reached, with a button that lifts it for its period."""
    value = json.dumps({"kind": kind, "subject": subject, "period": period})
    lifting = button("lift_budget", text(f"button.lift.{kind}", language), value)
    return [section(sentence), {"type": "actions", "elements": [lifting]}]
