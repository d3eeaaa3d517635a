"""Runs in the messages tab while they are at work: their status, their title, their preview, and their Stop."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.delivery import Delivery
from bot.guard import clean
from bot.handlers import STREAMED
from bot.jobs.posts import Posts, Spot
from bot.jobs.previews import Preview
from bot.records import Records
from bot.streaming import Streams
from bot.tasks import Run, Task
from bot.texts import text

log = logging.getLogger(__name__)

STATUS_AGAIN_S = 100.0  # Slack takes a status down after two minutes
TITLE_CHARS = 60

_REFERENCE = re.compile(r"<[^<>]*>")


def in_messages_tab(run: Run) -> bool:
    """Say whether a run is a turn of a conversation in the messages tab."""
    return run.surface == "message" and bool(run.answer_channel_id and run.answer_thread_ts)


def title_of(run: Run, task: Task) -> str:
    """Return what a conversation is called in the list of them: what it begins with."""
    words = " ".join(_REFERENCE.sub("", clean(run.words)).split())
    if not words:
        return task.title_in(run.language)
    return words if len(words) <= TITLE_CHARS else words[:TITLE_CHARS].rsplit(" ", 1)[0] + " …"


@dataclass
class Talk:
    """One version while it is written.

    Attributes:
        preview: None where nobody reads along.
        halt: is set when the asker pressed Stop.
    """

    preview: Preview | None
    halt: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def shown(self) -> Callable[[str, Mapping[str, str]], None] | None:
        """What takes the text while it is written."""
        return None if self.preview is None else self.preview.show


class Talks:
    """Knows which runs are being written, and tells Slack how their conversations stand."""

    def __init__(
        self, *, streams: Streams, posts: Posts, delivery: Delivery, records: Records, stream_s: float
    ) -> None:
        self._streams = streams
        self._posts = posts
        self._delivery = delivery
        self._records = records
        self._stream_s = stream_s
        self._open: dict[str, Talk] = {}

    async def begin(self, run: Run, task: Task) -> bool:
        """Say under the asker's message that we are at work; True when that stands for a placeholder.

        It does where a stream will follow; else, and where Slack shows no status, a message has to say it.
        """
        if not in_messages_tab(run):
            return False
        title = title_of(run, task)
        place = (run.answer_channel_id, run.answer_thread_ts)
        shown, session = await asyncio.gather(
            self._streams.set_status(*place, text("status.working", run.language)),
            self._streams.set_session(*place, "processing", title=title),
        )
        if run.opens_thread and not session:
            await self._streams.set_title(*place, title)
        return shown and task.handler in STREAMED

    async def end(self, run: Run) -> None:
        """Say that nothing is being written any more; best effort."""
        if in_messages_tab(run):
            place = (run.answer_channel_id, run.answer_thread_ts)
            await asyncio.gather(
                self._streams.set_status(*place, ""), self._streams.set_session(*place, "active")
            )

    @asynccontextmanager
    async def writing(self, run: Run, task: Task, version: int) -> AsyncIterator[Talk]:
        """Let a version be read along and be stopped while it is written."""
        talk = Talk(self._preview(run) if in_messages_tab(run) and task.handler in STREAMED else None)
        # Known before the records are asked: a Stop of this moment is met by the one or the other.
        self._open[run.run_id] = talk
        status = asyncio.create_task(self._keep_status(run))
        try:
            if version > 1:
                await self.begin(run, task)
            if await self._records.conversations.is_stopped(run.run_id, version):
                talk.halt.set()
            yield talk
        except asyncio.CancelledError:
            # The bot ends. Its next start finds the message as it stands, and nothing may wait any more.
            if talk.preview is not None:
                talk.preview.drop()
            raise
        finally:
            self._open.pop(run.run_id, None)
            status.cancel()
            if talk.preview is not None:
                await talk.preview.close()

    async def say(self, run: Run, sentence: str) -> bool:
        """Say something where the text of a run is being written; False when none is."""
        talk = self._open.get(run.run_id)
        if talk is None or talk.preview is None:
            return False
        await talk.preview.say(sentence)
        return True

    def halt(self, run_id: str) -> None:
        """Stop the writing of a run; that somebody wants it is stored already."""
        talk = self._open.get(run_id)
        if talk is not None:
            talk.halt.set()

    def _preview(self, run: Run) -> Preview:
        async def stopped() -> None:
            # Slack says so before its event comes, or instead of it.
            runs = await self._records.conversations.stop(
                run.team_id,
                run.user_id,
                channel_id=run.answer_channel_id,
                thread_ts=run.answer_thread_ts,
            )
            for run_id in runs:
                self.halt(run_id)

        return Preview(
            streams=self._streams,
            posts=self._posts,
            delivery=self._delivery,
            records=self._records,
            run_id=run.run_id,
            spot=Spot(run.answer_channel_id, run.answer_thread_ts),
            language=run.language,
            stream_s=self._stream_s,
            stopped=stopped,
        )

    async def _keep_status(self, run: Run) -> None:
        """Say again that we are at work before Slack forgets it."""
        while in_messages_tab(run):
            await asyncio.sleep(STATUS_AGAIN_S)
            await self._streams.set_status(
                run.answer_channel_id, run.answer_thread_ts, text("status.working", run.language)
            )
