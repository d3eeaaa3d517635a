"""Several local Slack workspaces behind one API, told apart by token; and how an app is installed in them."""

from __future__ import annotations

import asyncio
import base64
import binascii
import itertools
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp
from aiohttp import web
from yarl import URL

from bot.sandbox.slack import BODY_LIMIT_BYTES, Slack, read_arguments
from bot.sandbox.webapi_base import ApiError

TOKEN_LIVES_S = 43_200.0  # https://docs.slack.dev/authentication/using-token-rotation


@dataclass
class Teams:
    """Workspaces on one port, and the app that is installed in them.

    Attributes:
        rotates: tokens expire after twelve hours and are asked anew, each refresh token once.
        asked: what `oauth.v2.access` was asked for, and what it answered: its error, or nothing.
        broken: how many of its next calls are answered by a proxy that found nobody.
        held: refreshed tokens are handed out when it is set; None hands them out at once.
        whole_organisation: whoever installs does so for all workspaces of an organisation.
    """

    slacks: dict[str, Slack] = field(default_factory=dict)
    client_id: str = "1.2"
    client_secret: str = "sandbox-client-secret"
    rotates: bool = False
    host: str = "127.0.0.1"
    port: int = 0
    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    broken: int = 0
    held: asyncio.Event | None = None
    whole_organisation: bool = False
    _codes: dict[str, str] = field(default_factory=dict)
    _refreshing: dict[str, str] = field(default_factory=dict)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))
    _runner: web.AppRunner | None = None

    def add(self, slacks: Iterable[Slack]) -> None:
        """Add workspaces, before the port is opened; until it is installed the app has no token of theirs."""
        for slack in slacks:
            slack.token = secrets.token_hex(8)
            self.slacks[slack.workspace.team_id] = slack

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=BODY_LIMIT_BYTES)
        app.router.add_route("*", "/api/oauth.v2.access", self._grant)
        app.router.add_route("*", "/api/{method}", self._answer)
        for team_id, slack in self.slacks.items():
            app.add_subapp(f"/{team_id}/", slack.make_app())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.host, self.port).start()
        self.port = self._runner.addresses[0][1]
        self.url = f"http://{self.host}:{self.port}"
        for team_id, slack in self.slacks.items():
            slack.host, slack.port = self.host, self.port
            slack.open(f"{self.url}/{team_id}")
        return self

    async def __aexit__(self, *_: object) -> None:
        for slack in self.slacks.values():
            await slack.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        """Let the workspace of a call's token answer it."""
        if request.match_info["method"] == "api.test":
            return web.json_response({"ok": True})
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not token:
            token = str((await read_arguments(request)).get("token", ""))
        for slack in self.slacks.values():
            if token and (token == slack.token or token in slack.expiring):
                return await slack.answer_api(request)
        return web.json_response({"ok": False, "error": "invalid_auth" if token else "not_authed"})

    # Installing

    def approve(self, team_id: str) -> str:
        """Return the code that Slack gives the browser of somebody who allowed the app in a workspace."""
        code = f"code-{secrets.token_hex(8)}"
        self._codes[code] = team_id
        return code

    async def install(self, team_id: str, bot_url: str, *, same_browser: bool = True) -> tuple[int, str]:
        """Install the app as a person does, by the bot's own pages; return the last page's status and text."""
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as browser:
            async with browser.get(f"{bot_url}/slack/install", allow_redirects=False) as page:
                address = URL(page.headers["Location"])
                # Over http our browser would not send a cookie that is for https alone.
                cookie = page.headers["Set-Cookie"].partition(";")[0]
            query = {"code": self.approve(team_id), "state": address.query["state"]}
            headers = {"Cookie": cookie} if same_browser else {}
            back = f"{bot_url}/slack/oauth_redirect"
            async with browser.get(back, params=query, headers=headers, allow_redirects=False) as page:
                return page.status, await page.text()

    async def uninstall(self, team_id: str) -> None:
        """Remove the app from a workspace; the bot hears of it as from Slack."""
        slack = self.slacks[team_id]
        slack.revoke_token()
        await slack.push_event(
            {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [slack.workspace.bot_user_id]}}
        )
        await slack.push_event({"type": "app_uninstalled"})

    async def _grant(self, request: web.Request) -> web.Response:
        """Answer `oauth.v2.access`."""
        if self.broken:
            self.broken -= 1
            return web.Response(status=502, text="Bad gateway")
        arguments = await read_arguments(request)
        kind = "refresh" if arguments.get("grant_type") == "refresh_token" else "code"
        try:
            self._check_client(request)
            spent = self._codes if kind == "code" else self._refreshing
            given = str(arguments.get("code" if kind == "code" else "refresh_token") or "")
            team_id = spent.pop(given, "")
            if not team_id or (kind == "refresh" and self.slacks[team_id].revoked):
                raise ApiError("invalid_code" if kind == "code" else "invalid_refresh_token")
        except ApiError as error:
            self.asked.append((kind, str(error)))
            return web.json_response(error.answer)
        self.asked.append((kind, ""))
        if self.held is not None and kind == "refresh":
            await self.held.wait()
        return web.json_response(self._hand_out(team_id))

    def _check_client(self, request: web.Request) -> None:
        given = request.headers.get("Authorization", "").removeprefix("Basic ")
        try:
            client_id, _, secret = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise ApiError("invalid_client_id") from None
        if client_id != self.client_id:
            raise ApiError("invalid_client_id")
        if secret != self.client_secret:
            raise ApiError("bad_client_secret")

    def _hand_out(self, team_id: str) -> dict[str, Any]:
        slack, number = self.slacks[team_id], next(self._numbers)
        slack.revoked = False
        space = slack.workspace
        token = f"xoxb-{team_id}-{number}"
        if self.rotates:
            token = f"xoxe.{token}"
            slack.expiring[token] = slack.state.clock() + TOKEN_LIVES_S
        else:
            slack.token, slack.expiring = token, {}
        told: dict[str, Any] = {
            "ok": True,
            "app_id": space.app_id,
            "authed_user": {"id": "UCHEF"},
            "scope": ",".join(sorted(slack.api.scopes)),
            "token_type": "bot",
            "access_token": token,
            "bot_user_id": space.bot_user_id,
            "team": {"id": team_id, "name": space.name},
            "enterprise": None,
            "is_enterprise_install": self.whole_organisation,
        }
        if self.rotates:
            refresh_token = f"xoxe-1-{team_id}-{secrets.token_hex(8)}"
            self._refreshing[refresh_token] = team_id
            told |= {"refresh_token": refresh_token, "expires_in": int(TOKEN_LIVES_S)}
        return told
