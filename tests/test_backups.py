"""A backup is made beside a running bot, kept for its days, and put back whole; nobody reads a thing twice."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import sqlite3
import time
import zipfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot import jobs
from bot.compose import Bot
from bot.guard import open_vault
from bot.offline import purge
from bot.premises import StartError
from bot.records.backups import (
    KEPT_DAYS,
    RESTORING,
    BackupError,
    is_due,
    make_backup,
    make_nightly,
    newest_backup,
    restore_backup,
)
from bot.records.erased import FILE as ERASED
from bot.records.erased import erasures_since, note_erasure
from bot.safekeeping import backup, restore
from bot.sandbox.model import Model
from bot.sandbox.slack import Slack
from bot.settings import Settings
from tests.conftest import ANNA, BEN, CHEF, SALES, World, buttons, make_slack, running
from tests.process import BotProcess

pytestmark = pytest.mark.sqlite("PostgreSQL is backed up by its own pg_dump: test_dump.py")

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def _settings(folder: Path) -> Settings:
    return Settings(data_dir=folder)


def _rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "records.sqlite")) as db:
        return db.execute(sql).fetchall()


def _ours(slack: Slack, channel_id: str, thread_ts: str = "") -> list[dict[str, Any]]:
    return [one for one in slack.messages(channel_id, thread_ts) if one.get("bot_id")]


async def _live(folder: Path) -> None:
    async with running(folder) as world:
        await world.slack.command(ANNA, SALES, "/draft", "email Write to Kim about the chairs.")
        await world.rows()


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a bot that has drafted something and was stopped, once for all tests."""
    folder = tmp_path_factory.mktemp("lived")
    asyncio.run(_live(folder))
    return folder


@pytest.fixture
def lived_in(lived: Path, tmp_path: Path) -> Path:
    """A copy of it to do something to."""
    shutil.copytree(lived, tmp_path / "data")
    return tmp_path / "data"


async def _finished(folder: Path, count: int) -> None:
    """Wait until so many runs are done."""
    async with asyncio.timeout(30):
        while True:
            if len(_rows(folder, "select 1 from runs where finished_at is not null")) >= count:
                return
            await asyncio.sleep(0.05)


