"""The cases: what somebody asks, of what, and what must and must not come back; read from TOML, every key checked."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

from bot.compose import PROMPTS
from bot.handlers import HANDLERS
from bot.tasks import Firm, Language, Task, load_tasks

FOLDER = Path(__file__).parent / "cases"
Tongue = str
"""A language that a draft may be in: nl, en, de or fr."""

_SPEAKER = re.compile(r"^([^\s:][^:\n]{0,60}): (.*)$")


class CaseError(Exception):
    """A file of cases is faulty; the message names file, case and key."""


@dataclass(frozen=True)
class Expected:
    """What a draft must be. A pattern is `a|b & c`: c, and a or b, in any case; a word may go on behind it.

    Attributes:
        holds: patterns, each somewhere in the draft.
        lacks: patterns of which none may stand in the draft.
        decided, actions, open: patterns, each within one bullet of that part of a summary.
        not_decided: patterns of which none may stand among the decisions.
        output: the language that it must be in; empty for the case's own.
        allow: names and figures that it may hold although nobody gave them.
        articles: of a quote, `SKU x 4`, `SKU x 1 option` or `SKU x 1 alternative`: these and no others.
        unpriced: of a quote, patterns of what must be left to be priced by hand.
        discounts: of a quote, as it shows them: `5%` or `50,00`; these and no others.
        asks: of a quote, patterns of its open questions.
        customer: of a quote, the pattern of its addressee.
        platforms: of posts, the keys of the platforms that are to be written for.
        links: of posts, addresses that must stand in at least one.
        hidden: of posts, patterns of what is not for the public.
        skip: kinds of assertions that mean nothing here.
    """

    holds: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    decided: tuple[str, ...] = ()
    not_decided: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    min_words: int = 0
    max_words: int = 0
    output: Tongue = ""
    allow: tuple[str, ...] = ()
    articles: tuple[str, ...] | None = None
    unpriced: tuple[str, ...] = ()
    discounts: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    customer: str = ""
    platforms: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """One situation of a small firm.

    Attributes:
        thread: who says what, in order; a line beginning with a space goes on with the message before.
        words, inputs: what the asker types, and what they fill into the form.
        company: the firm in its own words, as `_company.md` holds it.
        prices: a price list as CSV; empty for none.
        documents: what the knowledge base holds, as Markdown; empty for nothing.
        rubric: what only a reader can judge, one criterion each.
    """

    task: str
    name: str
    about: str
    language: Language
    thread: tuple[tuple[str, str], ...] = ()
    words: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    company: str = ""
    firm: Firm = field(default_factory=Firm)
    prices: str = ""
    documents: str = ""
    rubric: tuple[str, ...] = ()
    expected: Expected = field(default_factory=Expected)

    @property
    def key(self) -> str:
        """Return what it is called by: `summarise/moved-date`."""
        return f"{self.task}/{self.name}"

    @property
    def output(self) -> Tongue:
        """Return the language that the draft must be in."""
        return self.expected.output or self.language

    @property
    def material(self) -> str:
        """Return everything that a draft may take its facts from."""
        said = [f"{who}: {what}" for who, what in self.thread]
        return "\n".join([*said, self.words, *self.inputs.values(), self.company, self.documents])


@cache
def known_tasks() -> dict[str, Task]:
    """Return the tasks in `prompts/` that people may ask for, by name or without one."""
    found = load_tasks(PROMPTS, HANDLERS).items()
    return {name: task for name, task in found if task.listed or name == "answer"}


def load_cases(folder: Path = FOLDER) -> list[Case]:
    """Read all cases, task by task.

    Raises:
        CaseError: a file is no TOML, a key is unknown or has a wrong type, or a name stands twice.
    """
    return [case for path in sorted(folder.glob("*.toml")) for case in _load(path)]


def _load(path: Path) -> list[Case]:
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CaseError(f"{path.name}: {error}") from error
    _check(read, {"rubric", "defaults", "firms", "lists", "case"}, path.name)
    cases = [_make(path, read, table) for table in read.get("case", [])]
    if twice := {case.name for case in cases if [one.name for one in cases].count(case.name) > 1}:
        raise CaseError(f"{path.name}: {sorted(twice)[0]} stands twice")
    return cases


def _make(path: Path, read: Mapping[str, Any], table: dict[str, Any]) -> Case:
    place = f"{path.name}, {table.get('name', 'a case without a name')}"
    own = {item.name for item in fields(Case)} - {"task", "company", "expected"}
    expected = {item.name for item in fields(Expected)}
    _check(table, own | expected, place)
    if missing := {"name", "about", "language"} - table.keys():
        raise CaseError(f"{place}: {sorted(missing)[0]} is missing")
    wanted = {**read.get("defaults", {}), **{key: table[key] for key in table if key in expected}}
    firm = dict(_named(read, "firms", table.get("firm", ""), place) or {})
    company = firm.pop("words", "")
    hints = get_type_hints(Firm)
    details: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in firm.items()
    }
    _check(details, set(hints), f"{path.name}, firms.{table.get('firm')}")
    return Case(
        task=path.stem,
        name=table["name"],
        about=table["about"],
        language=table["language"],
        thread=read_thread(table.get("thread", ""), place),
        words=table.get("words", "").strip(),
        inputs=table.get("inputs", {}),
        company=company.strip(),
        firm=Firm(**details),
        prices=_named(read, "lists", table.get("prices", ""), place) or "",
        documents=_named(read, "lists", table.get("documents", ""), place) or "",
        rubric=(*read.get("rubric", ()), *table.get("rubric", ())),
        expected=_expect(wanted, place),
    )


def read_thread(written: str, place: str = "") -> tuple[tuple[str, str], ...]:
    """Read `Name: what they say`, a message each; an indented line goes on with the message above it.

    Raises:
        CaseError: a line has no speaker.
    """
    said: list[tuple[str, str]] = []
    for line in written.strip("\n").splitlines():
        if line.startswith(" ") and said:
            said[-1] = (said[-1][0], f"{said[-1][1]}\n{line.strip()}")
        elif found := _SPEAKER.match(line):
            said.append((found[1], found[2]))
        elif line.strip():
            raise CaseError(f"{place}: nobody says “{line[:40]}”")
    return tuple(said)


def _named(read: Mapping[str, Any], table: str, name: str, place: str) -> Any:
    if not name:
        return None
    if name not in read.get(table, {}):
        raise CaseError(f"{place}: there is no {table}.{name}")
    return read[table][name]


def _expect(wanted: Mapping[str, Any], place: str) -> Expected:
    hints = get_type_hints(Expected)
    made: dict[str, Any] = {}
    for key, value in wanted.items():
        if key not in hints:
            raise CaseError(f"{place}: {key} is no key")
        right = hints[key] if hints[key] in (str, int) else list
        if not isinstance(value, right) or (right is list and not all(isinstance(one, str) for one in value)):
            raise CaseError(f"{place}: {key} has the wrong type")
        made[key] = tuple(value) if right is list else value
    return Expected(**made)


def _check(table: Mapping[str, Any], known: set[str], place: str) -> None:
    if strange := table.keys() - known:
        raise CaseError(f"{place}: {sorted(strange)[0]} is no key")
