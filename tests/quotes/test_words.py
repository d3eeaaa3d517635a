"""What code reads in words: amounts that nobody computed, and articles that a text may be about."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.quotes import PriceRow
from bot.quotes.amounts import find_unknown
from bot.quotes.matching import MOST_CANDIDATES, find_candidates

KNOWN = {Decimal("1250.00"), Decimal("249"), Decimal("2.50"), Decimal("12345.67")}


@pytest.mark.parametrize(
    "prose",
    [
        "Totaal € 1.250,00, lamp €249, per meter 2,50 euro, samen EUR 12.345,67.",
        "In all €1,250.00; a lamp is 249 euros; € 12 345,67.",
        "Binnen 14 dagen, 21% btw, 4 lampen, tafel van 180 x 90, tel. 0575 123456.",
        "€ 1.250 of €1250,00",
    ],
)
def test_amounts_that_code_computed_and_other_numbers_pass(prose: str) -> None:
    """However an amount is written, in Dutch or English, it is recognised; days and sizes are no amounts."""
    assert find_unknown(prose, KNOWN) == []


@pytest.mark.parametrize(
    ("prose", "unknown"),
    [
        ("Dat kost € 999.", ["€ 999"]),
        ("Voor 300 euro extra, dus € 1.549,00", ["300 euro", "€ 1.549,00"]),
        ("EUR 1.251", ["EUR 1.251"]),
        ("€ 5 en nog eens € 5", ["€ 5"]),
        ("Only €249.99!", ["€249.99"]),
    ],
)
def test_an_amount_that_nobody_computed_is_found(prose: str, unknown: list[str]) -> None:
    """A price that the model made up is named as it stands in the text."""
    assert find_unknown(prose, KNOWN) == unknown


def _articles(*names: str) -> list[PriceRow]:
    return [PriceRow(f"A{number}", name, "stuk", Decimal(1), "high") for number, name in enumerate(names)]


def test_a_long_price_list_is_narrowed_by_words() -> None:
    """Of thousands of articles the model sees those that the words may mean, compounds and accents included."""
    filler = [f"Schroef M{number} verzinkt" for number in range(3000)]
    articles = _articles(*filler, "Hanglamp rookglas", "Eikenhouten tafel", "Café crème doos")
    found = [row.name for row in find_candidates(articles, "twee hanglampen en een cafe-creme, eiken tafel")]

    assert found[:3] != []
    assert {"Hanglamp rookglas", "Eikenhouten tafel", "Café crème doos"} <= set(found)
    assert len(found) <= MOST_CANDIDATES


def test_a_short_price_list_is_shown_whole() -> None:
    """Where all articles fit, none is left out by a spelling."""
    articles = _articles(*map(str, range(MOST_CANDIDATES)))

    assert find_candidates(articles, "iets heel anders") == articles
    assert find_candidates([*articles, *_articles("x")], "iets heel anders") == []
