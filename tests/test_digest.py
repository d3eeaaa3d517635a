"""What the week's digest says: honest, within Slack's limits, and about nobody."""

from __future__ import annotations

import re
import struct
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.digest import (
    Figures,
    chart_alt,
    chart_blocks,
    chart_png,
    choose_advice,
    gather,
    make_table,
    week_message,
    week_text,
    word_advice,
)
from bot.digest.rows import hide_tasks
from bot.records import Records
from bot.sandbox.limits import check_blocks, message_error
from bot.tasks import LANGUAGES, Language
from bot.value import BaselineKind
from tests.figures import CLAIMED, ESTIMATED, MEASURED, START, WEEK, Case, bad_week, build, good_week

TITLES = {"reply": "Draft a reply", "summarise": "Summarise a thread", "letter": "Letter", "blog": "Blog"}
DOCS = Path(__file__).parent.parent / "docs"


def _message(figures: Figures, language: Language = "en", **given: Any) -> list[dict[str, Any]]:
    return week_message(figures, titles=TITLES, language=language, late=False, **given)


def _sections(blocks: list[dict[str, Any]]) -> list[str]:
    return [block["text"]["text"] for block in blocks if block["type"] == "section"]


def _table(blocks: list[dict[str, Any]]) -> list[list[str]]:
    table = next(block for block in blocks if block["type"] == "table")
    return [[cell["text"] for cell in row] for row in table["rows"]]


def _cents(said: str) -> int:
    return int(re.sub(r"\D", "", said))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("figures", [good_week(), bad_week(), build()], ids=["good", "bad", "quiet"])
def test_slack_takes_the_digest(figures: Figures, language: Language) -> None:
    """The digest is posted, whatever the week was like."""
    picture = chart_blocks(figures, titles=TITLES, language=language)
    blocks = week_message(figures, titles=TITLES, language=language, late=True, picture=picture)
    words = week_text(figures, titles=TITLES, language=language, late=True)

    assert check_blocks(blocks, "message") == []
    assert message_error({"blocks": blocks, "text": words}, update=True) is None
    assert check_blocks(picture, "message") == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_is_in_it(language: Language) -> None:
    """No name and no id of a person stands in the digest, its picture or its text."""
    figures = good_week()
    said = [
        _message(figures, language),
        week_text(figures, titles=TITLES, language=language, late=False),
        chart_alt(figures, titles=TITLES, language=language),
        chart_blocks(figures, titles=TITLES, language=language),
    ]

    assert not re.search(r"UANNA|<@|\bU\d", str(said))


def test_break_even_comes_first() -> None:
    """The owner reads first what a text must save, and what it does save."""
    first, *others = _sections(_message(bad_week()))

    assert "must save 2.4\u00a0min to pay for itself" in first
    assert "−21.9\u00a0min (measured); −16\u00a0min (estimated)" in first
    assert others


def test_kinds_of_baseline_are_never_added_up() -> None:
    """Measured, estimated and claimed minutes stand side by side, in the lines and in the total's row."""
    figures = good_week()
    blocks = _message(figures)
    minutes = [round(total.net.point) for total in figures.totals.by_kind.values()]
    hours, rest = divmod(sum(minutes), 60)

    assert [line.split(" (")[0] for line in _sections(blocks)[1:4]] == ["*Measured", "*Estimated", "*Claimed"]
    told = _table(blocks)[-1][4].replace("\u00a0", " ")
    assert told == "9 hr 2 min, measured; 7 hr 14 min, estimated; 1 hr 52 min, claimed"
    assert f"{hours} hr {rest} min" not in str(blocks).replace(r"\xa0", " ")


def test_few_runs_carry_no_money() -> None:
    """Under ten accepted texts there is no value in euros, and it says why."""
    few = _sections(_message(build(Case("reply", accepted=(5, 2, 1, 1)))))[1]
    some = _sections(_message(build(Case("reply", accepted=(5, 3, 1, 1)))))[1]
    many = _sections(_message(build(Case("reply", accepted=(20, 8, 1, 1)))))[1]

    assert "9 accepted texts: too few to say" in few
    assert "€" not in few
    assert "Indicative: 10 accepted texts" in some
    assert "Worth €" in some
    assert "Rests on 30 accepted texts" in many


