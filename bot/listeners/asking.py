"""Requests from Slack: commands, mentions, messages, shortcuts and the New draft form become runs."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.context import Place
from bot.listeners.choosing import answered_in_form, asking_minutes, discard_instead, open_draft_form
from bot.listeners.following import follow_up, newest_open
from bot.listeners.helping import asks_for_help, help_message
from bot.listeners.intake import ANSWER, Intake, Source, aim
from bot.listeners.knowledge import take_documents
from bot.listeners.screening import take_cvs
from bot.listeners.spans import Span
from bot.listeners.tijdwinst import carry_out
from bot.listeners.uploads import take_file
from bot.tasks import Run, Surface, Task, UserError, nearest_tasks
from bot.texts import text
from bot.views import form_files, form_values

PLAIN_MESSAGE_SUBTYPES = (None, "file_share", "thread_broadcast")


def register(app: AsyncApp, intake: Intake) -> None:
    """Attach the listeners that take requests."""

    async def command(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _command(intake, ack, body)

    async def mention(event: dict[str, Any]) -> None:
        await _message(intake, event, surface="mention")

    async def message(event: dict[str, Any]) -> None:
        # Channels' messages reach us only as mentions; the same words twice are one request by their id.
        if event.get("channel_type") == "im" and event.get("subtype") in PLAIN_MESSAGE_SUBTYPES:
            await _message(intake, event, surface="message")

    async def summarise(ack: AsyncAck, body: dict[str, Any]) -> None:
        refusal = await _shortcut(intake, body, "summarise")
        await ack()
        if refusal:
            intake.later(intake.tell(body["user"]["id"], refusal, channel_id=body["channel"]["id"]))

    async def compose(ack: AsyncAck, body: dict[str, Any]) -> None:
        if not body.get("trigger_id"):
            raise KeyError("trigger_id")
        await ack()
        place = _message_place(body)
        metadata = {"channel": place.channel_id, "ts": place.ts} if place else {}
        intake.later(open_draft_form(intake, body, metadata=metadata))

    async def submit(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _submit(intake, ack, body)

    app.command(re.compile(".*"))(command)
    app.event("app_mention")(mention)
    app.event("message")(message)
    app.shortcut("summarize_thread")(summarise)
    app.shortcut("draft_from_message")(compose)
    app.shortcut("new_draft")(compose)
    app.view("new_draft")(submit)


async def _command(intake: Intake, ack: AsyncAck, body: dict[str, Any]) -> None:
    name, words = body.get("command", ""), (body.get("text") or "").strip()
    own = next((task for task in intake.tasks.values() if task.command == name), None)
    if name == "/tijdwinst":
        await ack(await carry_out(intake, body, words))
        return
    if own is None and name != "/draft":
        await ack(text("unknown-command", intake.language, name=name))
        return
    task, rest = (own, words) if own else intake.named(words)
    if task is None and words:
        await ack(intake.unknown(words))
        return
    if task is None or (not rest and task.deliver == "private"):
        await ack()
        chosen = task.name if task else ""
        intake.later(open_draft_form(intake, body, metadata={}, chosen=chosen))
        return
    source, rest = intake.source(rest, here=_channel(body.get("channel_id", "")), task=task)
    try:
        await intake.check_welcome("", source)
        intake.check_material(task, source, rest)
    except UserError as error:
        await ack(text(error.key, intake.language, **error.params))
        return
    run = _run(intake, task, surface="command", body=body, words=rest, source=source)
    await intake.accept(run)
    await ack(text("ack.working", intake.language, task=task.title_in(intake.language)))


async def _message(intake: Intake, event: dict[str, Any], *, surface: Surface) -> None:
    if event.get("bot_id") or not event.get("user") or event["user"] == intake.bot_user_id:
        return
    words = re.sub(rf"<@{intake.bot_user_id}(\|[^>]*)?>", "", event.get("text") or "").strip()
    channel_id, ts = event["channel"], event["ts"]
    # In the messages tab too: there a message at top level begins a session, and its thread holds it.
    thread_ts = event.get("thread_ts") or ts
    here = Place(channel_id, thread_ts) if surface == "mention" else None
    run_id = f"{intake.team_id}:{channel_id}:{ts}"
    attached = tuple(file["id"] for file in event.get("files") or [] if file.get("id"))
    task, rest = intake.recognise(words)
    if await _is_no_request(intake, event, words, task=task, message_id=run_id, surface=surface):
        return
    at_top = _channel(channel_id) if surface == "mention" and not event.get("thread_ts") else ""
    source, rest = intake.source(rest, otherwise=here, here=at_top, task=task)
    if not rest and not isinstance(source, Span):
        # "What did I miss?" names the task and the part of the channel in the same words.
        source, _ = intake.source(words, otherwise=source if isinstance(source, Place) else None, here=at_top)
    refusal, blocks = "", None
    if asks_for_help(intake, words) or (not words and surface == "mention" and not attached):
        refusal, blocks = help_message(intake, words)
    elif task is None and len(words.split()) == 1 and nearest_tasks(intake.offered(), words):
        refusal = intake.unknown(words)
    elif task is None and _wants_summary(source, rest, surface):
        task = intake.tasks["summarise"]
    choosing = False
    if task is None and not refusal:
        draft_open = await newest_open(intake, event, surface=surface) is not None
        choosing = intake.in_doubt(words, draft_open=draft_open) is not None
    task = task or intake.tasks[ANSWER]
    try:
        if not refusal:
            await intake.check_welcome(channel_id, source)
            intake.check_material(task, source, rest, form=bool(attached))
    except UserError as error:
        refusal = text(error.key, intake.language, **error.params)
    if refusal:
        in_thread = event.get("thread_ts") or ""
        told = intake.tell_once(
            run_id, channel_id, event["user"], refusal, thread_ts=in_thread, blocks=blocks
        )
        intake.later(told)
        return
    run = Run(
        run_id=run_id,
        team_id=intake.team_id,
        channel_id=channel_id,
        user_id=event["user"],
        task=task.name,
        surface=surface,
        language=intake.language,
        words=rest,
        answer_channel_id=channel_id,
        answer_thread_ts=thread_ts,
        files=attached,
    )
    await intake.accept(aim(run, source), choosing=choosing)


async def _is_no_request(
    intake: Intake,
    event: dict[str, Any],
    words: str,
    *,
    task: Task | None,
    message_id: str,
    surface: Surface,
) -> bool:
    """Take a message that brings files for something else, or follows a draft up; False for a request."""
    thread_ts = event.get("thread_ts") or (event["ts"] if surface == "mention" else "")
    if await take_documents(intake, event, words, upload_id=message_id, thread_ts=thread_ts):
        return True
    if task is None and await follow_up(intake, words, event, message_id=message_id, surface=surface):
        return True
    if await take_cvs(intake, event, words, delivery_id=message_id):
        return True
    return await take_file(intake, event, words, task=task, upload_id=message_id, thread_ts=thread_ts)


def _wants_summary(source: Source, rest: str, surface: Surface) -> bool:
    """Say whether somebody who names no task means a summary: a bare link, or "what did I miss?"."""
    if isinstance(source, Span):
        return source.since == "missed" or not rest
    return source is not None and surface == "message" and not rest


def _channel(channel_id: str) -> str:
    """Return a conversation that has parts one may ask for; none for a messages tab."""
    return "" if channel_id.startswith("D") else channel_id


async def _shortcut(intake: Intake, body: dict[str, Any], name: str) -> str:
    """Take a request of a message's menu; return why not, where it is refused."""
    task = intake.tasks[name]
    place = _message_place(body)
    try:
        await intake.check_welcome("", place)
    except UserError as error:
        return text(error.key, intake.language, **error.params)
    await intake.accept(_run(intake, task, surface="shortcut", body=body, words="", source=place))
    return ""


