"""What CONTRIBUTING.md promises: a task, a platform and a language take the places that it names, and no others."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bot.compose import PROMPTS
from bot.handlers import HANDLERS
from bot.handlers.platforms import platforms
from bot.sandbox.words import STOP_WORDS
from bot.tasks import LANGUAGES, TRANSLATED, load_tasks
from bot.texts import LOCALES, english_name

ROOT = Path(__file__).parent.parent
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()

GERMAN = {
    "language.tag": "de-DE",
    "prompt.language": "Schreibe Deutsch, wenn nichts anderes verlangt wird.",
    "ack.working": "Ich bin dabei: {task}.",
    "button.approve": "Annehmen",
}
"""What the trial's third language says in its own words; the rest of its catalogue stays English."""

TRIAL = """
import asyncio, json, tempfile
from pathlib import Path
from bot.handlers.platforms import listed, measure
from bot.settings import read_language
from bot.texts import format_amount, has_decimal_comma
from bot.views.office import settings_form
from decimal import Decimal
from tests.conftest import ANNA, SALES, running

async def main():
    told = {"read": read_language("de_DE:de"), "amount": format_amount(Decimal("1.5"), "EUR", "de")}
    told["form"] = json.dumps(settings_form({"language": "de"}, ["language"], language="de", mark=1))
    (platform,) = listed("pixelfed")
    told["platform"] = (platform.name, measure(platform, "a" * 2001).over)
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder), language="de") as world:
            asked = await world.slack.command(ANNA, SALES, "/draft", "invite Samstag um zehn, mit Kaffee")
            told["ack"], told["card"] = asked.body, json.dumps(await world.card(), ensure_ascii=False)
            told["system"] = str(world.model.requests[-1].body["system"])
    print(json.dumps(told))

asyncio.run(main())
"""


def _section(title: str) -> str:
    return CONTRIBUTING.partition(f"## {title}\n")[2].partition("\n## ")[0]


def _add_german(house: Path) -> list[str]:
    """Add a third language in the places that CONTRIBUTING.md names, and return these."""
    nouns = house / "bot" / "tasks" / "nouns.py"
    nouns.write_text(nouns.read_text().replace('Literal["en", "nl"]', 'Literal["en", "nl", "de"]'))
    locales = house / "bot" / "locales"
    said = (locales / "en.po").read_text().replace('"Language: en', '"Language: de')
    for key, sentence in GERMAN.items():
        said, count = re.subn(rf'(msgid "{key}"\nmsgstr )".*"', rf'\1"{sentence}"', said)
        assert count == 1, key
    (locales / "de.po").write_text(said)
    shutil.copy(locales / "guideline.en.md", locales / "guideline.de.md")
    invite = house / "prompts" / "invite.md"
    table = '[de]\ntitle = "Einladung schreiben"\ndescription = "Lädt Kunden ein."\nexample = "Samstag um zehn."\n'
    labels = 'inputs.occasion = "Was, wann und wo?"\n+++\n\nYou write'
    invite.write_text(invite.read_text().replace("+++\n\nYou write", table + labels))
    return ["bot/tasks/nouns.py", "bot/locales/<code>.po", "bot/locales/guideline.<code>.md", "prompts/*.md"]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the house with one more task, platform and language, each added where the page says."""
    copy = tmp_path_factory.mktemp("house")
    # With what Python compiled, which is half of the time; not with what it is just writing.
    shutil.copytree(ROOT / "bot", copy / "bot", ignore=shutil.ignore_patterns("*.pyc.*"))
    shutil.copytree(PROMPTS, copy / "prompts")
    (copy / "tests").symlink_to(ROOT / "tests")
    page = (ROOT / "docs" / "tasks.md").read_text()
    (copy / "prompts" / "invite.md").write_text(page.partition("```text\n")[2].partition("```")[0])
    with (copy / "bot" / "handlers" / "platforms.toml").open("a") as limits:
        limits.write(
            '\n[pixelfed]\nname = "Pixelfed"\nwords = ["pixelfed"]\nunit = "graphemes"\nlimit = 2000\n'
        )
    assert re.findall(r"^- `(.+?)`", _section("Add a language"), re.MULTILINE)[:4] == _add_german(copy)
    return copy


@pytest.fixture(scope="module")
def trial(house: Path) -> dict[str, Any]:
    """What the bot says from that copy: in a process of its own, because a house is imported once."""
    ran = subprocess.run(
        [sys.executable, "-c", TRIAL], cwd=house, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return dict(json.loads(ran.stdout.splitlines()[-1]))


def test_a_task_is_one_file(trial: dict[str, Any]) -> None:
    """Whoever puts the page's example into `prompts/` asks for it with `/draft` and gets a draft to review."""
    assert "Einladung schreiben" in trial["ack"]
    assert "You write an invitation to customers." in trial["system"]
    assert '"action_id": "approve"' in trial["card"]


