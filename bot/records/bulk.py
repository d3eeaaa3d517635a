"""Sets of texts from tables: where each stands, and what was pressed on it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from bot.bulk import Mapping, Table
from bot.records.bulk_events import change_rows
from bot.records.bulk_items import choose_samples
from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.retention import delete_date
from bot.records.store import Store
from bot.tasks import Language, Run
from bot.value import ASKING_MINUTES_ASSUMED, IDLE_CAP_MINUTES

Stage = Literal[
    "reading", "mapping", "sampling", "samples", "priced", "running", "paused", "done", "cancelled", "refused"
]
"""`reading` the file, `mapping` waits for the form, `sampling` writes the first three, `samples` waits for their
approval, `priced` for the price's; `refused` was told why."""

AT_WORK: tuple[Stage, ...] = ("reading", "sampling", "running")
ENDED: tuple[Stage, ...] = ("done", "cancelled", "paused")
"""What was written by then can be reviewed."""

Press = Literal["map", "style", "start", "pause", "resume", "cancel", "retry"]

PRESSES: dict[Press, tuple[tuple[Stage, ...], Stage]] = {
    "map": (("mapping", "samples", "priced"), "sampling"),
    "style": (("samples",), "priced"),
    "start": (("priced",), "running"),
    "pause": (("running",), "paused"),
    "resume": (("paused",), "running"),
    "cancel": (("mapping", "sampling", "samples", "priced", "running", "paused"), "cancelled"),
    "retry": (("done", "cancelled"), "running"),
}
"""What a press needs, and what it makes of it."""


_SET = (
    "set_id, team_id, user_id, task, language, channel_id, file_id, words, file_name, headers, mapping, stage, turn,"
    " trouble, trouble_params, asking_minutes, files, uses_batches, looked_at,"
    " last_decided, received_at, confirmed_at, ended_at"
)


@dataclass(frozen=True)
class BulkSet:
    """A table that somebody sent to have a text written for each row; the columns are those of `bulk_sets`."""

    set_id: str
    team_id: str
    user_id: str
    task: str
    language: Language
    channel_id: str
    file_id: str
    words: str = ""
    file_name: str = ""
    headers: tuple[str, ...] = ()
    mapping: Mapping | None = None
    stage: Stage = "reading"
    turn: int = 1
    trouble: str = ""
    trouble_params: str = "{}"
    asking_minutes: float = 0.0
    files: int = 0
    uses_batches: bool = True
    looked_at: str | None = None
    last_decided: tuple[int, ...] = ()
    received_at: str = ""
    confirmed_at: str | None = None
    ended_at: str | None = None


def set_of(run: Run) -> BulkSet:
    """Return the set that a request for a text per row of its file is; it keeps the request's id."""
    return BulkSet(
        set_id=run.run_id,
        team_id=run.team_id,
        user_id=run.user_id,
        task=run.task,
        language=run.language,
        channel_id=run.channel_id,
        file_id=run.files[0],
        words=run.words,
        trouble="bulk.one-file" if len(run.files) > 1 else "",
        trouble_params=json.dumps({"count": len(run.files)}),
        asking_minutes=ASKING_MINUTES_ASSUMED if run.asking_minutes is None else run.asking_minutes,
    )


