"""Order in the house: limits that admins lift, the audit log, and what people see, take and erase of their own data."""

from __future__ import annotations

import json
from typing import Any, cast, get_args

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import jobs
from bot.listeners.intake import Intake
from bot.listeners.privacy import open_privacy
from bot.records.budgets import LimitKind
from bot.tasks import Language
from bot.texts import format_moment, text
from bot.views.keeping import erase_asked, erase_form

EXPORT = ("export", "exporteer", "download")
DELETE = ("delete", "verwijder", "wis")


def register(app: AsyncApp, intake: Intake) -> None:
    """Attach the listeners of the button that lifts a limit, and of the form that erases."""

    async def lift(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await _lift(intake, ack, body, json.loads(action["value"]))

    async def erase(ack: AsyncAck, body: dict[str, Any]) -> None:
        erasure = await intake.records.erasures.ask(intake.team_id, body["user"]["id"])
        await ack(response_action="update", view=erase_asked(intake.language))
        intake.later(jobs.start_erasing(erasure.pseudonym))

    app.action("lift_budget")(lift)
    app.view("erase")(erase)


async def _lift(intake: Intake, ack: AsyncAck, body: dict[str, Any], value: dict[str, str]) -> None:
    """Lift a limit for its period; twice is once.

    Raises:
        ValueError: the button is none of ours.
    """
    if value.get("kind") not in get_args(LimitKind):
        raise ValueError("no limit in this value")
    user_id, channel_id = body["user"]["id"], (body.get("channel") or {}).get("id") or ""
    if not await intake.is_admin(user_id):
        await ack()
        sentence = text("settings.admins-only", intake.language)
        intake.later(intake.tell(user_id, sentence, channel_id=channel_id))
        return
    lift = await intake.records.budgets.lift(
        intake.team_id,
        cast(LimitKind, value["kind"]),
        value["subject"],
        value["period"],
        user_id=user_id,
    )
    await ack()
    intake.later(jobs.show_lift(lift.lift_id))


def privacy_command(intake: Intake, body: dict[str, Any], words: list[str]) -> str:
    """Answer `/tijdwinst privacy ...`: what is kept of whoever asks, all of it as a file, or its erasure."""
    named = words[0].lower() if words else ""
    if named in EXPORT:
        bringing = jobs.bring_personal(intake.team_id, body["user_id"], request_id=body["trigger_id"])
        intake.later(bringing)
        return text("personal.working", intake.language)
    if named in DELETE:
        intake.later(intake.show_form(body, erase_form(intake.language)))
    else:
        intake.later(open_privacy(intake, body))
    return ""


async def export_answer(intake: Intake, body: dict[str, Any]) -> str:
    """Bring an admin the ledger's rows, and everybody else what is kept of them."""
    user_id = body["user_id"]
    if not await intake.is_admin(user_id):
        return privacy_command(intake, body, [EXPORT[0]])
    intake.later(jobs.bring_proof(intake.team_id, user_id, request_id=body["trigger_id"]))
    return text("export.working", intake.language)


async def audit_answer(intake: Intake, user_id: str) -> str:
    """Return the newest events of the audit log, for an admin."""
    language = intake.language
    if not await intake.is_admin(user_id):
        return text("settings.admins-only", language)
    events = await intake.records.audit.newest(intake.team_id)
    lines = [
        text(
            "audit.line",
            language,
            when=format_moment(event.happened_at, language, intake.zone),
            who=_who(event.user_id, language=language),
            act=text(f"audit.{event.act}", language),
            subject=f" {event.subject}" if event.subject else "",
            where=f" <#{event.channel_id}>" if event.channel_id else "",
        )
        for event in events
    ]
    return "\n".join([text("audit.title", language), *(lines or [text("audit.none", language)])])


def _who(user_id: str, *, language: Language) -> str:
    """Name whoever did something: nobody knows who worked at the command line, and who was erased is a pseudonym."""
    if not user_id:
        return text("audit.nobody", language)
    return user_id if user_id.startswith("erased-") else f"<@{user_id}>"
