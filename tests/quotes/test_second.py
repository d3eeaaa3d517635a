"""A large discount needs a second person: asked once, decided once, and only then number and PDF."""

from __future__ import annotations

import asyncio
import copy
import csv
import io
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot.tasks.guideline import Rules
from tests.conftest import ANNA, BEN, CHEF, GUEST, World, buttons, running, said
from tests.quotes.test_lines import open_lines, type_in
from tests.quotes.test_paper import press, wait_files
from tests.quotes.test_quote import LAMP, LINES, answer, ask, import_prices, line

ASKED = "4 lampen met 20% korting"
LARGE = answer(line("4 lampen", LAMP, 4, discount="20%"))
NUMBER = f"OFF-{date.today().year}-0001"


async def approved(world: World, reply: dict[str, Any] = LARGE) -> None:
    """Let Anna ask for a quote with a large discount and approve it."""
    await import_prices(world)
    await ask(world, reply, ASKED)
    await press(world, "approve", having="undo")


async def request(world: World, user_id: str = CHEF) -> dict[str, Any]:
    """Return what a second person is asked."""
    return await world.card(world.slack.workspace.im_with(user_id).id, having="second_approve")


async def settled(world: World) -> list[str]:
    """Return the names of the files in Anna's messages tab."""
    return [file.name for file in world.slack.workspace.files.values() if world.im in file.channels]


async def answer_second(world: World, act: str, user_id: str = CHEF) -> None:
    """Let a second person press."""
    card = await request(world, user_id)
    await world.slack.click(user_id, world.slack.workspace.im_with(user_id).id, card["ts"], act)


async def name_approvers(world: World, *user_ids: str) -> None:
    """Name who may approve large discounts."""
    team = world.slack.workspace.team_id
    holds = await world.bot.records.workspaces.get(team)
    wanted = replace(holds, quote_approvers=",".join(user_ids))
    await world.bot.records.workspaces.change(team, wanted, user_id=CHEF)


async def test_a_large_discount_waits_for_a_second_person(world: World) -> None:
    """Approved by one, it has no number; the admin reads what is asked, approves, and number and PDF come."""
    await approved(world)
    asked = await request(world)
    waiting = copy.deepcopy(await world.shown("Waits for a second approval"))
    before = await settled(world)
    await answer_second(world, "second_approve")
    (pdf,) = await wait_files(world, 1)
    card = await world.shown("Second approval by")
    shown = await world.shown("Second approval by", world.slack.workspace.im_with(CHEF).id)

    assert "more than 10%: Hanglamp rookglas" in str(asked["blocks"])
    assert "| Hanglamp rookglas (LMP-1) | 4 stuk | €249.00 | 20% |" in said(asked)
    assert f"<@{CHEF}>" in str(waiting["blocks"])
    assert "quote_json" not in buttons(waiting)
    assert before == []
    assert pdf.name == f"{NUMBER}.pdf"
    assert "quote_json" in buttons(card)
    assert "second_approve" not in buttons(shown)


async def test_a_refusal_gives_the_quote_back(world: World) -> None:
    """The first reviewer reads who refused; smaller in the form, the quote needs nobody any more."""
    await approved(world)
    await answer_second(world, "second_refuse")
    told = str(await world.shown("refused the discount"))
    await world.card(having="lines")
    await open_lines(world)
    await type_in(world, "discount:1", "5%", having="€946.20")
    await world.slack.submit(ANNA)
    await world.shown("| 5% |")
    await press(world, "approve")
    (pdf,) = await wait_files(world, 1)
    rows = await world.rows(where=lambda row: row["review"] == "edited")

    assert f"<@{CHEF}>" in told
    assert pdf.name == f"{NUMBER}.pdf"
    assert len(rows) == 1


async def test_a_refusal_is_told_though_slack_hiccups(world: World) -> None:
    """Slack is away just when the card would say that somebody refused: it says so once Slack is back."""
    await approved(world)
    world.slack.fail("chat.update", status=503, times=2)
    await answer_second(world, "second_refuse")
    await world.shown("refused the discount")

    def given_back() -> bool | None:
        cards = [one for one in world.slack.messages(world.im) if "approve" in buttons(one)]
        return any("refused the discount" in str(one["blocks"]) for one in cards) or None

    assert await world.slack.wait_for(given_back)


