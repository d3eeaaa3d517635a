"""How an answer of the Messages API is written out, and all that can go wrong on its way, to order."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from aiohttp import web

from bot.sandbox.model_rules import RefusedError

Refusal = Literal[
    "unauthorized",
    "forbidden",
    "billing",
    "model_not_found",
    "not_found",
    "bad_request",
    "too_long",
    "too_large",
    "rate_limit",
    "spend_limit",
    "timeout",
    "server_error",
    "overloaded",
    "status",
]
"""Answered with an error; `status` is one of your own (`status=`, `type=`, `message=`, `code=`)."""

Cut = Literal[
    "hang",
    "trickle",
    "drop_before",
    "drop_mid",
    "eof_mid",
    "error_first",
    "error_mid",
    "garbled",
    "empty",
    "html",
    "hello",
]
"""Taken, and then the connection or the body breaks: see `write`."""

Odd = Literal["refusal", "max_tokens", "thinking", "no_stop_reason", "context_window"]
"""Answered properly, but not with what was hoped for."""

Kind = Refusal | Cut | Odd
KINDS: frozenset[str] = frozenset(kind for kinds in (Refusal, Cut, Odd) for kind in get_args(kinds))

_REFUSALS: Mapping[str, tuple[int, str, str, str]] = {
    "unauthorized": (401, "authentication_error", "invalid x-api-key", ""),
    "forbidden": (403, "permission_error", "Your API key does not have permission to use this resource", ""),
    "billing": (402, "billing_error", "Your credit balance is too low to access the API", ""),
    "model_not_found": (404, "not_found_error", "model: no such model", ""),
    "not_found": (404, "not_found_error", "Not found", ""),
    "bad_request": (400, "invalid_request_error", "messages: Input should be valid", ""),
    "too_long": (400, "invalid_request_error", "prompt is too long: 1000001 tokens > 1000000 maximum", ""),
    "too_large": (413, "request_too_large", "Request exceeds the maximum size", ""),
    "rate_limit": (429, "rate_limit_error", "This request would exceed your rate limit", ""),
    "spend_limit": (
        429,
        "rate_limit_error",
        "You have reached your specified spend limit",
        "enforced_spend_limit_reached",
    ),
    "timeout": (408, "timeout_error", "Request timed out", ""),
    "server_error": (500, "api_error", "Internal server error", ""),
    "overloaded": (529, "overloaded_error", "Overloaded", ""),
    "status": (500, "api_error", "", ""),
}

BODY = web.RequestKey("body", dict[str, Any])
"""The request's JSON object, where the middleware leaves it for the handlers."""

FAULT: web.RequestKey[Fault | None] = web.RequestKey("fault")
"""The fault that a request meets, beside it."""

_OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
_BREAKS = ("error_first", "error_mid", "garbled", "drop_mid", "eof_mid")
_HALF_EVENT = b'event: content_block_delta\ndata: {"type": "content_bl\n\n'
_STAND_INS = {
    "empty": "",
    "html": "<!doctype html><title>Sign in</title><p>Please sign in to this network.",
    "hello": '{"hello":1}',
}
_PIECE = re.compile(r"(?s).{1,16}")


@dataclass(frozen=True)
class Fault:
    """One fault to come.

    Attributes:
        on: the path that it waits for.
        options: `retry_after`, `should_retry`, `headers`, `status`, `type`, `message`, `code`; `text` of a
            refusal; `delay_s` between two bytes of a trickle.
    """

    kind: str
    on: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def refuse(self) -> None:
        """Raise the error that this fault is, if it is one.

        Raises:
            RefusedError: it is.
        """
        if self.kind not in _REFUSALS:
            return
        status, type_, message, code = _REFUSALS[self.kind]
        headers = {str(name): str(value) for name, value in self.options.get("headers", {}).items()}
        if "retry_after" in self.options:
            headers["retry-after"] = str(self.options["retry_after"])
        if "should_retry" in self.options:
            headers["x-should-retry"] = "true" if self.options["should_retry"] else "false"
        raise RefusedError(
            self.options.get("status", status),
            self.options.get("type", type_),
            self.options.get("message", message),
            code=self.options.get("code", code),
            headers=headers,
        )


