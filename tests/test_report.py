"""The evaluation answers "did it pay?", and it can say no."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pypdf
import pytest

from bot.digest import Figures, judge, report_blocks, report_pdf, report_text
from bot.digest.method import NUMBERS
from bot.digest.report import report_document
from bot.digest.rows import make_table
from bot.sandbox.limits import check_blocks, message_error
from bot.tasks import LANGUAGES, Language
from tests.figures import CLAIMED, ESTIMATED, MEASURED, Case, bad_week, build, good_week

TITLES = {"reply": "Draft a reply", "summarise": "Summarise a thread"}
GOOD, BAD = Case("reply", (20, 8, 4, 1)), Case("reply", (2, 2, 5, 6), unused=22, spent_minutes=19)
QUARTER = timedelta(days=91)


def _document(figures: Figures, language: Language = "en") -> dict[str, Any]:
    return report_document(figures, make_table(figures), titles=TITLES, language=language)


def _section(figures: Figures, title: str) -> list[dict[str, Any]]:
    return next(one["parts"] for one in _document(figures)["sections"] if one["title"] == title)


def _titles(figures: Figures) -> list[str]:
    return [one["title"] for one in _document(figures)["sections"]]


@pytest.mark.parametrize(
    ("figures", "answer", "reason"),
    [
        (build(GOOD), "yes", "yes"),
        (build(Case("reply", (20, 8, 4, 1), baseline=ESTIMATED)), "yes-if", "yes"),
        (build(BAD), "no", "no"),
        (build(GOOD, settings={"fixed_monthly_cost": Decimal(4000)}), "no", "no"),
        (build(Case("reply", (8, 4, 0, 0), spent_minutes=22)), "early", "unclear"),
        (build(Case("reply", (4, 2, 0, 0))), "early", "few"),
        (build(Case("reply", (20, 8, 4, 1), baseline=CLAIMED)), "early", "claimed"),
        (
            build(Case("reply", (2, 2, 5, 6), unused=22, spent_minutes=24, baseline=CLAIMED)),
            "no",
            "no-claimed",
        ),
        (build(Case("reply", (20, 8, 4, 1), unpriced=9)), "early", "unpriced"),
        (
            build(GOOD, Case("blog", (4, 4, 4, 4), unused=20, spent_minutes=30, baseline=ESTIMATED)),
            "early",
            "mixed",
        ),
        (build(), "early", "nothing"),
    ],
)
def test_the_answer_follows_from_the_range(figures: Figures, answer: str, reason: str) -> None:
    """Yes only when the low end pays, no when the high end does not, else too early; claims never say yes."""
    verdict = judge(figures)

    assert (verdict.answer, verdict.reason) == (answer, reason)
    for language in LANGUAGES:
        assert report_text(figures, titles=TITLES, language=language)


def test_it_can_say_no() -> None:
    """An owner whose bot does not pay reads it first, with the figures, what to stop, and that no payback is seen."""
    said = report_text(bad_week(), titles=TITLES, language="en")
    dutch = str(report_blocks(bad_week(), titles=TITLES, language="nl"))

    assert said.splitlines()[1].startswith("No, it did not pay. Even at the high end of the range")
    assert "Not in sight" in said
    assert "- Stop Draft a reply" in said
    assert "Nee, het kostte meer dan het opleverde." in dutch
    assert "Niet in zicht" in dutch


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("figures", [good_week(), bad_week(), build()], ids=["good", "bad", "nothing"])
def test_slack_takes_the_answer(figures: Figures, language: Language) -> None:
    """The short form fits in one message and names nobody."""
    blocks = report_blocks(figures, titles=TITLES, language=language)
    words = report_text(figures, titles=TITLES, language=language)

    assert check_blocks(blocks, "message") == []
    assert message_error({"blocks": blocks, "text": words}, update=True) is None
    assert not re.search(r"UANNA|<@|\bU\d", str(blocks))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("figures", [good_week(), bad_week(), build()], ids=["good", "bad", "nothing"])
def test_the_pdf_is_tagged_and_the_same_twice(figures: Figures, language: Language) -> None:
    """A screen reader can read it, and who makes it again gets the same file."""
    pdf = report_pdf(figures, titles=TITLES, language=language)

    assert pdf.startswith(b"%PDF-")
    assert b"pdfuaid:part" in pdf
    assert pdf == report_pdf(figures, titles=TITLES, language=language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_is_nearly_empty(language: Language) -> None:
    """An answer that is longer than its page goes on above the tasks; every page has its own number."""
    cases = [
        Case("reply", (120, 48, 24, 6), unused=18, failed=4),
        Case("summarise", (84, 30, 12, 0), baseline=ESTIMATED),
        Case("quote", (2, 3, 9, 8), unused=14, spent_minutes=34, baseline=ESTIMATED),
        Case("social", (9, 9, 3, 1), unused=4, baseline=CLAIMED),
        Case("blog", (1, 0, 0, 0), people=1, baseline=CLAIMED, unpriced=1),
    ]
    chosen = {"setup_cost": Decimal(400), "usd_rate": Decimal("0.92"), "usd_rate_on": "2026-11-03"}
    pdf = report_pdf(build(*cases, settings=chosen, length=QUARTER), titles=TITLES, language=language)
    pages = [page.extract_text().splitlines() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]

    assert [page[-1].split()[-3:] for page in pages] == [
        [str(number), "/", str(len(pages))] for number in range(1, len(pages) + 1)
    ]
    assert min(map(len, pages)) > 8


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_keep_clear_of_the_figures_before_them(language: Language) -> None:
    """In the table of tasks nobody reads how many drafts were not used and the time as one figure."""
    pdf = report_pdf(good_week(), titles=TITLES, language=language)
    page = pypdf.PdfReader(io.BytesIO(pdf)).pages[1].extract_text(extraction_mode="layout")
    gaps = re.findall(r"^ *(?:All tasks|Alle taken) .*\d( +)\d+\s(?:hr|uur)\s", page, re.MULTILINE)

    assert [len(gap) > 4 for gap in gaps] == [True]


def test_words_are_never_code() -> None:
    """Whatever a template is called, the report is made and shows it as it is."""
    titles = {"reply": '#panic("x") $y$ *_`\\ #read("report.typ")', "summarise": "</br>&lt;"}
    figures = good_week()

    assert report_pdf(figures, titles=titles, language="en").startswith(b"%PDF-")
    assert titles["reply"] in json.loads(json.dumps(_document_of(figures, titles)))["chart"]["alt"]


def test_signs_that_no_font_has_do_not_keep_the_report_back() -> None:
    """A template with an emoji or foreign letters in its name breaks nobody's evaluation."""
    titles = {"reply": "🎉 Uitnodiging 1️⃣", "summarise": "日本"}

    assert report_pdf(good_week(), titles=titles, language="nl").startswith(b"%PDF-")


