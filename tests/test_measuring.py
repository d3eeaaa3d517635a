"""What people tell about their minutes is kept, and nothing is counted that nobody told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot import jobs
from bot.compose import PROMPTS
from bot.handlers import HANDLERS
from bot.jobs.control import is_by_hand
from bot.records import WorkspaceSettings
from bot.tasks import Draft, Run, load_tasks
from bot.value import REVIEW_WORD_MINUTES
from tests.conftest import ANNA, BEN, CHEF, SALES, World, buttons, until
from tests.test_run import LINES

WEEK = timedelta(days=7, hours=1)


async def _draft(world: World) -> dict[str, Any]:
    root = await world.thread(*LINES)
    await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
    return await world.card()


async def _row(world: World, **wanted: Any) -> dict[str, Any]:
    rows = await world.rows(where=lambda row: all(row[key] == value for key, value in wanted.items()))
    return dict(rows[-1])


async def _form(world: World, user_id: str = ANNA) -> dict[str, Any]:
    return await world.slack.wait_for(lambda: world.slack.modals.get(user_id))


async def test_one_tap_tells_how_long_reviewing_took(world: World) -> None:
    """After Approve one tap says the minutes; the person's word is used, the clock's stays beside it."""
    card = await _draft(world)
    await world.slack.click(ANNA, world.im, card["ts"], "approve")
    card = await world.card(having="took:5")
    await world.slack.click(BEN, world.im, card["ts"], "took:20")
    await world.slack.click(ANNA, world.im, card["ts"], "took:5")
    await world.shown("Reading and editing: About 5 min")
    row = await _row(world, review_word="5")

    assert row["review_minutes"] == REVIEW_WORD_MINUTES["5"]
    assert row["review_clock_minutes"] < 1
    spent = row["asking_minutes"] + row["review_minutes"]
    assert row["minutes_saved"] == pytest.approx(row["baseline_minutes"] - spent)
    assert "took:5" not in buttons(await world.card(having="undo"))


async def test_a_very_long_look_is_told_in_minutes(world: World) -> None:
    """A tap on "40 min or more" has no end, so the number is asked for; without one the tap counts as it is."""
    card = await _draft(world)
    await world.slack.click(ANNA, world.im, card["ts"], "approve")
    card = await world.card(having="took:40-plus")
    await world.slack.click(ANNA, world.im, card["ts"], "took:40-plus")
    before = await _row(world, review_word="40-plus")
    await _form(world)
    await world.slack.submit(ANNA, {"minutes": "95"})
    row = await _row(world, review_typed_minutes=95)

    assert before["review_minutes"] == REVIEW_WORD_MINUTES["40-plus"]
    assert row["review_minutes"] == 95
    assert row["minutes_saved"] < 0


async def test_an_edit_is_measured_and_may_be_explained(world: World) -> None:
    """What was changed is classed, a corrected number stands out, and a reason can be chosen."""
    world.model.answers = ["We deliver 40 chairs on Friday to the hotel for 1.250 euros in all, as agreed."]
    card = await _draft(world)
    await world.slack.click(ANNA, world.im, card["ts"], "edit")
    await _form(world)
    changed = "We deliver 42 chairs on Friday to the hotel for 1.250 euros in all, as agreed."
    await world.slack.submit(ANNA, {"part0": changed})
    card = await world.card(having="reason")
    await world.slack.click(ANNA, world.im, card["ts"], "reason", value="number")
    await world.shown("Why: A number was wrong")
    row = await _row(world, correction_reason="number")

    assert (row["correction"], row["numbers_changed"], row["names_changed"]) == ("light", 1, 0)
    assert 0 < row["edit_distance"] <= 0.1


async def test_undo_takes_back_what_was_said_of_a_decision(world: World) -> None:
    """A decision that is taken back leaves no minutes, no class and no word behind."""
    card = await _draft(world)
    await world.slack.click(ANNA, world.im, card["ts"], "approve")
    card = await world.card(having="took:5")
    await world.slack.click(ANNA, world.im, card["ts"], "took:40-plus")
    await _row(world, review_word="40-plus")
    await world.slack.click(ANNA, world.im, card["ts"], "undo")
    await world.card(having="approve")
    row = await _row(world, review="open")
    unknown = ("review_word", "correction", "settled_at", "minutes_saved", "reviewer_id", "decided_at")

    assert [row[name] for name in unknown] == [None] * len(unknown)


async def test_a_week_later_rework_is_asked_once(world: World) -> None:
    """Whoever approved is asked a week later; the answer is subtracted, no answer stays unknown."""
    card = await _draft(world)
    await world.slack.click(ANNA, world.im, card["ts"], "approve")
    before = await _row(world, review="approved")
    for _ in range(2):
        await jobs.go_round(datetime.now(UTC) + WEEK)
    question = await world.card(having="rework:15")
    asked = [one for one in world.slack.messages(world.im) if "rework:15" in buttons(one)]
    await world.slack.click(ANNA, world.im, question["ts"], "rework:15")
    row = await _row(world, rework_minutes=15)

    assert len(asked) == 1
    assert before["rework_minutes"] is None
    assert row["minutes_saved"] == pytest.approx(before["minutes_saved"] - 15)


async def test_a_quick_approval_counts(world: World) -> None:
    """The card stands a moment before the ledger's row is closed; who approves in that moment saved their time too."""
    records = world.bot.records
    run = Run("T1:D1:1.0", "T1", world.im, ANNA, "email", "message", "en", words="Hello")
    await records.requests.add(run)
    await records.ledger.open(run, claimed_minutes=20)
    await records.drafts.add(Draft(run.run_id, 1, "Dear Kim", "claude-sonnet-5-5"))
    await records.drafts.delivered(run.run_id, 1)
    await records.reviews.decide(run.run_id, version=1, act="approved", user_id=ANNA)
    await records.ledger.close(run.run_id, "drafted")
    (row,) = await world.rows()

    assert (row["outcome"], row["review"]) == ("drafted", "approved")
    assert row["settled_at"]
    assert row["settled_month"]
    assert row["minutes_saved"] == pytest.approx(20 - row["asking_minutes"] - row["review_minutes"])


