"""A local model that speaks the Messages API: to try the bot without a key, and to test it with every fault.

It answers by extraction (`bot.sandbox.extract`), with what it is told to say, or as its input orders it to.
"""

from __future__ import annotations

import asyncio
import hmac
import inspect
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

from aiohttp import web

from bot.sandbox import extract
from bot.sandbox.model_batches import Batches
from bot.sandbox.model_clouds import Clouds, asks_for_a_message, cloud_of
from bot.sandbox.model_faults import BODY, FAULT, KINDS, Fault, Kind, Pace, interrupt, write
from bot.sandbox.model_rules import (
    CATALOGUE,
    PromptCache,
    RefusedError,
    check,
    count_tokens,
    page_size,
    system_text,
    tokens_in,
    user_text,
)
from bot.sandbox.obey import obey

NAME = "offline extract, no AI"
MESSAGES = "/v1/messages"
TOKENS = "/token"
LARGEST_BODY_BYTES = 32 * 1024 * 1024
KEPT_REQUESTS = 1000

_ID = web.RequestKey("id", str)
_FAULT: web.RequestKey[Fault | None] = FAULT


@dataclass(frozen=True)
class Request:
    """A request as it arrived; `headers` in lower case, without the key."""

    method: str
    path: str
    body: dict[str, Any]
    headers: dict[str, str]
    at: datetime


@dataclass(frozen=True)
class Reply:
    """What to answer, where a plain text does not say it all.

    Attributes:
        thinking: a block of thoughts before the text.
        stop_reason: empty for what follows from the length.
        usage: counts that stand in the place of the computed ones.
    """

    text: str = ""
    thinking: str = ""
    stop_reason: str | None = ""
    usage: Mapping[str, Any] | None = None


Said = str | Mapping[str, Any] | Reply | None
"""A text, an object to be written as JSON, or a `Reply`; None for what the extractor says."""

Speaker = Callable[[dict[str, Any]], Said | Awaitable[Said]]


