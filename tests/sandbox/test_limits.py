"""The local Slack refuses what Slack refuses, and takes whatever its SDK can build."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models import blocks as sdk
from slack_sdk.models.blocks import block_elements

from bot.sandbox.block_rules import BLOCKS
from bot.sandbox.limits import SURFACES, Surface, check_blocks, check_message, check_view, message_error

Block = dict[str, Any]

WORDS = sdk.PlainTextObject(text="words")
OPTION = sdk.Option(value="1", text="One")
OTHER = sdk.Option(value="2", text="Two")
IMAGE = sdk.ImageElement(image_url="https://example.com/a.png", alt_text="a pot")
BUTTON = sdk.ButtonElement(text="Go", action_id="go", value="1", style="primary", confirm=sdk.ConfirmObject(
    title="Sure?", text="It is sent.", confirm="Yes", deny="No"))  # fmt: skip
RICH = sdk.RichTextBlock(
    elements=[sdk.RichTextSectionElement(elements=[sdk.RichTextElementParts.Text(text="rich")])]
)
TASK = sdk.TaskCardBlock(task_id="t", title="Read", status="complete", details=RICH, output=RICH,
                         sources=[sdk.UrlSourceElement(url="https://example.com", text="src")])  # fmt: skip
CARD = sdk.CardBlock(title="Card", body="Body", hero_image=IMAGE, actions=[BUTTON])

MENUS: tuple[Any, ...] = (
    sdk.StaticSelectElement(placeholder="p", options=[OPTION, OTHER], initial_option=OPTION),
    sdk.StaticSelectElement(placeholder="p", option_groups=[sdk.OptionGroup(label="g", options=[OPTION])]),
    sdk.StaticMultiSelectElement(placeholder="p", options=[OPTION], initial_options=[OPTION]),
    sdk.ExternalDataSelectElement(placeholder="p", min_query_length=0),
    sdk.ExternalDataMultiSelectElement(placeholder="p", max_selected_items=2),
    sdk.UserSelectElement(placeholder="p", initial_user="U1"),
    sdk.UserMultiSelectElement(placeholder="p", initial_users=["U1"]),
    sdk.ConversationSelectElement(placeholder="p", default_to_current_conversation=True),
    sdk.ConversationMultiSelectElement(placeholder="p", filter=sdk.ConversationFilter(include=["im"])),
    sdk.ChannelSelectElement(placeholder="p", initial_channel="C1"),
    sdk.ChannelMultiSelectElement(placeholder="p", initial_channels=["C1"]),
    sdk.DatePickerElement(placeholder="p", initial_date="2026-11-24"),
    sdk.TimePickerElement(placeholder="p", initial_time="09:30", timezone="Europe/Amsterdam"),
    sdk.CheckboxesElement(options=[OPTION], initial_options=[OPTION]),
    sdk.RadioButtonsElement(options=[OPTION, OTHER], initial_option=OTHER),
)
ASKED: tuple[Any, ...] = (
    sdk.PlainTextInputElement(initial_value="a", multiline=True, min_length=1, max_length=3000),
    sdk.NumberInputElement(is_decimal_allowed=True, initial_value="1.5", min_value="0"),
    sdk.EmailInputElement(initial_value="a@example.com"),
    sdk.UrlInputElement(placeholder="where"),
    sdk.DateTimePickerElement(initial_date_time=1_790_000_000),
    block_elements.FileInputElement(filetypes=["pdf"], max_files=10),
    block_elements.RichTextInputElement(initial_value=RICH),
)
BUILT: tuple[Any, ...] = (
    sdk.SectionBlock(text="*hi*", fields=["a", WORDS], accessory=BUTTON, expand=True),
    *(sdk.SectionBlock(text="pick", accessory=menu) for menu in MENUS),
    sdk.SectionBlock(text="more", accessory=sdk.OverflowMenuElement(options=[OPTION, OTHER])),
    sdk.SectionBlock(text="picture", accessory=IMAGE),
    sdk.DividerBlock(),
    sdk.ImageBlock(image_url="https://example.com/a.png", alt_text="a pot", title="Pot"),
    sdk.ActionsBlock(elements=[BUTTON, *MENUS]),
    sdk.ContextBlock(elements=[IMAGE, WORDS, sdk.MarkdownTextObject(text="_m_", verbatim=True)]),
    sdk.ContextActionsBlock(
        elements=[
            sdk.FeedbackButtonsElement(
                action_id="judge",
                positive_button=sdk.FeedbackButtonObject(text="Good", value="1"),
                negative_button=sdk.FeedbackButtonObject(text="Bad", value="0"),
            ),
            sdk.IconButtonElement(action_id="bin", icon="trash", text="Delete"),
        ]
    ),
    sdk.HeaderBlock(text="Title", block_id="head"),
    *(sdk.InputBlock(label="L", element=one, hint="h", optional=True) for one in (*ASKED, *MENUS)),
    RICH,
    sdk.VideoBlock(
        alt_text="film", title="Film", video_url="https://example.com/v", thumbnail_url="https://example.com/t"
    ),
    sdk.FileBlock(external_id="F1"),
    sdk.MarkdownBlock(text="# Head\n\n- [ ] task"),
    sdk.TableBlock(rows=[[sdk.RawTextObject(text="a"), sdk.RawNumberObject(value=1, text="1"), RICH]]),
    TASK,
    sdk.PlanBlock(title="Plan", tasks=[TASK]),
    sdk.AlertBlock(text="Careful", level="warning"),
    CARD,
    sdk.CarouselBlock(elements=[CARD, CARD]),
    sdk.ContainerBlock(
        title="Box",
        child_blocks=[
            sdk.ImageBlock(image_url="https://example.com/a.png", alt_text="a", title="t"),
            sdk.DividerBlock(),
        ],
        width="wide",
        is_collapsible=True,
    ),
    # The SDK has no classes for these two; they are sent as plain dicts.
    {"type": "data_table", "caption": "Sales", "rows": [[{"type": "raw_text", "text": "a"}]] * 2, "page_size": 5},
    {"type": "data_visualization", "title": "Hours", "chart": {"type": "pie", "segments": [{"label": "a"}]}},
)  # fmt: skip


def _plain(block: Any) -> Block:
    return dict(block if isinstance(block, dict) else block.to_dict())


def _words(count: int, kind: str = "mrkdwn") -> Block:
    return {"type": kind, "text": "x" * count}


def _section(**more: Any) -> Block:
    return {"type": "section", "text": _words(1), **more}


def _button(action_id: str = "go", **more: Any) -> Block:
    return {"type": "button", "text": _words(2, "plain_text"), "action_id": action_id, **more}


def _actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def _asked(element: Block) -> Block:
    return {"type": "input", "label": _words(1, "plain_text"), "element": element}


def _modal(*blocks: Block, **more: Any) -> Block:
    return {"type": "modal", "title": _words(5, "plain_text"), "submit": _words(2, "plain_text"),
            "blocks": list(blocks), **more}  # fmt: skip


def _options(count: int, start: int = 0) -> list[Block]:
    numbers = range(start, start + count)
    return [{"text": _words(1, "plain_text"), "value": str(number)} for number in numbers]


@pytest.mark.parametrize("block", [_plain(block) for block in BUILT], ids=lambda block: str(block["type"]))
def test_every_block_of_the_sdk_is_taken_where_it_belongs(block: Block) -> None:
    """A block that the SDK builds shows on its own surfaces, and is refused on the others by its type."""
    file = block.get("element", {}).get("type") == "file_input"
    for surface in get_args(Surface):
        faults = check_blocks([block], surface)

        if block["type"] not in SURFACES[surface]:
            assert faults == [f"[ERROR] unsupported type: {block['type']} [json-pointer:/blocks/0/type]"]
        elif file and surface != "modal":
            assert faults == ["[ERROR] unsupported type: file_input [json-pointer:/blocks/0/element/type]"]
        else:
            assert faults == []


def test_no_kind_of_block_is_untried() -> None:
    """A kind that is added to the rules is also tried with something that Slack accepts."""
    assert {_plain(block)["type"] for block in BUILT} == set(BLOCKS)


LENGTHS: tuple[tuple[str, int, Any], ...] = (
    ("/text/text", 3_000, lambda size: {"type": "section", "text": _words(size)}),
    ("/fields/0/text", 2_000, lambda size: {"type": "section", "fields": [_words(size)]}),
    ("/text/text", 150, lambda size: {"type": "header", "text": _words(size, "plain_text")}),
    ("/block_id", 255, lambda size: {"type": "divider", "block_id": "x" * size}),
    ("/text", 12_000, lambda size: {"type": "markdown", "text": "x" * size}),
    ("/elements/0/text/text", 75, lambda size: _actions(_button(text=_words(size, "plain_text")))),
    ("/elements/0/value", 2_000, lambda size: _actions(_button(value="x" * size))),
    ("/elements/0/url", 3_000, lambda size: _actions(_button(url="x" * size))),
    ("/elements/0/action_id", 255, lambda size: _actions(_button("x" * size))),
    ("/elements/0/alt_text", 2_000, lambda size: {"type": "context", "elements": [
        {"type": "image", "image_url": "https://example.com", "alt_text": "x" * size}]}),
    ("/element/options/0/text/text", 75, lambda size: _asked({"type": "static_select", "options": [
        {"text": _words(size, "plain_text"), "value": "1"}]})),
    ("/element/options/0/value", 150, lambda size: _asked({"type": "static_select", "options": [
        {"text": _words(1, "plain_text"), "value": "x" * size}]})),
    ("/element/placeholder/text", 150, lambda size: _asked({
        "type": "plain_text_input", "placeholder": _words(size, "plain_text")})),
    ("/element/initial_value", 20, lambda size: _asked({
        "type": "plain_text_input", "max_length": 20, "initial_value": "x" * size})),
    ("/title", 50, lambda size: {"type": "data_visualization", "title": "x" * size,
                                 "chart": {"type": "pie", "segments": [{}]}}),
    ("/body/text", 200, lambda size: {"type": "card", "body": _words(size)}),
)  # fmt: skip


@pytest.mark.parametrize(("where", "limit", "build"), LENGTHS)
def test_a_text_fits_up_to_its_last_character(where: str, limit: int, build: Any) -> None:
    """The documented length is accepted; one character more names the limit and the place."""
    assert check_blocks([build(limit)], "message") == []
    wanted = f"[ERROR] must be less than {limit + 1} characters [json-pointer:/blocks/0{where}]"
    assert check_blocks([build(limit + 1)], "message") == [wanted]


COUNTS: tuple[tuple[str, int, Any], ...] = (
    ("/elements", 25, lambda count: _actions(*(_button(f"a{index}") for index in range(count)))),
    ("/elements", 10, lambda count: {"type": "context", "elements": [_words(1)] * count}),
    ("/elements", 5, lambda count: {"type": "context_actions", "elements": [
        {"type": "icon_button", "icon": "trash", "text": _words(1, "plain_text"), "action_id": f"a{index}"}
        for index in range(count)]}),
    ("/fields", 10, lambda count: {"type": "section", "fields": [_words(1)] * count}),
    ("/accessory/options", 100, lambda count: _section(accessory={
        "type": "static_select", "options": _options(count)})),
    ("/accessory/option_groups", 100, lambda count: _section(accessory={
        "type": "static_select", "option_groups": [
            {"label": _words(1, "plain_text"), "options": _options(1, index)} for index in range(count)]})),
    ("/accessory/options", 5, lambda count: _section(accessory={"type": "overflow", "options": _options(count)})),
    ("/accessory/options", 10, lambda count: _section(accessory={
        "type": "checkboxes", "options": _options(count)})),
    ("/rows", 100, lambda count: {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]] * count}),
    ("/rows/0", 20, lambda count: {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}] * count]}),
    ("/rows", 101, lambda count: {"type": "data_table", "caption": "c", "rows": [[{}]] * count}),
    ("/chart/segments", 12, lambda count: {"type": "data_visualization", "title": "t",
                                           "chart": {"type": "pie", "segments": [{}] * count}}),
    ("/chart/series/0/data", 20, lambda count: {"type": "data_visualization", "title": "t",
                                                "chart": {"type": "bar", "series": [{"data": [1] * count}]}}),
    ("/tasks", 50, lambda count: {"type": "plan", "title": "t", "tasks": [
        {"type": "task_card", "task_id": "t", "title": "t", "status": "pending"}] * count}),
    ("/elements", 10, lambda count: {"type": "carousel", "elements": [
        {"type": "card", "body": _words(1)}] * count}),
    ("/actions", 3, lambda count: {"type": "card", "actions": [_button(f"a{index}") for index in range(count)]}),
)  # fmt: skip


@pytest.mark.parametrize(("where", "most", "build"), COUNTS)
def test_a_list_fits_up_to_its_last_item(where: str, most: int, build: Any) -> None:
    """The documented count is accepted; one item more names the limit and the place."""
    assert check_blocks([build(most)], "message") == []
    wanted = f"[ERROR] no more than {most} items allowed [json-pointer:/blocks/0{where}]"
    assert check_blocks([build(most + 1)], "message") == [wanted]


@pytest.mark.parametrize(("surface", "most"), [("message", 50), ("modal", 100), ("home", 100)])
def test_a_surface_holds_so_many_blocks(surface: Surface, most: int) -> None:
    """Fifty blocks fit a message and a hundred a view; no more."""
    wanted = f"[ERROR] no more than {most} items allowed [json-pointer:/blocks]"

    assert check_blocks([{"type": "divider"}] * most, surface) == []
    assert check_blocks([{"type": "divider"}] * (most + 1), surface) == [wanted]


WRONG: tuple[tuple[Any, str], ...] = (
    ("text", "missing required field: type [json-pointer:/blocks/0/type]"),
    ({"type": "poem"}, "unsupported type: poem [json-pointer:/blocks/0/type]"),
    ({"type": "section"}, "missing required field: text or fields [json-pointer:/blocks/0]"),
    (_section(colour="red"), "invalid additional property: colour [json-pointer:/blocks/0/colour]"),
    ({"type": "section", "text": "bare"}, "must be a text object of type plain_text or mrkdwn "
                                          "[json-pointer:/blocks/0/text]"),
    ({"type": "section", "text": _words(0)}, "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    ({"type": "header", "text": _words(1)}, "must be a text object of type plain_text "
                                            "[json-pointer:/blocks/0/text]"),
    ({"type": "header", "text": {**_words(1, "plain_text"), "verbatim": True}},
     "invalid additional property: verbatim [json-pointer:/blocks/0/text/verbatim]"),
    (_section(expand="yes"), "must be a boolean [json-pointer:/blocks/0/expand]"),
    (_section(accessory={}), "missing required field: type [json-pointer:/blocks/0/accessory]"),
    (_section(accessory={"type": "plain_text_input"}),
     "unsupported type: plain_text_input [json-pointer:/blocks/0/accessory/type]"),
    (_section(accessory={"type": "static_select"}),
     "missing required field: options or option_groups [json-pointer:/blocks/0/accessory]"),
    (_section(accessory={"type": "static_select", "options": _options(1), "option_groups": [
        {"label": _words(1, "plain_text"), "options": _options(1)}]}),
     "only one of options and option_groups is allowed [json-pointer:/blocks/0/accessory]"),
    (_section(accessory={"type": "static_select", "options": _options(1) * 2}),
     "option values are not unique [json-pointer:/blocks/0/accessory]"),
    (_section(accessory={"type": "radio_buttons", "options": _options(2), "initial_option": _options(1, 7)[0]}),
     "initial option is not among the options [json-pointer:/blocks/0/accessory]"),
    (_section(accessory=_button(style="blue")), "must be one of: primary, danger "
                                                "[json-pointer:/blocks/0/accessory/style]"),
    (_section(accessory=_button(confirm="Sure?")), "must be an object [json-pointer:/blocks/0/accessory/confirm]"),
    (_section(accessory=_button(value=7)), "must be a string [json-pointer:/blocks/0/accessory/value]"),
    (_actions(), "no less than 1 items allowed [json-pointer:/blocks/0/elements]"),
    ({"type": "actions", "elements": {}}, "must be an array [json-pointer:/blocks/0/elements]"),
    (_actions(_button(), _button()), "action_id is not unique [json-pointer:/blocks/0]"),
    ({"type": "image", "alt_text": "a"}, "missing required field: image_url or slack_file "
                                         "[json-pointer:/blocks/0]"),
    ({"type": "divider", "block_id": "same"}, "block_id is not unique [json-pointer:/blocks]"),
    (_asked({"type": "plain_text_input", "max_length": 3_001}),
     "must be between 1 and 3000 [json-pointer:/blocks/0/element/max_length]"),
    (_asked({"type": "plain_text_input", "max_length": True}),
     "must be an integer [json-pointer:/blocks/0/element/max_length]"),
    (_asked({"type": "plain_text_input", "min_length": 9, "max_length": 3}),
     "min_length is more than max_length [json-pointer:/blocks/0/element]"),
    ({"type": "data_table", "caption": "c", "rows": [[{}], [{}, {}]]},
     "every row must have as many cells [json-pointer:/blocks/0/rows]"),
    ({"type": "data_table", "caption": "c", "rows": [[_words(10_001, "raw_text")]] * 2},
     "must be less than 20001 characters [json-pointer:/blocks/0/rows]"),
    ({"type": "data_visualization", "title": "t", "chart": {"type": "pie"}},
     "missing required field: segments or series [json-pointer:/blocks/0/chart]"),
    ({"type": "container", "title": _words(1, "plain_text"), "child_blocks": [{"type": "table", "rows": []}]},
     "unsupported type: table [json-pointer:/blocks/0/child_blocks/0/type]"),
)  # fmt: skip


@pytest.mark.parametrize(("block", "wanted"), WRONG)
def test_a_wrong_block_is_named_with_its_place(block: Any, wanted: str) -> None:
    """Whoever sends a block that Slack would refuse reads what is wrong, and where."""
    blocks = [block, {"type": "divider", "block_id": "same"}]

    assert check_blocks(blocks, "message") == [f"[ERROR] {wanted}"]


def test_ids_inside_a_container_are_told_apart_too() -> None:
    """A click in a container must lead to one button: its ids count as any other's."""
    inner = {"type": "divider", "block_id": "same"}
    box = {"type": "container", "title": _words(1, "plain_text"), "child_blocks": [inner, inner]}
    twice = _actions(_button(), _button())
    clicked = {"type": "container", "title": _words(1, "plain_text"), "child_blocks": [twice]}

    assert check_blocks([box], "message") == ["[ERROR] block_id is not unique [json-pointer:/blocks]"]
    assert check_blocks([clicked], "message") == ["[ERROR] action_id is not unique [json-pointer:/blocks/0]"]


