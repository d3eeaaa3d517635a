"""The page of the local Slack: what it shows to whom, and what it does for them."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web

from bot.sandbox.page import FILES, ShownSlack
from bot.sandbox.shown import MESSAGES_SHOWN
from bot.sandbox.slack import BODY_LIMIT_BYTES
from tests.conftest import ANNA, BEN, CHEF, CLOSED, GUEST, SALES, SECRET, SECRET_ROOM, make_slack
from tests.sandbox.test_slack_people import BUTTONS, text_field

FORM = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Form"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [
        text_field("words"),
        {
            "type": "input",
            "block_id": "papers",
            "optional": True,
            "label": {"type": "plain_text", "text": "Papers"},
            "element": {"type": "file_input", "action_id": "papers"},
        },
        {**BUTTONS, "block_id": "more"},
    ],
}


@dataclass
class Browser:
    """The page, as a browser asks it; and what the bot behind it heard and answers."""

    slack: ShownSlack
    session: aiohttp.ClientSession
    heard: list[dict[str, Any]] = field(default_factory=list)
    answer: dict[str, Any] = field(default_factory=dict)
    status: int = 200

    async def state(self, user: str = ANNA, **query: str) -> dict[str, Any]:
        """Ask for what the page shows."""
        async with self.session.get("/page/state", params={"user": user, **query}) as answer:
            return dict(await answer.json())

    async def do(self, what: str, user: str = ANNA, **more: Any) -> dict[str, Any]:
        """Do something as a person."""
        async with self.session.post("/page/do", json={"do": what, "user": user, **more}) as answer:
            return dict(await answer.json())

    async def listen(self, request: web.Request) -> web.Response:
        """Take what Slack sends to the bot."""
        if request.content_type == "application/json":
            self.heard.append((await request.json())["event"])
        else:
            form = dict(await request.post())
            self.heard.append(json.loads(str(form["payload"])) if "payload" in form else form)
        return (
            web.json_response(self.answer, status=self.status)
            if self.answer
            else web.Response(status=self.status)
        )

    def kinds(self) -> list[str]:
        """Return the kinds of what the bot heard."""
        return [str(one.get("type") or one.get("command")) for one in self.heard]

    def open_form(self, **more: Any) -> None:
        """Let the bot open a form for Anna."""
        trigger_id = self.slack.state.new_trigger(ANNA)
        self.slack.api.call("views.open", {"trigger_id": trigger_id, "view": {**FORM, **more}})


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A page on a workspace, before a bot that only listens."""
    async with AsyncExitStack() as stack:
        slack = ShownSlack(make_slack().workspace, retry_delays_s=())
        await stack.enter_async_context(slack)
        session = await stack.enter_async_context(aiohttp.ClientSession(slack.url))
        made = Browser(slack, session)
        app = web.Application()
        app.router.add_post("/", made.listen)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        slack.connect_http(f"http://127.0.0.1:{runner.addresses[0][1]}/", SECRET)
        yield made


def _thread(slack: ShownSlack, replies: int, channel_id: str = SALES) -> str:
    root = str(slack.workspace.add_message(channel_id, BEN, "root")["ts"])
    for number in range(replies):
        slack.workspace.add_message(channel_id, ANNA, f"reply {number}", thread_ts=root)
    return root


# What is shown


async def test_the_page_and_its_parts_are_served(browser: Browser) -> None:
    """The address opens, every part that it names exists, and nothing from elsewhere can be loaded."""
    async with browser.session.get("/") as answer:
        text, policy = await answer.text(), answer.headers["Content-Security-Policy"]
    statuses = {}
    scripts = sorted(path.name for path in FILES.glob("*.js"))
    for name in (*scripts, "style.css", "index.html", "none.js", "%2e%2e%2fpage.py"):
        async with browser.session.get(f"/web/{name}") as answer:
            statuses[name] = answer.status

    assert "/web/app.js" in text
    assert len(scripts) > 10
    assert "default-src 'none'" in policy
    assert [name for name, status in statuses.items() if status != 200] == [
        "index.html", "none.js", "%2e%2e%2fpage.py",
    ]  # fmt: skip


