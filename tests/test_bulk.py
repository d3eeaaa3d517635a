"""A table becomes a text per row: samples, price, batch, review by ten or in a sheet, each row paid once."""

from __future__ import annotations

from typing import Any

from tests.conftest import ANNA, World

HEAD = "Naam;Materiaal;Breedte;Zoekwoorden"


def table(rows: int, head: str = HEAD) -> bytes:
    """Write a table of products, each with a size of its own."""
    lines = [f"Bak {number};cortenstaal;{100 + number} cm;bak" for number in range(1, rows + 1)]
    return "\n".join([head, *lines]).encode()


async def send(world: World, words: str, name: str, content: bytes, *, user_id: str = ANNA) -> str:
    """Send a file to the messages tab and return that tab."""
    im = world.slack.workspace.im_with(user_id).id
    await world.slack.say(user_id, im, words, files=[(name, content)])
    return im


async def press(world: World, name: str, **how: Any) -> dict[str, Any]:
    """Press a button of the set's message, waiting for it."""
    message = await world.card(having=name)
    await world.slack.click(ANNA, world.im, message["ts"], name, **how)
    return message


async def map_columns(world: World, **values: Any) -> None:
    """Open the form of columns and send it in."""
    await press(world, "bulk_map")
    await world.slack.wait_for(lambda: world.slack.modal(ANNA))
    await world.slack.submit(ANNA, values)


async def write_all(world: World, content: bytes, *, words: str = "descriptions: vriendelijk") -> None:
    """Take a table from the file to the written texts."""
    await send(world, words, "bakken.csv", content)
    await map_columns(world)
    await press(world, "bulk_style")
    await press(world, "bulk_start")
    await world.shown("is written:")


async def test_a_table_becomes_texts(world: World) -> None:
    """Samples, the price, the batch, the card of ten: only what somebody approved counts as time saved."""
    await write_all(world, table(15))
    card = await world.card(having="bulk_approve")
    await world.slack.click(ANNA, world.im, card["ts"], "bulk_approve")
    await world.shown("5 of 15 texts wait")
    rows = await world.rows(15)

    assert {row["surface"] for row in rows} == {"table"}
    assert sum(row["review"] == "approved" for row in rows) == 10
    assert all((row["minutes_saved"] is None) == (row["review"] == "open") for row in rows)
