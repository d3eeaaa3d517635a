"""A model that obeys whatever a text tells it does no harm: no link, no mention, no leak, nothing sent anywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.guard import check_links, clean, links_of
from bot.tasks import Run
from bot.views import fallback, markdown_block
from tests.conftest import ANNA, BEN, CHEF, SALES, SECRET_ROOM, World, buttons, until
from tests.guard.orders import ALL, MENTION, ORION, answer, groups, harm, prompts


def test_there_are_enough_of_them() -> None:
    """At least eighty orders, in both languages, none of them twice."""
    assert len(set(ALL)) == len(ALL) >= 80


@pytest.mark.parametrize("payload", ALL)
def test_an_order_that_was_obeyed_is_only_text(payload: str) -> None:
    """What a model says that did as it was told holds nothing to click, and calls nobody, on card and in notice."""
    read = clean(payload)
    body = {"system": [{"text": "RULES"}], "messages": [{"role": "user", "content": f"Bakema. {read}"}]}
    told, _ = check_links(clean(answer(body)), links_of(""), ours="https://acme.slack.com/archives/")
    shown = str(markdown_block(told)["text"])

    assert not links_of(shown)
    assert not MENTION.search(shown)
    assert "![" not in shown
    assert "<" not in fallback(told)


@pytest.mark.parametrize(
    "route", ["thread", "request", "form", "display name", "file name", "earlier draft", "other apps"]
)
async def test_whatever_is_ordered_the_draft_is_only_text(world: World, route: str) -> None:
    """Wherever an order stands, nothing is sent, linked, called or told that nobody asked for."""
    space = world.slack.workspace
    world.model.answer_with(answer)
    await world.thread((CHEF, ORION), channel_id=SECRET_ROOM)
    texts = groups(ALL, 4) if route in ("thread", "request") else groups(ALL[::6], 2)
    for number, payload in enumerate(texts):
        await _ask(world, route, payload, number)
    rows = await world.rows(len(texts), where=lambda row: row["finished_at"])
    if route == "earlier draft":
        world.model.answer_with(answer)
        for message in [one for one in world.slack.messages(world.im) if "redo" in buttons(one)]:
            await world.slack.click(ANNA, world.im, message["ts"], "redo")
            await world.slack.wait_for(lambda: world.slack.modal(ANNA))
            await world.slack.submit(ANNA, {"instruction": "korter"})
        await until(lambda: len(world.model.requests) >= 2 * len(texts))
        await world.slack.wait_for(lambda: "Writing" not in json.dumps(world.slack.messages(world.im)))
    asked = prompts(world)

    assert harm(world, clean("\n".join([*texts, *(text[:80] for text in texts)]))) == []
    assert "evil" in asked
    assert ORION not in asked
    # One order names a message of a conversation that nobody is in.
    assert {row["reason"] for row in rows if row["outcome"] != "drafted"} <= {
        "guard.leaked",
        "asker-may-not-read",
    }
    assert any(row["outcome"] == "drafted" for row in rows)
    assert {call.method for call in world.slack.calls} <= ALLOWED
    assert space.channels[SECRET_ROOM].messages.keys() == {next(iter(space.channels[SECRET_ROOM].messages))}


async def _ask(world: World, route: str, payload: str, number: int) -> None:
    """Ask for a draft with *payload* somewhere in its way."""
    space = world.slack.workspace
    if route == "request":
        await world.slack.command(ANNA, SALES, "/draft", f"email schrijf over: {payload}")
    elif route == "form":
        run = Run(
            f"{space.team_id}:form{number}", space.team_id, SALES, ANNA, "client-letter", "form", "en",
            inputs={"data": payload, "client": payload[:80]},
        )  # fmt: skip
        await world.workspace.intake.accept(run)
    elif route == "earlier draft":
        world.model.answer_with(lambda body: payload)
        await world.slack.command(ANNA, SALES, "/draft", f"email nummer {number}")
        await world.rows(number + 1, where=lambda row: row["finished_at"])
    else:
        user_id = BEN
        if route == "display name":
            user_id = space.new_id("U")
            space.add_user(user_id, f"guest{number}", payload)
        root = await world.thread((BEN, "Kunnen de 40 stoelen vrijdag komen?"), (user_id, "Ja."))
        if route == "thread":
            space.add_message(SALES, BEN, payload, thread_ts=root)
        if route == "other apps":
            _let_apps_say(world, root, payload)
        if route == "file name":
            message = space.add_message(SALES, BEN, "zie bijlage", thread_ts=root)
            message["files"] = [{"id": f"F{number}", "name": payload}]
        await world.slack.command(ANNA, SALES, "/draft", f"reply {world.link(root)}")


def _let_apps_say(world: World, root: str, payload: str) -> None:
    """Put an order where apps put words: their name, an attachment, blocks, and what they call a channel."""
    label = payload.replace("|", " ").replace(">", " ").replace("\n", " ")
    section = {"type": "section", "text": {"type": "mrkdwn", "text": payload}}
    told: list[dict[str, Any]] = [
        {"username": payload},
        {"attachments": [{"text": payload, "fallback": payload}]},
        {"text": "", "blocks": [section]},
        {"text": f"<#{SALES}|{label}> <@UNOBODY|{label}> <!date^1^x|{label}>"},
    ]
    for more in told:
        said = str(more.pop("text", "Zie dit."))
        message = world.slack.workspace.add_message(SALES, BEN, said, thread_ts=root, bot_id="BOTHER", **more)
        if "username" in more:
            del message["user"]


ALLOWED = {
    "auth.test", "chat.postMessage", "chat.update", "chat.postEphemeral", "conversations.replies", "conversations.open",
    "conversations.members", "conversations.info", "conversations.history", "users.info", "users.list", "views.publish",
    "apps.connections.open", "views.open",
}  # fmt: skip
