"""The author without AI: what it quotes, where it puts it, and that it never makes anything up."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.extract import fill, language, prose, read

THREAD = """<thread mark=4f>
[1] Anna de Vries: Kunnen we de offerte voor Jansen morgen versturen? De prijs is nog onduidelijk.
[2] Ben: We hebben besloten om 10% korting te geven.
[3] Update: ik stuur de offerte vrijdag 2026-11-27 naar Jansen.
[4] Anna de Vries: Akkoord! Wie belt de drukker?
    [9] Chef: stiekem een bericht in een bericht.
[5] Ben: Ik bel de drukker morgen.
</thread mark=4f>

<request mark=5a>
graag een samenvatting
</request mark=5a>
"""
PROMPT = """You summarise.

## Decided
## Besloten

What was agreed.

## Actions
## Acties

## Open questions
## Open vragen
"""


def test_sentences_stand_under_the_headings_that_were_asked_for() -> None:
    """The demo's summary has the real one's shape, in the thread's language, each line with its source."""
    assert prose(PROMPT, THREAD).split("\n\n") == [
        "Ben: Update: ik stuur de offerte vrijdag 2026-11-27 naar Jansen. [3]",
        "## Besloten\n- Ben: We hebben besloten om 10% korting te geven. [2]\n- Anna de Vries: Akkoord! [4]",
        "## Acties\n"
        "- Ben: Update: ik stuur de offerte vrijdag 2026-11-27 naar Jansen. [3]\n"
        "- Ben: Ik bel de drukker morgen. [5]",
        "## Open vragen\n"
        "- Anna de Vries: Kunnen we de offerte voor Jansen morgen versturen? [1]\n"
        "- Anna de Vries: Wie belt de drukker? [4]",
    ]


def test_an_english_thread_gets_english_headings() -> None:
    """Nobody gets Dutch headings over an English thread."""
    told = prose(PROMPT, "[1] Ann: We decided to paint the shop blue. Who will buy the paint?")

    assert "## Decided" in told
    assert "## Open questions" in told
    assert "## Besloten" not in told
    assert "## Actions" not in told


@pytest.mark.parametrize(
    ("system", "headings"),
    [
        ("Use `## Facts` and `## Acties / Actions`.", ["## Facts", "## Actions"]),
        ("# Rules\n\n```\n## Outcome\n## Actions\n```\n\n## Never\n", ["## Outcome", "## Actions"]),
        ("## \n## Actions\n## Actions", ["## Actions"]),
    ],
)
def test_headings_are_found_however_a_prompt_names_them(system: str, headings: list[str]) -> None:
    """A task file may show its headings in a fence, in a sentence, or in two languages on a line."""
    told = prose(
        system, "The shop is blue and looks fine.\nI will send the invoice tomorrow.\nRoses sell best."
    )

    assert [line for line in told.splitlines() if line.startswith("#")] == headings


def test_without_headings_the_best_sentences_follow_each_other() -> None:
    """A letter in the demo is no list of points."""
    told = prose("Write a letter.", "<notes>\n# Notes\n- We open at 9.\n- We close at 5.\n</notes>")

    assert told == "We open at 9.\nWe close at 5."


def test_quoted_sources_survive_a_second_reading() -> None:
    """The summary of a long thread, made of summaries of its parts, keeps the sources."""
    lines = "- Ben: We agreed on blue. [2]\n- Ann: We agreed on Friday. [7, 12]"

    assert prose("", f"<parts mark=1>\n## Decided\n{lines}\n</parts mark=1>") == lines


def test_a_text_cannot_close_its_own_tags() -> None:
    """A colleague who types a closing tag does not vanish from the summary."""
    user = (
        "<thread mark=9c>\n[1] Ann: Look: </thread> is text.\n[2] Ben: We agreed on blue.\n</thread mark=9c>"
    )

    assert [each.cited for each in read(user)][-1] == "2"
    assert {each.speaker for each in read(user)} == {"Ann", "Ben"}


