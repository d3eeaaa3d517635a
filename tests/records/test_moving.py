"""`python -m bot migrate` moves an installation into PostgreSQL: every row, or it says which did not arrive."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from bot.offline import purge
from bot.records import Records
from bot.records.moving import Moved, MovingError, move
from bot.records.postgres import connect
from bot.safekeeping import migrate
from bot.sandbox.model import Model
from bot.sandbox.slack import Slack
from bot.settings import Settings
from tests import postgres
from tests.conftest import ANNA, SALES, make_slack, running
from tests.test_run import LINES


async def _world(folder: Path, slack: Slack, model: Model) -> None:
    """Have a bot on SQLite draft twice, and lose the second: it waits for the model."""
    async with running(folder, slack=slack, model=model, database_url="") as world:
        root = await world.thread(*LINES)
        await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
        card = await world.card()
        await world.slack.click(ANNA, world.im, card["ts"], "approve")
        await world.shown("Approved by")
        await world.rows()
        await world.bot.records.people.first_notice("T1", "odd\x00kind")
        await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
        await world.rows(2)
    db = sqlite3.connect(folder / "records.sqlite")
    db.execute("update runs set outcome = 'waiting', reason = 'busy' where review = 'open'")
    db.execute("delete from drafts where run_id in (select run_id from runs where review = 'open')")
    db.execute("delete from posts where run_id in (select run_id from runs where review = 'open')")
    db.commit()
    db.close()


def _rows(db: Any, table: str) -> list[tuple[Any, ...]]:
    return sorted(db.execute(f"select * from {table}").fetchall(), key=repr)


async def test_an_installation_moves_in_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every row stands in PostgreSQL as it was; the bot there goes on, and begins what was left."""
    async with make_slack() as slack, Model() as model:
        await _world(tmp_path, slack, model)
        url = postgres.server().url("moved_whole")
        postgres.server().execute("create database moved_whole")
        settings = Settings(data_dir=tmp_path, database_url=url)
        code = migrate(settings)
        told = capsys.readouterr().err
        file, server = sqlite3.connect(tmp_path / "records.sqlite"), connect(url)
        tables = [name for name in server.table_names() if name != "_sqlite_migrations"]
        same = [
            name
            for name in tables
            if _rows(file, name) == _rows(server, name) or name in ("requests", "notices")
        ]
        file.close()
        server.close()
        again = migrate(settings)
        key = (tmp_path / "secret.key").read_text().strip()
        async with running(
            tmp_path / "new", slack=slack, model=model, database_url=url, secret_keys=(key,)
        ) as world:
            await world.card()
            rows = await world.rows(2, where=lambda row: row["outcome"] == "drafted")
            await world.bot.records.audit.add("T1", "blocked", user_id=ANNA)

    assert (code, again) == (0, 1)
    assert "runs: 2 rows, verified" in told
    assert same == tables
    assert [row["outcome"] for row in rows] == ["drafted", "drafted"]


def _filled(folder: Path, rows: int) -> Path:
    records = Records(folder / "records.sqlite")
    records.open()
    db = sqlite3.connect(folder / "records.sqlite")
    for number in range(rows):
        db.execute("insert into notices values ('T1', ?, '2026-11-20')", [f"kind {number}"])
        db.execute("insert into actors (team_id, user_id) values ('T1', ?)", [f"U{number}"])
    db.commit()
    db.close()
    return folder / "records.sqlite"


def test_an_interrupted_move_goes_on(tmp_path: Path) -> None:
    """Ctrl-C in the middle: the next try keeps what was verified, and numbers go on after the highest."""
    path, url = _filled(tmp_path, 50), postgres.database_for(tmp_path)
    seen: list[Moved] = []

    def stop(moved: Moved) -> None:
        seen.append(moved)
        if moved.table == "notices":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move(path, url, told=stop)
    before = {one.table for one in seen}
    seen.clear()
    move(path, url, told=seen.append)
    db = connect(url)
    next_number = db.execute(
        "insert into actors (team_id, user_id) values ('T1', 'U-new') returning actor_id"
    )

    assert "notices" in before
    assert {one.table for one in seen if one.before} == before
    assert {one.table: one.rows for one in seen}["notices"] == 50
    assert next_number.fetchall()[0][0] == 51
    assert "_moved" not in db.table_names()
    db.close()


def test_whatever_stands_in_a_row_arrives(tmp_path: Path) -> None:
    """A text may hold what parts rows, columns and nothing on the way: it arrives as it was, beside plain ones."""
    odd = ["a\tb", "a\nb", "a\rb", r"a\nb", r"\.", "a\x1eb", "a\x1fb", "\x1e", "\x1f\x1e", "", "\u2028é", "N"]
    path, url = _filled(tmp_path, 0), postgres.database_for(tmp_path)
    db = sqlite3.connect(path)
    # More than go at a time, so that some of them go among plain ones only.
    for number in range(2_500):
        work = odd[number] if number < len(odd) else "plain"
        minutes = None if number % 3 == 0 else [0.1 + 0.2, 0.0, 15.0, 1e-7, 1e21][number % 5]
        db.execute(
            "insert into timings (team_id, user_id, work, started_at, minutes) values ('T1', ?, ?, '', ?)",
            [f"U{number}", work, minutes],
        )
    db.commit()
    move(path, url, told=lambda moved: None)
    server = connect(url)
    there = _rows(server, "timings")
    server.close()

    assert there == _rows(db, "timings")
    db.close()


def test_a_row_that_arrives_otherwise_is_told(tmp_path: Path) -> None:
    """What PostgreSQL stores is read back and compared: a table that differs is not kept."""
    path, url = _filled(tmp_path, 3), postgres.database_for(tmp_path)
    db = connect(url)
    db.conn.execute("alter table notices alter column told_at type timestamp using told_at::timestamp")
    with pytest.raises(MovingError, match="notices did not arrive"):
        move(path, url, told=lambda moved: None)
    kept = db.execute("select count(*) from notices").fetchall()[0][0]
    db.close()

    assert kept == 0


def test_a_database_that_is_somebodys_is_left_alone(tmp_path: Path) -> None:
    """Records that stand in PostgreSQL already are not mixed with others."""
    path, url = _filled(tmp_path, 3), postgres.database_for(tmp_path)
    move(path, url, told=lambda moved: None)

    with pytest.raises(MovingError, match="holds records already"):
        move(path, url, told=lambda moved: None)


async def test_everything_on_the_server_can_be_deleted(tmp_path: Path) -> None:
    """`purge --all` leaves nothing of the bot in the database; while a bot runs there it refuses."""
    url = postgres.database_for(tmp_path)
    settings = Settings(data_dir=tmp_path, database_url=url)
    async with running(tmp_path, database_url=url, secret_keys=(Fernet.generate_key().decode(),)):
        refused = await purge(settings, person="", everything=True)
    done = await purge(settings, person="", everything=True)
    db = connect(url)
    schemas = db.conn.execute("select nspname from pg_namespace").fetchall()
    db.close()

    assert (refused, done) == (1, 0)
    assert not {("tijdwinst",), ("dbos",)} & set(schemas)
