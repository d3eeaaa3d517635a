"""The Web API's methods that write messages: posts, updates, ephemeral ones, reactions."""

from __future__ import annotations

import copy
import re
import time
from typing import Any

from bot.sandbox.limits import check_message, message_error
from bot.sandbox.webapi_base import Answer, ApiError, Method, State, is_true
from bot.sandbox.workspace import Message

KEPT = ("blocks", "attachments", "metadata")
FARTHEST_SCHEDULE_S = 120 * 24 * 3600


def refuse_message(arguments: Answer, *, update: bool = False) -> None:
    """Check what a message says.

    Raises:
        ApiError: Slack would not take it.
    """
    code = message_error(arguments, update=update)
    if code:
        faults = check_message(arguments)
        raise ApiError(
            code, **({"errors": faults, "response_metadata": {"messages": faults}} if faults else {})
        )
    metadata = arguments.get("metadata")
    if metadata and not (
        isinstance(metadata, dict) and metadata.get("event_type") and "event_payload" in metadata
    ):
        raise ApiError("invalid_metadata_format")


def said(state: State, arguments: Answer) -> dict[str, Any]:
    """Return the text, blocks and metadata that a message is made of; every block gets an id."""
    blocks = copy.deepcopy(arguments.get("blocks") or [])
    markdown = arguments.get("markdown_text")
    if markdown:
        blocks = [{"type": "markdown", "text": markdown}]
    for block in blocks:
        block.setdefault("block_id", state.workspace.new_id("b"))
    made: dict[str, Any] = {"text": str(arguments.get("text") or markdown or "")}
    made |= {key: arguments[key] for key in ("attachments", "metadata") if arguments.get(key)}
    return made | ({"blocks": blocks} if blocks else {})


def post(state: State, channel_id: str, *, thread_ts: str = "", **message: Any) -> Message:
    """Post as the bot; a status in that thread is over with it."""
    space = state.workspace
    text = message.pop("text", "")
    state.statuses.pop((channel_id, thread_ts), None)
    return space.add_message(
        channel_id,
        space.bot_user_id,
        text,
        thread_ts=thread_ts,
        bot_id=space.bot_id,
        app_id=space.app_id,
        team=space.team_id,
        **message,
    )


def _writable(state: State, arguments: Answer) -> str:
    """Return the id of the conversation that is written to; a person's id means their messages tab."""
    space = state.workspace
    named = str(arguments.get("channel") or "").removeprefix("#")
    if named in space.users:
        named = space.im_with(named).id
    elif named not in space.channels:
        named = next((channel.id for channel in space.channels.values() if channel.name == named), named)
    channel = state.channel({"channel": named}, member=True)
    if channel.is_archived:
        raise ApiError("is_archived")
    thread_ts = str(arguments.get("thread_ts") or "")
    if thread_ts and thread_ts not in channel.messages and thread_ts not in channel.threads:
        raise ApiError("thread_not_found")
    return channel.id


def _post(state: State, arguments: Answer) -> Answer:
    channel_id = _writable(state, arguments)
    refuse_message(arguments)
    more: dict[str, Any] = {key: arguments[key] for key in ("username", "icon_emoji") if arguments.get(key)}
    if is_true(arguments.get("reply_broadcast")):
        more["subtype"] = "thread_broadcast"
    thread_ts = str(arguments.get("thread_ts") or "")
    message = post(state, channel_id, thread_ts=thread_ts, **said(state, arguments), **more)
    return {"channel": channel_id, "ts": message["ts"], "message": message}


def _update(state: State, arguments: Answer) -> Answer:
    channel, message = state.own_message(arguments, "cant_update_message")
    if message.get("streaming_state") == "in_progress":
        raise ApiError("streaming_state_conflict")
    if channel.is_archived:
        raise ApiError("is_inactive")
    refuse_message(arguments, update=True)
    # What is not given is gone, but for the metadata.
    for key in ("blocks", "attachments"):
        message.pop(key, None)
    message |= {"blocks": [], **said(state, arguments)}
    message["edited"] = {"user": state.workspace.bot_user_id, "ts": state.workspace.next_ts()}
    return {"channel": channel.id, "ts": message["ts"], "text": message["text"], "message": message}


