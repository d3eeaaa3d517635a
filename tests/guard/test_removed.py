"""A test of a defence fails when the defence is gone; all of them are tried by `python -m tests.guard.removed`."""

from __future__ import annotations

from tests.guard.removed import DEFENCES, without

QUICK = ["formulas", "mentions", "canary", "hidden signs", "hidden words"]


def test_without_a_defence_its_tests_fail() -> None:
    """Five defences that are quick to try: each is missed by more than half of its tests."""
    failed, cases = without(QUICK)

    for name in QUICK:
        own = tuple(f"tests/{one}" for one in DEFENCES[name].tests)
        missed = [one for one in failed if one.startswith(own)]
        assert len(missed) > sum(one.startswith(own) for one in cases) / 2, name


def test_there_are_enough_to_try() -> None:
    """Ten at least, as was asked for."""
    assert len(DEFENCES) >= 10
