"""The people of the local Slack, before a real Bolt app, over HTTP and over a socket."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import Delivery, Slack
from tests.conftest import ANNA, BEN, SALES, SECRET, make_slack
from tests.sandbox.test_slack_api import HOME, MORE_SCOPES, Clock, modal

EVERYTHING = {
    "app_home_opened", "app_mention", "member_joined_channel",
    "message.channels", "message.groups", "message.im", "message.mpim",
}  # fmt: skip
BUTTONS = {
    "type": "actions",
    "block_id": "buttons",
    "elements": [
        {"type": "button", "action_id": "go", "value": "1", "text": {"type": "plain_text", "text": "Go"}},
        {
            "type": "static_select",
            "action_id": "size",
            "options": [{"text": {"type": "plain_text", "text": size}, "value": size} for size in ("s", "m")],
        },
    ],
}


def text_field(block_id: str, **more: Any) -> dict[str, Any]:
    """Make a field of a form."""
    element = {"type": "plain_text_input", "action_id": "a", **more.pop("element", {})}
    label = {"type": "plain_text", "text": block_id}
    return {"type": "input", "block_id": block_id, "label": label, "element": element, **more}


@dataclass
class Heard:
    """What a Bolt app was told, and what it answers."""

    slack: Slack
    client: AsyncWebClient
    events: list[dict[str, Any]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    answer: dict[str, Any] = field(default_factory=dict)

    def listen(self, app: AsyncApp) -> None:
        """Take everything that comes."""

        async def event(body: dict[str, Any]) -> None:
            self.events.append(body["event"])

        async def act(ack: Any, body: dict[str, Any]) -> None:
            self.bodies.append(body)
            await ack(**self.answer)

        app.event(re.compile(".*"))(event)
        app.command(re.compile(".*"))(act)
        app.shortcut(re.compile(".*"))(act)
        app.action(re.compile(".*"))(act)
        app.view_submission(re.compile(".*"))(act)
        app.view_closed(re.compile(".*"))(act)
        app.options(re.compile(".*"))(act)


@asynccontextmanager
async def bolt(transport: str) -> AsyncIterator[Heard]:
    """Run a Bolt app beside a local Slack."""
    async with AsyncExitStack() as stack:
        slack = make_slack()
        slack.events = EVERYTHING
        slack.api.scopes |= MORE_SCOPES
        await stack.enter_async_context(slack)
        client = AsyncWebClient(token=slack.token, base_url=f"{slack.url}/api/")
        app = AsyncApp(client=client, signing_secret=SECRET, process_before_response=True)
        heard = Heard(slack, client)
        heard.listen(app)
        if transport == "http":
            runner = web.AppRunner(app.web_app("/slack/events"), access_log=None)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            slack.connect_http(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events", SECRET)
        else:
            own = AsyncWebClient(token=slack.token, base_url=client.base_url)
            handler = AsyncSocketModeHandler(app, slack.app_token, web_client=own)
            await handler.connect_async()  # type: ignore[no-untyped-call]
            stack.push_async_callback(handler.close_async)
            await slack.wait_for(lambda: slack.connected)
        yield heard


@pytest.fixture(params=["http", "socket"])
async def heard(request: pytest.FixtureRequest) -> AsyncIterator[Heard]:
    """A Bolt app over each transport."""
    async with bolt(request.param) as started:
        yield started


@pytest.fixture
async def http() -> AsyncIterator[Heard]:
    """A Bolt app over HTTP."""
    async with bolt("http") as started:
        yield started


async def test_the_bot_hears_what_is_said(heard: Heard) -> None:
    """A mention is two events, a word in the messages tab one; edits and deletions are told with what was."""
    slack = heard.slack
    ts = await slack.say(ANNA, SALES, "<@UBOT> hello")
    await slack.edit_message(ANNA, SALES, ts, "changed")
    reply = await slack.say(BEN, SALES, "a reply", thread_ts=ts)
    await slack.delete_message(ANNA, SALES, ts)
    im = slack.workspace.im_with(ANNA).id
    await slack.say(ANNA, im, "<@UBOT> hi", files=[("a.txt", b"content")])
    kinds = [(one["type"], one.get("subtype"), one.get("channel_type")) for one in heard.events]

    assert kinds == [
        ("app_mention", None, None),
        ("message", None, "channel"),
        ("message", "message_changed", "channel"),
        ("message", None, "channel"),
        ("message", "message_deleted", "channel"),
        ("message", "file_share", "im"),
    ]
    assert heard.events[0]["ts"] == heard.events[1]["ts"] == heard.events[1]["event_ts"] == ts
    assert heard.events[2]["previous_message"]["text"] == "<@UBOT> hello"
    assert heard.events[2]["message"]["edited"]["user"] == ANNA
    assert (heard.events[3]["thread_ts"], heard.events[3]["ts"]) == (ts, reply)
    assert heard.events[4]["deleted_ts"] == ts
    file = heard.events[5]["files"][0]
    assert (file["name"], file["size"]) == ("a.txt", 7)
    assert (await heard.client.files_info(file=file["id"]))["file"]["url_private"].startswith(slack.url)
    with pytest.raises(LookupError):
        await slack.edit_message(BEN, SALES, ts, "not mine")


async def test_only_what_was_asked_for_is_sent(heard: Heard) -> None:
    """The manifest's events reach the bot, others do not; neither does a room that it is not in."""
    slack = heard.slack
    slack.events = {"app_mention", "member_joined_channel"}
    slack.workspace.add_channel("CNEW", "new", "public", [ANNA])
    await slack.say(ANNA, SALES, "nobody is told")
    await slack.say(ANNA, "CNEW", "<@UBOT> are you there?")
    await slack.invite_bot(ANNA, "CNEW")
    await slack.invite_bot(ANNA, "CNEW")
    await slack.say(ANNA, "CNEW", "<@UBOT> and now?")
    slack.workspace.channels["CNEW"].is_archived = True

    assert [one["type"] for one in heard.events] == ["member_joined_channel"] * 2 + ["app_mention"]
    assert slack.workspace.channels["CNEW"].members.count("UBOT") == 1
    with pytest.raises(ValueError, match="archived"):
        await slack.say(ANNA, "CNEW", "too late")


