"""The pictures of the README and the pages: `make pictures` takes them anew from the local Slack, light and dark."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import typst
from playwright.async_api import Browser, Locator, expect

from bot.digest import make_table, week_message, week_text
from bot.digest.chart import chart_blocks
from bot.digest.report import TEMPLATE as REPORT
from bot.digest.report import report_document
from bot.quotes.paper import TEMPLATE as PAPER
from bot.quotes.paper import Words, find_words, to_print
from bot.records.screening_rules import ScreeningRules
from bot.sandbox.model_rules import user_text
from bot.tasks import Language
from bot.texts import text
from tests.browser.conftest import SKIPPED, Desk, open_browser, open_firm
from tests.browser.palette import with_palette
from tests.conftest import World, buttons, said
from tests.documents import word
from tests.figures import CLAIMED, ESTIMATED, Case, build

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
SANNE, GENERAL, HOME, FORM = "USANNE", "CGENERAL", "home", "the open form"
FAIR = "The garden fair in Utrecht"
SCHEMES: dict[Any, str] = {"light": "", "dark": "-dark"}
WIDTH = 1_180
WINDOW_HEIGHT, CARD_HEIGHT = 760, 2_400
"""A card is taken in a window that it fits into, so that nothing of it is scrolled away."""

WORDS: dict[Language, dict[str, Any]] = {
    "en": {
        "quote": "24 plantenbak groot with 10% discount, 1 olijfboom and 6 hours plantwerk, for Bistro Noord",
        "intro": "Thank you for showing us your terrace on Tuesday. Below is our quote for the planters and the"
        " olive tree at the entrance, planted by us.",
        "scope": ["Planting and removing what we bring along are included."],
        "open": "On which day may we plant?",
    },
    "nl": {
        "quote": "24 plantenbak groot met 10% korting, 1 olijfboom en 6 uur plantwerk, voor Bistro Noord",
        "intro": "Dank voor de rondleiding over uw terras op dinsdag. Hieronder staat onze offerte voor de bakken en"
        " de olijfboom bij de ingang, door ons beplant.",
        "scope": ["Beplanten en het afvoeren van wat wij meebrengen zijn inbegrepen."],
        "open": "Op welke dag kunnen wij planten?",
    },
}
"""What people ask and the model answers in the pictures; all of it is invented."""

FIRM = {
    "name": "Bloem & Zonen B.V.",
    "seat": "Zutphen",
    "address": "Beukerstraat 12\n7201 LD Zutphen",
    "email": "info@bloem-en-zonen.example",
    "kvk": "12345678",
    "vat_id": "NL004495445B01",
    "iban": "NL91ABNA0417164300",
}
RULES = ScreeningRules(
    purpose="finding evidence for criteria",
    legal_basis="GDPR article 6(1)(f)",
    dpia_on="2026-11-02",
    overseer_id=SANNE,
    notice="AI helps us to read your CV; a person decides.",
    council="none",
)
EVIDENCE = {
    "Lays paving and terraces": ("met", ["laid terraces and paths for eight years"]),
    "Reads planting plans": ("partly", ["worked from the plans of two designers"]),
    "Driving licence BE": ("met", ["Driving licence B and BE"]),
    "Speaks with customers in Dutch": ("met", ["explained the work to customers, in Dutch"]),
    "Has led a small team": ("not_found", []),
}
CV = (
    "Ngozi Okafor",
    "ngozi@mail.example",
    "Ngozi laid terraces and paths for eight years, and worked from the plans of two designers.",
    "She explained the work to customers, in Dutch. Driving licence B and BE.",
)
TABLE = """\
Naam;Materiaal;Maat;Zoekwoorden
Bak Riva;cortenstaal;80 x 40 x 40 cm;plantenbak
Bak Lena;vezelklei;60 x 60 x 60 cm;vezelklei
Pot Oslo;terracotta;45 cm;terracotta pot
Bank Nora;lariks;180 cm;tuinbank hout
Bak Timo;beton;100 x 50 x 50 cm;betonnen plantenbak
"""
ABOUT = {
    "Riva": "Deze plantenbak van cortenstaal roest van buiten en blijft dicht. Hij is 80 x 40 x 40 cm.",
    "Lena": "Vierkant, 60 x 60 x 60 cm, en lichter dan hij lijkt: vezelklei draag je met z'n tweeën het balkon op.",
    "Oslo": "Een terracotta pot van 45 cm, ongeglazuurd. Hij ademt, dus geef de plant in de zomer vaker water.",
    "Nora": "Op deze tuinbank van lariks zit je met z'n drieën. Het hout is 180 cm lang en vergrijst vanzelf.",
    "Timo": "Een betonnen plantenbak voor een boom of een haag: 100 x 50 x 50 cm, en zwaar genoeg om te blijven staan.",
}


@dataclass
class Album:
    """A firm in one language, and Sanne's window on it, in which every picture is taken."""

    desk: Desk
    language: Language
    schemes: Mapping[Any, str] = field(default_factory=lambda: SCHEMES)

    @property
    def world(self) -> World:
        """The firm, and the bot in it."""
        return self.desk.world

    @property
    def im(self) -> str:
        """Sanne's messages tab."""
        return self.world.slack.workspace.im_with(SANNE).id

    async def take(self, name: str, place: str, what: str = "", *, height: int = CARD_HEIGHT) -> None:
        """Take what shows of *place* in each theme: the message that holds *what*, the form, or the whole window."""
        page = self.desk.page
        await page.set_viewport_size({"width": WIDTH, "height": height})
        for scheme, ending in self.schemes.items():
            await page.emulate_media(color_scheme=scheme)
            await self.desk.go(GENERAL if place == FORM else place)
            own = {FORM: self.desk.form, HOME: self.desk.button(what)}
            found: Locator = own.get(place, self.desk.messages(what).last)
            await expect(found).to_be_visible()
            if place != HOME:  # it begins at its top, and is published anew while somebody looks
                await found.scroll_into_view_if_needed()
            # Neither where the keyboard is nor the time of day is part of the picture: the same card, the same bytes.
            await page.evaluate("document.activeElement?.blur()")
            await page.evaluate(
                "document.querySelectorAll('time').forEach((one) => (one.textContent = '9:41'))"
            )
            shot = await (page.screenshot() if height == WINDOW_HEIGHT else found.screenshot())
            await self.keep(name, shot, ending)

    async def keep(self, name: str, shot: bytes, ending: str = "") -> None:
        """Write a picture."""
        tongue = "" if self.language == "en" else f".{self.language}"
        small = await with_palette(self.desk.page.context, shot)
        (FOLDER / f"{name}{ending}{tongue}.png").write_bytes(small)

    async def page_of(self, name: str, template: Path, data: Mapping[str, Any]) -> None:
        """Draw the first page of a paper: paper is white in both themes."""
        pages = typst.compile(
            template,
            root=template.parent,
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
            format="png",
            ppi=80,
            ignore_system_fonts=True,
        )
        await self.keep(name, pages if isinstance(pages, bytes) else pages[0])

    async def newest(self, having: str) -> dict[str, Any]:
        """Return the newest message of Sanne's messages tab with a button, waiting for it."""

        def look() -> dict[str, Any] | None:
            told = self.world.slack.messages(self.im)
            return next((one for one in reversed(told) if having in buttons(one)), None)

        return await self.world.slack.wait_for(look, 60)

    async def press(self, name: str) -> None:
        """Press a button of the newest message that has it, as Sanne."""
        message = await self.newest(name)
        await self.world.slack.click(SANNE, self.im, message["ts"], name)

    async def fill_in(self, values: dict[str, Any] | None = None) -> None:
        """Send the form that opens."""
        await self.world.slack.wait_for(lambda: self.world.slack.modal(SANNE), 60)
        await self.world.slack.submit(SANNE, values)


