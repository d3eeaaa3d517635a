"""Asked in one's own words: the model is asked once where rules are in doubt, and the asker where it is too."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import jobs
from bot.handlers.choosing import make_shape, read_choosing
from bot.jobs import Limits
from bot.records.ledger import Call
from bot.sandbox.model import Model, Reply
from bot.tasks import Run
from bot.views import task_form
from bot.views.choosing import fill_form, filled_in
from tests.conftest import ANNA, BEN, SALES, World, buttons, make_slack, running, said
from tests.test_run import LINES

WISH = "schrijf iets om een nieuwe planner te werven voor Zutphen"
SURE = {
    "tasks": ["vacancy"],
    "certain": True,
    "because": "een nieuwe planner te werven",
    "inputs": [{"name": "job", "value": "nieuwe planner"}, {"name": "work", "value": "plans all day"}],
}
UNSURE = {"tasks": ["vacancy", "social"], "certain": False, "because": "", "inputs": []}


async def _mention(world: World, words: str, root: str = "", *, by: str = ANNA) -> str:
    root = root or await world.thread(*LINES)
    await world.slack.say(by, SALES, f"<@{world.slack.workspace.bot_user_id}> {words}", thread_ts=root)
    return root


async def _question(world: World, root: str) -> dict[str, Any]:
    return await world.card(SALES, having="choose_plain", thread_ts=root)


def _never_chooses(world: World) -> None:
    """Let the model write at once, and leave the question what is wanted without an answer."""

    async def speak(body: dict[str, Any]) -> None:
        if body["model"] == world.bot.settings.model_fast:
            await asyncio.Event().wait()

    world.model.answer_with(speak)


async def _form(world: World, fields: int = 2) -> dict[str, Any]:
    """Return the open form once it has so many fields."""

    def look() -> dict[str, Any] | None:
        form = world.slack.modals.get(ANNA)
        return form if form and len(form["blocks"]) >= fields else None

    return await world.slack.wait_for(look)


async def _calls(world: World) -> list[tuple[str, str]]:
    rows = await world.bot.records.store.read(
        lambda db: db.execute("select run_id, result from calls order by called_at").fetchall()
    )
    return [(row[0], row[1]) for row in rows]


async def test_a_sure_answer_is_drafted_and_says_so(world: World) -> None:
    """The model names one task with words of the request: its draft comes, says as what, and fills its form."""
    world.model.answers = [SURE, "Planner wanted."]
    await _mention(world, WISH)
    card = await world.card()
    (row,) = await world.rows()
    asked, drafted = (request.body for request in world.model.requests)

    assert row["task"] == "vacancy"
    assert (row["baseline_minutes"], row["calls"]) == (world.bot.prompts.tasks["vacancy"].baseline_minutes, 2)
    assert asked["model"] == world.bot.settings.model_fast
    assert LINES[0][1] not in str(asked)
    assert "job: nieuwe planner" in str(drafted["messages"])
    assert "plans all day" not in str(drafted["messages"])
    assert "Taken as: " in str(card["blocks"])
    assert "choose_other" in buttons(card)
    assert world.slack.count("chat.postMessage") == 2


@pytest.mark.parametrize(
    "answer",
    [
        UNSURE,
        {**SURE, "certain": False},
        {**SURE, "because": "a planner is wanted"},
        {**SURE, "because": ""},
        {**SURE, "tasks": ["vacancy", "unsure"]},
        {**SURE, "tasks": ["vacancy", "social"]},
    ],
)
async def test_in_doubt_the_asker_chooses(world: World, answer: dict[str, Any]) -> None:
    """Two candidates, or a reason that nobody wrote, become buttons; the choice is drafted, once, as one run."""
    world.model.answers = [answer, "Planner wanted."]
    root = await _mention(world, WISH)
    question = await _question(world, root)
    (waiting,) = await world.rows()
    await world.slack.click(BEN, SALES, question["ts"], "choose_0")
    for _ in range(2):
        await world.slack.click(ANNA, SALES, question["ts"], "choose_0")
    await world.card()
    (row,) = await world.rows(where=lambda row: row["outcome"] == "drafted")
    told = [call.arguments["text"] for call in world.slack.calls if call.method == "chat.postEphemeral"]

    assert (waiting["outcome"], waiting["settled_at"], waiting["calls"]) == ("waiting", None, 1)
    assert (row["run_id"], row["task"], row["calls"]) == (waiting["run_id"], "vacancy", 2)
    assert row["baseline_minutes"] == world.bot.prompts.tasks["vacancy"].baseline_minutes
    assert len(await world.rows(0, where=lambda _: True)) == 1
    assert any("can choose" in line for line in told)


@pytest.mark.parametrize(
    "answer",
    [
        {**SURE, "tasks": ["haiku"]},
        {"tasks": ["unsure"], "certain": False, "because": "", "inputs": []},
        {"tasks": [], "certain": True, "because": "", "inputs": []},
        {"tasks": ["answer"], "certain": True, "because": "schrijf iets", "inputs": []},
        "",
        Reply(text="", stop_reason="refusal"),
    ],
)
async def test_an_unusable_answer_is_a_plain_answer(world: World, answer: Any) -> None:
    """A task that does not exist, nothing at all, a refusal: the asker gets what they always got, no error."""
    world.model.answers = [answer, "An advert, perhaps.", "An advert, perhaps."]
    await _mention(world, WISH)
    await world.card()
    (row,) = await world.rows()

    assert (row["task"], row["outcome"]) == ("answer", "drafted")


async def test_what_a_slow_answer_cost_is_unknown(tmp_path: Path) -> None:
    """A question to the model that we did not wait for may have been paid: its cost is unknown, not none."""
    limits = Limits(told_after_s=1.5, continue_after_s=0.5, continuations=20, choose_within_s=0.3)
    async with running(tmp_path, limits=limits) as world:
        world.model.name = None
        _never_chooses(world)
        await _mention(world, WISH)
        await world.card()
        await world.bot.records.ledger.interrupt_calls(datetime.now(UTC) + timedelta(minutes=1))
        (row,) = await world.rows()

        assert (row["calls"], row["calls_unpriced"], row["cost_microusd"]) == (2, 1, None)


@pytest.mark.parametrize("fault", ["overloaded", "bad_request", "hang"])
async def test_a_model_that_does_not_answer_the_question_is_no_error(tmp_path: Path, fault: Any) -> None:
    """Down, broken or slow at that moment: the plain answer comes all the same."""
    limits = Limits(told_after_s=1.5, continue_after_s=0.5, continuations=20, choose_within_s=0.3)
    async with running(tmp_path, limits=limits) as world:
        if fault == "hang":
            _never_chooses(world)
        else:
            world.model.fail(fault)
        await _mention(world, WISH)
        await world.card()
        (row,) = await world.rows()

        assert (row["task"], row["outcome"]) == ("answer", "drafted")


@pytest.mark.parametrize(
    "words",
    [
        "heeft de klant al getekend?",
        "who wrote the minutes?",
        "bedankt, precies wat ik zocht",
        "vrijdag is goed",
    ],
)
async def test_a_question_costs_no_call_more(world: World, words: str) -> None:
    """A plain question or remark in a thread is answered at once, as before."""
    await _mention(world, words)
    await world.card()
    (row,) = await world.rows()

    assert (row["task"], row["calls"]) == ("answer", 1)


async def test_two_wishes_are_asked_about_without_a_call(world: World) -> None:
    """Who asks for two texts at once is asked which one first, and no model is paid for that."""
    root = await _mention(world, "vat dit samen en maak er een LinkedIn-bericht van")
    question = await _question(world, root)
    paid, labels = len(world.model.requests), str(question["blocks"])
    await world.slack.click(ANNA, SALES, question["ts"], "choose_plain")
    await world.card()
    (row,) = await world.rows(where=lambda row: row["outcome"] == "drafted")

    assert paid == 0
    assert "Write social posts" in labels
    assert (row["task"], row["calls"]) == ("answer", 1)


async def test_offline_it_asks_instead_of_guessing(tmp_path: Path) -> None:
    """The sandbox's extract, which is no AI, is never sure: people choose, in Dutch too."""
    async with running(tmp_path, language="nl") as world:
        await world.slack.say(ANNA, world.im, "maak een opzet voor een blogpost over thuiswerken")
        question = await world.card(having="choose_plain")
        asked = str(question["blocks"])
        await world.slack.click(ANNA, world.im, question["ts"], "choose_0")
        card = await world.card()
        (row,) = await world.rows(where=lambda row: row["outcome"] == "drafted")

        assert "raden" in asked
        assert row["task"] == "blog"
        assert card["ts"] == question["ts"]


