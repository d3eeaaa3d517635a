"""The local Slack's Web API: paging, rights, views, streams, files, faults and limits, to Slack's own SDK."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import Slack
from bot.sandbox.webapi import METHODS, arguments_of
from bot.sandbox.webapi_base import cut_messages
from bot.sandbox.workspace import Workspace
from tests.conftest import ANNA, BEN, SALES, SECRET_ROOM, make_slack

MORE_SCOPES = {
    "channels:join",
    "reactions:write",
    "files:read",
    "files:write",
    "assistant:write",
    "team:read",
}


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now_s


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    """A workspace without a bot, whose token may do everything."""
    async with make_slack() as started:
        started.api.scopes |= MORE_SCOPES
        yield started


@pytest.fixture
def client(slack: Slack) -> AsyncWebClient:
    """Slack's SDK, pointed at the local Slack."""
    return AsyncWebClient(token=slack.token, base_url=f"{slack.url}/api/")


async def refused(call: Awaitable[Any]) -> str:
    """Return the code with which a call is refused."""
    with pytest.raises(SlackApiError) as told:
        await call
    return str(told.value.response["error"])


def modal(title: str = "Form", **more: Any) -> dict[str, Any]:
    """Make the smallest form."""
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "x"}}]
    return {"type": "modal", "title": {"type": "plain_text", "text": title}, "blocks": blocks, **more}


HOME = {"type": "home", "blocks": [{"type": "divider"}]}


@given(count=st.integers(1, 60), limit=st.integers(1, 25), newest_first=st.booleans())
def test_pages_hold_every_message_once(count: int, limit: int, newest_first: bool) -> None:
    """However long a thread and however small the pages: nothing is missed and nothing comes twice."""
    space = Workspace()
    channel = space.add_channel("C1", "one")
    root = space.add_message("C1", "U1", "root", ts="1000.000000")["ts"]
    for number in range(1, count):
        space.add_message("C1", "U1", str(number), ts=f"{1000 + number}.000000", thread_ts=root)
    stamps, seen, cursor = sorted(channel.messages), [], ""
    while True:
        arguments = {"limit": limit, "cursor": cursor}
        answer = cut_messages(channel, stamps, arguments, default=100, newest_first=newest_first)
        seen += [message["ts"] for message in answer["messages"]]
        cursor = answer["response_metadata"]["next_cursor"]
        assert answer["has_more"] == bool(cursor)
        if not cursor:
            break

    assert seen == (stamps[::-1] if newest_first else stamps)


async def test_a_thread_is_read_from_any_time(slack: Slack, client: AsyncWebClient) -> None:
    """`oldest`, `latest` and `inclusive` choose replies; the parent comes always, metadata when asked for."""
    space = slack.workspace
    root = space.add_message(SALES, ANNA, "root", ts="1000.000000", metadata={"event_type": "x"})["ts"]
    for number in range(1, 6):
        space.add_message(SALES, BEN, str(number), ts=f"{1000 + number}.000000", thread_ts=root)
    later = await client.conversations_replies(channel=SALES, ts=root, oldest="1003.000000")
    exact = await client.conversations_replies(
        channel=SALES, ts=root, oldest="1003.000000", latest="1004.000000", inclusive=True
    )
    page = await client.conversations_replies(channel=SALES, ts=root, limit=4, include_all_metadata=True)
    rest = await client.conversations_replies(
        channel=SALES, ts=root, limit=4, cursor=page["response_metadata"]["next_cursor"]
    )

    assert [one["text"] for one in later["messages"]] == ["root", "4", "5"]
    assert [one["text"] for one in exact["messages"]] == ["root", "3", "4"]
    assert page["messages"][0]["metadata"] == {"event_type": "x"}
    assert page["messages"][0]["reply_count"] == 5
    assert [one["text"] for one in rest["messages"]] == ["4", "5"]
    assert (
        await refused(client.conversations_replies(channel=SALES, ts=root, oldest="x")) == "invalid_arguments"
    )
    assert await refused(client.conversations_replies(channel=SALES, ts=root, limit=-1)) == "invalid_limit"
    assert (
        await refused(
            client.api_call("conversations.replies", params={"channel": SALES, "ts": root, "limit": "x"})
        )
        == "invalid_limit"
    )
    users = await client.users_list(limit=1)
    foreign = users["response_metadata"]["next_cursor"]
    assert await refused(client.conversations_history(channel=SALES, cursor=foreign)) == "invalid_cursor"