def test_an_unknown_price_is_said_and_in_no_amount() -> None:
    """Without a price of every call the break-even says that more comes on top; what has no price is counted."""
    figures = build(Case("reply", unpriced=2))
    blocks = _message(figures)
    dutch = _sections(_message(figures, "nl"))[0]

    assert (
        "known, one accepted text must save less than 0.1\u00a0min to pay for itself*" in _sections(blocks)[0]
    )
    assert "prijzen moet een geaccepteerde tekst minder dan 0,1\u00a0min schelen" in dutch
    assert dutch.index("komt erbij.") > dutch.index("terug te verdienen*;")
    assert "The prices of 2 runs are unknown: they are in no amount." in str(blocks)
    assert _table(blocks)[1][5] == "€0.12 + 2 unknown"


@pytest.mark.parametrize(
    ("set_to", "said"),
    [
        ({}, "One dollar is taken as one euro, as nobody set the rate."),
        ({"usd_rate": Decimal("0.92")}, "One dollar is taken as €0.92; nobody said from which day."),
        (
            {"usd_rate": Decimal("0.9215"), "usd_rate_on": "2026-11-03"},
            "One dollar is €0.9215, the rate of 3 November 2026.",
        ),
        ({"currency": "GBP"}, "One dollar is taken as one British pound, as nobody set the rate."),
    ],
)
def test_the_rate_of_the_dollar_is_said(set_to: dict[str, Any], said: str) -> None:
    """Nobody has to guess how a bill in dollars became euros."""
    assert said in str(_message(build(Case("reply"), settings=set_to)))


def test_dollars_need_no_rate() -> None:
    """A firm that counts in dollars reads nothing of a rate."""
    assert "One dollar" not in str(_message(build(Case("reply"), settings={"currency": "USD"})))


def test_without_a_rate_of_the_hour_there_is_no_break_even() -> None:
    """Who set the hour to nothing reads how to set it, and no division by nought."""
    free = build(Case("reply"), settings={"hourly_rate": Decimal(0)})
    unused = build(Case("reply", accepted=(0, 0, 0, 0), unused=3))

    assert "/tijdwinst settings" in _sections(_message(free))[0]
    assert "No text was accepted" in _sections(_message(unused))[0]


def test_extra_work_is_not_called_saved() -> None:
    """More texts than the firm ever wrote are work made possible, not time saved."""
    figures = build(Case("reply", (20, 8, 4, 1), unused=0), monthly_runs={"reply": 20})

    assert (
        "8 runs above what your list of work has are not counted as saved" in _sections(_message(figures))[1]
    )


def test_very_many_waiting_drafts_are_not_counted_out() -> None:
    """A hundred is as many as are looked up, and it says "or more"."""
    assert "100 drafts or more wait" in str(_message(build(Case("reply"), waiting_days=[1] * 100)))


@pytest.mark.parametrize(
    ("spent_microusd", "said"),
    [
        (0, "€50.00 left of €50.00"),
        (24_990_000, "*Budget*: €25.01 left of €50.00"),
        (25_000_000, "over half is spent (50%)"),
        (40_000_000, "nearly spent* (80%); €10.00 left"),
        (51_300_000, "spent* (103%), €1.30 over the €50.00"),
    ],
)
def test_the_budget_warns_in_time(spent_microusd: int, said: str) -> None:
    """From 50, 80 and 100 % of the month's budget on the words become stronger."""
    figures = build(
        Case("reply"),
        settings={"monthly_budget": Decimal(50)},
        month_microusd=spent_microusd,
        month_unpriced=1,
    )

    assert said in str(_message(figures))
    assert "1 call of this month has an unknown price" in str(_message(figures))


