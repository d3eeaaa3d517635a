"""What people decided about drafts, once each, and what that means for the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from bot.records.bulk_events import write_anew
from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.retention import delete_date
from bot.records.revisions import Revision, withdraw
from bot.records.settlements import compare, settle
from bot.records.store import Store
from bot.records.workspaces import Workspaces
from bot.value import ACCEPTED, review_minutes

Press = Literal["approved", "edited", "redone", "revised", "discarded", "shared", "undone"]
"""`revised`: the person made the next version themselves, in the form of a quote's lines; it stays undecided."""


@dataclass(frozen=True)
class State:
    """Where a draft's review stands.

    Attributes:
        review: `open`, or the act of the last decision.
        version: the newest version that stands.
        writing: a newer version is being written.
        final_text: what the person accepted instead of the draft; empty while nothing was edited.
        shared: it stands in the conversation it came from.
        revised: the newest version is the reviewer's own and can be taken back.
        word, reason: what the reviewer said of reviewing and of the changes; empty while nothing.
    """

    review: str
    version: int
    writing: bool
    final_text: str
    shared: bool
    decided_by: str
    word: str = ""
    reason: str = ""
    revised: bool = False


@dataclass(frozen=True)
class Decision:
    """What became of a press: `done`, `already` (it counted before), or `stale` (the draft has moved on)."""

    result: Literal["done", "already", "stale"]
    review_id: int
    state: State | None


