"""Drafts, what people decided about them, and where in Slack they stand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlite_utils import Database

from bot.records.ledger import RETENTION_DAYS
from bot.records.moments import days_after, iso, now
from bot.records.store import Store
from bot.tasks import Draft
from bot.value import minutes_saved, review_minutes

Press = Literal["approved", "edited", "redone", "discarded", "shared", "undone"]
ACCEPTED = ("approved", "edited")


@dataclass(frozen=True)
class State:
    """Where a draft's review stands.

    Attributes:
        review: `open`, or the act of the last decision.
        version: the newest version that stands.
        writing: a newer version is being written.
        final_text: what the person accepted instead of the draft; empty while nothing was edited.
        shared: it stands in the conversation it came from.
    """

    review: str
    version: int
    writing: bool
    final_text: str
    shared: bool
    decided_by: str


@dataclass(frozen=True)
class Decision:
    """What became of a press: `done`, `already` (it counted before), or `stale` (the draft has moved on)."""

    result: Literal["done", "already", "stale"]
    review_id: int
    state: State | None


@dataclass(frozen=True)
class Post:
    """A message of ours: claimed before it is posted, found again after a crash."""

    channel_id: str
    ts: str
    first: bool
    claimed_at: datetime


class Drafts:
    """Drafts and their reviews."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, draft: Draft) -> None:
        """Keep a version of a draft and drop the partial answers that it was made of."""

        def work(db: Database) -> None:
            db.execute(
                """
                insert or ignore into drafts (run_id, version, text, model, sources, messages_read, notes,
                    created_at, delete_after) values (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    draft.run_id,
                    draft.version,
                    draft.text,
                    draft.model,
                    json.dumps(draft.sources),
                    draft.messages_read,
                    json.dumps(draft.notes, ensure_ascii=False),
                    iso(now()),
                    days_after(RETENTION_DAYS),
                ],
            )
            db.execute("delete from answers where run_id = ?", [draft.run_id])

        await self._store.write(work)

    async def get(self, run_id: str, version: int) -> Draft | None:
        """Return one version, or None."""
        rows = await self._store.read(
            lambda db: list(
                db.query("select * from drafts where run_id = ? and version = ?", [run_id, version])
            )
        )
        return _draft(rows[0]) if rows else None

    async def delivered(self, run_id: str, version: int) -> None:
        """Start the review's clock: the draft can be read from now on."""
        await self._store.write(
            lambda db: db.execute(
                """
                update drafts set delivered_at = ? where run_id = ? and version = ? and delivered_at is null
                """,
                [iso(now()), run_id, version],
            )
        )

    async def state(self, run_id: str) -> State | None:
        """Return where the review of a run stands, or None when nothing was drafted."""
        return await self._store.read(lambda db: _state(db, run_id))

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

    async def open_form(self, view_id: str, *, run_id: str, version: int, user_id: str) -> None:
        """Write down that somebody opened the edit form: reviewing time starts."""
        await self._store.write(
            lambda db: db.execute(
                "insert or ignore into forms values (?, ?, ?, ?, ?, null)",
                [view_id, run_id, version, user_id, iso(now())],
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
    ) -> Decision:
        """Write one press into the books, once.

        A press on a version that was replaced, or that contradicts the decision that stands, is `stale`;
        the same press again is `already`. Undo takes the last decision back, whatever it was.
        """
        at = now()

        def work(db: Database) -> Decision:
            state = _state(db, run_id)
            if state is None:
                return Decision("stale", 0, None)
            verdict = _judge(state, version=version, act=act)
            if verdict != "done":
                return Decision(verdict, 0, state)
            if act == "undone" and state.review == "redone":
                _restore(db, run_id, state.version)
            if view_id:
                db.execute("update forms set submitted_at = ? where view_id = ?", [iso(at), view_id])
            minutes = 0.0 if act == "undone" else _reading(db, run_id, version, at)
            cursor = db.execute(
                """
                insert into reviews (run_id, version, act, user_id, decided_at, review_minutes, instruction,
                    delete_after) values (?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    run_id,
                    version,
                    act,
                    user_id,
                    iso(at),
                    minutes,
                    instruction or None,
                    days_after(RETENTION_DAYS),
                ],
            )
            _book(db, run_id, state=state, act=act, version=version, final_text=final_text, at=at)
            return Decision("done", int(cursor.lastrowid or 0), _state(db, run_id))

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

    async def shown(self, review_id: int) -> None:
        """Write down that Slack shows a decision."""
        await self._store.write(
            lambda db: db.execute(
                "update reviews set shown_at = ? where review_id = ?", [iso(now()), review_id]
            )
        )

    async def take_back(self, run_id: str, version: int) -> None:
        """Give version *version* back to its reviewer: the redo, or the sharing, that was asked for failed."""

        def work(db: Database) -> None:
            db.execute(
                """
                insert into reviews (run_id, version, act, user_id, decided_at, review_minutes, shown_at,
                    delete_after) values (?, ?, 'undone', '', ?, 0, ?, ?)
                """,
                [run_id, version, iso(now()), iso(now()), days_after(RETENTION_DAYS)],
            )
            db.execute(
                "update runs set review = 'open', decided_at = null, minutes_saved = null where run_id = ?",
                [run_id],
            )

        await self._store.write(work)

    async def claim_post(self, post_id: str, *, run_id: str, channel_id: str) -> Post:
        """Claim a message before it is posted; `first` says that nobody tried before."""

        def work(db: Database) -> Post:
            before = db.conn.total_changes
            db.execute(
                "insert or ignore into posts values (?, ?, ?, null, ?)",
                [post_id, run_id, channel_id, iso(now())],
            )
            first = db.conn.total_changes > before
            row = db.execute("select channel_id, ts, created_at from posts where post_id = ?", [post_id])
            return _post(row.fetchone(), first=first)

        return await self._store.write(work)

    async def posted(self, post_id: str, *, ts: str) -> None:
        """Keep the `ts` under which a claimed message stands."""
        await self._store.write(
            lambda db: db.execute("update posts set ts = ? where post_id = ?", [ts, post_id])
        )

    async def post(self, post_id: str) -> Post | None:
        """Return a message that stands, or None."""
        row = await self._store.read(
            lambda db: db.execute(
                "select channel_id, ts, created_at from posts where post_id = ? and ts is not null", [post_id]
            ).fetchone()
        )
        return None if row is None else _post(row, first=False)

    async def forget_post(self, post_id: str) -> None:
        """Drop a message that was taken back, so that it may be posted anew."""
        await self._store.write(lambda db: db.execute("delete from posts where post_id = ?", [post_id]))

    async def delete_expired(self) -> None:
        """Delete texts whose date has passed; the ledger keeps its rows."""

        def work(db: Database) -> None:
            for table in ("requests", "answers", "drafts", "reviews"):
                db.execute(f"delete from {table} where delete_after < ?", [iso(now())])

        await self._store.write(work)


def _post(row: tuple[str, str | None, str], *, first: bool) -> Post:
    channel_id, ts, created_at = row
    return Post(channel_id, ts=ts or "", first=first, claimed_at=datetime.fromisoformat(created_at))


def _draft(row: dict[str, Any]) -> Draft:
    return Draft(
        run_id=row["run_id"],
        version=row["version"],
        text=row["text"],
        model=row["model"],
        sources=json.loads(row["sources"]),
        messages_read=row["messages_read"],
        notes=tuple(json.loads(row["notes"])),
    )


def _state(db: Database, run_id: str) -> State | None:
    row = db.execute(
        """
        select runs.review, drafts.version, drafts.final_text from runs join drafts using (run_id)
        where run_id = ? order by version desc limit 1
        """,
        [run_id],
    ).fetchone()
    if row is None:
        return None
    review, version, final_text = row
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
    )


def _judge(state: State, *, version: int, act: Press) -> Literal["done", "already", "stale"]:
    if act == "redone" and state.review == "redone" and state.version == version and state.writing:
        return "already"
    if version != state.version or state.writing:
        return "stale"
    undecided = state.review in ("open", "redone")
    if act == "undone":
        return "already" if state.review == "open" else "done"
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
            delivered_at, delete_after)
        select run_id, ?, text, model, sources, messages_read, notes, ?, ?, delete_after from drafts
        where run_id = ? and version = ?
        """,
        [version + 1, iso(now()), iso(now()), run_id, version - 1],
    )


def _reading(db: Database, run_id: str, version: int, at: datetime) -> float:
    """Return the minutes that this look took: from delivery, or the last press, to now; forms beside it."""
    start = db.execute(
        """
        select max(moment) from (
            select delivered_at as moment from drafts where run_id = ? and version = ?
            union all select decided_at from reviews where run_id = ?)
        """,
        [run_id, version, run_id],
    ).fetchone()[0]
    forms = db.execute(
        """
        select opened_at, coalesce(submitted_at, ?) from forms
        where run_id = ? and version = ? and (? is null or opened_at >= ?) order by opened_at
        """,
        [iso(at), run_id, version, start, start],
    ).fetchall()
    seen_until = datetime.fromisoformat(forms[0][0]) if forms else at
    minutes = review_minutes(datetime.fromisoformat(start), seen_until) if start else 0.0
    for opened, submitted in forms:
        minutes += review_minutes(datetime.fromisoformat(opened), datetime.fromisoformat(submitted))
    return round(minutes, 3)


def _book(
    db: Database, run_id: str, *, state: State, act: Press, version: int, final_text: str, at: datetime
) -> None:
    """Bring the ledger row in line with a decision."""
    review = {"undone": "open", "shared": "approved"}.get(act, act)
    if act == "shared" and state.review in ACCEPTED:
        review = state.review
    if act == "edited":
        db.execute(
            "update drafts set final_text = ? where run_id = ? and version = ?", [final_text, run_id, version]
        )
    elif act == "undone":
        db.execute("update drafts set final_text = null where run_id = ?", [run_id])
    baseline, asking, reviewing = db.execute(
        """
        select baseline_minutes, asking_minutes,
            (select sum(review_minutes) from reviews where reviews.run_id = runs.run_id)
        from runs where run_id = ?
        """,
        [run_id],
    ).fetchone()
    decided = review in (*ACCEPTED, "discarded")
    saved = minutes_saved(
        accepted=review in ACCEPTED, baseline=baseline, asking=asking, reviewing=reviewing or 0.0
    )
    db.execute(
        "update runs set review = ?, decided_at = ?, review_minutes = ?, minutes_saved = ? where run_id = ?",
        [review, iso(at) if decided else None, reviewing, saved if decided else None, run_id],
    )
