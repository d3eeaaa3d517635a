"""The process that a file is read in: the bytes on stdin, what stands in them on stdout as JSON."""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

from bot.reading.apart import MOST_CPU_S, MOST_MEMORY_BYTES, PAPER
from bot.reading.content import read_content
from bot.reading.hidden import read_paper
from bot.reading.parts import FileError


def main(kind: str) -> None:
    """Read the file on stdin as *kind*, within the limits."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_S, MOST_CPU_S))
    told: dict[str, Any]
    try:
        content = sys.stdin.buffer.read()
        if kind == PAPER:
            paper = read_paper(content)
            told = {"lines": paper.lines, "hidden": paper.hidden}
        else:
            read = read_content(content, kind)
            told = {
                "lines": read.lines,
                "rows": read.rows,
                "parts": [(part.lines, part.page) for part in read.parts],
            }
    except FileError as error:
        told = {"fault": error.kind}
    except MemoryError:
        told = {"fault": "too-large"}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
