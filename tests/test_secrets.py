"""Secrets stay where they are: planted in settings, threads and files, they turn up nowhere that anybody looks."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import sqlite3
import subprocess
import sys
import traceback
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest
from cryptography.fernet import Fernet

from bot.guard import begin_rotation, end_rotation, open_vault
from bot.records import Records
from bot.records.backups import make_backup
from bot.records.export import TABLES, as_json_lines, read_rows
from bot.safekeeping import rotate_keys
from bot.sandbox.model import Model
from bot.settings import Settings, SettingsError
from tests.conftest import ANNA, BEN, SALES, SECRET, make_slack, on_postgres, records_in, running
from tests.stored import ENGINE, looked_up, stored

ROOT = Path(__file__).parent.parent

IN_THREADS = {
    "BSN": ("Het BSN van de klant is 111222333.", "111222333"),
    "card": ("Betaal maar met kaart 4111 1111 1111 1111.", "4111 1111 1111 1111"),
    "passport": ("Haar paspoort is NW3KL56P8.", "NW3KL56P8"),
    "password": ("wachtwoord: Zwanenhals!4711", "Zwanenhals!4711"),
    "api key": (
        "De sleutel is sk-ant-api03-Kr0kant3Wafel99xYzQwErTyUiOpAsDfGh.",
        "Kr0kant3Wafel99xYzQwErTyUiOpAsDfGh",
    ),
    "aws key": ("AKIAIOSFODNN7EXAMPLE staat in de config.", "AKIAIOSFODNN7EXAMPLE"),
    "slack token": (
        "Use xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy here.",
        "pdFZKVeTuE8sk7oOcHrzqqgy",
    ),
    "github token": ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "16C7e42F292c6912E7710c838347Ae178B4a"),
    "private key": (
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAzwanenhals4711\n-----END RSA PRIVATE KEY-----",
        "MIIEpAIBAAKCAQEAzwanenhals4711",
    ),
}
"""What somebody wrote into a thread, and the part of it that nobody may find."""

IN_SETTINGS = (
    "slack token of ours",
    "signing secret",
    "model key",
    "first key",
    "second key",
    "database password",
)
SECRETS = (*IN_THREADS, *IN_SETTINGS)
# PostgreSQL is backed up by its own pg_dump.
BACKUPS = () if on_postgres() else ("backups",)
SINKS = ("log", "ports", "slack", "model", "engine", "export", "faults", "crash", *BACKUPS)


async def _live(folder: Path) -> tuple[dict[str, str], dict[str, bytes]]:
    """Let a bot meet every secret, well and ill; return the secrets, and what each sink holds afterwards."""
    log, keys = io.StringIO(), (Fernet.generate_key().decode(), Fernet.generate_key().decode())
    handler = logging.StreamHandler(log)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)  # as it runs
    async with make_slack() as slack, Model(key="sk-ant-planted-0123456789") as model:
        secrets = {name: planted for name, (_, planted) in IN_THREADS.items()}
        secrets |= dict(
            zip(IN_SETTINGS, (slack.token, SECRET, model.key, *keys, "Waterval-4711"), strict=True)
        )
        async with running(folder, slack=slack, model=model, secret_keys=keys) as world:
            for words, _ in IN_THREADS.values():
                ts = await world.thread((BEN, words))
                await slack.command(ANNA, SALES, "/summarize", world.link(ts))
            await world.rows(len(IN_THREADS))
            ts = await world.thread((BEN, "The chairs come on Tuesday."))
            for fault in (None, "unauthorized", "bad_request"):
                if fault:
                    model.fail(fault, message=f"key {model.key} is no good")
                await slack.command(ANNA, SALES, "/draft", "email Write to Kim about the chairs.")
            await world.rows(len(IN_THREADS) + 3)
            await slack.send_raw(
                json.dumps({"type": "event_callback", "event": {"text": secrets["password"]}})
            )
            ports = b""
            async with aiohttp.ClientSession() as session:
                for path in ("metrics", "healthz", "readyz", "nothing"):
                    async with session.get(f"http://127.0.0.1:{world.bot.server.port}/{path}") as answer:
                        ports += await answer.read()
            backup = "" if on_postgres() else make_backup(folder).name
    root.removeHandler(handler)
    root.setLevel(level)
    records = records_in(folder)
    exported = "".join(
        line
        for table in TABLES
        if table not in ("requests", "drafts")
        for line in as_json_lines(read_rows(records.store, table))
    )
    await records.close()
    sent = [(call.method, call.arguments) for call in slack.calls]
    return secrets, {
        "log": log.getvalue().encode(),
        "ports": ports,
        "slack": str(sent).encode(),
        "model": str([one.body for one in model.requests]).encode(),
        "engine": stored(folder, ENGINE),
        "export": exported.encode(),
        "backups": backup.encode(),
        "faults": _faults(secrets, folder),
        "crash": await asyncio.to_thread(_crash, secrets, folder),
    }


def _open_to_others(folder: Path) -> dict[str, int]:
    """Return what others than the owner may do with each file."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "bot.lock")
    return {path.name: path.stat().st_mode & 0o077 for path in files}


