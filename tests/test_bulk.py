"""A table becomes a text per row: samples, price, batch, checks, each row paid once."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.bulk import Mapping, Table
from bot.jobs import carry_on
from bot.jobs.schedules import sweep_now
from bot.jobs.sets import carry_on_anew
from bot.llm import LLMError
from bot.records.bulk import BulkSet
from bot.sandbox.model_rules import user_text
from bot.sandbox.watch import PATIENCE_S
from bot.tasks import Draft, Run
from bot.tasks.guideline import Rules, Special
from tests.bulk_set import (
    Unwilling,
    begin,
    newest_file,
    press,
    send,
    sheet_of,
    table,
    the_set,
    unlike,
    written,
)
from tests.conftest import ANNA, CHEF, World, buttons, until

BATCHES = "/v1/messages/batches"


# The way of a set


async def test_a_table_becomes_texts(world: World) -> None:
    """Samples, price, batch, card of ten: only what somebody approved counts, and nobody is reminded 15 times."""
    await written(world, 15)
    card = await world.card(having="bulk_approve")
    await world.slack.click(ANNA, world.im, card["ts"], "bulk_approve")
    await world.shown("Approve these 5")
    await world.slack.click(ANNA, world.im, card["ts"], "bulk_approve")
    await world.shown("15 accepted")
    await world.slack.click(ANNA, world.im, card["ts"], "bulk_undo")
    await world.shown("Approve these 5")
    rows = await world.rows(15)
    month = datetime.now(UTC) + timedelta(days=9)
    records = world.bot.records
    await records.settlements.settle_unreviewed(month)
    after = {row["run_id"]: row for row in await records.ledger.newest()}
    unused = [row for row in after.values() if row["review"] == "open"]
    waiting, count = await records.glances.waiting("T1", ANNA, most=9)

    assert {(row["surface"], row["outcome"], row["calls"]) for row in rows} == {("table", "drafted", 1)}
    assert sum(row["review"] == "approved" for row in rows) == 10
    assert len({row["asking_minutes"] for row in rows}) == 1
    assert sum(row["asking_minutes"] for row in rows) >= 1
    assert len(unused) == 5
    assert all(abs(row["minutes_saved"] + row["asking_minutes"]) < 0.01 for row in unused)
    assert (waiting, count) == ([], 0)
    assert await records.questions.reminders_due("T1", month) == []
    assert len(world.model.batches.sent()) == 1


async def test_the_style_of_the_samples_is_the_example(world: World) -> None:
    """Changed instructions write the samples anew; what was approved then stands before every other row."""
    world.model.answer_with(unlike)
    await send(world, "descriptions: vriendelijk", "bakken.csv", table(5))
    await press(world.slack, "bulk_map")
    form = await world.slack.wait_for(lambda: world.slack.modal(ANNA))
    await world.slack.submit(ANNA, {})
    await world.shown("Is this the style?")
    await press(world.slack, "bulk_map")
    await world.slack.wait_for(lambda: world.slack.modal(ANNA))
    await world.slack.submit(ANNA, {"instructions": "Zeg je.", "unused": ["1"]})
    # The same words stand there while the samples are written anew.
    await world.rows(3, where=lambda row: row["calls"] == 2)
    async with asyncio.timeout(PATIENCE_S):
        while (await the_set(world)).stage != "samples":  # noqa: ASYNC110 - it stands in the records
            await asyncio.sleep(0.02)
    await press(world.slack, "bulk_style")
    asked = str(await world.shown("The other 2 texts cost about"))
    await press(world.slack, "bulk_start")
    await world.shown("5 of 5 texts")
    (batch,) = world.model.batches.sent()
    one = batch.requests[0]["params"]
    system, user = str(one["system"]), user_text(one)

    assert "vriendelijk" in str(form)
    assert "an amount that I do not know" in asked
    assert "15% for texts that are written twice" in asked
    assert "approved its style" in system
    assert "Zeg je." in system
    assert "cortenstaal" not in user
    assert [row["calls"] for row in await world.rows(5)].count(2) == 3


async def test_the_price_is_in_the_firms_own_money(world: World) -> None:
    """With a model whose price is known the price is an amount, rounded up, with the day of the dollar's."""
    world.model.name = None
    world.model.answer_with(unlike)
    await send(world, "descriptions", "bakken.csv", table(203))
    await press(world.slack, "bulk_map")
    await world.slack.wait_for(lambda: world.slack.modal(ANNA))
    await world.slack.submit(ANNA, {})
    await press(world.slack, "bulk_style")
    asked = str(await world.shown("The other 200 texts cost about"))

    assert re.search(r"cost about €0\.\d\d\. Shall", asked)
    assert "genai-prices" in asked


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_without_batches_rows_are_asked_one_by_one(world: World, status: int) -> None:
    """A server that knows no batches gets ordinary calls, and the person the same texts."""
    world.model.fail("status", on=BATCHES, times=None, status=status, type="not_found_error")
    one = await written(world, 24)

    assert not one.uses_batches
    assert world.model.count == 24
    assert len(await world.rows(24)) == 24