async def test_the_same_delivery_can_come_again(heard: Heard) -> None:
    """What Slack sends twice has the same event id; the retry is counted."""
    slack = heard.slack
    await slack.say(ANNA, SALES, "once")
    first = slack.sent[-1]
    second = await slack.deliver_again(first)

    assert first.status == second.status == 200
    assert first.payload["event_id"] == second.payload["event_id"]
    assert first.payload["authorizations"][0]["user_id"] == "UBOT"
    assert heard.events[0] == heard.events[1]


async def test_a_command_is_answered_to_one_person(heard: Heard) -> None:
    """The ack's text is seen by who typed the command, or by all when it says so; rubbish is named."""
    slack = heard.slack
    heard.answer = {"text": "for you"}
    private = await slack.command(ANNA, SALES, "/draft", "reply")
    heard.answer = {"text": "for all", "response_type": "in_channel"}
    await slack.command(ANNA, SALES, "/draft")
    heard.answer = {"text": "x", "blocks": [{"type": "header"}]}
    broken = await slack.command(ANNA, SALES, "/draft")
    heard.answer = {}
    silent = await slack.command(ANNA, SALES, "/draft")
    body = heard.bodies[0]

    assert (body["command"], body["text"], body["user_id"]) == ("/draft", "reply", ANNA)
    assert private.body == "for you"
    assert [one["text"] for one in slack.ephemerals(SALES, ANNA)] == ["for you"]
    assert [one["text"] for one in slack.messages(SALES)] == ["for all"]
    assert broken.problem == "invalid_blocks"
    assert (silent.body, silent.problem) == ("", "")


