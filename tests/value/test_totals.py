"""The totals of a period count what they should, once, and say what they do not know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, replace
from math import isfinite
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.value import (
    Baseline,
    RunSums,
    Total,
    Totals,
    add_up,
    control_baseline,
)
from tests.value.rows import RunFacts, settle_run, sum_runs

QUOTE, LETTER = (
    Baseline("measured", low=36, typical=40, high=44, timed_runs=9, error_minutes=2, excess_minutes=0.1),
    Baseline("estimated", low=10, typical=25, high=30),
)
BASELINES = {"quote": QUOTE, "letter": LETTER}


def run(
    task: str = "quote",
    *,
    month: str = "2026-11",
    reviewer: str = "U1",
    clock: float = 8,
    review: Literal["open", "approved", "discarded"] = "approved",
    rework: float | None = 0,
) -> RunFacts:
    """Return one run that was asked for in two minutes."""
    return RunFacts(
        task=task,
        reviewer=reviewer,
        month=month,
        review=review,
        age_days=1,
        clock_minutes=clock,
        asking_minutes=2,
        rework_minutes=rework,
    )


def group(runs: Sequence[RunFacts]) -> list[RunSums]:
    """Settle runs and add them up as SQL would."""
    return sum_runs((one, settle_run(one, BASELINES[one.task].typical)) for one in runs)


def totals(runs: Sequence[RunFacts], **monthly_runs: float) -> Totals:
    """Add runs up under the two baselines."""
    return add_up(group(runs), baselines=BASELINES, monthly_runs=monthly_runs)


def quotes(runs: Sequence[RunFacts], **monthly_runs: float) -> Total:
    """Return the total of the quotes."""
    return totals(runs, **monthly_runs).by_task["quote"]


some_runs = st.lists(
    st.builds(
        run,
        st.sampled_from(["quote", "letter"]),
        month=st.sampled_from(["2026-10", "2026-11"]),
        reviewer=st.sampled_from(["U1", "U2", "U3"]),
        clock=st.floats(0, 60),
        review=st.sampled_from(["open", "approved", "discarded"]),
        rework=st.none() | st.floats(0, 60),
    ),
    max_size=40,
)


@given(some_runs)
def test_every_figure_is_a_number_and_stands_in_its_range(runs: list[RunFacts]) -> None:
    """Whatever a team does, nobody reads "nan", and the figure lies within its own range."""
    found = totals(runs, quote=2)

    for total in [*found.by_kind.values(), *found.by_task.values()]:
        assert total.net.low <= total.net.point <= total.net.high
        assert all(isfinite(figure) for figure in astuple(total) if isinstance(figure, float))
        assert total.net_at_low <= total.net.point <= total.net_at_high


@given(some_runs)
def test_kinds_are_kept_apart(runs: list[RunFacts]) -> None:
    """A measured hour is never added to a believed one, and each task's minutes are in the total of its kind."""
    found = totals(runs)

    for kind, task in (("measured", "quote"), ("estimated", "letter")):
        assert {total.kind for total in found.by_kind.values()} <= {"measured", "estimated"}
        if task in found.by_task:
            assert found.by_kind[kind] == found.by_task[task]  # type: ignore[index]


@given(some_runs)
def test_rows_add_up_to_the_total(runs: list[RunFacts]) -> None:
    """Without a cap the ledger's rows give `rows_minutes`, whoever adds them; the guesses stand beside it."""
    found = totals(runs)
    rows: dict[str, float] = {}
    for one in runs:
        net = settle_run(one, BASELINES[one.task].typical).net_minutes
        if net is not None:
            rows[one.task] = rows.get(one.task, 0) + net

    assert {task: total.rows_minutes for task, total in found.by_task.items()} == pytest.approx(rows, abs=0.1)
    for total in found.by_task.values():
        guessed = total.clock_minutes + total.rework_minutes + total.median_minutes
        assert total.net.point == pytest.approx(total.rows_minutes - guessed)


@given(some_runs, st.floats(0.1, 30))
def test_the_cap_counts_no_more_than_the_work_that_there_was(runs: list[RunFacts], monthly: float) -> None:
    """A month counts at most a quarter more than the team used to do, unless it loses; the rest is extra work."""
    free, capped = (totals(runs, **cap).by_task.get("quote") for cap in ({}, {"quote": monthly}))

    if free is not None and capped is not None:
        assert capped.counted_runs + capped.extra_runs == pytest.approx(free.runs)
        assert capped.net.point + capped.extra_minutes == pytest.approx(free.net.point)
        if free.net.point >= 0:
            assert capped.counted_runs <= 2 * 1.25 * monthly + 1e-9
        else:
            assert capped == free


