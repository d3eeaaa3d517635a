"""A local Slack on one port: its Web API, its sockets, its files, and the people in it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from typing import Any, Self
from urllib.parse import parse_qsl

from aiohttp import web

from bot.manifest import EVENTS, SCOPES
from bot.sandbox.deliveries import Deliveries, Delivery
from bot.sandbox.people import People
from bot.sandbox.watch import Fault
from bot.sandbox.webapi import RateLimitedError, WebApi
from bot.sandbox.webapi_base import ApiError, State
from bot.sandbox.webapi_files import may_see
from bot.sandbox.webapi_talk import post, said
from bot.sandbox.workspace import Message, Workspace

__all__ = ["Delivery", "Slack"]

BODY_LIMIT_BYTES = 20_000_000
FILE_GIVEN = "files.download"  # no method of the Web API: what `fail` calls a file that is fetched
# Arguments that are JSON wherever they stand.
DECODED = frozenset(
    {"blocks", "attachments", "metadata", "view", "message", "prompts", "chunks", "files", "loading_messages"}
)


class Slack(People):
    """A workspace on a port of this machine.

    Args:
        port: 0 takes a free one.
        scopes: what the bot's token may do; `missing_scope` for all else. The manifest's unless given.
        events: what the app subscribed to. The manifest's unless given.
        clock: seconds, for what expires: triggers, response addresses, streams, rate limits.
        limits: whether calls meet Slack's rate limits.
    """

    def __init__(
        self,
        workspace: Workspace | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str = "xoxb-sandbox",
        app_token: str = "xapp-sandbox",
        scopes: Iterable[str] = SCOPES,
        events: Iterable[str] = EVENTS,
        latency_s: float = 0.0,
        retry_delays_s: tuple[float, ...] = (0.0, 60.0, 300.0),
        clock: Callable[[], float] = time.monotonic,
        limits: bool = False,
    ) -> None:
        space = workspace or Workspace()
        deliveries = Deliveries(new_id=space.new_id, retry_delays_s=retry_delays_s, changed=self.changed)
        super().__init__(State(space, clock), deliveries, events)
        self.host, self.port, self.url = host, port, ""
        self.token, self.app_token = token, app_token
        # Tokens besides that one, and until when each is good: how Slack rotates them.
        self.expiring: dict[str, float] = {}
        self.latency_s = latency_s
        self.revoked = False
        # What the file host takes instead of the bot's token, and where it sends those who ask for a file.
        self.file_token = ""
        self.redirects: dict[str, str] = {}
        self.app_token_refused = False
        self.api = WebApi(self.state, scopes=scopes, limits=limits)
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        self._runner = web.AppRunner(self.make_app(), access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.host, self.port).start()
        self.port = self._runner.addresses[0][1]
        self.open(f"http://{self.host}:{self.port}")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def make_app(self) -> web.Application:
        """Return what answers at this workspace's address."""
        app = web.Application(client_max_size=BODY_LIMIT_BYTES)
        app.router.add_route("*", "/api/{method}", self.answer_api)
        app.router.add_get("/link", self.deliveries.serve_socket)
        app.router.add_post("/response/{name}", self._take_response)
        app.router.add_post("/upload/{file}", self._take_upload)
        app.router.add_get("/files-pri/{file}/{name}", self._give_file)
        self.add_page(app)
        return app

    def open(self, url: str) -> None:
        """Let the workspace be at *url* from now on."""
        self.url = self.state.url = url
        self._address_files()
        self.deliveries.open()

    async def close(self) -> None:
        """Close the connections to the bot."""
        await self.deliveries.close()

    def _address_files(self) -> None:
        """Give the files that were there before the port was known their addresses."""
        for channel in self.workspace.channels.values():
            for message in channel.messages.values():
                for told in message.get("files") or []:
                    if isinstance(told, dict) and told.get("id") in self.workspace.files:
                        told.update(self.workspace.files[told["id"]].as_slack(self.url))

    def add_page(self, app: web.Application) -> None:
        """Add the pages that people look at; the headless workspace has none."""

    # The other direction

    def connect_http(self, url: str, signing_secret: str) -> None:
        """Send the bot's requests to *url*, signed."""
        self.deliveries.target = (url, signing_secret)

    async def send_raw(self, raw: str, content_type: str = "application/json", **how: Any) -> Delivery:
        """Send a body once, signed; see `Deliveries.send_raw` for forged and old signatures."""
        return await self.deliveries.send_raw(raw, content_type, **how)

    @property
    def connected(self) -> bool:
        """Say whether a socket of the bot is open."""
        return self.deliveries.connected

    async def drop_sockets(self) -> None:
        """Cut every socket of the bot."""
        await self.deliveries.drop_sockets()

    @property
    def modals(self) -> dict[str, dict[str, Any]]:
        """The form that each person sees."""
        return self.workspace.modals

    def messages(self, channel_id: str, thread_ts: str = "") -> list[Message]:
        """Return a conversation's messages, or a thread's."""
        if thread_ts:
            return self.workspace.thread(channel_id, thread_ts)
        return list(self.workspace.channels[channel_id].messages.values())

    def status(self, channel_id: str, thread_ts: str) -> str:
        """Return what the status line under a thread says now."""
        said, until_s = self.state.statuses.get((channel_id, thread_ts), ("", 0.0))
        return said if self.state.clock() < until_s else ""

    def post_scheduled(self, until_s: float) -> list[str]:
        """Post what was scheduled for before *until_s* (Unix time) and return the timestamps."""
        due = [key for key, told in self.state.scheduled.items() if float(told["post_at"]) <= until_s]
        posted = []
        for key in due:
            told = self.state.scheduled.pop(key)
            made = said(self.state, told)
            thread_ts = str(told.get("thread_ts") or "")
            posted.append(str(post(self.state, told["channel"], thread_ts=thread_ts, **made)["ts"]))
        self.changed("message")
        return posted

    def revoke_token(self) -> None:
        """Take the bot's token back, as when the app is removed."""
        self.revoked = True

    # What the bot asks

    async def answer_api(self, request: web.Request) -> web.StreamResponse:
        """Answer a call of the Web API."""
        method = request.match_info["method"]
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        try:
            arguments = await read_arguments(request)
        except ValueError:
            return web.json_response({"ok": False, "error": "invalid_json"})
        token = request.headers.get("Authorization", "").removeprefix("Bearer ") or arguments.get("token", "")
        fault = self.take_fault(method)
        if fault is not None and not fault.after:
            self.note(method, arguments, fault.error or str(fault.status or "dropped"))
            return _broken(request, fault)
        limited: dict[str, str] = {}
        try:
            answer = self._carry_out(method, arguments, token)
        except RateLimitedError as error:
            answer, limited = error.answer, {"Retry-After": str(max(1, round(error.retry_after_s + 0.5)))}
        except ApiError as error:
            answer = error.answer
        self.note(method, arguments, answer.get("error", ""))
        if fault is not None:
            return _broken(request, fault)
        headers = {"x-oauth-scopes": ",".join(sorted(self.api.scopes)), **limited}
        return web.json_response(answer, headers=headers, status=429 if limited else 200)

    def _carry_out(self, method: str, arguments: dict[str, Any], token: str) -> dict[str, Any]:
        if method == "apps.connections.open":
            if self.app_token_refused:
                raise ApiError("invalid_auth")
            if token != self.app_token:
                raise ApiError("not_allowed_token_type" if token == self.token else "invalid_auth")
            return {"ok": True, "url": f"ws://{self.host}:{self.port}/link"}
        if fault := self._refusal(token):
            raise ApiError(fault)
        return self.api.call(method, arguments)

    def _refusal(self, token: str) -> str:
        """Return Slack's word for why it refuses a token; empty when it takes it."""
        if self.revoked:
            return "token_revoked"
        if token in self.expiring:
            return "" if self.state.clock() < self.expiring[token] else "token_expired"
        return "" if token == self.token else "invalid_auth" if token else "not_authed"

    async def _take_response(self, request: web.Request) -> web.Response:
        try:
            self.responses.take(request.match_info["name"], await request.json())
        except ApiError as error:
            gone = str(error) in ("expired_url", "used_url")
            return web.json_response(error.answer, status=404 if gone else 200)
        except ValueError:
            return web.json_response({"ok": False, "error": "invalid_payload"}, status=400)
        self.changed("message")
        return web.json_response({"ok": True})

    # Files

    async def _take_upload(self, request: web.Request) -> web.Response:
        found = self.workspace.files.get(request.match_info["file"])
        content = await request.read()
        if found is None or found.content is not None:
            return web.Response(status=404, text="no such upload")
        if len(content) != found.size:
            return web.Response(status=400, text=f"announced {found.size} bytes, got {len(content)}")
        found.content = content
        return web.Response(text=f"OK - {len(content)}")

    async def _give_file(self, request: web.Request) -> web.StreamResponse:
        fault = self.take_fault(FILE_GIVEN)
        if fault is not None:
            return _broken(request, fault)
        found = self.workspace.files.get(request.match_info["file"])
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        refused = token != self.file_token if self.file_token else bool(self._refusal(token))
        if refused or self.revoked or "files:read" not in self.api.scopes:
            # Slack shows strangers its sign-in page, with status 200: a trap for those who save what comes.
            return web.Response(
                text="<!DOCTYPE html><title>Sign in to Slack</title>", content_type="text/html"
            )
        if found is not None and self.redirects.get(found.id):
            return web.Response(status=302, headers={"Location": self.redirects[found.id]})
        if found is None or found.content is None or not may_see(self.state, found.id):
            return web.Response(status=404, text="file_not_found")
        return web.Response(body=found.content, content_type=found.mimetype)


def _broken(request: web.Request, fault: Fault) -> web.StreamResponse:
    """Answer as *fault* says, or not at all."""
    if fault.answer is not None:
        return web.json_response({"ok": True, **fault.answer})
    if fault.error is not None:
        return web.json_response({"ok": False, "error": fault.error})
    if fault.status is not None:
        headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
        body = {"ok": False, "error": "ratelimited" if fault.status == 429 else "internal_error"}
        return web.json_response(body, status=fault.status, headers=headers)
    if request.transport is not None:
        request.transport.abort()
    raise asyncio.CancelledError


async def read_arguments(request: web.Request) -> dict[str, Any]:
    """Read a call's arguments, wherever the SDK put them, and decode those that are JSON.

    Raises:
        ValueError: something is not the JSON that it should be.
    """
    arguments: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        given = await request.json()
        if not isinstance(given, dict):
            raise ValueError("the body must be an object")
        arguments |= given
    elif request.can_read_body:
        arguments |= dict(parse_qsl(await request.text(), keep_blank_values=True))
    for name in DECODED & set(arguments):
        if isinstance(arguments[name], str):
            arguments[name] = json.loads(arguments[name])
    return arguments
