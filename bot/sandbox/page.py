"""The page of the local Slack: shows a workspace to one person at a time, and does what they do."""

from __future__ import annotations

import asyncio
import html
import re
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from aiohttp import web

from bot.manifest import manifest
from bot.sandbox import payloads, shown
from bot.sandbox.page_http import Done, read_form, refuse_other_pages, sorry, told
from bot.sandbox.slack import Delivery, Slack
from bot.sandbox.workspace import Channel

FILES = Path(__file__).parent / "web"
KINDS = {".js": "text/javascript", ".css": "text/css"}
LONGEST_WAIT_S = 25.0
TAKEN_WITHIN_S = 4.0
LEDGER_ROWS = 20
# Everything that the page needs comes from here: what an export or a model wrote cannot load anything.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;"
    " form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
# Pictures are shown, and PDFs by the browser's own viewer; all else is saved, so that no file of an export runs
# as a page of ours.
SHOWN = ("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf")
SHORTCUTS = manifest({})["features"]["shortcuts"]

_ADDRESS = re.compile(r"https?://[^\s<>]+[^\s<>.,;:!?)\]\"']")

Work = Coroutine[Any, Any, Delivery | None]


class PageError(Exception):
    """What a person wanted cannot be done; the message says why."""


class ShownSlack(Slack):
    """A local Slack with a page."""

    def __init__(self, *given: Any, **named: Any) -> None:
        # Counts from the start's own time, so that a page of an earlier start sees that all is new.
        self.version = int(time.time() * 1000)
        self.ledger: Callable[[], Awaitable[list[dict[str, Any]]]] | None = None
        self.longest_wait_s = LONGEST_WAIT_S
        # An event that the bot did not take is sent again for minutes; the page does not wait for that.
        self.taken_within_s = TAKEN_WITHIN_S
        self._working: set[asyncio.Task[Any]] = set()
        super().__init__(*given, **named)

    async def __aexit__(self, *how: object) -> None:
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)
        # A page that waits for news would hold the port for as long as it may.
        self.changed()
        await super().__aexit__(*how)

    def changed(self, kind: str = "changed", **what: Any) -> None:
        """Count a change, and wake whoever waits for one."""
        self.version += 1
        super().changed(kind, **what)

    def add_page(self, app: web.Application) -> None:
        """Add the page and what it asks."""
        app.router.add_get("/", self._page)
        app.router.add_get("/web/{name}", self._file)
        app.router.add_get("/page/state", self._state)
        app.router.add_get("/page/wait", self._wait)
        app.router.add_get("/page/file/{file}/{name}", self._open_file)
        app.router.add_post("/page/do", self._do)
        app.router.add_post("/page/send", self._send)
        app.router.add_post("/page/upload", self._upload)

    # What the page shows

    async def _page(self, _: web.Request) -> web.Response:
        headers = {**HEADERS, "Content-Security-Policy": POLICY}
        return web.Response(
            text=(FILES / "index.html").read_text(), content_type="text/html", headers=headers
        )

    async def _file(self, request: web.Request) -> web.Response:
        path = FILES / request.match_info["name"]
        if path.suffix not in KINDS or path.parent != FILES or not path.is_file():
            raise web.HTTPNotFound
        return web.Response(text=path.read_text(), content_type=KINDS[path.suffix], headers=HEADERS)

    async def _wait(self, request: web.Request) -> web.Response:
        """Answer when something is new since the version that the page has, or after a while."""
        seen = request.query.get("version", "")
        try:
            async with asyncio.timeout(self.longest_wait_s):
                while str(self.version) == seen:
                    await self._changed.wait()
        except TimeoutError:
            pass
        return web.json_response({"version": self.version}, headers=HEADERS)

    async def _state(self, request: web.Request) -> web.Response:
        """Tell everything that the page shows to a person."""
        # Read before the version: what is closed in the ledger after it counts as news.
        rows = await self.ledger() if self.ledger is not None else []
        query, space = request.query, self.workspace
        people = shown.people_of(space)
        user_id = query.get("user", "")
        if user_id not in {user.id for user in people}:
            user_id = shown.busiest_person(space)
        if not user_id:
            raise web.HTTPNotFound(text="there is nobody in this workspace")
        tab = space.im_with(user_id)
        mine = shown.channels_for(space, user_id)
        wanted = space.channels.get(query.get("channel", ""))
        open_to = wanted is not None and shown.may_look(space, user_id, wanted)
        channel = wanted if wanted is not None and open_to else shown.first_channel(mine, user_id, tab)
        thread = query.get("thread", "") if channel is wanted else ""
        messages, left_out = shown.messages_in(self.state, channel, user_id, thread_ts=thread)
        state = {
            "version": self.version,
            "team": space.name,
            "me": user_id,
            "locale": space.users[user_id].locale,
            "bot": space.bot_user_id,
            "url": space.url,
            "users": {user.id: user.real_name for user in space.users.values()},
            "people": [user.id for user in people],
            "channels": [shown.listed(space, one, user_id) for one in mine],
            "tab": tab.id,
            "tab_latest": shown.newest_from_bot(space, tab),
            "channel": channel.id,
            "here": shown.listed(space, channel, user_id),
            "refused": bool(query.get("channel")) and channel is not wanted,
            "thread": thread,
            "messages": messages,
            "left_out": left_out,
            "threads": shown.threads_in(channel) if query.get("view") == "threads" else [],
            "titles": shown.titles_in(self.state, channel),
            "shortcuts": SHORTCUTS,
            "statuses": shown.statuses_in(self.state, channel),
            "prompts": self.state.prompts.get(channel.id, []) if channel is tab else [],
            "prompts_title": self.state.prompt_titles.get(channel.id, "") if channel is tab else "",
            "modal": self.modals.get(user_id),
            "beneath": len(space.beneath.get(user_id, [])),
            "home": self.home(user_id),
            "told": shown.newest_told(space, user_id),
            "ledger": rows[-LEDGER_ROWS:],
        }
        return web.json_response(state, headers=HEADERS)

    async def _open_file(self, request: web.Request) -> web.Response:
        found = self.workspace.files.get(request.match_info["file"])
        user_id = request.query.get("user", "")
        if found is None or found.content is None or not shown.may_open(self.workspace, user_id, found.id):
            raise web.HTTPNotFound(text="there is no such file for you")
        how = "inline" if found.mimetype in SHOWN else "attachment"
        headers = {**HEADERS, "Content-Disposition": f"{how}; filename*=UTF-8''{quote(found.name)}"}
        return web.Response(body=found.content, content_type=found.mimetype, headers=headers)

    # What people do

    async def _do(self, request: web.Request) -> web.Response:
        """Do what the person did."""
        refuse_other_pages(request)
        try:
            done = await request.json()
            if not isinstance(done, dict):
                raise PageError("that is no object")
            return await self._answer(done)
        except ValueError:
            return sorry("that is no JSON")
        except PageError as error:
            return sorry(str(error))

    async def _send(self, request: web.Request) -> web.Response:
        """Say something with files."""
        refuse_other_pages(request)
        fields, files = await read_form(request)
        try:
            return await self._answer({**fields, "do": "say", "files": files})
        except PageError as error:
            return sorry(str(error))

    async def _upload(self, request: web.Request) -> web.Response:
        """Keep the files that somebody puts into a form; the form is told of them by id."""
        refuse_other_pages(request)
        fields, files = await read_form(request)
        if fields.get("user") not in self.workspace.users:
            return sorry("there is no such person")
        made = [self.workspace.add_to_form(name, fields["user"], content) for name, content in files]
        return web.json_response({"files": [{"id": one.id, "name": one.name} for one in made]})

    async def _answer(self, done: Done) -> web.Response:
        """Do one thing and tell what came of it.

        Raises:
            PageError: it cannot be done.
        """
        user_id, name = str(done.get("user", "")), str(done.get("do", ""))
        if user_id not in {user.id for user in shown.people_of(self.workspace)}:
            raise PageError("there is no such person")
        if name in self._ANYWHERE:
            work = self._ANYWHERE[name](self, user_id, done)
        elif name in self._SOMEWHERE:
            work = self._SOMEWHERE[name](self, user_id, self._place(user_id, done), done)
        else:
            raise PageError(f"there is nothing called {name!r} to do")
        try:
            delivery = await self._within(work)
        except (LookupError, ValueError) as error:
            raise PageError(str(error).strip("'\"")) from error
        return web.json_response(told(delivery))

    def _place(self, user_id: str, done: Done) -> Channel:
        """Return the conversation in which something is done; who is new in a public one joins it.

        Raises:
            PageError: the person does not see it.
        """
        channel = self.workspace.channels.get(str(done.get("channel", "")))
        if channel is None or not shown.may_look(self.workspace, user_id, channel):
            raise PageError("you do not see that conversation")
        if user_id not in channel.members and not channel.is_archived:
            channel.members.append(user_id)
        return channel

    async def _within(self, work: Work) -> Delivery | None:
        """Return what came of *work*; what takes longer goes on by itself."""
        task = asyncio.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        await asyncio.wait({task}, timeout=self.taken_within_s)
        if task.done():
            return task.result()
        return Delivery(0, "", problem="the bot has not taken it yet; it is sent again, as Slack does")

    async def _say(self, user_id: str, channel: Channel, done: Done) -> Delivery | None:
        text, thread = str(done.get("text", "")), str(done.get("thread", ""))
        files = done.get("files") or ()
        command, *words = text.split(maxsplit=1) or [""]
        if command.startswith("/") and not files:
            if command == "/invite":
                await self.invite_bot(user_id, channel.id)
                return None
            if thread:
                raise PageError(
                    f"Slack takes no {command} in a thread. Go back to the channel for it, or mention"
                    " @Tijdwinst here."
                )
            return await self.command(user_id, channel.id, command, "".join(words).strip())
        if thread and thread not in channel.messages:
            raise PageError("that thread is gone")
        await self.say(user_id, channel.id, self._written(text), thread_ts=thread, files=files)
        return None

    def _written(self, text: str) -> str:
        """Return what somebody typed as Slack keeps it: escaped, with addresses and our name marked."""
        escaped = _ADDRESS.sub(lambda found: f"<{found.group()}>", html.escape(text, quote=False))
        name = self.workspace.users[self.workspace.bot_user_id].real_name
        mention = f"<@{self.workspace.bot_user_id}>"
        return re.sub(rf"@{re.escape(name)}\b", mention, escaped, flags=re.IGNORECASE)

    async def _click(self, user_id: str, channel: Channel, done: Done) -> Delivery | None:
        return await self.click(
            user_id,
            channel.id,
            done["ts"],
            done["action"],
            block_id=done.get("block", ""),
            value=done.get("value"),
            values=done.get("values"),
        )

    async def _global(self, user_id: str, done: Done) -> Delivery | None:
        return await self.global_shortcut(user_id, done["callback"])

    async def _locale(self, user_id: str, done: Done) -> Delivery | None:
        await self.set_locale(user_id, str(done["locale"]))
        return None

    async def _shortcut(self, user_id: str, channel: Channel, done: Done) -> Delivery | None:
        return await self.shortcut(user_id, channel.id, done["ts"], done["callback"])

    async def _invite(self, user_id: str, channel: Channel, _: Done) -> Delivery | None:
        await self.invite_bot(user_id, channel.id)
        return None

    async def _stop(self, user_id: str, channel: Channel, done: Done) -> Delivery | None:
        return await self.stop_stream(user_id, channel.id, done["thread"])

    async def _dismiss(self, user_id: str, channel: Channel, done: Done) -> Delivery | None:
        """Take away a message that only this person sees."""
        gone = [one for one in self.ephemerals(channel.id, user_id) if one["ts"] == done["ts"]]
        # In place: the Web API holds the same list.
        self.workspace.ephemerals[:] = [one for one in self.workspace.ephemerals if one not in gone]
        self.changed("message", channel=channel.id)
        return None

    async def _click_view(self, user_id: str, done: Done) -> Delivery | None:
        """Press something in the open form, with what is filled in by then, or on the Home tab."""
        view = self.workspace.modals.get(user_id) or self.workspace.homes.get(user_id)
        if view is not None:
            self._hold(view, done.get("values") or {})
        block_id, value = done.get("block", ""), done.get("value")
        return await self.click_in_view(user_id, done["action"], block_id=block_id, value=value)

    async def _submit(self, user_id: str, done: Done) -> Delivery | None:
        view = self.workspace.modals.get(user_id)
        values = done.get("values") or {}
        if view is None:
            return await self.submit(user_id, values)
        self._hold(view, values)
        # What stands beside the inputs is held by now; Slack's client submits it with them.
        beside = {block["block_id"] for block in view["blocks"] if block["type"] != "input"}
        filled = self._filled(view, values)
        return await self.submit(user_id, {key: filled[key] for key in filled if key not in beside})

    def _hold(self, view: dict[str, Any], values: dict[str, Any]) -> None:
        """Keep what stands in the fields of a view."""
        blocks = self._with_offers(view)["blocks"]
        now = payloads.state(blocks, self._filled(view, values))["values"]
        for block_id in values.keys() & now.keys():
            view["state"]["values"].setdefault(block_id, {}).update(now[block_id])

    def _filled(self, view: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
        """Return a form's values with files in the place of their ids."""
        files = {
            block["block_id"]
            for block in view["blocks"]
            if block["type"] == "input" and block["element"]["type"] == "file_input"
        }
        filled = dict(values)
        for block_id in files & values.keys():
            ids = values[block_id].values() if isinstance(values[block_id], dict) else [values[block_id]]
            filled[block_id] = [
                self.workspace.files[one].as_slack(self.url) for listed in ids for one in listed
            ]
        return filled

    async def _suggest(self, user_id: str, done: Done) -> Delivery | None:
        return await self.suggest(
            user_id, done["action"], str(done.get("query", "")), block_id=done.get("block", "")
        )

    async def _close(self, user_id: str, done: Done) -> Delivery | None:
        return await self.close_view(user_id, every=bool(done.get("every")))

    async def _home(self, user_id: str, _: Done) -> Delivery | None:
        return await self.open_home(user_id)

    async def _tab(self, user_id: str, _: Done) -> Delivery | None:
        return await self.open_home(user_id, "messages")

    _ANYWHERE: ClassVar[dict[str, Callable[..., Work]]] = {
        "click_view": _click_view,
        "global": _global,
        "locale": _locale,
        "submit": _submit,
        "suggest": _suggest,
        "close": _close,
        "home": _home,
        "tab": _tab,
    }
    _SOMEWHERE: ClassVar[dict[str, Callable[..., Work]]] = {
        "say": _say,
        "click": _click,
        "shortcut": _shortcut,
        "invite": _invite,
        "stop": _stop,
        "dismiss": _dismiss,
    }
