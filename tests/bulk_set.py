"""A set of texts in the local Slack: tables, a model whose texts differ, and the bot killed while it writes them."""

from __future__ import annotations

import hashlib
import io
import random
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]

from bot.records.bulk import BulkSet
from bot.sandbox.model import Model, Reply
from bot.sandbox.model_rules import user_text
from bot.sandbox.slack import Slack
from tests.conftest import ANNA, World, buttons, make_slack
from tests.process import BotProcess
from tests.stored import looked_up

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


async def send(world: World, words: str, name: str, content: bytes, *, user_id: str = ANNA) -> str:
    """Send a file to the messages tab and return that tab."""
    im = world.slack.workspace.im_with(user_id).id
    await world.slack.say(user_id, im, words, files=[(name, content)])
    return im


async def written(world: World, rows: int) -> BulkSet:
    """Have a table of *rows* written, by a model whose texts differ, and return its set."""
    if world.model._speaker is None:
        world.model.answer_with(unlike)
    await begin(world.slack, table(rows))
    await world.shown("is written:")
    return await the_set(world)


async def the_sets(world: World) -> list[str]:
    """Return the ids of all sets."""
    return await world.bot.records.store.read(
        lambda db: [row[0] for row in db.execute("select set_id from bulk_sets").fetchall()]
    )


async def the_set(world: World) -> BulkSet:
    """Return the only set."""
    (found,) = await the_sets(world)
    one = await world.bot.records.bulk.get(found)
    assert one is not None
    return one


async def newest_file(world: World, ending: str, count: int = 1) -> bytes:
    """Return what stands in the file of ours that came as number *count* of its kind, waiting for it."""

    def look() -> Any:
        files = [
            file
            for file in world.slack.workspace.files.values()
            if file.name.endswith(ending) and file.channels and file.user == world.slack.workspace.bot_user_id
        ]
        return files[count - 1] if len(files) >= count else None

    return bytes((await world.slack.wait_for(look)).content)


def sheet_of(content: bytes) -> list[list[Any]]:
    """Return the rows of a workbook."""
    return [
        list(row) for row in openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)
    ]


def book(rows: Sequence[Sequence[Any]]) -> bytes:
    """Write rows as a workbook."""
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


class Unwilling:
    """A model that declines one product while it `declines`, and writes all others."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.declines = True

    def __call__(self, body: dict[str, Any]) -> str | Reply:
        """Answer about a row."""
        if self.declines and f"{self._name}\n" in user_text(body):
            return Reply("", stop_reason="refusal")
        return unlike(body)


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
        # What was there at six crashes is tried again after a minute of peace, at the stroke of the next one.
        await slack.wait_for(lambda: "is written" in str(slack.messages(im)) or None, 300)
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
    ((texts, runs),) = looked_up(folder, "select count(*), count(distinct run_id) from drafts")
    ((booked,),) = looked_up(folder, "select count(*) from calls where result = 'answered'")
    return Outcome(texts=texts, twice=texts - runs, paid=paid, booked=booked, seconds=seconds)
