"""A price list comes by dropping it on the bot: admins only, whole or not at all, answered once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bot.jobs.schedules import sweep_now
from bot.quotes.pricelist import read_prices
from bot.quotes.prices import compare_lists, valid_on
from bot.reading import read_sheet
from bot.records.uploads import Upload
from tests.conftest import ANNA, CHEF, SALES, World, buttons, running

HEAD = "sku;naam;eenheid;prijs;btw\n"
FIRST = (HEAD + "A;Lamp;stuk;10,50;hoog\nB;Kast;stuk;200;hoog\nC;Boek;stuk;5;laag\n").encode()
SECOND = (HEAD + "A;Lamp;stuk;11;hoog\nB;Kast;stuk;200;hoog\nD;Stoel;stuk;75;hoog\n").encode()


async def send(world: World, words: str, name: str, content: bytes, *, user_id: str = CHEF) -> str:
    """Send a file to the messages tab and return that tab."""
    im = world.slack.workspace.im_with(user_id).id
    await world.slack.say(user_id, im, words, files=[(name, content)])
    return im


async def prices(world: World) -> dict[str, Any]:
    """Return what each article costs now."""
    return {row.sku: row.price for row in await world.bot.records.quotes.prices("T1")}


def ours(world: World, channel_id: str) -> list[Any]:
    """Return what the bot said in a conversation."""
    return [one for one in world.slack.messages(channel_id) if one.get("bot_id")]


async def test_an_admin_replaces_the_price_list_by_sending_it(world: World) -> None:
    """Sent with "prijslijst" it is imported; the next one says what changed, the same file that nothing did."""
    im = await send(world, "onze nieuwe prijslijst", "2026.csv", FIRST)
    await world.shown("3 articles imported from 2026.csv. From now on", im)
    await send(world, "price list", "2027.csv", SECOND)
    await world.shown("1 with another price today, 1 new, 1 gone", im)
    await send(world, "price list", "2027 kopie.csv", SECOND)
    await world.shown("already; nothing changed", im)
    kept = await world.bot.records.store.read(
        lambda db: db.execute("select file_name, articles from price_lists order by list_id").fetchall()
    )

    assert set(await prices(world)) == {"A", "B", "D"}
    assert kept == [("2026.csv", 3), ("2027.csv", 3)]
    assert len(ours(world, im)) == 3
    assert world.model.requests == []


async def test_faults_are_shown_row_by_row(tmp_path: Path) -> None:
    """A list with faults changes nothing; the first five are named in one's own language, the rest counted."""
    async with running(tmp_path, language="nl") as world:
        rows = "".join(f"X{number};Ding <!channel>;stuk;<b>;hoog\n" for number in range(8))
        im = await send(world, "prijslijst", "fout.csv", (HEAD + rows).encode())
        shown = (await world.shown("8 fouten in fout.csv", im))["blocks"][0]["text"]["text"]

        assert "• Rij 2: `price` is “&lt;b&gt;” en dat is geen getal" in shown
        assert shown.endswith("• en nog 3")
        assert await prices(world) == {}


async def test_only_an_admin_may(world: World) -> None:
    """A colleague who sends a price list reads whom to ask; a PDF is told as no sheet; nothing changes."""
    await send(world, "price list", "mine.csv", FIRST, user_id=ANNA)
    await world.shown("Only an admin can replace the price list")
    im = await send(world, "price list", "list.pdf", b"%PDF")

    assert await world.shown("list.pdf is not a sheet", im)
    assert await prices(world) == {}


async def test_a_price_list_without_a_word_is_recognised(world: World) -> None:
    """Dropped without words it is known by its columns, and one press makes it the price list; pressed twice, once."""
    im = await send(world, "", "lijst.csv", FIRST)
    asked = await world.shown("has the columns of a price list", im)
    await world.slack.click(CHEF, im, asked["ts"], "use_prices")
    told = await world.shown("3 articles imported", im)

    assert told["ts"] == asked["ts"]
    assert buttons(told) == []
    assert len(ours(world, im)) == 1
    assert len(await prices(world)) == 3


async def test_a_file_without_a_task_is_asked_about(world: World) -> None:
    """Any other file without words, or a price list from a colleague, gets the question what it is for."""
    im = await send(world, "zie bijlage", "cijfers.csv", b"a;b\n1;2\n")
    await world.shown("I have cijfers.csv, but not what to make of it", im)
    await send(world, "", "lijst.csv", FIRST, user_id=ANNA)

    assert await world.shown("I have lijst.csv, but not what to make of it")
    assert await world.rows(0) == []


async def test_only_an_admin_may_press(world: World) -> None:
    """In a channel everybody sees the question; a colleague's press leaves it to an admin."""
    bot = f"<@{world.slack.workspace.bot_user_id}>"
    ts = await world.slack.say(CHEF, SALES, bot, files=[("lijst.csv", FIRST)])
    asked = await world.card(SALES, having="use_prices", thread_ts=ts)
    await world.slack.click(ANNA, SALES, asked["ts"], "use_prices")
    again = await world.shown("one may press below", SALES)
    before = await prices(world)
    await world.slack.click(CHEF, SALES, again["ts"], "use_prices")
    await world.shown("3 articles imported", SALES)

    assert before == {}
    assert len(await prices(world)) == 3


async def test_an_upload_survives_a_crash(world: World) -> None:
    """Stored and never started, or imported and never written down as told: it is imported and told once."""
    im = world.slack.workspace.im_with(CHEF).id
    file = world.slack.workspace.add_to_form("lijst.csv", CHEF, FIRST)
    upload = Upload("T1:D1:1.1", "T1", im, "", CHEF, file.id, "en", asked=True, asked_by=CHEF)
    store = world.bot.records.store
    await world.bot.records.uploads.add(upload)
    await sweep_now()
    await world.shown("3 articles imported", im)
    await world.workspace.crew.uploads.answer(upload.upload_id)
    await store.write(lambda db: db.execute("update price_uploads set told_at = null"))
    await world.workspace.crew.uploads.answer(upload.upload_id)
    lists = await store.read(lambda db: db.execute("select count(*) from price_lists").fetchone())

    assert "3 articles imported" in str(ours(world, im))
    assert len(ours(world, im)) == 1
    assert lists == (1,)


async def test_what_goes_wrong_on_our_side_is_told(world: World) -> None:
    """Nobody waits for an answer that does not come: the same message says that nothing changed."""
    im = await send(world, "zie bijlage", "cijfers.csv", b"a;b\n1;2\n")
    await world.shown("I have cijfers.csv", im)
    (upload_id,) = await world.bot.records.store.read(
        lambda db: db.execute("select upload_id from price_uploads").fetchone()
    )
    await world.workspace.crew.uploads.fail(upload_id)

    assert "the price list stays as it was" in str(ours(world, im))
    assert len(ours(world, im)) == 1


def test_another_price_from_a_quantity_on_is_a_change() -> None:
    """What a tier costs counts as the price; a new name does not."""
    lists = []
    for cells in ("A;Lamp;stuk;10;hoog;", "A;Lampje;stuk;10;hoog;", "A;Lamp;stuk;10;hoog;5: 9"):
        rows, _ = read_prices(read_sheet(f"sku;naam;eenheid;prijs;btw;staffel\n{cells}\n".encode()))
        lists.append({row.sku: row for row in rows})

    assert valid_on(lists[0].values(), min(row.valid_to for row in lists[0].values())) == lists[0]
    assert [compare_lists(lists[0], one).changed for one in lists] == [0, 0, 1]
