"""The page of the local Slack in a real browser, before the real bot: what a person clicks, types and reads."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Error, Locator, Page, async_playwright, expect

from bot.demo import import_prices
from bot.sandbox.page import ShownSlack
from bot.sandbox.seed import seed_workspace
from bot.sandbox.workspace import Workspace
from bot.tasks import Language
from tests.conftest import World, running

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SKIPPED = "no chromium on this machine (apt-get install chromium)"

# The whole bot stands behind every click, on a machine that may be busy.
expect.set_options(timeout=20_000)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line that the page was not tested in a browser, and why."""
    skipped = [one for one in terminalreporter.stats.get("skipped", []) if SKIPPED in str(one.longrepr)]
    if skipped:
        terminalreporter.write_line(f"{len(skipped)} browser tests were skipped: {SKIPPED}")


@dataclass
class Desk:
    """One person's window on the workspace; names are what a screen reader reads out."""

    page: Page
    world: World

    async def go(self, place: str) -> None:
        """Look at a conversation, a thread, or the Home tab: `CGENERAL`, `CGENERAL/<ts>`, `home`."""
        await self.page.goto(f"{self.world.slack.url}/#{place}")
        await expect(self.page.locator("#title")).not_to_be_empty()

    async def go_to_thread(self, words: str) -> str:
        """Look at the thread that begins with *words* and return its `ts`."""
        for channel in self.world.slack.workspace.channels.values():
            for ts in channel.threads:
                if words in channel.messages[ts]["text"]:
                    await self.go(f"{channel.id}/{ts}")
                    return ts
        raise LookupError(words)

    async def be(self, name: str) -> None:
        """Be somebody else from now on."""
        await self.page.get_by_role("combobox", name=re.compile("You are|Je bent")).select_option(label=name)

    @property
    def box(self) -> Locator:
        """The message box."""
        return self.page.get_by_role("textbox", name="Message")

    async def send(self, words: str) -> None:
        """Write a message, or a command."""
        await self.box.fill(words)
        await self.page.get_by_role("button", name="Send", exact=True).click()

    async def open_tab(self) -> None:
        """Look at the messages tab."""
        await self.page.get_by_role("link", name="Tijdwinst: Messages").click()
        await expect(self.page.get_by_role("heading", name="Tijdwinst: Messages")).to_be_visible()

    def messages(self, words: str = "") -> Locator:
        """Return the messages that stand there, those with *words* among them."""
        return self.page.get_by_role("article").filter(has_text=words)

    def card(self, *, having: str = "Approve") -> Locator:
        """Return the messages with a button."""
        return self.page.get_by_role("article").filter(has=self.button(having))

    def button(self, name: str) -> Locator:
        """Return the buttons of that name."""
        return self.page.get_by_role("button", name=name, exact=True)

    @property
    def form(self) -> Locator:
        """The form on top."""
        return self.page.get_by_role("dialog")

    async def press(self, name: str) -> None:
        """Press a button of the newest message that has one."""
        await self.card(having=name).last.get_by_role("button", name=name, exact=True).click()


Open = Callable[..., Awaitable[Desk]]


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser | None]:
    """Start the machine's own browser, if it has one."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        yield None
        return
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        await browser.close()


@asynccontextmanager
async def open_firm(folder: Path, language: Language = "en") -> AsyncIterator[World]:
    """Start the invented garden firm and the whole bot in it."""
    workspace = Workspace()
    seed_workspace(workspace)
    async with (
        ShownSlack(workspace, retry_delays_s=(0.05, 0.1, 0.2)) as slack,
        running(folder, slack=slack, language=language) as world,
    ):
        slack.ledger = world.bot.records.ledger.newest
        await import_prices(world.bot)
        yield world


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all tests; without one they are skipped."""
    async with open_browser() as browser:
        if browser is None:
            pytest.skip(SKIPPED)
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def firm(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """The firm; a parameter is the bot's language."""
    async with open_firm(tmp_path, getattr(request, "param", "en")) as world:
        yield world


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def window(browser: Browser) -> Page:
    """One window for the tests that need no other: a new one takes as long as a test, and each firm has an address."""
    return await _new_window(browser)


async def _new_window(browser: Browser, **how: Any) -> Page:
    context = await browser.new_context(
        **{
            "locale": "en-GB",
            "timezone_id": "Europe/Amsterdam",
            "viewport": {"width": 1200, "height": 900},
            **how,
        }
    )
    return await context.new_page()


@pytest_asyncio.fixture(loop_scope="session")
async def open_desk(browser: Browser, window: Page, firm: World) -> AsyncIterator[Open]:
    """Open windows; what breaks in their scripts fails the test."""
    pages: list[Page] = []
    broken: list[str] = []

    def note(error: Error) -> None:
        broken.append(str(error))

    async def make(**how: Any) -> Desk:
        page = await _new_window(browser, **how) if how or pages else window
        page.on("pageerror", note)
        pages.append(page)
        return Desk(page, firm)

    yield make
    for page in pages:
        if page is window:
            await page.goto("about:blank")
            page.remove_listener("pageerror", note)
        else:
            await page.context.close()

    assert broken == []


@pytest_asyncio.fixture(loop_scope="session")
async def desk(open_desk: Open) -> Desk:
    """Sanne's window: she is an admin."""
    desk = await open_desk()
    await desk.go("CGENERAL")
    await desk.be("Sanne Bloem")
    return desk
