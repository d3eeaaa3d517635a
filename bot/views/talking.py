"""What belongs to a conversation in the messages tab: the thumbs under a draft."""

from __future__ import annotations

import json
from typing import Any

from bot.tasks import Draft, Language
from bot.texts import text


def feedback_buttons(draft: Draft, language: Language) -> dict[str, Any]:
    """Return the thumbs under a draft; Slack's client shows which one was pressed, the other one takes it back."""
    good, bad = (
        {
            "text": {"type": "plain_text", "text": text(f"feedback.{verdict}", language)[:75]},
            "value": json.dumps({"run": draft.run_id, "version": draft.version, "feedback": verdict}),
        }
        for verdict in ("good", "bad")
    )
    element = {
        "type": "feedback_buttons",
        "action_id": "feedback",
        "positive_button": good,
        "negative_button": bad,
    }
    return {"type": "context_actions", "elements": [element]}
