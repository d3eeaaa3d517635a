"""Quotes whose lines a person edits: the form while it is open, the version that comes of it, the second approval."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from bot.quotes.editing import Change, Edit, read_edit, write_edit
from bot.quotes.stored import Basis
from bot.records.database import Database
from bot.records.moments import days_after, iso, now
from bot.records.quotes import keep_quote
from bot.records.store import Store
from bot.tasks import Draft

if TYPE_CHECKING:
    from bot.records.reviews import Reviews

FORM_DAYS = 1
Status = Literal["waiting", "granted", "refused", "withdrawn"]
Verdict = Literal["done", "already", "stale", "not-asked"]


@dataclass(frozen=True)
class Revision:
    """The next version of a quote, made by a person."""

    draft: Draft
    document: dict[str, Any]
    basis: Basis

    def keep(self, db: Database, at: datetime) -> None:
        """Keep it within a write that is under way; it was delivered by being made."""
        draft = self.draft
        db.execute(
            """
            insert into drafts (run_id, version, text, model, sources, messages_read, notes, created_at,
                delivered_at, delete_after, by_hand)
            select run_id, ?, ?, model, sources, messages_read, ?, ?, ?, delete_after, 1 from drafts
            where run_id = ? and version = ?
            """,
            [
                draft.version,
                draft.text,
                json.dumps(draft.notes, ensure_ascii=False),
                iso(at),
                iso(at),
                draft.run_id,
                draft.version - 1,
            ],
        )
        keep_quote(db, draft.run_id, draft.version, self.document, self.basis)


@dataclass(frozen=True)
class FormRow:
    """A form that is open."""

    run_id: str
    version: int
    edit: Edit


class Forms:
    """The lines of quotes while they are edited: Slack holds one page of them, and forgets the others."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def open(self, form_id: str, edit: Edit, *, run_id: str, version: int, user_id: str) -> None:
        """Keep a form that opens."""
        await self._store.write(
            lambda db: db.execute(
                "insert into quote_forms values (?, ?, ?, ?, ?, '', ?)",
                [form_id, run_id, version, user_id, _write(edit), days_after(FORM_DAYS)],
            )
        )

    async def change(
        self, form_id: str, *, fill: Change, then: Change = lambda edit: edit, at_ts: str = ""
    ) -> FormRow | None:
        """Put what somebody typed into a form, *then* do what they pressed; None when it is gone.

        Args:
            at_ts: when they did; what is older than what is known is passed over, because deliveries may
                overtake each other. Empty for what is sent in: nothing is newer.
        """

        def work(db: Database) -> FormRow | None:
            row = db.execute(
                "select run_id, version, lines, seen_ts from quote_forms where form_id = ?", [form_id]
            ).fetchone()
            if row is None:
                return None
            run_id, version, lines, seen_ts = row
            edit = read_edit(json.loads(lines))
            edit = then(fill(edit) if not at_ts or at_ts >= seen_ts else edit)
            db.execute(
                "update quote_forms set lines = ?, seen_ts = ? where form_id = ?",
                [_write(edit), max(seen_ts, at_ts), form_id],
            )
            return FormRow(run_id, version, edit)

        return await self._store.write(work)


@dataclass(frozen=True)
class Approval:
    """A large discount that a second person is asked about.

    Attributes:
        asked: whom; None until they are known.
        second: who decided; empty while nobody has.
    """

    approval_id: int
    run_id: str
    version: int
    status: Status
    first: str
    asked: tuple[str, ...] | None
    second: str


class Approvals:
    """Second approvals, each decided once."""

    def __init__(self, store: Store, reviews: Reviews) -> None:
        self._store = store
        self._reviews = reviews

    async def claim(self, run_id: str, version: int, *, content_hash: str, first: str) -> Approval:
        """Return the approval of what a quote says: granted before, waiting, or asked for now."""

        def work(db: Database) -> Approval:
            where = "where run_id = ? and content_hash = ? and status in ('waiting', 'granted')"
            known = _approval(db, where, [run_id, content_hash])
            if known is not None:
                return known
            db.execute(
                """
                insert into quote_approvals (run_id, version, content_hash, first_user_id, asked_at, status)
                values (?, ?, ?, ?, ?, 'waiting')
                """,
                [run_id, version, content_hash, first, iso(now())],
            )
            made = _approval(db, where, [run_id, content_hash])
            assert made is not None
            return made

        return await self._store.write(work)

    async def get(self, approval_id: int) -> Approval | None:
        """Return an approval, or None."""
        return await self._store.read(lambda db: _approval(db, "where approval_id = ?", [approval_id]))

    async def newest(self, run_id: str) -> Approval | None:
        """Return the approval that a quote was last held for, or None."""
        return await self._store.read(lambda db: _approval(db, "where run_id = ?", [run_id]))

    async def asking(self, approval_id: int, user_ids: tuple[str, ...]) -> None:
        """Write down who is asked."""
        await self._store.write(
            lambda db: db.execute(
                "update quote_approvals set asked_user_ids = ? where approval_id = ?",
                [json.dumps(user_ids), approval_id],
            )
        )

    async def decide(self, approval_id: int, *, user_id: str, granted: bool) -> Verdict:
        """Write a second person's word into the books, once; a refused quote goes back to its first reviewer."""
        status = "granted" if granted else "refused"

        def work(db: Database) -> Verdict:
            found = _approval(db, "where approval_id = ?", [approval_id])
            if found is None:
                return "stale"
            if user_id == found.first or user_id not in (found.asked or ()):
                return "not-asked"
            if found.status != "waiting":
                return "already" if (found.status, found.second) == (status, user_id) else "stale"
            db.execute(
                """
                update quote_approvals set status = ?, second_user_id = ?, decided_at = ?
                where approval_id = ?
                """,
                [status, user_id, iso(now()), approval_id],
            )
            if not granted:
                self._reviews.give_back(db, found.run_id, found.version)
            return "done"

        return await self._store.write(work)

    async def unshown(self, before: datetime) -> list[tuple[str, int]]:
        """Return `(run_id, approval_id)` of what was decided before a moment and Slack does not show yet."""
        rows = await self._store.read(
            lambda db: db.execute(
                """
                select run_id, approval_id from quote_approvals
                where decided_at is not null and shown_at is null and decided_at <= ?
                """,
                [iso(before)],
            ).fetchall()
        )
        return [(row[0], row[1]) for row in rows]

    async def shown(self, approval_id: int) -> None:
        """Write down that Slack shows what became of an approval."""
        await self._store.write(
            lambda db: db.execute(
                "update quote_approvals set shown_at = ? where approval_id = ?", [iso(now()), approval_id]
            )
        )


def withdraw(db: Database, run_id: str, at: datetime) -> None:
    """End what is asked about a quote whose first approval was undone, within a write that is under way."""
    db.execute(
        """
        update quote_approvals set status = 'withdrawn', decided_at = ?
        where run_id = ? and status = 'waiting'
        """,
        [iso(at), run_id],
    )


def _approval(db: Database, where: str, values: list[Any]) -> Approval | None:
    row = db.execute(
        f"""
        select approval_id, run_id, version, status, first_user_id, asked_user_ids, second_user_id
        from quote_approvals {where} order by approval_id desc limit 1
        """,
        values,
    ).fetchone()
    if row is None:
        return None
    approval_id, run_id, version, status, first, asked, second = row
    named = None if asked is None else tuple(json.loads(asked))
    return Approval(approval_id, run_id, version, status, first, named, second or "")


def _write(edit: Edit) -> str:
    return json.dumps(write_edit(edit), ensure_ascii=False)
