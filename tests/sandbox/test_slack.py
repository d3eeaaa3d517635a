"""The local Slack answers as Slack documents it, to Slack's own SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import Slack
from tests.conftest import ANNA, CLOSED, SALES, make_slack


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    """A workspace without a bot."""
    async with make_slack() as started:
        yield started


def _client(slack: Slack, token: str = "xoxb-sandbox") -> AsyncWebClient:
    return AsyncWebClient(token=token, base_url=f"{slack.url}/api/")


async def test_what_slack_tells_is_told(slack: Slack) -> None:
    """The SDK reads people, channels, pages and permalinks as from Slack."""
    client = _client(slack)
    slack.api.scopes.add("team:read")
    ts = (await client.chat_postMessage(channel=ANNA, text="hello"))["ts"]
    im = slack.workspace.im_with(ANNA).id
    link = await client.chat_getPermalink(channel=im, message_ts=ts)
    listed = await client.conversations_list(types="public_channel,private_channel")
    page = await client.users_list(limit=2)
    more = await client.users_list(limit=2, cursor=page["response_metadata"]["next_cursor"])
    history = await client.conversations_history(channel=im)

    assert (await client.api_test())["ok"]
    assert (await client.team_info())["team"]["id"] == "T1"
    assert link["permalink"].endswith(f"{im}/p{ts.replace('.', '')}")
    assert {one["name"] for one in listed["channels"]} == {"sales", "directie"}
    assert page["members"][0]["id"] != more["members"][0]["id"]
    assert [one["text"] for one in history["messages"]] == ["hello"]
    assert (await client.conversations_info(channel=im))["channel"]["user"] == ANNA


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("fly.away", {}, "unknown_method"),
        ("chat.postMessage", {"channel": SALES, "text": "x", "colour": "red"}, "invalid_arguments"),
        ("chat.postMessage", {"channel": SALES, "text": "x", "thread_ts": "1.0"}, "thread_not_found"),
        ("chat.postMessage", {"channel": "C?", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": CLOSED, "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "COLD", "text": "x"}, "is_archived"),
        ("chat.postMessage", {"channel": "CALONE", "text": "x"}, "not_in_channel"),
        ("chat.postMessage", {"channel": SALES}, "no_text"),
        ("chat.update", {"channel": SALES, "ts": "1.0", "text": "x"}, "message_not_found"),
        ("chat.postEphemeral", {"channel": SALES, "user": "U?", "text": "x"}, "user_not_in_channel"),
        ("chat.getPermalink", {"channel": SALES, "message_ts": "1.0"}, "message_not_found"),
        ("conversations.replies", {"channel": SALES, "ts": "1.0"}, "thread_not_found"),
        ("conversations.history", {"channel": SALES, "cursor": "?"}, "invalid_cursor"),
        ("conversations.open", {"users": "U?"}, "user_not_found"),
        ("users.info", {"user": "U?"}, "user_not_found"),
        ("views.open", {"trigger_id": "x", "view": {"type": "modal"}}, "invalid_arguments"),
        ("views.open", {"trigger_id": "x", "view": {"type": "modal", "title": {"type": "plain_text", "text": "x"},
                                                    "blocks": []}}, "invalid_trigger_id"),
    ],
)  # fmt: skip
async def test_what_slack_refuses_is_refused(
    slack: Slack, method: str, arguments: dict[str, Any], error: str
) -> None:
    """A call that Slack would refuse fails in our tests with Slack's own word."""
    slack.workspace.add_channel("COLD", "old", "public", [slack.workspace.bot_user_id]).is_archived = True
    slack.workspace.add_channel("CALONE", "alone", "public", [ANNA])
    with pytest.raises(SlackApiError) as told:
        await _client(slack).api_call(method, json=arguments)

    assert told.value.response["error"] == error


async def test_strangers_are_refused(slack: Slack) -> None:
    """A wrong token, and no token, get what Slack answers; so does somebody else's message."""
    message = slack.workspace.add_message(SALES, ANNA, "mine")
    cases = [
        (_client(slack, "xoxb-other").auth_test(), "invalid_auth"),
        (_client(slack).apps_connections_open(app_token="xapp-other"), "invalid_auth"),
        (_client(slack).chat_update(channel=SALES, ts=message["ts"], text="x"), "cant_update_message"),
        (_client(slack).chat_delete(channel=SALES, ts=message["ts"]), "cant_delete_message"),
    ]
    for call, error in cases:
        with pytest.raises(SlackApiError) as told:
            await call
        assert told.value.response["error"] == error


async def test_what_is_not_there_cannot_be_pressed(slack: Slack) -> None:
    """A test that presses a missing button fails loudly."""
    message = slack.workspace.add_message(SALES, ANNA, "no buttons")
    with pytest.raises(LookupError):
        await slack.click(ANNA, SALES, message["ts"], "approve")
    with pytest.raises(LookupError):
        await slack.submit(ANNA)


async def test_a_bot_that_is_not_there_is_tried_again(slack: Slack) -> None:
    """Events are sent again when nobody answers; then Slack gives up."""
    slack.connect_http("http://127.0.0.1:9/", "secret")
    delivery = await slack.push_event({"type": "app_mention"})

    assert (delivery.status, delivery.retries) == (0, 3)
