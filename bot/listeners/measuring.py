"""What people tell about their work: minutes, reasons, rework, baselines and timers; stored before each ack."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import jobs
from bot.digest import rank_works
from bot.listeners.intake import Intake, whose
from bot.records.baselines import FORGOTTEN_AFTER, Timer, Work
from bot.tasks import Run, UserError, find_task
from bot.texts import format_minutes, text
from bot.value import LEAST_MINUTES, ReviewWord, check_baseline_minutes, check_guess
from bot.views import (
    OTHER_WORK,
    REASONS,
    REWORK_MINUTES,
    WORDS,
    baseline_form,
    form_values,
    minutes_form,
    read_value,
)

HOURS_IN_A_WEEK = 168


def register(app: AsyncApp, intake: Intake) -> None:
    """Attach the listeners of the questions that measure."""

    async def took(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        word = cast(ReviewWord, action["action_id"].partition(":")[2])
        run = await _decider(intake, body, action["value"])
        if run is not None and word in WORDS:
            await intake.records.settlements.tell_word(run.run_id, word)
            intake.later(jobs.show_card(run.run_id))
        await ack()
        if run is not None and word == "40-plus":
            # It has no upper end, and long looks are where a guess would be furthest off.
            label = text("took.minutes", run.language)
            intake.later(_open_minutes(intake, body, "took", label=label, metadata={"took": run.run_id}))

    async def reason(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        chosen = (action.get("selected_option") or {}).get("value", "")
        run = await _decider(intake, body, action["block_id"].partition(" ")[2])
        if run is not None and chosen in REASONS:
            await intake.records.settlements.tell_reason(run.run_id, chosen)
            intake.later(jobs.show_card(run.run_id))
        await ack()

    async def rework(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        minutes = action["action_id"].partition(":")[2]
        run = await _decider(intake, body, action["value"])
        if run is not None and minutes.isdigit() and int(minutes) in REWORK_MINUTES:
            kept = await intake.records.settlements.tell_rework(run.run_id, float(minutes))
            intake.later(
                intake.answer(body, text("rework.thanks" if kept else "review.stale", intake.language))
            )
        await ack()

    async def by_hand(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        run = await _decider(intake, body, action["value"])
        if run is not None:
            label = text("by-hand.minutes", run.language)
            intake.later(_open_minutes(intake, body, "by_hand", label=label, metadata={"run": run.run_id}))

    async def draft_anyway(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        run = await _decider(intake, body, action["value"])
        if run is not None:
            # As for a retry: its id follows from the first run's, so that pressing twice asks once.
            await intake.accept(replace(run, run_id=f"{run.run_id}^", received_at=""))
        await ack()

    async def told_minutes(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _told_minutes(intake, ack, body)

    app.action(re.compile("^took:"))(took)
    app.action("reason")(reason)
    app.action(re.compile("^rework:"))(rework)
    app.action("by_hand")(by_hand)
    app.action("draft_anyway")(draft_anyway)
    for callback_id in ("took", "by_hand", "timer_minutes"):
        app.view(callback_id)(told_minutes)
    _register_baselines(app, intake)


def _register_baselines(app: AsyncApp, intake: Intake) -> None:
    """Attach the listeners of timers, and of the list of work."""

    async def timer_minutes(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        intake.later(_ask_timed(intake, body, int(action["value"])))

    async def timer_drop(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        timer = await _own_timer(intake, body["user"]["id"], int(action["value"]))
        if timer is not None:
            await intake.records.baselines.drop(timer.timing_id)
        await ack()
        intake.later(intake.answer(body, text("timer.dropped" if timer else "timer.none", intake.language)))

    async def listed(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _listed(intake, ack, body)

    app.action("timer_minutes")(timer_minutes)
    app.action("timer_drop")(timer_drop)
    app.view("baseline")(listed)


async def baseline_command(intake: Intake, body: dict[str, Any], words: list[str]) -> str:
    """Carry out `/tijdwinst baseline …` and return the answer; empty when a form answers."""
    if not words:
        intake.later(open_baselines(intake, body))
        return ""
    team_id, user_id = intake.team_id, body["user_id"]
    if words[0].lower() in ("start", "begin"):
        return await _start_timer(intake, team_id, user_id, " ".join(words[1:]))
    if words[0].lower() in ("stop", "klaar"):
        return await _stop_timer(intake, body)
    return text("baseline.how", intake.language)


async def _start_timer(intake: Intake, team_id: str, user_id: str, named: str) -> str:
    task, rest = find_task(intake.tasks, named)
    if task is None or rest:
        names = ", ".join(f"`{name}`" for name in intake.listed())
        return text("timer.which", intake.language, tasks=names)
    await intake.records.baselines.start(team_id, user_id, task.name)
    return text("timer.started", intake.language, task=task.title_in(intake.language))


async def _stop_timer(intake: Intake, body: dict[str, Any]) -> str:
    team_id = intake.team_id
    timer = await intake.records.baselines.running(team_id, body["user_id"])
    stopped = None
    if timer is not None:
        if datetime.now(UTC) - datetime.fromisoformat(timer.started_at) > FORGOTTEN_AFTER:
            # It ran through lunch, or the night: what the clock says is no measurement, the person's word is.
            intake.later(_ask_timed(intake, {**body, "user": {"id": body["user_id"]}}, timer.timing_id))
            return ""
        claimed = claimed_minutes(intake, timer.work)
        stopped = await intake.records.baselines.stop(timer.timing_id, claimed_minutes=claimed)
    if stopped is None or stopped.minutes is None:
        return text("timer.none", intake.language)
    title = work_title(intake, stopped.work)
    if stopped.minutes < LEAST_MINUTES:
        return text("timer.too-short", intake.language, task=title)
    count = await intake.records.baselines.timed(team_id, stopped.work)
    shown = format_minutes(stopped.minutes, intake.language)
    return text("timer.stopped", intake.language, task=title, minutes=shown, count=count)


async def _own_timer(intake: Intake, user_id: str, timing_id: int) -> Timer | None:
    """Return a timer while it runs and is *user_id*'s own; None otherwise."""
    timer = await intake.records.baselines.running(intake.team_id, user_id)
    return timer if timer is not None and timer.timing_id == timing_id else None