async def test_somebody_who_cannot_be_reached_stops_no_round(world: World) -> None:
    """Anna's messages tab cannot be found at that moment; Ben is asked about his text all the same."""
    for user_id in (ANNA, BEN):
        im = world.slack.workspace.im_with(user_id).id
        root = await world.thread((ANNA, "We agreed on Friday."))
        await world.slack.command(user_id, SALES, "/summarize", world.link(root))
        card = await world.card(im)
        await world.slack.click(user_id, im, card["ts"], "approve")
    await world.rows(2, where=lambda row: row["review"] == "approved")
    await world.bot.records.store.write(
        lambda db: db.execute("update people set im_channel_id = '' where user_id = ?", [ANNA])
    )
    # Of Anna's text the link and the question; the digest of that week, which comes next, finds its reader again.
    world.slack.fail("conversations.open", error="internal_error", times=2)
    await jobs.go_round(datetime.now(UTC) + WEEK)

    assert await world.card(world.slack.workspace.im_with(BEN).id, having="rework:15")
    assert [call.error for call in world.slack.calls if call.error] == ["internal_error"] * 2


def _copy(db: Any, table: str, **changed: str) -> None:
    """Copy a row of *table*, whatever columns it has by now, with some of them *changed*."""
    columns = [column[0] for column in db.execute(f"select * from {table} limit 0").description]
    rest = ", ".join(name for name in columns if name not in changed)
    marks = ", ".join("?" * len(changed))
    db.execute(
        f"insert into {table} ({', '.join(changed)}, {rest}) select {marks}, {rest} from {table} limit 1",
        list(changed.values()),
    )


async def _accepted_before(world: World, count: int, *, task: str = "summarise") -> None:
    """Let Anna have approved *count* more texts, an hour ago."""

    def work(db: Any) -> None:
        for number in range(count):
            name = f"{task}-{number}"
            _copy(db, "runs", run_id=name, task=task)
            _copy(db, "requests", run_id=name, task=task)
            _copy(db, "drafts", run_id=name)

    await world.bot.records.store.write(work)


async def test_nobody_is_flooded_with_questions(world: World) -> None:
    """Who approved a hundred texts in a day gets three questions a day, of every task first, and no backlog."""
    card = await _draft(world)
    await world.slack.click(ANNA, world.im, card["ts"], "approve")
    await _row(world, review="approved")
    await _accepted_before(world, 60)
    await _accepted_before(world, 1, task="reply")
    counts = []
    for hours in (0, 1, 25, 49, 73, 97):
        await jobs.go_round(datetime.now(UTC) + WEEK + timedelta(hours=hours))
        asked = [one for one in world.slack.messages(world.im) if "rework:15" in buttons(one)]
        counts.append(len(asked))

    assert counts == [3, 3, 6, 9, 9, 9]
    assert any("reply to" in str(one).lower() for one in asked[:3])


