"""Files that come without a task: a price list by its words or its columns, a table, or a question what it is for."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import jobs
from bot.listeners.intake import COMMIT_WITHIN_S, Intake
from bot.reading import kind_of
from bot.records.uploads import Upload
from bot.tasks import Run, Task
from bot.texts import text

_PRICES = re.compile(
    r"\b(?:price ?lists?|prijs(?:en)?[ -]?lijst(?:en)?|tarie(?:f|ven)[ -]?lijst(?:en)?"
    r"|(?:new|our|nieuwe|onze) (?:prices|prijzen|tarieven))\b",
    re.IGNORECASE,
)
FEW_WORDS = 4
"""So many words may come with a file and still say nothing of what it is for: "here it is", "zie bijlage"."""


def register(app: AsyncApp, intake: Intake) -> None:
    """Attach the listeners of the buttons that say what a file is for."""

    async def use(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        user_id, upload_id = body["user"]["id"], str(action.get("value") or "")
        first = await intake.records.uploads.ask(upload_id, user_id=user_id)
        await ack()
        if first:
            intake.later(jobs.take_prices(upload_id, asked_by=user_id))
        else:
            channel_id = (body.get("channel") or {}).get("id") or ""
            intake.later(intake.tell(user_id, text("review.already", intake.language), channel_id=channel_id))

    async def written(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        upload_id, _, name = str(action.get("value") or "").rpartition("#")
        refusal = await _take_table(intake, upload_id, name, user_id=body["user"]["id"])
        await ack()
        if refusal:
            intake.later(intake.answer(body, refusal))

    app.action("use_prices")(use)
    app.action(re.compile(r"use_table_\d+"))(written)


async def _take_table(intake: Intake, upload_id: str, name: str, *, user_id: str) -> str:
    """Take a table that its sender wants a text per row of; return why not, where it is not taken.

    Raises:
        TimeoutError, STORE_ERRORS: it is not stored: no ack, and the press can be made again.
    """
    upload = await intake.records.uploads.get(upload_id)
    if upload is None or name not in intake.tasks:
        return text("bulk.gone", intake.language)
    if user_id != upload.user_id:
        return text("review.not-yours", intake.language, user=f"<@{upload.user_id}>")
    run = Run(
        run_id=upload.upload_id,
        team_id=upload.team_id,
        channel_id=upload.channel_id,
        user_id=user_id,
        task=name,
        surface="message",
        language=upload.language,
        files=(upload.file_id,),
    )
    return "" if await intake.accept(run) else text("review.already", intake.language)


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
