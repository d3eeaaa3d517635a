"""The command line says what is wrong, and its output can be piped."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import aiohttp
import pytest

from bot.__main__ import main
from bot.commands import check
from bot.demo import demo, who_writes
from bot.offline import digest, evaluate, export
from bot.records import Records
from bot.records.baselines import Work
from bot.records.ledger import EXPORTED
from bot.sandbox.model import Model
from bot.settings import Settings
from bot.value import Guess
from tests.conftest import ANNA, SALES, make_slack, running
from tests.test_run import LINES

ROOT = Path(__file__).parent.parent


def _environ(tmp_path: Path, **more: str) -> dict[str, str]:
    return {
        "SLACK_BOT_TOKEN": "xoxb-sandbox",
        "SLACK_APP_TOKEN": "xapp-sandbox",
        "ANTHROPIC_API_KEY": "sk-sandbox",
        "DATA_DIR": str(tmp_path),
        **more,
    }


async def test_check_finds_everything_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With good tokens, models and folder, check ends with 0 and says so, beside a running bot too."""
    async with make_slack() as slack, Model() as model, running(tmp_path, slack=slack, model=model):
        environ = _environ(
            tmp_path,
            SLACK_API_URL=f"{slack.url}/api/",
            ANTHROPIC_BASE_URL=model.url,
            ANTHROPIC_API_KEY=model.key,
        )
        code = await check(environ)

    assert code == 0
    assert "everything is in order" in capsys.readouterr().out


async def test_check_names_every_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong token, a retired model and a damaged file are all named in one go, with exit code 2."""
    (tmp_path / "records.sqlite").write_bytes(b"no database" * 100)
    async with make_slack() as slack, Model() as model:
        model.models["claude-sonnet-5-5"] = "2026-01-01"
        environ = _environ(
            tmp_path,
            SLACK_API_URL=f"{slack.url}/api/",
            SLACK_BOT_TOKEN="xoxb-wrong",
            SLACK_APP_TOKEN="xapp-wrong",
            ANTHROPIC_BASE_URL=model.url,
            ANTHROPIC_API_KEY=model.key,
            MODEL_FAST="claude-3-haiku-20240307",
        )
        code = await check(environ)
    told = capsys.readouterr().out

    assert code == 2
    assert "Slack refuses SLACK_BOT_TOKEN (invalid_auth)" in told
    assert "Slack refuses SLACK_APP_TOKEN (invalid_auth)" in told
    assert "MODEL_FAST=claude-3-haiku-20240307" in told
    assert "claude-sonnet-5-5 retired on 2026-01-01" in told
    assert "put the last backup back" in told


async def test_check_without_a_network_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """When nothing answers, check says which side is silent."""
    nobody = "http://127.0.0.1:9"
    environ = _environ(tmp_path, SLACK_API_URL=f"{nobody}/api/", ANTHROPIC_BASE_URL=nobody)
    code = await check(environ)
    told = capsys.readouterr().out

    assert code == 2
    assert "Slack cannot be reached" in told
    assert "model's server does not answer" in told


async def test_check_with_empty_settings_names_them(capsys: pytest.CaptureFixture[str]) -> None:
    """The very first check says which settings are missing."""
    assert await check({}) == 2
    assert "SLACK_BOT_TOKEN is missing" in capsys.readouterr().out


async def test_export_prints_a_line_for_each_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The ledger can be piped beside a running bot; before the first run it says that there is none."""
    settings = Settings(data_dir=tmp_path / "none")
    nothing = export(settings, "runs", form="jsonl", start=None, end=None)
    async with running(tmp_path) as world:
        root = await world.thread(*LINES)
        await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
        await world.rows()
        capsys.readouterr()
        code = export(world.bot.settings, "runs", form="jsonl", start=None, end=None)
    row = json.loads(capsys.readouterr().out)

    assert (nothing, code) == (1, 0)
    assert row["task"] == "summarise"
    assert row["cost_microusd"] is None