async def test_asked_again_after_a_refusal_or_undo(world: World) -> None:
    """Undo takes the question back, visibly; approving again asks anew, and a late answer counts for nothing."""
    await approved(world)
    first = await request(world)
    await press(world, "undo", having="approve")
    room = world.slack.workspace.im_with(CHEF).id
    await world.shown("No longer asked", room)
    late = await world.bot.records.approvals.decide(1, user_id=CHEF, granted=True)
    await press(world, "approve", having="undo")
    second = await request(world)
    await answer_second(world, "second_refuse")
    await world.shown("refused the discount")
    await press(world, "approve", having="undo")
    await answer_second(world, "second_approve")
    await wait_files(world, 1)
    await press(world, "undo", having="approve")
    await press(world, "approve", having="quote_json")

    assert late == "stale"
    assert first["ts"] != second["ts"]
    assert await settled(world) == [f"{NUMBER}.pdf"]


async def test_only_who_was_asked_and_not_the_first(world: World) -> None:
    """Who is named is asked in place of the admins; the first reviewer counts once, whatever they press."""
    await name_approvers(world, BEN, ANNA)
    await approved(world)
    asked = await request(world, BEN)
    admin = world.slack.messages(world.slack.workspace.im_with(CHEF).id)
    approvals = world.bot.records.approvals
    strangers = [await approvals.decide(1, user_id=one, granted=True) for one in (ANNA, CHEF, GUEST)]
    granted = [await approvals.decide(1, user_id=BEN, granted=True) for _ in range(2)]
    unknown = await approvals.decide(99, user_id=BEN, granted=True)

    assert asked
    assert admin == []
    assert strangers == ["not-asked"] * 3
    assert granted == ["done", "already"]
    assert unknown == "stale"


async def test_the_only_admin_reads_what_to_do(world: World) -> None:
    """Where nobody else may approve, that is said with the way out, and the way works."""
    await import_prices(world)
    await ask(world, LARGE, ASKED)
    await press(world, "approve", user=CHEF, having="undo")
    await world.shown("nobody else here may give it")
    await name_approvers(world, BEN)
    await press(world, "undo", having="approve")
    await press(world, "approve", user=CHEF, having="undo")
    await answer_second(world, "second_approve", BEN)

    assert [file.name for file in await wait_files(world, 1)] == [f"{NUMBER}.pdf"]


async def test_an_approval_is_told_though_slack_lists_no_people(world: World) -> None:
    """Without the right to list people nobody can be asked: the card says what to do, not nothing."""
    world.slack.fail("users.list", error="missing_scope", times=9)
    await approved(world)

    assert await world.shown("nobody else here may give it")


async def test_a_low_price_by_hand_counts_as_a_discount(world: World) -> None:
    """Whoever types a lower price instead of a discount asks the second person all the same."""
    await import_prices(world)
    await ask(world, answer(line("4 lampen", LAMP, 4)))
    await open_lines(world)
    view = await type_in(world, "price:1", "190", having="A discount of more than 10%")
    await world.slack.submit(ANNA)
    await world.shown("€190.00")
    await press(world, "approve")

    assert "Below its floor price" in str(view["blocks"])
    assert await request(world)


async def test_a_question_whose_answer_was_lost_comes_once(world: World) -> None:
    """The line breaks while the admin is asked: one question stands, and both presses of theirs count once."""
    await import_prices(world)
    await ask(world, LARGE, ASKED)
    world.slack.fail("chat.postMessage", drop=True, after=True)
    await press(world, "approve", having="undo")
    card = await request(world)
    room = world.slack.workspace.im_with(CHEF).id
    await asyncio.gather(*(world.slack.click(CHEF, room, card["ts"], "second_approve") for _ in range(2)))
    await wait_files(world, 1)

    assert len(world.slack.messages(room)) == 1
    assert await settled(world) == [f"{NUMBER}.pdf"]


async def test_settings_name_who_may_approve(world: World) -> None:
    """An admin names people in the settings; the form shows them again."""
    await world.slack.command(CHEF, "CSALES", "/tijdwinst", "settings")
    await world.slack.wait_for(lambda: world.slack.modal(CHEF))
    await world.slack.submit(CHEF, {"quote_approvers": [ANNA, BEN]})
    holds = await world.bot.records.workspaces.get(world.slack.workspace.team_id)
    await world.slack.command(CHEF, "CSALES", "/tijdwinst", "settings")
    view = await world.slack.wait_for(lambda: world.slack.modal(CHEF))
    (field,) = [block for block in view["blocks"] if block["block_id"] == "quote_approvers"]

    assert holds.quote_approvers == f"{ANNA},{BEN}"
    assert field["element"]["initial_users"] == [ANNA, BEN]


