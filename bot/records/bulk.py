"""Sets of texts from tables: where each stands, its rows, and the batches that were sent for them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlite_utils import Database

from bot.bulk import Fault, Mapping, Table, hash_row
from bot.records.moments import iso, now
from bot.records.retention import delete_date
from bot.records.settlements import settle
from bot.records.store import Store
from bot.tasks import Language
from bot.value import IDLE_CAP_MINUTES

Stage = Literal[
    "reading", "mapping", "sampling", "samples", "priced", "running", "paused", "done", "cancelled", "refused"
]
"""`reading` the file, `mapping` waits for the form, `sampling` writes the first three, `samples` waits for their
approval, `priced` for the price's; `refused` was told why."""

AT_WORK: tuple[Stage, ...] = ("reading", "sampling", "running")
ENDED: tuple[Stage, ...] = ("done", "cancelled", "paused")
"""What was written by then can be reviewed."""

SAMPLES = 3

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

ItemState = Literal["waiting", "open", "asked", "written", "failed"]
"""`waiting` for the start, `open` to be asked, `asked` in a batch, `written`: its draft stands."""

_SET = (
    "set_id, team_id, user_id, task, language, channel_id, file_id, words, file_name, headers, mapping, stage, turn,"
    " shown_turn, trouble, trouble_params, asking_minutes, files, uses_batches, looked_at,"
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
    shown_turn: int = 0
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


@dataclass(frozen=True)
class Item:
    """One row of a set.

    Attributes:
        attempt: 2 when code found something wrong with the first text and it was asked for again.
        tries: how often asking for it failed.
        review: where its draft's review stands.
        text: its newest text, as a person left it; empty while there is none.
    """

    set_id: str
    number: int
    cells: tuple[str, ...]
    row_hash: str
    state: ItemState
    version: int
    attempt: int
    is_sample: bool
    faults: tuple[Fault, ...]
    trouble: str
    tries: int
    claim_id: str | None
    review: str = "open"
    text: str = ""

    @property
    def run_id(self) -> str:
        """The run that this text is in the ledger."""
        return f"{self.set_id}:{self.number}"


@dataclass(frozen=True)
class Claim:
    """Requests that are sent as one batch; `batch_id` is the server's, empty until it told."""

    claim_id: str
    set_id: str
    requests: int
    batch_id: str
    claimed_at: datetime


@dataclass(frozen=True)
class Counts:
    """How far a set is; `flagged` texts are written and have a fault that code found twice."""

    rows: int
    written: int
    failed: int
    left: int
    flagged: int
    accepted: int
    skipped: int

    @property
    def undecided(self) -> int:
        """Texts that nobody decided on yet."""
        return self.written - self.accepted - self.skipped


class Bulk:
    """Sets and their rows."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, one: BulkSet) -> bool:
        """Commit a set before its delivery is acked; False when the same delivery was committed before."""

        def work(db: Database) -> bool:
            before = db.conn.total_changes
            db.execute(
                """
                insert or ignore into bulk_sets (set_id, team_id, user_id, task, language, channel_id, file_id,
                    words, stage, asking_minutes, received_at, delete_after)
                values (?, ?, ?, ?, ?, ?, ?, ?, 'reading', ?, ?, ?)
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
                    one.asking_minutes,
                    iso(now()),
                    delete_date(db, team_id=one.team_id),
                ],
            )
            return db.conn.total_changes > before

        return await self._store.write(work)

    async def get(self, set_id: str) -> BulkSet | None:
        """Return a set, or None when there is none, or no more."""
        return await self._store.read(lambda db: _get(db, set_id))

    async def press(
        self, set_id: str, act: Press, *, mapping: Mapping | None = None, asking_minutes: float = 0.0
    ) -> BulkSet | None:
        """Write a press into the books; None when the set is not where the press needs it to be.

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
                where set_id = ? and stage in ({marks})
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
                ],
            )
            if not cursor.rowcount:
                return None
            if act in ("style", "map"):
                db.execute("update bulk_sets set looked_at = null where set_id = ?", [set_id])
            if act == "map" and mapping is not None:
                _choose_samples(db, set_id, mapping)
            elif act == "start":
                db.execute(
                    "update bulk_items set state = 'open' where set_id = ? and state = 'waiting'", [set_id]
                )
            elif act == "retry":
                db.execute(
                    """
                    update bulk_items set state = 'open', tries = 0, trouble = ''
                    where set_id = ? and state = 'failed'
                    """,
                    [set_id],
                )
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
                "update bulk_sets set shown_turn = max(shown_turn, ?) where set_id = ?", [turn, set_id]
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
                    "insert or ignore into bulk_items (set_id, row_number, cells) values (?, ?, ?)",
                    [set_id, number, json.dumps(cells, ensure_ascii=False)],
                )

        await self._store.write(work)

    async def items(
        self, set_id: str, *, states: Collection[str] = (), numbers: Collection[int] = ()
    ) -> list[Item]:
        """Return rows of a set in their order: all, those in *states*, or those with *numbers*."""
        return await self._store.read(lambda db: _items(db, set_id, states=states, numbers=numbers))

    async def undecided(self, set_id: str, most: int) -> list[Item]:
        """Return the first texts that nobody decided on, and that are not being written anew."""
        return await self._store.read(
            lambda db: _items(
                db,
                set_id,
                states=("written",),
                also="coalesce(runs.review, 'open') in ('open', 'redone')",
                most=most,
            )
        )

    async def counts(self, set_id: str) -> Counts:
        """Count how far a set is."""
        row = await self._store.read(
            lambda db: db.execute(
                """
                select count(*), coalesce(sum(state = 'written'), 0), coalesce(sum(state = 'failed'), 0),
                    coalesce(sum(state in ('waiting', 'open', 'asked')), 0),
                    coalesce(sum(state = 'written' and faults <> '[]'), 0),
                    coalesce(sum(state = 'written' and review in ('approved', 'edited')), 0),
                    coalesce(sum(state = 'written' and review = 'discarded'), 0)
                from bulk_items left join runs on runs.run_id = bulk_items.set_id || ':' || row_number
                where set_id = ?
                """,
                [set_id],
            ).fetchone()
        )
        return Counts(*row)

    async def troubles(self, set_id: str) -> list[tuple[int, str]]:
        """Return the rows that have no text, and why."""
        return await self._store.read(
            lambda db: [
                (row[0], row[1])
                for row in db.execute(
                    "select row_number, trouble from bulk_items where set_id = ? and state = 'failed' order by 1",
                    [set_id],
                ).fetchall()
            ]
        )

    async def wrote(self, item: Item, *, version: int, faults: Iterable[Fault]) -> None:
        """Keep that a row has its text; a row that has a newer one stays as it is."""
        found = json.dumps([[one.kind, one.what] for one in faults], ensure_ascii=False)
        await self._store.write(
            lambda db: db.execute(
                """
                update bulk_items set state = 'written', faults = ?, trouble = '', claim_id = null
                where set_id = ? and row_number = ? and version = ?
                """,
                [found, item.set_id, item.number, version],
            )
        )

    async def found(self, item: Item, faults: Iterable[Fault]) -> None:
        """Keep what is wrong with a text that stands."""
        found = json.dumps([[one.kind, one.what] for one in faults], ensure_ascii=False)
        await self._store.write(
            lambda db: db.execute(
                "update bulk_items set faults = ? where set_id = ? and row_number = ? and version = ?",
                [found, item.set_id, item.number, item.version],
            )
        )

    async def again(self, item: Item, *, attempt: int) -> None:
        """Have a text written anew, as the next version."""
        await self._store.write(
            lambda db: db.execute(
                """
                update bulk_items set state = 'open', version = version + 1, attempt = ?, tries = 0, claim_id = null
                where set_id = ? and row_number = ? and version = ? and state = 'written'
                """,
                [attempt, item.set_id, item.number, item.version],
            )
        )

    async def failed(self, item: Item, trouble: str, *, most_tries: int) -> None:
        """Keep that asking for a row failed; it is open again until that happened *most_tries* times."""
        await self._store.write(
            lambda db: db.execute(
                """
                update bulk_items set tries = tries + 1, trouble = ?, claim_id = null,
                    state = case when tries + 1 >= ? then 'failed' else 'open' end
                where set_id = ? and row_number = ? and version = ? and state in ('open', 'asked')
                """,
                [trouble, most_tries, item.set_id, item.number, item.version],
            )
        )

    async def fall_back(self, item: Item) -> None:
        """Let the text before stand again: writing it anew failed."""
        await self._store.write(
            lambda db: db.execute(
                """
                update bulk_items set state = 'written', version = version - 1, claim_id = null
                where set_id = ? and row_number = ? and version = ? and state in ('open', 'asked')
                """,
                [item.set_id, item.number, item.version],
            )
        )

    async def claim(self, set_id: str, items: Sequence[Item]) -> Claim:
        """Claim rows for one batch before it is sent."""
        claim = Claim(uuid.uuid4().hex[:16], set_id, len(items), "", now())

        def work(db: Database) -> None:
            db.execute(
                "insert into bulk_batches (claim_id, set_id, requests, claimed_at) values (?, ?, ?, ?)",
                [claim.claim_id, set_id, claim.requests, iso(claim.claimed_at)],
            )
            for item in items:
                db.execute(
                    """
                    update bulk_items set state = 'asked', claim_id = ?
                    where set_id = ? and row_number = ? and state = 'open'
                    """,
                    [claim.claim_id, set_id, item.number],
                )

        await self._store.write(work)
        return claim

    async def open_claim(self, set_id: str) -> Claim | None:
        """Return the batch of a set that has no end yet, or None."""
        row = await self._store.read(
            lambda db: db.execute(
                """
                select claim_id, set_id, requests, coalesce(batch_id, ''), claimed_at from bulk_batches
                where set_id = ? and ended_at is null order by claimed_at limit 1
                """,
                [set_id],
            ).fetchone()
        )
        return None if row is None else Claim(row[0], row[1], row[2], row[3], datetime.fromisoformat(row[4]))

    async def sent(self, claim_id: str, batch_id: str) -> None:
        """Keep the server's name of a batch."""
        await self._store.write(
            lambda db: db.execute(
                "update bulk_batches set batch_id = ? where claim_id = ?", [batch_id, claim_id]
            )
        )

    async def known_batches(self) -> set[str]:
        """Return the server's names of all batches that are ours."""
        rows = await self._store.read(
            lambda db: db.execute("select batch_id from bulk_batches where batch_id is not null").fetchall()
        )
        return {row[0] for row in rows}

    async def end_claim(self, claim_id: str) -> None:
        """Close a batch; rows that it brought nothing for are open again."""

        def work(db: Database) -> None:
            db.execute(
                "update bulk_batches set ended_at = ? where claim_id = ? and ended_at is null",
                [iso(now()), claim_id],
            )
            db.execute(
                "update bulk_items set state = 'open', claim_id = null where claim_id = ? and state = 'asked'",
                [claim_id],
            )

        await self._store.write(work)

    async def look(
        self, set_id: str, numbers: Sequence[int], *, most_minutes: float = IDLE_CAP_MINUTES
    ) -> float:
        """Return the minutes since somebody last looked at the set's card; they decide on *numbers* now.

        Args:
            most_minutes: longer a look does not count.
        """

        def work(db: Database) -> float:
            minutes = _since_look(db, set_id, most_minutes)
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
                "insert or ignore into bulk_returns values (?, ?, ?, ?, ?)",
                [upload_id, set_id, taken, _since_look(db, set_id, most_minutes), iso(now())],
            )
            db.execute("update bulk_sets set looked_at = ? where set_id = ?", [iso(now()), set_id])
            row = db.execute("select minutes from bulk_returns where upload_id = ?", [upload_id]).fetchone()
            return float(row[0])

        return await self._store.write(work)

    async def begin_look(self, set_id: str) -> None:
        """Start the review's clock where it does not run: there is something to look at."""
        await self._store.write(
            lambda db: db.execute(
                "update bulk_sets set looked_at = ? where set_id = ? and looked_at is null",
                [iso(now()), set_id],
            )
        )

    async def deliver(self, set_id: str) -> None:
        """Let every text that stands count from now on, and spread over them what asking took."""
        at = iso(now())
        ours = """
            run_id in (select set_id || ':' || row_number from bulk_items where set_id = ? and state = 'written')
        """

        def work(db: Database) -> None:
            db.execute(
                f"update drafts set delivered_at = ? where {ours} and delivered_at is null", [at, set_id]
            )
            db.execute(
                f"""
                update runs set delivered_at = coalesce(delivered_at, ?), asking_source = 'measured',
                    asking_minutes = (select asking_minutes from bulk_sets where set_id = ?)
                        / (select count(*) from bulk_items where set_id = ? and state = 'written')
                where {ours} and settled_at is null
                """,
                [at, set_id, set_id, set_id],
            )

        await self._store.write(work)

    async def tell_minutes(self, set_id: str, minutes: float) -> int:
        """Keep what somebody says that reviewing a set took in all; spread over the texts that were decided on."""

        def work(db: Database) -> int:
            rows = db.execute(
                """
                select run_id from runs join bulk_items on runs.run_id = set_id || ':' || row_number
                where set_id = ? and decided_at is not null
                """,
                [set_id],
            ).fetchall()
            for (run_id,) in rows:
                db.execute(
                    "update runs set review_typed_minutes = ? where run_id = ?", [minutes / len(rows), run_id]
                )
                settle(db, run_id)
            return len(rows)

        return await self._store.write(work)

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

    async def cost(self, set_id: str, *, samples: bool = False) -> list[dict[str, Any]]:
        """Return tokens and cost of each row of a set that was paid for; with *samples* only of those."""
        return await self._store.read(
            lambda db: list(
                db.query(
                    """
                    select run_id, calls, input_tokens, output_tokens, cost_microusd, model
                    from runs join bulk_items on runs.run_id = set_id || ':' || row_number
                    where set_id = ? and calls > 0 and (is_sample or not ?)
                    """,
                    [set_id, int(samples)],
                )
            )
        )