async def test_answers_to_a_response_url(http: Heard) -> None:
    """Five answers within half an hour: to one person, to all, in place of the message, or taking it away."""
    slack = http.slack
    clock = Clock()
    slack.state.clock = clock
    ts = (await http.client.chat_postMessage(channel=SALES, text="card", blocks=[BUTTONS]))["ts"]
    await slack.click(ANNA, SALES, ts, "go")
    url = http.bodies[-1]["response_url"]

    async def answer(body: Any, address: str = url) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            async with session.post(address, data=data) as told:
                return told.status, (await told.json()).get("error", "")

    assert await answer({"text": "psst"}) == (200, "")
    hidden = slack.ephemerals(SALES, ANNA)[0]
    assert hidden["text"] == "psst"
    assert await answer({"text": "all", "response_type": "in_channel", "thread_ts": ts}) == (200, "")
    assert slack.messages(SALES, ts)[-1]["text"] == "all"
    assert await answer({"text": "new card", "replace_original": True}) == (200, "")
    assert "blocks" not in slack.messages(SALES, ts)[0]
    assert await answer({}) == (200, "no_text")
    assert await answer([]) == (200, "invalid_payload")
    assert await answer(b"{") == (400, "invalid_payload")
    assert await answer({"delete_original": True}) == (200, "")
    assert slack.messages(SALES, ts)[0]["subtype"] == "tombstone"
    assert await answer({"text": "sixth"}) == (404, "used_url")
    assert await answer({"text": "x"}, f"{slack.url}/response/r0") == (404, "expired_url")
    old = slack.responses.new(ANNA, SALES)
    clock.now_s += 1_801
    assert await answer({"text": "x"}, old) == (404, "expired_url")


async def test_a_hidden_message_has_buttons_too(http: Heard) -> None:
    """A button of an ephemeral message works for the one who sees it, and can replace or remove it."""
    slack = http.slack
    await http.client.chat_postEphemeral(channel=SALES, user=ANNA, text="psst", blocks=[BUTTONS])
    ts = slack.ephemerals(SALES, ANNA)[0]["ts"]
    await slack.click(ANNA, SALES, ts, "go")
    body = http.bodies[-1]
    place = body["response_url"].rpartition("/")[2]
    slack.responses.take(place, {"text": "done", "replace_original": True})
    replaced = slack.ephemerals(SALES, ANNA)[0]["text"]
    slack.responses.take(place, {"delete_original": True})

    assert body["container"]["is_ephemeral"]
    assert "message" not in body
    assert replaced == "done"
    assert slack.ephemerals(SALES, ANNA) == []
    with pytest.raises(KeyError):
        await slack.click(BEN, SALES, ts, "go")


async def test_buttons_and_menus_tell_who_did_what(heard: Heard) -> None:
    """A click carries the message, the button's value, the state of its fields and a fresh trigger."""
    slack = heard.slack
    ts = (await heard.client.chat_postMessage(channel=SALES, text="card", blocks=[BUTTONS]))["ts"]
    await slack.click(ANNA, SALES, ts, "go")
    await slack.click(ANNA, SALES, ts, "size", value="m")
    await slack.shortcut(BEN, SALES, ts, "summarize_thread")
    await slack.global_shortcut(BEN, "new_draft")
    pressed, chosen, message, anywhere = heard.bodies

    assert pressed["actions"][0]["value"] == "1"
    assert pressed["actions"][0]["block_id"] == "buttons"
    assert pressed["message"]["ts"] == pressed["container"]["message_ts"] == ts
    assert pressed["state"]["values"]["buttons"]["size"] == {"type": "static_select", "selected_option": None}
    assert chosen["actions"][0]["selected_option"]["value"] == "m"
    assert (message["type"], message["message_ts"], message["channel"]["id"]) == ("message_action", ts, SALES)
    assert (anywhere["type"], anywhere["callback_id"], anywhere["user"]["id"]) == (
        "shortcut",
        "new_draft",
        BEN,
    )
    view = await heard.client.views_open(trigger_id=anywhere["trigger_id"], view=modal())
    assert slack.modal(BEN) == view["view"]
    with pytest.raises(LookupError, match="there are"):
        await slack.click(ANNA, SALES, ts, "stop")
    with pytest.raises(LookupError, match="no option"):
        await slack.click(ANNA, SALES, ts, "size", value="xl")


