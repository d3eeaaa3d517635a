"""A guideline is a notice until it is published; then it is accepted once, and its rules hold on every way in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import jobs
from bot.handlers import Brief
from bot.handlers.admission import AcceptError
from bot.jobs.schedules import sweep_now
from bot.sandbox.model import Model
from bot.tasks import Run, UserError
from bot.tasks.guideline import NO_RULES, Rules, Special, read_rules, write_rules
from tests.bulk_set import table
from tests.conftest import (
    ANNA,
    BEN,
    CHEF,
    GUEST,
    SALES,
    SECRET_ROOM,
    World,
    buttons,
    make_slack,
    running,
    said,
    until,
)
from tests.documents import word
from tests.knowledge.conftest import put
from tests.screening.test_vacancy import CV, vacancy
from tests.test_measuring import _form
from tests.test_run import LINES

READING = ("conversations.replies", "conversations.history", "conversations.members", "files.info")
EMAIL = "email Write to Kim that the chairs come on Tuesday."


async def publish(world: World, rules: Rules = NO_RULES, body: str = "Be kind.") -> int:
    """Publish a guideline as the admin and return its version."""
    guidelines = world.bot.records.guidelines
    newest = await guidelines.newest("T1")
    made = await guidelines.publish("T1", body, rules, user_id=CHEF, over=newest.version if newest else 0)
    assert made is not None
    return made.version


async def accept(world: World, user_id: str = ANNA) -> None:
    """Press the button below the guideline."""
    im = world.slack.workspace.im_with(user_id).id
    card = await world.card(im, having="guideline_accept")
    await world.slack.click(user_id, im, card["ts"], "guideline_accept")


async def agreed(world: World, rules: Rules, *people: str) -> None:
    """Publish rules that people have accepted."""
    version = await publish(world, rules)
    for user_id in people or (ANNA,):
        await world.bot.records.guidelines.accept("T1", user_id, version)


def everywhere(world: World) -> str:
    """Return all that the bot shows: messages, what only one person sees, and answers to commands."""
    space = world.slack.workspace
    told = [str(one) for channel in space.channels.values() for one in channel.messages.values()]
    told += [str(call.arguments) for call in world.slack.calls if call.method == "chat.postEphemeral"]
    return "\n".join([*told, *(str(one.body) for one in world.slack.sent)])


def reads(world: World, since: int) -> list[str]:
    """Return what the bot has read in Slack since a call."""
    return [call.method for call in world.slack.calls[since:] if call.method in READING]


async def mention(world: World, words: str, user_id: str = ANNA, channel_id: str = SALES) -> str:
    """Mention the bot in a thread."""
    root = await world.thread(*LINES, channel_id=channel_id)
    bot = f"<@{world.slack.workspace.bot_user_id}>"
    await world.slack.say(user_id, channel_id, f"{bot} {words}", thread_ts=root)
    return root


Way = Callable[[World], Awaitable[Any]]


async def nothing(world: World) -> None:
    """Prepare nothing."""


async def drafted(world: World) -> None:
    """Have a draft that is open."""
    await world.slack.command(ANNA, SALES, "/draft", EMAIL)
    await world.card()
    await world.rows()


async def redo(world: World) -> None:
    """Ask for another version by the card's button."""
    card = await world.card()
    await world.slack.click(ANNA, world.im, card["ts"], "redo")
    await _form(world, ANNA)
    await world.slack.submit(ANNA, {"instruction": "shorter"})


async def fill_form(world: World) -> None:
    """Ask by the New draft form."""
    await world.slack.global_shortcut(ANNA, "new_draft")
    await _form(world, ANNA)
    await world.slack.submit(ANNA, {"task": "email", "words": "Write to Kim that the chairs come."})


async def know(world: World) -> None:
    """Put a document into the knowledge base."""
    await put(world.bot.records, "verlof.md", "# Verlof\n\nJe krijgt 25 vakantiedagen per jaar.\n")


