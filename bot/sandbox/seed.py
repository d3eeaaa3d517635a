"""A small garden firm to try the bot in: our own invention, in Dutch and English."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bot.sandbox.talk import THREADS, Thread
from bot.sandbox.workspace import Message, Workspace

PEOPLE = {
    "USANNE": ("sanne", "Sanne Bloem", True),
    "UTOM": ("tom", "Tom Bakker", False),
    "UFATIMA": ("fatima", "Fatima El Amrani", False),
    "UJOOST": ("joost", "Joost de Wit", False),
    "UEMMA": ("emma", "Emma Clarke", False),
}

CHANNELS = {"CGENERAL": "general", "CVERKOOP": "verkoop", "CPLANNING": "planning", "CSUPPORT": "support"}

# A reply every few minutes, so that no two messages have the same moment.
BETWEEN_S = 240.37


@dataclass(frozen=True)
class _Said:
    at_s: float
    root_s: float
    thread: Thread
    line: int


def seed_workspace(workspace: Workspace) -> None:
    """Fill an empty workspace with a small garden firm and its talk of the last days."""
    for user_id, (name, real_name, admin) in PEOPLE.items():
        workspace.add_user(user_id, name, real_name, is_admin=admin)
    for channel_id, name in CHANNELS.items():
        workspace.add_channel(channel_id, name, "public", [*PEOPLE, workspace.bot_user_id])
    workspace.add_channel("GDIRECTIE", "directie", "private", ["USANNE", "UTOM"])
    now_s = time.time()
    said: list[_Said] = []
    for thread in THREADS:
        root_s = now_s - thread.hours_ago * 3600
        times = (root_s + line * BETWEEN_S for line in range(len(thread.lines)))
        said += [_Said(at_s, root_s, thread, line) for line, at_s in enumerate(times)]
    # In time, as a workspace grows: its messages stand in the order in which they were added.
    for one in sorted(said, key=lambda one: one.at_s):
        _add(workspace, one)


def _add(workspace: Workspace, said: _Said) -> Message:
    user_id, text, *file = said.thread.lines[said.line]
    more: dict[str, object] = {}
    if user_id not in PEOPLE:
        # Another app: it has a name and no person behind it.
        more = {"subtype": "bot_message", "bot_id": user_id, "username": said.thread.app}
    if file:
        made = workspace.add_file(file[0], user_id, content=said.thread.files[file[0]].encode())
        made.channels.append(said.thread.channel_id)
        # The address follows once the local Slack has a port.
        more |= {"subtype": "file_share", "files": [made.as_slack("")]}
    return workspace.add_message(
        said.thread.channel_id,
        user_id if user_id in PEOPLE else "",
        text,
        ts=f"{said.at_s:.6f}",
        thread_ts=f"{said.root_s:.6f}" if said.line else "",
        **more,
    )