async def test_a_draft_that_nobody_decides_on_saved_nothing(world: World) -> None:
    """After a week an open draft counts as not used and is asked about once; "I used it" changes that."""
    await _draft(world)
    await jobs.go_round(datetime.now(UTC) + timedelta(days=6))
    early = await _row(world, review="open")
    for _ in range(2):
        await jobs.go_round(datetime.now(UTC) + WEEK)
    await world.shown("nobody decided about it")
    settled = await _row(world, review="open")
    reminders = [one for one in world.slack.messages(world.im) if buttons(one) == ["approve", "discard"]]
    await world.slack.click(ANNA, world.im, reminders[0]["ts"], "approve")
    used = await _row(world, review="approved")

    assert (early["minutes_saved"], early["settled_at"]) == (None, None)
    assert settled["minutes_saved"] == -1
    assert datetime.fromisoformat(settled["settled_at"]) == datetime.fromisoformat(
        settled["delivered_at"]
    ) + timedelta(days=7)
    assert len(reminders) == 1
    assert used["minutes_saved"] > 0


async def test_a_form_measures_the_asking(world: World) -> None:
    """Who asks by form has the time of asking measured instead of assumed."""
    await world.slack.command(ANNA, SALES, "/draft")
    await _form(world)
    await world.slack.submit(ANNA, {"task": "reply", "words": "Tell her that the chairs arrive on Friday."})
    await world.card()
    row = await _row(world, task="reply")

    assert row["asking_source"] == "measured"
    assert 0 <= row["asking_minutes"] < 1


async def test_the_list_of_work_gives_estimates(world: World) -> None:
    """What the team enters replaces the claim, values earlier runs anew, and ranks where it helps most."""
    card = await _draft(world)
    await world.slack.click(ANNA, world.im, card["ts"], "approve")
    claimed = await _row(world, review="approved")
    await world.slack.command(ANNA, SALES, "/tijdwinst", "baseline")
    await _form(world)
    fields = {"work": "summarise", "hours": "2,5", "low": "10", "typical": "25", "high": "60"}
    await world.slack.submit(ANNA, fields)
    await world.slack.submit(ANNA, {**fields, "work": "-", "other": "Job adverts", "hours": "4"})
    view = str(world.slack.modals[ANNA])
    row = await _row(world, baseline_source="estimated")

    assert (claimed["baseline_source"], claimed["baseline_minutes"]) == ("claimed", 15)
    assert row["baseline_minutes"] == 25
    assert row["minutes_saved"] == pytest.approx(claimed["minutes_saved"] + 10)
    assert view.index("Job adverts") < view.index("Summarize a thread")


@pytest.mark.parametrize(
    ("field", "given"),
    [("typical", "0"), ("typical", "-5"), ("typical", "10000"), ("typical", "soon"), ("hours", "999")],
)
async def test_impossible_baselines_are_answered_in_the_form(world: World, field: str, given: str) -> None:
    """0, negative, ten thousand minutes or words: the form says what is possible, and nothing is kept."""
    await world.slack.command(ANNA, SALES, "/tijdwinst", "baseline")
    await _form(world)
    fields = {"work": "summarise", "hours": "2", "low": "10", "typical": "25", "high": "60", field: given}
    delivery = await world.slack.submit(ANNA, fields)

    assert field in delivery.answer["errors"]
    assert await world.bot.records.baselines.works("T1") == []


async def test_five_timed_runs_replace_the_estimate(world: World) -> None:
    """The clock measures what a text takes by hand; from five on the median is what counts."""
    baselines = world.bot.records.baselines
    for minutes in (30, 20, 90, 40, 25):
        timer = await baselines.start("T1", ANNA, "summarise")
        await baselines.stop(timer.timing_id, minutes=minutes, claimed_minutes=15)
    best = await baselines.current("T1", "summarise", claimed_minutes=15)
    await _draft(world)
    row = await _row(world, outcome="drafted")

    assert (best.kind, best.typical, best.timed_runs) == ("measured", 30, 5)
    assert (row["baseline_source"], row["baseline_minutes"]) == ("measured", 30)


