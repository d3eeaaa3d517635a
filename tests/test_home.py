"""The Home tab says what waits, what is recent and what is set, stays true while one looks, and forms come from it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.records import WorkspaceSettings
from bot.sandbox.limits import check_view
from tests.conftest import ANNA, BEN, CHEF, GUEST, SALES, World, running
from tests.test_measuring import _draft, _form


async def _home(world: World, user_id: str, *having: str) -> str:
    """Return somebody's Home tab once it says what is wanted."""

    def look() -> str | None:
        shown = str(world.slack.home(user_id))
        return shown if all(wanted in shown for wanted in having) else None

    return str(await world.slack.wait_for(look))


async def _said(world: World, user_id: str, count: int) -> list[dict[str, Any]]:
    """Return what only that person was told in the channel, once it is so much."""

    def look() -> list[dict[str, Any]] | None:
        told = world.slack.ephemerals(SALES, user_id)
        return told if len(told) >= count else None

    return await world.slack.wait_for(look)


async def _press(world: World, user_id: str, action_id: str) -> dict[str, Any]:
    """Press a button of the Home tab and return the form that opens."""
    await world.slack.click_in_view(user_id, action_id)
    return await _form(world, user_id)


async def test_what_waits_is_linked_and_goes_when_it_is_decided(world: World) -> None:
    """Who looks sees the draft with a link; approving it moves it to the last drafts without another visit."""
    card = await _draft(world)
    await world.rows()
    await world.slack.open_home(ANNA)
    before = await _home(world, ANNA, "wait for a decision: 1", "waits for you")
    await world.slack.click(ANNA, world.im, card["ts"], "approve")
    after = await _home(world, ANNA, "wait for a decision: 0", "Nothing waits", ": approved, ")

    assert f"/archives/{world.im}/p{card['ts'].replace('.', '')}|Summarize a thread>" in before
    assert "Last changes" not in after
    assert "home_settings" not in after


async def test_a_draft_that_comes_while_an_admin_looks_is_shown(world: World) -> None:
    """The tab that is open tells of the new draft by itself, and the run behind it is not disturbed."""
    await world.slack.open_home(CHEF)
    await _home(world, CHEF, "Nothing waits")
    root = await world.thread((ANNA, "40 chairs on Friday?"), (BEN, "Yes, for 1.250 euros."))
    await world.slack.command(CHEF, SALES, "/summarize", world.link(root))
    await world.rows()
    shown = await _home(world, CHEF, "wait for a decision: 1", "Last draft: ", "0 requests wait")

    assert "waits for you" in shown


async def test_a_press_on_a_task_opens_its_form(world: World) -> None:
    """A task's button opens New draft with that task chosen, in the tab and under the help."""
    await world.slack.open_home(ANNA)
    await _home(world, ANNA, "start_task:quote")
    view = await _press(world, ANNA, "start_task:quote")
    chosen = view["blocks"][0]["element"]["initial_option"]["value"]

    assert view["callback_id"] == "new_draft"
    assert chosen == "quote"


async def test_a_form_that_opens_too_late_is_told(world: World) -> None:
    """When Slack has let go of the press, the person reads that they can press again."""
    await world.slack.open_home(ANNA)
    await _home(world, ANNA, "home_privacy")
    world.slack.fail("views.open", error="expired_trigger_id")
    await world.slack.click_in_view(ANNA, "home_privacy")
    told = await world.slack.called(
        "chat.postEphemeral", where=lambda one: "Press it once more" in one["text"]
    )

    assert told.arguments["user"] == ANNA


async def test_admins_set_each_group_and_it_holds_at_once(world: World) -> None:
    """A group's form changes only that group; the tab says at once what holds, who changed it, and in Dutch."""
    await world.slack.open_home(CHEF)
    shown = await _home(world, CHEF, "home_settings:money", "No fault", "Version 0.", "There is none yet")
    await _press(world, CHEF, "home_settings:money")
    await world.slack.submit(CHEF, {"hourly_rate": "52,50"})
    changed = await _home(world, CHEF, "What an hour of work costs you: €52.50", f"by <@{CHEF}>")
    await _press(world, CHEF, "home_settings:firm")
    await world.slack.submit(CHEF, {"language": "nl"})
    await _home(world, CHEF, "Jouw concepten die op een beslissing wachten", "Taal: Nederlands, door")
    holds = await world.bot.records.workspaces.get("T1")

    assert (holds.hourly_rate, holds.language) == (Decimal("52.5"), "nl")
    assert "Share of the saved time" in changed
    assert "Guests may ask: Yes" in shown
    assert "0 documents." in shown
    assert "in ten by hand" not in shown


