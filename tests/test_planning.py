"""A post is planned, and comes ready to copy at its moment: once, as it was accepted, or with the word why not."""

from __future__ import annotations

import asyncio
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot import jobs
from bot.jobs.plans import LATE_AFTER
from bot.jobs.schedules import sweep_now
from bot.sandbox.model import Model
from bot.sandbox.watch import PATIENCE_S
from bot.tasks import Run
from bot.tasks.moments import at_clock
from tests.conftest import ANNA, BEN, SALES, World, buttons, make_slack, running
from tests.test_run import LINES
from tests.test_social import TOPIC, posts

ZONE = ZoneInfo("Europe/Amsterdam")
SOON = timedelta(seconds=30)


def _due(days: int = 1, clock: time = time(9)) -> datetime:
    return at_clock(datetime.now(ZONE).date() + timedelta(days=days), clock, ZONE)


async def _accepted(world: World, words: str = f"x, linkedin: {TOPIC}") -> dict[str, Any]:
    """Ask for posts, approve them, and return the card."""
    world.model.answers = [posts(linkedin="Wij openen *zaterdag* in Zutphen.", x="Tot zaterdag! <!channel>")]
    await world.slack.command(ANNA, SALES, "/social", words)
    card = await world.card()
    await world.slack.click(ANNA, world.im, card["ts"], "approve")
    return await world.card(having="plan")


async def _plan(world: World, card: dict[str, Any], **values: Any) -> Any:
    """Fill in the form behind Plan."""
    await world.slack.click(ANNA, world.im, card["ts"], "plan")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    return await world.slack.submit(ANNA, {"day": _due().astimezone(ZONE).date().isoformat(), **values})


def _brought(world: World) -> list[dict[str, Any]]:
    """Return the messages that brought a post, the first first."""
    return [one for one in world.slack.messages(world.im) if "rich_text_preformatted" in str(one)]


async def _all_brought(world: World, count: int) -> list[dict[str, Any]]:
    await world.slack.wait_for(lambda: len(_brought(world)) >= count)
    return sorted(_brought(world), key=lambda one: "*LinkedIn*" not in str(one))


async def _nothing_planned(world: World) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if not await world.bot.records.plans.of_person("T1", ANNA):
                return
            await asyncio.sleep(0.02)


def _lines(message: dict[str, Any]) -> str:
    return str([block for block in message["blocks"] if block["type"] == "section"])


async def test_planned_posts_come_at_their_moment_ready_to_copy(world: World) -> None:
    """Each post is a message of its own, to the letter, with its count and three answers; not before its time."""
    card = await _accepted(world)
    await _plan(world, card)
    line = _lines(await world.shown("Planned for"))
    await jobs.bring_planned(_due() - SOON)
    early = _brought(world)
    for _ in range(3):
        await jobs.bring_planned(_due() + SOON)
    first, second = await _all_brought(world, 2)
    await world.slack.wait_for(lambda: "Planned for" not in _lines(world.slack.messages(world.im)[0]))

    assert "all posts" in line
    assert early == []
    assert "*LinkedIn*, planned for now · 33 of 3,000" in str(first)
    assert "Wij openen *zaterdag* in Zutphen." in str(first)
    assert "'Tot zaterdag! <!channel>'" in str(second)
    assert "This is late" not in str(second)
    assert buttons(first) == ["plan_posted", "plan_later", "plan_drop"]
    assert len(_brought(world)) == 2


async def test_some_posts_on_one_day_and_the_others_on_another(world: World) -> None:
    """Whoever plans only one post of a card gets only that one; planning it anew moves it."""
    card = await _accepted(world)
    await _plan(world, card, parts=["x"], clock="14:30")
    await _plan(world, card, parts=["linkedin"])
    await _plan(world, card, parts=["x"], clock="15:45")
    card = await world.shown("15:45")
    await jobs.bring_planned(_due() + SOON)
    await _all_brought(world, 1)
    await jobs.bring_planned(_due(clock=time(14, 31)))
    await jobs.bring_planned(_due(clock=time(15, 46)))
    brought = await _all_brought(world, 2)

    assert "14:30" not in str(card["blocks"])
    assert ["*LinkedIn*" in str(one) for one in brought] == [True, False]