def _environ(secrets: dict[str, str], folder: Path) -> dict[str, str]:
    return {
        "SLACK_BOT_TOKEN": secrets["slack token of ours"],
        "SLACK_SIGNING_SECRET": secrets["signing secret"],
        "ANTHROPIC_API_KEY": secrets["model key"],
        "SECRET_KEYS": f"{secrets['first key']},{secrets['second key']}",
        "DATA_DIR": str(folder),
        "DATABASE_URL": f"postgresql://bot:{secrets['database password']}@127.0.0.1:1/firm",
    }


def _faults(secrets: dict[str, str], folder: Path) -> bytes:
    """Return everything that wrong settings are answered with, each secret once in the place of a setting."""
    said = [repr(Settings.from_environ(_environ(secrets, folder)))]
    for name in ("PORT", "LANGUAGE", "CURRENCY"):
        try:
            Settings.from_environ({**_environ(secrets, folder), name: "wrong"})
        except SettingsError:
            said.append(traceback.format_exc())
    for secret in secrets.values():
        try:
            Settings.from_environ({**_environ(secrets, folder), "SLACK_BOT_TOKEN": f"{secret} \n{secret}"})
        except SettingsError as error:
            said.append(str(error))
    with pytest.raises(ValueError, match="Fernet") as caught:
        open_vault(folder, [secrets["first key"][1:], secrets["second key"]])
    said += traceback.format_exception(caught.value)
    return "\n".join(said).encode()


def _crash(secrets: dict[str, str], folder: Path) -> bytes:
    """Return what a bot says that dies at its start: it may not listen where it should, not write, or not connect."""
    said = b""
    file = {"DATABASE_URL": ""}
    for wrong in ({"HOST": "192.0.2.1", **file}, {"DATA_DIR": "/dev/null/x", **file}, {}):
        ran = subprocess.run(
            [sys.executable, "-m", "bot"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **_environ(secrets, folder), **wrong},
            capture_output=True,
            timeout=120,
            check=False,
        )
        said += ran.stdout + ran.stderr
    return said


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], dict[str, bytes]]:
    """A bot that has met all secrets, and what every sink holds."""
    return asyncio.run(_live(tmp_path_factory.mktemp("lived")))


@pytest.mark.parametrize("sink", SINKS)
@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_turns_up(lived: tuple[dict[str, str], dict[str, bytes]], secret: str, sink: str) -> None:
    """Whoever reads logs, figures, messages, exports, the engine's file or a crash finds no secret in them."""
    secrets, sinks = lived

    assert secrets[secret].encode() not in sinks[sink]
    assert sinks[sink]