def test_a_platform_is_one_table(trial: dict[str, Any]) -> None:
    """Whoever adds a platform's table can name it in a request, and its limit is held."""
    assert trial["platform"] == ["Pixelfed", 1]


def test_a_language_takes_the_places_that_the_page_names(trial: dict[str, Any]) -> None:
    """A third language is offered in the settings, spoken on the card, asked of the model, and writes its own money."""
    assert trial["read"] == "de"
    assert "Deutsch" in trial["form"]
    assert trial["amount"] == "1,50\u00a0€"
    assert GERMAN["prompt.language"] in trial["system"]
    assert "Annehmen" in trial["card"]


def test_every_shipped_task_speaks_every_language() -> None:
    """Nobody reads English among their own language because a table was forgotten."""
    for task in load_tasks(PROMPTS, HANDLERS).values():
        assert task.wordings.keys() == set(TRANSLATED), task.name


def test_every_language_has_a_guideline() -> None:
    """A firm in any language has a page to begin its guideline with, and no file speaks a language that is none."""
    assert sorted(path.name for path in LOCALES.iterdir()) == sorted(
        name for language in LANGUAGES for name in (f"{language}.po", f"guideline.{language}.md")
    )


def test_the_form_names_every_platform() -> None:
    """Whoever fills in the form of posts reads each platform that they may choose, in every language."""
    (field,) = (one for one in load_tasks(PROMPTS, HANDLERS)["social"].inputs if one.name == "platforms")
    for language in LANGUAGES:
        assert [one.name for one in platforms().values() if one.name not in field.label_in(language)] == []


@cache
def _words_in_code() -> dict[str, list[str]]:
    """Return every text in the code by its module, without docstrings and without the sandbox, which plays Slack."""
    found = {}
    for path in sorted((ROOT / "bot").rglob("*.py")):
        if "sandbox" not in path.parts:
            nodes = list(ast.walk(ast.parse(path.read_text())))
            told = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
            found[str(path.relative_to(ROOT))] = [
                node.value
                for node in nodes
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
            ]
    return found


def test_no_other_module_knows_a_language_by_name() -> None:
    """A language that is added is missing nowhere: only two modules name one, and the page names these."""
    named = {*TRANSLATED, *map(english_name, TRANSLATED)}
    asked = {module for module, texts in _words_in_code().items() if named & set(texts)}

    assert asked == {"bot/tasks/nouns.py", "bot/tasks/files.py"}


NO_DUTCH = "are dan die doen gaan had hoe kan lang men met moet ook over tot veel"
MORE_DUTCH = "een graag korting maandag nee prijs vraag klant artikel datum"
DUTCH = (STOP_WORDS["nl"] - STOP_WORDS["en"] - {*NO_DUTCH.split()}) | {*MORE_DUTCH.split()}
"""Dutch words that are no English, and no word of code."""


def _understanding() -> Iterator[str]:
    for room, names in re.findall(r"^- `(bot/\w+/)`: (.+)$", _section("Add a language"), re.MULTILINE):
        yield from (room + name for name in re.findall(r"`([\w.]+)`", names))


def test_the_page_lists_what_understands_words() -> None:
    """Whoever brings a language finds on the page each module that reads people's words, and none that does not."""
    known = {
        module
        for module, texts in _words_in_code().items()
        if any(DUTCH & set(re.findall(r"[a-z]{3,}", text)) for text in texts)
    }
    listed = set(_understanding())

    assert {one for one in listed if one.endswith(".py")} == known | {"bot/handlers/ask.py"}
    assert [one for one in listed if not (ROOT / one).exists()] == []