def _document_of(figures: Figures, titles: dict[str, str]) -> dict[str, Any]:
    return report_document(figures, make_table(figures), titles=titles, language="en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_says_how_it_was_worked_out(language: Language) -> None:
    """Every number in brackets stands at the end with a formula and the rows of its period."""
    document = _document(good_week(), language)
    used = {one["ref"] for one in document["figures"]} | {document["answer"]["ref"]}
    used |= {ref for section in document["sections"] for ref in section["refs"]}
    methods = document["method"]["items"]

    assert used <= {one["number"] for one in methods}
    assert [one["number"] for one in methods] == list(range(1, len(NUMBERS) + 1))
    assert all(
        one["formula"] and "settled_at >= '2026-11-15T23:00:00.000+00:00'" in one["sql"] for one in methods
    )


def test_the_ledgers_rows_lead_to_the_net_time() -> None:
    """What was taken off between the rows and the figure is shown, kind by kind."""
    total = good_week().totals.by_kind["measured"]
    taken = total.clock_minutes + total.rework_minutes + total.median_minutes
    row = _document(good_week())["method"]["ledger"]["rows"][0]

    assert round(total.rows_minutes - taken, 6) == round(total.net.point, 6)
    assert (row[0], row[5]) == ("measured", "9\u00a0hr\u00a02\u00a0min")


def test_before_and_after_of_one_text() -> None:
    """Before is the baseline; after is everybody's time for each accepted text, with what was thrown away."""
    (table,) = _section(build(Case("reply", (10, 0, 0, 0), unused=0)), "One accepted text, before and after")

    assert table["rows"] == [
        ["Draft a reply", "25\u00a0min, timed 8 times, last 20 days ago", "8\u00a0min", "17\u00a0min"]
    ]


def test_an_old_timing_is_called_old() -> None:
    """A baseline that was timed over half a year ago says so where it is used."""
    figures = build(Case("reply", baseline=replace(MEASURED, age_days=200, stale=True)))
    (table,) = _section(figures, "One accepted text, before and after")

    assert "over half a year ago (200 days)" in table["rows"][0][1]


def test_shares_have_ranges() -> None:
    """Twelve of thirty is 40 %, and the range says how little thirty is."""
    (table,) = _section(build(Case("reply", (12, 18, 0, 0), unused=0, numbers_changed=3)), "Quality")

    assert table["rows"][0][1:] == [
        "100% (92% to 100%)",
        "40% (27% to 55%)",
        "0% (0% to 8%)",
        "10% (4% to 23%)",
    ]


def test_the_control_sample_stands_beside_what_was_believed() -> None:
    """What chance had done by hand is shown from five runs on, with its range and the difference."""
    by_hand = {"reply": [20, 25, 31, 18, 26], "summarise": [20, 25]}
    figures = build(GOOD, Case("summarise"), by_hand=by_hand)
    (table,) = _section(figures, "The control sample")

    assert len(table["rows"]) == 1
    assert table["rows"][0][1] == "24\u00a0min (5 runs)"
    assert table["rows"][0][4] == "−1\u00a0min"
    assert "The control sample" not in _titles(good_week())


def test_what_if_shows_the_kind_and_the_unkind_assumption() -> None:
    """Three shares of realisation by three baselines; what holds now is the answer's own figure."""
    figures = build(GOOD, settings={"fixed_monthly_cost": Decimal(60)}, length=QUARTER)
    sentence, table = _section(figures, "What if the assumptions were different")
    money = figures.money["measured"]

    assert "measured" in sentence["text"]
    assert [len(row) for row in table["rows"]] == [4, 4, 4]
    assert money is not None
    assert table["rows"][1][2] == next(
        one["value"] for one in _document(figures)["figures"] if one["label"].startswith("left after")
    )


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (build(GOOD), "No set-up costs"),
        (build(GOOD, settings={"setup_cost": Decimal(900)}, length=QUARTER), "months"),
        (build(BAD, settings={"setup_cost": Decimal(900)}), "Not in sight"),
        (build(Case("reply", (1, 0, 0, 0))), "Too early"),
    ],
)
def test_payback_is_honest(figures: Figures, said: str) -> None:
    """A loss is not earned back in any number of months, and few runs say nothing of it."""
    assert said in _document(figures)["figures"][-1]["value"]


def test_the_costs_add_up() -> None:
    """Model and fixed costs make the sum, to the cent."""
    figures = build(Case("reply", cost_microusd=1_005_000), settings={"fixed_monthly_cost": Decimal(7)})
    cents = [int(re.sub(r"\D", "", row[1])) for row in _section(figures, "Costs")[0]["rows"][:3]]

    assert cents[0] + cents[1] == cents[2]


def test_it_shows_no_persons_and_says_why() -> None:
    """A works council reads that this is about work, and finds no task of one person in it."""
    figures = good_week()
    document = json.dumps(_document(figures))

    assert "art. 27(1)(l) WOR" in document
    assert "blog" not in document
    assert "letter" not in document
