"""Conversations: threads and parts of channels, read only where the asker may; who people are, and who is admin."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.context.transcripts import Place
from bot.tasks import Identity, Person, UserError
from bot.wire import SlackError, Wire

PAGE = 200  # Slack recommends at most 200 a page, and allows 1,000
PEOPLE_AT_ONCE = 8
THREADS_AT_ONCE = 4
MOST_MESSAGES = 10_000
FEW = 15
SLOW_PAGE_S = 20.0

_NOBODY = {"user_not_found", "user_not_visible"}
_GONE = {"channel_not_found", "not_in_channel", "is_archived", "missing_scope"}


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