async def test_the_bot_sees_only_what_it_may(slack: Slack, client: AsyncWebClient) -> None:
    """Private rooms without the bot do not exist for it; public ones are joined first."""
    space = slack.workspace
    space.add_channel("CNEW", "new", "public", [ANNA])
    space.add_channel("COLD", "old", "public", [ANNA]).is_archived = True
    named = {one["name"] for one in (await client.conversations_list(exclude_archived=True))["channels"]}
    before = await refused(client.conversations_history(channel="CNEW"))
    joined = await client.conversations_join(channel="CNEW")
    own = await client.users_conversations(types="public_channel,private_channel")
    group = await client.conversations_open(users=[ANNA, BEN])
    again = await client.conversations_open(users=[BEN, ANNA])

    assert named == {"sales", "new"}
    assert before == "not_in_channel"
    assert joined["channel"]["is_member"]
    assert {one["id"] for one in own["channels"]} == {SALES, SECRET_ROOM, "CNEW"}
    assert group["channel"]["id"] == again["channel"]["id"]
    assert (await client.conversations_open(channel=SALES))["channel"]["id"] == SALES
    assert await refused(client.conversations_join(channel="COLD")) == "is_archived"
    assert (
        await refused(client.conversations_join(channel=SECRET_ROOM))
        == "method_not_supported_for_channel_type"
    )
    assert await refused(client.conversations_list(types="rooms")) == "invalid_types"
    assert await refused(client.users_conversations(user="U?")) == "user_not_found"
    info = await client.conversations_info(channel=SALES, include_num_members=True)
    assert info["channel"]["num_members"] == 4
    assert (await client.users_info(user=ANNA, include_locale=True))["user"]["locale"] == "en-US"
    assert "locale" not in (await client.users_info(user=ANNA))["user"]
    members = await client.conversations_members(channel=SALES, limit=3)
    assert (len(members["members"]), bool(members["response_metadata"]["next_cursor"])) == (3, True)
    assert (await client.conversations_join(channel=SALES))["channel"]["is_member"]
    assert (await client.bots_info(bot="BBOT"))["bot"]["user_id"] == "UBOT"
    assert await refused(client.bots_info(bot="B?")) == "bot_not_found"
    assert await refused(client.api_test(error="boom")) == "boom"


async def test_a_right_that_was_not_granted_is_named(slack: Slack, client: AsyncWebClient) -> None:
    """A scope that the manifest forgets fails in our tests, not at the customer's."""
    slack.api.scopes -= {"groups:history", "users:read"}
    with pytest.raises(SlackApiError) as told:
        await client.conversations_history(channel=SECRET_ROOM)

    assert told.value.response["error"] == "missing_scope"
    assert told.value.response["needed"] == "groups:history"
    assert "chat:write" in told.value.response["provided"]
    assert (await client.conversations_history(channel=SALES))["ok"]
    assert await refused(client.users_info(user=ANNA)) == "missing_scope"


def test_every_method_is_one_of_the_sdk() -> None:
    """No method exists here that Slack's SDK does not know, and each knows its arguments."""
    for name in METHODS:
        assert isinstance(arguments_of(name), frozenset)


