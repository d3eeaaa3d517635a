"""Reviews from Slack: each press is committed before its ack, counts once, and is shown after."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import jobs
from bot.listeners.intake import Intake
from bot.records.reviews import Press, State
from bot.records.revisions import Revision
from bot.tasks import Draft, Run
from bot.texts import text
from bot.views import edit_form, form_values, join_inputs, read_value, redo_form, sent_view

PRESSES: dict[str, Press] = {
    "approve": "approved",
    "discard": "discarded",
    "share": "shared",
    "undo": "undone",
}


def register(app: AsyncApp, intake: Intake) -> None:
    """Attach the listeners of the review card and its forms."""

    async def press(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        run_id, version = read_value(action["value"])
        act = PRESSES[action["action_id"]]
        await decide(intake, ack, body, run_id=run_id, version=version, act=act)

    async def form(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        run_id, version = read_value(action["value"])
        intake.later(_open(intake, body, action["action_id"], run_id=run_id, version=version))

    async def edited(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _edited(intake, ack, body)

    async def redone(ack: AsyncAck, body: dict[str, Any]) -> None:
        metadata = json.loads(body["view"]["private_metadata"])
        instruction = form_values(body["view"]).get("instruction", "")
        run_id, version = metadata["run"], metadata["version"]
        await decide(
            intake,
            ack,
            body,
            run_id=run_id,
            version=version,
            act="redone",
            instruction=instruction,
            field="instruction",
        )

    async def retry(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        run_id, _ = read_value(action["value"])
        run = await intake.records.requests.get(run_id)
        if run is None or body["user"]["id"] != run.user_id:
            await ack()
            intake.later(intake.answer_about(body, "review.stale" if run is None else "retry.not-yours", run))
            return
        # Its id follows from the failed run's: pressing twice asks once.
        first = await intake.accept(replace(run, run_id=f"{run_id}^", received_at=""))
        await ack()
        if not first:
            intake.later(intake.answer_about(body, "review.already", run))

    async def sent(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        run_id, version = read_value(action["value"])
        intake.later(_show_sent(intake, body, run_id=run_id, version=version))

    for name in PRESSES:
        app.action(name)(press)
    app.action("edit")(form)
    app.action("redo")(form)
    app.action("retry")(retry)
    app.action("sent")(sent)
    app.view("edit_draft")(edited)
    app.view("redo_draft")(redone)


async def decide(
    intake: Intake,
    ack: AsyncAck,
    body: dict[str, Any],
    *,
    run_id: str,
    version: int,
    act: Press,
    final_text: str = "",
    instruction: str = "",
    field: str = "",
    revision: Revision | None = None,
) -> None:
    """Commit a decision, ack, and show it; a stranger's or stale press is answered instead.

    A form that comes too late says so at *field* and stays open: what was written in it is not lost.
    """
    user_id = body["user"]["id"]
    run = await intake.records.requests.get(run_id)
    if run is None or user_id != run.user_id:
        # Whether somebody is an admin may have to be asked of Slack, which must not delay the ack. Who sends a form in
        # was asked about when it opened, and an ack would close it.
        if not field:
            await ack()
        if run is None or not await intake.may_review(run, user_id):
            await ack()
            intake.later(
                intake.answer_about(body, "review.stale" if run is None else "review.not-yours", run)
            )
            return
    decision = await intake.records.reviews.decide(
        run_id,
        version=version,
        act=act,
        user_id=user_id,
        final_text=final_text,
        instruction=instruction,
        view_id=(body.get("view") or {}).get("id", ""),
        revision=revision,
    )
    if decision.result == "stale" and field:
        await ack(response_action="errors", errors={field: text("review.stale", intake.language)})
        return
    await ack()
    if decision.result == "done":
        intake.later(jobs.show_review(run_id, decision.review_id, act))
    else:
        intake.later(intake.answer_about(body, f"review.{decision.result}", run))


async def find_open(
    intake: Intake, body: dict[str, Any], run_id: str, version: int
) -> tuple[Run, State, Draft] | None:
    """Return a draft that the person who pressed can still decide on; else tell them why not, and return None."""
    run = await intake.records.requests.get(run_id)
    state = await intake.records.reviews.state(run_id)
    draft = await intake.records.drafts.get(run_id, version)
    if run is None or state is None or draft is None:
        await intake.answer_about(body, "review.stale", run)
        return None
    if not await intake.may_review(run, body["user"]["id"]):
        await intake.answer_about(body, "review.not-yours", run)
        return None
    if state.version != version or state.writing or state.review not in ("open", "redone"):
        await intake.answer_about(body, "review.stale", run)
        return None
    return run, state, draft


async def _open(intake: Intake, body: dict[str, Any], action_id: str, *, run_id: str, version: int) -> None:
    """Open the edit or redo form of a draft that can still be decided on."""
    found = await find_open(intake, body, run_id, version)
    if found is None:
        return
    run, state, draft = found
    view = redo_form(run_id, version, run.language)
    if action_id == "edit":
        view = edit_form(draft, final_text=state.final_text, language=run.language)
    view_id = await intake.show_form(body, view)
    if view_id and action_id == "edit":
        user_id = body["user"]["id"]
        await intake.records.reviews.open_form(view_id, run_id=run_id, version=version, user_id=user_id)


async def _show_sent(intake: Intake, body: dict[str, Any], *, run_id: str, version: int) -> None:
    """Show whoever may review a draft what went to the model for it."""
    run = await intake.records.requests.get(run_id)
    draft = await intake.records.drafts.get(run_id, version)
    if run is None or draft is None:
        await intake.answer_about(body, "review.stale", run)
        return
    if not await intake.may_review(run, body["user"]["id"]):
        await intake.answer_about(body, "review.not-yours", run)
        return
    parts = await intake.sent(run_id, version) if intake.sent else []
    view = sent_view(parts, model=draft.model, language=run.language)
    await intake.show_form(body, view)


async def _edited(intake: Intake, ack: AsyncAck, body: dict[str, Any]) -> None:
    metadata = json.loads(body["view"]["private_metadata"])
    values = form_values(body["view"])
    ends = metadata["ends"]
    final_text = join_inputs([values.get(f"part{index}", "") for index in range(len(ends))], ends)
    if not final_text:
        sentence = text("review.empty", intake.language)
        await ack(response_action="errors", errors={"part0": sentence})
        return
    draft = await intake.records.drafts.get(metadata["run"], metadata["version"])
    unchanged = draft is not None and draft.text.strip() == final_text
    await decide(
        intake,
        ack,
        body,
        run_id=metadata["run"],
        version=metadata["version"],
        act="approved" if unchanged else "edited",
        final_text="" if unchanged else final_text,
        field="part0",
    )
