"""What admins set for their workspace in Slack; every change is checked, kept with who made it, and holds at once."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import list_currencies
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.listeners.intake import Intake, whose
from bot.records import WorkspaceSettings
from bot.records.retention import LEAST_DAYS, MOST_DAYS
from bot.records.workspaces import Change
from bot.tasks import LANGUAGES, Language
from bot.texts import format_amount, format_share, text
from bot.value import read_number
from bot.views import GROUPS, form_values, mark_value, settings_form
from bot.views.office import MODELS, PEOPLE, word_choice

# Lowest and highest of what is typed as a number.
AMOUNTS: dict[str, tuple[Decimal, Decimal]] = {
    "hourly_rate": (Decimal(1), Decimal(1000)),
    "realisation": (Decimal(0), Decimal(1)),
    "usd_rate": (Decimal("0.0001"), Decimal(100_000)),
    "fixed_monthly_cost": (Decimal(0), Decimal(100_000)),
    "setup_cost": (Decimal(0), Decimal(1_000_000)),
    "monthly_budget": (Decimal(0), Decimal(100_000)),
    "daily_person_budget": (Decimal(0), Decimal(10_000)),
    "run_budget": (Decimal(0), Decimal(1_000)),
    "retention_days": (Decimal(LEAST_DAYS), Decimal(MOST_DAYS)),
    "least_people": (Decimal(1), Decimal(20)),
}

LONGEST_AMOUNT, LONGEST_MODEL = 20, 150
CHOICES: dict[str, Collection[str]] = {
    "language": LANGUAGES,
    "quiet_week": ("short", "none"),
    "digest_weekday": [str(day) for day in range(7)],
    "digest_hour": [str(hour) for hour in range(24)],
}
LIMITS = ("monthly_budget", "daily_person_budget", "run_budget")  # 0 is none
MONEY = ("hourly_rate", "fixed_monthly_cost", "setup_cost", *LIMITS)
WHOLE = ("least_people", "retention_days")
YES_OR_NO = ("control_sample", "guests_welcome")
LISTS = ("reviewers", "channels", "knowledge_editors", "template_editors")
HIDDEN = ("usd_rate_on",)  # it goes with another setting and is no news of its own


class WrongError(ValueError):
    """A field holds something that cannot be set."""


def register(app: AsyncApp, intake: Intake) -> None:
    """Attach the listener of the settings form."""

    async def changed(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _changed(intake, ack, body)

    app.view("settings")(changed)


async def open_settings(intake: Intake, body: dict[str, Any], *, group: str = "") -> None:
    """Open the settings for an admin, all or those of a group; tell everybody else whose they are."""
    if not await intake.is_admin(whose(body)[0]):
        await intake.answer(body, text("settings.admins-only", intake.language))
        return
    mark = await intake.records.workspaces.mark(intake.team_id)
    holds = await intake.records.workspaces.get(intake.team_id)
    names = GROUPS.get(group) or tuple(name for names in GROUPS.values() for name in names)
    models = await intake.models.look() if set(names) & set(MODELS) else ()
    values = shown_settings(holds, intake.own_models)
    view = settings_form(values, names, language=intake.language, mark=mark, models=models)
    await intake.show_form(body, view)


def shown_settings(holds: WorkspaceSettings, own_models: dict[str, str]) -> dict[str, str]:
    """Return the settings as people write them; *own_models* are those of the environment."""
    values = {field.name: str(getattr(holds, field.name)) for field in fields(holds)}
    for name in AMOUNTS.keys() - {"usd_rate"}:
        # Without idle zeros: three of them behind a point would read as thousands.
        amount = Decimal(getattr(holds, name)) * (100 if name == "realisation" else 1)
        values[name] = f"{amount:f}".rstrip("0").rstrip(".") if amount % 1 else f"{amount:.0f}"
    values["usd_rate"] = str(holds.usd_rate) if holds.usd_rate_on else ""
    for name in YES_OR_NO:
        values[name] = "yes" if getattr(holds, name) else "no"
    for name in LISTS:
        values[name] = ",".join(getattr(holds, name))
    for name in MODELS:
        values[name] = getattr(holds, name) or own_models.get(name, "")
    return values


def name_setting(name: str, language: Language) -> str:
    """Return what a setting is called in a list: shorter than in its form, which also says how to fill it in."""
    return text(f"settings.{name}.short" if name in _WITH_SHORT else f"settings.{name}", language)


def word_setting(name: str, value: str, intake: Intake) -> str:
    """Return what a setting is set to, as an admin reads it; *value* is as `shown_settings` gives it."""
    language, currency = intake.language, intake.holds.currency
    if name == "realisation":
        return format_share(Decimal(value) / 100, language)
    if name in (*MONEY, "usd_rate") and value and (Decimal(value) or name not in LIMITS):
        return format_amount(Decimal(value), currency, language)
    if name in (*CHOICES, *YES_OR_NO):
        return word_choice(name, value, language)
    if name in PEOPLE and value:
        return ", ".join(f"<@{one}>" for one in value.split(","))
    if name in ("channels", "digest_channel_id") and value:
        return ", ".join(f"<#{one}>" for one in value.split(","))
    if value and name not in LIMITS:
        return value
    return text(f"settings.{name}.empty" if name in _WITH_EMPTY else "settings.empty", language)


_WITH_EMPTY = (*LISTS, "quote_approvers", "digest_channel_id", "usd_rate")
_WITH_SHORT = (
    "currency",
    "realisation",
    "fixed_monthly_cost",
    *LIMITS,
    *WHOLE,
    "digest_channel_id",
    *YES_OR_NO,
    "reviewers",
    "channels",
)


def word_change(change: Change, intake: Intake) -> str:
    """Return what somebody changed, in words: which setting, to what."""
    value = json.loads(change.value)
    held = replace(intake.holds, **{change.name: _held(change.name, value)})
    # Without its day a price of the dollar counts as not set.
    held = replace(held, usd_rate_on=held.usd_rate_on or "set") if change.name == "usd_rate" else held
    shown = shown_settings(held, intake.own_models)[change.name]
    return text(
        "settings.change",
        intake.language,
        setting=name_setting(change.name, intake.language),
        value=word_setting(change.name, shown, intake),
        user=f"<@{change.user_id}>",
    )


def _held(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return Decimal(value) if name in AMOUNTS.keys() - {*WHOLE} else value


async def _changed(intake: Intake, ack: AsyncAck, body: dict[str, Any]) -> None:
    values = form_values(body["view"])
    metadata = json.loads(body["view"].get("private_metadata") or "{}")
    marks = metadata.get("shown", {})
    user_id = body["user"]["id"]
    if not await intake.is_admin(user_id):
        first = next(iter(values))
        await ack(response_action="errors", errors={first: text("settings.admins-only", intake.language)})
        return
    workspaces = intake.records.workspaces
    holds = await workspaces.get(intake.team_id)
    # What this form did not change holds as somebody else may have set it since it was opened.
    touched = {name: given for name, given in values.items() if mark_value(given) != marks.get(name)}
    wanted, wrong = _read(touched, holds, models=intake.models.known)
    if wrong:
        shown = {name: text(f"settings.{name}.wrong", intake.language) for name in wrong}
        await ack(response_action="errors", errors=shown)
        return
    async with intake.taking_over:
        changed = await workspaces.change(intake.team_id, wanted, user_id=user_id)
        intake.hold(wanted)
    await ack()
    others = await workspaces.changed_after(intake.team_id, int(metadata.get("mark", 0)), besides=user_id)
    intake.later(_tell_saved(intake, user_id, changed=changed, others=others))
    intake.stir_all()


async def _tell_saved(
    intake: Intake, user_id: str, *, changed: Sequence[str], others: Sequence[Change]
) -> None:
    """Say that it is saved, and what somebody else changed while the form was open."""
    said = [text("settings.saved" if changed else "settings.same", intake.language)]
    news = [change for change in others if change.name not in HIDDEN]
    if news:
        said.append(text("settings.meanwhile", intake.language))
    for change in news:
        over = change.name in changed
        line = word_change(change, intake)
        said.append(f"• {line} {text('settings.yours-holds', intake.language)}" if over else f"• {line}")
    await intake.tell(user_id, "\n".join(said))


def _read(
    touched: dict[str, str], holds: WorkspaceSettings, *, models: Collection[str]
) -> tuple[WorkspaceSettings, list[str]]:
    """Return the settings with what was changed, and the names of the fields that are wrong."""
    wrong: list[str] = []
    changed: dict[str, Any] = {}
    for name, given in touched.items():
        try:
            changed |= _read_field(name, given, holds, models)
        except WrongError:
            wrong.append(name)
    return replace(holds, **changed), wrong


def _read_field(name: str, given: str, holds: WorkspaceSettings, models: Collection[str]) -> dict[str, Any]:
    """Return what a field sets.

    Raises:
        WrongError: nothing that can be set.
        ValueError: the form has no such field or choice.
    """
    if name in CHOICES:
        if given not in CHOICES[name]:
            raise ValueError(f"{name} has no such choice")
        return {name: int(given) if name.startswith("digest_") else given}
    if name in AMOUNTS:
        return _read_amount(name, given, holds)
    if name == "quote_approvers":
        return {name: given}
    if name in LISTS:
        return {name: tuple(one for one in given.split(",") if one)}
    if name == "digest_channel_id":
        return {name: given}
    if name in YES_OR_NO:
        return {name: given == "yes"}
    read = {"tz_name": _zone, "currency": _currency}.get(name)
    if read is not None:
        return {name: read(given.strip())}
    if name in MODELS:
        return {name: _model(given.strip(), models)}
    raise ValueError(f"{name} is no setting")


def _zone(given: str) -> str:
    try:
        ZoneInfo(given)
    except (ValueError, OSError, KeyError):
        raise WrongError from None
    return given


def _currency(given: str) -> str:
    if given.upper() not in list_currencies():
        raise WrongError
    return given.upper()


def _model(given: str, models: Collection[str]) -> str:
    """Return a model's id; one that the server would not know is refused, where it told which it has."""
    if not given or len(given) > LONGEST_MODEL or not given.isprintable() or " " in given:
        raise WrongError
    if models and given not in models:
        raise WrongError
    return given


def _read_amount(name: str, given: str, holds: WorkspaceSettings) -> dict[str, Any]:
    if name == "usd_rate" and not given.strip():
        return {"usd_rate": Decimal(1), "usd_rate_on": ""}
    amount = _rate(given) if name == "usd_rate" else _amount(given)
    if amount is not None and name == "realisation":
        amount /= 100
    low, high = AMOUNTS[name]
    if amount is None or not low <= amount <= high:
        raise WrongError
    if name == "usd_rate":
        dated = holds.usd_rate_on and amount == holds.usd_rate
        return {name: amount, "usd_rate_on": holds.usd_rate_on if dated else f"{datetime.now(UTC):%Y-%m-%d}"}
    return {name: int(amount) if name in WHOLE else amount}


def _amount(given: str) -> Decimal | None:
    """Return an amount as people write it: `1.250`, `1.250,00` and `1,250.00` are the same; None when it is none."""
    bare = given.strip().removesuffix("%").strip()
    return None if len(bare) > LONGEST_AMOUNT else read_number(bare)


def _rate(given: str) -> Decimal | None:
    """Return the price of a dollar: `1.085` and `1,085` are a little over one here, never a thousand."""
    try:
        amount = Decimal(given.strip().replace(",", "."))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None
