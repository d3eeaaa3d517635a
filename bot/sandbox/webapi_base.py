"""What every method of the local Web API stands on: its errors, its lookups, its pages."""

from __future__ import annotations

import base64
import binascii
import bisect
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.workspace import Channel, Kind, Message, Workspace

Answer = dict[str, Any]

TRIGGER_LIVES_S = 3.0
LARGEST_PAGE = 1_000
SCOPE_OF_KIND: dict[Kind, str] = {"public": "channels", "private": "groups", "im": "im", "mpim": "mpim"}


class ApiError(Exception):
    """A call that Slack would refuse with `ok: false`."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.answer = {"ok": False, "error": code, **more}


def refuse_arguments(*faults: str) -> ApiError:
    """Return the error of arguments that are not as documented."""
    lines = [line if line.startswith("[ERROR]") else f"[ERROR] {line}" for line in faults]
    return ApiError("invalid_arguments", response_metadata={"messages": lines})


@dataclass(frozen=True)
class Trigger:
    """What lets the bot open a form for somebody, once and soon."""

    user_id: str
    at_s: float


@dataclass
class Stream:
    """A message that is being written: as text, or as chunks."""

    started_s: float
    mode: str = ""
    text: str = ""
    plan_title: str = ""
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    blocks: list[dict[str, Any]] = field(default_factory=list)
    last_blocks: list[dict[str, Any]] = field(default_factory=list)
    stopped_by_user: bool = False


# A thread: its conversation's id and its parent's timestamp.
Thread = tuple[str, str]


@dataclass
class State:
    """The workspace, and what a call needs besides: the clock, the triggers, this host's address."""

    workspace: Workspace
    clock: Callable[[], float] = time.monotonic
    url: str = ""
    triggers: dict[str, Trigger] = field(default_factory=dict)
    used_triggers: set[str] = field(default_factory=set)
    streams: dict[Thread, Stream] = field(default_factory=dict)
    # What a thread's status line says, and until when.
    statuses: dict[Thread, tuple[str, float]] = field(default_factory=dict)
    titles: dict[Thread, str] = field(default_factory=dict)
    sessions: dict[Thread, dict[str, str]] = field(default_factory=dict)
    prompts: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    prompt_titles: dict[str, str] = field(default_factory=dict)
    scheduled: dict[str, Answer] = field(default_factory=dict)
    # How many messages a page has at most; 15 for apps that are sold outside Slack's marketplace.
    messages_a_page: int = LARGEST_PAGE

    def new_trigger(self, user_id: str) -> str:
        """Return a trigger id for what *user_id* just did."""
        trigger_id = self.workspace.new_id("13.37.")
        self.triggers[trigger_id] = Trigger(user_id, self.clock())
        return trigger_id

    def redeem(self, trigger_id: str) -> str:
        """Return whose trigger it is, and use it up.

        Raises:
            ApiError: it is unknown, was used before, or is older than 3 seconds.
        """
        if trigger_id in self.used_triggers:
            raise ApiError("exchanged_trigger_id")
        trigger = self.triggers.pop(trigger_id, None)
        if trigger is None:
            raise ApiError("invalid_trigger_id")
        self.used_triggers.add(trigger_id)
        if self.clock() - trigger.at_s > TRIGGER_LIVES_S:
            raise ApiError("expired_trigger_id")
        return trigger.user_id

    def channel(self, arguments: Answer, *, member: bool = False, name: str = "channel") -> Channel:
        """Return the conversation that a call names, as the bot may see it; *member*: must be in it."""
        channel = self.workspace.channels.get(str(arguments.get(name)))
        inside = channel is not None and self.workspace.bot_user_id in channel.members
        if channel is None or (channel.kind != "public" and not inside):
            raise ApiError("channel_not_found")
        if member and not inside:
            raise ApiError("not_in_channel")
        return channel

    def own_message(self, arguments: Answer, refusal: str) -> tuple[Channel, Message]:
        """Return the bot's message that a call names."""
        channel = self.channel(arguments, member=True)
        message = channel.messages.get(str(arguments.get("ts")))
        if message is None:
            raise ApiError("message_not_found")
        if message.get("bot_id") != self.workspace.bot_id:
            raise ApiError(refusal)
        return channel, message


