"""Quotes held against what they are taken from: only what stands there literally is a quote."""

from __future__ import annotations

import re
import unicodedata

LEAST_CHARS = 8
"""A shorter quote stands anywhere and shows nothing."""

_ALIKE = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "‑": "-", "\u00ad": ""}
)


def _normal(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).translate(_ALIKE).casefold()
    return re.sub(r"[\s*_`|#>]+", " ", folded).strip(" .,;:!?\"'…")


def stands_in(quote: str, text: str) -> bool:
    """Say whether *quote* stands in *text*: apart from blanks, case, marks and kinds of dashes and quotation marks."""
    wanted = _normal(quote)
    if len(wanted) < LEAST_CHARS:
        return False
    return re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", _normal(text)) is not None