async def sent(world: World, rows: int) -> BulkSet:
    """Take a table to the moment when its batch is sent and nobody has looked after it yet; return its set."""
    world.model.answer_with(unlike)
    await send(world, "descriptions", "bakken.csv", table(rows))
    await press(world.slack, "bulk_map")
    await world.slack.wait_for(lambda: world.slack.modal(ANNA))
    await world.slack.submit(ANNA, {})
    await press(world.slack, "bulk_style")
    await world.card(having="bulk_start")
    sets, records = world.workspace.crew.bulk, world.bot.records
    await records.bulk.press((await the_set(world)).set_id, "start")
    one = await the_set(world)
    work = await sets._work_of(one)
    await sets._send(one, work, await records.bulk_items.items(one.set_id, states=("open",)))
    return one


async def test_a_batch_whose_name_was_lost_is_found_again(world: World) -> None:
    """Stopped between sending and keeping the batch's name, the bot finds it, and pays nothing twice."""
    one = await sent(world, 8)
    await world.bot.records.store.write(lambda db: db.execute("update bulk_batches set batch_id = null"))
    await carry_on(one.set_id)
    await world.shown("8 of 8 texts")

    assert len(world.model.batches.sent()) == 1
    assert {row["calls"] for row in await world.rows(8)} == {1}


async def test_a_server_that_lost_its_batches_is_asked_again(world: World) -> None:
    """A batch that its server forgot holds nobody up: its rows go out once more, and the set is written."""
    one = await sent(world, 8)
    world.model.batches._batches.clear()
    await carry_on(one.set_id)

    assert await world.shown("8 of 8 texts")


async def test_who_cannot_list_batches_was_sent_none(world: World) -> None:
    """Stopped before it knew that the server has no batches, the bot goes on with ordinary calls."""
    one = await sent(world, 8)
    world.model.batches._batches.clear()
    world.model.fail("status", on=BATCHES, times=None, status=501)
    await world.bot.records.store.write(lambda db: db.execute("update bulk_batches set batch_id = null"))
    await carry_on(one.set_id)
    await world.shown("8 of 8 texts")

    assert not (await the_set(world)).uses_batches
    assert {row["calls"] for row in await world.rows(8)} == {1}


async def test_pause_and_cancel_keep_what_is_written(world: World) -> None:
    """Pressed before it began, pause stops; go on writes the rest; cancel leaves what is there for review."""
    world.model.answer_with(unlike)
    await send(world, "descriptions", "bakken.csv", table(6))
    await press(world.slack, "bulk_map")
    await world.slack.wait_for(lambda: world.slack.modal(ANNA))
    await world.slack.submit(ANNA, {})
    await press(world.slack, "bulk_style")
    await world.card(having="bulk_start")
    records, set_id = world.bot.records, (await the_set(world)).set_id
    await records.bulk.press(set_id, "start")
    await records.bulk.press(set_id, "pause")
    await sweep_now()
    paused = await world.shown("is paused: 3 of 6")
    while_paused = buttons(paused)
    again = await records.bulk.press(set_id, "pause")
    await world.slack.click(ANNA, world.im, paused["ts"], "bulk_cancel")
    cancelled = await world.shown("is cancelled. 3 of 6")

    assert again is None
    assert "bulk_resume" in while_paused
    assert "bulk_resume" not in buttons(cancelled)
    assert "3 of 3 texts wait" in str(await world.shown("texts wait"))
    assert world.model.batches.sent() == []