@pytest.mark.parametrize(
    ("line", "speaker"),
    [
        ("Ann: hello there", "Ann"),
        ("jan: hello there", "jan"),
        ("Ben van den Berg: hello there", "Ben van den Berg"),
        ("Update: hello there", ""),
        ("The plan: hello there", ""),
        ("Price of two lamps: forty", ""),
        ("see https://example.com", ""),
        ("😀: hello there", "😀"),
    ],
)
def test_names_are_told_from_labels(line: str, speaker: str) -> None:
    """Nobody called "Update" gets a task in the demo."""
    assert read(f"[1] {line}")[0].speaker == speaker


@pytest.mark.parametrize("user", ["", "  \n ", "<thread mark=1>\n\n</thread mark=1>", "<thread></thread>"])
def test_nothing_is_said_of_nothing(user: str) -> None:
    """An empty text gives no invented draft."""
    assert prose(PROMPT, user) == "…"
    assert fill({"type": "object", "properties": {"a": {"type": "string"}}}, user) == {"a": "…"}


def test_a_message_without_end_is_quoted_in_part() -> None:
    """A message of 40,000 characters does not fill the screen."""
    assert all(len(line) < 320 for line in prose("", "[1] Ann: " + "word " * 8000).splitlines())
    assert len(read("x" * 40_000)[0].text) == 300


@pytest.mark.parametrize(
    ("said", "first"),
    [
        ("." * 40_000 + "x", "." * 300),
        ("!?" * 20_000, ("!?" * 150)),
        ("a" + " " * 40_000 + "b.", "a"),
        ("Look: " + "<a b>" * 8000, "Look:"),
        ("".join(f"<a{number} b>" for number in range(6000)) + "end", "end"),
        ("[1] " * 10_000, "[1] [1] [1]"),
    ],
)
def test_no_message_is_too_odd_to_read(said: str, first: str) -> None:
    """The demo goes on when somebody leans on a key; this takes no longer than any other text."""
    sentences = read(f"[1] Ann: {said}")

    assert sentences[0].text.startswith(first)
    assert sentences[0].speaker == "Ann"


@pytest.mark.parametrize(
    ("line", "sentences"),
    [
        ("Done... Next!? Yes", ["Done...", "Next!?", "Yes"]),
        ("Version 2.0.1 is out. See bot.py!", ["Version 2.0.1 is out.", "See bot.py!"]),
        ('He said "no!" and left.', ['He said "no!', '" and left.']),
        ("?! What", ["?!", "What"]),
        ("...", ["..."]),
    ],
)
def test_a_sentence_ends_where_it_ends(line: str, sentences: list[str]) -> None:
    """Version numbers and file names are not cut in two."""
    assert [each.text for each in read(line)] == sentences


@pytest.mark.parametrize(
    ("user", "texts"),
    [
        ("<a>one</a> two <b>three</b>", ["one", "three"]),
        ("<a>one <b>two</b> three</a>", ["one", "two", "three"]),
        ("<a>one <b m=1>two</b m=1>", ["two"]),
        ("<a>one <a>two</a> three</a>", ["one", "two"]),
        ("</a>one<a>", ["one"]),
    ],
)
def test_blocks_are_found_however_they_stand(user: str, texts: list[str]) -> None:
    """What the bot marks as input is read; tags that nobody closed are text."""
    assert [each.text for each in read(user)] == texts


@pytest.mark.parametrize(("text", "told"), [("Dat is het", "nl"), ("That is it", "en"), ("42", "en")])
def test_dutch_is_told_from_english(text: str, told: str) -> None:
    """The demo answers in the language of what it reads."""
    assert language(text) == told


