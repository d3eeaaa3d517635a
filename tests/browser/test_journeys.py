"""The main journeys, as a person clicks through them."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Desk

pytestmark = pytest.mark.asyncio(loop_scope="session")

FAIR = "The garden fair in Utrecht"
STAND = "We take the 3 by 4 at the entrance."


async def test_a_mention_in_a_thread_brings_a_summary_that_is_approved(desk: Desk) -> None:
    """The draft stands in the thread with its buttons; Approve says who did it, and the ledger has the run."""
    await desk.go_to_thread(FAIR)
    await desk.send("@Tijdwinst summarise")
    await expect(desk.card()).to_contain_text("Rests on 27 messages")
    await desk.press("Approve")
    await expect(desk.messages("Approved by @Sanne Bloem")).to_have_count(1)
    await desk.page.get_by_role("link", name="The ledger").click()

    await expect(desk.page.get_by_role("row").filter(has_text="mention")).to_contain_text("approved")


async def test_an_edit_counts_and_the_minutes_are_one_tap(desk: Desk) -> None:
    """The form holds the draft; what was changed is what counts, and one tap says how long it took."""
    await desk.go_to_thread(FAIR)
    await desk.send("@Tijdwinst summarise")
    await desk.press("Edit")
    text = desk.form.get_by_role("textbox")
    await expect(text).to_be_focused()
    await text.fill(STAND)
    await desk.form.get_by_role("button", name="Approve").click()
    await expect(desk.form).to_have_count(0)
    card = desk.messages(STAND)
    await expect(card).to_contain_text("Edited and approved by @Sanne Bloem")
    await card.get_by_role("button", name="About 5 min").click()

    await expect(card.get_by_role("button", name="About 5 min")).to_have_count(0)
    (row,) = await desk.world.rows(where=lambda row: row["review"] == "edited")
    assert row["review_word"] == "5"


async def test_a_redo_follows_the_instruction_and_undo_brings_the_first_back(desk: Desk) -> None:
    """The new version takes the place of the old one; Undo shows the old one again."""
    desk.world.model.answers = ["The first text.", "Een kortere tekst."]
    await desk.go_to_thread(FAIR)
    await desk.send("@Tijdwinst summarise")
    await desk.press("Redo")
    await desk.form.get_by_role("textbox", name="What should be different?").fill("Shorter, in Dutch")
    await desk.form.get_by_role("button", name="Write").click()
    await expect(desk.card()).to_contain_text("Een kortere tekst.")
    await desk.press("Undo")

    await expect(desk.card()).to_contain_text("The first text.")


async def test_a_draft_is_shared_where_it_came_from(desk: Desk) -> None:
    """A summary by command stands in the messages tab; Share posts it in the thread, for all to read."""
    ts = await desk.go_to_thread(FAIR)
    await desk.go("CGENERAL")
    await desk.send(f"/summarize {desk.world.link(ts, 'CGENERAL')}")
    await desk.open_tab()
    await desk.press("Share where it came from")
    await expect(desk.messages("Approved and shared in #general by @Sanne Bloem")).to_have_count(1)
    await desk.be("Emma Clarke")
    await desk.go_to_thread(FAIR)

    await expect(desk.messages().last).to_contain_text("I can do Friday, not Saturday.")
    await expect(desk.card()).to_have_count(0)


async def test_a_quote_from_the_form_becomes_a_pdf_once_it_is_approved(desk: Desk) -> None:
    """The form asks what the task needs; the figures are the price list's, and Approve brings the file."""
    await desk.send("/quote")
    await desk.form.get_by_role("textbox", name="Or a new customer: what is their name?").fill(
        "Hotel Duinzicht"
    )
    await desk.form.get_by_role("textbox", name="What is it about?").fill("24 plantenbak groot")
    await desk.form.get_by_role("button", name="Write").click()
    await desk.open_tab()
    card = desk.card()
    await expect(card).to_contain_text("€2,136.00")
    await desk.press("Approve")
    async with desk.page.expect_download() as waiting:
        await desk.page.get_by_role("link", name="📎").click()
    download = await waiting.value
    path = await download.path()

    assert path.read_bytes().startswith(b"%PDF")


async def test_social_posts_come_per_platform(desk: Desk) -> None:
    """Each platform has a post with its count, from what was typed only."""
    await desk.send("/social x, linkedin: Saturday 12 December we open our second garden shop in Zutphen")
    await desk.open_tab()
    card = desk.card()

    await expect(card.get_by_role("heading", name="LinkedIn")).to_be_visible()
    await expect(card).to_contain_text("Zutphen")


async def test_the_message_shortcut_summarizes(desk: Desk) -> None:
    """Whoever points at a message has its thread summarized, in their messages tab."""
    await desk.go("CPLANNING")
    message = desk.messages("Planning tuin familie Smit")
    await message.hover()
    await message.get_by_role("button", name="Summarize thread").click()
    await desk.page.get_by_role("link", name="Open it").click()

    await expect(desk.card()).to_contain_text("Rests on 12 messages")


async def test_settings_are_for_admins(desk: Desk) -> None:
    """Sanne changes the hourly rate, a wrong one is refused at its field; Tom is told whose they are."""
    await desk.send("/tijdwinst settings")
    rate = desk.form.get_by_role("textbox", name="What an hour of work costs you")
    await rate.fill("lots")
    await desk.form.get_by_role("button", name="Save").click()
    await expect(rate).to_be_focused()
    await expect(rate).to_have_accessible_description("Give an amount from 1 to 1,000.")
    await rate.fill("52,50")
    await desk.form.get_by_role("button", name="Save").click()
    await expect(desk.form).to_have_count(0)
    await desk.be("Tom Bakker")
    await desk.send("/tijdwinst settings")

    await expect(desk.messages("Only visible to you")).to_contain_text("admin")
    assert str((await desk.world.bot.records.workspaces.get("T1")).hourly_rate) == "52.50"


async def test_the_messages_tab_is_a_conversation(desk: Desk) -> None:
    """A question is answered there, and "shorter" makes a new version of the answer."""
    desk.world.model.answers = ["A long first answer.", "Short."]
    await desk.open_tab()
    await desk.send("Write an e-mail to the hotel about the delivery on 16 December")
    await expect(desk.card()).to_contain_text("A long first answer.")
    await desk.send("shorter")

    await expect(desk.card()).to_contain_text("Short.")


async def test_the_home_tab_says_what_was_saved(desk: Desk) -> None:
    """It opens for each person."""
    await desk.page.get_by_role("link", name="Tijdwinst: Home").click()
    await expect(desk.page.get_by_role("heading", name="Tijdwinst", exact=True)).to_be_visible()
