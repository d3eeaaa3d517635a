"""The page for everybody: by keyboard, read aloud, in the dark, on a small screen."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Page, expect

from tests.browser.conftest import Desk, Open
from tests.browser.test_journeys import FAIR

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def faults(page: Page) -> list[dict[str, Any]]:
    """Return what axe finds wrong on the page as it stands, in short."""
    found = (await Axe().run(page)).response["violations"]
    return [{"rule": one["id"], "where": [node["target"] for node in one["nodes"]]} for one in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_stands_in_the_way_of_a_screen_reader(open_desk: Open, scheme: str) -> None:
    """Names, roles and contrasts hold in a thread, in a form, in the messages tab and on the Home tab."""
    desk = await open_desk(color_scheme=scheme)
    await desk.go_to_thread(FAIR)
    await desk.send("@Tijdwinst summarise")
    await expect(desk.card()).to_have_count(1)
    found = {"thread": await faults(desk.page)}
    await desk.press("Edit")
    await expect(desk.form).to_be_visible()
    found["form"] = await faults(desk.page)
    await desk.page.keyboard.press("Escape")
    await expect(desk.form).to_have_count(0)
    await desk.press("Approve")
    await expect(desk.messages("Approved by")).to_have_count(1)
    found["decided"] = await faults(desk.page)
    await desk.open_tab()
    found["tab"] = await faults(desk.page)
    for name in ("Tijdwinst: Home", "The ledger"):
        await desk.page.get_by_role("link", name=name).click()
        await expect(desk.page.get_by_role("heading", name=name)).to_be_visible()
        found[name] = await faults(desk.page)

    assert {place: wrong for place, wrong in found.items() if wrong} == {}


async def reach(desk: Desk, name: str, *, key: str = "Tab") -> None:
    """Go on with *key* until a button *name* has the focus."""
    for _ in range(60):
        if await desk.page.evaluate("document.activeElement.innerText") == name:
            return
        await desk.page.keyboard.press(key)
    raise AssertionError(f"{name} cannot be reached")


async def test_a_draft_is_asked_for_edited_and_approved_by_keyboard_alone(desk: Desk) -> None:
    """No mouse: the skip link, the message box, the card, its form and the question after it; focus is never lost."""
    page, keys = desk.page, desk.page.keyboard
    await desk.go_to_thread(FAIR)
    await keys.press("Tab")
    await expect(page.get_by_role("link", name="To the message box")).to_be_focused()
    await keys.press("Enter")
    await expect(desk.box).to_be_focused()
    await keys.type("@Tijdwinst summarise")
    await keys.press("Enter")
    await expect(desk.card()).to_have_count(1)
    await expect(desk.box).to_be_focused()
    await reach(desk, "Edit", key="Shift+Tab")
    await keys.press("Enter")
    await expect(desk.form.get_by_role("textbox")).to_be_focused()
    await keys.press("Control+A")
    await keys.type("We take the 3 by 4.")
    await keys.press("Escape")
    await expect(desk.button("Edit")).to_be_focused()
    await keys.press("Enter")
    await expect(desk.form.get_by_role("textbox")).to_be_focused()
    await keys.press("Control+A")
    await keys.type("We take the 3 by 4.")
    await reach(desk, "Approve")
    await expect(desk.form.get_by_role("button", name="Approve")).to_be_focused()
    await keys.press("Enter")
    await expect(desk.messages("Edited and approved by @Sanne Bloem")).to_have_count(1)
    await reach(desk, "About 5 min")
    await keys.press("Enter")

    await expect(desk.button("About 5 min")).to_have_count(0)
    assert await page.evaluate("document.activeElement !== document.body")


async def test_the_arrow_keys_walk_through_the_messages(desk: Desk) -> None:
    """From the newest up, message by message; each says who wrote it and when, and its menu is one Tab away."""
    page, keys = desk.page, desk.page.keyboard
    await desk.go("CPLANNING")
    await expect(page.locator("#title")).to_contain_text("planning")
    await expect(desk.messages().last).to_be_visible()
    await page.get_by_role("region", name="Messages").focus()
    await keys.press("ArrowUp")
    await expect(desk.messages().last).to_be_focused()
    await keys.press("ArrowUp")
    message = desk.messages().nth(-2)
    await expect(message).to_be_focused()
    await reach(desk, "Draft from this message")

    await expect(message.get_by_role("button", name="Draft from this message")).to_be_focused()


@pytest.mark.parametrize("firm", ["nl"], indirect=True)
async def test_the_page_and_the_bot_speak_dutch(desk: Desk) -> None:
    """Whoever has Slack in Dutch gets this page in Dutch too, and the way back to English."""
    page = desk.page
    await page.get_by_role("combobox", name="Language").select_option(label="Nederlands")
    await expect(page.get_by_role("heading", name="Kanalen")).to_be_visible()
    await page.get_by_role("link", name="# planning").click()
    await page.get_by_role("link", name="11 antwoorden").click()
    await page.get_by_role("textbox", name="Bericht").fill("@Tijdwinst vat samen")
    await desk.button("Versturen").click()
    await desk.press("Goedkeuren")
    await expect(desk.messages("Goedgekeurd door @Sanne Bloem")).to_have_count(1)

    assert await page.locator("html").get_attribute("lang") == "nl"
    assert desk.world.slack.workspace.users["USANNE"].locale == "nl-NL"
    await desk.be("Tom Bakker")
    await expect(page.get_by_role("heading", name="Channels")).to_be_visible()


async def test_a_phone_shows_everything(open_desk: Open) -> None:
    """On a narrow screen nothing is cut off or scrolls sideways, and the channels are behind Menu."""
    desk = await open_desk(viewport={"width": 380, "height": 760}, color_scheme="dark")
    page = desk.page
    await desk.go_to_thread(FAIR)
    await desk.send("@Tijdwinst summarise")
    await expect(desk.card()).to_have_count(1)
    wide = [await page.evaluate("document.documentElement.scrollWidth - innerWidth")]
    await desk.press("Edit")
    await expect(desk.form).to_be_visible()
    wide.append(await page.evaluate("document.documentElement.scrollWidth - innerWidth"))
    await page.keyboard.press("Escape")
    await desk.button("Menu").click()
    await page.get_by_role("link", name="# planning").click()
    await expect(page.get_by_role("heading", name="# planning")).to_be_visible()

    await expect(page.get_by_role("link", name="# planning")).to_be_hidden()
    assert wide == [0, 0]
    assert await faults(page) == []
