"""Follow-ups: "korter" writes the asker's newest open draft anew, "plan it for Tuesday" plans their newest post."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bot import jobs
from bot.listeners.intake import Intake
from bot.listeners.planning import plan_newest
from bot.tasks import Surface, asks_again
from bot.texts import text

REMEMBERED = timedelta(days=1)
"""Of an older draft nobody says just "shorter"."""


async def follow_up(
    intake: Intake, words: str, event: dict[str, Any], *, message_id: str, surface: Surface
) -> bool:
    """Have a draft written anew as *words* say; False when they are no such wish, or there is no such draft.

    A mention is about the draft of its thread, a message in the messages tab about the newest there.

    Args:
        message_id: the delivery's own id, so that the same message counts once.
    """
    if (surface != "mention" or event.get("thread_ts")) and await plan_newest(
        intake, words, event, message_id=message_id, surface=surface
    ):
        return True
    user_id, channel_id, in_thread = event["user"], event["channel"], event.get("thread_ts") or ""
    if not asks_again(words):
        return False
    newest = await newest_open(intake, event, surface=surface)
    if newest is None:
        return False
    run_id, version = newest
    decision = await intake.records.reviews.decide(
        run_id, version=version, act="redone", user_id=user_id, instruction=words, message_id=message_id
    )
    if decision.result == "done":
        intake.later(jobs.show_review(run_id, decision.review_id, "redone"))
    key = "follow-up.working" if decision.result == "done" else f"review.{decision.result}"
    sentence = text(key, intake.language)
    intake.later(intake.tell_once(message_id, channel_id, user_id, sentence, thread_ts=in_thread))
    return True


async def newest_open(intake: Intake, event: dict[str, Any], *, surface: Surface) -> tuple[str, int] | None:
    """Return run and version of the open draft that a message may be about, or None."""
    in_thread = event.get("thread_ts") or ""
    if surface == "mention" and not in_thread:
        return None
    return await intake.records.drafts.newest_open(
        intake.team_id,
        event["user"],
        channel_id=event["channel"],
        thread_ts=in_thread if surface == "mention" else "",
        since=datetime.now(UTC) - REMEMBERED,
    )
