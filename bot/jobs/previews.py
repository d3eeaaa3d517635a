"""The preview of a draft in the messages tab: one writer per run, one message per run, and no outcome ever.

The message that is streamed into is the run's own place: `deliver` makes the draft's card of that very message. So
there is nothing to take back, and whatever crashes, there is one message.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot.delivery import Delivery
from bot.jobs.posts import Posts, Spot
from bot.records import Records
from bot.streaming import UPDATE_EVERY_S, Streams
from bot.tasks import Language
from bot.views import PART_LIMIT, fallback, link_sources, markdown_block, neutralise, placeholder
from bot.wire import SlackError

log = logging.getLogger(__name__)

GATHER_S = 0.1  # from the model's first words to the first call: one word alone is no sight
PATIENCE_S = 1.0  # for a call that is under way when the draft is done

_FALLEN = (
    "message_not_in_streaming_state",
    "streaming_state_conflict",
    "streaming_mode_mismatch",
    "msg_too_long",
)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_SPACE = re.compile(r"\s+")


def visible(written: str, sources: Mapping[str, str], language: Language) -> str:
    """Return as much of an unfinished text as may be shown: checked and neutralised, never half of a thing.

    Whole lines; of the last one whole words, outside of a bracket that is still open. What is shown stays as it
    is when more comes. What exceeds a message is left to `deliver`.
    """
    shown = ""
    # Line by line, so that what was shown does not change with what follows.
    for line in _LINE.findall(_settled(written)):
        # As if a mention's sign followed, because the next line may begin with one.
        checked = neutralise(link_sources(line, dict(sources), language) + "!")[:-1]
        if len(shown) + len(checked) > PART_LIMIT:
            break
        shown += checked
    return shown


def _settled(written: str) -> str:
    """Return what of a text cannot become something else by what follows."""
    end = written.rfind("\n") + 1
    spaces = [found.end() for found in _SPACE.finditer(written, end)]
    last = written[end : spaces[-1]] if spaces else ""
    if last.rfind("[") > last.rfind("]"):
        last = last[: last.rfind("[")]
    # What begins a mention in Slack's own notation, as it is or escaped.
    while last.rstrip().endswith(("<", ";")):
        last = last.rstrip()
        last = last[: last.rfind(" ") + 1]
    return written[:end] + last


class Preview:
    """Shows a text while it is written, by streaming; where that cannot be, by updates; where not even that, not.

    Args:
        stream_s: how long one stream is written to, in seconds; then the text goes on by updates.
        stopped: is awaited when Slack says that somebody pressed Stop.
    """

    def __init__(
        self,
        *,
        streams: Streams,
        posts: Posts,
        delivery: Delivery,
        records: Records,
        run_id: str,
        spot: Spot,
        language: Language,
        stream_s: float,
        stopped: Callable[[], Awaitable[None]],
    ) -> None:
        self._streams = streams
        self._posts = posts
        self._delivery = delivery
        self._records = records
        self._run_id = run_id
        self._post_id = f"{run_id}/place"
        self._spot = spot
        self._language = language
        self._stream_s = stream_s
        self._stopped = stopped
        self._written = ""
        self._sources: Mapping[str, str] = {}
        self._shown = ""
        self._ts = ""
        self._mode = "new"  # then "stream" or "update", at last "off"
        self._began_s = 0.0
        self._fresh = asyncio.Event()
        self._lock = asyncio.Lock()
        self._writer: asyncio.Task[None] | None = None

    def show(self, written: str, sources: Mapping[str, str]) -> None:
        """Take all that the model has written so far; returns at once."""
        self._written, self._sources = written, sources
        self._fresh.set()
        if self._writer is None and self._mode != "off":
            self._writer = asyncio.create_task(self._write())

    async def say(self, sentence: str) -> None:
        """Say something where the text will stand, as long as none of it does; best effort."""
        async with self._lock:
            if self._shown or self._mode == "off":
                return
            try:
                self._ts, posted = await self._posts.once(
                    self._post_id, self._spot, fallback(sentence), placeholder(sentence), run_id=self._run_id
                )
                self._mode = "update"
                if not posted:
                    await self._update(fallback(sentence), placeholder(sentence))
            except SlackError as error:
                log.warning("run=%s no sign of life: %s", self._run_id, error)

    def drop(self) -> None:
        """Write no more, and leave all as it stands."""
        if self._writer is not None:
            self._writer.cancel()
        self._writer, self._mode = None, "off"

    async def close(self) -> None:
        """Write no more and end the stream: what stands waits for `deliver`."""
        writer, self._writer = self._writer, None
        if writer is not None and not writer.done():
            # A call that is under way is let finish: cut off, nobody knew whether it was taken.
            try:
                async with asyncio.timeout(PATIENCE_S), self._lock:
                    writer.cancel()
            except TimeoutError:
                writer.cancel()
            await asyncio.wait({writer})
        if writer is not None and not writer.cancelled() and (error := writer.exception()) is not None:
            log.error("run=%s preview: %s", self._run_id, type(error).__name__, exc_info=error)
        if self._mode == "stream":
            await self._streams.stop(self._spot.channel_id, self._ts)
        self._mode = "off"

    async def _write(self) -> None:
        """Show what is new, again and again, at the pace that Slack allows."""
        await asyncio.sleep(GATHER_S)
        while self._mode != "off":
            await self._fresh.wait()
            self._fresh.clear()
            async with self._lock:
                told = await self._tell_new()
            if told:
                await asyncio.sleep(
                    self._streams.append_every_s() if self._mode == "stream" else UPDATE_EVERY_S
                )

    async def _tell_new(self) -> bool:
        """Show what is new; say whether Slack was asked for anything."""
        shown = visible(self._written, self._sources, self._language)
        if shown == self._shown or not shown.strip():
            return False
        if self._mode == "stream" and time.monotonic() - self._began_s > self._stream_s:
            await self._fall_back()
        if self._mode == "stream" and not shown.startswith(self._shown):
            # The model began anew, as after a lost line; a stream cannot take back.
            await self._fall_back()
        try:
            if self._mode == "new":
                await self._begin(shown)
            elif self._mode == "stream":
                if not self._streams.may_append():
                    return True
                await self._streams.append(self._spot.channel_id, self._ts, shown[len(self._shown) :])
            elif self._streams.may_update():
                await self._update(fallback(shown), [markdown_block(shown)])
            else:
                return True
        except SlackError as error:
            await self._mend(error)
            return True
        self._shown = shown
        return True

    async def _begin(self, shown: str) -> None:
        """Open with a stream, else with a message of its own that is updated."""
        self._ts = await self._start(shown)
        if self._ts:
            self._mode, self._began_s = "stream", time.monotonic()
            await self._records.drafts.posted(self._post_id, ts=self._ts)
            return
        line, blocks = fallback(shown), [markdown_block(shown)]
        self._ts, posted = await self._posts.once(
            self._post_id, self._spot, line, blocks, run_id=self._run_id
        )
        self._mode = "update"
        if not posted and self._streams.may_update():
            await self._update(line, blocks)

    async def _start(self, shown: str) -> str:
        """Start a stream in the run's place and return its `ts`; empty when there is none, or nobody knows."""
        claim = await self._records.drafts.claim_post(
            self._post_id,
            team_id=self._run_id.partition(":")[0],
            run_id=self._run_id,
            channel_id=self._spot.channel_id,
        )
        if claim.restored or not claim.first:
            return ""
        ts = ""
        try:
            ts = await self._streams.start(
                self._spot.channel_id, thread_ts=self._spot.thread_ts, markdown=shown
            )
        except SlackError as error:
            log.info("run=%s no stream: %s", self._run_id, error)
            if error.transient and error.code != "ratelimited":
                # It may stand all the same: the claim stays, and whoever posts next looks for it.
                return ""
        if not ts:
            await self._records.drafts.forget_post(self._post_id)
        return ts

    async def _update(self, line: str, blocks: list[dict[str, Any]]) -> None:
        await self._delivery.update(self._spot.channel_id, self._ts, text=line, blocks=blocks)

    async def _fall_back(self) -> None:
        """End the stream, if one runs, and go on by updating the same message."""
        if self._ts:
            await self._streams.stop(self._spot.channel_id, self._ts)
        self._mode = "update" if self._ts else "new"

    async def _mend(self, error: SlackError) -> None:
        """Do what a refusal asks for."""
        log.info("run=%s preview: %s", self._run_id, error)
        if error.code == "stopped_by_user":
            self._mode = "off"
            await self._stopped()
        elif error.code in _FALLEN or (
            self._mode == "stream" and error.code != "ratelimited" and error.transient
        ):
            # Whether a lost append was taken is not known; an update says all of it once.
            await self._fall_back()
        elif not error.transient:
            self._mode = "off"
