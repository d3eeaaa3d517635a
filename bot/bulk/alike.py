"""Texts of a set that are almost the same: exact, without comparing every pair."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

SHINGLE_WORDS = 3
ALIKE_SHARE = 0.6
"""So large a share of their triples of words two texts may not have in common."""

_WORD = re.compile(r"\w+")

Shingle = tuple[str, ...]


def find_alike(texts: Mapping[int, str], own: Mapping[int, Sequence[str]]) -> dict[int, int]:
    """Return for each text that is almost another one which earlier one that is.

    Two texts are compared by their triples of words, without the words of their own rows: what differs only in
    the product's name and size is the same text. Prefix filtering: of two sets that share so much, one of the
    rarest triples of each must be common (Chaudhuri et al., 2006), so few pairs are ever compared.

    Args:
        texts: number of a row -> its text.
        own: number of a row -> the cells that it came from.
    """
    sets = {number: _shingles(text, own.get(number, ())) for number, text in texts.items()}
    frequency = Counter(shingle for shingles in sets.values() for shingle in shingles)
    holding: dict[Shingle, list[int]] = defaultdict(list)
    found: dict[int, int] = {}
    for number in sorted(sets):
        rare_first = sorted(sets[number], key=lambda shingle: (frequency[shingle], shingle))
        prefix = rare_first[: int((1 - ALIKE_SHARE) * len(rare_first)) + 1]
        earlier = sorted({other for shingle in prefix for other in holding[shingle]})
        twin = next((other for other in earlier if _share(sets[number], sets[other]) >= ALIKE_SHARE), None)
        if twin is not None:
            found[number] = twin
        for shingle in prefix:
            holding[shingle].append(number)
    return found


def _shingles(text: str, own: Sequence[str]) -> frozenset[Shingle]:
    known = {word for cell in own for word in _WORD.findall(cell.casefold())}
    words = [word for word in _WORD.findall(text.casefold()) if word not in known]
    return frozenset(tuple(words[at : at + SHINGLE_WORDS]) for at in range(len(words) - SHINGLE_WORDS + 1))


def _share(one: frozenset[Shingle], other: frozenset[Shingle]) -> float:
    both = len(one & other)
    return both / (len(one) + len(other) - both) if both else 0.0
