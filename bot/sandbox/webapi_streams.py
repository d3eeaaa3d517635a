"""The Web API's methods for what is still being written: streams, statuses, prompts, agent sessions."""

from __future__ import annotations

from typing import Any

from bot.sandbox.limits import MARKDOWN_CHARS, check_blocks
from bot.sandbox.webapi_base import Answer, ApiError, Method, State, Stream, refuse_arguments
from bot.sandbox.webapi_talk import post
from bot.sandbox.workspace import Channel, Message

# Not documented; measured in issue 1859 of slackapi/python-slack-sdk and others.
STREAM_LIVES_S = 300.0
STATUS_LIVES_S = 120.0
MOST_BLOCKS = 50
CHUNK_CHARS = 256
PROMPTS = 4
LOADING_MESSAGES = 10
TITLE_CHARS = 200
SESSION_STATUSES = ("active", "processing", "suspended", "closed")
TASK_STATUSES = ("pending", "in_progress", "complete", "error")


def _thread(state: State, arguments: Answer, *, channel: str = "channel") -> tuple[Channel, str]:
    found = state.channel(arguments, member=True, name=channel)
    thread_ts = str(arguments.get("thread_ts") or "")
    if thread_ts not in found.messages:
        raise ApiError("thread_not_found")
    return found, thread_ts


def _start(state: State, arguments: Answer) -> Answer:
    channel, thread_ts = _thread(state, arguments)
    if channel.kind != "im":
        for name in ("recipient_user_id", "recipient_team_id"):
            if not arguments.get(name):
                raise ApiError(f"missing_{name}")
    if channel.is_archived:
        raise ApiError("is_archived")
    stream = Stream(state.clock())
    _check_mode(stream, arguments)
    message = post(state, channel.id, thread_ts=thread_ts, streaming_state="in_progress")
    state.streams[channel.id, message["ts"]] = stream
    _write(state, stream, message, arguments)
    return {"channel": channel.id, "ts": message["ts"]}


def _running(state: State, arguments: Answer) -> tuple[Stream, Message]:
    """Return a stream that takes more.

    Raises:
        ApiError: it was stopped, has ended, or has lived its five minutes.
    """
    channel, message = state.own_message(arguments, "message_not_owned_by_app")
    stream = state.streams.get((channel.id, message["ts"]))
    if stream is not None and stream.stopped_by_user:
        raise ApiError("stopped_by_user")
    if stream is not None and state.clock() - stream.started_s > STREAM_LIVES_S:
        message["streaming_state"] = "errored"
        del state.streams[channel.id, message["ts"]]
        stream = None
    if stream is None:
        raise ApiError("message_not_in_streaming_state")
    return stream, message


def _append(state: State, arguments: Answer) -> Answer:
    stream, message = _running(state, arguments)
    if not arguments.get("markdown_text") and not arguments.get("chunks"):
        raise ApiError("no_text")
    _check_mode(stream, arguments)
    _write(state, stream, message, arguments)
    return {"channel": arguments["channel"], "ts": message["ts"]}


def _stop(state: State, arguments: Answer) -> Answer:
    stream, message = _running(state, arguments)
    _check_mode(stream, arguments)
    blocks = arguments.get("blocks") or []
    if len(blocks) > MOST_BLOCKS or check_blocks(blocks, "message"):
        raise ApiError("invalid_blocks", response_metadata={"messages": check_blocks(blocks, "message")})
    stream.last_blocks = blocks
    _write(state, stream, message, arguments)
    if arguments.get("metadata"):
        message["metadata"] = arguments["metadata"]
    message["streaming_state"] = "completed"
    del state.streams[arguments["channel"], message["ts"]]
    if arguments.get("session_status"):
        place = {"channel_id": arguments["channel"], "thread_ts": message["thread_ts"]}
        _session(state, {**place, "status": arguments["session_status"]})
    return {"channel": arguments["channel"], "ts": message["ts"], "message": message}


def _check_mode(stream: Stream, arguments: Answer) -> None:
    """Keep a stream to what it was opened with: text, or chunks."""
    markdown, chunks = arguments.get("markdown_text"), arguments.get("chunks")
    if markdown and chunks:
        raise ApiError("cannot_provide_both_markdown_text_and_chunks")
    mode = "text" if markdown else "chunks" if chunks else ""
    if mode and stream.mode and mode != stream.mode:
        raise ApiError("streaming_mode_mismatch")
    if len(markdown or "") > MARKDOWN_CHARS:
        raise ApiError("msg_too_long")
    for index, chunk in enumerate(chunks or []):
        if not _is_chunk(chunk):
            fault = f"[ERROR] invalid chunk [json-pointer:/chunks/{index}]"
            raise ApiError("invalid_chunks", response_metadata={"messages": [fault]})
    stream.mode = stream.mode or mode


