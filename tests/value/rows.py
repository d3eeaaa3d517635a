"""Runs one by one, settled and added up the slow way: what the sums of SQL's `group by` are held against."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from bot.value import (
    ACCEPTED,
    ASKING_MINUTES_ASSUMED,
    IDLE_CAP_MINUTES,
    REVIEW_WORD_MINUTES,
    UNREVIEWED_DAYS,
    ReviewWord,
    RunSums,
    Sums,
    join_sums,
    minutes_saved,
)


@dataclass(frozen=True)
class RunFacts:
    """What the ledger knows of one run.

    Attributes:
        reviewer: who decided; a hash is enough.
        month: the calendar month that it counts in, `2026-11`, in the workspace's time zone.
        age_days: since the draft was delivered.
        asking_minutes: form open to submit; None where there was no form.
        clock_minutes: reviewing by the clock, as `review_minutes` caps each look.
        word: what the person said that reviewing took; None when not asked or not answered.
        typed_minutes: the number that somebody gave after `40-plus`, which has no upper end of its own.
        rework_minutes: the answer of a week later; None is unknown, 0 is "none".
        control: it belongs to the control sample: done by hand, and counted apart.
    """

    task: str
    reviewer: str
    month: str
    review: Literal["open", "approved", "edited", "redone", "discarded"]
    age_days: float
    clock_minutes: float
    asking_minutes: float | None = None
    word: ReviewWord | None = None
    typed_minutes: float | None = None
    rework_minutes: float | None = None
    control: bool = False


@dataclass(frozen=True)
class RunMinutes:
    """What one run took and gave, and how each figure is known.

    Attributes:
        standing: `accepted`; `unused`: discarded, or not decided on for a week; `open`: younger; `control`.
        open_ended: somebody said `40-plus` and no number; it may have been much longer.
        net_minutes: None while `open`, and for `control`.
    """

    standing: Literal["accepted", "unused", "open", "control"]
    asking_minutes: float
    asking_source: Literal["measured", "assumed"]
    reviewing_minutes: float
    reviewing_source: Literal["word", "clock"]
    open_ended: bool
    rework_minutes: float | None
    net_minutes: float | None


def settle_run(facts: RunFacts, baseline_minutes: float) -> RunMinutes:
    """Say what one run took and gave; the person's word beats the clock, and a number beats a button."""
    asking = ASKING_MINUTES_ASSUMED if facts.asking_minutes is None else facts.asking_minutes
    asking = min(IDLE_CAP_MINUTES, max(0.0, asking))
    said = REVIEW_WORD_MINUTES[facts.word] if facts.word else None
    if facts.typed_minutes is not None:
        said = facts.typed_minutes
    reviewing = facts.clock_minutes if said is None else said
    standing = _standing(facts)
    accepted = standing == "accepted"
    rework = facts.rework_minutes if accepted else None
    net = minutes_saved(
        accepted=accepted, baseline=baseline_minutes, asking=asking, reviewing=reviewing, rework=rework
    )
    return RunMinutes(
        standing=standing,
        asking_minutes=asking,
        asking_source="assumed" if facts.asking_minutes is None else "measured",
        reviewing_minutes=reviewing,
        reviewing_source="clock" if said is None else "word",
        open_ended=facts.word == "40-plus" and facts.typed_minutes is None,
        rework_minutes=rework,
        net_minutes=net if standing in ("accepted", "unused") else None,
    )


def _standing(facts: RunFacts) -> Literal["accepted", "unused", "open", "control"]:
    if facts.control:
        return "control"
    if facts.review in ACCEPTED:
        return "accepted"
    if facts.review == "discarded" or facts.age_days >= UNREVIEWED_DAYS:
        return "unused"
    return "open"


def sum_runs(runs: Iterable[tuple[RunFacts, RunMinutes]]) -> list[RunSums]:
    """Return the group sums of settled runs, as the ledger's `group by` gives them; only decided runs are in it."""
    found: dict[tuple[str, str, str, bool], list[Sums]] = defaultdict(list)
    for facts, minutes in runs:
        if minutes.standing in ("accepted", "unused"):
            key = (facts.task, facts.reviewer, facts.month, minutes.standing == "accepted")
            found[key].append(_one(facts, minutes))
    return [RunSums(*key, sums=join_sums(sums)) for key, sums in sorted(found.items())]


def _one(facts: RunFacts, minutes: RunMinutes) -> Sums:
    spent = minutes.asking_minutes + minutes.reviewing_minutes
    said = minutes.reviewing_source == "word"
    rework = minutes.rework_minutes
    return Sums(
        runs=1,
        spent_minutes=spent,
        spent_squares=spent * spent,
        said_runs=1 if said else 0,
        said_minutes=minutes.reviewing_minutes if said else 0.0,
        said_clock_minutes=facts.clock_minutes if said else 0.0,
        unsaid_clock_minutes=0.0 if said else facts.clock_minutes,
        open_ended_runs=1 if minutes.open_ended else 0,
        rework_runs=0 if rework is None else 1,
        rework_minutes=rework or 0.0,
        rework_squares=(rework or 0.0) ** 2,
    )
