"""The way of a run after its ack: durable workflows, and what each of their steps does."""

from __future__ import annotations

from bot.jobs.engine import close_engine, open_engine, show_review, start, waiting
from bot.jobs.runs import Limits, Runs

__all__ = ["Limits", "Runs", "close_engine", "open_engine", "show_review", "start", "waiting"]
