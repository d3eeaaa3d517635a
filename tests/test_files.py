"""Files that people attach are read with their own rights, from Slack's own host, and every way they fail is told."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.context import is_slacks_own
from bot.handlers.attached import FILES_BUDGET_CHARS
from bot.handlers.letter import unknown_figures
from bot.reading import FileError, SheetError, kind_of, picture_type, read_apart, read_content, read_sheet
from bot.reading.sheet import check_zip
from bot.tasks import LANGUAGES
from bot.texts import text
from tests.conftest import ANNA, BEN, CHEF, SALES, SECRET_ROOM, World, running

REAL = "https://slack.com/api/"
CSV = b"post;bedrag\nTeruggave;1.482,50\nRente;6310\n"


def workbook(**sheets: list[list[Any]]) -> bytes:
    """Write an XLSX file."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def archive(parts: int = 1, size_bytes: int = 10) -> bytes:
    """Write an archive of that many parts, each of so many zeros."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as zipped:
        for number in range(parts):
            zipped.writestr(f"{number}.xml", b"\0" * size_bytes)
    return written.getvalue()


def asked(world: World, index: int = -1) -> str:
    """Return what the model was asked."""
    return str(world.model.requests[index].body["messages"][0]["content"])


async def attach(world: World, words: str, *files: tuple[str, bytes], user_id: str = ANNA) -> None:
    """Write to the bot with files."""
    im = world.slack.workspace.im_with(user_id).id
    await world.slack.say(user_id, im, words, files=files)


# What stands in a file


def test_every_kind_becomes_lines() -> None:
    """A sheet's rows, a workbook's sheets with days and shares, JSON by name and text as it stands: all can be read."""
    book = workbook(Blad1=[["post", "bedrag"], ["Rente", 6310.5]], Blad2=[["tarief", 0.039]])
    shares = openpyxl.load_workbook(io.BytesIO(book))
    shares["Blad2"]["B1"].number_format = "0.0%"
    written = io.BytesIO()
    shares.save(written)
    told = {
        "client": {"name": "Vos", "age": None},
        "lines": [{"what": "a", "sum": 1.50}],
        "x": [1, True],
        "y": 7,
    }

    assert read_content(CSV, "sheet").lines == ("post | bedrag", "Teruggave | 1.482,50", "Rente | 6310")
    assert read_content(written.getvalue(), "sheet").lines == (
        "Sheet: Blad1",
        "post | bedrag",
        "Rente | 6310.5",
        "Sheet: Blad2",
        "tarief | 3.9%",
    )
    assert read_content(json.dumps(told).replace("1.5", "1.50").encode(), "json").lines == (
        "client: name: Vos | age: ",
        "lines: what: a | sum: 1.50",
        "x: 1, true",
        "y: 7",
    )
    assert read_content("# Kop\r\n\r\nregel €".encode("cp1252"), "text").lines == ("# Kop", "", "regel €")


def test_a_cell_cannot_pass_for_a_row() -> None:
    """A line break inside a cell does not make a row of its own for the model."""
    assert read_content(b'a;b\n1;"x\n2;900"\n', "sheet").lines == ("a | b", "1 | x 2;900")


@pytest.mark.parametrize(
    ("content", "kind", "fault"),
    [
        (b"", "text", "empty"),
        (b" ;;\n;;\n", "sheet", "empty"),
        (b"{", "json", "damaged"),
        (b"[" * 100_000, "json", "damaged"),
        (b"PK\3\4rubbish", "sheet", "damaged"),
        (lambda: archive(), "sheet", "damaged"),
        (b"%PDF\0", "text", "not-text"),
        (b"%PDF-1.7 a;b", "sheet", "not-text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"), "sheet", "not-text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "sheet", "locked"),
        (lambda: archive(parts=2_001), "sheet", "too-large"),
        (lambda: archive(parts=3, size_bytes=20_000_000), "sheet", "too-large"),
        (lambda: archive(parts=1, size_bytes=40_000_000), "sheet", "too-large"),
    ],
)
def test_what_cannot_be_read_is_named(content: bytes | Callable[[], bytes], kind: str, fault: str) -> None:
    """Empty, broken, mislabelled or made to burst: each is refused by its name, and apart as well."""
    content = content() if callable(content) else content
    with pytest.raises(FileError, match=fault):
        read_content(content, kind)
    with pytest.raises(FileError, match=fault):
        read_apart(content, kind)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    """The index of an archive says enough: nothing of two hundred megabytes is ever in memory."""
    bomb = archive(parts=1, size_bytes=45_000_000)

    assert len(bomb) < 50_000
    with pytest.raises(SheetError, match="too-large"):
        check_zip(bomb)


def test_reading_takes_no_longer_than_it_may() -> None:
    """A file that keeps the reader busy is given up, as one that is too large."""
    with pytest.raises(FileError, match="too-large"):
        read_apart(CSV, "sheet", within_s=0.001)


def test_a_workbook_without_sheets_of_cells_is_damaged() -> None:
    """A Word file under an XLSX name is told as what it is not."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as zipped:
        zipped.writestr("[Content_Types].xml", "<Types/>")
        zipped.writestr("word/document.xml", "<w/>")
    with pytest.raises(SheetError, match="damaged"):
        read_sheet(written.getvalue())


