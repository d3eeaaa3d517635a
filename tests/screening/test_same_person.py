"""A person who sent two CVs is told as one, whichever of them is opened first."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from bot.records.screenings import Screening
from bot.screening.criteria import Criterion
from tests.conftest import ANNA, records_in


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_the_second_cv_of_a_person_is_told(tmp_path: Path, order: tuple[int, ...]) -> None:
    """The board names each later CV of somebody, although the CVs are opened side by side and in any order."""
    records = records_in(tmp_path)
    screening_id = "T1:D1:1.0"
    await records.screenings.propose(
        Screening(screening_id, "T1", ANNA, "en", "Joiner", (Criterion("Makes frames"),), ""), 1
    )
    files = [("F1", "jan.pdf"), ("F2", "jan-2.pdf"), ("F3", "jan-3.pdf"), ("F4", "emma.pdf")]
    added, _ = await records.candidates.add(screening_id, files, delivery_id="T1:D1:2.0", user_id=ANNA)
    for number in (3, *order):
        mark = "emma" if number == 3 else "jan"
        await records.candidates.keep_text(
            added[number].candidate_id, cv="CV", hidden=[], removed={}, person_marks=[mark]
        )
    told = {one.number: one.same_as for one in await records.candidates.of(screening_id)}
    await records.close()

    assert told == {1: None, 2: 1, 3: 1, 4: None}
