"""Rows of tables that become texts: where each stands, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.bulk import Fault, Mapping, hash_row
from bot.records.bulk_events import ItemState, Key, change_rows
from bot.records.database import Database
from bot.records.drafts import keep_draft
from bot.records.moments import iso, now
from bot.records.settlements import settle
from bot.records.store import Store
from bot.tasks import Draft

if TYPE_CHECKING:
    from bot.records.reviews import Reviews

SAMPLES = 3
MOST_ROWS = 1_000_000  # of one set that are read; a table is far shorter


@dataclass(frozen=True)
class Item:
    """One row of a set.

    Attributes:
        attempt: 2 when code or a person wants another text: the one before stands until then, in the version before.
        trouble: why there is no text, or no other.
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

    @property
    def key(self) -> Key:
        """The row, and the version that it is at."""
        return self.number, self.version


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

    def __init__(self, store: Store, reviews: Reviews) -> None:
        self._store = store
        self._reviews = reviews

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

    async def wrote(self, item: Item, draft: Draft, faults: Iterable[Fault]) -> None:
        """Keep a row's text; a row that is at another version by now stays as it is, and takes none."""

        def work(db: Database) -> None:
            if change_rows(db, "wrote", item.set_id, [_write_faults(faults)], rows=[item.key]):
                keep_draft(db, draft)

        await self._store.write(work)

    async def judge(self, item: Item, faults: Iterable[Fault]) -> None:
        """Keep what is wrong with a text that stands."""
        await self._store.write(
            lambda db: change_rows(db, "judged", item.set_id, [_write_faults(faults)], rows=[item.key])
        )

    async def redo(self, set_id: str, items: Sequence[Item]) -> None:
        """Have texts written anew, each as the next version, but for those that somebody decided on meanwhile."""

        def work(db: Database) -> None:
            rows = db.execute(
                """
                select row_number from bulk_items join runs on runs.run_id = set_id || ':' || row_number
                where set_id = ? and review <> 'open'
                """,
                [set_id],
            ).fetchall()
            decided = {row[0] for row in rows}
            keys = [item.key for item in items if item.number not in decided]
            change_rows(db, "redone", set_id, rows=keys)

        await self._store.write(work)

    async def failed(self, item: Item, trouble: str) -> None:
        """Keep that asking for a row failed; it is asked for again."""
        await self._store.write(lambda db: change_rows(db, "failed", item.set_id, [trouble], rows=[item.key]))

    async def give_up(self, item: Item, trouble: str) -> bool:
        """Ask for a row no more: its text before stands again, and whoever wanted another may decide on that.

        Returns whether there is none.
        """

        def work(db: Database) -> bool:
            if change_rows(db, "fell_back", item.set_id, [trouble], rows=[item.key]):
                if item.review == "redone":
                    self._reviews.give_back(db, item.run_id, item.version - 1)
                return False
            return change_rows(db, "given_up", item.set_id, [trouble], rows=[item.key]) > 0

        return await self._store.write(work)

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
        "select row_number, cells, version from bulk_items where set_id = ? order by row_number",
        [set_id],
    ).fetchall()
    asked: list[Key] = []
    rest: list[Key] = []
    for number, cells, version in rows:
        told = json.loads(cells)
        sample = len(asked) < SAMPLES and bool(told[mapping.name])
        (asked if sample else rest).append((number, version))
        db.execute(
            "update bulk_items set row_hash = ?, is_sample = ? where set_id = ? and row_number = ?",
            [hash_row(mapping, told), int(sample), set_id, number],
        )
    change_rows(db, "chosen", set_id, rows=asked)
    change_rows(db, "left", set_id, rows=rest)


def _write_faults(faults: Iterable[Fault]) -> str:
    return json.dumps([[one.kind, one.what] for one in faults], ensure_ascii=False)