FORM: dict[str, Any] = {
    "$defs": {
        "Action": {
            "type": "object",
            "properties": {
                "owner": {"type": "string"},
                "what": {"type": "string"},
                "source": {"type": "integer"},
                "due": {"type": "string", "format": "date"},
            },
            "required": ["owner", "what", "source", "due"],
            "additionalProperties": False,
        }
    },
    "type": "object",
    "properties": {
        "title": {"type": "string", "maxLength": 20},
        "actions": {"type": "array", "items": {"$ref": "#/$defs/Action"}},
        "topics": {"type": "array", "items": {"type": "string"}, "minItems": 7},
        "status": {"enum": ["not_started", "besloten"]},
        "discount": {"anyOf": [{"type": "null"}, {"type": "number", "maximum": 5}]},
        "price": {"type": ["number", "null"], "minimum": 50},
        "urgent": {"type": "boolean"},
        "kind": {"const": "quote"},
        "nothing": {"type": "null"},
        "void": {"type": ["null"]},
        "inner": {"properties": {"any": {}}},
        "both": {"allOf": [{"type": "string"}], "description": "an open question"},
    },
    "required": ["title", "actions"],
}
FITS = jsonschema.Draft202012Validator(FORM)


def test_a_form_is_filled_field_by_field() -> None:
    """Every structured task works in the demo, with owners, sources and dates as they were written."""
    filled = fill(FORM, THREAD)

    FITS.validate(filled)
    assert filled["title"] == "Update: ik stuur de "
    assert filled["actions"] == [
        {
            "owner": "Ben",
            "what": "Update: ik stuur de offerte vrijdag 2026-11-27 naar Jansen.",
            "source": 3,
            "due": "2026-11-27",
        },
        {"owner": "Ben", "what": "Ik bel de drukker morgen.", "source": 5, "due": "1970-01-01"},
    ]
    assert len(filled["topics"]) == 7
    assert (filled["status"], filled["discount"], filled["price"]) == ("besloten", 5, 50)
    assert (filled["urgent"], filled["kind"], filled["nothing"], filled["void"]) == (
        False,
        "quote",
        None,
        None,
    )
    assert filled["inner"]["any"]
    assert filled["both"].endswith("?")


def test_numbers_are_read_as_they_are_written() -> None:
    """A price of 12,50 stays 12.50."""
    form = {"type": "object", "properties": {"price": {"type": "number"}, "count": {"type": "integer"}}}

    assert fill(form, "The lamp is 12,50 euro.") == {"price": 12.5, "count": 12}
    assert fill(form, "The lamp is free.") == {"price": 0, "count": 0}


LINES = st.lists(
    st.tuples(
        st.sampled_from(["Anna", "Ben", "Chef van Dam"]),
        st.lists(
            st.sampled_from(
                ["we agreed", "I will", "send", "who?", "ok.", "😀", "12,50", "<b>", "a\nb", "[3]", "##"]
            )
            | st.text(max_size=8),
            min_size=1,
            max_size=12,
        ).map(" ".join),
    ),
    max_size=8,
)


@given(LINES, st.booleans())
def test_not_a_word_is_invented(lines: list[tuple[str, str]], headed: bool) -> None:
    """Whatever stands in a thread, the demo quotes it and adds nothing."""
    user = "\n".join(f"[{index}] {name}: {said}" for index, (name, said) in enumerate(lines, 1))
    told = prose(PROMPT if headed else "", f"<thread mark=1>\n{user}\n</thread mark=1>")

    for line in told.splitlines():
        if not line or line in PROMPT.splitlines() or line == "…":
            continue
        quoted = line.removeprefix("- ")
        quoted = re.sub(r" \[\d+\]$", "", quoted)
        speaker, _, said = quoted.partition(": ")
        assert quoted in user or (speaker in user and said in user)


@given(LINES)
def test_the_same_input_gives_the_same_draft(lines: list[tuple[str, str]]) -> None:
    """Two people who ask for the same see the same."""
    user = "\n".join(f"[{index}] {name}: {said}" for index, (name, said) in enumerate(lines, 1))

    assert prose(PROMPT, user) == prose(PROMPT, user)
    FITS.validate(json.loads(json.dumps(fill(FORM, user))))


def test_a_thread_of_thousands_is_read_whole() -> None:
    """A year's channel is summarised too, its last message included."""
    user = "\n".join(f"[{number}] Ann: We sold lamp {number} on day {number}." for number in range(1, 5001))
    told = prose("", user + "\n[5001] Ben: We finally decided to approve the deal, agreed and settled.")

    assert "[5001]" in told
