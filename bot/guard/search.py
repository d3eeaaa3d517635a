"""What of a text is personal data, and what becomes of it."""

from __future__ import annotations

import re

from bot.guard.kinds import LINK, Finding, settle
from bot.guard.names import NOBODY_KNOWN, Known, find_names
from bot.guard.numbers import find_numbers


def detect(text: str, known: Known = NOBODY_KNOWN, *, public: str = "") -> list[Finding]:
    """Return the personal data in *text*, by place, without overlap.

    Args:
        known: people that we know by name.
        public: what the firm says of itself; whatever stands there is no secret of anybody.
    """
    found = [one for one in (*find_numbers(text), *find_names(text, known)) if one.value.strip()]
    if public:
        flat = re.sub(r"\W", "", public)
        found = [one for one in found if one.action == "block" or not _is_public(one, public, flat)]
    return settle(_with_links(text, found))


def _is_public(one: Finding, public: str, flat: str) -> bool:
    if one.kind == "name":
        return re.search(rf"(?<!\w){re.escape(one.value)}(?!\w)", public) is not None
    return re.sub(r"\W", "", one.value) in flat


def _with_links(text: str, found: list[Finding]) -> list[Finding]:
    """Let a link that holds personal data be one finding: half a link would lead nowhere."""
    for match in LINK.finditer(text):
        start, end = match.start(), match.start() + len(match[0].rstrip(".,;:!?)]}'*_"))
        inside = [one for one in found if start <= one.start < match.end()]
        if any(one.action == "block" for one in inside):
            continue
        found = [one for one in found if one not in inside]
        if any(one.action == "pseudonymise" and one.kind != "name" for one in inside):
            found.append(Finding("link", start, end, text[start:end]))
    return found
