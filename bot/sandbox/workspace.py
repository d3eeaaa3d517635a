"""The state of a local Slack workspace: people, conversations, messages, files, views; nothing here speaks HTTP."""

from __future__ import annotations

import bisect
import itertools
import mimetypes
import time
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["public", "private", "im", "mpim"]
Message = dict[str, Any]

TOMBSTONE = "This message was deleted."


@dataclass
class User:
    """A person or bot."""

    id: str
    name: str
    real_name: str
    is_admin: bool = False
    is_owner: bool = False
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    deleted: bool = False
    team_id: str = "T1"
    locale: str = "en-US"
    tz: str = "Europe/Amsterdam"
    display_name: str = ""

    def as_slack(self) -> dict[str, Any]:
        """Return what `users.info` tells."""
        return {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.name,
            "real_name": self.real_name,
            "deleted": self.deleted,
            "is_admin": self.is_admin or self.is_owner,
            "is_owner": self.is_owner,
            "is_bot": self.is_bot,
            "is_restricted": self.is_restricted or self.is_ultra_restricted,
            "is_ultra_restricted": self.is_ultra_restricted,
            "is_stranger": self.is_stranger,
            "locale": self.locale,
            "tz": self.tz,
            "profile": {"real_name": self.real_name, "display_name": self.display_name or self.real_name},
        }


@dataclass
class Channel:
    """A conversation; `threads` holds each thread's timestamps in time, its parent's first."""

    id: str
    name: str
    kind: Kind = "public"
    members: list[str] = field(default_factory=list)
    is_archived: bool = False
    is_ext_shared: bool = False
    messages: dict[str, Message] = field(default_factory=dict)
    threads: dict[str, list[str]] = field(default_factory=dict)

    def as_slack(self, bot_user_id: str) -> dict[str, Any]:
        """Return what `conversations.info` tells."""
        told = {
            "id": self.id,
            "name": self.name,
            "is_channel": self.kind == "public",
            "is_group": self.kind == "private",
            "is_im": self.kind == "im",
            "is_mpim": self.kind == "mpim",
            "is_private": self.kind != "public",
            "is_archived": self.is_archived,
            "is_ext_shared": self.is_ext_shared,
            "is_member": bot_user_id in self.members,
            "num_members": len(self.members),
        }
        if self.kind == "im":
            told["user"] = next((user for user in self.members if user != bot_user_id), "")
        return told


@dataclass
class File:
    """A file; `content` is None until it is uploaded."""

    id: str
    name: str
    user: str
    size: int
    content: bytes | None = None
    title: str = ""
    mimetype: str = "application/octet-stream"
    channels: list[str] = field(default_factory=list)
    mode: Literal["hosted", "external", "tombstone"] = "hosted"

    def as_slack(self, host_url: str) -> dict[str, Any]:
        """Return what `files.info` tells; it is fetched from *host_url*, with the bot's token."""
        address = f"{host_url}/files-pri/{self.id}/{self.name}"
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title or self.name,
            "mimetype": self.mimetype,
            "filetype": self.name.rpartition(".")[2],
            "user": self.user,
            "mode": self.mode,
            "is_external": self.mode == "external",
            "size": self.size,
            "channels": list(self.channels),
            "url_private": address,
            "url_private_download": address,
        }


