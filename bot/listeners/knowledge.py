"""The knowledge base in Slack: documents that are sent, who may read them, the list, and open questions."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import jobs
from bot.knowledge import EVERYONE, parse_audience
from bot.listeners.intake import COMMIT_WITHIN_S, Intake, whose
from bot.records.knowledge_uploads import KnowledgeUpload
from bot.texts import format_moment, text
from bot.views import form_values
from bot.views.knowledge import audience_form, knowledge_list

MOST_FILES, MOST_DOCUMENTS, MOST_QUESTIONS = 10, 25, 15

_KNOWLEDGE = re.compile(r"\b(?:kennisbank|knowledge ?base)\b", re.IGNORECASE)
_ASKS = re.compile(r"\?|\b(?:vraag|ask|zoek|search)\b", re.IGNORECASE)


def register(app: AsyncApp, intake: Intake) -> None:
    """Attach the listeners of the knowledge base."""

    async def whom(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        form = audience_form({"upload": action["value"]}, intake.language)
        intake.later(_open(intake, body, form, over=False))

    async def change(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        metadata = {
            "document": int(action["value"]),
            "list": body["view"]["id"],
            "words": _words(body["view"]),
        }
        intake.later(_open(intake, body, audience_form(metadata, intake.language), over=True))

    async def chosen(ack: AsyncAck, body: dict[str, Any]) -> None:
        await _chosen(intake, ack, body)

    async def search(ack: AsyncAck, body: dict[str, Any]) -> None:
        words = form_values(body["view"]).get("words", "")
        await ack(response_action="update", view=await _list(intake, body["user"]["id"], words))

    async def delete(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        if await is_editor(intake, body["user"]["id"]):
            await intake.records.knowledge.delete(
                intake.team_id, [int(action["value"])], user_id=body["user"]["id"]
            )
        await ack()
        intake.later(_show_again(intake, body))

    async def answered(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        run_id, user_id = str(action["value"]), body["user"]["id"]
        mine = await intake.records.knowledge.questions(intake.team_id, owner_id=user_id)
        if any(one.run_id == run_id for one in mine) or await is_editor(intake, user_id):
            await intake.records.knowledge.close_question(run_id)
        await ack()
        intake.later(_show_again(intake, body))

    async def deleted(event: dict[str, Any]) -> None:
        file_id = str(event.get("file_id", ""))
        if file_id and await intake.records.knowledge.from_slack(intake.team_id, file_id=file_id):
            await jobs.forget_document(intake.team_id, file_id)

    app.event("file_deleted")(deleted)
    app.action("knowledge_whom")(whom)
    app.action("knowledge_change")(change)
    app.view("knowledge_audience")(chosen)
    app.view("knowledge")(search)
    app.action("knowledge_delete")(delete)
    app.action("knowledge_answered")(answered)


async def is_editor(intake: Intake, user_id: str) -> bool:
    """Say whether somebody may change the knowledge base: whom admins named, or an admin."""
    return user_id in intake.holds.knowledge_editors or await intake.is_admin(user_id)


async def take_documents(
    intake: Intake, event: dict[str, Any], words: str, *, upload_id: str, thread_ts: str
) -> bool:
    """Take files that are for the knowledge base, by the words that come with them; False when they are not.

    Raises:
        TimeoutError, STORE_ERRORS: they are not stored: no ack, Slack sends it again.
    """
    files = tuple(str(file["id"]) for file in event.get("files") or [] if file.get("id"))
    if not files or not _KNOWLEDGE.search(words) or _ASKS.search(words):
        return False
    upload = KnowledgeUpload(
        upload_id=upload_id,
        team_id=upload_id.partition(":")[0],
        channel_id=event["channel"],
        thread_ts=thread_ts,
        user_id=event["user"],
        files=files[:MOST_FILES],
        language=intake.language,
    )
    async with asyncio.timeout(COMMIT_WITHIN_S):
        first = await intake.records.knowledge_uploads.add(upload)
    if first:
        intake.later(jobs.take_documents(upload_id, ""))
    return True


async def open_knowledge(intake: Intake, body: dict[str, Any], words: str) -> None:
    """Open the list of documents and open questions."""
    await intake.show_form(body, await _list(intake, whose(body)[0], words))


async def _open(intake: Intake, body: dict[str, Any], form: dict[str, Any], *, over: bool) -> None:
    if await is_editor(intake, body["user"]["id"]):
        await intake.show_form(body, form, over=over)
    else:
        await intake.answer(body, text("knowledge.editors-only", intake.language))


async def _chosen(intake: Intake, ack: AsyncAck, body: dict[str, Any]) -> None:
    """Keep who may read a document, or what was sent."""
    values, metadata = form_values(body["view"]), json.loads(body["view"]["private_metadata"])
    who = values.get("who") or EVERYONE
    try:
        audience = EVERYONE if who == EVERYONE else parse_audience(values.get(who, ""))
    except ValueError:
        await ack(response_action="errors", errors={who: text("knowledge.who-missing", intake.language)})
        return
    user_id = body["user"]["id"]
    if not await is_editor(intake, user_id):
        await ack(response_action="errors", errors={"who": text("knowledge.editors-only", intake.language)})
        return
    if "document" in metadata:
        await intake.records.knowledge.set_audience(
            intake.team_id, int(metadata["document"]), audience, user_id=user_id
        )
        await ack()
        view = await _list(intake, user_id, metadata.get("words", ""))
        intake.later(intake.delivery.update_form(metadata["list"], view))
        return
    upload_id = str(metadata["upload"])
    first = await intake.records.knowledge_uploads.let_read(upload_id, audience)
    await ack()
    if first:
        intake.later(jobs.take_documents(upload_id, audience))
    else:
        intake.later(intake.tell(user_id, text("review.already", intake.language)))


async def _show_again(intake: Intake, body: dict[str, Any]) -> None:
    view = body["view"]
    await intake.delivery.update_form(view["id"], await _list(intake, body["user"]["id"], _words(view)))


def _words(view: dict[str, Any]) -> str:
    return str(json.loads(view.get("private_metadata") or "{}").get("words", ""))


async def _list(intake: Intake, user_id: str, words: str) -> dict[str, Any]:
    """Return the list as somebody may see it: all of it for editors, the questions that are theirs for others."""
    knowledge, editor = intake.records.knowledge, await is_editor(intake, user_id)
    documents = await knowledge.listed(intake.team_id, words) if editor else []
    questions = await knowledge.questions(intake.team_id, owner_id="" if editor else user_id)
    return knowledge_list(
        documents[:MOST_DOCUMENTS],
        questions[:MOST_QUESTIONS],
        words=words,
        total=len(documents),
        editor=editor,
        show_moment=lambda moment: format_moment(moment, intake.language, intake.zone),
        language=intake.language,
    )
