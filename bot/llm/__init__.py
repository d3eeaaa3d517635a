"""The language model: asked here, paid here; the only room that imports `anthropic`.

Every way in which a call can go wrong ends in `LLMError`, whose message holds no prompt and no answer.
Nothing here tries twice: the engine's steps do, so the SDK runs with `max_retries=0`.
"""

from __future__ import annotations

from bot.llm.answers import Answer, Kind, LLMError, Usage
from bot.llm.batches import Batch, Batches, Question
from bot.llm.client import LLM, MAX_TOKENS, Image, Tier
from bot.llm.offer import Offer
from bot.llm.prices import (
    ModelInfo,
    estimate_microusd,
    estimate_tokens,
    most_microusd,
    price_microusd,
    retirement_date,
)
from bot.llm.routes import Route, route_of
from bot.llm.spoken import Spoken

__all__ = [
    "LLM",
    "MAX_TOKENS",
    "Answer",
    "Batch",
    "Batches",
    "Image",
    "Kind",
    "LLMError",
    "ModelInfo",
    "Offer",
    "Question",
    "Route",
    "Spoken",
    "Tier",
    "Usage",
    "estimate_microusd",
    "estimate_tokens",
    "most_microusd",
    "price_microusd",
    "retirement_date",
    "route_of",
]