Work = Callable[[State, Answer], Answer]


@dataclass(frozen=True)
class Method:
    """One method: what it does, the scope it needs, how often a minute it may be called.

    A scope `*:history` stands for that of the conversation's kind; of several scopes one is enough.
    """

    work: Work
    scopes: tuple[str, ...] = ()
    a_minute: int = 50
    # Documented arguments that the SDK passes on without naming them.
    also: frozenset[str] = frozenset()


def cut_page(items: list[Any], arguments: Answer, *, default: int = 100) -> tuple[list[Any], Answer]:
    """Return one page of a list, and the `response_metadata` that leads to the next."""
    limit = page_limit(arguments, default)
    start = int(_read_cursor(arguments, "offset") or 0)
    following = f"offset:{start + limit}" if start + limit < len(items) else ""
    return items[start : start + limit], {"next_cursor": _cursor(following)}


def cut_messages(
    channel: Channel,
    stamps: list[str],
    arguments: Answer,
    *,
    default: int,
    most: int = LARGEST_PAGE,
    newest_first: bool = False,
) -> Answer:
    """Return one page of messages by their timestamps, in as many steps as the page has messages."""
    limit = min(most, page_limit(arguments, default))
    inclusive = is_true(arguments.get("inclusive"))
    low, high = 0, len(stamps)
    if arguments.get("oldest"):
        low = _place(stamps, str(arguments["oldest"]), after=not inclusive)
    if arguments.get("latest"):
        high = _place(stamps, str(arguments["latest"]), after=inclusive)
    at = _read_cursor(arguments, "next_ts")
    if at and newest_first:
        high = min(high, _place(stamps, at, after=True))
    elif at:
        low = max(low, _place(stamps, at, after=False))
    taken = (
        stamps[max(low, high - limit) : high][::-1] if newest_first else stamps[low : min(low + limit, high)]
    )
    more = high - low > limit
    following = (stamps[high - limit - 1] if newest_first else stamps[low + limit]) if more else ""
    hidden = () if is_true(arguments.get("include_all_metadata")) else ("metadata",)
    return {
        "messages": [
            _without(channel.messages[stamp], hidden) for stamp in taken if stamp in channel.messages
        ],
        "has_more": more,
        "response_metadata": {"next_cursor": _cursor(f"next_ts:{following}" if following else "")},
    }


def page_limit(arguments: Answer, default: int) -> int:
    """Return how many items a page may have."""
    try:
        limit = int(arguments.get("limit") or default)
    except ValueError:
        raise ApiError("invalid_limit") from None
    if limit < 0:
        raise ApiError("invalid_limit")
    return min(LARGEST_PAGE, limit)


def is_true(value: Any) -> bool:
    """Say whether an argument is true, as the SDK may have written it."""
    return str(value).lower() in ("1", "true")


def _place(stamps: list[str], ts: str, *, after: bool) -> int:
    try:
        find = bisect.bisect_right if after else bisect.bisect_left
        return find(stamps, float(ts), key=float)
    except ValueError:
        raise refuse_arguments(f"no timestamp: {ts}") from None


def _without(message: Message, hidden: tuple[str, ...]) -> Message:
    return {key: value for key, value in message.items() if key not in hidden}


def _cursor(following: str) -> str:
    return base64.b64encode(following.encode()).decode()


def _read_cursor(arguments: Answer, kind: str) -> str:
    given = str(arguments.get("cursor") or "")
    if not given:
        return ""
    try:
        found, _, value = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise ApiError("invalid_cursor") from None
    if found != kind or not value.replace(".", "", 1).isdigit():
        raise ApiError("invalid_cursor")
    return value
