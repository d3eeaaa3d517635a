"""What a reviewed draft comes to in the ledger: minutes, corrections, and what people tell afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.store import Store
from bot.records.workspaces import Workspaces
from bot.value import (
    ACCEPTED,
    ASKING_MINUTES_ASSUMED,
    REVIEW_WORD_MINUTES,
    UNREVIEWED_DAYS,
    ReviewWord,
    compare_texts,
    minutes_saved,
)


class Settlements:
    """What people tell about a draft after they decided on it, and what nobody decided on."""

    def __init__(self, store: Store, workspaces: Workspaces) -> None:
        self._store = store
        self._workspaces = workspaces

    async def tell_word(self, run_id: str, word: ReviewWord, *, typed_minutes: float | None = None) -> bool:
        """Keep what the reviewer says that reviewing took; False when the run is not decided on.

        `40-plus` has no upper end: *typed_minutes* is the number that may follow it.
        """

        def work(db: Database) -> bool:
            decided = db.execute(
                "select 1 from runs where run_id = ? and decided_at is not null", [run_id]
            ).fetchone()
            if decided:
                db.execute(
                    "update runs set review_word = ?, review_typed_minutes = ? where run_id = ?",
                    [word, typed_minutes, run_id],
                )
                settle(db, run_id)
            return decided is not None

        return await self._store.write(work)

    async def tell_reason(self, run_id: str, reason: str) -> None:
        """Keep why a draft had to be changed or thrown away."""
        await self._store.write(
            lambda db: db.execute("update runs set correction_reason = ? where run_id = ?", [reason, run_id])
        )

    async def tell_rework(self, run_id: str, minutes: float) -> bool:
        """Keep how much work an accepted text gave later; False when it is not accepted any more."""

        def work(db: Database) -> bool:
            cursor = db.execute(
                """
                update runs set rework_minutes = ? where run_id = ? and review in ('approved', 'edited')
                """,
                [minutes, run_id],
            )
            if cursor.rowcount:
                settle(db, run_id)
            return bool(cursor.rowcount)

        return await self._store.write(work)

    async def tell_by_hand(self, run_id: str, minutes: float) -> bool:
        """Keep how long a run of the control sample took by hand; False when it is none."""
        at = now()

        def work(db: Database) -> bool:
            row = db.execute(
                """
                select team_id from runs where run_id = ? and outcome = 'by_hand'
                    and not exists (select 1 from requests where run_id = ?)
                """,
                # Whose draft was written anyway did not do it by hand: see the button "Draft it anyway".
                [run_id, f"{run_id}^"],
            ).fetchone()
            if row is None:
                return False
            month = self._workspaces.month(db, row[0], at)
            db.execute(
                """
                update runs set by_hand_minutes = ?, settled_at = ?, settled_month = ? where run_id = ?
                """,
                [minutes, iso(at), month, run_id],
            )
            return True

        return await self._store.write(work)

    async def undecided(self) -> list[str]:
        """Return the drafts with a card of their own that wait for a decision."""
        rows = await self._store.read(
            lambda db: db.execute(
                """
                select run_id from runs indexed by runs_waiting join requests using (run_id)
                where settled_at is null and delivered_at is not null and runs.surface <> 'table'
                """
            ).fetchall()
        )
        return [row[0] for row in rows]

    async def settle_unreviewed(self, moment: datetime) -> None:
        """Count drafts that nobody decided on for a week as not used."""
        week = timedelta(days=UNREVIEWED_DAYS)

        def work(db: Database) -> None:
            rows = db.execute(
                """
                select run_id, team_id, delivered_at from runs
                where settled_at is null and delivered_at < ? and review in ('open', 'redone')
                """,
                [iso(moment - week)],
            ).fetchall()
            for run_id, team_id, delivered_at in rows:
                # Not *moment*: a bot that was off settles late, and each draft still belongs to its own week.
                at = datetime.fromisoformat(delivered_at) + week
                month = self._workspaces.month(db, team_id, at)
                db.execute(
                    "update runs set settled_at = ?, settled_month = ? where run_id = ?",
                    [iso(at), month, run_id],
                )
                settle(db, run_id)

        await self._store.write(work)


def compare(db: Database, run_id: str) -> None:
    """Keep how much of the model's newest version the person had to change, in whatever form they did."""
    row = db.execute(
        """
        select review, coalesce(final_text, text), (
            select text from drafts where run_id = runs.run_id and by_hand = 0 order by version desc limit 1)
        from runs join drafts using (run_id) where run_id = ? order by version desc limit 1
        """,
        [run_id],
    ).fetchone()
    if row is None:  # its text is past its date; what was found when it was decided on stays
        return
    review, accepted, drafted = row
    values: list[object] = [None] * 5
    if review in (*ACCEPTED, "discarded"):
        found = compare_texts(drafted or accepted, None if review == "discarded" else accepted)
        values = [found.kind, found.distance, found.number_changed, found.date_changed, found.name_changed]
    db.execute(
        """
        update runs set correction = ?, edit_distance = ?, numbers_changed = ?, dates_changed = ?,
            names_changed = ? where run_id = ?
        """,
        [*values, run_id],
    )


def settle(db: Database, run_id: str) -> None:
    """Work the minutes of one row out anew; they are unknown until it is settled."""
    review, settled_at, baseline, asking, word, typed, rework, clock = db.execute(
        """
        select review, settled_at, baseline_minutes, asking_minutes, review_word, review_typed_minutes,
            rework_minutes,
            (select sum(review_minutes) from reviews where reviews.run_id = runs.run_id)
        from runs where run_id = ?
        """,
        [run_id],
    ).fetchone()
    said = typed if typed is not None else REVIEW_WORD_MINUTES.get(word)
    reviewing = clock if said is None else said
    saved = None
    if settled_at is not None:
        saved = minutes_saved(
            accepted=review in ACCEPTED,
            baseline=baseline,
            asking=asking if asking is not None else ASKING_MINUTES_ASSUMED,
            reviewing=reviewing or 0.0,
            rework=rework,
        )
    db.execute(
        "update runs set review_clock_minutes = ?, review_minutes = ?, minutes_saved = ? where run_id = ?",
        [clock, reviewing, saved, run_id],
    )
