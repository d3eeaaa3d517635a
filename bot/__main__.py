"""The command line; the only place that reads the environment and sets up logging."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import re
import signal
import sqlite3
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import aiohttp
from dotenv import dotenv_values

from bot.compose import PROMPTS, Bot
from bot.delivery import client
from bot.handlers import HANDLERS
from bot.knowledge_import import import_folder
from bot.llm import LLM, LLMError, route_of
from bot.logs import set_up as set_up_log
from bot.manifest import SCOPES, manifest
from bot.offline import digest, evaluate, export, export_templates, import_prices, purge
from bot.premises import StartError, database_fault, open_records
from bot.records import STORE_ERRORS
from bot.records.export import TABLES
from bot.records.teams import TeamError
from bot.safekeeping import backup, migrate, restore, rotate_keys
from bot.settings import Settings, SettingsError
from bot.tasks import TaskFileError, load_firm, load_tasks
from bot.wire import SlackError, Wire


async def run(settings: Settings) -> None:
    """Run the bot until it is told to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    bot = Bot(settings)
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


async def check(environ: Mapping[str, str]) -> int:
    """Report on prompts, settings, tokens, scopes, models and the database; 2 when anything is wrong."""
    faults: list[str] = []
    settings: Settings | None = None
    try:
        tasks = load_tasks(PROMPTS, HANDLERS)
        print(f"prompts: {len(tasks)} tasks: {', '.join(tasks)}", file=sys.stderr)
    except TaskFileError as error:
        faults += str(error).splitlines()
    try:
        load_firm(PROMPTS)
    except TaskFileError as error:
        faults += str(error).splitlines()
    try:
        settings = Settings.from_environ(environ)
    except SettingsError as error:
        faults += str(error).splitlines()
    if settings is not None:
        faults += await _check_slack(settings)
        faults += await _check_models(settings)
        faults += _check_database(settings)
    for fault in faults:
        print(f"fault: {fault}")
    if not faults:
        print("everything is in order")
    return 2 if faults else 0


async def _check_slack(settings: Settings) -> list[str]:
    faults: list[str] = []
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session:
        slack = client(token=settings.slack_bot_token, base_url=settings.slack_api_url, session=session)
        wire = Wire()
        if settings.many_workspaces:
            # Each workspace has a token of its own, and how it is stands in the log and on its Home tab.
            try:
                await wire.ask("api.test", slack.api_test())
            except SlackError as error:
                return [_slack_fault(error, "SLACK_API_URL", settings)]
            return []
        try:
            answer = await wire.ask("auth.test", slack.auth_test(), having="team_id")
            print(f"slack: {answer.get('team')} ({answer['team_id']})", file=sys.stderr)
            granted = {scope.strip() for scope in (answer.headers or {}).get("x-oauth-scopes", "").split(",")}
            missing = sorted(set(SCOPES) - granted) if granted - {""} else []
            if missing:
                faults.append(
                    f"scopes are missing: {', '.join(missing)}; update the app from manifest.json and"
                    " install it again."
                )
        except SlackError as error:
            faults.append(_slack_fault(error, "SLACK_BOT_TOKEN", settings))
        if settings.socket_mode:
            try:
                asked = slack.apps_connections_open(app_token=settings.slack_app_token)
                await wire.ask("apps.connections.open", asked)
            except SlackError as error:
                faults.append(_slack_fault(error, "SLACK_APP_TOKEN", settings))
    # A network that is down is one fault, however many calls met it.
    return list(dict.fromkeys(faults))


def _slack_fault(error: SlackError, name: str, settings: Settings) -> str:
    if error.transient:
        return f"Slack cannot be reached at {settings.slack_api_url} ({error.code}): check the network."
    return f"Slack refuses {name} ({error.code}): copy it anew from your app's pages."


