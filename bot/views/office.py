"""The forms of the workspace's settings, in groups: fields with what holds now, and what is wrong with them."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence

from bot.tasks import LANGUAGES, Language
from bot.texts import language_name, text
from bot.views.blocks import Block
from bot.views.forms import form, select_input, text_input

GROUPS: dict[str, tuple[str, ...]] = {
    "firm": ("language", "tz_name", "currency"),
    "money": (
        "hourly_rate",
        "realisation",
        "usd_rate",
        "fixed_monthly_cost",
        "setup_cost",
        "monthly_budget",
        "daily_person_budget",
        "run_budget",
    ),
    "digest": (
        "digest_channel_id",
        "digest_weekday",
        "digest_hour",
        "quiet_week",
        "least_people",
        "control_sample",
    ),
    "models": ("model_fast", "model_smart"),
    "review": ("reviewers", "quote_approvers", "knowledge_editors", "template_editors"),
    "channels": ("channels", "guests_welcome"),
    "privacy": ("retention_days",),
}
PEOPLE, MODELS = (
    ("reviewers", "quote_approvers", "knowledge_editors", "template_editors"),
    ("model_fast", "model_smart"),
)
MOST_NAMED = 25  # people or channels in one field
OPTIONAL = ("usd_rate",)
_CHOICES: dict[str, tuple[str, ...]] = {
    "digest_weekday": tuple(str(day) for day in range(7)),
    "digest_hour": tuple(str(hour) for hour in range(24)),
    "quiet_week": ("short", "none"),
    "control_sample": ("no", "yes"),
    "guests_welcome": ("no", "yes"),
    "language": LANGUAGES,
}


def mark_value(value: str) -> str:
    """Return a short mark of what a field showed, to know later whether somebody changed it there."""
    return f"{zlib.crc32(value.encode()):x}"


def word_choice(name: str, value: str, language: Language) -> str:
    """Return what a choice is called."""
    if name == "digest_weekday":
        return text(f"weekday.{value}", language)
    if name == "digest_hour":
        return f"{int(value):02}:00"
    if name == "quiet_week":
        return text(f"settings.quiet.{value}", language)
    if name in ("control_sample", "guests_welcome"):
        yes = "settings.by-hand" if name == "control_sample" else "settings.yes"
        return text(yes if value == "yes" else "settings.no", language)
    return next(language_name(one) for one in LANGUAGES if one == value)


def settings_form(
    values: Mapping[str, str],
    names: Sequence[str],
    *,
    language: Language,
    mark: int,
    models: Collection[str] = (),
) -> Block:
    """Return a form of the settings *names*.

    Args:
        values: what holds now, as text; several people or channels with commas between.
        mark: the number of the newest change, so that it shows later what others changed meanwhile.
        models: the ids that the model's server offers; none when it did not tell.
    """
    return form(
        "settings",
        title=text("settings.title", language),
        submit=text("modal.save", language),
        close=text("modal.edit.cancel", language),
        blocks=[_field(name, values[name], language, models) for name in names],
        metadata={"shown": {name: mark_value(values[name]) for name in names}, "mark": mark},
    )


def _field(name: str, value: str, language: Language, models: Collection[str]) -> Block:
    label = text(f"settings.{name}", language)
    if name in _CHOICES:
        choices = [(choice, word_choice(name, choice, language)) for choice in _CHOICES[name]]
        return select_input(name, label, choices, chosen=value)
    if name == "digest_channel_id":
        return _picker(name, label, "conversations_select", value, language)
    if name == "channels":
        return _picker(name, label, "multi_conversations_select", value, language)
    if name in PEOPLE:
        return _picker(name, label, "multi_users_select", value, language)
    if name in MODELS and models:
        # One that holds and is not offered any more is still shown as what holds.
        return select_input(
            name, label, [(one, one) for one in dict.fromkeys([value, *models])], chosen=value
        )
    hint = text(f"settings.{name}.hint", language)
    return text_input(name, label, initial=value, hint=hint, multiline=False, optional=name in OPTIONAL)


def _picker(name: str, label: str, kind: str, value: str, language: Language) -> Block:
    """Return a field that picks people or channels; it may stay empty."""
    several = kind.startswith("multi_")
    first = "initial_user" if "users" in kind else "initial_conversation"
    element: Block = {
        "type": kind,
        "action_id": name,
        "placeholder": {"type": "plain_text", "text": text(f"settings.{name}.hint", language)[:150]},
    }
    if value:
        element[f"{first}s" if several else first] = value.split(",") if several else value
    if several:
        element["max_selected_items"] = MOST_NAMED
    if "conversations" in kind:
        element["filter"] = {"include": ["public", "private"], "exclude_bot_users": True}
    return {
        "type": "input",
        "block_id": name,
        "optional": True,
        "label": {"type": "plain_text", "text": label[:2000]},
        "element": element,
    }
