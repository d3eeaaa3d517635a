"""Files that come without a task: a price list by its words or its columns, or a question what the file is for."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import jobs
from bot.listeners.intake import COMMIT_WITHIN_S, Intake
from bot.reading import kind_of
from bot.records.uploads import Upload
from bot.tasks import Task
from bot.texts import text

_PRICES = re.compile(
    r"\b(?:price ?lists?|prijs(?:en)?[ -]?lijst(?:en)?|tarie(?:f|ven)[ -]?lijst(?:en)?"
    r"|(?:new|our|nieuwe|onze) (?:prices|prijzen|tarieven))\b",
    re.IGNORECASE,
)
FEW_WORDS = 4
"""So many words may come with a file and still say nothing of what it is for: "here it is", "zie bijlage"."""


def register(app: AsyncApp, intake: Intake) -> None:
    """Attach the listener of the button that makes a file the price list."""

    async def use(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        user_id, upload_id = body["user"]["id"], str(action.get("value") or "")
        first = await intake.records.uploads.ask(upload_id, user_id=user_id)
        await ack()
        if first:
            intake.later(jobs.take_prices(upload_id, asked_by=user_id))
        else:
            channel_id = (body.get("channel") or {}).get("id") or ""
            intake.later(intake.tell(user_id, text("review.already", intake.language), channel_id=channel_id))

    app.action("use_prices")(use)


async def take_file(
    intake: Intake, event: dict[str, Any], words: str, *, task: Task | None, upload_id: str, thread_ts: str
) -> bool:
    """Take a file that no task is named for; False when the message is a request like any other.

    Raises:
        TimeoutError, STORE_ERRORS: it is not stored: no ack, Slack sends it again.
    """
    files = [file for file in event.get("files") or [] if file.get("id")]
    if not files or task is not None:
        return False
    asked = bool(_PRICES.search(words))
    vague = len(words.split()) <= FEW_WORDS and "?" not in words
    if not asked and not vague:
        return False
    sheets = [one for one in files if kind_of(one.get("name") or "", one.get("filetype") or "") == "sheet"]
    upload = Upload(
        upload_id=upload_id,
        team_id=upload_id.partition(":")[0],
        channel_id=event["channel"],
        thread_ts=thread_ts,
        user_id=event["user"],
        file_id=str((sheets or files)[0]["id"]),
        language=intake.language,
        asked=asked,
        asked_by=event["user"] if asked else "",
    )
    async with asyncio.timeout(COMMIT_WITHIN_S):
        first = await intake.records.uploads.add(upload)
    if first:
        intake.later(jobs.take_prices(upload_id, asked_by=upload.asked_by))
    return True
