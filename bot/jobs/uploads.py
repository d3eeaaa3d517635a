"""Files that came without a task: a price list is imported whole or not at all, a table offered; answered once."""

from __future__ import annotations

import asyncio
import hashlib
import html
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.handlers import Desk
from bot.jobs.bulk_returned import take_returned
from bot.jobs.posts import Posts, Spot
from bot.quotes.pricelist import Fault, is_price_list, read_prices
from bot.quotes.prices import compare_lists, valid_on
from bot.reading import Content
from bot.records.uploads import Upload
from bot.tasks import Language, Task, UserError
from bot.texts import text
from bot.views import button, fallback, placeholder, section

MOST_FAULTS = 5


class Uploads:
    """Answers each upload where it was sent."""

    def __init__(self, desk: Desk, posts: Posts, tasks: Mapping[str, Task]) -> None:
        self._desk = desk
        self._tasks = tasks
        self._records = desk.records
        self._posts = posts

    async def answer(self, upload_id: str) -> None:
        """Do what was asked of an upload, and let one message say what came of it; may be done twice.

        Raises:
            SlackError: Slack is away; the upload is stored, and the next try goes on.
        """
        upload = await self._records.uploads.get(upload_id)
        if upload is None or upload.told_at is not None:
            return
        try:
            blocks = await (self._import(upload) if upload.asked else self._look(upload))
        except UserError as error:
            blocks = placeholder(text(error.key, upload.language, **error.params))
        if blocks:
            await self._tell(upload, blocks)

    async def fail(self, upload_id: str) -> None:
        """Tell that it went wrong on our side, so that nobody waits for more."""
        upload = await self._records.uploads.get(upload_id)
        if upload is not None:
            await self._tell(upload, placeholder(text("prices.failed", upload.language)))

    async def _tell(self, upload: Upload, blocks: list[dict[str, Any]]) -> None:
        await self._bring(upload, blocks)
        await self._records.uploads.told(upload)

    async def _bring(self, upload: Upload, blocks: list[dict[str, Any]]) -> None:
        spot = Spot(upload.channel_id, upload.thread_ts)
        line = html.unescape(blocks[0]["text"]["text"])
        await self._posts.bring(f"{upload.upload_id}/prices", spot, fallback(line), blocks)

    async def _look(self, upload: Upload) -> list[dict[str, Any]]:
        """Offer an admin to use what looks like a price list; of any other file ask what it is for."""
        found = await self._desk.files.look(upload.file_id, user_id=upload.user_id)
        if found.kind == "sheet":
            content = await self._desk.files.read(found)
            returned = await take_returned(self._desk, upload, found.name, content)
            if returned:
                return placeholder(returned)
            if is_price_list(content.rows) and await self._desk.is_admin(upload.user_id):
                return _question(upload, found.name)
            if buttons := self._table_tasks(upload):
                told = section(text("file.how-table", upload.language, name=found.name))
                return [told, {"type": "actions", "elements": buttons}]
        return placeholder(text("file.how", upload.language, name=found.name))

    def _table_tasks(self, upload: Upload) -> list[dict[str, Any]]:
        """Return a button for each task that writes a text per row: a press starts it, as its name in words would."""
        tasks = [task for task in self._tasks.values() if task.table is not None and task.listed]
        return [
            button(f"use_table_{at}", task.title_in(upload.language), f"{upload.upload_id}#{task.name}")
            for at, task in enumerate(tasks)
        ]

    async def _import(self, upload: Upload) -> list[dict[str, Any]]:
        """Import a file for an admin and return what came of it; nothing when the question stands again."""
        language = upload.language
        found = await self._desk.files.look(
            upload.file_id, user_id=upload.asked_by, channel_id=upload.channel_id
        )
        if not await self._desk.is_admin(upload.asked_by):
            if upload.asked_by != upload.user_id:
                # Somebody else pressed: the question stays for an admin.
                await self._records.uploads.ask_again(upload.upload_id)
                await self._bring(upload, _question(upload, found.name, key="prices.ask-admin"))
                return []
            raise UserError("prices.admins-only", name=found.name)
        if found.kind != "sheet":
            raise UserError("prices.no-sheet", name=found.name)
        raw = await self._desk.files.fetch(found)
        content: Content = await self._desk.files.read(found, raw)
        rows, faults = await asyncio.to_thread(read_prices, content.rows)
        if faults:
            return placeholder(_refusal(faults, found.name, language))
        list_id = await self._records.uploads.import_prices(
            upload.upload_id, rows, file_name=found.name, file_hash=hashlib.sha256(raw).hexdigest()
        )
        if list_id is None:
            return placeholder(text("prices.same", language))
        return placeholder(await self._outcome(upload, list_id, found.name))

    async def _outcome(self, upload: Upload, list_id: int, name: str) -> str:
        """Say what the new list changes, held against the one before it."""
        after = await self._records.quotes.list_prices(list_id)
        before = await self._records.quotes.prices_before(list_id)
        if not before:
            return text("prices.uploaded-first", upload.language, count=len(after), name=name)
        zone = (await self._records.workspaces.get(upload.team_id)).zone
        today = datetime.now(zone).date()
        changes = compare_lists(valid_on(before, today), valid_on(after, today))
        return text(
            "prices.uploaded",
            upload.language,
            count=len(after),
            name=name,
            changed=changes.changed,
            new=changes.new,
            gone=changes.gone,
        )


def _question(upload: Upload, name: str, *, key: str = "prices.ask") -> list[dict[str, Any]]:
    label = text("button.use-prices", upload.language)
    pressed = button("use_prices", label, upload.upload_id, style="primary")
    return [
        section(text(key, upload.language, name=name)),
        {"type": "actions", "elements": [pressed]},
    ]


def _refusal(faults: tuple[Fault, ...], name: str, language: Language) -> str:
    """Name the first faults, row by row, and count the rest."""
    lines = [text("prices.refused", language, count=len(faults), name=name)]
    lines += [f"• {html.escape(fault.word(language), quote=False)}" for fault in faults[:MOST_FAULTS]]
    if more := len(faults) - MOST_FAULTS:
        lines += [text("prices.more", language, count=more)] if more > 0 else []
    return "\n".join(lines)
