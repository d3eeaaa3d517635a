"""The first day: an admin is led through setting up; what the firm tells about itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from stdnum import iban
from stdnum.eu import vat

from bot.listeners.guideline import keep_guideline, open_guideline
from bot.listeners.intake import Intake, log
from bot.listeners.measuring import open_baselines
from bot.listeners.office import open_settings
from bot.texts import text
from bot.views import (
    FIRM_LINES,
    OFFERS,
    Block,
    Step,
    fallback,
    firm_form,
    form_values,
    placeholder,
    setup_card,
)
from bot.wire import SlackError

SETTINGS_OF = {"language": "firm", "digest": "digest"}  # the steps that are a group of settings
WORKS_WANTED = 5  # kinds of text work on the list, before it says where the bot would help most


def register(app: AsyncApp, intake: Intake) -> None:
    """Attach the listeners of the first day."""

    async def step(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        intake.later(_take(intake, body, action["action_id"].partition(":")[2]))

    async def firm(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _keep_firm(intake, ack, body)

    async def guideline(ack: AsyncAck, body: dict[str, Any]) -> None:
        if (kept := await keep_guideline(intake, ack, body)) is not None:
            user_id, changed = kept
            intake.later(_say_saved(intake, user_id, ["guideline"] if changed else []))

    app.action(re.compile("^setup:"))(step)
    app.view("firm")(firm)
    app.view("guideline")(guideline)


async def welcome(intake: Intake, user_id: str) -> None:
    """Lead the first admin who opens the messages tab through setting up, once; others can ask for it."""
    if await intake.records.people.noticed(intake.team_id, "setup") or not await intake.is_admin(user_id):
        return
    await show_setup(intake, user_id)
    await intake.records.people.first_notice(intake.team_id, "setup")


async def show_setup(intake: Intake, user_id: str) -> None:
    """Bring the steps to an admin's messages tab, or bring those that stand there up to date."""
    blocks = setup_card(await _steps(intake), intake.language)
    await _bring(intake, user_id, fallback(text("setup.line", intake.language)), blocks)


async def _bring(intake: Intake, user_id: str, line: str, blocks: list[Block]) -> None:
    try:
        spot = await intake.posts.messages_tab(intake.team_id, user_id)
        await intake.posts.bring(f"setup/{intake.team_id}/{user_id}", spot, line, blocks)
    except SlackError as error:
        log.warning("the steps of setting up are not shown: %s", error)


async def refresh(intake: Intake, user_id: str) -> None:
    """Bring the steps up to date for an admin who is being led through them."""
    if await intake.records.drafts.post(f"setup/{intake.team_id}/{user_id}") is not None:
        await show_setup(intake, user_id)


async def _steps(intake: Intake) -> list[Step]:
    records, team_id = intake.records, intake.team_id
    told = await records.firms.get(team_id)
    holds = await records.workspaces.get(team_id)
    changed = {change.name for change in await records.workspaces.changes(team_id)}
    works = len(await records.baselines.works(team_id))
    return [
        Step("language", bool(changed & {"language", "tz_name", "currency"})),
        Step("firm", bool(told.get("about") or told.get("name"))),
        Step("baselines", works >= WORKS_WANTED, count=works),
        Step("digest", bool(holds.digest_channel_id)),
        Step("guideline", bool(told.get("guideline") or await records.guidelines.current(team_id))),
    ]


async def _take(intake: Intake, body: dict[str, Any], name: str) -> None:
    """Open the form of a step; the last one ends the guide."""
    user_id = body["user"]["id"]
    channel_id = (body.get("channel") or {}).get("id") or ""
    if not await intake.is_admin(user_id):
        await intake.tell(user_id, text("settings.admins-only", intake.language), channel_id=channel_id)
    elif name == "end":
        sentence = text("setup.ended", intake.language)
        await _bring(intake, user_id, fallback(sentence), placeholder(sentence))
    elif name in SETTINGS_OF:
        await open_settings(intake, body, group=SETTINGS_OF[name])
    elif name == "baselines":
        await open_baselines(intake, body)
    elif name in ("firm", "guideline"):
        await open_office(intake, body, name)


async def open_office(intake: Intake, body: dict[str, Any], name: str) -> None:
    """Open the form of the firm, or of its guideline; only for admins."""
    if name == "guideline":
        await open_guideline(intake, body)
        return
    told = await intake.records.firms.get(intake.team_id)
    await intake.show_form(body, firm_form(told, intake.language))


async def _keep_firm(intake: Intake, ack: AsyncAck, body: dict[str, Any]) -> None:
    values, user_id = form_values(body["view"]), body["user"]["id"]
    told = {
        name: values.get(name, "").strip()
        for name in ("about", "address", "offer", "valid_days", *FIRM_LINES)
    }
    errors = {name: text(f"firm.{name}.wrong", intake.language) for name in _wrong(told)}
    if not await intake.is_admin(user_id):
        errors = {"about": text("settings.admins-only", intake.language)}
    if errors:
        await ack(response_action="errors", errors=errors)
        return
    changed = await intake.records.firms.change(intake.team_id, told, user_id=user_id)
    await ack()
    intake.later(_say_saved(intake, user_id, changed))


def _wrong(told: dict[str, str]) -> list[str]:
    """Return the names of what cannot be right."""
    checks: dict[str, Callable[[str], bool]] = {
        "kvk": lambda given: re.fullmatch(r"\d{8}", given) is not None,
        "vat_id": vat.is_valid,
        "iban": iban.is_valid,
        "offer": lambda given: given in OFFERS,
        "valid_days": lambda given: given.isdecimal() and 1 <= int(given) <= 365,
    }
    return [name for name, is_right in checks.items() if told[name] and not is_right(told[name])]


async def _say_saved(intake: Intake, user_id: str, changed: list[str]) -> None:
    key = "settings.saved" if changed else "settings.same"
    await intake.tell(user_id, text(key, intake.language))
    await refresh(intake, user_id)
