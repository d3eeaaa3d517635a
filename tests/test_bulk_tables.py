"""What is a table and whose: every file that is none is told, and a table that nobody named is asked about."""

from __future__ import annotations

import json

from bot.jobs.schedules import sweep_now
from bot.records.bulk import BulkSet
from tests.bulk_set import newest_file, press, send, table, the_set, the_sets, unlike, written
from tests.conftest import ANNA, BEN, SALES, World
from tests.test_files import archive


async def test_what_is_no_table_is_told(world: World) -> None:
    """Empty, doubled, too long, of another kind or deleted: each is answered with what to do, and nothing is paid."""
    for name, content, wanted in (
        ("leeg.csv", b"Naam;Prijs\n", "no rows below its header"),
        ("dubbel.csv", b"Naam;naam\na;b\n", "two columns called"),
        ("lang.csv", table(2_001), "2001 rows"),
        ("enorm.csv", b"a;b\n" + b"1;2\n" * 100_001, "at most 2,000 rows and 10 MB"),
        (
            "breed.csv",
            (";".join(f"k{at}" for at in range(61)) + "\n" + ";".join("1" * 61)).encode(),
            "61 columns",
        ),
        ("brief.pdf", b"%PDF-1.4", "is no table"),
        ("brief.csv", b"%PDF-1.4 a;b", "not the kind of file"),
        ("stuk.xlsx", b"PK\3\4rubbish", "stuk.xlsx is damaged"),
        ("bom.xlsx", archive(parts=3, size_bytes=20_000_000), "at most 2,000 rows and 10 MB"),
        (
            "slot.xlsx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "a password on it",
        ),
    ):
        await send(world, "descriptions", name, content)
        assert await world.shown(wanted), name
    assert world.model.requests == []


async def test_a_table_without_words_is_asked_about(world: World) -> None:
    """Who sends a table and nothing else presses what its rows become; twice is one set, and it is theirs to press."""
    await send(world, "", "bakken.csv", table(3))
    question = await world.card(having="use_table_0")
    await world.slack.click(BEN, world.im, question["ts"], "use_table_0")
    before = await the_sets(world)
    for _ in range(2):
        await world.slack.click(ANNA, world.im, question["ts"], "use_table_0")
    await world.shown("*bakken.csv*: 3 rows")
    one = await the_set(world)

    assert before == []
    assert one.task == "descriptions"


async def test_a_second_table_is_not_ignored_in_silence(world: World) -> None:
    """Two tables at once: the set says that it took the first, and what to do with the other."""
    files = [("bakken.csv", table(2)), ("stoelen.csv", table(3))]
    await world.slack.say(ANNA, world.im, "descriptions", files=files)

    assert "*bakken.csv*: 2 rows" in str(await world.shown("You sent 2 files"))


async def test_a_file_that_is_brought_once_more_is_the_same(world: World) -> None:
    """Killed after the upload, the bot brings no second file of the same press."""
    one = await written(world, 4)
    sets = world.workspace.crew.bulk
    for _ in range(2):
        await sets.bring_file(one.set_id, "csv", 1)
    await newest_file(world, ".csv")

    assert len([file for file in world.slack.workspace.files.values() if "-1.csv" in file.name]) == 1


async def test_a_file_that_is_deleted_meanwhile_is_told(world: World) -> None:
    """Deleted in Slack before it was read, it is told as gone."""
    file = world.slack.workspace.add_to_form("weg.csv", ANNA, table(2))
    await world.bot.records.bulk.add(BulkSet("T1:V9", "T1", ANNA, "descriptions", "en", world.im, file.id))
    del world.slack.workspace.files[file.id]
    await sweep_now()

    assert await world.shown("is gone")


async def test_one_text_without_a_table_is_a_draft(world: World) -> None:
    """Asked for in words the same task writes one text, and its card names what the words do not hold."""
    world.model.answer_with(lambda body: "De beste bak, 77 cm breed.")
    await world.slack.command(ANNA, SALES, "/draft", "descriptions Bak van staal, 40 cm")
    card = str(await world.card())

    assert "not in the row: 77" in card
    assert "claim that nobody can check: beste" in card


async def test_a_table_in_a_channel_goes_on_in_the_messages_tab(world: World) -> None:
    """Who mentions the bot with a table reads where it goes on; the same delivery twice is one set."""
    bot = f"<@{world.slack.workspace.bot_user_id}>"
    await world.slack.say(ANNA, SALES, f"{bot} descriptions", files=[("bakken.csv", table(3))])

    assert await world.shown("*bakken.csv*: 3 rows")
    assert "messages tab" in str(world.slack.ephemerals(SALES, ANNA))


WISH = "schrijf iets voor elke plantenbak"
GUESSED = {"tasks": ["descriptions"], "certain": True, "because": WISH, "inputs": []}


async def test_a_task_that_is_guessed_asks_before_it_takes_a_table(world: World) -> None:
    """However sure the model is, a press starts the set; what choosing took is asking, and it is no run of its own."""
    world.model.answer_with(
        lambda body: json.dumps(GUESSED) if body.get("output_config", {}).get("format") else unlike(body)
    )
    await send(world, WISH, "bakken.csv", table(3))
    question = await world.card(having="choose_plain")
    before = await the_sets(world)
    for _ in range(2):
        await world.slack.click(ANNA, world.im, question["ts"], "choose_0")
    await world.shown("*bakken.csv*: 3 rows")
    await press(world.slack, "bulk_map")
    form = str(await world.slack.wait_for(lambda: world.slack.modal(ANNA)))
    await world.slack.submit(ANNA, {})
    await press(world.slack, "bulk_style")
    await world.shown("3 of 3 texts")
    rows = await world.rows(3)

    assert before == []
    assert WISH in form
    assert len(await the_sets(world)) == 1
    assert [row["surface"] for row in rows] == ["table"] * 3
    assert sum(row["asking_minutes"] for row in rows) >= 1
    assert "stands in your messages tab" in str(world.slack.messages(world.im))
