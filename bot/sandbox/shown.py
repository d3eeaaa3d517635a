"""What the page shows to one person: whom they can be, where they can look, what stands there; changes nothing."""

from __future__ import annotations

from collections import Counter
from typing import Any

from bot.sandbox.webapi_base import State
from bot.sandbox.workspace import Channel, Message, User, Workspace

MESSAGES_SHOWN = 400
THREADS_SHOWN = 200
SNIPPET_CHARS = 160
SLACKBOT = "USLACKBOT"


def people_of(space: Workspace) -> list[User]:
    """Return whom somebody at the page can be: no bots, nobody who has left."""
    people = [
        user
        for user in space.users.values()
        if not user.is_bot and not user.deleted and user.id not in (SLACKBOT, space.bot_user_id)
    ]
    return sorted(people, key=lambda user: user.real_name.lower())


def busiest_person(space: Workspace) -> str:
    """Return the id of the full member who wrote most: a sensible first "you"; empty without people."""
    people = people_of(space)
    full = [user.id for user in people if not is_guest(user)] or [user.id for user in people]
    written = Counter(
        message.get("user", "")
        for channel in space.channels.values()
        for message in channel.messages.values()
    )
    return max(full, key=lambda user_id: written[user_id], default="")


def is_guest(user: User) -> bool:
    """Say whether a person sees only the conversations that they are in."""
    return user.is_restricted or user.is_ultra_restricted or user.is_stranger


def may_look(space: Workspace, user_id: str, channel: Channel) -> bool:
    """Say whether a person sees a conversation: theirs, or a public one when they are no guest."""
    if user_id in channel.members:
        return True
    return channel.kind == "public" and user_id in space.users and not is_guest(space.users[user_id])


def may_open(space: Workspace, user_id: str, file_id: str) -> bool:
    """Say whether a person may open a file: their own, or one of a conversation that they see."""
    found = space.files[file_id]
    there = (space.channels[name] for name in found.channels if name in space.channels)
    return found.user == user_id or any(may_look(space, user_id, channel) for channel in there)


def channels_for(space: Workspace, user_id: str) -> list[Channel]:
    """Return the conversations in a person's list, without the app's own."""
    seen = [one for one in space.channels.values() if one.kind != "im" and may_look(space, user_id, one)]
    return sorted(seen, key=lambda channel: channel.kind == "mpim")


def first_channel(channels: list[Channel], user_id: str, otherwise: Channel) -> Channel:
    """Return where the page opens: the first of a person's conversations that has threads."""
    mine = [one for one in channels if user_id in one.members]
    threaded = (one for one in (*mine, *channels) if _threads(one))
    return next(threaded, [*mine, *channels, otherwise][0])


def _threads(channel: Channel) -> int:
    return sum(len(stamps) > 1 for stamps in channel.threads.values())


def listed(space: Workspace, channel: Channel, user_id: str) -> dict[str, Any]:
    """Return a conversation's line in the list."""
    name = channel.name
    if channel.kind == "mpim":
        others = [one for one in channel.members if one not in (user_id, space.bot_user_id)]
        name = ", ".join(space.users[one].real_name for one in others if one in space.users) or name
    return {
        "id": channel.id,
        "name": name,
        "kind": channel.kind,
        "threads": _threads(channel),
        "member": user_id in channel.members,
        "bot": space.bot_user_id in channel.members,
        "archived": channel.is_archived,
    }


def messages_in(
    state: State, channel: Channel, user_id: str, *, thread_ts: str = ""
) -> tuple[list[Message], int]:
    """Return the newest messages of a place, those for that person alone among them, and how many are left out.

    A thread keeps its parent. Of the app's own conversation everything is shown, replies too: what it writes
    in a thread there would otherwise be hidden.
    """
    space = state.workspace
    if thread_ts:
        found = space.thread(channel.id, thread_ts)
    elif channel.kind == "im":
        found = list(channel.messages.values())
    else:
        found = space.top_level(channel.id)
    parent = found[:1] if thread_ts else []
    kept = parent + found[len(parent) :][-MESSAGES_SHOWN:]
    # It is told to somebody by the app: `user` says to whom.
    hidden = [
        {**one, "hidden": True, "user": space.bot_user_id, "bot_id": space.bot_id}
        for one in space.ephemerals
        if one.get("user") == user_id
        and one["channel"] == channel.id
        and (one.get("thread_ts") or "") == thread_ts
    ]
    return sorted([*kept, *hidden], key=lambda message: float(message["ts"])), len(found) - len(kept)


def threads_in(channel: Channel) -> list[dict[str, Any]]:
    """Return a conversation's threads, the one that was written in last first."""
    threads = [
        {
            "ts": ts,
            "user": channel.messages[ts].get("user", ""),
            "text": _cut(str(channel.messages[ts].get("text", ""))),
            "replies": len(stamps) - 1,
            "latest": stamps[-1],
        }
        for ts, stamps in channel.threads.items()
        if len(stamps) > 1 and ts in channel.messages
    ]
    return sorted(threads, key=lambda one: float(one["latest"]), reverse=True)[:THREADS_SHOWN]


def _cut(text: str) -> str:
    return text if len(text) <= SNIPPET_CHARS else f"{text[:SNIPPET_CHARS].rstrip()} …"


def titles_in(state: State, channel: Channel) -> dict[str, str]:
    """Return the titles that the agent's sessions in a conversation have, by thread."""
    named = {place: session["title"] for place, session in state.sessions.items()} | state.titles
    return {ts: title for (channel_id, ts), title in named.items() if channel_id == channel.id and title}


def statuses_in(state: State, channel: Channel) -> list[dict[str, str]]:
    """Return the status lines that stand in a conversation now, by thread."""
    now_s = state.clock()
    return [
        {"thread_ts": thread_ts, "text": said}
        for (channel_id, thread_ts), (said, until_s) in state.statuses.items()
        if channel_id == channel.id and now_s < until_s
    ]


def newest_told(space: Workspace, user_id: str) -> dict[str, Any] | None:
    """Return the newest message that only that person sees, wherever it stands."""
    mine = [one for one in space.ephemerals if one.get("user") == user_id]
    return mine[-1] if mine else None


def newest_from_bot(space: Workspace, tab: Channel) -> str:
    """Return the `ts` of the newest message of the app in a messages tab."""
    mine = (ts for ts, message in tab.messages.items() if message.get("user") == space.bot_user_id)
    return max(mine, key=float, default="")
