"""Both languages say everything."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

from bot.texts import catalogue, text

BOT = Path(__file__).parent.parent / "bot"
FAMILIES = ("card.", "review.", "error.", "admin.", "placeholder.")


def _messages(language: str) -> dict[str, list[str]]:
    found = {}
    for message in catalogue(language):
        if message.id:
            key = message.id[0] if isinstance(message.id, tuple | list) else message.id
            strings = message.string if isinstance(message.string, tuple | list) else [message.string]
            found[str(key)] = [str(one) for one in strings]
    return found


def _holes(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def _used() -> set[str]:
    """Return every key that the code names: the first text given to `text` or `UserError`."""
    keys: set[str] = set()
    for path in BOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("text", "UserError"):
                first = node.args[0] if node.args else None
                # A key may be chosen on the spot: text("a" if … else "b"). A family's key is an f-string.
                chosen = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
                keys |= {str(one.value) for one in chosen if isinstance(one, ast.Constant)}
    return keys


def test_both_catalogues_say_the_same_things() -> None:
    """Nobody reads a key, or a sentence with a hole that nobody fills."""
    english, dutch = _messages("en"), _messages("nl")

    assert english.keys() == dutch.keys()
    assert all(all(sentences) for sentences in (*english.values(), *dutch.values()))
    for key in english:
        assert {frozenset(_holes(one)) for one in english[key]} == {
            frozenset(_holes(one)) for one in dutch[key]
        }, key


def test_every_sentence_exists_and_none_is_forgotten() -> None:
    """What the code says is in the catalogues, and the catalogues hold nothing else."""
    known, used = set(_messages("en")), _used()

    assert used <= known
    assert {key for key in known - used if not key.startswith(FAMILIES)} == set()


def test_plurals_are_right_in_both_languages() -> None:
    """One message is a message; none and two are messages."""
    assert text("card.read", "en", count=1) == "Rests on 1 message"
    assert text("card.read", "nl", count=0) == "Gebaseerd op 0 berichten"


def test_an_unknown_sentence_is_a_fault() -> None:
    """A misspelt key fails in a test, not in front of a customer."""
    with pytest.raises(KeyError):
        text("no-such-sentence", "en")
