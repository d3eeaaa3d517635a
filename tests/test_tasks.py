"""A task file works at once, or says what is wrong with it where."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.handlers import HANDLERS
from bot.tasks import (
    TRANSLATED,
    Input,
    Task,
    TaskFileError,
    UserError,
    find_task,
    load_company,
    load_tasks,
    nearest_tasks,
)

PROMPTS = Path(__file__).parent.parent / "prompts"
GOOD = """+++
title = "Quote"
description = "A quote."
command = "/quote"
aliases = ["offerte"]
[[inputs]]
name = "customer"
label = "Customer?"
[[inputs]]
name = "kind"
label = "Kind?"
type = "select"
options = ["a", "b"]
[nl]
title = "Offerte"
description = "Een offerte."
inputs.customer = "Klant?"
inputs.kind = "Soort?"
+++

A lamp costs $40 and {braces} stay.
"""


def _faults(folder: Path, **files: str) -> str:
    for name, content in files.items():
        (folder / f"{name}.md").write_text(content)
    with pytest.raises(TaskFileError) as told:
        load_tasks(folder, {"draft": None})
    return str(told.value)


def test_the_shipped_tasks_load() -> None:
    """A fresh clone has its tasks, in both languages."""
    tasks = load_tasks(PROMPTS, HANDLERS)

    assert {"summarise", "answer", "reply"} <= set(tasks)
    assert tasks["summarise"].title_in("nl") == "Thread samenvatten"
    assert tasks["summarise"].description_in("en").startswith("What was decided")


@pytest.mark.parametrize("path", sorted(PROMPTS.glob("[a-z]*.md")), ids=lambda path: path.stem)
def test_a_shipped_prompt_is_short_and_its_text_can_leave_the_house(path: Path) -> None:
    """A firm reads a prompt in two minutes, and no letter or e-mail has message numbers in it."""
    task = load_tasks(PROMPTS, HANDLERS)[path.stem]
    leaves = task.handler == "draft" and task.deliver == "private" and task.name not in ("answer", "minutes")

    assert len(task.prompt.splitlines()) <= 45
    assert "message numbers like [12]" in " ".join(task.prompt.split()) or not leaves


def test_one_file_makes_a_task(tmp_path: Path) -> None:
    """Writing one file is all that a new task takes; its prompt is used to the letter."""
    (tmp_path / "quote.md").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    (tmp_path / "_company.md").write_text("<!-- how -->\nWe bake.\n<!-- never closed")
    task = load_tasks(tmp_path, HANDLERS)["quote"]

    assert task.prompt == "A lamp costs $40 and {braces} stay.\n"
    assert task.inputs[0].label_in("nl") == "Klant?"
    assert task.inputs[1].label_in("en") == "Kind?"
    assert load_company(tmp_path) == "We bake."


@pytest.mark.parametrize(
    ("change", "line", "cure"),
    [
        (("title =", "titel ="), 2, "did you mean `title`"),
        (('title = "Quote"', ""), 1, "`title` is missing"),
        (('title = "Quote"', 'title = " "'), 2, "`title` is missing"),
        (('command = "/quote"', 'command = "quote"'), 4, "must be like /quote"),
        (('command = "/quote"', f'command = "/{"q" * 32}"'), 4, "must be like /quote"),
        (('command = "/quote"', 'command = "/draft"'), 4, "not /draft"),
        (('command = "/quote"', 'handler = "x"'), 4, "`handler` is 'x' and must be one of draft"),
        (('command = "/quote"', 'model = "gpt"'), 4, "must be one of fast, smart"),
        (('command = "/quote"', "max_tokens = 63"), 4, "from 64 to 16000"),
        (('command = "/quote"', "max_tokens = true"), 4, "must be a whole number"),
        (('command = "/quote"', "baseline_minutes = 2881"), 4, "from 1 to 2880"),
        (('command = "/quote"', "color = 1"), 4, "remove it"),
        (('["offerte"]', "[3]"), 5, "list of words"),
        (('["offerte"]', '["a", "A"]'), 5, "'A' is taken by quote.md"),
        (('name = "customer"', 'name = "Customer"'), 7, "lower-case letters, digits and underscores"),
        (('name = "kind"', 'name = "customer"'), 10, "two inputs called 'customer'"),
        (('type = "select"', 'type = "sound"'), 12, "`type` is 'sound'"),
        (('options = ["a", "b"]', ""), 12, "needs `options`"),
        (('["a", "b"]', "[1]"), 13, "list of at most 100 words"),
        (('["a", "b"]', f'["{"a" * 76}"]'), 13, "at most 75 characters"),
        (('label = "Kind?"', "colour = 1"), 11, "`colour` is not a key"),
        (('label = "Kind?"', ""), 9, "`inputs.1.label` is missing"),
        (("inputs.kind", "inputs.kinds"), 18, "names no input"),
        (("inputs.kind", "inputs.kinds"), 14, "`nl.inputs.kind` is missing; add it in Dutch"),
        (('title = "Offerte"', ""), 14, "`nl.title` is missing"),
        (('"Offerte"', "3"), 15, "`nl.title` must be text"),
        (("[nl]", "[nl]\ncolour = 1"), 15, "`colour` is not a key"),
        (("[nl]", '[nl]\noptions.kind = ["een"]'), 15, "a list of 2 words in quotes"),
        (("[nl]", f'[nl]\noptions.kind = ["een", "{"a" * 76}"]'), 15, "at most 75 characters"),
        (("[nl]", '[nl]\noptions.customer = ["een", "twee"]'), 15, "names no select"),
        (('inputs.kind = "Soort?"', ""), 14, "`nl.inputs.kind` is missing"),
        (("A lamp costs $40 and {braces} stay.", "  "), 1, "the prompt is empty"),
        (('"A quote."', '"A quote.'), 3, "not valid TOML"),
        (('"Soort?"\n', '"Soort?"\nx = """\n'), 19, "not valid TOML"),
    ],
)
def test_a_fault_names_line_and_cure(tmp_path: Path, change: tuple[str, str], line: int, cure: str) -> None:
    """Who misspells a key reads which line to mend and how."""
    told = _faults(tmp_path, quote=GOOD.replace(*change)).splitlines()

    assert [fault for fault in told if f"quote.md:{line}: " in fault and cure in fault], told


