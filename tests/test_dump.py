"""A backup of PostgreSQL as docs/operations.md tells it, put back on another server by the words that stand there."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from bot.records import Records
from bot.safekeeping import restore
from bot.sandbox.model import Model
from bot.sandbox.slack import Slack
from bot.settings import Settings
from tests import postgres
from tests.conftest import ANNA, BEN, SALES, buttons, make_slack
from tests.process import ROOT, BotProcess
from tests.test_replicas import until

PROGRAMS = ("pg_dump", "pg_restore")


def documented() -> tuple[str, str]:
    """Return the commands of the section about PostgreSQL: how a dump is made, and how it is put back."""
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    section = page.partition("### Backups of PostgreSQL\n")[2].partition("\n## ")[0]
    made, back = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return made, back


def carry_out(commands: str, folder: Path, environ: dict[str, str]) -> str:
    """Carry out commands in a shell as an operator does, and return what they said; a command that fails ends it."""
    path = f"{postgres.binaries()}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    told = subprocess.run(
        ["sh", "-ec", commands],
        cwd=folder,
        env={**environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert told.returncode == 0, told.stderr
    return told.stderr


@contextmanager
def owned(name: str) -> Iterator[str]:
    """Start a server with a database that an ordinary user owns, and yield its address."""
    server = postgres.Server()
    try:
        server.start()
        server.execute(f"create role {name} login")
        server.execute(f"create database {name} owner {name}")
        yield server.url(name).replace("postgres@", f"{name}@", 1)
    finally:
        server.remove()


@asynccontextmanager
async def looking_into(url: str, folder: Path) -> AsyncIterator[Records]:
    """Open the records of a database beside its bot."""
    records = Records(folder / "records.sqlite", database_url=url)
    records.open()
    try:
        yield records
    finally:
        await records.close()


async def _rows(records: Records, sql: str) -> list[tuple[Any, ...]]:
    return await records.store.read(lambda db: db.execute(sql).fetchall())


async def _finished(records: Records, count: int) -> None:
    await until(
        lambda: _rows(records, f"select 1 from runs where finished_at is not null limit 1 offset {count - 1}")
    )


def _ours(slack: Slack, channel_id: str, thread_ts: str = "") -> list[dict[str, Any]]:
    return [one for one in slack.messages(channel_id, thread_ts) if one.get("bot_id")]


@pytest.mark.skipif(
    any(not (postgres.binaries() / name).exists() for name in PROGRAMS),
    reason=f"the PostgreSQL in {postgres.binaries()} has no pg_dump and pg_restore",
)
async def test_a_dump_put_back_on_another_server_holds_everything_and_brings_nothing_twice(
    tmp_path: Path,
) -> None:
    """The documented dump, more work, the machine and its database gone, the documented restore: the bot goes on.

    The ledger is that of the dump, row by row. What was approved since can be approved again, what was being written
    is written to its end in the same message, and events that Slack sends again are answered once.
    While a bot runs the restore is refused.
    """
    made, back = documented()
    keys = Fernet.generate_key().decode()
    async with make_slack() as slack, Model() as model:
        im = slack.workspace.im_with(ANNA).id

        def bot(folder: Path, url: str) -> BotProcess:
            return BotProcess(slack, model, folder, http=True, DATABASE_URL=url, SECRET_KEYS=keys)

        with owned("firm") as url:
            first = bot(tmp_path / "first", url)
            await first.start()
            async with looking_into(url, tmp_path) as records:
                await slack.command(ANNA, SALES, "/draft", "email Write to Kim about the chairs.")
                await slack.command(BEN, SALES, "/draft", "email Write to Lee about the tables.")
                await _finished(records, 2)
                released = asyncio.Event()

                async def wait(_: dict[str, Any]) -> str:
                    await released.wait()
                    return "Dear Kim, the chairs come on Tuesday."

                model.answers = [wait]
                question = await slack.say(ANNA, im, "Write an e-mail to Kim: the chairs come on Tuesday.")
                await model.asked(3)
                ledger = await _rows(records, "select * from runs order by run_id")
                await asyncio.to_thread(carry_out, made, tmp_path, first.environ)

                released.set()
                await _finished(records, 3)
                card = next(one for one in slack.messages(im) if "approve" in buttons(one))
                await slack.click(ANNA, im, card["ts"], "approve")
                root = slack.workspace.add_message(SALES, BEN, "The chairs come on Tuesday, 40 of them.")[
                    "ts"
                ]
                mention = f"<@{slack.workspace.bot_user_id}> summarize this"
                asked = await slack.say(ANNA, SALES, mention, thread_ts=root)
                await _finished(records, 4)
                await until(lambda: _rows(records, "select 1 from runs where review = 'approved'"))
            await first.end(signal.SIGKILL)
        shown = [len(_ours(slack, *where)) for where in ((im,), (im, question), (SALES, root))]
        calls = len(model.requests)

        with owned("moved") as url:
            second = bot(tmp_path / "second", url)
            told = await asyncio.to_thread(carry_out, back, tmp_path, second.environ)
            async with looking_into(url, tmp_path) as records:
                restored = await _rows(records, "select * from runs order by run_id")
                model.answers = ["Dear Kim, on Tuesday."]
                await second.start()
                settings = Settings(database_url=url, data_dir=tmp_path)
                refused = await asyncio.to_thread(restore, settings, None)
                for delivery in [one for one in slack.sent if asked in str(one.payload)]:
                    await slack.deliver_again(delivery)
                await _finished(records, 4)
                await slack.wait_for(
                    lambda: [
                        one
                        for one in slack.messages(im)
                        if one["ts"] == card["ts"] and "approve" in buttons(one)
                    ]
                )
                await slack.click(ANNA, im, card["ts"], "approve")
                await until(lambda: _rows(records, "select 1 from runs where review = 'approved'"))
                outcomes = await _rows(records, "select outcome, count(*) from runs group by outcome")
            code = await second.end()

    assert (code, refused) == (0, 1)
    assert "the state of about" in told
    assert restored == ledger
    assert outcomes == [("drafted", 4)]
    # The one that was under way, and the one that the dump does not know.
    assert len(model.requests) == calls + 2
    assert [len(_ours(slack, *where)) for where in ((im,), (im, question), (SALES, root))] == shown
