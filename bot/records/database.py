"""What the records ask of a database: a few methods of sqlite-utils' own, which PostgreSQL answers alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol


class Cursor(Protocol):
    """What came of a statement."""

    @property
    def rowcount(self) -> int:
        """How many rows the statement changed."""

    def fetchone(self) -> Any:
        """Return the next row, or None."""

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""

    def __iter__(self) -> Iterator[Any]:
        """Yield the rows that are left."""


class Database(Protocol):
    """One connection; the SQL is what SQLite and PostgreSQL both understand (`dialect.py` knows the rest).

    Of a text that is looked through by a pattern, SQL knows `matches(text, pattern)` and
    `replaced(text, pattern, by)` on both.
    """

    def execute(self, sql: str, parameters: Any = None, /) -> Cursor:
        """Carry out one statement, with a value for each `?`."""

    def query(self, sql: str, params: Any = None, /) -> Iterator[dict[str, Any]]:
        """Yield the rows of a question by the names of their columns."""

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> None:
        """Carry out one statement for each of *rows*."""

    def table_names(self) -> list[str]:
        """Return the tables, those of the database itself left out."""

    def text_columns(self, table: str, /) -> set[str]:
        """Return the columns of a table that hold text."""

    def defer_checks(self) -> None:
        """Check references between tables at the end of the transaction only."""

    def close(self) -> None:
        """Close the connection."""


def matches(text: Any, pattern: str) -> int:
    """Say whether *pattern* is found in a text."""
    return int(isinstance(text, str) and re.search(pattern, text) is not None)


def replaced(text: Any, pattern: str, by: str) -> Any:
    """Return a text with *by* wherever *pattern* was."""
    return re.sub(pattern, lambda _: by, text) if isinstance(text, str) else text
