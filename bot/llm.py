"""The language model: asks it, books what it cost and names what went wrong; only this room imports `anthropic`.

Every way in which a call can go wrong ends in `LLMError`, whose message holds no prompt and no answer. Nothing
here tries twice: the engine's steps do (docs/architecture.md), so the SDK runs with `max_retries=0`.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import math
import re
import time
import warnings
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal

from bot.tasks import TijdwinstError

if TYPE_CHECKING:
    import anthropic
    import httpx2
    from pydantic import BaseModel

Tier = Literal["fast", "smart"]
"""What a task file asks for; the settings say which model id that is."""

Kind = Literal["busy", "key", "credit", "too_long", "refusal", "cut_off", "bad_request", "unusable"]
"""What went wrong: `busy` passes by itself, `key` and `credit` need an admin, the others need another request."""

MAX_TOKENS = 16_000
"""Longest answer asked for in one piece, in tokens; beyond it a connection has to stay silent for too long."""

API_URL = "https://api.anthropic.com"
SLOWEST_TOKENS_PER_S = 25
GRACE_S = 60.0
CONNECT_S = 5.0
MAX_WAIT_S = 30.0
"""Longest wait, in seconds, for a model that said when to come back; a run would rather be told it is busy."""

MAX_GATE_S = 300.0
"""Longest time, in seconds, that a model is left alone on its own word; then one call may look again."""

_DEPRECATION = r"(?s)The model '.*' is deprecated"
_IN_WORDS = (
    "Answer with one JSON object and nothing else: no code fence, no comment, no text before or after it. "
    "It must fit this JSON schema:\n"
)


@dataclass(frozen=True)
class Usage:
    """What one answer used.

    Attributes:
        input_tokens: all that was read: uncached, written to and read from the prompt cache.
        output_tokens: all that was written, thinking included.
        cost_microusd: price in millionths of a dollar; None when the model's price is not known.
    """

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost_microusd: int | None = None

    def __add__(self, other: Usage) -> Usage:
        known = self.cost_microusd is not None and other.cost_microusd is not None
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
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


@dataclass(frozen=True)
class ModelInfo:
    """A model that the server offers; `retires_at` is the day it stops, where one is planned."""

    id: str
    retires_at: date | None = None
    max_input_tokens: int | None = None


class LLMError(TijdwinstError):
    """A call that gave no usable answer.

    Attributes:
        kind: see `Kind`.
        model: the model's id, or its own name where it answered.
        usage: what the call cost all the same; None when nothing was paid.
        retry_after_s: seconds after which the server wants to be asked again.
        retryable: asking again later can help and pays nothing twice.
        partial: what was written before it was cut off; never part of the message.
    """

    def __init__(
        self,
        kind: Kind,
        reason: str,
        *,
        model: str = "",
        usage: Usage | None = None,
        retry_after_s: float | None = None,
        partial: str = "",
    ) -> None:
        super().__init__(f"{kind}: {reason}")
        self.kind: Kind = kind
        self.model = model
        self.usage = usage
        self.retry_after_s = retry_after_s
        self.retryable = kind == "busy" or (kind == "unusable" and usage is None)
        self.partial = partial


class LLM:
    """One shared client of a server that speaks the Messages API.

    Args:
        api_key: passed on as it is, so that no profile on this machine decides which account pays; a server of
            one's own (*base_url*) may need none.
        base_url: address of that server, without `/v1`; empty for Anthropic's.
        models: the model id behind each tier.
        timeout_s: longest duration of one call in seconds; unless given, a minute and the time a slow model
            needs for `max_tokens` (25 a second).
        max_wait_s: longest wait in seconds for a model that said when to come back.
    """

    def __init__(
        self,
        *,
        api_key: str,
        models: Mapping[Tier, str],
        base_url: str = "",
        timeout_s: float | None = None,
        max_wait_s: float = MAX_WAIT_S,
    ) -> None:
        self.models = dict(models)
        self._api_key = api_key or ("none" if base_url else "")
        self._base_url = base_url or API_URL
        self._timeout_s = timeout_s
        self._max_wait_s = max_wait_s
        self._client: anthropic.AsyncAnthropic | None = None
        self._warming = asyncio.Lock()
        self._not_before: dict[str, float] = {}
        self._ignores_format: set[str] = set()

    async def warm(self) -> None:
        """Import the SDK and make the client, in a thread: that takes a second the event loop does not have."""
        async with self._warming:
            if self._client is None:
                self._client = await asyncio.to_thread(self._make_client)
                # The start check names retired models; once per model is enough, and not on stderr.
                warnings.filterwarnings("ignore", message=_DEPRECATION, category=DeprecationWarning)

    async def close(self) -> None:
        """Close the client's connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def complete(
        self, *, model: Tier, system: Sequence[str], user: str, max_tokens: int, effort: str = "low"
    ) -> Answer:
        """Answer *user* under the instructions in *system*.

        Args:
            model: `fast` or `smart`.
            system: the stable blocks, most stable first; the prompt cache keeps them together.
            user: what this one request is about, the texts of others in tags.
            max_tokens: longest answer in tokens, thinking included; at most `MAX_TOKENS`.
            effort: `low`, `medium` or `high`; empty leaves it to the model.

        Raises:
            LLMError: no usable answer; `usage` says what it cost all the same.
            ValueError: *max_tokens* is out of range.
        """
        return await self._ask(self.models[model], system, user, max_tokens, {"effort": effort})

    async def structured(
        self,
        *,
        model: Tier,
        system: Sequence[str],
        user: str,
        shape: type[BaseModel],
        max_tokens: int,
        effort: str = "low",
    ) -> Answer:
        """Answer *user* with an object of *shape*, checked here; `Answer.data` holds it.

        A server that ignores the schema (llama.cpp does) is asked once more, in words, and from then on only
        in words; `usage` is the sum of both.

        Raises:
            LLMError: as for `complete`; `unusable` when the object does not fit.
        """
        await self.warm()
        model_id = self.models[model]
        schema = importlib.import_module("anthropic").transform_schema(shape)
        spent: Usage | None = None
        if model_id not in self._ignores_format:
            config = {"effort": effort, "format": {"type": "json_schema", "schema": schema}}
            answer = await self._ask(model_id, system, user, max_tokens, config)
            if (data := _fit(answer.text, shape)) is not None:
                return _with_data(answer, data, answer.usage)
            if _is_json(answer.text):
                raise LLMError("unusable", "does not fit the schema", model=answer.model, usage=answer.usage)
            self._ignores_format.add(model_id)
            spent = answer.usage
        words = _IN_WORDS + json.dumps(schema, ensure_ascii=False)
        try:
            answer = await self._ask(model_id, [*system, words], user, max_tokens, {"effort": effort})
        except LLMError as error:
            error.usage = error.usage + spent if error.usage and spent else error.usage or spent
            raise
        usage = answer.usage + spent if spent else answer.usage
        if (data := _fit(answer.text, shape)) is None:
            raise LLMError("unusable", "is no object of the schema", model=answer.model, usage=usage)
        return _with_data(answer, data, usage)

    async def count_tokens(self, *, model: Tier, system: Sequence[str], user: str) -> int:
        """Count the tokens of a request; a high estimate where the server cannot count.

        Raises:
            LLMError: the key is refused or the credit is gone.
        """
        model_id = self.models[model]
        arguments: dict[str, Any] = {"model": model_id, "messages": [{"role": "user", "content": user}]}
        if blocks := _system_blocks(system):
            arguments["system"] = blocks
        try:
            async with self._guarded(model_id, GRACE_S) as client:
                raw = await client.messages.with_raw_response.count_tokens(**arguments)
                counted = _tokens(_object(await raw.text(), model_id), "input_tokens")
        except LLMError as error:
            if error.kind in ("key", "credit"):
                raise
            counted = 0
        # A server that answers something else counts nothing, and no request is empty.
        return counted or estimate_tokens("".join([*system, user]))

    async def model_ids(self) -> list[ModelInfo] | None:
        """List the models that the server offers; None when it has no such list.

        Raises:
            LLMError: the key is refused, the credit is gone, or the server cannot be reached.
        """
        try:
            async with self._guarded("", GRACE_S) as client:
                raw = await client.models.with_raw_response.list(limit=1000)
                listed = _object(await raw.text(), "").get("data")
        except LLMError as error:
            if error.kind in ("bad_request", "unusable"):
                return None
            raise
        if not isinstance(listed, list):
            return None
        return [
            _model_info(each) for each in listed if isinstance(each, dict) and isinstance(each.get("id"), str)
        ]

    async def _ask(
        self, model_id: str, system: Sequence[str], user: str, max_tokens: int, config: dict[str, Any]
    ) -> Answer:
        if not 1 <= max_tokens <= MAX_TOKENS:
            raise ValueError(f"max_tokens is {max_tokens}: it must lie between 1 and {MAX_TOKENS}")
        arguments: dict[str, Any] = {
            "model": model_id,
            "max_tokens": max_tokens,
            "messages": [{"role": "user", "content": user}],
        }
        if blocks := _system_blocks(system):
            arguments["system"] = blocks
        if wanted := {key: value for key, value in config.items() if value}:
            arguments["output_config"] = wanted
        limit_s = self._timeout_s or GRACE_S + max_tokens / SLOWEST_TOKENS_PER_S
        await self._pass_gate(model_id)
        started = time.monotonic()
        async with self._guarded(model_id, limit_s) as client:
            raw = await client.messages.with_raw_response.create(**arguments, timeout=_timeout(limit_s))
            body = _object(await raw.text(), model_id)
        duration_ms = round((time.monotonic() - started) * 1000)
        return _read(body, request_id=raw.headers.get("request-id", ""), duration_ms=duration_ms)

    async def _pass_gate(self, model_id: str) -> None:
        """Wait while *model_id* asked to be left alone, so that fifty runs do not knock on a closed door."""
        waited_s = 0.0
        while (wait_s := self._not_before.get(model_id, 0.0) - time.monotonic()) > 0:
            if waited_s + wait_s > self._max_wait_s:
                raise LLMError("busy", "asked to be left alone", model=model_id, retry_after_s=wait_s)
            await asyncio.sleep(wait_s)
            waited_s += wait_s

    @asynccontextmanager
    async def _guarded(self, model_id: str, limit_s: float) -> AsyncIterator[anthropic.AsyncAnthropic]:
        """Lend the client for one call of at most *limit_s* seconds, and turn whatever happens into `LLMError`."""
        if not self._api_key:
            raise LLMError("key", "there is no key", model=model_id)
        await self.warm()
        import anthropic
        import httpx2

        assert self._client is not None
        try:
            async with asyncio.timeout(limit_s):
                yield self._client
        except (anthropic.AnthropicError, httpx2.HTTPError, OSError, ValueError, AssertionError) as error:
            fault = _fault(error, model_id)
            if fault.kind == "busy" and fault.retry_after_s:
                self._not_before[model_id] = time.monotonic() + min(fault.retry_after_s, MAX_GATE_S)
            # `from None`: the SDK's own message may quote the request, and a traceback would print it.
            raise fault from None

    def _make_client(self) -> anthropic.AsyncAnthropic:
        import anthropic

        importlib.import_module("genai_prices")
        return anthropic.AsyncAnthropic(
            api_key=self._api_key,
            base_url=self._base_url,
            max_retries=0,
            http_client=anthropic.DefaultAioHttpClient(),
        )