def test_the_sinks_are_read(lived: tuple[dict[str, str], dict[str, bytes]]) -> None:
    """What must stand in each sink does, so that a secret there would have been seen."""
    _, sinks = lived
    marks = {
        "log": b"outcome=refused",
        "ports": b"tijdwinst_ack_seconds",
        "slack": b"chat.postMessage",
        "model": b"chairs",
        "engine": b"SUCCESS",
        "export": b"blocked",
        "backups": b"tijdwinst-",
        "faults": b"PORT is",
        "crash": b"PostgreSQL at 127.0.0.1:1/firm cannot be used",
    }

    assert [name for name in SINKS if marks[name] not in sinks[name]] == []


@pytest.mark.sqlite("it is about the files")
async def test_every_file_is_the_bots_alone(tmp_path: Path) -> None:
    """Nobody else on the machine opens a file of the bot's: databases, keys, backups, what is written of erasures."""
    async with running(tmp_path) as world:
        await world.slack.command(ANNA, SALES, "/draft", "email Write to Kim about the chairs.")
        await world.rows()
        await world.bot.records.knowledge.sync()
        await world.bot.records.erasures.ask("T1", BEN)
        make_backup(tmp_path)
        modes = _open_to_others(tmp_path)

    assert {
        "records.sqlite",
        "engine.sqlite",
        "knowledge.sqlite",
        "secret.key",
        "erased.jsonl",
    } <= modes.keys()
    assert set(modes.values()) == {0}, modes


async def test_the_engine_holds_nothing_pickled(tmp_path: Path) -> None:
    """The engine's tables are plain JSON: whoever could write into it could still run nothing."""
    async with running(tmp_path) as world:
        await world.slack.command(ANNA, SALES, "/draft", "email Write to Kim about the chairs.")
        await world.rows()
    kept = [
        value
        for table, columns in {
            "workflow_status": "inputs, output, error, serialization",
            "operation_outputs": "output, error, serialization",
        }.items()
        for row in looked_up(tmp_path, f"select {columns} from {table}", ENGINE)
        for value in row
        if value is not None
    ]
    forms = {value for value in kept if value.endswith("json")}

    assert forms == {"portable_json"}
    for value in kept:
        if value not in forms:
            json.loads(value)


async def _sealed(folder: Path) -> list[str]:
    records = Records(folder / "records.sqlite")
    records.open()
    vault = open_vault(folder)
    for number in range(450):
        sent = vault.seal(f"text {number}".encode())
        await records.vaults.keep(f"T1:{number}", version=1, part="a", vault=vault.seal(b"{}"), sent=sent)
    await records.close()
    return _all_sealed(folder)


def _all_sealed(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "records.sqlite")) as db:
        rows = db.execute("select sealed from sent_texts union all select sealed from vaults").fetchall()
    return [row[0] for row in rows]


async def test_everything_goes_under_the_new_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After a rotation of a stopped bot the old key opens nothing, and the new one all of it."""
    before = await _sealed(tmp_path)
    old = (tmp_path / "secret.key").read_text()
    code = await asyncio.to_thread(rotate_keys, _settings(tmp_path))
    after = _all_sealed(tmp_path)
    new = (tmp_path / "secret.key").read_text()

    assert code == 0
    assert "sealed anew: 900, were already: 0, no key opens: 0" in capsys.readouterr().out
    assert old not in new
    assert not set(before) & set(after)
    assert {Fernet(new).decrypt(one.encode())[:4] for one in after} == {b"text", b"{}"}
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600


async def test_a_rotation_goes_on_where_it_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed in between, nothing is lost and no third key comes: the next rotation ends it."""
    before = await _sealed(tmp_path)
    begin_rotation(tmp_path)
    vault = open_vault(tmp_path)
    renewed = [(vault.renew(one), one) for one in before[:100]]
    with closing(sqlite3.connect(tmp_path / "records.sqlite")) as db, db:
        db.executemany("update sent_texts set sealed = ? where sealed = ?", renewed)
    opened = {open_vault(tmp_path).open(one) is not None for one in _all_sealed(tmp_path)}
    await asyncio.to_thread(rotate_keys, _settings(tmp_path))

    assert opened == {True}
    assert "sealed anew: 800, were already: 100" in capsys.readouterr().out
    assert len((tmp_path / "secret.key").read_text().split()) == 1


