"""A set of texts from a table: the message that tells how far it is, its form, and the card to review them on."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from bot.bulk import Fault, Mapping
from bot.tasks import Language
from bot.texts import text
from bot.views.blocks import Block, button, context, section
from bot.views.forms import form, split_inputs, text_input

SHOWN_CHARS = 9_500  # of the texts on one card together: Slack takes 13,200 with everything around them
FAULT_CHARS = 240
SECTION_CHARS = 3_000
NAME_CHARS = 80
BAR = 20

ITEM_ACTS = ("approve", "edit", "redo", "skip")


@dataclass(frozen=True)
class Shown:
    """A text as a card shows it; `trouble` is why it is not another one."""

    number: int
    version: int
    name: str
    text: str
    faults: tuple[Fault, ...] = ()
    trouble: str = ""


def item_value(act: str, keys: Sequence[tuple[int, int]], set_id: str) -> str:
    """Write what a press does to which texts, each by row and version: `approve|12.1,13.2|T1:V1`."""
    return f"{act}|{','.join(f'{number}.{version}' for number, version in keys)}|{set_id}"


def read_item_value(value: str) -> tuple[str, list[tuple[int, int]], str]:
    """Read what `item_value` wrote.

    Raises:
        ValueError: it is not ours.
    """
    act, keys, set_id = value.split("|", 2)
    pairs = [one.partition(".") for one in keys.split(",")]
    return act, [(int(number), int(version)) for number, _, version in pairs], set_id


def set_message(sentence: str, *more: str, buttons: Sequence[Block] = ()) -> list[Block]:
    """Return the message of a set: where it stands, small print, and what can be done."""
    blocks = [section(sentence)]
    blocks += [context(*more)] if any(more) else []
    return [*blocks, {"type": "actions", "elements": list(buttons)}] if buttons else blocks


def set_button(name: str, set_id: str, language: Language, *, style: str = "", **params: object) -> Block:
    """Return one button of a set: `bulk_<name>`."""
    return button(f"bulk_{name}", text(f"bulk.button.{name}", language, **params), set_id, style=style)


def bar(done: int, total: int) -> str:
    """Return how far something is, as a bar of twenty."""
    full = BAR * done // max(1, total)
    return "▓" * full + "░" * (BAR - full)


def texts_blocks(items: Sequence[Shown], language: Language, *, menu: str = "") -> list[Block]:
    """Return texts for reading, each with its row, and what code found wrong with it.

    Args:
        menu: the set whose texts a menu beside each decides on; empty for none.
    """
    blocks: list[Block] = []
    room = SHOWN_CHARS // max(1, len(items))
    for one in items:
        head = section(f"*{one.number}. {html.escape(one.name[:NAME_CHARS], quote=False)}*")
        if menu:
            head["accessory"] = _menu(one, menu, language)
        blocks.append(head)
        shown = one.text if len(one.text) <= room else one.text[: room - 1].rstrip() + "…"
        # As plain text: nothing in it is a mention or a link.
        blocks += [
            {"type": "section", "text": {"type": "plain_text", "text": shown[at : at + SECTION_CHARS]}}
            for at in range(0, len(shown), SECTION_CHARS)
        ]
        if one.faults:
            told = " · ".join(fault.word(language) for fault in one.faults)
            blocks.append(context("⚠ " + told[:FAULT_CHARS]))
        if one.trouble:
            # A sentence of ours, which may name an admin.
            blocks.append(context(text("bulk.not-again", language, why=one.trouble)))
    return blocks


def _menu(one: Shown, set_id: str, language: Language) -> Block:
    return {
        "type": "overflow",
        "action_id": f"bulk_item_{one.number}",
        "options": [
            {
                "text": {"type": "plain_text", "text": text(f"bulk.item-button.{act}", language)},
                "value": item_value(act, [(one.number, one.version)], set_id),
            }
            for act in ITEM_ACTS
        ],
    }


def review_card(
    items: Sequence[Shown], set_id: str, language: Language, *, head: str, each: int, undo: bool
) -> list[Block]:
    """Return the card on which the next texts are decided.

    Args:
        head: how many wait.
        each: how many are shown at once; one alone has buttons of its own.
        undo: something was decided that can be taken back.
    """
    keys = [(one.number, one.version) for one in items]
    blocks = [section(head), *texts_blocks(items, language, menu=set_id if each > 1 else "")]
    buttons: list[Block] = []
    if items:
        key = "bulk.button.approve-all" if each > 1 else "bulk.item-button.approve"
        label = text(key, language, count=len(items))
        buttons.append(button("bulk_approve", label, item_value("approve", keys, set_id), style="primary"))
        if each == 1:
            buttons += [
                button(
                    f"bulk_item_{act}",
                    text(f"bulk.item-button.{act}", language),
                    item_value(act, keys, set_id),
                )
                for act in ITEM_ACTS[1:]
            ]
    if undo:
        buttons.append(button("bulk_undo", text("button.undo", language), set_id))
    return [*blocks, {"type": "actions", "elements": buttons}] if buttons else blocks


def mapping_form(
    headers: Sequence[str], mapping: Mapping, set_id: str, language: Language, *, opened: str, paper: bool
) -> Block:
    """Return the form that asks which column is what, the tone, and the length."""
    options = [
        {"text": {"type": "plain_text", "text": header[:75]}, "value": str(at)}
        for at, header in enumerate(headers)
    ]
    kind = "letters" if paper else "texts"
    keywords = _columns("keywords", text("bulk.form.keywords", language), options, optional=True)
    if mapping.keywords is not None:
        keywords["element"]["initial_option"] = options[mapping.keywords]
    name = _columns("name", text(f"bulk.form-name.{kind}", language), options)
    name["element"]["initial_option"] = options[mapping.name]
    unused = _columns("unused", text("bulk.form.unused", language), options, optional=True, many=True)
    if mapping.unused:
        unused["element"]["initial_options"] = [options[at] for at in mapping.unused]
    words = {
        "type": "input",
        "block_id": "most_words",
        "label": {"type": "plain_text", "text": text("bulk.form.most-words", language)},
        "element": {
            "type": "number_input",
            "action_id": "most_words",
            "is_decimal_allowed": False,
            "min_value": "10",
            "max_value": "1000",
            "initial_value": str(mapping.most_words),
        },
    }
    instructions = text_input(
        "instructions",
        text(f"bulk.form-instructions.{kind}", language),
        initial=mapping.instructions,
        hint=text(f"bulk.form-instructions-hint.{kind}", language),
        multiline=True,
        optional=True,
    )
    blocks = [name, unused, *([] if paper else [keywords]), instructions, words]
    return form(
        "bulk_mapping",
        title=text("bulk.form.title", language),
        submit=text("bulk.form.submit", language),
        close=text("modal.edit.cancel", language),
        blocks=blocks,
        metadata={"set": set_id, "opened": opened},
    )


def _columns(
    name: str, label: str, options: list[Block], *, optional: bool = False, many: bool = False
) -> Block:
    element = {
        "type": "multi_static_select" if many else "static_select",
        "action_id": name,
        "options": options,
    }
    return {
        "type": "input",
        "block_id": name,
        "optional": optional,
        "label": {"type": "plain_text", "text": label[:2000]},
        "element": element,
    }


def read_mapping_form(view: Block) -> Mapping:
    """Return what stands in the form of columns."""
    fields = {name: state for actions in view["state"]["values"].values() for name, state in actions.items()}
    keywords = (fields.get("keywords", {}).get("selected_option") or {}).get("value")
    unused = [int(one["value"]) for one in fields["unused"].get("selected_options") or []]
    return Mapping(
        name=int(fields["name"]["selected_option"]["value"]),
        unused=tuple(sorted(unused)),
        keywords=None if keywords is None else int(keywords),
        instructions=str(fields["instructions"].get("value") or "").strip(),
        most_words=int(fields["most_words"].get("value") or 150),
    )


def item_form(one: Shown, set_id: str, language: Language, *, act: str) -> Block:
    """Return the form in which one text of a set is edited, or told what should be different."""
    metadata: dict[str, object] = {"set": set_id, "number": one.number, "version": one.version}
    if act == "redo":
        blocks = [
            text_input(
                "instruction",
                text("modal.redo.instruction", language),
                hint=text("modal.redo.placeholder", language),
                multiline=True,
                optional=True,
            )
        ]
        title, submit = "modal.redo.title", "modal.redo.submit"
    else:
        parts = split_inputs(one.text)
        metadata["ends"] = [part[len(part.rstrip()) :] for part in parts]
        label = text("modal.edit.label-plain", language)
        blocks = [
            text_input(
                f"part{at}",
                label
                if len(parts) == 1
                else text("modal.edit.label-part", language, n=at + 1, total=len(parts)),
                initial=part.rstrip(),
                multiline=True,
                optional=at > 0,
            )
            for at, part in enumerate(parts)
        ]
        title, submit = "modal.edit.title", "modal.edit.submit"
    return form(
        f"bulk_{act}",
        title=text(title, language),
        submit=text(submit, language),
        close=text("modal.edit.cancel", language),
        blocks=blocks,
        metadata=metadata,
    )


def minutes_of_set_form(set_id: str, language: Language) -> Block:
    """Return the form that asks how long reviewing a set took in all."""
    field = {
        "type": "input",
        "block_id": "minutes",
        "label": {"type": "plain_text", "text": text("bulk.minutes.label", language)},
        "element": {
            "type": "number_input",
            "action_id": "minutes",
            "is_decimal_allowed": True,
            "min_value": "0",
            "max_value": "10000",
        },
    }
    return form(
        "bulk_minutes",
        title=text("bulk.minutes.title", language),
        submit=text("bulk.minutes.submit", language),
        close=text("modal.edit.cancel", language),
        blocks=[field],
        metadata={"set": set_id},
    )