async def test_a_restart_keeps_the_language(tmp_path: Path) -> None:
    """What an admin chose in Slack holds after a restart, whatever the environment says."""
    async with running(tmp_path) as world:
        dutch = WorkspaceSettings(language="nl", model_smart="claude-haiku-5-5")
        await world.bot.records.workspaces.change("T1", dutch, user_id=CHEF)
    async with running(tmp_path) as world:
        told = await world.slack.command(ANNA, SALES, "/tijdwinst", "help")
        await _draft(world)
        asked = world.model.requests[-1].body["model"]

    assert "Ik schrijf concepten" in told.body
    assert asked == "claude-haiku-5-5"


async def test_a_model_is_one_that_the_server_offers(world: World) -> None:
    """The form lists the server's models, refuses another one, and the next draft is written by the new one."""
    await world.slack.open_home(CHEF)
    await _home(world, CHEF, "home_settings:models")
    view = await _press(world, CHEF, "home_settings:models")
    offered = [option["value"] for option in view["blocks"][1]["element"]["options"]]
    holds = view["blocks"][1]["element"]["initial_option"]["value"]
    other = next(one for one in offered if one != holds)
    await world.slack.submit(CHEF, {"model_smart": other})
    await _home(world, CHEF, f"Model that writes drafts: {other}")
    await _draft(world)

    assert world.model.requests[-1].body["model"] == other


async def test_named_people_decide_for_others(world: World) -> None:
    """Who is named as reviewer may approve somebody else's draft; others may not."""
    card = await _draft(world)
    await world.slack.click(BEN, world.im, card["ts"], "approve")
    before = await world.rows()
    await world.slack.command(CHEF, SALES, "/tijdwinst", "settings review")
    await _form(world, CHEF)
    await world.slack.submit(CHEF, {"reviewers": [BEN]})
    await world.slack.wait_for(lambda: world.workspace.intake.holds.reviewers)
    await world.slack.click(BEN, world.im, card["ts"], "approve")
    row = (await world.rows(where=lambda row: row["decided_at"]))[0]

    assert before[0]["reviewer_id"] is None
    assert row["reviewer_id"] == BEN


async def test_channels_that_were_not_chosen_are_left_alone(world: World) -> None:
    """Elsewhere only the asker reads where the bot works; in the messages tab it works as ever."""
    await world.slack.command(CHEF, SALES, "/tijdwinst", "settings kanalen")
    await _form(world, CHEF)
    world.slack.workspace.add_channel("COTHER", "other", "public", [ANNA, world.slack.workspace.bot_user_id])
    await world.slack.submit(CHEF, {"channels": ["COTHER"]})
    await world.slack.wait_for(lambda: world.workspace.intake.holds.channels)
    root = await world.thread((ANNA, "40 chairs on Friday?"), (BEN, "Yes."))
    mention = f"<@{world.slack.workspace.bot_user_id}> summarise"
    await world.slack.say(ANNA, SALES, mention, thread_ts=root)
    told = await world.slack.called("chat.postEphemeral", where=lambda one: "<#COTHER>" in one["text"])
    asked = await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
    await world.slack.shortcut(ANNA, SALES, root, "summarize_thread")
    shortcut = await world.slack.called(
        "chat.postEphemeral", where=lambda one: "<#COTHER>" in one["text"], after=1
    )
    await world.slack.say(ANNA, world.im, "Write an e-mail to the landlord: the heating fails.")
    await world.card()

    assert told.arguments["user"] == ANNA
    assert "I do not work in that channel" in asked.body
    assert "<#COTHER>" in shortcut.arguments["text"]
    assert len(await world.rows()) == 1


