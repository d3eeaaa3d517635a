"""Both languages say everything."""

from __future__ import annotations

import ast
import re
import string
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.tasks import LANGUAGES, Language
from bot.texts import LOCALES, catalogue, format_minutes, format_moment, text

BOT = Path(__file__).parent.parent / "bot"


def _messages(language: Language) -> dict[str, list[str]]:
    found = {}
    for message in catalogue(language):
        if message.id:
            key = message.id[0] if isinstance(message.id, tuple | list) else message.id
            strings = message.string if isinstance(message.string, tuple | list) else [message.string]
            found[str(key)] = [str(one) for one in strings]
    return found


def _holes(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@cache
def _trees() -> tuple[ast.Module, ...]:
    """Return the code that may speak to people; the sandbox plays Slack and has no sentences of ours."""
    return tuple(ast.parse(path.read_text()) for path in BOT.rglob("*.py") if "sandbox" not in path.parts)


def _spoken() -> Iterator[tuple[str, set[str] | None]]:
    """Yield every key given to `text` or `UserError`, with what fills it; None where that shows at run time."""
    for node in (node for tree in _trees() for node in ast.walk(tree)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("text", "UserError") and node.args:
            filled = {keyword.arg for keyword in node.keywords}
            # A key may be chosen on the spot: text("a" if … else "b").
            first = node.args[0]
            for one in [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]:
                if isinstance(one, ast.Constant):
                    yield str(one.value), None if None in filled else {str(name) for name in filled}


def _written() -> tuple[set[str], set[str]]:
    """Return every text that stands in the code, and how the keys begin that are put together there."""
    nodes = [node for tree in _trees() for node in ast.walk(tree)]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    begun = {str(getattr(node.values[0], "value", "")) for node in nodes if isinstance(node, ast.JoinedStr)}
    return texts, {start for start in begun if start.endswith(".")}


def test_all_catalogues_say_the_same_things() -> None:
    """Nobody reads a key, or a sentence with a hole that nobody fills."""
    english = _messages("en")
    for language in LANGUAGES:
        other = _messages(language)

        assert other.keys() == english.keys()
        assert all(all(sentences) for sentences in other.values())
        for key in english:
            assert {frozenset(_holes(one)) for one in other[key]} == {
                frozenset(_holes(one)) for one in english[key]
            }, key


@pytest.mark.parametrize("other", ["workspace", "tabblad", "controlegroep", "reservekopie", "munt"])
def test_dutch_has_one_word_for_one_thing(other: str) -> None:
    """Who reads werkruimte, berichtentab, steekproef, back-up and valuta reads no other word for it elsewhere."""
    page = (BOT / "sandbox" / "web" / "words.js").read_text()
    said = [one for sentences in _messages("nl").values() for one in sentences]
    said += re.findall(r'":\s+"(.+)"', page)

    assert [one for one in said if re.search(rf"\b{other}", one, re.IGNORECASE)] == []


def test_the_page_draws_every_sign_that_we_use() -> None:
    """Whoever tries the demo sees a sign where Slack draws one, not its name between colons."""
    page = (BOT / "sandbox" / "web" / "text.js").read_text()
    used = {name for path in LOCALES.glob("*.po") for name in re.findall(r":([a-z_]+):", path.read_text())}

    assert {name for name in used if f" {name}: " not in page} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_hides_another(language: str) -> None:
    """A key stands once in a catalogue: of two sentences only the first would ever be read."""
    keys = re.findall(r'^msgid "(.+)"$', (LOCALES / f"{language}.po").read_text(), re.MULTILINE)

    assert [key for key, count in Counter(keys).items() if count > 1] == []


def test_every_sentence_exists_and_none_is_forgotten() -> None:
    """What the code says is in the catalogues, and the catalogues hold nothing else."""
    known = set(_messages("en"))
    texts, families = _written()

    assert {key for key, _ in _spoken()} <= known
    assert {key for key in known - texts if not key.startswith(tuple(families))} == set()


def test_every_hole_is_filled() -> None:
    """No sentence breaks, or shows a brace, because the code left out a name or a number."""
    english = _messages("en")

    for key, filled in _spoken():
        assert filled is None or set().union(*map(_holes, english[key])) <= filled, key


def test_plurals_are_right_in_both_languages() -> None:
    """One message is a message; none and two are messages."""
    assert text("card.read", "en", count=1) == "Rests on 1 message"
    assert text("card.read", "nl", count=0) == "Gebaseerd op 0 berichten"


def test_an_unknown_sentence_is_a_fault() -> None:
    """A misspelt key fails in a test, not in front of a customer."""
    with pytest.raises(KeyError):
        text("no-such-sentence", "en")


def test_a_name_with_braces_is_only_a_name() -> None:
    """Who types {this} reads it back, and nothing else."""
    assert "{run} %s" in text("unknown-command", "en", name="{run} %s")


@pytest.mark.parametrize(
    ("minutes", "english", "dutch"),
    [
        (0, "0 min", "0 min"),
        (-0.4, "0 min", "0 min"),
        (59.6, "1 hr", "1 uur"),
        (90, "1 hr 30 min", "1 uur 30 min"),
        (-80, "-1 hr 20 min", "-1 uur 20 min"),
        (60_000, "1,000 hr", "1.000 uur"),
    ],
)
def test_time_is_told_as_people_tell_it(minutes: float, english: str, dutch: str) -> None:
    """A span of time reads as hours and minutes, on one line; time lost has a minus."""
    told = (format_minutes(minutes, "en"), format_minutes(minutes, "nl"))

    assert told == (english.replace(" ", "\u00a0"), dutch.replace(" ", "\u00a0"))


def test_a_moment_is_that_of_the_office() -> None:
    """Half past eleven at night in UTC in summer is the next day in Amsterdam."""
    moment = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)
    office = ZoneInfo("Europe/Amsterdam")

    assert format_moment(moment, "en", office) == "Thu 2 Jul 2026, 01:30"
    assert format_moment(moment, "nl", office) == "do 2 jul 2026, 01:30"