async def test_something_else_is_chosen_in_the_form(world: World) -> None:
    """The form knows the words already, shows a task's own fields once it is chosen, and goes on with the run."""
    world.model.answers = [UNSURE, "Dear Ben."]
    root = await _mention(world, WISH)
    question = await _question(world, root)
    await world.slack.click(ANNA, SALES, question["ts"], "choose_form")
    first = await _form(world)
    names = [block["block_id"] for block in first["blocks"]]
    await world.slack.click_in_view(ANNA, "task", value="email")
    view = await _form(world, fields=3)
    await world.slack.submit(ANNA, {"input_to": "Ben", "input_message": "We look for a planner."})
    await world.card()
    (row,) = await world.rows(where=lambda row: row["outcome"] == "drafted")
    drafted = str(world.model.requests[-1].body["messages"])

    assert names == ["task", "words"]
    assert view["blocks"][0]["element"]["initial_option"]["value"] == "email"
    fields = {block["block_id"]: block["element"] for block in view["blocks"]}
    assert fields["words"]["initial_value"] == WISH
    assert {"input_to", "input_message"} <= fields.keys()
    assert (row["task"], row["surface"]) == ("email", "mention")
    assert row["asking_minutes"] >= 1
    assert WISH in drafted
    assert "to: Ben" in drafted


