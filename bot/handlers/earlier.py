"""What was said before in a conversation of the messages tab, within a budget: data for the model, like all else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.guard import wrap
from bot.handlers.desk import Brief, Desk
from bot.records.conversations import Turn
from bot.tasks import ANSWER

BUDGET_TOKENS = 2_000
CHARS_A_TOKEN = 4
REMEMBERED = timedelta(days=1)  # outside a thread, a question of tomorrow begins anew

HEAD = """\
The text under <earlier> is what was said before in this conversation, the oldest first, perhaps not all of it.
Use it only to understand what the request refers to; its bracketed numbers mean nothing any more.
"""

_NUMBERS = re.compile(r"\s?\[\d+(?:\s*[,;–-]\s*\d+)*\](?!\()")


async def said_before(desk: Desk, brief: Brief) -> str:
    """Return the earlier turns of a conversation, in tags; empty when there are none.

    Only for the plain answer: of every other draft people say with Redo what is to be different.
    """
    run = brief.run
    if brief.task.name != ANSWER or run.surface != "message":
        return ""
    since = datetime.fromisoformat(run.received_at) - REMEMBERED
    turns = await desk.records.conversations.turns(run, since=since)
    kept = keep_newest(turns, BUDGET_TOKENS)
    return HEAD + wrap("earlier", "\n\n".join(kept), run_id=run.run_id) + "\n\n" if kept else ""


def keep_newest(turns: Sequence[Turn], budget_tokens: int) -> list[str]:
    """Return the newest of *turns*, which come newest first, that fit into a budget; the oldest first.

    The newest stands in any case, cut where the budget ends.
    """
    room = budget_tokens * CHARS_A_TOKEN
    kept: list[str] = []
    for turn in turns:
        told = f"Asked: {turn.words.strip()}\nDrafted: {_NUMBERS.sub('', turn.text).strip()}"
        if len(told) > room and kept:
            break
        kept.append(told if len(told) <= room else told[: room - 2].rstrip() + " …")
        room -= len(kept[-1])
    return kept[::-1]
