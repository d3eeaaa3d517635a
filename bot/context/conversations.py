"""Conversations: threads and parts of channels, read only where the asker may, and rendered for the model."""

from __future__ import annotations

import asyncio
import html
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from slack_sdk.web.async_client import AsyncWebClient

from bot.tasks import Identity, Person, UserError
from bot.wire import SlackError, Wire

PAGE = 200  # Slack recommends at most 200 a page, and allows 1,000
PEOPLE_AT_ONCE = 8
THREADS_AT_ONCE = 4
MOST_MESSAGES = 10_000
FEW = 15
SLOW_PAGE_S = 20.0

_LINK = re.compile(r"https://[^\s<>|]+/archives/([A-Z0-9]+)/p(\d{7,})(\d{6})(\?[^\s<>|]*)?")
_REFERENCE = re.compile(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>")
_EMOJI = re.compile(r":[a-z0-9_+'-]+:")
_NOBODY = {"user_not_found", "user_not_visible"}
_GONE = {"channel_not_found", "not_in_channel", "is_archived", "missing_scope"}


@dataclass(frozen=True)
class Place:
    """A message in a conversation; `thread_ts` is its thread when the link tells it."""

    channel_id: str
    ts: str
    thread_ts: str = ""


@dataclass(frozen=True)
class Transcript:
    """A conversation as the model reads it.

    Attributes:
        lines: one per message, `[n] Name: text`; the name only where the speaker changes.
        ts: message number -> `ts`.
        threads: message number -> `ts` of the thread that it stands in, where it stands in one.
    """

    lines: tuple[str, ...]
    ts: dict[str, str]
    threads: dict[str, str] = field(default_factory=dict)


def find_link(text: str) -> Place | None:
    """Return the place that the first Slack message link in *text* points to, or None."""
    found = _LINK.search(html.unescape(text))
    if found is None:
        return None
    channel_id, seconds, micros, query = found.groups()
    thread = parse_qs(urlsplit(query or "").query).get("thread_ts", [""])[0]
    return Place(channel_id=channel_id, ts=f"{seconds}.{micros}", thread_ts=thread)


def permalink(identity: Identity, place: Place) -> str:
    """Return the address of a message, computed as Slack's own permalinks are built."""
    address = f"{identity.url.rstrip('/')}/archives/{place.channel_id}/p{place.ts.replace('.', '')}"
    if place.thread_ts and place.thread_ts != place.ts:
        address += f"?thread_ts={place.thread_ts}&cid={place.channel_id}"
    return address


class Context:
    """Reads what the asker may read."""

    def __init__(
        self, client: AsyncWebClient, wire: Wire, identity: Identity, *, slow_page_s: float = SLOW_PAGE_S
    ) -> None:
        self._client = client
        self._slow_page_s = slow_page_s
        self._ask = wire.ask
        self._identity = identity

    async def is_installed(self) -> bool:
        """Say whether Slack still takes our token.

        Raises:
            SlackError: nobody knows: Slack is away.
        """
        try:
            await self._ask("auth.test", self._client.auth_test(), having="team_id")
        except SlackError as error:
            if not error.token:
                raise
            return False
        return True

    async def check_may_read(self, channel_id: str, user_id: str) -> None:
        """Make sure that *user_id* may read a conversation at this moment.

        A member may; so may a full member of the workspace in a public channel. Everybody else, and every
        answer that we do not understand, is a no.

        Raises:
            UserError: the asker may not read it, or we are not in it.
        """
        try:
            if await self._is_member(channel_id, user_id):
                return
            asked = self._client.conversations_info(channel=channel_id)
            info = (await self._ask("conversations.info", asked)).get("channel") or {}
            public = info.get("is_channel") and not (
                info.get("is_private") or info.get("is_im") or info.get("is_mpim")
            )
            if public and not info.get("is_ext_shared"):
                asked = self._client.users_info(user=user_id)
                user = (await self._ask("users.info", asked)).get("user") or {}
                known = user.get("id") == user_id and not user.get("deleted")
                if known and not _person(self._identity.team_id, user).is_guest:
                    return
        except SlackError as error:
            if error.code in _GONE:
                raise _unreadable(channel_id, error.code) from error
            raise
        raise UserError("asker-may-not-read")

    async def is_member(self, channel_id: str, user_id: str) -> bool:
        """Say whether somebody is in a channel at this moment; no where we cannot see it.

        Raises:
            SlackError: Slack does not tell.
        """
        try:
            return await self._is_member(channel_id, user_id)
        except SlackError as error:
            if error.code in _GONE:
                return False
            raise

    async def _is_member(self, channel_id: str, user_id: str) -> bool:
        cursor = ""
        while True:
            asked = self._client.conversations_members(channel=channel_id, limit=1000, cursor=cursor)
            page = await self._ask("conversations.members", asked)
            if user_id in (page.get("members") or []):
                return True
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                return False

    async def thread(self, place: Place) -> list[dict[str, Any]]:
        """Return every message of the thread that *place* stands in, oldest first.

        Raises:
            UserError: there is no such message, or we are not in the conversation.
        """
        messages = await self._replies(place.channel_id, place.thread_ts or place.ts)
        root = messages[0].get("thread_ts") if messages else None
        if root and root != (place.thread_ts or place.ts):
            # A link to a reply without its thread: Slack answers with that one reply.
            messages = await self._replies(place.channel_id, root)
        if not messages:
            raise UserError("message-not-found")
        return messages

    async def _replies(self, channel_id: str, ts: str) -> list[dict[str, Any]]:
        def ask(cursor: str) -> Any:
            return self._client.conversations_replies(channel=channel_id, ts=ts, limit=PAGE, cursor=cursor)

        return await self._pages("conversations.replies", channel_id, ask)

    async def span(self, channel_id: str, *, oldest: str, latest: str = "") -> list[dict[str, Any]]:
        """Return the messages of a channel in `[oldest, latest)`, each followed by its thread, oldest first.

        Raises:
            UserError: there is none, there are too many, Slack shows only a few, or we are not there.
        """

        def ask(cursor: str) -> Any:
            return self._client.conversations_history(
                channel=channel_id, oldest=oldest, latest=latest or None, limit=PAGE, cursor=cursor
            )

        tops = await self._pages("conversations.history", channel_id, ask)
        gate = asyncio.Semaphore(THREADS_AT_ONCE)

        async def whole(message: dict[str, Any]) -> list[dict[str, Any]]:
            if not message.get("reply_count"):
                return [message]
            async with gate:
                replies = await self._replies(channel_id, message["ts"])
            return [one for one in replies if not latest or float(one["ts"]) < float(latest)]

        threads = await asyncio.gather(*(whole(message) for message in tops))
        messages = [one for thread in threads for one in thread]
        if not messages:
            raise UserError("span-empty")
        if len(messages) > MOST_MESSAGES:
            raise UserError("span-too-long", most=MOST_MESSAGES)
        return messages

    async def _pages(
        self, method: str, channel_id: str, ask: Callable[[str], Awaitable[Any]]
    ) -> list[dict[str, Any]]:
        """Return the messages of all pages, oldest first, each once.

        An app that is sold outside Slack's marketplace gets 15 messages a page and one page a minute
        (https://docs.slack.dev/changelog/2025/05/29/rate-limit-changes-for-non-marketplace-apps): then we say
        so rather than take a handful for the whole, or read for an hour.
        """
        messages: dict[str, dict[str, Any]] = {}
        cursor, few = "", False
        while True:
            started_s = time.monotonic()
            try:
                page = await self._ask(method, ask(cursor))
            except SlackError as error:
                if error.code in ("thread_not_found", "message_not_found"):
                    raise UserError("message-not-found") from error
                if error.code in _GONE:
                    raise _unreadable(channel_id, error.code) from error
                raise
            if few and time.monotonic() - started_s > self._slow_page_s:
                raise UserError("slack-shows-few", few=FEW)
            listed: list[dict[str, Any]] = page.get("messages") or []
            for message in listed:
                messages.setdefault(message["ts"], message)
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
            few = len(listed) == FEW
            if len(messages) > MOST_MESSAGES + PAGE:
                raise UserError("span-too-long", most=MOST_MESSAGES)
            if not cursor:
                return sorted(messages.values(), key=lambda message: float(message["ts"]))

    async def people(self, user_ids: set[str]) -> list[Person]:
        """Ask Slack who *user_ids* are; somebody it does not know keeps the id as a name.

        Whom it does not tell about at this moment is left out, so that nobody remembers a wrong answer.

        Raises:
            SlackError: Slack refuses the token.
        """
        gate = asyncio.Semaphore(PEOPLE_AT_ONCE)

        async def ask(user_id: str) -> Person | None:
            async with gate:
                try:
                    answer = await self._ask("users.info", self._client.users_info(user=user_id))
                except SlackError as error:
                    if error.token:
                        raise
                    # Whom Slack does not show is no member that we know of.
                    nobody = Person(self._identity.team_id, user_id, user_id, is_guest=True, is_stranger=True)
                    return nobody if error.code in _NOBODY else None
            user = answer.get("user") or {}
            return _person(self._identity.team_id, user) if user.get("id") == user_id else None

        asked = await asyncio.gather(*(ask(user_id) for user_id in sorted(user_ids)))
        return [person for person in asked if person is not None]

    async def admins(self, most: int = 5) -> list[str]:
        """Return the ids of the first admins and owners that Slack lists."""
        found: list[str] = []
        cursor = ""
        while len(found) < most:
            page = await self._ask("users.list", self._client.users_list(limit=PAGE, cursor=cursor))
            listed: list[dict[str, Any]] = page.get("members") or []
            for user in listed:
                if (user.get("is_admin") or user.get("is_owner")) and not user.get("deleted"):
                    found.append(user["id"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                break
        return found[:most]

    def speakers(self, messages: list[dict[str, Any]]) -> set[str]:
        """Return the ids of all who speak or are named in *messages*."""
        ids = {message["user"] for message in messages if message.get("user")}
        for message in messages:
            for kind, target, _ in _REFERENCE.findall(message.get("text") or ""):
                if kind == "@":
                    ids.add(target)
        return ids - {self._identity.bot_user_id}

    def transcript(
        self, messages: list[dict[str, Any]], names: dict[str, str], *, skip_ts: str = ""
    ) -> Transcript:
        """Number and render *messages*, without our own and without the request itself.

        Raises:
            UserError: nothing is left, or nothing of it can be read.
        """
        lines: list[str] = []
        ts: dict[str, str] = {}
        threads: dict[str, str] = {}
        speaker = ""
        for message in messages:
            if self._is_ours(message) or message["ts"] == skip_ts:
                continue
            text = _render(message, names)
            if not text:
                continue
            number = str(len(lines) + 1)
            # Indented, so that a message cannot pretend to be several with numbers of its own.
            text = text.replace("\n", "\n    ")
            name = _speaker(message, names)
            lines.append(f"[{number}] {name}: {text}" if name != speaker else f"[{number}] {text}")
            ts[number] = message["ts"]
            if message.get("thread_ts"):
                threads[number] = message["thread_ts"]
            speaker = name
        if not lines:
            # The placeholder of a mention is ours too, so what counts is whose thread it is.
            raise UserError("thread-only-bots" if self._is_ours(messages[0]) else "thread-empty")
        if not any(_readable(message) for message in messages if message["ts"] in ts.values()):
            raise UserError("thread-nothing-readable")
        return Transcript(lines=tuple(lines), ts=ts, threads=threads)

    def files_in(self, messages: list[dict[str, Any]]) -> tuple[str, ...]:
        """Return the ids of the files that people put into *messages*, newest first."""
        listed = [
            file["id"]
            for message in reversed(messages)
            if not self._is_ours(message)
            for file in message.get("files") or []
            if isinstance(file, dict) and file.get("id") and file.get("mode") != "tombstone"
        ]
        return tuple(dict.fromkeys(listed))

    def _is_ours(self, message: dict[str, Any]) -> bool:
        return bool(
            message.get("user") == self._identity.bot_user_id
            or (message.get("bot_id") and message.get("bot_id") == self._identity.bot_id)
        )


def _unreadable(channel_id: str, code: str) -> UserError:
    """Say what the asker can do about a conversation that Slack does not show us."""
    # Nobody can invite us to a direct conversation of others.
    if channel_id.startswith("D"):
        return UserError("direct-not-readable")
    key = "channel-not-found" if code == "channel_not_found" else "bot-not-in-channel"
    return UserError(key, channel=f"<#{channel_id}>")


def _person(team_id: str, user: dict[str, Any]) -> Person:
    profile = user.get("profile") or {}
    name = (
        profile.get("display_name") or user.get("real_name") or profile.get("real_name") or user.get("name")
    )
    stranger = user.get("is_stranger") or (user.get("team_id") or team_id) != team_id
    return Person(
        team_id=team_id,
        user_id=user["id"],
        name=name or user["id"],
        is_admin=bool(user.get("is_admin") or user.get("is_owner")),
        is_guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted") or stranger),
        is_bot=bool(user.get("is_bot")),
        locale=user.get("locale") or "",
        is_stranger=bool(stranger),
    )


def _speaker(message: dict[str, Any], names: dict[str, str]) -> str:
    if message.get("user"):
        return str(names.get(message["user"], message["user"]))
    profile = message.get("bot_profile") or {}
    return str(message.get("username") or profile.get("name") or "bot")


def _readable(message: dict[str, Any]) -> bool:
    """Say whether a message holds a letter or digit of any script, or a file."""
    if message.get("subtype") == "tombstone":
        return False
    text = _EMOJI.sub("", html.unescape(message.get("text") or _in_blocks(message.get("blocks"))))
    return any(character.isalnum() for character in text) or bool(
        message.get("files") or message.get("attachments")
    )


def _render(message: dict[str, Any], names: dict[str, str]) -> str:
    """Return a message as one line of plain text: names for ids, files by name, deletions and edits said."""
    if message.get("subtype") == "tombstone":
        return "(deleted message)"
    parts = [_plain(message.get("text") or _in_blocks(message.get("blocks")), names)]
    for attachment in message.get("attachments") or []:
        parts.append(_plain(attachment.get("text") or attachment.get("fallback") or "", names))
    for file in message.get("files") or []:
        parts.append(f"(file: {file.get('name') or file.get('title') or 'unnamed'})")
    if message.get("edited"):
        parts.append("(edited)")
    body = " ".join(part for part in parts if part)
    return body if body != "(edited)" else ""


def _in_blocks(blocks: Any) -> str:
    """Return the text that stands in *blocks*: apps may post a message that has no other."""
    if isinstance(blocks, list):
        return " ".join(filter(None, map(_in_blocks, blocks)))
    if not isinstance(blocks, dict):
        return ""
    if isinstance(blocks.get("text"), str):
        return str(blocks["text"])
    return " ".join(filter(None, (_in_blocks(blocks.get(key)) for key in ("text", "fields", "elements"))))


def _plain(text: str, names: dict[str, str]) -> str:
    def word(found: re.Match[str]) -> str:
        kind, target, label = found.groups()
        if kind == "@":
            return f"@{names.get(target) or label or target}"
        if kind == "#":
            return f"#{label or target}"
        if kind == "!":
            return label or f"@{target.split('^')[0]}"
        return f"{label} ({target})" if label and label != target else str(target)

    return html.unescape(_REFERENCE.sub(word, text)).strip()