async def test_a_restore_brings_back_the_backup_and_nothing_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A backup, more work, kill -9, the backup put back: its state holds, and what Slack sends again is told once.

    What was asked after the backup was answered before the machine died. Slack sends those events again, and the
    bot does not know them; the answers that stand in Slack already are the ones that it goes on with.
    """
    async with make_slack() as slack, Model() as model:
        im = slack.workspace.im_with(ANNA).id
        process = BotProcess(slack, model, tmp_path, http=True)
        await process.start()
        await slack.command(ANNA, SALES, "/draft", "email Write to Kim about the chairs.")
        await _finished(tmp_path, 1)
        before = _rows(tmp_path, "select run_id, review from runs")
        code = backup(_settings(tmp_path), None, with_key=False)
        made = Path(capsys.readouterr().out.strip())

        root = slack.workspace.add_message(SALES, BEN, "The chairs come on Tuesday, 40 of them.")["ts"]
        card = next(one for one in slack.messages(im) if "approve" in buttons(one))
        await slack.click(ANNA, im, card["ts"], "approve")
        mention = f"<@{slack.workspace.bot_user_id}> summarize this"
        asked = await slack.say(ANNA, SALES, mention, thread_ts=root)
        question = await slack.say(ANNA, im, "Write an e-mail to Kim: the chairs come on Tuesday.")
        await _finished(tmp_path, 3)
        shown = [len(_ours(slack, SALES, root)), len(_ours(slack, im)), len(_ours(slack, im, question))]
        await process.end(signal.SIGKILL)
        codes = [code, restore(_settings(tmp_path), made)]
        after = _rows(tmp_path, "select run_id, review from runs")
        await process.start()
        again = [one for one in slack.sent if asked in str(one.payload) or question in str(one.payload)]
        for delivery in again:
            await slack.deliver_again(delivery)
        await _finished(tmp_path, 3)
        # What was approved after the backup is open again, in Slack too.
        await slack.wait_for(lambda: [one for one in slack.messages(im) if "approve" in buttons(one)] or None)
        await slack.click(ANNA, im, card["ts"], "approve")
        await slack.wait_for(lambda: _rows(tmp_path, "select 1 from runs where review = 'approved'") or None)
        await process.end(signal.SIGTERM)

        assert codes == [0, 0]
        assert (len(before), after) == (1, before)
        assert len(again) >= 2
        assert [
            len(_ours(slack, SALES, root)),
            len(_ours(slack, im)),
            len(_ours(slack, im, question)),
        ] == shown
        assert "the state of" in capsys.readouterr().err


async def test_a_draft_under_way_at_the_backup_stands_once(tmp_path: Path) -> None:
    """The backup was made while a draft was being written: after a restore it is written anew, in the same message."""
    async with make_slack() as slack, Model() as model:
        im = slack.workspace.im_with(ANNA).id
        process = BotProcess(slack, model, tmp_path, http=True)
        await process.start()
        released = asyncio.Event()

        async def wait(body: dict[str, Any]) -> str:
            await released.wait()
            return "Dear Kim, the chairs come on Tuesday."

        model.answers = [wait]
        question = await slack.say(ANNA, im, "Write an e-mail to Kim: the chairs come on Tuesday.")
        await model.asked(1)
        made = await asyncio.to_thread(make_backup, tmp_path)
        released.set()
        await _finished(tmp_path, 1)
        await process.end(signal.SIGKILL)
        restore_backup(tmp_path, made)
        unfinished = _rows(tmp_path, "select count(*) from runs where finished_at is not null")
        model.answers = ["Dear Kim, on Tuesday."]
        await process.start()
        await _finished(tmp_path, 1)
        await slack.wait_for(lambda: "Dear Kim, on Tuesday" in str(_ours(slack, im, question)) or None)
        await process.end(signal.SIGTERM)
        (draft,) = _ours(slack, im, question)

        assert unfinished == [(0,)]
        assert "approve" in buttons(draft)


async def test_a_backup_is_for_its_owner_alone_and_without_the_key(lived_in: Path, tmp_path: Path) -> None:
    """Who finds the file reads what is encrypted only when the key was asked to be in it."""
    plain = make_backup(lived_in)
    keyed = make_backup(lived_in, tmp_path / "kept.zip", with_key=True)
    key = (lived_in / "secret.key").read_bytes()
    held = []
    for path in (plain, keyed):
        with zipfile.ZipFile(path) as packed:
            held.append(sorted(packed.namelist()))
            inside = b"".join(packed.read(name) for name in packed.namelist())
            held.append([str(key in inside)])

    assert [path.stat().st_mode & 0o777 for path in (plain, keyed, plain.parent)] == [0o600, 0o600, 0o700]
    assert held == [
        ["backup.json", "engine.sqlite", "records.sqlite"],
        ["False"],
        ["backup.json", "engine.sqlite", "records.sqlite", "secret.key"],
        ["True"],
    ]


async def test_a_key_comes_back_with_its_backup(lived_in: Path, tmp_path: Path) -> None:
    """The machine is gone: a backup with the key in it opens what was encrypted on a new one."""
    sealed = str(_rows(lived_in, "select sealed from sent_texts")[0][0])
    kept = make_backup(lived_in, tmp_path / "kept.zip", with_key=True)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    restore_backup(fresh, kept)

    assert b"chairs" in (open_vault(fresh).open(sealed) or b"")
    assert {name: (fresh / name).stat().st_mode & 0o777 for name in os.listdir(fresh) if "." in name} == {
        "records.sqlite": 0o600,
        "engine.sqlite": 0o600,
        "secret.key": 0o600,
    }


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.sqlite")}


def _broken(made: Path, how: str) -> Path:
    path = made.with_name("broken.zip")
    if how == "missing":
        return path
    if how == "no zip":
        path.write_bytes(b"no zip")
    elif how == "cut off":
        path.write_bytes(made.read_bytes()[:-200])
    elif how == "a bit":
        content = bytearray(made.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content)
    else:
        way = zipfile.ZIP_LZMA if how == "a bit of another packing" else zipfile.ZIP_STORED
        with zipfile.ZipFile(made) as packed, zipfile.ZipFile(path, "w", way) as other:
            for name in packed.namelist():
                other.writestr(name, _changed(name, packed.read(name), how, made.parent))
    if how == "a bit of another packing":
        content = bytearray(path.read_bytes())
        content[len(content) // 2 : len(content) // 2 + 2_000] = bytes(2_000)
        path.write_bytes(content)
    return path


def _changed(name: str, content: bytes, how: str, folder: Path) -> bytes:
    changes: dict[str, dict[str, Any]] = {
        "a newer format": {"format": 2},
        "a moment of no zone": {"made_at": "2026-11-30T12:00:00"},
    }
    if how in changes:
        return (
            json.dumps({**json.loads(content), **changes[how]}).encode() if name == "backup.json" else content
        )
    if name != "records.sqlite":
        return content
    if how == "a damaged page":
        return content[:40_000] + bytes(4096) + content[44_096:]
    scratch = folder / "scratch"
    scratch.write_bytes(content)
    with closing(sqlite3.connect(scratch)) as db, db:
        db.execute(
            """
            insert into _sqlite_migrations (migration_set, name, applied_at)
            values ('tijdwinst', 'm999_flying', '2027-01-01')
            """
        )
    return scratch.read_bytes()


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("missing", "does not exist"),
        ("no zip", "damaged, or no backup"),
        ("cut off", "damaged, or no backup"),
        ("a bit", "damaged"),
        ("a damaged page", "is damaged"),
        ("a newer step", "m999_flying"),
        ("a newer format", "newer version"),
        ("a moment of no zone", "damaged, or no backup"),
        ("a bit of another packing", "damaged, or no backup"),
    ],
)
async def test_what_is_no_good_backup_changes_nothing(
    lived_in: Path, capsys: pytest.CaptureFixture[str], how: str, told: str
) -> None:
    """A damaged file, or one of a newer version, is refused with what to do, and the files stay as they were."""
    broken = _broken(make_backup(lived_in), how)
    before = _contents(lived_in)
    code = restore(_settings(lived_in), broken)

    assert code == 1
    assert told in capsys.readouterr().err
    assert _contents(lived_in) == before
    assert not (lived_in / RESTORING).exists()


async def test_a_running_bot_is_not_restored_under_its_feet(world: World, tmp_path: Path) -> None:
    """Its backup is made while it runs; putting one back needs it stopped."""
    made = make_backup(tmp_path)
    with pytest.raises(StartError, match="stop it first"):
        restore(_settings(tmp_path), made)


def test_a_restore_of_nothing_asks_for_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only in PostgreSQL there is no file to name."""
    assert restore(_settings(tmp_path), None) == 2
    assert "restore FILE" in capsys.readouterr().err


