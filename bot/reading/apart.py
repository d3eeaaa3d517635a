"""Reading in a process of its own, with limits on time and memory: a file may be made to do harm."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bot.reading.content import Content
from bot.reading.hidden import Paper
from bot.reading.parts import FileError, Part

MOST_CPU_S = 30
"""A PDF of 500 pages takes 11 on one core (22 ms a page)."""
WITHIN_S = 60.0
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
    parts = tuple(Part(tuple(lines), page) for lines, page in told["parts"])
    return Content(tuple(told["lines"]), tuple(map(tuple, told["rows"])), parts)


def read_paper_apart(content: bytes) -> Paper:
    """Read a PDF or Word file as `read_paper` does, but apart; it blocks, so call it in a thread.

    Raises:
        FileError: as `read_paper`; `too-large` too when it took longer than `WITHIN_S`.
    """
    told = _run(content, PAPER, WITHIN_S)
    return Paper(tuple(told["lines"]), tuple(told["hidden"]))


def _run(content: bytes, kind: str, within_s: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "bot.reading", kind]
    try:
        done = subprocess.run(
            command, input=content, capture_output=True, timeout=within_s, cwd=_ROOT, env={}, check=False
        )
    except subprocess.TimeoutExpired:
        raise FileError("too-large") from None
    if done.returncode != 0:
        # Ended by the system: the time on the processor was up, or the machine's memory.
        raise FileError("too-large" if done.returncode < 0 else "damaged")
    told: dict[str, Any] = json.loads(done.stdout)
    if "fault" in told:
        raise FileError(told["fault"])
    return told