def _is_chunk(chunk: Any) -> bool:
    if not isinstance(chunk, dict):
        return False
    if chunk.get("type") == "markdown_text":
        return isinstance(chunk.get("text"), str) and len(chunk["text"]) <= MARKDOWN_CHARS
    if chunk.get("type") == "blocks":
        return not check_blocks(chunk.get("blocks"), "message")
    short = all(len(str(value)) <= CHUNK_CHARS for key, value in chunk.items() if key != "sources")
    if chunk.get("type") == "task_update":
        return short and bool(chunk.get("id")) and chunk.get("status", "pending") in TASK_STATUSES
    return chunk.get("type") == "plan_update" and short and bool(chunk.get("title"))


def _write(state: State, stream: Stream, message: Message, arguments: Answer) -> None:
    """Add to a stream and show what it says by now."""
    stream.text += arguments.get("markdown_text") or ""
    for chunk in arguments.get("chunks") or []:
        if chunk["type"] == "markdown_text":
            stream.text += chunk["text"]
        elif chunk["type"] == "blocks":
            stream.blocks += chunk["blocks"]
        elif chunk["type"] == "task_update":
            told = {key: value for key, value in chunk.items() if key not in ("id", "type")}
            known = stream.tasks.get(chunk["id"], {"type": "task_card", "task_id": chunk["id"]})
            stream.tasks[chunk["id"]] = known | told
        else:
            stream.plan_title = chunk["title"]
    if len(stream.blocks) > MOST_BLOCKS:
        raise ApiError("invalid_blocks")
    tasks = list(stream.tasks.values())
    shown = [{"type": "plan", "title": stream.plan_title, "tasks": tasks}] if stream.plan_title else tasks
    text = [{"type": "markdown", "text": stream.text}] if stream.text else []
    message["text"] = stream.text
    message["blocks"] = [
        {"block_id": state.workspace.new_id("b"), **block}
        for block in [*shown, *text, *stream.blocks, *stream.last_blocks]
    ]


def _status(state: State, arguments: Answer) -> Answer:
    channel, thread_ts = _thread(state, arguments, channel="channel_id")
    messages = arguments.get("loading_messages") or []
    if not isinstance(messages, list) or len(messages) > LOADING_MESSAGES:
        raise refuse_arguments(
            f"no more than {LOADING_MESSAGES} items allowed [json-pointer:/loading_messages]"
        )
    if arguments.get("status"):
        until_s = state.clock() + STATUS_LIVES_S
        state.statuses[channel.id, thread_ts] = (str(arguments["status"]), until_s)
    else:
        state.statuses.pop((channel.id, thread_ts), None)
    return {}


def _title(state: State, arguments: Answer) -> Answer:
    channel, thread_ts = _thread(state, arguments, channel="channel_id")
    state.titles[channel.id, thread_ts] = _checked_title(arguments)
    return {}


def _checked_title(arguments: Answer) -> str:
    title = str(arguments.get("title") or "")
    if not 0 < len(title) <= TITLE_CHARS:
        raise refuse_arguments(f"must have 1 to {TITLE_CHARS} characters [json-pointer:/title]")
    return title


def _prompts(state: State, arguments: Answer) -> Answer:
    channel = state.channel(arguments, member=True, name="channel_id")
    prompts = arguments.get("prompts")
    if not isinstance(prompts, list) or not 0 < len(prompts) <= PROMPTS:
        raise refuse_arguments(f"must have 1 to {PROMPTS} items [json-pointer:/prompts]")
    if any(not isinstance(one, dict) or not one.get("title") or not one.get("message") for one in prompts):
        raise refuse_arguments("missing required field: title or message [json-pointer:/prompts]")
    state.prompts[channel.id] = prompts
    state.prompt_titles[channel.id] = str(arguments.get("title") or "")
    return {}


def _session(state: State, arguments: Answer) -> Answer:
    channel, thread_ts = _thread(state, arguments, channel="channel_id")
    if arguments.get("status") not in SESSION_STATUSES:
        raise refuse_arguments("must be a valid status [json-pointer:/status]")
    session = state.sessions.setdefault((channel.id, thread_ts), {"title": ""})
    if arguments.get("title") and not session.get("status"):
        session["title"] = _checked_title(arguments)
    session["status"] = arguments["status"]
    return {"status": session["status"], "agent_status": session["status"], "title": session["title"]}


def _rename(state: State, arguments: Answer) -> Answer:
    channel, thread_ts = _thread(state, arguments, channel="channel_id")
    session = state.sessions.get((channel.id, thread_ts))
    if session is None:
        raise ApiError("session_not_found")
    session["title"] = _checked_title(arguments)
    return {"title": session["title"]}


_WRITE = ("chat:write",)
_ASSIST = ("assistant:write", "chat:write")

METHODS: dict[str, Method] = {
    "chat.startStream": Method(_start, _WRITE, a_minute=20),
    "chat.appendStream": Method(_append, _WRITE, a_minute=100),
    "chat.stopStream": Method(_stop, _WRITE, a_minute=20),
    "assistant.threads.setStatus": Method(_status, _ASSIST, a_minute=600),
    "assistant.threads.setTitle": Method(_title, ("assistant:write",)),
    "assistant.threads.setSuggestedPrompts": Method(_prompts, ("assistant:write",)),
    "agents.sessions.setStatus": Method(_session, _WRITE),
    "agents.sessions.rename": Method(_rename, _WRITE),
}
