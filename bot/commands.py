"""What `python -m bot` does besides running: each command, and the check of an installation."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sqlite3
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

import aiohttp

from bot.compose import PROMPTS
from bot.delivery import client
from bot.demo import demo
from bot.handlers import HANDLERS
from bot.knowledge_import import import_folder
from bot.llm import LLM, LLMError, route_of
from bot.manifest import SCOPES, manifest
from bot.offline import digest, evaluate, export, export_templates, import_prices, purge
from bot.premises import database_fault, open_records
from bot.records import STORE_ERRORS
from bot.safekeeping import backup, migrate, restore, rotate_keys
from bot.settings import Settings, SettingsError
from bot.tasks import TaskFileError, load_firm, load_tasks
from bot.wire import SlackError, Wire


def carry_out(chosen: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Carry out a command; return its exit code.

    Raises:
        SettingsError, TaskFileError, StartError, TeamError: what was given is wrong; the message says what to do.
    """
    if chosen.command == "check":
        return asyncio.run(check(environ))
    if chosen.command == "demo":
        asyncio.run(demo(environ, export=chosen.export, port=chosen.port))
        return 0
    if chosen.command == "manifest":
        made = manifest(load_tasks(PROMPTS, HANDLERS), url=chosen.http, oauth=chosen.oauth)
        print(json.dumps(made, indent=2, ensure_ascii=False))
        return 0
    # Only documents are given to a model; everything else needs nobody outside.
    calls_out = chosen.command == "import" and chosen.what == "knowledge"
    return _with_records(chosen, Settings.from_environ(environ, calls_out=calls_out))


def _with_records(chosen: argparse.Namespace, settings: Settings) -> int:
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
