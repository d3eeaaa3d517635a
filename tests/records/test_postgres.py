"""The records in PostgreSQL: the same tables as in the file, one writer over all replicas, a server that goes away."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bot.records import Records, is_away
from bot.records.budgets import Limit, OverLimitError
from bot.records.database import Database
from bot.records.postgres import LOCKS, WRITING, connect, migrate
from bot.records.schema import migrate as migrate_file
from bot.records.sqlite import FileDatabase
from tests import postgres

TYPES = {"text": "text", "bigint": "integer", "double precision": "real"}


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    """Records in a database of their own."""
    opened = Records(tmp_path / "records.sqlite", database_url=postgres.database_for(tmp_path))
    opened.open()
    yield opened
    await opened.close()


def _file_schema() -> dict[str, Any]:
    db = FileDatabase(memory=True)
    migrate_file(db)
    told: dict[str, Any] = {}
    for table in db.table_names():
        for column in db.query(f"select * from pragma_table_info('{table}')"):
            key = column["pk"] > 0
            told[f"{table}.{column['name']}"] = (
                column["type"].lower(),
                bool(column["notnull"]) or key,
                None if column["dflt_value"] is None else column["dflt_value"].strip("'"),
                key,
            )
    for index in db.query("select name, sql from sqlite_master where type = 'index' and sql is not null"):
        columns = tuple(
            row["name"] for row in db.query(f"select name from pragma_index_info('{index['name']}')")
        )
        statement = " ".join(index["sql"].lower().split())
        told[index["name"]] = (columns, " unique " in statement, " where " in statement)
    for trigger in db.query("select name, tbl_name from sqlite_master where type = 'trigger'"):
        told[trigger["name"]] = trigger["tbl_name"]
    db.close()
    return told


def _server_schema(url: str) -> dict[str, Any]:
    db = connect(url)
    told: dict[str, Any] = {}
    keys = {
        (row[0], row[1])
        for row in db.execute(
            """
            select table_name, column_name from information_schema.key_column_usage
            join information_schema.table_constraints using (constraint_name, table_name, table_schema)
            where table_schema = 'tijdwinst' and constraint_type = 'PRIMARY KEY'
            """
        ).fetchall()
    }
    for table, column, kind, nullable, default in db.execute(
        """
        select table_name, column_name, data_type, is_nullable, column_default from information_schema.columns
        where table_schema = 'tijdwinst'
        """
    ).fetchall():
        plain = None if default is None else default.split("::")[0].strip("'")
        key = (table, column) in keys
        told[f"{table}.{column}"] = (TYPES[kind], nullable == "NO", plain, key)
    for name, unique, where, columns in db.execute(
        """
        select index.relname, indisunique, indpred is not null, array(
            select attname from unnest(indkey) with ordinality as part(number, place)
            join pg_attribute on attrelid = indrelid and attnum = number order by place)
        from pg_index join pg_class as index on index.oid = indexrelid
        where relnamespace = 'tijdwinst'::regnamespace
            and not exists (select 1 from pg_constraint where conindid = indexrelid)
        """
    ).fetchall():
        told[name] = (tuple(columns), bool(unique), bool(where))
    for name, table in db.execute(
        """
        select tgname, relname from pg_trigger join pg_class as of on of.oid = tgrelid
        where not tgisinternal and relnamespace = 'tijdwinst'::regnamespace and tgname not like 'tell_%'
        """
    ).fetchall():
        told[name] = table
    db.close()
    return told


def test_both_have_the_same_tables(tmp_path: Path) -> None:
    """Whoever reads the ledger finds the same columns, indexes and guards, whichever database it is in."""
    on_server, in_file = _server_schema(postgres.database_for(tmp_path)), _file_schema()
    ours = {name: what for name, what in on_server.items() if not name.startswith("_sqlite_migrations")}
    theirs = {name: what for name, what in in_file.items() if "_sqlite_migrations" not in name}

    assert ours == theirs


def test_replicas_that_start_at_once_migrate_once() -> None:
    """Three replicas of the first start: each finds the tables, and none fails over another's."""
    name = "fresh"
    postgres.server().execute(f"create database {name}")
    url, faults = postgres.server().url(name), []

    def start() -> None:
        try:
            migrate(url)
        except psycopg.Error as error:
            faults.append(error)

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db = connect(url)
    applied = db.execute("select count(*), count(distinct name) from _sqlite_migrations").fetchall()[0]
    db.close()

    assert not faults
    assert applied[0] == applied[1] > 10


def _execute(statement: str, db: Database) -> None:
    db.execute(statement)


async def test_nobody_changes_the_audit_log(records: Records) -> None:
    """The log is append-only in PostgreSQL too, for whoever has the database's password."""
    await records.audit.add("T1", "blocked", user_id="UANNA", subject="summarize", data_class="bsn")

    for statement in ("update audit set act = 'other'", "delete from audit"):
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            await records.store.write(partial(_execute, statement))
    assert [event.act for event in await records.audit.newest("T1")] == ["blocked"]


