"""The machine dies while a table becomes texts: every row has one text, and none is paid twice."""

from __future__ import annotations

from pathlib import Path

from tests.bulk_set import write_killed


async def test_a_set_survives_kill_nine(tmp_path: Path) -> None:
    """Killed three times while sixty texts are written: sixty texts, each once, each booked once."""
    outcome = await write_killed(60, 3, tmp_path)

    assert (outcome.texts, outcome.twice, outcome.paid, outcome.booked) == (60, 0, 0, 60)