def test_a_quiet_week_is_short_and_honest() -> None:
    """Without runs there is no table, no advice and no praise; what it cost and what waits is said."""
    figures = build(settings={"fixed_monthly_cost": Decimal(60)}, waiting_days=(8,))
    blocks = _message(figures)

    assert [block["type"] for block in blocks] == ["header", "section"]
    assert "Nobody asked for a draft" in str(blocks)
    assert "It did cost €14.00." in str(blocks)
    assert "1 draft waits, 1 of them for over 7 days" in str(blocks)


def test_a_late_digest_says_so() -> None:
    """Who reads last week's digest knows for which week it is, that I was off, and why it is here."""
    blocks = week_message(good_week(), titles=TITLES, language="en", late=True, note="Your channel is gone.")

    assert blocks[0]["text"]["text"] == "The week in figures, 16 to 22 November 2026"
    assert [one["text"] for one in blocks[1]["elements"]] == [
        "This is about 16 to 22 November 2026 and comes late: I was off when it was due.",
        "Your channel is gone.",
    ]


def test_tasks_of_few_people_are_merged() -> None:
    """A task that two people use has no row of its own; with the setting at one it has."""
    merged = _table(_message(good_week()))
    shown = _table(_message(good_week(least_people=1)))

    assert [row[0] for row in merged[1:]] == [
        "Draft a reply",
        "Summarise a thread",
        "Other tasks",
        "All tasks",
    ]
    assert [row[0] for row in shown[1:]] == [
        "Draft a reply",
        "Summarise a thread",
        "Letter",
        "Blog",
        "All tasks",
    ]


def test_one_merged_task_does_not_reveal_itself() -> None:
    """Were only one task hidden, the total would give it away: the next smallest is hidden too."""
    figures = build(Case("reply", accepted=(9, 9, 9, 9)), Case("letter"), Case("blog", people=1))
    table = make_table(figures)

    assert [row.tasks for row in table.rows] == [("reply",), ("blog", "letter")]


def test_one_person_has_no_row() -> None:
    """In a firm of one, with the setting at three, only the total is left."""
    table = make_table(build(Case("reply", people=1)))

    assert [row.what for row in table.rows] == ["other"]
    assert table.team.runs == 11


_tasks = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=3),
    st.tuples(st.integers(1, 6), st.integers(1, 40), st.sampled_from([MEASURED, ESTIMATED, CLAIMED])),
    min_size=1,
    max_size=9,
)


@given(_tasks, st.integers(1, 5))
def test_no_row_shows_a_task_of_too_few(tasks: dict[str, tuple[int, int, Any]], least: int) -> None:
    """Whatever the week, nobody reads or works out the figures of a task that rests on too few people."""
    counts = build(
        *(Case(name, (runs, 0, 0, 0), people=people, baseline=b) for name, (people, runs, b) in tasks.items())
    ).counts
    people = {name: of[0] for name, of in tasks.items()}
    kinds: dict[str, BaselineKind] = {name: of[2].kind for name, of in tasks.items()}
    hidden = hide_tasks(counts, people=people, kinds=kinds, least=least)
    shown = set(tasks) - hidden

    assert all(people[task] >= least for task in shown)
    assert not shown or not hidden or len(hidden) > 1
    assert not shown or not hidden or sum(people[task] for task in hidden) >= least
    for kind in set(kinds.values()):
        own = {task for task in tasks if kinds[task] == kind}
        assert len(own & hidden) != 1 or not own & shown
    assert hidden == set() or min(people.values()) < least


@settings(deadline=None)
@given(st.lists(st.integers(0, 3_000_000), min_size=1, max_size=8), st.decimals("0.5", "1.5", places=4))
def test_the_cents_of_the_table_add_up(costs: list[int], usd_rate: Decimal) -> None:
    """Who adds up the column of costs finds the printed total."""
    cases = [Case(f"task-{at}", cost_microusd=cost) for at, cost in enumerate(costs)]
    rows = _table(_message(build(*cases, settings={"usd_rate": usd_rate, "usd_rate_on": "2026-11-03"})))

    assert sum(_cents(row[5]) for row in rows[1:-1]) == _cents(rows[-1][5])


