"""The card of a draft, and the forms behind its buttons."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence

from bot.tasks import Draft, Language
from bot.texts import text
from bot.views.blocks import (
    Block,
    button,
    context,
    fallback,
    link_sources,
    markdown_block,
    section,
    split_markdown,
)
from bot.views.forms import form, split_inputs, text_input


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


def edit_form(draft: Draft, *, final_text: str, language: Language) -> Block:
    """Return the form in which a draft is edited; a long one stands in several inputs."""
    parts = split_inputs(final_text or draft.text)
    ends = [part[len(part.rstrip()) :] for part in parts]
    label = text("modal.edit.label" if draft.sources else "modal.edit.label-plain", language)
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
