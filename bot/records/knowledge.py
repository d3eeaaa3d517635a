"""Documents of the knowledge base and their passages, who may read them, and the questions nobody could answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from bot.knowledge import Passage, query_terms
from bot.records.database import Database
from bot.records.knowledge_index import Entry, KnowledgeIndex
from bot.records.knowledge_search import Hit
from bot.records.moments import iso, now
from bot.records.retention import delete_date
from bot.records.store import Store

FIELDS = (
    "document_id, name, source, source_id, content_hash, audience, owner_id, link, pages, changed, changed_at"
)
MOST_LISTED = 30
AT_ONCE = 50  # documents that the index takes in with one write


@dataclass(frozen=True)
class By:
    """Who changes the knowledge base; empty for whoever works at the command line."""

    team_id: str = ""
    user_id: str = ""


NOBODY = By()


@dataclass(frozen=True)
class Document:
    """A document of the knowledge base.

    Attributes:
        source: `folder` or `slack`; *source_id* names it there: its path in the folder, or the file's id.
        audience: `everyone`, a channel's id, or ids of people with commas.
        owner_id: who answers for it; empty for the admins.
        link: its address in Slack; empty where it came from a folder.
        pages: how many pages, slides or sheets it has.
        changed: the change of the knowledge base that it was last touched by.
    """

    name: str
    source: str
    source_id: str
    content_hash: str
    audience: str
    owner_id: str = ""
    link: str = ""
    pages: int = 0
    document_id: int = 0
    changed: int = 0
    changed_at: str = ""


@dataclass(frozen=True)
class Found:
    """A passage with where it stands; `score` and `cover` as the index tells."""

    passage_id: int
    document: Document
    passage: Passage
    score: float = 0.0
    cover: float = 0.0


@dataclass(frozen=True)
class OpenQuestion:
    """A question that the knowledge base did not answer."""

    run_id: str
    user_id: str
    owner_id: str
    question: str
    asked_at: str


class Knowledge:
    """The knowledge base, and the index beside it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._index = KnowledgeIndex(store.path.with_name("knowledge.sqlite"))

    async def close(self) -> None:
        """Close the index."""
        await self._index.close()

    async def put(
        self,
        document: Document,
        passages: Sequence[Passage],
        *,
        replacing: Collection[int] = (),
        by: By = NOBODY,
    ) -> str:
        """Keep a document and return `added`, `changed` or `same`; its words are only read anew when they differ.

        Args:
            replacing: documents that it is a newer version of; they go in the same write.
        """

        def work(db: Database) -> str:
            delete_documents(db, replacing)
            for document_id in replacing:
                log_change(db, "deleted", document_id, by=by)
            return put_document(db, document, passages, by=by)

        return await self._store.write(work)

    async def get(self, document_id: int) -> Document | None:
        """Return a document, or None."""
        return next(iter(await self._documents("document_id = ?", [document_id])), None)

    async def listed(self, words: str = "") -> list[Document]:
        """Return the documents whose name holds *words*, by name."""
        return await self._documents("instr(lower(name), lower(?)) > 0 order by name, document_id", [words])

    async def in_folder(self, root: str) -> list[Document]:
        """Return the documents that came from a folder."""
        return await self._documents("source = 'folder' and instr(source_id, ?) = 1", [f"{root}\n"])

    async def from_slack(self, *, file_id: str = "", name: str = "", owner_id: str = "") -> list[Document]:
        """Return the documents that were sent in Slack; those of a file, a name or an owner where one is given."""
        return await self._documents(
            """
            source = 'slack' and source_id = coalesce(nullif(?, ''), source_id)
            and name = coalesce(nullif(?, ''), name) and owner_id = coalesce(nullif(?, ''), owner_id)
            order by document_id
            """,
            [file_id, name, owner_id],
        )

    async def audiences(self) -> list[str]:
        """Return every audience that a document has."""
        rows = await self._store.read(
            lambda db: db.execute("select distinct audience from documents order by audience").fetchall()
        )
        return [row[0] for row in rows]

    async def put_same(self, held: Document, wanted: Document) -> None:
        """Keep who may read and who owns a document whose words are the same."""
        if (held.audience, held.owner_id) == (wanted.audience, wanted.owner_id):
            return

        def work(db: Database) -> None:
            number = _next_change(db)
            db.execute(
                """
                update documents set audience = ?, owner_id = ?, changed = ?, changed_at = ? where document_id = ?
                """,
                [wanted.audience, wanted.owner_id, number, iso(now()), held.document_id],
            )
            log_change(db, "audience", held.document_id, by=NOBODY)

        await self._store.write(work)

    async def set_audience(self, document_id: int, audience: str, *, by: By = NOBODY) -> None:
        """Let others read a document from now on."""

        def work(db: Database) -> None:
            number = _next_change(db)
            db.execute(
                "update documents set audience = ?, changed = ?, changed_at = ? where document_id = ?",
                [audience, number, iso(now()), document_id],
            )
            log_change(db, "audience", document_id, by=by)

        await self._store.write(work)

    async def delete(self, document_ids: Collection[int], *, by: By = NOBODY) -> None:
        """Delete documents with their passages; the index forgets them before its next search."""

        def work(db: Database) -> None:
            delete_documents(db, document_ids)
            for document_id in document_ids:
                log_change(db, "deleted", document_id, by=by)

        await self._store.write(work)

    async def search(
        self, question: str, audiences: Sequence[str], *, extra: Sequence[str] = (), most: int = 8
    ) -> list[Found]:
        """Return the passages that speak of a question, of the *audiences* alone, best first."""
        await self.sync()
        more = [group for words in extra for group in query_terms(words)]
        hits = await self._index.search(query_terms(question), audiences, extra=more, most=most)
        found = {
            one.passage_id: one for one in await self._passages([hit.passage_id for hit in hits], audiences)
        }
        return [_scored(found[hit.passage_id], hit) for hit in hits if hit.passage_id in found]

    async def whole(self, audiences: Sequence[str], *, most_chars: int) -> list[Found] | None:
        """Return every passage of the *audiences* in order; None when they hold more than *most_chars*."""
        marks = ",".join("?" * len(audiences))
        held = await self._store.read(
            lambda db: db.execute(
                f"""
                select coalesce(sum(length(text) + length(heading)), 0) from passages join documents using (document_id)
                where audience in ({marks})
                """,
                list(audiences),
            ).fetchone()[0]
        )
        if held > most_chars:
            return None
        return await self._passages(None, audiences)

    async def sync(self) -> None:
        """Bring the index in line with the documents; cheap when nothing changed."""
        rows = await self._store.read(
            lambda db: db.execute("select document_id, changed, audience, name from documents").fetchall()
        )
        known = await self._index.known()
        fresh = [row for row in rows if known.get(row[0]) != (row[1], row[2])]
        gone = known.keys() - {row[0] for row in rows}
        for at in range(0, max(len(fresh), 1), AT_ONCE):
            entries = [await self._entry(*row) for row in fresh[at : at + AT_ONCE]]
            if entries or gone:
                await self._index.put(entries, sorted(gone))
            gone = set()

    async def _entry(self, document_id: int, changed: int, audience: str, name: str) -> Entry:
        rows = await self._store.read(
            lambda db: db.execute(
                "select passage_id, heading, text from passages where document_id = ? order by number",
                [document_id],
            ).fetchall()
        )
        told = tuple((row[0], f"{name.rpartition('.')[0] or name}\n{row[1]}\n{row[2]}") for row in rows)
        return Entry(document_id, changed, audience, told)

    async def _passages(self, ids: Sequence[int] | None, audiences: Sequence[str]) -> list[Found]:
        """Return passages, all of them unless *ids* names some; of documents that the audiences may read only."""
        chosen = "" if ids is None else f"and passage_id in ({','.join(str(int(one)) for one in ids)})"
        marks = ",".join("?" * len(audiences))
        rows = await self._store.read(
            lambda db: list(
                db.query(
                    f"""
                    select passage_id, page, heading, text, {FIELDS}
                    from passages join documents using (document_id)
                    where audience in ({marks}) {chosen} order by name, document_id, number
                    """,
                    list(audiences),
                )
            )
        )
        return [
            Found(
                row["passage_id"],
                _document(row),
                Passage(row["text"], page=row["page"], heading=row["heading"]),
            )
            for row in rows
        ]

    async def ask_owner(self, question: OpenQuestion, *, team_id: str) -> None:
        """Put a question on its owner's list; the same run twice is one."""
        await self._store.write(
            lambda db: db.execute(
                """
                insert into knowledge_questions (run_id, team_id, user_id, owner_id, question, asked_at,
                    delete_after) values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing
                """,
                [
                    question.run_id,
                    team_id,
                    question.user_id,
                    question.owner_id,
                    question.question,
                    question.asked_at or iso(now()),
                    delete_date(db, team_id=team_id),
                ],
            )
        )

    async def questions(self, team_id: str, *, owner_id: str = "") -> list[OpenQuestion]:
        """Return what nobody could answer, newest first; of one owner, and of nobody's documents, when named."""
        rows = await self._store.read(
            lambda db: db.execute(
                """
                select run_id, user_id, owner_id, question, asked_at from knowledge_questions
                where team_id = ? and closed_at is null and (? = '' or owner_id = ?)
                order by asked_at desc limit ?
                """,
                [team_id, owner_id, owner_id, MOST_LISTED],
            ).fetchall()
        )
        return [OpenQuestion(*row) for row in rows]

    async def close_question(self, run_id: str) -> None:
        """Take a question off the list."""
        await self._store.write(
            lambda db: db.execute(
                "update knowledge_questions set closed_at = ? where run_id = ? and closed_at is null",
                [iso(now()), run_id],
            )
        )

    async def _documents(self, where: str, values: list[Any]) -> list[Document]:
        rows = await self._store.read(
            lambda db: list(db.query(f"select {FIELDS} from documents where {where}", values))
        )
        return [_document(row) for row in rows]


