"""What stands in a conversation, as the model reads it: numbered lines, and where each of them is found; pure."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bot.tasks import Identity, UserError

_LINK = re.compile(r"https://[^\s<>|]+/archives/([A-Z0-9]+)/p(\d{7,})(\d{6})(\?[^\s<>|]*)?")
_REFERENCE = re.compile(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>")
_EMOJI = re.compile(r":[a-z0-9_+'-]+:")


@dataclass(frozen=True)
class Place:
    """A message in a conversation; `thread_ts` is its thread when the link tells it."""

    channel_id: str
    ts: str
    thread_ts: str = ""


@dataclass(frozen=True)
class Transcript:
    """A conversation as the model reads it.

    Attributes:
        lines: one per message, `[n] Name: text`; the name only where the speaker changes.
        ts: message number -> `ts`.
        threads: message number -> `ts` of the thread that it stands in, where it stands in one.
    """

    lines: tuple[str, ...]
    ts: dict[str, str]
    threads: dict[str, str] = field(default_factory=dict)


def find_link(text: str) -> Place | None:
    """Return the place that the first Slack message link in *text* points to, or None."""
    found = _LINK.search(html.unescape(text))
    if found is None:
        return None
    channel_id, seconds, micros, query = found.groups()
    thread = parse_qs(urlsplit(query or "").query).get("thread_ts", [""])[0]
    return Place(channel_id=channel_id, ts=f"{seconds}.{micros}", thread_ts=thread)


def permalink(identity: Identity, place: Place) -> str:
    """Return the address of a message, computed as Slack's own permalinks are built."""
    address = f"{identity.url.rstrip('/')}/archives/{place.channel_id}/p{place.ts.replace('.', '')}"
    if place.thread_ts and place.thread_ts != place.ts:
        address += f"?thread_ts={place.thread_ts}&cid={place.channel_id}"
    return address


def speakers(identity: Identity, messages: list[dict[str, Any]]) -> set[str]:
    """Return the ids of all who speak or are named in *messages*."""
    ids = {message["user"] for message in messages if message.get("user")}
    for message in messages:
        for kind, target, _ in _REFERENCE.findall(message.get("text") or ""):
            if kind == "@":
                ids.add(target)
    return ids - {identity.bot_user_id}


def write_transcript(
    identity: Identity, messages: list[dict[str, Any]], names: dict[str, str], *, skip_ts: str = ""
) -> Transcript:
    """Number and render *messages*, without our own and without the request itself.

    Raises:
        UserError: nothing is left, or nothing of it can be read.
    """
    lines: list[str] = []
    ts: dict[str, str] = {}
    threads: dict[str, str] = {}
    speaker = ""
    for message in messages:
        if _is_ours(identity, message) or message["ts"] == skip_ts:
            continue
        text = _render(message, names)
        if not text:
            continue
        number = str(len(lines) + 1)
        # Indented, so that a message cannot pretend to be several with numbers of its own.
        text = text.replace("\n", "\n    ")
        name = _speaker(message, names)
        lines.append(f"[{number}] {name}: {text}" if name != speaker else f"[{number}] {text}")
        ts[number] = message["ts"]
        if message.get("thread_ts"):
            threads[number] = message["thread_ts"]
        speaker = name
    if not lines:
        # The placeholder of a mention is ours too, so what counts is whose thread it is.
        raise UserError("thread-only-bots" if _is_ours(identity, messages[0]) else "thread-empty")
    if not any(_readable(message) for message in messages if message["ts"] in ts.values()):
        raise UserError("thread-nothing-readable")
    return Transcript(lines=tuple(lines), ts=ts, threads=threads)


def files_in(identity: Identity, messages: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return the ids of the files that people put into *messages*, newest first."""
    listed = [
        file["id"]
        for message in reversed(messages)
        if not _is_ours(identity, message)
        for file in message.get("files") or []
        if isinstance(file, dict) and file.get("id") and file.get("mode") != "tombstone"
    ]
    return tuple(dict.fromkeys(listed))


def _is_ours(identity: Identity, message: dict[str, Any]) -> bool:
    return bool(
        message.get("user") == identity.bot_user_id
        or (message.get("bot_id") and message.get("bot_id") == identity.bot_id)
    )


def _speaker(message: dict[str, Any], names: dict[str, str]) -> str:
    if message.get("user"):
        return str(names.get(message["user"], message["user"]))
    profile = message.get("bot_profile") or {}
    return str(message.get("username") or profile.get("name") or "bot")


def _readable(message: dict[str, Any]) -> bool:
    """Say whether a message holds a letter or digit of any script, or a file."""
    if message.get("subtype") == "tombstone":
        return False
    text = _EMOJI.sub("", html.unescape(message.get("text") or _in_blocks(message.get("blocks"))))
    return any(character.isalnum() for character in text) or bool(
        message.get("files") or message.get("attachments")
    )


def _render(message: dict[str, Any], names: dict[str, str]) -> str:
    """Return a message as one line of plain text: names for ids, files by name, deletions and edits said."""
    if message.get("subtype") == "tombstone":
        return "(deleted message)"
    parts = [_plain(message.get("text") or _in_blocks(message.get("blocks")), names)]
    for attachment in message.get("attachments") or []:
        parts.append(_plain(attachment.get("text") or attachment.get("fallback") or "", names))
    for file in message.get("files") or []:
        parts.append(f"(file: {file.get('name') or file.get('title') or 'unnamed'})")
    if message.get("edited"):
        parts.append("(edited)")
    body = " ".join(part for part in parts if part)
    return body if body != "(edited)" else ""


def _in_blocks(blocks: Any) -> str:
    """Return the text that stands in *blocks*: apps may post a message that has no other."""
    if isinstance(blocks, list):
        return " ".join(filter(None, map(_in_blocks, blocks)))
    if not isinstance(blocks, dict):
        return ""
    if isinstance(blocks.get("text"), str):
        return str(blocks["text"])
    return " ".join(filter(None, (_in_blocks(blocks.get(key)) for key in ("text", "fields", "elements"))))


def _plain(text: str, names: dict[str, str]) -> str:
    def word(found: re.Match[str]) -> str:
        kind, target, label = found.groups()
        if kind == "@":
            return f"@{names.get(target) or label or target}"
        if kind == "#":
            return f"#{label or target}"
        if kind == "!":
            return label or f"@{target.split('^')[0]}"
        return f"{label} ({target})" if label and label != target else str(target)

    return html.unescape(_REFERENCE.sub(word, text)).strip()
