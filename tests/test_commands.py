"""Every command that a page shows is carried out here, or in a test that is named, or has a reason why it cannot be."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import io
import os
import re
import shlex
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from bot.__main__ import _parser, main
from bot.compose import PROMPTS
from bot.handlers import HANDLERS
from bot.listeners.helping import HELP
from bot.settings import Settings
from bot.tasks import RESERVED_COMMANDS, find_task, load_tasks
from tests.conftest import ANNA, CHEF, SALES, running
from tests.quotes.test_quote import PRICES
from tests.test_owner import WORDS

ROOT = Path(__file__).parent.parent
PAGES = (*(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")), *ROOT.glob("docs/*.md"))
_STARTS = r"(?:[A-Z_]+=\S+ )*(?:(?:make|docker|pre-commit|git|pip|datasette|(?:\.venv/bin/)?python) |pg_\w+ -|pytest )"
_LISTED = re.compile(r"\s{2,}\S.*$")
"""What a list of commands says behind a command."""


@cache
def commands() -> tuple[str, ...]:
    """Return every command that a page shows: in a line, an indented block or a fence of a shell."""
    found: set[str] = set()
    for page in PAGES:
        written = page.read_text()
        found |= {
            line
            for fence in re.findall(r"```(?:sh|bash)\n(.*?)```", written, re.S)
            for line in fence.splitlines()
        }
        prose = re.sub(r"^ *```.*?^ *```$", "", written, flags=re.S | re.M)
        inline = (" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose))
        blocks = (re.sub(r"\s+#.*", "", line) for line in re.findall(r"^    (\S.*)$", prose, re.M))
        found |= {code for code in inline if re.match(_STARTS, code)}
        found |= {_LISTED.sub("", line) for line in blocks if re.match(_STARTS, line)}
    return tuple(sorted({command.replace(".venv/bin/", "") for command in found}))


EVALS = "evals/test_run.py::test_one_case_of_each_task_goes_through_the_local_model"
DRY = "evals/test_run.py::test_a_dry_run_only_says_what_it_would_cost"
DUMP = "test_dump.py::test_a_dump_put_back_on_another_server_holds_everything_and_brings_nothing_twice"
EXPORTED = "test_main.py::test_the_demo_shows_an_export_in_dutch"
ELSEWHERE = {
    "make run": "test_faults.py::test_kill_nine_loses_nothing_and_posts_nothing_twice",
    "make test": "test_checks.py::test_every_hook_is_a_make_target",
    "make check": "test_checks.py::test_every_hook_is_a_make_target",
    "make coverage": "test_checks.py::test_ci_checks_what_the_hooks_check",
    "make test-postgres": "test_checks.py::test_ci_checks_what_the_hooks_check",
    "make fix": "test_checks.py::test_check_is_every_tool_that_is_set_up",
    "make demo": "test_main.py::test_the_demo_shows_a_workspace_and_drafts_in_it",
    "LANGUAGE=nl make demo": EXPORTED,
    "make demo EXPORT=path/to/a/slack/export": EXPORTED,
    "make manifest": "test_main.py::test_the_manifest_is_printed",
    "make evals": EVALS,
    "EVALS_MODEL_URL=sandbox make evals": EVALS,
    "EVALS_MODEL_URL=sandbox make evals CASES=moved-date": EVALS,
    "EVALS_DRY=1 make evals": DRY,
    "make evals TASKS=quote,social MODELS=fast": DRY,
    "python -m bot check": "test_main.py::test_check_finds_everything_in_order",
    "python -m bot migrate": "records/test_moving.py::test_an_installation_moves_in_whole",
    "python -m bot restore": DUMP,
    'pg_dump --format=custom --no-owner --file=tijdwinst.dump "$DATABASE_URL"': DUMP,
    'pg_restore --exit-on-error --no-owner --dbname="$DATABASE_URL" tijdwinst.dump': DUMP,
    "python -m tests.simulation": "value/test_simulation.py::test_the_docs_print_what_the_simulation_gives",
    "python -m tests.guard.threats": "guard/test_threats.py::test_the_page_about_privacy_shows_the_table",
    "python -m tests.guard.removed": "guard/test_removed.py::test_without_a_defence_its_tests_fail",
    "pytest -m threat": "guard/test_threats.py::test_every_threat_has_its_tests",
    "datasette records.sqlite --metadata metadata.yml": "test_docs.py::test_datasette_describes_every_column",
}
"""Command -> the test that does what it does, with the sandbox's servers where it needs any."""

