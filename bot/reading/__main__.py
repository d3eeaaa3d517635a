"""The process that a file is read in: the bytes on stdin, what stands in them on stdout as JSON."""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

from bot.reading.apart import MOST_MEMORY_BYTES, PAPER, WITHIN_S
from bot.reading.content import FileError, read_content
from bot.reading.hidden import PaperError, read_paper


def main(kind: str) -> None:
    """Read the file on stdin as *kind*, within the limits."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (int(WITHIN_S), int(WITHIN_S)))
    told: dict[str, Any]
    try:
        content = sys.stdin.buffer.read()
        if kind == PAPER:
            paper = read_paper(content)
            told = {"lines": paper.lines, "hidden": paper.hidden}
        else:
            read = read_content(content, kind)
            told = {"lines": read.lines, "rows": read.rows}
    except (FileError, PaperError) as error:
        told = {"fault": error.kind}
    except MemoryError:
        told = {"fault": "too-large"}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