class Workspace:
    """One workspace with our bot in it."""

    def __init__(self) -> None:
        self.team_id = "T1"
        self.app_id = "A1"
        self.name = "Bloem & Zonen"
        self.domain = "bloem-en-zonen"
        self.url = f"https://{self.domain}.slack.com/"
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        # Views by person: the form on top, those beneath it, and the Home tab.
        self.modals: dict[str, dict[str, Any]] = {}
        self.beneath: dict[str, list[dict[str, Any]]] = {}
        self.homes: dict[str, dict[str, Any]] = {}
        self.ephemerals: list[dict[str, Any]] = []
        self.bot_user_id = "UBOT"
        self.bot_id = "BBOT"
        self.add_user(self.bot_user_id, "tijdwinst", "Tijdwinst", is_bot=True)
        self._last_micros = 0
        self._ids = itertools.count(1)

    def new_id(self, prefix: str) -> str:
        """Return an id that nothing has yet."""
        return f"{prefix}{next(self._ids):06d}"

    def next_ts(self) -> str:
        """Return a `ts` later than every one before it."""
        self._last_micros = max(self._last_micros + 1, int(time.time() * 1_000_000))
        return f"{self._last_micros // 1_000_000}.{self._last_micros % 1_000_000:06d}"

    def add_user(self, user_id: str, name: str, real_name: str = "", **flags: Any) -> User:
        """Add a person."""
        user = User(id=user_id, name=name, real_name=real_name or name, **flags)
        self.users[user_id] = user
        return user

    def add_channel(
        self, channel_id: str, name: str, kind: Kind = "public", members: list[str] | None = None
    ) -> Channel:
        """Add a conversation."""
        channel = Channel(id=channel_id, name=name, kind=kind, members=list(members or []))
        self.channels[channel_id] = channel
        return channel

    def add_file(self, name: str, user_id: str, *, content: bytes | None = None, size: int = 0) -> File:
        """Add a file; without *content* it waits for its upload of *size* bytes."""
        size = size if content is None else len(content)
        made = File(self.new_id("F"), name, user_id, size, content)
        made.mimetype = mimetypes.guess_type(name)[0] or made.mimetype
        self.files[made.id] = made
        return made

    def add_to_form(self, name: str, user_id: str, content: bytes) -> File:
        """Add a file that somebody puts into a form: it is for the app, and nobody else sees it."""
        made = self.add_file(name, user_id, content=content)
        made.channels.append(self.im_with(user_id).id)
        return made

    def im_with(self, user_id: str) -> Channel:
        """Return the conversation of a person with the bot, opening it when it is new."""
        for channel in self.channels.values():
            if channel.kind == "im" and user_id in channel.members:
                return channel
        members = [user_id, self.bot_user_id]
        return self.add_channel(self.new_id("D"), f"im-{user_id}", "im", members)

    def add_message(
        self,
        channel_id: str,
        user_id: str,
        text: str,
        *,
        ts: str = "",
        thread_ts: str = "",
        **extra: Any,
    ) -> Message:
        """Add a message; a thread's parent learns of its reply."""
        channel = self.channels[channel_id]
        message: Message = {"type": "message", "user": user_id, "text": text, "ts": ts or self.next_ts()}
        message.update(extra)
        if thread_ts and thread_ts != message["ts"]:
            message["thread_ts"] = thread_ts
            parent = channel.messages.get(thread_ts)
            stamps = channel.threads.setdefault(thread_ts, [thread_ts] if parent else [])
            bisect.insort(stamps, message["ts"], key=float)
            if parent is not None:
                parent["thread_ts"] = thread_ts
                _count_replies(parent, stamps)
        elif message["ts"] in channel.threads:
            stamps = channel.threads[message["ts"]]
            bisect.insort(stamps, message["ts"], key=float)
            message["thread_ts"] = message["ts"]
            _count_replies(message, stamps)
        channel.messages[message["ts"]] = message
        return message

    def delete_message(self, channel_id: str, ts: str) -> Message:
        """Delete a message and return it; of a thread's parent a tombstone stays, as in Slack."""
        channel = self.channels[channel_id]
        message = channel.messages[ts]
        if len(channel.threads.get(ts, ())) > 1:
            kept = {key: message[key] for key in ("thread_ts", "reply_count", "latest_reply")}
            tombstone = {"type": "message", "subtype": "tombstone", "user": "USLACKBOT", "text": TOMBSTONE}
            channel.messages[ts] = {**tombstone, "ts": ts, "hidden": True, **kept}
            return message
        del channel.messages[ts]
        channel.threads.pop(ts, None)
        stamps = channel.threads.get(message.get("thread_ts", ""), [])
        if ts in stamps:
            stamps.remove(ts)
            parent = channel.messages.get(message["thread_ts"])
            if parent is not None:
                _count_replies(parent, stamps)
        return message

    def thread(self, channel_id: str, ts: str) -> list[Message]:
        """Return the messages of a thread, oldest first; of a reply's `ts`, that reply alone."""
        channel = self.channels[channel_id]
        return [channel.messages[stamp] for stamp in self.thread_stamps(channel_id, ts)]

    def thread_stamps(self, channel_id: str, ts: str) -> list[str]:
        """Return the timestamps of a thread, oldest first, without copying them."""
        channel = self.channels[channel_id]
        return channel.threads.get(ts) or ([ts] if ts in channel.messages else [])

    def top_level(self, channel_id: str) -> list[Message]:
        """Return the messages of a conversation that are no replies, oldest first; broadcast replies too."""
        messages = self.channels[channel_id].messages.values()
        return [
            message
            for message in messages
            if message.get("thread_ts", message["ts"]) == message["ts"]
            or message.get("subtype") == "thread_broadcast"
        ]


def _count_replies(parent: Message, stamps: list[str]) -> None:
    """Tell a parent of its replies; *stamps* are its thread's, its own the first."""
    if len(stamps) > 1:
        parent["reply_count"], parent["latest_reply"] = len(stamps) - 1, stamps[-1]
    else:
        for name in ("reply_count", "latest_reply", "thread_ts"):
            parent.pop(name, None)
