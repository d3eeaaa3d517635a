"""The card of a draft and its forms."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from typing import Any

from bot.tasks import Draft, Input, Language, Task
from bot.texts import text

MARKDOWN_LIMIT = 12_000  # characters of all markdown blocks of one message together
PART_LIMIT = 11_000  # of the draft in one message: the card around it counts towards Slack's 13,200
TEXT_LIMIT = 4_000  # of `text` in chat.update
INPUT_LIMIT = 3_000  # of one plain text input
INPUT_FILL = 2_500  # of it filled beforehand: room to add something
BUTTON_TEXT_LIMIT = 75
OPTIONS_LIMIT = 100
CUSTOMER_SELECT = "input_known_customer"  # Slack asks us for its options while somebody types
FILES_LIMIT = 5  # of one field; Slack takes ten
READABLE = ("csv", "tsv", "xlsx", "json", "txt", "md")  # what a field for files takes unless its task says

Block = dict[str, Any]

_FENCE = re.compile(r"^(```|~~~)", re.MULTILINE)
_CITATION = re.compile(r"\[(\d+(?:\s*[,;–-]\s*\d+)*)\](?!\()")

# Slack reads `<!channel>`, `<@U1>` and `<#C1>` as live mentions, in markdown blocks also when escaped once.
_LIVE = re.compile(r"(?:<|&(?:amp;)*(?:lt|#0*60|#x0*3c);)(?=\s*[!@#])", re.IGNORECASE)


def neutralise(markdown: str) -> str:
    """Return the model's text with every live mention broken, literal or escaped; the words stay."""
    return _LIVE.sub("‹", markdown)


def link_sources(markdown: str, sources: dict[str, str], language: Language) -> str:
    """Turn `[12]` into a link to source 12; a number that does not exist is marked, never hidden.

    A source with an empty address exists and has no link: its number stays as it is.
    """
    no_source = text("card.no-source", language)

    def link(found: re.Match[str]) -> str:
        pieces = re.split(r"(\d+)", found.group(1))
        numbers = [piece for piece in pieces if piece.isdigit()]
        if not any(number in sources for number in numbers):
            return f"[{found.group(1)}] ({no_source})"
        linked = [_linked(piece, sources) for piece in pieces]
        mark = "" if all(number in sources for number in numbers) else f" ({no_source})"
        return f"({''.join(linked)}){mark}"

    return _CITATION.sub(link, markdown)


def _linked(piece: str, sources: dict[str, str]) -> str:
    if piece not in sources:
        return piece
    return f"[{piece}]({sources[piece]})" if sources[piece] else f"[{piece}]"


def split_markdown(markdown: str, limit: int = PART_LIMIT) -> list[str]:
    """Cut a text at paragraphs, else lines, else words, into parts of at most *limit* characters.

    Without code fences the parts join to the text again; a fence that is cut is closed and opened anew.
    """
    parts: list[str] = []
    rest = markdown
    opening = ""
    while len(opening) + len(rest) > limit:
        cut = _border(rest, limit - len(opening) - 4)
        part, rest = opening + rest[:cut], rest[cut:]
        inside = len(_FENCE.findall(part)) % 2 == 1
        parts.append(part + "\n```" if inside else part)
        opening = "```\n" if inside else ""
    parts.append(opening + rest)
    return parts