@given(
    st.binary(max_size=300), st.sampled_from(["sheet", "json", "text", "pdf", "docx", "pptx", "html", "mail"])
)
def test_no_bytes_break_the_reader(content: bytes, kind: str) -> None:
    """Whatever somebody sends is read, or refused by a name that has a sentence."""
    try:
        found = read_content(content, kind).lines
    except FileError as error:
        found = tuple(text(f"file.{error.kind}", language, name="a") for language in LANGUAGES)

    assert found


def test_kinds_go_by_name_and_pictures_by_their_bytes() -> None:
    """A snippet without an ending is known by Slack's word; a picture only by what it is."""
    assert [kind_of(name) for name in ("a.CSV", "b.xlsx", "c.json", "d.md", "e.psd", "csv")] == [
        "sheet",
        "sheet",
        "json",
        "text",
        "",
        "",
    ]
    assert kind_of("Untitled", "text") == "text"
    assert [picture_type(start) for start in (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a")] == [
        "image/png",
        "image/jpeg",
        "image/gif",
    ]
    assert picture_type(b"RIFF\0\0\0\0WEBPVP8 ") == "image/webp"
    assert picture_type(b"<svg>") == ""


# Where our token goes


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("https://files.slack.com/files-pri/T1-F1/a.csv", True),
        ("https://FILES.slack.com:443/a", True),
        ("http://files.slack.com/a", False),
        ("https://files.slack.com.evil.nl/a", False),
        ("https://evil.nl/files.slack.com/a", False),
        ("https://files.slack.com@evil.nl/a", False),
        ("https://x:y@files.slack.com/a", False),
        ("https://files.slack.com:8443/a", False),
        ("https://slack.com/a", False),
        ("https://a.files.slack.com/a", False),
        ("https://[::1]/a", False),
        ("https://[bad/a", False),
        ("http://169.254.169.254/latest", False),
        ("//files.slack.com/a", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_the_token_goes_to_slacks_file_host_alone(address: str, own: bool) -> None:
    """No address in a message can make the bot show its token to somebody else, or look at the machine it is on."""
    assert is_slacks_own(address, REAL) is own


def test_with_an_address_of_our_own_files_come_from_there() -> None:
    """Behind SLACK_API_URL it is that host and port, and no other."""
    api = "http://127.0.0.1:8084/api/"

    assert is_slacks_own("http://127.0.0.1:8084/files-pri/F1/a", api)
    assert not is_slacks_own("http://127.0.0.1:8085/files-pri/F1/a", api)
    assert not is_slacks_own("https://127.0.0.1:8084/a", api)
    assert not is_slacks_own("https://files.slack.com/a", api)


# What people notice


async def test_a_letter_comes_from_an_uploaded_sheet(world: World) -> None:
    """Figures from the file pass in the letter's own spelling; one that nobody gave is named on the card."""
    world.model.answers = [
        "Geachte heer Vos,\n\nU krijgt € 1,482.50 terug. Rente: 6.310,00. Samen 7.792,50, of 12%."
    ]
    await attach(world, "klantbrief voor de heer Vos", ("cijfers.csv", CSV))
    card = str((await world.card())["blocks"])

    assert "Name: cijfers.csv\npost | bedrag\nTeruggave | 1.482,50\nRente | 6310" in asked(world)
    assert "Not in the data: 7.792,50, 12." in card
    assert "klantbrief" not in asked(world)


async def test_a_file_in_the_form_is_enough(world: World) -> None:
    """The New draft form takes the data as a file: the letter needs no pasted figures; a picture is not taken."""
    world.model.answers = ["U krijgt € 1.482,50."]
    await world.slack.command(ANNA, SALES, "/draft", "client-letter")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    space = world.slack.workspace
    wrong = space.add_to_form("foto.png", ANNA, b"\x89PNG").as_slack(world.slack.url)
    right = space.add_to_form("cijfers.csv", ANNA, CSV).as_slack(world.slack.url)
    refused = await world.slack.submit(ANNA, {"input_file": [wrong]})
    await world.slack.submit(ANNA, {"input_file": [right]})
    card = str((await world.card())["blocks"])
    (row,) = await world.rows()
    kept = await world.bot.records.store.read(
        lambda db: db.execute("select files, inputs from requests").fetchall()
    )

    assert refused.status == 0
    assert "Rente | 6310" in asked(world)
    assert "file: cijfers.csv" in asked(world)
    assert "Not in the data" not in card
    assert row["outcome"] == "drafted"
    assert kept == [(json.dumps([right["id"]]), json.dumps({"file": "cijfers.csv"}))]
    assert "6310" not in str(kept)


async def test_files_of_a_thread_are_read_for_whoever_may_read_it(world: World) -> None:
    """A colleague's sheet in the thread is the data; the newest files count, and what is no data is named."""
    space = world.slack.workspace
    root = await world.thread((BEN, "De cijfers van Vos"))
    await world.slack.say(BEN, SALES, "hier", thread_ts=root, files=[("a.csv", CSV), ("scan.psd", b"8BPS")])
    world.model.answers = ["U krijgt 1482,5 terug."]
    await world.slack.say(ANNA, SALES, f"<@{space.bot_user_id}> klantbrief graag", thread_ts=root)
    card = str((await world.card())["blocks"])

    assert "Rente | 6310" in asked(world)
    assert ": De cijfers van Vos" in asked(world)
    assert "Not read: scan.psd." in card
    assert "Not in the data" not in card


async def test_a_file_is_read_for_nobody_else(world: World) -> None:
    """A file of the board's channel reaches nobody outside it, by whatever id: no content, and a plain no."""
    space = world.slack.workspace
    secret = space.add_file("salarissen.csv", CHEF, content=CSV)
    secret.channels.append(SECRET_ROOM)
    message = {
        "type": "message",
        "channel_type": "im",
        "user": ANNA,
        "channel": world.im,
        "text": "klantbrief voor Vos",
    }
    await world.slack.push_event({**message, "ts": space.next_ts(), "files": [{"id": secret.id}]})
    await world.shown("I only read a file for you when")
    (row,) = await world.rows()

    assert row["reason"] == "file.not-yours"
    assert world.model.requests == []


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("brief.psd", b"8BPS", "I cannot read brief.psd. I read PDF"),
        ("leeg.csv", b"\n", "There is nothing to read in leeg.csv"),
        ("kapot.xlsx", b"PK\3\4", "kapot.xlsx is damaged"),
        ("groot.txt", b"x" * 10_000_001, "groot.txt is too large"),
        ("foto.png", b"\x89PNG\r\n\x1a\n", "I cannot read foto.png"),
    ],
)
async def test_a_file_that_cannot_be_read_is_told(
    world: World, name: str, content: bytes, wanted: str
) -> None:
    """Whoever attaches the wrong file reads its name, what is wrong and what can be read; nothing is paid."""
    await attach(world, "klantbrief voor Vos", (name, content))
    await world.shown(wanted)
    (row,) = await world.rows()

    assert (row["outcome"], row["calls"]) == ("refused", 0)


