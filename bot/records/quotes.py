"""Price lists, each kept as it was imported; what a quote says; and its number, claimed once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlite_utils import Database

from bot.quotes import PriceRow, Tier
from bot.records.ledger import RETENTION_DAYS
from bot.records.moments import days_after, iso, now
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


class Quotes:
    """The price list of the installation, and the quotes made from it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def import_prices(self, rows: Sequence[PriceRow], *, file_name: str, file_hash: str) -> bool:
        """Make *rows* the price list; the earlier lists stay. False when the list is this file already."""
        return await self._store.write(
            lambda db: import_list(db, rows, file_name=file_name, file_hash=file_hash) is not None
        )

    async def prices(self, list_id: int | None = None) -> list[PriceRow]:
        """Return a price list, of all days, the newest unless told; empty before the first import."""
        return await self._prices("coalesce(?, (select max(list_id) from price_lists))", list_id)

    async def prices_before(self, list_id: int) -> list[PriceRow]:
        """Return the price list that held until *list_id* came; empty when there was none."""
        return await self._prices("(select max(list_id) from price_lists where list_id < ?)", list_id)

    async def _prices(self, which: str, list_id: int | None) -> list[PriceRow]:
        asked = f"select * from prices where list_id = {which} order by sku, valid_from"
        rows = await self._store.read(lambda db: list(db.query(asked, [list_id])))
        return [_price_row(row) for row in rows]

    async def keep(self, run_id: str, version: int, document: dict[str, Any]) -> None:
        """Keep what a version of a quote says, as code worked it out; twice is once."""
        await self._store.write(
            lambda db: db.execute(
                "insert or replace into quotes values (?, ?, ?, ?, ?)",
                [
                    run_id,
                    version,
                    json.dumps(document, ensure_ascii=False),
                    iso(now()),
                    days_after(RETENTION_DAYS),
                ],
            )
        )

    async def document(self, run_id: str, version: int) -> dict[str, Any] | None:
        """Return what a version of a quote says, or None when it is no quote, or deleted."""
        row = await self._store.read(
            lambda db: db.execute(
                "select document from quotes where run_id = ? and version = ?", [run_id, version]
            ).fetchone()
        )
        return None if row is None else dict(json.loads(row[0]))

    async def claim_number(self, run_id: str, *, team_id: str, year: int, content_hash: str) -> QuoteNumber:
        """Return the number of a quote, claimed now or before.

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
            db.execute(
                "insert into quote_numbers values (?, ?, ?, ?, ?, ?, ?)",
                [team_id, *mine, run_id, content_hash, iso(now())],
            )
            return QuoteNumber(*mine)

        return await self._store.write(work)


def import_list(db: Database, rows: Sequence[PriceRow], *, file_name: str, file_hash: str) -> int | None:
    """Make *rows* the newest price list and return its id; None when the newest is this file already."""
    last = db.execute("select file_hash from price_lists order by list_id desc limit 1").fetchone()
    if last is not None and last[0] == file_hash:
        return None
    cursor = db.execute(
        "insert into price_lists (file_name, file_hash, articles, imported_at) values (?, ?, ?, ?)",
        [file_name, file_hash, len(rows), iso(now())],
    )
    list_id = int(cursor.lastrowid or 0)
    for row in rows:
        db.execute("insert into prices values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [list_id, *_columns(row)])
    return list_id


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
