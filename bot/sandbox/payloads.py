"""What Slack tells a bot of what people did: the state of fields, actions, events; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from bot.sandbox.block_rules import SUGGESTED

Block = dict[str, Any]

REQUIRED = "Please complete this required field."

# Where an element's value stands in Slack's payloads, and in what field it begins.
_VALUES = {
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "file_input": ("files", "initial_files"),
}
_OPTION = ("static_select", "external_select", "radio_buttons", "overflow")
_OPTIONS = ("multi_static_select", "multi_external_select", "checkboxes")
_NO_STATE = ("button", "workflow_button", "image", "overflow", "feedback_buttons", "icon_button")


def fill(element: dict[str, Any], given: Any = None) -> dict[str, Any]:
    """Return an element's state with *given* in it, or with what it began with.

    Raises:
        LookupError: it has no such option.
    """
    kind = element["type"]
    if kind in _OPTION:
        chosen = element.get("initial_option") if given is None else _option(element, given)
        return {"type": kind, "selected_option": chosen}
    if kind in _OPTIONS:
        if given is None:
            return {"type": kind, "selected_options": element.get("initial_options") or []}
        values = given if isinstance(given, list | tuple) else [given] if given else []
        return {"type": kind, "selected_options": [_option(element, value) for value in values]}
    name, initial = _VALUES.get(kind, ("value", "initial_value"))
    value = element.get(initial) if given is None else given
    many = name in ("selected_users", "selected_channels", "selected_conversations", "files")
    return {"type": kind, name: (value or []) if many else value or None}


def _option(element: dict[str, Any], value: Any) -> dict[str, Any] | None:
    if value in ("", None):
        return None
    groups = [group["options"] for group in element.get("option_groups") or []]
    for option in [*(element.get("options") or []), *(one for group in groups for one in group)]:
        if option["value"] == value:
            return dict(option)
    if element["type"].endswith("external_select") and "options" not in element:
        return {"text": {"type": "plain_text", "text": str(value)}, "value": str(value)}
    raise LookupError(f"no option {value!r} in {element.get('action_id')!r}")


def offered(answer: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the options in the answer to a `block_suggestion`, and what Slack finds wrong with them."""
    if ("options" in answer) == ("option_groups" in answer):
        return [], ["exactly one of options and option_groups must be given"]
    faults = SUGGESTED.check(answer, "")
    groups = answer.get("option_groups") or [answer]
    return ([] if faults else [one for group in groups for one in group.get("options") or []]), faults


def elements(block: Block) -> Iterator[dict[str, Any]]:
    """Yield what can be operated in a block."""
    found = [*(block.get("elements") or []), block.get("accessory"), block.get("element")]
    for element in found:
        if isinstance(element, dict) and element.get("action_id"):
            yield element
    for inside in _inside(block):
        yield from elements(inside)
    for action in block.get("actions") or []:
        if isinstance(action, dict) and action.get("action_id"):
            yield action


def _inside(block: Block) -> list[Block]:
    """Return the blocks that a container or a carousel holds."""
    cards = [
        one for one in block.get("elements") or [] if isinstance(one, dict) and one.get("type") == "card"
    ]
    return [*(block.get("child_blocks") or []), *(block.get("cards") or []), *cards]