def test_the_page_says_everything_in_dutch_too() -> None:
    """Whoever looks at it in Dutch meets no English sentence of the page's own."""
    words = (FILES / "words.js").read_text()
    known = {
        one.encode().decode("unicode_escape") if "\\" in one else one
        for one in re.findall(r'^  "(.+?)":', words, re.M)
    }
    said = set(re.findall(r'data-t(?:-label)?="([^"]+)"', (FILES / "index.html").read_text()))
    for path in FILES.glob("*.js"):
        text = path.read_text()
        for call in re.findall(r"\b(?:t|count)\(((?:[^()]|\([^()]*\))*)\)", text):
            said |= set(re.findall(r'"((?:[A-Z(,][^"]*|[a-z{1][^"]* [^"]*))"', call))

    assert len(said) > 60
    assert said - known == set()


async def test_you_are_at_first_whoever_wrote_most(browser: Browser) -> None:
    """The page opens as somebody who belongs there; a bot, a guest or one who has left is nobody to be."""
    space = browser.slack.workspace
    for user_id in (GUEST, GUEST, GUEST, "UGONE", "UGONE", BEN, BEN, ANNA):
        if user_id not in space.users:
            space.add_user(user_id, "gone", deleted=True)
        space.add_message(SALES, user_id, "words")
    first = await browser.state("")
    second = await browser.state("UGONE")

    assert first["me"] == second["me"] == BEN
    assert sorted(first["people"]) == [ANNA, BEN, CHEF, GUEST]


async def test_a_workspace_without_people_says_so(browser: Browser) -> None:
    """Nobody to be is an answer, and no error of ours."""
    browser.slack.workspace.users = {
        browser.slack.workspace.bot_user_id: browser.slack.workspace.users["UBOT"]
    }
    async with browser.session.get("/page/state") as answer:
        status, text = answer.status, await answer.text()

    assert status == 404
    assert "nobody" in text


async def test_a_person_sees_public_channels_and_their_own(browser: Browser) -> None:
    """Private conversations of others are neither listed nor opened; a guest sees only where they are."""
    browser.slack.workspace.add_channel("CNEW", "new", "public", [CHEF])
    anna = await browser.state(ANNA, channel=SECRET_ROOM)
    guest = await browser.state(GUEST)

    assert [one["id"] for one in anna["channels"]] == [SALES, CLOSED, "CNEW"]
    assert anna["refused"]
    assert anna["channel"] != SECRET_ROOM
    assert guest["channels"] == []
    assert guest["channel"] == guest["tab"]


async def test_the_list_says_where_threads_are(browser: Browser) -> None:
    """Each channel shows how many threads it has, and they can be listed, newest first."""
    old, new = _thread(browser.slack, 2), _thread(browser.slack, 3)
    browser.slack.workspace.add_message(SALES, BEN, "x" * 500)
    state = await browser.state(channel=SALES, view="threads")

    assert state["here"]["threads"] == 2
    assert [(one["ts"], one["replies"]) for one in state["threads"]] == [(new, 3), (old, 2)]


async def test_a_talk_of_several_is_called_by_its_people(browser: Browser) -> None:
    """A conversation without a name is listed by who else is in it."""
    browser.slack.workspace.add_channel("G1", "G1", "mpim", [ANNA, BEN, "UBOT"])
    state = await browser.state()

    assert state["channels"][-1]["name"] == "Ben Jansen"


async def test_of_a_long_channel_the_newest_are_shown(browser: Browser) -> None:
    """A big channel opens fast, says how many older messages it leaves out, and a thread keeps its parent."""
    root = _thread(browser.slack, MESSAGES_SHOWN + 5)
    for number in range(MESSAGES_SHOWN + 1):
        browser.slack.workspace.add_message(SALES, BEN, f"line {number}")
    channel = await browser.state(channel=SALES)
    thread = await browser.state(channel=SALES, thread=root)

    assert (len(channel["messages"]), channel["left_out"]) == (MESSAGES_SHOWN, 2)
    assert channel["messages"][-1]["text"] == f"line {MESSAGES_SHOWN}"
    assert (thread["messages"][0]["text"], thread["messages"][1]["text"]) == ("root", "reply 5")
    assert thread["left_out"] == 5


async def test_no_change_is_lost_between_two_looks(browser: Browser) -> None:
    """What happens while the page draws is shown at once: a wait for an older version does not wait."""
    seen = (await browser.state())["version"]
    await browser.do("say", channel=SALES, text="hello")
    async with browser.session.get("/page/wait", params={"version": seen}) as answer:
        newer = (await answer.json())["version"]
    waiting = asyncio.create_task(
        browser.session.get("/page/wait", params={"version": str(browser.slack.version)})
    )
    browser.slack.changed()
    async with asyncio.timeout(5), await waiting as answer:
        newest = (await answer.json())["version"]

    assert seen < newer < newest


