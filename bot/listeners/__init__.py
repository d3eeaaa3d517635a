"""Slack in: payloads become runs and reviews, are committed and acked; nothing else happens here."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.digest import home_lines
from bot.listeners import asking, choosing, measuring, office, reviewing, setup, templates
from bot.listeners.intake import Intake
from bot.listeners.templates import load_templates
from bot.listeners.tijdwinst import help_text
from bot.texts import text
from bot.views import home

__all__ = ["Intake", "load_templates", "register"]


def register(
    app: AsyncApp,
    intake: Intake,
    *,
    count_unknown: Callable[[str], None],
    suspect: Callable[[str], None],
) -> None:
    """Attach every listener, the catch-alls last: whatever Slack sends gets a 200."""
    asking.register(app, intake)
    choosing.register(app, intake)
    reviewing.register(app, intake)
    measuring.register(app, intake)
    office.register(app, intake)
    templates.register(app, intake)
    setup.register(app, intake)

    async def show_home(user_id: str) -> None:
        month = await home_lines(
            intake.records, intake.team_id, user_id, language=intake.language, moment=datetime.now(UTC)
        )
        lines = [text("home.welcome", intake.language), *month, help_text(intake)]
        await intake.delivery.publish_home(user_id, home(lines, intake.language))

    async def home_opened(event: dict[str, Any]) -> None:
        if event.get("tab") == "home":
            intake.later(show_home(event["user"]))
        elif event.get("tab") == "messages":
            intake.later(setup.welcome(intake, event["user"]))

    async def revoked(event: dict[str, Any]) -> None:
        # The tokens of people end too, when they leave; only the bot's is ours.
        if (event.get("tokens") or {}).get("bot"):
            suspect("token_revoked")

    async def uninstalled() -> None:
        suspect("account_inactive")

    async def unknown_event(event: dict[str, Any]) -> None:
        count_unknown(str(event.get("type", ""))[:50])

    async def unknown(ack: AsyncAck, body: dict[str, Any]) -> None:
        count_unknown(str(body.get("type", ""))[:50])
        await ack()

    app.event("app_home_opened")(home_opened)
    app.event("tokens_revoked")(revoked)
    app.event("app_uninstalled")(uninstalled)
    app.event(re.compile(".*"))(unknown_event)
    app.shortcut(re.compile(".*"))(unknown)
    app.action(re.compile(".*"))(unknown)
    app.view(re.compile(".*"))(unknown)
    app.view_closed(re.compile(".*"))(unknown)
    app.options(re.compile(".*"))(unknown)
