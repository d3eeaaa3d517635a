"""What each task asks of Slack and of the model: calls and tokens of one run on the example that its file gives."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from bot.tasks import Task
from tests.conftest import ANNA, SALES, World, running

NOT_ALONE = frozenset({"table", "screening", "ask", "quote", "recommend"})
"""Handlers that need a table, a vacancy, documents or a price list first: those have benches of their own."""

THREAD = (
    (ANNA, "The fair in Utrecht is on Friday 12 June, we need twelve chairs and the stand by Thursday."),
    (ANNA, "Ben brings the stand in the van. Who calls the organiser about the power?"),
    (ANNA, "I call them tomorrow. We decided to hand out the new price list, not the old one."),
)


@dataclass(frozen=True)
class Cost:
    """What one run of a task took."""

    task: str
    slack_calls: int
    model_calls: int
    input_tokens: int
    output_tokens: int
    cost_microusd: int | None


async def measure() -> list[Cost]:
    """Run every task that works alone once, and return what it took."""
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder)) as world:
            world.model.name = None  # so that there is a price
            tasks = [
                task
                for task in world.bot.prompts.tasks.values()
                if task.listed and task.handler not in NOT_ALONE
            ]
            return [await _one(world, task) for task in tasks]


async def _one(world: World, task: Task) -> Cost:
    root = await world.thread(*THREAD)
    reads = task.reads in ("thread", "channel") and not task.example
    words = world.link(root) if reads or task.example.startswith("#") else task.example
    before, asked = len(world.slack.calls), world.model.count
    await world.slack.command(ANNA, SALES, "/draft", f"{task.name} {words}")
    (row,) = await world.rows(where=lambda row: row["task"] == task.name and row["finished_at"])
    calls = world.slack.calls[before:]
    return Cost(
        task.name,
        len([call for call in calls if call.method != "views.publish"]),
        world.model.count - asked,
        row["input_tokens"],
        row["output_tokens"],
        row["cost_microusd"],
    )
