"""The index that finds passages: a derived SQLite file, made anew from the records whenever it is missing or behind."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bot.disk import shred
from bot.knowledge import terms_of
from bot.records.knowledge_search import Hit, Search

T = TypeVar("T")

FORMAT = 2
"""Raised when the tables or the stems change: an older file is thrown away and made anew."""

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
-- Ids go by length, so that the shortest words come first without sorting.
create table vocabulary (term_id integer primary key, term text not null unique) strict;
create virtual table grams using fts5 (
    term, content = 'vocabulary', content_rowid = 'term_id', tokenize = 'trigram'
);
"""


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

    async def drop(self) -> None:
        """Delete the file, where there is one: its list of words keeps those of documents that went."""
        await self._run(self.drop_now)

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

    def drop_now(self) -> None:
        """Do what `drop` does, here."""
        self.close_now()
        for suffix in ("", "-wal", "-shm"):
            path = self._path.with_name(self._path.name + suffix)
            if path.exists():
                shred(path)

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
        return Search(self._open(), audiences).find(words, extra=extra, most=most)

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            # Before SQLite makes it: the files beside it get the rights that it has at that moment.
            self._path.touch(mode=0o600)
            db = _connect(self._path)
            if db.execute("pragma user_version").fetchone()[0] != FORMAT:
                db.close()
                for suffix in ("", "-wal", "-shm"):
                    self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
                self._path.touch(mode=0o600)
                db = _connect(self._path)
                db.executescript(SCHEMA)
                db.execute(f"pragma user_version = {FORMAT}")
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
        cursor = db.execute(
            """
            insert or ignore into vocabulary select coalesce(max(term_id), ?1 << 32) + 1, ?2 from vocabulary
            where term_id between ?1 << 32 and (?1 + 1 << 32) - 1
            """,
            [len(term), term],
        )
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
