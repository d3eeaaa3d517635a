"""The minutes of one run: what it gave and what it took, and what people's words for it stand for."""

from __future__ import annotations

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