def test_only_one_table_and_two_charts_stand_in_a_message() -> None:
    """A second table or a third chart is refused, as Slack does."""
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]}
    chart = {"type": "data_visualization", "title": "t", "chart": {"type": "pie", "segments": [{}]}}

    assert check_blocks([table, chart, chart], "message") == []
    assert check_blocks([table] * 2, "message") == ["[ERROR] only_one_table_allowed [json-pointer:/blocks]"]
    assert len(check_blocks([chart] * 3, "message")) == 1
    assert check_blocks({}, "message") == ["[ERROR] must be an array [json-pointer:/blocks]"]


ATTACHED = {"text": "old", "color": "#ff0000"}
ERRORS: tuple[tuple[dict[str, Any], str | None, str | None], ...] = (
    ({}, "no_text", "no_text"),
    ({"text": "", "blocks": []}, "no_text", "no_text"),
    ({"text": "x" * 4_000}, None, None),
    ({"text": "x" * 4_001}, None, "msg_too_long"),
    ({"text": "x" * 40_001}, "msg_too_long", "msg_too_long"),
    ({"markdown_text": "x" * 12_000}, None, None),
    ({"markdown_text": "x" * 12_001}, "msg_too_long", "msg_too_long"),
    ({"markdown_text": "m", "text": "t"}, "markdown_text_conflict", "markdown_text_conflict"),
    ({"markdown_text": "m", "blocks": [_section()]}, "markdown_text_conflict", "markdown_text_conflict"),
    ({"blocks": [{"type": "alert", "text": _words(1)}]}, "invalid_blocks", "invalid_blocks"),
    ({"blocks": "text"}, "invalid_blocks", "invalid_blocks"),
    ({"blocks": [{"type": "markdown", "text": "x" * 6_001}] * 2}, "msg_too_long", "msg_too_long"),
    ({"blocks": [{"type": "section", "text": _words(2_640)}] * 5}, None, None),
    (
        {"blocks": [{"type": "section", "text": _words(2_641)}] * 5},
        "msg_blocks_too_long",
        "msg_blocks_too_long",
    ),
    (
        {"blocks": [{"type": "data_table", "caption": "c", "rows": [[_words(9_000, "raw_text")]] * 2}]},
        None,
        None,
    ),
    ({"attachments": [ATTACHED] * 100}, None, None),
    ({"attachments": [ATTACHED] * 101}, "too_many_attachments", "too_many_attachments"),
    ({"attachments": [{"blocks": [{"type": "section"}]}]}, "invalid_blocks", "invalid_blocks"),
)


