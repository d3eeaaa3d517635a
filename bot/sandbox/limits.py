"""Slack's documented limits, checked as Slack would (docs.slack.dev, blocks and methods); pure."""

from __future__ import annotations

import json
from typing import Any

SURFACES = {
    "message": {
        "section", "divider", "image", "actions", "context", "header", "input", "rich_text", "video", "file",
        "markdown", "table", "context_actions", "task_card", "plan", "card", "carousel", "container",
    },
    "modal": {
        "section", "divider", "image", "actions", "context", "header", "input", "rich_text", "video", "alert",
        "card",
    },
    "home": {
        "section", "divider", "image", "actions", "context", "header", "input", "rich_text", "video", "table",
        "card", "carousel",
    },
}  # fmt: skip
MAX_BLOCKS = {"message": 50, "modal": 100, "home": 100}
ELEMENTS = {"actions": 25, "context": 10, "context_actions": 5}
MARKDOWN_CHARS = 12_000
ALL_TEXT_CHARS = 13_200
VIEW_BYTES = 250_000


def message_error(arguments: dict[str, Any], *, update: bool) -> str | None:
    """Return the error code that Slack gives to a message, or None."""
    blocks, text = arguments.get("blocks") or [], arguments.get("text") or ""
    markdown = arguments.get("markdown_text")
    if markdown is not None and (blocks or text):
        return "markdown_text_conflict"
    if not blocks and not text and not markdown and not arguments.get("attachments"):
        return "no_text"
    if update and len(text) > 4_000:
        return "msg_too_long"
    if len(text) > 40_000 or len(markdown or "") > MARKDOWN_CHARS:
        return "msg_too_long"
    if check_blocks(blocks, "message"):
        return "invalid_blocks"
    if sum(len(block.get("text", "")) for block in blocks if block["type"] == "markdown") > MARKDOWN_CHARS:
        return "msg_too_long"
    return "msg_blocks_too_long" if _text_size(blocks) > ALL_TEXT_CHARS else None


def check_view(view: dict[str, Any]) -> list[str]:
    """Return what Slack would say is wrong with a view."""
    kind = view.get("type")
    if kind not in ("modal", "home"):
        return ["[ERROR] unsupported view type [json-pointer:/type]"]
    faults = check_blocks(view.get("blocks") or [], kind)
    for name in ("title", "submit", "close") if kind == "modal" else ():
        if name in view or name == "title":
            faults += _text(view.get(name), f"/{name}", limit=24, plain=True)
    if len(view.get("private_metadata") or "") > 3_000:
        faults.append("[ERROR] must be less than 3001 characters [json-pointer:/private_metadata]")
    if len(view.get("callback_id") or "") > 255:
        faults.append("[ERROR] must be less than 256 characters [json-pointer:/callback_id]")
    if len(json.dumps(view)) > VIEW_BYTES:
        faults.append("[ERROR] view_too_large [json-pointer:/]")
    return faults


def check_blocks(blocks: Any, surface: str) -> list[str]:
    """Return what Slack would say is wrong with *blocks* on a surface: message, modal or home."""
    if not isinstance(blocks, list):
        return ["[ERROR] must be an array [json-pointer:/blocks]"]
    faults = []
    if len(blocks) > MAX_BLOCKS[surface]:
        faults.append(f"[ERROR] no more than {MAX_BLOCKS[surface]} items allowed [json-pointer:/blocks]")
    ids = [block["block_id"] for block in blocks if isinstance(block, dict) and block.get("block_id")]
    if len(ids) != len(set(ids)):
        faults.append("[ERROR] block_id is not unique [json-pointer:/blocks]")
    for index, block in enumerate(blocks):
        at = f"/blocks/{index}"
        if not isinstance(block, dict) or block.get("type") not in SURFACES[surface]:
            faults.append(f"[ERROR] unsupported type [json-pointer:{at}/type]")
            continue
        faults += _block(block, at)
    return faults


