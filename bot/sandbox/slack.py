"""A local Slack: its Web API on one side, signed requests and sockets to the bot on the other, and its people."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar
from urllib.parse import parse_qsl, urlencode

import aiohttp
from aiohttp import WSMsgType, web

from bot.manifest import SCOPES
from bot.sandbox.webapi import ApiError, WebApi
from bot.sandbox.workspace import Message, Workspace

T = TypeVar("T")

TRIGGER_LIVES_S = 3.0
ACK_WITHIN_S = 3.0


@dataclass(frozen=True)
class Call:
    """One call of the Web API."""

    method: str
    arguments: dict[str, Any]
    at: float
    error: str = ""


@dataclass(frozen=True)
class Delivery:
    """One request to the bot and its answer; `status` 0 means that none came."""

    status: int
    body: str
    retries: int = 0


@dataclass
class _Fault:
    method: str
    error: str | None
    status: int | None
    retry_after: float | None
    after: bool
    drop: bool
    times: int


@dataclass
class Slack:
    """A workspace on a port of this machine."""

    workspace: Workspace = field(default_factory=Workspace)
    host: str = "127.0.0.1"
    port: int = 0
    token: str = "xoxb-sandbox"
    app_token: str = "xapp-sandbox"
    latency_s: float = 0.0
    retry_delays_s: tuple[float, ...] = (0.0, 60.0, 300.0)

    def __post_init__(self) -> None:
        self.url = ""
        self.calls: list[Call] = []
        self.api = WebApi(self.workspace, open_view=self._take_view)
        self.modals: dict[str, dict[str, Any]] = {}
        self.command_answers: list[str] = []
        self.revoked = False
        self._faults: list[_Fault] = []
        self._triggers: dict[str, tuple[str, float]] = {}
        self._changed = asyncio.Event()
        self._target = ("", "")
        self._sockets: list[web.WebSocketResponse] = []
        self._acks: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=20_000_000)
        app.router.add_route("*", "/api/{method}", self._answer_api)
        app.router.add_get("/link", self._serve_socket)
        app.router.add_post("/response/{user}", self._take_response)
        self.add_page(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.host, self.port).start()
        self.port = self._runner.addresses[0][1]
        self.url = f"http://{self.host}:{self.port}"
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        for socket in list(self._sockets):
            await socket.close()
        if self._session is not None:
            await self._session.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def add_page(self, app: web.Application) -> None:
        """Add the pages that people look at; the headless workspace has none."""

    # What the bot asks

    async def _answer_api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        arguments = await _arguments(request)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ") or arguments.get("token", "")
        fault = next((one for one in self._faults if one.method == method and one.times > 0), None)
        if fault is not None:
            fault.times -= 1
            if not fault.after:
                return self._broken(request, fault, method, arguments)
        answer = self._carry_out(method, arguments, token)
        self.calls.append(Call(method, arguments, time.monotonic(), answer.get("error", "")))
        self.changed()
        if fault is not None:
            return self._broken(request, fault, "", {})
        return web.json_response(answer, headers={"x-oauth-scopes": ",".join(sorted(SCOPES))})

    def _carry_out(self, method: str, arguments: dict[str, Any], token: str) -> dict[str, Any]:
        if self.revoked:
            return {"ok": False, "error": "token_revoked"}
        if method == "apps.connections.open":
            if token != self.app_token:
                return {"ok": False, "error": "invalid_auth"}
            return {"ok": True, "url": f"ws://{self.host}:{self.port}/link"}
        if token != self.token:
            return {"ok": False, "error": "invalid_auth" if token else "not_authed"}
        try:
            return self.api.call(method, arguments)
        except ApiError as error:
            return error.answer

    def _broken(
        self, request: web.Request, fault: _Fault, method: str, arguments: dict[str, Any]
    ) -> web.StreamResponse:
        if method:
            failed = fault.error or str(fault.status or "dropped")
            self.calls.append(Call(method, arguments, time.monotonic(), failed))
            self.changed()
        if fault.error is not None:
            return web.json_response({"ok": False, "error": fault.error})
        if fault.status is not None:
            headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
            body = {"ok": False, "error": "ratelimited" if fault.status == 429 else "internal_error"}
            return web.json_response(body, status=fault.status, headers=headers)
        if request.transport is not None:
            request.transport.abort()
        raise asyncio.CancelledError

    def fail(
        self,
        method: str,
        *,
        error: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
        after: bool = False,
        drop: bool = False,
        times: int = 1,
    ) -> None:
        """Let the next calls of *method* fail; with *after*, the call takes effect and its answer is lost."""
        self._faults.append(_Fault(method, error, status, retry_after, after, drop, times))

    def count(self, method: str) -> int:
        """Return how often a method was called with success."""
        return sum(call.method == method and not call.error for call in self.calls)

    def changed(self) -> None:
        """Wake whoever waits for something to happen."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait_for(self, condition: Callable[[], T | None], timeout_s: float = 10.0) -> T:
        """Return what *condition* returns once it is something; looked at after every change.

        Raises:
            TimeoutError: it stayed nothing.
        """
        async with asyncio.timeout(timeout_s):
            while True:
                changed = self._changed
                found = condition()
                if found:
                    return found
                await changed.wait()

    async def called(
        self,
        method: str,
        *,
        where: Callable[[dict[str, Any]], bool] = lambda _: True,
        timeout_s: float = 10.0,
    ) -> Call:
        """Return the first successful call of *method* whose arguments fit, waiting for it."""

        def look() -> Call | None:
            calls = (call for call in self.calls if call.method == method and not call.error)
            return next((call for call in calls if where(call.arguments)), None)

        return await self.wait_for(look, timeout_s)

    def messages(self, channel_id: str, thread_ts: str = "") -> list[Message]:
        """Return a conversation's messages, or a thread's."""
        if thread_ts:
            return self.workspace.thread(channel_id, thread_ts)
        return list(self.workspace.channels[channel_id].messages.values())

    def _take_view(self, trigger_id: str, view: dict[str, Any]) -> dict[str, Any]:
        user_id, at = self._triggers.pop(trigger_id, ("", 0.0))
        if not user_id:
            raise ApiError("invalid_trigger_id")
        if time.monotonic() - at > TRIGGER_LIVES_S:
            raise ApiError("expired_trigger_id")
        self.modals[user_id] = {**view, "id": self.workspace.new_id("V")}
        return self.modals[user_id]

    async def _take_response(self, request: web.Request) -> web.Response:
        self.command_answers.append((await request.json()).get("text", ""))
        self.changed()
        return web.json_response({"ok": True})

    # What the bot is told

    def connect_http(self, url: str, signing_secret: str) -> None:
        """Send the bot's requests to *url*, signed."""
        self._target = (url, signing_secret)

    async def push_event(self, event: dict[str, Any], **envelope: Any) -> Delivery:
        """Send one event of the Events API."""
        body = {
            "token": "sandbox",
            "team_id": self.workspace.team_id,
            "api_app_id": "A1",
            "event": event,
            "type": "event_callback",
            "event_id": self.workspace.new_id("Ev"),
            "event_time": int(time.time()),
            "authorizations": [{"team_id": self.workspace.team_id, "user_id": self.workspace.bot_user_id}],
            "is_ext_shared_channel": False,
            **envelope,
        }
        return await self._send("events_api", body, json.dumps(body), "application/json")

    async def _push_form(self, kind: str, payload: dict[str, Any]) -> Delivery:
        form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
        return await self._send(kind, payload, urlencode(form), "application/x-www-form-urlencoded")

    async def _send(self, kind: str, payload: dict[str, Any], raw: str, content_type: str) -> Delivery:
        retries = 0
        while True:
            if self._sockets:
                delivery = await self._send_socket(kind, payload)
            else:
                delivery = await self.send_raw(raw, content_type, retries=retries)
            if delivery.status == 200 or kind != "events_api" or retries >= len(self.retry_delays_s):
                return Delivery(delivery.status, delivery.body, retries)
            await asyncio.sleep(self.retry_delays_s[retries])
            retries += 1

    async def send_raw(
        self,
        raw: str,
        content_type: str = "application/json",
        *,
        retries: int = 0,
        secret: str | None = None,
        age_s: int = 0,
    ) -> Delivery:
        """Send a body, signed as Slack signs; *secret* and *age_s* make forged and old signatures."""
        url, own_secret = self._target
        stamp = str(int(time.time()) - age_s)
        key = own_secret if secret is None else secret
        digest = hmac.new(key.encode(), f"v0:{stamp}:{raw}".encode(), hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={digest}",
        }
        if retries:
            headers |= {"X-Slack-Retry-Num": str(retries), "X-Slack-Retry-Reason": "http_error"}
        assert self._session is not None
        try:
            timeout = aiohttp.ClientTimeout(total=ACK_WITHIN_S)
            async with self._session.post(
                url, data=io.BytesIO(raw.encode()), headers=headers, timeout=timeout
            ) as answer:
                return Delivery(answer.status, await answer.text())
        except (aiohttp.ClientError, TimeoutError):
            return Delivery(0, "")

    async def _send_socket(self, kind: str, payload: dict[str, Any]) -> Delivery:
        envelope_id = self.workspace.new_id("E")
        acked = self._acks[envelope_id] = asyncio.get_running_loop().create_future()
        envelope = {
            "envelope_id": envelope_id,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        await self._sockets[-1].send_json(envelope)
        try:
            async with asyncio.timeout(ACK_WITHIN_S):
                answer = await acked
        except TimeoutError:
            return Delivery(0, "")
        finally:
            del self._acks[envelope_id]
        told = answer.get("payload")
        if isinstance(told, dict) and set(told) == {"text"}:
            return Delivery(200, str(told["text"]))
        return Delivery(200, json.dumps(told) if told else "")

    async def _serve_socket(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(heartbeat=10)
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A1"}})
        self._sockets.append(socket)
        self.changed()
        try:
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    told = json.loads(message.data)
                    waiting = self._acks.get(told.get("envelope_id", ""))
                    if waiting is not None and not waiting.done():
                        waiting.set_result(told)
        finally:
            self._sockets.remove(socket)
            self.changed()
        return socket

    @property
    def connected(self) -> bool:
        """Say whether a socket of the bot is open."""
        return bool(self._sockets)

    # What its people do

    def _trigger(self, user_id: str) -> str:
        trigger_id = self.workspace.new_id("13.37.")
        self._triggers[trigger_id] = (user_id, time.monotonic())
        return trigger_id

    async def say(self, user_id: str, channel_id: str, text: str, *, thread_ts: str = "") -> str:
        """Post as a person; the bot hears what Slack would tell it."""
        message = self.workspace.add_message(channel_id, user_id, text, thread_ts=thread_ts)
        self.changed()
        channel = self.workspace.channels[channel_id]
        if self.workspace.bot_user_id in channel.members:
            told = {**message, "channel": channel_id, "event_ts": message["ts"]}
            if f"<@{self.workspace.bot_user_id}>" in text and channel.kind != "im":
                await self.push_event({**told, "type": "app_mention"})
            kind = {"public": "channel", "private": "group"}.get(channel.kind, channel.kind)
            await self.push_event({**told, "channel_type": kind})
        return str(message["ts"])

    async def command(self, user_id: str, channel_id: str, command: str, text: str = "") -> Delivery:
        """Type a slash command; its answer is shown to that person alone."""
        body = {
            "token": "sandbox",
            "team_id": self.workspace.team_id,
            "team_domain": "bloem-en-zonen",
            "channel_id": channel_id,
            "channel_name": self.workspace.channels[channel_id].name,
            "user_id": user_id,
            "user_name": self.workspace.users[user_id].name,
            "command": command,
            "text": text,
            "api_app_id": "A1",
            "response_url": f"{self.url}/response/{user_id}",
            "trigger_id": self._trigger(user_id),
        }
        delivery = await self._push_form("slash_commands", body)
        self.command_answers.append(_spoken(delivery.body))
        self.changed()
        return delivery

    async def shortcut(self, user_id: str, channel_id: str, ts: str, callback_id: str) -> Delivery:
        """Choose a shortcut in a message's menu."""
        message = self.workspace.channels[channel_id].messages[ts]
        return await self._interact(
            user_id, {"type": "message_action", "callback_id": callback_id, "message": message}, channel_id
        )

    async def global_shortcut(self, user_id: str, callback_id: str) -> Delivery:
        """Choose a shortcut in the workspace's menu."""
        return await self._interact(user_id, {"type": "shortcut", "callback_id": callback_id})

    async def click(self, user_id: str, channel_id: str, ts: str, action_id: str) -> Delivery:
        """Press a button of a message.

        Raises:
            LookupError: there is no such button.
        """
        message = self.workspace.channels[channel_id].messages[ts]
        for block in message.get("blocks") or []:
            for element in block.get("elements") or []:
                if element.get("action_id") == action_id:
                    action = {**element, "block_id": block.get("block_id", "b"), "action_ts": "1.0"}
                    payload = {
                        "type": "block_actions",
                        "message": message,
                        "container": {"type": "message", "message_ts": ts, "channel_id": channel_id},
                        "actions": [action],
                        "state": {"values": {}},
                    }
                    return await self._interact(user_id, payload, channel_id)
        raise LookupError(f"no button {action_id!r}")

    async def submit(self, user_id: str, values: dict[str, str] | None = None) -> Delivery:
        """Submit the open form; fields that are not named keep what stands in them.

        Raises:
            LookupError: no form is open.
        """
        view = self.modals.get(user_id)
        if view is None:
            raise LookupError("no form is open")
        state: dict[str, Any] = {}
        for block in view["blocks"]:
            if block["type"] == "input":
                filled = _fill(block["element"], (values or {}).get(block["block_id"]))
                state[block["block_id"]] = {block["element"]["action_id"]: filled}
        payload = {
            "type": "view_submission",
            "view": {**view, "state": {"values": state}},
            "response_urls": [],
        }
        delivery = await self._interact(user_id, payload)
        answer = json.loads(delivery.body) if delivery.body.startswith("{") else {}
        if delivery.status == 200 and answer.get("response_action") != "errors":
            self.modals.pop(user_id, None)
        self.changed()
        return delivery

    async def open_home(self, user_id: str, tab: str = "home") -> Delivery:
        """Open the app's Home or Messages tab."""
        channel = self.workspace.im_with(user_id)
        return await self.push_event(
            {"type": "app_home_opened", "user": user_id, "channel": channel.id, "tab": tab}
        )

    async def _interact(self, user_id: str, payload: dict[str, Any], channel_id: str = "") -> Delivery:
        user = self.workspace.users[user_id]
        body: dict[str, Any] = {
            "token": "sandbox",
            "api_app_id": "A1",
            "team": {"id": self.workspace.team_id, "domain": "bloem-en-zonen"},
            "user": {"id": user_id, "username": user.name, "name": user.name, "team_id": user.team_id},
            "trigger_id": self._trigger(user_id),
            **payload,
        }
        if channel_id:
            body["channel"] = {"id": channel_id, "name": self.workspace.channels[channel_id].name}
            body["response_url"] = f"{self.url}/response/{user_id}"
        return await self._push_form("interactive", body)


async def _arguments(request: web.Request) -> dict[str, Any]:
    """Read a call's arguments, wherever the SDK put them, and decode those that are JSON."""
    arguments: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        arguments |= await request.json()
    elif request.can_read_body:
        arguments |= dict(parse_qsl(await request.text(), keep_blank_values=True))
    for name in ("blocks", "attachments", "metadata", "view"):
        if isinstance(arguments.get(name), str):
            arguments[name] = json.loads(arguments[name])
    return arguments


def _spoken(body: str) -> str:
    if body.startswith("{"):
        return str(json.loads(body).get("text", ""))
    return body


def _fill(element: dict[str, Any], value: str | None) -> dict[str, Any]:
    """Return a field's state as Slack's client sends it."""
    kind = element["type"]
    if kind.endswith("select"):
        options = {option["value"]: option for option in element.get("options", [])}
        return {"type": kind, "selected_option": options.get(value or "", element.get("initial_option"))}
    if kind == "datepicker":
        return {"type": kind, "selected_date": value}
    given = element.get("initial_value") if value is None else value
    if given and len(given) > int(element.get("max_length", 3000)):
        raise ValueError("Slack's client takes no more characters here")
    return {"type": kind, "value": given or None}
