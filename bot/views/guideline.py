"""The guideline: the form that writes and rules it, its rules in words, and the message that asks to accept it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bot.tasks import Language
from bot.tasks.guideline import MOST_SPECIAL, NO_RULES, Rules, Special
from bot.texts import text
from bot.views.blocks import Block, button, context, section
from bot.views.forms import OPTIONS_LIMIT, form, select_input, text_input

MOST_CHANNELS = 25  # in one field
LONGEST_BODY = 3000
CHOICES: dict[str, tuple[str, ...]] = {
    "among": ("all", "only", "except"),
    "quotes": ("large", "always"),
    "cvs": ("one", "two"),
    "guests": ("all", "words", "none"),
    "strangers": ("all", "words", "none"),
}
ACTS = ("refuse", "block", "pseudonymise", "allow")


def guideline_form(
    body: str,
    rules: Rules,
    titles: Mapping[str, str],
    kinds: Collection[str],
    language: Language,
    *,
    version: int,
) -> Block:
    """Return the form in which the guideline is written, ruled and published.

    Args:
        titles: the tasks that may be ruled, and what they are called.
        kinds: the kinds of data that may be.
        version: the newest one, to know later whether somebody published meanwhile.
    """
    tasks = list(titles.items())
    named = [(kind, text(f"guard.kind.{kind}", language)) for kind in kinds]
    blocks = [
        section(text("guideline.intro", language)),
        text_input(
            "guideline",
            text("guideline.label", language),
            initial=body[:LONGEST_BODY],
            multiline=True,
            optional=True,
        ),
        section(text("guideline.rules-intro", language)),
        _choice("among", rules.among, language),
        _channels("channels", rules.channels, language),
        _several("tasks_off", tasks, rules.tasks_off, language),
        _several("block", named, rules.block, language),
        _several("allow", named, rules.allow, language),
        *(_choice(name, str(getattr(rules, name)), language) for name in CHOICES if name != "among"),
    ]
    for number in range(1, MOST_SPECIAL + 1):
        one = rules.special[number - 1] if number <= len(rules.special) else None
        blocks += _special(number, one, tasks, named, language)
    return form(
        "guideline",
        title=text("guideline.title", language),
        submit=text("guideline.publish", language),
        close=text("modal.edit.cancel", language),
        blocks=blocks,
        metadata={"version": version},
    )


def _special(
    number: int,
    one: Special | None,
    tasks: Sequence[tuple[str, str]],
    kinds: Sequence[tuple[str, str]],
    language: Language,
) -> list[Block]:
    acts = [("", text("guideline.act.none", language))]
    acts += [(act, text(f"guideline.act.{act}", language)) for act in ACTS]
    held = one or Special("refuse")
    return [
        section(text("guideline.special", language, number=number)),
        select_input(
            f"act_{number}",
            text("guideline.special-act", language),
            [(act or "none", shown) for act, shown in acts],
            chosen=one.act if one else "none",
        ),
        _channels("special-channels", held.channels, language, block_id=f"channels_{number}"),
        _several("special-tasks", tasks, held.tasks, language, block_id=f"tasks_{number}"),
        _several("special-kinds", kinds, held.kinds, language, block_id=f"kinds_{number}"),
    ]


def _choice(name: str, chosen: str, language: Language) -> Block:
    choices = [(choice, text(f"guideline.{name}.{choice}", language)) for choice in CHOICES[name]]
    return select_input(name, text(f"guideline.{name}", language), choices, chosen=chosen)


def _channels(name: str, chosen: Sequence[str], language: Language, *, block_id: str = "") -> Block:
    element: Block = {
        "type": "multi_conversations_select",
        "action_id": block_id or name,
        "max_selected_items": MOST_CHANNELS,
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }
    if chosen:
        element["initial_conversations"] = list(chosen)
    return _optional(block_id or name, text(f"guideline.{name}", language), element)


def _several(
    name: str,
    choices: Sequence[tuple[str, str]],
    chosen: Collection[str],
    language: Language,
    *,
    block_id: str = "",
) -> Block:
    options = [
        {"text": {"type": "plain_text", "text": shown[:75]}, "value": value[:150]}
        for value, shown in choices[:OPTIONS_LIMIT]
    ]
    element: Block = {"type": "multi_static_select", "action_id": block_id or name, "options": options}
    if initial := [option for option in options if option["value"] in chosen]:
        element["initial_options"] = initial
    return _optional(block_id or name, text(f"guideline.{name}", language), element)


def _optional(block_id: str, label: str, element: Block) -> Block:
    return {
        "type": "input",
        "block_id": block_id,
        "optional": True,
        "label": {"type": "plain_text", "text": label[:2000]},
        "element": element,
    }


def read_form(values: Mapping[str, str]) -> Rules:
    """Return the rules that a form holds; a part without an act, or without anything that it is about, is none."""
    special = []
    for number in range(1, MOST_SPECIAL + 1):
        act = values.get(f"act_{number}", "")
        channels, tasks, kinds = (
            _list(values.get(f"{name}_{number}", "")) for name in ("channels", "tasks", "kinds")
        )
        if act in ACTS and (channels or tasks or (kinds and act != "refuse")):
            special.append(Special(act, channels, tasks, () if act == "refuse" else kinds))  # type: ignore[arg-type]
    chosen = {name: given for name, options in CHOICES.items() if (given := values.get(name, "")) in options}
    lists = {name: _list(values.get(name, "")) for name in ("channels", "tasks_off", "block", "allow")}
    return Rules(special=tuple(special), **chosen, **lists)  # type: ignore[arg-type]


def _list(given: str) -> tuple[str, ...]:
    return tuple(one for one in given.split(",") if one)


def word_rules(rules: Rules, titles: Mapping[str, str], language: Language) -> list[str]:
    """Return the rules as people read them, a line each; nothing for what everybody may do anyway.

    Args:
        titles: what tasks are called; one that is gone keeps its name.
    """
    lines = []
    if rules.among != "all":
        lines.append(
            text(f"guideline.says.{rules.among}", language, channels=_places(rules.channels, language))
        )
    if rules.tasks_off:
        lines.append(text("guideline.says.tasks_off", language, tasks=_titles(rules.tasks_off, titles)))
    for name in ("block", "allow"):
        if kinds := getattr(rules, name):
            lines.append(text(f"guideline.says.{name}", language, kinds=_kinds(kinds, language)))
    for one in rules.special:
        lines.append(
            text(
                f"guideline.says.special-{one.act}",
                language,
                where=_places(one.channels, language)
                if one.channels
                else text("guideline.everywhere", language),
                tasks=_titles(one.tasks, titles) if one.tasks else text("guideline.every-task", language),
                kinds=_kinds(one.kinds, language) if one.kinds else text("guideline.every-kind", language),
            )
        )
    for name in ("quotes", "cvs", "guests", "strangers"):
        if (chosen := getattr(rules, name)) != getattr(NO_RULES, name):
            lines.append(text(f"guideline.says.{name}.{chosen}", language))
    return lines


def _places(channels: Sequence[str], language: Language) -> str:
    return ", ".join(f"<#{one}>" for one in channels) or text("guideline.no-channel", language)


def _titles(tasks: Sequence[str], titles: Mapping[str, str]) -> str:
    return ", ".join(titles.get(one, one) for one in tasks)


def _kinds(kinds: Sequence[str], language: Language) -> str:
    return ", ".join(text(f"guard.kind.{kind}", language) for kind in kinds)


def say_guideline(body: str, rules: Rules, titles: Mapping[str, str], language: Language) -> str:
    """Return a guideline as one text: what was written, then its rules."""
    lines = word_rules(rules, titles, language)
    if not lines:
        return body
    return "\n".join([body, "", text("guideline.enforced", language), *(f"• {line}" for line in lines)])


def guideline_card(
    body: str, rules: Rules, version: int, titles: Mapping[str, str], language: Language, *, told: str
) -> list[Block]:
    """Return the message that shows a guideline: with a button to accept it, or *told* that this was done."""
    blocks = [section(text("guideline.asked", language)), section(body)]
    if lines := word_rules(rules, titles, language):
        ruled = "\n".join([text("guideline.enforced", language), *(f"• {line}" for line in lines)])
        blocks.append(section(ruled))
    if told:
        return [*blocks[1:], context(told)]
    accept = button("guideline_accept", text("guideline.accept", language), str(version), style="primary")
    return [*blocks, {"type": "actions", "elements": [accept]}]