def _message_place(body: dict[str, Any]) -> Place | None:
    message, channel = body.get("message") or {}, body.get("channel") or {}
    if not message.get("ts") or not channel.get("id"):
        return None
    return Place(channel["id"], message.get("thread_ts") or message["ts"])


async def _submit(intake: Intake, ack: AsyncAck, body: dict[str, Any]) -> None:
    view = body["view"]
    values = form_values(view)
    metadata = json.loads(view.get("private_metadata") or "{}")
    task = intake.tasks.get(values.pop("task", ""))
    words = values.pop("words", "")
    if task is None:
        await ack(response_action="errors", errors={"task": text("nothing-to-say", intake.language)})
        return
    inputs = {name.removeprefix("input_"): value for name, value in values.items() if value}
    if await answered_in_form(intake, ack, body, task=task, words=words, inputs=inputs):
        return
    here = Place(metadata["channel"], metadata["ts"]) if metadata.get("channel") else None
    source, words = intake.source(words, otherwise=here)
    try:
        await intake.check_welcome("", source)
        intake.check_material(task, source, words, form=_holds_material(task, inputs))
        if not (words or source or inputs):
            raise UserError("nothing-to-say")
    except UserError as error:
        message = text(error.key, intake.language, **error.params)
        await ack(response_action="errors", errors={"words": message})
        return
    run = _run(intake, task, surface="form", body=body, words=words, source=source, inputs=inputs)
    files = form_files(view)
    await intake.accept(replace(run, asking_minutes=asking_minutes(metadata), files=files))
    await discard_instead(intake, body)
    await ack()


def _holds_material(task: Task, inputs: dict[str, str]) -> bool:
    """Say whether a task's own fields hold what it is about, and not only how it should be."""
    holding = (field for field in task.inputs if field.required or field.type in ("multiline", "file"))
    return any(inputs.get(field.name) for field in holding)


def _run(
    intake: Intake,
    task: Task,
    *,
    surface: Surface,
    body: dict[str, Any],
    words: str,
    source: Source,
    inputs: dict[str, str] | None = None,
) -> Run:
    """Make a run whose answer goes to the asker's messages tab."""
    team = intake.team_id
    own_id = body["view"]["id"] if surface == "form" else body["trigger_id"]
    channel = body.get("channel_id") or (body.get("channel") or {}).get("id") or ""
    run = Run(
        run_id=f"{team}:{own_id}",
        team_id=team,
        channel_id=channel or (source.channel_id if source else ""),
        user_id=body.get("user_id") or body["user"]["id"],
        task=task.name,
        surface=surface,
        language=intake.language,
        words=words,
        inputs=inputs or {},
    )
    return aim(run, source)