async def test_guests_see_their_own_and_nothing_of_the_firm(world: World) -> None:
    """A guest has drafts and help; figures, settings and the list of work are for members."""
    world.slack.workspace.add_user("UOUT", "out", "Van Elders", is_admin=True, team_id="T2", is_stranger=True)
    world.slack.workspace.channels[SALES].members += [GUEST, "UOUT"]
    for user_id in (GUEST, "UOUT"):
        await world.slack.open_home(user_id)
        shown = await _home(world, user_id, "Nothing waits")
        await world.slack.command(user_id, SALES, "/tijdwinst", "settings")
        await world.slack.command(user_id, SALES, "/tijdwinst", "baseline")
        await world.slack.command(user_id, SALES, "/tijdwinst", "value")
        said = await _said(world, user_id, 4)

        assert "This month" not in shown
        assert "home_settings" not in shown
        assert user_id not in world.slack.workspace.modals
        assert sum("only members of this workspace" in one["text"] for one in said) == 2
        assert sum("Only an admin" in one["text"] for one in said) == 1


async def test_whom_slack_does_not_show_is_no_member(world: World) -> None:
    """Somebody of another firm whom Slack hides from the bot opens neither the customers nor the list of work."""
    world.slack.fail("users.info", error="user_not_visible", times=9)
    await world.slack.command(BEN, SALES, "/tijdwinst", "customers")
    await world.slack.command(BEN, SALES, "/tijdwinst", "baseline")
    said = await _said(world, BEN, 2)

    assert BEN not in world.slack.workspace.modals
    assert all("only members of this workspace" in one["text"] for one in said)


async def test_people_delete_their_own_texts(world: World) -> None:
    """The form says what is kept; pressed, the texts of what is decided are gone and the ledger has its rows."""
    card = await _draft(world)
    await world.slack.click(ANNA, world.im, card["ts"], "approve")
    await world.rows(where=lambda row: row["decided_at"])
    await world.card(having="undo")
    await _draft(world)
    await world.rows(2)
    await world.slack.open_home(ANNA)
    await _home(world, ANNA, "home_privacy")
    view = str(await _press(world, ANNA, "home_privacy"))
    await world.slack.click_in_view(ANNA, "privacy_delete")
    renewed = await world.slack.wait_for(
        lambda: one if "Deleted" in str(one := world.slack.modals.get(ANNA)) else None
    )
    kept = await world.bot.records.personal.kept("T1", ANNA)

    assert "of 2 requests" in view
    assert "the texts of 1 request." in str(renewed)
    assert "waits for a decision is kept" in str(renewed)
    assert (kept.texts, kept.deletable, kept.rows) == (1, 0, 2)


async def test_two_admins_who_save_at_once_read_of_each_other(world: World) -> None:
    """The second to save is told what the first changed meanwhile, and whose word holds where both changed it."""
    world.slack.workspace.add_user("UBOSS", "boss", "De Baas", is_admin=True)
    for user_id in (CHEF, "UBOSS"):
        await world.slack.command(user_id, SALES, "/tijdwinst", "settings money")
        await _form(world, user_id)
    await world.slack.submit(CHEF, {"hourly_rate": "65", "monthly_budget": "20", "usd_rate": "0,92"})
    await world.slack.submit("UBOSS", {"hourly_rate": "70"})
    im = world.slack.workspace.im_with("UBOSS").id
    said = await world.slack.wait_for(
        lambda: next((one["text"] for one in world.slack.ephemerals(im, "UBOSS")), None)
    )
    holds = await world.bot.records.workspaces.get("T1")

    assert "somebody else changed" in said
    assert f"Budget a month for the model: €20.00, by <@{CHEF}>" in said
    assert f"What an hour of work costs you: €65.00, by <@{CHEF}> (yours came later" in said
    assert "in your currency: €0.92" in said
    assert (holds.hourly_rate, holds.monthly_budget) == (Decimal(70), Decimal(20))


async def test_a_full_home_keeps_to_slacks_limits(world: World) -> None:
    """Somebody with many open drafts and a team with a long list still has a tab that Slack takes."""
    db = world.bot.records.store
    at = "2026-11-20T10:00:00.000+00:00"
    rows = [(f"r{n}", "T1", SALES, CHEF, f"task-{n}", "command", at, at, "drafted", at) for n in range(40)]

    def fill(store: Any) -> None:
        store.executemany(
            """
            insert into runs (run_id, team_id, channel_id, user_id, task, surface, started_at, finished_at, outcome,
                delivered_at, baseline_minutes, baseline_source, asking_minutes)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 15, 'claimed', 1)
            """,
            rows,
        )

    await db.write(fill)
    await world.slack.open_home(CHEF)
    shown = await _home(world, CHEF, "and 32 more")

    assert check_view(world.slack.home(CHEF) or {}) == []
    assert "decision: 40" in shown