def _border(markdown: str, room: int) -> int:
    for mark in ("\n\n", "\n", " "):
        at = markdown.rfind(mark, room // 2, room - len(mark) + 1)
        if at > 0:
            return at + len(mark)
    return room


def fallback(markdown: str, limit: int = TEXT_LIMIT) -> str:
    """Return a text escaped for Slack's `text` field, within *limit* characters: notifications read it."""
    kept = neutralise(markdown)[:limit]
    while len(escaped := html.escape(kept, quote=False)) > limit:
        kept = kept[: len(kept) - max(1, (len(escaped) - limit) // 5)]
    return escaped


def plain(line: str) -> str:
    """Return a `text` of ours as a terminal shows it."""
    return html.unescape(line)


def markdown_block(markdown: str) -> Block:
    """Return a text of the model as a block that cannot notify anybody."""
    return {"type": "markdown", "text": neutralise(markdown)}


def context(*lines: str) -> Block:
    """Return small print; our own sentences only."""
    return {
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": line[:3000]} for line in lines if line],
    }


def section(line: str) -> Block:
    """Return one sentence of ours."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": line[:3000]}}


def button(action_id: str, label: str, value: str, *, style: str = "", spoken: str = "") -> Block:
    """Return a button.

    Args:
        value: says which draft it belongs to.
        spoken: what a screen reader says of it, where its label alone does not tell it from another.
    """
    block: Block = {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": label[:BUTTON_TEXT_LIMIT]},
        "value": value,
    }
    if spoken:
        block["accessibility_label"] = spoken[:BUTTON_TEXT_LIMIT]
    return {**block, "style": style} if style else block


def draft_value(run_id: str, version: int) -> str:
    """Write which version of which draft a button belongs to."""
    return json.dumps({"run": run_id, "version": version})


def read_value(value: str) -> tuple[str, int]:
    """Read what `draft_value` wrote.

    Raises:
        ValueError: it is not ours.
    """
    read = json.loads(value)
    if not isinstance(read, dict) or not isinstance(read.get("run"), str):
        raise ValueError("no draft in this value")
    return read["run"], int(read.get("version", 0))


def placeholder(sentence: str) -> list[Block]:
    """Return the message that stands until the draft does."""
    return [section(sentence)]


def apology(run_id: str, sentence: str, language: Language, *, retry: bool) -> list[Block]:
    """Return what a person reads when there is no draft, with a way to try again."""
    blocks = [section(sentence)]
    if retry:
        label = text("button.retry", language)
        blocks.append({"type": "actions", "elements": [button("retry", label, draft_value(run_id, 0))]})
    return blocks


def card(
    draft: Draft,
    *,
    review: str,
    final_text: str,
    shared: bool,
    decided_by: str,
    share_in: str,
    language: Language,
    questions: Sequence[Block] = (),
    more: Sequence[Block] = (),
) -> list[tuple[str, list[Block]]]:
    """Return the messages, as `(text, blocks)`, that a draft and its review make up; buttons on the last.

    Args:
        share_in: the conversation that it can be shared to; empty when there is none.
        questions: what is asked once a draft is decided on.
        more: buttons of this task alone, for where its review stands.
    """
    shown = link_sources(final_text or draft.text, draft.sources, language)
    messages = [(fallback(part), [markdown_block(part)]) for part in split_markdown(shown)]
    value = draft_value(draft.run_id, draft.version)
    tail: list[Block] = []
    small = []
    if draft.messages_read:
        small.append(text("card.read", language, count=draft.messages_read))
    small += [text("card.model", language, model=html.escape(draft.model)), text("card.check", language)]
    tail.append(context(" · ".join(small), *draft.notes))
    undecided = review in ("open", "redone")
    if undecided:
        elements = _undecided(value, share_in, language, draft.version)
        # Beside Edit, of which they are another way.
        tail.append({"type": "actions", "elements": [*elements[:2], *more, *elements[2:]]})
    else:
        kind = "shared" if shared else review
        done = text(f"card.{kind}", language, user=f"<@{decided_by}>", channel=f"<#{share_in}>")
        tail += [context(done), *questions]
        elements = [button("undo", text("button.undo", language), value)]
        if share_in and not shared and review != "discarded":
            elements.insert(0, _share(value, share_in, language))
        elements.append(button("sent", text("button.sent", language), value))
        tail.append({"type": "actions", "elements": [*more, *elements]})
    messages[-1][1].extend(tail)
    return messages


def _undecided(value: str, share_in: str, language: Language, version: int) -> list[Block]:
    elements = [
        button("approve", text("button.approve", language), value, style="primary"),
        button("edit", text("button.edit", language), value),
        button("redo", text("button.redo", language), value),
        button("discard", text("button.discard", language), value),
    ]
    if share_in:
        elements.append(_share(value, share_in, language))
    if version > 1:
        elements.append(button("undo", text("button.undo", language), value))
    return [*elements, button("sent", text("button.sent", language), value)]


def _share(value: str, share_in: str, language: Language) -> Block:
    # A button's label is plain text: Slack shows no channel names in it, so the sentence says "here".
    return button("share", text("button.share", language), value)


def split_inputs(final_text: str) -> list[str]:
    """Cut a text for several inputs of a form; joined they are the text again."""
    parts: list[str] = []
    rest = final_text
    while len(rest) > INPUT_LIMIT:
        cut = _border(rest, INPUT_FILL)
        parts.append(rest[:cut])
        rest = rest[cut:]
    return [*parts, rest]


def join_inputs(parts: list[str], kept: list[str]) -> str:
    """Join a form's inputs; *kept* are the white space ends that Slack's client may have trimmed."""
    joined = "".join(part.rstrip() + end for part, end in zip(parts, kept, strict=True))
    return joined.strip()


def edit_form(draft: Draft, *, final_text: str, language: Language) -> Block:
    """Return the form in which a draft is edited; a long one stands in several inputs."""
    parts = split_inputs(final_text or draft.text)
    ends = [part[len(part.rstrip()) :] for part in parts]
    label = text("modal.edit.label", language)
    blocks = []
    for index, part in enumerate(parts):
        name = (
            label
            if len(parts) == 1
            else text("modal.edit.label-part", language, n=index + 1, total=len(parts))
        )
        blocks.append(
            text_input(f"part{index}", name, initial=part.rstrip(), multiline=True, optional=index > 0)
        )
    return form(
        "edit_draft",
        title=text("modal.edit.title", language),
        submit=text("modal.edit.submit", language),
        close=text("modal.edit.cancel", language),
        blocks=blocks,
        metadata={"run": draft.run_id, "version": draft.version, "ends": ends},
    )


def redo_form(run_id: str, version: int, language: Language) -> Block:
    """Return the form that asks what should be different."""
    field = text_input(
        "instruction",
        text("modal.redo.instruction", language),
        hint=text("modal.redo.placeholder", language),
        multiline=True,
        optional=True,
    )
    return form(
        "redo_draft",
        title=text("modal.redo.title", language),
        submit=text("modal.redo.submit", language),
        close=text("modal.edit.cancel", language),
        blocks=[field],
        metadata={"run": run_id, "version": version},
    )


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
        text_input("words", text("modal.draft.text", language), multiline=True, optional=True),
    ]
    if chosen in tasks:
        blocks += task_inputs(tasks[chosen], language)
    return form(
        "new_draft",
        title=text("modal.draft.title", language),
        submit=text("modal.draft.submit", language),
        close=text("modal.edit.cancel", language),
        blocks=blocks,
        metadata=dict(metadata),
    )


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
        options = [{"text": {"type": "plain_text", "text": o[:75]}, "value": o[:150]} for o in field.options]
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
