"""What an installation has stored, in its files or in PostgreSQL: to look into it from outside."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from bot.records.dialect import SCHEMA
from tests import postgres

ENGINE = "dbos"
FILES = {SCHEMA: "records.sqlite", ENGINE: "engine.sqlite"}


def stored(folder: Path, *schemas: str) -> bytes:
    """Return all that the tables of an installation hold, and what the database keeps beside them in its files.

    Args:
        schemas: of the records, the engine or both; both unless named. The files of the knowledge index come with both.
    """
    url = postgres.known(folder)
    patterns = [f"{FILES[schema]}*" for schema in schemas] or ["*.sqlite*"]
    content = b"".join(path.read_bytes() for pattern in patterns for path in sorted(folder.glob(pattern)))
    return content + (_tables(url, schemas or tuple(FILES)) if url else b"")


def looked_up(folder: Path, question: str, schema: str = SCHEMA) -> list[tuple[Any, ...]]:
    """Return the rows of a question about an installation's records, or its engine."""
    url = postgres.known(folder)
    if url:
        with psycopg.connect(url, options=f"-c search_path={schema}") as connection:
            return connection.execute(question).fetchall()
    with closing(sqlite3.connect(folder / FILES[schema])) as file:
        return file.execute(question).fetchall()


def _tables(url: str, schemas: tuple[str, ...]) -> bytes:
    with psycopg.connect(url) as connection:
        named = connection.execute(
            "select schemaname, tablename from pg_tables where schemaname = any(%s)", [list(schemas)]
        ).fetchall()
        content = ""
        for schema, table in named:
            rows = sql.SQL("select told::text from {} as told").format(sql.Identifier(schema, table))
            content += "\n".join(row[0] for row in connection.execute(rows).fetchall())
    return content.encode()
