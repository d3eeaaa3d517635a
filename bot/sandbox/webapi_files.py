"""The Web API's methods for files: an upload's address, its completion, and what is known of a file."""

from __future__ import annotations

from typing import Any

from bot.sandbox.webapi_base import Answer, ApiError, Method, State, refuse_arguments
from bot.sandbox.webapi_talk import post

LARGEST_FILE_BYTES = 1_000_000_000
LARGEST_SNIPPET_BYTES = 1_000_000
ALT_CHARS = 1_000
KEY_OF_KIND = {"public": "channels", "private": "groups", "mpim": "groups", "im": "ims"}


def _address(state: State, arguments: Answer) -> Answer:
    name, length = str(arguments.get("filename") or ""), str(arguments.get("length") or "")
    if not name or not length.isdigit() or int(length) == 0:
        raise refuse_arguments("missing required field: filename or length")
    if int(length) > (LARGEST_SNIPPET_BYTES if arguments.get("snippet_type") else LARGEST_FILE_BYTES):
        raise ApiError("file_too_large")
    if len(arguments.get("alt_txt") or "") > ALT_CHARS:
        raise ApiError("alt_txt_too_large")
    made = state.workspace.add_file(name, state.workspace.bot_user_id, size=int(length))
    return {"file_id": made.id, "upload_url": f"{state.url}/upload/{made.id}"}


def _complete(state: State, arguments: Answer) -> Answer:
    space = state.workspace
    listed = arguments.get("files")
    if not isinstance(listed, list) or not listed or not all(isinstance(one, dict) for one in listed):
        raise refuse_arguments("missing required field: files")
    told: list[dict[str, Any]] = []
    channels = [arguments.get("channel_id"), *str(arguments.get("channels") or "").split(",")]
    wanted = [state.channel({"channel": name}, member=True) for name in channels if name]
    for one in listed:
        made = space.files.get(str(one.get("id")))
        if made is None or made.content is None:
            raise ApiError("file_not_found")
        made.title = str(one.get("title") or "")
        made.channels += [channel.id for channel in wanted]
        told.append(made.as_slack(state.url))
    for channel in wanted:
        thread_ts = str(arguments.get("thread_ts") or "")
        text = str(arguments.get("initial_comment") or "")
        post(state, channel.id, thread_ts=thread_ts, text=text, files=told, subtype="file_share")
    return {"files": told}


def _info(state: State, arguments: Answer) -> Answer:
    found = state.workspace.files.get(str(arguments.get("file")))
    if found is None or not may_see(state, found.id):
        raise ApiError("file_not_found")
    told = found.as_slack(state.url)
    listed: Answer = {key: [] for key in KEY_OF_KIND.values()}
    for channel_id in found.channels:
        if channel_id in state.workspace.channels:
            listed[KEY_OF_KIND[state.workspace.channels[channel_id].kind]].append(channel_id)
    link = f"{state.workspace.url}files/{found.user}/{found.id}/{found.name}"
    return {"file": {**told, **listed, "permalink": link}}


def may_see(state: State, file_id: str) -> bool:
    """Say whether the bot may read a file: its own, or one of a conversation that it is in."""
    space = state.workspace
    found = space.files[file_id]
    inside = (space.channels[name].members for name in found.channels if name in space.channels)
    return found.user == space.bot_user_id or any(space.bot_user_id in members for members in inside)


METHODS: dict[str, Method] = {
    "files.getUploadURLExternal": Method(_address, ("files:write",), a_minute=100),
    "files.completeUploadExternal": Method(_complete, ("files:write",), a_minute=100),
    "files.info": Method(_info, ("files:read",), a_minute=100),
}
