"""Questions to the knowledge base in people's own words: it has to be named, since any question could be one."""

from __future__ import annotations

import re

ASK = "ask"
"""The task that answers from the knowledge base."""

_BASE = r"(?:(?:the|our|de|het|ons|onze|in|aan|to)\s+)*(?:kennisbank|knowledge ?base|\w*handboek|(?:\w+ )?handbook)\b"
_ASKING = r"\b(?:vraag|zoek|kijk|raadpleeg|ask|search|check|consult|look in|look up in|staat|zegt|say|says)\b"
_ASKED = r"\b(?:vragen|zoeken|opzoeken|kijken|raadplegen|naslaan|say|says|zegt|zeggen)\b"
_TO_IT = re.compile(
    rf"{_ASKING}(?:\s+(?:eens|even|er))*\s+{_BASE}[:,]?|{_BASE}(?:\s+(?:eens|even|er))*\s+{_ASKED}[:,]?"
    rf"|^{_BASE}:",
    re.IGNORECASE,
)


def asks_knowledge(words: str) -> bool:
    """Say whether a sentence asks the knowledge base: "zoek in de kennisbank …", "what does the handbook say …"."""
    return _TO_IT.search(words) is not None


def without_base(words: str) -> str:
    """Return a question without the words that say whom it is put to: they are not what is sought."""
    return " ".join(_TO_IT.sub(" ", words).split()) or words
