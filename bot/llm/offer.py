"""Which models the server offers: asked anew when somebody wants to choose, remembered when it is slow or away."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bot.llm.answers import LLMError
from bot.llm.client import LLM

LOOK_WITHIN_S = 1.5  # of the three seconds in which Slack opens a form


@dataclass
class Offer:
    """What the server offers; `known` is empty while it has not told."""

    llm: LLM
    known: tuple[str, ...] = ()

    async def look(self, *, within_s: float = LOOK_WITHIN_S) -> tuple[str, ...]:
        """Return the ids that the server lists now, or what it listed last."""
        try:
            async with asyncio.timeout(within_s):
                listed = await self.llm.model_ids()
        except (LLMError, TimeoutError):
            return self.known
        if listed:
            self.known = tuple(sorted(model.id for model in listed))
        return self.known
