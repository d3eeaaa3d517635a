"""The way of a run after its ack: durable workflows, and what each of their steps does."""

from __future__ import annotations

from bot.jobs.engine import close_engine, open_engine, waiting
from bot.jobs.posts import Posts
from bot.jobs.rounds import Rounds
from bot.jobs.runs import Limits, Runs
from bot.jobs.schedules import bring_planned, evaluate, go_round
from bot.jobs.workflows import (
    bring_copy,
    go_on,
    show_answer,
    show_by_hand,
    show_card,
    show_review,
    show_second,
    start,
    take_documents,
    take_prices,
)

__all__ = [
    "Limits",
    "Posts",
    "Rounds",
    "Runs",
    "bring_copy",
    "bring_planned",
    "close_engine",
    "evaluate",
    "go_on",
    "go_round",
    "open_engine",
    "show_answer",
    "show_by_hand",
    "show_card",
    "show_review",
    "show_second",
    "start",
    "take_documents",
    "take_prices",
    "waiting",
]
