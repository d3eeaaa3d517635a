"""Task files: how `prompts/<name>.md` becomes a Task, and back; the only room that reads and judges front matter."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_type_hints

from bot.tasks.nouns import TRANSLATED, Input, Language, TableWork, Task, TaskFileError, Wording

RESERVED_COMMANDS = ("/draft", "/tijdwinst")
_FENCE = "+++"
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_COMMAND = re.compile(r"/[a-z][a-z0-9_-]{0,30}")
_INPUT_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TABLE = re.compile(r"\s*(\[\[?)\s*([\w.-]+)\s*\]")
_PAIR = re.compile(r"\s*([\w.\"'-]+)\s*=")
_RANGES = {"max_tokens": (64, 16_000), "baseline_minutes": (1, 2_880)}
_OPTIONS_AT_MOST, _OPTION_CHARS_AT_MOST = 100, 75
"""What a select of Slack holds: https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element"""

_KEYS: dict[str, type] = {
    "title": str,
    "description": str,
    "command": str,
    "aliases": list,
    "handler": str,
    "model": str,
    "reads": str,
    "deliver": str,
    "baseline_minutes": int,
    "max_tokens": int,
    "effort": str,
    "personal_data": str,
    "example": str,
    "urgent": bool,
    "listed": bool,
    "inputs": list,
    "table": dict,
    **dict.fromkeys(TRANSLATED, dict),
}
_TABLE_KEYS = {"each_review": int, "most_words": int, "unlike": bool, "paper": bool, "forbidden": list}
_TABLE_RANGES = {"each_review": (1, 10), "most_words": (10, 1_000)}
_INPUT_KEYS = {"name": str, "label": str, "type": str, "required": bool, "options": list}
_WORDING_KEYS = {"title": str, "description": str, "example": str, "inputs": dict, "options": dict}
_REQUIRED = {"nl": "Dutch"}
"""Without this table no file was ever good; one of a language that came later may be missing, in files of a firm."""

_KINDS = {
    str: "text between quotes",
    int: "a whole number",
    bool: "true or false",
    list: "a list between brackets",
    dict: "a table",
}


# Read once: asking for them anew for each input made half of the start.
_TASK_CHOICES = {
    key: get_args(hint)
    for key, hint in get_type_hints(Task).items()
    if key in ("model", "reads", "deliver", "effort", "personal_data")
}
_INPUT_TYPES = get_args(get_type_hints(Input)["type"])


class TaskFile:
    """One task file while it is read: knows where every key stands, and collects faults.

    Args:
        written: its text, of a file that does not lie on a disk.
    """

    def __init__(self, path: Path, *, written: str | None = None) -> None:
        self.path = path
        self.written = written
        self._lines: dict[str, int] = {}
        self._faults: set[tuple[int, str]] = set()

    def index(self, lines: Sequence[str]) -> None:
        """Note on which line each key and table of the front matter stands: `nl.title`, `inputs.1.name`."""
        table, counts = "", Counter[str]()
        for number, line in enumerate(lines, 2):
            if header := _TABLE.match(line):
                table = header[2]
                if header[1] == "[[":
                    counts[table] += 1
                    self._lines.setdefault(table, number)
                    table = f"{table}.{counts[table] - 1}"
                self._lines.setdefault(table, number)
            elif pair := _PAIR.match(line):
                key = re.sub(r"[\"']", "", pair[1])
                self._lines.setdefault(f"{table}.{key}" if table else key, number)

    def fault(self, key: str, cure: str, *, line: int = 0) -> None:
        """Note a fault at *line*, else where *key* or the table it belongs to stands, else at line 1."""
        while not line and key:
            line = self._lines.get(key, 0)
            key = key.rpartition(".")[0]
        self._faults.add((line or 1, cure))

    def told(self) -> list[str]:
        """Return the faults in the order of their lines, each with file and line."""
        return [
            f"{self.path.parent.name}/{self.path.name}:{line}: {cure}" for line, cure in sorted(self._faults)
        ]


def load_tasks(folder: Path, handlers: Collection[str]) -> dict[str, Task]:
    """Read every task file of *folder*; a file whose name starts with `_` or a dot is not a task.

    Raises:
        TaskFileError: at least one file has a fault; the message names file, line and cure of each.
    """
    tasks: dict[str, Task] = {}
    faults: list[str] = []
    owners: dict[str, str] = {}
    for path in sorted(folder.glob("*.md")):
        if path.name.startswith(("_", ".")):
            continue
        file = TaskFile(path)
        read = split_front(file)
        if read is not None:
            front, prompt = read
            _check_task(file, front, prompt, handlers=handlers)
            _claim_words(file, front, owners)
            if not file.told():
                tasks[path.stem] = _make_task(path.stem, front, prompt)
        faults += file.told()
    if not tasks and not faults:
        faults.append(f"{folder.name}: there is no task file; add one, like summarise.md.")
    if faults:
        raise TaskFileError("\n".join(faults))
    return tasks


def parse_task(name: str, written: str, handlers: Collection[str]) -> Task:
    """Make a Task of the text of a task file.

    Raises:
        TaskFileError: it has a fault; the message names line and cure of each.
    """
    file = TaskFile(Path("templates") / f"{name}.md", written=written)
    read = split_front(file)
    if read is not None:
        _check_task(file, *read, handlers=handlers)
    if read is None or file.told():
        raise TaskFileError("\n".join(file.told()))
    return _make_task(name, *read)


def write_task(task: Task) -> str:
    """Write a Task as the text of a task file; `parse_task` makes the same Task of it."""
    plain = Task(name="", title="", description="", prompt="")
    lines = [f"title = {_quoted(task.title)}", f"description = {_quoted(task.description)}"]
    for key in _KEYS:
        value = getattr(task, key, None)
        if key in ("title", "description", "inputs", "table") or value == getattr(plain, key, None):
            continue
        lines.append(f"{key} = {_quoted(list(value) if isinstance(value, tuple) else value)}")
    for field in task.inputs:
        lines += ["", "[[inputs]]", f"name = {_quoted(field.name)}", f"label = {_quoted(field.label)}"]
        lines.append(f"type = {_quoted(field.type)}")
        if field.required:
            lines.append("required = true")
        if field.options:
            lines.append(f"options = {_quoted(list(field.options))}")
    for language, said in task.wordings.items():
        lines += ["", f"[{language}]", f"title = {_quoted(said.title)}"]
        lines.append(f"description = {_quoted(said.description)}")
        if said.example:
            lines.append(f"example = {_quoted(said.example)}")
        lines += [f"inputs.{field.name} = {_quoted(field.label_in(language))}" for field in task.inputs]
        lines += [
            f"options.{field.name} = {_quoted(list(field.choices[language]))}"
            for field in task.inputs
            if language in field.choices
        ]
    return "\n".join([_FENCE, *lines, _FENCE, "", task.prompt])


def _quoted(value: Any) -> str:
    """Return a value as TOML writes it; JSON does so too, but for the control character that TOML forbids."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _read_text(file: TaskFile) -> str | None:
    if file.written is not None:
        return file.written
    try:
        raw = file.path.read_bytes()
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        file.fault(
            "", "this is not UTF-8 text; save the file as UTF-8.", line=raw[: error.start].count(b"\n") + 1
        )
    except OSError as error:
        file.fault("", f"it cannot be read ({error.strerror}); check that it is a file, and its permissions.")
    return None


