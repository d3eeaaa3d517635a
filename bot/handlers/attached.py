"""The files that a request brings or its thread holds: read with the asker's rights, in one budget, never stored."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.context import Found, Picture
from bot.guard import wrap
from bot.handlers.desk import Brief, Conversation, Desk
from bot.tasks import Task, UserError
from bot.texts import text

MOST_FILES = 5
MOST_PICTURES = 4
FILES_BUDGET_CHARS = 120_000
"""What one call reads of files, besides the conversation around them."""


@dataclass
class Attached:
    """What the files of a request say.

    Attributes:
        tags: as the model reads it: every file between tags of its own, its name on the first line.
        material: the same without the tags, for those who check a draft by it.
        notes: what a reviewer must know: what was not read, or only in part.
    """

    tags: str = ""
    material: str = ""
    pictures: list[Picture] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.tags or self.pictures)


async def read_attached(
    desk: Desk, brief: Brief, conversation: Conversation | None, *, pictures: bool = False
) -> Attached:
    """Read what the asker attached; else, for a task that reads files, the newest files of the thread.

    Args:
        pictures: take pictures too.

    Raises:
        UserError: a file that the task is about cannot be read. One that came along by the way gets a note.
        SlackError: Slack is away.
    """
    run, wants = brief.run, _wants_files(brief.task)
    ids, channel_id = run.files, ""
    if not ids and conversation is not None and (pictures or brief.task.reads == "files"):
        ids, channel_id = conversation.files, conversation.channel_id
    read, skipped = Attached(), []
    for file_id in ids[:MOST_FILES]:
        try:
            found = await desk.files.look(file_id, user_id=run.user_id, channel_id=channel_id)
            if channel_id and not _is_readable(found, pictures=pictures):
                skipped.append(found.name)
            elif pictures and found.kind == "picture" and len(read.pictures) < MOST_PICTURES:
                read.pictures.append(await desk.files.picture(found))
            else:
                await _add(desk, brief, read, found)
        except UserError as error:
            if wants and not channel_id:
                raise
            read.notes.append(text(error.key, run.language, **error.params))
    if len(ids) > MOST_FILES:
        read.notes.append(text("card.note.files-most", run.language, count=MOST_FILES))
    if skipped:
        read.notes.append(text("card.note.files-skipped", run.language, names=", ".join(skipped)))
    return read


def _wants_files(task: Task) -> bool:
    return task.reads == "files" or any(one.type == "file" for one in task.inputs)


def _is_readable(found: Found, *, pictures: bool) -> bool:
    return pictures if found.kind == "picture" else bool(found.kind)


async def _add(desk: Desk, brief: Brief, read: Attached, found: Found) -> None:
    """Add a file's lines, as many as the budget still holds; none of them in part."""
    content = await desk.files.read(found)
    room = FILES_BUDGET_CHARS - len(read.material)
    kept: list[str] = []
    for line in content.lines:
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    body = "\n".join(kept)
    read.tags += wrap("file", f"Name: {found.name}\n{body}", run_id=brief.run.run_id) + "\n\n"
    read.material += body + "\n"
    if len(kept) < len(content.lines):
        params = {"name": found.name, "n": len(kept), "total": len(content.lines)}
        read.notes.append(text("card.note.file-cut", brief.run.language, **params))
