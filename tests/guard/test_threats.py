"""Each threat has its tests, as many as were asked for, and the page about privacy says how many."""

from __future__ import annotations

import re

import pytest

from tests.guard.threats import LEAST_IN_ALL, TESTS, THREATS, collect, count, table, unmatched


@pytest.fixture(scope="module")
def cases(request: pytest.FixtureRequest) -> list[str]:
    """Every case of the files that the table names: those of this session when it has all of them."""
    here = [one.nodeid for one in request.session.items]
    return collect() if unmatched(here) or len(here) < LEAST_IN_ALL else here


def test_every_threat_has_its_tests(cases: list[str]) -> None:
    """All 18, none by a test that is gone, none with fewer cases than the threat model wants."""
    counted = count(cases)

    assert unmatched(cases) == []
    assert list(THREATS) == list(range(1, 19))
    assert {THREATS[one].name: many for one, many in counted.items() if many < THREATS[one].least} == {}
    assert sum(counted.values()) >= LEAST_IN_ALL


def test_the_page_about_privacy_shows_the_table(cases: list[str]) -> None:
    """Whoever reads it finds each threat, where its tests stand, and no more cases than there are."""
    page = (TESTS.parent / "docs" / "privacy.md").read_text("utf-8")
    shown = {
        int(found[1]): int(found[2]) for found in re.finditer(r"(?m)^\| (\d+) \| [^|]+ \| (\d+) \| `", page)
    }
    counted = count(cases)

    assert shown.keys() == counted.keys()
    assert {one for one in counted if shown[one] > counted[one]} == set()
    assert all(line.rpartition(" | ")[2] in page for line in table(counted).splitlines()[2:-1])