async def test_messages_change_as_slack_changes_them(slack: Slack, client: AsyncWebClient) -> None:
    """Blocks get ids, an update drops what is not given but keeps the metadata, a parent leaves a tombstone."""
    metadata = {"event_type": "x", "event_payload": {"a": 1}}
    blocks = [{"type": "divider"}]
    root = await client.chat_postMessage(channel="#sales", text="root", blocks=blocks, metadata=metadata)
    reply = await client.chat_postMessage(
        channel=SALES, markdown_text="**hi**", thread_ts=root["ts"], reply_broadcast=True
    )
    link = await client.chat_getPermalink(channel=SALES, message_ts=reply["ts"])
    await client.chat_update(channel=SALES, ts=root["ts"], text="new", unfurl_links=False)
    updated = slack.workspace.channels[SALES].messages[root["ts"]]
    shown = await client.conversations_history(channel=SALES)
    await client.chat_delete(channel=SALES, ts=root["ts"])
    tombstone = dict(slack.messages(SALES, root["ts"])[0])
    await client.chat_delete(channel=SALES, ts=reply["ts"])

    assert root["message"]["blocks"][0]["block_id"]
    assert (updated["text"], updated["blocks"], updated["metadata"]) == ("new", [], metadata)
    assert link["permalink"].endswith(f"?thread_ts={root['ts']}&cid={SALES}")
    assert [one["ts"] for one in shown["messages"]] == [reply["ts"], root["ts"]]
    assert shown["messages"][0]["blocks"][0]["text"] == "**hi**"
    assert (tombstone["subtype"], tombstone["reply_count"]) == ("tombstone", 1)
    assert "reply_count" not in slack.messages(SALES)[0]
    late = slack.workspace.add_message(SALES, ANNA, "a reply first", thread_ts="999.000000")
    slack.workspace.add_message(SALES, ANNA, "then its parent", ts="999.000000")
    assert slack.messages(SALES, "999.000000")[1] is late
    bad = client.chat_postMessage(channel=SALES, text="x", metadata={"event_type": ""})
    assert await refused(bad) == "invalid_metadata_format"
    with pytest.raises(SlackApiError) as told:
        await client.chat_postMessage(channel=SALES, text="x", blocks=[{"type": "header"}])
    assert "json-pointer:/blocks/0" in str(told.value.response["response_metadata"]["messages"])
    slack.workspace.channels[SALES].is_archived = True
    own = slack.workspace.add_message(SALES, "UBOT", "own", bot_id="BBOT")
    assert await refused(client.chat_update(channel=SALES, ts=own["ts"], text="x")) == "is_inactive"


async def test_reactions_are_counted(slack: Slack, client: AsyncWebClient) -> None:
    """A reaction stands once for each who gave it."""
    message = slack.workspace.add_message(
        SALES, ANNA, "x", reactions=[{"name": "eyes", "users": [BEN], "count": 1}]
    )
    place: dict[str, Any] = {"channel": SALES, "timestamp": message["ts"]}
    await client.reactions_add(**place, name="eyes")
    await client.reactions_add(**place, name="tada")
    twice = await refused(client.reactions_add(**place, name="tada"))
    await client.reactions_remove(**place, name="tada")

    assert message["reactions"] == [{"name": "eyes", "users": [BEN, "UBOT"], "count": 2}]
    assert twice == "already_reacted"
    assert await refused(client.reactions_remove(**place, name="tada")) == "no_reaction"
    assert await refused(client.reactions_add(**place, name="Ta da")) == "invalid_name"
    assert (
        await refused(client.reactions_add(channel=SALES, timestamp="1.0", name="x")) == "message_not_found"
    )


async def test_scheduled_messages_wait(slack: Slack, client: AsyncWebClient) -> None:
    """What is scheduled is posted when its time comes, and a wrong time is refused."""
    soon = int(time.time()) + 60
    told = await client.chat_scheduleMessage(channel=SALES, text="later", post_at=soon)
    early, due = slack.post_scheduled(soon - 1), slack.post_scheduled(soon)

    assert told["scheduled_message_id"]
    assert (early, len(due)) == ([], 1)
    assert slack.messages(SALES)[0]["text"] == "later"
    for post_at, error in ((1, "time_in_past"), (soon * 2, "time_too_far"), ("x", "invalid_time")):
        assert await refused(client.chat_scheduleMessage(channel=SALES, text="x", post_at=post_at)) == error


