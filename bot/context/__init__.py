"""What a run may read in Slack, with the asker's own rights; the only room that reads conversations and files."""

from __future__ import annotations

from bot.context.conversations import Context, Place, Transcript, find_link, permalink
from bot.context.files import Files, Found, Picture, is_slacks_own

__all__ = [
    "Context",
    "Files",
    "Found",
    "Picture",
    "Place",
    "Transcript",
    "find_link",
    "is_slacks_own",
    "permalink",
]
