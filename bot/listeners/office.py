"""What admins set for their workspace in Slack; every change is checked, kept with who made it, and holds at once."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import fields, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import list_currencies
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.listeners.intake import Intake, log
from bot.records import WorkspaceSettings
from bot.records.retention import LEAST_DAYS, MOST_DAYS
from bot.texts import text
from bot.value import read_number
from bot.views import form_values, settings_form
from bot.wire import SlackError

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

WHOLE = ("least_people", "retention_days")
LONGEST_AMOUNT = 20
LANGUAGES, QUIET_WEEKS = ("en", "nl"), ("short", "none")
WEEKDAYS, HOURS = [str(day) for day in range(7)], [str(hour) for hour in range(24)]


def register(app: AsyncApp, intake: Intake) -> None:
    """Attach the listener of the settings form."""

    async def changed(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _changed(intake, ack, body)

    app.view("settings")(changed)


async def open_settings(intake: Intake, trigger_id: str, *, user_id: str, channel_id: str) -> None:
    """Open the settings for an admin; tell everybody else whose they are."""
    if not await intake.is_admin(user_id):
        await intake.delivery.tell(channel_id, user_id, text("settings.admins-only", intake.language))
        return
    holds = await intake.records.workspaces.get(intake.team_id)
    try:
        await intake.delivery.open_form(trigger_id, settings_form(_shown(holds), language=intake.language))
    except SlackError as error:
        log.warning("the form was not opened: %s", error)


def _shown(holds: WorkspaceSettings) -> dict[str, str]:
    """Return the settings as people write them."""
    values = {field.name: str(getattr(holds, field.name)) for field in fields(holds)}
    for name in AMOUNTS.keys() - {"usd_rate"}:
        # Without idle zeros: three of them behind a point would read as thousands.
        amount = Decimal(getattr(holds, name)) * (100 if name == "realisation" else 1)
        values[name] = f"{amount:f}".rstrip("0").rstrip(".") if amount % 1 else f"{amount:.0f}"
    values["usd_rate"] = str(holds.usd_rate) if holds.usd_rate_on else ""
    for name in ("control_sample", "guests_welcome"):
        values[name] = "yes" if getattr(holds, name) else "no"
    return values


async def _changed(intake: Intake, ack: AsyncAck, body: dict[str, Any]) -> None:
    values = form_values(body["view"])
    shown_before = json.loads(body["view"].get("private_metadata") or "{}").get("shown", {})
    user_id = body["user"]["id"]
    if not await intake.is_admin(user_id):
        await ack(response_action="errors", errors={"tz_name": text("settings.admins-only", intake.language)})
        return
    holds = await intake.records.workspaces.get(intake.team_id)
    # What this form did not change holds as somebody else may have set it since it was opened.
    same = {name for name, given in values.items() if given == shown_before.get(name)}
    wanted, errors = _read(values, holds, same=same)
    if errors:
        shown = {name: text(key, intake.language) for name, key in errors.items()}
        await ack(response_action="errors", errors=shown)
        return
    changed = await intake.records.workspaces.change(intake.team_id, wanted, user_id=user_id)
    intake.language, intake.zone = wanted.language, wanted.zone
    await ack()
    key = "settings.saved" if changed else "settings.same"
    intake.later(intake.tell(user_id, text(key, wanted.language)))


def _read(
    values: dict[str, str], holds: WorkspaceSettings, *, same: Collection[str]
) -> tuple[WorkspaceSettings, dict[str, str]]:
    """Return the settings that were filled in, and for each wrong field the key of what is wrong.

    The fields in *same* were left as they were.
    """
    errors: dict[str, str] = {}
    changed: dict[str, Any] = {
        "language": _chosen(values, "language", LANGUAGES) or holds.language,
        "quiet_week": _chosen(values, "quiet_week", QUIET_WEEKS) or holds.quiet_week,
        "digest_channel_id": values.get("digest_channel_id", ""),
        "digest_weekday": int(_chosen(values, "digest_weekday", WEEKDAYS) or holds.digest_weekday),
        "digest_hour": int(_chosen(values, "digest_hour", HOURS) or holds.digest_hour),
        "control_sample": values.get("control_sample") == "yes",
        "guests_welcome": values.get("guests_welcome") == "yes",
        "quote_approvers": values.get("quote_approvers", ""),
    }
    zone = values.get("tz_name", "").strip()
    try:
        ZoneInfo(zone)
        changed["tz_name"] = zone
    except (ValueError, OSError, KeyError):
        errors["tz_name"] = "settings.tz_name.wrong"
    currency = values.get("currency", "").strip().upper()
    if currency in list_currencies():
        changed["currency"] = currency
    else:
        errors["currency"] = "settings.currency.wrong"
    for name, (low, high) in AMOUNTS.items():
        amount = _rate(values.get(name, "")) if name == "usd_rate" else _amount(values.get(name, ""))
        if name == "usd_rate" and not values.get(name, "").strip():
            changed["usd_rate"], changed["usd_rate_on"] = Decimal(1), ""
            continue
        if name == "realisation" and amount is not None:
            amount /= 100
        if amount is None or not low <= amount <= high:
            errors[name] = f"settings.{name}.wrong"
        else:
            changed[name] = int(amount) if name in WHOLE else amount
    if "usd_rate" in changed and values.get("usd_rate", "").strip():
        dated = holds.usd_rate_on and changed["usd_rate"] == holds.usd_rate
        changed["usd_rate_on"] = holds.usd_rate_on if dated else f"{datetime.now(UTC):%Y-%m-%d}"
    left = {*same, "usd_rate_on"} if "usd_rate" in same else set(same)
    wanted = {name: value for name, value in changed.items() if name not in left}
    return replace(holds, **wanted), {name: key for name, key in errors.items() if name not in left}


def _chosen(values: dict[str, str], name: str, known: Collection[str]) -> str:
    """Return what was chosen, or nothing.

    Raises:
        ValueError: the form has no such choice.
    """
    given = values.get(name, "")
    if given and given not in known:
        raise ValueError(f"{name} has no such choice")
    return given


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
