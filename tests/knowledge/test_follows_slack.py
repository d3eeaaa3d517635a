"""What was sent in Slack follows Slack: deleted there is forgotten here; a newer version takes the older's place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot import jobs
from bot.jobs import knowledge as knowledge_jobs
from bot.sandbox.workspace import File
from tests.conftest import CHEF, SALES, World
from tests.knowledge.test_sending import LEAVE, form, send

NEWER = b"# Verlof\n\nJe krijgt 30 vakantiedagen per jaar.\n"


async def add(
    world: World, *files: tuple[str, bytes], who: str = "everyone", shown: str = "for the knowledge base"
) -> str:
    """Send files for the knowledge base and say who may read them; return what the card asked."""
    im = world.slack.workspace.im_with(CHEF).id
    told = len([one for one in world.slack.messages(im) if shown in str(one)])
    await send(world, "Zet deze in de kennisbank", *files)
    card = await world.card(im, having="knowledge_whom")
    asked = str(card)
    await world.slack.click(CHEF, im, card["ts"], "knowledge_whom")
    await form(world, "knowledge_audience")
    await world.slack.submit(CHEF, {"who": who, **({"channel": SALES} if who == "channel" else {})})
    await world.slack.wait_for(
        lambda: len([one for one in world.slack.messages(im) if shown in str(one)]) > told
    )
    return asked


def files_called(world: World, name: str) -> list[File]:
    """Return the files of a name, oldest first."""
    return [one for one in world.slack.workspace.files.values() if one.name == name]


async def names(world: World) -> list[str]:
    """Return the names of all documents."""
    return [one.name for one in await world.bot.records.knowledge.listed("T1")]


async def test_a_file_that_is_deleted_is_forgotten(world: World) -> None:
    """No answer rests on it any more, and who sent it reads why; another file that goes changes nothing."""
    await add(world, ("verlof.md", LEAVE), ("blijft.md", b"# Blijft\n\nDit blijft."))
    other = world.slack.workspace.add_file("foto.png", CHEF, content=b"x")
    await world.slack.delete_file(other.id)
    await world.slack.delete_file(files_called(world, "verlof.md")[0].id)
    im = world.slack.workspace.im_with(CHEF).id
    await world.shown("verlof.md is gone from Slack, so I took it out of the knowledge base", im)

    assert await names(world) == ["blijft.md"]


async def test_what_nobody_told_us_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deletion while the bot was away is found on the rounds, some documents at a time; all gone is no deletion."""
    monkeypatch.setattr(knowledge_jobs, "LOOKED_AT_ONCE", 2)
    await add(world, *((f"{one}.md", LEAVE + one.encode()) for one in "abcd"))
    space = world.slack.workspace
    first, second, third, _ = (files_called(world, f"{one}.md")[0].id for one in "abcd")
    kept = space.files.pop(second)
    moment = datetime(2026, 11, 30, tzinfo=UTC)
    for turn in range(2):
        await jobs.go_round(moment + turn * knowledge_jobs.ROUND)
    await world.shown("b.md is gone from Slack", space.im_with(CHEF).id)
    space.files[second] = kept
    after = await names(world)
    lost = [space.files.pop(one) for one in (first, third)]
    for turn in range(6):
        await jobs.go_round(moment + timedelta(hours=1) + turn * knowledge_jobs.ROUND)

    assert after == ["a.md", "c.md", "d.md"]
    assert len(lost) == 2
    assert "d.md" in await names(world)


@pytest.mark.parametrize("times", [1, 2])
async def test_a_file_that_is_deleted_while_it_is_read_is_told(world: World, times: int) -> None:
    """Before it was fetched or after: it is named, nothing of it stays, and the others of the message are in."""
    looked: list[str] = []

    class Vanishing(File):
        """A file whose kind is told by Slack first, and by its host when it is fetched; then it is deleted."""

        def __getattribute__(self, name: str) -> object:
            value = super().__getattribute__(name)
            if name == "mimetype" and fetching:
                looked.append(name)
                if len(looked) == times:
                    del world.slack.workspace.files[super().__getattribute__("id")]
            return value

    im = await send(world, "Zet deze in de kennisbank", ("weg.md", LEAVE), ("blijft.md", NEWER))
    card = await world.card(im, having="knowledge_whom")
    gone = files_called(world, "weg.md")[0]
    fetching = False
    world.slack.workspace.files[gone.id] = Vanishing(**vars(gone))
    await world.slack.click(CHEF, im, card["ts"], "knowledge_whom")
    await form(world, "knowledge_audience")
    fetching = True
    await world.slack.submit(CHEF, {"who": "everyone"})
    told = str(await world.shown("I read blijft.md", im))

    assert "weg.md was deleted in Slack while I read it" in told
    assert await names(world) == ["blijft.md"]


async def test_a_newer_version_takes_the_place_of_the_older_one(world: World) -> None:
    """It is said before and after; the same name for other readers, or of another person, is another document."""
    asked = [await add(world, ("verlof.md", LEAVE), who="channel")]
    asked.append(await add(world, ("verlof.md", NEWER)))
    both = await names(world)
    asked.append(await add(world, ("verlof.md", NEWER), shown="takes the place of the version of"))
    held = await world.bot.records.knowledge.listed("T1")

    assert ["older version of verlof.md" in one for one in asked] == [False, True, True]
    assert both == ["verlof.md", "verlof.md"]
    assert sorted(one.audience for one in held) == [SALES, "everyone"]
    assert {one.source_id for one in held} == {
        files_called(world, "verlof.md")[0].id,
        files_called(world, "verlof.md")[2].id,
    }
