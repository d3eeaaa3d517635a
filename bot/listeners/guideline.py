"""The guideline in Slack: admins write, rule and publish it in one form; people read and accept it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import jobs
from bot.guard import SETTABLE
from bot.listeners.intake import ANSWER, Intake
from bot.tasks.guideline import NO_RULES
from bot.texts import guideline_text, text
from bot.views import form_values
from bot.views.guideline import LONGEST_BODY, guideline_form, read_form, say_guideline


def register(app: AsyncApp, intake: Intake) -> None:
    """Attach the listener of the button that accepts."""

    async def accept(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        user_id = body["user"]["id"]
        # Stored before the ack: whatever waits for it goes on, if need be by the sweep.
        holds = await intake.records.guidelines.accept(intake.team_id, user_id, int(action["value"]))
        await ack()
        if holds:
            intake.later(jobs.accepted(intake.team_id, user_id, intake.language))
        else:
            intake.later(_show_newer(intake, body, user_id))

    app.action("guideline_accept")(accept)


async def _show_newer(intake: Intake, body: dict[str, Any], user_id: str) -> None:
    """Tell who pressed on an old version so, and show the one that holds; without one, what waited goes on."""
    holds = await intake.records.guidelines.current(intake.team_id)
    await intake.answer(body, text("guideline.newer" if holds else "guideline.withdrawn", intake.language))
    if holds:
        await jobs.show_guideline(intake.team_id, user_id, intake.language)
    else:
        await jobs.accepted(intake.team_id, user_id, intake.language)


def titles(intake: Intake) -> Mapping[str, str]:
    """Return the tasks that a guideline may rule, by name, and what they are called."""
    return {
        name: task.title_in(intake.language)
        for name, task in intake.tasks.items()
        if task.listed or name == ANSWER
    }


async def open_guideline(intake: Intake, body: dict[str, Any]) -> None:
    """Open the form of the guideline with what holds, or with a text to begin with."""
    newest = await intake.records.guidelines.newest(intake.team_id)
    told = await intake.records.firms.get(intake.team_id)
    written = (newest.body if newest else "") or told.get("guideline") or guideline_text(intake.language)
    view = guideline_form(
        written,
        newest.rules if newest else NO_RULES,
        titles(intake),
        SETTABLE,
        intake.language,
        version=newest.version if newest else 0,
    )
    await intake.show_form(body, view)


async def keep_guideline(intake: Intake, ack: AsyncAck, body: dict[str, Any]) -> tuple[str, bool] | None:
    """Publish what a form holds; return who did it and whether anything changed, None where it is refused."""
    user_id, values = body["user"]["id"], form_values(body["view"])
    seen = int(json.loads(body["view"].get("private_metadata") or "{}").get("version", 0))
    errors = {}
    rules = read_form(values)
    if not await intake.is_admin(user_id):
        errors["guideline"] = text("settings.admins-only", intake.language)
    elif rules.among == "only" and not rules.channels:
        errors["channels"] = text("guideline.channels-wrong", intake.language)
    published = None
    if not errors:
        written = values.get("guideline", "").strip()[:LONGEST_BODY]
        published = await intake.records.guidelines.publish(
            intake.team_id, written, rules, user_id=user_id, over=seen
        )
        if published is None:
            errors["guideline"] = text("guideline.meanwhile", intake.language)
    if errors or published is None:
        await ack(response_action="errors", errors=errors)
        return None
    await ack()
    return user_id, published.version > seen


async def guideline_answer(intake: Intake) -> str:
    """Return the guideline as anybody may read it; before one is published, what is sent where."""
    newest = await intake.records.guidelines.newest(intake.team_id)
    if newest is not None and newest.body:
        return say_guideline(newest.body, newest.rules, titles(intake), intake.language)
    told = await intake.records.firms.get(intake.team_id)
    # A text of before there were rules: it was told to everybody, and nobody has to accept it.
    older = told.get("guideline", "") if newest is None else ""
    where = text("first-use.where", intake.language, days=intake.holds.retention_days)
    return older or text("guideline.none", intake.language) + "\n\n" + where
