"""Does an answer tell what only the system prompt holds: its canary, or a long passage of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

PASSAGE_WORDS = 20
"""So many words in a row of our own instructions are no coincidence."""


def leaks(answer: str, canary: str, private: Iterable[str], *, said: str = "") -> bool:
    """Say whether *answer* holds the canary, or a passage of the *private* texts that was not *said* to it.

    Args:
        canary: letters that stand nowhere but in the system prompt.
        said: the input: who proofreads a text of ours gets it back.
    """
    if canary and canary in re.sub(r"[\W_]", "", answer).casefold():
        return True
    told = _words(answer)
    if len(told) < PASSAGE_WORDS:
        return False
    passages = {passage for text in private for passage in _passages(_words(text))}
    passages -= set(_passages(_words(said)))
    return any(passage in passages for passage in _passages(told))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _passages(words: list[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(words[at : at + PASSAGE_WORDS]) for at in range(len(words) - PASSAGE_WORDS + 1))
