"""The index that finds passages: a derived SQLite file, made anew from the records whenever it is missing or behind.

BM25 is computed here and not by FTS5: its own counts over all rows, also those that the asker may not read. Every
number in a ranking comes from passages of the asker's audiences, as if there were no others.
"""

from __future__ import annotations

import asyncio
import math
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bot.knowledge import near_share, terms_of

T = TypeVar("T")

FORMAT = 1
"""Raised when the tables or the stems change: an older file is thrown away and made anew."""

MOST_POSTINGS = 3_000
"""Passages that one search weighs, word by word: the rarest words first, and what is everywhere decides nothing."""

MOST_NEAR = 4
LEAST_CHARS = 4
"""The shortest part of a compound that is looked for."""

RANK_OFFSET = 60
"""Of reciprocal rank fusion (Cormack and others, 2009)."""

K1, B = 1.2, 0.75
EXTRA_WEIGHT = 0.5
"""What a word counts that the asker did not say."""

SCHEMA = """
create table scopes (
    scope_id integer primary key, audience text not null unique,
    passages integer not null default 0, words integer not null default 0
) strict;
create table documents (
    document_id integer primary key, changed integer not null, scope_id integer not null
) strict;
create table passages (
    passage_id integer primary key, document_id integer not null, scope_id integer not null, words integer not null
) strict;
create index passages_document on passages (document_id);
create table counts (
    term text not null, scope_id integer not null, passages integer not null, primary key (term, scope_id)
) strict, without rowid;
create virtual table stems using fts5 (terms, tokenize = "unicode61 remove_diacritics 0 tokenchars '.,'");
create virtual table stems_at using fts5vocab (stems, instance);
create table vocabulary (term_id integer primary key, term text not null unique) strict;
create virtual table grams using fts5 (
    term, content = 'vocabulary', content_rowid = 'term_id', tokenize = 'trigram'
);
"""


@dataclass(frozen=True)
class Hit:
    """A passage that was found.

    Attributes:
        cover: how much of what was asked it speaks of, 0 to 1: rare words count for more than common ones.
    """

    passage_id: int
    score: float
    cover: float


@dataclass(frozen=True)
class Entry:
    """A document as the index takes it in: passages as `(passage_id, searched text)`."""

    document_id: int
    changed: int
    audience: str
    passages: tuple[tuple[int, str], ...]


class KnowledgeIndex:
    """One file, used by one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="knowledge")
        self._db: sqlite3.Connection | None = None

    async def close(self) -> None:
        """Close the file; closing it again changes nothing."""
        if self._db is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self.close_now)
        self._thread.shutdown(wait=True)

    async def known(self) -> dict[int, tuple[int, str]]:
        """Return document -> the change that the index holds of it, and for whom."""
        return await self._run(lambda: self.known_now())

    async def put(self, entries: Sequence[Entry], gone: Iterable[int]) -> None:
        """Take in documents anew and drop those that are *gone*, in one write."""
        await self._run(lambda: self.put_now(entries, gone))

    async def search(
        self,
        words: Sequence[tuple[str, ...]],
        audiences: Sequence[str],
        *,
        extra: Sequence[tuple[str, ...]] = (),
        most: int = 8,
    ) -> list[Hit]:
        """Return the passages of *audiences* that speak most of what was asked, best first.

        Args:
            words: what was asked, each word as its stems.
            extra: words of the same meaning, which count less.
        """
        return await self._run(lambda: self.search_now(words, audiences, extra=extra, most=most))

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def known_now(self) -> dict[int, tuple[int, str]]:
        """Do what `known` does, here."""
        rows = self._open().execute(
            "select document_id, changed, audience from documents join scopes using (scope_id)"
        )
        return {row[0]: (row[1], row[2]) for row in rows}

    def close_now(self) -> None:
        """Do what `close` does, here."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def put_now(self, entries: Sequence[Entry], gone: Iterable[int]) -> None:
        """Do what `put` does, here."""
        db = self._open()
        db.execute("begin immediate")
        try:
            for document_id in (*gone, *(entry.document_id for entry in entries)):
                _drop(db, document_id)
            for entry in entries:
                _take_in(db, entry)
            db.execute("commit")
        except (
            BaseException
        ):  # Ctrl-C too: nothing may leave half a document in the index, or the lock, behind
            db.execute("rollback")
            raise

    def search_now(
        self,
        words: Sequence[tuple[str, ...]],
        audiences: Sequence[str],
        *,
        extra: Sequence[tuple[str, ...]] = (),
        most: int = 8,
    ) -> list[Hit]:
        """Do what `search` does, here."""
        return _Search(self._open(), audiences).find(words, extra=extra, most=most)

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            db = _connect(self._path)
            if db.execute("pragma user_version").fetchone()[0] != FORMAT:
                db.close()
                for suffix in ("", "-wal", "-shm"):
                    self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
                db = _connect(self._path)
                db.executescript(SCHEMA)
                db.execute(f"pragma user_version = {FORMAT}")
                self._path.chmod(0o600)
            self._db = db
        return self._db


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
    db.execute("pragma journal_mode = wal")
    # What is lost with the machine is made anew.
    db.execute("pragma synchronous = normal")
    db.execute("pragma secure_delete = on")
    db.execute("pragma cache_size = -65536")
    return db


