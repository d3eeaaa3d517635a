"""The texts of a table are reviewed by ten, one by one or in a sheet, and come back as files."""

from __future__ import annotations

import io
import re
import zipfile

import docx
import openpyxl  # type: ignore[import-untyped]
import pypdf

from bot.sandbox.model_rules import user_text
from tests.bulk_set import (
    HEAD,
    begin,
    book,
    newest_file,
    press,
    send,
    sheet_of,
    the_set,
    unlike,
    written,
)
from tests.conftest import ANNA, BEN, World, buttons


async def test_one_text_is_edited_written_again_or_skipped(world: World) -> None:
    """The menu beside a text: an edit counts as one, a redo brings the next version, a skip saves nothing."""
    await written(world, 4)
    card = await world.card(having="bulk_approve")

    async def choose(number: int, act: str) -> None:
        await world.slack.click(
            ANNA, world.im, card["ts"], f"bulk_item_{number}", value=f"{act}|{number}.1|{set_id}"
        )

    set_id = (await the_set(world)).set_id
    await choose(2, "edit")
    await world.slack.wait_for(lambda: world.slack.modal(ANNA))
    await world.slack.submit(ANNA, {"part0": "Mijn eigen plantenbak."})
    await choose(3, "redo")
    await world.slack.wait_for(lambda: world.slack.modal(ANNA))
    await world.slack.submit(ANNA, {"instruction": "korter"})
    await choose(4, "skip")
    await world.slack.wait_for(lambda: "2 of 4 texts wait" in str(world.slack.messages(world.im)) or None)
    await world.slack.wait_for(
        lambda: "korter" in str([one.body for one in world.model.requests[-1:]]) or None
    )
    stale = await world.slack.click(ANNA, world.im, card["ts"], "bulk_item_5", value=f"approve|5.1|{set_id}")
    await world.shown("1 of 4 texts waits")
    rows = {row["run_id"].rpartition(":")[2]: row for row in await world.rows(4)}
    items = {item.number: item for item in await world.bot.records.bulk_items.items(set_id)}

    assert stale.status == 200
    assert (items[3].version, items[3].state) == (2, "written")
    assert [rows[key]["review"] for key in "2345"] == ["edited", "redone", "discarded", "approved"]
    assert rows["4"]["minutes_saved"] < 0 < rows["2"]["minutes_saved"]


async def test_only_the_sender_decides(world: World) -> None:
    """A colleague who presses reads whose table it is; nothing happens to it."""
    one = await written(world, 4)
    before = one.turn
    world.slack.workspace.channels[world.im].members.append(BEN)
    card = await world.card(having="bulk_approve")
    await world.slack.click(BEN, world.im, card["ts"], "bulk_approve")
    await world.slack.wait_for(lambda: world.slack.ephemerals(world.im, BEN) or None)

    assert (await the_set(world)).turn == before


async def test_the_sheet_comes_back_with_verdicts(world: World) -> None:
    """Approve, edit, redo, skip in the sheet count as on the card; what cannot be taken is named."""
    one = await written(world, 7)
    rows = sheet_of(await newest_file(world, ".xlsx"))
    head = rows[0]
    text, status, remarks = (head.index(name) for name in ("Text", "Status", "Remarks"))
    for row, verdict in zip(rows[1:], ["approve", "edit", "redo", "skip", "", "hmm", ""], strict=True):
        row[status] = verdict
    rows[2][text] = "Zelf geschreven plantenbak."
    rows[3][remarks] = "noem de tuin"
    rows[5][text] = "Ook gewijzigd, zonder woord."
    await send(world, "", "terug.xlsx", book(rows))
    told = str(await world.shown("From the sheet of bakken.csv"))
    await world.slack.wait_for(
        lambda: "noem de tuin" in str([one.body for one in world.model.requests]) or None
    )
    without = [[cell for at, cell in enumerate(row) if at != status] for row in rows]
    await send(world, "", "nogmaals.xlsx", book(without))
    gone = await world.shown('no column "Status"')
    reviews = [row["review"] for row in sorted(await world.rows(7), key=lambda row: row["run_id"])]
    minutes = await world.bot.records.store.read(
        lambda db: db.execute("select minutes from bulk_returns").fetchall()
    )

    assert one.files == 0
    for line in (
        "1 approved as",
        "1 approved with",
        "1 to be",
        "1 skipped",
        "1 changed but",
        "1 with a status",
    ):
        assert line in told, line
    assert gone
    assert sorted(reviews) == ["approved", "discarded", "edited", "open", "open", "open", "redone"]
    assert len(minutes) == 1