async def test_slack_that_gives_no_file_is_told(world: World) -> None:
    """Gone, kept elsewhere, behind a sign-in page, or without the permission: each says what to do."""
    space = world.slack.workspace
    told: dict[str, list[Any]] = {}
    for name in ("gone.csv", "drive.csv", "away.csv", "scope.csv"):
        made = space.add_to_form(name, ANNA, CSV)
        if name == "drive.csv":
            made.mode = "external"
        if name == "gone.csv":
            made.mode = "tombstone"
        if name == "away.csv":
            made.content = None
        if name == "scope.csv":
            world.slack.api.scopes.discard("files:read")
        event = {"type": "message", "channel_type": "im", "user": ANNA, "channel": world.im}
        files = [made.as_slack(world.slack.url)]
        await world.slack.push_event({**event, "text": "klantbrief", "ts": space.next_ts(), "files": files})
        told[name] = [row["reason"] for row in await world.rows(len(told) + 1)]

    assert sorted(told["scope.csv"]) == ["file.elsewhere", "file.gone", "file.no-scope", "file.not-given"]


async def test_the_sign_in_page_is_never_taken_for_the_file(world: World) -> None:
    """Slack answers a token without rights with a page and status 200; nobody gets a letter from that."""
    made = world.slack.workspace.add_to_form("a.csv", ANNA, CSV)
    world.slack.file_token = "xoxb-other"
    event = {"type": "message", "channel_type": "im", "user": ANNA, "channel": world.im, "text": "klantbrief"}
    files = [made.as_slack(world.slack.url)]
    await world.slack.push_event({**event, "ts": world.slack.workspace.next_ts(), "files": files})

    assert "did not give me a.csv" in str(await world.shown("did not give me"))
    assert world.model.requests == []


