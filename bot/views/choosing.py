"""The question which task is meant, the question what is missing, and a form that is filled beforehand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.tasks import Language
from bot.texts import text
from bot.views.blocks import Block, button, section
from bot.views.cards import draft_value
from bot.views.forms import INPUT_LIMIT, form_values

MOST_TASKS = 4
"""So many tasks a question offers: more is a form."""


def choice_value(run_id: str, task: str) -> str:
    """Write which task a button chooses for which run."""
    return json.dumps({"run": run_id, "task": task})


def read_choice(value: str) -> tuple[str, str]:
    """Read what `choice_value` wrote.

    Raises:
        ValueError: it is not ours.
    """
    read = json.loads(value)
    if not isinstance(read, dict) or not isinstance(read.get("run"), str):
        raise ValueError("no choice in this value")
    return read["run"], str(read.get("task", ""))


def task_question(
    run_id: str, sentence: str, choices: Sequence[tuple[str, str]], *, plain: str, language: Language
) -> list[Block]:
    """Return the question which task is meant.

    Args:
        choices: at most `MOST_TASKS` tasks, each its name and what people read.
        plain: the task of a plain answer.
    """
    buttons = [
        button(f"choose_{index}", shown, choice_value(run_id, name))
        for index, (name, shown) in enumerate(choices[:MOST_TASKS])
    ]
    buttons.append(button("choose_plain", text("button.just-answer", language), choice_value(run_id, plain)))
    buttons.append(button("choose_form", text("button.something-else", language), choice_value(run_id, "")))
    return [section(sentence), {"type": "actions", "elements": buttons}]


def inputs_question(
    run_id: str, sentence: str, task: str, *, anyway: bool, language: Language
) -> list[Block]:
    """Return the question to fill in the form of *task*; with *anyway* it may be drafted without."""
    form = button(
        "choose_form", text("button.fill-in", language), choice_value(run_id, task), style="primary"
    )
    buttons = [form]
    if anyway:
        label = text("button.draft-with-gaps", language)
        buttons.append(button("choose_anyway", label, choice_value(run_id, task)))
    return [section(sentence), {"type": "actions", "elements": buttons}]


def other_task(run_id: str, version: int, language: Language) -> Block:
    """Return the button for whoever meant another task than the one that was taken."""
    label = text("button.other-task", language)
    value = draft_value(run_id, version)
    return {"type": "actions", "elements": [button("choose_other", label, value)]}


def fill_form(view: Block, filled: Mapping[str, str]) -> Block:
    """Return a form whose fields begin with what is known: block id -> text, option or date."""
    blocks = [_begin(block, filled.get(block.get("block_id", ""), "")) for block in view["blocks"]]
    return {**view, "blocks": blocks}


def filled_in(view: Block) -> dict[str, str]:
    """Return what stands in the fields of an open form, those included that nobody touched."""
    begun: dict[str, str] = {}
    for block in view["blocks"]:
        element = block.get("element") or {}
        option = element.get("initial_option") or {}
        known = option.get("value") or element.get("initial_value") or element.get("initial_date")
        if known or element.get("initial_conversation"):
            begun[block["block_id"]] = str(known or element["initial_conversation"])
    return {**begun, **form_values(view)}


def _begin(block: Block, value: str) -> Block:
    if not value or block["type"] != "input":
        return block
    element: dict[str, Any] = dict(block["element"])
    if element["type"] == "static_select":
        option = next((one for one in element["options"] if one["value"] == value), None)
        if option is None:
            return block
        element["initial_option"] = option
    elif element["type"] == "datepicker":
        element["initial_date"] = value
    elif element["type"] == "conversations_select":
        element["initial_conversation"] = value
    elif len(value) <= INPUT_LIMIT:
        element["initial_value"] = value
    return {**block, "element": element}