async def test_forms_stand_on_a_stack_of_three(slack: Slack, client: AsyncWebClient) -> None:
    """A trigger opens one form within three seconds; two more go on top; a stale hash changes nothing."""
    clock = Clock()
    slack.state.clock = clock
    trigger = slack.state.new_trigger(ANNA)
    opened = await client.views_open(trigger_id=trigger, view=modal(external_id="e1"))
    reused = await refused(client.views_open(trigger_id=trigger, view=modal()))
    old = slack.state.new_trigger(ANNA)
    clock.now_s += 3.5
    expired = await refused(client.views_open(trigger_id=old, view=modal()))
    pushed = [await client.views_push(trigger_id=slack.state.new_trigger(ANNA), view=modal(n)) for n in "ab"]
    full = await refused(client.views_push(trigger_id=slack.state.new_trigger(ANNA), view=modal()))
    changed = await client.views_update(external_id="e1", view=modal("new", external_id="e1"))
    stale = await refused(client.views_update(view_id=opened["view"]["id"], hash="h0", view=modal()))

    assert (reused, expired, full, stale) == (
        "exchanged_trigger_id", "expired_trigger_id", "push_limit_reached", "hash_conflict"
    )  # fmt: skip
    assert [one["view"]["root_view_id"] for one in pushed] == [opened["view"]["id"]] * 2
    assert pushed[1]["view"]["previous_view_id"] == pushed[0]["view"]["id"]
    assert changed["view"]["id"] == opened["view"]["id"]
    assert changed["view"]["hash"] != opened["view"]["hash"]
    assert slack.modals[ANNA]["title"]["text"] == "b"
    again = client.views_open(trigger_id=slack.state.new_trigger(BEN), view=modal(external_id="e1"))
    assert await refused(again) == "duplicate_external_id"
    assert (
        await refused(client.views_push(trigger_id=slack.state.new_trigger(BEN), view=modal())) == "not_found"
    )
    assert await refused(client.views_update(view_id="V?", view=modal())) == "not_found"
    assert await refused(client.views_open(trigger_id="x", view=HOME)) == "invalid_arguments"
    section = modal()["blocks"][0] | {"text": {"type": "mrkdwn", "text": "x" * 2_900}}
    big = modal(blocks=[section] * 90)
    assert await refused(client.views_open(trigger_id="x", view=big)) == "view_too_large"


async def test_a_field_that_stays_keeps_what_was_typed(slack: Slack, client: AsyncWebClient) -> None:
    """A form that changes while somebody types loses nothing; a field with another id begins anew."""

    def field(name: str, initial: str) -> dict[str, Any]:
        element = {"type": "plain_text_input", "action_id": name, "initial_value": initial}
        label = {"type": "plain_text", "text": name}
        return {
            "type": "input",
            "block_id": name,
            "dispatch_action": name == "live",
            "label": label,
            "element": element,
        }

    submit = {"type": "plain_text", "text": "Send"}
    first, second = [field("live", "1"), field("still", "x")], [field("live", "1"), field("new", "y")]
    trigger = slack.state.new_trigger(ANNA)
    opened = await client.views_open(trigger_id=trigger, view=modal(blocks=first, submit=submit))
    await slack.click_in_view(ANNA, "live", value="2")
    told = slack.sent[-1].payload["view"]["state"]["values"]["still"]["still"]["value"]
    await client.views_update(view_id=opened["view"]["id"], view=modal(blocks=second, submit=submit))
    values = slack.modals[ANNA]["state"]["values"]

    assert told == "x"
    assert values == {"live": {"live": {"type": "plain_text_input", "value": "2"}}}
    with pytest.raises(LookupError, match="before the form is sent in"):
        await slack.click_in_view(ANNA, "new", value="z")


