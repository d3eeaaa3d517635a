"""The messages tab as a conversation: Stop, thumbs, and what is offered to ask; only this module hears those."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import jobs
from bot.listeners.following import REMEMBERED
from bot.listeners.intake import Intake
from bot.tasks import ANSWER, Language
from bot.texts import text

MOST_PROMPTS = 4
HABITS_OF = timedelta(days=90)
FIRST_TASKS = ("summarise", "reply", "email")  # for somebody who asked for nothing yet


def register(app: AsyncApp, intake: Intake) -> None:
    """Attach the listeners of the messages tab."""

    async def stopped(event: dict[str, Any], body: dict[str, Any]) -> None:
        # Stored before anything is stopped: a crash between leaves a wish that the next step finds.
        runs = await intake.records.conversations.stop(
            intake.team_id,
            event["user"],
            channel_id=event["channel"],
            thread_ts=event.get("thread_ts") or "",
            stamps=[str(ts) for ts in event.get("streaming_message_ts") or []],
        )
        for run_id in runs:
            await jobs.halt(run_id)
        if not runs and event.get("thread_ts"):
            # Nothing is being written: then the Stop button must go, which Slack leaves to us.
            intake.later(intake.streams.set_session(event["channel"], event["thread_ts"], "active"))

    async def rated(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        pressed = json.loads(action["value"])
        user_id, feedback = body["user"]["id"], pressed["feedback"]
        if feedback not in ("good", "bad"):
            raise ValueError("no such feedback")
        kept = await intake.records.conversations.rate(pressed["run"], user_id, feedback)
        await ack()
        if kept and feedback == "bad":
            channel_id = (body.get("channel") or {}).get("id") or ""
            thread_ts = (body.get("message") or {}).get("thread_ts") or ""
            sentence = text("feedback.bad-told", intake.language)
            intake.later(intake.delivery.tell(channel_id, user_id, sentence, thread_ts=thread_ts))

    async def context_changed(event: dict[str, Any], body: dict[str, Any]) -> None:
        user_id = event.get("user") or _viewer(body)
        if user_id:
            intake.later(suggest(intake, user_id, looks_at=looked_at(event)))

    app.event("agent_session_stopped")(stopped)
    app.event("app_context_changed")(context_changed)
    app.action("feedback")(rated)


def looked_at(event: dict[str, Any]) -> str:
    """Return the channel that somebody looks at, as an event tells it; empty when it tells none."""
    for entity in (event.get("context") or {}).get("entities") or []:
        value = entity.get("value")
        channel = value.get("channel_id") if isinstance(value, dict) else value
        if str(entity.get("type", "")).endswith(("/channel_id", "/message_context")) and channel:
            return str(channel) if str(channel).startswith("C") else ""
    return ""


def _viewer(body: dict[str, Any]) -> str:
    """Return whom an event without a user is about: the person it was authorised by."""
    given = [one for one in body.get("authorizations") or [] if not one.get("is_bot")]
    return str(given[0].get("user_id") or "") if given else ""


async def suggest(intake: Intake, user_id: str, *, channel_id: str = "", looks_at: str = "") -> None:
    """Offer what fits somebody in their messages tab; best effort.

    Args:
        channel_id: their messages tab, where the event names it.
        looks_at: the channel that they have open.
    """
    tab = channel_id or await intake.records.people.messages_tab(intake.team_id, user_id)
    if not tab:
        return
    await intake.records.people.put_messages_tab(intake.team_id, user_id, tab)
    moment = datetime.now(UTC)
    habits = await intake.records.conversations.habits(intake.team_id, user_id, since=moment - HABITS_OF)
    waits = await intake.records.drafts.newest_open(
        intake.team_id, user_id, channel_id=tab, thread_ts="", since=moment - REMEMBERED
    )
    prompts = choose_prompts(
        intake,
        tasks=habits.tasks,
        channel=looks_at or habits.channel_id,
        draft_waits=waits is not None,
        language=intake.language,
    )
    await intake.streams.suggest(tab, prompts, title=text("prompts.title", intake.language))


def choose_prompts(
    intake: Intake, *, tasks: tuple[str, ...], channel: str, draft_waits: bool, language: Language
) -> list[tuple[str, str]]:
    """Return at most four things to ask: what waits, what is near, what is used.

    Each is what people read, and what is then said in their name.
    """
    prompts = []
    if draft_waits:
        prompts.append((text("prompts.shorter", language), text("prompts.shorter.message", language)))
    if channel:
        prompts.append(
            (text("prompts.missed", language), text("prompts.missed.message", language, channel=channel))
        )
    for name in dict.fromkeys((*tasks, *FIRST_TASKS)):
        if name in intake.offered() and name != ANSWER:
            title = intake.tasks[name].title_in(language)
            understood, _ = intake.recognise(title)
            # Some titles name what a task makes rather than ask for it.
            prompts.append((title, title if understood is intake.tasks[name] else name))
    return [
        *prompts[: MOST_PROMPTS - 1],
        (text("prompts.help", language), text("prompts.help.message", language)),
    ]