async def screen(world: World) -> None:
    """Have a vacancy whose criteria are locked."""
    world.vacancy = await vacancy(world)  # type: ignore[attr-defined]


async def send_cv(world: World) -> None:
    """Send a CV to the vacancy."""
    ts = world.vacancy  # type: ignore[attr-defined]
    await world.slack.say(ANNA, world.im, "", thread_ts=ts, files=[("CV.docx", word(*CV))])


@dataclass(frozen=True)
class Route:
    """A way in: the task that is asked for, what stands there before, how it is asked, and what comes of it."""

    task: str
    ask: Way
    done: str = "approve"
    before: Way = nothing


async def _thread_link(world: World, command: str) -> None:
    root = await world.thread(*LINES)
    await world.slack.command(ANNA, SALES, command, world.link(root))


async def _shortcut(world: World) -> None:
    root = await world.thread(*LINES)
    await world.slack.shortcut(ANNA, SALES, root, "summarize_thread")


ROUTES = {
    "mention": Route("reply", lambda world: mention(world, "reply that it is fine")),
    "command": Route("summarise", lambda world: _thread_link(world, "/summarize")),
    "shortcut": Route("summarise", _shortcut),
    "form": Route("email", fill_form),
    "messages-tab": Route("email", lambda world: world.slack.say(ANNA, world.im, EMAIL)),
    "plain": Route("answer", lambda world: world.slack.say(ANNA, world.im, "What is a pallet?")),
    "doubt": Route(
        "answer", lambda world: world.slack.say(ANNA, world.im, "kun je hier iets moois van maken?")
    ),
    "redo": Route("email", redo, before=drafted),
    "follow-up": Route("email", lambda world: world.slack.say(ANNA, world.im, "korter"), before=drafted),
    "ask": Route(
        "ask", lambda world: world.slack.command(ANNA, SALES, "/ask", "Hoeveel vakantiedagen?"), before=know
    ),
    "table": Route(
        "descriptions",
        lambda world: world.slack.say(ANNA, world.im, "descriptions: kort", files=[("t.csv", table(3))]),
        "bulk_map",
    ),
    "cv": Route("screening", send_cv, "screening_next", before=screen),
}


@pytest.mark.parametrize("name", ROUTES)
async def test_nothing_is_read_or_sent_before_it_is_accepted(world: World, name: str) -> None:
    """Whichever way somebody asks, the guideline comes first; after one press what they asked goes on by itself."""
    route = ROUTES[name]
    await route.before(world)
    await publish(world)
    asked, calls = world.model.count, len(world.slack.calls)
    await route.ask(world)
    await world.card(having="guideline_accept")
    held = world.model.count, reads(world, calls)
    await accept(world)
    await world.shown("You accepted this")
    thread = world.vacancy if name == "cv" else ""  # type: ignore[attr-defined]
    await world.card(having=route.done, thread_ts=thread)
    await until(lambda: world.model.count > asked or name == "table")
    shown = [one for one in world.slack.messages(world.im) if "Be kind." in str(one)]

    assert held == (asked, [])
    assert len(shown) == 1
    assert buttons(shown[0]) == []


@pytest.mark.parametrize("name", [name for name in ROUTES if name != "doubt"])
async def test_a_task_that_is_ruled_out_is_refused_on_every_way(world: World, name: str) -> None:
    """The asker reads that the guideline rules it out and whom to ask; nothing is read and no model is asked."""
    route = ROUTES[name]
    await route.before(world)
    await agreed(world, Rules(tasks_off=(route.task,)))
    asked, calls = world.model.count, len(world.slack.calls)
    await route.ask(world)
    wanted = "Your guideline or settings" if name == "cv" else "this task is not done here"
    await world.slack.wait_for(lambda: wanted in everywhere(world) or None)

    assert name == "cv" or f"<@{CHEF}> published it" in everywhere(world)
    assert reads(world, calls) == []
    assert world.model.count == asked