async def test_the_home_tab_keeps_its_id(slack: Slack, client: AsyncWebClient) -> None:
    """Publishing again changes the same view; an old hash is refused."""
    first = await client.views_publish(user_id=ANNA, view=HOME)
    second = await client.views_publish(user_id=ANNA, view=HOME, hash=first["view"]["hash"])

    assert first["view"]["id"] == second["view"]["id"]
    assert slack.home(ANNA) is slack.api.homes[ANNA]
    stale = client.views_publish(user_id=ANNA, view=HOME, hash=first["view"]["hash"])
    assert await refused(stale) == "hash_conflict"
    assert await refused(client.views_publish(user_id="U?", view=HOME)) == "user_not_found"


async def test_blocks_can_be_checked_without_posting(client: AsyncWebClient) -> None:
    """blocks.validate says what would be refused, of blocks, of a message and of a view."""
    assert (await client.blocks_validate(blocks=[{"type": "divider"}]))["ok"]
    assert (await client.blocks_validate(view=modal()))["ok"]
    assert await refused(client.blocks_validate(message={"blocks": [{"type": "x"}]})) == "invalid_blocks"
    assert await refused(client.blocks_validate(blocks=[], view=modal())) == "invalid_arguments"
    assert await refused(client.blocks_validate(view="[]")) == "invalid_arguments"
    assert await refused(client.api_call("blocks.validate", params={"view": "{"})) == "invalid_json"
    assert await refused(client.api_call("api.test", json=[])) == "invalid_json"  # type: ignore[arg-type]


async def test_a_stream_grows_and_ends(slack: Slack, client: AsyncWebClient) -> None:
    """The SDK's stream writes text piece by piece; the status line goes when the answer comes."""
    im = slack.workspace.im_with(ANNA).id
    root = slack.workspace.add_message(im, ANNA, "question")["ts"]
    place: dict[str, Any] = {"channel_id": im, "thread_ts": root}
    await client.assistant_threads_setStatus(**place, status="is writing", loading_messages=["a", "b"])
    status = slack.status(im, root)
    stream = await client.chat_stream(channel=im, thread_ts=root, buffer_size=1)
    await stream.append(markdown_text="**one** ")
    running = slack.messages(im, root)[-1]
    ts, state = running["ts"], running["streaming_state"]
    conflict = await refused(client.chat_update(channel=im, ts=ts, text="x"))
    mixed = await refused(client.chat_appendStream(channel=im, ts=ts, markdown_text="x"))
    await stream.append(markdown_text="two")
    metadata = {"event_type": "x", "event_payload": {}}
    await stream.stop(blocks=[{"type": "divider"}], metadata=metadata, session_status="active")

    assert (status, slack.status(im, root)) == ("is writing", "")
    assert (state, running["streaming_state"]) == ("in_progress", "completed")
    assert (conflict, mixed) == ("streaming_state_conflict", "streaming_mode_mismatch")
    assert running["text"] == "**one** two"
    assert [block["type"] for block in running["blocks"]] == ["markdown", "divider"]
    assert slack.state.sessions[im, root]["status"] == "active"
    ended = await refused(client.chat_stopStream(channel=im, ts=ts))
    assert ended == "message_not_in_streaming_state"
    await client.chat_update(channel=im, ts=ts, text="final")


