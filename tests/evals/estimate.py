"""What a round of evals will cost: every question is composed as it will be asked, counted, and not asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.llm import LLM, Answer, LLMError, price_microusd
from tests.evals.cases import Case
from tests.evals.rubric import JUDGE, MAX_TOKENS
from tests.evals.stage import Stage

CHARS_PER_TOKEN = 4
AT_ONCE = 8
LIKELY_SHARE = 0.25
"""What part of its longest answer a draft takes, about: the rest of `max_tokens` is room for thinking."""

DRAFT_TOKENS = 500
"""What a draft adds to the judge's question, about."""


@dataclass(frozen=True)
class Estimate:
    """Millionths of a dollar; None where the model's price is not known."""

    model: str
    calls: int
    input_tokens: int
    likely_microusd: int | None
    most_microusd: int | None


@dataclass(frozen=True)
class Question:
    """What a handler would ask the model."""

    system: tuple[str, ...]
    user: str
    max_tokens: int


class _Listener(LLM):
    """Takes down what would be asked, and declines; so nothing is sent and nothing is paid."""

    def __init__(self, models: Any) -> None:
        super().__init__(api_key="", models=models)
        self.heard: list[Question] = []

    async def complete(self, *, system: Sequence[str], user: str, max_tokens: int, **_: Any) -> Answer:
        self.heard.append(Question(tuple(system), user, max_tokens))
        raise LLMError("refusal", "only counted")

    async def structured(self, *, system: Sequence[str], user: str, max_tokens: int, **_: Any) -> Answer:
        return await self.complete(system=system, user=user, max_tokens=max_tokens)


Heard = tuple[Case, Question]
"""A case and the first question that its handler asks."""


async def listen(stage: Stage, cases: Iterable[Case]) -> list[Heard]:
    """Return each case with the first question that its handler asks."""
    heard = []
    for case in cases:
        listener = _Listener({"fast": "none", "smart": "none"})
        await stage.play(case, listener)
        heard += [(case, question) for question in listener.heard[:1]]
    return heard


async def estimate(heard: Sequence[Heard], *, model: str, judge: str, counter: LLM | None) -> list[Estimate]:
    """Estimate the drafts by *model* and what *judge* asks about them; no *counter*: four characters a token."""
    gate = asyncio.Semaphore(AT_ONCE)
    tokens = await asyncio.gather(*(_count(question, counter, gate) for _, question in heard))
    longest = [question.max_tokens for _, question in heard]
    judged = [
        (count + DRAFT_TOKENS + len(JUDGE) // CHARS_PER_TOKEN)
        for (case, _), count in zip(heard, tokens, strict=True)
        if case.rubric
    ]
    return [
        _price(model, tokens, longest),
        _price(judge, judged, [MAX_TOKENS] * len(judged)),
    ]


async def _count(question: Question, counter: LLM | None, gate: asyncio.Semaphore) -> int:
    if counter is None:
        return (sum(map(len, question.system)) + len(question.user)) // CHARS_PER_TOKEN
    async with gate:
        return await counter.count_tokens(model="smart", system=question.system, user=question.user)


def _price(model: str, tokens: Sequence[int], longest: Sequence[int]) -> Estimate:
    sums: list[int | None] = []
    for share in (LIKELY_SHARE, 1.0):
        prices = [
            price_microusd(
                {"model": model, "usage": {"input_tokens": count, "output_tokens": int(most * share)}}
            )
            for count, most in zip(tokens, longest, strict=True)
        ]
        known = [price for price in prices if price is not None]
        sums.append(sum(known) if len(known) == len(prices) else None)
    return Estimate(model, len(tokens), sum(tokens), *sums)