def test_the_cap_picks_no_runs() -> None:
    """Of twenty quotes where eight were usual ten count: at the mean of them all, not the best ten."""
    runs = [run(clock=clock) for clock in [1] * 10 + [9] * 10]
    found = quotes(runs, quote=8)

    assert (found.counted_runs, found.extra_runs) == (10, 10)
    assert found.rows_minutes == pytest.approx(10 * (40 - 2 - 5))
    assert found.extra_minutes == pytest.approx(found.net.point)


def test_a_week_is_capped_by_its_month() -> None:
    """A week's figure knows that the month already had its share."""
    week = group([run() for _ in range(5)])
    found = add_up(
        week, baselines=BASELINES, monthly_runs={"quote": 8}, runs_in_month={("quote", "2026-11"): 20}
    )

    assert found.by_task["quote"].counted_runs == pytest.approx(2.5)


def test_a_loss_is_never_capped() -> None:
    """Twenty drafts thrown away cost twenty readings, however seldom that text was written before."""
    assert quotes([run(review="discarded")] * 20, quote=1).net.point == -200


@given(some_runs.filter(lambda runs: any(one.task == "quote" and one.review == "approved" for one in runs)))
def test_a_longer_review_saves_less(runs: list[RunFacts]) -> None:
    """Ten more minutes on every quote can only lower the figure."""
    slower = [replace(one, clock_minutes=one.clock_minutes + 10) for one in runs]

    assert quotes(slower).net.point < quotes(runs).net.point


def test_unknown_rework_is_guessed_from_the_answers() -> None:
    """Five answers of four minutes speak for the fifteen runs that nobody answered for."""
    found = quotes([run(rework=4)] * 5 + [run(rework=None)] * 15)

    assert found.rework_minutes == 60
    assert found.net.point == pytest.approx(20 * (40 - 2 - 8 - 4 - 0.1))


def test_too_few_rework_answers_widen_the_range() -> None:
    """Four answers say nothing of the others: the figure stays and its low end gives up 37 per cent of the gain."""
    few, all_known = (quotes([run(rework=0)] * 4 + [run(rework=rest)] * 16) for rest in (None, 0))

    assert few.net.point == all_known.net.point
    assert few.net.low == pytest.approx(all_known.net.low - 0.37 * 16 * 30)
    assert few.net.high == all_known.net.high


def test_forty_and_more_has_no_upper_end() -> None:
    """A long text that took "40 and more" to mend may have taken as long as writing it, unless somebody says."""
    blog = Baseline("estimated", low=200, typical=240, high=300)
    long = [replace(run(), word="40-plus") for _ in range(10)]
    typed = [replace(one, typed_minutes=60) for one in long]
    open_ended, known = (
        add_up(group(runs), baselines={"quote": blog}, monthly_runs={}).by_task["quote"]
        for runs in (long, typed)
    )

    assert (open_ended.open_ended_runs, known.open_ended_runs) == (10, 0)
    assert open_ended.net.point == known.net.point == 10 * (240 - 2 - 60)
    assert known.net.low - open_ended.net.low == pytest.approx(10 * (240 - 60))


def test_what_people_say_corrects_the_clock() -> None:
    """Where people say twenty and the clock saw ten, runs without a word are taken to have lasted twice as long."""
    said = [replace(run(clock=10), word="20") for _ in range(5)]
    found = quotes(said + [run(clock=8) for _ in range(5)])

    assert found.word_to_clock == 2
    assert found.clock_minutes == 40
    assert quotes([run()]).word_to_clock is None


def test_money_needs_ten_accepted_runs() -> None:
    """Under ten nothing is shown in euros, under thirty it says "indicative"; discarded drafts do not help."""
    steps = {
        count: quotes([run()] * count + [run(review="discarded")] * 30).figure for count in (9, 10, 29, 30)
    }

    assert steps == {9: "none", 10: "indicative", 29: "indicative", 30: "firm"}


def test_more_runs_make_it_surer() -> None:
    """A hundred runs of the same kind say relatively more than ten."""
    few, many = (quotes([run(clock=2), run(clock=9)] * count) for count in (5, 50))

    assert (many.net.high - many.net.low) / many.net.point < (few.net.high - few.net.low) / few.net.point


def test_people_are_counted_not_named() -> None:
    """The digest can tell whether a row rests on three people."""
    assert quotes([run(reviewer="U1"), run(reviewer="U2"), run(reviewer="U2")]).people == 2


def test_the_control_sample_is_the_same_sum_with_its_own_baseline() -> None:
    """Held against what chance had done by hand, the same runs give the causal figure."""
    control = control_baseline([28, 30, 32, 30, 30])

    assert control is not None
    found = add_up(group([run()] * 10), baselines={"quote": control}, monthly_runs={})
    assert found.by_kind["control"].net.point == 10 * (30 - 10)
