"""A thread costs hardly more than its own words: numbers, and names where the speaker changes; nothing else."""

from __future__ import annotations

import json
import random
import re
import sys
from pathlib import Path

import pytest

from tests.conftest import ANNA, BEN, CHEF, SALES, World

EXPORT = Path(__file__).parent.parent.parent / "shared" / "data" / "racket-export"
MESSAGES = 200
MOST_TIMES_PLAIN = 1.25
REMARKS = (
    "Can we still deliver the 40 chairs on Friday?",
    "I called the carrier, they come at nine and need somebody at the gate.",
    "ok",
    "The customer asked again whether the legs can be oak instead of beech, same price if possible.",
    "Yes, agreed.",
    "De offerte is vorige week verstuurd, ik heb nog niets gehoord. Zal ik morgen bellen?",
    "Doen we. Let op: de prijs van het hout is per 1 december 1.250 euro per kuub.",
    "I would rather wait until Piet is back on Monday, he knows the drawings.",
    "Who tells the workshop?",
    "I do, right after lunch. And I will put the new drawings on the drive, in the folder of the order.",
)


async def _measure(world: World, said: list[tuple[str, str]]) -> float:
    """Return how many times its plain text a thread is when the model reads it."""
    root = await world.thread(*said)
    await world.slack.shortcut(ANNA, SALES, root, "summarize_thread")
    await world.card()
    asked = world.model.requests[0].body["messages"][0]["content"]
    part = re.match(r"<thread mark=\w+>.*?</thread mark=\w+>", asked, re.DOTALL)
    assert part is not None
    assert f"[{MESSAGES}]" in part[0]
    return len(part[0]) / len("\n".join(line for _, line in said))


async def test_a_long_thread_costs_little_more_than_its_words(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the model reads of 200 messages is at most a quarter longer than what people wrote."""
    chance = random.Random(4)
    people = chance.choices([ANNA, BEN, CHEF], k=MESSAGES)
    times = await _measure(world, [(user_id, chance.choice(REMARKS)) for user_id in people])
    with capsys.disabled():
        sys.stdout.write(f"\na seeded thread of {MESSAGES} messages: {times:.3f} times its plain text\n")

    assert times <= MOST_TIMES_PLAIN


@pytest.mark.skipif(not EXPORT.exists(), reason="the export is not here")
async def test_a_real_thread_costs_little_more_than_its_words(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same holds for 200 messages that real people wrote."""
    space = world.slack.workspace
    for user in json.loads((EXPORT / "users.json").read_text()):
        space.add_user(user["id"], user["name"], user.get("real_name") or user["name"])
        space.channels[SALES].members.append(user["id"])
    days = [json.loads(path.read_text()) for path in sorted(EXPORT.glob("racket-general/*.json"))]
    written = [
        (message["user"], message["text"])
        for day in days
        for message in day
        if message.get("user") and message.get("text", "").strip() and "subtype" not in message
    ]
    times = await _measure(world, written[:MESSAGES])
    with capsys.disabled():
        sys.stdout.write(f"\na real thread of {MESSAGES} messages: {times:.3f} times its plain text\n")

    assert times <= MOST_TIMES_PLAIN
