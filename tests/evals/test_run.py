"""A whole round of evals against the local model: what it says first, what it keeps, and when it stops."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bot.sandbox.model import NAME, Model
from tests.evals.cases import known_tasks
from tests.evals.estimate import Estimate, listen
from tests.evals.graders import Finding
from tests.evals.report import Result, sum_known, write_tables
from tests.evals.run import PlanError, main, make_plan, may_begin, play_all, run, write_estimate
from tests.evals.stage import Written, open_stage


def never() -> bool:
    """Answer for somebody who must not be asked."""
    pytest.fail("nobody should have been asked")


def kept_in(folder: Path) -> list[Path]:
    """Return the files that a round left."""
    return sorted(folder.iterdir())


async def test_one_case_of_each_task_goes_through_the_local_model(tmp_path: Path) -> None:
    """Without a key the whole round can be tried: every task drafts, and the table says that no AI wrote it."""
    said: list[str] = []
    cases = make_plan({}).cases
    first = [next(case.key for case in cases if case.task == task) for task in known_tasks()]
    environ = {"EVALS_MODEL_URL": "sandbox", "MODELS": "smart", "CASES": " ".join(first)}
    code = await run(environ, say=said.append, ask=never, folder=tmp_path)
    kept = {path.suffix: path.read_text() for path in kept_in(tmp_path)}
    round_ = json.loads(kept[".json"])

    assert code == 1
    assert sorted(result["case"] for result in round_["results"]) == sorted(first)
    assert {result["written_by"] for result in round_["results"]} == {NAME}
    assert {result["fault"] for result in round_["results"]} == {""}
    assert round_["prompts"].keys() >= known_tasks().keys()
    assert round_["cases"]
    assert f"## claude-sonnet-5-5: answered by {NAME}" in kept[".md"]
    assert kept[".md"] in said


async def test_a_dry_run_only_says_what_it_would_cost(tmp_path: Path) -> None:
    """Without a key, a yes or a server the estimate stands there, and nothing is asked, drafted or kept."""
    said: list[str] = []
    code = await run(
        {"EVALS_DRY": "1", "TASKS": "reply", "MODELS": "fast smart"},
        say=said.append,
        ask=never,
        folder=tmp_path,
    )

    assert code == 0
    assert "5 cases, 2 models, judged by claude-sonnet-5-5." in said[0]
    assert "5 drafts   claude-haiku-5-5" in said[0]
    assert "Together about $ 0." in said[0]
    assert not kept_in(tmp_path)


async def test_counting_costs_no_answer() -> None:
    """With a server the tokens are counted there; no message is asked for before somebody agreed."""
    async with Model() as model:
        environ = {"EVALS_MODEL_URL": model.url, "EVALS_DRY": "1", "TASKS": "quote", "MODELS": "fast"}
        await run(environ, say=lambda line: None, ask=never)

        assert model.count == 0
        assert len([one for one in model.requests if one.path.endswith("count_tokens")]) == 20


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"EVALS_MODEL_URL": "https://example.com"}, "on this machine"),
        ({"EVALS_MOST_USD": "much"}, "EVALS_MOST_USD"),
        ({"TASKS": "poems"}, "poems"),
        ({"CASES": "nowhere"}, "CASES"),
    ],
)
def test_a_wrong_variable_is_named(
    environ: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who mistypes a variable reads which one, and nothing is run."""
    code = main(environ)

    assert code == 2
    assert said in capsys.readouterr().err


def test_a_server_on_this_machine_never_sees_the_key_that_pays() -> None:
    """A try with the local model sends it a key of its own."""
    plan = make_plan({"EVALS_MODEL_URL": "http://127.0.0.1:1", "ANTHROPIC_API_KEY": "sk-ant-real"})
    paying = make_plan({"ANTHROPIC_API_KEY": "sk-ant-real"})

    assert plan.offline
    assert plan.key == "sk-sandbox"
    assert not paying.offline
    assert paying.key == "sk-ant-real"


async def test_nothing_is_paid_without_a_key_a_price_and_a_yes() -> None:
    """Each of the three is asked for by name; EVALS_YES=1 or a typed yes lets it begin."""
    plan = make_plan({"ANTHROPIC_API_KEY": "sk-ant-real", "TASKS": "reply"})
    known, unknown = Estimate("m", 1, 1, 1, 1), Estimate("m", 1, 1, None, None)

    with pytest.raises(PlanError, match="ANTHROPIC_API_KEY"):
        may_begin(replace(plan, key=""), [known], ask=never)
    with pytest.raises(PlanError, match="No price"):
        may_begin(plan, [known, unknown], ask=never)
    with pytest.raises(PlanError, match="EVALS_YES=1"):
        may_begin(plan, [known], ask=lambda: False)
    may_begin(plan, [known], ask=lambda: True)
    may_begin(replace(plan, agreed=True), [known], ask=never)
    assert "at most $ unknown" in write_estimate(plan, [unknown, known])


async def test_the_limit_stops_the_round() -> None:
    """Once the next case could pass EVALS_MOST_USD no more is asked, and the table says why."""
    async with Model(name=None) as model, open_stage(known_tasks()) as stage:
        plan = make_plan({"TASKS": "reply", "MODELS": "smart", "EVALS_MOST_USD": "0.05"})
        plan = replace(plan, key=model.key)
        heard = await listen(stage, plan.cases)
        results, stopped = await play_all(plan, stage, heard, base_url=model.url, say=lambda line: None)

    assert 0 < len(results) < 5
    assert "0.05" in stopped
    assert (sum_known(result.cost_microusd for result in results) or 0) <= 50_000
    assert f"Stopped: {stopped}" in write_tables(results, stopped=stopped)


async def test_the_table_tells_passed_of_all() -> None:
    """Per task and kind of assertion: passed of all, cost, median; an unknown cost is not written as nothing."""
    case = make_plan({"TASKS": "reply"}).cases[0]
    held, broken = Finding("facts", True, "a"), Finding("facts", False, "b")
    good = Result("m", case, Written(None, cost_microusd=1_500_000), (held, held))
    bad = Result("m", case, Written(None, "refusal: x", cost_microusd=None), (held, broken))
    table = write_tables([good, bad])

    assert "| reply | 1/2   | 3/4   | unknown | –        |" in table
    assert f"- {case.key}: facts: b" in table
    assert "1.500" in write_tables([good])
