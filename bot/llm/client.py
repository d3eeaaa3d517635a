"""The client: one shared connection pool, one guard around every call, no second attempt."""

from __future__ import annotations

import asyncio
import base64
import copy
import importlib
import json
import time
import warnings
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, cast

from bot.llm.answers import Answer, LLMError, Usage, fit, is_json, object_in, read_answer, well_formed
from bot.llm.faults import name_fault
from bot.llm.frames import Frames
from bot.llm.prices import ModelInfo, estimate_tokens, model_info, tokens
from bot.llm.routes import Route, make_client, refusals
from bot.llm.spoken import Spoken
from bot.wire import Pulse

if TYPE_CHECKING:
    import anthropic
    import httpx2
    from pydantic import BaseModel

    from bot.llm.routes import Client

Tier = Literal["fast", "smart"]
"""What a task file asks for; the settings say which model id that is."""

MAX_TOKENS = 16_000
"""Longest answer asked for in one piece, in tokens; a longer one keeps a connection silent for too long."""

MAX_WAIT_S = 30.0
"""Longest wait, in seconds, for a model that said when to come back; past it a run would rather be told."""

MAX_GATE_S = 300.0
"""Longest time, in seconds, that a model is left alone on its own word; then one call may look again."""

_SLOWEST_TOKENS_PER_S = 25
_GRACE_S = 60.0
_CONNECT_S = 5.0
_DEPRECATION = r"(?s)The model '.*' is deprecated"
_IN_WORDS = (
    "Answer with one JSON object and nothing else: no code fence, no comment, no text before or after it. "
    "It must fit this JSON schema:\n"
)


@dataclass
class _Line:
    """The connections to a server, shared by every `LLM` that speaks with it; `client` is None until it is made.

    Attributes:
        refusals: what besides the SDK's own errors says that there is no way in.
    """

    client: Client | None = None
    refusals: tuple[type[Exception], ...] = ()
    warming: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True)
class Image:
    """A picture that goes before the text of a request: PNG, JPEG, GIF or WebP, at most 5 MB in base64."""

    media_type: str
    content: bytes