@pytest.mark.parametrize(
    "value", ["3", "'x'", "[3]", "[[3]]", "['']", "{a = 1}", "true", "1.5", "nan", "07:32:00"]
)
@pytest.mark.parametrize(
    "key", ["title", "command", "aliases", "handler", "model", "max_tokens", "inputs", "nl"]
)
def test_a_value_of_any_kind_is_judged(tmp_path: Path, key: str, value: str) -> None:
    """Whatever somebody writes behind a key, the bot starts or says what is wrong; it never breaks."""
    front = {"title": '"T"', "description": '"D"', "nl": '{title = "T", description = "D"}', key: value}
    lines = [f"{name} = {given}" for name, given in front.items()]
    content = "\n".join(["+++", *lines, "+++", "Write."])
    line = list(front).index(key) + 2
    if (key, value) == ("title", "'x'"):
        (tmp_path / "quote.md").write_text(content)

        assert load_tasks(tmp_path, HANDLERS)["quote"].title == "x"
    else:
        assert all(f"quote.md:{line}: " in fault for fault in _faults(tmp_path, quote=content).splitlines())


@given(
    prompt=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r")).filter(str.strip),
    windows=st.booleans(),
)
def test_a_prompt_is_used_to_the_letter(prompt: str, windows: bool) -> None:
    """Dollars, braces, fences and blank lines in a prompt reach the model as they were written."""
    content = GOOD.partition("A lamp")[0] + prompt
    with TemporaryDirectory() as folder:
        raw = content.replace("\n", "\r\n") if windows else content
        (Path(folder) / "quote.md").write_bytes(raw.encode())
        task = load_tasks(Path(folder), HANDLERS)["quote"]

    assert task.prompt == prompt


@given(st.binary(max_size=200))
def test_no_content_breaks_the_reader(content: bytes) -> None:
    """Any file at all is a task or a clear fault, and so is any front matter."""
    with TemporaryDirectory() as folder:
        for whole in (content, b"+++\n" + content + b"\n+++\nWrite."):
            (Path(folder) / "quote.md").write_bytes(whole)
            with pytest.raises(TaskFileError, match=r"quote\.md:"):
                load_tasks(Path(folder), HANDLERS)


def test_every_fault_of_every_file_is_told(tmp_path: Path) -> None:
    """Three broken files take one round of repairs."""
    (tmp_path / "latin.md").write_bytes(b"+++\n\xff\xfe")
    (tmp_path / "Bad Name.md").write_text(GOOD.replace("/quote", "/other").replace("offerte", "x"))
    told = _faults(
        tmp_path,
        quote=GOOD,
        twice=GOOD.replace("offerte", "Offerte"),
        offerte=GOOD.replace("/quote", "/ask").replace('["offerte"]', "[]"),
        none="no front matter",
        open="+++\ntitle = 1",
        loose="+++\ninputs = [3]\n+++\n",
    )

    assert "latin.md:2: this is not UTF-8" in told
    assert "Bad Name.md:1: the file's name" in told
    assert "twice.md:4: '/quote' is taken by quote.md" in told
    assert "twice.md:5: 'Offerte' is taken by offerte.md" in told
    assert "none.md:1: front matter" in told
    assert "open.md:1: front matter" in told
    assert "loose.md:2: `inputs` must be tables" in told
    assert "loose.md:1: `title` is missing" in told


