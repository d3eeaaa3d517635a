"""Follow-ups: "korter" or "in English please" writes the asker's newest open draft anew; only this module does so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot import jobs
from bot.listeners.intake import Intake
from bot.tasks import asks_again
from bot.texts import text

REMEMBERED = timedelta(days=1)
"""Of an older draft nobody says just "shorter"."""


async def follow_up(
    intake: Intake, words: str, *, message_id: str, user_id: str, channel_id: str, thread_ts: str
) -> bool:
    """Have a draft written anew as *words* say; False when they are no such wish, or there is no such draft.

    Args:
        message_id: the delivery's own id, so that the same message counts once.
        thread_ts: the thread that the bot was mentioned in; empty in the messages tab.
    """
    if not asks_again(words):
        return False
    newest = await intake.records.drafts.newest_open(
        intake.team_id,
        user_id,
        channel_id=channel_id,
        thread_ts=thread_ts,
        since=datetime.now(UTC) - REMEMBERED,
    )
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
    intake.later(intake.tell_once(message_id, channel_id, user_id, sentence, thread_ts=thread_ts))
    return True