def _delete(state: State, arguments: Answer) -> Answer:
    channel, message = state.own_message(arguments, "cant_delete_message")
    state.workspace.delete_message(channel.id, message["ts"])
    return {"channel": channel.id, "ts": message["ts"]}


def _ephemeral(state: State, arguments: Answer) -> Answer:
    channel_id = _writable(state, arguments)
    if arguments.get("user") not in state.workspace.channels[channel_id].members:
        raise ApiError("user_not_in_channel")
    refuse_message(arguments)
    ts = state.workspace.next_ts()
    told = {"channel": channel_id, "user": arguments["user"], "ts": ts, **said(state, arguments)}
    state.workspace.ephemerals.append(told | {"thread_ts": arguments.get("thread_ts") or ""})
    return {"message_ts": ts}


def _permalink(state: State, arguments: Answer) -> Answer:
    channel = state.channel(arguments)
    ts = str(arguments.get("message_ts"))
    if ts not in channel.messages:
        raise ApiError("message_not_found")
    root = channel.messages[ts].get("thread_ts", ts)
    within = f"?thread_ts={root}&cid={channel.id}" if root != ts else ""
    address = f"{state.workspace.url}archives/{channel.id}/p{ts.replace('.', '')}{within}"
    return {"channel": channel.id, "permalink": address}


def _schedule(state: State, arguments: Answer) -> Answer:
    channel_id = _writable(state, arguments)
    refuse_message(arguments)
    try:
        wait_s = float(arguments.get("post_at") or 0) - time.time()
    except ValueError:
        raise ApiError("invalid_time") from None
    if wait_s < 0:
        raise ApiError("time_in_past")
    if wait_s > FARTHEST_SCHEDULE_S:
        raise ApiError("time_too_far")
    scheduled_id = state.workspace.new_id("Q")
    state.scheduled[scheduled_id] = {**arguments, "channel": channel_id}
    return {"channel": channel_id, "scheduled_message_id": scheduled_id, "post_at": arguments["post_at"]}


def _reacted(state: State, arguments: Answer) -> tuple[Message, str]:
    channel = state.channel(arguments, member=True)
    message = channel.messages.get(str(arguments.get("timestamp")))
    name = str(arguments.get("name") or "")
    if message is None:
        raise ApiError("message_not_found")
    if not re.fullmatch(r"[a-z0-9_+:'-]+", name):
        raise ApiError("invalid_name")
    return message, name


def _react(state: State, arguments: Answer) -> Answer:
    message, name = _reacted(state, arguments)
    bot = state.workspace.bot_user_id
    reactions = message.setdefault("reactions", [])
    found = next((one for one in reactions if one["name"] == name), None)
    if found is None:
        reactions.append({"name": name, "users": [bot], "count": 1})
    elif bot in found["users"]:
        raise ApiError("already_reacted")
    else:
        found["users"].append(bot)
        found["count"] += 1
    return {}


def _unreact(state: State, arguments: Answer) -> Answer:
    message, name = _reacted(state, arguments)
    bot = state.workspace.bot_user_id
    for found in message.get("reactions") or []:
        if found["name"] == name and bot in found["users"]:
            found["users"].remove(bot)
            found["count"] -= 1
            message["reactions"] = [one for one in message["reactions"] if one["count"]]
            return {}
    raise ApiError("no_reaction")


_UNFURL = frozenset({"unfurl_links", "unfurl_media"})

METHODS: dict[str, Method] = {
    "chat.postMessage": Method(_post, ("chat:write",), a_minute=300),
    "chat.update": Method(_update, ("chat:write",), also=_UNFURL),
    "chat.delete": Method(_delete, ("chat:write",)),
    "chat.postEphemeral": Method(_ephemeral, ("chat:write",), a_minute=100),
    "chat.getPermalink": Method(_permalink, a_minute=600),
    "chat.scheduleMessage": Method(_schedule, ("chat:write",)),
    "reactions.add": Method(_react, ("reactions:write",)),
    "reactions.remove": Method(_unreact, ("reactions:write",), a_minute=20),
}
