"""Many workspaces install one bot: tokens are kept sealed, refreshed once, and go when a workspace leaves."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.fernet import Fernet
from dbos import DBOS
from slack_sdk.web.async_client import AsyncWebClient

from bot import jobs
from bot.compose import PROMPTS, Bot
from bot.guard import open_vault
from bot.installing import Keyring
from bot.installing.kept import LEASE
from bot.jobs import durable, keeping
from bot.knowledge import EVERYONE, Passage
from bot.offline import export, import_prices
from bot.premises import open_records
from bot.records import Records
from bot.records.backups import make_backup, newest_backup
from bot.records.erased import erasures_since
from bot.records.knowledge import Document
from bot.records.teams import TeamError
from bot.sandbox.model import Model
from bot.sandbox.slack import Slack
from bot.sandbox.teams import TOKEN_LIVES_S, Teams
from bot.sandbox.watch import PATIENCE_S
from bot.settings import Settings, SettingsError
from tests import postgres
from tests.conftest import (
    ANNA,
    BEN,
    LIMITS,
    SALES,
    SECRET,
    buttons,
    check_readable,
    make_slack,
    read_prompts,
    records_in,
    store_url,
)
from tests.process import BotProcess
from tests.stored import stored
from tests.test_operations import figures
from tests.test_replicas import until

SOON = timedelta(seconds=TOKEN_LIVES_S - 3_600)
"""An hour before a token ends."""


@dataclass
class Town:
    """Several workspaces, a model, and one bot for all of them."""

    teams: Teams
    model: Model
    bot: Bot
    runs: bool = False

    async def start(self) -> None:
        """Start the bot, and let every workspace know where it is."""
        await self.bot.start()
        self.runs = True
        for slack in self.teams.slacks.values():
            slack.connect_http(f"{self.address}/slack/events", SECRET)

    async def stop(self) -> None:
        """Stop the bot; twice is once."""
        if self.runs:
            self.runs = False
            await self.bot.stop()

    @property
    def address(self) -> str:
        """Where the bot is."""
        return f"http://127.0.0.1:{self.bot.server.port}"

    def slack(self, team_id: str) -> Slack:
        """Return a workspace."""
        return self.teams.slacks[team_id]

    async def install(self, *team_ids: str) -> None:
        """Install the bot in workspaces."""
        for team_id in team_ids:
            status, page = await self.teams.install(team_id, self.address)

            assert status == 200, page

    async def ask(self, team_id: str, words: str = "email about the van") -> dict[str, Any]:
        """Ask for a draft and return its card, which stands in the asker's messages tab."""
        slack = self.slack(team_id)
        im = slack.workspace.im_with(ANNA).id
        before = len(slack.messages(im))
        await slack.command(ANNA, SALES, "/draft", words)

        def look() -> dict[str, Any] | None:
            return next((one for one in slack.messages(im)[before:] if "approve" in buttons(one)), None)

        return await slack.wait_for(look)


def make_team(number: int) -> Slack:
    """Make a workspace; in all of them people and channels have the same ids."""
    slack = make_slack()
    slack.workspace.team_id = f"T{number:02}"
    slack.workspace.name = f"Firm {number}"
    for user in slack.workspace.users.values():
        user.team_id = slack.workspace.team_id
    return slack


def many(folder: Path, teams: Teams, model: Model, **more: Any) -> Bot:
    """Make the bot that workspaces install."""
    settings = Settings(
        slack_client_id=teams.client_id,
        slack_client_secret=teams.client_secret,
        slack_signing_secret=SECRET,
        slack_api_url=f"{teams.url}/api/",
        anthropic_api_key=model.key,
        anthropic_base_url=model.url,
        data_dir=folder,
        port=0,
        **{"database_url": store_url(folder), **more},
    )
    return Bot(settings, prompts=read_prompts(PROMPTS), limits=LIMITS, pace_s=0.0)


@asynccontextmanager
async def town(folder: Path, *numbers: int, rotates: bool = False) -> AsyncIterator[Town]:
    """Start workspaces and the bot that they may install."""
    async with AsyncExitStack() as stack:
        teams = Teams(rotates=rotates)
        teams.add(make_team(number) for number in numbers)
        await stack.enter_async_context(teams)
        model = await stack.enter_async_context(Model())
        made = Town(teams, model, many(folder, teams, model))
        stack.push_async_callback(made.stop)
        await made.start()
        yield made
        for slack in teams.slacks.values():
            check_readable(slack)


