"""Slack's documented limits of messages and views, checked as Slack would (docs.slack.dev); pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

from bot.sandbox.block_rules import BLOCKS, Shape, fault, string, text

Surface = Literal["message", "modal", "home"]

EVERYWHERE = frozenset(
    {"section", "divider", "image", "actions", "context", "header", "input", "rich_text", "video", "card"}
)
SURFACES: dict[Surface, frozenset[str]] = {
    "message": frozenset(BLOCKS) - {"alert"},
    "modal": EVERYWHERE | {"alert"},
    "home": EVERYWHERE | {"table", "carousel"},
}
MAX_BLOCKS: dict[Surface, int] = {"message": 50, "modal": 100, "home": 100}
# How often a kind may stand in one payload, and what Slack says of one more.
AT_MOST = {"table": (1, "only_one_table_allowed"), "data_visualization": (2, "no more than 2 charts allowed")}
MARKDOWN_CHARS = 12_000
# Measured by the makers of slack-markdown-parser; Slack documents the error, not the number.
ALL_TEXT_CHARS = 13_200
DATA_TABLE_CHARS = 20_000
POST_CHARS = 40_000
UPDATE_CHARS = 4_000
ATTACHMENTS = 100
VIEW_BYTES = 250_000

_VIEW = {
    "callback_id": string(255),
    "external_id": string(255),
    "private_metadata": string(3_000),
}
_MODAL = {name: text(24, plain=True) for name in ("title", "submit", "close")}


def check_message(arguments: dict[str, Any]) -> list[str]:
    """Return what Slack would say is wrong with a message's blocks and attachments; nothing when valid."""
    faults = check_blocks(arguments.get("blocks") or [], "message")
    attachments = arguments.get("attachments") or []
    if not isinstance(attachments, list):
        return faults + fault("must be an array", "/attachments")
    if len(attachments) > ATTACHMENTS:
        faults += fault(f"no more than {ATTACHMENTS} items allowed", "/attachments")
    for index, attachment in enumerate(attachments):
        blocks = attachment.get("blocks") if isinstance(attachment, dict) else None
        faults += check_blocks(blocks or [], "message", under=f"/attachments/{index}")
    return faults


def message_error(arguments: dict[str, Any], *, update: bool) -> str | None:
    """Return the error code that Slack gives to a message, or None; *update*: for `chat.update`."""
    blocks, words = arguments.get("blocks") or [], arguments.get("text") or ""
    markdown = arguments.get("markdown_text")
    if markdown is not None and (blocks or words):
        return "markdown_text_conflict"
    if not (blocks or words or markdown or arguments.get("attachments")):
        return "no_text"
    if len(words) > (UPDATE_CHARS if update else POST_CHARS) or len(markdown or "") > MARKDOWN_CHARS:
        return "msg_too_long"
    faults = check_message(arguments)
    if any(line.endswith("[json-pointer:/attachments]") for line in faults):
        return "too_many_attachments"
    if faults:
        return "invalid_blocks"
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > MARKDOWN_CHARS:
        return "msg_too_long"
    # A data table has a sum of its own; charts hold numbers and labels.
    counted = [block for block in blocks if not block["type"].startswith("data_")]
    return "msg_blocks_too_long" if _text_chars(counted) > ALL_TEXT_CHARS else None


def check_view(view: dict[str, Any]) -> list[str]:
    """Return what Slack would say is wrong with a modal or Home view; nothing when valid."""
    kind = view.get("type")
    if kind not in ("modal", "home"):
        return fault("unsupported type", "/type")
    modal = kind == "modal"
    required = ("title", "blocks") if modal else ("blocks",)
    # Open: a view that Slack sent comes back with its id, hash and state, and Slack ignores those.
    faults = Shape({**_VIEW, **(_MODAL if modal else {})}, required, closed=False).check(view, "")
    blocks = view.get("blocks") or []
    faults += check_blocks(blocks, "modal" if modal else "home")
    asks = isinstance(blocks, list) and any(_kind(block) == "input" for block in blocks)
    if modal and asks and not view.get("submit"):
        faults += fault("submit is required when an input block is within blocks", "/submit")
    if len(json.dumps(view, ensure_ascii=False).encode()) > VIEW_BYTES:
        faults += fault("view_too_large", "/")
    return faults


def check_blocks(blocks: Any, surface: Surface, *, under: str = "") -> list[str]:
    """Return what Slack would say is wrong with *blocks* on a surface; *under*: where they stand."""
    root = f"{under}/blocks"
    if not isinstance(blocks, list):
        return fault("must be an array", root)
    faults = []
    if len(blocks) > MAX_BLOCKS[surface]:
        faults += fault(f"no more than {MAX_BLOCKS[surface]} items allowed", root)
    kinds = [_kind(block) for block in blocks]
    for kind, (most, told) in AT_MOST.items():
        if kinds.count(kind) > most:
            faults += fault(told, root)
    if _repeats(block.get("block_id") for block in _nested(blocks)):
        faults += fault("block_id is not unique", root)
    for index, (block, kind) in enumerate(zip(blocks, kinds, strict=True)):
        at = f"{root}/{index}"
        if kind not in SURFACES[surface]:
            faults += fault(
                f"unsupported type: {kind}" if kind else "missing required field: type", f"{at}/type"
            )
        else:
            faults += _check_block(block, kind, at=at, surface=surface)
    return faults


def _check_block(block: dict[str, Any], kind: str, *, at: str, surface: Surface) -> list[str]:
    faults = BLOCKS[kind].check(block, at)
    for one in _nested([block]):
        if _repeats(element.get("action_id") for element in _own_elements(one)):
            faults += fault("action_id is not unique", at)
    if kind == "input" and surface != "modal" and _kind(block.get("element")) == "file_input":
        faults += fault("unsupported type: file_input", f"{at}/element/type")
    if kind == "data_table" and _text_chars(block.get("rows")) > DATA_TABLE_CHARS:
        faults += fault(f"must be less than {DATA_TABLE_CHARS + 1} characters", f"{at}/rows")
    return faults


def _kind(block: Any) -> str:
    kind = block.get("type") if isinstance(block, dict) else None
    return kind if isinstance(kind, str) else ""


def _nested(blocks: Any) -> Iterator[dict[str, Any]]:
    """Yield the blocks and those inside containers, carousels and plans."""
    for block in blocks if isinstance(blocks, list) else ():
        if isinstance(block, dict):
            yield block
            inner = {"container": "child_blocks", "carousel": "elements", "plan": "tasks"}.get(_kind(block))
            if inner:
                yield from _nested(block.get(inner))


def _own_elements(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the elements that stand directly in a block."""
    for name in ("elements", "actions", "accessory", "element"):
        held = block.get(name)
        for element in held if isinstance(held, list) else [held]:
            if isinstance(element, dict):
                yield element


def _repeats(ids: Iterator[Any]) -> bool:
    given = [str(one) for one in ids if one]
    return len(given) != len(set(given))


def _text_chars(value: Any) -> int:
    """Return the characters of every `text` in *value*: Slack counts a message's together."""
    if isinstance(value, list):
        return sum(_text_chars(item) for item in value)
    if not isinstance(value, dict):
        return 0
    own = value.get("text")
    return sum(_text_chars(item) for item in value.values()) + (len(own) if isinstance(own, str) else 0)
