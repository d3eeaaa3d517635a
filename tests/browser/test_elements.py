"""Every element that a form, the Home tab or a message may hold, worked by hand before an app that only listens."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Locator, Page, expect

from bot.sandbox.page import ShownSlack
from tests.browser.test_access import faults
from tests.conftest import ANNA, BEN, SALES, SECRET, make_slack

pytestmark = pytest.mark.asyncio(loop_scope="session")


def plain(words: str) -> dict[str, Any]:
    """Write a text object."""
    return {"type": "plain_text", "text": words}


def options(*words: str) -> list[dict[str, Any]]:
    """Write options whose values are their words in small letters."""
    return [{"text": plain(word), "value": word.lower()} for word in words]


def ask(name: str, kind: str, **more: Any) -> dict[str, Any]:
    """Write an input block; *more* beginning with `_` belongs to the block."""
    own = {key[1:]: value for key, value in more.items() if key.startswith("_")}
    element = {key: value for key, value in more.items() if not key.startswith("_")}
    return {
        "type": "input", "block_id": name, "label": plain(name.replace("_", " ").capitalize()), "optional": True,
        "element": {"type": kind, "action_id": name, **element}, **own,
    }  # fmt: skip


PLANTS = ("Rose", "Olive", "Fern", "Ivy", "Moss", "Yew", "Oak", "Fig", "Box")
FORM = {
    "type": "modal", "title": plain("Everything"), "submit": plain("Send"), "callback_id": "all",
    "notify_on_close": True,
    "blocks": [
        ask("words", "plain_text_input", focus_on_load=True, _hint=plain("A hint")),
        ask("amount", "number_input", is_decimal_allowed=False, min_value="2"),
        ask("mail", "email_text_input"),
        ask("site", "url_text_input"),
        ask("day", "datepicker"),
        ask("hour", "timepicker"),
        ask("moment", "datetimepicker"),
        ask("plant", "static_select", options=options(*PLANTS)),
        ask("plants", "multi_static_select", options=options(*PLANTS), max_selected_items=2),
        ask("people", "multi_users_select"),
        ask("room", "conversations_select"),
        ask("customer", "external_select", min_query_length=2),
        ask("extras", "checkboxes", options=options("Pot", "Soil")),
        ask("size", "radio_buttons", options=options("Small", "Large")),
        ask("story", "rich_text_input"),
        ask("papers", "file_input", filetypes=["csv"], max_files=1),
    ],
}  # fmt: skip


@dataclass
class App:
    """A page, and the app behind it that keeps what it hears and answers what it is told to."""

    slack: ShownSlack
    page: Page
    heard: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def listen(self, request: web.Request) -> web.Response:
        """Take what Slack sends."""
        if request.content_type == "application/json":
            self.heard.append((await request.json())["event"])
        else:
            form = dict(await request.post())
            self.heard.append(json.loads(str(form["payload"])) if "payload" in form else form)
        return web.json_response(self.answers.get(self.heard[-1].get("type", ""), {}))

    def open(self, view: dict[str, Any]) -> None:
        """Open a form for Anna."""
        self.slack.api.call("views.open", {"trigger_id": self.slack.state.new_trigger(ANNA), "view": view})
        self.slack.changed("view")

    async def told(self, kind: str, count: int = 1) -> dict[str, Any]:
        """Return what the app heard last of a kind, once it heard so much."""
        await self.slack.wait_for(lambda: len(self.of(kind)) >= count)
        return self.of(kind)[-1]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return what the app heard of a kind."""
        return [one for one in self.heard if one.get("type") == kind]

    @property
    def form(self) -> Locator:
        """The form on top."""
        return self.page.get_by_role("dialog", name="Everything")