def test_files_that_are_no_tasks_are_left_alone(tmp_path: Path) -> None:
    """What an editor or a Mac leaves beside the files does not stop the bot."""
    (tmp_path / "quote.md").write_text(GOOD)
    (tmp_path / "._quote.md").write_bytes(b"\x00\x05\x16\x07")
    (tmp_path / "_notes.md").write_text("not a task")

    assert list(load_tasks(tmp_path, HANDLERS)) == ["quote"]


def test_an_empty_folder_is_a_fault(tmp_path: Path) -> None:
    """A bot without tasks says so instead of starting."""
    assert "no task file" in _faults(tmp_path)
    assert load_company(tmp_path) == ""


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A task file that is a folder is a fault, not a crash; so is a page about the firm in an old encoding."""
    (tmp_path / "quote.md").mkdir()
    (tmp_path / "_company.md").write_bytes("\nCafé".encode("latin-1"))

    assert "cannot be read" in _faults(tmp_path)
    with pytest.raises(TaskFileError, match=r"_company\.md:2: this is not UTF-8"):
        load_company(tmp_path)


def test_people_name_tasks_in_their_own_words(tmp_path: Path) -> None:
    """Name, alias, command, capitals and a colon all find the task; the longest name wins."""
    (tmp_path / "quote.md").write_text(GOOD.replace('["offerte"]', '["offerte", "offerte van de week"]'))
    other = GOOD.replace("/quote", "/other").replace('["offerte"]', '["Offerte van"]')
    (tmp_path / "other.md").write_text(other)
    tasks = load_tasks(tmp_path, HANDLERS)

    assert find_task(tasks, " OFFERTE voor Piet ") == (tasks["quote"], "voor Piet")
    assert find_task(tasks, "offerte:\nvoor Piet") == (tasks["quote"], "voor Piet")
    assert find_task(tasks, "Offerte  van de\tWEEK") == (tasks["quote"], "")
    assert find_task(tasks, "offerte van Piet") == (tasks["other"], "Piet")
    assert find_task(tasks, "/quote 40,10") == (tasks["quote"], "40,10")
    assert find_task(tasks, "offertes voor Piet") == (None, "offertes voor Piet")
    assert find_task(tasks, "quote-unquote") == (None, "quote-unquote")
    assert find_task(tasks, "") == (None, "")


def test_what_can_be_chosen_reads_in_every_language() -> None:
    """No Dutch form offers English words; a number is the same in both."""
    for task in load_tasks(PROMPTS, HANDLERS).values():
        for one in task.inputs:
            words = [option for option in one.options if not option.isdigit()]
            if one.type == "select" and words:
                assert one.choices.keys() == set(TRANSLATED), f"{task.name}: {one.name}"


def test_a_misspelt_task_gets_an_offer() -> None:
    """Each task is offered once, however many of its names come near."""
    tasks = load_tasks(PROMPTS, HANDLERS)

    assert nearest_tasks(tasks, "Sumarise") == ["summarise"]
    assert nearest_tasks(tasks, "/samenvaten") == ["summarise"]
    assert nearest_tasks(tasks, "zzz") == []
    assert nearest_tasks({}, "zzz") == []


def test_the_page_about_tasks_knows_every_key_and_value() -> None:
    """Who writes a task file finds every key, value, range and default on the page."""
    page = (PROMPTS.parent / "docs" / "tasks.md").read_text()
    rows = dict(re.findall(r"^\| (`[^|]+?) \| (.+) \|$", page, flags=re.MULTILINE))
    row = {key: text for keys, text in rows.items() for key in re.findall(r"`\[*(\w+)\]*`", keys)}
    hints = get_type_hints(Task)

    assert row.keys() == (hints.keys() | {"nl"}) - {"name", "prompt", "wordings"}
    for key in ("model", "reads", "deliver", "effort"):
        assert all(f"`{value}`" in row[key] for value in get_args(hints[key])), key
    assert all(f"`{kind}`" in page for kind in get_args(get_type_hints(Input)["type"]))
    for item in fields(Task):
        if item.name in row and item.default not in ("", (), MISSING):
            assert row[item.name].endswith((f"| {item.default}", f"| `{item.default}`")), item.name
    assert "64 to 16,000" in row["max_tokens"]
    assert "1 to 2,880" in row["baseline_minutes"]


def test_the_example_on_the_page_works(tmp_path: Path) -> None:
    """Who copies the example of the page has a task."""
    page = (PROMPTS.parent / "docs" / "tasks.md").read_text()
    (tmp_path / "invite.md").write_text(page.partition("```text\n")[2].partition("```")[0])
    task = load_tasks(tmp_path, HANDLERS)["invite"]

    assert task.inputs[0].label_in("nl") == "Wat organiseer je, wanneer en waar?"
    assert task.prompt.startswith("You write an invitation")


def test_a_user_error_carries_no_text_of_its_own() -> None:
    """What a person reads comes from the catalogues."""
    error = UserError("thread-empty", channel="C1")

    assert (error.key, error.params) == ("thread-empty", {"channel": "C1"})