async def test_a_stream_of_chunks_shows_tasks(slack: Slack, client: AsyncWebClient) -> None:
    """Task cards change in place, under the plan's title, beside text and blocks."""
    root = slack.workspace.add_message(SALES, ANNA, "question")["ts"]
    place: dict[str, Any] = {"channel": SALES, "thread_ts": root}
    alone = await refused(client.chat_startStream(**place, recipient_user_id=ANNA))
    place |= {"recipient_user_id": ANNA, "recipient_team_id": "T1"}
    task = {"type": "task_update", "id": "t1", "title": "Read", "status": "in_progress"}
    ts = (await client.chat_startStream(**place, chunks=[task]))["ts"]
    cards = slack.messages(SALES, root)[-1]["blocks"]
    chunks: list[dict[str, Any]] = [
        {"type": "plan_update", "title": "Plan"},
        {**task, "status": "complete"},
        {"type": "markdown_text", "text": "done"},
        {"type": "blocks", "blocks": [{"type": "divider"}]},
    ]
    await client.chat_appendStream(channel=SALES, ts=ts, chunks=chunks)
    blocks = slack.messages(SALES, root)[-1]["blocks"]
    many: dict[str, Any] = {"type": "blocks", "blocks": [{"type": "divider"}] * 50}

    assert alone == "missing_recipient_team_id"
    assert [block["type"] for block in cards] == ["task_card"]
    assert [block["type"] for block in blocks] == ["plan", "markdown", "divider"]
    assert [one["status"] for one in blocks[0]["tasks"]] == ["complete"]
    assert await refused(client.chat_appendStream(channel=SALES, ts=ts, chunks=[many])) == "invalid_blocks"
    for chunk in (
        {"type": "task_update"},
        {"type": "plan_update", "title": "x" * 300},
        {"type": "?"},
        "text",
    ):
        bad = client.api_call("chat.appendStream", json={"channel": SALES, "ts": ts, "chunks": [chunk]})
        assert await refused(bad) == "invalid_chunks"
    both = client.api_call(
        "chat.appendStream", json={"channel": SALES, "ts": ts, "chunks": [task], "markdown_text": "x"}
    )
    assert await refused(both) == "cannot_provide_both_markdown_text_and_chunks"
    assert await refused(client.api_call("chat.appendStream", json={"channel": SALES, "ts": ts})) == "no_text"
    assert (
        await refused(client.chat_stopStream(channel=SALES, ts=ts, blocks=[{"type": "?"}]))
        == "invalid_blocks"
    )


async def test_a_stream_lives_five_minutes(slack: Slack, client: AsyncWebClient) -> None:
    """A stream that is too old takes no more; neither does one that the person stopped."""
    clock = Clock()
    slack.state.clock = clock
    im = slack.workspace.im_with(ANNA).id
    root = slack.workspace.add_message(im, ANNA, "question")["ts"]
    old = (await client.chat_startStream(channel=im, thread_ts=root))["ts"]
    clock.now_s += 301
    aged = await refused(client.chat_appendStream(channel=im, ts=old, markdown_text="x"))
    new = (await client.chat_startStream(channel=im, thread_ts=root, markdown_text="x"))["ts"]
    await slack.stop_stream(ANNA, im, root)
    stopped = await refused(client.chat_appendStream(channel=im, ts=new, markdown_text="x"))
    long = client.chat_startStream(channel=im, thread_ts=root, markdown_text="x" * 12_001)

    assert aged == "message_not_in_streaming_state"
    assert stopped == "stopped_by_user"
    assert await refused(long) == "msg_too_long"
    assert await refused(client.chat_startStream(channel=im, thread_ts="1.0")) == "thread_not_found"
    assert (
        await refused(client.chat_appendStream(channel=im, ts=root, markdown_text="x"))
        == "message_not_owned_by_app"
    )
    slack.workspace.channels[im].is_archived = True
    assert await refused(client.chat_startStream(channel=im, thread_ts=root)) == "is_archived"


async def test_an_agent_session_has_a_title_prompts_and_a_status(
    slack: Slack, client: AsyncWebClient
) -> None:
    """What the messages tab shows besides messages is kept, and its limits hold."""
    im = slack.workspace.im_with(ANNA).id
    root = slack.workspace.add_message(im, ANNA, "question")["ts"]
    place: dict[str, Any] = {"channel_id": im, "thread_ts": root}
    unknown = await refused(client.agents_sessions_rename(**place, title="x"))
    made = await client.agents_sessions_setStatus(**place, status="processing", title="Quote")
    await client.agents_sessions_setStatus(**place, status="active", title="ignored")
    await client.agents_sessions_rename(**place, title="Offerte")
    await client.assistant_threads_setTitle(**place, title="Titel")
    prompts = [{"title": "Summarise", "message": "summarise"}]
    await client.assistant_threads_setSuggestedPrompts(channel_id=im, prompts=prompts)
    await client.assistant_threads_setStatus(**place, status="busy")
    await client.assistant_threads_setStatus(**place, status="")

    assert unknown == "session_not_found"
    assert (made["status"], made["title"]) == ("processing", "Quote")
    assert slack.state.sessions[im, root] == {"title": "Offerte", "status": "active"}
    assert slack.state.titles[im, root] == "Titel"
    assert slack.state.prompts[im] == prompts
    assert slack.status(im, root) == ""
    wrong = (
        client.agents_sessions_setStatus(**place, status="busy"),
        client.agents_sessions_rename(**place, title="x" * 201),
        client.assistant_threads_setStatus(**place, status="x", loading_messages=["x"] * 11),
        client.assistant_threads_setSuggestedPrompts(channel_id=im, prompts=prompts * 5),
        client.assistant_threads_setSuggestedPrompts(channel_id=im, prompts=[{"title": "x"}]),
    )
    for call in wrong:
        assert await refused(call) == "invalid_arguments"