def file_mark(set_id: str) -> str:
    """Return what the names of a set's files carry, so that one that comes back is known."""
    return f"{uuid.uuid5(uuid.NAMESPACE_OID, set_id).hex[:8]}"


def _since_look(db: Database, set_id: str, most_minutes: float) -> float:
    row = db.execute("select looked_at from bulk_sets where set_id = ?", [set_id]).fetchone()
    if row is None or row[0] is None:
        return 0.0
    minutes = (now() - datetime.fromisoformat(row[0])).total_seconds() / 60
    return min(max(0.0, minutes), most_minutes)


def _choose_samples(db: Database, set_id: str, mapping: Mapping) -> None:
    """Open the first three rows for the samples; those that were written before are written anew."""
    rows = db.execute(
        "select row_number, cells, state, version from bulk_items where set_id = ? order by row_number",
        [set_id],
    ).fetchall()
    chosen = 0
    for number, cells, state, version in rows:
        told = json.loads(cells)
        sample = chosen < SAMPLES and bool(told[mapping.name])
        chosen += sample
        was_written = state in ("written", "failed")
        db.execute(
            """
            update bulk_items set row_hash = ?, is_sample = ?, state = ?, version = ?, attempt = 1, tries = 0,
                faults = '[]', trouble = '', claim_id = null
            where set_id = ? and row_number = ?
            """,
            [
                hash_row(mapping, told),
                int(sample),
                "open" if sample else "waiting",
                version + (1 if was_written and sample else 0),
                set_id,
                number,
            ],
        )


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


