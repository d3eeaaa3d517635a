"""What models cost and how long they live; the prices are those of genai-prices."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

_MOST_TOKENS = 10**12
"""A count beyond it is no count; the sum of a ledger must fit into 64 bits."""

_MOST_MICROUSD = 10**12


@dataclass(frozen=True)
class ModelInfo:
    """A model that the server offers; `retires_at` is the day it stops, where one is planned."""

    id: str
    retires_at: date | None = None


def price_microusd(message: Mapping[str, Any]) -> int | None:
    """Price a message of the Messages API (its JSON object) in millionths of a dollar; None when unknown.

    genai-prices knows the prices of the cache, of batches and of prompts over 100,000 tokens. It does not
    know the tenth more that inference kept in the United States costs, so that is added here
    (https://platform.claude.com/docs/en/about-claude/pricing).
    """
    from genai_prices import calc_price, extract_usage

    usage = message.get("usage")
    if not isinstance(usage, Mapping):
        return None
    context = {"processing": "batch"} if usage.get("service_tier") == "batch" else {}
    if usage.get("speed") == "fast":
        context["speed"] = "fast"
    try:
        model_id = str(message.get("model", ""))
        # The counts are Anthropic's, whoever runs the model; without its name, which is another one on a cloud.
        counted = extract_usage({"usage": usage}, provider_id="anthropic").usage
        priced = calc_price(counted, model_id, provider_id=_provider(model_id), price_context=context or None)
        factor = Decimal("1.1") if usage.get("inference_geo") == "us" else Decimal(1)
        microusd = priced.total_price * factor * 1_000_000
        rounded = int(microusd.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    except (LookupError, ValueError, ArithmeticError):
        return None
    return rounded if rounded <= _MOST_MICROUSD else None


def _provider(model_id: str) -> str:
    """Return genai-prices' name for who runs a model: Bedrock's ids, and they alone, name the maker."""
    return "aws" if "anthropic." in model_id else "anthropic"


def estimate_microusd(model: str, *, input_tokens: int, output_tokens: int, batch: bool) -> int | None:
    """Price so many tokens of *model* beforehand, in millionths of a dollar; None when its price is unknown."""
    usage = {"input_tokens": input_tokens, "output_tokens": output_tokens}
    tier = {"service_tier": "batch"} if batch else {}
    return price_microusd({"model": model, "usage": {**usage, **tier}})


_STAND_IN = "claude-sonnet-5-5"
"""What a model of unknown price is estimated to cost like: a limit that counts it for nothing is none."""


def most_microusd(model_id: str, *, input_tokens: int, output_tokens: int) -> int:
    """Estimate what a call costs at most, in millionths of a dollar; for limits only, never for the ledger's sums.

    All of the input counts as written to the cache, which is the dearest.
    """
    usage = {"input_tokens": 0, "cache_creation_input_tokens": input_tokens, "output_tokens": output_tokens}
    for known in (model_id, _STAND_IN):
        if (microusd := price_microusd({"model": known, "usage": usage})) is not None:
            return microusd
    raise LookupError(_STAND_IN)


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of *text* on the high side: one for three bytes, where English has about four."""
    return max(1, math.ceil(len(text.encode(errors="replace")) / 3))


def tokens(counts: Mapping[str, Any], name: str) -> int:
    """Read one count; 0 for anything that is none."""
    count = counts.get(name)
    return count if isinstance(count, int) and 0 < count <= _MOST_TOKENS else 0


def retirement_date(model_id: str) -> date | None:
    """Return the day on which the SDK says *model_id* stops, or None when it knows of none."""
    from anthropic.resources.messages.messages import DEPRECATED_MODELS

    told = DEPRECATED_MODELS.get(model_id)
    if told is None:
        return None
    plain = re.sub(r"(?<=\d)(st|nd|rd|th)", "", told)
    return datetime.strptime(plain, "%B %d, %Y").replace(tzinfo=UTC).date()


def model_info(listed: Mapping[str, Any]) -> ModelInfo:
    """Read one entry of a server's list of models; the SDK's word counts where the server has no date."""
    try:
        retires_at: date | None = datetime.fromisoformat(str(listed.get("retires_at"))).date()
    except ValueError:
        retires_at = retirement_date(listed["id"])
    return ModelInfo(id=listed["id"], retires_at=retires_at)
