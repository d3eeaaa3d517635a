"""The knowledge base in forms: who may read a document, the list of them, and the questions that nobody answered."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from bot.tasks import Language
from bot.texts import text
from bot.views.blocks import Block, button, context, section
from bot.views.forms import form, select_input, text_input

WHO = ("everyone", "channel", "people")
MOST_PEOPLE = 25
QUESTION_SHOWN = 500


def audience_form(metadata: dict[str, Any], language: Language) -> Block:
    """Return the form that asks who may read documents."""
    blocks = [
        select_input(
            "who",
            text("knowledge.who", language),
            [(one, text(f"knowledge.who.{one}", language)) for one in WHO],
            chosen="everyone",
        ),
        _picker("channel", "conversations_select", language),
        _picker("people", "multi_users_select", language),
    ]
    return form(
        "knowledge_audience",
        title=text("knowledge.who-title", language),
        submit=text("modal.save", language),
        close=text("modal.edit.cancel", language),
        blocks=blocks,
        metadata=metadata,
    )


def _picker(name: str, kind: str, language: Language) -> Block:
    element: Block = {"type": kind, "action_id": name}
    if kind == "conversations_select":
        element["filter"] = {"include": ["public", "private"], "exclude_bot_users": True}
    else:
        element["max_selected_items"] = MOST_PEOPLE
    return {
        "type": "input",
        "block_id": name,
        "optional": True,
        "label": {"type": "plain_text", "text": text(f"knowledge.pick.{name}", language)},
        "element": element,
    }


def describe_audience(audience: str, language: Language) -> str:
    """Return who may read a document, in a sentence."""
    if audience == "everyone":
        return text("knowledge.for.everyone", language)
    if audience.startswith(("C", "G")):
        return text("knowledge.for.channel", language, channel=f"<#{audience}>")
    people = ", ".join(f"<@{one}>" for one in audience.split(","))
    return text("knowledge.for.people", language, people=people)


def knowledge_list(
    documents: Sequence[Any],
    questions: Sequence[Any],
    *,
    words: str,
    total: int,
    editor: bool,
    show_moment: Callable[[datetime], str],
    language: Language,
) -> Block:
    """Return the list of documents and of open questions, with what may be done about each.

    Args:
        documents: `records.knowledge.Document`s; *total* of them were found, the list holds the first.
        questions: `records.knowledge.OpenQuestion`s.
        editor: the reader looks after the base; others see none of its documents.
        show_moment: writes a moment as the firm's clock has it.
    """
    blocks: list[Block] = [
        text_input(
            "words", text("knowledge.search", language), initial=words, multiline=False, optional=True
        ),
    ]
    if not editor:
        blocks.append(section(text("knowledge.editors-only", language)))
    elif documents:
        blocks.append(section(text("knowledge.listed", language, count=total, shown=len(documents))))
    else:
        blocks.append(section(text("knowledge.none-found" if words else "knowledge.none", language)))
    for one in documents:
        name = html.escape(one.name, quote=False)
        shown = f"*<{one.link}|{name}>*" if one.link else f"*{name}*"
        facts = [describe_audience(one.audience, language)]
        facts += [f"<@{one.owner_id}>"] if one.owner_id else []
        facts.append(show_moment(datetime.fromisoformat(one.changed_at)))
        blocks.append(section(f"{shown}\n{' · '.join(facts)}"))
        blocks.append({"type": "actions", "elements": _buttons(one, language)})
    if questions:
        blocks.append(section(text("knowledge.questions", language, count=len(questions))))
    for one in questions:
        asked = html.escape(one.question[:QUESTION_SHOWN], quote=False)
        blocks.append(
            section(f"{asked}\n<@{one.user_id}> · {show_moment(datetime.fromisoformat(one.asked_at))}")
        )
        label = text("button.knowledge-answered", language)
        pressed = button("knowledge_answered", label, one.run_id, spoken=f"{label}: {one.question}")
        blocks.append({"type": "actions", "elements": [pressed]})
    if documents or words:
        blocks.append(context(text("knowledge.how", language)))
    return form(
        "knowledge",
        title=text("knowledge.title", language),
        submit=text("customers.submit", language),
        close=text("modal.done", language),
        blocks=blocks,
        metadata={"words": words},
    )


def _buttons(one: Any, language: Language) -> list[Block]:
    value = str(one.document_id)

    def say(key: str, limit: int, **more: Any) -> Block:
        return {"type": "plain_text", "text": text(key, language, **more)[:limit]}

    confirm = {
        "title": say("knowledge.delete-title", 100),
        "text": say("knowledge.delete-sure", 300, name=one.name[:80]),
        "confirm": say("button.knowledge-delete", 30),
        "deny": say("modal.edit.cancel", 30),
        "style": "danger",
    }
    change, delete = text("button.knowledge-change", language), text("button.knowledge-delete", language)
    return [
        button("knowledge_change", change, value, spoken=f"{change}: {one.name}"),
        {
            **button("knowledge_delete", delete, value, style="danger", spoken=f"{delete}: {one.name}"),
            "confirm": confirm,
        },
    ]
