"""Text from outside is data, never an instruction: cleaned of what people cannot see, and put between tags."""

from __future__ import annotations

import hashlib
import re

# Characters that a reader cannot see but a model reads: zero-width space, word joiner, BOM, soft hyphen,
# bidirectional overrides and isolates, and the tag block (U+E0000-E007F) that can spell a hidden sentence.
# Joiners (U+200C, U+200D) stay: Persian words and family emoji are made of them.
_HIDDEN = re.compile("[\u00ad\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def clean(text: str) -> str:
    """Return *text* without characters that people cannot see and models can."""
    return _CONTROL.sub("", _HIDDEN.sub("", text))


def wrap(tag: str, text: str, *, run_id: str) -> str:
    """Put text from outside between tags that it cannot close itself.

    The tag carries a mark made of the run and the text; a text cannot contain a hash of itself. The same
    run makes the same mark again, so that a repeated call is recognised as the one already paid.
    """
    cleaned = clean(text)
    mark = hashlib.sha256(f"{run_id}\n{cleaned}".encode()).hexdigest()[:12]
    return f"<{tag} mark={mark}>\n{cleaned}\n</{tag} mark={mark}>"
