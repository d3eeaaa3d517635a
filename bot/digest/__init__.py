"""The week and the quarter in words and pictures: figures in, Slack blocks and reports out; posts nothing."""

from __future__ import annotations

from bot.digest.figures import Budget, Figures, gather, gather_totals, rates_of, watch_budget
from bot.digest.helping import Help, rank_works
from bot.digest.periods import LATE_AFTER, Due, Period, due_digests, parse_period, period_of

__all__ = [
    "LATE_AFTER",
    "Budget",
    "Due",
    "Figures",
    "Help",
    "Period",
    "due_digests",
    "gather",
    "gather_totals",
    "parse_period",
    "period_of",
    "rank_works",
    "rates_of",
    "watch_budget",
]
