"""What a text states must stand in what it was made from."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.handlers.facts import GAP, Material

GIVEN = Material(
    "Zaterdag 12 december om 9.30 uur opent de tweede winkel in Zutphen: 3 taarten gratis, brood € 1.250,00 per jaar.",
    "Meer op <https://bakkerij.nl/open?x=1&amp;y=2|de site>; vier mensen, @jan doet de deur.",
    "Tot 15-01-2027, 12,5% korting.",
)


@pytest.mark.parametrize(
    "said",
    [
        "Saturday, December 12, at 9:30: 3 cakes, 4 people, € 1250 a year, 12.5% off.",
        "Op 12 dec. om 09:30 uur, tot 15 januari 2027: € 1.250,- en @Jan.",
        "Zaterdag 12/12/2027? Nee: 2027-01-15. https://www.bakkerij.nl/open?x=1&y=2 of bakkerij.nl.",
        "1. Kom\n2. Proef\n3) Koop bij B1 of A4, and I'll come",
        "Geen cijfer te zien.",
        "Kom naar de Zutphense winkel, in Zutphen's centrum, on Saturday. Proef! 🥖 Lekker\nTot dan #Brood",
    ],
)
def test_what_was_given_is_not_flagged(said: str) -> None:
    """A date, a price or a time in another spelling or language is the same fact."""
    found = GIVEN.unfounded(said)

    assert (found.links, found.figures, found.days, found.handles, found.names) == ((), (), (), (), ())


def test_a_number_in_words_allows_its_figures() -> None:
    """What was written as "veertien dagen" may become "14 dagen", up to twenty and in both languages."""
    words = "dertien veertien zestien zeventien, then eighteen or nineteen"

    assert Material(words).unfounded("13, 14, 16, 17, 18, 19 en 12").figures == ("12",)


@pytest.mark.parametrize(
    ("said", "kind", "found"),
    [
        ("Zondag 13 december", "days", ("13 december", "Zondag")),
        ("On the 14th of January", "days", ("14th of January",)),
        ("2026-12-13 en 2026-99-01", "days", ("2026-12-13",)),
        ("Al sinds 1987", "figures", ("1987",)),
        ("Nu € 1.250,50 of 40% of 10:45", "figures", ("1.250,50", "40", "10:45")),
        ("versie 1.2.3 op 06-1234.5678", "figures", ("1.2.3", "06", "1234.5678")),
        ("Met dank aan @piet, niet info@piet", "handles", ("@piet",)),
        (
            "Kijk op taart.nl en https://evil.example.com/x",
            "links",
            ("taart.nl", "https://evil.example.com/x"),
        ),
        ("https://bakkerij.nl/ander", "links", ("https://bakkerij.nl/ander",)),
    ],
)
def test_what_was_not_given_is_named(said: str, kind: str, found: tuple[str, ...]) -> None:
    """An invented date, amount, handle or link is shown as it was written, for a person to check."""
    assert getattr(GIVEN.unfounded(said), kind) == found


def test_an_invented_link_leaves_a_gap() -> None:
    """Nobody publishes a link that a model made up; a missing space after a full stop loses no word."""
    said = "Kijk op https://evil.example.com/x?a=b, www.evil.nl of https://bakkerij.nl/open?x=1&y=2. Klaar.Nu open"
    text, out = GIVEN.take_out_links(said)

    assert text == f"Kijk op {GAP}, {GAP} of https://bakkerij.nl/open?x=1&y=2. Klaar.Nu open"
    assert out == ("https://evil.example.com/x?a=b", "www.evil.nl")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Kijk op evil.com/x?naam=Jan.", f"Kijk op {GAP}."),
        ("[klik](javascript:alert) of bel tel:0881234", "klik ((javascript):alert) of bel (tel):0881234"),
        ("![logo](//evil.example/x)", "logo (//evil[.]example/x)"),
        ("Alles op bakkerij.nl, en op evil.nl. Klaar.Nu", "Alles op bakkerij.nl, en op evil.nl. Klaar.Nu"),
    ],
)
def test_what_leads_elsewhere_without_a_scheme_is_taken_out(said: str, shown: str) -> None:
    """A post has no address with a path, and nothing else to click, that nobody gave; a bare name is only told of."""
    assert GIVEN.take_out_links(said)[0] == shown


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ("open ma t/m za 8-17u, zo dicht", "Monday to Saturday, 8 am to 5 pm. Zaterdag ook, maandag ook"),
        ("di-do 17.30 uur", "Tuesday and Thursday, 5:30"),
        ("from 2 pm to 5:15 p.m. on Fri. 4 Dec", "vrijdag 4 december, 14 tot 17.15 uur"),
    ],
)
def test_opening_hours_are_the_same_in_full(given_: str, said: str) -> None:
    """Notes hold short days and one clock, posts whole days and the other one: nothing of that is invented."""
    found = Material(given_).unfounded(said)

    assert (found.figures, found.days) == ((), ())


def test_a_short_word_is_no_day() -> None:
    """The Dutch words "do" and "zo" in the notes do not let the model choose a day."""
    found = Material("zo doen we het, do it zo snel als het kan").unfounded("Tot donderdag of zondag")

    assert found.days == ("donderdag", "zondag")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=120))
def test_a_text_is_always_founded_on_itself(said: str) -> None:
    """Whoever copies the input to the letter reads no warning about figures, handles or links."""
    found = Material(said).unfounded(said)

    assert (found.figures, found.handles) == ((), ())


@given(st.from_regex(r"(op )?[0-9]{1,4}([.,:/-][0-9]{1,4}){0,3}( mei)?[ .,]", fullmatch=True))
@example("1/1.0000 mei.")
def test_a_figure_is_always_founded_on_itself(said: str) -> None:
    """No spelling of a number, date or time is flagged that stands in the input just so."""
    found = Material(said).unfounded(said)

    assert (found.figures, found.days) == ((), ())