async def test_who_has_a_text_from_before_is_not_held_up(world: World) -> None:
    """A guideline that was told before there were rules stays a notice: it is shown, and nobody has to accept it."""
    await world.bot.records.firms.change("T1", {"guideline": "Never a BSN."}, user_id=CHEF)
    read = await world.slack.command(ANNA, SALES, "/tijdwinst", "guideline")
    await world.slack.command(ANNA, SALES, "/draft", EMAIL)
    await world.card()

    assert read.body == "Never a BSN."
    assert "guideline_accept" not in everywhere(world)


async def test_the_days_that_texts_are_kept_are_the_days_that_are_told(world: World) -> None:
    """An admin who chose seven days does not have the bot promise thirty."""
    settings = replace(await world.bot.records.workspaces.get("T1"), retention_days=7)
    await world.bot.records.workspaces.change("T1", settings, user_id=CHEF)
    world.workspace.intake.hold(settings)
    told = await world.slack.command(ANNA, SALES, "/tijdwinst", "guideline")
    await world.slack.command(ANNA, SALES, "/draft", EMAIL)
    card = await world.card()

    assert "deleted here after 7 days" in told.body
    assert "deleted here after 7 days" in str(card["blocks"])


async def test_each_version_is_accepted_once_by_each_person(world: World) -> None:
    """Who accepted asks on freely, until another version is published; a colleague is asked for themselves."""
    await publish(world)
    await world.slack.command(ANNA, SALES, "/draft", EMAIL)
    await accept(world)
    await world.rows(1, where=lambda row: row["outcome"] == "drafted")
    await world.slack.command(ANNA, SALES, "/draft", EMAIL)
    await world.rows(2, where=lambda row: row["outcome"] == "drafted")
    await world.slack.command(BEN, SALES, "/draft", EMAIL)
    await world.card(world.slack.workspace.im_with(BEN).id, having="guideline_accept")
    again = await publish(world, body="Be kind and brief.")
    await world.slack.command(ANNA, SALES, "/draft", EMAIL)
    await world.shown("Be kind and brief.")
    waiting = await world.rows(2, where=lambda row: row["outcome"] == "waiting")
    await accept(world)
    await world.rows(3, where=lambda row: row["outcome"] == "drafted")
    same = await publish(world, body="Be kind and brief.")
    events = await world.bot.records.audit.newest("T1")

    assert {row["user_id"] for row in waiting} == {ANNA, BEN}
    assert (again, same) == (2, 2)
    assert [(one.user_id, one.act, one.subject) for one in reversed(events)] == [
        (CHEF, "guideline", "1"),
        (CHEF, "guideline-accepted", "1"),
        (ANNA, "guideline-accepted", "1"),
        (CHEF, "guideline", "2"),
        (CHEF, "guideline-accepted", "2"),
        (ANNA, "guideline-accepted", "2"),
    ]


async def test_an_old_button_accepts_nothing(world: World) -> None:
    """Who presses below a version that does not hold any more reads so, and gets the one that does."""
    await publish(world)
    await world.slack.command(ANNA, SALES, "/draft", EMAIL)
    old = await world.card(having="guideline_accept")
    await publish(world, body="Be kind and brief.")
    await world.slack.click(ANNA, world.im, old["ts"], "guideline_accept")
    await world.shown("Be kind and brief.")
    asked = world.model.count
    await accept(world)
    await world.rows(1, where=lambda row: row["outcome"] == "drafted")

    assert "does not hold any more" in str(world.slack.ephemerals(world.im, ANNA))
    assert asked == 0