def split_front(file: TaskFile, *, needed: bool = True) -> tuple[dict[str, Any], str] | None:
    """Return front matter and the text below it; None, and a fault noted, where the file is not so built.

    Args:
        needed: a file without front matter is a fault; else all of it is text.
    """
    whole = _read_text(file)
    if whole is None:
        return None
    lines = whole.split("\n")
    if not needed and lines[0].rstrip() != _FENCE:
        return {}, whole
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE), 0)
    if lines[0].rstrip() != _FENCE or not end:
        file.fault("", "front matter must stand between two lines of `+++`, the first of them on line 1.")
        return None
    file.index(lines[1:end])
    try:
        # The empty line stands for the fence, so that the parser counts lines as an editor does.
        front = tomllib.loads("\n" + "\n".join(lines[1:end]))
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).partition(" (at ")
        found = re.search(r"line (\d+)", place)
        line = min(int(found[1]), end) if found else end
        file.fault("", f'not valid TOML: {reason}; write key = "text", numbers without quotes.', line=line)
        return None
    return front, "\n".join(lines[end + 1 :]).removeprefix("\n")


def _check_task(file: TaskFile, front: dict[str, Any], prompt: str, *, handlers: Collection[str]) -> None:
    if not _NAME.fullmatch(file.path.stem):
        file.fault("", "the file's name is the task's: use lower-case letters, digits and hyphens.")
    if not prompt.strip():
        file.fault("", "the prompt is empty; write it below the second `+++`.")
    check_keys(file, front, _KEYS)
    _check_filled(file, front, ("title", "description"))
    for key, choices in _TASK_CHOICES.items():
        _check_choice(file, key, front, choices)
    _check_choice(file, "handler", {"handler": "draft", **front}, sorted(handlers))
    for key, (low, high) in _RANGES.items():
        if type(front.get(key)) is int and not low <= front[key] <= high:
            file.fault(key, f"`{key}` must be from {low} to {high}.")
    command = front.get("command")
    if isinstance(command, str) and (not _COMMAND.fullmatch(command) or command in RESERVED_COMMANDS):
        file.fault(
            "command", "`command` must be like /quote, at most 32 characters, not /draft or /tijdwinst."
        )
    if not _are_words(front.get("aliases")):
        file.fault("aliases", "`aliases` must be a list of words between quotes.")
    _check_table(file, _table(front, "table"))
    _check_inputs(file, front.get("inputs"))
    for language in TRANSLATED:
        if language in front or language in _REQUIRED:
            _check_wording(file, front, language)