def _block(block: dict[str, Any], at: str) -> list[str]:
    kind = block["type"]
    faults: list[str] = []
    if len(block.get("block_id") or "") > 255:
        faults.append(f"[ERROR] must be less than 256 characters [json-pointer:{at}/block_id]")
    if kind == "section":
        if "text" in block or not block.get("fields"):
            faults += _text(block.get("text"), f"{at}/text", limit=3_000)
        for index, item in enumerate(block.get("fields") or []):
            faults += _text(item, f"{at}/fields/{index}", limit=2_000)
        if "accessory" in block:
            faults += _element(block["accessory"], f"{at}/accessory")
    elif kind == "header":
        faults += _text(block.get("text"), f"{at}/text", limit=150, plain=True)
    elif kind == "markdown":
        if not isinstance(block.get("text"), str) or not block["text"]:
            faults.append(f"[ERROR] missing required field: text [json-pointer:{at}]")
    elif kind in ELEMENTS:
        faults += _elements(block, at, kind)
    elif kind == "input":
        faults += _text(block.get("label"), f"{at}/label", limit=2_000, plain=True)
        faults += _element(block.get("element"), f"{at}/element")
    elif kind == "image" and not (
        block.get("alt_text") and (block.get("image_url") or block.get("slack_file"))
    ):
        faults.append(f"[ERROR] missing required field: alt_text or image [json-pointer:{at}]")
    return faults


def _elements(block: dict[str, Any], at: str, kind: str) -> list[str]:
    elements = block.get("elements") or []
    faults = []
    if not 0 < len(elements) <= ELEMENTS[kind]:
        faults.append(f"[ERROR] must have 1 to {ELEMENTS[kind]} items [json-pointer:{at}/elements]")
    ids = [element.get("action_id") for element in elements if element.get("action_id")]
    if len(ids) != len(set(ids)):
        faults.append(f"[ERROR] action_id is not unique [json-pointer:{at}/elements]")
    for index, element in enumerate(elements):
        if kind == "context" and element.get("type") in ("mrkdwn", "plain_text"):
            faults += _text(element, f"{at}/elements/{index}", limit=3_000)
        else:
            faults += _element(element, f"{at}/elements/{index}")
    return faults


def _element(element: Any, at: str) -> list[str]:
    if not isinstance(element, dict) or not element.get("type"):
        return [f"[ERROR] missing required field: type [json-pointer:{at}]"]
    faults = []
    if len(element.get("action_id") or "") > 255:
        faults.append(f"[ERROR] must be less than 256 characters [json-pointer:{at}/action_id]")
    kind = element["type"]
    if kind == "button":
        faults += _text(element.get("text"), f"{at}/text", limit=75, plain=True)
        if len(element.get("value") or "") > 2_000:
            faults.append(f"[ERROR] must be less than 2001 characters [json-pointer:{at}/value]")
        if element.get("style") not in (None, "primary", "danger"):
            faults.append(f"[ERROR] invalid style [json-pointer:{at}/style]")
    if kind in ("plain_text_input", "rich_text_input"):
        longest = element.get("max_length", 3_000)
        if not 0 < longest <= 3_000 or len(element.get("initial_value") or "") > longest:
            faults.append(f"[ERROR] must be less than 3001 characters [json-pointer:{at}/initial_value]")
        if "placeholder" in element:
            faults += _text(element["placeholder"], f"{at}/placeholder", limit=150, plain=True)
    if kind.endswith("static_select"):
        options = element.get("options") or []
        if not 0 < len(options) <= 100:
            faults.append(f"[ERROR] must have 1 to 100 options [json-pointer:{at}/options]")
        for index, option in enumerate(options):
            faults += _text(option.get("text"), f"{at}/options/{index}/text", limit=75, plain=True)
            if len(option.get("value") or "") > 150:
                faults.append(f"[ERROR] must be less than 151 characters [json-pointer:{at}/options/{index}]")
    return faults


def _text(text: Any, at: str, *, limit: int, plain: bool = False) -> list[str]:
    kinds = ("plain_text",) if plain else ("plain_text", "mrkdwn")
    if not isinstance(text, dict) or text.get("type") not in kinds or not text.get("text"):
        return [f"[ERROR] missing required field: text [json-pointer:{at}]"]
    if len(text["text"]) > limit:
        return [f"[ERROR] must be less than {limit + 1} characters [json-pointer:{at}/text]"]
    return []


def _text_size(value: Any) -> int:
    """Return the characters of every text in *value*: Slack counts a message's together."""
    if isinstance(value, list):
        return sum(_text_size(item) for item in value)
    if isinstance(value, dict):
        own = value.get("text")
        rest = sum(_text_size(item) for item in value.values() if isinstance(item, dict | list))
        return rest + (len(own) if isinstance(own, str) else 0)
    return 0