def put_document(db: Database, document: Document, passages: Sequence[Passage], *, by: By = NOBODY) -> str:
    """Keep a document; see `Knowledge.put`."""
    row = db.execute(
        f"select {FIELDS} from documents where source = ? and source_id = ?",
        [document.source, document.source_id],
    ).fetchone()
    before = _document(dict(zip(FIELDS.split(", "), row, strict=True))) if row else None
    wanted = (document.name, document.content_hash, document.audience, document.owner_id, document.link)
    if before is not None:
        held = (before.name, before.content_hash, before.audience, before.owner_id, before.link)
        if held == wanted:
            return "same"
        delete_documents(db, [before.document_id])
    cursor = db.execute(
        """
        insert into documents (name, content_hash, audience, owner_id, link, source, source_id, pages, changed,
            changed_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning document_id
        """,
        [*wanted, document.source, document.source_id, document.pages, _next_change(db), iso(now())],
    )
    document_id = int(cursor.fetchone()[0])
    db.executemany(
        "insert into passages (document_id, number, page, heading, text) values (?, ?, ?, ?, ?)",
        [
            (document_id, number, one.page, one.heading, one.text)
            for number, one in enumerate(passages, start=1)
        ],
    )
    done = "changed" if before is not None else "added"
    log_change(db, done, document_id, by=by)
    return done