async def test_a_guideline_that_is_withdrawn_holds_nothing_up(world: World) -> None:
    """What waited goes on without a press, and its rules do not hold any more."""
    await publish(world, Rules(tasks_off=("email",)))
    await world.slack.command(ANNA, SALES, "/draft", "reply Thank you for your order")
    old = await world.card(having="guideline_accept")
    await publish(world, body="")
    await world.slack.click(ANNA, world.im, old["ts"], "guideline_accept")
    await world.rows(1, where=lambda row: row["outcome"] == "drafted")
    await world.slack.command(ANNA, SALES, "/draft", EMAIL)
    await world.rows(2, where=lambda row: row["outcome"] == "drafted")
    read = await world.slack.command(ANNA, SALES, "/tijdwinst", "guideline")

    assert "there is nothing to accept" in everywhere(world)
    assert "not published a guideline yet" in read.body


async def test_what_waits_survives_a_restart(tmp_path: Path) -> None:
    """The bot is off when the acceptance is stored: after its start the request goes on, once."""
    async with make_slack() as slack, Model() as model:
        async with running(tmp_path, slack=slack, model=model) as world:
            await publish(world)
            await world.slack.command(ANNA, SALES, "/draft", EMAIL)
            await world.card(having="guideline_accept")
            await world.rows(1, where=lambda row: row["outcome"] == "waiting")
            await world.bot.records.guidelines.accept("T1", ANNA, 1)
        async with running(tmp_path, slack=slack, model=model) as again:
            await sweep_now()
            await sweep_now()
            (row,) = await again.rows(1, where=lambda row: row["outcome"] == "drafted")
            card = await again.card()

    assert row["calls"] == 1
    assert said(card)


async def test_who_never_accepts_is_told_after_a_week(world: World) -> None:
    """The request ends with a word and a button; later it does not go on by itself."""
    await publish(world)
    await world.slack.command(ANNA, SALES, "/draft", EMAIL)
    await world.card(having="guideline_accept")
    await world.rows(1, where=lambda row: row["outcome"] == "waiting")
    await jobs.go_round(datetime.now(UTC) + timedelta(days=8))
    await world.shown("waited a week")
    (row,) = await world.rows(1, where=lambda row: row["outcome"] == "refused")
    await accept(world)
    await world.shown("You accepted this")

    assert row["reason"] == "guideline.expired"
    assert world.model.count == 0


async def test_what_waits_is_erased_at_once(world: World) -> None:
    """Whoever is erased while a request waits for them needs to accept nothing first."""
    await publish(world)
    await world.slack.command(ANNA, SALES, "/draft", EMAIL)
    await world.card(having="guideline_accept")
    await world.rows(1, where=lambda row: row["outcome"] == "waiting")
    erasures = world.bot.records.erasures
    erased = await erasures.erase(await erasures.ask("T1", ANNA))
    await sweep_now()

    assert erased.under_way == 0
    assert await world.bot.records.guidelines.released() == []


