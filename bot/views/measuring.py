"""The questions that measure: how long reviewing took, why a draft was changed, rework, the control sample, timers."""

from __future__ import annotations

from collections.abc import Sequence

from bot.tasks import Language
from bot.texts import format_minutes, text
from bot.value import ReviewWord
from bot.views.blocks import Block, button, context, section
from bot.views.cards import draft_value
from bot.views.forms import form, select_input, text_input

WORDS: tuple[ReviewWord, ...] = ("under-2", "5", "10", "20", "40-plus")
REASONS = ("fact", "number", "tone", "missing", "too-long", "privacy", "layout")
REWORK_MINUTES = (0, 5, 15, 30, 60)
OTHER_WORK = "-"  # the choice "something else" in the list of tasks


def word_question(value: str, language: Language) -> list[Block]:
    """Return the one-tap question how long reading and editing took."""
    buttons = [button(f"took:{word}", text(f"took.{word}", language), value) for word in WORDS]
    return [context(text("took.question", language)), {"type": "actions", "elements": buttons}]


def reason_menu(value: str, language: Language) -> Block:
    """Return the menu that asks, without urging, why a draft was changed; its block says of which draft."""
    options = [
        {"text": {"type": "plain_text", "text": text(f"reason.{reason}", language)}, "value": reason}
        for reason in REASONS
    ]
    placeholder = {"type": "plain_text", "text": text("reason.question", language)}
    menu = {"type": "static_select", "action_id": "reason", "placeholder": placeholder, "options": options}
    return {"type": "actions", "block_id": f"reason {value}"[:255], "elements": [menu]}


def rework_question(run_id: str, sentence: str, language: Language) -> list[Block]:
    """Return the question of a week later: did the text give more work after it was used?"""
    value = draft_value(run_id, 0)
    buttons = [
        button(
            f"rework:{minutes}",
            text("rework.none", language) if not minutes else format_minutes(minutes, language),
            value,
        )
        for minutes in REWORK_MINUTES
    ]
    return [section(sentence), {"type": "actions", "elements": buttons}]


def reminder(run_id: str, version: int, sentence: str, language: Language) -> list[Block]:
    """Return the one reminder of a draft that nobody decided on for a week."""
    value = draft_value(run_id, version)
    buttons = [
        button("approve", text("button.used", language), value),
        button("discard", text("button.discard", language), value),
    ]
    return [section(sentence), {"type": "actions", "elements": buttons}]


def by_hand_card(run_id: str, sentence: str, language: Language) -> list[Block]:
    """Return what stands in the place of a draft when a request belongs to the control sample."""
    value = draft_value(run_id, 0)
    buttons = [
        button("by_hand", text("button.by-hand", language), value, style="primary"),
        button("draft_anyway", text("button.draft-anyway", language), value),
    ]
    return [section(sentence), {"type": "actions", "elements": buttons}]


def forgotten_timer(timing_id: int, sentence: str, language: Language) -> list[Block]:
    """Return the question about a timer that runs for hours."""
    value = str(timing_id)
    buttons = [
        button("timer_minutes", text("button.timer-minutes", language), value),
        button("timer_drop", text("button.timer-drop", language), value),
    ]
    return [section(sentence), {"type": "actions", "elements": buttons}]


def minutes_form(callback_id: str, *, label: str, metadata: dict[str, object], language: Language) -> Block:
    """Return a form that asks for a number of minutes."""
    return form(
        callback_id,
        title=text("modal.minutes.title", language),
        submit=text("modal.save", language),
        close=text("modal.edit.cancel", language),
        blocks=[text_input("minutes", label, multiline=False, optional=False)],
        metadata=metadata,
    )


def baseline_form(
    tasks: Sequence[tuple[str, str]], *, listed: Sequence[str], note: str, language: Language
) -> Block:
    """Return the form for the team's list of text work.

    Args:
        tasks: `(name, title)` of the tasks that the bot has.
        listed: what stands on the list, a line each, where it would help most first.
        note: what was just saved; empty at first.
    """
    blocks: list[Block] = [section(note)] if note else []
    if listed:
        blocks.append(section(text("baseline.listed", language)))
        blocks.append(section("\n".join(listed)))
    else:
        blocks.append(section(text("baseline.intro", language)))
    choices = [*tasks, (OTHER_WORK, text("baseline.other", language))]
    hint = text("baseline.minutes.hint", language)
    blocks += [
        select_input("work", text("baseline.work", language), choices),
        text_input("other", text("baseline.other.label", language), multiline=False, optional=True),
        text_input("hours", text("baseline.hours", language), multiline=False, optional=False),
        text_input("low", text("baseline.low", language), hint=hint, multiline=False, optional=False),
        text_input("typical", text("baseline.typical", language), hint=hint, multiline=False, optional=False),
        text_input("high", text("baseline.high", language), hint=hint, multiline=False, optional=False),
    ]
    return form(
        "baseline",
        title=text("baseline.title", language),
        submit=text("modal.save", language),
        close=text("modal.done", language),
        blocks=blocks,
        metadata={},
    )
