"""The owner of a small firm finds the way from nothing to the first quote and digest, in Dutch and in English."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.listeners import tijdwinst
from bot.tasks import Language
from bot.texts import format_number
from tests import costs
from tests.conftest import CHEF, SALES, running, said

DOCS = Path(__file__).parent.parent / "docs"
ENGLISH = (DOCS / "install.md").read_text().partition("\n## Socket Mode or HTTP\n")[0]
DUTCH = (DOCS / "installeren.md").read_text()
PAGES: dict[Language, str] = {"en": ENGLISH, "nl": DUTCH}

WORDS = {
    word: names[0]
    for names in vars(tijdwinst).values()
    if isinstance(names, tuple) and names and all(isinstance(name, str) for name in names)
    for word in names
} | tijdwinst.GROUP_WORDS
"""Every word behind `/tijdwinst`, and the English one that means the same."""


def _named(page: str) -> list[str]:
    """Return each command, setting and file that a page names, in its order; words of a language in English."""
    named = []
    for code in re.findall(r"`([^`\n]+)`", page):
        command, *rest = code.split()
        if command == "/tijdwinst":
            named.append(" ".join([command, *(WORDS.get(word, word) for word in rest)]))
        elif command in ("/quote", "@Tijdwinst") or command.endswith("python"):
            # What is asked for, and the name of one's own file, are in the page's language.
            named.append(re.sub(r" \S+\.csv$", " FILE", code) if command.endswith("python") else command)
        elif re.match(r"make |docker |/|LANGUAGE=|[A-Z_]{5,}$|\S+[./]\S+$|connections", code):
            named.append(code.removeprefix("LANGUAGE=nl make demo") or "make demo")
    return named


def test_both_pages_name_the_same_commands_and_settings() -> None:
    """Whoever reads the Dutch page types the same as who reads the English one, in the same order."""
    named = _named(ENGLISH)

    assert len(named) > 20
    assert _named(DUTCH) == named
    assert len(re.findall(r"^## ", DUTCH, re.MULTILINE)) == len(re.findall(r"^## ", ENGLISH, re.MULTILINE))


def test_the_readme_leads_to_the_dutch_page() -> None:
    """An owner who reads no English is not lost on the first page."""
    readme = (DOCS.parent / "README.md").read_text()

    assert "(docs/installeren.md)" in readme.partition("\n## ")[0]


@pytest.mark.parametrize("language", PAGES)
def test_what_a_month_costs_is_worked_out(language: Language) -> None:
    """Every figure of the page's table follows from what the page says it rests on."""
    page = PAGES[language]
    rows = re.findall(
        r"^\| (\d+) \| (\S+) \| \$(\S+) \| \$(\S+) \| (\S+) (?:minutes|minuten) \|$", page, re.M
    )

    def fixed(number: float, decimals: int) -> str:
        return f"{number:.{decimals}f}".replace(".", "," if language == "nl" else ".")

    assert rows == [
        (
            str(one.people),
            format_number(one.runs, language, 0),
            fixed(one.model_usd, 2),
            fixed(one.all_usd, 2),
            fixed(one.minutes, 1),
        )
        for one in map(costs.month, costs.PEOPLE)
    ]
    for figure in (costs.INPUT_TOKENS, costs.OUTPUT_TOKENS, costs.HOUR, costs.MACHINE_USD):
        assert re.search(rf"(?<![\d.,]){re.escape(format_number(figure, language, 0))}(?![\d])", page), figure
    assert f"${fixed(costs.run_usd(), 3)}" in page
    assert costs.MODEL in page


def test_the_page_of_performance_reckons_the_same() -> None:
    """Two pages do not tell two prices."""
    page = (DOCS / "performance.md").read_text()
    rows = re.findall(r"^\| (\d+) \| ([\d,]+) \| \$(\d+) \|", page, re.MULTILINE)

    assert rows == [
        (str(one.people), f"{one.runs:,}", f"{one.model_usd:.0f}") for one in map(costs.month, costs.PEOPLE)
    ]


@pytest.mark.parametrize(
    ("language", "words", "unpriced"),
    [("en", "price list", "to be priced"), ("nl", "prijslijst", "Nog te prijzen")],
)
async def test_the_first_quote_goes_as_the_page_says(
    tmp_path: Path, language: Language, words: str, unpriced: str
) -> None:
    """The page's price list is taken in, its request becomes a quote of these articles, and Approve brings a PDF."""
    page = PAGES[language]
    listed = re.sub(r"^ +", "", page.partition("```csv\n")[2].partition("```")[0], flags=re.MULTILINE)
    (request,) = re.findall(r"`/quote (.+?)`", page)
    async with running(tmp_path, language=language) as world:
        im = world.slack.workspace.im_with(CHEF).id
        await world.slack.say(CHEF, im, words, files=[("prices.csv", listed.encode())])
        await world.shown("3 artikelen" if language == "nl" else "3 articles", im)
        await world.slack.command(CHEF, SALES, "/quote", request)
        card = await world.card(im)
        await world.slack.click(CHEF, im, card["ts"], "approve")
        paper = await world.shown("OFF-", im)

    assert "PLT-L" in said(card) or "BAK-G" in said(card)
    assert f'"{words}"' in page
    assert unpriced.lower() in page.lower()
    assert ".pdf" in str(paper)
