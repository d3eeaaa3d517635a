"""Task templates that a team makes in Slack: listed, edited, tried, published; every version is kept."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.handlers.trial import HANDLER, TEMPLATE
from bot.listeners.intake import Intake, aim, log, whose
from bot.records.templates import Template
from bot.tasks import (
    TRANSLATED,
    Run,
    Task,
    TaskFileError,
    UserError,
    Wording,
    check_words,
    make_name,
    parse_task,
    read_fields,
    write_task,
)
from bot.texts import format_moment, text
from bot.value import review_minutes
from bot.views import (
    Block,
    Entry,
    form_values,
    notice_view,
    template_form,
    template_saved,
    templates_view,
    trial_form,
)

TRIAL = "trial"  # the task whose handler writes by a version that is not published
LONGEST_TITLE = 60
MOST_MINUTES = 2_880


def register(app: AsyncApp, intake: Intake) -> None:
    """Attach the listeners of the template forms."""

    async def press(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await _press(intake, ack, body, action)

    async def save(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _save(intake, ack, body)

    async def attempt(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _try(intake, ack, body)

    for name in ("template_new", "template_menu", "template_try", "template_publish"):
        app.action(name)(press)
    app.view("template_edit")(save)
    app.view("template_trial")(attempt)


async def load_templates(intake: Intake) -> None:
    """Let people ask for the published templates; withdrawn ones stay known, for the drafts made with them."""
    async with intake.taking_over:
        await _load(intake)


async def _load(intake: Intake) -> None:
    published = await intake.records.templates.published(intake.team_id)
    for name, body in (await intake.records.templates.current(intake.team_id)).items():
        try:
            task = parse_task(name, body, (HANDLER,))
        except TaskFileError as error:
            log.warning("the template %s is not used: %s", name, error)
            continue
        if _taken(intake, task):
            log.warning("the template %s is not used: a task file has its name or alias", name)
            continue
        intake.put_template(replace(task, listed=name in published))


async def open_templates(intake: Intake, body: dict[str, Any]) -> None:
    """Open the list of templates for who may edit them; tell everybody else whose they are."""
    if await _may_edit(intake, whose(body)[0]):
        await intake.show_form(body, await _list(intake))
    else:
        await intake.answer(body, text("template.not-yours", intake.language))


async def _may_edit(intake: Intake, user_id: str) -> bool:
    return user_id in intake.holds.template_editors or await intake.is_admin(user_id)


async def _list(intake: Intake, note: str = "") -> Block:
    rows = await intake.records.templates.listing(intake.team_id)
    entries = [entry for row in rows if (entry := await _entry(intake, row)) is not None]
    return templates_view(entries, intake.language, note=note)


async def _entry(intake: Intake, row: Template) -> Entry | None:
    task = await _task(intake, row.name, row.newest)
    if task is None:
        return None
    when = format_moment(datetime.fromisoformat(row.changed_at), intake.language, intake.zone)
    changed = text("template.changed", intake.language, user=f"<@{row.changed_by}>", when=when)
    return Entry(task, row.newest, row.published, changed)


async def _task(intake: Intake, name: str, version: int) -> Task | None:
    """Return one version as a task, or None when it is gone or this version of the bot cannot read it."""
    try:
        body = await intake.records.templates.body(intake.team_id, name, version) or ""
        return parse_task(name, body, (HANDLER,))
    except TaskFileError as error:
        log.warning("the template %s@%d cannot be read: %s", name, version, error)
        return None


async def _press(intake: Intake, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """Carry out what was chosen: what changes something is stored before the ack, forms open after it."""
    told = (action.get("selected_option") or {}).get("value") or action.get("value") or ""
    kind = action["action_id"].removeprefix("template_")
    if kind == "menu":
        kind, _, told = told.partition(" ")
    name, _, number = told.partition(" ")
    version = int(number) if number.isdigit() else 0
    if not await _may_edit(intake, body["user"]["id"]):
        await ack()
        intake.later(intake.tell(body["user"]["id"], text("template.not-yours", intake.language)))
        return
    if kind in ("publish", "back", "withdraw"):
        wanted = {"publish": version, "back": version - 1, "withdraw": 0}[kind]
        note = await _publish(intake, name, wanted, user_id=body["user"]["id"])
        await ack()
        intake.later(_show(intake, body["view"], name, wanted, note=note))
        return
    await ack()
    intake.later(_push(intake, body, kind, name=name, version=version))


async def _publish(intake: Intake, name: str, version: int, *, user_id: str) -> str:
    """Let people get a version, or with 0 none, and return what to say of it."""
    task = await _task(
        intake, name, version or _newest(await intake.records.templates.listing(intake.team_id), name)
    )
    if task is None:
        return text("template.gone", intake.language)
    taken = _taken(intake, task) if version else ""
    if taken:
        return text("template.taken", intake.language, word=taken)
    async with intake.taking_over:
        await intake.records.templates.publish(intake.team_id, name, version, user_id=user_id)
        intake.put_template(replace(task, listed=version > 0))
    key = "template.is-published" if version else "template.is-withdrawn"
    title = task.title_in(intake.language)
    return text(key, intake.language, title=title, version=version, name=name)


def _taken(intake: Intake, template: Task) -> str:
    """Return a word of *template* that another task has already; empty when all are its own."""
    if template.name in intake.tasks and template.name not in intake.templates:
        return template.name
    return check_words(list(intake.tasks.values()), template)


def _newest(rows: list[Template], name: str) -> int:
    return next((row.newest for row in rows if row.name == name), 0)


async def _show(intake: Intake, view: dict[str, Any], name: str, version: int, *, note: str) -> None:
    """Bring the open forms up to date: the list, and what was saved on top of it."""
    root = view.get("root_view_id") or view["id"]
    await intake.delivery.update_form(root, await _list(intake, note))
    task = await _task(intake, name, version) if root != view["id"] else None
    if task is not None:
        rows = await intake.records.templates.listing(intake.team_id)
        published = next((row.published for row in rows if row.name == name), 0)
        shown = template_saved(task, version=version, published=published, language=intake.language)
        await intake.delivery.update_form(view["id"], shown)


async def _push(intake: Intake, body: dict[str, Any], kind: str, *, name: str, version: int) -> None:
    task = await _task(intake, name, version) if name and kind != "new" else None
    if kind == "new":
        view = template_form(None, version=0, language=intake.language)
    elif task is None:
        view = notice_view(text("template.gone", intake.language), intake.language)
    elif kind == "edit":
        view = template_form(task, version=version, language=intake.language)
    else:
        opened = f"{time.time():.0f}"
        view = trial_form(task, version=version, opened=opened, language=intake.language)
    await intake.show_form(body, view, over=True)


async def _save(intake: Intake, ack: AsyncAck, body: dict[str, Any]) -> None:
    """Keep a new version; what is wrong is said at its field, and nothing that was typed is lost."""
    metadata = json.loads(body["view"].get("private_metadata") or "{}")
    values, user_id = form_values(body["view"]), body["user"]["id"]
    field, wrong = "title", None
    task: Task | None = None
    if not await _may_edit(intake, user_id):
        wrong = UserError("template.not-yours")
    else:
        field, wrong, task = _read(intake, values, name=metadata.get("name", ""))
    version = 0
    if task is not None:
        after = int(metadata.get("version") or 0)
        version = await intake.records.templates.add(
            intake.team_id, task.name, write_task(task), user_id=user_id, after=after
        )
        if not version:
            # Somebody saved since this form was opened: it stays open, so that nothing is lost.
            field, wrong = "title", UserError("template.changed-meanwhile" if after else "template.exists")
    if wrong is not None or task is None:
        said = text(wrong.key, intake.language, **wrong.params) if wrong else ""
        await ack(response_action="errors", errors={field: said})
        return
    rows = await intake.records.templates.listing(intake.team_id)
    published = next((row.published for row in rows if row.name == task.name), 0)
    shown = template_saved(task, version=version, published=published, language=intake.language)
    await ack(response_action="update", view=shown)
    if body["view"].get("root_view_id"):
        intake.later(intake.delivery.update_form(body["view"]["root_view_id"], await _list(intake)))


def _read(intake: Intake, values: dict[str, str], *, name: str) -> tuple[str, UserError | None, Task | None]:
    """Return the template that was filled in; else the field that is wrong, and why."""
    title = _line(values.get("title", ""))
    minutes = values.get("minutes", "").strip()
    parts = [value for key, value in sorted(values.items()) if key.startswith("prompt")]
    field = "title"
    try:
        if len(title) > LONGEST_TITLE:
            raise UserError("template.title-wrong")
        name = name or make_name(title)
        field = "minutes"
        if not (minutes.isdecimal() and 1 <= int(minutes) <= MOST_MINUTES):
            raise UserError("template.minutes-wrong", most=MOST_MINUTES)
        field = "fields"
        inputs = read_fields("\n".join(map(_line, values.get("fields", "").splitlines())))
    except UserError as error:
        return field, error, None
    description = _line(values.get("description", ""))
    task = Task(
        name=name,
        title=title,
        description=description,
        prompt="".join(parts).strip() + "\n",
        aliases=tuple(
            filter(None, (" ".join(word.split()) for word in values.get("aliases", "").split(",")))
        ),
        reads="thread" if values.get("reads") == "thread" else "nothing",
        baseline_minutes=int(minutes),
        inputs=inputs,
        wordings=dict.fromkeys(TRANSLATED, Wording(title, description)),
    )
    taken = _taken(intake, task)
    if taken == name:
        return "title", UserError("template.exists"), None
    if taken:
        return "aliases", UserError("template.taken", word=taken), None
    try:
        parse_task(name, write_task(task), (HANDLER,))
    except TaskFileError as error:
        log.warning("a template was refused: %s", error)
        return "prompt0", UserError("template.wrong"), None
    return "", None, task


def _line(typed: str) -> str:
    """Return a title, a description or a field as it may stand in any sentence of ours: nobody is called by it."""
    return " ".join(typed.split()).translate({ord("<"): "‹", ord(">"): "›"})


async def _try(intake: Intake, ack: AsyncAck, body: dict[str, Any]) -> None:
    """Have a draft written by a version, published or not; it is a run like any other, of the task "trial"."""
    metadata = json.loads(body["view"].get("private_metadata") or "{}")
    values = form_values(body["view"])
    words = values.pop("words", "")
    inputs = {name.removeprefix("input_"): value for name, value in values.items() if value}
    source, words = intake.source(words)
    try:
        await intake.check_welcome("", source)
        if not (words or source or inputs):
            raise UserError("nothing-to-say")
    except UserError as error:
        said = text(error.key, intake.language, **error.params)
        await ack(response_action="errors", errors={"words": said})
        return
    opened = str(metadata.get("opened", ""))
    since = datetime.fromtimestamp(int(opened), UTC) if opened.isdigit() else None
    run = Run(
        run_id=f"{intake.team_id}:{body['view']['id']}",
        team_id=intake.team_id,
        channel_id="",
        user_id=body["user"]["id"],
        task=TRIAL,
        surface="form",
        language=intake.language,
        words=words,
        inputs={**inputs, TEMPLATE: f"{metadata.get('name', '')}@{metadata.get('version', 0)}"},
        asking_minutes=review_minutes(since, datetime.now(UTC)) if since else None,
    )
    await intake.accept(aim(run, source))
    shown = notice_view(text("template.trying", intake.language), intake.language)
    await ack(response_action="update", view=shown)