def _nested(blocks: list[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        yield from _nested(_inside(block))


def find(blocks: list[Block], action_id: str, block_id: str = "") -> tuple[Block, dict[str, Any]]:
    """Return the element of that action id, and its block; *block_id* tells apart those that share one.

    Raises:
        LookupError: there is none.
    """
    for block in _nested(blocks):
        for element in elements(block):
            if element["action_id"] == action_id and block_id in ("", block.get("block_id")):
                return block, element
    there = [element["action_id"] for block in blocks for element in elements(block)]
    raise LookupError(f"no button {action_id!r}; there are {there}")


def action(block: Block, element: dict[str, Any], given: Any, ts: str) -> dict[str, Any]:
    """Return an entry of `actions`: what was done to an element."""
    kind = element["type"]
    told = {"action_id": element["action_id"], "block_id": block.get("block_id", ""), "action_ts": ts}
    if kind in ("button", "workflow_button", "icon_button"):
        shown: Block = {key: element[key] for key in ("text", "value", "style", "icon") if key in element}
        return {"type": kind, **told, **shown, **({"value": given} if given is not None else {})}
    if kind == "feedback_buttons":
        buttons = [element["positive_button"], element["negative_button"]]
        chosen = next((one for one in buttons if one["value"] == given), None)
        if chosen is None:
            raise LookupError(f"no feedback {given!r}; there are {[one['value'] for one in buttons]}")
        return {"type": kind, **told, "text": chosen["text"], "value": given}
    return {**fill(element, given), **told}


def state(blocks: list[Block], given: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the state of the fields of a message or view, as they begin or as they are *given*.

    *given* is by block id and action id; fields that are not named are as they begin.

    Raises:
        LookupError: a field has no such option.
    """
    values: dict[str, Any] = {}
    for block in _nested(blocks):
        block_id = block.get("block_id", "")
        for element in elements(block):
            if element["type"] not in _NO_STATE:
                held = (given or {}).get(block_id)
                now = held.get(element["action_id"]) if isinstance(held, dict) else held
                values.setdefault(block_id, {})[element["action_id"]] = fill(element, now)
    return {"values": values}


def submitted(view: dict[str, Any], values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a form's state with *values* in it, and what Slack's client finds wrong, by block.

    *values* are by block id, and within a block by action id or the value alone. Fields that are not
    named keep what stands in them.

    Raises:
        LookupError: a block or an option is not there.
    """
    wrong: dict[str, str] = {}
    inputs = {block["block_id"]: block for block in view["blocks"] if block["type"] == "input"}
    if set(values) - set(inputs):
        raise LookupError(f"no fields {sorted(set(values) - set(inputs))}; there are {sorted(inputs)}")
    # What stands beside the inputs, in sections and rows of actions, is told along with them.
    state = {key: held for key, held in view["state"]["values"].items() if key not in inputs}
    for block_id, block in inputs.items():
        element = block["element"]
        given = values.get(block_id)
        if given is None:
            held = view["state"]["values"].get(block_id, {}).get(element["action_id"])
            filled = held or fill(element)
        else:
            filled = fill(element, given[element["action_id"]] if isinstance(given, dict) else given)
        state[block_id] = {element["action_id"]: filled}
        fault = _wrong(block, filled)
        if fault:
            wrong[block_id] = fault
    return {"values": state}, wrong


def _wrong(block: Block, filled: dict[str, Any]) -> str:
    value = next((value for key, value in filled.items() if key != "type"), None)
    if not value:
        return "" if block.get("optional") else REQUIRED
    element = block["element"]
    if element["type"] in _CHECKED:
        return _CHECKED[element["type"]](element, str(value))
    if isinstance(value, str) and element["type"] == "plain_text_input":
        if len(value) > int(element.get("max_length") or 3_000):
            return "This entry is too long."
        if len(value) < int(element.get("min_length") or 0):
            return "This entry is too short."
    if element["type"] == "file_input":
        files: list[dict[str, Any]] = list(filled["files"])
        if len(files) > int(element.get("max_files") or 10):
            return "Too many files."
        kinds = element.get("filetypes") or []
        if kinds and any(one["name"].rpartition(".")[2].lower() not in kinds for one in files):
            return "This kind of file is not allowed here."
    return ""


def _wrong_number(element: dict[str, Any], value: str) -> str:
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", value.strip()):
        return "Enter a number."
    number = Decimal(value.strip())
    if not element.get("is_decimal_allowed") and number != int(number):
        return "Enter a whole number."
    if element.get("min_value") and number < Decimal(element["min_value"]):
        return f"Enter a number of at least {element['min_value']}."
    if element.get("max_value") and number > Decimal(element["max_value"]):
        return f"Enter a number of at most {element['max_value']}."
    return ""


def _wrong_email(_: dict[str, Any], value: str) -> str:
    return "" if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value.strip()) else "Enter an e-mail address."


def _wrong_address(_: dict[str, Any], value: str) -> str:
    return "" if re.fullmatch(r"https?://[^\s/]+\S*", value.strip()) else "Enter a web address."


_CHECKED = {
    "number_input": _wrong_number,
    "email_text_input": _wrong_email,
    "url_text_input": _wrong_address,
}


def event_envelope(
    team_id: str, app_id: str, bot_user_id: str, *, event_id: str, time_s: int
) -> dict[str, Any]:
    """Return what stands around an event."""
    installed = {
        "enterprise_id": None,
        "team_id": team_id,
        "user_id": bot_user_id,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    return {
        "token": "sandbox",
        "team_id": team_id,
        "context_team_id": team_id,
        "api_app_id": app_id,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": time_s,
        "authorizations": [installed],
        "is_ext_shared_channel": False,
        "event_context": f"4-{event_id}",
    }