async def test_an_admin_writes_and_rules_it_in_one_form(world: World) -> None:
    """Text and rules are published together; everybody reads both, and the form shows them again."""
    await world.slack.command(CHEF, SALES, "/tijdwinst", "setup")
    im = world.slack.workspace.im_with(CHEF).id
    guide = await world.card(im, having="setup:end")
    await world.slack.click(CHEF, im, guide["ts"], "setup:guideline")
    await _form(world, CHEF)
    wrong = await world.slack.submit(CHEF, {"among": "only"})
    await world.slack.submit(
        CHEF,
        {
            "guideline": "Be kind.",
            "among": "except",
            "channels": [SECRET_ROOM],
            "tasks_off": ["quote", "social"],
            "block": ["birthdate"],
            "allow": ["kvk"],
            "quotes": "always",
            "guests": "words",
            "act_1": "block",
            "channels_1": [SALES],
            "tasks_1": ["reply"],
            "kinds_1": ["iban", "phone"],
            "act_2": "refuse",
        },
    )
    await world.shown("1 of 5", im)
    read = await world.slack.command(ANNA, SALES, "/tijdwinst", "guideline")
    holds = await world.bot.records.guidelines.current("T1")
    await world.slack.click(CHEF, im, guide["ts"], "setup:guideline")
    view = str((await _form(world, CHEF))["blocks"])
    meanwhile = await publish(world, body="Another one.")
    late = await world.slack.submit(CHEF, {"guideline": "Mine."})

    assert set(wrong.answer["errors"]) == {"channels"}
    assert holds is not None
    assert holds.rules == Rules(
        among="except",
        channels=(SECRET_ROOM,),
        tasks_off=("quote", "social"),
        block=("birthdate",),
        allow=("kvk",),
        special=(Special("block", (SALES,), ("reply",), ("iban", "phone")),),
        quotes="always",
        guests="words",
    )
    reply = world.bot.prompts.tasks["reply"].title
    for line in (
        "Be kind.",
        f"I do not read or write in <#{SECRET_ROOM}>.",
        "Nothing is asked with: a date of birth.",
        "Goes to the model as it is: a company number (KvK).",
        f"In <#{SALES}>, {reply}: nothing is asked with a bank account (IBAN), a phone",
        "Every quote is approved by a second person.",
        "Guests ask only about their own words and files.",
    ):
        assert line in read.body
    assert "'initial_conversations': ['GSECRET']" in view
    assert meanwhile == 2
    assert "Somebody published another version" in late.answer["errors"]["guideline"]


async def test_only_admins_publish(world: World) -> None:
    """Who is no admin cannot send the form in, however they came by it."""
    await world.slack.command(CHEF, SALES, "/tijdwinst", "setup")
    im = world.slack.workspace.im_with(CHEF).id
    guide = await world.card(im, having="setup:end")
    await world.slack.click(CHEF, im, guide["ts"], "setup:guideline")
    await _form(world, CHEF)
    world.slack.workspace.users[CHEF].is_admin = False
    await world.bot.records.store.write(lambda db: db.execute("delete from people"))
    refused = await world.slack.submit(CHEF, {"guideline": "Mine."})

    assert "Only an admin" in refused.answer["errors"]["guideline"]
    assert await world.bot.records.guidelines.newest("T1") is None


def test_rules_are_read_as_they_were_written() -> None:
    """What is stored holds again after a restart; rules of a later version that we do not know are passed over."""
    rules = Rules(
        among="only", channels=("C1",), special=(Special("allow", ("C1",), (), ("name",)),), cvs="two"
    )

    assert read_rules(write_rules(rules)) == rules
    assert read_rules('{"quotes": "always", "later": [1]}') == Rules(quotes="always")


async def told(world: World, wanted: str) -> str:
    """Return what is shown once *wanted* is."""
    await world.slack.wait_for(lambda: wanted in everywhere(world) or None)
    return everywhere(world)


async def test_a_closed_channel_is_not_read_and_not_written_in(world: World) -> None:
    """Mentioned there, or sent a link to it, the bot says so to the asker alone; elsewhere it works."""
    root = await world.thread(*LINES)
    await agreed(world, Rules(among="except", channels=(SALES,)))
    calls = len(world.slack.calls)
    await mention(world, "reply that it is fine")
    await told(world, f"do not read or write in <#{SALES}>")
    by_link = await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
    await world.slack.shortcut(ANNA, SALES, root, "summarize_thread")
    await world.slack.say(ANNA, world.im, world.link(root))
    await world.slack.wait_for(lambda: len(world.slack.ephemerals(world.im, ANNA)) == 1 or None)
    posted = [call.arguments["channel"] for call in world.slack.calls if call.method == "chat.postMessage"]
    before = world.model.count
    await world.slack.command(ANNA, SALES, "/draft", EMAIL)
    await world.card()

    assert f"do not read or write in <#{SALES}>" in by_link.body
    assert SALES not in posted
    assert reads(world, calls) == []
    assert before == 0


