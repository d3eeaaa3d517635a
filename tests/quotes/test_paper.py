"""An accepted quote gets a number and a PDF, once, and says exactly what was accepted."""

from __future__ import annotations

import asyncio
import base64
import io
import re
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pypdf
import pytest

from bot.handlers.revising import write_questions
from bot.quotes import Discount, Line, Vat
from bot.quotes.document import make_document, write_figures, write_head
from bot.quotes.offer import Customer, Offer, Unpriced
from bot.quotes.paper import Words, find_words, hash_content, quote_pdf, split_prose
from bot.sandbox.slack import Slack
from bot.tasks import LANGUAGES, Firm, Language
from tests.conftest import ANNA, SALES, World, records_in, said, store_url
from tests.quotes.test_quote import LAMP, LINES, answer, ask, import_prices, line

HIGH, REVERSED = Vat("S", Decimal(21)), Vat("AE", Decimal(0))
LOGO = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
PNG = base64.b64decode(
    b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
FIRM = Firm(
    name="Lichtatelier De Linde B.V.",
    seat="Zutphen",
    address=("Beukerstraat 12", "7201 LD Zutphen"),
    kvk="12345678",
    vat_id="NL004495445B01",
    iban="NL91ABNA0417164300",
    terms="Onze voorwaarden gelden.",
)


ASKED = write_questions(["Kleur?", "Wanneer?"], "nl")


def _offer(language: Language = "nl", **more: Any) -> Offer:
    lamp = Line(
        "L1", "Lamp | #panic()", "stuk", Decimal(4), Decimal(249), HIGH, discount=Discount(Decimal(5))
    )
    work = Line("M1", "Montage", "uur", Decimal("12.5"), Decimal("68.75"), REVERSED)
    option = Line("D1", "Dimmer", "stuk", Decimal(2), Decimal("0.1234"), HIGH, kind="option")
    return Offer(
        language=language,
        currency="EUR",
        customer=Customer("Bistro *Noord*", ("Havenkade 3", "9711 AB Groningen"), "BE0123456749"),
        lines=(lamp, work, option),
        unpriced=(Unpriced("een spiegel"),),
        quoted_on=date(2026, 11, 24),
        valid_until=date(2026, 12, 24),
        binding=True,
        payments=(Decimal(30), Decimal(70)),
        **more,
    )


def make_sample(language: Language = "nl", firm: Firm = FIRM, **more: Any) -> dict[str, Any]:
    """Return the words of a quote with everything on it."""
    offer = _offer(language, **more)
    return make_document(offer, offer.work_out(), firm)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("logo", [b"", LOGO, PNG], ids=["plain", "svg", "png"])
def test_the_same_quote_gives_the_same_bytes(language: Language, logo: bytes) -> None:
    """Who makes the PDF again gets the same file, tagged for screen readers, whatever the words hold."""
    document = make_sample(language)
    words = Words('Beste heer #read("/etc/passwd"),\n\n- $x$ \\ `raw` @ref <label>')
    pdf = quote_pdf(document, number="OFF-2026-0001", words=words, logo=logo)

    assert pdf.startswith(b"%PDF-")
    assert b"pdfuaid:part" in pdf
    assert pdf == quote_pdf(document, number="OFF-2026-0001", words=words, logo=logo)


def test_a_broken_logo_costs_the_logo_and_not_the_quote(caplog: pytest.LogCaptureFixture) -> None:
    """A picture that cannot be drawn is left out, and the log says so."""
    document = make_sample()
    pdf = quote_pdf(document, number="OFF-2026-0001", words=Words(), logo=PNG[:40])

    assert pdf == quote_pdf(document, number="OFF-2026-0001", words=Words())
    assert "the logo cannot be drawn" in caplog.text


def test_the_figures_of_the_draft_and_of_the_pdf_are_the_same_words() -> None:
    """Both are written from one document, in Dutch as in English."""
    dutch, english = make_sample("nl"), make_sample("en")
    said_in = write_figures(dutch)

    for row in dutch["lines"]:
        assert all(cell.replace("|", "\\|") in said_in for cell in row)
    assert all(amount in said_in for _, amount, _ in dutch["sums"])
    assert "| **Totaal inclusief btw** |  |  |  |  | **€\u00a02.004,28** |" in said_in
    assert "Dit aanbod staat tot en met 24 december 2026" in said_in
    assert "is de btw naar u verlegd. Ons btw-id: NL004495445B01; uw btw-nummer: BE0123456749" in said_in
    assert "Termijn 2 (70%): €\u00a01.403,00" in said_in
    assert "This offer stands until and including 24 December 2026" in write_figures(english)
    assert "KvK\u00a012345678" in english["footer"]


def test_only_untouched_figures_are_printed() -> None:
    """Words around the figures may be edited and are printed so; a changed figure or customer stops the PDF."""
    document = make_sample()
    head, figures = write_head(document), write_figures(document)
    accepted = f"{head}\n\nBeste Anna,\n\n{figures}\n\n{ASKED}"

    assert find_words(document, accepted) == Words("Beste Anna,")
    assert find_words(document, accepted.replace("Beste Anna,", "Dag!\n\nTot snel.")) == Words(
        "Dag!\n\nTot snel."
    )
    assert find_words(document, accepted.replace("2.004,28", "1.004,28")) is None
    assert find_words(document, accepted.replace("staat tot", "geldt tot")) is None
    assert find_words(document, accepted.replace("9711 AB", "9712 AB")) is None
    assert hash_content(document, Words("a")) != hash_content(document, Words("b"))


BELOW = "Wij beginnen op 4 januari.\n\nGroet, Jan"


@pytest.mark.parametrize(
    "below",
    [
        f"{BELOW}\n\n{ASKED}",
        f"{ASKED}\n\n{BELOW}",
        BELOW,
        f"{ASKED.replace('Kleur?', 'Kleur? Blauw.')}\n\n{BELOW}",
        f"Wij beginnen op 4 januari.\n\n{ASKED}\n\nGroet, Jan",
    ],
)
def test_words_below_the_figures_are_printed_and_questions_are_not(below: str) -> None:
    """Whoever adds a last sentence and a name finds them in the PDF; what was still open is between us."""
    document = make_sample()
    figures = write_figures(document)
    words = find_words(
        document, f"Onderwerp: terras\n{write_head(document)}\n\nBeste Anna,\n\n{figures}\n\n{below}"
    )

    assert words is not None
    assert words.opening == "Onderwerp: terras\n\nBeste Anna,"
    assert re.sub(r"\n{2,}", "\n\n", words.closing) == BELOW
    assert hash_content(document, words) != hash_content(document, Words(words.opening))


def test_markdown_is_not_printed_as_marks() -> None:
    """Bold, headings and bullets become what they mean; stars in a sum stay."""
    parts = split_prose("Een **vet** woord.\nTweede regel.\n\n## Kop\n- *een*\n- 2 * 3\n1. drie\n---")

    assert parts == [
        {"kind": "text", "text": "Een vet woord.\nTweede regel."},
        {"kind": "title", "text": "Kop"},
        {"kind": "list", "items": ["een", "2 * 3", "drie"]},
    ]


async def _files(slack: Slack, channel_id: str) -> list[Any]:
    return [file for file in slack.workspace.files.values() if channel_id in file.channels]


async def wait_files(world: World, count: int) -> list[Any]:
    """Return the PDFs in the asker's messages tab once there are *count*."""

    def look() -> list[Any] | None:
        files = [file for file in world.slack.workspace.files.values() if world.im in file.channels]
        return files if len(files) >= count else None

    found: list[Any] = await world.slack.wait_for(look)
    return found


async def press(world: World, act: str, *, user: str = ANNA, having: str = "") -> None:
    """Press a button of the newest card that has it; wait for one *having* another after."""
    card = await world.card(having=act)
    await world.slack.click(user, world.im, card["ts"], act)
    if having:
        await world.card(having=having)


async def test_approving_gives_a_number_and_a_pdf(world: World) -> None:
    """The PDF stands in the asker's messages tab, under its number; approving again after Undo changes neither."""
    await import_prices(world)
    await ask(world, answer(*LINES))
    await press(world, "approve", having="undo")
    (pdf,) = await wait_files(world, 1)
    await press(world, "undo", having="approve")
    await press(world, "approve", having="undo")
    numbers = await world.bot.records.store.read(
        lambda db: db.execute("select year, sequence, version from quote_numbers").fetchall()
    )
    year = date.today().year

    assert pdf.name == f"OFF-{year}-0001.pdf"
    assert pdf.title == f"Quote OFF-{year}-0001, Bistro Noord"
    assert pdf.content.startswith(b"%PDF-")
    assert numbers == [(year, 1, 1)]
    assert len(await wait_files(world, 1)) == 1


async def test_a_revised_quote_keeps_its_number(world: World) -> None:
    """Redo after an approval gives -v2; another quote gets the next number."""
    await import_prices(world)
    await ask(world, answer(*LINES))
    await press(world, "approve", having="undo")
    await press(world, "undo", having="redo")
    world.model.answers = [answer(line("6 lampen", LAMP, 6))]
    await press(world, "redo")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    await world.slack.submit(ANNA, {"instruction": "6 lampen"})
    await world.shown("| 6 stuk |")
    await press(world, "approve", having="undo")
    await wait_files(world, 2)
    await ask(world, answer(*LINES))
    await press(world, "approve")
    files = await wait_files(world, 3)
    year = date.today().year

    assert [file.name for file in files] == [
        f"OFF-{year}-0001.pdf",
        f"OFF-{year}-0001-v2.pdf",
        f"OFF-{year}-0002.pdf",
    ]


async def test_an_undone_redo_can_be_approved(world: World) -> None:
    """Undo after Redo gives the first quote back, and approving it gives its number and PDF."""
    await import_prices(world)
    await ask(world, answer(*LINES))
    world.model.answers = [answer(line("6 lampen", LAMP, 6))]
    await press(world, "redo")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    await world.slack.submit(ANNA, {"instruction": "6 lampen"})
    await world.shown("| 6 stuk |")
    await press(world, "undo")
    await world.shown("| 4 stuk |")
    await press(world, "approve")

    assert len(await wait_files(world, 1)) == 1


async def test_a_figure_changed_by_hand_has_no_pdf(world: World) -> None:
    """Whoever types another total reads why there is no PDF, and no number is used up."""
    await import_prices(world)
    card = await ask(world, answer(*LINES))
    await world.slack.click(ANNA, world.im, card["ts"], "edit")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    await world.slack.submit(ANNA, {"part0": said(card).replace("€2,203.41", "€2,000.00")})
    await world.shown("were changed by hand")

    assert await _files(world.slack, world.im) == []


async def test_words_changed_by_hand_are_printed(world: World) -> None:
    """Editing the introduction is what a draft is for: the quote is numbered all the same."""
    await import_prices(world)
    card = await ask(world, answer(*LINES))
    await world.slack.click(ANNA, world.im, card["ts"], "edit")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    await world.slack.submit(ANNA, {"part0": said(card).replace("U vroeg", "Gisteren vroeg u")})
    await world.shown("Edited and approved by")

    assert len(await wait_files(world, 1)) == 1


async def test_a_last_sentence_by_hand_is_in_the_pdf(world: World) -> None:
    """What a person adds below the figures is part of what they approve, so the customer reads it too."""
    await import_prices(world)
    card = await ask(world, answer(*LINES, questions=["Which colour?"]))
    await world.slack.click(ANNA, world.im, card["ts"], "edit")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    await world.slack.submit(ANNA, {"part0": f"{said(card)}\n\nWij beginnen op 4 januari."})
    await world.shown("Edited and approved by")
    (file,) = await wait_files(world, 1)
    pages = pypdf.PdfReader(io.BytesIO(file.content)).pages
    printed = " ".join("".join(page.extract_text() for page in pages).split())

    assert "Wij beginnen op 4 januari." in printed
    assert "Which colour?" in said(card)
    assert "Which colour?" not in printed


@pytest.mark.parametrize(
    ("reply", "wanted"),
    [
        (answer(line("een spiegel op maat")), "no line of it has a price"),
        (answer(*LINES, customer=""), "it names no customer"),
        (answer(*LINES, customer="日本 Design"), "I cannot print 日, 本."),
    ],
)
async def test_what_cannot_be_sent_gets_no_number(world: World, reply: dict[str, Any], wanted: str) -> None:
    """A quote without prices or customer is approved as a text, and told what it lacks."""
    await import_prices(world)
    await ask(world, reply)
    await press(world, "approve")
    await world.shown(wanted)

    assert await _files(world.slack, world.im) == []


async def test_signs_that_no_font_has_do_not_keep_a_quote_back(world: World) -> None:
    """Emoji, a keycap or a stray control character in the words are left out; number and PDF come all the same."""
    await import_prices(world)
    await ask(world, answer(*LINES, intro="Fijn dat u ons vroeg 😀 \x07 1️⃣ 👩‍👩‍👧"))
    await press(world, "approve")

    assert len(await wait_files(world, 1)) == 1


async def test_a_quote_that_lapsed_gets_no_number(world: World) -> None:
    """Approved after its last day, it says so; nobody sends an offer that has ended."""
    await import_prices(world)
    await ask(world, answer(*LINES))
    (row,) = await world.rows()
    quotes = world.bot.records.quotes
    document = await quotes.document(row["run_id"], 1)
    assert document is not None
    day = date.today() - timedelta(days=2)
    basis = await quotes.basis(row["run_id"], 1)
    assert basis is not None
    await quotes.keep(row["run_id"], 1, {**document, "valid_until": day.isoformat()}, basis)
    await press(world, "approve")

    assert await world.shown("it was valid until")


async def test_a_pdf_that_slack_refuses_is_told(world: World) -> None:
    """When files may not be uploaded, the asker reads the number and what to do."""
    await import_prices(world)
    await ask(world, answer(*LINES))
    world.slack.fail("files.getUploadURLExternal", error="missing_scope", times=9)
    await press(world, "approve", user=ANNA)

    assert "0001" in str(await world.shown("Slack did not take its PDF (missing_scope)"))


async def test_a_pdf_whose_answer_was_lost_comes_once(world: World) -> None:
    """When the line breaks after Slack took the file, it is found there and not sent again."""
    await import_prices(world)
    await ask(world, answer(*LINES))
    world.slack.fail("files.completeUploadExternal", drop=True, after=True)
    await press(world, "approve", having="undo")
    await world.slack.wait_for(lambda: world.slack.count("conversations.history") or None)
    await press(world, "undo", having="approve")
    await press(world, "approve", having="undo")

    assert len(await _files(world.slack, world.im)) == 1


async def test_a_summary_gets_no_number(world: World) -> None:
    """Approving any other draft brings no file."""
    await world.slack.command(ANNA, SALES, "/draft", "reply Thank Bistro Noord for their order")
    await press(world, "approve", having="undo")

    assert await _files(world.slack, world.im) == []


async def test_four_at_once_lose_and_double_no_number(tmp_path: Path) -> None:
    """However many approve at the same moment, and whatever is tried twice, numbers have no holes and no doubles."""
    records = records_in(tmp_path)
    quotes = records.quotes

    async def approve(approver: int) -> list[str]:
        found = []
        for number in range(50):
            run = f"{approver}:{number}"
            claims = (
                quotes.claim_number(run, team_id="T1", year=2026, content_hash=content)
                for content in ("a", "a", "b")
            )
            found += [str(one) for one in await asyncio.gather(*claims)]
        return found

    given = [number for each in await asyncio.gather(*map(approve, range(4))) for number in each]
    await records.close()
    sequences = sorted({int(re.findall(r"\d+", number)[1]) for number in given})

    assert sequences == list(range(1, 201))
    assert len(set(given)) == 400
    assert given.count("OFF-2026-0001") == 2
    assert given.count("OFF-2026-0001-v2") == 1


CLAIM_FOR_EVER = """
import asyncio, itertools, sys
from pathlib import Path
from bot.records import Records

async def main():
    records = Records(Path(sys.argv[1]), database_url=sys.argv[3])
    records.open()
    for number in itertools.count():
        claim = records.quotes.claim_number
        told = await claim(f"{sys.argv[2]}:{number}", team_id="T1", year=2026, content_hash="a")
        print(told, flush=True)

asyncio.run(main())
"""


async def test_killed_approvers_lose_and_double_no_number(tmp_path: Path) -> None:
    """Four processes that are killed in the middle of numbering leave no hole, and every number told is kept."""
    path, url = tmp_path / "records.sqlite", store_url(tmp_path)
    told: list[str] = []
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", CLAIM_FOR_EVER, str(path), str(name), url, stdout=subprocess.PIPE
        )
        for name in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        told += [(await process.stdout.readline()).decode().strip() for _ in range(20)]
    for process in processes:
        process.kill()
        left, _ = await process.communicate()
        # The last line may be cut off in the middle.
        told += left.decode().splitlines()[:-1]
    records = records_in(tmp_path)
    kept = await records.store.read(
        lambda db: db.execute("select sequence from quote_numbers order by sequence").fetchall()
    )
    await records.close()
    sequences = [row[0] for row in kept]

    assert sequences == list(range(1, len(sequences) + 1))
    assert len(set(told)) == len(told) >= 80
    assert {int(number[-4:]) for number in told} <= set(sequences)


async def test_a_number_outlives_a_crash(tmp_path: Path) -> None:
    """Claimed, killed, started again: the same quote has the same number, the next one the next."""
    first = records_in(tmp_path)
    claimed = await first.quotes.claim_number("r1", team_id="T1", year=2026, content_hash="a")
    second = records_in(tmp_path)
    again = await second.quotes.claim_number("r1", team_id="T1", year=2026, content_hash="a")
    other = await second.quotes.claim_number("r2", team_id="T1", year=2026, content_hash="a")
    await second.close()
    await first.close()

    assert (str(claimed), str(again), str(other)) == ("OFF-2026-0001", "OFF-2026-0001", "OFF-2026-0002")
