"""The command /tijdwinst: help, what it saved, baselines, settings; each answers the person who typed it."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime
from typing import Any

from bot import jobs
from bot.digest import parse_period
from bot.listeners.intake import Intake
from bot.listeners.measuring import baseline_command
from bot.listeners.office import open_settings
from bot.listeners.setup import guideline_answer, open_office, show_setup
from bot.listeners.templates import open_templates
from bot.tasks import UserError
from bot.texts import text

HELP = ("help", "hulp", "?")
VALUE = ("value", "waarde", "winst")
BASELINE = ("baseline", "nulmeting")
SETTINGS = ("settings", "instellingen")
SETUP = ("setup", "inrichten")
GUIDELINE = ("guideline", "richtlijn")
FIRM = ("firm", "bedrijf")
TEMPLATES = ("templates", "template", "sjablonen", "sjabloon")


async def carry_out(intake: Intake, body: dict[str, Any], words: str) -> str:
    """Carry out `/tijdwinst ...` and return the answer; empty when a form or a message answers."""
    named, *rest = words.split() or ["help"]
    named = named.lower()
    if named in HELP:
        return help_text(intake)
    if named in BASELINE:
        return await baseline_command(intake, body, rest)
    if named in SETTINGS:
        opening = open_settings(
            intake, body["trigger_id"], user_id=body["user_id"], channel_id=body["channel_id"]
        )
        intake.later(opening)
        return ""
    if named in GUIDELINE:
        return await guideline_answer(intake)
    if named in (*SETUP, *FIRM):
        return await _office(intake, body, "setup" if named in SETUP else "firm")
    if named in TEMPLATES:
        opening = open_templates(
            intake, body["trigger_id"], user_id=body["user_id"], channel_id=body["channel_id"]
        )
        intake.later(opening)
        return ""
    if named in VALUE:
        return await _value(intake, body, " ".join(rest))
    known = {
        word: group[0]
        for group in (HELP, VALUE, BASELINE, SETTINGS, TEMPLATES, SETUP, FIRM, GUIDELINE)
        for word in group
    }
    near = difflib.get_close_matches(named, known, n=1) or ["help"]
    return text("tijdwinst.unknown", intake.language, sub=named[:40], nearest=known[near[0]])


async def _office(intake: Intake, body: dict[str, Any], name: str) -> str:
    """Lead an admin through setting up, or open the form of the firm."""
    if not await intake.is_admin(body["user_id"]):
        return text("settings.admins-only", intake.language)
    if name == "firm":
        intake.later(open_office(intake, body["trigger_id"], "firm"))
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
    asked = jobs.evaluate(
        intake.team_id, body["user_id"], start=period.start, end=period.end, request_id=body["trigger_id"]
    )
    intake.later(asked)
    return text("value.working", intake.language)


def help_text(intake: Intake) -> str:
    """Return what the bot can do, with its tasks."""
    lines = [
        f"• `{task.command or '/draft ' + task.name}`: {task.description_in(intake.language)}"
        for task in intake.listed().values()
    ]
    return "\n".join([text("help.body", intake.language), *lines, text("help.tijdwinst", intake.language)])