async def test_only_some_channels(world: World) -> None:
    """Where only some are named, every other one is closed."""
    await agreed(world, Rules(among="only", channels=(SECRET_ROOM,)), CHEF)
    root = await mention(world, "summarise", CHEF, SECRET_ROOM)
    await world.card(SECRET_ROOM, thread_ts=root)
    await mention(world, "summarise", CHEF)

    assert f"do not read or write in <#{SALES}>" in await told(world, "do not read or write")


async def test_rules_hold_for_drafts_of_before(world: World) -> None:
    """A draft from a channel that was closed since is neither written anew nor shared there."""
    root = await world.thread(*LINES)
    await world.slack.command(ANNA, SALES, "/draft", f"reply {world.link(root)}")
    card = await world.card()
    await agreed(world, Rules(among="except", channels=(SALES,)))
    asked, calls = world.model.count, len(world.slack.calls)
    await world.slack.click(ANNA, world.im, card["ts"], "share")
    await world.shown("Not shared")
    back = await world.card()
    await world.slack.click(ANNA, world.im, back["ts"], "redo")
    await _form(world, ANNA)
    await world.slack.submit(ANNA, {"instruction": "shorter"})
    await world.shown(f"do not read or write in <#{SALES}>")

    assert reads(world, calls) == []
    assert world.model.count == asked
    assert len(world.slack.messages(SALES, root)) == len(LINES)


async def test_what_is_asked_again_is_answered_where_that_is_allowed(world: World) -> None:
    """Try again, pressed in a channel that was closed since, writes nothing there: the asker is told in private."""
    world.model.fail("unauthorized")
    root = await mention(world, "summarise")
    place = await world.card(SALES, having="retry", thread_ts=root)
    await agreed(world, Rules(among="except", channels=(SALES,)))
    before = len(world.slack.messages(SALES, root))
    await world.slack.click(ANNA, SALES, place["ts"], "retry")
    await world.shown(f"do not read or write in <#{SALES}>")

    assert len(world.slack.messages(SALES, root)) == before


PHONE, IBAN_NUMBER, BSN = "06-48213377", "NL79 RABO 0745 5166 74", "BSN 123456782"


async def sent(world: World, words: str, channel_id: str = SALES, task: str = "email") -> str:
    """Ask for a draft and return what went to the model; empty when nothing did."""
    before, done = world.model.count, len(await world.rows(0))
    await world.slack.command(ANNA, channel_id, "/draft", f"{task} {words}")
    await world.rows(done + 1)
    return str(world.model.requests[-1].body["messages"]) if world.model.count > before else ""


async def test_kinds_of_data_are_ruled_everywhere_and_by_channel_and_task(world: World) -> None:
    """Blocked, let through or replaced as the guideline says for the channel and task; a BSN never goes."""
    special = (
        Special("allow", (SALES,), ("reply",), ("phone",)),
        Special("block", (SALES,), (), ("iban",)),
    )
    await agreed(world, Rules(block=("phone",), allow=("iban",), special=special))
    words = "Bel de klant op {}"
    blocked = await sent(world, words.format(PHONE))
    told_phone = await told(world, "nothing is asked with a phone number")
    let_through = await sent(world, words.format(PHONE), task="reply")
    in_channel = await sent(world, f"Maak het over op {IBAN_NUMBER}")
    elsewhere = await sent(world, f"Maak het over op {IBAN_NUMBER}", world.im)
    mail = await sent(world, "Schrijf naar piet@bakema.example")
    never = await sent(world, f"Zijn {BSN} staat erbij", task="reply")
    events = [one for one in await world.bot.records.audit.newest("T1") if one.act == "blocked"]

    assert blocked == in_channel == never == ""
    assert f"ask <@{CHEF}>" in told_phone
    assert PHONE in let_through
    assert IBAN_NUMBER in elsewhere
    assert "piet@bakema.example" not in mail
    assert [one.data_class for one in reversed(events)] == ["phone", "iban", "bsn"]


