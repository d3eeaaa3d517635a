"""Limits stop the spending before it happens, say so where it was asked, and an admin can lift them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import jobs
from bot.handlers.budget import limits_of, month_limit, to_microusd
from bot.records import Records, WorkspaceSettings
from bot.records.budgets import OverLimitError
from bot.records.ledger import Call
from bot.tasks import Run
from tests.conftest import ANNA, BEN, CHEF, SALES, World, buttons, records_in, said

WORDS = "email Write to Kim that the chairs come on Tuesday."
RUN = Run("T1:x", "T1", SALES, ANNA, "email", "command", "en")


async def _limit(world: World, **amounts: str) -> None:
    """Set limits as an admin."""
    holds = await world.bot.records.workspaces.get("T1")
    limits: dict[str, Any] = {name: Decimal(amount) for name, amount in amounts.items()}
    settings = replace(holds, **limits)
    await world.bot.records.workspaces.change("T1", settings, user_id=CHEF)


async def _refused(world: World, wanted: str, user_id: str = ANNA) -> str:
    """Return the sentence in which the bot says no, in the asker's messages tab."""
    im = world.slack.workspace.im_with(user_id).id
    message = await world.shown(wanted, im)
    return str(message["blocks"][0]["text"]["text"])


async def test_a_day_that_is_spent_stops_before_the_call_and_an_admin_lifts_it(world: World) -> None:
    """Anna reads what is spent and who can lift it; the model is not asked; the admin's press lets her go on."""
    world.model.name = None  # so that the price is known
    await world.slack.command(ANNA, SALES, "/draft", WORDS)
    first = (await world.rows(1))[0]
    await _limit(world, daily_person_budget=str(Decimal(first["cost_microusd"]) / 1_000_000))
    asked = len(world.model.requests)
    await world.slack.command(ANNA, SALES, "/draft", WORDS)
    told = await _refused(world, "Your limit for today is reached")
    row = (await world.rows(1, where=lambda row: row["outcome"] == "refused"))[0]
    admin = world.slack.workspace.im_with(CHEF).id
    question = await world.shown("has reached today's limit", admin)
    offered = buttons(question)
    apology = await world.card(having="retry")
    counted = [one for one in world.model.requests[asked:] if "count_tokens" not in str(one)]
    await world.slack.click(ANNA, admin, question["ts"], "lift_budget")
    await world.slack.click(CHEF, admin, question["ts"], "lift_budget")
    await world.shown("lifted the limit of", admin)
    await world.shown("lifted your limit for today")
    await world.slack.click(ANNA, world.im, apology["ts"], "retry")
    await world.rows(2, where=lambda row: row["outcome"] == "drafted")

    assert f"<@{CHEF}> can lift it" in told
    assert "Tomorrow there is room again" in told
    assert (row["reason"], row["calls"], row["cost_microusd"]) == ("budget-reached.day", 0, None)
    assert counted == []
    assert offered == ["lift_budget"]


async def test_only_the_limits_that_bind_stop(world: World) -> None:
    """The limit of one request, of a person's day and of the team's month each stop whom they are about."""
    world.model.name = None
    await world.slack.command(ANNA, SALES, "/draft", WORDS)
    cost = (await world.rows(1))[0]["cost_microusd"]
    spent = str(Decimal(cost) / 1_000_000)
    await _limit(world, run_budget="0.000001")
    await world.slack.command(ANNA, SALES, "/draft", WORDS)
    dear = await _refused(world, "more than one request may")
    await _limit(world, run_budget="0", daily_person_budget=spent)
    await world.slack.command(BEN, SALES, "/draft", WORDS)
    await world.rows(1, where=lambda row: row["user_id"] == BEN and row["outcome"] == "refused")
    await _limit(world, daily_person_budget="1")
    await world.slack.command(BEN, SALES, "/draft", WORDS)
    await world.rows(1, where=lambda row: row["user_id"] == BEN and row["outcome"] == "drafted")
    await _limit(world, daily_person_budget="0", monthly_budget=spent)
    await world.slack.command(BEN, SALES, "/draft", WORDS)
    team = await _refused(world, "Your team's budget for this month is reached", BEN)

    assert "/tijdwinst settings" in dear
    assert "Next month there is room again" in team


async def test_four_fifths_of_a_day_are_said_on_the_draft(world: World) -> None:
    """From 80 % of the day's limit on each draft says what is used; below it says nothing."""
    world.model.name = None
    await _limit(world, daily_person_budget="100")
    await world.slack.command(ANNA, SALES, "/draft", WORDS)
    quiet = await world.card()
    cost = (await world.rows(1))[0]["cost_microusd"]
    await world.bot.records.ledger.book(
        Call("old", (await world.rows(1))[0]["run_id"], "m", "answered", 1, 1, 0, 0, 80_000_000 - cost, 1)
    )
    await world.slack.command(ANNA, SALES, "/draft", WORDS)
    await world.rows(2)
    loud = await world.card()

    assert "for today" not in str(quiet["blocks"])
    assert "You have used €80.00 of your €100.00 for today." in str(loud["blocks"])
    assert said(loud)