@pytest_asyncio.fixture(loop_scope="session")
async def app(window: Page) -> AsyncIterator[App]:
    """Anna's window on the messages tab."""
    async with ShownSlack(make_slack().workspace, retry_delays_s=()) as slack:
        made = App(slack, window)
        server = web.Application()
        server.router.add_post("/", made.listen)
        runner = web.AppRunner(server, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        slack.connect_http(f"http://127.0.0.1:{runner.addresses[0][1]}/", SECRET)
        await made.page.goto(f"{slack.url}/#{SALES}")
        await made.page.get_by_role("combobox", name="You are").select_option(label="Anna de Vries")
        yield made
        await window.goto("about:blank")
        await runner.cleanup()


async def test_a_form_takes_every_kind_of_value(app: App, tmp_path: Path) -> None:
    """Each element is found by its label and worked as it looks; the app is told what Slack would tell it."""
    (tmp_path / "list.csv").write_text("a;b\n")
    app.answers["block_suggestion"] = {"options": options("Hotel Duinzicht", "Hotel Zeezicht")}
    app.open(FORM)
    form = app.form
    await expect(form.get_by_role("textbox", name="Words")).to_be_focused()
    await form.get_by_role("textbox", name="Words").fill("some words")
    await form.get_by_role("textbox", name="Amount").fill("3")
    await form.get_by_role("textbox", name="Mail").fill("anna@example.com")
    await form.get_by_role("textbox", name="Site").fill("https://example.com/x")
    await form.get_by_label("Day (optional)").fill("2026-12-24")
    await form.get_by_label("Hour (optional)").fill("09:30")
    await form.get_by_label("Moment (optional)").fill("2026-12-24T09:30")
    await form.get_by_role("combobox", name="Plant").select_option(label="Fig")
    plants = form.get_by_role("group", name="Plants")
    await plants.get_by_role("searchbox", name="Filter").fill("o")
    await expect(plants.get_by_role("checkbox", name="Fern")).to_be_hidden()
    await plants.get_by_role("checkbox", name="Rose").check()
    await plants.get_by_role("checkbox", name="Moss").check()
    await expect(plants.get_by_role("checkbox", name="Olive")).to_be_disabled()
    await form.get_by_role("group", name="People").get_by_role("checkbox", name="Ben Jansen").check()
    await form.get_by_role("combobox", name="Room").select_option(label="# sales")
    await form.get_by_role("group", name="Extras").get_by_role("checkbox", name="Soil").check()
    await form.get_by_role("radiogroup", name="Size").get_by_role("radio", name="Large").check()
    await form.get_by_role("textbox", name="Story").fill("Once upon a time")
    await form.get_by_label("Papers (optional)").set_input_files(tmp_path / "list.csv")
    await expect(form.get_by_text("list.csv")).to_be_visible()
    customer = form.get_by_role("combobox", name="Customer")
    await customer.press_sequentially("Ho")
    await form.get_by_role("option", name="Hotel Zeezicht").click()
    await expect(customer).to_have_value("Hotel Zeezicht")
    wrong = await faults(app.page)
    await form.get_by_role("button", name="Send").click()
    values = (await app.told("view_submission"))["view"]["state"]["values"]
    held = {name: {k: v for k, v in one[name].items() if k != "type"} for name, one in values.items()}
    (file,) = held.pop("papers")["files"]
    (story,) = held.pop("story")["rich_text_value"]["elements"]

    assert wrong == []
    assert held == {
        "words": {"value": "some words"}, "amount": {"value": "3"}, "mail": {"value": "anna@example.com"},
        "site": {"value": "https://example.com/x"}, "day": {"selected_date": "2026-12-24"},
        "hour": {"selected_time": "09:30"}, "moment": {"selected_date_time": 1798101000},
        "plant": {"selected_option": options("Fig")[0]}, "plants": {"selected_options": options("Rose", "Moss")},
        "people": {"selected_users": [BEN]}, "room": {"selected_conversation": SALES},
        "customer": {"selected_option": options("Hotel Zeezicht")[0]},
        "extras": {"selected_options": options("Soil")}, "size": {"selected_option": options("Large")[0]},
    }  # fmt: skip
    assert (file["name"], story["elements"][0]["text"]) == ("list.csv", "Once upon a time")


async def test_what_is_wrong_stands_at_its_field(app: App) -> None:
    """What Slack's client refuses is not sent; the first wrong field has the focus and says why."""
    app.open(FORM)
    form = app.form
    amount = form.get_by_role("textbox", name="Amount")
    mail = form.get_by_role("textbox", name="Mail")
    await amount.fill("2.5")
    await mail.fill("nobody")
    await form.get_by_role("button", name="Send").click()
    await expect(amount).to_be_focused()

    await expect(amount).to_have_accessible_description("Enter a whole number.")
    await expect(mail).to_have_accessible_description("Enter an e-mail address.")
    assert app.of("view_submission") == []


async def test_an_app_hears_what_is_typed_and_the_caret_stays(app: App) -> None:
    """Where it asks for each character it gets them, and may draw the form anew under the typing hands."""
    told = {"trigger_actions_on": ["on_character_entered"]}
    typing = ask("words", "plain_text_input", _dispatch_action=True, dispatch_action_config=told)
    entered = ask("entered", "plain_text_input", _dispatch_action=True)
    view = {**FORM, "blocks": [typing, entered]}
    app.open(view)
    words = app.form.get_by_role("textbox", name="Words")
    await words.press_sequentially("ab")
    await app.slack.wait_for(
        lambda: [one["actions"][0]["value"] for one in app.of("block_actions")][-1:] == ["ab"]
    )
    view_id = app.slack.modals[ANNA]["id"]
    more = {"type": "section", "text": plain("Two letters")}
    app.slack.api.call(
        "views.update", {"view_id": view_id, "view": {**view, "blocks": [more, typing, entered]}}
    )
    app.slack.changed("view")
    await expect(app.form.get_by_text("Two letters")).to_be_visible()
    await expect(words).to_be_focused()
    await app.page.keyboard.type("c")
    await expect(words).to_have_value("abc")
    await app.form.get_by_role("textbox", name="Entered").fill("done")
    heard = len(app.of("block_actions"))
    await app.page.keyboard.press("Enter")
    last = await app.told("block_actions", heard + 1)

    assert (last["actions"][0]["action_id"], last["actions"][0]["value"]) == ("entered", "done")
    assert last["view"]["state"]["values"]["words"]["words"]["value"] == "abc"
    assert app.of("view_submission") == []


async def test_escape_closes_one_form_at_a_time(app: App) -> None:
    """A form that was put over another gives way to it, with what was typed there; the app hears of each."""
    app.answers["view_submission"] = {
        "response_action": "push",
        "view": {**FORM, "title": plain("Second"), "blocks": [ask("more", "plain_text_input")]},
    }
    await app.page.get_by_role("textbox", name="Message").focus()
    app.open(
        {
            **FORM,
            "blocks": [
                ask("words", "plain_text_input"),
                ask("customer", "external_select", min_query_length=0),
            ],
        }
    )
    await app.form.get_by_role("textbox", name="Words").fill("kept")
    await app.form.get_by_role("button", name="Send").click()
    second = app.page.get_by_role("dialog", name="Second")
    await expect(second.get_by_role("button", name="Back")).to_be_visible()
    await app.page.keyboard.press("Escape")
    await expect(app.form.get_by_role("textbox", name="Words")).to_have_value("kept")
    app.answers["block_suggestion"] = {"options": options("One", "Two")}
    await app.form.get_by_role("combobox", name="Customer").focus()
    await expect(app.form.get_by_role("option")).to_have_count(2)
    await app.page.keyboard.press("Escape")
    await expect(app.form.get_by_role("option")).to_have_count(0)
    await expect(app.form).to_be_visible()
    await app.page.keyboard.press("Escape")
    await expect(app.page.get_by_role("dialog")).to_have_count(0)

    await expect(app.page.get_by_role("textbox", name="Message")).to_be_focused()
    assert [one["view"]["title"]["text"] for one in app.of("view_closed")] == ["Second", "Everything"]


CONFIRM = {
    "title": plain("Sure?"),
    "text": plain("It is for ever."),
    "confirm": plain("Do it"),
    "deny": plain("No"),
}
HOME: dict[str, Any] = {
    "type": "home",
    "blocks": [
        {"type": "header", "text": plain("At home")},
        ask("note", "plain_text_input"),
        {
            "type": "section", "block_id": "row", "text": {"type": "mrkdwn", "text": "*A row*"},
            "accessory": {"type": "overflow", "action_id": "more", "options": options("First", "Second")},
        },
        {
            "type": "actions", "block_id": "deeds",
            "elements": [
                {"type": "radio_buttons", "action_id": "which", "options": options("Left", "Right")},
                {
                    "type": "static_select", "action_id": "plant", "placeholder": plain("A plant"),
                    "options": options(*PLANTS),
                },
                {"type": "datepicker", "action_id": "day", "placeholder": plain("A day")},
                {"type": "button", "action_id": "go", "text": plain("Go"), "style": "danger", "confirm": CONFIRM},
            ],
        },
        {"type": "carousel", "elements": [{"type": "card", "title": plain("A card"), "body": plain("Its body")}]},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}], [{"type": "raw_text", "text": "1"}]]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "Small print"}]},
    ],
}  # fmt: skip


