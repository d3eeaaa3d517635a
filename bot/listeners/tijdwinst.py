"""The command /tijdwinst: help, what it saved, baselines, settings; each answers the person who typed it."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime
from typing import Any

from bot import jobs
from bot.digest import Period, parse_period
from bot.listeners.customers import open_customers
from bot.listeners.guideline import guideline_answer
from bot.listeners.helping import HELP, help_message
from bot.listeners.intake import Intake
from bot.listeners.keeping import audit_answer, export_answer, privacy_command
from bot.listeners.knowledge import open_knowledge
from bot.listeners.measuring import baseline_command
from bot.listeners.office import open_settings
from bot.listeners.planning import list_planned
from bot.listeners.screening import open_rules
from bot.listeners.setup import open_office, show_setup
from bot.listeners.templates import open_templates
from bot.tasks import UserError
from bot.texts import text

VALUE = ("value", "waarde", "winst")
BASELINE = ("baseline", "nulmeting")
PLANNED = ("planned", "gepland", "planning")
CUSTOMERS = ("customers", "klanten", "customer", "klant")
SETTINGS = ("settings", "instellingen")
SETUP = ("setup", "inrichten")
GUIDELINE = ("guideline", "richtlijn")
FIRM = ("firm", "bedrijf")
CVS = ("cv", "cvs", "screening")
KNOWLEDGE = ("knowledge", "kennisbank")
EXPORT = ("export", "exporteer")
PRIVACY = ("privacy", "gegevens")
AUDIT = ("audit", "logboek")
TEMPLATES = ("templates", "template", "sjablonen", "sjabloon")
GROUP_WORDS = {
    "bedrijf": "firm",
    "geld": "money",
    "weekbericht": "digest",
    "modellen": "models",
    "beoordelen": "review",
    "kanalen": "channels",
    "bewaren": "privacy",
}


async def carry_out(intake: Intake, body: dict[str, Any], words: str) -> str | dict[str, Any]:
    """Carry out `/tijdwinst ...` and return the answer; empty when a form or a message answers."""
    named, *rest = words.split() or ["help"]
    named = named.lower()
    if named in HELP:
        sentence, blocks = help_message(intake, " ".join(rest))
        return {"text": sentence, "blocks": blocks} if blocks else sentence
    if named in BASELINE:
        return await baseline_command(intake, body, rest)
    if named in SETTINGS:
        group = rest[0].lower() if rest else ""
        intake.later(open_settings(intake, body, group=GROUP_WORDS.get(group, group)))
        return ""
    if named in GUIDELINE:
        return await guideline_answer(intake)
    if named in (*SETUP, *FIRM):
        return await _office(intake, body, "setup" if named in SETUP else "firm")
    if named in TEMPLATES:
        intake.later(open_templates(intake, body))
        return ""
    if named in CVS:
        intake.later(open_rules(intake, body))
        return ""
    if named in VALUE:
        return await _value(intake, body, " ".join(rest))
    if named in EXPORT:
        return await export_answer(intake, body)
    if named in PRIVACY:
        return privacy_command(intake, body, rest)
    if named in AUDIT:
        return await audit_answer(intake, body["user_id"])
    if named in PLANNED:
        return await list_planned(intake, body["user_id"])
    if named in CUSTOMERS:
        intake.later(open_customers(intake, body, " ".join(rest)))
        return ""
    if named in KNOWLEDGE:
        intake.later(open_knowledge(intake, body, " ".join(rest)))
        return ""
    groups = (
        *(HELP, VALUE, BASELINE, SETTINGS, TEMPLATES, SETUP, FIRM, GUIDELINE, PLANNED, CUSTOMERS),
        *(PRIVACY, EXPORT, AUDIT, CVS, KNOWLEDGE),
    )
    known = {word: group[0] for group in groups for word in group}
    near = difflib.get_close_matches(named, known, n=1) or ["help"]
    return text("tijdwinst.unknown", intake.language, sub=named[:40], nearest=known[near[0]])


async def _office(intake: Intake, body: dict[str, Any], name: str) -> str:
    """Lead an admin through setting up, or open the form of the firm."""
    if not await intake.is_admin(body["user_id"]):
        return text("settings.admins-only", intake.language)
    if name == "firm":
        intake.later(open_office(intake, body, "firm"))
        return ""
    intake.later(show_setup(intake, body["user_id"]))
    return text("setup.shown", intake.language)


async def _value(intake: Intake, body: dict[str, Any], words: str) -> str:
    """Have the evaluation of a period made; it comes in the asker's messages tab."""
    settings = await intake.records.workspaces.get(intake.team_id)
    try:
        period = parse_period(words, moment=datetime.now(UTC), zone=settings.zone)
    except UserError as error:
        return text(error.key, intake.language)
    # Who somebody is may have to be asked of Slack, which must not delay the ack.
    intake.later(_evaluate(intake, body, period))
    return text("value.working", intake.language)


async def _evaluate(intake: Intake, body: dict[str, Any], period: Period) -> None:
    """Have the evaluation made for a member; a guest is told that the firm's figures are not for them."""
    user_id = body["user_id"]
    if not await intake.is_insider(user_id):
        await intake.answer(body, text("members-only", intake.language))
        return
    await jobs.evaluate(
        intake.team_id, user_id, start=period.start, end=period.end, request_id=body["trigger_id"]
    )