def test_a_column_of_yen_adds_up() -> None:
    """A currency without cents has none, and its rows add up to the total that is printed under them."""
    cases = [Case(f"task-{at}", cost_microusd=1_400_000) for at in range(3)]
    settings = {
        "currency": "JPY",
        "usd_rate": Decimal(1),
        "usd_rate_on": "2026-11-03",
        "hourly_rate": Decimal(4000),
    }
    blocks = _message(build(*cases, settings=settings))
    rows = _table(blocks)

    assert sorted(row[5] for row in rows[1:-1]) == ["¥1", "¥1", "¥2"]
    assert rows[-1][5] == "¥4"
    assert "¥4,000 " in str(blocks) or "¥4,000," in str(blocks)


def test_a_hundred_and_fifty_tasks_fit() -> None:
    """A firm with many tasks gets its digest; the smallest share a row."""
    figures = build(*(Case(f"task-{at:03}", accepted=(at, 0, 0, 0)) for at in range(150)))
    blocks = _message(figures)
    rows = _table(blocks)

    assert len(rows) <= 100
    assert check_blocks(blocks, "message") == []
    assert message_error({"blocks": blocks, "text": "x"}, update=False) is None
    assert sum(int(row[1]) for row in rows[1:-1]) == int(rows[-1][1])


def test_many_tasks_with_long_names_fit() -> None:
    """Names as long as they are shown do not make the digest too long for Slack."""
    figures = build(*(Case(f"{at:03} " + "lange naam " * 6, accepted=(8, 4, 0, 0)) for at in range(150)))
    for language in ("en", "nl"):
        blocks = week_message(figures, titles={}, language=language, late=True)

        assert message_error({"blocks": blocks, "text": "x"}, update=False) is None


def test_a_removed_task_keeps_its_history() -> None:
    """A task whose file is gone is shown by the name that the ledger has."""
    assert _table(_message(build(Case("old-task"))))[1][0] == "old-task"


def test_a_title_is_only_words() -> None:
    """A template called <!channel> rings nobody, in the advice either."""
    figures = build(Case("reply", unused=30, baseline=CLAIMED))
    blocks = week_message(figures, titles={"reply": "<!channel> *x*"}, language="en", late=False)

    assert "<!channel>" not in str(_sections(blocks))
    assert "<!channel>" not in week_text(figures, titles={"reply": "<!channel>"}, language="en", late=False)


@pytest.mark.parametrize(
    ("cases", "rule", "evidence"),
    [
        ([Case("reply", (5, 2, 2, 1), unused=25, spent_minutes=20)], "stop", "10 were accepted"),
        (
            [Case("reply", (8, 4, 0, 0), baseline=CLAIMED)],
            "time",
            "12 texts were accepted, and the 30\u00a0min",
        ),
        ([Case("reply", (8, 2, 4, 3), unused=3)], "prompt", "10 of 20 drafts (50%)"),
        ([Case("reply", (8, 9, 2, 0), numbers_changed=6)], "numbers", "in 6 of 19 accepted texts"),
        ([Case("reply", (8, 4, 0, 0), cost_microusd=30_000_000)], "model", "costs €2.50 and is worth €5.49"),
        ([Case("reply", (8, 4, 0, 0), spent_minutes=5)], "extend", "12 accepted texts saved"),
        ([Case("reply", (8, 4, 0, 0), spent_minutes=22)], "nothing", "nothing to change"),
        ([Case("reply", (2, 1, 0, 0))], "few", "3 accepted texts are too few"),
        (
            [Case("reply", (8, 2, 4, 3), unused=3), Case("blog", (5, 2, 2, 1), unused=25, spent_minutes=20)],
            "stop",
            "*Blog*",
        ),
    ],
)
def test_advice_follows_from_the_figures(cases: list[Case], rule: str, evidence: str) -> None:
    """There is one piece of advice, what loses time goes first, and its figures stand with it."""
    figures = build(*cases)
    advice = choose_advice(figures, make_table(figures))
    said = word_advice(advice, figures, titles=TITLES, language="en")

    assert advice.rule == rule
    assert evidence in said
    assert sum(line.startswith("*Advice*") for line in _sections(_message(figures))) == 1


