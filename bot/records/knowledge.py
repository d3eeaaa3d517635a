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
    "document_id, team_id, name, source, source_id, content_hash, audience, owner_id, link, pages, changed,"
    " changed_at"
)
NAMES = tuple(FIELDS.split(", "))
MOST_LISTED = 30
AT_ONCE = 50  # documents that the index takes in with one write


@dataclass(frozen=True)
class Document:
    """A document of a team's knowledge base.

    Attributes:
        source: `folder` or `slack`; *source_id* names it there: its path in the folder, or the file's id.
        audience: `everyone`, a channel's id, or ids of people with commas.
        owner_id: who answers for it; empty for the admins.
        link: its address in Slack; empty where it came from a folder.
        pages: how many pages, slides or sheets it has.
        changed: the change of the knowledge base that it was last touched by.
    """

    team_id: str
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
    """The knowledge bases of all teams, and the index beside them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._index = KnowledgeIndex(store.path.with_name("knowledge.sqlite"))

    async def close(self) -> None:
        """Close the index."""
        await self._index.close()

    async def forget_words(self) -> None:
        """Delete the index: no word of what is gone stays in it. The next search makes it anew."""
        await self._index.drop()

    async def put(
        self,
        document: Document,
        passages: Sequence[Passage],
        *,
        replacing: Collection[int] = (),
        user_id: str = "",
    ) -> str:
        """Keep a document and return `added`, `changed` or `same`; its words are only read anew when they differ.

        Args:
            replacing: documents that it is a newer version of; they go in the same write.
        """

        def work(db: Database) -> str:
            delete_documents(db, document.team_id, replacing)
            for document_id in replacing:
                log_change(db, "deleted", document_id, team_id=document.team_id, user_id=user_id)
            return put_document(db, document, passages, user_id=user_id)

        return await self._store.write(work)

    async def get(self, team_id: str, document_id: int) -> Document | None:
        """Return a document, or None."""
        return next(iter(await self._documents(team_id, "document_id = ?", [document_id])), None)

    async def listed(self, team_id: str, words: str = "") -> list[Document]:
        """Return the documents whose name holds *words*, by name."""
        named = "instr(lower(name), lower(?)) > 0 order by name, document_id"
        return await self._documents(team_id, named, [words])

    async def in_folder(self, team_id: str, root: str) -> list[Document]:
        """Return the documents that came from a folder."""
        return await self._documents(
            team_id, "source = 'folder' and instr(source_id, ?) = 1", [_source(team_id, f"{root}\n")]
        )

    async def from_slack(
        self, team_id: str, *, file_id: str = "", name: str = "", owner_id: str = ""
    ) -> list[Document]:
        """Return the documents that were sent in Slack; those of a file, a name or an owner where one is given."""
        return await self._documents(
            team_id,
            """
            source = 'slack' and source_id = coalesce(nullif(?, ''), source_id)
            and name = coalesce(nullif(?, ''), name) and owner_id = coalesce(nullif(?, ''), owner_id)
            order by document_id
            """,
            [_source(team_id, file_id) if file_id else "", name, owner_id],
        )

    async def audiences(self, team_id: str) -> list[str]:
        """Return every audience that a document of a team has."""
        rows = await self._store.read(
            lambda db: db.execute(
                "select distinct audience from documents where team_id = ? order by audience", [team_id]
            ).fetchall()
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
            log_change(db, "audience", held.document_id, team_id=held.team_id, user_id="")

        await self._store.write(work)

    async def set_audience(self, team_id: str, document_id: int, audience: str, *, user_id: str = "") -> None:
        """Let others read a document from now on."""

        def work(db: Database) -> None:
            number = _next_change(db)
            db.execute(
                """
                update documents set audience = ?, changed = ?, changed_at = ?
                where team_id = ? and document_id = ?
                """,
                [audience, number, iso(now()), team_id, document_id],
            )
            log_change(db, "audience", document_id, team_id=team_id, user_id=user_id)

        await self._store.write(work)

    async def delete(self, team_id: str, document_ids: Collection[int], *, user_id: str = "") -> None:
        """Delete documents of a team with their passages; the index forgets them before its next search."""

        def work(db: Database) -> None:
            delete_documents(db, team_id, document_ids)
            for document_id in document_ids:
                log_change(db, "deleted", document_id, team_id=team_id, user_id=user_id)

        await self._store.write(work)

    async def search(
        self,
        team_id: str,
        question: str,
        audiences: Sequence[str],
        *,
        extra: Sequence[str] = (),
        most: int = 8,
    ) -> list[Found]:
        """Return a team's passages that speak of a question, of the *audiences* alone, best first."""
        await self.sync()
        more = [group for words in extra for group in query_terms(words)]
        hits = await self._index.search(
            query_terms(question), [_scope(team_id, one) for one in audiences], extra=more, most=most
        )
        ids = [hit.passage_id for hit in hits]
        found = {one.passage_id: one for one in await self._passages(team_id, ids, audiences)}
        return [_scored(found[hit.passage_id], hit) for hit in hits if hit.passage_id in found]

    async def whole(self, team_id: str, audiences: Sequence[str], *, most_chars: int) -> list[Found] | None:
        """Return every passage of a team's *audiences* in order; None when they hold more than *most_chars*."""
        marks = ",".join("?" * len(audiences))
        held = await self._store.read(
            lambda db: db.execute(
                f"""
                select coalesce(sum(length(text) + length(heading)), 0) from passages join documents using (document_id)
                where team_id = ? and audience in ({marks})
                """,
                [team_id, *audiences],
            ).fetchone()[0]
        )
        if held > most_chars:
            return None
        return await self._passages(team_id, None, audiences)

    async def sync(self) -> None:
        """Bring the index in line with the documents; cheap when nothing changed."""
        rows = await self._store.read(
            lambda db: db.execute(
                "select document_id, changed, team_id, audience, name from documents"
            ).fetchall()
        )
        rows = [(row[0], row[1], _scope(row[2], row[3]), row[4]) for row in rows]
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

    async def _passages(
        self, team_id: str, ids: Sequence[int] | None, audiences: Sequence[str]
    ) -> list[Found]:
        """Return passages, all of them unless *ids* names some; of documents that the audiences may read only."""
        chosen = "" if ids is None else f"and passage_id in ({','.join(str(int(one)) for one in ids)})"
        marks = ",".join("?" * len(audiences))
        rows = await self._store.read(
            lambda db: list(
                db.query(
                    f"""
                    select passage_id, page, heading, text, {FIELDS}
                    from passages join documents using (document_id)
                    where team_id = ? and audience in ({marks}) {chosen} order by name, document_id, number
                    """,
                    [team_id, *audiences],
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

    async def _documents(self, team_id: str, where: str, values: list[Any]) -> list[Document]:
        asked = f"select {FIELDS} from documents where team_id = ? and {where}"
        rows = await self._store.read(lambda db: list(db.query(asked, [team_id, *values])))
        return [_document(row) for row in rows]


def put_document(db: Database, document: Document, passages: Sequence[Passage], *, user_id: str = "") -> str:
    """Keep a document; see `Knowledge.put`."""
    row = db.execute(
        f"select {FIELDS} from documents where source = ? and source_id = ?",
        [document.source, _source(document.team_id, document.source_id)],
    ).fetchone()
    before = _document(dict(zip(NAMES, row, strict=True))) if row else None
    wanted = (document.name, document.content_hash, document.audience, document.owner_id, document.link)
    if before is not None:
        held = (before.name, before.content_hash, before.audience, before.owner_id, before.link)
        if held == wanted:
            return "same"
        delete_documents(db, document.team_id, [before.document_id])
    cursor = db.execute(
        """
        insert into documents (name, content_hash, audience, owner_id, link, team_id, source, source_id, pages,
            changed, changed_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning document_id
        """,
        [
            *wanted,
            document.team_id,
            document.source,
            _source(document.team_id, document.source_id),
            document.pages,
            _next_change(db),
            iso(now()),
        ],
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
    log_change(db, done, document_id, team_id=document.team_id, user_id=user_id)
    return done


def delete_documents(db: Database, team_id: str, document_ids: Collection[int]) -> None:
    """Delete documents of a team with their passages."""
    theirs = "select document_id from documents where team_id = ? and document_id = ?"
    for document_id in document_ids:
        db.execute(f"delete from passages where document_id in ({theirs})", [team_id, document_id])
        db.execute("delete from documents where team_id = ? and document_id = ?", [team_id, document_id])


def _source(team_id: str, source_id: str) -> str:
    """Return what a document is known by: two teams may have files of the same id, and folders of the same path."""
    return f"{team_id}:{source_id}"


def _scope(team_id: str, audience: str) -> str:
    """Return an audience as the index knows it: whoever is of one team is of no other."""
    return f"{team_id}:{audience}"


def log_change(db: Database, act: str, document_id: int, *, team_id: str, user_id: str) -> None:
    """Tell the log who `added`, `changed` or `deleted` a document, or who set its `audience`: a trigger reads it."""
    db.execute(
        """
        insert into knowledge_changes (changed_at, act, document_id, team_id, user_id) values (?, ?, ?, ?, ?)
        """,
        [iso(now()), act, document_id, team_id, user_id],
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
    told = {name: row[name] for name in NAMES}
    return Document(**{**told, "source_id": told["source_id"].partition(":")[2]})


def _scored(found: Found, hit: Hit) -> Found:
    return Found(found.passage_id, found.document, found.passage, hit.score, hit.cover)