async def test_files_go_up_and_come_down(slack: Slack, client: AsyncWebClient) -> None:
    """The SDK's upload posts a file; only the token may fetch it, a stranger gets the sign-in page."""
    root = slack.workspace.add_message(SALES, ANNA, "root")["ts"]
    sent = await client.files_upload_v2(
        filename="a.txt", content="hello", channel=SALES, thread_ts=root, initial_comment="here", title="A"
    )
    file_id = sent["file"]["id"]
    told = (await client.files_info(file=file_id))["file"]
    own = {"Authorization": f"Bearer {slack.token}"}
    async with aiohttp.ClientSession() as session:
        async with session.get(told["url_private"], headers=own) as answer:
            fetched = await answer.read()
        async with session.get(told["url_private"]) as answer:
            stranger = await answer.text()
        async with session.get(f"{slack.url}/files-pri/F0/x", headers=own) as answer:
            missing = answer.status
        async with session.post(f"{slack.url}/upload/{file_id}", data=b"again") as answer:
            twice = answer.status
        address = await client.files_getUploadURLExternal(filename="b.txt", length=3)
        async with session.post(address["upload_url"], data=b"wrong size") as answer:
            wrong = answer.status

    assert slack.messages(SALES, root)[-1]["files"][0]["title"] == "A"
    assert (fetched, told["mimetype"]) == (b"hello", "text/plain")
    assert "Sign in" in stranger
    assert (missing, twice, wrong) == (404, 404, 400)
    unfinished = client.files_completeUploadExternal(files=[{"id": address["file_id"]}])
    assert await refused(unfinished) == "file_not_found"
    assert await refused(client.files_completeUploadExternal(files=[])) == "invalid_arguments"
    assert (told["channels"], told["groups"], told["ims"]) == ([SALES], [], [])
    form = slack.workspace.add_to_form("form.txt", ANNA, b"x")
    assert (await client.files_info(file=form.id))["file"]["ims"] == form.channels
    slack.redirects[file_id] = "https://elsewhere.example/"
    async with (
        aiohttp.ClientSession() as session,
        session.get(told["url_private"], headers=own, allow_redirects=False) as answer,
    ):
        assert answer.status == 302
    private = slack.workspace.add_file("secret.txt", ANNA, content=b"x")
    assert await refused(client.files_info(file=private.id)) == "file_not_found"
    too_much: tuple[tuple[dict[str, Any], str], ...] = (
        ({"length": 2_000_000_000}, "file_too_large"),
        ({"length": 2_000_000, "snippet_type": "text"}, "file_too_large"),
        ({"length": 1, "alt_txt": "x" * 1_001}, "alt_txt_too_large"),
        ({"length": 0}, "invalid_arguments"),
    )
    for arguments, error in too_much:
        assert await refused(client.files_getUploadURLExternal(filename="x", **arguments)) == error