async def test_what_a_sheet_decided_is_told_though_slack_hiccups(world: World) -> None:
    """Slack does not take the answer to a sheet that came back: the next try tells the same."""
    await written(world, 4)
    await world.card(having="bulk_approve")
    rows = sheet_of(await newest_file(world, ".xlsx"))
    status = rows[0].index("Status")
    for row, verdict in zip(rows[1:], ["approve", "redo", "skip", ""], strict=True):
        row[status] = verdict
    world.slack.fail("chat.postMessage", error="internal_error")
    await send(world, "", "terug.xlsx", book(rows))
    told = str(await world.shown("From the sheet of bakken.csv"))

    assert "1 approved as" in told
    assert "1 to be" in told
    assert "1 skipped" in told


async def test_reviewing_is_what_the_person_says(world: World) -> None:
    """Who tells what reviewing took in all has it spread over the texts that were decided on."""
    await written(world, 4)
    card = await world.card(having="bulk_approve")
    await world.slack.click(ANNA, world.im, card["ts"], "bulk_approve")
    await press(world.slack, "bulk_minutes")
    await world.slack.wait_for(lambda: world.slack.modal(ANNA))
    await world.slack.submit(ANNA, {"minutes": "12"})
    rows = await world.rows(4, where=lambda row: row["review_minutes"] == 3)

    assert len(rows) == 4
    assert all(abs(row["minutes_saved"] - (7 - row["asking_minutes"])) < 0.01 for row in rows)


async def test_files_cannot_run_formulas(world: World) -> None:
    """CSV and XLSX hold texts only: what begins like a formula is told as text in both."""
    world.model.answer_with(lambda body: "=SOM(A1) plantenbak " + unlike(body))
    await begin(
        world.slack, f"{HEAD}\n=cmd;staal;2 cm;plantenbak\n+1;hout;3 cm;plantenbak\n-2;a\n@3;b".encode()
    )
    await world.shown("4 of 4 texts")
    await press(world.slack, "bulk_csv")
    written = (await newest_file(world, ".csv")).decode("utf-8-sig")
    workbook = openpyxl.load_workbook(io.BytesIO(await newest_file(world, ".xlsx")))
    kinds = {cell.data_type for row in workbook.active.iter_rows() for cell in row if cell.value}

    assert "'=SOM" in written
    assert "'=cmd" in written
    assert kinds == {"s"}


async def test_letters_come_one_by_one_and_on_paper(world: World) -> None:
    """Each letter is read alone; the accepted ones come as PDF or Word, a file each or all in one document."""
    world.model.answer_with(
        lambda body: (
            f"Geachte {re.findall(r'Client: (.*)', user_text(body))[-1]},\n\nU krijgt € 1.482 terug.\nGroet 🙂"
        )
    )
    rows = "Client;Bedrag\n../../Vos & Zn.;1482\n王;1482\nDe Wit;1482\n"
    await send(world, "letters: aangifte", "brieven.csv", rows.encode())
    await press(world.slack, "bulk_map")
    await world.slack.wait_for(lambda: world.slack.modal(ANNA))
    await world.slack.submit(ANNA, {})
    await press(world.slack, "bulk_style")
    await world.shown("3 of 3 texts")
    card = await world.card(having="bulk_approve")
    for left in ("2 of 3 texts wait", "1 of 3 texts waits"):
        await world.slack.click(ANNA, world.im, card["ts"], "bulk_approve")
        await world.shown(left)
    await press(world.slack, "bulk_pdf")
    pdfs = zipfile.ZipFile(io.BytesIO(await newest_file(world, ".zip")))
    told = str(await world.slack.wait_for(lambda: world.slack.ephemerals(world.im, ANNA) or None))
    await press(world.slack, "bulk_word")
    words = zipfile.ZipFile(io.BytesIO(await newest_file(world, ".zip", 2)))
    await press(world.slack, "bulk_docx")
    whole = docx.Document(io.BytesIO(await newest_file(world, ".docx")))
    page = pypdf.PdfReader(io.BytesIO(pdfs.read(pdfs.namelist()[0]))).pages[0].extract_text()

    # What no font of ours has comes as Word, and the person reads of it.
    assert pdfs.namelist() == ["0002-Vos-Zn.pdf", "0003-王.docx"]
    assert words.namelist() == ["0002-Vos-Zn.docx", "0003-王.docx"]
    assert "row 3" in told
    assert "U krijgt € 1.482 terug." in page
    assert "Geachte ../../Vos & Zn.," in page
    assert [one.text for one in whole.paragraphs if "Geachte" in one.text] == [
        "Geachte ../../Vos & Zn.,",
        "Geachte 王,",
    ]
    assert len(whole.sections) == 2
    assert {"bulk_item_edit", "bulk_item_redo", "bulk_item_skip"} <= set(buttons(card))
