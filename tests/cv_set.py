"""CVs of a vacancy in the local Slack: files, a model that reads them, and the bot killed while they are read."""

from __future__ import annotations

import json
import random
import re
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.jobs.candidates import LANES
from bot.sandbox.model import Model
from bot.sandbox.model_rules import user_text
from bot.sandbox.slack import Slack
from tests.conftest import ANNA, CHEF, buttons, make_slack
from tests.documents import word
from tests.process import BotProcess
from tests.stored import looked_up

BUSY_S, LONG_S = 60.0, 900.0  # what a machine that others use may take for a form, and for all CVs
PER_MESSAGE = 10
"""Files that Slack takes in one message."""

FIRST_NAMES = ("Fatima", "Jan", "Ngozi", "Emma", "Mehmet", "Sanne", "Wei", "Pieter", "Aisha", "Tom")
LAST_NAMES = (
    "El Amrani",
    "de Vries",
    "Okafor",
    "Bakker",
    "Yılmaz",
    "Visser",
    "Zhang",
    "Smit",
    "Haddad",
    "Mulder",
)
CRITERIA = (
    "Makes window frames",
    "Works from drawings",
    "VCA certificate",
    "Explains work",
    "Listed buildings",
)
PROPOSED = {
    "title": "Joiner, Deventer",
    "criteria": [
        {"criterion": words, "kind": "must", "weight": 2, "evidence": "what was made"} for words in CRITERIA
    ],
    "left_out": [],
}
RULES = {
    "purpose": "finding evidence for criteria",
    "legal_basis": "GDPR article 6(1)(f)",
    "dpia_on": "2026-11-02",
    "overseer_id": CHEF,
    "retention_weeks": "4",
    "notice": "AI helps us to read your CV; a person decides.",
    "council": "none",
}


def cv(number: int) -> bytes:
    """Write a CV that no other one is like."""
    name = f"{FIRST_NAMES[number % 10]} {LAST_NAMES[number // 10 % 10]}"
    return word(
        name,
        f"E-mail: someone{number}@mail.example",
        f"Made window frames and stairs from drawings in workshop W{number}.",
        "VCA-VOL certificate since 2019.",
    )


def read_quotes(body: dict[str, Any]) -> dict[str, Any]:
    """Answer about a CV as it stands there, or propose criteria where there is none."""
    if "<cv mark" not in json.dumps(body):
        return PROPOSED
    quotes = {
        "Makes window frames": ("met", ["Made window frames and stairs"]),
        "Works from drawings": ("partly", ["from drawings in workshop"]),
        "VCA certificate": ("met", ["VCA-VOL certificate since 2019"]),
    }
    told = {}
    for number, criterion in re.findall(r"^c(\d+): ([^.\n]+)", user_text(body), re.MULTILINE):
        status, lines = quotes.get(criterion, ("not_found", []))
        told[f"c{number}"] = {"status": status, "quotes": lines}
    return told


async def _begin(slack: Slack) -> str:
    """Fill in the rules, lock the criteria of a vacancy, and return the `ts` of its card."""
    chef_im, im = slack.workspace.im_with(CHEF).id, slack.workspace.im_with(ANNA).id
    await slack.command(CHEF, chef_im, "/tijdwinst", "cv")
    await slack.wait_for(lambda: slack.modal(CHEF), BUSY_S)
    await slack.submit(CHEF, RULES)
    await slack.command(ANNA, im, "/draft", "screening Joiner in Deventer: window frames")

    def look() -> dict[str, Any] | None:
        return next((one for one in slack.messages(im) if "screening_lock" in buttons(one)), None)

    card = await slack.wait_for(look, BUSY_S)
    await slack.click(ANNA, im, card["ts"], "screening_lock")
    await slack.wait_for(lambda: slack.modal(ANNA), BUSY_S)
    await slack.submit(ANNA)
    await slack.wait_for(lambda: "The criteria were locked by" in str(slack.messages(im)) or None, BUSY_S)
    return str(card["ts"])


