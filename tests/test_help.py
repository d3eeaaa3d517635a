"""Help stands where people look for it: in general, and for one task with an example and a button."""

from __future__ import annotations

import pytest

from bot.compose import PROMPTS
from bot.handlers import HANDLERS
from bot.tasks import LANGUAGES, TaskFileError, load_tasks
from tests.conftest import ANNA, SALES, World
from tests.test_measuring import _form


async def test_help_stands_where_people_ask_for_it(world: World) -> None:
    """The command, a mention and the messages tab give the same help; a task's name gives that task."""
    bot = world.slack.workspace.bot_user_id
    everything = await world.slack.command(ANNA, SALES, "/tijdwinst", "help")
    unknown = await world.slack.command(ANNA, SALES, "/tijdwinst", "help xyzzy")
    quote = await world.slack.command(ANNA, SALES, "/tijdwinst", "help offerte")
    await world.slack.say(ANNA, SALES, f"<@{bot}> help")
    mention = await world.slack.called("chat.postEphemeral")
    await world.slack.say(ANNA, world.im, "hulp offerte")
    tab = await world.slack.called("chat.postEphemeral", after=1)

    assert "/summarize" in everything.body
    assert "I do not know the task" in unknown.body
    assert mention.arguments["text"] == everything.answer["text"]
    assert "Their address, as on an envelope (optional)" in quote.answer["text"]
    assert "`/quote For Hotel Zon" in quote.answer["text"]
    assert tab.arguments["text"] == quote.answer["text"]


async def test_the_button_under_a_tasks_help_starts_it(world: World) -> None:
    """Who has read what a task asks for is one press from its form."""
    await world.slack.say(ANNA, world.im, "help quote")
    told = await world.slack.wait_for(lambda: next(iter(world.slack.ephemerals(world.im, ANNA)), None))
    await world.slack.click(ANNA, world.im, told["ts"], "start_task:quote")
    view = await _form(world)

    assert view["blocks"][0]["element"]["initial_option"]["value"] == "quote"


def test_every_shipped_task_has_an_example_in_both_languages() -> None:
    """Nobody asks for help and gets none."""
    tasks = load_tasks(PROMPTS, HANDLERS)
    without = {
        task.name
        for task in tasks.values()
        if task.listed and not all(task.example_in(one) for one in LANGUAGES)
    }

    assert without == set()


def test_an_example_in_one_language_is_a_fault(tmp_path: object) -> None:
    """A task file with an English example and no Dutch one is refused with file and line."""
    from pathlib import Path

    folder = Path(str(tmp_path))
    front = 'title = "A"\ndescription = "B"\nexample = "C"\n[nl]\ntitle = "A"\ndescription = "B"\n'
    (folder / "one.md").write_text(f"+++\n{front}+++\nWrite.\n")

    with pytest.raises(TaskFileError, match=r"one.md:4: `example` must stand in both"):
        load_tasks(folder, HANDLERS)
