"""What admins set holds at once, is kept with who and when, and nobody undoes somebody else's change."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from bot import jobs
from bot.records import WorkspaceSettings
from tests.conftest import ANNA, CHEF, SALES, World, running
from tests.test_measuring import _draft, _form, _row


async def test_admins_change_settings_and_others_may_not(world: World) -> None:
    """The form checks what it is given, keeps who changed what, and the change holds at once."""
    await world.slack.command(ANNA, SALES, "/tijdwinst", "settings")
    await world.slack.called("chat.postEphemeral", where=lambda told: "Only an admin" in told["text"])
    await world.slack.command(CHEF, SALES, "/tijdwinst", "settings")
    await _form(world, CHEF)
    wrong = await world.slack.submit(CHEF, {"hourly_rate": "0", "currency": "EURO", "tz_name": "Mars"})
    await world.slack.submit(
        CHEF,
        {
            "hourly_rate": "52,50",
            "currency": "eur",
            "tz_name": "Europe/Amsterdam",
            "realisation": "60",
            "usd_rate": "0.92",
            "language": "nl",
        },
    )
    holds = await world.bot.records.workspaces.get("T1")
    changes = await world.bot.records.workspaces.changes("T1")
    dutch = await world.slack.command(ANNA, SALES, "/tijdwinst", "help")

    assert set(wrong.answer["errors"]) == {"hourly_rate", "currency", "tz_name"}
    assert (holds.hourly_rate, holds.realisation) == (Decimal("52.50"), Decimal("0.6"))
    assert holds.usd_rate_on == f"{datetime.now(UTC):%Y-%m-%d}"
    assert {change.name for change in changes} >= {"hourly_rate", "realisation", "usd_rate", "language"}
    assert all(change.user_id == CHEF for change in changes)
    assert "Ik schrijf concepten" in dutch.body


async def test_a_point_may_part_thousands(world: World) -> None:
    """1.250 euros to start are twelve hundred and fifty, as in the other forms; a dollar at 1.085 is about one."""
    await world.slack.command(CHEF, SALES, "/tijdwinst", "settings")
    await _form(world, CHEF)
    given = {
        "setup_cost": "1.250",
        "fixed_monthly_cost": "1.049,50",
        "usd_rate": "1.085",
        "realisation": "62,5",
    }
    await world.slack.submit(CHEF, given)
    im = world.slack.workspace.im_with(CHEF).id
    await world.slack.wait_for(lambda: "Saved" in str(world.slack.ephemerals(im, CHEF)))
    holds = await world.bot.records.workspaces.get("T1")

    assert (holds.setup_cost, holds.fixed_monthly_cost) == (Decimal(1250), Decimal("1049.50"))
    assert (holds.usd_rate, holds.realisation) == (Decimal("1.085"), Decimal("0.625"))


async def test_two_admins_do_not_undo_each_other(world: World) -> None:
    """Who saves a form that was opened earlier changes only what they changed in it."""
    world.slack.workspace.add_user("UBOSS", "boss", "De Baas", is_admin=True)
    for user_id in (CHEF, "UBOSS"):
        await world.slack.command(user_id, SALES, "/tijdwinst", "settings")
        await _form(world, user_id)
    await world.slack.submit(CHEF, {"hourly_rate": "65", "digest_channel_id": SALES})
    await world.slack.submit("UBOSS", {"digest_weekday": "4", "usd_rate": "0,92"})
    holds = await world.bot.records.workspaces.get("T1")
    changes = await world.bot.records.workspaces.changes("T1")

    assert (holds.hourly_rate, holds.digest_channel_id) == (Decimal(65), SALES)
    assert (holds.digest_weekday, holds.usd_rate) == (4, Decimal("0.92"))
    assert {(change.name, change.user_id) for change in changes} == {
        ("hourly_rate", CHEF),
        ("digest_channel_id", CHEF),
        ("digest_weekday", "UBOSS"),
        ("usd_rate", "UBOSS"),
        ("usd_rate_on", "UBOSS"),
    }


async def test_the_budget_warns_the_admins_once(tmp_path: Path) -> None:
    """At half, four fifths and all of the month's budget each admin gets one message."""
    async with running(tmp_path) as world:
        world.model.name = None  # so that the price is known
        await _draft(world)
        await _row(world, outcome="drafted")
        spent = (await _row(world, outcome="drafted"))["cost_microusd"]
        budget = Decimal(spent) / 1_000_000 / Decimal("0.85")
        settings = WorkspaceSettings(monthly_budget=budget)
        await world.bot.records.workspaces.change("T1", settings, user_id=CHEF)
        for _ in range(2):
            await jobs.go_round(datetime.now(UTC))
        admin = world.slack.workspace.im_with(CHEF).id
        told = [one["text"] for one in world.slack.messages(admin)]

        assert len(told) == 1
        assert "Four fifths" in told[0]
