"""Recorded answers: good ones, and the same with one thing wrong, so that every grader is proved able to fail."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "answers"


@dataclass(frozen=True)
class Recorded:
    """What a model could answer to a case.

    Attributes:
        breaks: the kind of assertion that must fail; empty for a good answer.
        said: the text, or the object where the task asks for one.
    """

    task: str
    case: str
    about: str
    breaks: str
    said: str | dict[str, Any]


def load_recorded(folder: Path = FOLDER) -> list[Recorded]:
    """Read every recorded answer; a change that changes nothing is refused.

    Raises:
        ValueError: the passage that a bad answer changes does not stand in the good one.
    """
    found = []
    for path in sorted(folder.glob("*.toml")):
        for answer in tomllib.loads(path.read_text(encoding="utf-8"))["answer"]:
            good = answer["good"].strip()
            found.append(Recorded(path.stem, answer["case"], "good", "", _read(good)))
            for bad in answer.get("bad", []):
                said = _change(good, bad["change"], place=f"{path.name}: {bad['about']}")
                found.append(Recorded(path.stem, answer["case"], bad["about"], bad["breaks"], _read(said)))
    return found


def _change(good: str, change: list[str], *, place: str) -> str:
    for old, new in zip(change[::2], change[1::2], strict=True):
        if old not in good:
            raise ValueError(f"{place}: “{old[:40]}” does not stand in the good answer")
        good = good.replace(old, new)
    return good


def _read(said: str) -> str | dict[str, Any]:
    return dict(json.loads(said)) if said.startswith("{") else said