def _drop(db: sqlite3.Connection, document_id: int) -> None:
    found = db.execute("select scope_id from documents where document_id = ?", [document_id]).fetchone()
    if found is None:
        return
    rows = db.execute(
        "select passage_id, terms, words from passages join stems on stems.rowid = passage_id where document_id = ?",
        [document_id],
    ).fetchall()
    _count(db, found[0], [(terms.split(), words) for _, terms, words in rows], sign=-1)
    db.executemany("delete from stems where rowid = ?", [(row[0],) for row in rows])
    db.execute("delete from passages where document_id = ?", [document_id])
    db.execute("delete from documents where document_id = ?", [document_id])


def _take_in(db: sqlite3.Connection, entry: Entry) -> None:
    db.execute("insert or ignore into scopes (audience) values (?)", [entry.audience])
    scope_id = db.execute("select scope_id from scopes where audience = ?", [entry.audience]).fetchone()[0]
    db.execute("insert into documents values (?, ?, ?)", [entry.document_id, entry.changed, scope_id])
    told = [(passage_id, terms_of(text)) for passage_id, text in entry.passages]
    db.executemany(
        "insert into passages values (?, ?, ?, ?)",
        [(passage_id, entry.document_id, scope_id, len(terms)) for passage_id, terms in told],
    )
    db.executemany(
        "insert into stems (rowid, terms) values (?, ?)",
        [(passage_id, " ".join(terms)) for passage_id, terms in told],
    )
    _count(db, scope_id, [(terms, len(terms)) for _, terms in told], sign=1)
    for term in sorted({term for _, terms in told for term in terms}):
        cursor = db.execute("insert or ignore into vocabulary (term) values (?)", [term])
        if cursor.rowcount:
            db.execute("insert into grams (rowid, term) values (?, ?)", [cursor.lastrowid, term])


def _count(db: sqlite3.Connection, scope_id: int, told: list[tuple[list[str], int]], *, sign: int) -> None:
    """Keep how many passages of an audience hold each word."""
    holding = Counter(term for terms, _ in told for term in set(terms))
    db.executemany(
        """
        insert into counts values (?, ?, ?)
        on conflict (term, scope_id) do update set passages = passages + excluded.passages
        """,
        [(term, scope_id, sign * count) for term, count in holding.items()],
    )
    db.execute(
        "update scopes set passages = passages + ?, words = words + ? where scope_id = ?",
        [sign * len(told), sign * sum(words for _, words in told), scope_id],
    )


class _Search:
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
                f"""
                select term from (
                    select grams.term as term from grams join counts on counts.term = grams.term
                    where grams match ? and passages > 0 and scope_id in ({self._scopes})
                    group by grams.term order by length(grams.term), grams.term limit {MOST_NEAR + 1})
                union select term from counts
                where term in ({marks}) and passages > 0 and scope_id in ({self._scopes})
                """,
                [f'"{term}"', *sorted(ends)],
            )
            for (other,) in rows:
                if other not in group:
                    found[other] = max(found.get(other, 0.0), near_share(term, other))
        best = sorted(found, key=lambda one: (-found[one], abs(len(one) - len(group[0])), one))[:MOST_NEAR]
        return {one: found[one] for one in best}

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