async def test_a_wait_ends_by_itself(browser: Browser) -> None:
    """A page that nobody writes to asks again now and then, and is answered."""
    browser.slack.longest_wait_s = 0.01
    async with browser.session.get("/page/wait", params={"version": str(browser.slack.version)}) as answer:
        version = (await answer.json())["version"]

    assert version == browser.slack.version


async def test_the_messages_tab_shows_what_is_being_written(browser: Browser) -> None:
    """A stream in a thread of the messages tab is seen there, with its status, and Stop reaches the bot."""
    tab = (await browser.state())["tab"]
    await browser.do("say", channel=tab, text="hello")
    root = browser.slack.messages(tab)[0]["ts"]
    call = browser.slack.api.call
    browser.slack.api.scopes.add("assistant:write")
    call("chat.startStream", {"channel": tab, "thread_ts": root, "markdown_text": "so far"})
    call("assistant.threads.setStatus", {"channel_id": tab, "thread_ts": root, "status": "is thinking"})
    prompts = [{"title": "Help", "message": "help"}]
    call("assistant.threads.setSuggestedPrompts", {"channel_id": tab, "prompts": prompts})
    state = await browser.state(channel=tab)
    await browser.do("stop", channel=tab, thread=root)
    stopped = await browser.state(channel=tab)

    assert state["messages"][-1]["streaming_state"] == "in_progress"
    assert state["statuses"] == [{"thread_ts": root, "text": "is thinking"}]
    assert state["prompts"] == prompts
    assert state["tab_latest"] == state["messages"][-1]["ts"]
    assert stopped["messages"][-1]["streaming_state"] == "stopped"
    assert browser.kinds()[-1] == "agent_session_stopped"


# What people do


async def test_words_reach_the_bot_as_slack_keeps_them(browser: Browser) -> None:
    """A name is a mention, an address is a link, and signs are escaped, as a real Slack would send them."""
    await browser.do("say", channel=SALES, text="@tijdwinst 1 < 2, see https://example.com/a?b=1&c=2.")
    (message,) = browser.slack.messages(SALES)

    assert message["text"] == "<@UBOT> 1 &lt; 2, see <https://example.com/a?b=1&amp;c=2>."
    assert "app_mention" in browser.kinds()


async def test_files_go_with_a_message_and_come_back_to_its_readers(browser: Browser) -> None:
    """A file can be fetched by whoever sees the conversation; nobody else, and never as a page of ours."""
    form = aiohttp.FormData({"user": CHEF, "channel": SECRET_ROOM, "text": "look"})
    form.add_field("file", b"<script>", filename="plan.html")
    async with browser.session.post("/page/send", data=form) as answer:
        assert answer.status == 200
    (message,) = browser.slack.messages(SECRET_ROOM)
    told = message["files"][0]
    got = {}
    for user in (CHEF, ANNA):
        async with browser.session.get(f"/page/file/{told['id']}/x", params={"user": user}) as answer:
            got[user] = (answer.status, await answer.read(), answer.headers.get("Content-Disposition", ""))

    assert (message["text"], told["name"]) == ("look", "plan.html")
    assert got[CHEF][:2] == (200, b"<script>")
    assert got[CHEF][2].startswith("attachment")
    assert got[ANNA][0] == 404


async def test_whoever_acts_in_a_public_channel_joins_it(browser: Browser) -> None:
    """The bot can answer only those who are there, so acting in a public channel joins it; private ones stay shut."""
    browser.slack.workspace.add_channel("CNEW", "new", "public", [CHEF, "UBOT"])
    looked = await browser.state(channel="CNEW")
    said = await browser.do("say", channel="CNEW", text="hello")
    refused = await browser.do("say", channel=SECRET_ROOM, text="hello")

    assert not looked["here"]["member"]
    assert said == {"status": 200}
    assert ANNA in browser.slack.workspace.channels["CNEW"].members
    assert "do not see" in refused["error"]
    assert browser.slack.messages(SECRET_ROOM) == []


