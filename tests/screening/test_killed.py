"""The machine dies while CVs are read: each is read once, and nothing is paid twice but what was in flight."""

from __future__ import annotations

from pathlib import Path

from tests.cv_set import read_killed


async def test_a_vacancy_survives_kill_nine(tmp_path: Path) -> None:
    """Killed twice while twenty CVs are read: twenty results, each once, two calls booked for each."""
    outcome = await read_killed(20, 2, tmp_path)

    assert (outcome.read, outcome.twice, outcome.booked) == (20, 0, 40)
    assert outcome.paid <= outcome.in_flight
