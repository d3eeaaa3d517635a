"""What is planned: its lines and buttons on a card, its form, and the message that brings a post at its moment."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.tasks import Language
from bot.texts import text
from bot.views.blocks import PART_LIMIT, Block, button, context, fallback, section, split_markdown
from bot.views.forms import form


def plan_value(run_id: str, *, part: str = "", due: datetime | None = None) -> str:
    """Write which plan a button belongs to."""
    return json.dumps({"run": run_id, "part": part, "due": due.isoformat() if due else ""})


def read_plan_value(value: str) -> tuple[str, str, datetime | None]:
    """Read run, part and moment that `plan_value` wrote.

    Raises:
        ValueError: it is not ours.
    """
    read = json.loads(value)
    if not isinstance(read, dict) or not isinstance(read.get("run"), str):
        raise ValueError("no plan in this value")
    due = str(read.get("due") or "")
    return read["run"], str(read.get("part") or ""), datetime.fromisoformat(due) if due else None


def plan_blocks(run_id: str, lines: Sequence[tuple[datetime, str]], language: Language) -> list[Block]:
    """Return what stands on the card of an accepted draft: *lines* say what is planned, then a button to plan."""
    blocks: list[Block] = []
    for due, line in lines:
        label = text("button.plan-cancel", language)
        cancel = button("plan_cancel", label, plan_value(run_id, due=due), spoken=f"{label}: {line}")
        blocks.append({**section(line), "accessory": cancel})
    label = text("button.plan-anew" if lines else "button.plan", language)
    return [*blocks, {"type": "actions", "elements": [button("plan", label, plan_value(run_id))]}]


def plan_form(
    run_id: str,
    parts: Sequence[tuple[str, str]],
    *,
    day: str,
    clock: str,
    zone: str,
    language: Language,
    again: str = "",
) -> Block:
    """Return the form that asks when, and which posts.

    Args:
        parts: key and name of each post; one alone is not asked for.
        day, clock: what stands there at first, as `2026-11-24` and `09:00`.
        zone: where the clock hangs, to be named.
        again: of a post that was brought before: the moment, so that its message can say what came of it.
    """
    blocks = [
        _input("day", text("plan.day", language), {"type": "datepicker", "initial_date": day}),
        _input(
            "clock", text("plan.clock", language, zone=zone), {"type": "timepicker", "initial_time": clock}
        ),
    ]
    if len(parts) > 1:
        options = [{"text": {"type": "plain_text", "text": name}, "value": key} for key, name in parts]
        boxes = {"type": "checkboxes", "options": options, "initial_options": options}
        blocks.append(_input("parts", text("plan.parts", language), boxes))
    only = parts[0][0] if len(parts) == 1 else ""
    return form(
        "plan",
        title=text("plan.title", language),
        submit=text("plan.submit", language),
        close=text("modal.edit.cancel", language),
        blocks=blocks,
        metadata={"run": run_id, "part": only, "again": again},
    )


def _input(name: str, label: str, element: Block) -> Block:
    return {
        "type": "input",
        "block_id": name,
        "label": {"type": "plain_text", "text": label},
        "element": {**element, "action_id": name},
    }


def read_plan_form(view: dict[str, Any]) -> tuple[str, str, list[str]]:
    """Return day, time and the chosen parts of the form; no parts where it asked for none."""
    values = {
        name: state
        for fields in (view.get("state") or {}).get("values", {}).values()
        for name, state in fields.items()
    }
    chosen = [option["value"] for option in values.get("parts", {}).get("selected_options") or []]
    day, clock = values.get("day", {}).get("selected_date"), values.get("clock", {}).get("selected_time")
    return str(day or ""), str(clock or ""), chosen


def planned_post(
    body: str, *, head: str, beside: str, small: Sequence[str], value: str, language: Language
) -> list[tuple[str, list[Block]]]:
    """Return the messages, as `(text, blocks)`, that bring a post ready to copy; buttons on the last.

    Args:
        head: which post it is.
        beside: what belongs to the post and is not part of it, such as the text for its picture.
        value: which plan the buttons belong to; empty when it was answered.
    """
    messages = []
    for part in split_markdown(body, PART_LIMIT):
        # To the letter: nothing in it is read as markup, and it mentions nobody.
        framed = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": part}]}
        messages.append((fallback(part), [{"type": "rich_text", "elements": [framed]}]))
    messages[0][1].insert(0, section(head))
    tail = messages[-1][1]
    if beside:
        tail.append(context(html.escape(beside, quote=False)))
    if small:
        tail.append(context(*small))
    if value:
        buttons = [
            button("plan_posted", text("button.plan-posted", language), value, style="primary"),
            button("plan_later", text("button.plan-later", language), value),
            button("plan_drop", text("button.plan-cancel", language), value),
        ]
        tail.append({"type": "actions", "elements": buttons})
    return messages
