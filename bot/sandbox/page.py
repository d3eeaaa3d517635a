"""The page of the local Slack: shows a workspace to one person at a time, and does what they do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.sandbox.slack import Delivery, Slack

FILES = Path(__file__).parent / "web"
KINDS = {"app.js": "text/javascript", "style.css": "text/css"}
LONGEST_WAIT_S = 25.0
MESSAGES_SHOWN = 400


class ShownSlack(Slack):
    """A local Slack with a page."""

    ledger: Callable[[], Awaitable[list[dict[str, Any]]]] | None = None

    def add_page(self, app: web.Application) -> None:
        """Add the page and what it asks."""
        app.router.add_get("/", self._page)
        app.router.add_get("/web/{name}", self._file)
        app.router.add_get("/page/state", self._state)
        app.router.add_get("/page/wait", self._wait)
        app.router.add_post("/page/do", self._do)

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text=(FILES / "index.html").read_text(), content_type="text/html")

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in KINDS:
            raise web.HTTPNotFound
        return web.Response(text=(FILES / name).read_text(), content_type=KINDS[name])

    async def _wait(self, _: web.Request) -> web.Response:
        """Answer when something has changed, or after a while."""
        try:
            async with asyncio.timeout(LONGEST_WAIT_S):
                await self._changed.wait()
        except TimeoutError:
            pass
        return web.json_response({})

    async def _state(self, request: web.Request) -> web.Response:
        """Tell everything that the page shows to a person."""
        space = self.workspace
        user_id = request.query.get("user") or next(user for user in space.users if user != space.bot_user_id)
        tab = space.im_with(user_id)
        mine = [one for one in space.channels.values() if one.kind != "im" and user_id in one.members]
        channel = space.channels.get(request.query.get("channel", "")) or (mine[0] if mine else tab)
        thread = request.query.get("thread", "")
        shown = space.thread(channel.id, thread) if thread else space.top_level(channel.id)
        rows = await self.ledger() if self.ledger is not None else []
        return web.json_response(
            {
                "team": space.name,
                "me": user_id,
                "bot": space.bot_user_id,
                "url": space.url,
                "users": {user.id: user.real_name for user in space.users.values()},
                "people": [u.id for u in space.users.values() if not u.is_bot and not u.deleted],
                "channels": [{"id": one.id, "name": one.name, "kind": one.kind} for one in mine],
                "tab": tab.id,
                "channel": channel.id,
                "thread": thread,
                "messages": shown[-MESSAGES_SHOWN:],
                "modal": self.modals.get(user_id),
                "home": self.api.homes.get(user_id),
                "told": [
                    {"text": one.get("text", ""), "channel": one["channel"]}
                    for one in self.api.ephemerals
                    if one.get("user") == user_id
                ][-1:],
                "ledger": rows[-20:],
            }
        )

    async def _do(self, request: web.Request) -> web.Response:
        """Do what the person did."""
        done = await request.json()
        user, channel = done["user"], done.get("channel", "")
        verb = done["do"]
        delivery: Delivery | None = None
        if verb == "say" and done["text"].startswith("/"):
            command, _, words = done["text"].partition(" ")
            delivery = await self.command(user, channel, command, words)
        elif verb == "say":
            text = done["text"].replace("@Tijdwinst", f"<@{self.workspace.bot_user_id}>")
            await self.say(user, channel, text, thread_ts=done.get("thread", ""))
        elif verb == "click":
            delivery = await self.click(user, channel, done["ts"], done["action"])
        elif verb == "shortcut":
            delivery = await self.shortcut(user, channel, done["ts"], done["callback"])
        elif verb == "submit":
            delivery = await self.submit(user, done["values"])
        elif verb == "close":
            self.modals.pop(user, None)
            self.changed()
        elif verb == "home":
            delivery = await self.open_home(user)
        told = delivery.body if delivery else ""
        answer = json.loads(told) if told.startswith("{") else {"text": told}
        return web.json_response({"status": delivery.status if delivery else 200, **answer})
