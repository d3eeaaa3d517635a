"""A price list is imported whole or not at all, and says row by row what is wrong with it."""

from __future__ import annotations

import asyncio
import io
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest
from cryptography.fernet import Fernet

from bot.__main__ import main
from bot.demo import PRICES
from bot.quotes import PriceRow, Tier, valid_on
from bot.quotes.pricelist import read_amount, read_prices
from bot.reading import SheetError, read_sheet
from bot.records import Records
from bot.tasks import LANGUAGES
from tests.conftest import on_postgres, running, store_url

DUTCH = (
    "Artikelnummer;Naam;Eenheid;Prijs ex. btw;BTW;Geldig vanaf;Geldig t/m;Staffel;Bodemprijs\r\n"
    "LMP-1;Hanglamp rookglas;stuk;1.234,50;21%;1-1-2026;31-12-2026;10: 1.100,00 | 50: 999,5;900\r\n"
    "\r\n"
    "KOE-1;Koekjes café;doos;€ 12,5;laag;;;;\r\n"
)
HEAD = "sku,name,unit,price,vat\n"


def _rows(text: str) -> tuple[PriceRow, ...]:
    rows, faults = read_prices(read_sheet(text.encode()))
    assert not faults, [fault.word("en") for fault in faults]
    return rows


def _faults(text: str) -> list[str]:
    rows, faults = read_prices(read_sheet(text.encode()))
    assert rows == ()
    assert all(fault.word(language) for fault in faults for language in LANGUAGES)
    return [fault.word("en") for fault in faults]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_dutch_spreadsheet_is_read_as_it_was_saved(encoding: str) -> None:
    """Excel's semicolons, decimal commas, Dutch names of columns and any of its encodings are understood."""
    rows, faults = read_prices(read_sheet(DUTCH.replace("t/m", "tot en met").encode(encoding)))

    assert faults == ()
    assert rows[0] == PriceRow(
        "LMP-1",
        "Hanglamp rookglas",
        "stuk",
        Decimal("1234.50"),
        "high",
        date(2026, 1, 1),
        date(2026, 12, 31),
        (Tier(Decimal(10), Decimal(1100)), Tier(Decimal(50), Decimal("999.5"))),
        Decimal(900),
    )
    assert (rows[1].name, rows[1].price, rows[1].vat_code) == ("Koekjes café", Decimal("12.5"), "low")


def test_the_price_list_of_the_demo_is_right() -> None:
    """Who tries `/quote` in the demo finds articles with a price today, and another one next year."""
    rows, faults = read_prices(read_sheet(PRICES.read_bytes()))
    named = {row.name for row in valid_on(rows, date(2026, 12, 1)).values()}

    assert faults == ()
    assert {"Plantenbak groot", "Olijfboom 150 cm"} <= named
    assert valid_on(rows, date(2027, 1, 1))["OLIJF-150"].price == 209


def test_a_workbook_is_read_with_its_numbers_and_days() -> None:
    """An XLSX file gives what its cells show: a number is a number, a day a day."""
    book = openpyxl.Workbook()
    book.active.append(["sku", "name", "unit", "price", "vat", "valid from"])
    book.active.append([1001, "Lamp", "pc", 1.234, 21, date(2026, 3, 1)])
    book.active.append(["B", "Box", "pc", 0.1 + 0.2, "low", None])
    written = io.BytesIO()
    book.save(written)
    rows, faults = read_prices(read_sheet(written.getvalue()))

    assert faults == ()
    assert [(row.sku, row.price) for row in rows] == [("1001", Decimal("1.234")), ("B", Decimal("0.3"))]
    assert rows[0].valid_from == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ("A,,pc,1,high", "Row 2: `name` is empty."),
        ("A,Lamp,pc,,high", "`price` is “”, which is no number"),
        ("A,Lamp,pc,ten,high", "`price` is “ten”, which is no number"),
        ("A,Lamp,pc,1.234,high", "can be read in two ways"),
        ("A,Lamp,pc,-5,high", "which is no number"),
        ("A,Lamp,pc,1.1234567,high", "at most six decimals"),
        ("A,Lamp,pc,99999999,high", "at most 10 million"),
        ("A,Lamp,pc,1,19%", "“19%” is no VAT code"),
        (f"A,{'x' * 201},pc,1,high", "`name` has more than 200 characters"),
        ("A,Lamp,pc,1,high\na,Lamp 2,pc,2,high", "Row 3: a stands in row 2 too"),
    ],
)
def test_a_wrong_row_says_what_is_wrong(row: str, wanted: str) -> None:
    """Each fault names its row as the spreadsheet counts it, and the cure."""
    assert any(wanted in fault for fault in _faults(HEAD + row))


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        ("2026-13-01,,,", "`valid_from` is “2026-13-01”, which is no day"),
        ("2026-02-01,2026-01-01,,", "ends before it begins"),
        (",,ten,", "write it like 10: 9.50"),
        (",,10: 9 | 5: 8,", "quantities must rise"),
        (",,,cheap", "`floor_price` is “cheap”"),
    ],
)
def test_the_optional_columns_are_judged_too(cells: str, wanted: str) -> None:
    """Days, tiers and floor prices that cannot be meant are told."""
    head = "sku,name,unit,price,vat,valid from,valid to,tiers,floor price\n"

    assert wanted in _faults(f"{head}A,Lamp,pc,1,high,{cells}")[0]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("", "no articles"), (HEAD, "no articles"), ("sku,naam\nA,B", "missing: unit, price, vat")],
)
def test_a_sheet_without_articles_is_told(text: str, wanted: str) -> None:
    """An empty file, or one without the columns, says what belongs in it."""
    assert wanted in _faults(text)[0]


