"""The command line; the only place that reads the environment and sets up logging."""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import os
import re
import signal
import sys
from datetime import date
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from bot.logs import set_up as set_up_log
from bot.premises import Premises, StartError
from bot.records.export import TABLES
from bot.records.teams import TeamError
from bot.settings import Settings, SettingsError
from bot.tasks import TaskFileError


async def run(settings: Settings) -> None:
    """Run the bot until it is told to stop.

    Raises:
        StartError, TaskFileError: it cannot start; the message says why and what to do.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    premises = Premises(settings)
    try:
        await premises.open()
        # The port answers meanwhile: the engine and all else take longer to import than to start.
        compose = await asyncio.to_thread(importlib.import_module, "bot.compose")
        bot = compose.Bot(settings, premises=premises)
    except BaseException:  # Ctrl-C too: the port and the folder are free for whoever starts next
        await premises.close()
        raise
    starting = asyncio.create_task(bot.start())
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
    try:
        if starting.done():
            starting.result()
            # What stands now stays: walking through it again and again held every ack up for a tenth of a second.
            gc.collect()
            gc.freeze()
        else:
            starting.cancel()
            await asyncio.wait({starting})
        lost = asyncio.create_task(bot.lost.wait())
        await asyncio.wait({stopped, lost}, return_when=asyncio.FIRST_COMPLETED)
        lost.cancel()
    finally:
        stopped.cancel()
        await bot.stop()


def _address(given: str) -> str:
    """Check a public address; Slack calls no other than https."""
    if not re.fullmatch(r"https://[^\s/]+(/\S*)?", given):
        raise argparse.ArgumentTypeError(f"{given!r} is no address like https://bot.example.com")
    return given


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot", description="Without a command: run the bot.")
    commands = parser.add_subparsers(dest="command")
    demo = commands.add_parser("demo", help="a local Slack and a local model, to try the bot")
    demo.add_argument("--export", type=Path, help="a Slack export to load: its folder or zip file")
    demo.add_argument("--port", type=int, default=8085, help="the port of the page (default 8085)")
    commands.add_parser("check", help="report every fault of settings, prompts, tokens, models and database")
    made = commands.add_parser("manifest", help="print the Slack app's manifest")
    kind = made.add_mutually_exclusive_group()
    kind.add_argument("--http", metavar="URL", type=_address, help="for HTTP mode, at this public address")
    made.add_argument("--oauth", action="store_true", help="with --http: for many workspaces that install it")
    kind.add_argument("--socket", action="store_true", help="for Socket Mode (the default)")
    _add_reading(commands)
    _add_keeping(commands)
    return parser


def _add_reading(commands: Any) -> None:
    """Add what reads the ledger, and takes data in or out."""
    exported = commands.add_parser("export", help="print what the ledger holds, as JSON lines or CSV")
    exported.add_argument(
        "what", nargs="?", choices=[*TABLES, "templates"], default="runs", help="the runs unless named"
    )
    exported.add_argument("--format", choices=["jsonl", "csv"], default="jsonl")
    exported.add_argument("--from", dest="start", type=date.fromisoformat, metavar="DATE", help="first day")
    exported.add_argument(
        "--to", dest="end", type=date.fromisoformat, metavar="DATE", help="day after the last"
    )
    exported.add_argument(
        "--out", type=Path, metavar="FOLDER", help="templates: write each as a task file in this folder"
    )
    digested = commands.add_parser("digest", help="print the digest of the last seven days; posts nothing")
    judged = commands.add_parser("evaluate", help="did it pay? The answer, and the whole report as a PDF")
    judged.add_argument("--from", dest="start", type=date.fromisoformat, metavar="DATE", help="first day")
    judged.add_argument(
        "--to", dest="end", type=date.fromisoformat, metavar="DATE", help="day after the last"
    )
    judged.add_argument(
        "--out", type=Path, metavar="FILE", help="where the PDF goes; beside you unless named"
    )
    imported = commands.add_parser(
        "import", help="take in data of yours; all of it, or nothing when a row is wrong"
    )
    kinds = imported.add_subparsers(dest="what", required=True)
    prices = kinds.add_parser("prices", help="a price list for quotes")
    prices.add_argument("file", type=Path, metavar="FILE", help="CSV or XLSX")
    known = kinds.add_parser("knowledge", help="a folder of documents that /ask answers from")
    known.add_argument("folder", type=Path, metavar="FOLDER", help="what was deleted in it is forgotten")
    known.add_argument(
        "--audience", default="", metavar="WHO", help="everyone, #channel, or ids of people: U1,U2"
    )
    known.add_argument("--owner", default="", metavar="U1", help="the id of who answers for them")
    purged = commands.add_parser("purge", help="delete texts that are past their date, or all of a person")
    which = purged.add_mutually_exclusive_group()
    which.add_argument("--person", metavar="UID", default="", help="everything of this Slack user id")
    which.add_argument("--all", action="store_true", help="every file of a stopped bot, for good")
    for command in (exported, digested, judged, prices, known, purged):
        command.add_argument(
            "--team", metavar="T1", default="", help="of this workspace, where there are several"
        )


def _add_keeping(commands: Any) -> None:
    """Add what keeps the files."""
    kept = commands.add_parser("backup", help="copy the databases into one file, beside a running bot")
    kept.add_argument(
        "where",
        nargs="?",
        type=Path,
        metavar="FILE|FOLDER",
        help="the backups in the data folder unless named",
    )
    kept.add_argument("--with-key", action="store_true", help="put the data folder's own key in, too")
    commands.add_parser(
        "migrate", help="move a stopped bot's SQLite files into the PostgreSQL of DATABASE_URL"
    )
    back = commands.add_parser("restore", help="put a backup in the place of what a stopped bot holds")
    back.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="left out in PostgreSQL, after its own pg_restore"
    )
    commands.add_parser("rotate", help="encrypt what is encrypted anew, under the newest key")


def main(arguments: list[str] | None = None) -> int:
    """Carry out one command; return its exit code: 0 done, 1 not done, 2 faults in what was given."""
    chosen = _parser().parse_args(arguments)
    set_up_log()
    environ = {**{key: value or "" for key, value in dotenv_values(".env").items()}, **os.environ}
    try:
        if chosen.command:
            # Read for a command only: what runs the bot opens its port before it reads the rest.
            from bot.commands import carry_out

            return carry_out(chosen, environ)
        settings = Settings.from_environ(environ)
        set_up_log(settings.log_format)
        asyncio.run(run(settings))
    except (SettingsError, TaskFileError, StartError, TeamError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
