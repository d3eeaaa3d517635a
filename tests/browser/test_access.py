"""The page for everybody: by keyboard, read aloud, in the dark, on a small screen."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Page, expect

from tests.browser.conftest import Open
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
