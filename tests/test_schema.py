"""A ledger of an older version keeps its rows, and they count as they should."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from bot.compose import Bot
from bot.offline import digest, evaluate
from bot.premises import StartError
from bot.records.schema import migrations
from bot.sandbox.model import Model
from bot.settings import Settings
from tests.conftest import SECRET, make_slack, older_tables, records_in

AT = "2026-10-20T10:00:00.000+00:00"
DECISIONS = (
    ("kept", "approved", None),
    ("changed", "edited", "The chairs cost 900 euros."),
    ("out", "discarded", None),
)


def _fill(db: Any) -> None:
    """Write a ledger as the first version wrote it: three drafts with a decision, one without."""
    for run_id, review, final_text in (*DECISIONS, ("waiting", "open", None)):
        decided = None if review == "open" else AT
        db.execute(
            """
            insert into runs (run_id, team_id, channel_id, user_id, task, surface, started_at, finished_at,
                outcome, review, baseline_minutes, baseline_source, asking_minutes, review_minutes,
                minutes_saved, decided_at, calls, calls_unpriced)
            values (?, 'T1', 'C1', 'UANNA', 'reply', 'command', ?, ?, 'drafted', ?, 12, 'claimed', 1, 2, ?, ?, 1, 0)
            """,
            [run_id, AT, AT, review, None if decided is None else 9, decided],
        )
        db.execute(
            "insert into drafts values (?, 1, 'The chairs cost 1.250 euros.', 'm', '{}', 0, '[]', ?, ?, ?, ?)",
            [run_id, AT, AT, final_text, "2027-01-01T00:00:00.000+00:00"],
        )
    db.conn.commit()
    db.close()


async def test_an_old_ledger_is_taken_over(tmp_path: Path) -> None:
    """After an update earlier drafts have their class of correction, and an undecided one its own month."""
    _fill(older_tables(tmp_path, before="m002_proof"))
    records = records_in(tmp_path)
    moment = datetime(2026, 11, 24, tzinfo=UTC)
    await records.settlements.settle_unreviewed(moment)
    rows = {row["run_id"]: row for row in await records.ledger.newest()}
    counts = await records.proof.task_counts("T1", datetime(2026, 10, 1, tzinfo=UTC), moment)
    due = (
        await records.questions.reminders_due("T1", moment),
        await records.questions.rework_due("T1", moment),
    )
    await records.close()

    assert [rows[run_id]["correction"] for run_id, _, _ in DECISIONS] == ["as_is", "moderate", "discarded"]
    assert [rows[run_id]["numbers_changed"] for run_id, _, _ in DECISIONS] == [0, 1, 0]
    assert (rows["waiting"]["settled_month"], rows["waiting"]["minutes_saved"]) == ("2026-10", -1)
    assert (counts[0].accepted, counts[0].as_is, counts[0].moderate, counts[0].unused) == (2, 1, 1, 2)
    assert due == ([], [])


def test_each_migration_has_a_number_of_its_own() -> None:
    """Two changes that were made at the same time do not reach a ledger in an order that nobody chose."""
    numbers = [name[:4] for name in (each.name for each in migrations.pending(Database(memory=True)))]
    later = numbers[numbers.index("m005") :]  # two of number four are out in the world, in this order

    assert numbers == sorted(numbers)
    assert later == [f"m{number:03d}" for number in range(5, 5 + len(later))]


async def test_a_command_says_that_the_ledger_is_older(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Figures asked for before the new version ever ran: a sentence with the cure, and the file stays as it was."""
    db = Database(tmp_path / "records.sqlite")
    migrations.apply(db, stop_before="m002_proof")
    _fill(db)
    async with make_slack() as slack, Model() as model:
        settings = Settings(
            slack_bot_token=slack.token,
            slack_signing_secret=SECRET,
            slack_api_url=f"{slack.url}/api/",
            anthropic_api_key=model.key,
            anthropic_base_url=model.url,
            data_dir=tmp_path,
            port=0,
        )
    codes = [await digest(settings), await evaluate(settings, start=date(2026, 10, 1), end=None, out=None)]
    tables = sqlite3.connect(tmp_path / "records.sqlite").execute("select name from sqlite_master").fetchall()

    assert codes == [1, 1]
    assert "start this version of the bot once" in capsys.readouterr().err
    assert ("digests",) not in tables


async def test_a_damaged_file_asks_for_a_backup(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody is sent to look for rights or a port when the file itself is broken."""
    (tmp_path / "records.sqlite").write_bytes(b"no database " * 400)
    async with make_slack() as slack, Model() as model:
        settings = Settings(
            slack_bot_token=slack.token,
            slack_signing_secret=SECRET,
            slack_api_url=f"{slack.url}/api/",
            anthropic_api_key=model.key,
            anthropic_base_url=model.url,
            data_dir=tmp_path,
            port=0,
        )
        bot = Bot(settings)
        with pytest.raises(StartError, match="put the last backup back"):
            await bot.start()
        await bot.stop()

    assert await digest(settings) == 1
    assert "put the last backup back" in capsys.readouterr().err
