"""The window that shows what went to the model for a draft; a text of others, so plain text only."""

from __future__ import annotations

from collections.abc import Sequence

from bot.tasks import Language
from bot.texts import format_number, text
from bot.views.blocks import Block, section

PIECE_CHARS = 3_000  # of one text object
MOST_PIECES = 60  # a window holds 100 blocks; so many stay well below its 250 kB


def sent_view(parts: Sequence[str], *, model: str, language: Language) -> Block:
    """Return the window; *parts* are the messages to the model, in their order."""
    blocks = [section(text("sent.intro", language, model=model) if parts else text("sent.gone", language))]
    left = MOST_PIECES
    unshown = 0
    for number, part in enumerate(parts, 1):
        if len(parts) > 1 and left > 0:
            blocks.append(section(f"*{text('sent.part', language, n=number, total=len(parts))}*"))
            left -= 1
        pieces = [part[at : at + PIECE_CHARS] for at in range(0, len(part), PIECE_CHARS)]
        blocks += [_piece(piece) for piece in pieces[:left] if piece.strip()]
        unshown += sum(map(len, pieces[left:]))
        left = max(0, left - len(pieces))
    if unshown:
        blocks.append(section(text("sent.more", language, count=format_number(unshown, language, 0))))
    return {
        "type": "modal",
        "callback_id": "sent",
        "title": {"type": "plain_text", "text": text("sent.title", language)[:24]},
        "close": {"type": "plain_text", "text": text("sent.close", language)[:24]},
        "blocks": blocks,
    }


def _piece(piece: str) -> Block:
    # Plain text: no mention in it calls anybody, and no link in it is one.
    return {"type": "section", "text": {"type": "plain_text", "text": piece, "emoji": False}}
