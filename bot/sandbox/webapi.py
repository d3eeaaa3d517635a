"""Slack's Web API, method by method, on a local workspace; strict where Slack's documents are."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from bot.sandbox.limits import check_view, message_error
from bot.sandbox.workspace import Channel, Message, Workspace

Answer = dict[str, Any]

COMMON = {"token", "team_id"}


class ApiError(Exception):
    """A call that Slack would refuse with `ok: false`."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.answer = {"ok": False, "error": code, **more}


class WebApi:
    """The methods; each takes its decoded arguments and returns Slack's answer."""

    def __init__(
        self, workspace: Workspace, *, open_view: Callable[[str, dict[str, Any]], dict[str, Any]]
    ) -> None:
        self.workspace = workspace
        self.homes: dict[str, dict[str, Any]] = {}
        self.ephemerals: list[dict[str, Any]] = []
        self._open_view = open_view
        self._methods: dict[str, tuple[Callable[[Answer], Answer], set[str]]] = {
            "api.test": (lambda _: {}, set()),
            "auth.test": (self._auth, set()),
            "team.info": (self._team, {"team"}),
            "users.info": (self._user, {"user", "include_locale"}),
            "users.list": (self._users, {"cursor", "limit", "include_locale"}),
            "conversations.info": (self._info, {"channel", "include_locale", "include_num_members"}),
            "conversations.members": (self._members, {"channel", "cursor", "limit"}),
            "conversations.replies": (self._replies, {"channel", "ts", "cursor", "limit", "inclusive", "latest",
                                                      "oldest", "include_all_metadata"}),
            "conversations.history": (self._history, {"channel", "cursor", "limit", "inclusive", "latest",
                                                      "oldest", "include_all_metadata"}),
            "conversations.open": (self._open, {"users", "channel", "return_im", "prevent_creation"}),
            "conversations.list": (self._list, {"cursor", "limit", "types", "exclude_archived"}),
            "chat.postMessage": (self._post, {"channel", "text", "blocks", "attachments", "thread_ts", "metadata",
                                              "unfurl_links", "unfurl_media", "markdown_text", "mrkdwn", "parse",
                                              "link_names", "reply_broadcast", "username", "icon_emoji"}),
            "chat.update": (self._update, {"channel", "ts", "text", "blocks", "attachments", "metadata",
                                           "unfurl_links", "unfurl_media", "markdown_text", "parse",
                                           "link_names", "as_user", "reply_broadcast"}),
            "chat.delete": (self._delete, {"channel", "ts", "as_user"}),
            "chat.postEphemeral": (self._ephemeral, {"channel", "user", "text", "blocks", "thread_ts",
                                                     "attachments", "markdown_text", "parse", "link_names"}),
            "chat.getPermalink": (self._permalink, {"channel", "message_ts"}),
            "views.open": (self._view, {"trigger_id", "interactivity_pointer", "view"}),
            "views.publish": (self._home, {"user_id", "view", "hash"}),
        }  # fmt: skip

    def call(self, method: str, arguments: dict[str, Any]) -> Answer:
        """Carry out one call.

        Raises:
            ApiError: Slack would refuse it.
        """
        if method not in self._methods:
            raise ApiError("unknown_method", req_method=method)
        carry_out, known = self._methods[method]
        unknown = sorted(set(arguments) - known - COMMON)
        if unknown:
            raise ApiError("invalid_arguments", response_metadata={"messages": [f"unknown: {unknown}"]})
        return {"ok": True, **carry_out(arguments)}

    def _auth(self, _: Answer) -> Answer:
        space = self.workspace
        return {
            "url": space.url,
            "team": space.name,
            "team_id": space.team_id,
            "user": "tijdwinst",
            "user_id": space.bot_user_id,
            "bot_id": space.bot_id,
        }

    def _team(self, _: Answer) -> Answer:
        return {"team": {"id": self.workspace.team_id, "name": self.workspace.name}}

    def _user(self, arguments: Answer) -> Answer:
        user = self.workspace.users.get(str(arguments.get("user")))
        if user is None:
            raise ApiError("user_not_found")
        return {"user": user.as_slack()}

    def _users(self, arguments: Answer) -> Answer:
        users = [user.as_slack() for user in self.workspace.users.values()]
        page, cursor = _page(users, arguments, default=100)
        return {"members": page, "response_metadata": {"next_cursor": cursor}}

    def _channel(self, arguments: Answer, *, member: bool = False) -> Channel:
        channel = self.workspace.channels.get(str(arguments.get("channel")))
        inside = channel is not None and self.workspace.bot_user_id in channel.members
        if channel is None or (channel.kind != "public" and not inside):
            raise ApiError("channel_not_found")
        if member and not inside:
            raise ApiError("not_in_channel")
        return channel

    def _info(self, arguments: Answer) -> Answer:
        return {"channel": self._channel(arguments).as_slack(self.workspace.bot_user_id)}

    def _members(self, arguments: Answer) -> Answer:
        page, cursor = _page(self._channel(arguments).members, arguments, default=100)
        return {"members": page, "response_metadata": {"next_cursor": cursor}}

    def _list(self, arguments: Answer) -> Answer:
        kinds = {"public_channel": "public", "private_channel": "private", "im": "im", "mpim": "mpim"}
        wanted = {
            kinds.get(kind.strip()) for kind in str(arguments.get("types", "public_channel")).split(",")
        }
        bot = self.workspace.bot_user_id
        seen = [channel.as_slack(bot) for channel in self.workspace.channels.values() if channel.kind in wanted
                and (channel.kind == "public" or bot in channel.members)]  # fmt: skip
        page, cursor = _page(seen, arguments, default=100)
        return {"channels": page, "response_metadata": {"next_cursor": cursor}}

    def _replies(self, arguments: Answer) -> Answer:
        channel = self._channel(arguments, member=True)
        messages = self.workspace.thread(channel.id, str(arguments.get("ts")))
        if not messages:
            raise ApiError("thread_not_found")
        page, cursor = _page(messages, arguments, default=1000)
        return _messages(page, cursor, arguments)

    def _history(self, arguments: Answer) -> Answer:
        channel = self._channel(arguments, member=True)
        messages = list(reversed(self.workspace.top_level(channel.id)))
        page, cursor = _page(messages, arguments, default=100)
        return _messages(page, cursor, arguments)

    def _open(self, arguments: Answer) -> Answer:
        user_id = str(arguments.get("users") or "")
        if user_id not in self.workspace.users:
            raise ApiError("user_not_found")
        return {"channel": {"id": self.workspace.im_with(user_id).id}}

    def _post(self, arguments: Answer) -> Answer:
        channel_id = str(arguments.get("channel") or "")
        if channel_id in self.workspace.users:
            channel_id = self.workspace.im_with(channel_id).id
        channel = self._channel({"channel": channel_id}, member=True)
        if channel.is_archived:
            raise ApiError("is_archived")
        _check_message(arguments, update=False)
        thread_ts = str(arguments.get("thread_ts") or "")
        if thread_ts and thread_ts not in channel.messages and thread_ts not in channel.threads:
            raise ApiError("thread_not_found")
        extra = {key: arguments[key] for key in ("blocks", "metadata", "attachments") if arguments.get(key)}
        message = self.workspace.add_message(
            channel.id,
            self.workspace.bot_user_id,
            str(arguments.get("text") or arguments.get("markdown_text") or ""),
            thread_ts=thread_ts,
            bot_id=self.workspace.bot_id,
            **extra,
        )
        return {"channel": channel.id, "ts": message["ts"], "message": message}

    def _own(self, arguments: Answer, refusal: str) -> tuple[Channel, Message]:
        channel = self._channel(arguments, member=True)
        message = channel.messages.get(str(arguments.get("ts")))
        if message is None:
            raise ApiError("message_not_found")
        if message.get("bot_id") != self.workspace.bot_id:
            raise ApiError(refusal)
        return channel, message

    def _update(self, arguments: Answer) -> Answer:
        channel, message = self._own(arguments, "cant_update_message")
        _check_message(arguments, update=True)
        message["text"] = str(arguments.get("text") or "")
        message["blocks"] = arguments.get("blocks") or []
        message["edited"] = {"user": self.workspace.bot_user_id, "ts": self.workspace.next_ts()}
        return {"channel": channel.id, "ts": message["ts"], "text": message["text"], "message": message}

    def _delete(self, arguments: Answer) -> Answer:
        channel, message = self._own(arguments, "cant_delete_message")
        del channel.messages[message["ts"]]
        return {"channel": channel.id, "ts": message["ts"]}

    def _ephemeral(self, arguments: Answer) -> Answer:
        channel = self._channel(arguments)
        if arguments.get("user") not in channel.members:
            raise ApiError("user_not_in_channel")
        _check_message(arguments, update=False)
        self.ephemerals.append({**arguments, "channel": channel.id})
        return {"message_ts": self.workspace.next_ts()}

    def _permalink(self, arguments: Answer) -> Answer:
        channel = self._channel(arguments)
        ts = str(arguments.get("message_ts"))
        if ts not in channel.messages:
            raise ApiError("message_not_found")
        return {"permalink": f"{self.workspace.url}archives/{channel.id}/p{ts.replace('.', '')}"}

    def _view(self, arguments: Answer) -> Answer:
        view = arguments.get("view") or {}
        _check_view(view)
        return {"view": self._open_view(str(arguments.get("trigger_id")), view)}

    def _home(self, arguments: Answer) -> Answer:
        view = arguments.get("view") or {}
        _check_view(view)
        self.homes[str(arguments.get("user_id"))] = view
        return {"view": view}


def _check_message(arguments: Answer, *, update: bool) -> None:
    fault = message_error(arguments, update=update)
    if fault:
        raise ApiError(fault)


def _check_view(view: dict[str, Any]) -> None:
    faults = check_view(view)
    if faults:
        raise ApiError("invalid_arguments", response_metadata={"messages": faults})


def _messages(page: list[Message], cursor: str, arguments: Answer) -> Answer:
    with_metadata = str(arguments.get("include_all_metadata", "")).lower() in ("1", "true")
    shown = (
        page
        if with_metadata
        else [{key: value for key, value in message.items() if key != "metadata"} for message in page]
    )
    return {"messages": shown, "has_more": bool(cursor), "response_metadata": {"next_cursor": cursor}}


def _page(items: list[Any], arguments: Answer, *, default: int) -> tuple[list[Any], str]:
    limit = min(1000, int(arguments.get("limit") or default))
    try:
        start = int(base64.b64decode(str(arguments.get("cursor") or ""), validate=True).decode() or 0)
    except ValueError:
        raise ApiError("invalid_cursor") from None
    more = start + limit < len(items)
    cursor = base64.b64encode(str(start + limit).encode()).decode() if more else ""
    return items[start : start + limit], cursor
