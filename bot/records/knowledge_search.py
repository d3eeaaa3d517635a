"""One search in the index: two rankings of the passages that its asker may read, fused.

BM25 is computed here and not by FTS5: its own counts over all rows, also those that the asker may not read. Every
number in a ranking comes from passages of the asker's audiences, as if there were no others.
"""

from __future__ import annotations

import math
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.knowledge import near_share

MOST_POSTINGS = 3_000
"""Passages that one search weighs, word by word: the rarest words first, and what is everywhere decides nothing."""

MOST_POOLED, ENOUGH_POOLED = 400, 50
"""Passages that are weighed where every word that is asked for is common: those that hold most of them at once."""

MOST_NEAR = 4
LEAST_CHARS = 4
"""The shortest part of a compound that is looked for."""

RANK_OFFSET = 60
"""Of reciprocal rank fusion (Cormack and others, 2009)."""

K1, B = 1.2, 0.75
EXTRA_WEIGHT = 0.5
"""What a word counts that the asker did not say."""


@dataclass(frozen=True)
class Hit:
    """A passage that was found.

    Attributes:
        cover: how much of what was asked it speaks of, 0 to 1: rare words count for more than common ones.
    """

    passage_id: int
    score: float
    cover: float


class Search:
    """One search among the passages of some audiences."""

    def __init__(self, db: sqlite3.Connection, audiences: Sequence[str]) -> None:
        self._db = db
        marks = ",".join("?" * len(audiences))
        rows = db.execute(
            f"select scope_id, passages, words from scopes where audience in ({marks})", list(audiences)
        ).fetchall()
        self._scopes = ",".join(str(int(row[0])) for row in rows) or "-1"
        self._passages: int = sum(row[1] for row in rows)
        self._mean_words: float = max(1.0, float(sum(row[2] for row in rows)) / max(1, self._passages))
        self._words: dict[int, int] = {}
        self._room = MOST_POSTINGS
        self._read: dict[str, dict[int, int]] = {}

    def find(
        self, words: Sequence[tuple[str, ...]], *, extra: Sequence[tuple[str, ...]], most: int
    ) -> list[Hit]:
        """Return the best passages: two rankings, by the words themselves and by words near them, fused."""
        if not self._passages or not words:
            return []
        others = [group for group in extra if group not in words]
        near = {group: self._near(group) for group in words}
        holding = self._holding([*words, *others, *(tuple(found) for found in near.values() if found)])
        idf = {group: self._idf(group, near.get(group, {}), holding) for group in (*words, *others)}
        plain: dict[int, float] = defaultdict(float)
        wide: dict[int, float] = defaultdict(float)
        cover: dict[int, float] = defaultdict(float)
        total = sum(idf[group] for group in words)
        self._pool({group: (*group, *near.get(group, {})) for group in words}, idf, holding)
        # The rarest first, while there is room: what they find, the common words only order.
        for group in sorted((*words, *others), key=lambda one: (-idf[one], one)):
            weight = idf[group] * (1.0 if group in near else EXTRA_WEIGHT)
            exact = self._postings(group, holding)
            for passage_id, times in exact.items():
                plain[passage_id] += weight * self._damped(times, passage_id)
            shares = {passage_id: (times * 1.0, 1.0) for passage_id, times in exact.items()}
            for term, share in near.get(group, {}).items():
                for passage_id, times in self._postings((term,), holding).items():
                    if shares.get(passage_id, (0.0, 0.0))[1] < share:
                        shares[passage_id] = (times * share, share)
            for passage_id, (times_near, share) in shares.items():
                wide[passage_id] += weight * self._damped(times_near, passage_id)
                if group in near:
                    cover[passage_id] += idf[group] * share
        fused = _fuse(plain, wide)
        best = sorted(fused, key=lambda one: (-fused[one], one))[:most]
        return [Hit(one, fused[one], cover[one] / total) for one in best]

    def _near(self, group: tuple[str, ...]) -> dict[str, float]:
        """Return words of these audiences that hold one of *group*, or that it begins or ends with -> their share."""
        found: dict[str, float] = {}
        for term in group:
            # A word of four letters stands in too many others to say anything.
            if len(term) <= LEAST_CHARS or any(one.isdigit() for one in term):
                continue
            ends = {end for cut in range(LEAST_CHARS, len(term)) for end in (term[:cut], term[-cut:])}
            marks = ",".join("?" * len(ends))
            rows = self._db.execute(
                f"select term from counts where term in ({marks}) and passages > 0 and scope_id in ({self._scopes})",
                sorted(ends),
            )
            for other in (*self._longer(term), *(row[0] for row in rows)):
                if other not in group:
                    found[other] = max(found.get(other, 0.0), near_share(term, other))
        best = sorted(found, key=lambda one: (-found[one], abs(len(one) - len(group[0])), one))[:MOST_NEAR]
        return {one: found[one] for one in best}

    def _longer(self, term: str) -> list[str]:
        """Return the shortest words of these audiences that *term* stands in, itself among them.

        Words of one length are read to the last, and go by the alphabet: their ids tell when they came, also from
        documents that the asker may not read.
        """
        rows = self._db.execute(
            f"""
            select term from grams where grams match ? and exists (
                select 1 from counts where counts.term = grams.term and passages > 0 and scope_id in ({self._scopes}))
            order by rowid
            """,
            [f'"{term}"'],
        )
        found: list[str] = []
        for (other,) in rows:
            if len(found) > MOST_NEAR and len(other) > len(found[-1]):
                break
            found.append(other)
        return sorted(found, key=lambda one: (len(one), one))[: MOST_NEAR + 1]

    def _pool(
        self,
        told: dict[tuple[str, ...], tuple[str, ...]],
        idf: dict[tuple[str, ...], float],
        holding: dict[str, int],
    ) -> None:
        """Where the rarest word is a common one, read the passages that hold most words at once, not word by word.

        Args:
            told: each word that is asked for -> its stems and the words near them.
        """
        held = {group: [one for one in told[group] if one in holding] for group in told}
        rarest = sorted(filter(held.get, held), key=lambda group: (-idf[group], group))
        read_first = [holding[one] for one in held[rarest[0]] if one in rarest[0]] if rarest else []
        if not rarest or max(read_first or [holding[one] for one in held[rarest[0]]]) <= MOST_POSTINGS:
            return
        pool: set[int] = set()
        while rarest and len(pool) < ENOUGH_POOLED:
            pool.update(self._together([held[group] for group in rarest]))
            rarest.pop()
        rows = self._db.execute(
            f"""
            select passage_id, words, terms from passages join stems on stems.rowid = passage_id
            where passage_id in ({",".join(map(str, sorted(pool)))})
            """
        )
        self._read = {term: {} for term in holding}
        for passage_id, words, terms in rows:
            self._words[passage_id] = words
            for term, times in Counter(terms.split()).items():
                if term in self._read:
                    self._read[term][passage_id] = times

    def _together(self, groups: Iterable[Sequence[str]]) -> list[int]:
        """Return the first passages that hold a word of each group."""
        asked = " AND ".join("(" + " OR ".join(f'"{one}"' for one in group) + ")" for group in groups)
        rows = self._db.execute(
            f"""
            select stems.rowid from stems join passages on passage_id = stems.rowid
            where stems match ? and scope_id in ({self._scopes}) order by stems.rowid limit {MOST_POOLED}
            """,
            [asked],
        )
        return [row[0] for row in rows]

    def _holding(self, groups: Iterable[tuple[str, ...]]) -> dict[str, int]:
        """Return word -> how many of these passages hold it."""
        terms = sorted({term for group in groups for term in group})
        marks = ",".join("?" * len(terms))
        rows = self._db.execute(
            f"""
            select term, sum(passages) from counts where term in ({marks}) and scope_id in ({self._scopes})
            group by term having sum(passages) > 0
            """,
            terms,
        )
        return dict(rows)

    def _idf(self, group: tuple[str, ...], near: dict[str, float], holding: dict[str, int]) -> float:
        count = max((holding.get(term, 0) for term in (*group, *near)), default=0)
        return math.log(1 + (self._passages - count + 0.5) / (count + 0.5))

    def _postings(self, group: tuple[str, ...], holding: dict[str, int]) -> dict[int, int]:
        """Return passage -> how often it holds one of *group*; empty once there is no room for more."""
        found: dict[int, int] = {}
        for term in group:
            if term not in holding:
                continue
            if term not in self._read:
                if holding[term] > self._room and self._read:
                    continue
                self._room -= holding[term]
                rows = self._db.execute(
                    f"""
                    select doc, count(*), words from stems_at join passages on passage_id = doc
                    where term = ? and scope_id in ({self._scopes}) group by doc
                    """,
                    [term],
                ).fetchall()
                self._read[term] = {row[0]: row[1] for row in rows}
                self._words.update((row[0], row[2]) for row in rows)
            for passage_id, times in self._read[term].items():
                found[passage_id] = max(found.get(passage_id, 0), times)
        return found

    def _damped(self, times: float, passage_id: int) -> float:
        length: float = self._words[passage_id] / self._mean_words
        return times * (K1 + 1) / (times + K1 * (1 - B + B * length))


def _fuse(*rankings: dict[int, float]) -> dict[int, float]:
    """Return passage -> its score of reciprocal ranks over all rankings."""
    fused: dict[int, float] = defaultdict(float)
    for ranking in rankings:
        ordered = sorted(ranking, key=lambda one: (-ranking[one], one))
        for place, passage_id in enumerate(ordered[:200], start=1):
            fused[passage_id] += 1 / (RANK_OFFSET + place)
    return fused