async def test_whoever_meant_something_else_gets_that(world: World) -> None:
    """Another task takes the place of the one that was taken: the first draft is discarded, and the ledger says so."""
    world.model.answers = [SURE, "Planner wanted.", "Dear Ben."]
    await _mention(world, WISH)
    card = await world.card()
    await world.slack.click(ANNA, world.im, card["ts"], "choose_other")
    await _form(world)
    await world.slack.submit(ANNA, {"task": "email"})
    await world.shown("Dear Ben.")
    rows = await world.rows(2)
    old = await world.shown("Planner wanted.")

    assert {row["task"]: row["review"] for row in rows} == {"vacancy": "discarded", "email": "open"}
    assert "choose_other" not in buttons(old)


async def test_the_same_mention_again_asks_once(world: World) -> None:
    """Slack delivers the mention four times: one question, one call, and the choice still counts once."""
    world.model.answers = [UNSURE, "Planner wanted."]
    root = await world.thread(*LINES)
    words = f"<@{world.slack.workspace.bot_user_id}> {WISH}"
    asked = world.slack.workspace.add_message(SALES, ANNA, words, thread_ts=root)
    event = {**asked, "type": "app_mention", "channel": SALES}
    for _ in range(3):
        await world.slack.push_event(event)
    question = await _question(world, root)
    await world.slack.click(ANNA, SALES, question["ts"], "choose_0")
    await world.card()
    await world.slack.push_event(event)
    rows = await world.rows(1, where=lambda row: row["outcome"] == "drafted")

    assert len(world.model.requests) == 2
    assert len(rows) == 1
    assert world.slack.count("chat.postMessage") == 2


