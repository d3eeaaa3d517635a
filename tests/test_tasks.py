"""A task file works at once, or says what is wrong with it where."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.tasks import TaskFileError, UserError, find_task, load_company, load_tasks, nearest_tasks

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
        load_tasks(folder, ["draft"])
    return str(told.value)


def test_the_shipped_tasks_load() -> None:
    """A fresh clone has its tasks, in both languages."""
    tasks = load_tasks(PROMPTS, ["draft"])

    assert {"summarise", "answer", "reply"} <= set(tasks)
    assert tasks["summarise"].title_in("nl") == "Thread samenvatten"
    assert tasks["summarise"].description_in("en").startswith("What was decided")


def test_one_file_makes_a_task(tmp_path: Path) -> None:
    """Writing one file is all that a new task takes; its prompt is used to the letter."""
    (tmp_path / "quote.md").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    (tmp_path / "_company.md").write_text("<!-- how -->\nWe bake.")
    task = load_tasks(tmp_path, ["draft"])["quote"]

    assert task.prompt == "A lamp costs $40 and {braces} stay."
    assert task.inputs[0].label_in("nl") == "Klant?"
    assert task.inputs[1].label_in("en") == "Kind?"
    assert load_company(tmp_path) == "We bake."


@pytest.mark.parametrize(
    ("change", "line", "cure"),
    [
        (("title =", "titel ="), 2, "did you mean `title`"),
        (('command = "/quote"', 'command = "quote"'), 4, "must be like /quote"),
        (('command = "/quote"', 'command = "/draft"'), 4, "not /draft"),
        (('command = "/quote"', 'handler = "x"'), 4, "no handler of that name"),
        (('command = "/quote"', 'model = "gpt"'), 4, "must be one of fast, smart"),
        (('command = "/quote"', "max_tokens = 3"), 4, "from 64 to 16000"),
        (('command = "/quote"', 'max_tokens = "3"'), 4, "must be of type int"),
        (('command = "/quote"', "color = 1"), 4, "remove it"),
        (('["offerte"]', "[3]"), 5, "list of words"),
        (('name = "customer"', 'name = "Customer"'), 6, "`name` in lower case"),
        (('type = "select"', 'type = "sound"'), 12, "no type of input"),
        (('options = ["a", "b"]', ""), 6, "needs `options`"),
        (("inputs.kind", "inputs.kinds"), 6, "names no input"),
        (('title = "Offerte"', ""), 14, "`nl.title` is missing"),
        (("[nl]", "[nl]\ncolour = 1"), 15, "`nl.colour` is not a key"),
        (("A lamp", ""), 1, ""),
        (('"A quote."', '"A quote.'), 3, "not valid TOML"),
    ],
)
def test_a_fault_names_line_and_cure(tmp_path: Path, change: tuple[str, str], line: int, cure: str) -> None:
    """Who misspells a key reads which line to mend and how."""
    content = GOOD.replace(*change)
    if cure == "":
        content, cure = GOOD.split("\n\nA lamp")[0] + "\n", "the prompt is empty"
    told = _faults(tmp_path, quote=content)

    assert f"quote.md:{line}: " in told
    assert cure in told


def test_every_fault_of_every_file_is_told(tmp_path: Path) -> None:
    """Three broken files take one round of repairs."""
    (tmp_path / "latin.md").write_bytes(b"\xff\xfe")
    (tmp_path / "Bad Name.md").write_text(GOOD.replace("/quote", "/other").replace("offerte", "x"))
    told = _faults(tmp_path, quote=GOOD, twice=GOOD, none="no front matter", loose="+++\ninputs = [3]\n+++\n")

    assert "not UTF-8" in told
    assert "lower-case letters" in told
    assert "'/quote' is taken by quote.md" in told
    assert "'offerte' is taken by quote.md" in told
    assert "none.md:1: front matter" in told
    assert "must be tables" in told
    assert "`title` is missing" in told


def test_an_empty_folder_is_a_fault(tmp_path: Path) -> None:
    """A bot without tasks says so instead of starting."""
    assert "no task file" in _faults(tmp_path)
    assert load_company(tmp_path) == ""


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A task file that is a folder is a fault, not a crash."""
    (tmp_path / "quote.md").mkdir()

    assert "cannot be read" in _faults(tmp_path)


def test_people_name_tasks_in_their_own_words() -> None:
    """Name, alias, command and capital letters all find the task; a misspelling gets an offer."""
    tasks = load_tasks(PROMPTS, ["draft"])

    assert find_task(tasks, "Samenvatten in English") == (tasks["summarise"], "in English")
    assert find_task(tasks, "/summarize")[0] is tasks["summarise"]
    assert find_task(tasks, "fly me") == (None, "fly me")
    assert find_task(tasks, "") == (None, "")
    assert nearest_tasks(tasks, "sumarise") == ["summarise"]
    assert nearest_tasks(tasks, "zzz") == []


def test_a_user_error_carries_no_text_of_its_own() -> None:
    """What a person reads comes from the catalogues."""
    error = UserError("thread-empty", channel="C1")

    assert (error.key, error.params) == ("thread-empty", {"channel": "C1"})