class Bulk:
    """Sets."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, one: BulkSet) -> bool:
        """Commit a set before its delivery is acked; False when the same delivery was committed before.

        A run of the same id, whose asker had to choose first, is none any more: each of the set's texts will be one.
        """

        def work(db: Database) -> bool:
            cursor = db.execute(
                """
                insert into bulk_sets (set_id, team_id, user_id, task, language, channel_id, file_id,
                    words, stage, trouble, trouble_params, asking_minutes, received_at, delete_after)
                values (?, ?, ?, ?, ?, ?, ?, ?, 'reading', ?, ?, ?, ?, ?) on conflict do nothing
                """,
                [
                    one.set_id,
                    one.team_id,
                    one.user_id,
                    one.task,
                    one.language,
                    one.channel_id,
                    one.file_id,
                    one.words,
                    one.trouble,
                    one.trouble_params,
                    one.asking_minutes,
                    iso(now()),
                    delete_date(db, team_id=one.team_id),
                ],
            )
            first = cursor.rowcount > 0
            # What asking the model about it cost stays in `calls`; choosing in a form is asking, too.
            db.execute(
                """
                update bulk_sets set asking_minutes = runs.asking_minutes from runs
                where set_id = ? and run_id = set_id and runs.asking_minutes > bulk_sets.asking_minutes
                """,
                [one.set_id],
            )
            db.execute("delete from answers where run_id = ?", [one.set_id])
            db.execute("delete from runs where run_id = ?", [one.set_id])
            return first

        return await self._store.write(work)

    async def get(self, set_id: str) -> BulkSet | None:
        """Return a set, or None when there is none, or no more."""
        return await self._store.read(lambda db: _get(db, set_id))

    async def press(
        self, set_id: str, act: Press, *, mapping: Mapping | None = None, asking_minutes: float = 0.0
    ) -> BulkSet | None:
        """Write a press into the books; None when the set is not where the press needs it to be.

        What failed is tried again once the batch that was stopped is taken: what else it was to bring is not wanted.

        Args:
            mapping: of `map`: which column is what.
            asking_minutes: what it took a person to ask: it is spread over all rows.
        """
        needs, becomes = PRESSES[act]

        def work(db: Database) -> BulkSet | None:
            marks = ", ".join("?" * len(needs))
            # Who reads the samples is still asking; reviewing begins with the whole.
            reading = _since_look(db, set_id, IDLE_CAP_MINUTES) if act == "style" else 0.0
            cursor = db.execute(
                f"""
                update bulk_sets set stage = ?, turn = turn + 1, trouble = '', trouble_params = '{{}}',
                    asking_minutes = asking_minutes + ?, mapping = coalesce(?, mapping),
                    confirmed_at = case when ? = 'start' then ? else confirmed_at end,
                    ended_at = case when ? = 'cancelled' then ? else null end
                where set_id = ? and stage in ({marks}) and (? <> 'retry' or not exists (
                    select 1 from bulk_batches where bulk_batches.set_id = bulk_sets.set_id
                        and bulk_batches.ended_at is null))
                """,
                [
                    becomes,
                    asking_minutes + reading,
                    mapping.write() if mapping else None,
                    act,
                    iso(now()),
                    becomes,
                    iso(now()),
                    set_id,
                    *needs,
                    act,
                ],
            )
            if not cursor.rowcount:
                return None
            _open_rows(db, set_id, act, mapping)
            return _get(db, set_id)

        return await self._store.write(work)

    async def next_turn(self, set_id: str, turn: int) -> int:
        """Let the next workflow of a set be turn *turn* + 1, unless a press came between; return its number."""

        def work(db: Database) -> int:
            db.execute("update bulk_sets set turn = turn + 1 where set_id = ? and turn = ?", [set_id, turn])
            row = db.execute("select turn from bulk_sets where set_id = ?", [set_id]).fetchone()
            return int(row[0]) if row else turn

        return await self._store.write(work)

    async def stir(self, set_id: str) -> None:
        """Have a set shown anew: something was decided about its texts."""
        await self._store.write(
            lambda db: db.execute("update bulk_sets set turn = turn + 1 where set_id = ?", [set_id])
        )

    async def at_work(self, team_id: str, user_id: str) -> list[str]:
        """Return the sets of a person that work is done on."""
        marks = ", ".join("?" * len(AT_WORK))
        rows = await self._store.read(
            lambda db: db.execute(
                f"select set_id from bulk_sets where team_id = ? and user_id = ? and stage in ({marks})",
                [team_id, user_id, *AT_WORK],
            ).fetchall()
        )
        return [row[0] for row in rows]

    async def shown(self, set_id: str, turn: int) -> None:
        """Write down that Slack shows a set as it was at *turn*."""
        await self._store.write(
            lambda db: db.execute(
                """
                update bulk_sets set shown_turn = case when shown_turn > ? then shown_turn else ? end
                where set_id = ?
                """,
                [turn, turn, set_id],
            )
        )

    async def unattended(self, before: datetime) -> list[tuple[str, int]]:
        """Return sets, each with its turn, that are at work or not shown yet; received before a moment."""
        marks = ", ".join("?" * len(AT_WORK))
        rows = await self._store.read(
            lambda db: db.execute(
                f"""
                select set_id, turn from bulk_sets
                where received_at <= ? and (shown_turn < turn or stage in ({marks}) or exists (
                    select 1 from bulk_batches where bulk_batches.set_id = bulk_sets.set_id
                        and bulk_batches.ended_at is null))
                """,
                [iso(before), *AT_WORK],
            ).fetchall()
        )
        return [(row[0], row[1]) for row in rows]

    async def move(self, set_id: str, stage: Stage, *, of: Stage, trouble: str = "", **params: Any) -> bool:
        """Move a set from stage *of* to *stage*, unless a press moved it meanwhile."""

        def work(db: Database) -> bool:
            cursor = db.execute(
                """
                update bulk_sets set stage = ?, trouble = ?, trouble_params = ?,
                    ended_at = case when ? in ('done', 'refused') then ? else ended_at end
                where set_id = ? and stage = ?
                """,
                [stage, trouble, json.dumps(params), stage, iso(now()), set_id, of],
            )
            return bool(cursor.rowcount)

        return await self._store.write(work)

    async def no_batches(self, set_id: str) -> None:
        """Write down that the server takes no batches: the rows are asked about one by one."""
        await self._store.write(
            lambda db: db.execute("update bulk_sets set uses_batches = 0 where set_id = ?", [set_id])
        )

    async def fill(self, set_id: str, table: Table, *, file_name: str) -> None:
        """Keep the rows of a file; its form is asked for next. Done twice it changes nothing."""

        def work(db: Database) -> None:
            db.execute(
                """
                update bulk_sets set headers = ?, file_name = ?, stage = 'mapping'
                where set_id = ? and stage = 'reading'
                """,
                [json.dumps(table.headers, ensure_ascii=False), file_name, set_id],
            )
            for number, cells in table.rows:
                db.execute(
                    "insert into bulk_items (set_id, row_number, cells) values (?, ?, ?) on conflict do nothing",
                    [set_id, number, json.dumps(cells, ensure_ascii=False)],
                )

        await self._store.write(work)

    async def look(self, set_id: str, numbers: Sequence[int]) -> float:
        """Return the minutes since somebody last looked at the set's card; they decide on *numbers* now."""

        def work(db: Database) -> float:
            minutes = _since_look(db, set_id, IDLE_CAP_MINUTES)
            db.execute(
                "update bulk_sets set looked_at = ?, last_decided = ?, turn = turn + 1 where set_id = ?",
                [iso(now()), json.dumps(list(numbers)), set_id],
            )
            return minutes

        return await self._store.write(work)

    async def begin_return(self, upload_id: str, set_id: str, *, taken: int, most_minutes: float) -> float:
        """Return the minutes that a sheet which came back stands for, the same however often it is asked."""

        def work(db: Database) -> float:
            db.execute(
                "insert into bulk_returns values (?, ?, ?, ?, ?) on conflict do nothing",
                [upload_id, set_id, taken, _since_look(db, set_id, most_minutes), iso(now())],
            )
            db.execute("update bulk_sets set looked_at = ? where set_id = ?", [iso(now()), set_id])
            row = db.execute("select minutes from bulk_returns where upload_id = ?", [upload_id]).fetchone()
            return float(row[0])

        return await self._store.write(work)

    async def returned(self, upload_id: str) -> dict[tuple[int, int], str]:
        """Return what the verdicts of a sheet were taken as before, by row and version; nothing the first time."""
        rows = await self._store.read(
            lambda db: db.execute(
                """
                select row_number, reviews.version, act from bulk_returns
                join bulk_sets using (set_id) join bulk_items using (set_id)
                join reviews on run_id = set_id || ':' || row_number
                where upload_id = ? and reviews.user_id = bulk_sets.user_id and decided_at >= returned_at
                """,
                [upload_id],
            ).fetchall()
        )
        return {(row[0], row[1]): row[2] for row in rows}

    async def begin_look(self, set_id: str) -> None:
        """Start the review's clock where it does not run: there is something to look at."""
        await self._store.write(
            lambda db: db.execute(
                "update bulk_sets set looked_at = ? where set_id = ? and looked_at is null",
                [iso(now()), set_id],
            )
        )

    async def next_file(self, set_id: str) -> int:
        """Return the number of the next file that is brought of a set."""

        def work(db: Database) -> int:
            db.execute("update bulk_sets set files = files + 1 where set_id = ?", [set_id])
            return int(db.execute("select files from bulk_sets where set_id = ?", [set_id]).fetchone()[0])

        return await self._store.write(work)

    async def by_mark(self, team_id: str, user_id: str, mark: str) -> BulkSet | None:
        """Return the set of a person whose files carry *mark*, or None."""
        rows = await self._store.read(
            lambda db: list(
                db.query(
                    f"select {_SET} from bulk_sets where team_id = ? and user_id = ? order by received_at desc",
                    [team_id, user_id],
                )
            )
        )
        return next((one for one in map(_set, rows) if file_mark(one.set_id) == mark), None)