async def test_the_home_tab_holds_fields_menus_and_questions(app: App) -> None:
    """It is worked by keyboard as by mouse; what stands in its fields is told with every press."""
    page = app.page
    await page.get_by_role("link", name="Tijdwinst: Home").click()
    await expect(page.get_by_text("has published no Home tab yet")).to_be_visible()
    long = [{"type": "section", "text": plain(f"Line {n}")} for n in range(60)]
    app.slack.api.call(
        "views.publish", {"user_id": ANNA, "view": {**HOME, "blocks": [*HOME["blocks"], *long]}}
    )
    app.slack.changed("view")
    await expect(page.get_by_role("heading", name="At home")).to_be_in_viewport()
    await page.get_by_role("textbox", name="Note").fill("noted")
    await page.get_by_role("button", name="More actions").press("ArrowDown")
    await expect(page.get_by_role("menuitem", name="First")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    chosen = await app.told("block_actions")
    await expect(page.get_by_role("button", name="More actions")).to_be_focused()
    await page.get_by_role("radio", name="Right").check()
    await app.told("block_actions", 2)
    await page.get_by_role("combobox", name="A plant").select_option(label="Ivy")
    await app.told("block_actions", 3)
    await page.get_by_role("button", name="Go").click()
    question = page.get_by_role("dialog", name="Sure?")
    await expect(question).to_have_accessible_description("It is for ever.")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Go")).to_be_focused()
    await page.keyboard.press("Enter")
    await question.get_by_role("button", name="Do it").click()
    pressed = await app.told("block_actions", 4)
    values = pressed["view"]["state"]["values"]
    wrong = await faults(page)

    assert chosen["actions"][0]["selected_option"]["value"] == "second"
    assert pressed["actions"][0]["action_id"] == "go"
    assert values["note"]["note"]["value"] == "noted"
    assert values["deeds"]["which"]["selected_option"]["value"] == "right"
    assert values["deeds"]["plant"]["selected_option"]["value"] == "ivy"
    assert wrong == []


async def test_amounts_stand_under_each_other(app: App) -> None:
    """A column that the bot sets to the right stands there, in a draft's table as in the digest's."""
    rows = [
        [{"type": "raw_text", "text": words} for words in row]
        for row in (("What", "Sum"), ("Hour", "€ 9,00"))
    ]
    blocks = [
        {"type": "markdown", "text": "| Lamp | Price |\n| --- | ---: |\n| Big | € 1.205,16 |"},
        {"type": "table", "rows": rows, "column_settings": [{"align": "left"}, {"align": "right"}]},
    ]
    app.slack.workspace.add_message(SALES, app.slack.workspace.bot_user_id, "Sums", blocks=blocks)
    app.slack.changed("message")

    for amount, name in (("€ 1.205,16", "Big"), ("€ 9,00", "Hour")):
        await expect(app.page.get_by_role("cell", name=amount)).to_have_css("text-align", "right")
        await expect(app.page.get_by_role("cell", name=name)).to_have_css("text-align", "left")


async def test_an_answer_is_read_while_it_is_written(app: App) -> None:
    """Text grows as it comes and Stop stops it; a whole answer is read aloud once, without what stands around it."""
    page, slack, call = app.page, app.slack, app.slack.api.call
    im = slack.workspace.im_with(ANNA).id
    slack.api.scopes.add("assistant:write")
    prompts = {
        "channel_id": im,
        "title": "You could ask",
        "prompts": [{"title": "Help me", "message": "help"}],
    }
    call("assistant.threads.setSuggestedPrompts", prompts)
    await page.get_by_role("link", name="Tijdwinst: Messages").click()
    await expect(page.get_by_role("group", name="Suggestions")).to_contain_text("You could ask")
    await page.get_by_role("button", name="Help me").click()
    (asked,) = slack.messages(im)
    place = {"channel_id": im, "thread_ts": asked["ts"]}
    call("assistant.threads.setStatus", {**place, "status": "is thinking"})
    call("assistant.threads.setTitle", {**place, "title": "About help"})
    slack.changed("message")
    await expect(page.get_by_role("status").filter(has_text="Tijdwinst is thinking")).to_be_visible()
    await expect(page.get_by_text("About help")).to_be_visible()
    stream = {"channel": im, "ts": call("chat.startStream", {"channel": im, "thread_ts": asked["ts"]})["ts"]}
    for words, seen in (("One", "One"), (" two", "One two")):
        call("chat.appendStream", {**stream, "markdown_text": words})
        slack.changed("message")
        await expect(page.get_by_role("article").filter(has_text=seen)).to_be_visible()
    await page.get_by_role("button", name="Stop").click()
    stopped = await app.told("agent_session_stopped")
    await expect(page.get_by_text("Stopped.")).to_be_visible()
    thumbs = {
        "type": "feedback_buttons", "action_id": "thumbs",
        "positive_button": {"text": plain("Good"), "value": "good"},
        "negative_button": {"text": plain("Bad"), "value": "bad"},
    }  # fmt: skip
    blocks = [
        {"type": "markdown", "text": "**Three** words here"},
        {"type": "context_actions", "elements": [thumbs]},
    ]
    call("chat.postMessage", {"channel": im, "text": "x", "blocks": blocks})
    slack.changed("message")
    await page.get_by_role("button", name="Good").click()
    liked = await app.told("block_actions")

    await expect(page.get_by_role("button", name="Good")).to_have_attribute("aria-pressed", "true")
    await expect(
        page.get_by_role("status").get_by_text("Tijdwinst: Three words here", exact=True)
    ).to_have_count(1)
    assert stopped["streaming_message_ts"] == [stream["ts"]]
    assert liked["actions"][0]["value"] == "good"


async def test_files_are_sent_seen_and_saved(app: App, tmp_path: Path) -> None:
    """A table opens in place, a PDF in a tab of its own, and what somebody sends goes along with their words."""
    (tmp_path / "prices.csv").write_text('article;price\n"Rose; red";12,50\n')
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    page = app.page
    await page.get_by_label("Add files").set_input_files([tmp_path / "prices.csv", tmp_path / "paper.pdf"])
    await page.get_by_role("textbox", name="Message").fill("Two papers")
    await page.keyboard.press("Enter")
    message = page.get_by_role("article").filter(has_text="Two papers")
    await message.get_by_text("Preview").click()
    pdf = message.get_by_role("link", name="Open paper.pdf in a new tab")
    answer = await page.request.get(f"{app.slack.url}{await pdf.get_attribute('href')}")

    await expect(message.get_by_role("cell", name="Rose; red")).to_be_visible()
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("inline")