class LLM:
    """One shared client of a server that speaks the Messages API.

    Args:
        api_key: passed on as it is, so that no profile on the machine decides which account pays; a server
            of one's own (*base_url*) may need none.
        base_url: address of that server, without `/v1`; empty for Anthropic's.
        route: another way to the model, in the place of *api_key* and *base_url*.
        models: the model id behind each tier.
        timeout_s: longest duration of one call in seconds; unless given, a minute and the time that a slow
            model needs for `max_tokens` (25 a second).
    """

    def __init__(
        self,
        *,
        api_key: str = "",
        models: Mapping[Tier, str],
        base_url: str = "",
        route: Route | None = None,
        timeout_s: float | None = None,
    ) -> None:
        self.models = dict(models)
        self.pulse = Pulse()
        route = route or Route(key=api_key, base_url=base_url)
        # A server of one's own may need no key; the SDK wants one.
        self.route = replace(route, key=route.key or ("none" if route.base_url else ""))
        self._timeout_s = timeout_s
        self._line = _Line()
        self._not_before: dict[str, float] = {}
        self._ignores_format: set[str] = set()

    def beside(self) -> LLM:
        """Return another of the same server, over the same connections, whose models may be others."""
        other = copy.copy(self)
        other.models = dict(self.models)
        return other

    async def warm(self) -> None:
        """Import the SDK and make the client, in a thread: the event loop has no second to spare for it.

        Raises:
            LLMError: the server's address is none.
        """
        async with self._line.warming:
            if self._line.client is None:
                self._line.client = await asyncio.to_thread(self._make_client)
                # The start check names models that retire; the SDK would say so on stderr, in mid-run.
                warnings.filterwarnings("ignore", message=_DEPRECATION, category=DeprecationWarning)

    async def close(self) -> None:
        """Close the client's connections."""
        client, self._line.client = self._line.client, None
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
            max_tokens: longest answer in tokens (about 4 characters each), thinking included; at most
                `MAX_TOKENS`.
            effort: `low`, `medium` or `high`; empty leaves it to the model.

        Raises:
            LLMError: there is no usable answer; its `usage` says what it cost all the same.
            ValueError: *max_tokens* is out of range.
        """
        return await self._ask(self.models[model], system, user, max_tokens, {"effort": effort})

    async def stream(
        self,
        *,
        model: Tier,
        system: Sequence[str],
        user: str,
        max_tokens: int,
        effort: str = "low",
        spoken: Spoken,
    ) -> Answer:
        """Answer as `complete` does, and let *spoken* take the words while they come.

        Whoever cancels it finds in *spoken* what was said, and what is known of the cost.

        Raises:
            LLMError: as for `complete`; of an answer that broke off, `partial` holds what was said, and
                `usage` leaves unknown what the server did not tell.
            ValueError: *max_tokens* is out of range.
        """
        model_id = self.models[model]
        arguments, limit_s = self._prepare(model_id, system, user, max_tokens, {"effort": effort})
        await self._pass_gate(model_id)
        try:
            async with self._guarded(model_id, limit_s) as client:
                started_s = time.monotonic()
                wanted = {**arguments, "stream": True, "timeout": _timeout(limit_s)}
                request_id = await self._listen(client, wanted, spoken)
            duration_ms = round((time.monotonic() - started_s) * 1000)
            return read_answer(
                spoken.message(), request_id=request_id, duration_ms=duration_ms, asked=model_id
            )
        except LLMError as error:
            error.model = spoken.model or error.model
            error.partial = error.partial or spoken.text
            if not spoken.counted:
                error.usage = spoken.usage
            raise

    async def _listen(self, client: Any, arguments: dict[str, Any], spoken: Spoken) -> str:
        """Let *spoken* take every event of an answer, and return the server's name for the call."""
        if self.route.provider == "bedrock":
            # Its frames are Amazon's own; the SDK would read them with botocore, which is 15 MB.
            frames = Frames(arguments["model"])
            create = client.messages.with_streaming_response.create
            async with create(**arguments) as raw:
                async for piece in raw.iter_bytes():
                    for event in frames.take(piece):
                        spoken.take(event)
                return _request_id(raw.headers)
        answered = await client.messages.create(**arguments)
        async with answered as events:
            async for event in events:
                spoken.take(event.to_dict(warnings=False))
        return _request_id(answered.response.headers)

    async def structured(
        self,
        *,
        model: Tier,
        system: Sequence[str],
        user: str,
        shape: type[BaseModel],
        max_tokens: int,
        effort: str = "low",
        images: Sequence[Image] = (),
        base: str = "",
    ) -> Answer:
        """Answer *user* with an object of *shape*, checked here; `Answer.data` holds it. It may look at *images*.

        What stands before *user* and comes again in other requests is the *base*: the prompt cache keeps it, with
        the system prompt, for five minutes after each reading.

        A server that ignores the schema (llama.cpp does) is asked once more, in words, and from then on
        only in words; `usage` is the sum of both.

        Raises:
            LLMError: as for `complete`; `unusable` when the object does not fit.
            ValueError: *max_tokens* is out of range.
        """
        await self.warm()
        model_id = self.models[model]
        schema = importlib.import_module("anthropic").transform_schema(shape)
        spent: Usage | None = None
        said = _said(user, images, base)
        if model_id not in self._ignores_format:
            config = {"effort": effort, "format": {"type": "json_schema", "schema": schema}}
            answer = await self._ask(model_id, system, said, max_tokens, config)
            if (data := fit(answer.text, shape)) is not None:
                return replace(answer, data=data)
            if is_json(answer.text):
                raise _misfit(answer, answer.usage)
            self._ignores_format.add(model_id)
            spent = answer.usage
        words = _IN_WORDS + json.dumps(schema, ensure_ascii=False)
        try:
            answer = await self._ask(model_id, [*system, words], said, max_tokens, {"effort": effort})
        except LLMError as error:
            error.usage = error.usage + spent if error.usage and spent else error.usage or spent
            raise
        usage = answer.usage + spent if spent else answer.usage
        if (data := fit(answer.text, shape)) is None:
            raise _misfit(answer, usage)
        return replace(answer, data=data, usage=usage)

    async def count_tokens(self, *, model: Tier, system: Sequence[str], user: str) -> int:
        """Count the tokens of a request; a high estimate where the server cannot count.

        Raises:
            LLMError: the key is refused or the credit is gone.
        """
        if not self.route.counts_tokens:
            return estimate_tokens("".join([*system, user]))
        arguments = _arguments(self.models[model], system, user)
        try:
            async with self._guarded(self.models[model], self._timeout_s or _GRACE_S) as client:
                raw = await client.messages.with_raw_response.count_tokens(**arguments)
                counted = tokens(object_in(await raw.text(), self.models[model]), "input_tokens")
        except LLMError as error:
            if error.kind in ("key", "credit"):
                raise
            counted = 0
        # No request is empty: a server that answers something else has not counted.
        return counted or estimate_tokens("".join([*system, user]))

    async def model_ids(self) -> list[ModelInfo] | None:
        """List the models that the server offers; None when it has no such list.

        Raises:
            LLMError: the key is refused, the credit is gone, or the server cannot be reached.
        """
        if not self.route.lists_models:
            return None
        try:
            async with self._guarded("", self._timeout_s or _GRACE_S) as client:
                raw = await cast("anthropic.AsyncAnthropic", client).models.with_raw_response.list(limit=1000)
                listed = object_in(await raw.text(), "").get("data")
        except LLMError as error:
            if error.kind in ("bad_request", "unusable", "model"):
                return None
            raise
        if not isinstance(listed, list):
            return None
        entries = (each for each in listed if isinstance(each, dict))
        return [model_info(each) for each in entries if isinstance(each.get("id"), str)]

    async def _ask(
        self,
        model_id: str,
        system: Sequence[str],
        user: str | list[dict[str, Any]],
        max_tokens: int,
        config: dict[str, Any],
    ) -> Answer:
        arguments, limit_s = self._prepare(model_id, system, user, max_tokens, config)
        await self._pass_gate(model_id)
        async with self._guarded(model_id, limit_s) as client:
            started_s = time.monotonic()
            # Raw, because the SDK checks nothing: from a sign-in page it makes a message that is a str.
            raw = await client.messages.with_raw_response.create(**arguments, timeout=_timeout(limit_s))
            body = object_in(await raw.text(), model_id)
            duration_ms = round((time.monotonic() - started_s) * 1000)
        return read_answer(body, request_id=_request_id(raw.headers), duration_ms=duration_ms, asked=model_id)

    def _prepare(
        self,
        model_id: str,
        system: Sequence[str],
        user: str | list[dict[str, Any]],
        max_tokens: int,
        config: dict[str, Any],
    ) -> tuple[dict[str, Any], float]:
        """Return the arguments of a call, and how many seconds it may take."""
        if not 1 <= max_tokens <= MAX_TOKENS:
            raise ValueError(f"max_tokens is {max_tokens}: it must lie between 1 and {MAX_TOKENS}")
        arguments = _arguments(model_id, system, user) | {"max_tokens": max_tokens}
        if wanted := {key: value for key, value in config.items() if value}:
            arguments["output_config"] = wanted
        return arguments, self._timeout_s or _GRACE_S + max_tokens / _SLOWEST_TOKENS_PER_S

    async def _pass_gate(self, model_id: str) -> None:
        """Wait while *model_id* wants to be left alone: fifty runs need not all knock on a closed door."""
        waited_s = 0.0
        while (wait_s := self._not_before.get(model_id, 0.0) - time.monotonic()) > 0:
            if waited_s + wait_s > MAX_WAIT_S:
                raise LLMError("busy", "wants to be left alone", model=model_id, retry_after_s=wait_s)
            await asyncio.sleep(wait_s)
            waited_s += wait_s

    @asynccontextmanager
    async def _guarded(self, model_id: str, limit_s: float) -> AsyncIterator[Client]:
        """Lend the client for one call of *limit_s* seconds at most; whatever fails becomes an `LLMError`."""
        if not self.route.usable_key:
            raise LLMError("key", "there is no usable key", model=model_id)
        await self.warm()
        import anthropic
        import httpx2

        client = cast("Client", self._line.client)
        failures: tuple[type[Exception], ...] = (
            anthropic.AnthropicError,
            httpx2.HTTPError,
            OSError,
            ValueError,
            AssertionError,
            *self._line.refusals,
        )
        try:
            async with asyncio.timeout(limit_s):
                yield client
            self.pulse.beat()
        except failures as error:
            fault = name_fault(error, model_id)
            self.pulse.miss(fault.kind)
            if fault.kind == "busy" and fault.retry_after_s:
                self._not_before[model_id] = time.monotonic() + min(fault.retry_after_s, MAX_GATE_S)
            # `from None`: the SDK's own error may quote the request, and a traceback would print it.
            raise fault from None

    def _make_client(self) -> Client:
        import httpx2

        importlib.import_module("genai_prices")
        try:
            self._line.refusals = refusals(self.route)
            return make_client(self.route, {"response": [_read_as_utf_8]})
        except httpx2.InvalidURL as error:
            raise name_fault(error, "") from None
        except (OSError, ValueError, ImportError) as error:
            # Of a service account's file, which is a secret: its name says enough.
            raise LLMError("key", f"no way in: {type(error).__name__}") from None


