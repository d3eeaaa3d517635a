"""What comes in over the port is read with suspicion, and whatever it is gets an answer."""

from __future__ import annotations

import hashlib
import hmac
import json
import time

import aiohttp
import pytest

from tests.conftest import ANNA, SALES, SECRET, World


@pytest.mark.parametrize(
    "body",
    [
        {"type": "event_callback", "event": "words"},
        {"type": "event_callback", "event": None},
        {"type": "event_callback", "event": {"type": "app_mention", "user": "UANNA", "text": 5}},
        {"type": "event_callback", "event": {"type": "app_home_opened", "tab": "home"}},
        {"type": "block_actions", "actions": []},
        {
            "type": "block_actions",
            "actions": [{"type": "button", "action_id": "approve", "value": "PRIVATE"}],
        },
        {"type": "view_submission", "view": {"callback_id": "edit_draft"}},
        {"type": "shortcut", "callback_id": "new_draft", "user": {"id": "UANNA"}},
    ],
)
async def test_a_payload_with_missing_or_wrong_fields_is_refused(
    world: World, body: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    """A signed payload that is none of Slack's is a bad request, not a fault of ours; the log quotes none of it."""
    status = await _post_signed(world, json.dumps(body), "application/json")

    assert status == 400
    assert "PRIVATE" not in caplog.text


async def test_a_timestamp_that_is_no_number_is_a_forgery(world: World) -> None:
    """Whoever signs with words for a time is not Slack."""
    assert await _post_signed(world, "{}", "application/json", timestamp="now") == 401


async def test_a_press_that_is_replayed_is_refused(world: World) -> None:
    """Whoever recorded a command cannot play it again: the same signed request counts once."""
    body = f"command=/draft&text=reply+hello&user_id={ANNA}&channel_id={SALES}&trigger_id=1.2&team_id=T1"
    form = "application/x-www-form-urlencoded"
    stamp = str(int(time.time()))
    statuses = [await _post_signed(world, body, form, timestamp=stamp) for _ in range(2)]
    await world.card()
    (row,) = await world.rows()

    assert statuses == [200, 401]
    assert row["task"] == "reply"


async def _post_signed(world: World, body: str, content_type: str, *, timestamp: str = "") -> int:
    stamp = timestamp or str(int(time.time()))
    signed = hmac.new(SECRET.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": content_type,
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={signed}",
    }
    address = f"http://127.0.0.1:{world.bot.server.port}/slack/events"
    async with (
        aiohttp.ClientSession() as session,
        session.post(address, data=body, headers=headers) as answer,
    ):
        return answer.status