async def test_what_became_of_a_post_is_said_on_its_message(world: World) -> None:
    """Posted, cancelled or planned anew: the message says which, and its buttons are gone; Later comes once more."""
    card = await _accepted(world)
    await _plan(world, card)
    await jobs.bring_planned(_due() + SOON)
    first, second = await _all_brought(world, 2)
    await world.slack.click(BEN, world.im, first["ts"], "plan_posted")
    await world.slack.click(ANNA, world.im, first["ts"], "plan_posted")
    posted = await world.shown("Posted.")
    await world.slack.click(ANNA, world.im, second["ts"], "plan_later")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    day = _due(2).astimezone(ZONE).date().isoformat()
    await world.slack.submit(ANNA, {"day": day, "clock": "10:00"})
    moved = await world.shown("Planned anew for")
    await jobs.bring_planned(_due(2, time(10)) + SOON)
    await _all_brought(world, 3)
    again = _brought(world)[-1]
    await world.slack.click(ANNA, world.im, again["ts"], "plan_drop")
    dropped = await world.shown("Cancelled: it was not posted.")
    run_id = (await world.rows())[0]["run_id"]
    linkedin = await world.bot.records.plans.get(run_id, "linkedin")

    assert [buttons(one) for one in (posted, moved, dropped)] == [[], [], []]
    assert posted["ts"] == first["ts"]
    assert linkedin is not None
    assert linkedin.outcome == "posted"


async def test_a_plan_is_cancelled_on_the_card(world: World) -> None:
    """Cancel beside the line takes the plan away: nothing comes."""
    card = await _accepted(world)
    await _plan(world, card)
    card = await world.shown("Planned for")
    await world.slack.click(BEN, world.im, card["ts"], "plan_cancel")
    still = await world.bot.records.plans.of_person("T1", ANNA)
    await world.slack.click(ANNA, world.im, card["ts"], "plan_cancel")
    await world.slack.wait_for(lambda: "Planned for" not in str(world.slack.messages(world.im)[0]["blocks"]))
    await jobs.bring_planned(_due() + SOON)

    assert len(still) == 1
    assert await world.bot.records.plans.of_person("T1", ANNA) == []
    assert _brought(world) == []


async def test_an_edited_draft_brings_the_new_text(world: World) -> None:
    """Who undoes and edits after planning gets what they wrote last, and the card says on what that depends."""
    card = await _accepted(world, f"x: {TOPIC}")
    await _plan(world, card)
    card = await world.shown("Planned for")
    await world.slack.click(ANNA, world.im, card["ts"], "undo")
    card = await world.shown("They come if they are approved by then")
    await world.slack.click(ANNA, world.im, card["ts"], "edit")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    await world.slack.submit(
        ANNA, {"part0": "## X · 1 of 280\n\n```\nKom zaterdag!\n```\n\nAlt text: a shop"}
    )
    await world.card(having="plan")
    await jobs.bring_planned(_due() + SOON)
    (brought,) = await _all_brought(world, 1)

    assert "Kom zaterdag!" in str(brought)
    assert "Tot zaterdag" not in str(brought)
    assert "13 of 280" in str(brought)
    assert "Alt text: a shop" in str(brought)


@pytest.mark.parametrize(
    ("act", "told"), [("undo", "So I bring nothing"), ("discard", "Nothing is planned any more")]
)
async def test_a_draft_that_is_not_accepted_is_not_brought(world: World, act: str, told: str) -> None:
    """What was undone or thrown away does not come; whoever planned it reads so, once."""
    card = await _accepted(world)
    await _plan(world, card)
    card = await world.shown("Planned for")
    await world.slack.click(ANNA, world.im, card["ts"], "undo")
    if act == "discard":
        card = await world.card(having="discard")
        await world.slack.click(ANNA, world.im, card["ts"], "discard")
        await world.shown(told)
    else:
        await world.card(having="approve")
    for _ in range(2):
        await jobs.bring_planned(_due() + SOON)
    await world.shown(told)
    await _nothing_planned(world)
    said = [one for one in world.slack.messages(world.im) if told in str(one)]

    assert _brought(world) == []
    assert len(said) == 1


