"""Slack's way to the bot: signed requests or a socket, with Slack's retries; the only room that calls the bot."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import io
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import urlencode

import aiohttp
from aiohttp import WSMsgType, web

Kind = Literal["events_api", "slash_commands", "interactive"]

ACK_WITHIN_S = 3.0
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Delivery:
    """One request to the bot and its answer; `status` 0 means that none came.

    `problem` says what was wrong with an answer that Slack could not use, or why nothing was sent.
    """

    status: int
    body: str
    retries: int = 0
    kind: Kind = "events_api"
    payload: dict[str, Any] = field(default_factory=dict)
    problem: str = ""

    @property
    def answer(self) -> dict[str, Any]:
        """The answer, when it is a JSON object."""
        with contextlib.suppress(ValueError):
            found = json.loads(self.body)
            if isinstance(found, dict):
                return found
        return {}


class Deliveries:
    """Both transports; a socket that is open is used before the address."""

    def __init__(
        self, *, new_id: Callable[[str], str], retry_delays_s: Sequence[float], changed: Callable[[], None]
    ) -> None:
        self.retry_delays_s = retry_delays_s
        self.ack_within_s = ACK_WITHIN_S
        self.target = ("", "")
        self._new_id = new_id
        self._changed = changed
        self._arrived = asyncio.Event()
        self._sockets: list[web.WebSocketResponse] = []
        self._deaf: set[web.WebSocketResponse] = set()
        self._acks: dict[str, tuple[web.WebSocketResponse, asyncio.Future[dict[str, Any] | None]]] = {}
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Make ready to call the bot."""
        self._session = aiohttp.ClientSession()

    async def close(self) -> None:
        """Close every connection."""
        for socket in list(self._sockets):
            await socket.close()
        if self._session is not None:
            await self._session.close()

    @property
    def connected(self) -> bool:
        """Say whether a socket of the bot is open."""
        return bool(self._sockets)

    async def send(self, kind: Kind, payload: dict[str, Any], *, retries: int = 0) -> Delivery:
        """Send a payload, an event again as often as Slack would; *retries*: how often it was sent before."""
        form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
        raw = json.dumps(payload) if kind == "events_api" else urlencode(form)
        content_type = JSON if kind == "events_api" else FORM
        reason = "http_error" if retries else ""
        again = 0
        while True:
            if self._sockets:
                told, final = await self._send_socket(kind, payload, retries=retries, reason=reason), False
            else:
                told, final = await self._post(raw, content_type, retries=retries, reason=reason)
            done = 200 <= told.status < 300 or final or kind != "events_api"
            if done or again >= len(self.retry_delays_s):
                return replace(told, retries=again, kind=kind, payload=payload)
            reason = told.problem or "http_error"
            await asyncio.sleep(self.retry_delays_s[again])
            again, retries = again + 1, retries + 1

    async def send_raw(
        self,
        raw: str,
        content_type: str = JSON,
        *,
        retries: int = 0,
        secret: str | None = None,
        age_s: int = 0,
        headers: dict[str, str] | None = None,
    ) -> Delivery:
        """Send a body once, signed as Slack signs; *secret* and *age_s* make forged and old signatures."""
        answer, _ = await self._post(
            raw, content_type, retries=retries, secret=secret, age_s=age_s, headers=headers
        )
        return answer

    async def _post(
        self,
        raw: str,
        content_type: str,
        *,
        retries: int = 0,
        reason: str = "http_error",
        secret: str | None = None,
        age_s: int = 0,
        headers: dict[str, str] | None = None,
    ) -> tuple[Delivery, bool]:
        """Return the answer, and whether the bot wants no retries."""
        url, own_secret = self.target
        if not url or self._session is None:
            return Delivery(0, "", problem="not connected"), False
        stamp = str(int(time.time()) - age_s)
        sent = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": sign(raw, stamp, own_secret if secret is None else secret),
            **(headers or {}),
        }
        if retries:
            sent |= {"X-Slack-Retry-Num": str(retries), "X-Slack-Retry-Reason": reason}
        body, timeout = io.BytesIO(raw.encode()), aiohttp.ClientTimeout(total=self.ack_within_s)
        try:
            async with self._session.post(url, data=body, headers=sent, timeout=timeout) as answer:
                final = answer.headers.get("X-Slack-No-Retry") == "1"
                return Delivery(answer.status, await answer.text()), final
        except TimeoutError:
            return Delivery(0, "", problem="http_timeout"), False
        except aiohttp.ClientError:
            return Delivery(0, "", problem="connection_failed"), False

    async def _send_socket(
        self, kind: Kind, payload: dict[str, Any], *, retries: int, reason: str
    ) -> Delivery:
        """Send an envelope; when its socket goes before the ack, once more over the next one."""
        envelope: dict[str, Any] = {
            "envelope_id": self._new_id("E"),
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": retries, "retry_reason": reason}
        try:
            async with asyncio.timeout(self.ack_within_s):
                answer = None
                while answer is None:
                    answer = await self._exchange(envelope)
        except TimeoutError:
            return Delivery(0, "", problem="timeout")
        told = answer.get("payload")
        if isinstance(told, dict) and set(told) == {"text"}:
            return Delivery(200, str(told["text"]))
        return Delivery(200, json.dumps(told) if told else "")

    async def _exchange(self, envelope: dict[str, Any]) -> dict[str, Any] | None:
        """Return the ack of an envelope, or None when its socket went first."""
        while not self._sockets:
            await self._arrived.wait()
        acked: asyncio.Future[dict[str, Any] | None] = asyncio.get_running_loop().create_future()
        socket, envelope_id = self._sockets[-1], envelope["envelope_id"]
        self._acks[envelope_id] = (socket, acked)
        try:
            if socket not in self._deaf:
                await socket.send_json(envelope)
            return await acked
        except ConnectionError:
            self._forget(socket)
            return None
        finally:
            del self._acks[envelope_id]

    async def serve_socket(self, request: web.Request) -> web.StreamResponse:
        """Speak Slack's side of Socket Mode."""
        socket = web.WebSocketResponse(heartbeat=10)
        await socket.prepare(request)
        hello = {"type": "hello", "connection_info": {"app_id": "A1"}, "debug_info": {"host": "sandbox"}}
        await socket.send_json({**hello, "num_connections": len(self._sockets) + 1})
        self._sockets.append(socket)
        self._arrived.set()
        self._arrived = asyncio.Event()
        self._changed()
        try:
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    told = json.loads(message.data)
                    _, waiting = self._acks.get(told.get("envelope_id", ""), (None, None))
                    if waiting is not None and not waiting.done():
                        waiting.set_result(told)
        finally:
            self._forget(socket)
        return socket

    def _forget(self, socket: web.WebSocketResponse) -> None:
        """Take a socket out; what waits for an ack over it goes over the next one."""
        self._deaf.discard(socket)
        if socket in self._sockets:
            self._sockets.remove(socket)
        for holder, waiting in self._acks.values():
            if holder is socket and not waiting.done():
                waiting.set_result(None)
        self._changed()

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask the bot to open a new socket, as Slack does every few hours."""
        for socket in list(self._sockets):
            await socket.send_json(
                {"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}}
            )

    def deafen(self) -> None:
        """Let the sockets that are open bring nothing more, while they go on answering pings."""
        self._deaf.update(self._sockets)

    async def drop_sockets(self) -> None:
        """Close every socket without a word."""
        for socket in list(self._sockets):
            self._forget(socket)
            await socket.close()


def sign(raw: str, stamp: str, secret: str) -> str:
    """Return the signature of a body at a time, as docs.slack.dev/authentication/verifying-requests has it."""
    digest = hmac.new(secret.encode(), f"v0:{stamp}:{raw}".encode(), hashlib.sha256).hexdigest()
    return f"v0={digest}"
