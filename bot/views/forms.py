"""Forms: their fields, the New draft form, and reading what a person filled in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bot.tasks import Input, Language, Task
from bot.texts import text
from bot.views.blocks import Block, border

INPUT_LIMIT = 3_000  # of one plain text input
INPUT_FILL = 2_500  # of it filled beforehand: room to add something
OPTIONS_LIMIT = 100
CUSTOMER_SELECT = "input_known_customer"  # Slack asks us for its options while somebody types
FILES_LIMIT = 5  # of one field; Slack takes ten
READABLE = ("csv", "tsv", "xlsx", "json", "txt", "md")  # what a field for files takes unless its task says


def split_inputs(final_text: str) -> list[str]:
    """Cut a text for several inputs of a form; joined they are the text again."""
    parts: list[str] = []
    rest = final_text
    while len(rest) > INPUT_LIMIT:
        cut = border(rest, INPUT_FILL)
        parts.append(rest[:cut])
        rest = rest[cut:]
    return [*parts, rest]


def join_inputs(parts: list[str], kept: list[str]) -> str:
    """Join a form's inputs; *kept* are the white space ends that Slack's client may have trimmed."""
    joined = "".join(part.rstrip() + end for part, end in zip(parts, kept, strict=True))
    return joined.strip()


def task_form(
    tasks: dict[str, Task], *, language: Language, metadata: dict[str, str], chosen: str = ""
) -> Block:
    """Return the New draft form: which task, and what it should be about."""
    choices = [(task.name, task.title_in(language)) for task in tasks.values()]
    blocks: list[Block] = [
        {
            **select_input("task", text("modal.draft.task", language), choices, chosen=chosen),
            "dispatch_action": True,
        },
        *_about(tasks.get(chosen), language),
    ]
    return form(
        "new_draft",
        title=text("modal.draft.title", language),
        submit=text("modal.draft.submit", language),
        close=text("modal.edit.cancel", language),
        blocks=blocks,
        metadata=dict(metadata),
    )


def _about(task: Task | None, language: Language) -> list[Block]:
    """Return the fields of a text: the free one leads, unless the task has a question that must be answered."""
    own = task_inputs(task, language) if task else []
    leads = all(field["optional"] for field in own)
    key = "modal.draft.text" if leads else "modal.draft.more"
    words = text_input("words", text(key, language), multiline=True, optional=True)
    return [words, *own] if leads else [*own, words]


def task_inputs(task: Task, language: Language) -> list[Block]:
    """Return the fields of a task's own, `input_<name>` each."""
    return [_task_input(field, language) for field in task.inputs]


def _task_input(field: Input, language: Language) -> Block:
    block = text_input(
        f"input_{field.name}",
        field.label_in(language),
        multiline=field.type == "multiline",
        optional=not field.required,
    )
    if field.type == "select":
        options = [
            {"text": {"type": "plain_text", "text": words[:75]}, "value": option[:150]}
            for option, words in zip(field.options, field.choices_in(language), strict=True)
        ]
        block["element"] = {"type": "static_select", "action_id": block["block_id"], "options": options}
    elif field.type == "customer":
        hint = {"type": "plain_text", "text": text("customers.choose", language)[:150]}
        block["element"] = {
            "type": "external_select",
            "action_id": block["block_id"],
            "min_query_length": 0,
            "placeholder": hint,
        }
    elif field.type == "date":
        block["element"] = {"type": "datepicker", "action_id": block["block_id"]}
    elif field.type == "number":
        block["element"] = {
            "type": "number_input",
            "action_id": block["block_id"],
            "is_decimal_allowed": True,
        }
    elif field.type == "channel":
        block["element"] = {"type": "conversations_select", "action_id": block["block_id"]}
    elif field.type == "file":
        block["element"] = {
            "type": "file_input",
            "action_id": block["block_id"],
            "filetypes": list(field.options or READABLE),
            "max_files": FILES_LIMIT,
        }
    return block


def text_input(
    name: str, label: str, *, initial: str = "", hint: str = "", multiline: bool, optional: bool
) -> Block:
    """Return a field for text; block and action are called *name*."""
    element: Block = {
        "type": "plain_text_input",
        "action_id": name,
        "multiline": multiline,
        "max_length": 3000,
    }
    if initial:
        element["initial_value"] = initial
    if hint:
        element["placeholder"] = {"type": "plain_text", "text": hint[:150]}
    return {
        "type": "input",
        "block_id": name,
        "optional": optional,
        "label": {"type": "plain_text", "text": label[:2000]},
        "element": element,
    }


def select_input(name: str, label: str, choices: Sequence[tuple[str, str]], *, chosen: str = "") -> Block:
    """Return a field with *choices*, each a value and what people read."""
    options = [
        {"text": {"type": "plain_text", "text": shown[:75]}, "value": value[:150]}
        for value, shown in choices[:OPTIONS_LIMIT]
    ]
    element: Block = {"type": "static_select", "action_id": name, "options": options}
    initial = next((option for option in options if option["value"] == chosen), None)
    if initial:
        element["initial_option"] = initial
    return {
        "type": "input",
        "block_id": name,
        "label": {"type": "plain_text", "text": label[:2000]},
        "element": element,
    }


def form(
    callback_id: str, *, title: str, submit: str, close: str, blocks: list[Block], metadata: dict[str, Any]
) -> Block:
    """Return a form; *metadata* comes back with what was filled in."""
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": {"type": "plain_text", "text": title[:24]},
        "submit": {"type": "plain_text", "text": submit[:24]},
        "close": {"type": "plain_text", "text": close[:24]},
        "blocks": blocks,
        "private_metadata": json.dumps(metadata),
    }


def form_values(view: dict[str, Any]) -> dict[str, str]:
    """Return what a person filled into a form: block id -> text, choice, date or file names; empty when left out.

    Several people, channels or choices stand with commas between.
    """
    values: dict[str, str] = {}
    for block_id, actions in (view.get("state") or {}).get("values", {}).items():
        for state in actions.values():
            option = state.get("selected_option") or {}
            chosen = state.get("value") or option.get("value") or state.get("selected_date")
            chosen = chosen or ", ".join(str(file.get("name")) for file in state.get("files") or [])
            chosen = chosen or ",".join(
                state.get("selected_users") or state.get("selected_conversations") or ()
            )
            chosen = chosen or ",".join(one["value"] for one in state.get("selected_options") or ())
            one = state.get("selected_conversation") or state.get("selected_user")
            values[block_id] = str(chosen or one or "")
    return values


def form_files(view: dict[str, Any]) -> tuple[str, ...]:
    """Return the ids of the files that a person put into a form."""
    fields = (view.get("state") or {}).get("values", {}).values()
    return tuple(
        str(file["id"])
        for actions in fields
        for state in actions.values()
        for file in state.get("files") or []
    )
