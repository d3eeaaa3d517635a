"""Documents that people send for the knowledge base: who may read them is asked, then they are read and kept."""

from __future__ import annotations

import hashlib
from typing import Any

from bot.handlers import Desk
from bot.jobs.posts import Posts, Spot
from bot.knowledge import make_passages
from bot.records.knowledge import By, Document
from bot.records.knowledge_uploads import KnowledgeUpload
from bot.tasks import UserError
from bot.texts import text
from bot.views import button, fallback, plain, section
from bot.wire import SlackError


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
            label = text("button.knowledge-whom", upload.language)
            pressed = button("knowledge_whom", label, upload.upload_id, style="primary")
            await self._tell(upload, [section(asked), {"type": "actions", "elements": [pressed]}])

    async def fail(self, upload_id: str) -> None:
        """Tell that it went wrong on our side, so that nobody waits for more."""
        upload = await self._records.knowledge_uploads.get(upload_id)
        if upload is not None:
            await self._tell(upload, [section(text("knowledge.failed", upload.language))])

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
        raw = await self._desk.files.fetch(found)
        content = await self._desk.files.read(found, raw)
        passages = make_passages(content.parts)
        document = Document(
            name=found.name,
            source="slack",
            source_id=found.id,
            content_hash=hashlib.sha256(raw).hexdigest(),
            audience=upload.audience,
            owner_id=upload.user_id,
            link=found.link,
            pages=content.pages,
        )
        by = By(upload.team_id, upload.user_id)
        await self._records.knowledge.put(document, passages, by=by)
        silent = sum(not part.has_words for part in content.parts)
        key = "knowledge.taken-partly" if silent else "knowledge.taken"
        return text(key, upload.language, name=found.name, count=len(passages), pages=silent)

    async def _is_editor(self, upload: KnowledgeUpload) -> bool:
        if upload.user_id in (await self._records.workspaces.get(upload.team_id)).knowledge_editors:
            return True
        people = await self._desk.context.people({upload.user_id})
        if not people:
            raise SlackError("users.info", "server")
        return people[0].is_admin and not people[0].is_guest

    async def _tell(self, upload: KnowledgeUpload, blocks: list[dict[str, Any]]) -> None:
        spot = Spot(upload.channel_id, upload.thread_ts)
        line = plain(blocks[0]["text"]["text"])
        await self._posts.bring(f"{upload.upload_id}/knowledge", spot, fallback(line), blocks)
        await self._records.knowledge_uploads.told(upload)