async def test_a_crash_between_choice_and_draft_loses_nothing(tmp_path: Path) -> None:
    """The bot dies after a press was stored: at its next start it goes on, and pays no question twice."""
    async with make_slack() as slack, Model() as model:
        model.answers = [UNSURE]
        async with running(tmp_path, slack=slack, model=model) as world:
            root = await _mention(world, WISH)
            await _question(world, root)
            (row,) = await world.rows()
            run = await world.bot.records.requests.get(row["run_id"])
            assert run is not None
            await world.bot.records.choices.choose(run, task="answer", claimed_minutes=5)
        async with running(tmp_path, slack=slack, model=model) as world:
            await world.card()
            (row,) = await world.rows(where=lambda row: row["outcome"] == "drafted")

            assert (row["task"], row["calls"]) == ("answer", 2)


async def test_a_question_is_posted_once_though_slack_lost_it(world: World) -> None:
    """The connection breaks while the placeholder becomes the question: one message stands, paid once."""
    world.model.answers = [UNSURE]
    world.slack.fail("chat.update", drop=True, after=True)
    root = await _mention(world, WISH)
    await _question(world, root)
    await world.rows()

    assert len(world.model.requests) == 1
    assert world.slack.count("chat.postMessage") == 1


async def test_a_question_that_nobody_answers_is_settled_after_a_week(world: World) -> None:
    """After seven days it counts as refused, with what it cost, and its buttons are gone."""
    world.model.answers = [UNSURE]
    root = await _mention(world, WISH)
    question = await _question(world, root)
    await world.rows()
    await jobs.go_round(datetime.now(UTC) + timedelta(days=6))
    (early,) = await world.rows()
    await jobs.go_round(datetime.now(UTC) + timedelta(days=8))
    (row,) = await world.rows()
    shown = next(one for one in world.slack.messages(SALES, root) if one["ts"] == question["ts"])

    assert early["outcome"] == "waiting"
    assert (row["outcome"], row["reason"], row["calls"]) == ("refused", "not-chosen", 1)
    assert row["settled_at"] is not None
    assert row["minutes_saved"] is None
    assert buttons(shown) == []


CHANGE = {
    "tasks": ["change the draft above"],
    "certain": True,
    "because": "maak het wat vriendelijker",
    "inputs": [],
}
FOLLOW = "maak het wat vriendelijker en noem de levertijd"


async def test_a_free_follow_up_changes_the_draft(world: World) -> None:
    """In the messages tab "make it friendlier and name the date" is a new version, and no run of its own."""
    world.model.answers = ["A draft about chairs.", CHANGE, "A friendly draft."]
    root = await world.thread(*LINES)
    await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
    first = await world.card()
    await world.slack.say(ANNA, world.im, FOLLOW)
    await world.slack.wait_for(lambda: "A friendly draft." in str(world.slack.messages(world.im)))
    card = next(one for one in world.slack.messages(world.im) if one["ts"] == first["ts"])
    (row,) = await world.rows(where=lambda row: row["review"] == "redone")
    asked = str(world.model.requests[2].body["messages"])

    assert said(card) == "A friendly draft."
    assert FOLLOW in asked
    assert (row["task"], row["calls"]) == ("summarise", 3)
    assert {run_id for run_id, _ in await _calls(world)} == {row["run_id"]}
    assert len(await world.rows(0, where=lambda _: True)) == 1


async def test_a_follow_up_in_doubt_is_asked_about(world: World) -> None:
    """When the model is not sure, a button says "change the draft above", and pressing it does so."""
    world.model.answers = ["A draft.", {**CHANGE, "certain": False}, "A friendly draft."]
    root = await _mention(world, "vat dit samen")
    await world.card(SALES, thread_ts=root)
    await _mention(world, FOLLOW, root)
    question = await _question(world, root)
    await world.slack.click(ANNA, SALES, question["ts"], "choose_0")
    await world.slack.wait_for(lambda: "A friendly draft." in str(world.slack.messages(SALES, root)))
    rows = await world.rows(1, where=lambda row: row["review"] == "redone")

    assert [row["calls"] for row in rows] == [3]
    assert len(await world.rows(0, where=lambda _: True)) == 1


