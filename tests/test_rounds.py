"""The week's digest and the evaluation arrive once, where they should, and say what the ledger says."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dbos import DBOS

from bot import jobs
from bot.jobs import keeping
from bot.offline import digest, evaluate, export
from bot.records import WorkspaceSettings
from bot.records.export import read_rows
from bot.sandbox.model import Model
from bot.sandbox.watch import PATIENCE_S
from tests.conftest import ANNA, BEN, CHEF, SALES, World, buttons, make_slack, running
from tests.test_run import LINES


async def _decided(world: World, user_id: str = ANNA, act: str = "approve") -> None:
    """Ask for a summary and decide on it."""
    before = len(await world.rows(0, where=lambda row: row["decided_at"]))
    im = world.slack.workspace.im_with(user_id).id
    root = await world.thread(*LINES)
    await world.slack.command(user_id, SALES, "/summarize", world.link(root))
    card = await world.card(im)
    await world.slack.click(user_id, im, card["ts"], act)
    await world.rows(before + 1, where=lambda row: row["decided_at"])
    await world.slack.wait_for(lambda: not any("approve" in buttons(one) for one in world.slack.messages(im)))


async def _all_posted(world: World) -> None:
    """Wait until no digest is due and not posted."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if not await world.bot.records.workspaces.unposted_digests("T1"):
                return
            await asyncio.sleep(0.02)


async def _working() -> bool:
    return bool(await DBOS.list_workflows_async(status=["PENDING"], load_input=False, load_output=False))


def _monday(weeks: int = 0) -> datetime:
    """Return a moment just after the next digest is due; earlier than a week from now, so that nothing else is."""
    local = datetime.now(ZoneInfo("Europe/Amsterdam"))
    due = local.replace(hour=9, minute=0, second=30) + timedelta(days=-local.weekday() % 7)
    due += timedelta(days=7 * weeks + (0 if due > local else 7))
    return due.astimezone(UTC)


async def _set(world: World, **changed: Any) -> None:
    await world.bot.records.workspaces.change("T1", WorkspaceSettings(**changed), user_id=CHEF)


def _digests(world: World, channel_id: str) -> list[dict[str, Any]]:
    return [one for one in world.slack.messages(channel_id) if "header" in str(one.get("blocks"))]


async def _digest(world: World, channel_id: str) -> dict[str, Any]:
    found = await world.slack.wait_for(lambda: _digests(world, channel_id))
    return found[-1]


async def test_the_digest_is_posted_once_where_the_team_wants_it(world: World) -> None:
    """However often the clock strikes, the week's digest stands once in the team's channel, with its picture."""
    await _set(world, digest_channel_id=SALES)
    await _decided(world)
    await _decided(world, act="discard")
    for _ in range(3):
        await jobs.go_round(_monday())
    posted = await _digest(world, SALES)
    await jobs.go_round(_monday())
    kinds = [block["type"] for block in posted["blocks"]]

    assert len(_digests(world, SALES)) == 1
    assert {"table", "data_visualization"} <= set(kinds)
    assert "Anna" not in str(posted)
    assert len(posted["text"]) > 100


async def test_a_restart_posts_no_digest_twice(tmp_path: Path) -> None:
    """A bot that is started anew in the middle of Monday morning does not repeat itself."""
    async with make_slack() as slack, Model() as model:
        async with running(tmp_path, slack=slack, model=model) as world:
            await _set(world, digest_channel_id=SALES)
            await _decided(world)
            await jobs.go_round(_monday())
            await _digest(world, SALES)
        async with running(tmp_path, slack=slack, model=model) as world:
            await jobs.go_round(_monday())
            assert len(_digests(world, SALES)) == 1


async def test_a_clock_that_jumps_posts_no_digest_twice(world: World) -> None:
    """Somebody sets the machine's clock back by days and forward again: Monday's digest stands there once."""
    await _set(world, digest_channel_id=SALES)
    await _decided(world)
    for hours in (0, -1, -48, 0, 1, -1):
        await jobs.go_round(_monday() + timedelta(hours=hours))
        await _all_posted(world)
    await _digest(world, SALES)

    assert len(_digests(world, SALES)) == 1


async def test_a_lost_answer_posts_no_digest_twice(world: World) -> None:
    """When the connection breaks after Slack took the digest, it is found again instead of posted again."""
    await _set(world, digest_channel_id=SALES)
    await _decided(world)
    world.slack.fail("chat.postMessage", drop=True, after=True)
    await jobs.go_round(_monday())
    await world.slack.called("conversations.history")
    rows = await world.bot.records.workspaces.unposted_digests("T1")

    assert len(_digests(world, SALES)) == 1
    assert len(rows) <= 1


