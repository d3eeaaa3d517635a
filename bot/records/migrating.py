"""The list of migrations, and how one is carried out; only `schema/` adds to it."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

migrations = Migrations("tijdwinst")


def carry_out(db: Database, statements: str) -> None:
    """Execute *statements*, each of which ends with a semicolon at the end of its line."""
    for statement in statements.split(";\n"):
        if statement.strip():
            db.execute(statement)