async def test_a_bot_does_not_start_on_half_a_restore(lived_in: Path) -> None:
    """The machine died while files were put in place: the bot says so, and the same restore mends it."""
    made = make_backup(lived_in)
    (lived_in / RESTORING).mkdir()
    (lived_in / "records.sqlite").unlink()
    bot = Bot(_settings(lived_in))
    with pytest.raises(StartError, match="restore FILE"):
        await bot.start()
    await bot.stop()
    restore_backup(lived_in, made)

    assert len(_rows(lived_in, "select 1 from runs")) == 1


async def test_half_a_restore_stays_one(lived_in: Path, tmp_path: Path) -> None:
    """After half a restore a file that is no backup changes nothing: the bot does not start on what is left."""
    made = Path(shutil.move(make_backup(lived_in), tmp_path / "good.zip"))
    (lived_in / RESTORING).mkdir()
    (lived_in / "records.sqlite").unlink()
    (tmp_path / "bad.zip").write_bytes(b"no zip")
    code = restore(_settings(lived_in), tmp_path / "bad.zip")
    is_still_half = (lived_in / RESTORING).exists()
    restore_backup(lived_in, made)

    assert (code, is_still_half) == (1, True)
    assert len(_rows(lived_in, "select 1 from runs")) == 1
    assert not (lived_in / RESTORING).exists()


async def test_a_backup_that_was_broken_off_leaves_nothing(lived_in: Path) -> None:
    """Killed while it copied, the bot leaves copies of everything behind: the next night deletes them."""
    folder = lived_in / "backups"
    old, new = folder / ".making-old", folder / ".making-new"
    for path in (old, new):
        path.mkdir(parents=True)
        (path / "records.sqlite").write_bytes(b"everything")
    os.utime(old, times=(time.time() - 2 * 86_400,) * 2)
    make_nightly(lived_in)

    assert not old.exists()
    # It may be somebody's `python -m bot backup` of this moment.
    assert new.exists()


async def test_a_torn_line_about_an_erasure_stops_no_backup(lived_in: Path) -> None:
    """The power failed while an erasure was written down: the others hold, and backups go on."""
    note_erasure(lived_in, "T1", BEN)
    with (lived_in / ERASED).open("ab") as file:
        file.write(b'{"at": "2026-11-30T12:0')
    note_erasure(lived_in, "T1", ANNA)
    moment = datetime.now(UTC) - timedelta(hours=1)
    known = erasures_since(lived_in, moment)
    make_nightly(lived_in)

    assert [one.is_of("T1", who) for one, who in zip(known, (BEN, ANNA), strict=True)] == [True, True]
    assert len(erasures_since(lived_in, moment)) == 2


