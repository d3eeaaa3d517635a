"""Documents that people send for the knowledge base: who may read them is asked, then they are read and kept.

What was sent in Slack follows Slack: a file that is deleted there is forgotten here.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.handlers import Desk
from bot.jobs.posts import Posts, Spot
from bot.knowledge import make_passages
from bot.records.knowledge import Document
from bot.records.knowledge_uploads import KnowledgeUpload
from bot.tasks import UserError
from bot.texts import format_moment, text
from bot.views import button, fallback, plain, section

log = logging.getLogger(__name__)

LOOKED_AT_ONCE = 20
"""Documents that one round looks for in Slack: files.info takes a hundred calls a minute."""

ROUND = timedelta(minutes=5)


class KnowledgeFiles:
    """Answers each message with documents where it was sent."""

    def __init__(self, desk: Desk, posts: Posts) -> None:
        self._desk = desk
        self._records = desk.records
        self._posts = posts

    async def answer(self, upload_id: str) -> None:
        """Ask who may read the files, or take them in once that is said; may be done twice.

        Raises:
            SlackError: Slack is away; the upload is stored, and the next try goes on.
        """
        upload = await self._records.knowledge_uploads.get(upload_id)
        if upload is None or upload.told_at is not None:
            return
        if not await self._is_editor(upload):
            await self._tell(upload, [section(text("knowledge.editors-only", upload.language))])
        elif upload.audience:
            await self._take(upload)
        else:
            asked = text("knowledge.whom", upload.language, count=len(upload.files))
            if known := await self._known(upload):
                asked += "\n" + text("knowledge.whom-newer", upload.language, names=", ".join(known))
            label = text("button.knowledge-whom", upload.language)
            pressed = button("knowledge_whom", label, upload.upload_id, style="primary")
            await self._tell(upload, [section(asked), {"type": "actions", "elements": [pressed]}])

    async def fail(self, upload_id: str) -> None:
        """Tell that it went wrong on our side, so that nobody waits for more."""
        upload = await self._records.knowledge_uploads.get(upload_id)
        if upload is not None:
            await self._tell(upload, [section(text("knowledge.failed", upload.language))])

    async def gone(self, moment: datetime) -> list[str]:
        """Return files of documents that Slack has no more, among those whose turn it is at *moment*.

        All of them is nobody's deletion: the token of another workspace sees none either.

        Raises:
            SlackError: Slack does not tell.
        """
        held = [
            one.source_id for one in await self._records.knowledge.from_slack(self._desk.identity.team_id)
        ]
        if len(held) < 2:
            return []
        turn = int(moment.timestamp() / ROUND.total_seconds())
        at = turn * LOOKED_AT_ONCE % len(held)
        looked = (held[at:] + held[:at])[:LOOKED_AT_ONCE]
        gone = [file_id for file_id in looked if await self._desk.files.is_gone(file_id)]
        if len(gone) == len(looked):
            log.warning(
                "knowledge: none of %s documents is in this Slack: nothing was forgotten", len(looked)
            )
            return []
        return gone

    async def forget(self, file_id: str) -> list[str]:
        """Forget the document of a file that is gone; return its name and who sent it, nothing where there is none."""
        team_id = self._desk.identity.team_id
        found = await self._records.knowledge.from_slack(team_id, file_id=file_id)
        await self._records.knowledge.delete(team_id, [one.document_id for one in found])
        return [part for one in found for part in (one.name, one.owner_id)]

    async def tell_forgotten(self, file_id: str, name: str, owner_id: str) -> None:
        """Tell who sent a document that it is forgotten; once.

        Raises:
            SlackError: Slack is away.
        """
        team_id = self._desk.identity.team_id
        language = (await self._records.workspaces.get(team_id)).language
        blocks = [section(text("knowledge.forgotten", language, name=name))]
        spot = await self._posts.messages_tab(team_id, owner_id)
        line = fallback(plain(blocks[0]["text"]["text"]))
        await self._posts.once(f"knowledge/{team_id}/{file_id}/forgotten", spot, line, blocks)

    async def _known(self, upload: KnowledgeUpload) -> list[str]:
        """Return the names of files that their sender sent in an older version; those to be seen."""
        names = []
        for file_id in upload.files:
            try:
                found = await self._desk.files.look(file_id, user_id=upload.user_id)
            except UserError:
                continue  # said when it is read
            if await self._older(upload, file_id, found.name):
                names.append(found.name)
        return names

    async def _older(self, upload: KnowledgeUpload, file_id: str, name: str) -> list[Document]:
        """Return what its sender sent before under the name of a file, for the same readers where they are known."""
        held = await self._records.knowledge.from_slack(upload.team_id, name=name, owner_id=upload.user_id)
        return [
            one
            for one in held
            if one.source_id != file_id
            and one.changed_at < upload.received_at
            and upload.audience in ("", one.audience)
        ]

    async def _take(self, upload: KnowledgeUpload) -> None:
        """Read every file and say of each what came of it; one that cannot be read stops no other."""
        lines = []
        for file_id in upload.files:
            try:
                lines.append(await self._take_file(upload, file_id))
            except UserError as error:
                lines.append(text(error.key, upload.language, **error.params))
        await self._records.knowledge.sync()
        await self._tell(upload, [section("\n".join(lines))])

    async def _take_file(self, upload: KnowledgeUpload, file_id: str) -> str:
        found = await self._desk.files.look(file_id, user_id=upload.user_id)
        try:
            raw = await self._desk.files.fetch(found)
        except UserError as error:
            if await self._desk.files.is_gone(file_id):
                raise UserError("knowledge.gone", name=found.name) from error
            raise
        content = await self._desk.files.read(found, raw)
        passages = make_passages(content.parts)
        document = Document(
            team_id=upload.team_id,
            name=found.name,
            source="slack",
            source_id=found.id,
            content_hash=hashlib.sha256(raw).hexdigest(),
            audience=upload.audience,
            owner_id=upload.user_id,
            link=found.link,
            pages=content.pages,
        )
        older = await self._older(upload, file_id, found.name)
        if await self._desk.files.is_gone(file_id):
            raise UserError("knowledge.gone", name=found.name)
        await self._records.knowledge.put(
            document,
            passages,
            replacing=[one.document_id for one in older],
            user_id=upload.user_id,
        )
        silent = sum(not part.has_words for part in content.parts)
        key = "knowledge.taken-partly" if silent else "knowledge.taken"
        told = text(key, upload.language, name=found.name, count=len(passages), pages=silent)
        return told + await self._replaced(upload, older)

    async def _replaced(self, upload: KnowledgeUpload, older: Sequence[Document]) -> str:
        """Say what a document took the place of; nothing where it is the first of its name."""
        if not older:
            return ""
        zone = (await self._records.workspaces.get(upload.team_id)).zone
        since = format_moment(datetime.fromisoformat(older[-1].changed_at), upload.language, zone)
        return " " + text("knowledge.replaced", upload.language, since=since)

    async def _is_editor(self, upload: KnowledgeUpload) -> bool:
        if upload.user_id in (await self._records.workspaces.get(upload.team_id)).knowledge_editors:
            return True
        return await self._desk.is_admin(upload.user_id)

    async def _tell(self, upload: KnowledgeUpload, blocks: list[dict[str, Any]]) -> None:
        spot = Spot(upload.channel_id, upload.thread_ts)
        line = plain(blocks[0]["text"]["text"])
        await self._posts.bring(f"{upload.upload_id}/knowledge", spot, fallback(line), blocks)
        await self._records.knowledge_uploads.told(upload)
