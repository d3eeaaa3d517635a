"""The ledger settles and adds up as the arithmetic says, row by row and group by group."""

from __future__ import annotations

import random
from dataclasses import astuple, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest

from bot.records.moments import iso
from bot.records.settlements import settle
from bot.tasks import Run
from bot.value import REVIEW_WORD_MINUTES, RunSums
from tests.conftest import records_in
from tests.value.rows import RunFacts, settle_run, sum_runs

MOMENT = datetime(2026, 11, 12, 10, tzinfo=UTC)
BASELINE = 30.0


def _facts(chance: random.Random) -> RunFacts:
    reviews: list[Literal["approved", "edited", "discarded", "open"]] = [
        "approved",
        "edited",
        "discarded",
        "open",
    ]
    review = chance.choice(reviews)
    word = chance.choice([None, *REVIEW_WORD_MINUTES])
    return RunFacts(
        task=chance.choice(["quote", "letter"]),
        reviewer=chance.choice(["U1", "U2"]),
        month="2026-11",
        review=review,
        age_days=8,
        clock_minutes=chance.choice([0.0, 2.5, 8.0]),
        asking_minutes=chance.choice([1.0, 4.5]),
        word=word,
        typed_minutes=95.0 if word == "40-plus" and chance.random() < 0.5 else None,
        rework_minutes=chance.choice([None, 0.0, 15.0]) if review in ("approved", "edited") else None,
    )


FACTS = _facts(random.Random(7))


def _put(db: Any, run_id: str, facts: RunFacts, *, settled: datetime = MOMENT) -> None:
    """Write down what people did and said of a run, and have its minutes worked out."""
    db.execute(
        """
        update runs set outcome = 'drafted', review = ?, reviewer_id = ?, settled_at = ?, settled_month = ?,
            review_word = ?, review_typed_minutes = ?, rework_minutes = ?, baseline_minutes = ? where run_id = ?
        """,
        [
            *(facts.review, facts.reviewer, iso(settled), facts.month, facts.word, facts.typed_minutes),
            *(facts.rework_minutes, BASELINE, run_id),
        ],
    )
    db.execute(
        """
        insert into reviews (run_id, version, act, user_id, decided_at, review_minutes, delete_after)
        values (?, 1, ?, ?, ?, ?, ?)
        """,
        [run_id, facts.review, facts.reviewer, iso(MOMENT), facts.clock_minutes, iso(MOMENT)],
    )
    settle(db, run_id)


async def test_the_ledger_adds_up_as_its_rows_do(tmp_path: Path) -> None:
    """What the digest rests on, SQL's sums of many rows, is what the rows say one by one."""
    chance = random.Random(7)
    facts = {f"T1:C1:{number}.0": _facts(chance) for number in range(120)}
    records = records_in(tmp_path)
    try:
        for run_id, one in facts.items():
            run = Run(run_id, "T1", "C1", "U9", one.task, "command", "en", asking_minutes=one.asking_minutes)
            await records.ledger.open(run, claimed_minutes=BASELINE)
            await records.store.write(lambda db, run_id=run_id, one=one: _put(db, run_id, one))  # type: ignore[misc]
        rows = {row["run_id"]: row["minutes_saved"] for row in await records.ledger.newest()}
        day = timedelta(days=1)
        found = [one.sums for one in await records.proof.run_sums("T1", MOMENT - day, MOMENT + day)]
    finally:
        await records.close()
    settled = {run_id: settle_run(one, BASELINE) for run_id, one in facts.items()}
    expected = sum_runs((facts[run_id], settled[run_id]) for run_id in facts)

    assert rows == {run_id: pytest.approx(one.net_minutes) for run_id, one in settled.items()}
    sums = {_key(group): pytest.approx(astuple(group.sums)) for group in expected}

    assert rows == {run_id: pytest.approx(one.net_minutes) for run_id, one in settled.items()}
    assert {_key(group): astuple(group.sums) for group in found} == sums


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Amsterdam"])
async def test_a_day_at_the_turn_of_the_month_is_whole(tmp_path: Path, zone: str) -> None:
    """Wherever the firm is, and whatever month its clock says, no draft falls out of a digest that ends then."""
    turn = datetime(2026, 11, 1, tzinfo=UTC)
    hours = [turn + timedelta(hours=number) for number in range(-36, 36)]
    records = records_in(tmp_path)
    try:
        for hour in hours:
            facts = replace(
                FACTS,
                month=f"{hour.astimezone(ZoneInfo(zone)):%Y-%m}",
                review="approved",
                rework_minutes=None,
            )
            run = Run(f"T1:C1:{hour.timestamp():.6f}", "T1", "C1", "U9", facts.task, "command", "en")
            await records.ledger.open(run, claimed_minutes=BASELINE)
            await records.store.write(
                lambda db, run=run, facts=facts, hour=hour: _put(db, run.run_id, facts, settled=hour)  # type: ignore[misc]
            )
        ends = [hour for hour in hours if hour - hours[0] >= timedelta(days=1)]
        found = [
            sum(
                one.sums.sums.runs for one in await records.proof.run_sums("T1", end - timedelta(days=1), end)
            )
            for end in ends
        ]
    finally:
        await records.close()

    assert found == [24] * len(ends)


def _key(group: RunSums) -> tuple[str, str, str, bool]:
    return (group.task, group.reviewer, group.month, group.accepted)