async def _ask_timed(intake: Intake, body: dict[str, Any], timing_id: int) -> None:
    """Ask how long a forgotten timer's text took."""
    if await _own_timer(intake, body["user"]["id"], timing_id) is None:
        await intake.answer(body, text("timer.none", intake.language))
        return
    label = text("timer.minutes", intake.language)
    await _open_minutes(intake, body, "timer_minutes", label=label, metadata={"timing": timing_id})


def claimed_minutes(intake: Intake, work: str) -> float:
    """Return what the task file claims for a kind of work; for work that the bot has no task for, nothing."""
    task = intake.tasks.get(work)
    return float(task.baseline_minutes) if task else 0.0


def work_title(intake: Intake, work: str) -> str:
    """Return how a kind of work is called."""
    task = intake.tasks.get(work)
    return task.title_in(intake.language) if task else work


async def _decider(intake: Intake, body: dict[str, Any], value: str) -> Run | None:
    """Return the run that a press is about, when the person may say something about it; else tell them."""
    run_id, _ = read_value(value)
    run = await intake.records.requests.get(run_id)
    if run is not None and await intake.may_review(run, body["user"]["id"]):
        return run
    intake.later(intake.answer_about(body, "review.stale" if run is None else "review.not-yours", run))
    return None


async def _open_minutes(
    intake: Intake, body: dict[str, Any], callback_id: str, *, label: str, metadata: dict[str, object]
) -> None:
    view = minutes_form(callback_id, label=label, metadata=metadata, language=intake.language)
    await intake.show_form(body, view)


