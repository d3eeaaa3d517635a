"""The machine dies while quotes are approved: no number is lost or given twice, and every PDF comes once."""

from __future__ import annotations

import asyncio
import re
import signal
from functools import partial
from pathlib import Path
from typing import Any

from bot.quotes.pricelist import read_prices
from bot.reading import read_sheet
from bot.sandbox.model import Model
from bot.sandbox.slack import Slack
from tests.conftest import ANNA, BEN, CHEF, SALES, buttons, make_slack, records_in
from tests.process import BotProcess
from tests.quotes.test_quote import LAMP, PRICES, answer, line

DIRK = "UDIRK"
APPROVERS = (ANNA, BEN, CHEF, DIRK)
QUOTES_EACH = 2


async def _import(folder: Path) -> None:
    records = records_in(folder)
    rows, _ = read_prices(read_sheet(PRICES.encode()))
    await records.quotes.import_prices("T1", rows, file_name="prices.csv", file_hash="x")
    await records.close()


def _cards(slack: Slack, user_id: str, having: str = "approve") -> list[dict[str, Any]]:
    room = slack.workspace.im_with(user_id).id
    return [message for message in slack.messages(room) if having in buttons(message)]


def _has(slack: Slack, user_id: str, count: int) -> bool | None:
    return len(_cards(slack, user_id)) >= count or None


def _files(slack: Slack) -> list[str]:
    # An upload that was cut off is seen by nobody.
    return sorted(file.name for file in slack.workspace.files.values() if file.channels)


async def _approve(slack: Slack) -> None:
    """Let four people press at the same moment whatever they have not approved yet."""
    presses = [(user_id, card["ts"]) for user_id in APPROVERS for card in _cards(slack, user_id)]
    await asyncio.gather(
        *(slack.click(user_id, slack.workspace.im_with(user_id).id, ts, "approve") for user_id, ts in presses)
    )


async def test_four_approvers_and_kill_nine(tmp_path: Path) -> None:
    """Four people approve eight quotes while the bot is killed: eight numbers without a hole, eight PDFs.

    One of them gives too much away: its second approval, killed in between too, brings its number once.
    """
    await _import(tmp_path)
    async with make_slack() as slack, Model() as model:
        slack.workspace.add_user(DIRK, "dirk", "Dirk Smit")
        slack.workspace.channels[SALES].members.append(DIRK)
        process = BotProcess(slack, model, tmp_path, http=True)
        await process.start()
        for number in range(QUOTES_EACH):
            for user_id in APPROVERS:
                large = "20%" if (user_id, number) == (ANNA, 0) else ""
                model.answers = [answer(line("4 lampen", LAMP, 4, discount=large))]
                await slack.command(user_id, SALES, "/quote", f"4 lampen 20% {number}")
                await slack.wait_for(partial(_has, slack, user_id, number + 1), 20)
        pressing = asyncio.create_task(_approve(slack))
        await slack.wait_for(lambda: _files(slack) or None, 20)
        await process.end(signal.SIGKILL)
        await pressing
        await process.start()
        await _approve(slack)
        await slack.wait_for(lambda: len(_files(slack)) >= 7 or None, 40)
        asked = (await slack.wait_for(lambda: _cards(slack, CHEF, "second_approve") or None, 20))[-1]
        room = slack.workspace.im_with(CHEF).id
        await slack.click(CHEF, room, asked["ts"], "second_approve")
        await process.end(signal.SIGKILL)
        await process.start()
        await slack.wait_for(lambda: len(_files(slack)) >= 8 or None, 40)
        code = await process.end(signal.SIGTERM)
        numbers = [int(re.findall(r"\d+", name)[1]) for name in _files(slack)]

        assert code == 0
        assert numbers == list(range(1, 9))
        assert len([one for one in slack.messages(room) if "Second approval by" in str(one)]) == 1
