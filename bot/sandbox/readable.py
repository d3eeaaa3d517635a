"""Whether everybody can read what the bot sends: Slack's limits, and what a screen reader needs; pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from bot.sandbox.limits import check_message, check_view, message_error

MESSAGES = (
    "chat.postMessage",
    "chat.update",
    "chat.postEphemeral",
    "chat.scheduleMessage",
    "chat.stopStream",
)
VIEWS = ("views.open", "views.push", "views.update", "views.publish")
_EMOJI = re.compile(r":[a-z0-9_+'-]+:")


def unreadable(method: str, arguments: dict[str, Any]) -> list[str]:
    """Return what is wrong with a call of the Web API: by Slack's limits, or for who cannot see it."""
    if method in VIEWS:
        view = arguments.get("view")
        return [f"{method}: {line}" for line in _view(view)] if isinstance(view, dict) else []
    if method in MESSAGES:
        return [f"{method}: {line}" for line in _message(method, arguments)]
    if method == "files.completeUploadExternal":
        # A picture's description goes with its upload; here only its title shows.
        return [
            f"{method}: a file has no title" for one in arguments.get("files") or [] if not one.get("title")
        ]
    return []


def unreadable_answer(answer: dict[str, Any]) -> list[str]:
    """Return what is wrong with what the bot answered to a command or a form."""
    view = answer.get("view")
    if isinstance(view, dict):
        return [f"{answer.get('response_action')}: {line}" for line in _view(view)]
    if answer.get("response_action") == "errors":
        return [f"errors: {name} says nothing" for name, line in answer["errors"].items() if not _says(line)]
    return [f"answer: {line}" for line in _message("answer", answer)] if "blocks" in answer else []


def _view(view: dict[str, Any]) -> list[str]:
    return [*check_view(view), *_spoken(view.get("blocks") or [])]


def _message(method: str, arguments: dict[str, Any]) -> list[str]:
    faults = check_message(arguments)
    blocks = arguments.get("blocks") or []
    error = "" if faults else message_error(arguments, update=method == "chat.update")
    # What a stream says came before its end.
    if error and (method, error) != ("chat.stopStream", "no_text"):
        faults.append(error)
    if blocks and method != "chat.stopStream" and not _says(arguments.get("text")):
        # Notifications and screen readers read `text`, not the blocks.
        faults.append("blocks without a text that says something")
    return [*faults, *_spoken(blocks)]


def _spoken(blocks: list[dict[str, Any]]) -> list[str]:
    """Return what a screen reader would say nothing about, or say twice for two different things."""
    faults = []
    labels: Counter[str] = Counter()
    for one in _walk(blocks):
        kind = one.get("type", "")
        for name in ("label", "title", "alt_text", "caption", "placeholder"):
            if name in one and not _says(one[name]):
                faults.append(f"{kind}: {name} says nothing without its picture or colour")
        if kind == "button":
            if not _says(one.get("text")):
                faults.append("button: it says nothing without its picture or colour")
            labels[str(one.get("accessibility_label") or one.get("text", {}).get("text"))] += 1
        if kind == "actions":
            menus = [e for e in one.get("elements") or [] if "select" in e.get("type", "")]
            faults += ["menu: nothing says what it chooses" for e in menus if "placeholder" not in e]
    return faults + [f"button: {count} are called {name!r}" for name, count in labels.items() if count > 1]


def _walk(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in *value* that has a type of its own and is no text."""
    if isinstance(value, list):
        for item in value:
            yield from _walk(item)
    elif isinstance(value, dict):
        if value.get("type") not in (None, "plain_text", "mrkdwn"):
            yield value
        for item in value.values():
            yield from _walk(item)


def _says(value: Any) -> bool:
    """Say whether a text holds a letter or a digit once its emoji are gone."""
    written = value.get("text") if isinstance(value, dict) else value
    return isinstance(written, str) and any(one.isalnum() for one in _EMOJI.sub("", written))