async def test_a_command_is_answered_in_place(browser: Browser) -> None:
    """Only the asker sees the answer, where they typed the command, from the app, and can put it away."""
    browser.answer = {"text": "on it"}
    await browser.do("say", channel=SALES, text="/summarize\nlink\nmore")
    anna, ben = await browser.state(channel=SALES), await browser.state(BEN, channel=SALES)
    (hidden,) = anna["messages"]
    await browser.do("dismiss", channel=SALES, ts=hidden["ts"])
    after = await browser.state(channel=SALES)

    assert (hidden["text"], hidden["user"], hidden["hidden"]) == ("on it", "UBOT", True)
    assert browser.heard[0]["text"] == "link\nmore"
    assert ben["messages"] == after["messages"] == []


async def test_slack_takes_no_command_in_a_thread(browser: Browser) -> None:
    """As in Slack, a command in a thread is refused, with what to do instead."""
    root = _thread(browser.slack, 1)
    told = await browser.do("say", channel=SALES, thread=root, text="/summarize")

    assert "Go back to the channel" in told["error"]
    assert browser.heard == []


async def test_the_bot_can_be_invited(browser: Browser) -> None:
    """Where the bot is not, the page offers to invite it; so does the command that the bot names."""
    before = await browser.state(channel=CLOSED)
    await browser.do("say", channel=CLOSED, text="/invite @Tijdwinst")
    after = await browser.state(channel=CLOSED)
    await browser.do("invite", channel=CLOSED)

    assert (before["here"]["bot"], after["here"]["bot"]) == (False, True)
    assert browser.slack.workspace.channels[CLOSED].members.count("UBOT") == 1


async def test_everybody_has_a_language_and_shortcuts(browser: Browser) -> None:
    """The language is the person's own, as the bot reads it too; the workspace's shortcuts are the manifest's."""
    before = await browser.state()
    browser.slack.events.add("user_change")
    await browser.do("locale", locale="nl-NL")
    after, ben = await browser.state(), await browser.state(BEN)
    await browser.do("global", callback=before["shortcuts"][-1]["callback_id"])

    assert [one["locale"] for one in (before, after, ben)] == ["en-US", "nl-NL", "en-US"]
    assert browser.heard[0]["user"]["locale"] == "nl-NL"
    assert (browser.heard[-1]["type"], browser.heard[-1]["callback_id"]) == ("shortcut", "new_draft")


async def test_a_menu_is_filled_with_what_the_bot_offers(browser: Browser) -> None:
    """What somebody types goes to the bot, and its choices come back; a broken bot gives none."""
    menu = {
        **text_field("who"),
        "element": {"type": "external_select", "action_id": "who", "min_query_length": 1},
    }
    browser.open_form(blocks=[menu])
    offered = [{"text": {"type": "plain_text", "text": "Hotel"}, "value": "h"}]
    browser.answer = {"options": offered}
    found = await browser.do("suggest", action="who", query="Ho")
    browser.answer = {"options": [{"text": {"type": "plain_text", "text": "Inn"}, "value": "i"}]}
    await browser.do("suggest", action="who", query="In")
    browser.answer = {"response_action": "errors", "errors": {"who": "no"}}
    chosen = await browser.do("submit", values={"who": {"who": "h"}})
    browser.answer, browser.status = {}, 500
    broken = await browser.do("suggest", action="who", query="Ho")

    assert found["options"] == offered
    assert browser.heard[0]["value"] == "Ho"
    assert chosen["errors"] == {"who": "no"}
    assert browser.heard[2]["view"]["state"]["values"]["who"]["who"]["selected_option"] == offered[0]
    assert broken["error"] == "the bot answered 500"


async def test_a_press_in_a_message_tells_its_other_fields(browser: Browser) -> None:
    """What was chosen in a menu beside a button goes along with the button."""
    menu = {"type": "users_select", "action_id": "who"}
    (button, *_) = cast("list[dict[str, Any]]", BUTTONS["elements"])
    row = {"type": "actions", "block_id": "row", "elements": [menu, button]}
    posted = browser.slack.workspace.add_message(SALES, "UBOT", "words", blocks=[row])
    values = {"row": {"who": BEN}}
    await browser.do("click", channel=SALES, ts=posted["ts"], action=button["action_id"], values=values)

    assert browser.heard[-1]["state"]["values"]["row"]["who"]["selected_user"] == BEN


