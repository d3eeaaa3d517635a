"""What every listener does with a payload: commit it, and only then let Slack have its ack."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot import jobs
from bot.context import Place, find_link
from bot.delivery import Delivery
from bot.listeners.spans import Span, find_span
from bot.records import Records
from bot.tasks import ANSWER as ANSWER
from bot.tasks import Doubt, Language, Run, Task, UserError, doubt, find_task, nearest_tasks, recognise
from bot.texts import text
from bot.wire import SlackError

log = logging.getLogger(__name__)

QUIET_S = 0.004  # without a request for so long, the acks of a moment are out
MOST_LOOKS = 60
COMMIT_WITHIN_S = 2.5  # Slack waits three seconds; later than this it gets a 500 and sends again

_SLACK_LINK = re.compile(r"<?https://[^\s<>|]+/archives/[A-Z0-9]+/p\d+[^\s<>|]*(?:\|[^<>]*)?>?")


Source = Place | Span | None
"""What a request is about: a message, a part of a channel, or nothing but its own words."""


def aim(run: Run, source: Source) -> Run:
    """Return a run that is about *source*."""
    if isinstance(source, Span):
        return replace(
            run,
            source_channel_id=source.channel_id,
            source_oldest=f"{source.oldest.timestamp():.6f}",
            source_latest=f"{source.latest.timestamp():.6f}" if source.latest else "",
            source_since=source.since,
        )
    if source is None:
        return run
    return replace(run, source_channel_id=source.channel_id, source_ts=source.thread_ts or source.ts)


@dataclass
class Intake:
    """What the listeners share."""

    records: Records
    delivery: Delivery
    posts: jobs.Posts
    tasks: dict[str, Task]
    language: Language
    zone: ZoneInfo
    team_id: str
    bot_user_id: str
    sent: Callable[[str, int], Awaitable[list[str]]]
    admins_of: Any = None
    templates: set[str] = field(default_factory=set)
    _background: set[asyncio.Task[Any]] = field(default_factory=set)
    _accepting: int = 0
    _accepted_at: float = 0.0

    async def accept(self, run: Run, *, choosing: bool = False) -> bool:
        """Commit a request and let it start; False when it is the same delivery once more.

        Args:
            choosing: its task is not known yet, and the run finds out.

        Raises:
            TimeoutError, sqlite3.Error: it is not stored: no ack, Slack sends it again.
        """
        self._accepting += 1
        try:
            async with asyncio.timeout(COMMIT_WITHIN_S):
                first = await self.records.requests.add(run, choosing=choosing)
        finally:
            self._accepting -= 1
            self._accepted_at = asyncio.get_running_loop().time()
        if first:
            self.later(self._start(run))
        return first

    async def _start(self, run: Run) -> None:
        """Start a run when the acks of its moment are out: an ack has a deadline, a start has none.

        Starting competes with acks for the processor; a flood delays it by a quarter of a second at most.
        """
        loop = asyncio.get_running_loop()
        for _ in range(MOST_LOOKS):
            if not self._accepting and loop.time() >= self._accepted_at + QUIET_S:
                break
            await asyncio.sleep(QUIET_S)
        await jobs.start(run)

    async def tell_once(
        self, run_id: str, channel_id: str, user_id: str, sentence: str, *, thread_ts: str = ""
    ) -> None:
        """Tell the asker something about a delivery; the same delivery once more tells nothing."""
        claim = await self.records.drafts.claim_post(f"{run_id}/told", run_id=run_id, channel_id=channel_id)
        if claim.first:
            await self.delivery.tell(channel_id, user_id, sentence, thread_ts=thread_ts)

    def later(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do *work* after the ack; what it leaves undone, the sweep or the person does again."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("after the ack: %s", type(error).__name__, exc_info=error)

    async def drain(self) -> None:
        """Wait for what was promised after acks."""
        if self._background:
            await asyncio.wait(self._background, timeout=5)

    def named(self, words: str) -> tuple[Task | None, str]:
        """Return the task whose name *words* begin with, else the one that they ask for, and the rest."""
        task, rest = find_task(self.offered(), words)
        return (task, rest) if task else self.recognise(words)

    def recognise(self, words: str) -> tuple[Task | None, str]:
        """Return the task that a sentence asks for, and the rest of it; none when it leaves a doubt."""
        return recognise(self.offered(), words, default=ANSWER, sentence=_SLACK_LINK.sub(" ", words))

    def offered(self) -> dict[str, Task]:
        """Return the tasks that people may ask for by name; the plain answer is one of them."""
        return {name: task for name, task in self.tasks.items() if task.listed or name == ANSWER}

    def put_template(self, task: Task) -> None:
        """Let a template be the task of its name from now on; whoever holds the tasks sees it."""
        self.templates.add(task.name)
        self.tasks[task.name] = task

    def listed(self) -> dict[str, Task]:
        """Return the tasks that stand in lists and forms."""
        return {name: task for name, task in self.tasks.items() if task.listed}

    def in_doubt(self, words: str, *, draft_open: bool) -> Doubt | None:
        """Return what is open about words that name no task; None when they are plainly no wish for a text."""
        sentence = _SLACK_LINK.sub(" ", words)
        return doubt(self.offered(), words, default=ANSWER, sentence=sentence, draft_open=draft_open)

    def unknown(self, words: str) -> str:
        """Say that there is no such task, and which ones come near."""
        word = words.split()[0][:40]
        names = nearest_tasks(self.offered(), word) or list(self.listed())
        return text(
            "unknown-task", self.language, name=word, nearest=", ".join(f"`{name}`" for name in names)
        )

    def source(self, words: str, *, otherwise: Place | None = None, here: str = "") -> tuple[Source, str]:
        """Return what *words* are about, and the words without it: a message they link to, or a part of a channel.

        Args:
            otherwise: the thread that it was said in.
            here: the channel that it was said in, for words like "since monday"; empty where that is no channel.
        """
        place = find_link(words)
        if place is not None:
            return place, _SLACK_LINK.sub("", words).strip()
        # Inside a thread "since monday" means little; a channel that is named does.
        span, rest = find_span(words, here=here, moment=datetime.now(UTC), zone=self.zone)
        return (span, rest) if span is not None else (otherwise, words)

    def check_material(self, task: Task, source: Source, words: str, *, form: bool = False) -> None:
        """Make sure that a task has something to work from; *form* says that its own fields hold something.

        Raises:
            UserError: it has not; the text says how to give it some.
        """
        if task.reads == "thread" and source is None and task.deliver == "thread":
            raise UserError("summarize-how")
        if task.reads == "thread" and source is None and not (words or form):
            raise UserError("material-how")
        if source is None and words and not any(character.isalnum() for character in words):
            raise UserError("nothing-to-say")

    async def may_review(self, run: Run, user_id: str) -> bool:
        """Say whether *user_id* may decide on the draft of *run*: its asker, or an admin."""
        return user_id == run.user_id or await self.is_admin(user_id)

    async def tell(self, user_id: str, sentence: str, *, channel_id: str = "") -> None:
        """Tell one person something where they are; who sent in a form is nowhere: in their messages tab."""
        try:
            channel_id = channel_id or await self.records.people.messages_tab(self.team_id, user_id)
            channel_id = channel_id or await self.delivery.messages_tab(user_id)
        except SlackError as error:
            log.warning("%s was not told: %s", user_id, error)
            return
        await self.delivery.tell(channel_id, user_id, sentence)

    async def is_admin(self, user_id: str) -> bool:
        """Say whether somebody is an admin or owner of the workspace; Slack is asked when it is not known."""
        known = await self.records.people.get(self.team_id, {user_id})
        if user_id not in known and self.admins_of is not None:
            fresh = await self.admins_of({user_id})
            await self.records.people.put(fresh)
            known = {person.user_id: person for person in fresh}
        return user_id in known and known[user_id].is_admin and not known[user_id].is_guest