async def show_thread(album: Album) -> None:
    """A thread with its summary, ready for review."""
    space = album.world.slack.workspace
    ts = next(
        ts for ts in space.channels[GENERAL].threads if FAIR in space.channels[GENERAL].messages[ts]["text"]
    )
    await album.world.slack.say(SANNE, GENERAL, f"<@{space.bot_user_id}> summarise", thread_ts=ts)
    await album.world.card(GENERAL, thread_ts=ts)
    await album.take(
        "thread", f"{GENERAL}/{ts}", text("button.approve", album.language), height=WINDOW_HEIGHT
    )


async def show_quote(album: Album) -> None:
    """A quote as a draft, and as the paper that it becomes."""
    world, words = album.world, WORDS[album.language]
    articles = {
        row.sku: f"{row.sku}: {row.name} ({row.unit})" for row in await world.bot.records.quotes.prices("T1")
    }
    lines = [
        {"words": "24 plantenbak groot", "article": articles["BAK-G"], "quantity": 24, "discount": "10%"},
        {"words": "1 olijfboom", "article": articles["OLIJF-150"], "quantity": 1},
        {"words": "6 uur plantwerk", "article": articles["BELEG"], "quantity": 6},
    ]
    answer = {
        "customer": "Bistro Noord", "customer_is": "business", "intro": words["intro"], "scope": words["scope"],
        "lines": lines, "questions": [words["open"]],
    }  # fmt: skip
    await world.bot.records.firms.change("T1", FIRM, user_id=SANNE)
    world.model.answers = [answer]
    await world.slack.command(SANNE, GENERAL, "/quote", words["quote"])
    card = await album.newest("approve")
    await album.take("quote", album.im, "Bistro Noord")
    (row,) = await world.rows(where=lambda row: row["task"] == "quote")
    document = await world.bot.records.quotes.document(row["run_id"], 1)
    assert document is not None
    around = find_words(document, said(card)) or Words(words["intro"])
    await album.page_of("quote-paper", PAPER, to_print(document, number="OFF-2026-0001", words=around))