async def test_a_damaged_file_is_never_packed(lived_in: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A backup that could not be put back is none: it is told when it is made, not when it is needed."""
    path = lived_in / "records.sqlite"
    content = path.read_bytes()
    path.write_bytes(content[:40_000] + bytes(4096) + content[44_096:])
    code = backup(_settings(lived_in), None, with_key=False)

    assert code == 1
    assert "damaged" in capsys.readouterr().err
    assert list((lived_in / "backups").iterdir()) == []


async def test_nothing_is_written_over(lived_in: Path, tmp_path: Path) -> None:
    """A file of that name is left alone, and a folder without a bot is told as one."""
    (tmp_path / "mine.zip").write_bytes(b"mine")
    with pytest.raises(BackupError, match="exists"):
        make_backup(lived_in, tmp_path / "mine.zip")
    with pytest.raises(BackupError, match="start the bot once"):
        make_backup(tmp_path / "backups")

    assert (tmp_path / "mine.zip").read_bytes() == b"mine"


async def test_an_erasure_holds_over_a_restore(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Anna has herself erased, and an older backup is put back: at its start the bot erases her again, Ben stays."""
    async with make_slack() as slack, Model() as model:
        async with running(tmp_path, slack=slack, model=model) as world:
            for user_id in (ANNA, BEN):
                asked = f"email Write to Kim about zwanenhals of {user_id}."
                await slack.command(user_id, SALES, "/draft", asked)
            await world.rows(2)
            made = make_backup(tmp_path)
            erasures = world.bot.records.erasures
            await erasures.erase(await erasures.ask("T1", ANNA))
        names = (tmp_path / ERASED).read_bytes()
        code = restore(_settings(tmp_path), made)
        back = _rows(tmp_path, "select user_id from runs")
        async with running(tmp_path, slack=slack, model=model):
            await jobs.erase_asked()
    left = _rows(tmp_path, "select user_id from runs")

    assert code == 0
    assert ANNA.encode() not in names
    assert (ANNA,) in back
    assert (ANNA,) not in left
    assert (BEN,) in left
    assert "erased again at start" in capsys.readouterr().err
    assert _rows(tmp_path, "select count(*) from requests where words like '%zwanenhals%'") == [(1,)]


@pytest.mark.parametrize(("hours", "due"), [(None, True), (8, False), (10, True), (40, True)])
def test_the_night_is_made_up_for(tmp_path: Path, hours: int | None, due: bool) -> None:
    """A machine that was off at night makes its backup in the morning; one that was on makes no second one."""
    (tmp_path / "backups").mkdir()
    if hours is not None:
        made_at = NOON - timedelta(hours=hours)
        (tmp_path / "backups" / f"tijdwinst-{made_at:%Y%m%dT%H%M%SZ}.zip").write_bytes(b"")

    assert is_due(tmp_path, NOON) == due


async def test_backups_are_kept_for_their_days(lived_in: Path) -> None:
    """After two weeks a backup goes, and what a restore put aside; the newest one stays until there is a newer."""
    folder = lived_in / "backups"
    folder.mkdir()
    old, older = (f"{datetime.now(UTC) - timedelta(days=KEPT_DAYS + days):%Y%m%dT%H%M%SZ}" for days in (1, 2))
    (folder / f"replaced-{older}").mkdir()
    for name in (f"tijdwinst-{old}.zip", f"tijdwinst-{older}.zip", "notes.txt"):
        (folder / name).write_bytes(b"")
    first = make_nightly(lived_in)
    names = {path.name for path in folder.iterdir()}
    shutil.move(first, lived_in / "away.zip")
    second = make_nightly(lived_in)

    assert names == {first.name, f"tijdwinst-{old}.zip", "notes.txt"}
    assert newest_backup(lived_in) is not None
    assert second.exists()


async def _measured(world: World) -> float:
    """Return the moment of the newest backup as `/metrics` tells it."""
    url = f"http://127.0.0.1:{world.bot.server.port}/metrics"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        told = await answer.text()
    return float(re.findall(r"^tijdwinst_backup_timestamp_seconds (\S+)$", told, re.MULTILINE)[0])


async def test_the_clock_makes_the_backup_and_tells_when_it_cannot(world: World, tmp_path: Path) -> None:
    """Each night one, without anybody's help; when the disk does not take it, admins read so once, until it works."""
    await world.slack.command(ANNA, SALES, "/draft", "email Write to Kim about the chairs.")
    await world.rows()
    (tmp_path / "backups").write_bytes(b"in the way")
    for _ in range(2):
        await jobs.back_up(datetime.now(UTC))
    tab = world.slack.workspace.im_with(CHEF).id
    told = [one for one in world.slack.messages(tab) if "backup" in str(one)]
    failing = await _measured(world)
    (tmp_path / "backups").unlink()
    for _ in range(2):
        await jobs.back_up(datetime.now(UTC))
    made = list((tmp_path / "backups").iterdir())

    assert len(told) == 1
    assert len(made) == 1
    assert failing == 0
    assert await _measured(world) > 1_700_000_000


async def test_purging_all_takes_the_backups_too(lived_in: Path) -> None:
    """Everything means everything: who has it all deleted leaves no copy behind."""
    make_backup(lived_in)
    code = await purge(_settings(lived_in), person="", everything=True)

    assert code == 0
    assert set(os.listdir(lived_in)) <= {"bot.lock", "secret.key"}
