"""Handlers: how a request becomes a draft; `draft` serves every task that is a prompt and nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.handlers.ask import ask
from bot.handlers.desk import Brief, Desk
from bot.handlers.draft import draft
from bot.handlers.gate import Gate
from bot.handlers.letter import letter
from bot.handlers.quote import quote
from bot.handlers.recommend import recommend
from bot.handlers.screening import screening
from bot.handlers.social import ReadyPost, ready_posts, recount, social
from bot.handlers.table import table
from bot.handlers.trial import trial
from bot.tasks import Draft, Language

HANDLERS: dict[str, Callable[[Desk, Brief], Awaitable[Draft]]] = {
    "ask": ask,
    "draft": draft,
    "letter": letter,
    "quote": quote,
    "recommend": recommend,
    "screening": screening,
    "social": social,
    "table": table,
    "trial": trial,
}

EDITED: dict[str, Callable[[str, Language], tuple[str, ...]]] = {"social": recount}
"""By handler: the small print of a text that a person edited, where it differs from the draft's own."""

READY: dict[str, Callable[[str, Language], tuple[ReadyPost, ...]]] = {"social": ready_posts}
"""By handler: the parts of an accepted text that can be planned, each ready to copy."""

STREAMED = ("draft", "letter")
"""Handlers whose text can be read along; the others get an object from the model and make the text of it."""

__all__ = ["EDITED", "HANDLERS", "READY", "STREAMED", "Brief", "Desk", "Gate", "ReadyPost", "draft", "quote"]