def _check_wording(file: TaskFile, front: dict[str, Any], language: Language) -> None:
    said = _table(front, language)
    check_keys(file, said, _WORDING_KEYS, inside=language)
    _check_filled(file, said, ("title", "description"), inside=language)
    if ("example" in front) != ("example" in said):
        there = f"{language}.example" if "example" in said else "example"
        file.fault(there, "`example` must stand in both languages, or in neither.")
    tables = front.get("inputs")
    names = (
        [table.get("name") for table in tables if isinstance(table, dict)] if isinstance(tables, list) else []
    )
    labels = _table(said, "inputs")
    _check_filled(file, labels, (str(name) for name in names if name), inside=f"{language}.inputs")
    for name in labels:
        if name not in names:
            at = f"{language}.inputs.{name}"
            file.fault(at, f"`{at}` names no input; rename or remove it.")
    offered = {
        table.get("name"): table.get("options")
        for table in (tables if isinstance(tables, list) else [])
        if isinstance(table, dict) and table.get("type") == "select"
    }
    for name, words in _table(said, "options").items():
        _check_choices(file, f"{language}.options.{name}", words, offered.get(name))


def _check_choices(file: TaskFile, at: str, words: Any, options: Any) -> None:
    """Check the options of a select in another language."""
    if not isinstance(options, list):
        file.fault(at, f"`{at}` names no select; rename or remove it.")
    elif not isinstance(words, list) or not _are_words(words) or len(words) != len(options):
        file.fault(at, f"`{at}` must be a list of {len(options)} words in quotes, in the order of `options`.")
    elif any(len(word) > _OPTION_CHARS_AT_MOST for word in words):
        file.fault(at, f"an option has at most {_OPTION_CHARS_AT_MOST} characters; shorten it.")


def _check_table(file: TaskFile, table: dict[str, Any]) -> None:
    check_keys(file, table, _TABLE_KEYS, inside="table")
    for key, (low, high) in _TABLE_RANGES.items():
        if type(table.get(key)) is int and not low <= table[key] <= high:
            file.fault(f"table.{key}", f"`{key}` must be from {low} to {high}.")
    if not _are_words(table.get("forbidden")):
        file.fault("table.forbidden", "`forbidden` must be a list of words between quotes.")


