"""The sandbox refuses what Slack would refuse, so that a card that passes here passes there."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox.limits import check_blocks, check_view, message_error


def _plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def _button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": "a", "text": _plain("x"), **more}


def _input(**element: Any) -> dict[str, Any]:
    return {"type": "input", "label": _plain("x"), "element": {"type": "plain_text_input", **element}}


GOOD: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "x"}, "accessory": _button()},
    {"type": "section", "fields": [_plain("x")]},
    {"type": "header", "text": _plain("x")},
    {"type": "actions", "elements": [_button(style="primary")]},
    {
        "type": "context",
        "elements": [_plain("x"), {"type": "image", "alt_text": "x", "image_url": "https://x"}],
    },
    {"type": "image", "alt_text": "x", "image_url": "https://x"},
    {"type": "divider"},
    _input(initial_value="x", placeholder=_plain("x")),
]

BAD: list[tuple[dict[str, Any], str]] = [
    ({"type": "nonsense"}, "unsupported type"),
    ({"type": "section"}, "/text"),
    ({"type": "section", "text": _plain("x" * 3001)}, "3001"),
    ({"type": "section", "fields": [_plain("x" * 2001)]}, "2001"),
    ({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}, "/text"),
    ({"type": "header", "text": _plain("x" * 151)}, "151"),
    ({"type": "actions", "elements": []}, "1 to 25"),
    ({"type": "actions", "elements": [_button()] * 2}, "action_id is not unique"),
    ({"type": "actions", "elements": [_button(text=_plain("x" * 76))]}, "76"),
    ({"type": "actions", "elements": [_button(value="x" * 2001)]}, "2001"),
    ({"type": "actions", "elements": [_button(style="loud")]}, "style"),
    ({"type": "actions", "elements": [_button(action_id="x" * 256)]}, "256"),
    ({"type": "actions", "elements": [{}]}, "type"),
    ({"type": "context", "elements": [_plain("")]}, "/elements/0"),
    ({"type": "image", "alt_text": ""}, "alt_text"),
    ({"type": "divider", "block_id": "x" * 256}, "block_id"),
    (_input(max_length=3001), "3001"),
    (_input(initial_value="x" * 3001), "3001"),
    (_input(placeholder=_plain("x" * 151)), "151"),
    ({**_input(), "element": {"type": "static_select", "options": []}}, "1 to 100"),
    (
        {
            **_input(),
            "element": {"type": "static_select", "options": [{"text": _plain("x"), "value": "x" * 151}]},
        },
        "151",
    ),
]


@pytest.mark.parametrize("block", GOOD)
def test_what_slack_takes_passes(block: dict[str, Any]) -> None:
    """A well-made block is no fault."""
    assert check_blocks([block], "message") == []


@pytest.mark.parametrize(("block", "wanted"), BAD)
def test_what_slack_refuses_is_refused(block: dict[str, Any], wanted: str) -> None:
    """A block past a documented limit fails here, before it fails in front of a customer."""
    faults = check_blocks([block], "message")

    assert len(faults) >= 1
    assert wanted in str(faults)
    assert "json-pointer:/blocks/0" in faults[0] or "json-pointer:/blocks" in faults[0]


def test_counts_and_ids_are_checked() -> None:
    """Fifty-one blocks, a block id twice, and blocks that are no list are refused."""
    assert "no more than 50" in str(check_blocks([{"type": "divider"}] * 51, "message"))
    assert "not unique" in str(check_blocks([{"type": "divider", "block_id": "x"}] * 2, "message"))
    assert check_blocks("x", "message")
    assert check_blocks([{"type": "markdown", "text": "x"}], "home")
    assert check_blocks([{"type": "markdown", "text": ""}], "message")


@pytest.mark.parametrize(
    ("arguments", "update", "code"),
    [
        ({"text": "x"}, False, None),
        ({}, False, "no_text"),
        ({"text": "x", "markdown_text": "x"}, False, "markdown_text_conflict"),
        ({"text": "x" * 4001}, True, "msg_too_long"),
        ({"text": "x" * 4001}, False, None),
        ({"text": "x" * 40_001}, False, "msg_too_long"),
        ({"markdown_text": "x" * 12_001}, False, "msg_too_long"),
        ({"blocks": [{"type": "alert"}]}, False, "invalid_blocks"),
        ({"blocks": [{"type": "markdown", "text": "x" * 6_001}] * 2}, False, "msg_too_long"),
        (
            {"blocks": [{"type": "section", "text": _plain("x" * 3000)}] * 5},
            False,
            "msg_blocks_too_long",
        ),
    ],
)
def test_messages_get_the_error_that_slack_gives(arguments: dict[str, Any], update: bool, code: str) -> None:
    """The bot meets Slack's own error codes in its tests."""
    assert message_error(arguments, update=update) == code


def test_views_are_checked() -> None:
    """A title too long, a wrong kind and a heavy view never reach a person."""
    good: dict[str, Any] = {"type": "modal", "title": _plain("x"), "blocks": [_input()]}

    assert check_view(good) == []
    assert check_view({"type": "popup"})
    assert check_view({**good, "title": _plain("x" * 25)})
    assert check_view({**good, "private_metadata": "x" * 3001})
    assert check_view({**good, "callback_id": "x" * 256})
    assert check_view({**good, "blocks": [_input(initial_value="x" * 2900) for _ in range(95)]})
