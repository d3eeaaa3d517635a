"""The forms in which a team makes its own task templates: list, editing, trying."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from bot.tasks import Language, Task, write_fields
from bot.texts import format_minutes, text
from bot.views.blocks import Block, button, section
from bot.views.forms import form, select_input, split_inputs, task_inputs, text_input

MOST_SHOWN = 45
PROMPT_PARTS = 3


@dataclass(frozen=True)
class Entry:
    """One template in the list; `task` is its newest version.

    Attributes:
        published: the version that people get; 0 for none.
        changed: who changed it last and when, in words.
    """

    task: Task
    newest: int
    published: int
    changed: str


def templates_view(entries: Sequence[Entry], language: Language, *, note: str = "") -> Block:
    """Return the list of templates with what can be done to each."""
    blocks: list[Block] = [section(note)] if note else []
    new = button("template_new", text("template.button.new", language), "new", style="primary")
    blocks += [section(text("template.intro", language)), {"type": "actions", "elements": [new]}]
    blocks += [_row(entry, language) for entry in entries[:MOST_SHOWN]]
    if len(entries) > MOST_SHOWN:
        blocks.append(section(text("template.more", language, count=len(entries) - MOST_SHOWN)))
    return _plain("templates", text("template.title", language), blocks, language)


def _row(entry: Entry, language: Language) -> Block:
    choices = ["edit", "try"]
    if entry.newest != entry.published:
        choices.append("publish")
    if entry.published > 1:
        choices.append("back")
    if entry.published:
        choices.append("withdraw")
    options = [
        {
            "text": {"type": "plain_text", "text": _choice(choice, entry, language)},
            "value": f"{choice} {entry.task.name} {entry.published if choice == 'back' else entry.newest}",
        }
        for choice in choices
    ]
    key = "template.row" if entry.published else "template.row-draft"
    line = text(
        key,
        language,
        title=html.escape(entry.task.title_in(language), quote=False),
        name=entry.task.name,
        published=entry.published,
        newest=entry.newest,
        changed=entry.changed,
    )
    menu = {"type": "overflow", "action_id": "template_menu", "options": options}
    return {**section(line), "block_id": f"template {entry.task.name}", "accessory": menu}


def _choice(choice: str, entry: Entry, language: Language) -> str:
    version = entry.published - 1 if choice == "back" else entry.newest
    return text(f"template.choice.{choice}", language, version=version)


def template_form(task: Task | None, *, version: int, language: Language) -> Block:
    """Return the form in which a template is made, or its newest version edited."""
    given = task or Task(name="", title="", description="", prompt="")
    parts = [*split_inputs(given.prompt), "", ""][: max(PROMPT_PARTS, len(split_inputs(given.prompt)))]
    blocks = [
        _field("title", language, initial=given.title),
        _field("description", language, initial=given.description),
        *(
            _field(f"prompt{index}", language, initial=part, multiline=True, optional=index > 0)
            for index, part in enumerate(parts)
        ),
        _field("fields", language, initial=write_fields(given.inputs), multiline=True, optional=True),
        _field("aliases", language, initial=", ".join(given.aliases), optional=True),
        _field("minutes", language, initial=str(given.baseline_minutes) if task else ""),
        select_input(
            "reads",
            text("template.reads", language),
            [(kind, text(f"template.reads.{kind}", language)) for kind in ("nothing", "thread")],
            chosen=given.reads,
        ),
    ]
    return form(
        "template_edit",
        title=text("template.title-new" if task is None else "template.title-edit", language),
        submit=text("template.save", language),
        close=text("modal.edit.cancel", language),
        blocks=blocks,
        metadata={"name": given.name, "version": version},
    )


def _field(
    name: str, language: Language, *, initial: str, multiline: bool = False, optional: bool = False
) -> Block:
    key = "prompt-more" if name.startswith("prompt") and name != "prompt0" else name.rstrip("0")
    hint = text(f"template.{key}.hint", language)
    return text_input(
        name,
        text(f"template.{key}.label", language),
        initial=initial,
        hint=hint,
        multiline=multiline,
        optional=optional,
    )


def template_saved(task: Task, *, version: int, published: int, language: Language) -> Block:
    """Return what stands in the place of the form once a version is kept."""
    key = "template.saved" if version != published else "template.published"
    title = html.escape(task.title_in(language), quote=False)
    said = text(
        key,
        language,
        title=title,
        name=task.name,
        version=version,
        minutes=format_minutes(task.baseline_minutes, language),
    )
    value = f"{task.name} {version}"
    buttons = [button("template_try", text("template.button.try", language), value)]
    if version != published:
        buttons.append(
            button("template_publish", text("template.button.publish", language), value, style="primary")
        )
    blocks: list[Block] = [section(said), {"type": "actions", "elements": buttons}]
    return _plain("template_saved", text("template.title", language), blocks, language)


def trial_form(task: Task, *, version: int, opened: str, language: Language) -> Block:
    """Return the form in which a version is tried on an example."""
    words = text_input("words", text("template.example", language), multiline=True, optional=True)
    return form(
        "template_trial",
        title=text("template.title-try", language),
        submit=text("template.try", language),
        close=text("modal.edit.cancel", language),
        blocks=[words, *task_inputs(task, language)],
        metadata={"name": task.name, "version": version, "opened": opened},
    )


def notice_view(sentence: str, language: Language) -> Block:
    """Return a form that only says something."""
    return _plain("template_notice", text("template.title", language), [section(sentence)], language)


def _plain(callback_id: str, title: str, blocks: list[Block], language: Language) -> Block:
    view = form(
        callback_id,
        title=title,
        submit="",
        close=text("template.close", language),
        blocks=blocks,
        metadata={},
    )
    del view["submit"]
    return view
