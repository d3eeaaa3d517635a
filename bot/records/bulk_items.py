"""Rows of tables that become texts: where each stands, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from bot.bulk import Fault, Mapping, hash_row
from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.settlements import settle
from bot.records.store import Store

ItemState = Literal["waiting", "open", "asked", "written", "failed"]
"""`waiting` for the start, `open` to be asked, `asked` in a batch, `written`: its draft stands."""

SAMPLES = 3
MOST_ROWS = 1_000_000  # of one set that are read; a table is far shorter


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


class BulkItems:
    """Rows of sets."""

    def __init__(self, store: Store) -> None:
        self._store = store

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
                select count(*), count(*) filter (where state = 'written'), count(*) filter (where state = 'failed'),
                    count(*) filter (where state in ('waiting', 'open', 'asked')),
                    count(*) filter (where state = 'written' and faults <> '[]'),
                    count(*) filter (where state = 'written' and review in ('approved', 'edited')),
                    count(*) filter (where state = 'written' and review = 'discarded')
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

    async def cost(self, set_id: str, *, samples: bool = False) -> list[dict[str, Any]]:
        """Return tokens and cost of each row of a set that was paid for; with *samples* only of those."""
        return await self._store.read(
            lambda db: list(
                db.query(
                    """
                    select run_id, calls, input_tokens, output_tokens, cost_microusd, model
                    from runs join bulk_items on runs.run_id = set_id || ':' || row_number
                    where set_id = ? and calls > 0 and (is_sample = 1 or ? = 0)
                    """,
                    [set_id, int(samples)],
                )
            )
        )


def _items(
    db: Database,
    set_id: str,
    *,
    states: Collection[str] = (),
    numbers: Collection[int] = (),
    also: str = "1 = 1",
    most: int = MOST_ROWS,
) -> list[Item]:
    where = "set_id = ?"
    values: list[Any] = [set_id]
    for column, chosen in (("state", states), ("row_number", numbers)):
        if chosen:
            where += f" and {column} in ({', '.join('?' * len(chosen))})"
            values += chosen
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


def choose_samples(db: Database, set_id: str, mapping: Mapping) -> None:
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
                # A version is of one text: whatever is written next, for the samples or the whole, is another one.
                version + was_written,
                set_id,
                number,
            ],
        )