async def _open(heard: Heard, **more: Any) -> dict[str, Any]:
    trigger = heard.slack.state.new_trigger(ANNA)
    view = modal(callback_id="form", submit={"type": "plain_text", "text": "Go"}, **more)
    opened: dict[str, Any] = (await heard.client.views_open(trigger_id=trigger, view=view))["view"]
    return opened


async def test_a_form_is_checked_filled_and_sent(heard: Heard) -> None:
    """Untouched fields keep their values, Slack's client refuses empty and overlong ones, errors keep it open."""
    slack = heard.slack
    fields = [
        text_field("name", element={"max_length": 5, "min_length": 2}),
        text_field("kept", element={"initial_value": "as it was"}),
        text_field("left", optional=True),
    ]
    await _open(heard, blocks=fields)
    empty = await slack.submit(ANNA)
    short = await slack.submit(ANNA, {"name": "x"})
    long = await slack.submit(ANNA, {"name": "too long"})
    heard.answer = {"response_action": "errors", "errors": {"name": "No."}}
    refused = await slack.submit(ANNA, {"name": {"a": "Anna"}})
    heard.answer = {"response_action": "errors", "errors": {"nobody": "No."}}
    confused = await slack.submit(ANNA)
    heard.answer = {}
    await slack.submit(ANNA)
    values = heard.bodies[-1]["view"]["state"]["values"]

    assert [(one.status, bool(one.problem)) for one in (empty, short, long)] == [(0, True)] * 3
    assert list(empty.answer["errors"]) == ["name"]
    assert refused.answer["errors"] == {"name": "No."}
    assert refused.problem == ""
    assert "errors must name fields" in confused.problem
    assert {key: one["a"]["value"] for key, one in values.items()} == {
        "name": "Anna",
        "kept": "as it was",
        "left": None,
    }
    assert slack.modal(ANNA) is None
    with pytest.raises(LookupError, match="no form"):
        await slack.submit(ANNA)


async def test_an_answer_can_change_the_stack_of_forms(heard: Heard) -> None:
    """A submission may update the form, put one on top, close it or close them all."""
    slack = heard.slack
    first = await _open(heard, blocks=[text_field("a", optional=True)])
    heard.answer = {"response_action": "update", "view": modal("Updated", callback_id="form")}
    await slack.submit(ANNA)
    updated = dict(slack.modals[ANNA])
    heard.answer = {
        "response_action": "push",
        "view": modal("Pushed", callback_id="form", notify_on_close=True),
    }
    await slack.submit(ANNA)
    pushed = dict(slack.modals[ANNA])
    heard.answer = {"response_action": "update", "view": {"type": "modal", "blocks": []}}
    wrong = await slack.submit(ANNA)
    heard.answer = {}
    closed = await slack.close_view(ANNA)
    after_close = slack.modals[ANNA]["title"]["text"]
    heard.answer = {"response_action": "clear"}
    await slack.submit(ANNA)

    assert (updated["id"], updated["title"]["text"]) == (first["id"], "Updated")
    assert (pushed["previous_view_id"], pushed["title"]["text"]) == (first["id"], "Pushed")
    assert "invalid_arguments" in wrong.problem
    assert closed is not None
    assert closed.payload["type"] == "view_closed"
    assert after_close == "Updated"
    assert slack.modals == {}
    assert await slack.close_view(ANNA) is None
    await _open(heard, blocks=[text_field("a")])
    with pytest.raises(LookupError, match="no fields"):
        await slack.submit(ANNA, {"b": "x"})


async def test_views_have_buttons_too(heard: Heard) -> None:
    """A button of a form or of the Home tab works; what is chosen in a form is sent with it."""
    slack = heard.slack
    with pytest.raises(LookupError, match="no view"):
        await slack.click_in_view(ANNA, "go")
    await slack.open_home(ANNA)
    await heard.client.views_publish(user_id=ANNA, view={**HOME, "blocks": [BUTTONS]})
    await slack.click_in_view(ANNA, "go")
    await slack.open_home(ANNA)
    await slack.open_home(ANNA, "messages")
    await _open(heard, blocks=[BUTTONS, text_field("a", dispatch_action=True)])
    await slack.click_in_view(ANNA, "size", value="s")
    await slack.click_in_view(ANNA, "a", value="typed")
    await slack.submit(ANNA)
    home, chosen, typed, sent = heard.bodies

    assert [(one["tab"], "view" in one) for one in heard.events] == [
        ("home", False),
        ("home", True),
        ("messages", False),
    ]
    assert home["container"]["type"] == "view"
    assert chosen["view"]["state"]["values"]["buttons"]["size"]["selected_option"]["value"] == "s"
    assert typed["actions"][0]["value"] == "typed"
    assert sent["view"]["state"]["values"]["a"]["a"]["value"] == "typed"