@pytest.mark.parametrize(("language", "delimiter", "price"), [("en", ",", "68.75"), ("nl", ";", "68,75")])
async def test_a_quote_as_json_and_csv(tmp_path: Path, language: Any, delimiter: str, price: str) -> None:
    """Each comes once, under the quote's number, and says the same cents as the PDF."""
    async with running(tmp_path, language=language) as world:
        await import_prices(world)
        evil = answer(line("4 lampen", LAMP, 4, discount="5%", note="=1+1 rood"), *LINES[1:])
        await ask(world, evil, "4 lampen =1+1 rood 5% 12 uur")
        await press(world, "approve", having="quote_json")
        await wait_files(world, 1)
        for _ in range(2):
            await press(world, "quote_json")
            await press(world, "quote_csv")
        pdf, *copies = await wait_files(world, 3)
        await world.slack.wait_for(lambda: len(world.slack.ephemerals(world.im, ANNA)) == 2)
        files = {file.name.rpartition(".")[2]: file.content for file in copies}
        rows = list(csv.DictReader(io.StringIO(files["csv"].decode("utf-8-sig")), delimiter=delimiter))
        read = json.loads(files["json"])

    assert len(copies) == 2
    assert files["csv"].startswith(b"\xef\xbb\xbf")
    assert rows[1]["unit_price"] == price
    assert rows[0]["note"] == "'=1+1 rood"
    assert [row["row"] for row in rows] == ["base", "base", "vat", "total", "total"]
    assert read["quoteNumber"] == NUMBER
    assert read["lines"][0]["lineNetAmount"] == "946.20"
    assert read["lines"][0]["vatCategoryCode"] == "S"
    assert read["totals"] == {
        "sumOfLines": "1771.20",
        "sumOfAllowances": "0.00",
        "totalWithoutVat": "1771.20",
        "totalVat": "371.95",
        "totalWithVat": "2143.15",
    }
    assert pdf.name == f"{NUMBER}.pdf"
    assert len(world.slack.ephemerals(world.im, ANNA)) == 2


async def test_who_may_have_a_copy(world: World) -> None:
    """The asker and admins bring a copy, nobody else; before there is a number, that is said."""
    await import_prices(world)
    await ask(world, answer(*LINES[:2], customer=""), "4 lampen, 12 uur")
    await press(world, "approve", having="quote_json")
    await press(world, "quote_json")
    await world.slack.wait_for(lambda: "no number yet" in str(world.slack.ephemerals(world.im, ANNA)) or None)
    await ask(world, answer(*LINES[:2]), "4 lampen, 12 uur")
    await press(world, "approve", having="quote_json")
    await wait_files(world, 1)
    await press(world, "quote_json", user=BEN)
    world.slack.fail("files.getUploadURLExternal", error="missing_scope", times=9)
    await press(world, "quote_csv", user=CHEF)
    told = await world.shown("Slack did not take its CSV (missing_scope)")

    assert told
    assert await settled(world) == [f"{NUMBER}.pdf"]


async def test_a_second_person_who_cannot_be_reached_holds_up_nobody(world: World) -> None:
    """Slack opens no conversation with one of two: the other is asked and decides."""
    await name_approvers(world, "UGONE", BEN)
    await approved(world)
    room = world.slack.workspace.im_with(BEN).id
    card = await request(world, BEN)
    await asyncio.gather(*(world.slack.click(BEN, room, card["ts"], "second_approve") for _ in range(2)))
    await world.slack.wait_for(lambda: "counts already" in str(world.slack.ephemerals(room, BEN)) or None)

    assert [file.name for file in await wait_files(world, 1)] == [f"{NUMBER}.pdf"]


async def test_the_guideline_can_ask_it_of_every_quote(world: World) -> None:
    """Without any discount number and PDF wait for a second person, who reads why; refused, it goes back."""
    await world.bot.records.guidelines.publish("T1", "Be kind.", Rules(quotes="always"), user_id=CHEF, over=0)
    await world.bot.records.guidelines.accept("T1", ANNA, 1)
    await approved(world, answer(line("4 lampen", LAMP, 4)))
    asked = await request(world)
    waiting = copy.deepcopy(await world.shown("as our guideline says of every quote"))
    before = await settled(world)
    await answer_second(world, "second_refuse")
    await world.shown("refused the quote")
    await press(world, "approve", having="undo")
    await answer_second(world, "second_approve")
    (pdf,) = await wait_files(world, 1)

    assert "By our guideline" in str(asked["blocks"])
    assert "discount of more than" not in str(asked["blocks"])
    assert "quote_json" not in buttons(waiting)
    assert (before, pdf.name) == ([], f"{NUMBER}.pdf")
