"""What each block and element of Block Kit may hold (docs.slack.dev/reference/block-kit); pure tables and checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

Rule = Callable[[Any, str], list[str]]

STATUSES = ("pending", "in_progress", "complete", "error")


def fault(what: str, at: str) -> list[str]:
    """Return one fault in Slack's words, at a JSON pointer."""
    return [f"[ERROR] {what} [json-pointer:{at}]"]


@dataclass(frozen=True)
class Shape:
    """The fields of a block, an element or a part of one."""

    fields: dict[str, Rule] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    closed: bool = True
    also: Rule | None = None

    def check(self, value: dict[str, Any], at: str) -> list[str]:
        """Return what is wrong with *value*; a null counts as absent."""
        given = {name: item for name, item in value.items() if item is not None and name != "type"}
        faults = [line for name in self.required if name not in given for line in _missing(name, at)]
        if self.any_of and not any(name in given for name in self.any_of):
            faults += _missing(" or ".join(self.any_of), at)
        for name, item in given.items():
            rule = self.fields.get(name)
            if rule is not None:
                faults += rule(item, f"{at}/{name}")
            elif self.closed:
                faults += fault(f"invalid additional property: {name}", f"{at}/{name}")
        # A rule across fields reads them as they should be: it runs only where each one is.
        return faults if faults or self.also is None else self.also(given, at)


def string(limit: int, *, least: int = 0) -> Rule:
    """Return the rule of a string of *least* to *limit* characters."""

    def check(value: Any, at: str) -> list[str]:
        if not isinstance(value, str):
            return fault("must be a string", at)
        if len(value) > limit:
            return fault(f"must be less than {limit + 1} characters", at)
        return fault(f"must be more than {least - 1} characters", at) if len(value) < least else []

    return check


def one_of(*values: str) -> Rule:
    """Return the rule of a string that is one of *values*."""
    return lambda value, at: [] if value in values else fault(f"must be one of: {', '.join(values)}", at)


def whole(least: int, most: int) -> Rule:
    """Return the rule of a whole number from *least* to *most*."""

    def check(value: Any, at: str) -> list[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            return fault("must be an integer", at)
        return [] if least <= value <= most else fault(f"must be between {least} and {most}", at)

    return check


def many(rule: Rule, least: int, most: int) -> Rule:
    """Return the rule of an array of *least* to *most* items that each keep *rule*."""

    def check(value: Any, at: str) -> list[str]:
        if not isinstance(value, list):
            return fault("must be an array", at)
        faults = fault(f"no more than {most} items allowed", at) if len(value) > most else []
        faults += fault(f"no less than {least} items allowed", at) if len(value) < least else []
        return faults + [line for index, item in enumerate(value) for line in rule(item, f"{at}/{index}")]

    return check


def text(limit: int, *, plain: bool = False, optional: bool = False) -> Rule:
    """Return the rule of a text object of at most *limit* characters; *optional*: it may be empty."""
    kinds = ("plain_text",) if plain else ("plain_text", "mrkdwn")
    flags = {"plain_text": "emoji", "mrkdwn": "verbatim"}

    def check(value: Any, at: str) -> list[str]:
        if not isinstance(value, dict) or value.get("type") not in kinds:
            return fault(f"must be a text object of type {' or '.join(kinds)}", at)
        fields = {"text": string(limit, least=0 if optional else 1), flags[value["type"]]: flag}
        return Shape(fields, ("text",)).check(value, at)

    return check


def flag(value: Any, at: str) -> list[str]:
    """Check a boolean."""
    return [] if isinstance(value, bool) else fault("must be a boolean", at)


def part(shape: Shape) -> Rule:
    """Return the rule of an object that has no `type` to tell it by."""
    return lambda value, at: (
        shape.check(value, at) if isinstance(value, dict) else fault("must be an object", at)
    )


def anything(_value: Any, _at: str) -> list[str]:
    """Accept: Slack documents no limit, or the SDK does not model it."""
    return []


def typed(kinds: Iterable[str], *, blocks: bool = False) -> Rule:
    """Return the rule of an element that is one of *kinds*; *blocks*: of a block inside another."""
    allowed = frozenset(kinds)

    def check(value: Any, at: str) -> list[str]:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str):
            return _missing("type", at)
        if kind not in allowed:
            return fault(f"unsupported type: {kind}", f"{at}/type")
        # `image` is both an element and a block, with other fields.
        shapes = BLOCKS if blocks or kind not in ELEMENTS else ELEMENTS
        return shapes[kind].check(value, at)

    return check


def _missing(name: str, at: str) -> list[str]:
    return fault(f"missing required field: {name}", at)