async def test_stop_reaches_the_bot(heard: Heard) -> None:
    """Pressing Stop names the messages that were being written."""
    slack = heard.slack
    im = slack.workspace.im_with(ANNA).id
    root = slack.workspace.add_message(im, ANNA, "question")["ts"]
    ts = (await heard.client.chat_startStream(channel=im, thread_ts=root, markdown_text="x"))["ts"]
    await slack.stop_stream(ANNA, im, root)

    assert heard.events[-1]["type"] == "agent_session_stopped"
    assert heard.events[-1]["streaming_message_ts"] == [ts]


async def test_a_new_socket_takes_over() -> None:
    """After Slack's refresh, and after a cut, the bot connects again and is told what it missed."""
    async with bolt("socket") as heard:
        slack = heard.slack
        opened = slack.count("apps.connections.open")
        await slack.deliveries.disconnect()
        await slack.wait_for(lambda: slack.count("apps.connections.open") > opened and slack.connected)
        await slack.say(ANNA, SALES, "after the refresh")
        await slack.drop_sockets()
        cut = slack.connected
        await slack.say(ANNA, SALES, "while it was away")

    assert not cut
    # At least once: a socket that goes between an event and its ack makes Slack send that event again.
    told = dict.fromkeys(one["text"] for one in heard.events)
    assert list(told) == ["after the refresh", "while it was away"]


async def test_an_envelope_that_was_not_acked_goes_to_the_next_socket() -> None:
    """A socket that dies with an envelope on it loses nothing."""
    async with make_slack() as slack, aiohttp.ClientSession() as session:
        first = await session.ws_connect(f"{slack.url}/link")
        await first.receive_json()
        pushing = asyncio.ensure_future(slack.push_event({"type": "app_mention"}))
        lost = await first.receive_json()
        await slack.drop_sockets()
        second = await session.ws_connect(f"{slack.url}/link")
        hello = await second.receive_json()
        again = await second.receive_json()
        await second.send_json({"envelope_id": "unknown"})
        await second.send_bytes(b"ignored")
        await second.send_json({"envelope_id": again["envelope_id"]})
        delivery = await pushing
        await first.close()
        await second.close()

    assert hello["type"] == "hello"
    assert lost["envelope_id"] == again["envelope_id"]
    assert again["retry_attempt"] == 0
    assert delivery.status == 200


async def test_a_bot_that_is_away_or_slow_is_told_to_the_person(http: Heard) -> None:
    """A command that nobody answers shows Slack's own words; one without any transport too."""
    slack = http.slack
    slack.connect_http("", SECRET)
    nowhere = await slack.command(ANNA, SALES, "/draft")
    slack.connect_http("http://127.0.0.1:9/", SECRET)
    away = await slack.command(ANNA, SALES, "/draft")
    told = [one["text"] for one in slack.ephemerals(SALES, ANNA)]

    assert (nowhere.problem, away.problem) == ("not connected", "connection_failed")
    assert all("operation_timeout" in text for text in told)
    assert Delivery(200, "no json").answer == {}