NOT = {
    "make bench": "takes half an hour of a quiet machine; its figures are in docs/performance.md",
    "python -m tests.bench acks soak": "as make bench",
    "python -m tests.bench_day": "takes a minute; its table is in docs/performance.md",
    "make pictures": "takes two minutes of a browser and writes docs/pictures, which a test looks through",
    "python -m tests.guard.measure": "takes minutes; its table is in docs/privacy.md",
    "TEST_STORE=postgres python -m pytest tests/test_home.py": "runs tests, as test_on_postgres.py does",
    "make lock": "asks a package index",
    "make audit": "asks a service on the internet",
    "docker build --tag tijdwinst .": "needs Docker and the internet",
    "docker run --env-file .env --volume tijdwinst:/data tijdwinst": "needs Docker",
    "docker stop -t 30": "needs Docker",
    "pre-commit install --hook-type pre-commit --hook-type pre-push": "pre-commit is the contributor's own tool",
    "python -m pip install 'google-auth[requests]>=2.40,<3'": "asks a package index",
}
"""Command -> why no test can carry it out."""

NAMED = {
    "import prices FILE": ["import", "prices", "list.csv"],
    "import prices prices.csv": ["import", "prices", "list.csv"],
    "import prices prijzen.csv": ["import", "prices", "list.csv"],
    "import knowledge FOLDER [--audience everyone|#channel|U1,U2] [--owner U1]": [
        *("import", "knowledge", "documents", "--audience", "everyone", "--owner", CHEF)
    ],
    "backup [FILE or FOLDER]": ["backup", "kept.zip"],
    "restore FILE": ["restore", "old.zip"],
}
"""What stands in capitals or brackets on a page, as somebody would type it."""

PRINTS = {
    "import prices FILE": "Imported: 4 articles",
    "import prices prices.csv": "Imported: 4 articles",
    "import prices prijzen.csv": "Imported: 4 articles",
    "import knowledge": "1 added",
    "backup --with-key": "data/backups/tijdwinst-",
    "backup [FILE": "kept.zip",
    "restore": "restored: the state of",
    "rotate": "sealed anew: ",
    "digest": "The week in figures",
    "export": '"task": "quote"',
    "export audit": '"act": "price-file"',
    "export quotes": '"payable_cents": ',
    "export customers": "Bistro Noord",
    "export screening": "",  # of those three there is nothing in this firm: that they end well is what shows
    "export templates": "",
    "purge": "",
    "purge --all": "deleted: data/records.sqlite",
    "manifest --http https://your.address": '"request_url": "https://your.address/slack/events"',
    "manifest --http https://your.address --oauth": '"https://your.address/slack/oauth_redirect"',
}
"""Command of the bot, or how it begins -> a part of what it prints in this firm; the longest beginning counts."""


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped bot's folder, in which a quote was asked for and approved, and a backup of it."""
    home = tmp_path_factory.mktemp("firm")
    (home / "list.csv").write_text(PRICES)
    (home / "documents").mkdir()
    (home / "documents" / "leave.md").write_text("# Leave\n\nEverybody has 25 days of leave a year.\n")

    async def work() -> None:
        async with running(home / "data", database_url="") as world:
            im = world.slack.workspace.im_with(CHEF).id
            await world.slack.say(CHEF, im, "price list", files=[("list.csv", PRICES.encode())])
            await world.shown("4 articles", im)
            await world.slack.command(ANNA, SALES, "/quote", "4 hanglamp rookglas voor Bistro Noord")
            card = await world.card()
            await world.slack.click(ANNA, world.im, card["ts"], "approve")
            await world.shown("OFF-")

    asyncio.run(work())
    return home