async def test_a_timer_is_started_and_stopped_by_command(world: World) -> None:
    """`baseline start` and `stop` time a run by hand; without a clock, stop says how to start one."""
    await world.slack.command(ANNA, SALES, "/tijdwinst", "baseline start summarise")
    short = await world.slack.command(ANNA, SALES, "/tijdwinst", "baseline stop")
    started = await world.slack.command(ANNA, SALES, "/tijdwinst", "baseline start summarise")
    ago = (datetime.now(UTC) - timedelta(minutes=12)).isoformat(timespec="milliseconds")
    await world.bot.records.store.write(
        lambda db: db.execute("update timings set started_at = ? where stopped_at is null", [ago])
    )
    stopped = await world.slack.command(ANNA, SALES, "/tijdwinst", "baseline stop")
    again = await world.slack.command(ANNA, SALES, "/tijdwinst", "baseline stop")
    unknown = await world.slack.command(ANNA, SALES, "/tijdwinst", "baseline start dancing")

    assert "clock runs" in started.body
    assert "less than half a minute" in short.body
    assert "12\u00a0min. That is 1 timed run" in stopped.body
    assert "No clock" in again.body
    assert "`summarise`" in unknown.body


async def test_a_forgotten_timer_is_asked_about_then_dropped(world: World) -> None:
    """Four hours later its owner is asked; without an answer it is dropped and counts for nothing."""
    await world.slack.command(ANNA, SALES, "/tijdwinst", "baseline start summarise")
    for _ in range(2):
        await jobs.go_round(datetime.now(UTC) + timedelta(hours=5))
    question = await world.card(having="timer_minutes")
    asked = [one for one in world.slack.messages(world.im) if "timer_minutes" in buttons(one)]
    await world.slack.click(ANNA, world.im, question["ts"], "timer_minutes")
    await _form(world)
    wrong = await world.slack.submit(ANNA, {"minutes": "0"})
    await world.slack.submit(ANNA, {"minutes": "35"})
    told = await world.bot.records.baselines.timed("T1", "summarise")
    await world.slack.command(BEN, SALES, "/tijdwinst", "baseline start reply")
    await jobs.go_round(datetime.now(UTC) + timedelta(hours=5))
    await jobs.go_round(datetime.now(UTC) + timedelta(hours=30))

    assert len(asked) == 1
    assert "minutes" in wrong.answer["errors"]
    assert told == 1
    assert await world.bot.records.baselines.running("T1", BEN) is None
    assert await world.bot.records.baselines.timed("T1", "reply") == 0


async def test_only_its_owner_answers_for_a_timer(world: World) -> None:
    """Somebody else's press neither drops a timer nor puts minutes in the books, and nobody is thanked for nothing."""
    await world.slack.command(ANNA, SALES, "/tijdwinst", "baseline start summarise")
    await jobs.go_round(datetime.now(UTC) + timedelta(hours=5))
    question = await world.card(having="timer_minutes")
    await world.slack.click(BEN, world.im, question["ts"], "timer_drop")
    await world.slack.click(BEN, world.im, question["ts"], "timer_minutes")
    still = await world.bot.records.baselines.running("T1", ANNA)
    await world.slack.click(ANNA, world.im, question["ts"], "timer_minutes")
    await _form(world)
    await world.slack.click(ANNA, world.im, question["ts"], "timer_drop")
    await world.slack.submit(ANNA, {"minutes": "35"})
    await world.slack.wait_for(lambda: "No clock of yours" in str(world.slack.ephemerals(world.im, ANNA)))
    best = await world.bot.records.baselines.current("T1", "summarise", claimed_minutes=15)

    assert still is not None
    assert BEN not in world.slack.modals
    assert await world.bot.records.baselines.timed("T1", "summarise") == 0
    assert (best.kind, best.typical) == ("claimed", 15)


async def test_a_night_is_no_measurement(world: World) -> None:
    """Who stops a clock that ran for hours is asked for the minutes; a slip of the finger counts for nothing."""
    await world.slack.command(ANNA, SALES, "/tijdwinst", "baseline start summarise")
    slip = await world.slack.command(ANNA, SALES, "/tijdwinst", "baseline stop")
    await world.slack.command(ANNA, SALES, "/tijdwinst", "baseline start summarise")
    hours_ago = (datetime.now(UTC) - timedelta(hours=15)).isoformat(timespec="milliseconds")
    await world.bot.records.store.write(
        lambda db: db.execute("update timings set started_at = ? where stopped_at is null", [hours_ago])
    )
    await world.slack.command(ANNA, SALES, "/tijdwinst", "baseline stop")
    await _form(world)
    before = await world.bot.records.baselines.timed("T1", "summarise")
    await world.slack.submit(ANNA, {"minutes": "35"})

    assert "less than half a minute" in slip.body
    assert before == 0
    assert await world.bot.records.baselines.timed("T1", "summarise") == 1