def _choice(given: dict[str, Any], at: str) -> list[str]:
    """Check that what is chosen at first is among what can be chosen, and that values differ."""
    if "options" in given and "option_groups" in given:
        return fault("only one of options and option_groups is allowed", at)
    groups = given.get("option_groups") or [given]
    values = [option["value"] for group in groups for option in group["options"]]
    if len(values) != len(set(values)):
        return fault("option values are not unique", at)
    first = given.get("initial_options") or [given[name] for name in ("initial_option",) if name in given]
    lost = [option for option in first if option["value"] not in values]
    return fault("initial option is not among the options", at) if lost else []


def _input_length(given: dict[str, Any], at: str) -> list[str]:
    longest = given.get("max_length", 3_000)
    if given.get("min_length", 0) > longest:
        return fault("min_length is more than max_length", at)
    if len(given.get("initial_value", "")) > longest:
        return fault(f"must be less than {longest + 1} characters", f"{at}/initial_value")
    return []


def _same_width(given: dict[str, Any], at: str) -> list[str]:
    if len({len(row) for row in given["rows"]}) > 1:
        return fault("every row must have as many cells", f"{at}/rows")
    return []


_ID, _URL = string(255), string(3_000, least=1)
_CONFIRM = part(
    Shape(
        {
            "title": text(100, plain=True),
            "text": text(300),
            "confirm": text(30, plain=True),
            "deny": text(30, plain=True),
            "style": one_of("primary", "danger"),
        },
        ("title", "text", "confirm", "deny"),
    )
)
_STYLE = one_of("primary", "danger")


def _option(*, plain: bool) -> Rule:
    fields = {
        "text": text(75, plain=plain),
        "value": string(150, least=1),
        "description": text(75, plain=plain),
    }
    return part(Shape({**fields, "url": _URL}, ("text", "value")))


_PLAIN_OPTION, _RICH_OPTION = _option(plain=True), _option(plain=False)
_OPTIONS = many(_PLAIN_OPTION, 1, 100)
_GROUP = part(Shape({"label": text(75, plain=True), "options": _OPTIONS}, ("label", "options")))
SUGGESTED = Shape({"options": many(_PLAIN_OPTION, 0, 100), "option_groups": many(_GROUP, 0, 100)})
"""The answer to `block_suggestion`; no options is an answer too."""

_SLACK_FILE = part(Shape({"id": string(255), "url": _URL}, any_of=("id", "url")))
_IMAGE = {"alt_text": string(2_000, least=1), "image_url": _URL, "slack_file": _SLACK_FILE}


def _element(own: dict[str, Rule] | None = None, *required: str, also: Rule | None = None) -> Shape:
    fields = {"action_id": _ID, "confirm": _CONFIRM, "focus_on_load": flag}
    return Shape({**fields, **(own or {})}, required, also=also)


def _asking(**own: Rule) -> Shape:
    """Return an element with a placeholder and a setting of when it tells."""
    return _element({"placeholder": text(150, plain=True), "dispatch_action_config": anything, **own})


def _select(
    one: dict[str, Rule], several: dict[str, Rule], *, also: Rule | None = None, any_of: bool = False
) -> list[Shape]:
    """Return the single and the multiple form of a select menu."""
    common: dict[str, Rule] = {
        "action_id": _ID, "confirm": _CONFIRM, "focus_on_load": flag, "placeholder": text(150, plain=True),
    }  # fmt: skip
    options = ("options", "option_groups") if any_of else ()
    several = {**several, "max_selected_items": whole(1, 1_000)}
    return [Shape({**common, **own}, any_of=options, also=also) for own in (one, several)]


_GROUPED: dict[str, Rule] = {"options": _OPTIONS, "option_groups": many(_GROUP, 1, 100)}
_HERE: dict[str, Rule] = {"default_to_current_conversation": flag, "filter": anything}
_SELECTS = {
    "static_select": _select(
        {**_GROUPED, "initial_option": _PLAIN_OPTION},
        {**_GROUPED, "initial_options": _OPTIONS},
        also=_choice,
        any_of=True,
    ),
    "external_select": _select(
        {"min_query_length": whole(0, 3_000), "initial_option": _PLAIN_OPTION},
        {"min_query_length": whole(0, 3_000), "initial_options": _OPTIONS},
    ),
    "users_select": _select({"initial_user": _ID}, {"initial_users": many(_ID, 0, 1_000)}),
    "conversations_select": _select(
        {"initial_conversation": _ID, "response_url_enabled": flag, **_HERE},
        {"initial_conversations": many(_ID, 0, 1_000), **_HERE},
    ),
    "channels_select": _select(
        {"initial_channel": _ID, "response_url_enabled": flag}, {"initial_channels": many(_ID, 0, 1_000)}
    ),
}
_FEEDBACK = part(
    Shape(
        {"text": text(75, plain=True), "value": string(2_000), "accessibility_label": string(75)},
        ("text", "value"),
    )
)
_BUTTON_FIELDS: dict[str, Rule] = {
    "text": text(75, plain=True),
    "value": string(2_000),
    "accessibility_label": string(75),
    "visible_to_user_ids": many(_ID, 1, 1_000),
}
_PICKED: dict[str, Rule] = {"options": many(_RICH_OPTION, 1, 10)}

