"""Planning from Slack: by button and form, by a sentence, and what becomes of a post that was brought."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import jobs
from bot.handlers import READY, ReadyPost
from bot.listeners.intake import Intake
from bot.records.plans import ALL, Outcome
from bot.tasks import Run, Surface, UserError
from bot.tasks.moments import DEFAULT_TIME, Wish, at_clock, check_due, find_wish
from bot.texts import format_moment, text
from bot.views import plan_form, read_plan_form, read_plan_value

REMEMBERED = timedelta(days=14)
"""Of older posts nobody says just "plan it"."""

ANSWERS: dict[str, Outcome] = {"plan_posted": "posted", "plan_drop": "cancelled"}


def register(app: AsyncApp, intake: Intake) -> None:
    """Attach the listeners of planned posts."""

    async def ask(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        intake.later(_open(intake, body, action["value"]))

    async def planned(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _planned(intake, ack, body)

    async def cancel(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        run_id, _, due = read_plan_value(action["value"])
        run = await _own(intake, body, run_id)
        if run is not None:
            await intake.records.plans.cancel(run_id, due)
            intake.later(jobs.show_card(run_id))
        await ack()

    async def answer(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        run_id, part, due = read_plan_value(action["value"])
        plan = await intake.records.plans.get(run_id, part)
        mine = plan is not None and plan.user_id == body["user"]["id"]
        if plan is not None and mine and due is not None:
            # Of a plan that was moved meanwhile this message says so, and nothing is ended.
            await intake.records.plans.end(replace(plan, due=due), ANSWERS[action["action_id"]])
            intake.later(jobs.show_answer(run_id, part, due))
        await ack()

    app.action("plan")(ask)
    app.action("plan_later")(ask)
    app.action("plan_cancel")(cancel)
    for action_id in ANSWERS:
        app.action(action_id)(answer)
    app.view("plan")(planned)


async def plan_newest(
    intake: Intake, words: str, event: dict[str, Any], *, message_id: str, surface: Surface
) -> bool:
    """Plan the newest post of whoever says "plan it for Tuesday 9:00"; False when *words* are no such wish.

    A mention is about the draft of its thread, a message in the messages tab about the newest there.
    """
    # Of the message, not of now: the same message once more means the same moment.
    moment = datetime.fromtimestamp(float(event["ts"]), UTC)
    wish = find_wish(words, moment=moment, zone=intake.zone)
    in_thread = event.get("thread_ts") or ""
    if wish is None or wish.rest:
        return False
    user_id, channel_id = event["user"], event["channel"]
    run_id = await intake.records.plans.newest(
        intake.team_id,
        user_id,
        tasks=[task.name for task in intake.tasks.values() if task.handler in READY],
        channel_id=channel_id,
        thread_ts=in_thread if surface == "mention" else "",
        since=moment - REMEMBERED,
    )
    sentence = await _plan_newest(intake, wish, run_id, user_id=user_id, moment=moment)
    intake.later(intake.tell_once(message_id, channel_id, user_id, sentence, thread_ts=in_thread))
    return True


async def _plan_newest(intake: Intake, wish: Wish, run_id: str, *, user_id: str, moment: datetime) -> str:
    """Plan all of a draft as *wish* says, and return what its asker reads of it."""
    if not run_id:
        return text("plan.nothing", intake.language)
    if wish.due is None:
        return text("plan.when", intake.language)
    try:
        check_due(wish.due, moment)
    except UserError as error:
        return text(error.key, intake.language)
    await intake.records.plans.put(run_id, [ALL], team_id=intake.team_id, user_id=user_id, due=wish.due)
    intake.later(jobs.show_card(run_id))
    return text("plan.told", intake.language, when=format_moment(wish.due, intake.language, intake.zone))


async def list_planned(intake: Intake, user_id: str) -> str:
    """Return what is still to come for somebody, a line for each moment of a draft."""
    lines = []
    plans = await intake.records.plans.of_person(intake.team_id, user_id)
    for (run_id, due), found in groupby(plans, key=lambda plan: (plan.run_id, plan.due)):
        run = await intake.records.requests.get(run_id)
        names = {one.part: one.name for one in await _ready(intake, run)} if run else {}
        parts = [plan.part for plan in found]
        every = text("plan.all", intake.language)
        posts = every if ALL in parts else ", ".join(names.get(part) or part for part in parts)
        when = format_moment(due, intake.language, intake.zone)
        lines.append(text("planned.line", intake.language, when=when, posts=posts))
    if not lines:
        return text("planned.none", intake.language)
    return "\n".join([text("planned.list", intake.language), *lines])


async def _own(intake: Intake, body: dict[str, Any], run_id: str) -> Run | None:
    """Return the run when whoever pressed may decide on it; others are told whose it is."""
    run = await intake.records.requests.get(run_id)
    user_id = body["user"]["id"]
    if run is not None and await intake.may_review(run, user_id):
        return run
    intake.later(intake.answer_about(body, "review.stale" if run is None else "review.not-yours", run))
    return None


async def _ready(intake: Intake, run: Run) -> tuple[ReadyPost, ...]:
    """Return the posts of a draft as it stands."""
    state = await intake.records.reviews.state(run.run_id)
    draft = await intake.records.drafts.get(run.run_id, state.version) if state else None
    task = intake.tasks.get(run.task)
    if state is None or draft is None or task is None or task.handler not in READY:
        return ()
    return READY[task.handler](state.final_text or draft.text, run.language)


async def _open(intake: Intake, body: dict[str, Any], value: str) -> None:
    """Open the form that asks when, for all posts of a card or for the one that was brought."""
    run_id, part, due = read_plan_value(value)
    run = await _own(intake, body, run_id)
    if run is None:
        return
    ready = [one for one in await _ready(intake, run) if due is None or one.part == part]
    if not ready:
        await intake.tell(body["user"]["id"], text("review.stale", intake.language))
        return
    tomorrow = datetime.now(intake.zone).date() + timedelta(days=1)
    view = plan_form(
        run_id,
        [(one.part, one.name) for one in ready],
        day=tomorrow.isoformat(),
        clock=f"{DEFAULT_TIME:%H:%M}",
        zone=intake.zone.key,
        language=run.language,
        again=due.isoformat() if due else "",
    )
    await intake.show_form(body, view)


async def _planned(intake: Intake, ack: AsyncAck, body: dict[str, Any]) -> None:
    """Plan what the form says; a moment that cannot be is told at its field."""
    metadata = json.loads(body["view"]["private_metadata"])
    day, clock, chosen = read_plan_form(body["view"])
    moment, run_id = datetime.now(UTC), str(metadata["run"])
    due = _due(day, clock, zone=intake.zone)
    try:
        check_due(due, moment)
    except UserError as error:
        today = due.astimezone(intake.zone).date() == moment.astimezone(intake.zone).date()
        field = "clock" if today else "day"
        await ack(response_action="errors", errors={field: text(error.key, intake.language)})
        return
    run = await _own(intake, body, run_id)
    ready = await _ready(intake, run) if run else ()
    known = [one.part for one in ready]
    parts = [part for part in chosen or [str(metadata["part"])] if part in known]
    if run is None or not parts:
        await ack(response_action="errors", errors={"day": text("review.stale", intake.language)})
        return
    everything = not metadata["again"] and set(parts) == set(known)
    await intake.records.plans.put(
        run_id,
        [ALL] if everything else parts,
        team_id=run.team_id,
        user_id=body["user"]["id"],
        due=due,
        known=known,
    )
    await ack()
    if metadata["again"]:
        again = datetime.fromisoformat(metadata["again"])
        intake.later(jobs.show_answer(run_id, parts[0], again))
    else:
        intake.later(jobs.show_card(run_id))


def _due(day: str, clock: str, *, zone: ZoneInfo) -> datetime:
    return at_clock(date.fromisoformat(day), time.fromisoformat(clock), zone)
