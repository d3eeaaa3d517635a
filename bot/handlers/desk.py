"""The desk that handlers work at: read with the asker's rights, ask the model once, book what it cost."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bot.context import (
    Context,
    Files,
    Place,
    Transcript,
    files_in,
    permalink,
    speakers,
    write_transcript,
)
from bot.handlers.admission import admit
from bot.handlers.budget import reserve
from bot.handlers.gate import Gate, Passage
from bot.llm import LLM, Answer, Image, LLMError, Spoken
from bot.records import Records
from bot.records.ledger import Call, Paid
from bot.tasks import Firm, Identity, Run, Task, UserError, put_firm
from bot.wire import SlackError

if TYPE_CHECKING:
    from pydantic import BaseModel

PREVIEW_EVERY_S = 0.2
"""How often an unfinished answer is checked for what may be read along; Slack takes one piece a second."""


@dataclass(frozen=True)
class Brief:
    """What a handler is asked to do.

    Attributes:
        version: the version to write; from 2 on, *before* holds the text of the one before it.
        instruction: what should be different this time.
        tell: shows how far a long run is; best effort.
        shown: takes a text while it is written, and the sources that its numbers stand for; None where nobody
            reads along.
        halt: is set when the asker pressed Stop.
    """

    run: Run
    task: Task
    company: str
    version: int = 1
    instruction: str = ""
    before: str = ""
    tell: Callable[[int, int], Awaitable[None]] | None = None
    shown: Callable[[str, Mapping[str, str]], None] | None = None
    halt: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True)
class Conversation:
    """A thread, or a part of a channel, ready for the model; `files` are the ids of those in it, newest first."""

    transcript: Transcript
    channel_id: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Desk:
    """The rooms that a handler may use."""

    identity: Identity
    context: Context
    files: Files
    llm: LLM
    records: Records
    gate: Gate
    firm: Firm = field(default_factory=Firm)
    about: str = ""
    unbooked: dict[str, tuple[Call, Paid, str]] = field(default_factory=dict)

    async def company(self, team_id: str) -> str:
        """Return who the firm is and how it sounds: as told in Slack, else as `_company.md` says."""
        return (await self.records.firms.get(team_id)).get("about") or self.about

    async def firm_of(self, team_id: str) -> Firm:
        """Return what documents say about the firm: as told in Slack, line by line, else as `_company.md` says."""
        return put_firm(self.firm, await self.records.firms.get(team_id))

    async def sender(self, team_id: str) -> Firm:
        """Return who sends documents: the firm, by the workspace's name where it gives none of its own."""
        firm = await self.firm_of(team_id)
        return replace(firm, name=firm.name or self.identity.team)

    async def read_thread(self, run: Run) -> Conversation:
        """Read the thread of *run*, if its asker may.

        Raises:
            UserError: there is nothing to read, or the asker may not.
        """
        place = Place(run.source_channel_id, run.source_ts)
        await self.context.check_may_read(place.channel_id, run.user_id)
        messages = await self.context.thread(place)
        return await self._conversation(run, messages)

    async def read_span(self, run: Run) -> Conversation:
        """Read the part of a channel that *run* is about, if its asker may.

        Raises:
            UserError: there is nothing to read, or the asker may not.
        """
        await self.context.check_may_read(run.source_channel_id, run.user_id)
        messages = await self.context.span(
            run.source_channel_id, oldest=run.source_oldest, latest=run.source_latest
        )
        if run.source_since == "missed":
            mine = [float(one["ts"]) for one in messages if one.get("user") == run.user_id]
            last = max((ts for ts in mine if f"{ts:.6f}" != run.message_ts), default=0.0)
            messages = [one for one in messages if float(one["ts"]) > last]
            if not messages:
                raise UserError("nothing-missed")
        return await self._conversation(run, messages)

    async def _conversation(self, run: Run, messages: list[dict[str, Any]]) -> Conversation:
        ids = speakers(self.identity, messages)
        known = await self.records.people.get(run.team_id, ids)
        fresh = await self.context.people(ids - known.keys())
        if fresh:
            await self.records.people.put(fresh)
        names = {person.user_id: person.name for person in (*known.values(), *fresh)}
        transcript = write_transcript(self.identity, messages, names, skip_ts=run.message_ts)
        files = files_in(self.identity, messages)
        return Conversation(transcript=transcript, channel_id=run.source_channel_id, files=files)

    async def admit(self, run: Run, task: Task, *, at_the_gate: bool = False) -> None:
        """Make sure that *run* may be carried out; whoever reads or asks for it comes by here first.

        Args:
            at_the_gate: for the second look, before anything leaves: Slack is not asked once more.

        Raises:
            UserError: a rule refuses it; the text says which, and whom to ask. `AcceptError`: its asker is to
                accept the guideline first.
        """
        await admit(self, run, task, at_the_gate=at_the_gate)

    async def is_admin(self, user_id: str) -> bool:
        """Ask Slack whether somebody is an admin at this moment.

        Raises:
            SlackError: Slack does not tell.
        """
        people = await self.context.people({user_id})
        if not people:
            raise SlackError("users.info", "server")
        return people[0].is_admin and not people[0].is_guest

    def stands_alone(self, run: Run) -> bool:
        """Say whether the request is a mention at top level: there is no thread but itself."""
        return bool(run.source_ts) and run.source_ts == run.message_ts

    def permalinks(self, conversation: Conversation) -> dict[str, str]:
        """Return message number -> permalink."""
        transcript = conversation.transcript
        return {
            number: permalink(
                self.identity, Place(conversation.channel_id, ts, transcript.threads.get(number, ""))
            )
            for number, ts in transcript.ts.items()
        }

    async def ask(
        self,
        brief: Brief,
        *,
        system: list[str],
        user: str,
        base: str = "",
        shape: type[BaseModel] | None = None,
        images: Sequence[Image] = (),
        tell: Callable[[str], None] | None = None,
        own_links: bool = False,
    ) -> Paid:
        """Ask the model, or return the answer to the same question that this run has paid already.

        What is personal in *user* leaves as tokens and is put back in the answer (`bot.handlers.gate`).

        Args:
            base: what stands before *user* and comes again in other runs: kept in the prompt cache; without a
                *shape*, as the end of the system prompt.
            shape: what the answer must be an object of; its JSON, checked, is then the text.
            images: what it looks at; with a *shape* only.
            tell: takes the text so far while it is written, where the answer is to be read along.
            own_links: the handler itself takes out links that were not given.

        Raises:
            UserError: something in *user* must not leave, or the answer must not come in.
            LLMError: there is no usable answer; what it cost is booked.
            BudgetError: a limit leaves no room for it.
        """
        passage = await self.let_out(brief, system=system, user=user, base=base)
        links = "" if own_links else self._own_links
        show = self._through_gate(passage, tell, ours=links) if tell is not None else None
        asked = [system, base, user] if base else [system, user]
        paid = await self._pay(brief, passage, asked=asked, shape=shape, images=images, tell=show)
        return self.gate.let_in(passage, paid, is_object=shape is not None, ours=links)

    async def let_out(self, brief: Brief, *, system: list[str], user: str, base: str = "") -> Passage:
        """Return a question as it may leave; for those who send it another way than `ask`.

        Raises:
            UserError: something in *user* must not leave, or the run may not be carried out.
        """
        run = brief.run
        await self.admit(run, brief.task, at_the_gate=True)
        firm = await self.firm_of(run.team_id)
        ours = (firm.name, *firm.address, firm.email, firm.phone, firm.kvk, firm.vat_id, firm.iban)
        public = "\n".join((brief.company, await self.company(run.team_id), *ours))
        return await self.gate.let_out(
            run, brief.task, version=brief.version, system=system, user=user, public=public, base=base
        )

    def let_in(self, passage: Passage, paid: Paid) -> Paid:
        """Return the answer to what `let_out` returned as it may be shown.

        Raises:
            UserError: the answer must not come in.
        """
        return self.gate.let_in(passage, paid, is_object=False, ours=self._own_links)

    @property
    def _own_links(self) -> str:
        return f"{self.identity.url.rstrip('/')}/archives/"

    def _through_gate(
        self, passage: Passage, tell: Callable[[str], None], *, ours: str
    ) -> Callable[[str], None]:
        """Let an unfinished answer be read along as far as it may; checked a few times a second, not at each word."""
        checked_s, newest = -PREVIEW_EVERY_S, ""
        later: asyncio.TimerHandle | None = None

        def check() -> None:
            nonlocal checked_s, later
            if later is not None:
                later.cancel()
            checked_s, later = time.monotonic(), None
            tell(self.gate.preview(passage, newest, ours=ours))

        def show(so_far: str) -> None:
            nonlocal newest, later
            newest = so_far
            wait_s = checked_s + PREVIEW_EVERY_S - time.monotonic()
            if wait_s <= 0:
                check()
            elif later is None:
                # The model may pause just now: what it wrote before is shown all the same.
                later = asyncio.get_running_loop().call_later(wait_s, check)

        return show

    async def _pay(
        self,
        brief: Brief,
        passage: Passage,
        *,
        asked: list[Any],
        shape: type[BaseModel] | None,
        images: Sequence[Image],
        tell: Callable[[str], None] | None,
    ) -> Paid:
        """Send *passage*, unless *asked*, what it was before it was masked, is paid already."""
        run, task = brief.run, brief.task
        question = [task.model, *asked, brief.version, shape.__name__ if shape else ""]
        question += [hashlib.sha256(image.content).hexdigest() for image in images]
        mark = hashlib.sha256(json.dumps(question).encode()).hexdigest()[:16]
        call_id = f"{run.run_id}#{brief.version}#{mark}"
        paid = await self.records.ledger.paid(call_id)
        if paid is not None:
            return paid
        if call_id in self.unbooked:
            return await self._book(*self.unbooked[call_id])
        if brief.halt.is_set():
            raise LLMError("stopped", "before it was asked")
        # Each attempt is a call of its own: none of them may hide another one's cost.
        attempt = f"{call_id}!{uuid.uuid4().hex[:8]}"
        await reserve(self, brief, call_id, attempt, [*passage.system, passage.said], images=len(images))
        spoken = Spoken(tell)
        asking = self._answer(task, passage, shape=shape, images=images, spoken=spoken if tell else None)
        try:
            answer = await self._unless_halted(brief, asking, spoken)
        except LLMError as error:
            failed = write_call(attempt, run.run_id, error)
            if error.kind in ("cut_off", "stopped") and error.partial and shape is None:
                paid = Paid(text=error.partial, model=error.model, cut=True)
                return await self._book(replace(failed, call_id=call_id), paid, attempt)
            if error.usage is not None or error.maybe_paid or error.kind == "stopped":
                await self.records.ledger.book(failed, attempt=attempt)
            else:
                await self.records.ledger.end_call(attempt)
            raise
        text = answer.text if answer.data is None else json.dumps(answer.data, ensure_ascii=False)
        paid = Paid(text=text, model=answer.model)
        call = write_call(call_id, run.run_id, answer, duration_ms=answer.duration_ms)
        return await self._book(call, paid, attempt)

    async def _book(self, call: Call, paid: Paid, attempt: str) -> Paid:
        """Book a call; while the disk is full its answer waits here, so that it is not paid again."""
        self.unbooked[call.call_id] = (call, paid, attempt)
        await self.records.ledger.book(call, answer=paid, attempt=attempt)
        del self.unbooked[call.call_id]
        return paid

    async def _unless_halted(
        self, brief: Brief, asking: Coroutine[Any, Any, Answer], spoken: Spoken
    ) -> Answer:
        """Wait for an answer, or until the asker presses Stop: then its call is cancelled.

        Raises:
            LLMError: there is no answer; `stopped` holds what was written.
        """
        work, halted = asyncio.ensure_future(asking), asyncio.ensure_future(brief.halt.wait())
        try:
            await asyncio.wait({work, halted}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            raise _broken(spoken, self.llm.models[brief.task.model])
        finally:
            halted.cancel()
            work.cancel()
            await asyncio.wait({work})

    async def _answer(
        self,
        task: Task,
        passage: Passage,
        *,
        shape: type[BaseModel] | None,
        images: Sequence[Image],
        spoken: Spoken | None = None,
    ) -> Answer:
        user = passage.user
        if spoken is not None:
            return await self.llm.stream(
                model=task.model,
                system=passage.blocks,
                user=user,
                max_tokens=task.max_tokens,
                effort=task.effort,
                spoken=spoken,
            )
        if shape is None:
            return await self.llm.complete(
                model=task.model,
                system=passage.blocks,
                user=user,
                max_tokens=task.max_tokens,
                effort=task.effort,
            )
        return await self.llm.structured(
            model=task.model,
            system=passage.system,
            user=user,
            base=passage.base,
            shape=shape,
            max_tokens=task.max_tokens,
            effort=task.effort,
            images=images,
        )


def _broken(spoken: Spoken, model_id: str) -> LLMError:
    """Return what an answer comes to that nobody waited for to the end; its text ends with a whole word."""
    words = re.match(r"(?s)(.*)\s", spoken.text)
    return LLMError(
        "stopped",
        "in mid-answer",
        model=spoken.model or model_id,
        usage=spoken.usage,
        partial=words[1].strip() if words else "",
    )


def write_call(call_id: str, run_id: str, result: Answer | LLMError, *, duration_ms: int = 0) -> Call:
    """Return the ledger's row of a call: what it took where the server told, and how it ended."""
    usage = result.usage
    return Call(
        call_id=call_id,
        run_id=run_id,
        model=result.model,
        result="answered" if isinstance(result, Answer) else result.kind,
        input_tokens=usage.input_tokens if usage else None,
        output_tokens=usage.output_tokens if usage else None,
        cache_read_tokens=usage.cache_read_tokens if usage else None,
        cache_write_tokens=usage.cache_write_tokens if usage else None,
        cost_microusd=usage.cost_microusd if usage else None,
        duration_ms=duration_ms,
    )
