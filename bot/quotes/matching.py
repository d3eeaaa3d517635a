"""Which articles a text may be about, by its words alone; the model chooses among them and can name no other."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from bot.quotes.prices import PriceRow

MOST_CANDIDATES = 60
"""Articles that the model is shown; a shorter price list is shown whole."""

_SHORTEST_PART = 4
"""Characters of a word that count inside a longer one: `lamp` in `hanglampen`, and not `een` in `steen`."""


def find_candidates(rows: Iterable[PriceRow], material: str) -> list[PriceRow]:
    """Return the articles that *material* may be about, the likeliest first."""
    articles = list(rows)
    if len(articles) <= MOST_CANDIDATES:
        return articles
    said = set(words_of(material))
    joined = " ".join(said)
    named = [words_of(f"{row.sku} {row.name}") for row in articles]
    # A word of many articles tells them apart less.
    counts = Counter(word for words in named for word in set(words))
    scores = [sum(_match(word, said, joined) / counts[word] for word in set(words)) for words in named]
    ranked = sorted(range(len(articles)), key=lambda place: (-scores[place], articles[place].sku))
    return [articles[place] for place in ranked[:MOST_CANDIDATES] if scores[place]]


def search(rows: Iterable[PriceRow], query: str) -> list[PriceRow]:
    """Return the articles that every word of *query* is in, in code or name, by name; none for no words."""
    words = words_of(query)
    if not words:
        return []
    found = [
        row for row in rows if all(word in " ".join(words_of(f"{row.sku} {row.name}")) for word in words)
    ]
    return sorted(found, key=lambda row: (row.name.casefold(), row.sku))


def sounds_alike(row: PriceRow, words: str) -> bool:
    """Say whether *words* and an article share a word, or part of one: else somebody should look twice."""
    said = set(words_of(words))
    return any(_match(word, said, " ".join(said)) for word in words_of(f"{row.sku} {row.name}"))


def words_of(text: str) -> list[str]:
    """Return the words of a text without capitals and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.findall(r"[a-z0-9]+", "".join(sign for sign in plain if not unicodedata.combining(sign)))


def _match(word: str, said: set[str], joined: str) -> float:
    if word in said:
        return 1.0
    return 0.5 if len(word) >= _SHORTEST_PART and word in joined else _inside(word, said)


def _inside(word: str, said: Sequence[str] | set[str]) -> float:
    """Say whether a word of the text stands inside *word*, as in `hanglamp` for who writes `lamp`."""
    if len(word) <= _SHORTEST_PART:
        return 0.0
    return 0.5 if any(len(part) >= _SHORTEST_PART and part in word for part in said) else 0.0
