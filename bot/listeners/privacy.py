"""What is kept of a person, shown to them, and what they delete of it."""

from __future__ import annotations

from typing import Any

from bot.listeners.intake import Intake, whose
from bot.texts import format_moment, text
from bot.views import privacy_form


async def open_privacy(intake: Intake, body: dict[str, Any]) -> None:
    """Show somebody what is kept of them."""
    await intake.show_form(body, await _privacy_view(intake, whose(body)[0]))


async def _privacy_view(intake: Intake, user_id: str, note: str = "") -> dict[str, Any]:
    language = intake.language
    kept = await intake.records.personal.kept(intake.team_id, user_id)
    lines = [note] if note else []
    lines.append(text("privacy.texts", language, count=kept.texts, days=intake.holds.retention_days))
    if kept.last_day is not None:
        lines.append(text("privacy.last", language, when=format_moment(kept.last_day, language, intake.zone)))
    lines += [
        text("privacy.rows", language, count=kept.rows),
        text("privacy.not", language),
        text("privacy.open", language) if kept.texts > kept.deletable else "",
        text("privacy.where", language),
        text("privacy.more", language),
    ]
    return privacy_form([line for line in lines if line], deletable=kept.deletable, language=language)


async def show_deleted(intake: Intake, view: dict[str, Any], user_id: str, count: int) -> None:
    """Show what is kept now; a form that shows something else already is left as it is."""
    note = text("privacy.deleted", intake.language, count=count)
    fresh = await _privacy_view(intake, user_id, note)
    if not await intake.delivery.update_form(view["id"], fresh, view_hash=view["hash"]):
        await intake.tell(user_id, note)