async def test_rate_limits_hold_when_they_are_on() -> None:
    """With limits, a second post in the same second and the 21st call of a minute wait."""
    clock = Clock()
    async with Slack(clock=clock, limits=True) as slack:
        slack.workspace.add_channel(SALES, "sales", "public", ["UBOT"])
        slack.workspace.add_channel("C2", "two", "public", ["UBOT"])
        client = AsyncWebClient(token=slack.token, base_url=f"{slack.url}/api/")
        await client.chat_postMessage(channel=SALES, text="1")
        await client.chat_postMessage(channel="C2", text="1")
        with pytest.raises(SlackApiError) as told:
            await client.chat_postMessage(channel=SALES, text="2")
        clock.now_s += 1
        await client.chat_postMessage(channel=SALES, text="2")
        for _ in range(20):
            await client.users_list()
        full = await refused(client.users_list())
        clock.now_s += 61
        await client.users_list()

    assert told.value.response.status_code == 429
    assert int(told.value.response.headers["Retry-After"]) >= 1
    assert full == "ratelimited"


async def test_faults_come_as_ordered(slack: Slack, client: AsyncWebClient) -> None:
    """An answer can be refused, broken, late or lost; a lost one has taken effect; a revoked token has none."""
    slack.latency_s = 0.001
    slack.fail("api.test", error="fatal_error", times=2)
    slack.fail("auth.test", status=500)
    slack.fail("users.info", status=429, retry_after=7)
    slack.fail("chat.postMessage", drop=True, after=True)
    slack.fail("users.list", drop=True, times=2)
    with pytest.raises(SlackApiError) as limited:
        await client.users_info(user=ANNA)
    client.retry_handlers.clear()
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=SALES, text="lost answer")
    with pytest.raises(aiohttp.ClientError):
        await client.users_list()

    assert [await refused(client.api_test()) for _ in range(2)] == ["fatal_error"] * 2
    assert (await client.api_test())["ok"]
    assert limited.value.response.headers["Retry-After"] == "7"
    assert await refused(client.auth_test()) == "internal_error"
    assert [one["text"] for one in slack.messages(SALES)] == ["lost answer"]
    assert (slack.count("chat.postMessage"), slack.count("users.list")) == (1, 0)
    with pytest.raises(ValueError, match="name one of"):
        slack.fail("api.test")
    slack.revoke_token()
    assert await refused(client.auth_test()) == "token_revoked"


async def test_tokens_of_the_wrong_kind_are_named(slack: Slack, client: AsyncWebClient) -> None:
    """The bot's token opens no socket, a call without a token is told so, and a form may carry it."""
    wrong = client.apps_connections_open(app_token=slack.token)
    async with aiohttp.ClientSession() as session, session.post(f"{slack.url}/api/auth.test") as answer:
        nobody = (await answer.json())["error"]
        scopes = answer.headers["x-oauth-scopes"]
    form = {"token": slack.token, "channel": SALES, "text": "x", "blocks": '[{"type": "divider"}]'}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{slack.url}/api/chat.postMessage", data=form) as answer,
    ):
        posted = await answer.json()

    assert posted["message"]["blocks"][0]["type"] == "divider"
    assert await refused(wrong) == "not_allowed_token_type"
    assert nobody == "not_authed"
    assert "chat:write" in scopes


async def test_whoever_watches_hears_of_changes(slack: Slack, client: AsyncWebClient) -> None:
    """The page and the tests are woken by every call, and can wait for the second one."""
    heard: list[str] = []

    async def listen() -> None:
        async for change in slack.changes():
            heard.append(change["kind"])
            if len(heard) == 2:
                return

    listening = asyncio.create_task(listen())
    second = asyncio.create_task(slack.called("api.test", after=1))
    await asyncio.sleep(0)
    await client.api_test(foo="1")
    await client.api_test(foo="2")
    await listening

    assert heard == ["call", "call"]
    assert (await second).arguments["foo"] == "2"
    with pytest.raises(TimeoutError):
        await slack.wait_for(lambda: None, timeout_s=0.01)
    changes = slack.changes()
    waiting = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)
    for number in range(1_002):
        slack.changed("number", number=number)
    await waiting
    assert (await anext(changes))["number"] >= 2
    await changes.aclose()  # type: ignore[attr-defined]