@pytest.mark.parametrize("person", ["guest", "stranger"])
async def test_people_from_outside_ask_what_the_guideline_lets_them(world: World, person: str) -> None:
    """Nothing, or only about their own words: then no conversation is read for them; members ask on."""
    other = "strangers" if person == "guest" else "guests"
    mine = "guests" if person == "guest" else "strangers"
    world.slack.workspace.users[GUEST].is_restricted = person == "guest"
    world.slack.workspace.users[GUEST].is_stranger = person == "stranger"
    world.slack.workspace.channels[SALES].members.append(GUEST)
    im = world.slack.workspace.im_with(GUEST).id
    await agreed(world, Rules(**{mine: "words", other: "none"}), GUEST, ANNA)  # type: ignore[arg-type]
    calls = len(world.slack.calls)
    root = await world.thread(*LINES)
    await world.slack.command(GUEST, SALES, "/summarize", world.link(root))
    await world.shown("ask only about their own words", im)
    held = world.model.count, reads(world, calls)
    await world.slack.command(GUEST, SALES, "/draft", EMAIL)
    await world.card(im)
    await agreed(world, Rules(**{mine: "none"}), GUEST, ANNA)  # type: ignore[arg-type]
    asked = world.model.count
    await world.slack.command(GUEST, SALES, "/draft", EMAIL)
    await world.slack.say(GUEST, im, "kun je hier iets moois van maken?")
    await world.rows(3, where=lambda row: row["outcome"] == "refused")
    still = world.model.count
    await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
    await world.card()

    assert held == (0, [])
    assert still == asked


async def test_whoever_slack_does_not_know_asks_nothing(world: World) -> None:
    """Where people from outside may ask less, an answer that is missing is a no."""
    await agreed(world, Rules(guests="none"))
    world.slack.fail("users.info", error="internal_surprise", times=9)
    await world.slack.command(ANNA, SALES, "/draft", EMAIL)
    (row,) = await world.rows(1, where=lambda row: row["outcome"] == "refused")

    assert row["reason"] == "guests-not-welcome"
    assert world.model.count == 0


async def test_a_task_is_ruled_out_in_one_channel(world: World) -> None:
    """There it is refused with the channel's name; elsewhere it is done."""
    await agreed(world, Rules(special=(Special("refuse", (SALES,), ("email",)),)))
    refused = await sent(world, "Write to Kim that the chairs come.")
    done = await sent(world, "Write to Kim that the chairs come.", world.im)

    assert (refused, bool(done)) == ("", True)
    assert f"not done in or about <#{SALES}>" in everywhere(world)


async def test_nothing_leaves_though_it_was_let_in(world: World) -> None:
    """A rule that comes between the reading and the sending still holds: the gate looks again."""
    desk = world.workspace.desk
    run = Run("T1:D1:1.1", "T1", world.im, ANNA, "email", "message", "en", words="Hello")
    brief = Brief(run=run, task=world.bot.prompts.tasks["email"], company="")
    await desk.let_out(brief, system=[], user="Hello")
    await agreed(world, Rules(tasks_off=("email",)))
    with pytest.raises(UserError, match=r"guideline\.no\.task"):
        await desk.let_out(brief, system=[], user="Hello")
    await publish(world)
    with pytest.raises(AcceptError):
        await desk.let_out(brief, system=[], user="Hello")


async def test_the_home_tab_says_for_whom_a_request_waits(world: World) -> None:
    """Anna did not accept yet: her Home tab says that it waits for her, not for the model or Slack."""
    await publish(world)
    await world.slack.command(ANNA, SALES, "/draft", EMAIL)
    await world.card(having="guideline_accept")
    await world.rows(where=lambda row: row["outcome"] == "waiting")
    await world.slack.open_home(ANNA)
    home = await world.slack.wait_for(
        lambda: str(told) if "waits for your answer" in str(told := world.slack.home(ANNA)) else None
    )

    assert "waits for the model" not in home