async def test_retries_carry_their_number_until_the_bot_says_stop() -> None:
    """A failing bot is asked again with a count and a reason; `x-slack-no-retry` ends that."""
    seen: list[tuple[str | None, str | None]] = []

    async def fail(request: web.Request) -> web.Response:
        seen.append((request.headers.get("X-Slack-Retry-Num"), request.headers.get("X-Slack-Retry-Reason")))
        return web.Response(status=500, headers={"X-Slack-No-Retry": "1"} if len(seen) == 3 else {})

    app = web.Application()
    app.router.add_post("/", fail)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with make_slack() as slack:
        slack.connect_http(f"http://127.0.0.1:{runner.addresses[0][1]}/", SECRET)
        delivery = await slack.push_event({"type": "app_mention"})
        single = await slack.send_raw("{}", headers={"X-Extra": "1"}, retries=2)
    await runner.cleanup()

    assert (delivery.status, delivery.retries, single.status) == (500, 2, 500)
    assert seen == [(None, None), ("1", "http_error"), ("2", "http_error"), ("2", "http_error")]


async def test_a_bot_that_takes_more_than_three_seconds_is_given_up() -> None:
    """A late ack is no ack: the person reads that it took too long, over either transport."""
    answered = asyncio.Event()

    async def wait(_: web.Request) -> web.Response:
        await answered.wait()
        return web.Response()

    app = web.Application()
    app.router.add_post("/", wait)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with make_slack() as slack, aiohttp.ClientSession() as session:
        slack.deliveries.ack_within_s = 0.05
        slack.connect_http(f"http://127.0.0.1:{runner.addresses[0][1]}/", SECRET)
        posted = await slack.command(ANNA, SALES, "/draft")
        socket = await session.ws_connect(f"{slack.url}/link")
        await slack.wait_for(lambda: slack.connected)
        sent = await slack.command(ANNA, SALES, "/draft")
        answered.set()
        await socket.close()
        told = [one["text"] for one in slack.ephemerals(SALES, ANNA)]
    await runner.cleanup()

    assert (posted.problem, sent.problem) == ("http_timeout", "timeout")
    assert [one for one in told if "operation_timeout" in one] == told
    assert len(told) == 2


async def test_a_workspace_that_never_opened_can_be_left() -> None:
    """Leaving a local Slack that never listened is harmless."""
    slack = Slack()
    await slack.__aexit__()

    assert not slack.connected


SEARCH = {
    "type": "input",
    "block_id": "who",
    "label": {"type": "plain_text", "text": "Who?"},
    "element": {"type": "external_select", "action_id": "who", "min_query_length": 1},
}
NOORD = {"text": {"type": "plain_text", "text": "Noord"}, "value": "7"}


async def test_a_menu_asks_the_bot_while_somebody_types(heard: Heard) -> None:
    """The bot hears what is typed, in which form; only what it offered can be chosen, and too much is refused."""
    slack = heard.slack
    await _open(heard, blocks=[SEARCH, text_field("name", optional=True)])
    waiting = await slack.suggest(ANNA, "who", "")
    heard.answer = {"options": [NOORD]}
    found = await slack.suggest(ANNA, "who", "no")
    (asked,) = heard.bodies
    with pytest.raises(LookupError, match="no option"):
        await slack.submit(ANNA, {"who": "8"})
    with pytest.raises(LookupError, match="not the bot's"):
        await slack.suggest(ANNA, "a", "x")
    heard.answer = {"options": [NOORD] * 101}
    many = await slack.suggest(ANNA, "who", "noo")
    heard.answer = {}
    nothing = await slack.suggest(ANNA, "who", "noor")
    heard.answer = {"option_groups": [{"label": {"type": "plain_text", "text": "All"}, "options": [NOORD]}]}
    await slack.suggest(ANNA, "who", "noord")
    heard.answer = {}
    await slack.submit(ANNA, {"who": "7"})
    state = heard.bodies[-1]["view"]["state"]["values"]
    with pytest.raises(LookupError, match="no form"):
        await slack.suggest(ANNA, "who", "n")

    assert (waiting.status, waiting.problem) == (0, "not sent: Slack's client waits for more letters")
    assert (asked["type"], asked["value"], asked["block_id"]) == ("block_suggestion", "no", "who")
    assert asked["view"]["callback_id"] == "form"
    assert "trigger_id" not in asked
    assert found.answer["options"] == [NOORD]
    assert "no more than 100" in many.problem
    assert "exactly one of" in nothing.problem
    assert state["who"]["who"]["selected_option"] == NOORD