async def test_a_workspace_that_left_is_purged(records: Records) -> None:
    """After its days everything of a workspace is gone, from whatever table points at another."""
    await records.budgets.lift("T1", "month", "", "2026-11", user_id="UCHEF")
    await records.erasures.leave("T1", datetime.now(UTC) - timedelta(days=400))
    await records.erasures.purge("T1")

    assert await records.audit.newest("T1") == []


async def test_replicas_share_one_budget(records: Records, tmp_path: Path) -> None:
    """Two replicas that ask the model at the same moment spend what one may, and no cent more."""
    other = Records(tmp_path / "other.sqlite", database_url=postgres.database_for(tmp_path))
    other.open()
    limit = Limit("run", "T1", "T1:C1:1.0", "", datetime(2026, 1, 1, tzinfo=UTC), most_microusd=1_000)

    async def ask(which: Records, number: int) -> bool:
        try:
            await which.ledger.begin_call(
                f"c{number}",
                run_id="T1:C1:1.0",
                model="m",
                attempt=f"c{number}!1",
                estimate_microusd=100,
                limits=[limit],
            )
        except OverLimitError:
            return False
        return True

    await records.store.write(
        lambda db: db.execute(
            """
            insert into runs (run_id, team_id, channel_id, user_id, task, surface, started_at, outcome,
                baseline_minutes, baseline_source, asking_minutes)
            values ('T1:C1:1.0', 'T1', 'C1', 'UANNA', 'reply', 'command', '2026-11-20', 'running', 1, 'claimed', 1)
            """
        )
    )
    allowed = await asyncio.gather(*(ask((records, other)[number % 2], number) for number in range(40)))
    await other.close()

    assert sum(allowed) == 10


def _note(db: Database, kind: str) -> int:
    """Write something down, and return the transaction that did."""
    db.execute("insert into notices values ('T1', ?, '2026-11-20')", [kind])
    return int(db.execute("select txid_current()").fetchone()[0])


async def test_what_waits_is_stored_together(records: Records, tmp_path: Path) -> None:
    """While another replica writes, requests gather, and go in one commit at this one's turn.

    One that fails undoes no other.
    """
    url = postgres.database_for(tmp_path)
    with closing(connect(url)) as other:
        other.execute("select pg_advisory_lock(?, ?)", [LOCKS, WRITING])
        first = asyncio.create_task(records.store.write(partial(_note, kind="first")))
        async with asyncio.timeout(60):
            while not other.execute("select 1 from pg_locks where not granted").fetchall():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        more = [
            asyncio.create_task(records.store.write(partial(_note, kind=kind)))
            for kind in ("second", "first", "third")
        ]
        await asyncio.sleep(0)  # they are in the queue now
        other.execute("select pg_advisory_unlock(?, ?)", [LOCKS, WRITING])
        done = await asyncio.gather(first, *more, return_exceptions=True)
        stored = other.execute("select kind from notices order by kind").fetchall()

    assert isinstance(done[2], psycopg.errors.UniqueViolation)
    assert done[0] == done[1] == done[3]
    assert stored == [("first",), ("second",), ("third",)]


async def test_what_was_undone_is_not_acked(records: Records) -> None:
    """A write that keeps an error of the database to itself is undone by the server: nobody is told it is stored."""

    def work(db: Database) -> None:
        _note(db, "lost")
        with suppress(psycopg.Error):
            db.execute("select * from nowhere")

    with pytest.raises(psycopg.Error):
        await records.store.write(work)
    assert not await records.people.noticed("T1", "lost")


async def test_quote_numbers_have_no_gap(records: Records, tmp_path: Path) -> None:
    """Numbers that two replicas give at once are one row without a gap, and none twice."""
    other = Records(tmp_path / "other.sqlite", database_url=postgres.database_for(tmp_path))
    other.open()
    numbers = await asyncio.gather(
        *(
            (records, other)[number % 2].quotes.claim_number(
                f"r{number}", team_id="T1", year=2026, content_hash=str(number)
            )
            for number in range(30)
        )
    )
    await other.close()

    assert sorted(one.sequence for one in numbers) == list(range(1, 31))


async def test_a_character_that_ends_strings_is_kept_harmless(records: Records) -> None:
    """Slack passes on a NUL that somebody pasted: the request is stored, not refused."""
    await records.people.first_notice("T1", "odd\x00kind")

    assert await records.people.noticed("T1", "odd\x00kind")


async def test_a_server_that_went_away_is_used_again(tmp_path: Path) -> None:
    """While PostgreSQL is gone nothing is acked; when it is back the next request is stored, without a restart."""
    server = postgres.Server(durable=True)
    server.start()
    try:
        server.execute("create database gone")
        records = Records(tmp_path / "records.sqlite", database_url=server.url("gone"))
        records.open()
        assert await records.people.first_notice("T1", "before")
        assert await records.people.noticed("T1", "before")
        server.stop()
        for asking in (records.people.first_notice("T1", "during"), records.people.noticed("T1", "before")):
            with pytest.raises(psycopg.OperationalError) as failed:
                await asking
            assert is_away(failed.value)
        server.start()

        assert await records.people.noticed("T1", "before")
        assert await records.people.first_notice("T1", "during")
        await records.close()
    finally:
        server.remove()