async def _send(slack: Slack, card_ts: str, count: int) -> None:
    """Send CVs in the thread of a card, in as many messages as Slack needs for them."""
    im = slack.workspace.im_with(ANNA).id
    files = [(f"cv-{number}.docx", cv(number)) for number in range(count)]
    for at in range(0, count, PER_MESSAGE):
        await slack.say(ANNA, im, "", thread_ts=card_ts, files=files[at : at + PER_MESSAGE])


async def _agree(slack: Slack, card_ts: str, count: int) -> None:
    """Agree to the price of all CVs once it is shown."""
    im = slack.workspace.im_with(ANNA).id

    def look() -> dict[str, Any] | None:
        told = slack.messages(im, card_ts)
        return next((one for one in told if f"Read {count} CVs" in str(one)), None)

    await slack.click(ANNA, im, (await slack.wait_for(look, LONG_S))["ts"], "screening_read")


@dataclass(frozen=True)
class Outcome:
    """What came of CVs whose bot was killed again and again.

    Attributes:
        read: candidates that were read; `twice` of them with findings, or a draft, more than once.
        paid: questions that the model was asked more than once; `in_flight` is how many can have been: a lane
            asks one at a time, and a kill takes what is asked, or answered and not stored yet.
        booked: calls in the ledger.
        seconds: from the first CV sent to the last one read, the starts included.
        cpu_s: what the bot and its readers of files took of the processor; after kills since the last start.
    """

    read: int
    twice: int
    paid: int
    in_flight: int
    booked: int
    seconds: float
    cpu_s: float


async def read_killed(count: int, kills: int, folder: Path, *, seed: int = 7) -> Outcome:
    """Have *count* CVs read while the bot is killed *kills* times at random moments."""
    chance = random.Random(seed)
    async with make_slack() as slack, Model() as model:
        model.answer_with(read_quotes)
        bot = BotProcess(slack, model, folder, http=True)
        await bot.start()
        card_ts = await _begin(slack)
        im = slack.workspace.im_with(ANNA).id
        started_s, cpu_s = time.monotonic(), 0.0 if kills else -bot.cpu_s()
        await _send(slack, card_ts, count)
        for number in range(kills + 1):
            # The first half of the kills hits while files are opened, the other while CVs are read.
            if number == kills // 2:
                await _agree(slack, card_ts, count)
            if number == kills:
                break
            await bot.crash(chance)
        wanted = f"{count} of {count} CVs read"
        await slack.wait_for(lambda: wanted in str(slack.messages(im, card_ts)) or None, LONG_S)
        seconds, cpu_s = time.monotonic() - started_s, cpu_s + bot.cpu_s()
        await bot.end()
        asked = Counter(
            user_text(one.body)  # the CV, and the criteria in the order of its pass
            for one in model.requests
            if "<cv mark" in json.dumps(one.body)
        )
    return _outcome(
        folder, paid=sum(asked.values()) - len(asked), in_flight=LANES * kills, seconds=seconds, cpu_s=cpu_s
    )


def _outcome(folder: Path, *, paid: int, in_flight: int, seconds: float, cpu_s: float) -> Outcome:
    def count(sql: str) -> int:
        return int(looked_up(folder, sql)[0][0])

    read = count("select count(*) from screening_candidates where status = 'read'")
    findings = count("select count(*) from screening_findings")
    drafts = count(
        "select count(*) from drafts where run_id in (select candidate_id from screening_candidates)"
    )
    booked = count(
        "select count(*) from calls where result = 'answered'"
        " and run_id in (select candidate_id from screening_candidates)"
    )
    steps = count("select count(*) from screening_log where step = 'read'")
    twice = findings // len(CRITERIA) - read + drafts - read + steps - read
    return Outcome(read, twice, paid, in_flight, booked, seconds, cpu_s)