async def show_digest(album: Album) -> None:
    """The weekly digest of an invented week, and the first page of the evaluation."""
    world = album.world
    figures = build(
        Case("reply", accepted=(20, 8, 4, 1), unused=3, failed=1, cost_microusd=1_240_000),
        Case("summarise", (14, 5, 2, 0), baseline=ESTIMATED, spent_minutes=9, cost_microusd=410_000),
        Case("client-letter", (2, 1, 1, 0), people=3, unused=0, baseline=CLAIMED, cost_microusd=190_000),
        settings={"monthly_budget": Decimal(20), "usd_rate": Decimal("0.92"), "usd_rate_on": "2026-11-03"},
        waiting_days=(1, 9),
        month_microusd=5_310_000,
    )
    titles = {name: task.title_in(album.language) for name, task in world.bot.prompts.tasks.items()}
    charts = chart_blocks(figures, titles=titles, language=album.language)
    blocks = week_message(figures, titles=titles, language=album.language, late=False, picture=charts)
    space = world.slack.workspace
    words = week_text(figures, titles=titles, language=album.language, late=False)
    space.add_message(GENERAL, space.bot_user_id, words, blocks=blocks, bot_id=space.bot_id)
    await album.take("digest", GENERAL, words.splitlines()[0].strip("*"))
    document = report_document(figures, make_table(figures), titles=titles, language=album.language)
    await album.page_of("evaluation", REPORT, document)


async def show_home(album: Album) -> None:
    """The Home tab of an admin."""
    await album.take("home", HOME, text("home.start-any", album.language), height=WINDOW_HEIGHT)


