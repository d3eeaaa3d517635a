"""The nouns of the house: Task, Run, Draft, Review; and how a file in `prompts/` becomes a Task."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

Language = Literal["en", "nl"]
LANGUAGES: tuple[Language, ...] = ("en", "nl")

Surface = Literal["command", "mention", "shortcut", "message", "form"]
"""How the asker reached us: slash command, @mention, message shortcut, messages tab, New draft form."""

Act = Literal["approved", "edited", "redone", "discarded"]
"""What a person did with a draft; a draft without an act is `open`."""

Outcome = Literal["running", "waiting", "drafted", "refused", "failed"]
"""How a run ended: `drafted` is delivered, `refused` was told why, `failed` got an apology."""


class TijdwinstError(Exception):
    """The root of our errors."""


class UserError(TijdwinstError):
    """Something the asker can mend: the text behind *key* is shown to them, and only to them.

    Args:
        key: a message id in the catalogues (`bot/locales`).
        params: what the sentence names: never the text of a message or a draft.
    """

    def __init__(self, key: str, **params: Any) -> None:
        super().__init__(key)
        self.key = key
        self.params = params


class TaskFileError(TijdwinstError):
    """One or more task files are faulty; the message names file, line and cure of every fault."""


@dataclass(frozen=True)
class Input:
    """One field of a task's form."""

    name: str
    label: str
    type: Literal["text", "multiline", "number", "date", "select", "channel", "file"] = "text"
    required: bool = False
    options: tuple[str, ...] = ()
    label_nl: str = ""

    def label_in(self, language: Language) -> str:
        """Return the label in *language*."""
        return (self.label_nl or self.label) if language == "nl" else self.label


@dataclass(frozen=True)
class Task:
    """One kind of text work: the front matter of a file in `prompts/`, and its system prompt."""

    name: str
    title: str
    description: str
    prompt: str
    command: str = ""
    aliases: tuple[str, ...] = ()
    handler: str = "draft"
    model: Literal["fast", "smart"] = "smart"
    reads: Literal["nothing", "thread", "channel", "files", "knowledge"] = "nothing"
    deliver: Literal["private", "thread"] = "private"
    baseline_minutes: int = 15
    max_tokens: int = 2000
    effort: Literal["low", "medium", "high"] = "low"
    inputs: tuple[Input, ...] = ()
    title_nl: str = ""
    description_nl: str = ""

    def title_in(self, language: Language) -> str:
        """Return the title in *language*."""
        return (self.title_nl or self.title) if language == "nl" else self.title

    def description_in(self, language: Language) -> str:
        """Return the description in *language*."""
        return (self.description_nl or self.description) if language == "nl" else self.description


@dataclass(frozen=True)
class Run:
    """One person asking for one task once.

    Attributes:
        run_id: the workflow's id: `{team}:{channel}:{ts}` where a message exists, else
            `{team}:{view id}` or `{team}:{trigger_id}`.
        words: what the asker typed, besides the task's name.
        source_channel_id: the conversation to read; empty when there is none.
        source_ts: the `ts` of the thread to read; empty when there is none.
        answer_channel_id: where the answer goes; empty for the asker's messages tab.
        answer_thread_ts: the thread that the answer goes to; empty for top level.
    """

    run_id: str
    team_id: str
    channel_id: str
    user_id: str
    task: str
    surface: Surface
    language: Language
    words: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    source_channel_id: str = ""
    source_ts: str = ""
    answer_channel_id: str = ""
    answer_thread_ts: str = ""
    received_at: str = ""


@dataclass(frozen=True)
class Draft:
    """A text that a run produced.

    Attributes:
        text: Markdown as the model wrote it; sources still stand as `[12]`.
        sources: number -> permalink, for the numbers that exist.
        messages_read: how many messages the draft rests on; 0 when it read none.
        model: the model's own name for itself.
    """

    run_id: str
    version: int
    text: str
    model: str
    sources: dict[str, str] = field(default_factory=dict)
    messages_read: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Review:
    """What a person did with one version of a draft."""

    run_id: str
    version: int
    act: Act
    user_id: str
    decided_at: str
    final_text: str = ""