async def test_the_admins_are_asked_once_a_month(world: World) -> None:
    """A budget that is spent is one message with a button for each admin, however often the clock looks."""
    world.model.name = None
    await world.slack.command(ANNA, SALES, "/draft", WORDS)
    cost = (await world.rows(1))[0]["cost_microusd"]
    await _limit(world, monthly_budget=str(Decimal(cost) / 1_000_000))
    for _ in range(2):
        await jobs.go_round(datetime.now(UTC))
    told = world.slack.messages(world.slack.workspace.im_with(CHEF).id)

    assert len(told) == 1
    assert "Lift it for this month" in str(told[0]["blocks"])


async def _open(tmp_path: Path, people: int) -> Records:
    records = records_in(tmp_path)
    for n in range(people):
        await records.ledger.open(replace(RUN, run_id=f"T1:{n}", user_id=f"U{n}"), claimed_minutes=5)
    return records


async def test_runs_of_one_moment_share_what_is_left(tmp_path: Path) -> None:
    """Twenty people who ask at once with room for three get three answers, and the rest a no."""
    records = await _open(tmp_path, 20)
    settings = WorkspaceSettings(monthly_budget=Decimal("0.003"))
    limits = [month_limit("T1", settings, datetime.now(UTC))]

    async def begin(n: int) -> bool:
        try:
            await records.ledger.begin_call(
                f"c{n}",
                run_id=f"T1:{n}",
                model="m",
                attempt=f"c{n}!1",
                estimate_microusd=1_000,
                limits=limits,
            )
        except OverLimitError:
            return False
        return True

    began = await asyncio.gather(*(begin(n) for n in range(20)))
    held = await records.budgets.spent(limits[0])
    first = began.index(True)
    await records.ledger.book(
        Call(f"c{first}", f"T1:{first}", "m", "answered", 1, 1, 0, 0, 200, 1), attempt=f"c{first}!1"
    )
    after = await records.budgets.spent(limits[0])
    await records.close()

    assert began.count(True) == 3
    assert (held, after) == (3_000, 2_200)


async def test_an_unknown_cost_counts_as_estimated(tmp_path: Path) -> None:
    """A call that broke off or has no price still counts against the limit, and stays unknown in the ledger."""
    records = await _open(tmp_path, 1)
    limits = [month_limit("T1", WorkspaceSettings(monthly_budget=Decimal(1)), datetime.now(UTC))]
    begin = records.ledger.begin_call
    await begin("a", run_id="T1:0", model="m", attempt="a!1", estimate_microusd=700, limits=limits)
    await begin("a", run_id="T1:0", model="m", attempt="a!2", estimate_microusd=700, limits=limits)
    await records.ledger.book(Call("a", "T1:0", "m", "answered", 1, 1, 0, 0, None, 1), attempt="a!2")
    counted = await records.budgets.spent(limits[0])
    row = (await records.ledger.newest())[0]
    await records.ledger.end_call("a!3")
    await records.close()

    assert counted == 1_400
    assert (row["cost_microusd"], row["calls_unpriced"]) == (None, 2)


@given(
    moment=st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2030, 1, 1)).map(
        lambda moment: moment.replace(tzinfo=UTC)
    ),
    zone=st.sampled_from(["Europe/Amsterdam", "America/New_York", "UTC", "Asia/Kolkata"]),
)
def test_periods_hold_their_moment(moment: datetime, zone: str) -> None:
    """A day and a month begin at midnight where the firm is, and are called after that day."""
    settings = WorkspaceSettings(
        tz_name=zone, monthly_budget=Decimal(1), daily_person_budget=Decimal(1), run_budget=Decimal(1)
    )
    of_run, of_day, of_month = limits_of(settings, RUN, moment)

    assert of_run.since < of_month.since <= of_day.since <= moment
    assert of_day.period == f"{moment.astimezone(settings.zone):%Y-%m-%d}"
    assert of_day.period.startswith(of_month.period)
    assert of_day.since.astimezone(settings.zone).strftime("%H:%M") == "00:00"


@pytest.mark.parametrize(
    ("amount", "usd_rate", "microusd"),
    [("10", "1", 10_000_000), ("0.92", "0.92", 1_000_000), ("5", "0.85", 5_882_353), ("0", "1", 0)],
)
def test_a_limit_is_set_in_the_firms_currency(amount: str, usd_rate: str, microusd: int) -> None:
    """Euros are held against dollars at the price that an admin set."""
    assert to_microusd(Decimal(amount), Decimal(usd_rate)) == microusd


async def test_an_admin_sets_limits_days_and_guests_in_the_form(world: World) -> None:
    """Each is checked as it is typed, holds at once, and stands in the log."""
    await world.slack.command(CHEF, SALES, "/tijdwinst", "settings")
    await world.slack.wait_for(lambda: world.slack.modals.get(CHEF))
    wrong = await world.slack.submit(CHEF, {"retention_days": "366", "run_budget": "-1"})
    await world.slack.submit(
        CHEF,
        {
            "daily_person_budget": "1,50",
            "run_budget": "0.25",
            "retention_days": "7",
            "guests_welcome": "no",
        },
    )
    holds = await world.bot.records.workspaces.get("T1")
    logged = {event.subject for event in await world.bot.records.audit.newest("T1")}

    assert set(wrong.answer["errors"]) == {"retention_days", "run_budget"}
    assert (holds.daily_person_budget, holds.run_budget) == (Decimal("1.50"), Decimal("0.25"))
    assert (holds.retention_days, holds.guests_welcome) == (7, False)
    assert logged == {"daily_person_budget", "run_budget", "retention_days", "guests_welcome"}
