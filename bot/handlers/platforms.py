"""The social platforms: what a post may hold on each, which ones somebody names, and how a post is cut."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import regex

from bot.handlers.counting import COUNTS, count_bytes, graphemes, links_in

LIMITS = Path(__file__).parent / "platforms.toml"

_HASHTAG = regex.compile(r"(?<![\w&])[#＃](?=[\w]*[^\W\d_])\w+")
_BETWEEN = re.compile(r"\s*(?:[,;/+&\n]|\b(?:en|and)\b)\s*|\s+", re.IGNORECASE)
_ALL = {"all", "alle", "allemaal", "everything"}


@dataclass(frozen=True)
class Platform:
    """A platform and its limits, as `platforms.toml` explains them.

    Attributes:
        limit: the longest post, in *unit*.
        limit_bytes: the longest post in UTF-8 besides; 0 for none.
        seen: how many characters show before "… more"; 0 when nothing is cut.
        hashtags: as many as are advised; *hashtags_most* is what it takes, 0 for no limit.
        links: whether a link in a post can be clicked.
        alt_chars: the longest alt text of a picture; 0 when no limit is known.
    """

    key: str
    name: str
    words: tuple[str, ...]
    unit: str
    limit: int
    limit_bytes: int = 0
    seen: int = 0
    hashtags: int = 0
    hashtags_most: int = 0
    links_most: int = 0
    links: bool = True
    media: bool = False
    alt_chars: int = 0


@dataclass(frozen=True)
class Size:
    """How a post measures up to its platform; every `over` is 0 when it fits."""

    count: int
    over: int
    bytes_over: int
    hashtags: int
    hashtags_over: int
    links_over: int

    @property
    def fits(self) -> bool:
        """Say whether the platform takes it."""
        return not (self.over or self.bytes_over or self.hashtags_over or self.links_over)

    @property
    def excess(self) -> int:
        """Return how much is too much, all in all: less is nearer to fitting."""
        return self.over + self.bytes_over + self.hashtags_over + self.links_over


@cache
def platforms() -> dict[str, Platform]:
    """Return every platform by its key."""
    tables = ((key, table) for key, table in _read().items() if isinstance(table, dict))
    return {key: Platform(key=key, **{**table, "words": tuple(table["words"])}) for key, table in tables}


def default_platforms() -> tuple[Platform, ...]:
    """Return those that are written for when nobody names one."""
    return tuple(platforms()[key] for key in _read()["default"])


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(LIMITS.read_text(encoding="utf-8"))


def listed(answer: str) -> tuple[Platform, ...] | None:
    """Read a list of platforms that somebody filled in; None when it holds something else."""
    words = [word.strip(" .").casefold() for word in _BETWEEN.split(answer.strip()) if word.strip(" .")]
    if any(word in _ALL for word in words):
        return tuple(platforms().values())
    by_word = {word: each for each in platforms().values() for word in each.words}
    if not words or any(word not in by_word for word in words):
        return None
    return _in_order(by_word[word].key for word in words)


def named(text: str) -> tuple[Platform, ...]:
    """Return the platforms that a running text names.

    X and Threads are also a letter and a word: they count with their capital only.
    """
    found = [
        each.key
        for each in platforms().values()
        for word in (*each.words, each.name)
        if _names(word, each.name).search(text)
    ]
    return _in_order(found)


@cache
def _names(word: str, name: str) -> re.Pattern[str]:
    plain = word.casefold() in ("x", "threads")
    spelled = name if plain else word
    return re.compile(rf"(?<![\w@.#/]){re.escape(spelled)}(?![\w@/]|\.\w)", 0 if plain else re.IGNORECASE)


def _in_order(keys: Iterable[str]) -> tuple[Platform, ...]:
    wanted = set(keys)
    return tuple(each for key, each in platforms().items() if key in wanted)


def measure(platform: Platform, post: str) -> Size:
    """Measure a post as its platform counts."""
    count = COUNTS[platform.unit](post)
    tags = len(hashtags_in(post))
    links = len(set(links_in(post)))
    return Size(
        count=count,
        over=max(0, count - platform.limit),
        bytes_over=max(0, count_bytes(post) - platform.limit_bytes) if platform.limit_bytes else 0,
        hashtags=tags,
        hashtags_over=max(0, tags - platform.hashtags_most) if platform.hashtags_most else 0,
        links_over=max(0, links - platform.links_most) if platform.links_most else 0,
    )


def hashtags_in(post: str) -> list[str]:
    """List the hashtags of a post; `#1` is none."""
    return [found[0] for found in _HASHTAG.finditer(post)]


def seen_first(platform: Platform, post: str) -> str:
    """Return what shows of a post before "… more", in one line; empty when all of it shows."""
    shown = graphemes(post)
    if not platform.seen or len(shown) <= platform.seen:
        return ""
    cut = "".join(shown[: platform.seen])
    # A platform cuts between words where it can.
    whole = cut if shown[platform.seen].isspace() else re.sub(r"\S+$", "", cut)
    return " ".join((whole if len(whole) > platform.seen // 2 else cut).split())
