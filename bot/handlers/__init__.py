"""Handlers: how a request becomes a draft; `draft` serves every task that is a prompt and nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.handlers.desk import Brief, Desk
from bot.handlers.draft import draft
from bot.handlers.quote import quote
from bot.tasks import Draft

HANDLERS: dict[str, Callable[[Desk, Brief], Awaitable[Draft]]] = {
    "draft": draft,
    "quote": quote,
}

__all__ = ["HANDLERS", "Brief", "Desk", "draft", "quote"]