class Reviews:
    """Decisions, and the looks that led to them."""

    def __init__(self, store: Store, workspaces: Workspaces) -> None:
        self._store = store
        self._workspaces = workspaces

    async def state(self, run_id: str) -> State | None:
        """Return where the review of a run stands, or None when nothing was drafted."""
        return await self._store.look(lambda db: _state(db, run_id))

    async def instruction(self, run_id: str, version: int) -> str:
        """Return what was asked of *version* when the one before it was redone."""
        row = await self._store.read(
            lambda db: db.execute(
                """
                select instruction from reviews where run_id = ? and version = ? and act = 'redone'
                order by review_id desc limit 1
                """,
                [run_id, version - 1],
            ).fetchone()
        )
        return "" if row is None else str(row[0] or "")

    async def instructions(self, run_id: str, version: int) -> list[str]:
        """Return all that was asked of redos until *version* was to be written, the oldest first."""
        rows = await self._store.read(
            lambda db: db.execute(
                """
                select instruction from reviews where run_id = ? and version < ? and act = 'redone'
                    and instruction is not null order by review_id
                """,
                [run_id, version],
            ).fetchall()
        )
        return [row[0] for row in rows]

    async def open_form(self, view_id: str, *, run_id: str, version: int, user_id: str) -> None:
        """Write down that somebody opened the edit form: reviewing time starts."""
        await self._store.write(
            lambda db: db.execute(
                "insert into forms values (?, ?, ?, ?, ?, null) on conflict do nothing",
                [_form_key(run_id, view_id), run_id, version, user_id, iso(now())],
            )
        )

    async def decide(
        self,
        run_id: str,
        *,
        version: int,
        act: Press,
        user_id: str,
        final_text: str = "",
        instruction: str = "",
        view_id: str = "",
        message_id: str = "",
        revision: Revision | None = None,
        minutes_each: float | None = None,
    ) -> Decision:
        """Write one press, or one message that asks for the same, into the books, once.

        A press on a version that was replaced, or that contradicts the decision that stands, is `stale`;
        the same press again is `already`. Undo takes the last decision back, whatever it was.

        Args:
            revision: what was `revised`: the next version, made by the person.
            minutes_each: this draft's share of a look at several of a table; whoever shows the table shows
                the decision.
        """
        at, pressed = now(), act

        def work(db: Database) -> Decision:
            state = _state(db, run_id)
            if state is None:
                return Decision("stale", 0, None)
            # Who approves lines of their own accepts an edited draft, and not what the model made of it.
            act: Press = "edited" if pressed == "approved" and _by_hand(db, run_id, version) else pressed
            if message_id and db.execute("select 1 from forms where view_id = ?", [message_id]).fetchone():
                return Decision("already", 0, state)
            verdict = _judge(state, version=version, act=act)
            if verdict != "done":
                return Decision(verdict, 0, state)
            if message_id:
                form = [message_id, run_id, version, user_id, iso(at), iso(at)]
                db.execute("insert into forms values (?, ?, ?, ?, ?, ?)", form)
            if view_id:
                _submit(db, run_id, view_id, at)
            if act == "undone":
                _undo(db, run_id, state, at)
            minutes = minutes_each
            if minutes is None:
                minutes = 0.0 if act == "undone" else _reading(db, run_id, version, at)
            review_id = _write_down(
                db,
                [run_id, version, act, user_id, iso(at), minutes, instruction or None],
                shown_at=None if minutes_each is None else iso(at),
            )
            _keep_text(db, run_id, version, act=act, final_text=final_text)
            if revision is not None:
                revision.keep(db, at)
            if act == "redone":
                write_anew(db, run_id, version)
            review = _stands(state, act, by_hand=_by_hand(db, run_id, version))
            self._book(db, run_id, review=review, user_id=user_id, at=at)
            return Decision("done", review_id, _state(db, run_id))

        return await self._store.write(work)

    async def unshown(self, before: datetime) -> list[tuple[str, int, str]]:
        """Return decisions `(run_id, review_id, act)` from before a moment that Slack does not show yet."""
        rows = await self._store.read(
            lambda db: db.execute(
                "select run_id, review_id, act from reviews where shown_at is null and decided_at <= ?",
                [iso(before)],
            ).fetchall()
        )
        return [(row[0], row[1], row[2]) for row in rows]

    async def being_written(self, before: datetime) -> list[tuple[str, int, int]]:
        """Return the redos `(run_id, version, review_id)` from before a moment whose *version* is not there yet."""
        rows = await self._store.read(
            lambda db: db.execute(
                """
                select run_id, version + 1, review_id from reviews where act = 'redone' and decided_at <= ?
                    and review_id = (select max(review_id) from reviews as later
                        where later.run_id = reviews.run_id)
                    and version = (select max(version) from drafts where drafts.run_id = reviews.run_id)
                """,
                [iso(before)],
            ).fetchall()
        )
        return [(row[0], row[1], row[2]) for row in rows]

    async def shown(self, review_id: int) -> None:
        """Write down that Slack shows a decision."""
        await self._store.write(
            lambda db: db.execute(
                "update reviews set shown_at = ? where review_id = ?", [iso(now()), review_id]
            )
        )

    async def take_back(self, run_id: str, version: int) -> None:
        """Give version *version* back to its reviewer: the redo, or the sharing, that was asked for failed."""
        await self._store.write(lambda db: self.give_back(db, run_id, version))

    async def gave_back(self, run_id: str, review_id: int) -> bool:
        """Say whether what was decided failed, so that the draft was given back; whoever took it back is no answer."""
        row = await self._store.read(
            lambda db: db.execute(
                """
                select 1 from reviews where act = 'undone' and user_id = '' and review_id = (
                    select min(review_id) from reviews where run_id = ? and review_id > ?)
                """,
                [run_id, review_id],
            ).fetchone()
        )
        return row is not None

    def give_back(self, db: Database, run_id: str, version: int) -> None:
        """Give a version back within a write that is under way."""
        at = now()
        db.execute(
            """
            insert into reviews (run_id, version, act, user_id, decided_at, review_minutes, shown_at,
                delete_after) values (?, ?, 'undone', '', ?, 0, ?, ?)
            """,
            [run_id, version, iso(at), iso(at), delete_date(db, run_id=run_id)],
        )
        db.execute(
            "delete from screening_proposals where screening_id = ? and version > ?", [run_id, version]
        )
        self._book(db, run_id, review="open", user_id="", at=at)

    def _book(self, db: Database, run_id: str, *, review: str, user_id: str, at: datetime) -> None:
        """Bring the ledger row in line with a decision."""
        team_id = db.execute("select team_id from runs where run_id = ?", [run_id]).fetchone()[0]
        decided = review in (*ACCEPTED, "discarded")
        month = self._workspaces.month(db, team_id, at)
        values = (user_id, iso(at), iso(at), month) if decided else (None,) * 4
        db.execute(
            """
            update runs set review = ?, reviewer_id = ?, decided_at = ?, settled_at = ?, settled_month = ?
            where run_id = ?
            """,
            [review, *values, run_id],
        )
        if not decided:
            # What was said of a decision goes with it.
            db.execute(
                """
                update runs set review_word = null, review_typed_minutes = null, rework_minutes = null,
                    rework_asked_at = null, correction_reason = null where run_id = ?
                """,
                [run_id],
            )
        compare(db, run_id)
        settle(db, run_id)


def _undo(db: Database, run_id: str, state: State, at: datetime) -> None:
    """Take back what came of the last decision: another version, or a question to a second person."""
    if state.review == "redone" or state.revised:
        _restore(db, run_id, state.version)
    withdraw(db, run_id, at)


def _stands(state: State, act: Press, *, by_hand: bool) -> str:
    """Return where the review of a draft stands after *act*; sharing accepts what nobody had accepted."""
    if act in ("undone", "revised"):
        return "open"
    if act != "shared":
        return act
    if state.review in ACCEPTED:
        return state.review
    return "edited" if by_hand else "approved"


def _write_down(db: Database, decision: list[Any], *, shown_at: str | None) -> int:
    """Write a decision into the books, its values in the order of their columns, and return its id."""
    cursor = db.execute(
        """
        insert into reviews (run_id, version, act, user_id, decided_at, review_minutes, instruction,
            shown_at, delete_after) values (?, ?, ?, ?, ?, ?, ?, ?, ?) returning review_id
        """,
        [*decision, shown_at, delete_date(db, run_id=decision[0])],
    )
    return int(cursor.fetchone()[0])