def test_the_ledger_page_explains_every_column() -> None:
    """Whoever opens the export finds each column explained."""
    page = (ROOT / "docs" / "ledger.md").read_text()

    assert all(f"`{column.strip()}`" in page for column in EXPORTED.split(","))


def test_the_manifest_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The printed manifest is the committed one, for HTTP mode with the address."""
    assert main(["manifest"]) == 0
    printed = capsys.readouterr().out
    assert main(["manifest", "--http", "https://bot.example.com"]) == 0

    assert printed == (ROOT / "manifest.json").read_text()
    assert "https://bot.example.com/slack/events" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [["--http", "nonsense"], ["--http", "http://bot.example.com"], ["--http", "https://x", "--socket"]],
)
def test_a_manifest_that_slack_would_refuse_is_not_printed(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Slack calls https addresses only, and an app has one transport: anything else is a wrong argument."""
    with pytest.raises(SystemExit) as ended:
        main(["manifest", *arguments])

    assert ended.value.code == 2
    assert not capsys.readouterr().out


async def test_a_model_that_is_not_listed_is_named_at_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A misspelt model stops nobody from starting, and the log says which setting it is."""
    async with running(tmp_path, model_fast="claude-nope") as world:
        await world.bot._background[0]

    assert "MODEL_FAST=claude-nope" in caplog.text


def test_a_start_with_wrong_settings_ends_with_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python -m bot` without settings prints what to set and ends; nothing half-started stays."""
    monkeypatch.chdir(tmp_path)
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)

    assert main([]) == 2
    assert "SLACK_BOT_TOKEN is missing" in capsys.readouterr().err


@asynccontextmanager
async def _demo(
    environ: dict[str, str], export: Path | None, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """Run the demo, give its page and what it printed, and end it as Ctrl-C does."""
    running_demo = asyncio.create_task(demo(environ, export=export, port=0))
    printed = ""
    async with asyncio.timeout(30):
        while not (found := re.search(r"http://[\d.:]+", printed)):
            await asyncio.sleep(0.05)
            printed += capsys.readouterr().out
    try:
        async with aiohttp.ClientSession(found.group()) as page:
            yield page, printed
    finally:
        os.kill(os.getpid(), signal.SIGINT)
        await running_demo


def test_a_demo_that_cannot_start_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing export or a port in use is one sentence with what to do, and exit code 2."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        codes = [
            main(["demo", "--export", str(tmp_path / "missing")]),
            main(["demo", "--port", str(port)]),
            main(["demo", "--port", "70000"]),
        ]
    told = capsys.readouterr().err

    assert codes == [2, 2, 2]
    assert "there is no" in told
    assert f"Port {port} is in use already" in told
    assert "DEMO_PORT=8085" in told


def test_the_demo_says_where_the_words_go() -> None:
    """Whoever has a key set knows, before the first summary, that the threads go to Anthropic."""
    assert "goes to Anthropic" in who_writes("sk-own")
    assert "nothing leaves" in who_writes("")


async def test_the_demo_shows_an_export_in_dutch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`LANGUAGE=nl make demo EXPORT=...` shows one's own threads; the page and the bot speak Dutch."""
    (tmp_path / "general").mkdir()
    (tmp_path / "users.json").write_text('[{"id": "U1", "name": "anna"}]')
    (tmp_path / "channels.json").write_text('[{"id": "C1", "name": "general", "members": []}]')
    said = [{"type": "message", "user": "U1", "text": "Wie belt de klant?", "ts": "10.0"}]
    (tmp_path / "general" / "2026-11-24.json").write_text(json.dumps(said))
    async with _demo({"LANGUAGE": "nl_NL:nl"}, tmp_path, capsys) as (page, _):
        done = {"user": "U1", "do": "say", "channel": "C1", "text": "/summarize"}
        async with page.post("/page/do", json=done) as answer:
            told = await answer.json()
        async with page.get("/page/state") as answer:
            state = await answer.json()

    assert "Welk gesprek" in told["text"]
    assert state["locale"] == "nl-NL"