ELEMENTS: dict[str, Shape] = {
    **{kind: shapes[0] for kind, shapes in _SELECTS.items()},
    **{f"multi_{kind}": shapes[1] for kind, shapes in _SELECTS.items()},
    "button": _element(
        {
            **_BUTTON_FIELDS,
            "url": _URL,
            "style": _STYLE,
            "agent_prompt": string(4_000),
            "agent_prompt_display": anything,
        },
        "text",
    ),
    "icon_button": _element({**_BUTTON_FIELDS, "icon": one_of("trash")}, "icon", "text"),
    "feedback_buttons": _element(
        {"positive_button": _FEEDBACK, "negative_button": _FEEDBACK}, "positive_button", "negative_button"
    ),
    "workflow_button": _element(
        {"text": text(75, plain=True), "workflow": anything, "style": _STYLE, "accessibility_label": string(75)},
        "text",
        "workflow",
    ),
    "overflow": _element({"options": many(_PLAIN_OPTION, 1, 5)}, "options", also=_choice),
    "checkboxes": _element(
        {**_PICKED, "initial_options": many(_RICH_OPTION, 1, 10)}, "options", also=_choice
    ),
    "radio_buttons": _element({**_PICKED, "initial_option": _RICH_OPTION}, "options", also=_choice),
    "datepicker": _asking(initial_date=string(10, least=10)),
    "timepicker": _asking(initial_time=string(5, least=5), timezone=string(255)),
    "datetimepicker": _asking(initial_date_time=whole(10**9, 10**10 - 1)),
    "plain_text_input": Shape(
        {
            "action_id": _ID, "focus_on_load": flag, "placeholder": text(150, plain=True),
            "dispatch_action_config": anything, "initial_value": string(3_000), "multiline": flag,
            "min_length": whole(0, 3_000), "max_length": whole(1, 3_000),
        },
        also=_input_length,
    ),
    "rich_text_input": _asking(initial_value=typed(["rich_text"]), min_lines=whole(1, 100), max_lines=whole(1, 100)),
    "email_text_input": _asking(initial_value=string(3_000)),
    "url_text_input": _asking(initial_value=string(3_000)),
    "number_input": _element(
        {
            "placeholder": text(150, plain=True), "dispatch_action_config": anything, "is_decimal_allowed": flag,
            "initial_value": string(100), "min_value": string(100), "max_value": string(100),
        },
        "is_decimal_allowed",
    ),
    "file_input": _element({"filetypes": many(string(50), 0, 1_000), "max_files": whole(1, 10)}),
    "image": Shape(_IMAGE, ("alt_text",), any_of=("image_url", "slack_file")),
    "mrkdwn": Shape({"text": string(3_000, least=1), "verbatim": flag}, ("text",)),
    "plain_text": Shape({"text": string(3_000, least=1), "emoji": flag}, ("text",)),
    "url": Shape({"url": _URL, "text": string(3_000)}, ("url", "text")),
    "raw_text": Shape({"text": string(12_000)}, ("text",)),
    "raw_number": Shape({"value": anything, "text": string(12_000)}, ("value",)),
}  # fmt: skip

MENUS = (*_SELECTS, *(f"multi_{kind}" for kind in _SELECTS))
PICKERS = ("checkboxes", "radio_buttons", "datepicker", "timepicker")
BUTTONS = ("button", "workflow_button", "overflow")
TYPED_IN = (
    "plain_text_input",
    "rich_text_input",
    "email_text_input",
    "url_text_input",
    "number_input",
    "file_input",
)
NESTABLE = ("section", "divider", "image", "actions", "context", "header", "rich_text", "markdown")
RICH = tuple(f"rich_text_{kind}" for kind in ("section", "list", "preformatted", "quote"))


def _block(
    own: dict[str, Rule], *required: str, any_of: tuple[str, ...] = (), also: Rule | None = None
) -> Shape:
    return Shape({"block_id": _ID, **own}, required, any_of, also=also)