def test_chance_decides_who_does_it_by_hand() -> None:
    """About one request in ten, never an urgent one, and never after "Draft it anyway"."""
    task = load_tasks(PROMPTS, HANDLERS)["reply"]
    chosen = WorkspaceSettings(control_sample=True)
    runs = [Run(f"T1:{number}", "T1", SALES, ANNA, "reply", "command", "en") for number in range(2_000)]
    drawn = [run for run in runs if is_by_hand(run, task, chosen)]

    assert 140 < len(drawn) < 260
    assert not any(is_by_hand(run, task, WorkspaceSettings()) for run in drawn)
    assert not any(
        is_by_hand(Run(f"{run.run_id}^", "T1", SALES, ANNA, "reply", "command", "en"), task, chosen)
        for run in drawn
    )


@pytest.mark.parametrize(
    "said", ["Met spoed!", "graag z.s.m.", "as soon as possible", "een DRINGENDE offerte"]
)
def test_what_is_urgent_is_never_done_by_hand(said: str) -> None:
    """Who is in a hurry gets the draft, wherever the words stand: in the request or in a field of the form."""
    task = load_tasks(PROMPTS, HANDLERS)["reply"]
    chosen = WorkspaceSettings(control_sample=True)
    runs = [Run(f"T1:{number}", "T1", SALES, ANNA, "reply", "command", "nl") for number in range(200)]
    drawn = [run for run in runs if is_by_hand(run, task, chosen)]

    assert drawn
    assert not any(is_by_hand(replace(run, words=said), task, chosen) for run in drawn)
    assert not any(is_by_hand(replace(run, inputs={"notes": said}), task, chosen) for run in drawn)


def _drawn_ts(world: World) -> str:
    """Return a `ts` whose request chance draws for the control sample."""
    task, chosen = world.bot.prompts.tasks["summarise"], WorkspaceSettings(control_sample=True)
    stamps = (world.slack.workspace.next_ts() for _ in range(1_000))
    return next(
        ts
        for ts in stamps
        if is_by_hand(Run(f"T1:{SALES}:{ts}", "T1", SALES, ANNA, "summarise", "mention", "en"), task, chosen)
    )


async def _drawn(world: World) -> dict[str, Any]:
    """Ask for a summary that chance draws for the control sample, and return its card in the thread."""
    settings = WorkspaceSettings(control_sample=True)
    await world.bot.records.workspaces.change("T1", settings, user_id=CHEF)
    root = await world.thread(*LINES)
    words = f"<@{world.slack.workspace.bot_user_id}> summarise"
    asked_at = world.slack.workspace.add_message(SALES, ANNA, words, ts=_drawn_ts(world), thread_ts=root)
    await world.slack.push_event({**asked_at, "type": "app_mention", "channel": SALES})
    return await world.card(SALES, having="by_hand", thread_ts=root)


async def test_who_had_it_drafted_did_not_do_it_by_hand(world: World) -> None:
    """After "Draft it anyway" no minutes by hand are taken for the same text: they would spoil the comparison."""
    card = await _drawn(world)
    asked = len(world.model.requests)
    await world.slack.click(ANNA, SALES, card["ts"], "draft_anyway")
    await until(lambda: len(world.model.requests) > asked)
    await world.slack.click(ANNA, SALES, card["ts"], "by_hand")
    await _form(world)
    await world.slack.submit(ANNA, {"minutes": "22"})
    await world.slack.called("chat.postEphemeral", where=lambda told: "older version" in told["text"])
    row = await _row(world, outcome="by_hand")

    assert row["by_hand_minutes"] is None


async def test_the_control_sample_asks_for_minutes(world: World) -> None:
    """Who is drawn is asked to do it by hand and tell the minutes; the card then says what it took."""
    card = await _drawn(world)
    row = await _row(world, outcome="by_hand")
    await world.slack.click(ANNA, SALES, card["ts"], "by_hand")
    await _form(world)
    await world.slack.submit(ANNA, {"minutes": "22"})
    told = await _row(world, by_hand_minutes=22)
    await world.shown("Done by hand in 22", SALES)

    assert world.model.requests == []
    assert row["minutes_saved"] is None
    assert (told["minutes_saved"], told["settled_at"] is not None) == (None, True)