@pytest.mark.parametrize(("arguments", "posted", "updated"), ERRORS)
def test_a_message_gets_the_error_that_slack_gives(
    arguments: dict[str, Any], posted: str | None, updated: str | None
) -> None:
    """A message too long, empty or malformed is refused with the documented error code."""
    assert message_error(arguments, update=False) == posted
    assert message_error(arguments, update=True) == updated


def test_blocks_in_an_attachment_are_pointed_at_there() -> None:
    """The fault names the attachment that the block stands in."""
    faults = check_message({"attachments": [ATTACHED, {"blocks": [{"type": "section"}]}]})

    assert faults == ["[ERROR] missing required field: text or fields [json-pointer:/attachments/1/blocks/0]"]
    assert check_message({"attachments": "t"}) == ["[ERROR] must be an array [json-pointer:/attachments]"]


VIEWS: tuple[tuple[dict[str, Any], list[str]], ...] = (
    (_modal(_section(), callback_id="c" * 255, private_metadata="m" * 3_000), []),
    ({"type": "home", "blocks": [_section()]}, []),
    (_modal(_asked({"type": "plain_text_input"}), submit=None),
     ["submit is required when an input block is within blocks [json-pointer:/submit]"]),
    ({"type": "workflow_step"}, ["unsupported type [json-pointer:/type]"]),
    ({"type": "home"}, ["missing required field: blocks [json-pointer:]"]),
    (_modal(title=None), ["missing required field: title [json-pointer:]"]),
    (_modal(title=_words(25, "plain_text")), ["must be less than 25 characters [json-pointer:/title/text]"]),
    (_modal(close=_words(25, "plain_text")), ["must be less than 25 characters [json-pointer:/close/text]"]),
    (_modal(submit=_words(2)), ["must be a text object of type plain_text [json-pointer:/submit]"]),
    (_modal(callback_id="c" * 256), ["must be less than 256 characters [json-pointer:/callback_id]"]),
    (_modal(private_metadata="m" * 3_001),
     ["must be less than 3001 characters [json-pointer:/private_metadata]"]),
    (_modal(*[{"type": "section", "text": _words(2_600)}] * 97), ["view_too_large [json-pointer:/]"]),
    (_modal({"type": "markdown", "text": "m"}), ["unsupported type: markdown [json-pointer:/blocks/0/type]"]),
)  # fmt: skip


@pytest.mark.parametrize(("view", "wanted"), VIEWS)
def test_a_view_is_checked_as_slack_does(view: dict[str, Any], wanted: list[str]) -> None:
    """A modal or Home tab that Slack would not open says why."""
    assert check_view(view) == [f"[ERROR] {line}" for line in wanted]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "elements", "element", "options", "rows", "fields", "accessory", "tasks"]
            ),
            inner | st.sampled_from([*BLOCKS, "button", "static_select", "checkboxes", "plain_text"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=3), st.sampled_from(get_args(Surface)))
def test_nonsense_is_answered_never_a_crash(blocks: list[Any], surface: Surface) -> None:
    """Whatever a program sends, it gets an answer in Slack's form."""
    faults = check_blocks(blocks, surface)

    assert all(line.startswith("[ERROR] ") and line.endswith("]") for line in faults)
    assert not check_blocks([{"type": "divider"}], surface)
