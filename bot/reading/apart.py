"""Reading in a process of its own, with limits on time and memory: a file may be made to do harm."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bot.reading.content import Content, FileError
from bot.reading.hidden import Paper, PaperError

WITHIN_S = 20.0
MOST_MEMORY_BYTES = 1_000_000_000
PAPER = "paper"
"""The kind of a PDF or Word file whose hidden text is kept apart."""

_ROOT = Path(__file__).parent.parent.parent


def read_apart(content: bytes, kind: str, *, within_s: float = WITHIN_S) -> Content:
    """Read a file as `read_content` does, but apart: it blocks, so call it in a thread.

    The process gets no environment: whatever a file makes it do, there is no token in it.

    Raises:
        FileError: as `read_content`; `too-large` too when it took longer than *within_s* seconds.
    """
    told = _run(content, kind, within_s)
    if "fault" in told:
        raise FileError(told["fault"])
    return Content(tuple(told["lines"]), tuple(map(tuple, told["rows"])))


def read_paper_apart(content: bytes, *, within_s: float = WITHIN_S) -> Paper:
    """Read a PDF or Word file as `read_paper` does, but apart; it blocks, so call it in a thread.

    Raises:
        PaperError: as `read_paper`; `too-large` too when it took longer than *within_s* seconds.
    """
    told = _run(content, PAPER, within_s)
    if "fault" in told:
        raise PaperError(told["fault"])
    return Paper(tuple(told["lines"]), tuple(told["hidden"]))


def _run(content: bytes, kind: str, within_s: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "bot.reading", kind]
    try:
        done = subprocess.run(
            command, input=content, capture_output=True, timeout=within_s, cwd=_ROOT, env={}, check=False
        )
    except subprocess.TimeoutExpired:
        return {"fault": "too-large"}
    if done.returncode != 0:
        return {"fault": "damaged"}
    told: dict[str, Any] = json.loads(done.stdout)
    return told
