"""The stage: a case becomes a thread in the local Slack and goes through the bot's own rooms, as a request would."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bot.context import Context, Files
from bot.delivery import client
from bot.guard import open_vault
from bot.handlers import HANDLERS, Brief, Desk, Gate
from bot.knowledge import EVERYONE, make_passages
from bot.llm import LLM, LLMError
from bot.quotes.pricelist import read_prices
from bot.reading import read_content, read_sheet
from bot.records import Records
from bot.records.knowledge import Document
from bot.records.screening_rules import ScreeningRules
from bot.sandbox.slack import Slack
from bot.tasks import Draft, Identity, Run, Task, UserError
from bot.texts import text
from bot.views.blocks import link_sources
from bot.wire import Wire
from tests.evals.cases import Case, CaseError
from tests.tables import lay_tables

ASKER = "UASKER"
RULES = ScreeningRules("evidence", "6(1)(f)", "2026-11-02", ASKER, 4, "AI reads along", "none", "confirmed")
"""What an admin filled in, so that a vacancy may be taken."""


@dataclass(frozen=True)
class Written:
    """What came of a case.

    Attributes:
        draft: None when there is none; *fault* then says why.
        document: of a quote, what its PDF would say.
        cost_microusd: None when a price is not known.
        numbered: the thread as the model saw it.
    """

    draft: Draft | None
    fault: str = ""
    document: dict[str, Any] | None = None
    duration_ms: int = 0
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_microusd: int | None = None

    @property
    def text(self) -> str:
        """Return the draft's own words."""
        return self.draft.text if self.draft else ""

    def seen(self, case: Case) -> str:
        """Return what a person sees in Slack: the sources as links, the notes below."""
        if self.draft is None:
            return ""
        shown = link_sources(self.draft.text, self.draft.sources, case.language)
        return "\n\n".join([shown, *self.draft.notes])


@dataclass
class Stage:
    """The rooms that every case shares."""

    slack: Slack
    context: Context
    files: Files
    identity: Identity
    tasks: dict[str, Task]
    _people: dict[str, str] = field(default_factory=dict)

    async def play(self, case: Case, llm: LLM) -> Written:
        """Let the task's own handler draft *case* with *llm*; what goes wrong is told, not raised."""
        task = self.tasks[case.task]
        run = self._set(case)
        with tempfile.TemporaryDirectory(prefix="tijdwinst-eval-") as folder:
            lay_tables(Path(folder))
            records = Records(Path(folder) / "records.sqlite")
            records.open()
            try:
                await _import_prices(records, case)
                if task.handler == "screening":
                    await records.screening_rules.put(run.team_id, RULES, user_id=ASKER)
                await _import_documents(records, case)
                await records.ledger.open(run, claimed_minutes=task.baseline_minutes)
                gate = Gate(records, open_vault(Path(folder)))
                desk = Desk(self.identity, self.context, self.files, llm, records, gate, case.firm)
                return await _draft(desk, Brief(run=run, task=task, company=case.company))
            finally:
                await records.close()

    def _set(self, case: Case) -> Run:
        """Write the thread of *case* into a channel of its own, and return the run that asks about it."""
        space = self.slack.workspace
        ids = {name: self._person(name) for name, _ in case.thread}
        channel = space.add_channel(
            space.new_id("C"), "eval", members=[ASKER, space.bot_user_id, *ids.values()]
        )
        root = ""
        for name, said in case.thread:
            named = re.sub(r"@([^\W\d_][\w'’-]*(?: [^\W\d_][\w'’-]*)*)", self._mention, said)
            message = space.add_message(channel.id, ids[name], named, thread_ts=root)
            root = root or str(message["ts"])
        return Run(
            run_id=f"{space.team_id}:{channel.id}:{space.new_id('R')}",
            team_id=space.team_id,
            channel_id=channel.id,
            user_id=ASKER,
            task=case.task,
            surface="command",
            language=case.language,
            words=case.words,
            inputs=dict(case.inputs),
            source_channel_id=channel.id if root else "",
            source_ts=root,
        )

    def _person(self, name: str) -> str:
        if name not in self._people:
            space = self.slack.workspace
            user_id = space.new_id("U")
            space.add_user(user_id, name.casefold().replace(" ", "."), name)
            self._people[name] = user_id
        return self._people[name]

    def _mention(self, found: re.Match[str]) -> str:
        """Write `@Bram de Haan` as Slack does when that is somebody here, else leave the words."""
        words = found[1].split(" ")
        for count in range(len(words), 0, -1):
            if (name := " ".join(words[:count])) in self._people:
                return " ".join([f"<@{self._people[name]}>", *words[count:]])
        return found[0]


@asynccontextmanager
async def open_stage(tasks: dict[str, Task]) -> AsyncIterator[Stage]:
    """Start a local Slack and tie the rooms that read from it."""
    async with Slack() as slack, aiohttp.ClientSession() as session:
        space = slack.workspace
        space.add_user(ASKER, "asker", "Asker")
        identity = Identity(
            team_id=space.team_id,
            url=space.url,
            bot_user_id=space.bot_user_id,
            bot_id=space.bot_id,
            team=space.name,
        )
        web = client(token=slack.token, base_url=f"{slack.url}/api/", session=session)
        wire = Wire()
        context = Context(web, wire, identity)
        yield Stage(slack, context, Files(web, wire, context), identity, tasks)


async def _import_prices(records: Records, case: Case) -> None:
    if not case.prices:
        return
    rows, faults = read_prices(read_sheet(case.prices.encode()))
    if faults:
        raise CaseError(f"{case.key}: {faults[0].word('en')}")
    await records.quotes.import_prices("T1", rows, file_name="prices.csv", file_hash=case.prices)


async def _import_documents(records: Records, case: Case) -> None:
    if case.documents:
        document = Document("T1", "handbook.md", "folder", "handbook.md", case.documents, EVERYONE)
        parts = read_content(case.documents.encode(), "text").parts
        await records.knowledge.put(document, make_passages(parts))


async def _draft(desk: Desk, brief: Brief) -> Written:
    draft: Draft | None = None
    fault = ""
    started_s = time.perf_counter()
    try:
        draft = await HANDLERS[brief.task.handler](desk, brief)
    except UserError as error:
        fault = f"refused: {text(error.key, brief.run.language, **error.params)}"
    except LLMError as error:
        fault = str(error)
    duration_ms = round((time.perf_counter() - started_s) * 1000)
    (row,) = await desk.records.ledger.newest()
    return Written(
        draft=draft,
        fault=fault,
        document=await desk.records.quotes.document(brief.run.run_id, brief.version),
        duration_ms=duration_ms,
        calls=row["calls"],
        input_tokens=row["input_tokens"] or 0,
        output_tokens=row["output_tokens"] or 0,
        cost_microusd=row["cost_microusd"] if row["calls"] else 0,
    )