async def _told_minutes(intake: Intake, ack: AsyncAck, body: dict[str, Any]) -> None:
    """Take minutes: of a long look, of a run that was done by hand, or of a timer that was forgotten."""
    metadata = json.loads(body["view"]["private_metadata"])
    try:
        minutes = check_baseline_minutes(form_values(body["view"]).get("minutes", ""))
    except UserError as error:
        await ack(response_action="errors", errors={"minutes": text(error.key, intake.language)})
        return
    key = "minutes.thanks"
    if "took" in metadata:
        await intake.records.settlements.tell_word(metadata["took"], "40-plus", typed_minutes=minutes)
        intake.later(jobs.show_card(metadata["took"]))
    elif "run" in metadata:
        if await intake.records.settlements.tell_by_hand(metadata["run"], minutes):
            intake.later(jobs.show_by_hand(metadata["run"], minutes))
        else:
            key = "review.stale"
    elif timer := await _own_timer(intake, body["user"]["id"], int(metadata["timing"])):
        claimed = claimed_minutes(intake, timer.work)
        await intake.records.baselines.stop(timer.timing_id, minutes=minutes, claimed_minutes=claimed)
    else:
        key = "timer.none"
    await ack()
    intake.later(intake.answer(body, text(key, intake.language)))


async def open_baselines(intake: Intake, body: dict[str, Any]) -> None:
    """Open the team's list of text work for a member; a guest is told that it is not theirs."""
    if await intake.is_insider(whose(body)[0]):
        await intake.show_form(body, await _baseline_view(intake))
    else:
        await intake.answer(body, text("members-only", intake.language))


async def _baseline_view(intake: Intake, note: str = "") -> dict[str, Any]:
    language = intake.language
    tasks = [(task.name, task.title_in(language)) for task in intake.listed().values()]
    listed = []
    ranked = await rank_works(intake.records, intake.team_id, moment=datetime.now(UTC))
    for place, help_ in enumerate(ranked, start=1):
        key = "baseline.line" if help_.measured else "baseline.line-assumed"
        line = text(
            key,
            language,
            place=place,
            work=work_title(intake, help_.work.work),
            hours=f"{help_.work.hours_a_week:g}",
            minutes=format_minutes(help_.work.guess.typical, language),
            saved=f"{help_.hours_a_week:.1f}",
        )
        listed.append(line)
    return baseline_form(tasks, listed=listed, note=note, language=language)


async def _listed(intake: Intake, ack: AsyncAck, body: dict[str, Any]) -> None:
    """Put one kind of work on the list; the form stays open for the next."""
    values = form_values(body["view"])
    errors: dict[str, str] = {}
    chosen, other = values.get("work", ""), " ".join(values.get("other", "").split())[:80]
    work = other if chosen == OTHER_WORK else chosen
    if not work:
        errors["other"] = text("baseline.other.missing", intake.language)
    hours = _hours(values.get("hours", ""))
    if hours is None:
        errors["hours"] = text("baseline.hours.wrong", intake.language)
    for name in ("low", "typical", "high"):
        try:
            check_baseline_minutes(values.get(name, ""))
        except UserError as error:
            errors[name] = text(error.key, intake.language)
    if not errors:
        try:
            guess = check_guess(low=values["low"], typical=values["typical"], high=values["high"])
        except UserError as error:
            errors["typical"] = text(error.key, intake.language)
    if errors or hours is None:
        await ack(response_action="errors", errors=errors)
        return
    await intake.records.baselines.put_work(
        intake.team_id,
        Work(work, hours, guess),
        user_id=body["user"]["id"],
        claimed_minutes=claimed_minutes(intake, work),
    )
    note = text("baseline.saved", intake.language, work=work_title(intake, work))
    await ack(response_action="update", view=await _baseline_view(intake, note))


def _hours(given: str) -> float | None:
    """Return hours a week, 0 to take a kind of work off the list; None when it is no such number."""
    try:
        hours = float(given.strip().replace(",", "."))
    except ValueError:
        return None
    return hours if 0 <= hours <= HOURS_IN_A_WEEK else None
