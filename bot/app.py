"""Builds the Bolt app and its two transports; the only room that listens on a port."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.metrics import Metrics, Reading, Silence
from bot.tasks import Identity

log = logging.getLogger(__name__)

BODY_LIMIT_BYTES = 1_000_000
QUIET_S = 600.0  # Slack's own hello and refreshes count as something that came
SIGNATURE_LIFE_S = 600.0  # Slack's five minutes, in either direction of the clock

UNREADABLE = (KeyError, IndexError, TypeError, AttributeError, ValueError, OverflowError)
"""What a payload ends in that lacks a field, or holds something else in it than Slack ever sends."""

Handler = Callable[[AsyncBoltRequest], Awaitable[BoltResponse]]


def build_app(
    *, client: AsyncWebClient, identity: Identity, signing_secret: str, count_unknown: Callable[[str], None]
) -> AsyncApp:
    """Build the Bolt app: an event is acked after its listener, so that a failed commit is no ack.

    Who we are is known beforehand, so Bolt asks Slack nothing before an ack.
    """

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None,
            team_id=identity.team_id,
            url=identity.url,
            bot_token=client.token,
            bot_id=identity.bot_id,
            bot_user_id=identity.bot_user_id,
        )

    # Bolt copies a logger's level at once; its own would warn at every start that we say who we are.
    bolt = logging.getLogger("slack_bolt")
    bolt.setLevel(logging.ERROR)
    app = AsyncApp(
        # Without a name Bolt looks for one in the sources of all callers: a third of what building it took.
        name="tijdwinst",
        logger=bolt,
        client=client,
        authorize=authorize,
        signing_secret=signing_secret or None,
        # A socket is authenticated by its token; over HTTP the signature is all there is.
        request_verification_enabled=bool(signing_secret),
        process_before_response=True,
        raise_error_for_unhandled_request=True,
    )

    async def on_error(error: Exception) -> BoltResponse:
        if isinstance(error, BoltUnhandledRequestError):
            # A 404 would make Slack send again what nobody here will ever want.
            count_unknown(str(error.body.get("type") or "") if isinstance(error.body, dict) else "")
            return BoltResponse(status=200, body="")
        if isinstance(error, UNREADABLE):
            return _unreadable(error)
        log.error("not acked, Slack sends it again: %s", type(error).__name__, exc_info=error)
        return BoltResponse(status=500, body="")

    app.error(on_error)
    return app


def _unreadable(error: Exception) -> BoltResponse:
    """Refuse a payload; sending it again would change nothing."""
    # Where, and never what: the error itself may quote the payload.
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(place.filename).name}:{place.lineno}"
    log.error("a payload cannot be read: %s at %s", type(error).__name__, where)
    return BoltResponse(status=400, body="a field is missing or wrong")


async def _nothing_yet() -> Reading:
    return Reading()


class Server:
    """The port: health from the first moment, Slack's requests as soon as the bot can store them.

    Attributes:
        ready: tells why the bot cannot work yet; empty when it can.
        read: looks up what `/metrics` tells besides what was counted.
    """

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self.ready: Callable[[], str] = lambda: "starting"
        self.read: Callable[[], Awaitable[Reading]] = _nothing_yet
        self._dispatch: Handler | None = None
        self._pages: tuple[Handler, Handler] | None = None
        self._accepted: dict[str, float] = {}  # signature -> when, oldest first
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def open(self, host: str, port: int) -> None:
        """Listen.

        Raises:
            OSError: the address cannot be used.
        """
        app = web.Application(client_max_size=BODY_LIMIT_BYTES)
        app.router.add_post("/slack/events", self._slack)
        app.router.add_get("/slack/install", self._install)
        app.router.add_get("/slack/oauth_redirect", self._installed)
        app.router.add_get("/healthz", self._alive)
        app.router.add_get("/readyz", self._can_work)
        app.router.add_get("/metrics", self._measured)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    def serve(self, dispatch: Handler, *, pages: tuple[Handler, Handler] | None = None) -> None:
        """Hand Slack's requests to *dispatch* from now on, and browsers to the *pages* that install the bot."""
        self._dispatch, self._pages = dispatch, pages

    async def stop_taking(self) -> None:
        """Take no more requests from Slack; health goes on answering."""
        self._dispatch = self._pages = None

    async def close(self) -> None:
        """Close the port."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _slack(self, request: web.Request) -> web.Response:
        started = time.perf_counter()
        answer = await self._answer(request)
        self.metrics.requests.labels(str(answer.status)).inc()
        self.metrics.ack.observe(time.perf_counter() - started)
        return answer

    async def _answer(self, request: web.Request) -> web.Response:
        if self._dispatch is None:
            return web.Response(status=503, text="starting", headers={"Retry-After": "2"})
        try:
            if not _is_object(await request.text(), request.content_type):
                return web.Response(status=400, text="not a JSON object")
            bolt_request = await to_bolt_request(request)
        except web.HTTPRequestEntityTooLarge:
            return web.Response(status=413, text="more than 1 MB")
        except (json.JSONDecodeError, UnicodeDecodeError, LookupError):
            return web.Response(status=400, text="not JSON")
        if not request.headers.get("X-Slack-Request-Timestamp", "0").isdigit():
            return web.Response(status=401, text="no timestamp")
        # Slack sends events again and those have ids; a press or a command comes once.
        signature = request.headers.get("X-Slack-Signature", "") if "json" not in request.content_type else ""
        if self._is_replayed(signature):
            return web.Response(status=401, text="this request was accepted before")
        try:
            answer = await self._dispatch(bolt_request)
        except UNREADABLE as error:  # Bolt itself reads some fields before any listener does
            answer = _unreadable(error)
        if signature and answer.status == 200:
            self._accepted[signature] = time.monotonic()
        return await to_aiohttp_response(answer)

    async def _install(self, request: web.Request) -> web.Response:
        return await self._show_page(request, 0)

    async def _installed(self, request: web.Request) -> web.Response:
        return await self._show_page(request, 1)

    async def _show_page(self, request: web.Request, which: int) -> web.Response:
        if self._dispatch is None:
            return web.Response(status=503, text="starting", headers={"Retry-After": "2"})
        if self._pages is None:
            return web.Response(status=404, text="this bot has a workspace of its own")
        return await to_aiohttp_response(await self._pages[which](await to_bolt_request(request)))

    def _is_replayed(self, signature: str) -> bool:
        """Say whether a request with *signature* was accepted before, for as long as it is valid."""
        oldest = time.monotonic() - SIGNATURE_LIFE_S
        while self._accepted and (first := next(iter(self._accepted))) and self._accepted[first] < oldest:
            del self._accepted[first]
        return signature in self._accepted

    async def _alive(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def _can_work(self, _: web.Request) -> web.Response:
        why_not = self.ready()
        body = {"status": "ready"} if not why_not else {"status": "not ready", "why": why_not}
        return web.json_response(body, status=503 if why_not else 200)

    async def _measured(self, _: web.Request) -> web.Response:
        return web.Response(body=self.metrics.expose(await self.read()), content_type="text/plain")


def _is_object(body: str, content_type: str) -> bool:
    """Say whether Bolt can read *body*; it takes any JSON for an object."""
    if not body:
        return True
    if content_type == "application/json" or body.startswith("{"):
        return isinstance(json.loads(body), dict)
    payload = dict(parse_qsl(body, keep_blank_values=True)).get("payload")
    return payload is None or isinstance(json.loads(payload), dict)


class Socket:
    """Slack over a socket that we open, and open anew when it stays silent.

    A socket can answer every ping and still bring nothing. Opening another costs nothing, so silence is
    enough of a reason; what Slack sent over the deaf one it sends again over the next, because it had no ack.

    Attributes:
        reopened: how often silence was the reason.
    """

    def __init__(
        self, app: AsyncApp, *, app_token: str, client: AsyncWebClient, quiet_s: float = QUIET_S
    ) -> None:
        # The SDK logs every failed attempt with a traceback; who watches the tokens says it once.
        quiet = logging.getLogger(f"{__name__}.socket")
        quiet.setLevel(logging.CRITICAL)
        # A client of its own: the SDK sends the app-level token with it.
        self._handler = AsyncSocketModeHandler(app, app_token, logger=quiet, web_client=client)
        self._quiet_s = quiet_s
        self._silence = Silence()
        self._watching: asyncio.Task[None] | None = None
        self.reopened = 0
        self._handler.client.on_message_listeners.append(self._hear)

    @property
    def silent_s(self) -> float:
        """How long nothing has come, in seconds."""
        return self._silence.lasted_s

    async def open(self) -> None:
        """Connect; reconnecting what is closed is the SDK's."""
        await self._handler.connect_async()  # type: ignore[no-untyped-call]
        self._silence.end()
        self._watching = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Disconnect."""
        if self._watching is not None:
            self._watching.cancel()
        await self._handler.close_async()  # type: ignore[no-untyped-call]
        # The SDK cancels its loops without waiting for them.
        await asyncio.sleep(0)

    async def _hear(self, _: Any) -> None:
        self._silence.end()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(max(0.0, self._quiet_s - self.silent_s))
            if self.silent_s < self._quiet_s:
                continue
            log.info("nothing came over the socket for %d s; opening another", self.silent_s)
            self.reopened += 1
            self._silence.end()
            try:
                await self._handler.client.connect_to_new_endpoint(force=True)
            except (SlackApiError, SlackClientError, aiohttp.ClientError, OSError) as error:
                # The old one is still there; who watches the tokens tells when they are the reason.
                log.warning("no other socket could be opened: %s", type(error).__name__)
