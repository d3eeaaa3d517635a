"""What the local Slack tells of buttons, menus and fields is what Slack's client would send."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox import payloads

OPTIONS = [{"text": {"type": "plain_text", "text": value}, "value": value} for value in ("a", "b")]


@pytest.mark.parametrize(
    ("element", "value", "told"),
    [
        ({"type": "static_select", "options": OPTIONS}, "b", {"selected_option": OPTIONS[1]}),
        ({"type": "static_select", "options": OPTIONS}, "", {"selected_option": None}),
        ({"type": "static_select", "initial_option": OPTIONS[0]}, None, {"selected_option": OPTIONS[0]}),
        ({"type": "static_select", "option_groups": [{"options": OPTIONS}]}, "a", {"selected_option": OPTIONS[0]}),
        ({"type": "external_select"}, "x",
         {"selected_option": {"text": {"type": "plain_text", "text": "x"}, "value": "x"}}),
        ({"type": "checkboxes", "options": OPTIONS}, ["a", "b"], {"selected_options": OPTIONS}),
        ({"type": "checkboxes", "options": OPTIONS}, "a", {"selected_options": OPTIONS[:1]}),
        ({"type": "checkboxes", "options": OPTIONS}, "", {"selected_options": []}),
        ({"type": "checkboxes", "initial_options": OPTIONS}, None, {"selected_options": OPTIONS}),
        ({"type": "users_select", "initial_user": "U1"}, None, {"selected_user": "U1"}),
        ({"type": "multi_users_select"}, None, {"selected_users": []}),
        ({"type": "datepicker"}, "2026-11-24", {"selected_date": "2026-11-24"}),
        ({"type": "number_input", "initial_value": "3"}, None, {"value": "3"}),
        ({"type": "plain_text_input", "initial_value": "3"}, "", {"value": None}),
    ],
)  # fmt: skip
def test_every_kind_of_field_has_its_state(element: dict[str, Any], value: Any, told: dict[str, Any]) -> None:
    """A form's fields arrive under the names that Slack gives them."""
    assert payloads.fill(element, value) == {"type": element["type"], **told}


@given(st.text(max_size=3_000))
def test_a_text_arrives_as_it_was_typed(text: str) -> None:
    """Whatever characters a person types, the bot gets those."""
    block = {"type": "input", "block_id": "b", "element": {"type": "plain_text_input", "action_id": "a"}}
    view = {"blocks": [block, {"type": "divider"}], "state": {"values": {}}}
    state, wrong = payloads.submitted(view, {"b": text})

    assert state["values"]["b"]["a"]["value"] == (text or None)
    assert bool(wrong) == (not text)


def test_buttons_are_found_wherever_blocks_hold_them() -> None:
    """A button beside a section, in a card or in a container can be pressed; feedback has two sides."""
    text = {"type": "plain_text", "text": "x"}
    button = {"type": "button"}
    thumbs = {
        "type": "feedback_buttons",
        "action_id": "thumbs",
        "positive_button": {"text": text, "value": "up"},
        "negative_button": {"text": text, "value": "down"},
    }
    blocks: list[dict[str, Any]] = [
        {"type": "section", "accessory": {"type": "overflow", "action_id": "more", "options": OPTIONS}},
        {
            "type": "container",
            "child_blocks": [{"type": "actions", "elements": [{"type": "button", "action_id": "in"}]}],
        },
        {
            "type": "carousel",
            "cards": [{"type": "card", "actions": [button | {"action_id": "card"}]}],
        },
        {"type": "context_actions", "block_id": "c", "elements": [thumbs]},
        {"type": "context", "elements": [text, "odd"]},
        {"type": "card", "actions": ["odd"]},
    ]
    found = {name: payloads.find(blocks, name)[1]["type"] for name in ("more", "in", "card", "thumbs")}
    pressed = payloads.action(blocks[3], thumbs, "down", "1.0")

    assert found == {"more": "overflow", "in": "button", "card": "button", "thumbs": "feedback_buttons"}
    assert (pressed["value"], pressed["block_id"]) == ("down", "c")
    assert payloads.action({}, {"type": "button", "action_id": "x"}, "given", "1.0")["value"] == "given"
    assert payloads.state(blocks) == {"values": {}}
    with pytest.raises(LookupError, match="no feedback"):
        payloads.action(blocks[3], thumbs, "sideways", "1.0")


def test_a_field_for_files_takes_what_it_says() -> None:
    """Too many files, or one of another kind, are refused by Slack's client before the bot hears of them."""
    element = {"type": "file_input", "action_id": "a", "filetypes": ["csv"], "max_files": 1}
    view = {"blocks": [{"type": "input", "block_id": "b", "element": element}], "state": {"values": {}}}
    given: list[list[dict[str, str]]] = [
        [{"name": "a.CSV"}],
        [{"name": "a.pdf"}],
        [{"name": "a.csv"}] * 2,
        [],
    ]
    wrong = [payloads.submitted(view, {"b": files})[1].get("b", "") for files in given]

    assert wrong == ["", "This kind of file is not allowed here.", "Too many files.", payloads.REQUIRED]


WHOLE = {"type": "number_input", "is_decimal_allowed": False}
DECIMAL = {"type": "number_input", "is_decimal_allowed": True}


@pytest.mark.parametrize(
    ("element", "value", "wrong"),
    [
        (WHOLE, "3", ""),
        (WHOLE, "3.0", ""),
        (WHOLE, "3.5", "Enter a whole number."),
        (DECIMAL, "-.5", ""),
        (DECIMAL, "1e3", "Enter a number."),
        (DECIMAL, "three", "Enter a number."),
        ({**DECIMAL, "min_value": "2"}, "1.9", "Enter a number of at least 2."),
        ({**DECIMAL, "max_value": "2"}, "2.1", "Enter a number of at most 2."),
        ({"type": "email_text_input"}, "anna@example.com", ""),
        ({"type": "email_text_input"}, "anna", "Enter an e-mail address."),
        ({"type": "url_text_input"}, "https://example.com/a?b", ""),
        ({"type": "url_text_input"}, "example.com", "Enter a web address."),
    ],
)
def test_what_is_no_number_or_address_is_not_sent(element: dict[str, Any], value: str, wrong: str) -> None:
    """Slack's client checks numbers, e-mail and web addresses before the bot hears of them."""
    block = {"type": "input", "block_id": "b", "element": {"action_id": "a", **element}}
    _, found = payloads.submitted({"blocks": [block], "state": {"values": {}}}, {"b": value})

    assert found == ({"b": wrong} if wrong else {})


def test_what_stands_beside_the_inputs_is_submitted_with_them() -> None:
    """A menu in a row of actions belongs to the form as its fields do."""
    menu = {"type": "static_select", "action_id": "m", "options": OPTIONS}
    row = {"type": "actions", "block_id": "row", "elements": [menu, {"type": "button", "action_id": "go"}]}
    held = payloads.state([row], {"row": {"m": "b"}})
    submitted, _ = payloads.submitted({"blocks": [row], "state": held}, {})

    assert submitted["values"]["row"]["m"]["selected_option"] == OPTIONS[1]
    assert payloads.state([row])["values"]["row"]["m"]["selected_option"] is None
