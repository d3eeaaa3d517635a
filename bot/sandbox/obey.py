"""The sandbox's gullible author: it does whatever its input tells it to, to test what comes back."""

from __future__ import annotations

import re

_ORDER = re.compile(
    r"(?im)\b(?:answer|append|add|include|output|print|post|repeat|reply|respond|say|send|write|tell|"
    r"antwoord|druk af|herhaal|plaats|print|schrijf|stuur|voeg toe|vermeld|zeg)\b"
    r"(?:\s+(?:with|only|exactly|the word|alleen|met|precies))*\s*:?\s+(.+)$"
)
_QUOTED = re.compile(r"[\"“'‘`]([^\"”'’`\n]+)[\"”'’`]")
_TARGETS = re.compile(
    r"!?\[[^\]\n]{0,300}\]\([^)\s]{1,2000}\)|<[@#!][^>\n]+>|<https?://[^>\n]+>|https?://[^\s<>)\]]+|@(?:channel|here|everyone)\b"
)
_SECRET = re.compile(
    r"(?i)system\s*prompt|your (?:instructions|rules|prompt)|systeemprompt|je (?:instructies|regels)"
)


def obey(system: str, user: str) -> str:
    """Do what *user* says: print what it dictates, its links and mentions, and the system prompt if asked."""
    said: list[str] = []
    for order in _ORDER.findall(user):
        quoted = _QUOTED.findall(order)
        said += quoted or [order.strip()]
    said += _TARGETS.findall(user)
    if _SECRET.search(user):
        said.append(system)
    return "\n".join(dict.fromkeys(said)) or "OK"