async def test_an_html_file_is_read_and_the_sign_in_page_is_not(world: World) -> None:
    """Slack answers with a page in both cases; only the one that is as long as the file is the file."""
    page = b"<!DOCTYPE html><h1>Verslag</h1><p>De beurs verhuist naar Utrecht.</p>"
    await attach(world, "summarise this", ("verslag.html", page))
    await world.card()
    asked = str(world.model.requests[-1].body["messages"])
    world.slack.file_token = "xoxb-other"
    await attach(world, "summarise this", ("later.html", page))

    assert "verhuist naar Utrecht" in asked
    assert await world.shown("did not give me later.html")
    assert "Sign in to Slack" not in str([one.body for one in world.model.requests])


async def test_a_redirect_leads_nowhere_else(world: World) -> None:
    """A file that is said to lie on another host is not fetched there; on the same host it is."""
    space = world.slack.workspace
    event = {"type": "message", "channel_type": "im", "user": ANNA, "channel": world.im, "text": "klantbrief"}
    reasons: list[Any] = []
    for where in ("https://evil.example/a.csv", "/files-pri/{id}/loop", ""):
        made = space.add_to_form("a.csv", ANNA, CSV)
        world.slack.redirects[made.id] = where.format(id=made.id)
        files = [made.as_slack(world.slack.url)]
        await world.slack.push_event({**event, "ts": space.next_ts(), "files": files})
        reasons = [row["reason"] for row in await world.rows(len(reasons) + 1)]

    assert sorted(map(str, reasons)) == ["None", "file.elsewhere", "file.not-given"]


async def test_any_task_reads_what_is_attached(tmp_path: Path) -> None:
    """A text file goes with a summary; what cannot be read is said on the card, and the draft comes all the same."""
    async with running(tmp_path, language="nl") as world:
        long = "\n".join(f"Regel {number} over de levering van stoelen en tafels" for number in range(4_000))
        files = [("lang.txt", long.encode()), ("foto.heic", b"x")]
        await attach(world, "vat dit samen", *files)
        card = str((await world.card())["blocks"])

        assert "Regel 0 over" in asked(world)
        assert len(asked(world)) < FILES_BUDGET_CHARS + 1_000
        assert "Van lang.txt heb ik de eerste" in card
        assert "foto.heic kan ik niet lezen" in card


# The figures of a letter


@pytest.mark.parametrize(
    ("written", "unknown"),
    [
        ("€ 1,234.50 of € 1.234,50 of 1234,5", []),
        ("€ 1.234,51", ["1.234,51"]),
        ("€\u00a01\u00a0234,50", []),
        ("€ 7 en 21% en 9 euro", ["7", "21"]),
        ("9 maart, punt 12, [€ 99]", []),
        ("1 250 of 1250", []),
    ],
)
def test_a_figure_is_the_same_in_every_spelling(written: str, unknown: list[str]) -> None:
    """Thousands and decimals in Dutch or English are one figure; a cent more is another one."""
    assert unknown_figures(written, "bedrag | 1234.5\nkorting: 9\n1 250") == unknown


@given(st.decimals(min_value=1000, max_value=9_999_999, places=2, allow_nan=False))
def test_no_figure_of_the_data_is_flagged(amount: Any) -> None:
    """However large the amount and whichever language writes it, a copied figure passes."""
    english = f"{amount:,.2f}"
    dutch = english.translate(str.maketrans(",.", ".,"))

    assert unknown_figures(f"€ {english} and € {dutch}", f"total | {amount.normalize():f}") == []