def test_a_small_firm_is_told_how_to_time() -> None:
    """Where all tasks are merged, the advice to time them names no task that does not exist."""
    figures = build(Case("reply", (8, 4, 0, 0), baseline=CLAIMED, people=1))
    said = word_advice(choose_advice(figures, make_table(figures)), figures, titles=TITLES, language="en")

    assert "`/tijdwinst baseline start` and a task's name" in said
    assert "All tasks" not in said


def test_waiting_drafts_are_advice() -> None:
    """A draft that is a week old is worth a reminder; one of yesterday is not."""
    old = build(Case("reply", (8, 4, 0, 0)), waiting_days=(1, 7))
    new = build(Case("reply", (8, 4, 0, 0)), waiting_days=(1, 2))

    assert choose_advice(old, make_table(old)).rule == "waiting"
    assert choose_advice(new, make_table(new)).rule == "extend"


def test_advice_never_names_a_merged_task() -> None:
    """What rests on one person is not told off in front of the team."""
    worst = Case("blog", (5, 2, 2, 1), unused=25, spent_minutes=20, people=1)
    figures = build(Case("reply", (18, 4, 0, 0)), Case("summarise"), worst)
    alone = build(worst)

    assert "Blog" not in str(_message(figures))
    assert choose_advice(alone, make_table(alone)).rule == "stop"
    assert "*All tasks*" in str(_message(alone))


def test_charts_keep_slacks_limits() -> None:
    """Slack draws two charts: labels of 20 characters that differ, every one in the chart's series."""
    titles = {f"t{at}": f"Explain a tax return to client {at}" for at in range(30)}
    kinds = (MEASURED, ESTIMATED, CLAIMED)
    figures = build(*(Case(f"t{at}", baseline=kinds[at % 3]) for at in range(30)))
    first, second, left = chart_blocks(figures, titles=titles, language="nl")

    for block, kind in ((first, "gemeten"), (second, "geschat")):
        (series,) = block["chart"]["series"]
        labels = block["chart"]["axis_config"]["categories"]
        assert len(set(labels)) == len(labels) == 10
        assert all(len(label) <= 20 for label in labels)
        assert block["title"] == f"Netto minuten per taak, {kind}"
        assert [point["label"] for point in series["data"]] == labels
    assert left["elements"][0]["text"] == "Alleen in de tabel: geclaimd."
    assert "Nog 18 staan in de tabel." in chart_alt(figures, titles=titles, language="nl")


def test_a_chart_says_how_many_tasks_it_leaves_out() -> None:
    """With fourteen tasks of a kind and thirteen of another, nobody takes the twelve bars of each for all."""
    cases = [Case(f"t{at}", baseline=MEASURED if at < 14 else CLAIMED) for at in range(27)]
    *charts, left = chart_blocks(build(*cases), titles={}, language="nl")

    assert [len(one["chart"]["axis_config"]["categories"]) for one in charts] == [12, 12]
    assert left["elements"][0]["text"] == "Nog 3 staan in de tabel."


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_chart_holds_no_task_that_it_knows_nothing_of(language: Language) -> None:
    """Nobody reads in a chart that a task saved 0 minutes when nothing of that kind is known of it."""
    figures = build(Case("reply"), Case("summarise", baseline=ESTIMATED))
    drawn = [one["chart"]["series"] for one in chart_blocks(figures, titles=TITLES, language=language)]
    points = [[(point["label"], point["value"]) for point in series["data"]] for (series,) in drawn]

    assert [[label for label, _ in one] for one in points] == [["Draft a reply"], ["Summarise a thread"]]
    assert all(value for one in points for _, value in one)
    assert chart_blocks(build(), titles=TITLES, language=language) == []