@pytest.mark.parametrize("how", ["archived", "none"])
async def test_a_channel_that_is_gone_sends_the_digest_to_the_admins(world: World, how: str) -> None:
    """An archived or missing channel loses no digest: the admins get it, with the reason."""
    await _set(world, digest_channel_id=SALES if how == "archived" else "")
    await _decided(world)
    world.slack.workspace.channels[SALES].is_archived = how == "archived"
    await jobs.go_round(_monday())
    posted = await _digest(world, world.slack.workspace.im_with(CHEF).id)

    assert ("archived" if how == "archived" else "No channel is chosen") in str(posted["blocks"])
    assert _digests(world, SALES) == []


async def test_an_admin_who_cannot_be_reached_holds_no_digest_up(world: World) -> None:
    """One admin whose messages tab does not open keeps the digest neither from the others nor from being done."""
    world.slack.workspace.add_user("UBOSS", "boss", "De Baas", is_admin=True)
    await _decided(world)
    world.slack.fail("conversations.open", error="cannot_dm_bot")
    await jobs.go_round(_monday())
    await _all_posted(world)
    ims = [world.slack.workspace.im_with(user_id).id for user_id in (CHEF, "UBOSS")]

    assert sum(len(_digests(world, im)) for im in ims) == 1


async def test_a_missed_week_is_posted_late_and_says_so(world: World) -> None:
    """After three weeks off, the week with runs comes late and says that the bot was off."""
    await _set(world, digest_channel_id=SALES, quiet_week="none")
    await _decided(world)
    await jobs.go_round(_monday(2))
    posted = await _digest(world, SALES)

    assert len(_digests(world, SALES)) == 1
    assert "late" in str(posted["blocks"]).lower()


async def test_where_slack_draws_no_charts_a_picture_comes(world: World) -> None:
    """A workspace that refuses the chart block gets the same figures as a PNG with alt text."""
    await _set(world, digest_channel_id=SALES)
    await _decided(world)
    world.slack.fail("chat.postMessage", error="invalid_blocks")
    await jobs.go_round(_monday())
    await _digest(world, SALES)
    await world.slack.called("files.completeUploadExternal")
    file = next(iter(world.slack.workspace.files.values()))
    alt = next(c.arguments["alt_txt"] for c in world.slack.calls if c.method == "files.getUploadURLExternal")

    assert (file.content or b"").startswith(b"\x89PNG")
    assert alt


async def test_the_evaluation_comes_with_a_pdf(world: World) -> None:
    """`/tijdwinst value` answers in the messages tab: too early after one draft, and all of it as a PDF."""
    await _decided(world)
    acked = await world.slack.command(ANNA, SALES, "/tijdwinst", "value this month")
    wrong = await world.slack.command(ANNA, SALES, "/tijdwinst", "value someday")
    answer = await _digest(world, world.im)
    await world.slack.called("files.completeUploadExternal")
    file = next(iter(world.slack.workspace.files.values()))

    assert "messages tab" in acked.body
    assert "do not know that period" in wrong.body
    assert "too early" in str(answer["blocks"]).lower()
    assert (file.content or b"").startswith(b"%PDF")
    assert f"-{datetime.now(ZoneInfo('Europe/Amsterdam')):%Y-%m-%d}-" in file.name


@pytest.mark.parametrize("after", [True, False])
async def test_slack_may_hiccup_while_the_pdf_comes(world: World, after: bool) -> None:
    """The connection breaks while the evaluation's PDF is brought: it comes with the next try, and once."""
    await _decided(world)
    world.slack.fail("files.completeUploadExternal", drop=True, after=after)
    await world.slack.command(ANNA, SALES, "/tijdwinst", "value this month")
    await world.slack.called("files.completeUploadExternal")
    async with asyncio.timeout(PATIENCE_S):
        while await _working():  # noqa: ASYNC110 - the engine tells nobody when it is done
            await asyncio.sleep(0.02)
    brought = [one for one in world.slack.messages(world.im) if one.get("files")]

    assert len(brought) == 1


@pytest.mark.parametrize("workflow", [keeping._personal, keeping._proof])
async def test_an_export_over_midnight_is_one_file(world: World, workflow: Any) -> None:
    """Asked for before midnight and brought after it, a file has the name of its day: so it is found again."""
    await _decided(world)
    handle = await DBOS.start_workflow_async(workflow, "T1", ANNA, "r1", "2026-01-31")
    await handle.get_result(polling_interval_sec=0.02)
    (file,) = world.slack.workspace.files.values()

    assert "2026-01-31" in file.name