def _arguments(model_id: str, system: Sequence[str], user: str | list[dict[str, Any]]) -> dict[str, Any]:
    """Build what every call has; the mark on the last block of *system* caches them all."""
    said = well_formed(user) if isinstance(user, str) else user
    arguments: dict[str, Any] = {"model": model_id, "messages": [{"role": "user", "content": said}]}
    # The API takes no blank blocks.
    texts = [well_formed(text) for text in system if text.strip()]
    blocks: list[dict[str, Any]] = [{"type": "text", "text": text} for text in texts]
    if blocks:
        blocks[-1]["cache_control"] = {"type": "ephemeral"}
        arguments["system"] = blocks
    return arguments


def _said(user: str, images: Sequence[Image], base: str) -> str | list[dict[str, Any]]:
    """Build what is said besides the instructions: what is kept in the cache, pictures, then the words.

    Pictures stand before the words: there the models see them best.
    """
    if not images and not base:
        return user
    said = [*map(_picture, images), {"type": "text", "text": well_formed(user)}]
    if base:
        said.insert(0, {"type": "text", "text": well_formed(base), "cache_control": {"type": "ephemeral"}})
    return said


def _picture(image: Image) -> dict[str, Any]:
    data = base64.b64encode(image.content).decode()
    return {"type": "image", "source": {"type": "base64", "media_type": image.media_type, "data": data}}


def _request_id(headers: Mapping[str, str]) -> str:
    return headers.get("request-id") or headers.get("x-amzn-requestid") or ""


def _timeout(limit_s: float) -> httpx2.Timeout:
    import httpx2

    return httpx2.Timeout(limit_s, connect=min(_CONNECT_S, limit_s))


async def _read_as_utf_8(response: httpx2.Response) -> None:
    """Read every answer as the UTF-8 that JSON is: a charset that a proxy invents would fail in the SDK."""
    response.encoding = "utf-8-sig"


def _misfit(answer: Answer, usage: Usage) -> LLMError:
    return LLMError(
        "unusable",
        "does not fit the schema",
        model=answer.model,
        usage=usage,
        request_id=answer.request_id,
    )