def test_the_picture_is_of_one_size_and_the_same_twice() -> None:
    """The picture fits its place in Slack, with many bars or none."""
    for figures in (good_week(), bad_week(), build(), build(Case("reply", (0, 0, 0, 0), unused=2))):
        png = chart_png(figures, titles=TITLES, language="nl")

        assert struct.unpack(">II", png[16:24]) == (1200, 800)
        assert png == chart_png(figures, titles=TITLES, language="nl")


@settings(deadline=None, max_examples=25)
@given(st.lists(st.text(max_size=90), min_size=1, max_size=14))
def test_what_the_picture_says_in_words_fits(titles: list[str]) -> None:
    """A screen reader gets every bar that fits in 1,000 characters, and how many are left."""
    figures = build(*(Case(f"t{at}") for at in range(len(titles))))
    named = {f"t{at}": title for at, title in enumerate(titles)}
    alt = chart_alt(figures, titles=named, language="en")

    assert 0 < len(alt) <= 1000
    assert chart_alt(good_week(), titles=TITLES, language="en").count("(measured)") == 1


@pytest.mark.parametrize("title", ["#panic()", '$x$ "*_`\\', '</text> #read("chart.typ")'])
def test_a_title_is_never_code(title: str) -> None:
    """Whatever a template is called, the picture shows it as it is."""
    assert chart_png(good_week(), titles={"reply": title}, language="en").startswith(b"\x89PNG")


def _keep_rows(db: Any) -> None:
    db.table("runs").insert_all(_rows())


async def test_the_digest_and_the_ready_question_agree(tmp_path: Path) -> None:
    """The sums that Datasette gives for a digest are the digest's, to the cent."""
    records = Records(tmp_path / "records.sqlite")
    records.open()
    try:
        await records.store.write(_keep_rows)
        end = START + WEEK
        figures = await gather(records, "T1", start=START, end=end, moment=end)
        sql = yaml.safe_load((DOCS / "metadata.yml").read_text())["databases"]["records"]["queries"]
        bound = {"team_id": "T1", "from_at": START.isoformat(), "to_at": end.isoformat()}
        found = await records.store.read(lambda db: list(db.query(sql["digest_sums"]["sql"], bound)))
    finally:
        await records.close()
    table = _table(_message(figures))

    assert [(row["task"], row["runs"], row["accepted"]) for row in found] == [("reply", 12, 8)]
    assert table[1][:3] == ["Draft a reply", "12", "8"]
    assert _cents(table[-1][5]) == round(sum(row["cost_microusd"] for row in found) / 10_000)
    assert round(found[0]["net_minutes"], 6) == round(figures.totals.by_task["reply"].rows_minutes, 6)


def _rows() -> list[dict[str, Any]]:
    return [
        {
            "run_id": f"R{at}",
            "team_id": "T1",
            "channel_id": "C1",
            "user_id": f"U{at % 4}",
            "reviewer_id": f"U{at % 4}",
            "task": "reply",
            "surface": "command",
            "started_at": (START + timedelta(hours=at)).isoformat(timespec="milliseconds"),
            "settled_at": (START + timedelta(hours=at + 1)).isoformat(timespec="milliseconds"),
            "settled_month": "2026-11",
            "outcome": "drafted",
            "review": "discarded" if at % 3 == 0 else "approved",
            "baseline_minutes": 30.0,
            "baseline_source": "claimed",
            "asking_minutes": 1.0,
            "review_minutes": 4.0 + at / 7,
            "review_clock_minutes": 4.0 + at / 7,
            "minutes_saved": (0 if at % 3 == 0 else 30.0) - 5.0 - at / 7,
            "cost_microusd": 4_321 * at,
            "calls": 1,
        }
        for at in range(12)
    ]
