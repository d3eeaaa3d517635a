"""What the bot sends is held against Slack's limits, and against what a screen reader needs."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox.readable import unreadable, unreadable_answer

GO = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "Words"}}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def _actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def test_a_message_that_everybody_can_read_has_no_faults() -> None:
    """The check is quiet about what is well."""
    assert unreadable("chat.postMessage", {"text": "Words", "blocks": [SECTION, _actions(GO)]}) == []
    assert unreadable("users.info", {"user": "U1"}) == []


@pytest.mark.parametrize(
    ("method", "arguments", "fault"),
    [
        ("chat.postMessage", {"blocks": [SECTION]}, "without a text"),
        ("chat.postMessage", {"text": ":tada:", "blocks": [SECTION]}, "without a text"),
        ("chat.update", {"text": "x" * 4_001, "blocks": [SECTION]}, "msg_too_long"),
        ("chat.postMessage", {"text": "a", "blocks": [SECTION] * 51}, "no more than 50"),
        (
            "chat.postMessage",
            {"text": "a", "blocks": [_actions({**GO, "text": _plain(":x:")})]},
            "says nothing",
        ),
        (
            "chat.postMessage",
            {"text": "a", "blocks": [_actions(GO, {**GO, "action_id": "b"})]},
            "are called 'Go'",
        ),
        (
            "chat.postMessage",
            {
                "text": "a",
                "blocks": [{"type": "image", "image_url": "https://a.b/c.png", "alt_text": ":cat:"}],
            },
            "alt_text says nothing",
        ),
        (
            "chat.postMessage",
            {"text": "a", "blocks": [_actions({"type": "users_select", "action_id": "u"})]},
            "nothing says what it chooses",
        ),
        (
            "views.publish",
            {"view": {"type": "home", "blocks": [_actions({**GO, "accessibility_label": "x" * 76})]}},
            "less than 76",
        ),
        ("views.open", {"view": {"type": "modal", "title": _plain("x" * 25), "blocks": []}}, "less than 25"),
        ("files.completeUploadExternal", {"files": [{"id": "F1"}]}, "no title"),
    ],
)
def test_what_cannot_be_read_is_named(method: str, arguments: dict[str, Any], fault: str) -> None:
    """A message for eyes only, or too long for Slack, fails the test that sent it."""
    assert any(fault in line for line in unreadable(method, arguments))


def test_answers_are_held_to_the_same() -> None:
    """A form that comes as an answer, and the words of an error, count as well."""
    view = {"type": "modal", "title": _plain("x" * 25), "blocks": [SECTION]}

    assert unreadable_answer({"response_action": "update", "view": view})
    assert unreadable_answer({"response_action": "errors", "errors": {"field": ""}})
    assert unreadable_answer({"text": "", "blocks": [SECTION]})
    assert unreadable_answer({"text": "Words"}) == []