def price_microusd(message: Mapping[str, Any]) -> int | None:
    """Price an answer of the Messages API (its JSON object) in millionths of a dollar; None when unknown.

    The prices are those of genai-prices; it knows the cache's, the batches' and the long prompts' own, but not
    the tenth that answers kept in the United States cost more (platform.claude.com/docs/en/about-claude/pricing).
    """
    from genai_prices import extract_usage

    usage = message.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    context: dict[str, str] = {}
    if usage.get("service_tier") == "batch":
        context["processing"] = "batch"
    if usage.get("speed") == "fast":
        context["speed"] = "fast"
    try:
        priced = extract_usage(message, provider_id="anthropic").calc_price(price_context=context or None)
    except (LookupError, ValueError):
        return None
    factor = Decimal("1.1") if usage.get("inference_geo") == "us" else Decimal(1)
    return int((priced.total_price * factor * 1_000_000).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of *text* on the high side: a token for three bytes (English has about four)."""
    return max(1, math.ceil(len(text.encode(errors="replace")) / 3))


def retirement_date(model_id: str) -> date | None:
    """Return the day on which the SDK says *model_id* stops, or None when it knows of none."""
    from anthropic.resources.messages.messages import DEPRECATED_MODELS

    told = DEPRECATED_MODELS.get(model_id)
    return None if told is None else _day(re.sub(r"(?<=\d)(st|nd|rd|th)", "", told))


def _day(told: str) -> date:
    return datetime.strptime(told, "%B %d, %Y").replace(tzinfo=UTC).date()


def _model_info(listed: Mapping[str, Any]) -> ModelInfo:
    try:
        retires_at: date | None = datetime.fromisoformat(str(listed.get("retires_at"))).date()
    except ValueError:
        retires_at = retirement_date(listed["id"])
    return ModelInfo(
        id=listed["id"], retires_at=retires_at, max_input_tokens=_tokens(listed, "max_input_tokens") or None
    )


def _system_blocks(system: Sequence[str]) -> list[dict[str, Any]]:
    """Wrap *system* in blocks; the mark on the last one caches them all (blocks must not be empty)."""
    blocks: list[dict[str, Any]] = [{"type": "text", "text": text} for text in system if text.strip()]
    if blocks:
        blocks[-1]["cache_control"] = {"type": "ephemeral"}
    return blocks


def _timeout(limit_s: float) -> httpx2.Timeout:
    import httpx2

    return httpx2.Timeout(limit_s, connect=min(CONNECT_S, limit_s))


def _read(body: Mapping[str, Any], *, request_id: str, duration_ms: int) -> Answer:
    """Read the message: what it cost first, then why it stopped, then its text."""
    model, content, reason = str(body.get("model", "")), body.get("content"), body.get("stop_reason")
    if not isinstance(content, list):
        raise LLMError("unusable", f"is no message, request {request_id}", model=model)
    usage = _usage(body)
    texts = [
        block.get("text") for block in content if isinstance(block, dict) and block.get("type") == "text"
    ]
    text = "".join(text for text in texts if isinstance(text, str)).strip()
    kinds: dict[Any, tuple[Kind, str]] = {
        "max_tokens": ("cut_off", "longer than max_tokens"),
        "refusal": ("refusal", "the model declined"),
        "model_context_window_exceeded": ("too_long", "past the context window"),
        None: ("busy", "ended early"),
    }
    if reason in ("end_turn", "stop_sequence"):
        if not text:
            raise LLMError("unusable", f"has no text, request {request_id}", model=model, usage=usage)
        return Answer(text, model, usage, reason, request_id, duration_ms)
    kind, why = kinds.get(reason, ("unusable", "stopped for a reason unknown here"))
    raise LLMError(kind, f"{why}, request {request_id}", model=model, usage=usage, partial=text)


def _usage(body: Mapping[str, Any]) -> Usage:
    used = body.get("usage")
    used = used if isinstance(used, dict) else {}
    read, written = _tokens(used, "cache_read_input_tokens"), _tokens(used, "cache_creation_input_tokens")
    return Usage(
        input_tokens=_tokens(used, "input_tokens") + read + written,
        output_tokens=_tokens(used, "output_tokens"),
        cache_read_tokens=read,
        cache_write_tokens=written,
        cost_microusd=price_microusd(body),
    )


def _tokens(counts: Mapping[str, Any], name: str) -> int:
    count = counts.get(name)
    return count if isinstance(count, int) and count > 0 else 0


def _object(text: str, model_id: str) -> dict[str, Any]:
    """Read a JSON object; a proxy's page or half an answer is `unusable`."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise LLMError("unusable", "the server sent no JSON", model=model_id) from None
    if not isinstance(body, dict):
        raise LLMError("unusable", "the server sent no JSON object", model=model_id)
    return body


def _fault(error: Exception, model_id: str) -> LLMError:
    """Name what went wrong, without a word of what was asked or answered."""
    import anthropic

    if not isinstance(error, anthropic.APIStatusError):
        kind: Kind = "key" if isinstance(error, anthropic.CredentialsError) else "busy"
        return LLMError(kind, type(error).__name__, model=model_id)
    status, type_, code = error.status_code, str(error.type or ""), error.error_code or ""
    if status == 402 or type_ == "billing_error" or "spend_limit" in code or "billing" in code:
        kind = "credit"
    elif status in (401, 403):
        kind = "key"
    elif status == 413 or (error.api_message or "").startswith("prompt is too long"):
        kind = "too_long"
    elif status in (408, 409, 429, 499) or status >= 500:
        kind = "busy"
    else:
        kind = "bad_request"
    reason = " ".join(filter(None, [f"HTTP {status}", type_, code, error.request_id]))
    return LLMError(kind, reason, model=model_id, retry_after_s=_retry_after_s(error.response.headers))


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read `retry-after-ms` or `retry-after` (seconds or a date), in seconds."""
    for name, divisor in (("retry-after-ms", 1000), ("retry-after", 1)):
        told = headers.get(name, "")
        try:
            seconds = float(told) / divisor
        except ValueError:
            continue
        return seconds if 0 <= seconds < math.inf else None
    try:
        then = parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    return max(0.0, (then - datetime.now(then.tzinfo)).total_seconds())


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _fit(text: str, shape: type[BaseModel]) -> dict[str, Any] | None:
    """Find an object of *shape* in *text*: all of it, or what stands between its outermost braces."""
    for candidate in (text, text[text.find("{") : text.rfind("}") + 1]):
        try:
            return shape.model_validate_json(candidate).model_dump(mode="json")
        except ValueError:
            continue
    return None


def _with_data(answer: Answer, data: dict[str, Any], usage: Usage) -> Answer:
    return Answer(
        text=answer.text,
        model=answer.model,
        usage=usage,
        stop_reason=answer.stop_reason,
        request_id=answer.request_id,
        duration_ms=answer.duration_ms,
        data=data,
    )
