"""Slack in: payloads become runs and reviews, are committed and acked; nothing else happens here."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.listeners import (
    asking,
    bulk,
    candidates,
    choosing,
    conversing,
    customers,
    guideline,
    home,
    keeping,
    knowledge,
    measuring,
    office,
    planning,
    quoting,
    reviewing,
    screening,
    setup,
    templates,
    uploads,
)
from bot.listeners.home import Homes
from bot.listeners.intake import Intake
from bot.listeners.templates import load_templates

__all__ = ["Homes", "Intake", "load_templates", "register"]


def register(
    app: AsyncApp,
    intake: Intake,
    homes: Homes,
    *,
    count_unknown: Callable[[str], None],
    left: Callable[[str], Awaitable[None]],
) -> None:
    """Attach every listener, the catch-alls last: whatever Slack sends gets a 200."""
    asking.register(app, intake)
    choosing.register(app, intake)
    reviewing.register(app, intake)
    conversing.register(app, intake)
    planning.register(app, intake)
    customers.register(app, intake)
    quoting.register(app, intake)
    measuring.register(app, intake)
    keeping.register(app, intake)
    office.register(app, intake)
    home.register(app, intake, homes)
    templates.register(app, intake)
    setup.register(app, intake)
    guideline.register(app, intake)
    uploads.register(app, intake)
    screening.register(app, intake)
    candidates.register(app, intake)
    bulk.register(app, intake)
    knowledge.register(app, intake)

    async def revoked(event: dict[str, Any]) -> None:
        # The tokens of people end too, when they leave; only the bot's is ours.
        if (event.get("tokens") or {}).get("bot"):
            await left("token_revoked")

    async def uninstalled() -> None:
        await left("account_inactive")

    async def unknown_event(event: dict[str, Any]) -> None:
        count_unknown(str(event.get("type", ""))[:50])

    async def unknown(ack: AsyncAck, body: dict[str, Any]) -> None:
        count_unknown(str(body.get("type", ""))[:50])
        await ack()

    app.event("tokens_revoked")(revoked)
    app.event("app_uninstalled")(uninstalled)
    app.event(re.compile(".*"))(unknown_event)
    app.shortcut(re.compile(".*"))(unknown)
    app.action(re.compile(".*"))(unknown)
    app.view(re.compile(".*"))(unknown)
    app.view_closed(re.compile(".*"))(unknown)
    app.options(re.compile(".*"))(unknown)