async def test_trying_again_after_a_cancel_writes_what_failed_and_no_more(world: World) -> None:
    """A set that was cancelled stays so: "try these rows again" asks about the row that failed, not about the rest."""
    model = Unwilling("Bak 2")
    world.model.answer_with(model)
    world.model.batches.held = True
    await begin(world.slack, table(6))
    running = await world.shown("3 of 6")
    batch = await until(lambda: next(iter(world.model.batches.sent()), None))
    await world.slack.click(ANNA, world.im, running["ts"], "bulk_cancel")
    await until(lambda: batch.ended_at)
    world.model.batches.held = model.declines = False
    await press(world.slack, "bulk_retry")
    await world.shown("3 of 6 texts")

    assert len(world.model.batches.sent()) == 1


async def test_a_column_that_was_chosen_wrongly_leaves_no_old_text(world: World) -> None:
    """A sample of the wrong name column is written anew with the right one, and the new text is what stands."""
    said = {"words": "eerst"}
    world.model.answer_with(lambda body: f"{said['words']}: {unlike(body)}")
    rows = [f"Bak {number};{'Titel' if number > 1 else ''};{number} cm" for number in range(1, 6)]
    await send(world, "descriptions", "bakken.csv", "\n".join(["Naam;Kop;Breedte", *rows]).encode())
    for column in ("1", "0"):
        await press(world.slack, "bulk_map")
        await world.slack.wait_for(lambda: world.slack.modal(ANNA))
        await world.slack.submit(ANNA, {"name": column})
        await world.card(having="bulk_style")
        said["words"] = "daarna"
    await world.shown("Bak 1")
    await press(world.slack, "bulk_style")
    await press(world.slack, "bulk_start")
    await world.shown("5 of 5 texts")
    items = await world.bot.records.bulk_items.items((await the_set(world)).set_id)

    assert [item.text.partition(":")[0] for item in items] == ["daarna"] * 5


async def test_a_pause_stops_the_batch_on_the_server(world: World) -> None:
    """Pressed while the server is at work, pause has it stop; go on sends the same rows again, each paid once."""
    world.model.answer_with(unlike)
    world.model.batches.held = True
    await begin(world.slack, table(9))
    running = await world.shown("3 of 9")
    batch = await until(lambda: next(iter(world.model.batches.sent()), None))
    await world.slack.click(ANNA, world.im, running["ts"], "bulk_pause")
    paused = await world.shown("is paused: 3 of 9")
    await until(lambda: batch.ended_at)
    world.model.batches.held = False
    await world.slack.click(ANNA, world.im, paused["ts"], "bulk_resume")
    await world.shown("9 of 9 texts")

    assert {each["result"]["type"] for each in batch.results} == {"canceled"}
    assert {row["calls"] for row in await world.rows(9)} == {1}
    assert sum("░" in str(one) or "▓" in str(one) for one in world.slack.messages(world.im)) <= 1


async def test_resumed_it_goes_on(world: World) -> None:
    """A refused key stops a set with what to do; renewed, one press writes the rest."""
    world.model.answer_with(unlike)
    await send(world, "descriptions", "bakken.csv", table(6))
    await press(world.slack, "bulk_map")
    await world.slack.wait_for(lambda: world.slack.modal(ANNA))
    await world.slack.submit(ANNA, {})
    await press(world.slack, "bulk_style")
    world.model.fail("unauthorized", on=BATCHES)
    await press(world.slack, "bulk_start")
    stopped = await world.shown("refuses our key")
    await world.slack.click(ANNA, world.im, stopped["ts"], "bulk_resume")

    assert await world.shown("6 of 6 texts")


async def test_a_file_that_slack_did_not_take_comes_all_the_same(world: World) -> None:
    """Slack hiccups when the last text is written and the sheet should come: it comes with the next try."""
    world.slack.fail("files.getUploadURLExternal", error="internal_error")
    await written(world, 4)

    assert sheet_of(await newest_file(world, ".xlsx"))