def _check_inputs(file: TaskFile, tables: Any) -> None:
    names: list[Any] = []
    for number, table in enumerate(tables if isinstance(tables, list) else []):
        at = f"inputs.{number}"
        if not isinstance(table, dict):
            file.fault(at, "`inputs` must be tables: write [[inputs]].")
            continue
        check_keys(file, table, _INPUT_KEYS, inside=at)
        _check_filled(file, table, ("name", "label"), inside=at)
        _check_choice(file, "type", table, _INPUT_TYPES, inside=at)
        name, options = table.get("name"), table.get("options")
        if isinstance(name, str) and not _INPUT_NAME.fullmatch(name):
            file.fault(f"{at}.name", "an input's `name` must be lower-case letters, digits and underscores.")
        if name in names:
            file.fault(f"{at}.name", f"there are two inputs called {name!r}; rename one.")
        names.append(name)
        if table.get("type") == "select" and not options:
            file.fault(f"{at}.type", "a select needs `options`: a list of words between quotes.")
        if not _are_words(options) or len(options or ()) > _OPTIONS_AT_MOST:
            file.fault(
                f"{at}.options", f"`options` must be a list of at most {_OPTIONS_AT_MOST} words in quotes."
            )
        elif any(len(option) > _OPTION_CHARS_AT_MOST for option in options or ()):
            file.fault(
                f"{at}.options", f"an option has at most {_OPTION_CHARS_AT_MOST} characters; shorten it."
            )


def check_keys(file: TaskFile, table: dict[str, Any], known: Mapping[str, type], *, inside: str = "") -> None:
    """Note a fault for each key that is not known, or not of its type."""
    for key, value in table.items():
        at = f"{inside}.{key}" if inside else key
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean `{near[0]}`?" if near else "remove it."
            file.fault(at, f"`{key}` is not a key that a task file has here; {hint}")
        elif type(value) is not known[key]:
            file.fault(at, f"`{key}` must be {_KINDS[known[key]]}.")


def _check_filled(file: TaskFile, table: dict[str, Any], keys: Iterable[str], *, inside: str = "") -> None:
    for key in keys:
        at = f"{inside}.{key}" if inside else key
        value = table.get(key, "")
        if not isinstance(value, str):
            file.fault(at, f"`{at}` must be {_KINDS[str]}.")
        elif not value.strip():
            language = inside.partition(".")[0]
            where = f" in {_REQUIRED.get(language, language)}" if language in TRANSLATED else ""
            file.fault(at, f"`{at}` is missing; add it{where}.")


def _check_choice(
    file: TaskFile, key: str, table: dict[str, Any], allowed: Sequence[str], *, inside: str = ""
) -> None:
    value = table.get(key)
    if isinstance(value, str) and value not in allowed:
        at = f"{inside}.{key}" if inside else key
        file.fault(at, f"`{key}` is {value!r} and must be one of {', '.join(allowed)}.")


def _are_words(value: Any) -> bool:
    """Say whether *value* is absent or a list of texts that are not empty."""
    return not isinstance(value, list) or all(isinstance(word, str) and word.strip() for word in value)


def _table(table: dict[str, Any], key: str) -> dict[str, Any]:
    value = table.get(key)
    return value if isinstance(value, dict) else {}


def _claim_words(file: TaskFile, front: dict[str, Any], owners: dict[str, str]) -> None:
    """Let a task's name, command and aliases stand for it alone, whatever their capitals."""
    aliases = front.get("aliases")
    claims = [("", file.path.stem), ("command", front.get("command"))]
    claims += [("aliases", alias) for alias in (aliases if isinstance(aliases, list) else [])]
    for key, word in claims:
        if not isinstance(word, str) or not word:
            continue
        spelled = " ".join(word.casefold().split())
        if spelled in owners:
            file.fault(key, f"{word!r} is taken by {owners[spelled]}; choose another word.")
        owners.setdefault(spelled, file.path.name)


def _make_task(name: str, front: dict[str, Any], prompt: str) -> Task:
    said = {language: front.pop(language) for language in TRANSLATED if language in front}
    inputs = tuple(
        Input(
            **{**table, "options": tuple(table.get("options", ()))},
            labels={language: words["inputs"][table["name"]] for language, words in said.items()},
            choices={
                language: tuple(words["options"][table["name"]])
                for language, words in said.items()
                if table["name"] in words.get("options", ())
            },
        )
        for table in front.pop("inputs", ())
    )
    work = front.pop("table", None)
    if work is not None:
        work = TableWork(**{**work, "forbidden": tuple(work.get("forbidden", ()))})
    return Task(
        name=name,
        prompt=prompt,
        aliases=tuple(front.pop("aliases", ())),
        inputs=inputs,
        table=work,
        wordings={
            language: Wording(words["title"], words["description"], words.get("example", ""))
            for language, words in said.items()
        },
        **front,
    )
