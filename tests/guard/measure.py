"""Measure the detectors on a set of sentences: `python -m tests.guard.measure [a b c] [--show]`."""

from __future__ import annotations

import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from bot.guard import Finding, detect

SETS = Path(__file__).parent
_MARK = re.compile(r"\{([A-Z]+):([^{}]*)\}")


@dataclass(frozen=True)
class Sentence:
    """A sentence and what is to be found in it."""

    language: str
    text: str
    expected: tuple[tuple[str, int, int], ...]


@dataclass
class Score:
    """What came of a set: found of expected, and findings that are none."""

    structured: list[int] = field(default_factory=lambda: [0, 0])
    names: list[int] = field(default_factory=lambda: [0, 0])
    findings: int = 0
    false: int = 0
    slowest_ms: float = 0.0
    mean_ms: float = 0.0
    told: list[str] = field(default_factory=list)


def read_set(name: str) -> list[Sentence]:
    """Read `set_<name>.txt`."""
    sentences = []
    for line in (SETS / f"set_{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        language, _, marked = line.partition(" ")
        text, expected, at = "", [], 0
        for match in _MARK.finditer(marked):
            text += marked[at : match.start()]
            expected.append((match[1].casefold(), len(text), len(text) + len(match[2])))
            text += match[2]
            at = match.end()
        sentences.append(Sentence(language, text + marked[at:], tuple(expected)))
    return sentences


def score(name: str) -> Score:
    """Return the figures of a set. Found is what is found in full and as its kind."""
    result = Score()
    spent_ms = []
    for sentence in read_set(name):
        started = time.perf_counter()
        found = detect(sentence.text)
        spent_ms.append((time.perf_counter() - started) * 1000)
        for kind, start, end in sentence.expected:
            hit = any(_covers(one, kind, start, end) for one in found)
            tally = result.names if kind == "name" else result.structured
            tally[0] += hit
            tally[1] += 1
            if not hit:
                result.told.append(f"missed {kind} {sentence.text[start:end]!r} in {sentence.text!r}")
        for one in found:
            result.findings += 1
            if not any(one.start < end and start < one.end for _, start, end in sentence.expected):
                result.false += 1
                result.told.append(f"false {one.kind} {one.value!r} in {sentence.text!r}")
    result.slowest_ms, result.mean_ms = max(spent_ms), sum(spent_ms) / len(spent_ms)
    return result


def _covers(one: Finding, kind: str, start: int, end: int) -> bool:
    return one.kind == kind and one.start <= start and end <= one.end


if __name__ == "__main__":
    detect("Beste Sanne, bel 06-12345678 of NL69 INGB 0131 1955 46")
    for which in [word for word in sys.argv[1:] if not word.startswith("-")] or ["a", "b", "c"]:
        got = score(which)
        sys.stdout.write(
            f"set {which}: structured {got.structured[0]}/{got.structured[1]}, names {got.names[0]}/{got.names[1]}, "
            f"false {got.false} of {got.findings}, mean {got.mean_ms:.2f} ms, slowest {got.slowest_ms:.2f} ms\n"
        )
        if "--show" in sys.argv:
            sys.stdout.write("\n".join(got.told) + "\n")