@pytest.fixture
def at_home(firm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder, in which the command line is at home; the price list beside it has a new price."""
    home = Path(shutil.copytree(firm, tmp_path / "home"))
    (home / "list.csv").write_text(PRICES.replace("119,50", "129,50"))
    monkeypatch.chdir(home)
    for name in re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M):
        monkeypatch.delenv(name, raising=False)
    filled = re.sub(
        r"^(\w+=(?:xoxb-|xapp-|sk-ant-))$", r"\g<1>1", (ROOT / ".env.example").read_text(), flags=re.M
    )
    (home / ".env").write_text(filled)
    return home


OURS = [
    one.removeprefix("python -m bot ")
    for one in commands()
    if one.startswith("python -m bot ") and one not in ELSEWHERE
]


@pytest.mark.parametrize("command", OURS)
def test_a_command_of_the_bot_does_what_the_page_says(
    command: str, at_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever copies it from the page, with `.env.example` filled in, gets what the page says."""
    begun = max((start for start in PRINTS if command.startswith(start)), key=len)
    main(["backup", "old.zip"])
    capsys.readouterr()
    code = main(NAMED.get(command) or shlex.split(command))
    told = capsys.readouterr()

    assert code == 0
    assert PRINTS[begun] in told.out + told.err
    assert (at_home / "data" / "records.sqlite").exists() == (command != "purge --all")


def test_a_key_is_made_as_the_page_says() -> None:
    """What the page of PostgreSQL prints is a key that the bot takes."""
    (command,) = (one for one in commands() if "Fernet" in one)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(shlex.split(command)[2])
    given = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "ANTHROPIC_API_KEY": "sk-1"}
    settings = Settings.from_environ({**given, "SECRET_KEYS": printed.getvalue().strip()})

    assert len(settings.secret_keys) == 1


def _targets() -> list[str]:
    return [one for one in commands() if re.match(r"(?:[A-Z_]+=\S+ )*make ", one)]


def test_every_target_exists_and_starts_what_it_says() -> None:
    """Each `make` of a page is known to make, with its variables, and what it starts is known to the bot's parser."""
    started = []
    # The tests themselves may have been started by make, which tells the one below it so.
    environ = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
    for command in _targets():
        (target,) = re.findall(r"make (\w+)", command)
        ran = subprocess.run(
            [*shlex.split(f"env {command}"), "--dry-run", "--always-make"],
            cwd=ROOT, env=environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, f"{command}: {ran.stderr}"
        last = ran.stdout.strip().splitlines()[-1]
        if found := re.search(r"python -m bot\b ?([^>]*)", last):
            _parser().parse_args(shlex.split(found[1]))
            started.append(target)
        elif found := re.search(r"python -m (tests[\w.]*)", last):
            assert _starts(found[1]), found[1]
    assert {"demo", "run", "manifest"} <= set(started)


def _starts(module: str) -> bool:
    """Say whether `python -m` starts a module."""
    spec = importlib.util.find_spec(module)
    if spec is not None and spec.submodule_search_locations:
        spec = importlib.util.find_spec(f"{module}.__main__")
    return bool(spec and spec.origin and '__name__ == "__main__"' in Path(spec.origin).read_text())


def test_every_module_that_a_page_starts_can_be_started() -> None:
    """Nobody copies `python -m` with a module that is gone."""
    for command in commands():
        if found := re.match(r"python -m (tests[\w.]*)", command):
            assert _starts(found[1]), command


def test_every_command_of_the_bot_is_understood() -> None:
    """The command line knows each one as the page writes it."""
    for command in commands():
        if found := re.match(r"python -m bot (.+)", command):
            _parser().parse_args(NAMED.get(found[1]) or shlex.split(found[1]))


def test_no_command_is_only_written_down() -> None:
    """Each is carried out here, or in the test that is named, or has a reason; and no line here is of the past."""
    others = {one for one in commands() if not one.startswith("python -m bot ") and "Fernet" not in one}

    assert others - {*ELSEWHERE, *NOT} == set()
    assert {*ELSEWHERE, *NOT} - {*commands()} == set()
    for where in ELSEWHERE.values():
        file, _, name = where.partition("::")
        assert re.search(rf"^(?:async )?def {name}\(", (ROOT / "tests" / file).read_text(), re.M), where


PATHS = ("/data", "/healthz", "/readyz", "/metrics")
"""What looks like a command of Slack and is a folder or an address of the bot's own."""


def test_every_slash_command_is_one() -> None:
    """Whoever types what a page says into Slack is not told that there is no such command, task or word."""
    tasks = load_tasks(PROMPTS, HANDLERS)
    commands = {*RESERVED_COMMANDS, "/invite", *(task.command for task in tasks.values())}
    seen = 0
    for page in PAGES:
        prose = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.S | re.M)
        for code in re.findall(r"`(/[a-z]+(?: [^`]*)?)`", prose):
            command, *rest = code.split()
            if command not in PATHS:
                assert command in commands, f"{page.name}: {code}"
                seen += 1
            if rest and command == "/tijdwinst":
                assert rest[0] in (*WORDS, *HELP), f"{page.name}: {code}"
            if rest and command == "/draft" and not rest[0].startswith("<"):
                assert find_task(tasks, " ".join(rest))[0], f"{page.name}: {code}"
    assert seen > 50