def _zip_of(name: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as parts:
        parts.writestr(name, "<x/>")
    return written.getvalue()


def test_excels_own_mark_of_the_separator_is_understood() -> None:
    """A first line `sep=;` is no row, and quotes that never close are told."""
    assert [row.sku for row in _rows("sep=;\nsku;name;unit;price;vat\nA;Lamp;pc;1,5;high\n")] == ["A"]
    with pytest.raises(SheetError, match=r"prices\.damaged"):
        read_sheet(b'sku,name\n"A,B')


@pytest.mark.parametrize("content", [b"PK\3\4broken", _zip_of("x.xml"), b"a\0b", b"x" * 20_000_001])
def test_what_is_no_sheet_is_refused(content: bytes) -> None:
    """A picture, a broken workbook or a giant ends in one sentence."""
    with pytest.raises(SheetError, match=r"prices\.(damaged|not-text|too-large)"):
        read_sheet(content)


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("1.234.567", "1234567"),
        ("1,234.5", "1234.5"),
        ("0,125", "0.125"),
        ("€ 1 250,00", "1250.00"),
        ("7", "7"),
    ],
)
def test_amounts_are_read_as_people_write_them(written: str, amount: str) -> None:
    """Points and commas mean what they mean in the Netherlands and in Britain."""
    assert read_amount(written) == Decimal(amount)


def test_the_price_of_the_day_and_of_the_quantity_counts() -> None:
    """An article costs what it costs that day, and less from the quantity of its tier."""
    rows = _rows(
        "sku,name,unit,price,vat,valid from,valid to,tiers\n"
        "A,Lamp,pc,10,high,2026-01-01,2026-06-30,\nA,Lamp,pc,12,high,2026-07-01,,5: 11 | 10: 9.5\n"
    )
    lamp = valid_on(rows, date(2026, 7, 1))["A"]

    assert valid_on(rows, date(2026, 6, 30))["A"].price == 10
    assert valid_on(rows, date(2025, 1, 1)) == {}
    assert [lamp.price_for(Decimal(n)) for n in (4, 5, 10)] == [Decimal(12), Decimal(11), Decimal("9.5")]


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation that was never started; a price list needs neither Slack nor the model."""
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "DATA_DIR": str(tmp_path / "data"),
        "LANGUAGE": "en",
        "DATABASE_URL": store_url(tmp_path / "data"),
        "SECRET_KEYS": Fernet.generate_key().decode() if on_postgres() else "",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


async def _prices(path: Path) -> list[PriceRow]:
    records = Records(path / "records.sqlite", database_url=store_url(path))
    records.open()
    # As the bot does at its first start: until then nobody knows whose the list is.
    await records.teams.adopt("T1")
    rows = await records.quotes.prices("T1")
    await records.close()
    return rows


async def test_one_wrong_row_imports_nothing(data_dir: Path, tmp_path: Path, capsys: Any) -> None:
    """The old list holds until a new one is wholly right; the same file twice changes nothing."""
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(HEAD + "A,Lamp,pc,10.5,high\nB,Box,pc,2,low\n")
    bad.write_text(HEAD + "A,Lamp,pc,11,high\nB,Box,pc,two,low\n")
    codes = [
        await asyncio.to_thread(main, ["import", "prices", str(path)])
        for path in (good, bad, good, tmp_path / "none.csv")
    ]
    told = capsys.readouterr()

    assert codes == [0, 2, 0, 1]
    assert "Imported: 2 articles" in told.out
    assert "already" in told.out
    assert "Row 3: `price` is “two”" in told.err
    assert "One fault, so nothing was imported." in told.err
    assert [(row.sku, row.price) for row in await _prices(data_dir)] == [("A", Decimal("10.5")), ("B", 2)]


async def test_prices_are_imported_beside_a_running_bot(data_dir: Path, tmp_path: Path, capsys: Any) -> None:
    """Nobody stops the bot for a new price list, and the earlier list is kept."""
    lists = [tmp_path / "one.csv", tmp_path / "two.csv"]
    lists[0].write_text(HEAD + "A,Lamp,pc,10,high\n")
    lists[1].write_text(HEAD + "A,Lamp,pc,11,high\n")
    async with running(data_dir) as world:
        for path in lists:
            assert await asyncio.to_thread(main, ["import", "prices", str(path)]) == 0
        rows = await world.bot.records.quotes.prices("T1")
        kept = await world.bot.records.store.read(
            lambda db: db.execute("select price_micro from prices order by list_id").fetchall()
        )

    assert [row.price for row in rows] == [11]
    assert kept == [(10_000_000,), (11_000_000,)]
