"""Graders can fail: without a key, on recorded answers that go through the bot's own handlers."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bot.llm import LLM
from bot.sandbox.model import Model
from tests.evals.cases import Case, CaseError, known_tasks, load_cases, read_thread
from tests.evals.graders import KINDS, Finding, grade, matches, tell_language
from tests.evals.recorded import Recorded, load_recorded
from tests.evals.rubric import judge
from tests.evals.stage import Stage, Written, open_stage

CASES = {case.key: case for case in load_cases()}
RECORDED = load_recorded()


def llm_of(model: Model) -> LLM:
    """Return a client of the local model."""
    return LLM(
        api_key=model.key,
        base_url=model.url,
        models={"fast": "claude-haiku-5-5", "smart": "claude-sonnet-5-5"},
    )


async def found_in(recorded: Recorded, *, stage: Stage, model: Model, llm: LLM) -> list[Finding]:
    """Let the model give the recorded answer, and return what the graders say of it."""
    case = CASES[f"{recorded.task}/{recorded.case}"]
    # A post that is too long is asked for a second time; the model insists.
    model.answers = [recorded.said, recorded.said]
    written = await stage.play(case, llm)
    return grade(case, written, stage.tasks[case.task])


@pytest.mark.parametrize("task", sorted({recorded.task for recorded in RECORDED}))
async def test_good_answers_pass_and_bad_ones_fail_where_they_are_bad(task: str) -> None:
    """Who reads the table can trust a pass: the same grader fails the answer with that one thing wrong."""
    wrong = []
    async with Model() as model, open_stage(known_tasks()) as stage:
        llm = llm_of(model)
        for recorded in (one for one in RECORDED if one.task == task):
            found = await found_in(recorded, stage=stage, model=model, llm=llm)
            failed = {finding.kind: finding.said for finding in found if not finding.passed}
            if recorded.breaks not in failed if recorded.breaks else failed:
                wrong.append((recorded.case, recorded.about, recorded.breaks, failed))
        await llm.close()

    assert not wrong


def test_every_kind_of_assertion_has_an_answer_that_breaks_it() -> None:
    """No column of the table can be full of passes because nothing is checked."""
    broken = {recorded.breaks for recorded in RECORDED}

    # Whether there is an answer, and for which platforms, is no word of the model's: tests of their own, below.
    assert broken == {"", *KINDS} - {"answered", "platforms"}


def test_every_task_has_its_cases_in_both_languages() -> None:
    """The three tasks that matter most have twenty cases, every other five, about half of them in Dutch."""
    for task in known_tasks():
        mine = [case for case in CASES.values() if case.task == task]
        dutch = sum(case.language == "nl" for case in mine)

        assert len(mine) >= (20 if task in ("summarise", "quote", "social") else 5), task
        assert 0.35 <= dutch / len(mine) <= 0.65, task


def test_a_case_asks_for_nothing_that_its_material_does_not_hold() -> None:
    """Every figure that a summary must name was said, so that no model is failed for honesty."""
    for case in CASES.values():
        for pattern in (*case.expected.holds, *case.expected.decided, *case.expected.actions):
            for either in pattern.split(" & "):
                figures = re.search(r"\d", either) and case.output == case.language

                assert not figures or matches(either, case.material), f"{case.key}: {pattern}"


async def test_posts_for_other_platforms_than_were_asked_for_are_noticed() -> None:
    """When the bot misreads "x en linkedin", the case says so."""
    case = CASES["social/opening"]
    good = next(one for one in RECORDED if (one.task, one.case) == ("social", "opening"))
    other = replace(case, expected=replace(case.expected, platforms=("x", "linkedin")))
    async with Model() as model, open_stage(known_tasks()) as stage:
        llm = llm_of(model)
        model.answers = [good.said]
        written = await stage.play(case, llm)
        await llm.close()
    task = stage.tasks["social"]

    assert {one.passed for one in grade(case, written, task) if one.kind == "platforms"} == {True}
    assert {one.passed for one in grade(other, written, task) if one.kind == "platforms"} == {False}


async def test_a_model_that_fails_is_a_failed_case_with_its_reason() -> None:
    """A refusal and an overload are counted as what they are, and nothing else is graded."""
    case = CASES["summarise/moved-date"]
    async with Model() as model, open_stage(known_tasks()) as stage:
        llm = llm_of(model)
        found = {}
        for kind in ("refusal", "rate_limit"):
            model.fail(kind)
            written = await stage.play(case, llm)
            found[kind] = grade(case, written, stage.tasks[case.task])
        await llm.close()

    for kind, word in (("refusal", "refusal"), ("rate_limit", "busy")):
        (finding,) = found[kind]
        assert (finding.kind, finding.passed) == ("answered", False)
        assert word in finding.said


async def test_a_verdict_counts_only_with_a_passage_of_the_draft() -> None:
    """A judge that quotes what nobody wrote is not believed; one that quotes the draft is."""
    case = CASES["summarise/moved-date"]
    good = next(one for one in RECORDED if (one.task, one.case) == ("summarise", "moved-date"))
    real = {
        "criterion": 1,
        "passage": "de start is “verschoven” van 12 mei",
        "reason": "said",
        "passed": True,
    }
    made_up = {"criterion": 2, "passage": "Willem belt", "reason": "said", "passed": True}
    async with Model() as model, open_stage(known_tasks()) as stage:
        llm = llm_of(model)
        model.answers = [good.said, {"verdicts": [real, made_up]}, {"verdicts": [{**real, "passed": False}]}]
        written = await stage.play(case, llm)
        first, second = await judge(case, written, llm), await judge(case, written, llm)
        model.fail("overloaded")
        third = await judge(case, written, llm)
        await llm.close()

    assert [finding.passed for finding in first.findings] == [True, False]
    assert "not in the draft" in first.findings[1].said
    assert [finding.passed for finding in second.findings] == [False, False]
    assert "no verdict" in second.findings[1].said
    assert [finding.passed for finding in third.findings] == [False, False]


async def test_what_is_graded_is_what_a_person_sees() -> None:
    """Sources are links and the small print stands below, as on the card."""
    case = CASES["quote/plain"]
    good = next(one for one in RECORDED if (one.task, one.case) == ("quote", "plain"))
    async with Model() as model, open_stage(known_tasks()) as stage:
        llm = llm_of(model)
        model.answers = [good.said]
        written: Written = await stage.play(case, llm)
        await llm.close()
    seen = written.seen(case)

    assert "€\u00a01.821,00" in seen
    assert "zakelijk of particulier" not in seen


@pytest.mark.parametrize(
    ("pattern", "words", "there"),
    [
        ("18 mei & Els", "Els zegt: 18 mei", True),
        ("12", "112 of 12.500", False),
        ("12", "om 12 uur", True),
        ("1,480|1.480", "It is 1.480 euros", True),
        ("factu", "de facturen", True),
        ("actuur", "de factuur", False),
        ("€ 5", "voor €\u00a05", True),
    ],
)
def test_a_pattern_takes_figures_whole_and_words_by_their_beginning(
    pattern: str, words: str, there: bool
) -> None:
    """A case that asks for 12 is not satisfied by 112 or 12.500."""
    assert matches(pattern, words) is there


@pytest.mark.parametrize(
    ("words", "tongue"),
    [
        ("De start is verschoven naar maandag.", "nl"),
        ("The start was moved to Monday.", "en"),
        ("Der Beginn ist auf Montag verschoben und nicht mehr am Freitag.", "de"),
        ("Le début est reporté à lundi pour nous et pour vous.", "fr"),
        ("42", ""),
    ],
)
def test_the_language_is_told_by_its_small_words(words: str, tongue: str) -> None:
    """A draft in the wrong language is noticed, whatever its names are."""
    assert tell_language(words) == tongue


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[[case]]\nname = 'a'\nabout = 'b'\nlanguage = 'nl'\nholdss = ['x']", "holdss is no key"),
        ("[[case]]\nname = 'a'\nabout = 'b'", "language is missing"),
        ("[[case]]\nname = 'a'\nabout = 'b'\nlanguage = 'nl'\nholds = 'x'", "holds has the wrong type"),
        ("[[case]]\nname = 'a'\nabout = 'b'\nlanguage = 'nl'\nprices = 'x'", "there is no lists.x"),
        ("[[case]]\nname = 'a'\nabout = 'b'\nlanguage = 'nl'\nthread = 'well'", "nobody says"),
        ("[[case]]\nname = 'a'\nabout = 'b'\nlanguage = 'nl'\n" * 2, "a stands twice"),
        ("[[case]", "line 1"),
    ],
)
def test_a_faulty_case_is_named(tmp_path: Path, written: str, said: str) -> None:
    """Who adds a case with a slip reads which file, which case and which key."""
    (tmp_path / "reply.toml").write_text(written)

    with pytest.raises(CaseError, match=said):
        load_cases(tmp_path)


def test_a_message_may_have_lines() -> None:
    """An indented line goes on with the message above it."""
    said = read_thread("Anna: een\n  twee\nBen de Boer: drie: vier")

    assert said == (("Anna", "een\ntwee"), ("Ben de Boer", "drie: vier"))
    assert isinstance(CASES["summarise/moved-date"], Case)