async def test_buttons_that_share_a_name_are_told_apart(browser: Browser) -> None:
    """In a list with a button on each line, the pressed line's own button is pressed."""
    buttons = [{**BUTTONS, "block_id": name} for name in ("one", "two")]
    posted = browser.slack.api.call("chat.postMessage", {"channel": SALES, "text": "x", "blocks": buttons})
    await browser.do("click", channel=SALES, ts=posted["ts"], action="size", block="two", value="m")
    (action,) = browser.heard[-1]["actions"]

    assert (action["block_id"], action["selected_option"]["value"]) == ("two", "m")


async def test_a_form_keeps_what_is_filled_in(browser: Browser) -> None:
    """A press inside a form tells the bot what stands in its fields, and the form keeps it."""
    browser.open_form()
    values = {"words": {"a": "typed"}}
    await browser.do("click_view", action="go", block="more", values=values)
    state = await browser.state()

    assert browser.heard[-1]["view"]["state"]["values"]["words"]["a"]["value"] == "typed"
    assert state["modal"]["state"]["values"]["words"]["a"]["value"] == "typed"


async def test_errors_of_a_form_name_their_fields(browser: Browser) -> None:
    """What Slack's client or the bot finds wrong comes back by field, and the form stays open."""
    browser.open_form()
    empty = await browser.do("submit", values={"words": {"a": ""}})
    browser.answer = {"response_action": "errors", "errors": {"words": "Not so"}}
    refused = await browser.do("submit", values={"words": {"a": "bad"}})
    browser.answer, browser.status = {}, 500
    broken = await browser.do("submit", values={"words": {"a": "good"}})

    assert empty["errors"] == {"words": "Please complete this required field."}
    assert refused["errors"] == {"words": "Not so"}
    assert broken["error"] == "the bot answered 500"
    assert (await browser.state())["modal"]


async def test_a_form_takes_files(browser: Browser) -> None:
    """Files in a form reach the bot, which may fetch them; others may not."""
    browser.open_form()
    form = aiohttp.FormData({"user": ANNA})
    form.add_field("file", b"1;2", filename="prices.csv")
    async with browser.session.post("/page/upload", data=form) as answer:
        (file,) = (await answer.json())["files"]
    await browser.do("submit", values={"words": {"a": "x"}, "papers": {"papers": [file["id"]]}})
    told = browser.heard[-1]["view"]["state"]["values"]["papers"]["papers"]["files"][0]
    headers = {"Authorization": f"Bearer {browser.slack.token}"}
    browser.slack.api.scopes.add("files:read")
    async with browser.session.get(told["url_private"], headers=headers) as answer:
        content = await answer.read()
    async with browser.session.get(f"/page/file/{file['id']}/x", params={"user": BEN}) as answer:
        status = answer.status

    assert told["name"] == "prices.csv"
    assert (content, status) == (b"1;2", 404)


async def test_forms_stand_on_each_other(browser: Browser) -> None:
    """Closing the form on top shows the one beneath it again; the page says that there is one."""
    browser.open_form()
    trigger_id = browser.slack.state.new_trigger(ANNA)
    browser.slack.api.call("views.push", {"trigger_id": trigger_id, "view": FORM})
    pushed = await browser.state()
    await browser.do("close")
    back = await browser.state()
    await browser.do("close", every=True)

    assert (pushed["beneath"], back["beneath"]) == (1, 0)
    assert pushed["modal"]["id"] != back["modal"]["id"]
    assert (await browser.state())["modal"] is None


async def test_the_home_tab_and_the_messages_tab_are_opened(browser: Browser) -> None:
    """Opening a tab tells the bot, and the buttons of the Home tab work."""
    view = {"type": "home", "blocks": [BUTTONS]}
    browser.slack.api.call("views.publish", {"user_id": ANNA, "view": view})
    await browser.do("home")
    await browser.do("tab")
    await browser.do("click_view", action="go")

    assert [one.get("tab") for one in browser.heard[:2]] == ["home", "messages"]
    assert browser.heard[2]["actions"][0]["value"] == "1"
    assert (await browser.state())["home"]["blocks"][0]["block_id"] == "buttons"