async def measured(made: Town) -> dict[str, float]:
    """Return what `/metrics` tells."""
    async with aiohttp.ClientSession() as browser, browser.get(f"{made.address}/metrics") as page:
        return figures(await page.text())


async def test_a_workspace_installs_the_bot_and_gets_drafts(tmp_path: Path) -> None:
    """Who clicks "Add to Slack" is at work a minute later; after a restart nobody has to install anything again."""
    async with town(tmp_path, 1, 2) as made:
        await made.install("T01", "T02")
        await made.ask("T01")
        await made.ask("T02")
        await made.stop()
        made.bot = many(tmp_path, made.teams, made.model)
        await made.start()
        await made.ask("T01")
        rows = await made.bot.records.ledger.newest()

    assert sorted(row["team_id"] for row in rows) == ["T01", "T01", "T02"]


async def test_the_page_says_how_it_went(tmp_path: Path) -> None:
    """Whoever installs reads on one page that it worked, or why not and what to do."""
    async with town(tmp_path, 1) as made:
        good = await made.teams.install("T01", made.address)
        elsewhere = await made.teams.install("T01", made.address, same_browser=False)
        made.teams.client_secret = "changed"
        refused = await made.teams.install("T01", made.address)
        async with aiohttp.ClientSession() as browser:
            back = f"{made.address}/slack/oauth_redirect"
            async with browser.get(back, params={"error": "access_denied"}) as page:
                denied = page.status, await page.text()
            forged = {"Cookie": "slack-app-oauth-state=made-up"}
            async with browser.get(back, params={"state": "made-up", "code": "x"}, headers=forged) as page:
                unknown = page.status, await page.text()

    assert good[0] == 200
    assert "installed in Firm 1" in good[1]
    # Without it a dark browser may show black words on black.
    assert 'name="color-scheme" content="light dark"' in good[1]
    assert (elsewhere[0], "in which you began" in elsewhere[1]) == (400, True)
    assert (refused[0], "Slack did not answer" in refused[1]) == (401, True)
    assert (denied[0], "permission was not given" in denied[1]) == (200, True)
    assert (unknown[0], "used already" in unknown[1]) == (401, True)
    assert all("/slack/install" in page for page in (elsewhere[1], refused[1], denied[1], unknown[1]))


async def test_a_state_counts_once(tmp_path: Path) -> None:
    """A link that somebody copied out of a browser's history installs nothing."""
    records = records_in(tmp_path)
    states = records.installations
    await states.add_state("fresh", expires_at=datetime.now(UTC) + timedelta(minutes=1))
    await states.add_state("old", expires_at=datetime.now(UTC) - timedelta(minutes=1))
    used = [await states.use_state(state) for state in ("fresh", "fresh", "old", "none")]
    await records.close()

    assert used == [True, False, False, False]


async def test_a_whole_organisation_is_told_to_choose(tmp_path: Path) -> None:
    """An installation in all workspaces of an organisation is refused with a sentence, and nothing is kept."""
    async with town(tmp_path, 1) as made:
        made.teams.whole_organisation = True
        status, page = await made.teams.install("T01", made.address)
        kept = await made.bot.records.installations.teams()

    assert (status, "one workspace at a time" in page, kept) == (500, True, [])


async def test_tokens_are_sealed_on_disk(tmp_path: Path) -> None:
    """Who gets hold of the database file has no key to anybody's Slack."""
    async with town(tmp_path, 1, rotates=True) as made:
        await made.install("T01")
        token = next(iter(made.slack("T01").expiring))
        await made.stop()
    content = stored(tmp_path)

    assert token.startswith("xoxe.")
    assert token.encode() not in content
    assert b"xoxe" not in content


@asynccontextmanager
async def replicas(made: Town, folder: Path, count: int) -> AsyncIterator[list[Keyring]]:
    """Yield keyrings as several processes have them: each with a connection of its own to the records."""
    async with AsyncExitStack() as stack:
        rings = []
        for _ in range(count):
            records = open_records(made.bot.settings)
            records.open()
            stack.push_async_callback(records.close)
            session = await stack.enter_async_context(aiohttp.ClientSession())
            slack = AsyncWebClient(base_url=f"{made.teams.url}/api/", session=session)
            named = {"client_id": made.teams.client_id, "client_secret": made.teams.client_secret}
            rings.append(Keyring(records, open_vault(folder), slack=slack, **named))
        yield rings


