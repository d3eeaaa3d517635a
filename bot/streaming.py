"""A conversation's moving parts in Slack: streams, statuses, titles, prompts; the only room that counts their calls.

Nothing here is an outcome: a draft and an apology go out by `delivery`. So every call but `start` and `append` is
best effort, and says in the log what it could not do.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.wire import SlackError, Wire

log = logging.getLogger(__name__)

# Slack's tiers, per workspace and method (https://docs.slack.dev/apis/web-api/rate-limits): tier 2 for starts and
# stops, 4 for appends, 3 for updates. Appends and updates keep something back: cards are brought by updates, too.
STARTS_A_MINUTE = 20
APPENDS_A_MINUTE = 90
UPDATES_A_MINUTE = 25
WINDOW_S = 60.0
APPEND_EVERY_S = 1.0
UPDATE_EVERY_S = 3.0
REFUSED_FOR_S = 3600.0
TITLE_CHARS = 200
PROMPTS = 4

_NOT_HERE = {
    "unknown_method",
    "missing_scope",
    "not_allowed_token_type",
    "method_not_supported_for_channel_type",
    "channel_type_not_supported",
    "feature_not_enabled",
    "access_denied",
}
"""What an older workspace, or an installation with fewer scopes, says of a method: asking again soon is idle."""

_OVER = {"message_not_in_streaming_state", "stopped_by_user", "message_not_found", "streaming_state_conflict"}
"""What Slack says of a stream that has ended already."""


class Tier:
    """How often a method may be called within a minute."""

    def __init__(self, most: Callable[[], int], clock: Callable[[], float]) -> None:
        self._most = most
        self._clock = clock
        self._calls: deque[float] = deque()

    @property
    def used(self) -> int:
        """How many calls of the last minute count."""
        oldest = self._clock() - WINDOW_S
        while self._calls and self._calls[0] <= oldest:
            self._calls.popleft()
        return len(self._calls)

    def take(self) -> bool:
        """Count a call, unless it would be one too many."""
        if self.used >= self._most():
            return False
        self._calls.append(self._clock())
        return True


class Streams:
    """Starts, feeds and stops streams within Slack's limits, and tells Slack's clients how a conversation is.

    Args:
        clock: seconds, for the limits.
        replicas: how many processes share the limits; each takes its share.
    """

    def __init__(
        self,
        slack: AsyncWebClient,
        wire: Wire,
        *,
        bot_user_id: str,
        clock: Callable[[], float] = time.monotonic,
        replicas: Callable[[], int] = lambda: 1,
    ) -> None:
        self._slack = slack
        self._bot_user_id = bot_user_id
        self._ask = wire.ask
        self._clock = clock
        self._replicas = replicas
        self._starts = Tier(lambda: self._share(STARTS_A_MINUTE), clock)
        self._stops = Tier(lambda: self._share(STARTS_A_MINUTE), clock)
        self._appends = Tier(lambda: self._share(APPENDS_A_MINUTE), clock)
        self._updates = Tier(lambda: self._share(UPDATES_A_MINUTE), clock)
        self._live: set[tuple[str, str]] = set()
        self._refused: dict[str, float] = {}

    def _share(self, most: int) -> int:
        """Return how much of what Slack allows in a minute is this process's."""
        return max(1, most // self._replicas())

    def append_every_s(self) -> float:
        """Return how many seconds two appends to one stream lie apart: the minute's appends are shared fairly."""
        return max(APPEND_EVERY_S, len(self._live) * WINDOW_S / self._share(APPENDS_A_MINUTE))

    def may_append(self) -> bool:
        """Count an append, unless it would be one too many in this minute."""
        return self._appends.take()

    def may_update(self) -> bool:
        """Count an update that shows a text in the making, unless it would be one too many in this minute."""
        return self._updates.take()

    async def start(self, channel_id: str, *, thread_ts: str, markdown: str) -> str:
        """Start a stream that says *markdown* and return its `ts`; empty when the minute has none to give.

        A start is given only while every stream that runs could be stopped within this minute, too.

        Raises:
            SlackError: it was not taken, or nobody knows.
        """
        if self._is_refused("chat.startStream") or self._stops.used + len(self._live) >= self._share(
            STARTS_A_MINUTE
        ):
            return ""
        if not self._starts.take():
            return ""
        asked = self._slack.chat_startStream(channel=channel_id, thread_ts=thread_ts, markdown_text=markdown)
        # Counted before it is known to run: twenty starts of one moment are twenty streams.
        pending = (channel_id, f"{thread_ts}?")
        self._live.add(pending)
        try:
            answer = await self._ask("chat.startStream", asked, having="ts")
        except SlackError as error:
            self._note_refusal(error, "chat.startStream")
            raise
        finally:
            self._live.discard(pending)
        self._live.add((channel_id, str(answer["ts"])))
        return str(answer["ts"])

    async def append(self, channel_id: str, ts: str, markdown: str) -> None:
        """Add to a stream.

        Raises:
            SlackError: it was not taken, or nobody knows.
        """
        asked = self._slack.chat_appendStream(channel=channel_id, ts=ts, markdown_text=markdown)
        await self._ask("chat.appendStream", asked)

    async def stop(self, channel_id: str, ts: str) -> bool:
        """End a stream; say whether it has ended, which one that nobody knows any more has."""
        self._stops.take()
        try:
            await self._ask("chat.stopStream", self._slack.chat_stopStream(channel=channel_id, ts=ts))
        except SlackError as error:
            if error.code not in _OVER:
                log.warning("a stream was not stopped: %s", error)
                return False
        finally:
            self._live.discard((channel_id, ts))
        return True

    async def find(self, channel_id: str, *, thread_ts: str, since_s: float) -> list[str]:
        """Return the `ts` of our messages in a thread, from a moment on, that do not say what they are.

        A stream carries no metadata from its start, so one whose start was not answered is found by that.

        Raises:
            SlackError: Slack did not let us look, so nobody knows.
        """
        asked = self._slack.conversations_replies(
            channel=channel_id, ts=thread_ts, oldest=f"{since_s:.6f}", limit=200, include_all_metadata=True
        )
        listed = (await self._ask("conversations.replies", asked)).get("messages") or []
        return [
            str(one["ts"])
            for one in listed
            if one.get("user") == self._bot_user_id
            and float(one["ts"]) >= since_s
            and not one.get("metadata")
            and not one.get("files")
        ]

    async def set_status(self, channel_id: str, thread_ts: str, sentence: str) -> bool:
        """Show under a thread what we are doing, for two minutes at most; empty clears it.

        Say whether Slack took it.
        """
        return await self._try(
            "assistant.threads.setStatus",
            lambda: self._slack.assistant_threads_setStatus(
                channel_id=channel_id, thread_ts=thread_ts, status=sentence
            ),
        )

    async def set_session(self, channel_id: str, thread_ts: str, status: str, *, title: str = "") -> bool:
        """Tell how a session stands: `processing` brings the Stop button, `active` takes it away.

        The title counts for a session that is new.
        """
        return await self._try(
            "agents.sessions.setStatus",
            lambda: self._slack.agents_sessions_setStatus(
                channel_id=channel_id, thread_ts=thread_ts, status=status, title=title[:TITLE_CHARS] or None
            ),
        )

    async def set_title(self, channel_id: str, thread_ts: str, title: str) -> bool:
        """Give a conversation its title where there are no sessions."""
        return await self._try(
            "assistant.threads.setTitle",
            lambda: self._slack.assistant_threads_setTitle(
                channel_id=channel_id, thread_ts=thread_ts, title=title[:TITLE_CHARS]
            ),
        )

    async def suggest(self, channel_id: str, prompts: Sequence[tuple[str, str]], *, title: str) -> bool:
        """Offer what to ask in a messages tab: what people read, and what is then said in their name."""
        shown = [{"title": label, "message": message} for label, message in prompts[:PROMPTS]]
        return await self._try(
            "assistant.threads.setSuggestedPrompts",
            lambda: self._slack.assistant_threads_setSuggestedPrompts(
                channel_id=channel_id, prompts=shown, title=title
            ),
        )

    async def _try(self, method: str, ask: Callable[[], Awaitable[Any]]) -> bool:
        if self._is_refused(method):
            return False
        try:
            await self._ask(method, ask())
        except SlackError as error:
            self._note_refusal(error, method)
            log.info("no sign of life: %s", error)
            return False
        return True

    def _is_refused(self, method: str) -> bool:
        return self._clock() < self._refused.get(method, 0.0)

    def _note_refusal(self, error: SlackError, method: str) -> None:
        if error.code in _NOT_HERE:
            self._refused[method] = self._clock() + REFUSED_FOR_S
