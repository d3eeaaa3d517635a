"""Price lists, each kept as it was imported; what a quote says; and its number, claimed once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from bot.quotes import PriceRow, Sums, Tier
from bot.quotes.stored import Basis, read_basis, write_basis
from bot.records.database import Database
from bot.records.moments import iso, now
from bot.records.retention import delete_date
from bot.records.store import Store

MICRO = 1_000_000


@dataclass(frozen=True)
class QuoteNumber:
    """The number of a quote; *version* counts what was sent under it."""

    year: int
    sequence: int
    version: int

    def __str__(self) -> str:
        number = f"OFF-{self.year}-{self.sequence:04}"
        return number if self.version == 1 else f"{number}-v{self.version}"


@dataclass(frozen=True)
class PriceList:
    """The price list that holds: which file, how many articles, since when."""

    file_name: str
    articles: int
    imported_at: datetime


class Quotes:
    """The price list of each team, and the quotes made from it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, tuple[int, list[PriceRow]]] = {}

    async def import_prices(
        self, team_id: str, rows: Sequence[PriceRow], *, file_name: str, file_hash: str
    ) -> bool:
        """Make *rows* a team's price list; the earlier lists stay. False when the list is this file already."""
        return await self._store.write(
            lambda db: import_list(db, team_id, rows, file_name=file_name, file_hash=file_hash) is not None
        )

    async def price_list(self, team_id: str) -> PriceList | None:
        """Return which price list holds, or None before the first import."""
        row = await self._store.read(
            lambda db: db.execute(
                """
                select file_name, articles, imported_at from price_lists where team_id = ?
                order by list_id desc limit 1
                """,
                [team_id],
            ).fetchone()
        )
        return None if row is None else PriceList(row[0], row[1], datetime.fromisoformat(row[2]))

    async def list_prices(self, list_id: int) -> list[PriceRow]:
        """Return one price list, of all days."""
        return await self._prices("?", list_id)

    async def prices_before(self, list_id: int) -> list[PriceRow]:
        """Return the price list that held until *list_id* came; empty when there was none."""
        return await self._prices(
            """
            (select max(list_id) from price_lists where list_id < ?1
                and team_id = (select team_id from price_lists where list_id = ?1))
            """,
            list_id,
        )

    async def _prices(self, which: str, list_id: int) -> list[PriceRow]:
        asked = f"select * from prices where list_id = {which} order by sku, valid_from"
        rows = await self._store.read(lambda db: list(db.query(asked, [list_id])))
        return [_price_row(row) for row in rows]

    async def prices(self, team_id: str) -> list[PriceRow]:
        """Return a team's newest price list, of all days; empty before the first import.

        It is read once: a form of lines asks for it at every keystroke, and a list once imported never changes.
        """
        known_id, known = self._known.get(team_id, (0, []))

        def work(db: Database) -> tuple[int, list[PriceRow]]:
            newest = db.execute(
                "select coalesce(max(list_id), 0) from price_lists where team_id = ?", [team_id]
            ).fetchone()[0]
            if newest == known_id:
                return known_id, known
            rows = db.query("select * from prices where list_id = ? order by sku, valid_from", [newest])
            return newest, [_price_row(row) for row in rows]

        self._known[team_id] = found = await self._store.read(work)
        return list(found[1])

    async def keep(self, run_id: str, version: int, document: dict[str, Any], basis: Basis) -> None:
        """Keep what a version of a quote says and rests on, as code worked it out; twice is once."""
        await self._store.write(lambda db: keep_quote(db, run_id, version, document, basis))

    async def document(self, run_id: str, version: int) -> dict[str, Any] | None:
        """Return what a version of a quote says, or None when it is no quote, or deleted."""
        row = await self._store.look(
            lambda db: db.execute(
                "select document from quotes where run_id = ? and version = ?", [run_id, version]
            ).fetchone()
        )
        return None if row is None else dict(json.loads(row[0]))

    async def basis(self, run_id: str, version: int) -> Basis | None:
        """Return what a version of a quote rests on; None when it is no quote, deleted, or older than the form."""
        row = await self._store.look(
            lambda db: db.execute(
                "select basis from quotes where run_id = ? and version = ? and basis is not null",
                [run_id, version],
            ).fetchone()
        )
        return None if row is None else read_basis(json.loads(row[0]))

    async def earlier(self, run_id: str, version: int) -> list[tuple[bool, Basis]]:
        """Return what each version before *version* rests on, the oldest first, and whether a person made it."""
        rows = await self._store.read(
            lambda db: db.execute(
                """
                select by_hand, basis from quotes join drafts using (run_id, version)
                where run_id = ? and version < ? and basis is not null order by version
                """,
                [run_id, version],
            ).fetchall()
        )
        return [(bool(by_hand), read_basis(json.loads(basis))) for by_hand, basis in rows]

    async def number(self, run_id: str, content_hash: str) -> QuoteNumber | None:
        """Return the number that a quote has; None before it is approved."""
        row = await self._store.read(
            lambda db: db.execute(
                "select year, sequence, version from quote_numbers where run_id = ? and content_hash = ?",
                [run_id, content_hash],
            ).fetchone()
        )
        return None if row is None else QuoteNumber(*row)

    async def claim_number(
        self, run_id: str, *, team_id: str, year: int, content_hash: str, sums: Sums | None = None
    ) -> QuoteNumber:
        """Return the number of a quote, claimed now or before; *sums* stand beside it in the books.

        The same content has the same number for ever; another content of the same run is the next version
        of it. On the one writer, so that no number is lost or given twice.
        """

        def work(db: Database) -> QuoteNumber:
            known = db.execute(
                "select year, sequence, version from quote_numbers where run_id = ? and content_hash = ?",
                [run_id, content_hash],
            ).fetchone()
            if known is not None:
                return QuoteNumber(*known)
            mine = db.execute(
                """
                select year, sequence, max(version) + 1 from quote_numbers where run_id = ?
                group by year, sequence
                """,
                [run_id],
            ).fetchone()
            if mine is None:
                last = db.execute(
                    "select coalesce(max(sequence), 0) from quote_numbers where team_id = ? and year = ?",
                    [team_id, year],
                ).fetchone()
                mine = (year, last[0] + 1, 1)
            cents = [int(one * 100) for one in (sums.net, sums.vat, sums.payable)] if sums else [None] * 3
            db.execute(
                """
                insert into quote_numbers (team_id, year, sequence, version, run_id, content_hash, issued_at,
                    net_cents, vat_cents, payable_cents) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [team_id, *mine, run_id, content_hash, iso(now()), *cents],
            )
            return QuoteNumber(*mine)

        return await self._store.write(work)


def import_list(
    db: Database, team_id: str, rows: Sequence[PriceRow], *, file_name: str, file_hash: str
) -> int | None:
    """Make *rows* a team's newest price list and return its id; None when the newest is this file already."""
    last = db.execute(
        "select file_hash from price_lists where team_id = ? order by list_id desc limit 1", [team_id]
    ).fetchone()
    if last is not None and last[0] == file_hash:
        return None
    cursor = db.execute(
        """
        insert into price_lists (team_id, file_name, file_hash, articles, imported_at) values (?, ?, ?, ?, ?)
        returning list_id
        """,
        [team_id, file_name, file_hash, len(rows), iso(now())],
    )
    list_id = int(cursor.fetchone()[0])
    for row in rows:
        db.execute("insert into prices values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [list_id, *_columns(row)])
    return list_id


def keep_quote(db: Database, run_id: str, version: int, document: dict[str, Any], basis: Basis) -> None:
    """Keep a version of a quote within a write that is under way."""
    db.execute(
        """
        insert into quotes (run_id, version, document, created_at, delete_after, basis) values (?, ?, ?, ?, ?, ?)
        on conflict (run_id, version) do update set document = excluded.document,
            created_at = excluded.created_at, delete_after = excluded.delete_after, basis = excluded.basis
        """,
        [
            run_id,
            version,
            json.dumps(document, ensure_ascii=False),
            iso(now()),
            delete_date(db, run_id=run_id),
            json.dumps(write_basis(basis), ensure_ascii=False),
        ],
    )


def _columns(row: PriceRow) -> list[Any]:
    tiers = [[str(tier.from_quantity), str(tier.price)] for tier in row.tiers]
    return [
        row.sku,
        row.valid_from.isoformat(),
        row.valid_to.isoformat(),
        row.name,
        row.unit,
        int(row.price * MICRO),
        row.vat_code,
        json.dumps(tiers),
        None if row.floor_price is None else int(row.floor_price * MICRO),
    ]


def _price_row(row: dict[str, Any]) -> PriceRow:
    floor = row["floor_price_micro"]
    return PriceRow(
        sku=row["sku"],
        name=row["name"],
        unit=row["unit"],
        price=_amount(row["price_micro"]),
        vat_code=row["vat_code"],
        valid_from=date.fromisoformat(row["valid_from"]),
        valid_to=date.fromisoformat(row["valid_to"]),
        tiers=tuple(Tier(Decimal(quantity), Decimal(price)) for quantity, price in json.loads(row["tiers"])),
        floor_price=None if floor is None else _amount(floor),
    )


def _amount(micro: int) -> Decimal:
    return Decimal(micro).scaleb(-6)
