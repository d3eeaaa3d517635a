"""A set of texts in the local Slack: tables, a model whose texts differ, and the bot killed while it writes them."""

from __future__ import annotations

import hashlib
import random
import re
import sqlite3
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.sandbox.model import Model
from bot.sandbox.model_rules import user_text
from bot.sandbox.slack import Slack
from tests.conftest import ANNA, buttons, make_slack
from tests.process import BotProcess

HEAD = "Naam;Materiaal;Breedte;Zoekwoorden"
SYLLABLES = ["ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "wo", "zu"]


def table(rows: int, head: str = HEAD) -> bytes:
    """Write a table of products, each with a size of its own."""
    lines = [f"Bak {number};cortenstaal;{100 + number} cm;plantenbak" for number in range(1, rows + 1)]
    return "\n".join([head, *lines]).encode()


def unlike(body: dict[str, Any]) -> str:
    """Answer about a row with words that no other row's text has, and with the keyword."""
    row = re.search(r"Naam: (.*)", user_text(body))
    chance = random.Random(hashlib.sha256((row[1] if row else "").encode()).hexdigest())
    words = ["".join(chance.choices(SYLLABLES, k=3)) for _ in range(20)]
    return f"Deze plantenbak is {' '.join(words)}."


async def press(slack: Slack, name: str, *, timeout_s: float = 30.0) -> None:
    """Press a button of the set as Anna, waiting for it."""
    im = slack.workspace.im_with(ANNA).id

    def look() -> dict[str, Any] | None:
        return next((one for one in reversed(slack.messages(im)) if name in buttons(one)), None)

    message = await slack.wait_for(look, timeout_s)
    await slack.click(ANNA, im, message["ts"], name)


async def begin(slack: Slack, content: bytes) -> None:
    """Take a table from the file to the press that has all of it written."""
    im = slack.workspace.im_with(ANNA).id
    await slack.say(ANNA, im, "descriptions: vriendelijk", files=[("bakken.csv", content)])
    await press(slack, "bulk_map")
    await slack.wait_for(lambda: slack.modal(ANNA))
    await slack.submit(ANNA, {})
    await press(slack, "bulk_style")
    await press(slack, "bulk_start")


@dataclass(frozen=True)
class Outcome:
    """What came of a set whose bot was killed again and again.

    Attributes:
        texts: drafts in the ledger; `twice` of them in more than one run or version.
        paid: rows that more than one batch, or one call besides, answered.
        booked: calls in the ledger.
        seconds: from the press that began it to the end, the last start included.
    """

    texts: int
    twice: int
    paid: int
    booked: int
    seconds: float


async def write_killed(rows: int, kills: int, folder: Path, *, seed: int = 7) -> Outcome:
    """Write a set of *rows* while the bot is killed *kills* times at random moments."""
    chance = random.Random(seed)
    async with make_slack() as slack, Model() as model:
        model.answer_with(unlike)
        bot = BotProcess(slack, model, folder, http=True)
        await bot.start()
        await begin(slack, table(rows))
        started_s = time.monotonic()
        for _ in range(kills):
            await bot.crash(chance)
        im = slack.workspace.im_with(ANNA).id
        await slack.wait_for(lambda: "is written" in str(slack.messages(im)) or None, 120)
        seconds = time.monotonic() - started_s
        await bot.end()
        answered = Counter(
            request["custom_id"].rpartition("-")[2]
            for batch in model.batches.sent()
            for request in batch.requests
        )
        answered.update(_rows_asked_apart(model))
    return _outcome(folder, paid=sum(count > 1 for count in answered.values()), seconds=seconds)


def _rows_asked_apart(model: Model) -> list[str]:
    """Return the rows that a call of its own was made for."""
    asked = [str(one.body["messages"][0]["content"]) for one in model.requests if "messages" in one.body]
    named = (re.search(r"Naam: Bak (\d+)\n", each) for each in asked)
    # The first product stands in the second row.
    return [str(int(found[1]) + 1) for found in named if found]


def _outcome(folder: Path, *, paid: int, seconds: float) -> Outcome:
    connection = sqlite3.connect(folder / "records.sqlite")
    texts, runs = connection.execute("select count(*), count(distinct run_id) from drafts").fetchone()
    booked = connection.execute("select count(*) from calls where result = 'answered'").fetchone()[0]
    connection.close()
    return Outcome(texts=texts, twice=texts - runs, paid=paid, booked=booked, seconds=seconds)
