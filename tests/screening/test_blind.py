"""A CV is read without who it is about: people who differ only in that become the same text."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from bot.screening.blind import blind

PAIRS: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "pairs.toml").read_text())["pair"]
WORK = ("job", "one", "two")
"""What stays of a pair: a job is named by the form that both get."""


@pytest.mark.parametrize("number", range(len(PAIRS)))
def test_two_people_become_one_text(number: int) -> None:
    """Two CVs that differ in name, sex, origin, age or family only are the same to the model, byte by byte."""
    pair = PAIRS[number]
    texts = [blind(pair["cv"].format(**pair[key]).splitlines()).text for key in ("one", "two")]
    personal = [value for key in ("one", "two") for name, value in pair[key].items() if name not in WORK]

    assert texts[0].encode() == texts[1].encode()
    assert [one for one in personal if len(one) > 5 and one.casefold() in texts[0].casefold()] == []
