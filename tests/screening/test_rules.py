"""What no criterion may rest on, what counts as evidence, and what a score is made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.handlers.recommend import keep_sentences
from bot.screening.criteria import GROUNDS, Criterion, criteria_version, forbidden_grounds
from bot.screening.scoring import (
    STATUSES,
    Claim,
    Finding,
    check_claim,
    join_passes,
    order_of,
    quote_stands,
    score,
    to_ask,
)

FORBIDDEN = {
    "age": ("een jonge collega", "jong van geest", "no older than 35", "recent graduate", "digital native"),
    "gender": ("sterke vent", "een vrouw voor de balie", "a female colleague", "handy guys"),
    "origin": ("Nederlands als moedertaal", "native speaker", "accentloos Nederlands", "born in the UK"),
    "nationality": ("Nederlandse nationaliteit", "British citizens only", "EU passport"),
    "religion": ("christelijke levensovertuiging", "no headscarf", "moslims", "union member"),
    "health": ("fysiek fit", "weinig ziekteverzuim", "no disabilities", "in good health", "geen burn-out"),
    "marital": ("zonder kinderen", "unmarried", "stabiele gezinssituatie", "gehuwd"),
    "pregnancy": ("geen kinderwens", "not pregnant", "no maternity leave planned"),
    "photo": ("pasfoto bijgevoegd", "representatief uiterlijk", "good-looking", "a headshot"),
    "fit": ("culturele fit", "culture fit", "past bij ons team", "klik met het team"),
    "gaps": ("zonder gaten in het cv", "no employment gaps", "geen jobhopper", "uninterrupted career"),
}
ALLOWED = (
    "Vijf jaar ervaring als boekhouder",
    "Ervaring met jongeren en ouderen in de zorg",
    "Worked with children with autism",
    "Kennis van veiligheid en gezondheid (VCA)",
    "Manager of a mental health team",
    "Ervaring met mensen met een beperking",
    "Sets up single sign-on and Kubernetes",
    "Fits kitchens and bathrooms",
    "Spreekt Nederlands op niveau C1",
    "Leidt een team van tien mensen",
    "Rijbewijs B",
)


@pytest.mark.parametrize("ground", GROUNDS)
def test_a_forbidden_criterion_is_known_in_both_languages(ground: str) -> None:
    """Whoever types a criterion that the law forbids is stopped, however it is inflected."""
    missed = [words for words in FORBIDDEN[ground] if ground not in forbidden_grounds(words)]

    assert missed == []


@pytest.mark.parametrize("words", ALLOWED)
def test_work_with_people_is_no_ground(words: str) -> None:
    """A criterion about the work itself passes, also where the work is with the young, the ill or the old."""
    assert forbidden_grounds(words) == ()


CV = "Made window frames and stairs from drawings for eight years.\nVCA-VOL since 2019, “with honours”."


@pytest.mark.parametrize(
    ("quote", "stands"),
    [
        ("made window frames", True),
        ('VCA-VOL since 2019, "with honours"', True),
        ("made  window\nframes and stairs", True),
        ("Made window frames and stairs from drawings for eigth years", True),
        ("VCA-VOL since 2018, with honours", False),
        ("led a team of nine joiners", False),
        ("indow fram", False),
        ("of", False),
        ("", False),
    ],
)
def test_a_quote_must_stand_in_the_cv(quote: str, stands: bool) -> None:
    """Spacing, signs and a slip of a letter pass; another figure, half a word or an invention never do."""
    assert quote_stands(quote, CV) is stands


def test_what_has_no_quote_or_no_agreement_is_unclear() -> None:
    """A claim without a literal passage, and two passes that differ, count as unclear."""
    good, invented = Claim("met", ("window frames",)), Claim("met", ("led a team",))
    absent = Claim("not_found", ("window frames",))

    assert check_claim(invented, CV) == Claim("unclear")
    assert check_claim(absent, CV) == Claim("not_found")
    assert join_passes(good, good, CV).status == "met"
    assert join_passes(good, absent, CV).status == "unclear"
    assert join_passes(good, invented, CV) == Finding("unclear", ("window frames",), "met", "unclear")


FINDINGS = st.lists(st.tuples(st.integers(1, 3), st.sampled_from(STATUSES)), min_size=1, max_size=12)


@given(FINDINGS)
def test_a_score_rests_on_what_is_decided(drawn: list[tuple[int, str]]) -> None:
    """What was not found lowers no score; below half of the weight there is none; the counts add up."""
    criteria = [Criterion(f"c{number}", weight=weight) for number, (weight, _) in enumerate(drawn)]
    findings = [Finding(status) for _, status in drawn]  # type: ignore[arg-type]
    result = score(criteria, findings)
    decided = [(weight, status) for weight, status in drawn if status in ("met", "partly")]
    share = sum(weight for weight, _ in decided) / sum(weight for weight, _ in drawn)

    assert (result.decided, result.total) == (len(decided), len(drawn))
    assert (result.band is None) == (share < 0.5)
    assert len(to_ask(criteria, findings)) == len(drawn) - len(decided)
    if result.band is not None:
        assert (result.band == "strong") or any(status == "partly" for _, status in decided)


def test_musts_are_asked_about_first() -> None:
    """The questions for an interview begin with what matters most."""
    criteria = [
        Criterion("a", "nice", 3),
        Criterion("b", "must", 1),
        Criterion("c", "must", 3),
        Criterion("d"),
    ]
    findings = [Finding("not_found"), Finding("unclear"), Finding("not_found"), Finding("met")]

    assert [one.text for one in to_ask(criteria, findings)] == ["c", "b", "a"]


def test_the_passes_ask_in_different_orders_that_depend_on_the_criteria_alone() -> None:
    """Two passes differ in their order, and no candidate gets another order than the next."""
    version = criteria_version([Criterion(f"c{number}") for number in range(8)])

    assert sorted(order_of(8, f"{version}#1")) == list(range(8))
    assert order_of(8, f"{version}#1") == order_of(8, f"{version}#1")
    assert order_of(8, f"{version}#1") != order_of(8, f"{version}#2")


@pytest.mark.parametrize(
    "line",
    [
        "The candidate has twelve years of it.",
        "The candidate has 12 years of it.",
        "The candidate worked at Shell.",
        "He made window frames.",
        "De kandidaat is ongeschikt.",
        "",
    ],
)
def test_an_introduction_adds_nothing(line: str) -> None:
    """A sentence with a figure, name or judgement that the passage lacks is left out."""
    assert keep_sentences([(line, "Made window frames")], [CV]) == ([], 1)