@pytest.mark.parametrize(
    ("days", "field", "told"), [(-1, "day", "past"), (0, "clock", "past"), (400, "day", "a year")]
)
async def test_an_impossible_moment_is_answered_at_its_field(
    world: World, days: int, field: str, told: str
) -> None:
    """Yesterday, a minute ago, or in two years: the form says so, and nothing is planned."""
    card = await _accepted(world)
    day = (datetime.now(ZONE) + timedelta(days=days)).date().isoformat()
    delivery = await _plan(world, card, day=day, clock="00:00")

    assert told in delivery.answer["errors"][field]
    assert await world.bot.records.plans.of_person("T1", ANNA) == []


async def test_a_post_that_is_late_says_so(tmp_path: Path) -> None:
    """After a night without the bot the post still comes, once, and says since when it is due."""
    async with make_slack() as slack, Model() as model:
        async with running(tmp_path, slack=slack, model=model) as world:
            await _plan(world, await _accepted(world, f"x: {TOPIC}"))
            await world.shown("Planned for")
        async with running(tmp_path, slack=slack, model=model) as world:
            slack.fail("chat.postMessage", drop=True, after=True)
            for _ in range(2):
                await jobs.bring_planned(_due() + LATE_AFTER + SOON)
            (brought,) = await _all_brought(world, 1)
            await world.slack.wait_for(
                lambda: "Planned for" not in str(slack.messages(world.im)[0]["blocks"])
            )

            assert "This is late: it was planned for" in str(brought)
            assert len(_brought(world)) == 1


async def test_a_request_may_say_when(world: World) -> None:
    """In "… remind me tomorrow 9:00" the moment is planned and not written about; it waits for the approval."""
    world.model.answers = [posts(x="Tot zaterdag!")]
    await world.slack.command(ANNA, SALES, "/social", f"x: {TOPIC} Remind me tomorrow at 9:00.")
    card = await world.shown("They come if they are approved by then")
    await world.slack.click(ANNA, world.im, card["ts"], "approve")
    await world.card(having="plan")
    await jobs.bring_planned(_due() + SOON)
    (brought,) = await _all_brought(world, 1)

    assert "Remind me" not in str(world.model.requests[0].body)
    assert "Tot zaterdag!" in str(brought)


@pytest.mark.parametrize("sure", [True, False])
async def test_a_wish_counts_whoever_found_the_task(world: World, sure: bool) -> None:
    """Where the model, or its asker by a button, says that it is a post, "herinner me morgen" is planned as well."""
    reason = "een nieuwe planner te werven" if sure else ""
    found = {"tasks": ["social"], "certain": sure, "because": reason, "inputs": []}
    texts = dict.fromkeys(("linkedin", "facebook", "instagram", "x"), "Wij zoeken een planner.")
    world.model.answers = [found, posts(**texts)]
    root = await world.thread(*LINES)
    words = "schrijf iets om een nieuwe planner te werven voor Zutphen. Herinner me morgen om 9:00"
    mention = f"<@{world.slack.workspace.bot_user_id}> {words}"
    await world.slack.say(ANNA, SALES, mention, thread_ts=root)
    if not sure:
        question = await world.card(SALES, having="choose_plain", thread_ts=root)
        await world.slack.click(ANNA, SALES, question["ts"], "choose_0")
    await world.shown("They come if they are approved by then")

    assert "Herinner me" not in str(world.model.requests[-1].body)
    assert [plan.due for plan in await world.bot.records.plans.of_person("T1", ANNA)] == [_due()]


async def test_a_request_for_a_past_moment_is_written_and_not_planned(world: World) -> None:
    """Who asks for a moment that is past reads so, and gets the draft all the same."""
    world.model.answers = [posts(x="Tot zaterdag!")]
    await world.slack.command(ANNA, SALES, "/social", f"x: {TOPIC} herinner me op 2020-01-01 om 9:00")
    await world.card()
    told = await world.slack.called("chat.postEphemeral")

    assert "Nothing is planned. That moment is past." in told.arguments["text"]
    assert await world.bot.records.plans.of_person("T1", ANNA) == []


async def test_what_is_not_planned_is_told_though_slack_hiccups(world: World) -> None:
    """Asked for in a form, in no conversation, while Slack does not open the messages tab: told by the next try."""
    world.slack.fail("conversations.open", error="internal_error")
    world.model.answers = [posts(x="Tot zaterdag!")]
    words = f"x: {TOPIC} herinner me op 2020-01-01 om 9:00"
    run = Run("T1:V77", "T1", "", ANNA, "social", "form", "en", words=words)
    await world.bot.records.requests.add(run)
    await sweep_now()
    told = await world.slack.called("chat.postEphemeral")

    assert "Nothing is planned" in told.arguments["text"]


