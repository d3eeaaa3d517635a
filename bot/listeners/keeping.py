"""Limits that admins lift: checked, committed, acked, and only then shown."""

from __future__ import annotations

import json
from typing import Any, cast, get_args

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import jobs
from bot.listeners.intake import Intake
from bot.records.budgets import LimitKind
from bot.texts import text


def register(app: AsyncApp, intake: Intake) -> None:
    """Attach the listener of the button that lifts a limit."""

    async def lift(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await _lift(intake, ack, body, json.loads(action["value"]))

    app.action("lift_budget")(lift)


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