def delete_documents(db: Database, document_ids: Collection[int]) -> None:
    """Delete documents with their passages."""
    for document_id in document_ids:
        db.execute("delete from passages where document_id = ?", [document_id])
        db.execute("delete from documents where document_id = ?", [document_id])


def log_change(db: Database, act: str, document_id: int, *, by: By) -> None:
    """Tell the log who `added`, `changed` or `deleted` a document, or who set its `audience`: a trigger reads it."""
    db.execute(
        """
        insert into knowledge_changes (changed_at, act, document_id, team_id, user_id) values (?, ?, ?, ?, ?)
        """,
        [iso(now()), act, document_id, by.team_id, by.user_id],
    )


def _next_change(db: Database) -> int:
    """Return a number that no document had before: an id that is used again is still seen to be another."""
    row = db.execute(
        "insert into knowledge_changes (changed_at) values (?) returning change_id", [iso(now())]
    ).fetchone()
    number = int(row[0])
    db.execute("delete from knowledge_changes where change_id < ?", [number])
    return number


def _document(row: dict[str, Any]) -> Document:
    return Document(**{name: row[name] for name in FIELDS.split(", ")})


def _scored(found: Found, hit: Hit) -> Found:
    return Found(found.passage_id, found.document, found.passage, hit.score, hit.cover)
