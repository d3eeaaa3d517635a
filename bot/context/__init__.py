"""What a run may read in Slack, with the asker's own rights; the only room that reads conversations and files."""

from __future__ import annotations

from bot.context.conversations import Context
from bot.context.files import Files, Found, Picture, is_slacks_own
from bot.context.transcripts import (
    Place,
    Transcript,
    files_in,
    find_link,
    permalink,
    speakers,
    write_transcript,
)

__all__ = [
    "Context",
    "Files",
    "Found",
    "Picture",
    "Place",
    "Transcript",
    "files_in",
    "find_link",
    "is_slacks_own",
    "permalink",
    "speakers",
    "write_transcript",
]
