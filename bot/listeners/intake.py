"""What every listener does with a payload: commit it, and only then let Slack have its ack."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot import jobs
from bot.context import Place, find_link
from bot.delivery import Delivery
from bot.handlers.admission import check_channels
from bot.listeners.spans import Span, find_span
from bot.llm import Offer
from bot.records import Records, WorkspaceSettings
from bot.records.bulk import set_of
from bot.streaming import Streams
from bot.tasks import ANSWER as ANSWER
from bot.tasks import (
    Doubt,
    Firm,
    Identity,
    Language,
    Person,
    Run,
    Task,
    UserError,
    doubt,
    find_task,
    nearest_tasks,
    recognise,
)
from bot.tasks.knowledge import ASK, asks_knowledge
from bot.tasks.material import is_bare
from bot.texts import text
from bot.wire import SlackError

log = logging.getLogger(__name__)

QUIET_S = 0.004  # without a request for so long, the acks of a moment are out
MOST_LOOKS = 60
QUEUED_WITHIN_S = 0.4  # else it is acked all the same, and its place in the order is where it comes
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


def whose(body: dict[str, Any]) -> tuple[str, str]:
    """Return who pressed or typed something, and the conversation they did it in; empty for a form or a tab."""
    channel = body.get("channel_id") or (body.get("channel") or {}).get("id") or ""
    return body.get("user_id") or body["user"]["id"], channel


@dataclass
class Intake:
    """What the listeners share.

    Attributes:
        holds: the workspace's settings; `language` and `zone` are theirs.
        own_models: the model ids of the environment, by the name of the setting.
        on_settings: told of new settings, so that they hold at once everywhere.
        taking_over: held while what stands in the records is read, or written, and made to hold: of two who do so at
            once the later one's stays.
        stir: told of a person whose Home tab says something else now; `stir_all` of everybody's.
    """

    records: Records
    delivery: Delivery
    posts: jobs.Posts
    tasks: dict[str, Task]
    identity: Identity
    holds: WorkspaceSettings
    models: Offer
    own_models: dict[str, str]
    streams: Streams
    admins_of: Any = None
    sent: Callable[[str, int], Awaitable[list[str]]] | None = None
    sender_of: Callable[[str], Awaitable[Firm]] | None = None
    on_settings: Callable[[WorkspaceSettings], None] = lambda _: None
    stir: Callable[[str], None] = lambda _: None
    stir_all: Callable[[], None] = lambda: None
    templates: set[str] = field(default_factory=set)
    taking_over: asyncio.Lock = field(default_factory=asyncio.Lock)
    _background: set[asyncio.Task[Any]] = field(default_factory=set)
    _accepting: int = 0
    _accepted_at: float = 0.0

    @property
    def language(self) -> Language:
        """The language of the workspace."""
        return self.holds.language

    @property
    def zone(self) -> ZoneInfo:
        """Where the firm is."""
        return self.holds.zone

    @property
    def team_id(self) -> str:
        """The workspace."""
        return self.identity.team_id

    @property
    def bot_user_id(self) -> str:
        """Who we are in it."""
        return self.identity.bot_user_id

    def hold(self, settings: WorkspaceSettings) -> None:
        """Let new settings hold from now on."""
        self.holds = settings
        self.on_settings(settings)

    async def accept(self, run: Run, *, choosing: bool = False) -> bool:
        """Commit a request and let it start; False when it is the same delivery once more.

        Args:
            choosing: its task is not known yet, and the run finds out.

        Raises:
            TimeoutError, STORE_ERRORS: it is not stored: no ack, Slack sends it again.
        """
        task = self.tasks.get(run.task)
        if task is not None and task.table is not None and run.files and not choosing:
            return await self._accept_set(run)
        self._accepting += 1
        try:
            async with asyncio.timeout(COMMIT_WITHIN_S):
                first = await self.records.requests.add(run, choosing=choosing)
        finally:
            self._accepting -= 1
            self._accepted_at = asyncio.get_running_loop().time()
        if first:
            starting = self.later(self._start(run))
            if jobs.share_a_queue():
                # What somebody asks next may reach another replica: it must find this in the queue before it.
                await asyncio.wait({starting}, timeout=QUEUED_WITHIN_S)
        return first

    async def _accept_set(self, run: Run) -> bool:
        """Commit a table that a text per row is asked for; it is no run: each of its texts is one."""
        one = set_of(run)
        async with asyncio.timeout(COMMIT_WITHIN_S):
            first = await self.records.bulk.add(one)
        if first:
            self.later(jobs.carry_on(one.set_id))
            if run.channel_id and not run.channel_id.startswith("D"):
                sentence = text("bulk.elsewhere", run.language)
                self.later(self.tell_once(run.run_id, run.channel_id, run.user_id, sentence))
        return first

    async def _start(self, run: Run) -> None:
        """Start a run when the acks of its moment are out: an ack has a deadline, a start has none.

        Starting competes with acks for the processor; a flood delays it by a quarter of a second at most.
        """
        loop = asyncio.get_running_loop()
        for _ in range(0 if jobs.share_a_queue() else MOST_LOOKS):
            if not self._accepting and loop.time() >= self._accepted_at + QUIET_S:
                break
            await asyncio.sleep(QUIET_S)
        await jobs.start(run)

    async def tell_once(
        self,
        run_id: str,
        channel_id: str,
        user_id: str,
        sentence: str,
        *,
        thread_ts: str = "",
        blocks: list[dict[str, Any]] | None = None,
    ) -> None:
        """Tell the asker something about a delivery; the same delivery once more tells nothing."""
        claim = await self.records.drafts.claim_post(
            f"{run_id}/told", team_id=self.team_id, run_id=run_id, channel_id=channel_id
        )
        if claim.first:
            await self.delivery.tell(channel_id, user_id, sentence, thread_ts=thread_ts, blocks=blocks)

    async def show_form(self, body: dict[str, Any], view: dict[str, Any], *, over: bool = False) -> str:
        """Open a form for who pressed or typed something and return its view id.

        When Slack did not open it, the id is empty and the person is told: a trigger lives for three seconds,
        so they can press again.

        Args:
            body: what Slack told of the press or the command.
            over: on top of the form that is open.
        """
        try:
            opening = self.delivery.push_form if over else self.delivery.open_form
            return await opening(body["trigger_id"], view)
        except SlackError as error:
            log.warning("the form was not opened: %s", error)
            await self.answer(body, text("form.not-opened", self.language))
            return ""

    async def answer(self, body: dict[str, Any], sentence: str) -> None:
        """Tell who pressed or typed something a sentence, where they are."""
        user_id, channel_id = whose(body)
        await self.tell(user_id, sentence, channel_id=channel_id)

    async def answer_about(self, body: dict[str, Any], key: str, run: Run | None) -> None:
        """Tell who pressed something about a run why nothing changed; the sentence may name whose it is."""
        await self.answer(body, text(key, self.language, user=f"<@{run.user_id}>" if run else ""))

    def later(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Do *work* after the ack; what it leaves undone, the sweep or the person does again."""
        # Apart from whoever asks for it: within a workflow, DBOS would take what is done here for its next step.
        task = asyncio.create_task(work, context=Context())
        self._background.add(task)
        task.add_done_callback(self._finished)
        return task

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
        task, rest = recognise(self.offered(), words, default=ANSWER, sentence=_SLACK_LINK.sub(" ", words))
        if ASK in self.tasks and task is None and asks_knowledge(words):
            return self.tasks[ASK], words
        head = words[: len(words) - len(rest)].strip()
        if task is not None and task.name == ASK and not head.endswith(":") and not asks_knowledge(words):
            # "Ask Ben for the address" is no question to documents.
            return None, words
        return task, rest

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

    def source(
        self, words: str, *, otherwise: Place | None = None, here: str = "", task: Task | None = None
    ) -> tuple[Source, str]:
        """Return what *words* are about, and the words without it: a message they link to, or a part of a channel.

        Args:
            otherwise: the thread that it was said in.
            here: the channel that it was said in, for words like "since monday"; empty where that is no channel.
            task: what is asked for. In a note that says "called Mrs Smit today" the day is part of the note.
        """
        place = find_link(words)
        if place is not None:
            return place, _SLACK_LINK.sub("", words).strip()
        # Inside a thread "since monday" means little; a channel that is named does.
        span, rest = find_span(words, here=here, moment=datetime.now(UTC), zone=self.zone)
        if span is not None and task is not None and task.deliver == "private" and not is_bare(rest, task):
            span, rest = find_span(words, here="", moment=datetime.now(UTC), zone=self.zone)
        return (span, rest) if span is not None else (otherwise, words)

    def check_material(self, task: Task, source: Source, words: str, *, form: bool = False) -> None:
        """Make sure that a task has something to work from; *form* says that its own fields, or files, hold something.

        Raises:
            UserError: it has not; the text says how to give it some.
        """
        if task.reads_conversation and source is None and task.deliver == "thread" and not form:
            raise UserError("summarize-how")
        if task.reads_conversation and source is None and not (words or form):
            raise UserError("material-how")
        if source is None and words and not any(character.isalnum() for character in words):
            raise UserError("nothing-to-say")

    async def check_welcome(self, channel_id: str, source: Source) -> None:
        """Make sure that a request is about, and answered in, channels where the bot may read and write.

        The run looks again, at all rules; here the asker reads it at once, and nothing is written there.

        Raises:
            UserError: one is not; the text names where the bot is welcome, or whose rule it is.
        """
        guideline = await self.records.guidelines.current(self.team_id)
        check_channels(self.holds, guideline, channel_id, source.channel_id if source else "")

    async def sender(self) -> Firm:
        """Return what documents say about the firm."""
        return await self.sender_of(self.team_id) if self.sender_of is not None else Firm()

    async def may_review(self, run: Run, user_id: str) -> bool:
        """Say whether *user_id* may decide on the draft of *run*: its asker, whom admins named, or an admin."""
        named = user_id in self.holds.reviewers
        return named or user_id == run.user_id or await self.is_admin(user_id)

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
        person = await self.person(user_id)
        return person is not None and person.is_admin and not person.is_guest

    async def is_insider(self, user_id: str) -> bool:
        """Say whether somebody is a full member of the workspace: no guest, and of no other firm."""
        person = await self.person(user_id)
        return person is not None and not person.is_guest

    async def person(self, user_id: str) -> Person | None:
        """Return who somebody is; Slack is asked when it is not known, None when it does not tell."""
        known = await self.records.people.get(self.team_id, {user_id})
        if user_id not in known and self.admins_of is not None:
            fresh = await self.admins_of({user_id})
            await self.records.people.put(fresh)
            known = {person.user_id: person for person in fresh}
        return known.get(user_id)