async def test_a_token_is_refreshed_once_by_all_replicas(tmp_path: Path) -> None:
    """Forty requests on four replicas meet a token that ends soon: it is refreshed once, and every draft goes on."""
    async with town(tmp_path, 1, rotates=True) as made:
        await made.install("T01")
        first = next(iter(made.slack("T01").expiring))
        moment = datetime.now(UTC) + SOON
        async with replicas(made, tmp_path, 4) as rings:
            early = await rings[0].fresh("T01", datetime.now(UTC))
            await asyncio.gather(*(ring.fresh("T01", moment) for ring in rings for _ in range(10)))
            after = [await ring.fresh("T01", moment) for ring in rings]
        assert made.bot.workspaces is not None
        await made.bot.workspaces.renew(moment)
        del made.slack("T01").expiring[first]
        await made.ask("T01")

    assert early is not None
    assert early.token == first
    assert {kept.token for kept in after if kept} == {list(made.slack("T01").expiring)[-1]}
    assert made.teams.asked == [("code", ""), ("refresh", "")]


async def test_two_bots_that_share_an_installation_refresh_it_once(tmp_path: Path) -> None:
    """Both get a request when the token ends soon: one refreshes it, and the other has its draft meanwhile.

    Two real processes on PostgreSQL. A second refresh with the same token would lock the workspace out.
    """
    url, keys = postgres.database_for(tmp_path), Fernet.generate_key().decode()
    teams = Teams(rotates=True)
    teams.add([make_team(1)])
    slack = teams.slacks["T01"]
    async with teams, Model() as model, AsyncExitStack() as stack:
        bots = [
            BotProcess(
                slack,
                model,
                tmp_path / f"bot{number}",
                http=True,
                SLACK_BOT_TOKEN="",
                SLACK_API_URL=f"{teams.url}/api/",
                SLACK_CLIENT_ID=teams.client_id,
                SLACK_CLIENT_SECRET=teams.client_secret,
                DATABASE_URL=url,
                SECRET_KEYS=keys,
            )
            for number in range(2)
        ]
        for bot in bots:
            await bot.start()
            stack.push_async_callback(bot.end, signal.SIGKILL)
        await teams.install("T01", f"http://127.0.0.1:{bots[0].port}")
        for bot in bots:
            await bot.end(signal.SIGKILL)
        records = Records(tmp_path / "records.sqlite", database_url=url)
        records.open()
        stack.push_async_callback(records.close)
        first = await records.installations.get("T01")
        for bot in bots:
            await bot.start()
        teams.held = asyncio.Event()
        soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        await records.store.write(
            lambda db: db.execute("update installations set expires_at = ? where team_id = 'T01'", [soon])
        )
        slack.deliveries.ack_within_s = PATIENCE_S
        asking = []
        for bot, user_id in zip(bots, (ANNA, BEN), strict=True):
            bot.point()
            asking.append(asyncio.create_task(slack.command(user_id, SALES, "/draft", "email about the van")))
            await asyncio.sleep(0)  # it is on its way to this bot
        # Whoever comes first waits for Slack's new token, the other one for nothing. Where a round has opened the
        # workspace just before, the look of each minute is what refreshes.
        await until(lambda: _is(("refresh", "") in teams.asked), patience_s=150)
        await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        teams.held.set()
        told = [(await one).status for one in asking]
        await until(lambda: _is([_drafts(slack, user_id) for user_id in (ANNA, BEN)] == [1, 1]))
        kept = await records.installations.get("T01")

    assert told == [200, 200]
    assert teams.asked == [("code", ""), ("refresh", "")]
    assert kept is not None
    assert first is not None
    assert kept.sealed != first.sealed


def _drafts(slack: Slack, user_id: str) -> int:
    return sum("approve" in buttons(one) for one in slack.messages(slack.workspace.im_with(user_id).id))


async def _is(true: bool) -> bool:
    return true