async def test_a_new_request_is_never_a_follow_up(world: World) -> None:
    """With an open draft, "write an e-mail to Jan" is a draft of its own, without asking anybody."""
    world.model.answers = ["A draft.", "Dear Jan."]
    root = await world.thread(*LINES)
    await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
    await world.card()
    await world.slack.say(ANNA, world.im, "schrijf een mail aan Jan dat we vrijdag leveren")
    await world.shown("Dear Jan.")
    rows = await world.rows(2)

    assert {row["task"] for row in rows} == {"summarise", "email"}


async def test_a_task_without_material_asks_for_it(world: World) -> None:
    """Asked to "translate this" with nothing to translate it asks for the text, and goes on as the same run."""
    await world.slack.say(ANNA, world.im, "kun je dit vertalen?")
    question = await world.card(having="choose_form")
    paid = len(world.model.requests)
    await world.slack.click(ANNA, world.im, question["ts"], "choose_form")
    view = await _form(world)
    refused = await world.slack.submit(ANNA)
    await world.slack.submit(ANNA, {"input_text": "De stoelen komen vrijdag."})
    card = await world.card()
    rows = await world.rows(1, where=lambda row: row["outcome"] == "drafted")

    assert paid == 0
    assert view["blocks"][0]["element"]["initial_option"]["value"] == "translate"
    assert refused.status == 0
    assert [(row["task"], row["surface"]) for row in rows] == [("translate", "message")]
    assert card["ts"] == question["ts"]


async def test_material_in_words_or_thread_needs_no_form(world: World) -> None:
    """One word of what it is about, or a thread, is enough to write from; and gaps are allowed to who wants them."""
    await _mention(world, "kun je dit vertalen?")
    await world.card()
    await world.slack.say(ANNA, world.im, "schrijf een vacature voor een bakker")
    await world.rows(2, where=lambda row: row["outcome"] == "drafted")
    await world.slack.say(ANNA, world.im, "schrijf een vacature")
    question = await world.card(having="choose_anyway")
    await world.slack.click(ANNA, world.im, question["ts"], "choose_anyway")
    rows = await world.rows(3, where=lambda row: row["outcome"] == "drafted")

    assert [row["task"] for row in rows] == ["translate", "vacancy", "vacancy"]


async def test_the_form_keeps_what_was_typed_when_its_task_changes(world: World) -> None:
    """Choosing a task in the New draft form shows its fields; words and date stay, and a closed form harms nothing."""
    await world.slack.command(ANNA, SALES, "/draft")
    await _form(world)
    await world.slack.click_in_view(ANNA, "task", value="quote")
    view = await _form(world, fields=3)
    world.slack.fail("views.update", error="not_found")
    await world.slack.click_in_view(ANNA, "task", value="reply")
    await world.slack.called("views.update")
    fields = [block["block_id"] for block in view["blocks"]]

    assert "input_customer" in fields
    assert json.loads(view["private_metadata"])["opened"].isdigit()
    assert await world.rows(0) == []


async def test_a_late_or_foreign_answer_is_told(world: World) -> None:
    """Who opens the form of somebody else's question, or answers one that is answered, reads why nothing happens."""
    world.model.answers = [UNSURE, "Planner wanted."]
    root = await _mention(world, WISH)
    question = await _question(world, root)
    await world.slack.click(BEN, SALES, question["ts"], "choose_form")
    await world.slack.called("chat.postEphemeral", where=lambda told: "can choose" in told["text"])
    await world.slack.click(ANNA, SALES, question["ts"], "choose_form")
    await _form(world)
    await world.slack.click(ANNA, SALES, question["ts"], "choose_0")
    await world.card()
    late = await world.slack.submit(ANNA, {"task": "email", "words": "To Ben: no."})
    (row,) = await world.rows(where=lambda row: row["outcome"] == "drafted")

    assert "answered already" in late.body
    assert row["task"] == "vacancy"