@pytest.mark.sqlite("in PostgreSQL keys are not rotated: older ones stay in SECRET_KEYS")
async def test_a_running_bot_goes_on_over_a_rotation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside a running bot the old key stays, because it still seals with it; what was sent can be shown meanwhile."""
    async with running(tmp_path) as world:
        await world.slack.command(ANNA, SALES, "/draft", "email Write to Kim about the chairs.")
        (row,) = await world.rows()
        await asyncio.to_thread(rotate_keys, _settings(tmp_path))
        keys = (tmp_path / "secret.key").read_text().split()
        assert world.bot.workspace is not None
        sent = await world.bot.workspace.desk.gate.sent(row["run_id"], 1)

    assert len(keys) == 2
    assert "stop it, do this again" in capsys.readouterr().err
    assert "chairs" in str(sent)
    assert Fernet(keys[0]).decrypt(_all_sealed(tmp_path)[0].encode())


async def test_keys_of_the_environment_are_rotated_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With SECRET_KEYS nothing is made: the first of them is the one that counts."""
    await _sealed(tmp_path)
    old = (tmp_path / "secret.key").read_text()
    fresh = Fernet.generate_key().decode()
    code = await asyncio.to_thread(rotate_keys, Settings(data_dir=tmp_path, secret_keys=(fresh, old)))
    lost = await asyncio.to_thread(rotate_keys, Settings(data_dir=tmp_path, secret_keys=(old,)))
    told = capsys.readouterr()

    assert (code, lost) == (0, 0)
    assert {Fernet(fresh).decrypt(one.encode())[:4] for one in _all_sealed(tmp_path)} == {b"text", b"{}"}
    assert "no key opens: 900" in told.out
    assert "needed no more" in told.err


_ROTATE_ALOUD = """
import sys
from pathlib import Path
from bot.guard import begin_rotation

sys.addaudithook(lambda event, args: print(event, args[0]) if event in ("os.rename", "open") else None)
begin_rotation(Path(sys.argv[1]))
"""


def test_a_new_key_outlasts_a_power_failure(tmp_path: Path) -> None:
    """Nothing is sealed with a key whose file may be the old one again after the lights went out."""
    open_vault(tmp_path)
    # In a process of its own: an audit hook cannot be taken off, and with one in place a thread that starts
    # while another sets coverage's trace function dies before its first line (CPython 3.11, gh-98257).
    command = [sys.executable, "-c", _ROTATE_ALOUD, str(tmp_path)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()

    assert told[-2:] == [f"os.rename {tmp_path / 'secret.part'}", f"open {tmp_path}"]


def test_a_start_that_was_killed_over_its_key_starts_again(tmp_path: Path) -> None:
    """The file was made and the key not written yet: nothing was sealed, so a key is made now."""
    (tmp_path / "secret.key").touch(mode=0o600)
    sealed = open_vault(tmp_path).seal(b"words")

    assert open_vault(tmp_path).open(sealed) == b"words"
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600


def test_the_end_of_a_rotation_keeps_the_newest(tmp_path: Path) -> None:
    """A new key in front, once; and only that one stays."""
    open_vault(tmp_path)
    begun = [begin_rotation(tmp_path), begin_rotation(tmp_path)]
    newest = (tmp_path / "secret.key").read_text().split()[0]
    end_rotation(tmp_path)

    assert begun == [True, False]
    assert (tmp_path / "secret.key").read_text() == newest


def _settings(folder: Path) -> Settings:
    return Settings(data_dir=folder)