async def test_a_rule_in_mid_work_pauses_a_set(world: World) -> None:
    """A task that the guideline closes while its set is being written: the batch is stopped, the texts are kept."""
    world.model.answer_with(unlike)
    world.model.batches.held = True
    await begin(world.slack, table(9))
    await world.shown("3 of 9")
    batch = await until(lambda: next(iter(world.model.batches.sent()), None))
    rules = Rules(tasks_off=("descriptions",))
    guidelines = world.bot.records.guidelines
    await guidelines.publish("T1", "Not now.", rules, user_id=CHEF, over=0)
    await guidelines.accept("T1", ANNA, 1)
    await carry_on_anew((await the_set(world)).set_id)
    paused = await world.shown("is paused: 3 of 9")
    await until(lambda: batch.ended_at)
    await world.slack.wait_for(lambda: "3 of 3 texts wait" in str(world.slack.messages(world.im)) or None)

    assert "bulk_resume" in buttons(paused)


# What code checks


async def test_what_fails_is_written_again_once_then_marked(world: World) -> None:
    """An invented figure is written again with the fault named; who insists is marked; twins are found over the set."""

    def speak(body: dict[str, Any]) -> str:
        user = user_text(body)
        if "Bak 4\n" in user:
            return unlike(body) if "999 kilo" in user else "Deze plantenbak weegt 999 kilo en is de beste."
        if "Bak 5\n" in user:
            return "Een plantenbak die 777 planten houdt."
        if "Bak 6\n" in user or "Bak 7\n" in user:
            name = "Bak 6" if "Bak 6\n" in user else "Bak 7"
            return f"{name} is een plantenbak die in elke tuin past en lang mooi blijft, ook in de winter."
        return unlike(body)

    world.model.answer_with(speak)
    one = await written(world, 8)
    items = {item.number: item for item in await world.bot.records.bulk_items.items(one.set_id)}
    asked = [user_text(request["params"]) for request in world.model.batches.sent()[1].requests]

    assert [items[5].faults, items[5].version] == [(), 2]
    assert [(fault.kind, fault.what) for fault in items[6].faults] == [("figures", "777")]
    assert [(fault.kind, fault.what) for fault in items[8].faults] == [("alike", "7")]
    assert items[7].faults == ()
    assert "2 texts still have a fault" in str(await world.shown("is written:"))
    assert any("999" in user and "beste" in user and "claim too much" in user for user in asked)
    assert len(asked) == 3


async def test_rows_that_fail_are_told_and_tried_again(world: World) -> None:
    """A row without a name and one that the model declines are listed; one press asks for these alone."""
    model = Unwilling("Bak 5")
    world.model.answer_with(model)
    rows = table(6) + b"\n;staal;10 cm;plantenbak"
    await begin(world.slack, rows)
    told = str(await world.shown("5 of 7 texts"))
    model.declines = False
    await press(world.slack, "bulk_retry")
    await world.shown("6 of 7 texts")
    calls = {row["run_id"].rpartition(":")[2]: row["calls"] for row in await world.rows(6)}

    assert "6: the model declined" in told
    assert '8: \\"Naam\\" is empty' in told or '8: "Naam" is empty' in told
    # Twice declined, then answered; its neighbours were paid once.
    assert (calls["6"], calls["5"]) == (3, 1)


# What may leave, and what it may cost


async def test_a_batch_passes_the_gate_and_the_limits(world: World) -> None:
    """Clients' names leave as tokens and come back; a limit that has no room stops the set, and nothing is sent."""
    world.model.answer_with(
        lambda body: f"Geachte {re.findall(r'Client: (.*)', user_text(body))[-1]},\n\nU krijgt bericht."
    )
    names = ["Jan de Vries", "Petra Jansen", "Mohamed Bakker", "Sanne Visser", "Kees Smit"]
    rows = "Client;Onderwerp\n" + "".join(f"{name};aangifte\n" for name in names)
    await send(world, "letters: aangifte", "brieven.csv", rows.encode())
    await press(world.slack, "bulk_map")
    await world.slack.wait_for(lambda: world.slack.modal(ANNA))
    await world.slack.submit(ANNA, {})
    await press(world.slack, "bulk_style")
    records = world.bot.records
    settings = await records.workspaces.get("T1")
    await records.workspaces.change("T1", replace(settings, monthly_budget=Decimal("0.0001")), user_id=ANNA)
    await press(world.slack, "bulk_start")
    await world.card(having="bulk_resume")
    await world.card(world.slack.workspace.im_with(CHEF).id, having="lift_budget")
    stopped = world.model.batches.sent()
    await records.workspaces.change("T1", settings, user_id=ANNA)
    await press(world.slack, "bulk_resume")
    await world.shown("5 of 5 texts")
    (batch,) = world.model.batches.sent()
    one = await the_set(world)
    texts = {item.cells[0]: item.text for item in await records.bulk_items.items(one.set_id)}
    open_calls = await records.store.read(
        lambda db: db.execute("select count(*) from calls where result <> 'answered'").fetchone()
    )

    assert stopped == []
    assert not [name for name in names if name.split()[-1] in str(batch.requests)]
    assert "<approved-sample" in user_text(batch.requests[0]["params"])
    assert all(text.startswith(f"Geachte {name},") for name, text in texts.items())
    assert open_calls == (0,)


