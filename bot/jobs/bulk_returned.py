"""Sheets of ours that come back with verdicts: each counts as a decision, and one message tells what was taken."""

from __future__ import annotations

import asyncio
from collections import Counter

from bot.bulk import Returned, find_mark, read_returned
from bot.handlers import Desk
from bot.reading import Content
from bot.records.bulk import BulkSet
from bot.records.bulk_items import Item
from bot.records.reviews import Press
from bot.records.uploads import Upload
from bot.tasks import UserError
from bot.texts import text

MINUTES_EACH = 2.0
"""A text that was reviewed in a sheet counts for so many minutes at most, unless the person tells."""

OPEN = ("open", "redone")


async def take_returned(desk: Desk, upload: Upload, name: str, content: Content) -> str:
    """Take the verdicts of a sheet that came back; return what is told; empty when it is none of ours.

    May be done twice: a verdict counts once, and the minutes are those of the first time.

    Raises:
        UserError: a column of ours is gone.
    """
    mark = find_mark(content.rows, name)
    one = await desk.records.bulk.by_mark(upload.team_id, upload.user_id, mark) if mark else None
    if one is None:
        return ""
    rows = await asyncio.to_thread(read_returned, content.rows, name, upload.language)
    if not rows:
        raise UserError("bulk.returned-empty", name=name)
    return await _decide(desk, one, upload, rows)


async def _decide(desk: Desk, one: BulkSet, upload: Upload, rows: list[Returned]) -> str:
    bulk = desk.records.bulk
    found = await desk.records.bulk_items.items(one.set_id, states=("written",))
    items = {item.number: item for item in found}
    # Where a try before this one was broken off, its decisions are this sheet's as well.
    before = await bulk.returned(upload.upload_id)
    told: Counter[str] = Counter()
    wanted: list[tuple[Item, Returned, Press]] = []
    for row in rows:
        item = items.get(row.row)
        what, act = _judge(item, row)
        told[before.get((row.row, row.version), what)] += 1
        if item is not None and act is not None:
            wanted.append((item, row, act))
    minutes = await bulk.begin_return(
        upload.upload_id, one.set_id, taken=len(wanted), most_minutes=MINUTES_EACH * len(wanted)
    )
    share = minutes / max(1, len(wanted))

    async def decide(item: Item, row: Returned, act: Press) -> None:
        await desk.records.reviews.decide(
            item.run_id,
            version=item.version,
            act=act,
            user_id=upload.user_id,
            final_text=row.text if act == "edited" else "",
            instruction=row.remarks if act == "redone" else "",
            minutes_each=share,
        )

    await asyncio.gather(*(decide(*each) for each in wanted))
    await bulk.stir(one.set_id)
    lines = [text("bulk.returned", one.language, name=one.file_name)]
    lines += [
        f"• {text(f'bulk.returned-as.{what}', one.language, count=told[what])}"
        for what in _TOLD
        if told[what]
    ]
    return "\n".join(lines)


_TOLD = ("approved", "edited", "redone", "discarded", "nothing", "changed", "unknown", "stale", "empty-cell")


def _judge(item: Item | None, row: Returned) -> tuple[str, Press | None]:
    """Return what is told of a row that came back, and what it decides."""
    if item is None or item.version != row.version or item.review not in OPEN:
        # What was decided before is no news, unless the sheet now says so of an older version.
        return ("nothing" if item and item.version == row.version else "stale"), None
    changed = row.text.split() != item.text.split()
    if row.verdict is None:
        return ("changed" if changed else "nothing"), None
    if row.verdict == "unknown":
        return "unknown", None
    if row.verdict == "redo":
        return "redone", "redone"
    if row.verdict == "skip":
        return "discarded", "discarded"
    if not row.text:
        return "empty-cell", None
    return ("edited", "edited") if changed else ("approved", "approved")