async def test_a_chosen_task_without_a_thread_asks_for_one(world: World) -> None:
    """A summary that is chosen in the messages tab needs a conversation: its form asks, and takes a link."""
    world.model.answers = [{**UNSURE, "tasks": ["summarise", "actions"]}, "Chairs on Friday."]
    root = await world.thread(*LINES)
    await world.slack.say(ANNA, world.im, "maak iets korts van wat er speelde voor Ben")
    question = await world.card(having="choose_plain")
    await world.slack.click(ANNA, world.im, question["ts"], "choose_0")
    await _form(world)
    refused = await world.slack.submit(ANNA)
    await world.slack.submit(ANNA, {"words": f"maak iets korts {world.link(root)}"})
    card = await world.card()
    (row,) = await world.rows(where=lambda row: row["outcome"] == "drafted")

    assert "Which conversation" in refused.body
    assert row["task"] == "summarise"
    assert "Rests on 3 messages" in str(card["blocks"])


async def test_without_the_draft_a_follow_up_is_a_plain_answer(world: World) -> None:
    """Whoever presses "change the draft above" after that draft was approved gets an answer, not a lost message."""
    world.model.answers = ["A draft.", {**CHANGE, "certain": False}, "Done, in words."]
    root = await world.thread(*LINES)
    await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
    first = await world.card()
    await world.slack.say(ANNA, world.im, FOLLOW)
    question = await world.card(having="choose_plain")
    await world.slack.click(ANNA, world.im, first["ts"], "approve")
    await world.shown("Approved by")
    await world.slack.click(ANNA, world.im, question["ts"], "choose_0")
    await world.shown("Done, in words.")
    rows = await world.rows(2, where=lambda row: row["outcome"] == "drafted")

    assert {row["task"]: row["review"] for row in rows} == {"summarise": "approved", "answer": "open"}


async def test_fields_take_only_what_they_can_hold(world: World) -> None:
    """What stands in the words fills a field only as its form would: an option, a day, a short text."""
    tasks = {name: task for name, task in world.bot.prompts.tasks.items() if name != "answer"}
    words = "offerte for Smit, delivered 2026-12-03, zakelijk, of morgen"
    shape = make_shape(tasks, default="answer", change=False)
    given = {
        "customer": "Smit",
        "delivery": "2026-12-03",
        "audience": "zakelijk",
        "address": "x" * 400,
    }
    inputs = [{"name": name, "value": value} for name, value in given.items()]
    answer = {"tasks": ["quote"], "certain": True, "because": "offerte", "inputs": inputs}
    read = read_choosing(shape.model_validate(answer), words, tasks=tasks, default="answer")
    answer["inputs"] = [{"name": "delivery", "value": "morgen"}, {"name": "audience", "value": "business"}]
    loose = read_choosing(shape.model_validate(answer), words, tasks=tasks, default="answer")
    view = fill_form(
        task_form(tasks, language="en", metadata={}, chosen="quote"), {"input_delivery": "2026-12-03"}
    )

    assert (read.candidates, read.sure) == (("quote",), True)
    assert read.inputs == {"customer": "Smit", "delivery": "2026-12-03", "audience": "business"}
    assert loose.inputs == {}
    assert filled_in(view)["input_delivery"] == "2026-12-03"


async def test_unknown_tokens_of_a_follow_up_stay_unknown(world: World) -> None:
    """A follow-up whose call told no tokens adds to its draft's row what is known, and makes no nought of the rest."""
    ledger, choices = world.bot.records.ledger, world.bot.records.choices
    run, then = (Run(f"T1:C1:{number}.0", "T1", "C1", ANNA, "email", "mention", "en") for number in (1, 2))
    for one, read in ((run, None), (then, 40)):
        await world.bot.records.requests.add(one, choosing=one is then)
        await ledger.open(one, claimed_minutes=5)
        await ledger.book(Call(one.run_id, one.run_id, "m", "answered", read, None, None, None, None, 5))
    await choices.continue_draft(then.run_id, into=run.run_id)
    (row,) = await ledger.newest()

    assert (row["calls"], row["calls_unpriced"], row["cost_microusd"]) == (2, 2, None)
    assert (row["input_tokens"], row["output_tokens"]) == (40, None)
