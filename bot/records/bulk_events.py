"""What may happen to a row of a table; no other code writes where a row stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bot.records.database import Database

ItemState = Literal["waiting", "open", "asked", "written", "failed"]
"""`waiting` for the start, `open` to be asked, `asked` in a batch, `written`: its draft stands."""

Event = Literal[
    "chosen",
    "left",
    "started",
    "claimed",
    "released",
    "wrote",
    "judged",
    "failed",
    "given_up",
    "fell_back",
    "redone",
    "retried",
    "parked",
]


@dataclass(frozen=True)
class Change:
    """What an event needs of a row, and what it makes of it.

    Attributes:
        also: the other columns that it sets; each `?` takes a value of the event.
        only: what it needs besides a state.
    """

    needs: tuple[ItemState, ...]
    becomes: ItemState
    also: str = ""
    only: str = ""


_ANEW = (
    "version = version + case when state in ('written', 'failed') then 1 else 0 end,"
    " attempt = 1, tries = 0, faults = '[]', trouble = ''"
)
_BEFORE_A_BATCH: tuple[ItemState, ...] = ("waiting", "open", "written", "failed")

EVENTS: dict[Event, Change] = {
    # Columns were chosen. A version is of one text: what is written next, for the samples or the whole, is another.
    "chosen": Change(_BEFORE_A_BATCH, "open", _ANEW),
    "left": Change(_BEFORE_A_BATCH, "waiting", _ANEW),
    "started": Change(("waiting",), "open"),
    "claimed": Change(("open",), "asked", "claim_id = ?"),
    "released": Change(("asked",), "open", "claim_id = null", only="claim_id = ?"),
    # What is paid is kept, though its set was cancelled and its row parked meanwhile; done twice it changes nothing.
    "wrote": Change(
        ("waiting", "open", "asked", "written"), "written", "faults = ?, trouble = '', claim_id = null"
    ),
    "judged": Change(("written",), "written", "faults = ?"),
    "failed": Change(("open", "asked"), "open", "tries = tries + 1, trouble = ?, claim_id = null"),
    # Where a text stands already, a row falls back to it; where none does, it is given up.
    "given_up": Change(
        ("open", "asked"), "failed", "tries = tries + 1, trouble = ?, claim_id = null", only="attempt = 1"
    ),
    "fell_back": Change(
        ("open", "asked"),
        "written",
        "version = version - 1, trouble = ?, claim_id = null",
        only="attempt = 2",
    ),
    "redone": Change(("written",), "open", "version = version + 1, attempt = 2, tries = 0"),
    "retried": Change(("failed",), "open", "tries = 0, trouble = ''"),
    # Of a set that was cancelled nobody wants the rows that were never written.
    "parked": Change(("open",), "waiting", only="attempt = 1"),
}
"""What may happen to a row."""

Key = tuple[int, int]
"""A row's number, and the version that it is expected to be at."""


def change_rows(
    db: Database, event: Event, set_id: str, values: Sequence[Any] = (), *, rows: Sequence[Key] | None = None
) -> int:
    """Let *event* happen, within a write, to all rows of a set that are where it needs them; return how many.

    Args:
        values: what the event brings, for each `?` in its change.
        rows: to these alone, and only where they are still at that version.
    """
    if rows is not None and not rows:
        return 0
    change = EVENTS[event]
    also = f", {change.also}" if change.also else ""
    only = f" and {change.only}" if change.only else ""
    if rows is not None:
        only += f" and (row_number, version) in (values {', '.join(['(?, ?)'] * len(rows))})"
    split = also.count("?")
    return db.execute(
        f"""
        update bulk_items set state = ?{also}
        where set_id = ? and state in ({", ".join("?" * len(change.needs))}){only}
        """,
        [
            change.becomes,
            *values[:split],
            set_id,
            *change.needs,
            *values[split:],
            *(part for key in rows or () for part in key),
        ],
    ).rowcount


def write_anew(db: Database, run_id: str, version: int) -> None:
    """Have the text of a row written anew, within the write that decides so; a run that is no row's is let be."""
    set_id = run_id.rpartition(":")[0]
    row = db.execute(
        "select row_number from bulk_items where set_id = ? and set_id || ':' || row_number = ?",
        [set_id, run_id],
    ).fetchone()
    if row is not None:
        change_rows(db, "redone", set_id, rows=[(row[0], version)])
