"""The tables of the records, as migrations that only ever go forward; only this package creates or alters them.

To add one, make a file here that is called after the next number, `m019_<what>.py`, with one function of that
name under `@migrations()`. Nothing else lists it: the files are read in the order of their names. What was
released stays as it is, and so does its name, by which a ledger knows what it has already.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

from sqlite_utils import Database

from bot.records.migrating import migrations

__all__ = ["every_migration", "migrate", "migrations"]

for _module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_module}")


def every_migration() -> list[tuple[str, Callable[[Any], Any]]]:
    """Return each migration by its name, in their order: those that an empty database waits for."""
    db = Database(memory=True)
    try:
        return [(one.name, one.fn) for one in migrations.pending(db)]
    finally:
        db.close()


def migrate(db: Database) -> None:
    """Bring the file to the newest schema; safe when two processes start at once.

    `begin immediate` first: raced deferred transactions fail with "database is locked".
    """
    db.execute("begin immediate")
    try:
        migrations.apply(db)
    except BaseException:  # Ctrl-C too: nothing may leave half a schema, or the lock, behind
        db.execute("rollback")
        raise
    db.execute("commit")