def _items(
    db: Database,
    set_id: str,
    *,
    states: Collection[str] = (),
    numbers: Collection[int] = (),
    also: str = "1",
    most: int = -1,
) -> list[Item]:
    where, values = "set_id = ?", [set_id]
    for column, chosen in (("state", states), ("row_number", numbers)):
        if chosen:
            where += f" and {column} in ({', '.join('?' * len(chosen))})"
            values += [str(one) for one in chosen]
    rows = db.query(
        f"""
        select set_id, row_number, cells, row_hash, state, bulk_items.version, attempt, is_sample, faults, trouble,
            tries, claim_id, coalesce(runs.review, 'open') as review,
            coalesce(drafts.final_text, drafts.text, '') as text
        from bulk_items
        left join runs on runs.run_id = set_id || ':' || row_number
        left join drafts on drafts.run_id = set_id || ':' || row_number
            and drafts.version = (select max(version) from drafts as newer
                where newer.run_id = set_id || ':' || row_number)
        where {where} and {also} order by row_number limit {most}
        """,
        values,
    )
    return [_item(row) for row in rows]


def _item(row: dict[str, Any]) -> Item:
    return Item(
        set_id=row["set_id"],
        number=row["row_number"],
        cells=tuple(json.loads(row["cells"])),
        row_hash=row["row_hash"],
        state=row["state"],
        version=row["version"],
        attempt=row["attempt"],
        is_sample=bool(row["is_sample"]),
        faults=tuple(Fault(kind, what) for kind, what in json.loads(row["faults"])),
        trouble=row["trouble"],
        tries=row["tries"],
        claim_id=row["claim_id"],
        review=row["review"],
        text=row["text"],
    )
