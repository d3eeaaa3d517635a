"""Answers to the question which task is meant: a button or a form is committed before its ack, and the run goes on."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import jobs
from bot.context import Place
from bot.handlers.choosing import CHANGE
from bot.listeners.intake import ANSWER, Intake, aim
from bot.tasks import Run, Task, UserError, lacks_material
from bot.texts import text
from bot.value import review_minutes
from bot.views import INPUT_LIMIT, form_files, read_value, task_form
from bot.views.choosing import fill_form, filled_in, read_choice


def register(app: AsyncApp, intake: Intake) -> None:
    """Attach the listeners of the question, and of the form that asks for a task's own fields."""

    async def press(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        run_id, task = read_choice(action["value"])
        anyway = action["action_id"] == "choose_anyway"
        await _chosen(intake, ack, body, run_id=run_id, task=task, anyway=anyway)

    async def form(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        run_id, task = read_choice(action["value"])
        intake.later(_ask_in_form(intake, body, run_id=run_id, task=task))

    async def other(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        run_id, version = read_value(action["value"])
        intake.later(_ask_for_another(intake, body, run_id=run_id, version=version))

    async def switch(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        intake.later(_show_fields(intake, body["view"]))

    app.action(re.compile(r"^choose_(\d+|plain|anyway)$"))(press)
    app.action("choose_form")(form)
    app.action("choose_other")(other)
    app.action("task")(switch)


async def open_draft_form(
    intake: Intake,
    body: dict[str, Any],
    *,
    metadata: dict[str, str],
    chosen: str = "",
    filled: dict[str, str] | None = None,
) -> None:
    """Open the New draft form for who pressed or typed something.

    Args:
        metadata: what comes back with it.
        chosen: the task whose fields it shows.
        filled: what its fields begin with.
    """
    view = _draft_form(intake, metadata={**metadata, "opened": f"{time.time():.0f}"}, chosen=chosen)
    await intake.show_form(body, fill_form(view, filled or {}))


def asking_minutes(metadata: dict[str, str]) -> float | None:
    """Return how long the form was open; None for a form that does not tell."""
    opened = metadata.get("opened", "")
    if not opened.isdigit():
        return None
    return review_minutes(datetime.fromtimestamp(int(opened), UTC), datetime.now(UTC))


async def answered_in_form(
    intake: Intake, ack: AsyncAck, body: dict[str, Any], *, task: Task, words: str, inputs: dict[str, str]
) -> bool:
    """Let a form that answers a question carry on its run; False when it answers none."""
    metadata = json.loads(body["view"].get("private_metadata") or "{}")
    run_id = metadata.get("answers", "")
    if not run_id:
        return False
    run = await intake.records.requests.get(run_id)
    if run is None or run.user_id != body["user"]["id"]:
        await ack(response_action="errors", errors={"task": text("choose.late", intake.language)})
        return True
    if metadata.get("kept"):
        words = f"{run.words}\n{words}".strip()
    here = Place(run.source_channel_id, run.source_ts) if run.source_ts else None
    source, words = intake.source(words, otherwise=here)
    files = form_files(body["view"]) or run.files
    asked = replace(run, task=task.name, words=words, inputs=inputs, files=files)
    if source is not None and source != here:
        asked = aim(asked, source)
    if lacks_material(asked, task):
        key = "summarize-how" if task.deliver == "thread" else "material-how"
        await ack(response_action="errors", errors={"words": text(key, intake.language)})
        return True
    if not await _keep(intake, asked, task=task.name, minutes=asking_minutes(metadata) or 0.0):
        await ack(response_action="errors", errors={"task": text("choose.late", intake.language)})
        return True
    await ack()
    intake.later(jobs.go_on(asked))
    return True


async def discard_instead(intake: Intake, body: dict[str, Any]) -> None:
    """Throw away the draft in whose place a form asked for another task."""
    metadata = json.loads(body["view"].get("private_metadata") or "{}")
    run_id, version = metadata.get("instead", ""), int(metadata.get("version") or 0)
    if not run_id:
        return
    decision = await intake.records.reviews.decide(
        run_id, version=version, act="discarded", user_id=body["user"]["id"]
    )
    if decision.result == "done":
        intake.later(jobs.show_review(run_id, decision.review_id, "discarded"))


async def _chosen(
    intake: Intake, ack: AsyncAck, body: dict[str, Any], *, run_id: str, task: str, anyway: bool
) -> None:
    """Commit the button that its asker pressed; a task that has nothing to work from asks in its form."""
    run = await intake.records.requests.get(run_id)
    if run is None or run.user_id != body["user"]["id"]:
        await ack()
        intake.later(intake.answer_about(body, "choose.late" if run is None else "choose.not-yours", run))
        return
    name = ANSWER if task == CHANGE or task not in intake.tasks else task
    asked = replace(run, task=name)
    try:
        intake.check_material(intake.tasks[name], _source(run), run.words, form=bool(run.files))
        bare = not anyway and lacks_material(asked, intake.tasks[name])
    except UserError:
        bare = True
    if bare:
        await ack()
        await _ask_in_form(intake, body, run_id=run_id, task=name)
        return
    kept = await _keep(intake, asked, task=task)
    await ack()
    if kept:
        intake.later(jobs.go_on(asked))
    else:
        intake.later(intake.answer_about(body, "choose.late", run))


async def _keep(intake: Intake, run: Run, *, task: str, minutes: float = 0.0) -> bool:
    claimed = intake.tasks[run.task].baseline_minutes
    return await intake.records.choices.choose(
        run, task=task, claimed_minutes=claimed, asking_minutes=minutes
    )


async def _ask_in_form(intake: Intake, body: dict[str, Any], *, run_id: str, task: str) -> None:
    """Open the New draft form for a question that stands, with what was understood so far."""
    run = await intake.records.requests.get(run_id)
    choice = await intake.records.choices.get(run_id)
    if run is None or run.user_id != body["user"]["id"]:
        await intake.answer_about(body, "choose.late" if run is None else "choose.not-yours", run)
        return
    if choice is None or choice.state != "asking":
        await intake.answer_about(body, "choose.late", run)
        return
    metadata = {"answers": run_id, **({"kept": "1"} if len(run.words) > INPUT_LIMIT else {})}
    chosen = task if task != ANSWER else ""
    await open_draft_form(intake, body, metadata=metadata, chosen=chosen, filled=_filled(run))


async def _ask_for_another(intake: Intake, body: dict[str, Any], *, run_id: str, version: int) -> None:
    """Open the form for whoever meant another task than the one that was taken."""
    run = await intake.records.requests.get(run_id)
    state = await intake.records.reviews.state(run_id)
    if run is None or run.user_id != body["user"]["id"]:
        await intake.answer_about(body, "choose.late" if run is None else "choose.not-yours", run)
        return
    if state is None or state.version != version or state.review not in ("open", "redone") or state.writing:
        await intake.answer_about(body, "review.stale", run)
        return
    metadata = {"instead": run_id, "version": str(version)}
    if run.source_ts:
        metadata |= {"channel": run.source_channel_id, "ts": run.source_ts}
    await open_draft_form(intake, body, metadata=metadata, filled=_filled(run))


async def _show_fields(intake: Intake, view: dict[str, Any]) -> None:
    """Show the fields of the task that was chosen in the form; what is filled in stays."""
    values = filled_in(view)
    metadata = json.loads(view.get("private_metadata") or "{}")
    shown = fill_form(_draft_form(intake, metadata=metadata, chosen=values.get("task", "")), values)
    await intake.delivery.update_form(view["id"], shown, view_hash=view.get("hash", ""))


def _draft_form(intake: Intake, *, metadata: dict[str, str], chosen: str) -> dict[str, Any]:
    return task_form(intake.listed(), language=intake.language, metadata=metadata, chosen=chosen)


def _filled(run: Run) -> dict[str, str]:
    return {"words": run.words, **{f"input_{name}": value for name, value in run.inputs.items()}}


def _source(run: Run) -> Place | None:
    return Place(run.source_channel_id, run.source_ts) if run.source_channel_id else None