def read_cv(body: dict[str, Any]) -> dict[str, Any]:
    """Answer for a CV by what stands in it."""
    told = {}
    for number, criterion in re.findall(r"^c(\d+): ([^.\n]+)", user_text(body), re.MULTILINE):
        status, quotes = EVIDENCE[criterion]
        told[f"c{number}"] = {"status": status, "quotes": quotes}
    return told


async def show_cv(album: Album) -> None:
    """A CV held against locked criteria, without a name, its evidence opened."""
    world = album.world
    await world.bot.records.screening_rules.put("T1", RULES, user_id=SANNE)
    criteria = [
        {"criterion": one, "kind": "must", "weight": 2, "evidence": "what was made"} for one in EVIDENCE
    ]
    world.model.answers = [{"title": "Gardener, Zutphen", "criteria": criteria, "left_out": []}]
    await world.slack.command(
        SANNE, GENERAL, "/draft", "screening Gardener in Zutphen: terraces and planting"
    )
    card = await album.newest("screening_lock")
    await album.press("screening_lock")
    await album.fill_in()
    world.model.answer_with(read_cv)

    def board() -> dict[str, Any] | None:
        told = world.slack.messages(album.im, card["ts"])
        return next((one for one in told if "screening_next" in buttons(one)), None)

    await world.slack.wait_for(lambda: "locked" in str(world.slack.messages(album.im)) or None, 60)
    await world.slack.say(SANNE, album.im, "", thread_ts=card["ts"], files=[("cv.docx", word(*CV))])
    shown = await world.slack.wait_for(board, 60)
    await world.slack.click(SANNE, album.im, shown["ts"], "screening_next")
    await world.slack.wait_for(lambda: world.slack.modal(SANNE), 60)
    await world.slack.click_in_view(SANNE, "screening_evidence")
    await world.slack.wait_for(lambda: "says the CV" in str(world.slack.modal(SANNE)) or None, 60)
    await album.take("cv", FORM)
    await world.slack.close_view(SANNE, every=True)
    world.model.answer_with(None)


def describe(body: dict[str, Any]) -> str:
    """Answer about a product as somebody who knows it."""
    return next(said for name, said in ABOUT.items() if name in user_text(body))


async def show_table(album: Album) -> None:
    """Texts of a table, reviewed together."""
    world = album.world
    world.model.answer_with(describe)
    await world.slack.say(SANNE, album.im, "descriptions: friendly", files=[("planters.csv", TABLE.encode())])
    await album.press("bulk_map")
    await album.fill_in({})
    await album.press("bulk_style")
    await album.press("bulk_start")
    await album.newest("bulk_approve")
    await album.take("table", album.im, "Bak Timo")
    world.model.answer_with(None)


SHOWN: dict[Language, Sequence[Callable[[Album], Awaitable[None]]]] = {
    "en": (show_thread, show_quote, show_digest, show_cv, show_table, show_home),
    "nl": (show_quote, show_digest, show_home),
}


@asynccontextmanager
async def open_album(browser: Browser, language: Language) -> AsyncIterator[Album]:
    """Start a firm in a language, and open Sanne's window on it."""
    tag = text("language.tag", language)
    with tempfile.TemporaryDirectory() as folder:
        async with open_firm(Path(folder), language) as world:
            for user in world.slack.workspace.users.values() if language != "en" else ():
                user.locale = tag
            context = await browser.new_context(locale=tag)
            desk = Desk(await context.new_page(), world)
            await desk.go(GENERAL)
            await desk.be("Sanne Bloem")
            yield Album(desk, language)
            await context.close()


async def main(wanted: Sequence[str]) -> None:
    """Take all of them, or those whose names are given: `thread quote`."""
    FOLDER.mkdir(exist_ok=True)
    async with open_browser() as browser:
        if browser is None:
            raise SystemExit(SKIPPED)
        for language, scenes in SHOWN.items():
            async with open_album(browser, language) as album:
                for scene in scenes:
                    if not wanted or scene.__name__.removeprefix("show_") in wanted:
                        await scene(album)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
