"""What a server's answer means: what it cost, why it stopped, what it says; no network here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bot import TijdwinstError
from bot.llm.prices import price_microusd, tokens

if TYPE_CHECKING:
    from pydantic import BaseModel

Kind = Literal[
    "busy", "key", "credit", "model", "too_long", "refusal", "cut_off", "bad_request", "unusable", "stopped"
]
"""What went wrong: `busy` passes by itself, `key`, `credit` and `model` need an admin, `stopped` was a
person's wish, the rest needs another request."""

_STOPS: Mapping[str, tuple[Kind | None, str]] = {
    "end_turn": (None, "has no text"),
    "stop_sequence": (None, "has no text"),
    "max_tokens": ("cut_off", "longer than max_tokens"),
    "refusal": ("refusal", "the model declined"),
    "model_context_window_exceeded": ("too_long", "past the context window"),
    # A stream that breaks off cleanly leaves no reason at all, and no error.
    "None": ("busy", "ended early"),
}


@dataclass(frozen=True)
class Usage:
    """What one answer used.

    Attributes:
        input_tokens: all that was read: uncached, written to and read from the prompt cache.
        output_tokens: all that was written, thinking included; None when the answer broke off untold.
        cost_microusd: price in millionths of a dollar; None when the model's price is not known.
    """

    input_tokens: int
    output_tokens: int | None
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost_microusd: int | None = None

    def __add__(self, other: Usage) -> Usage:
        told = self.output_tokens is not None and other.output_tokens is not None
        known = self.cost_microusd is not None and other.cost_microusd is not None
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=(self.output_tokens or 0) + (other.output_tokens or 0) if told else None,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            cost_microusd=(self.cost_microusd or 0) + (other.cost_microusd or 0) if known else None,
        )


@dataclass(frozen=True)
class Answer:
    """What the model wrote.

    Attributes:
        model: the model's own name for itself.
        data: the checked object, from `LLM.structured`; None from `LLM.complete`.
    """

    text: str
    model: str
    usage: Usage
    stop_reason: str
    request_id: str
    duration_ms: int
    data: dict[str, Any] | None = None


class LLMError(TijdwinstError):
    """A call that gave no usable answer.

    Attributes:
        kind: see `Kind`.
        model: the model's id, or its own name where it answered.
        usage: what the call cost all the same; None when nothing was paid.
        retry_after_s: seconds after which the server wants to be asked again.
        request_id: the server's name for the call, where it gave one.
        retryable: the same request can succeed later: the model is busy, or the line garbled its answer.
        partial: what was written before it was cut off; never part of the message.
        maybe_paid: the server may have answered and billed it, and nobody told us what.
    """

    def __init__(
        self,
        kind: Kind,
        reason: str,
        *,
        model: str = "",
        usage: Usage | None = None,
        retry_after_s: float | None = None,
        request_id: str = "",
        partial: str = "",
        maybe_paid: bool = False,
    ) -> None:
        super().__init__(f"{kind}: {reason}")
        self.kind: Kind = kind
        self.model = model
        self.usage = usage
        self.retry_after_s = retry_after_s
        self.request_id = request_id
        self.retryable = kind == "busy" or (kind == "unusable" and usage is None)
        self.partial = partial
        self.maybe_paid = usage is None and (maybe_paid or kind == "unusable")


def well_formed(text: str) -> str:
    """Join the halves of surrogate pairs and replace single ones: neither the API nor a database takes them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def object_in(text: str, model_id: str) -> dict[str, Any]:
    """Read the JSON object that a server sent.

    Raises:
        LLMError: a proxy's page, or half an answer.
    """
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise LLMError("unusable", "the server sent no JSON", model=model_id) from None
    if not isinstance(body, dict):
        raise LLMError("unusable", "the server sent no JSON object", model=model_id)
    return body


def read_answer(body: Mapping[str, Any], *, request_id: str, duration_ms: int, asked: str = "") -> Answer:
    """Read a message: what it cost first, then why it stopped, then its text.

    Args:
        asked: the model's id as it was asked for; where the server answers with a part of it, the whole id tells
            where it ran, and so the price.

    Raises:
        LLMError: it is no message, or not a whole one; its `usage` is what it cost all the same.
    """
    model, content = well_formed(str(body.get("model", ""))), body.get("content")
    if not isinstance(content, list):
        raise LLMError("unusable", "the server sent no message", model=model, request_id=request_id)
    usage = _usage({**body, "model": asked} if model and model in asked else body)
    # By type: a block of thoughts may come first.
    texts = [each.get("text") for each in content if isinstance(each, dict) and each.get("type") == "text"]
    text = well_formed("".join(each for each in texts if isinstance(each, str))).strip()
    stop_reason = body.get("stop_reason")
    kind, reason = _STOPS.get(str(stop_reason), ("unusable", "stopped for a reason unknown here"))
    if kind is None and text:
        return Answer(text, model, usage, str(stop_reason), request_id, duration_ms)
    raise LLMError(kind or "unusable", reason, model=model, usage=usage, request_id=request_id, partial=text)


def is_json(text: str) -> bool:
    """Say whether all of *text* is JSON."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def fit(text: str, shape: type[BaseModel]) -> dict[str, Any] | None:
    """Find an object of *shape* in *text*: all of it, or what stands between its outermost braces."""
    for candidate in (text, text[text.find("{") : text.rfind("}") + 1]):
        try:
            return shape.model_validate_json(candidate).model_dump(mode="json")
        except ValueError:  # pydantic's ValidationError is one; it quotes the answer, so it goes no further
            continue
    return None


def _usage(body: Mapping[str, Any]) -> Usage:
    counts = body.get("usage")
    counts = counts if isinstance(counts, dict) else {}
    read, written = tokens(counts, "cache_read_input_tokens"), tokens(counts, "cache_creation_input_tokens")
    return Usage(
        input_tokens=tokens(counts, "input_tokens") + read + written,
        output_tokens=tokens(counts, "output_tokens"),
        cache_read_tokens=read,
        cache_write_tokens=written,
        cost_microusd=price_microusd(body),
    )