async def test_who_dies_while_refreshing_holds_nobody_up_for_long(tmp_path: Path) -> None:
    """A replica is killed between its claim and Slack's answer: a minute later another one refreshes."""
    async with town(tmp_path, 1, rotates=True) as made, replicas(made, tmp_path, 1) as rings:
        await made.install("T01")
        moment = datetime.now(UTC) + SOON
        rows = made.bot.records.installations
        claims = [
            await rows.claim_refresh("T01", moment, early=timedelta(hours=2), lease=LEASE) for _ in "ab"
        ]
        waiting = await rings[0].fresh("T01", moment)
        asked = len(made.teams.asked)
        later = await rings[0].fresh("T01", moment + LEASE)

    assert [bool(claim) for claim in claims] == [True, False]
    assert waiting is not None
    assert asked == 1
    assert later is not None
    assert later.token != waiting.token


async def test_slack_is_away_while_a_token_is_refreshed(tmp_path: Path) -> None:
    """The next look refreshes it; the token from before is good until then."""
    async with town(tmp_path, 1, rotates=True) as made, replicas(made, tmp_path, 1) as rings:
        await made.install("T01")
        moment = datetime.now(UTC) + SOON
        made.teams.broken = 1
        before = await rings[0].fresh("T01", moment)
        after = await rings[0].fresh("T01", moment)

    assert before is not None
    assert after is not None
    assert before.token != after.token


async def test_who_uninstalls_leaves_no_token(tmp_path: Path) -> None:
    """Its tokens go at once, its words after the days that it set, and nobody else notices."""
    async with town(tmp_path, 1, 2) as made:
        await made.install("T01", "T02")
        await made.ask("T01")
        await made.ask("T02")
        await made.teams.uninstall("T01")
        records = made.bot.records
        left = await records.installations.teams()
        kept = {row["team_id"] for row in await records.ledger.newest()}
        days = await records.erasures.gone(datetime.now(UTC) + timedelta(days=31))
        await made.ask("T02")
        async with aiohttp.ClientSession() as browser, browser.get(f"{made.address}/readyz") as page:
            ready = page.status
        await durable.enqueue(
            "batch",
            keeping._personal,
            "T01",
            ANNA,
            "r1",
            workflow_id="personal:T01:r1",
            partition="T01",
            delay_s=600.0,
        )
        await records.erasures.leave("T01", datetime.now(UTC))
        await records.store.write(lambda db: db.execute("update departures set purge_after = '2020-01-01'"))
        await jobs.clean_now()
        after = {row["team_id"] for row in await records.ledger.newest()}
        known = await records.teams.known()
        engine = [one.workflow_id for one in await DBOS.list_workflows_async(load_input=False)]

    assert left == ["T02"]
    assert kept == {"T01", "T02"}
    assert days == ["T01"]
    assert ready == 200
    assert after == {"T02"}
    assert known == ["T02"]
    assert not [one for one in engine if "T01:" in one]


def _bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("*.sqlite*"))


@pytest.mark.sqlite("the backups that go are those of the files")
async def test_a_purge_that_broke_off_is_ended(tmp_path: Path) -> None:
    """Killed after its rows went, what stands in files goes the next night; other firms' erasures stay known."""
    async with town(tmp_path, 1, 2) as made:
        await made.install("T01", "T02")
        records = made.bot.records
        for team_id in ("T01", "T02"):
            await made.ask(team_id)
            document = Document(team_id, "boek.md", "slack", "F1", "same", EVERYONE)
            await records.knowledge.put(document, [Passage(f"zwanenhals{team_id} for everybody")])
        await records.knowledge.search("T02", "zwanenhals", [EVERYONE])
        make_backup(tmp_path)
        await records.erasures.erase(await records.erasures.ask("T02", BEN))
        await records.erasures.leave("T01", datetime.now(UTC))
        await made.teams.uninstall("T01")
        await records.store.write(lambda db: db.execute("update departures set purge_after = '2020-01-01'"))
        await records.erasures.purge("T01")
        broken_off = newest_backup(tmp_path)
        await jobs.clean_now()
        found = await records.knowledge.search("T02", "zwanenhals everybody", [EVERYONE])
        gone = await records.erasures.gone(datetime.now(UTC))
    words = _bytes(tmp_path).lower()

    assert broken_off
    assert newest_backup(tmp_path) is None
    assert len(erasures_since(tmp_path, datetime.now(UTC) - timedelta(hours=1))) == 1
    assert gone == []
    assert len(found) == 1
    assert b"zwanenhalst02" in words
    assert b"zwanenhalst01" not in words