def file_mark(set_id: str) -> str:
    """Return what the names of a set's files carry, so that one that comes back is known."""
    return f"{uuid.uuid5(uuid.NAMESPACE_OID, set_id).hex[:8]}"


def _open_rows(db: Database, set_id: str, act: Press, mapping: Mapping | None) -> None:
    """Open the rows that a press wants written."""
    if act in ("style", "map"):
        db.execute("update bulk_sets set looked_at = null where set_id = ?", [set_id])
    if act == "map" and mapping is not None:
        choose_samples(db, set_id, mapping)
    elif act == "start":
        change_rows(db, "started", set_id)
    elif act == "retry":
        change_rows(db, "parked", set_id)
        change_rows(db, "retried", set_id)


def _since_look(db: Database, set_id: str, most_minutes: float) -> float:
    row = db.execute("select looked_at from bulk_sets where set_id = ?", [set_id]).fetchone()
    if row is None or row[0] is None:
        return 0.0
    minutes = (now() - datetime.fromisoformat(row[0])).total_seconds() / 60
    return min(max(0.0, minutes), most_minutes)


def _get(db: Database, set_id: str) -> BulkSet | None:
    rows = list(db.query(f"select {_SET} from bulk_sets where set_id = ?", [set_id]))
    return _set(rows[0]) if rows else None


def _set(row: dict[str, Any]) -> BulkSet:
    return BulkSet(
        **{
            **row,
            "headers": tuple(json.loads(row["headers"])),
            "mapping": Mapping.read(row["mapping"]),
            "last_decided": tuple(json.loads(row["last_decided"])),
            "uses_batches": bool(row["uses_batches"]),
        }
    )