@dataclass(frozen=True)
class Pace:
    """How long an answer takes, in seconds: *first_s* until its first words, *rest_s* for the others.

    Before each piece *allowed* is awaited with the part of the answer that would then be written, 0 to 1.
    """

    first_s: float
    rest_s: float
    allowed: Callable[[float], Awaitable[None]] | None = None

    async def wait_for(self, part: float) -> None:
        """Wait until *part* of the answer may be written."""
        if self.allowed is not None:
            await self.allowed(part)


async def interrupt(
    request: web.Request, fault: Fault, *, stream: bool, closing: asyncio.Event
) -> web.StreamResponse | None:
    """Answer with silence, a cut line or something else altogether, if that is what *fault* is."""
    if fault.kind == "hang":
        await closing.wait()
    if fault.kind in ("hang", "drop_before"):
        return _abort(request, web.Response())
    if fault.kind not in _STAND_INS:
        return None
    kind = "text/html" if fault.kind == "html" else "text/event-stream" if stream else "application/json"
    return web.Response(text=_STAND_INS[fault.kind], content_type=kind)


async def write(
    request: web.Request,
    message: Mapping[str, Any],
    *,
    stream: bool,
    fault: Fault | None,
    pace: Pace,
    headers: Mapping[str, str],
) -> web.StreamResponse:
    """Write *message* as JSON or as events, and break it off in the way that *fault* says."""
    kind = fault.kind if fault else ""
    await _rest(pace.first_s)
    pieces = [_event(event) for event in events(message)] if stream else _halves(message)
    pause_s = pace.rest_s / len(pieces)
    response = web.StreamResponse(headers={**headers, "cache-control": "no-cache"})
    response.content_type = "text/event-stream" if stream else "application/json"
    if not stream and kind != "eof_mid":
        response.content_length = sum(map(len, pieces))
    if kind == "trickle" and fault:
        pieces = [bytes([byte]) for byte in b"".join(pieces)]
        pause_s = float(fault.options.get("delay_s", 0.02))
    await pace.wait_for(1 / len(pieces))
    await response.prepare(request)
    for number, piece in enumerate(_broken(pieces, kind, stream=stream), 1):
        await pace.wait_for(number / len(pieces))
        await response.write(piece)
        await _rest(pause_s)
    if kind == "drop_mid":
        return _abort(request, response)
    await response.write_eof()
    return response


def _broken(pieces: list[bytes], kind: str, *, stream: bool) -> list[bytes]:
    """Return what of *pieces* is still sent, and what is sent in the place of the rest."""
    if kind not in _BREAKS:
        return pieces
    sent = [] if kind == "error_first" else pieces[: len(pieces) // 2]
    if kind in ("drop_mid", "eof_mid"):
        return sent
    if stream:
        return [*sent, _event(_OVERLOADED) if kind.startswith("error") else _HALF_EVENT]
    return [*sent, b" " * (sum(map(len, pieces)) - sum(map(len, sent)))]


def events(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Turn a finished message into the events that a stream of it has."""
    usage = message["usage"]
    started = {**message, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    started.pop("stop_details", None)
    yield {"type": "message_start", "message": started}
    yield {"type": "ping"}
    for index, block in enumerate(message["content"]):
        yield {"type": "content_block_start", "index": index, "content_block": _emptied(block)}
        for delta in _deltas(block):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    counts = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
    yield {
        "type": "message_delta",
        "delta": {key: message.get(key) for key in ("stop_reason", "stop_sequence", "stop_details")},
        "usage": {key: usage[key] for key in counts if key in usage},
    }
    yield {"type": "message_stop"}


def _emptied(block: Mapping[str, Any]) -> dict[str, Any]:
    return {key: "" if key in ("text", "thinking", "signature") else value for key, value in block.items()}


def _deltas(block: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    kind = str(block["type"])
    for piece in _PIECE.findall(block[kind]):
        yield {"type": f"{kind}_delta", kind: piece}
    if kind == "thinking":
        yield {"type": "signature_delta", "signature": block["signature"]}


def _event(event: Mapping[str, Any]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def _halves(message: Mapping[str, Any]) -> list[bytes]:
    body = json.dumps(message).encode()
    return [body[: len(body) // 2], body[len(body) // 2 :]]


async def _rest(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)


def _abort(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Cut the connection, as a dropped line does."""
    if request.transport is not None:  # the client may have gone by itself
        request.transport.abort()
    return response
