"""The picture of the README: `python -m tests.browser.pictures` takes it anew, in both themes."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import Browser, expect

from tests.browser.conftest import SKIPPED, Desk, open_browser, open_firm
from tests.conftest import World

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
SIZE = {"width": 1180, "height": 900}
FAIR = "The garden fair in Utrecht"


async def take(browser: Browser, world: World, scheme: str) -> None:
    """Take the picture in one theme: a thread with its summary, ready for review."""
    context = await browser.new_context(viewport=SIZE, color_scheme=scheme, locale="en-GB")  # type: ignore[arg-type]
    desk = Desk(await context.new_page(), world)
    await desk.go_to_thread(FAIR)
    await desk.be("Sanne Bloem")
    if scheme == "light":
        await desk.send("@Tijdwinst summarise")
    await expect(desk.card()).to_have_count(1)
    await desk.card().scroll_into_view_if_needed()
    await desk.page.screenshot(path=FOLDER / f"thread{'' if scheme == 'light' else '-dark'}.png")
    await context.close()


async def main() -> None:
    """Take it light and dark."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_browser() as browser, open_firm(Path(folder)) as world:
            if browser is None:
                raise SystemExit(SKIPPED)
            for scheme in ("light", "dark"):
                await take(browser, world, scheme)


if __name__ == "__main__":
    asyncio.run(main())