_SERIES = part(Shape({"data": many(anything, 1, 20), "points": many(anything, 1, 20)}, closed=False))
_CHART = Shape(
    {"segments": many(anything, 1, 12), "series": many(_SERIES, 1, 12)}, (), ("segments", "series"), False
)
_RICH_TEXT, _TASK, _CARD = typed(["rich_text"]), typed(["task_card"]), typed(["card"])
_HEADLINE, _SMALL_IMAGE = text(150), typed(["image"])

BLOCKS: dict[str, Shape] = {
    "section": _block(
        {
            "text": text(3_000), "fields": many(text(2_000), 1, 10), "expand": flag,
            "accessory": typed([*BUTTONS, *MENUS, *PICKERS, "image"]),
        },
        any_of=("text", "fields"),
    ),
    "divider": _block({}),
    "image": _block({**_IMAGE, "title": text(2_000, plain=True)}, "alt_text", any_of=("image_url", "slack_file")),
    "actions": _block(
        {"elements": many(typed([*BUTTONS, *MENUS, *PICKERS, "datetimepicker"]), 1, 25)}, "elements"
    ),
    "context": _block({"elements": many(typed(["image", "mrkdwn", "plain_text"]), 1, 10)}, "elements"),
    "context_actions": _block({"elements": many(typed(["feedback_buttons", "icon_button"]), 1, 5)}, "elements"),
    "header": _block({"text": text(150, plain=True)}, "text"),
    "input": _block(
        {
            "label": text(2_000, plain=True), "hint": text(2_000, plain=True, optional=True),
            "optional": flag, "dispatch_action": flag,
            "element": typed([*TYPED_IN, *MENUS, *PICKERS, "datetimepicker"]),
        },
        "label", "element",
    ),
    "rich_text": _block({"elements": many(typed(RICH), 0, 1_000)}, "elements"),
    "video": _block(
        {
            "alt_text": string(2_000, least=1), "title": text(199, plain=True), "title_url": _URL,
            "video_url": _URL, "thumbnail_url": _URL, "description": text(200, plain=True),
            "provider_icon_url": _URL, "provider_name": string(255), "author_name": string(49),
        },
        "alt_text", "title", "video_url", "thumbnail_url",
    ),
    "file": _block({"external_id": string(255), "source": one_of("remote")}, "external_id", "source"),
    "markdown": _block({"text": string(12_000, least=1)}, "text"),
    "table": _block(
        {
            "rows": many(many(typed(["raw_text", "raw_number", "rich_text"]), 1, 20), 1, 100),
            "column_settings": many(anything, 0, 20),
        },
        "rows",
    ),
    "data_table": _block(
        {
            "caption": string(255, least=1), "rows": many(many(anything, 1, 20), 2, 101),
            "page_size": whole(1, 100), "row_header_column_index": whole(0, 19),
        },
        "caption", "rows", also=_same_width,
    ),
    "data_visualization": _block({"title": string(50, least=1), "chart": part(_CHART)}, "title", "chart"),
    "task_card": _block(
        {
            "task_id": string(255, least=1), "title": string(256, least=1), "details": _RICH_TEXT,
            "output": _RICH_TEXT, "sources": many(typed(["url"]), 0, 100), "status": one_of(*STATUSES),
        },
        "task_id", "title", "status",
    ),
    "plan": _block({"title": string(256, least=1), "tasks": many(_TASK, 0, 50)}, "title"),
    "alert": _block(
        {"text": text(3_000), "level": one_of("default", "info", "warning", "error", "success")}, "text"
    ),
    "card": _block(
        {
            "hero_image": _SMALL_IMAGE, "icon": _SMALL_IMAGE, "title": _HEADLINE, "subtitle": _HEADLINE,
            "body": text(200), "actions": many(typed(["button"]), 1, 3),
        },
        any_of=("hero_image", "title", "actions", "body"),
    ),
    "carousel": _block({"elements": many(_CARD, 1, 10)}, "elements"),
    "container": _block(
        {
            "title": text(150, plain=True), "rich_text_title": _RICH_TEXT, "subtitle": _HEADLINE,
            "width": one_of("narrow", "standard", "wide", "full"), "icon": _SMALL_IMAGE, "is_collapsible": flag,
            "default_collapsed": flag, "has_header_divider": flag,
            # A container holds no container, nor what may stand in a message only once.
            "child_blocks": many(typed(NESTABLE, blocks=True), 1, 10),
        },
        "child_blocks", any_of=("title", "rich_text_title"),
    ),
}  # fmt: skip
for _kind in RICH:
    ELEMENTS[_kind] = Shape({"elements": many(anything, 0, 10_000)}, ("elements",), closed=False)
