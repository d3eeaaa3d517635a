"""The minutes of one run: what it gave, what it took, and whether it counts yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

ASKING_MINUTES_ASSUMED = 1.0
"""What asking costs when nobody measured it: an assumption, and shown as one."""

IDLE_CAP_MINUTES = 10.0
"""A look at a draft, or at its form, counts for ten minutes at most: after that the reader was elsewhere."""

ACCEPTED = ("approved", "edited")
"""The reviews after which a draft was used."""

UNREVIEWED_DAYS = 7
"""A draft that nobody decided on for a week saved nothing."""

ReviewWord = Literal["under-2", "5", "10", "20", "40-plus"]

REVIEW_WORD_MINUTES: dict[ReviewWord, float] = {"under-2": 1, "5": 4, "10": 10, "20": 20, "40-plus": 60}
"""What one tap stands for: the mean of the looks for which it is the nearest button, were they spread lognormally.

Short looks are more frequent than long ones, so `5` (from 2 to 7.5 minutes) is 4; `40-plus` (from 30 up) is 60.
"""


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


def review_minutes(start: datetime, end: datetime) -> float:
    """Return the wall clock between two moments, in minutes, from 0 to the idle cap.

    A clock that jumped back gives 0, not a negative time.
    """
    return round(min(IDLE_CAP_MINUTES, max(0.0, (end - start).total_seconds() / 60)), 3)


def minutes_saved(
    *, accepted: bool, baseline: float, asking: float, reviewing: float, rework: float | None = 0.0
) -> float:
    """Return the net minutes of one decided run: `(accepted ? baseline : 0) - asking - reviewing - rework`.

    Negative results stay: a draft that was thrown away cost its reader time and saved nobody any. Unknown rework
    takes nothing here; the totals guess it from the answers that came, and say so.
    """
    return round((baseline if accepted else 0.0) - asking - reviewing - (rework or 0.0), 3)


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