@dataclass(frozen=True)
class Identity:
    """Who we are in a workspace, as `auth.test` tells."""

    team_id: str
    url: str
    bot_user_id: str
    bot_id: str
    team: str = ""
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Person:
    """A person or bot of a workspace.

    Attributes:
        is_admin: an admin or owner of the workspace.
        is_guest: a guest, or somebody of another company in a shared channel.
    """

    team_id: str
    user_id: str
    name: str
    is_admin: bool = False
    is_guest: bool = False
    is_bot: bool = False
    locale: str = ""


RESERVED_COMMANDS = ("/draft", "/tijdwinst")
_FENCE = "+++"
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_COMMAND = re.compile(r"/[a-z][a-z0-9_-]{0,30}")
_RANGES = {"max_tokens": (64, 16_000), "baseline_minutes": (1, 2_880)}
_KEYS = {
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
    "inputs": list,
    "nl": dict,
}
_INPUT_KEYS = {"name": str, "label": str, "type": str, "required": bool, "options": list}


class _File:
    """One task file while it is read: collects its faults with their lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[str] = []
        self.faults: list[str] = []

    def fault(self, key: str, cure: str) -> None:
        """Note a fault at the line where *key* stands, else at the first."""
        pattern = re.compile(rf"\s*(\[+\s*)?{re.escape(key)}\b")
        numbers = (n for n, line in enumerate(self.lines, 1) if key and pattern.match(line))
        self.faults.append(f"{self.path.parent.name}/{self.path.name}:{next(numbers, 1)}: {cure}")


def load_tasks(folder: Path, handlers: Collection[str]) -> dict[str, Task]:
    """Read every task file of *folder*; a file whose name starts with `_` is not a task.

    Raises:
        TaskFileError: at least one file has a fault; the message names file, line and cure of each.
    """
    tasks: dict[str, Task] = {}
    faults: list[str] = []
    taken: dict[str, str] = {}
    for path in sorted(folder.glob("*.md")):
        if path.name.startswith("_"):
            continue
        file = _File(path)
        task = _read_task(file, handlers)
        if task is not None:
            for word in (task.name, task.command, *task.aliases):
                other = taken.setdefault(word.lower(), path.name) if word else path.name
                if other != path.name:
                    file.fault(
                        "aliases" if word in task.aliases else "command", f"{word!r} is taken by {other}."
                    )
            tasks[task.name] = task
        faults += file.faults
    if not tasks and not faults:
        faults.append(f"{folder.name}: there is no task file; add one, like summarise.md.")
    if faults:
        raise TaskFileError("\n".join(faults))
    return tasks


def load_company(folder: Path) -> str:
    """Return what `_company.md` says about the firm; comments between `<!--` and `-->` are left out."""
    path = folder / "_company.md"
    if not path.exists():
        return ""
    return re.sub(r"<!--.*?-->", "", path.read_text(encoding="utf-8-sig"), flags=re.DOTALL).strip()


def _read_task(file: _File, handlers: Collection[str]) -> Task | None:
    try:
        whole = file.path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        file.fault("", "it is not UTF-8 text; save it as UTF-8.")
        return None
    except OSError as error:
        file.fault("", f"it cannot be read ({error.strerror}); check its permissions.")
        return None
    file.lines = whole.split("\n")
    if file.lines[0].strip() != _FENCE or _FENCE not in [line.rstrip() for line in file.lines[1:]]:
        file.fault("", "front matter must stand between two lines of `+++`, the first of them on line 1.")
        return None
    end = next(n for n, line in enumerate(file.lines[1:], 1) if line.rstrip() == _FENCE)
    try:
        front = tomllib.loads("\n" + "\n".join(file.lines[1:end]))
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        number = min(int(found.group(1)), end) if found else end
        file.faults.append(f"{file.path.parent.name}/{file.path.name}:{number}: not valid TOML: {error}.")
        return None
    prompt = "\n".join(file.lines[end + 1 :]).strip("\n")
    return _make_task(file, front, prompt=prompt, handlers=handlers)


def _make_task(file: _File, front: dict[str, Any], *, prompt: str, handlers: Collection[str]) -> Task | None:
    name = file.path.stem
    if not _NAME.fullmatch(name):
        file.fault(
            "", "the file's name must be lower-case letters, digits and hyphens: it is the task's name."
        )
    _check_keys(file, front, _KEYS)
    for required in ("title", "description", "nl"):
        if not front.get(required):
            file.fault(required, f"`{required}` is missing; add it.")
    hints = get_type_hints(Task)
    for key in ("model", "reads", "deliver", "effort"):
        if front.get(key, get_args(hints[key])[0]) not in get_args(hints[key]):
            file.fault(key, f"`{key}` must be one of {', '.join(get_args(hints[key]))}.")
    for key, (low, high) in _RANGES.items():
        if isinstance(front.get(key), int) and not low <= front[key] <= high:
            file.fault(key, f"`{key}` must be from {low} to {high}.")
    command = front.get("command", "")
    if command and (not _COMMAND.fullmatch(str(command)) or command in RESERVED_COMMANDS):
        file.fault("command", "`command` must be like /quote, and not /draft or /tijdwinst.")
    if any(not isinstance(alias, str) or not alias.strip() for alias in front.get("aliases", [])):
        file.fault("aliases", "`aliases` must be a list of words.")
    if front.get("handler", "draft") not in handlers:
        file.fault("handler", f"there is no handler of that name; there are {', '.join(sorted(handlers))}.")
    if not prompt.strip():
        file.fault("", "the prompt is empty; write it below the second `+++`.")
    dutch = front.get("nl") if isinstance(front.get("nl"), dict) else {}
    inputs = _make_inputs(file, front.get("inputs", []), dutch or {})
    if file.faults:
        return None
    plain = {key: value for key, value in front.items() if key not in ("nl", "inputs", "aliases")}
    return Task(
        name=name,
        prompt=prompt,
        aliases=tuple(front.get("aliases", [])),
        inputs=inputs,
        title_nl=front["nl"]["title"],
        description_nl=front["nl"]["description"],
        **plain,
    )


def _check_keys(file: _File, table: Mapping[str, Any], known: Mapping[str, type]) -> None:
    for key, value in table.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean `{near[0]}`?" if near else "; remove it."
            file.fault(key, f"`{key}` is not a key of a task file{hint}")
        elif type(value) is not known[key]:
            file.fault(key, f"`{key}` must be of type {known[key].__name__}.")


def _make_inputs(file: _File, tables: Any, dutch: dict[str, Any]) -> tuple[Input, ...]:
    for key in ("title", "description"):
        if not isinstance(dutch.get(key), str) or not dutch[key].strip():
            file.fault("nl", f"`nl.{key}` is missing; every text exists in Dutch too.")
    for key in set(dutch) - {"title", "description", "inputs"}:
        file.fault(key, f"`nl.{key}` is not a key of a task file; remove it.")
    labels = dutch.get("inputs", {})
    made: list[Input] = []
    for table in tables if isinstance(tables, list) else []:
        if not isinstance(table, dict):
            file.fault("inputs", "`inputs` must be tables: write [[inputs]].")
            continue
        _check_keys(file, table, _INPUT_KEYS)
        name, kind = str(table.get("name", "")), table.get("type", "text")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or not table.get("label"):
            file.fault("inputs", "an input needs a `name` in lower case and a `label`.")
        if kind not in get_args(get_type_hints(Input)["type"]):
            file.fault("type", f"{kind!r} is no type of input.")
        if kind == "select" and not table.get("options"):
            file.fault("inputs", f"`{name}` is a select and needs `options`.")
        if not labels.get(name):
            file.fault("inputs", f"`nl.inputs.{name}` is missing; every label exists in Dutch too.")
        if not file.faults:
            options = tuple(str(option) for option in table.get("options", []))
            made.append(Input(**{**table, "options": options, "label_nl": labels[name]}))
    for name in set(labels) - {table.get("name") for table in tables if isinstance(table, dict)}:
        file.fault("inputs", f"`nl.inputs.{name}` names no input.")
    return tuple(made)


def find_task(tasks: Mapping[str, Task], words: str) -> tuple[Task | None, str]:
    """Return the task whose name, alias or command *words* begin with, and the rest."""
    first, _, rest = words.strip().partition(" ")
    for task in tasks.values():
        known = (task.name, task.command, *task.aliases)
        if first and first.lower() in (word.lower() for word in known if word):
            return task, rest.strip()
    return None, words.strip()


def nearest_tasks(tasks: Mapping[str, Task], word: str, most: int = 3) -> list[str]:
    """Return the names of the tasks that *word* comes nearest to."""
    spelled = {known.lower(): task.name for task in tasks.values() for known in (task.name, *task.aliases)}
    near = difflib.get_close_matches(word.lower(), spelled, n=most, cutoff=0.7)
    return list(dict.fromkeys(spelled[match] for match in near))
