"""The step in which a run finds out which task it is: by the model where it is sure, else by asking the asker."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.handlers import Desk
from bot.handlers.admission import AcceptError
from bot.handlers.choosing import CHANGE, CHOOSE, Choosing, choose_task, with_choice
from bot.records import Records
from bot.records.choices import Choice
from bot.tasks import ANSWER, Run, Task, UserError, doubt, lacks_material
from bot.texts import text
from bot.views import Block, fallback, placeholder
from bot.views.choosing import MOST_TASKS, inputs_question, task_question
from bot.wire import SlackError

log = logging.getLogger(__name__)

REMEMBERED = timedelta(days=1)
"""About an older draft nobody goes on talking."""

Show = Callable[[Run, str, list[Block]], Awaitable[None]]


class Chooser:
    """Finds the task of a run, or asks for it; everything it does may be done twice."""

    def __init__(self, *, desk: Desk, tasks: Mapping[str, Task], within_s: float, show: Show) -> None:
        self.records: Records = desk.records
        self._desk = desk
        self._tasks = tasks
        self._within_s = within_s
        self._show = show
        self._team_id = desk.identity.team_id

    async def choose(self, run: Run, choice: Choice) -> dict[str, Any]:
        """Find the task of *run*; return what is next, with ids only.

        The model is asked once. Sure and agreed: the run is that task. Unsure: the asker is asked. No usable answer,
        or no task in sight: it is the plain answer that it always was.

        Raises:
            AcceptError: its asker is to accept the guideline first.
        """
        if choice.state == "continued":
            return {"next": "redo", "run": choice.into_run_id, "review": 0}
        if choice.state == "asking":
            await self.show_question(run)
            return {"next": "asked"}
        if choice.state == "chosen" and choice.task == CHANGE:
            return await self._continue(run)
        if choice.state != "open":
            return {"next": "write"}
        draft = await self._open_draft(run)
        open_points = doubt(self._offered(), run.words, default=ANSWER, draft_open=draft is not None)
        if open_points is not None and open_points.asked:
            # Two wishes: whatever the model says, one of them would go missing.
            named = [name for name in (*open_points.asked, *open_points.mentioned) if name]
            return await self._ask(run, [*dict.fromkeys(named)])
        try:
            await self._desk.admit(run, CHOOSE)
        except AcceptError:
            raise
        except UserError:
            # Whoever may not ask is told so where the draft would stand.
            await self.records.choices.answer_plainly(run.run_id)
            return {"next": "write"}
        title = self._tasks[draft[2]].title if draft and draft[2] in self._tasks else ""
        found = await choose_task(
            self._desk,
            run,
            tasks=self._offered(),
            default=ANSWER,
            draft_title=title,
            within_s=self._within_s,
        )
        if found is None:
            log.info("run=%s its task is not known: answered plainly", run.run_id)
            await self.records.choices.answer_plainly(run.run_id)
            return {"next": "write"}
        mentioned = open_points.mentioned if open_points else ()
        return await self._decide(run, found, mentioned=mentioned, draft_open=bool(title))

    def _offered(self) -> dict[str, Task]:
        return {name: task for name, task in self._tasks.items() if task.listed or name == ANSWER}

    async def _decide(
        self, run: Run, found: Choosing, *, mentioned: tuple[str, ...], draft_open: bool
    ) -> dict[str, Any]:
        named = found.candidates[0] if found.sure else ""
        if named == CHANGE:
            return await self._continue(run)
        if named in self._tasks and named != ANSWER:
            task = self._tasks[named]
            if task.table is not None and run.files:
                # A text per row of a whole table is more than anybody should get by a guess.
                return await self._ask(run, [named, *(name for name in mentioned if name != named)])
            taken = with_choice(run, named, found.inputs)
            await self.records.choices.take(taken, claimed_minutes=task.baseline_minutes)
            return {"next": "write"}
        candidates = [name for name in dict.fromkeys((*found.candidates, *mentioned)) if name != ANSWER]
        if draft_open and CHANGE not in candidates:
            candidates = [CHANGE, *candidates]
        if named == ANSWER or not candidates:
            await self.records.choices.answer_plainly(run.run_id)
            return {"next": "write"}
        return await self._ask(run, candidates)

    async def _ask(self, run: Run, candidates: list[str]) -> dict[str, Any]:
        await self.records.choices.ask(run, "task", candidates[:MOST_TASKS])
        await self.show_question(run)
        return {"next": "asked"}

    async def ask_inputs(self, run: Run) -> bool:
        """Ask to fill in the form of a task that has nothing to work from; say whether that question stands."""
        choice = await self.records.choices.get(run.run_id)
        if choice is not None and choice.state == "asking":
            await self.show_question(run)
            return True
        asked_before = choice is not None and choice.state not in ("open", "taken")
        if asked_before or run.surface not in ("mention", "message") or run.run_id.endswith("^"):
            return False
        if run.task == ANSWER or not lacks_material(run, self._tasks[run.task]):
            return False
        await self.records.choices.ask(run, "inputs", [run.task])
        await self.show_question(run)
        return True

    async def show_question(self, run: Run) -> None:
        """Let the placeholder be the question that stands."""
        choice = await self.records.choices.get(run.run_id)
        if choice is None or choice.state != "asking":
            return
        language = run.language
        if choice.kind == "inputs":
            task = self._tasks[run.task]
            sentence = text("choose.inputs", language, task=task.title_in(language))
            anyway = task.deliver != "thread"
            blocks = inputs_question(run.run_id, sentence, run.task, anyway=anyway, language=language)
        else:
            sentence = text("choose.question", language)
            choices = [(name, self._called(name, run)) for name in choice.candidates]
            blocks = task_question(run.run_id, sentence, choices, plain=ANSWER, language=language)
        await self._show(run, sentence, blocks)

    def _called(self, name: str, run: Run) -> str:
        if name == CHANGE:
            return text("button.change-draft", run.language)
        return self._tasks[name].title_in(run.language) if name in self._tasks else name

    async def _open_draft(self, run: Run) -> tuple[str, int, str] | None:
        """Return run, version and task of the draft that *run* may be about."""
        newest = await self.records.drafts.newest_open(
            run.team_id,
            run.user_id,
            channel_id=run.channel_id,
            thread_ts=run.answer_thread_ts if run.surface == "mention" else "",
            since=datetime.now(UTC) - REMEMBERED,
        )
        request = await self.records.requests.get(newest[0]) if newest else None
        return (*newest, request.task) if newest and request else None

    async def _continue(self, run: Run) -> dict[str, Any]:
        """Have the asker's open draft written anew as *run* says; without one it is a plain answer."""
        draft = await self._open_draft(run)
        if draft is None:
            return await self._no_draft(run)
        into, version, _ = draft
        decision = await self.records.reviews.decide(
            into,
            version=version,
            act="redone",
            user_id=run.user_id,
            instruction=run.words,
            message_id=run.run_id,
        )
        if decision.result == "stale":
            return await self._no_draft(run)
        await self.records.choices.continue_draft(run.run_id, into=into)
        sentence = text("follow-up.working", run.language)
        await self._show(run, sentence, placeholder(sentence))
        # A step that is done twice finds the decision already made: the sweep shows it.
        return {"next": "redo", "run": into, "review": decision.review_id}

    async def _no_draft(self, run: Run) -> dict[str, Any]:
        await self.records.choices.answer_plainly(run.run_id)
        return {"next": "write"}

    async def expire(self, moment: datetime) -> None:
        """Settle the runs whose question nobody answered for a week, and say so where it stands."""
        for run_id in await self.records.choices.unanswered(self._team_id, moment):
            run = await self.records.requests.get(run_id)
            if run is not None:
                sentence = text("choose.expired", run.language)
                try:
                    await self._show(run, sentence, placeholder(sentence))
                except SlackError as error:
                    if error.away:
                        continue
                    log.warning("run=%s its question still stands: %s", run_id, error)
            await self.records.choices.expire(run_id)


def taken_note(task: Task, run: Run) -> str:
    """Return the small print of a task that the model was sure of."""
    return text("choose.taken", run.language, task=fallback(task.title_in(run.language)))