async def test_what_a_discard_cancels_is_told_though_slack_hiccups(world: World) -> None:
    """Slack is away just when the plan of a discarded draft is cancelled: its card says so once Slack is back."""
    card = await _accepted(world)
    await _plan(world, card)
    card = await world.shown("Planned for")
    await world.slack.click(ANNA, world.im, card["ts"], "undo")
    card = await world.card(having="discard")
    world.slack.fail("chat.update", status=503, times=2)
    await world.slack.click(ANNA, world.im, card["ts"], "discard")

    assert "Nothing is planned any more" in str(await world.shown("Discarded by"))


async def test_a_discard_tells_of_no_plan_that_was_cancelled_before(world: World) -> None:
    """Who cancelled the plan themselves reads nothing of plans when they discard the draft later."""
    card = await _accepted(world)
    await _plan(world, card)
    card = await world.shown("Planned for")
    await world.slack.click(ANNA, world.im, card["ts"], "plan_cancel")
    await world.slack.wait_for(lambda: "Planned for" not in str(world.slack.messages(world.im)[0]["blocks"]))
    await world.slack.click(ANNA, world.im, card["ts"], "undo")
    card = await world.card(having="discard")
    await world.slack.click(ANNA, world.im, card["ts"], "discard")

    assert "Nothing is planned any more" not in str(await world.shown("Discarded by"))


@pytest.mark.parametrize(
    ("words", "told", "planned"),
    [
        ("plan it for tomorrow 9:00", "Planned for", 1),
        ("herinner me morgen om half tien", "Planned for", 1),
        ("remind me tomorrow at 3", "When? Say it like", 0),
        ("plan het voor vandaag 0:00", "That moment is past", 0),
    ],
)
async def test_a_sentence_plans_the_newest_post(world: World, words: str, told: str, planned: int) -> None:
    """In the messages tab "plan it for tomorrow 9:00" is enough; what is not clear is asked, never guessed."""
    await _accepted(world)
    await world.slack.say(ANNA, world.im, words)
    answer = await world.slack.called("chat.postEphemeral", where=lambda one: told in one["text"])

    assert told in answer.arguments["text"]
    assert len(await world.bot.records.plans.of_person("T1", ANNA)) == planned


async def test_what_is_planned_is_listed(world: World) -> None:
    """`/tijdwinst planned` names every moment to come with its posts, to whoever planned them and nobody else."""
    card = await _accepted(world)
    await _plan(world, card, parts=["x"], clock="14:30")
    mine = await world.slack.command(ANNA, SALES, "/tijdwinst", "planned")
    other = await world.slack.command(BEN, SALES, "/tijdwinst", "gepland")

    assert "14:30: X" in mine.body
    assert "Nothing is planned for you" in other.body


async def test_without_a_post_a_wish_is_answered_honestly(world: World) -> None:
    """Who asks to be reminded of something else is not promised anything."""
    await world.slack.say(ANNA, world.im, "remind me tomorrow 9:00")
    told = await world.slack.called("chat.postEphemeral")

    assert "I can plan social posts" in told.arguments["text"]
    assert world.model.requests == []


async def test_a_planned_text_outlives_its_date(world: World) -> None:
    """A post that is planned for half a year from now is still there then; cancelled, it goes with the others."""
    card = await _accepted(world, f"x: {TOPIC}")
    await _plan(world, card)
    await world.shown("Planned for")
    (row,) = await world.rows()
    past = "2020-01-01T00:00:00.000+00:00"

    def work(db: Any) -> None:
        for table in ("drafts", "requests"):
            db.execute(f"update {table} set delete_after = ?", [past])

    await world.bot.records.store.write(work)
    await world.bot.records.drafts.delete_expired()
    kept = await world.bot.records.drafts.get(row["run_id"], 1)
    await world.bot.records.plans.cancel(row["run_id"])
    await world.bot.records.drafts.delete_expired()

    assert kept is not None
    assert await world.bot.records.drafts.get(row["run_id"], 1) is None
