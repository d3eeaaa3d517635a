"""Reads a Slack export, folder or zip, into a workspace."""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from bot.sandbox.shown import people_of
from bot.sandbox.workspace import TOMBSTONE, Channel, Kind, Message, Workspace

LARGEST_FILE_BYTES = 50_000_000
LARGEST_EXPORT_BYTES = 500_000_000
# A conversation of two people gets the bot as its third, so it is no `im` here.
LISTS: dict[str, Kind] = {
    "channels.json": "public",
    "groups.json": "private",
    "mpims.json": "mpim",
    "dms.json": "mpim",
}
TS = re.compile(r"\d+\.\d+")
FLAGS = ("is_admin", "is_owner", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger", "deleted")
LISTED = frozenset({"files", "attachments", "blocks"})
KEPT = ("subtype", "edited", "bot_id", "username", "bot_profile", *sorted(LISTED))
VISITOR = "UVISITOR"


class ExportError(Exception):
    """The export cannot be read; the message names the file and what to do."""


class _Files:
    """The JSON files of an export, by name, whatever holds them."""

    def __init__(self, path: Path) -> None:
        self._zip: zipfile.ZipFile | None = None
        self._folder = path
        if path.is_file():
            try:
                self._zip = zipfile.ZipFile(path)
            except zipfile.BadZipFile as error:
                raise ExportError(f"{path.name} is no zip file: export it from Slack again.") from error
            if sum(entry.file_size for entry in self._zip.infolist()) > LARGEST_EXPORT_BYTES:
                raise ExportError(f"{path.name} holds more than 500 MB: unpack a part of it and load that.")
        elif not path.is_dir():
            raise ExportError(f"there is no {path}: name the folder or zip file of a Slack export.")

    def names(self) -> Iterator[str]:
        """Return the names of all files, below the folder that holds `users.json`."""
        if self._zip is not None:
            names = [name for name in self._zip.namelist() if name.endswith(".json")]
        else:
            found = self._folder.rglob("*.json")
            names = [path.relative_to(self._folder).as_posix() for path in found]
        # Names only select what is read into memory: nothing is ever written to a path from the zip.
        return (name for name in sorted(names) if ".." not in PurePosixPath(name).parts)

    def read(self, name: str) -> Any:
        """Return what a file holds.

        Raises:
            ExportError: it is too large, or no JSON.
        """
        try:
            if self._zip is not None:
                if self._zip.getinfo(name).file_size > LARGEST_FILE_BYTES:
                    raise ExportError(f"{name} is larger than 50 MB: leave it out.")
                return json.loads(self._zip.read(name))
            return json.loads((self._folder / name).read_bytes())
        # zipfile tells of a password or an unknown compression by RuntimeError.
        except (ValueError, zipfile.BadZipFile, zlib.error, RuntimeError, OSError) as error:
            raise ExportError(f"{name} is not readable JSON: export again, or leave the file out.") from error

    def read_list(self, name: str, *needed: str) -> list[dict[str, Any]]:
        """Return the objects that a file lists.

        Raises:
            ExportError: it is no list of objects that each have the *needed* fields as text.
        """
        listed = self.read(name)
        good = isinstance(listed, list) and all(
            isinstance(item, dict) and all(isinstance(item.get(key), str) for key in needed)
            for item in listed
        )
        if not good:
            fields = f" with {' and '.join(needed)}" if needed else ""
            raise ExportError(f"{name} is no list of objects{fields}: export again, or leave the file out.")
        return list(listed)


def load_export(path: Path, workspace: Workspace) -> None:
    """Load the export at *path*; the bot becomes a member of every conversation in it.

    Raises:
        ExportError: it is no Slack export, or a file of it is broken.
    """
    files = _Files(path)
    names = list(files.names())
    root = next((name.removesuffix("users.json") for name in names if name.endswith("users.json")), None)
    if root is None:
        raise ExportError(f"{path.name} holds no users.json: it is not a Slack export.")
    workspace.name = re.sub(r" Slack export.*", "", path.resolve().stem)
    for user in files.read_list(f"{root}users.json", "id"):
        _add_user(workspace, user)
    folders: dict[str, Channel] = {}
    for name, kind in LISTS.items():
        if f"{root}{name}" in names:
            for listed in files.read_list(f"{root}{name}", "id"):
                # The folder of a conversation of two people is called by its id: it has no name.
                title = listed.get("name") or listed["id"]
                members = [*(listed.get("members") or []), workspace.bot_user_id]
                folders[title] = workspace.add_channel(listed["id"], title, kind, members)
                folders[title].is_archived = bool(listed.get("is_archived"))
    messages: dict[str, list[Message]] = {}
    for name in names:
        folder, _, day = name.removeprefix(root).rpartition("/")
        if folder in folders and day:
            messages.setdefault(folder, []).extend(_day(files, name))
    for folder, said in messages.items():
        _add_messages(workspace, folders[folder], said)
    if not people_of(workspace):
        # Everybody has left, or nobody is listed: somebody has to look at it.
        workspace.add_user(VISITOR, "visitor", "Visitor")


def _day(files: _Files, name: str) -> list[Message]:
    """Return the messages of one day's file."""
    said = [message for message in files.read_list(name) if message.get("type") == "message"]
    for message in said:
        if not TS.fullmatch(str(message.get("ts"))):
            raise ExportError(
                f"{name} has a message with ts {message.get('ts')!r}: export again, or mend it."
            )
    return said


def _add_user(workspace: Workspace, user: dict[str, Any]) -> None:
    profile = user.get("profile") or {}
    real_name = user.get("real_name") or profile.get("real_name") or user.get("name") or user["id"]
    flags = {name: bool(user.get(name)) for name in FLAGS}
    workspace.add_user(user["id"], user.get("name") or user["id"], real_name, **flags)


def _add_messages(workspace: Workspace, channel: Channel, listed: list[Message]) -> None:
    """Add a conversation's messages in time, each once; a thread whose parent is missing gets a deleted one."""
    said = {str(message["ts"]): message for message in listed}
    roots = {str(message["thread_ts"]) for message in listed if message.get("thread_ts")}
    for root in roots - said.keys():
        if TS.fullmatch(root):
            said[root] = {"subtype": "tombstone", "text": TOMBSTONE}
    for ts in sorted(said, key=float):
        message = said[ts]
        user_id = str(message.get("user") or "")
        if user_id and user_id not in workspace.users:
            workspace.add_user(user_id, user_id.lower())
        root = str(message.get("thread_ts") or "")
        thread_ts = root if root in said else ""
        text = str(message.get("text") or "")
        workspace.add_message(channel.id, user_id, text, ts=ts, thread_ts=thread_ts, **_kept(message))


def _kept(message: Message) -> Message:
    """Return what is kept of a message besides its words; of a list, its objects."""
    kept = {key: message[key] for key in KEPT if message.get(key)}
    for key in LISTED & kept.keys():
        held = kept[key] if isinstance(kept[key], list) else []
        kept[key] = [one for one in held if isinstance(one, dict)]
    return kept