async def test_who_comes_back_finds_everything(tmp_path: Path) -> None:
    """Installed again within the days, drafts come again, and nothing is purged."""
    async with town(tmp_path, 1) as made:
        await made.install("T01")
        await made.ask("T01")
        await made.teams.uninstall("T01")
        await made.install("T01")
        await made.ask("T01")
        gone = await made.bot.records.erasures.gone(datetime.now(UTC) + timedelta(days=400))

    assert gone == []


async def test_one_revoked_token_is_one_workspaces_trouble(tmp_path: Path) -> None:
    """The bot stays ready, the others get their drafts, and what was asked meanwhile comes after a new installation.

    The figures show that one token is refused, and that none is any more.
    """
    async with town(tmp_path, 1, 2) as made:
        await made.install("T01", "T02")

        async def refused(count: int) -> bool:
            told = await measured(made)
            return (
                told['tijdwinst_workspaces{state="refused"}'],
                told['tijdwinst_workspaces{state="good"}'],
            ) == (count, 2 - count)

        await until(lambda: refused(0))
        made.slack("T01").revoke_token()
        await made.slack("T01").command(ANNA, SALES, "/draft", "email about the boat")
        await made.ask("T02")
        async with aiohttp.ClientSession() as browser, browser.get(f"{made.address}/readyz") as page:
            ready = page.status
        await until(lambda: refused(1))
        await made.install("T01")
        slack = made.slack("T01")
        im = slack.workspace.im_with(ANNA).id
        await slack.wait_for(
            lambda: [one for one in slack.messages(im) if "approve" in buttons(one)], timeout_s=20
        )
        await until(lambda: refused(0))

    assert ready == 200


async def test_what_comes_from_nobody_is_answered(tmp_path: Path) -> None:
    """A late event of a workspace that left is taken, so that Slack does not send it for hours; a forged one is not.

    Whoever runs the bot sees in the figures how many came of workspaces that are not installed.
    """
    async with town(tmp_path, 1, 2) as made:
        await made.install("T02")
        late = await made.slack("T01").push_event({"type": "app_home_opened", "user": ANNA, "tab": "home"})
        forged = await made.slack("T02").send_raw('{"team_id": "T02"}', secret="wrong")
        checked = await made.slack("T02").send_raw('{"type": "url_verification", "challenge": "abc"}')

        counted = await measured(made)

    assert late.status == 200
    assert forged.status == 401
    assert counted["tijdwinst_not_installed_requests_total"] == 1
    assert (checked.status, "abc" in checked.body) == (200, True)


async def test_the_command_line_asks_which_workspace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With several workspaces a command names them, does nothing, and with --team is about that one alone."""
    async with town(tmp_path, 1, 2) as made:
        await made.install("T01", "T02")
        await made.ask("T01")
        await made.ask("T02")
        settings = made.bot.settings
        sheet = tmp_path / "prices.csv"
        sheet.write_text("sku,name,unit,price,vat\nA,Lamp,pc,10.5,high\n")
        with pytest.raises(TeamError, match="T01, T02"):
            await asyncio.to_thread(import_prices, settings, sheet)
        await asyncio.to_thread(import_prices, settings, sheet, team="T02")
        capsys.readouterr()
        await asyncio.to_thread(export, settings, "runs", form="jsonl", start=None, end=None, team="T01")
        rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        prices = [len(await made.bot.records.quotes.prices(team_id)) for team_id in ("T01", "T02")]

    assert [row["team_id"] for row in rows] == ["T01"]
    assert prices == [0, 1]


def test_settings_for_many_workspaces() -> None:
    """Who leaves something out reads what and where to find it; a bot token still goes first."""
    given = {"SLACK_CLIENT_ID": "1.2", "ANTHROPIC_API_KEY": "sk-1", "SLACK_APP_TOKEN": "xapp-1"}
    with pytest.raises(SettingsError) as told:
        Settings.from_environ(given)
    lines = str(told.value).splitlines()
    whole = {**given, "SLACK_CLIENT_SECRET": "s", "SLACK_SIGNING_SECRET": "s", "SLACK_APP_TOKEN": ""}

    assert [line.split()[0] for line in lines] == [
        "SLACK_CLIENT_SECRET",
        "SLACK_SIGNING_SECRET",
        "SLACK_APP_TOKEN",
    ]
    assert Settings.from_environ(whole).many_workspaces
    assert not Settings.from_environ({**whole, "SLACK_BOT_TOKEN": "xoxb-1"}).many_workspaces