async def _check_models(settings: Settings) -> list[str]:
    llm = LLM(
        route=route_of(settings),
        models={"fast": settings.model_fast, "smart": settings.model_smart},
    )
    try:
        listed = await llm.model_ids()
    except LLMError as error:
        if error.kind == "key":
            return [
                "the model's server refuses the key: make a new ANTHROPIC_API_KEY in the Anthropic console."
            ]
        return ["the model's server does not answer: check ANTHROPIC_BASE_URL and the network."]
    finally:
        await llm.close()
    if not listed:
        print("note: the model's server lists no models, so their names were not checked", file=sys.stderr)
        return []
    today = datetime.now(UTC).date()
    known = {model.id: model for model in listed}
    left = ", ".join(sorted(model.id for model in listed if (model.retires_at or today) >= today)[:12])
    faults = []
    for name in ("model_fast", "model_smart"):
        model_id = getattr(settings, name)
        if model_id not in known:
            faults.append(
                f"{name.upper()}={model_id} is not a model of this server (retired, or misspelt);"
                f" it has: {left}."
            )
        elif (retires_at := known[model_id].retires_at) and retires_at < today:
            faults.append(f"{name.upper()}={model_id} retired on {retires_at}; the server has: {left}.")
        elif retires_at:
            print(f"note: {model_id} retires on {retires_at}", file=sys.stderr)
    return faults


def _check_database(settings: Settings) -> list[str]:
    if settings.database_url:
        try:
            open_records(settings).store.exists()
        except STORE_ERRORS as error:
            return [database_fault(settings.database_url, error)]
        return []
    path = settings.data_dir / "records.sqlite"
    if not path.exists():
        parent = settings.data_dir if settings.data_dir.exists() else settings.data_dir.absolute().parent
        writable = os.access(parent, os.W_OK)
        return [] if writable else [f"DATA_DIR={settings.data_dir} cannot be written: make it writable."]
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        verdict = connection.execute("pragma quick_check").fetchone()[0]
        connection.close()
    except sqlite3.Error as error:
        return [
            f"{path} cannot be read ({error}): put the last backup back with `python -m bot restore FILE`."
        ]
    return (
        []
        if verdict == "ok"
        else [f"{path} is damaged ({verdict}): put the last backup back with `python -m bot restore FILE`."]
    )


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
    if chosen.command == "check":
        return asyncio.run(check(environ))
    try:
        if chosen.command == "manifest":
            made = manifest(load_tasks(PROMPTS, HANDLERS), url=chosen.http, oauth=chosen.oauth)
            print(json.dumps(made, indent=2, ensure_ascii=False))
        elif chosen.command == "demo":
            from bot.demo import demo

            asyncio.run(demo(environ, export=chosen.export, port=chosen.port))
        elif chosen.command:
            # Only documents are given to a model; everything else needs nobody outside.
            calls_out = chosen.command == "import" and chosen.what == "knowledge"
            return _carry_out(chosen, Settings.from_environ(environ, calls_out=calls_out))
        else:
            settings = Settings.from_environ(environ)
            set_up_log(settings.log_format)
            asyncio.run(run(settings))
    except (SettingsError, TaskFileError, StartError, TeamError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _carry_out(chosen: argparse.Namespace, settings: Settings) -> int:
    """Carry out a command on what the bot keeps; return its exit code."""
    match chosen.command:
        case "export" if chosen.what == "templates":
            return asyncio.run(export_templates(settings, out=chosen.out, team=chosen.team))
        case "export":
            span = {"start": chosen.start, "end": chosen.end}
            return export(settings, chosen.what, form=chosen.format, **span, team=chosen.team)
        case "digest":
            return asyncio.run(digest(settings, team=chosen.team))
        case "evaluate":
            span = {"start": chosen.start, "end": chosen.end}
            return asyncio.run(evaluate(settings, **span, out=chosen.out, team=chosen.team))
        case "import" if chosen.what == "knowledge":
            whose = {"audience": chosen.audience, "owner": chosen.owner, "team": chosen.team}
            return asyncio.run(import_folder(settings, chosen.folder, **whose))
        case "import":
            return import_prices(settings, chosen.file, team=chosen.team)
        case "purge":
            return asyncio.run(purge(settings, person=chosen.person, everything=chosen.all, team=chosen.team))
        case "backup":
            return backup(settings, chosen.where, with_key=chosen.with_key)
        case "restore":
            return restore(settings, chosen.file)
        case "rotate":
            return rotate_keys(settings)
        case _:
            return migrate(settings)


if __name__ == "__main__":
    sys.exit(main())
