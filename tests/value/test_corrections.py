"""What a person changed in a draft is seen for what it is."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.value import compare_texts
from bot.value.corrections import find_names, find_numbers

DRAFT = " ".join(f"woord{n}" for n in range(100))


@pytest.mark.parametrize(
    ("changed", "kind"),
    [(0, "as_is"), (2, "as_is"), (3, "light"), (10, "light"), (11, "moderate"), (41, "heavy")],
)
def test_the_share_of_changed_words_makes_the_kind(changed: int, kind: str) -> None:
    """Two words in a hundred is as is, ten is light, forty is moderate, more is heavy."""
    accepted = " ".join(["ander"] * changed + DRAFT.split()[changed:])

    assert compare_texts(DRAFT, accepted).kind == kind


def test_a_discarded_draft_has_its_own_kind() -> None:
    """Nothing of it was used."""
    assert compare_texts(DRAFT, None).kind == "discarded"


def test_looks_are_not_corrections() -> None:
    """Slack's curly quotes, an accent in two pieces and an extra line are nobody's correction."""
    before, after = "Hij zei “goed”\n\n  en cafe\u0301’s", 'Hij zei "goed" en café\'s'

    assert compare_texts(before, after).distance == 0


@given(st.text(), st.text())
def test_comparing_works_both_ways(one: str, other: str) -> None:
    """Whatever people write, there and back is the same distance, and nothing changed is nothing."""
    there, back = compare_texts(one, other), compare_texts(other, one)

    assert there == back
    assert 0 <= there.distance <= 1
    assert compare_texts(one, one).distance == 0
    assert not compare_texts(one, one).number_changed


@pytest.mark.parametrize(
    "written", ["1.234,50", "1,234.50", "1234.50", "1234,5", "1\u00a0234,50", "1'234.50"]
)
def test_dutch_and_english_numbers_are_the_same(written: str) -> None:
    """Writing a price the Dutch way is no correction of the price."""
    assert find_numbers(f"€ {written}.") == {Decimal("1234.5"): 1}


def test_one_wrong_amount_is_flagged_however_small_the_change() -> None:
    """A price with one digit more is one word in a hundred, and the worst error there is."""
    found = compare_texts(f"{DRAFT} € 1.250,00", f"{DRAFT} € 12.500,00")

    assert (found.kind, found.number_changed) == ("as_is", True)
    assert not compare_texts("1.250 stuks, 0.125 mm", "1250 stuks, 0,125 mm").number_changed
    assert compare_texts("twee keer 10", "10").number_changed is False
    assert compare_texts("10 en 10", "10").number_changed


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-03",
        "3-11-2026",
        "03/11/2026",
        "3.11.2026",
        "3 november 2026",
        "November 3rd, 2026",
        "3 nov. 2026",
    ],
)
def test_a_date_written_otherwise_is_the_same_date(written: str) -> None:
    """A date in another form is neither a new date nor a new number."""
    found = compare_texts("Geldig tot 3 november 2026.", f"Geldig tot {written}.")

    assert (found.date_changed, found.number_changed) == (False, False)


def test_another_date_is_flagged() -> None:
    """A week later, another weekday or another year is a changed date, and no changed number."""
    found = compare_texts("op 3 november", "op 10 november")

    assert (found.date_changed, found.number_changed) == (True, False)
    assert compare_texts("op maandag", "op dinsdag").date_changed
    assert compare_texts("in May 2026", "in May 2027").date_changed
    assert not compare_texts("You may call me", "You mar the table").date_changed


def test_another_name_is_flagged() -> None:
    """Another addressee is flagged; a capital at the start, `I` or a weekday is no name."""
    assert find_names(
        "Beste dhr. Jansen, de offerte van Bakker's winkel. Groet op Maandag. I think I can."
    ) == {
        "Jansen": 1,
        "Bakker": 1,
    }
    assert compare_texts("Aan mevrouw Jansen", "Aan mevrouw Janssen").name_changed
    assert compare_texts("Namens Anna en Anna", "Namens Anna").name_changed
    assert not compare_texts("Beste Anna", "Dag beste Anna").name_changed
