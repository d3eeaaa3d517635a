"""Seals anew whatever was sealed in the SQLite file: found by its look, so that a new table is covered at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.records.database import Database
from bot.records.store import Store

# A Fernet token begins with a version of 0x80 and a moment of eight bytes, in base64:
# https://github.com/fernet/spec/blob/master/Spec.md
_SEALED = """
    "{0}" glob 'gAAAAA*' and length("{0}") >= 100 and not "{0}" glob '*[^-A-Za-z0-9_=]*'
"""
_AT_ONCE = 200


@dataclass(frozen=True)
class Rotated:
    """What a rotation found: `renewed`, already under the newest key (`fresh`), and `lost`, which no key opens."""

    renewed: int
    fresh: int
    lost: int


async def rotate(store: Store, renew: Callable[[str], str | None]) -> Rotated:
    """Let *renew* seal every sealed text anew, a few rows in each write; may be stopped and done again.

    Args:
        renew: returns the text under the newest key (the same where it is already), or None when no key opens it.
    """
    counts = {"renewed": 0, "fresh": 0, "lost": 0}
    for table, column in await store.read(_sealed_columns):
        after = -1
        while rows := await store.read(lambda db, at=(table, column, after): _next(db, *at)):  # type: ignore[misc]
            after = rows[-1][0]
            renewed = []
            for row_id, sealed in rows:
                text = renew(sealed)
                kind = "lost" if text is None else "fresh" if text == sealed else "renewed"
                counts[kind] += 1
                if kind == "renewed":
                    renewed.append((text, row_id, sealed))
            await store.write(lambda db, at=(table, column, renewed): _put(db, *at))  # type: ignore[misc]
    return Rotated(**counts)


def _sealed_columns(db: Database) -> list[tuple[str, str]]:
    """Return each table and column that holds something sealed."""
    found = []
    for table in db.table_names():
        if table.startswith(("sqlite_", "_sqlite")):
            continue
        for column in sorted(db.text_columns(table)):
            if db.execute(f'select 1 from "{table}" where {_SEALED.format(column)} limit 1').fetchone():
                found.append((table, column))
    return found


def _next(db: Database, table: str, column: str, after: int) -> list[tuple[int, str]]:
    rows = db.execute(
        f"""
        select rowid, "{column}" from "{table}" where rowid > ? and {_SEALED.format(column)}
        order by rowid limit ?
        """,
        [after, _AT_ONCE],
    )
    return [(int(row[0]), str(row[1])) for row in rows.fetchall()]


def _put(db: Database, table: str, column: str, renewed: list[tuple[str, int, str]]) -> None:
    for text, row_id, sealed in renewed:
        # Only what still stands there: the bot may have changed or deleted it meanwhile.
        db.execute(
            f'update "{table}" set "{column}" = ? where rowid = ? and "{column}" = ?', [text, row_id, sealed]
        )
