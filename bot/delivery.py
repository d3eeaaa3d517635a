"""Slack out: the only room that posts, updates and opens; retries, pacing and looking up live here."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.wire import Pulse, SlackError, Wire

log = logging.getLogger(__name__)

TEXT_LIMIT = 4_000  # of `text` in chat.update
RATE_LIMIT_RETRIES = 5
EVENT_TYPE = "tijdwinst_post"
PAGE = 200
MOST_PAGES = 50  # of a search for a message of ours: ten thousand messages since it was claimed
CLOCK_MARGIN = timedelta(hours=1)  # our clock and Slack's need not agree


class _Patience(AsyncRateLimitErrorRetryHandler):
    """Waits as a 429 asks, and counts it: what succeeds the second time is seen nowhere else."""

    def __init__(self, pulse: Pulse) -> None:
        super().__init__(max_retry_count=RATE_LIMIT_RETRIES)
        self._pulse = pulse

    async def prepare_for_next_attempt_async(self, **told: Any) -> None:
        self._pulse.misses["ratelimited"] += 1
        await super().prepare_for_next_attempt_async(**told)


def client(
    *, token: str, base_url: str, session: aiohttp.ClientSession, pulse: Pulse | None = None
) -> AsyncWebClient:
    """Make the one Slack client: a 429 waits as Slack asks, counted in *pulse*; nothing else is sent twice.

    The SDK's default retries a lost connection, which posts twice when the answer was lost after the post.
    """
    return AsyncWebClient(
        token=token,
        base_url=base_url,
        session=session,
        retry_handlers=[_Patience(pulse or Pulse())],
    )


class Delivery:
    """Posts, finds and changes our messages."""

    def __init__(self, slack: AsyncWebClient, wire: Wire, *, pace_s: float = 1.0) -> None:
        self._slack = slack
        self._call = wire.ask
        self._pace_s = pace_s
        self._free_at: dict[str, float] = {}

    async def post(
        self, channel_id: str, *, text: str, blocks: list[dict[str, Any]], post_id: str, thread_ts: str = ""
    ) -> str:
        """Post a message that carries *post_id* in its metadata and return its `ts`.

        Raises:
            SlackError: it was not taken, or nobody knows: then look for *post_id* before posting again.
        """
        await self._wait_turn(channel_id)
        answer = await self._call(
            "chat.postMessage",
            self._slack.chat_postMessage(
                channel=channel_id,
                text=text,
                blocks=blocks,
                thread_ts=thread_ts or None,
                metadata={"event_type": EVENT_TYPE, "event_payload": {"post_id": post_id}},
                unfurl_links=False,
                unfurl_media=False,
            ),
            having="ts",
        )
        return str(answer["ts"])

    async def update(self, channel_id: str, ts: str, *, text: str, blocks: list[dict[str, Any]]) -> None:
        """Make a message of ours say something else; doing it twice changes nothing.

        Raises:
            SlackError: it was not taken.
        """
        await self._call(
            "chat.update",
            self._slack.chat_update(
                channel=channel_id,
                ts=ts,
                text=text[:TEXT_LIMIT],
                blocks=blocks,
                unfurl_links=False,
                unfurl_media=False,
            ),
        )

    async def delete(self, channel_id: str, ts: str) -> None:
        """Take a message of ours back; one that is gone already is fine."""
        try:
            await self._call("chat.delete", self._slack.chat_delete(channel=channel_id, ts=ts))
        except SlackError as error:
            if error.code != "message_not_found":
                raise

    async def find(self, channel_id: str, *, post_id: str, since: datetime, thread_ts: str = "") -> str:
        """Return the `ts` of the message that carries *post_id*, claimed at *since*, or an empty text.

        Raises:
            SlackError: Slack did not let us look, so nobody knows.
        """

        def ours(message: dict[str, Any]) -> bool:
            metadata = message.get("metadata") or {}
            return bool((metadata.get("event_payload") or {}).get("post_id") == post_id)

        return await self._find(channel_id, ours, since=since, thread_ts=thread_ts)

    async def find_file(self, channel_id: str, *, name: str, since: datetime, thread_ts: str = "") -> str:
        """Return the `ts` of the message that brought the file *name*, or an empty text.

        Raises:
            SlackError: Slack did not let us look, so nobody knows.
        """

        def brought(message: dict[str, Any]) -> bool:
            return any(file.get("name") == name for file in message.get("files") or [])

        return await self._find(channel_id, brought, since=since, thread_ts=thread_ts)

    async def _find(
        self,
        channel_id: str,
        fits: Callable[[dict[str, Any]], bool],
        *,
        since: datetime,
        thread_ts: str,
    ) -> str:
        oldest = (since - CLOCK_MARGIN).timestamp()
        cursor = ""
        for _ in range(MOST_PAGES):
            wanted: dict[str, Any] = {"channel": channel_id, "limit": PAGE, "cursor": cursor}
            wanted["include_all_metadata"] = True
            if thread_ts:
                asked = self._slack.conversations_replies(ts=thread_ts, **wanted)
                page = await self._call("conversations.replies", asked)
            else:
                asked = self._slack.conversations_history(**wanted)
                page = await self._call("conversations.history", asked)
            messages = page.get("messages") or []
            for message in messages:
                if fits(message):
                    return str(message["ts"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
            # A history comes newest first; what is older than the claim cannot be what was claimed.
            too_old = not thread_ts and bool(messages) and float(messages[-1]["ts"]) < oldest
            if not cursor or too_old:
                break
        return ""

    async def upload(
        self,
        channel_id: str,
        *,
        name: str,
        content: bytes,
        title: str,
        alt: str = "",
        thread_ts: str = "",
    ) -> str:
        """Bring a file into a conversation and return its id.

        Raises:
            SlackError: it was not taken, or nobody knows.
        """
        answer = await self._call(
            "files.upload",
            self._slack.files_upload_v2(
                channel=channel_id,
                content=content,
                filename=name,
                title=title,
                alt_txt=alt or None,
                thread_ts=thread_ts or None,
            ),
            having="files",
        )
        return str(answer["files"][0]["id"])

    async def messages_tab(self, user_id: str) -> str:
        """Return the id of our conversation with *user_id*.

        Raises:
            SlackError: Slack did not open it.
        """
        answer = await self._call(
            "conversations.open", self._slack.conversations_open(users=user_id), having="channel"
        )
        return str(answer["channel"]["id"])

    async def tell(
        self,
        channel_id: str,
        user_id: str,
        text: str,
        *,
        thread_ts: str = "",
        blocks: list[dict[str, Any]] | None = None,
    ) -> None:
        """Say something to one person where they are; best effort, never a draft."""
        try:
            await self._call(
                "chat.postEphemeral",
                self._slack.chat_postEphemeral(
                    channel=channel_id, user=user_id, text=text, thread_ts=thread_ts or None, blocks=blocks
                ),
            )
        except SlackError as error:
            log.warning("could not tell %s in %s: %s", user_id, channel_id, error)

    async def open_form(self, trigger_id: str, view: dict[str, Any]) -> str:
        """Open a form and return its view id.

        Raises:
            SlackError: the trigger was too old, or Slack did not take the view.
        """
        asked = self._slack.views_open(trigger_id=trigger_id, view=view)
        answer = await self._call("views.open", asked, having="view")
        return str(answer["view"]["id"])

    async def redraw_form(self, view_id: str, view: dict[str, Any], *, view_hash: str = "") -> None:
        """Let an open form show *view*; with a hash only while it shows what that names.

        Raises:
            SlackError: it was closed, shows something newer (`hash_conflict`), or Slack did not take the view.
        """
        asked = self._slack.views_update(view_id=view_id, view=view, hash=view_hash or None)
        await self._call("views.update", asked)

    async def push_form(self, trigger_id: str, view: dict[str, Any]) -> str:
        """Open a form on top of the one that is open, and return its view id.

        Raises:
            SlackError: the trigger was too old, three are open already, or Slack did not take the view.
        """
        asked = self._slack.views_push(trigger_id=trigger_id, view=view)
        answer = await self._call("views.push", asked, having="view")
        return str(answer["view"]["id"])

    async def update_form(self, view_id: str, view: dict[str, Any], *, view_hash: str = "") -> bool:
        """Show *view* in the place of an open form and say whether it is; best effort, it may be closed by now.

        Args:
            view_hash: what the form was when *view* was made; one that changed since stays as it is.
        """
        try:
            await self.redraw_form(view_id, view, view_hash=view_hash)
        except SlackError as error:
            log.warning("the form was not brought up to date: %s", error)
            return False
        return True

    async def publish_home(self, user_id: str, view: dict[str, Any]) -> None:
        """Show *view* on somebody's Home tab; best effort, it is shown anew at the next visit."""
        try:
            await self._call("views.publish", self._slack.views_publish(user_id=user_id, view=view))
        except SlackError as error:
            log.warning("could not publish the home of %s: %s", user_id, error)

    async def _wait_turn(self, channel_id: str) -> None:
        """Keep to Slack's one message a second per channel."""
        moment = time.monotonic()
        free_at = max(moment, self._free_at.get(channel_id, 0.0))
        self._free_at[channel_id] = free_at + self._pace_s
        if len(self._free_at) > 1000:
            self._free_at = {key: at for key, at in self._free_at.items() if at > moment}
        if free_at > moment:
            await asyncio.sleep(free_at - moment)
