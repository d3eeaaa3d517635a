"""The card and the forms stay within Slack's limits and lose no character."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tasks import Draft, Input, Language, Task, Wording
from bot.views import (
    INPUT_LIMIT,
    PART_LIMIT,
    TEXT_LIMIT,
    card,
    edit_form,
    fallback,
    form_values,
    join_inputs,
    link_sources,
    neutralise,
    read_value,
    split_inputs,
    split_markdown,
    task_form,
)

LIVE = re.compile(r"<\s*[!@#]")


@given(st.text(alphabet="<>&lt;!@#| a;x3c0146:channel\n", max_size=200))
def test_no_text_of_the_model_notifies_anybody(written: str) -> None:
    """A draft that says <!channel>, escaped once or not, never rings sixty phones."""
    shown = neutralise(written)

    assert not LIVE.search(shown)
    assert not LIVE.search(html.unescape(shown))


@given(st.text(alphabet="ab \n", max_size=3000), st.integers(40, 400))
def test_splitting_loses_nothing(written: str, limit: int) -> None:
    """A draft in several messages reads on as if it were one."""
    parts = split_markdown(written, limit)

    assert "".join(parts) == written
    assert all(len(part) <= limit for part in parts)


def test_a_code_block_that_is_cut_goes_on_as_code() -> None:
    """Code in a long draft stays code in both messages."""
    parts = split_markdown("```\n" + "x = 1\n" * 100 + "```\n", 300)

    assert len(parts) > 1
    assert all(part.count("```") == 2 for part in parts)


@given(st.text(max_size=9000))
def test_what_notifications_read_fits(written: str) -> None:
    """The text beside the blocks is never too long for Slack, and never live."""
    line = fallback(written)

    assert len(line) <= TEXT_LIMIT
    assert "<" not in line


@given(st.text(alphabet="abc \n", min_size=1, max_size=9000))
def test_an_edited_long_draft_comes_back_whole(written: str) -> None:
    """Approving a long draft in the form without touching it changes not a character."""
    parts = split_inputs(written)
    ends = [part[len(part.rstrip()) :] for part in parts]

    assert all(len(part) <= INPUT_LIMIT for part in parts)
    assert join_inputs([part.rstrip() for part in parts], ends) == written.strip()


def test_sources_become_links_and_inventions_are_marked() -> None:
    """A number links to its message; a number that does not exist says so and keeps its sentence."""
    sources = {"1": "https://x/p1", "2": "https://x/p2"}

    assert link_sources("Agreed [1].", sources, "en") == "Agreed ([1](https://x/p1))."
    assert "([1](https://x/p1), [2](https://x/p2))" in link_sources("Both [1, 2].", sources, "en")
    assert link_sources("Invented [9].", sources, "nl") == "Invented [9] (geen bron)."
    assert link_sources("Half [1, 9].", sources, "en") == "Half ([1](https://x/p1), 9) (no source)."
    assert link_sources("In a folder [3].", {"3": ""}, "en") == "In a folder [3]."
    assert link_sources("Both [1, 3].", sources | {"3": ""}, "en") == "Both ([1](https://x/p1), 3)."
    assert link_sources("A [1](https://y) link", sources, "en") == "A [1](https://y) link"


def _draft(written: str = "Hello", version: int = 1) -> Draft:
    return Draft(run_id="T1:C1:1.2", version=version, text=written, model="claude", messages_read=3)


def _buttons(messages: list[tuple[str, list[dict[str, object]]]]) -> list[str]:
    blocks = [block for _, blocks in messages for block in blocks if block["type"] == "actions"]
    return [element["action_id"] for block in blocks for element in block["elements"]]  # type: ignore[attr-defined]


def _card(draft: Draft, **state: object) -> list[tuple[str, list[dict[str, object]]]]:
    usual: dict[str, object] = {
        "review": "open",
        "final_text": "",
        "shared": False,
        "decided_by": "",
        "share_in": "",
        "language": "en",
    }
    return card(draft, **{**usual, **state})  # type: ignore[arg-type]


def test_the_buttons_are_those_that_can_be_pressed() -> None:
    """An open draft offers the four decisions; a decided one offers to undo."""
    assert _buttons(_card(_draft())) == ["approve", "edit", "redo", "discard", "sent"]
    assert _buttons(_card(_draft(), share_in="C1"))[-2:] == ["share", "sent"]
    assert "undo" in _buttons(_card(_draft(version=2)))
    assert _buttons(_card(_draft(), review="approved", share_in="C1", decided_by="U1")) == [
        "share",
        "undo",
        "sent",
    ]
    assert _buttons(_card(_draft(), review="discarded", share_in="C1", decided_by="U1")) == ["undo", "sent"]


def test_a_long_draft_fits_slack() -> None:
    """Forty thousand characters arrive in several messages; the buttons stand under the last."""
    messages = _card(_draft("word " * 8000))

    assert len(messages) > 3
    assert all(len(blocks[0]["text"]) <= PART_LIMIT for _, blocks in messages)  # type: ignore[arg-type]
    assert messages[-1][1][-1]["type"] == "actions"


def test_the_edit_form_of_a_long_draft_has_several_inputs() -> None:
    """A draft of eight thousand characters can be edited although an input holds three thousand."""
    view = edit_form(_draft("para\n\n" * 1500), final_text="", language="nl")

    assert len(view["blocks"]) > 2
    assert all(len(block["element"]["initial_value"]) <= INPUT_LIMIT for block in view["blocks"])
    assert len(json.dumps(view)) < 250_000


def test_the_edit_form_explains_numbers_only_where_there_are_some() -> None:
    """A social post has no `[12]`, so its form does not speak of one."""
    labels = [
        edit_form(draft, final_text="", language="nl")["blocks"][0]["label"]["text"]
        for draft in (
            _draft("Morgen open."),
            replace(_draft("Morgen. [1]"), sources={"1": "https://a.example"}),
        )
    ]

    assert labels[0] == "Tekst"
    assert "[12]" in labels[1]


def test_the_new_draft_form_shows_the_inputs_of_its_task() -> None:
    """A task's own questions are asked in the language of the firm."""
    inputs = tuple(
        Input(
            name=kind,
            label=kind,
            type=kind,
            options=("a", "b"),
            labels={"nl": f"{kind}-nl"},
            choices={"nl": ("een", "twee")},
        )
        for kind in ("text", "multiline", "number", "date", "select", "channel")
    )
    task = Task(
        name="quote",
        title="Quote",
        description="",
        prompt="p",
        inputs=inputs,
        wordings={"nl": Wording("Offerte", "")},
    )
    view = task_form({"quote": task}, language="nl", metadata={}, chosen="quote")
    kinds = [block["element"]["type"] for block in view["blocks"]]

    assert view["blocks"][0]["element"]["initial_option"]["text"]["text"] == "Offerte"
    assert view["blocks"][2]["label"]["text"] == "text-nl"
    assert kinds[2:] == [
        "plain_text_input",
        "plain_text_input",
        "number_input",
        "datepicker",
        "static_select",
        "conversations_select",
    ]
    assert [(one["text"]["text"], one["value"]) for one in view["blocks"][6]["element"]["options"]] == [
        ("een", "a"),
        ("twee", "b"),
    ]


