"""What reading along costs and how soon it begins: the stream part of the bench."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.model import Model
from bot.sandbox.slack import Slack
from bot.sandbox.watch import Call

FIRST_S, WRITING_S = 0.5, 6.0
WRITES = ("chat.startStream", "chat.appendStream")
# A clock's grain: two calls a second apart arrive a little nearer now and then.
SECOND_S = 0.97
LINE = "A chair costs {n} euros more than a stool, and nobody at the fair asked why."


@dataclass
class Watched:
    """What was seen of people who read along.

    Attributes:
        first_ms: from the model's first words to the first that a person sees, one for each who got a stream.
        writes_a_second: the most writes to one stream within a second.
        refused: calls that met a rate limit.
    """

    first_ms: list[float] = field(default_factory=list)
    streams: int = 0
    writes_a_second: int = 0
    refused: int = 0


class Writer:
    """A model that writes for some seconds, and knows when each answer began."""

    def __init__(self, model: Model, *, chars: int) -> None:
        self.began: list[float] = []
        self._text = "\n".join(LINE.format(n=n) for n in range(chars // len(LINE)))
        model.first_token_s, model.latency_s = FIRST_S, FIRST_S + WRITING_S
        model.answer_with(self._speak)

    def _speak(self, _: dict[str, Any]) -> str:
        self.began.append(time.monotonic() + FIRST_S)
        return self._text


async def watch(slack: Slack, model: Model, *, people: int, chars: int, words: str) -> Watched:
    """Let *people* ask at the same moment in their messages tabs, and watch until all have their drafts."""
    writer = Writer(model, chars=chars)
    slack.calls.clear()
    tabs = []
    for _ in range(people):
        user_id = slack.workspace.new_id("U")
        slack.workspace.add_user(user_id, user_id.lower(), user_id)
        tabs.append(slack.workspace.im_with(user_id).id)

    async def one(tab: str) -> None:
        user_id = next(member for member in slack.workspace.channels[tab].members if member.startswith("U0"))
        await slack.say(user_id, tab, words)
        await slack.wait_for(lambda: "approve" in str(slack.messages(tab)[-1].get("blocks")), 120)

    await asyncio.gather(*(one(tab) for tab in tabs))
    writes = [call for call in slack.calls if call.method in WRITES and not call.error]
    starts = sorted(call.at for call in writes if call.method == "chat.startStream")
    # In order: who was answered first is shown first, as nearly as it matters.
    waited = zip(starts, sorted(writer.began), strict=False)
    return Watched(
        first_ms=[(shown - began) * 1000 for shown, began in waited],
        streams=len(starts),
        writes_a_second=max((_most(writes, tab) for tab in tabs), default=0),
        refused=sum(call.error == "ratelimited" for call in slack.calls),
    )


def _most(writes: list[Call], tab: str) -> int:
    """Return the most writes to one stream within a second."""
    moments = [call.at for call in writes if call.arguments["channel"] == tab]
    return max((sum(0 <= later - at < SECOND_S for later in moments) for at in moments), default=0)
