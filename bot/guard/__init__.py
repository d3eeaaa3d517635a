"""What may reach the model and what may come back: text from outside is data, and personal data stays here."""

from __future__ import annotations

from bot.guard.search import detect
from bot.guard.kinds import ACTIONS, Finding, Kind
from bot.guard.names import Known
from bot.guard.outside import clean, wrap

__all__ = ["ACTIONS", "Finding", "Kind", "Known", "clean", "detect", "wrap"]