class Model:
    """The server; `async with` starts and stops it.

    Args:
        port: 0 for any that is free.
        key: the only key it takes, as a bearer token or in `x-api-key`.
        name: what it calls itself in its answers; None for the name that it is asked by.
        latency_s: how long an answer takes.
        first_token_s: how long the first words of a streamed answer take.
        clock: tells the prompt cache the time in seconds.

    Attributes:
        answers: what to say next, used up in order: `Said`, or a function of the request's body.
        obey: whether it follows the orders that it finds in its input.
        down: whether it answers every request with 529.
        models: the ids that it knows -> the day each stops.
        batches: the batches that it was sent.
        requests: the last requests that cost something, oldest first; `count` is how many messages were ever asked for.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        key: str = "sk-sandbox",
        name: str | None = NAME,
        latency_s: float = 0.0,
        first_token_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.key = key
        self.name = name
        self.latency_s = latency_s
        self.first_token_s = first_token_s
        self.answers: list[Said | Speaker] = []
        self.obey = False
        self.down = False
        self.models: dict[str, str | None] = dict(CATALOGUE)
        self.requests: list[Request] = []
        self.count = 0
        self.url = ""
        self._host, self._port = host, port
        self._speaker: Speaker | None = None
        self._faults: list[tuple[Fault, int | None]] = []
        self._cache = PromptCache(clock)
        self._numbers = 0
        self.batches = Batches(self._message, lambda: self.url, self._number)
        self._clouds = Clouds(self._message, self._check_count, token=lambda: self.key)
        self._asked = asyncio.Condition()
        self._part = 1.0
        self._parted = asyncio.Event()
        self._closing = asyncio.Event()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._answered], client_max_size=LARGEST_BODY_BYTES)
        app.router.add_post(MESSAGES, self._messages)
        app.router.add_post(f"{MESSAGES}/count_tokens", self._count_tokens)
        app.router.add_get("/v1/models", self._list_models)
        app.router.add_get("/v1/models/{id}", self._one_model)
        self.batches.add_to(app, f"{MESSAGES}/batches")
        self._clouds.add_to(app)
        app.router.add_post(TOKENS, self._give_token)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
        await runner.setup()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, self._host, self._port).start()
            self._stack = stack.pop_all()
        self._port = runner.addresses[0][1]
        self.url = f"http://{self._host}:{self._port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        self._parted.set()
        await self._stack.aclose()

    def answer_with(self, speaker: Speaker | None) -> None:
        """Let *speaker* answer whenever `answers` is empty; None for the extractor again."""
        self._speaker = speaker

    def fail(self, kind: Kind, *, times: int | None = 1, on: str = MESSAGES, **options: Any) -> None:
        """Let the next *times* requests to *on* go wrong in the way of *kind*; None for all until `mend`.

        Options are those of `Fault`.
        """
        if kind not in KINDS:
            raise ValueError(f"no such fault: {kind}")
        self._faults.append((Fault(kind, on, options), times))

    def mend(self) -> None:
        """Forget all faults to come."""
        self._faults.clear()
        self.down = False

    def write_up_to(self, part: float) -> None:
        """Let no answer get further than *part* of it, 0 to 1, until more is allowed."""
        self._part = part
        moved, self._parted = self._parted, asyncio.Event()
        moved.set()

    async def _allowed(self, part: float) -> None:
        while part > self._part and not self._closing.is_set():
            await self._parted.wait()

    async def asked(self, count: int) -> None:
        """Wait until *count* messages were asked for, in all."""
        async with self._asked:
            await self._asked.wait_for(lambda: self.count >= count)

    @web.middleware
    async def _answered(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Let in who may enter, and answer errors in the API's own shape."""
        request_id = self._number("req")
        request[_ID] = request_id
        if request.path == TOKENS:
            return await handler(request)
        try:
            request[BODY] = await self._take(request)
            self._refuse(request)
            broken = await self._interrupted(request)
            response = await handler(request) if broken is None else broken
        except (RefusedError, RecursionError, web.HTTPClientError) as error:
            refused = _refusal(error)
            body = {"type": "error", "error": refused.error, "request_id": request_id}
            if cloud_of(request.path) == "bedrock":
                body = {"message": str(refused)}
            response = web.json_response(body, status=refused.status, headers=refused.headers)
        if not response.prepared:
            response.headers["request-id"] = request_id
        return response

    async def _take(self, request: web.Request) -> dict[str, Any]:
        raw = await request.read()
        try:
            body = json.loads(raw) if raw else {}
            if rb"\ud" in raw.lower():  # half a surrogate pair is no text; the API says so
                json.dumps(body, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            body = None
        headers = {name.lower(): value for name, value in request.headers.items()}
        shown = {name: headers[name] for name in headers if name not in ("authorization", "x-api-key")}
        kept = body if isinstance(body, dict) else {}
        if request.method == "POST":
            self.requests.append(Request(request.method, request.path, kept, shown, datetime.now(UTC)))
            del self.requests[:-KEPT_REQUESTS]
        if request.path == MESSAGES or asks_for_a_message(request.path):
            async with self._asked:
                self.count += 1
                self._asked.notify_all()
        if not isinstance(body, dict):
            raise RefusedError(400, "invalid_request_error", "The request body is not valid JSON")
        return body

    def _refuse(self, request: web.Request) -> None:
        """Refuse what no API takes: while it is down, without a key, without a version."""
        if self.down:
            Fault("overloaded", request.path).refuse()
        request[_FAULT] = fault = self._fault(request.path)
        if fault is not None:
            fault.refuse()
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        key = bearer or request.headers.get("x-api-key", "")
        if not hmac.compare_digest(key.encode(), self.key.encode()):
            raise RefusedError(401, "authentication_error", "invalid x-api-key")
        if "anthropic-version" not in request.headers and not cloud_of(request.path):
            raise RefusedError(400, "invalid_request_error", "anthropic-version: header is required")

    async def _interrupted(self, request: web.Request) -> web.StreamResponse | None:
        fault, stream = request[_FAULT], bool(request[BODY].get("stream"))
        if fault is None:
            return None
        return await interrupt(request, fault, stream=stream, closing=self._closing)

    def _fault(self, path: str) -> Fault | None:
        for index, (fault, times) in enumerate(self._faults):
            if fault.on == path:
                if times is not None:
                    self._faults[index : index + 1] = [(fault, times - 1)] if times > 1 else []
                return fault
        return None

    def _number(self, prefix: str) -> str:
        self._numbers += 1
        return f"{prefix}_sandbox_{self._numbers:06}"

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        body, fault = request[BODY], request[_FAULT]
        message = await self._message(body, fault)
        first_s = self.first_token_s if body.get("stream") else self.latency_s
        return await write(
            request,
            message,
            stream=bool(body.get("stream")),
            fault=fault,
            pace=Pace(first_s, max(0.0, self.latency_s - first_s), self._allowed),
            headers={"request-id": request[_ID]},
        )

    async def _message(self, body: dict[str, Any], fault: Fault | None = None) -> dict[str, Any]:
        """Check *body* and write the whole message that answers it.

        Raises:
            RefusedError: the API would not take it.
        """
        check(body, models=self.models)
        reply = _bent(await self._reply(body), fault)
        text, stop_reason, stop_sequence = _shortened(reply, body)
        thoughts = {"type": "thinking", "thinking": reply.thinking, "signature": "c2FuZGJveA=="}
        content = [thoughts] if reply.thinking else []
        content += [{"type": "text", "text": text}] if text else []
        usage = {
            **self._cache.usage(body),
            "output_tokens": tokens_in(text) + tokens_in(reply.thinking),
            "service_tier": "standard",
            **(reply.usage or {}),
        }
        message = {
            "id": self._number("msg"),
            "type": "message",
            "role": "assistant",
            "model": body["model"] if self.name is None else self.name,
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": stop_sequence,
            "usage": usage,
        }
        if stop_reason == "refusal":
            message["stop_details"] = {"type": "refusal", "category": "general_harms", "explanation": None}
        return message

    async def _reply(self, body: dict[str, Any]) -> Reply:
        said: Any = self.answers.pop(0) if self.answers else self._speaker
        if callable(said):
            said = said(body)
            if inspect.isawaitable(said):
                said = await said
        if isinstance(said, Reply):
            return said
        if said is None:
            said = self._own_words(body)
        return Reply(said if isinstance(said, str) else json.dumps(said, ensure_ascii=False))

    def _own_words(self, body: dict[str, Any]) -> Said:
        system, user = system_text(body), user_text(body)
        schema = body.get("output_config", {}).get("format", {}).get("schema")
        if schema is not None:
            return json.dumps(
                extract.fill(schema, obey(system, user) if self.obey else user), ensure_ascii=False
            )
        return obey(system, user) if self.obey else extract.prose(system, user)

    def _check_count(self, body: dict[str, Any]) -> None:
        check(body, models=self.models, counting=True)

    async def _give_token(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        return self._clouds.token(request)

    async def _count_tokens(self, request: web.Request) -> web.StreamResponse:
        body = request[BODY]
        check(body, models=self.models, counting=True)
        return web.json_response({"input_tokens": count_tokens(body)})

    async def _list_models(self, request: web.Request) -> web.StreamResponse:
        wanted = request.query.getall(
            "lifecycle[]", request.query.getall("lifecycle", ["active", "deprecated"])
        )
        listed = [info for info in map(self._info, self.models) if info["lifecycle"] in wanted]
        ids = [info["id"] for info in listed]
        after = ids.index(request.query["after_id"]) + 1 if request.query.get("after_id") in ids else 0
        page = listed[after : after + page_size(request.query)]
        return web.json_response(
            {
                "data": page,
                "has_more": after + len(page) < len(listed),
                "first_id": page[0]["id"] if page else None,
                "last_id": page[-1]["id"] if page else None,
            }
        )

    async def _one_model(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["id"] not in self.models:
            raise RefusedError(404, "not_found_error", f"model: {request.match_info['id']}")
        return web.json_response(self._info(request.match_info["id"]))

    def _info(self, model_id: str) -> dict[str, Any]:
        day = self.models[model_id]
        return {
            "type": "model",
            "id": model_id,
            "display_name": model_id.replace("-", " ").title(),
            "created_at": "2026-01-01T00:00:00Z",
            "lifecycle": "deprecated" if day else "active",
            "deprecated_at": "2026-09-01T00:00:00Z" if day else None,
            "retires_at": f"{day}T00:00:00Z" if day else None,
            "max_input_tokens": 1_000_000,
            "max_tokens": 128_000,
        }


def _refusal(error: RefusedError | RecursionError | web.HTTPClientError) -> RefusedError:
    """Put *error* into the API's terms."""
    if isinstance(error, RefusedError):
        return error
    if isinstance(error, RecursionError):
        return RefusedError(400, "invalid_request_error", "The request is nested too deeply")
    type_ = {404: "not_found_error", 413: "request_too_large"}.get(error.status, "invalid_request_error")
    return RefusedError(error.status, type_, error.reason)


def _bent(reply: Reply, fault: Fault | None) -> Reply:
    """Change *reply* as an odd answer differs from the one hoped for."""
    if fault is None:
        return reply
    bent = {
        "refusal": replace(reply, text=str(fault.options.get("text", "")), stop_reason="refusal"),
        "max_tokens": replace(reply, text=reply.text[: len(reply.text) // 2], stop_reason="max_tokens"),
        "thinking": replace(reply, thinking="Let me see what this says."),
        "no_stop_reason": replace(reply, stop_reason=None),
        "context_window": replace(
            reply, text=reply.text[: len(reply.text) // 2], stop_reason="model_context_window_exceeded"
        ),
    }
    return bent.get(fault.kind, reply)


def _shortened(reply: Reply, body: Mapping[str, Any]) -> tuple[str, str | None, str | None]:
    """Return text, stop reason and stop sequence: cut at `max_tokens`, thoughts included, or at a stop."""
    text = reply.text
    if reply.stop_reason != "":
        return text, reply.stop_reason, None
    stops = [stop for stop in body.get("stop_sequences", []) if stop in text]
    if stops:
        stop = min(stops, key=text.index)
        return text[: text.index(stop)], "stop_sequence", stop
    room = 4 * max(0, body["max_tokens"] - tokens_in(reply.thinking))
    return (text, "end_turn", None) if len(text) <= room else (text[:room], "max_tokens", None)