@pytest.mark.parametrize(
    ("done", "wanted"),
    [
        ({"do": "dance"}, "nothing called 'dance'"),
        ({"do": "say", "user": "UNOBODY"}, "no such person"),
        ({"do": "click", "channel": SALES, "ts": "1.0", "action": "approve"}, "1.0"),
        ({"do": "click_view", "action": "go"}, "no view is open"),
        ({"do": "submit"}, "no form is open"),
        ({"do": "say", "channel": SALES, "thread": "1.0", "text": "x"}, "that thread is gone"),
        ([], "no object"),
    ],
)
async def test_what_cannot_be_done_is_told(browser: Browser, done: Any, wanted: str) -> None:
    """A press on something that is gone gets a sentence on the page, and the page goes on."""
    body = {"user": ANNA, **done} if isinstance(done, dict) else done
    async with browser.session.post("/page/do", json=body) as answer:
        told = await answer.json()

    assert (answer.status, told["status"]) == (400, 0)
    assert wanted in told["error"]


async def test_odd_requests_are_refused(browser: Browser) -> None:
    """Other pages in the same browser cannot act here, and what is no form or no JSON is said to be none."""
    statuses = []
    other = {"Origin": "https://evil.example.com"}
    for path, more in (
        ("/page/do", {"json": {"do": "home", "user": ANNA}, "headers": other}),
        ("/page/do", {"data": b"no json"}),
        ("/page/send", {"data": b"no form"}),
        ("/page/upload", {"data": aiohttp.FormData({"user": "UNOBODY"}, default_to_multipart=True)}),
        ("/page/send", {"data": aiohttp.FormData({"user": "UNOBODY"}, default_to_multipart=True)}),
    ):
        async with browser.session.post(path, **more) as answer:
            statuses.append(answer.status)

    assert statuses == [403, 400, 400, 400, 400]
    assert browser.heard == []


async def test_files_that_are_too_large_are_refused(browser: Browser) -> None:
    """A film dropped into a message is refused, and nothing of it is said."""
    form = aiohttp.FormData({"user": ANNA, "channel": SALES})
    form.add_field("file", io.BytesIO(bytes(BODY_LIMIT_BYTES + 1)), filename="film.mp4")
    async with browser.session.post("/page/send", data=form) as answer:
        status = answer.status

    assert status == 413
    assert browser.slack.messages(SALES) == []


async def test_the_page_does_not_wait_for_a_bot_that_is_gone(browser: Browser) -> None:
    """Words are said at once although the bot takes them only later, as Slack sends them again for minutes."""
    browser.slack.taken_within_s = 0.05
    browser.slack.deliveries.retry_delays_s = (60.0,)
    browser.status = 500
    told = await browser.do("say", channel=SALES, text="@Tijdwinst hello")

    assert "sent again" in told["error"]
    assert browser.slack.messages(SALES)[0]["text"] == "<@UBOT> hello"


async def test_an_archived_channel_is_only_read(browser: Browser) -> None:
    """The page shows that a channel is archived, and what is written there anyway is refused."""
    browser.slack.workspace.channels[SALES].is_archived = True
    state = await browser.state(channel=SALES)
    told = await browser.do("say", channel=SALES, text="hello")

    assert state["here"]["archived"]
    assert "archived" in told["error"]


async def test_what_was_told_elsewhere_is_known(browser: Browser) -> None:
    """A message for one person in another channel can be shown to them where they are."""
    told = {"channel": SALES, "user": ANNA, "text": "psst"}
    browser.slack.api.call("chat.postEphemeral", told)
    anna, ben = await browser.state(channel=CLOSED), await browser.state(BEN)

    assert (anna["told"]["text"], anna["told"]["channel"]) == ("psst", SALES)
    assert ben["told"] is None


async def test_the_page_offers_what_the_bot_finds(browser: Browser) -> None:
    """While somebody types into a menu of the bot's, the page gets its options, and can send one of them in."""
    option = {"text": {"type": "plain_text", "text": "Noord"}, "value": "7"}
    menu = {"type": "external_select", "action_id": "who", "min_query_length": 0}
    browser.open_form(blocks=[{**text_field("who", optional=True), "element": menu}])
    browser.answer = {"options": [option]}
    found = await browser.do("suggest", action="who", block="who", query="no")
    browser.answer = {}
    never = await browser.do("submit", values={"who": {"who": "9"}})
    await browser.do("submit", values={"who": {"who": "7"}})

    assert found["options"] == [option]
    assert "no option" in never["error"]
    assert browser.heard[-1]["view"]["state"]["values"]["who"]["who"]["selected_option"] == option
