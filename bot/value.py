"""Pure arithmetic of time and money; nothing here reads a clock, a file or a network."""

from __future__ import annotations

from datetime import datetime

ASKING_MINUTES_ASSUMED = 1.0
"""What asking costs when nobody measured it: an assumption, and shown as one."""

IDLE_CAP_MINUTES = 10.0
"""A look at a draft, or at its form, counts for ten minutes at most: after that the reader was elsewhere."""


def review_minutes(start: datetime, end: datetime) -> float:
    """Return the wall clock between two moments, in minutes, from 0 to the idle cap.

    A clock that jumped back gives 0, not a negative time.
    """
    return round(min(IDLE_CAP_MINUTES, max(0.0, (end - start).total_seconds() / 60)), 3)


def minutes_saved(*, accepted: bool, baseline: float, asking: float, reviewing: float) -> float:
    """Return the net minutes of one decided run: `(accepted ? baseline : 0) - asking - reviewing`.

    Negative results stay: a draft that was thrown away cost its reader time and saved nobody any.
    """
    return round((baseline if accepted else 0.0) - asking - reviewing, 3)