@pytest.mark.parametrize(
    ("instructions", "kept", "told"),
    [
        ("Gebruik wachtwoord: Zwanenhals!4711", "Zwanenhals", "None of the first three"),
        ("Het BSN is 111222333.", "111222333", "None of the first three"),
        ("Schrijf zoals mevrouw Zwanenhals het zegt.", "Zwanenhals", "Is this the style?"),
    ],
)
async def test_what_is_asked_of_all_rows_passes_the_gate(
    world: World, instructions: str, kept: str, told: str
) -> None:
    """Nor does it leave as what all rows have in common: a password stops it, and a name goes as the guideline says."""
    rules = Rules(special=(Special("pseudonymise", tasks=("descriptions",), kinds=("name",)),))
    await world.bot.records.guidelines.publish("T1", "Be kind.", rules, user_id=ANNA, over=0)
    world.model.answer_with(unlike)
    await send(world, "descriptions", "bakken.csv", table(6))
    await press(world.slack, "bulk_map")
    await world.slack.wait_for(lambda: world.slack.modal(ANNA))
    await world.slack.submit(ANNA, {"instructions": instructions})
    await world.shown(told)
    if told.startswith("Is"):
        await press(world.slack, "bulk_style")
        await press(world.slack, "bulk_start")
        await world.shown("6 of 6 texts")
    asked = str([one.body for one in world.model.requests])

    assert kept not in asked
    assert ("[NAME1_" in asked) == told.startswith("Is")


async def test_another_column_of_names_brings_other_texts(world: World) -> None:
    """Samples under the first choice of columns, and none under the next, are written anew, or told to have failed."""
    records, one = world.bot.records, BulkSet("T1:D1:1.1", "T1", ANNA, "descriptions", "nl", "D1", "F1")
    await records.bulk.add(one)
    rows = [(number, ("" if number < 4 else f"Bak {number}", f"Pot {number}")) for number in range(2, 7)]
    await records.bulk.fill(one.set_id, Table(("Bak", "Pot"), tuple(rows)), file_name="x.csv")

    async def write(words: str) -> None:
        for item in await records.bulk_items.items(one.set_id, states=("open",)):
            run = Run(item.run_id, "T1", "D1", ANNA, "descriptions", "table", "nl")
            await records.ledger.open(run, claimed_minutes=5)
            await records.bulk_items.wrote(item, Draft(item.run_id, item.version, words, "m"), ())

    for name, words in ((0, "of the bin"), (1, "of the pot")):
        await records.bulk.press(one.set_id, "map", mapping=Mapping(name))
        await write(words)
        await records.bulk.move(one.set_id, "samples", of="sampling")
    for act in ("style", "start"):
        await records.bulk.press(one.set_id, act)
    for _ in range(2):
        (unlucky,) = await records.bulk_items.items(one.set_id, numbers=(6,))
        await world.workspace.crew.bulk._rows._failed(one, unlucky, LLMError("unusable", "no text"))
    await write("of the pot")
    items = {item.number: item for item in await records.bulk_items.items(one.set_id)}

    assert items.pop(6).state == "failed"
    assert [item.text for item in items.values()] == ["of the pot"] * 4


async def test_an_erasure_takes_the_table(world: World) -> None:
    """Who is erased leaves no table, no row and no text behind."""
    await written(world, 4)
    records = world.bot.records
    await records.erasures.erase(await records.erasures.ask("T1", ANNA))
    left = await records.store.read(
        lambda db: [
            db.execute(f"select count(*) from {name}").fetchone()[0]
            for name in ("bulk_sets", "bulk_items", "bulk_batches", "drafts")
        ]
    )

    assert left == [0, 0, 0, 0]
