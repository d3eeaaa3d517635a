"""What stands in a file that people send: bytes become rows, lines or a picture; no Slack and no network here."""

from __future__ import annotations

from bot.reading.apart import read_apart, read_paper_apart
from bot.reading.content import KINDS, LARGEST_FILE_BYTES, Content, kind_of, read_content
from bot.reading.hidden import Paper, read_paper
from bot.reading.parts import FileError, Part
from bot.reading.pictures import LARGEST_PICTURE_BYTES, PICTURES, picture_type
from bot.reading.sheet import SheetError, read_sheet, read_sheets, safe_cell

__all__ = [
    "KINDS",
    "LARGEST_FILE_BYTES",
    "LARGEST_PICTURE_BYTES",
    "PICTURES",
    "Content",
    "FileError",
    "Paper",
    "Part",
    "SheetError",
    "kind_of",
    "picture_type",
    "read_apart",
    "read_content",
    "read_paper",
    "read_paper_apart",
    "read_sheet",
    "read_sheets",
    "safe_cell",
]
