"""A knowledge base of 100,000 passages, filled from text files and searched, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import random
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bot.knowledge import make_passages
from bot.reading import read_apart
from bot.records import Records
from bot.records.knowledge import Document

PASSAGES = 100_000
FILE_PAGES = 50
PAGE_WORDS = 400
"""A page of plain text; two passages."""

SEARCHES = 60
AUDIENCES = ("everyone", "C1", "C2", "U1,U2")
_SPOKEN = """
ver lof werk tijd huis bouw plan kost prijs dag jaar klant druk pomp ketel gas stroom water dak muur groep dienst
lijst blad boek land weg brief deur raam zaal licht
"""
_SYLLABLES = _SPOKEN.split()


def words(chance: random.Random, count: int) -> list[str]:
    """Return words as often as words of a language are: few very often, most hardly ever."""
    known = ["".join(chance.choices(_SYLLABLES, k=chance.randint(1, 4))) for _ in range(60_000)]
    return chance.choices(known, weights=[1 / (rank + 1) for rank in range(len(known))], k=count)


async def measure(passages: int = PASSAGES) -> dict[str, float]:
    """Return pages a second, the median and slowest search in ms, and the most memory in MB."""
    chance = random.Random(1)
    stock = words(chance, 1_000_000)
    with tempfile.TemporaryDirectory() as folder:
        records = Records(Path(folder) / "records.sqlite")
        records.open()
        files = passages // (2 * FILE_PAGES)
        started_s = time.perf_counter()
        for number in range(files):
            at = chance.randrange(len(stock) - FILE_PAGES * PAGE_WORDS)
            spoken = stock[at : at + FILE_PAGES * PAGE_WORDS]
            text = "\n\n".join(" ".join(spoken[at : at + 200]) for at in range(0, len(spoken), 200))
            content = read_apart(text.encode(), "text")
            document = Document(
                "T1", f"{number}.txt", "folder", str(number), str(number), AUDIENCES[number % 4]
            )
            await records.knowledge.put(document, make_passages(content.parts))
            if number % 20 == 19:
                await records.knowledge.sync()
        await records.knowledge.sync()
        pages_a_second = files * FILE_PAGES / (time.perf_counter() - started_s)
        waits = []
        for _ in range(SEARCHES):
            question = " ".join(chance.choices(stock, k=5))
            started_s = time.perf_counter()
            await records.knowledge.search("T1", question, AUDIENCES[:2])
            waits.append((time.perf_counter() - started_s) * 1000)
        await records.close()
    memory_mb = _most_memory_mb()
    return {
        "pages_a_second": pages_a_second,
        "p50_ms": statistics.median(waits),
        "slowest_ms": max(waits),
        "memory_mb": memory_mb,
    }


def _most_memory_mb() -> float:
    """Return the most memory that this process held; `ru_maxrss` counts what the one that started it held, too."""
    status = Path("/proc/self/status")
    if status.exists():
        held = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(held.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else PASSAGES))))