async def test_the_demo_shows_a_workspace_and_drafts_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    """`make demo` prints an address; behind it people write, press, fill in forms, and see the ledger."""
    async with _demo({}, None, capsys) as (page, printed):

        async def state(**query: str) -> dict[str, object]:
            async with page.get("/page/state", params=query) as answer:
                return dict(await answer.json())

        async def do(**what: str | dict[str, str]) -> dict[str, object]:
            async with page.post("/page/do", data=json.dumps({"user": "USANNE", **what})) as answer:
                return dict(await answer.json())

        first = await state(channel="CVERKOOP")
        root = str(first["messages"][0]["ts"])  # type: ignore[index]
        await do(do="say", channel="CVERKOOP", thread=root, text="@Tijdwinst summarise")
        async with asyncio.timeout(20):
            while "'approve'" not in str(now := await state(channel="CVERKOOP", thread=root)):
                async with page.get("/page/wait", params={"version": str(now["version"])}) as answer:
                    await answer.read()
        ts = str(now["messages"][-1]["ts"])  # type: ignore[index]
        await do(do="click", channel="CVERKOOP", ts=ts, action="approve")
        told = await do(do="say", channel="CVERKOOP", text="/summarize")
        await do(do="shortcut", channel="CVERKOOP", ts=root, callback="draft_from_message")
        async with asyncio.timeout(20):
            while not (now := await state())["modal"]:
                async with page.get("/page/wait", params={"version": str(now["version"])}) as answer:
                    await answer.read()
        await do(do="submit", values={"task": "reply", "words": "Thanks"})
        await do(do="close")
        await do(do="home")

    assert "nothing leaves this machine" in printed
    assert "Which conversation" in str(told["text"])
    assert "'review': 'approved'" in str(now["ledger"])


async def test_the_ledger_is_exported_as_csv_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A spreadsheet opens it: a header, a line a row, unknown is empty, and no cell is a formula."""
    async with running(tmp_path) as world:
        root = await world.thread(*LINES)
        await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
        await world.rows()
        for name in ("=cmd()", "\u00a0＝cmd()"):
            work = Work(name, 2, Guess(10, 20, 30))
            await world.bot.records.baselines.put_work("T1", work, user_id=ANNA, claimed_minutes=0)
        settings = world.bot.settings
        capsys.readouterr()
        codes = [
            export(settings, "runs", form="csv", start=None, end=None),
            export(settings, "inventory", form="csv", start=None, end=None),
            export(settings, "runs", form="csv", start=None, end=date(2020, 1, 1)),
        ]
    lines = capsys.readouterr().out.splitlines()

    assert codes == [0, 0, 0]
    assert lines[0].startswith("run_id,team_id,")
    assert ",summarise,command," in lines[1]
    assert "'=cmd()" in lines[3]
    assert "'\u00a0＝cmd()" in lines[4]
    assert len(lines) == 6


async def test_an_evaluation_that_cannot_be_written_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No ledger yet, days in the wrong order, a folder that is not there: each is told in a sentence."""
    none = Settings(data_dir=tmp_path / "none")
    async with running(tmp_path) as world:
        root = await world.thread(*LINES)
        await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
        await world.rows()
        settings, nowhere = world.bot.settings, tmp_path / "no" / "where.pdf"
        day = date(2026, 11, 1)
        codes = [
            await evaluate(none, start=None, end=None, out=None),
            await digest(none),
            await evaluate(settings, start=day, end=day, out=None),
            await evaluate(settings, start=None, end=None, out=nowhere),
        ]
    told = capsys.readouterr().err

    assert codes == [1, 1, 2, 1]
    assert told.count("there is no ledger") == 2
    assert "do not know that period" in told
    assert "--out" in told


def test_the_ledger_can_be_read_without_any_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever has the data folder can export it on another machine; no token has to come along."""
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    records = Records(tmp_path / "records.sqlite")
    records.open()
    asyncio.run(records.close())
    codes = [main(["export"]), main(["export", "calls", "--format", "csv"]), main(["digest"])]
    told = capsys.readouterr()

    assert codes == [0, 0, 0]
    assert told.out.startswith("call_id,")
