"""The Web API's methods about the team, its people and its conversations."""

from __future__ import annotations

from bot.sandbox.webapi_base import (
    LARGEST_PAGE,
    Answer,
    ApiError,
    Method,
    State,
    cut_messages,
    cut_page,
    is_true,
)
from bot.sandbox.workspace import Channel

KINDS = {"public_channel": "public", "private_channel": "private", "im": "im", "mpim": "mpim"}


def _test(_: State, arguments: Answer) -> Answer:
    if arguments.get("error"):
        raise ApiError(str(arguments["error"]), args=arguments)
    return {"args": arguments}


def _auth(state: State, _: Answer) -> Answer:
    space = state.workspace
    return {
        "url": space.url,
        "team": space.name,
        "team_id": space.team_id,
        "user": space.users[space.bot_user_id].name,
        "user_id": space.bot_user_id,
        "bot_id": space.bot_id,
        "is_enterprise_install": False,
    }


def _team(state: State, _: Answer) -> Answer:
    space = state.workspace
    return {"team": {"id": space.team_id, "name": space.name, "domain": space.domain}}


def _bot(state: State, arguments: Answer) -> Answer:
    space = state.workspace
    if arguments.get("bot") != space.bot_id:
        raise ApiError("bot_not_found")
    name = space.users[space.bot_user_id].real_name
    told = {"id": space.bot_id, "app_id": space.app_id, "user_id": space.bot_user_id, "name": name}
    return {"bot": {**told, "deleted": False}}


def _user(state: State, arguments: Answer) -> Answer:
    user = state.workspace.users.get(str(arguments.get("user")))
    if user is None:
        raise ApiError("user_not_found")
    told = user.as_slack()
    if not is_true(arguments.get("include_locale")):
        del told["locale"]
    return {"user": told}


def _users(state: State, arguments: Answer) -> Answer:
    page, following = cut_page([user.as_slack() for user in state.workspace.users.values()], arguments)
    return {"members": page, "response_metadata": following}


def _conversations_of(state: State, arguments: Answer, user_id: str) -> list[Channel]:
    """Return the conversations that the bot may know of and *user_id* is in, or could be."""
    bot = state.workspace.bot_user_id
    wanted = {kind.strip() for kind in str(arguments.get("types") or "public_channel").split(",")}
    if wanted - set(KINDS):
        raise ApiError("invalid_types")
    kinds = {KINDS[kind] for kind in wanted}
    return [
        channel
        for channel in state.workspace.channels.values()
        if channel.kind in kinds
        and (channel.kind == "public" or bot in channel.members)
        and (not user_id or user_id in channel.members)
        and not (channel.is_archived and is_true(arguments.get("exclude_archived")))
    ]


def _told(state: State, arguments: Answer, channels: list[Channel]) -> Answer:
    bot = state.workspace.bot_user_id
    page, following = cut_page([channel.as_slack(bot) for channel in channels], arguments)
    return {"channels": page, "response_metadata": following}


def _list(state: State, arguments: Answer) -> Answer:
    return _told(state, arguments, _conversations_of(state, arguments, ""))


def _of_user(state: State, arguments: Answer) -> Answer:
    user_id = str(arguments.get("user") or state.workspace.bot_user_id)
    if user_id not in state.workspace.users:
        raise ApiError("user_not_found")
    return _told(state, arguments, _conversations_of(state, arguments, user_id))


def _info(state: State, arguments: Answer) -> Answer:
    told = state.channel(arguments).as_slack(state.workspace.bot_user_id)
    if not is_true(arguments.get("include_num_members")):
        del told["num_members"]
    return {"channel": told}


def _members(state: State, arguments: Answer) -> Answer:
    page, following = cut_page(state.channel(arguments).members, arguments)
    return {"members": page, "response_metadata": following}


def _replies(state: State, arguments: Answer) -> Answer:
    channel = state.channel(arguments, member=True)
    ts = str(arguments.get("ts"))
    stamps = state.workspace.thread_stamps(channel.id, ts)
    if not stamps:
        raise ApiError("thread_not_found")
    answer = cut_messages(channel, stamps, arguments, default=LARGEST_PAGE, most=state.messages_a_page)
    # The parent comes whatever `oldest` says, but on the first page only.
    first = answer["messages"][0]["ts"] if answer["messages"] else ""
    if not arguments.get("cursor") and first != stamps[0]:
        answer["messages"].insert(0, channel.messages[stamps[0]])
    return answer


def _history(state: State, arguments: Answer) -> Answer:
    channel = state.channel(arguments, member=True)
    stamps = sorted((message["ts"] for message in state.workspace.top_level(channel.id)), key=float)
    return cut_messages(
        channel, stamps, arguments, default=100, most=state.messages_a_page, newest_first=True
    )


def _open(state: State, arguments: Answer) -> Answer:
    space = state.workspace
    if arguments.get("channel"):
        return {"channel": {"id": state.channel(arguments).id}}
    user_ids = [user.strip() for user in str(arguments.get("users") or "").split(",")]
    if any(user_id not in space.users for user_id in user_ids):
        raise ApiError("user_not_found")
    if len(user_ids) == 1:
        return {"channel": {"id": space.im_with(user_ids[0]).id}}
    members = sorted({*user_ids, space.bot_user_id})
    same = (one for one in space.channels.values() if one.kind == "mpim" and sorted(one.members) == members)
    channel = next(same, None) or space.add_channel(space.new_id("G"), "-".join(members), "mpim", members)
    return {"channel": {"id": channel.id}}


def _join(state: State, arguments: Answer) -> Answer:
    channel = state.channel(arguments)
    if channel.kind != "public":
        raise ApiError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise ApiError("is_archived")
    if state.workspace.bot_user_id not in channel.members:
        channel.members.append(state.workspace.bot_user_id)
    return {"channel": channel.as_slack(state.workspace.bot_user_id)}


_READ = ("channels:read", "groups:read", "im:read", "mpim:read")

METHODS: dict[str, Method] = {
    "api.test": Method(_test, a_minute=600, also=frozenset({"error", "foo"})),
    "auth.test": Method(_auth, a_minute=600),
    "team.info": Method(_team, ("team:read",)),
    "bots.info": Method(_bot, ("users:read",)),
    "users.info": Method(_user, ("users:read",), a_minute=100),
    "users.list": Method(_users, ("users:read",), a_minute=20),
    "users.conversations": Method(_of_user, _READ),
    "conversations.list": Method(_list, _READ, a_minute=20),
    "conversations.info": Method(_info, ("*:read",)),
    "conversations.members": Method(_members, ("*:read",), a_minute=100),
    "conversations.replies": Method(_replies, ("*:history",)),
    "conversations.history": Method(_history, ("*:history",)),
    "conversations.open": Method(_open, ("im:write", "mpim:write")),
    "conversations.join": Method(_join, ("channels:join",)),
}