@pytest.mark.parametrize(("language", "more"), [("en", "Other notes"), ("nl", "Andere notities")])
def test_a_form_asks_only_once_what_a_text_is_about(language: Language, more: str) -> None:
    """Below a question that must be answered the free field is for notes; elsewhere it leads."""
    asked = Input(name="question", label="What do you want to know?", required=True)
    tasks = {
        one.name: one
        for one in (
            Task(name="ask", title="Ask", description="", prompt="p", inputs=(asked,)),
            Task(
                name="social",
                title="Social",
                description="",
                prompt="p",
                inputs=(replace(asked, required=False),),
            ),
        )
    }
    ask, social = (
        [
            (block["block_id"], block["label"]["text"])
            for block in task_form(tasks, language=language, metadata={}, chosen=chosen)["blocks"][1:]
        ]
        for chosen in ("ask", "social")
    )

    assert [name for name, _ in ask] == ["input_question", "words"]
    assert ask[1][1].startswith(more)
    assert [name for name, _ in social] == ["words", "input_question"]
    assert not social[0][1].startswith(more)


def test_a_form_is_read_whatever_its_fields() -> None:
    """A choice, a date, a conversation and an empty field all arrive."""
    states = {
        "a": {"x": {"value": "one"}},
        "b": {"x": {"selected_option": {"value": "two"}}},
        "c": {"x": {"selected_date": "2026-11-24"}},
        "d": {"x": {"selected_conversation": "C1"}},
        "e": {"x": {"value": None}},
    }
    values = form_values({"state": {"values": states}})

    assert values == {"a": "one", "b": "two", "c": "2026-11-24", "d": "C1", "e": ""}


def test_a_value_that_is_not_ours_is_refused() -> None:
    """A forged button names no draft."""
    for value in ("3", "{}", '{"run": 4}'):
        try:
            read_value(value)
        except ValueError:
            continue
        raise AssertionError(value)
