"""Customers of approved quotes, per workspace: offered again, shown, corrected, and deleted for good."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.quotes.customers import KnownCustomer, name_key
from bot.quotes.offer import Customer
from bot.records.database import Database
from bot.records.moments import days_after, iso, now
from bot.records.store import Store
from bot.tasks import Language

KEPT_DAYS = 730
"""A customer without an approved quote for so long is forgotten."""

MOST_SHOWN = 30


class Customers:
    """Who was quoted."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def remember(self, team_id: str, customer: Customer, *, language: Language, user_id: str) -> None:
        """Keep the customer of an approved quote; twice is once.

        The same name is the same customer when VAT number or address agree, or one of them had no address;
        else it is another one of that name.
        """

        def work(db: Database) -> None:
            known = [one for one in _named(db, team_id, customer.name) if _is_same(one.customer, customer)]
            if not known:
                _insert(db, team_id, customer, language=language, user_id=user_id)
                return
            before = known[0]
            filled = Customer(
                customer.name,
                customer.address or before.customer.address,
                "" if customer.consumer else customer.vat_number or before.customer.vat_number,
                customer.consumer,
            )
            _update(db, before.customer_id, filled, language=language, user_id=before.user_id or user_id)

        await self._store.write(work)

    async def get(self, team_id: str, customer_id: int) -> KnownCustomer | None:
        """Return a customer of the workspace, or None."""
        rows = await self._store.read(
            lambda db: list(
                db.query(
                    "select * from customers where team_id = ? and customer_id = ?", [team_id, customer_id]
                )
            )
        )
        return _customer(rows[0]) if rows else None

    async def known(self, team_id: str) -> list[KnownCustomer]:
        """Return every customer of the workspace, by name."""
        rows = await self._store.read(
            lambda db: list(
                db.query(
                    "select * from customers where team_id = ? order by name_key, customer_id", [team_id]
                )
            )
        )
        return [_customer(row) for row in rows]

    async def search(
        self, team_id: str, words: str, *, most: int = MOST_SHOWN
    ) -> tuple[list[KnownCustomer], int]:
        """Return the first *most* customers whose name, address or VAT number hold all *words*, and how many do."""
        wanted = [word for word in name_key(words).split() if word]
        found = [one for one in await self.known(team_id) if all(word in _searched(one) for word in wanted)]
        return found[:most], len(found)

    async def correct(
        self, team_id: str, customer_id: int, customer: Customer, *, language: Language, user_id: str
    ) -> bool:
        """Write a customer anew as somebody corrected it; False when it is gone."""

        def work(db: Database) -> bool:
            row = db.execute(
                "select 1 from customers where team_id = ? and customer_id = ?", [team_id, customer_id]
            ).fetchone()
            if row:
                _update(db, customer_id, customer, language=language, user_id=user_id)
            return row is not None

        return await self._store.write(work)

    async def delete(self, team_id: str, customer_id: int) -> bool:
        """Delete a customer for good; False when it was gone already."""

        def work(db: Database) -> bool:
            cursor = db.execute(
                "delete from customers where team_id = ? and customer_id = ?", [team_id, customer_id]
            )
            return bool(cursor.rowcount)

        return await self._store.write(work)


def _named(db: Database, team_id: str, name: str) -> list[KnownCustomer]:
    rows = db.query("select * from customers where team_id = ? and name_key = ?", [team_id, name_key(name)])
    return [_customer(row) for row in rows]


def _is_same(one: Customer, other: Customer) -> bool:
    if one.vat_number and other.vat_number:
        return one.vat_number == other.vat_number
    if one.consumer != other.consumer:
        return False
    here, there = (name_key(" ".join(each.address)) for each in (one, other))
    return not here or not there or here == there


def _insert(db: Database, team_id: str, customer: Customer, *, language: Language, user_id: str) -> None:
    db.execute(
        """
        insert into customers (team_id, name, name_key, address, vat_number, is_consumer, language, user_id,
            changed_at, delete_after) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [team_id, *_columns(customer), language, user_id, iso(now()), days_after(KEPT_DAYS)],
    )


def _update(db: Database, customer_id: int, customer: Customer, *, language: Language, user_id: str) -> None:
    db.execute(
        """
        update customers set name = ?, name_key = ?, address = ?, vat_number = ?, is_consumer = ?, language = ?,
            user_id = ?, changed_at = ?, delete_after = ? where customer_id = ?
        """,
        [*_columns(customer), language, user_id, iso(now()), days_after(KEPT_DAYS), customer_id],
    )


def _columns(customer: Customer) -> list[Any]:
    address = "\n".join(customer.address)
    return [customer.name, name_key(customer.name), address, customer.vat_number, int(customer.consumer)]


def _searched(one: KnownCustomer) -> str:
    return name_key(" ".join([one.customer.name, *one.customer.address, one.customer.vat_number]))


def _customer(row: dict[str, Any]) -> KnownCustomer:
    return KnownCustomer(
        customer_id=row["customer_id"],
        customer=Customer(
            name=row["name"],
            address=tuple(row["address"].splitlines()),
            vat_number=row["vat_number"],
            consumer=bool(row["is_consumer"]),
        ),
        language=row["language"],
        user_id=row["user_id"],
        changed_at=datetime.fromisoformat(row["changed_at"]),
    )
