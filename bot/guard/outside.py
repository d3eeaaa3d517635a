"""Text from outside is data, never an instruction: cleaned of what people cannot see, and put between tags."""

from __future__ import annotations

import hashlib
import re

# Characters that a reader cannot see but a model reads: zero-width spaces, word joiner, BOM, soft hyphen, fillers and
# operators without a shape, marks of direction, overrides and isolates, and the tag block (U+E0000-E007F) and the
# second block of variation selectors (U+E0100-E01EF), which can spell a hidden sentence.
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff"
    "\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)
# Persian words and family emoji are made of joiners, and a variation selector belongs to the sign before it: behind
# Latin letters, and in rows, both only hide something.
_JOINING = re.compile(
    "(?<=[\\x00-\u024f])[\u200c\u200d]+|(?<=[\u200c\u200d])[\u200c\u200d]+|(?<=[a-zA-Z\u00c0-\u024f\ufe00-\ufe0f])[\ufe00-\ufe0f]+"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def clean(text: str) -> str:
    """Return *text* without characters that people cannot see and models can."""
    return _JOINING.sub("", _HIDDEN.sub("", _CONTROL.sub("", text)))


def wrap(tag: str, text: str, *, run_id: str) -> str:
    """Put text from outside between tags that it cannot close itself.

    The tag carries a mark made of the run and the text; a text cannot contain a hash of itself. The same
    run makes the same mark again, so that a repeated call is recognised as the one already paid.
    """
    cleaned = clean(text)
    mark = hashlib.sha256(f"{run_id}\n{cleaned}".encode()).hexdigest()[:12]
    return f"<{tag} mark={mark}>\n{cleaned}\n</{tag} mark={mark}>"