async def test_the_home_tab_tells_the_month(world: World) -> None:
    """Before a decision nothing is saved, and the Home tab says so; after it, the team's figure with its range."""
    root = await world.thread(*LINES)
    await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
    card = await world.card()
    await world.rows()
    await world.slack.open_home(ANNA)
    await world.slack.called("views.publish")
    before = str(world.slack.api.homes[ANNA])
    await world.slack.click(ANNA, world.im, card["ts"], "approve")
    await world.rows(where=lambda row: row["decided_at"])
    await world.slack.open_home(ANNA)
    await world.slack.called("views.publish", after=1)
    after = str(world.slack.api.homes[ANNA])

    assert "nothing saved yet" in before
    assert "decision: 1" in before
    assert "all of you together" in after
    assert "decision: 0" in after


async def test_the_export_adds_up_to_the_digest(world: World) -> None:
    """Whoever adds the exported rows up gets the digest's figures: minutes and money, to the cent."""
    from bot.digest import gather

    world.model.name = None  # so that prices are known
    for user_id, act in ((ANNA, "approve"), (BEN, "discard"), (ANNA, "approve"), (CHEF, "approve")):
        await _decided(world, user_id, act)
    start, end = datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(seconds=1)
    figures = await gather(world.bot.records, "T1", start=start, end=end, moment=end)
    rows = list(read_rows(world.bot.records.store, "runs", start=start, end=end))
    total = figures.totals.by_kind["claimed"]

    assert len(rows) == 4
    assert sum(row["cost_microusd"] for row in rows) == figures.spent.model_microusd
    assert sum(row["minutes_saved"] for row in rows) == pytest.approx(total.rows_minutes)
    assert sum(row["review"] == "approved" for row in rows) == figures.accepted


async def test_the_command_line_says_the_same(
    tmp_path: Path, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """`python -m bot digest` and `evaluate` print what Slack would show, beside the running bot."""
    await _decided(world)
    capsys.readouterr()
    out = tmp_path / "report.pdf"
    codes = [
        await digest(world.bot.settings),
        await evaluate(world.bot.settings, start=None, end=None, out=out),
    ]
    told = capsys.readouterr()

    assert codes == [0, 0]
    assert "&amp;" not in told.out
    assert "Too early" in told.out
    assert out.read_bytes().startswith(b"%PDF")
    assert "written:" in told.err


async def test_a_day_beyond_the_calendar_is_told(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """`--from 0001-01-01` is answered with a sentence, not with a traceback."""
    await _decided(world)
    day = date(1, 1, 1)
    codes = [
        export(world.bot.settings, "runs", form="csv", start=day, end=None),
        await evaluate(world.bot.settings, start=day, end=None, out=None),
    ]

    assert codes == [2, 2]
    assert "do not know that period" in capsys.readouterr().err


async def test_money_is_shown_in_the_firms_currency(world: World) -> None:
    """The hourly rate, the dollar's price and its day are the admins' own, and stand beside what follows from them."""
    await _set(
        world,
        digest_channel_id=SALES,
        hourly_rate=Decimal("61.50"),
        usd_rate=Decimal("0.9123"),
        usd_rate_on="2026-11-20",
    )
    await _decided(world)
    await jobs.go_round(_monday())
    told = json.dumps((await _digest(world, SALES))["blocks"], ensure_ascii=False)

    assert "0.9123" in told
    assert "20 November 2026" in told
    assert "61.50" in told


@pytest.mark.parametrize(("quiet_week", "count"), [("short", 2), ("none", 1)])
async def test_a_quiet_week_is_short_or_not_there(world: World, quiet_week: str, count: int) -> None:
    """A week without requests gives one honest sentence, or nothing when the team wants that."""
    await _set(world, digest_channel_id=SALES, quiet_week=quiet_week)
    await _decided(world)
    await jobs.go_round(_monday())
    await _digest(world, SALES)
    await jobs.go_round(_monday(1))

    await _all_posted(world)

    assert len(_digests(world, SALES)) == count


async def test_a_task_that_is_gone_keeps_its_history(world: World) -> None:
    """A prompt file that was removed or renamed stays in the figures under its old name."""
    await _set(world, digest_channel_id=SALES, least_people=1)
    await _decided(world)
    await world.bot.records.store.write(lambda db: db.execute("update runs set task = 'old-letter'"))
    await jobs.go_round(_monday())
    posted = await _digest(world, SALES)

    assert "old-letter" in str(posted["blocks"])


async def test_the_digest_speaks_dutch(tmp_path: Path) -> None:
    """With Dutch as the firm's language everything in the digest is Dutch, money and dates too."""
    async with running(tmp_path, language="nl") as world:
        await _set(world, digest_channel_id=SALES, language="nl", least_people=1)
        await _decided(world)
        await jobs.go_round(_monday())
        told = str(await _digest(world, SALES))

        assert "Thread samenvatten" in told
        assert "€ 40,00" in told.replace("\\xa0", " ")