def _state(db: Database, run_id: str) -> State | None:
    row = db.execute(
        """
        select review, version, final_text, review_word, correction_reason from runs join drafts using (run_id)
        where run_id = ? order by version desc limit 1
        """,
        [run_id],
    ).fetchone()
    if row is None:
        return None
    review, version, final_text, word, reason = row
    last = db.execute(
        "select version, act, user_id from reviews where run_id = ? order by review_id desc limit 1", [run_id]
    ).fetchone()
    redone_version = last[0] if last is not None and last[1] == "redone" else 0
    return State(
        review=review,
        version=version,
        writing=redone_version == version,
        final_text=final_text or "",
        shared=last is not None and last[1] == "shared",
        decided_by=last[2] if last is not None and last[1] != "undone" else "",
        word=word or "",
        reason=reason or "",
        revised=last is not None and last[1] == "revised",
    )


def _judge(state: State, *, version: int, act: Press) -> Literal["done", "already", "stale"]:
    if act == "redone" and state.review == "redone" and state.version == version and state.writing:
        return "already"
    if version != state.version or state.writing:
        return "stale"
    undecided = state.review in ("open", "redone")
    if act == "undone":
        return "already" if state.review == "open" and not state.revised else "done"
    if act == "shared":
        if state.shared:
            return "already"
        return "done" if undecided or state.review in ACCEPTED else "stale"
    if undecided:
        return "done"
    return "already" if state.review == act else "stale"


def _restore(db: Database, run_id: str, version: int) -> None:
    """Make the version before *version* the newest one again: undoing a redo loses neither text."""
    db.execute(
        """
        insert into drafts (run_id, version, text, model, sources, messages_read, notes, created_at,
            delivered_at, delete_after, by_hand)
        select run_id, ?, text, model, sources, messages_read, notes, ?, ?, delete_after, by_hand from drafts
        where run_id = ? and version = ?
        """,
        [version + 1, iso(now()), iso(now()), run_id, version - 1],
    )
    db.execute(
        """
        insert into quotes (run_id, version, document, created_at, delete_after, basis)
        select run_id, ?, document, created_at, delete_after, basis from quotes
        where run_id = ? and version = ?
        """,
        [version + 1, run_id, version - 1],
    )
    db.execute(
        """
        insert into screening_proposals (screening_id, version, title, criteria, criteria_version, proposed_at)
        select screening_id, ?, title, criteria, criteria_version, proposed_at from screening_proposals
        where screening_id = ? and version = ?
        """,
        [version + 1, run_id, version - 1],
    )


def _form_key(run_id: str, view_id: str) -> str:
    """Return a form's key: views of two teams may have the same id, and a run's begins with its team."""
    return f"{run_id.partition(':')[0]}:{view_id}"


def _submit(db: Database, run_id: str, view_id: str, at: datetime) -> None:
    """Write down when a form was sent in: what was read in it ends there."""
    db.execute("update forms set submitted_at = ? where view_id = ?", [iso(at), _form_key(run_id, view_id)])


def _by_hand(db: Database, run_id: str, version: int) -> bool:
    """Say whether a person made a version, in the form of a quote's lines."""
    row = db.execute(
        "select by_hand from drafts where run_id = ? and version = ?", [run_id, version]
    ).fetchone()
    return row is not None and bool(row[0])


def _reading(db: Database, run_id: str, version: int, at: datetime) -> float:
    """Return the minutes that this look took: from delivery, or the last press, to now; forms beside it."""
    start = db.execute(
        """
        select max(moment) from (
            select delivered_at as moment from drafts where run_id = ? and version = ?
            union all select decided_at from reviews where run_id = ?) as moments
        """,
        [run_id, version, run_id],
    ).fetchone()[0]
    forms = db.execute(
        """
        select opened_at, coalesce(submitted_at, ?) from forms
        where run_id = ? and version = ? and opened_at >= coalesce(?, opened_at) order by opened_at
        """,
        [iso(at), run_id, version, start],
    ).fetchall()
    seen_until = datetime.fromisoformat(forms[0][0]) if forms else at
    minutes = review_minutes(datetime.fromisoformat(start), seen_until) if start else 0.0
    for opened, submitted in forms:
        minutes += review_minutes(datetime.fromisoformat(opened), datetime.fromisoformat(submitted))
    return round(minutes, 3)


def _keep_text(db: Database, run_id: str, version: int, *, act: Press, final_text: str) -> None:
    if act == "edited" and final_text:
        db.execute(
            "update drafts set final_text = ? where run_id = ? and version = ?", [final_text, run_id, version]
        )
    elif act == "undone":
        db.execute("update drafts set final_text = null where run_id = ?", [run_id])
