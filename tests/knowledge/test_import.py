"""A folder becomes the knowledge base on the command line: only what changed is read, what is gone is forgotten."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from bot.knowledge_import import import_folder
from bot.records import Records
from bot.settings import Settings
from tests.bulk_set import book
from tests.conftest import ANNA, BEN, SALES, make_slack, running, store_url
from tests.documents import mail, pdf, slides, word


def archive(name: str, size_bytes: int) -> bytes:
    """Write an archive with one part of so many zeros."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr(name, b"\0" * size_bytes)
    return written.getvalue()


def good() -> dict[str, bytes]:
    """Write a document of each kind; each holds a word of its own."""
    return {
        "aaa.pdf": pdf("Hier staat woordaaa."),
        "bbb.docx": word("# Kop", "Hier staat woordbbb."),
        "ccc.pptx": slides(("Titel", "Hier staat woordccc.")),
        "ddd.xlsx": book([("wat", "waar"), ("woordddd", "hier")]),
        "eee.md": b"# Kop\n\nHier staat woordeee.",
        "fff.txt": b"Hier staat woordfff.",
        "ggg.html": b"<h1>Kop</h1><p>Hier staat woordggg.</p>",
        "hhh.eml": mail("Akkoord", "Hier staat woordhhh."),
    }


def bad() -> dict[str, tuple[bytes, str]]:
    """Write what cannot be read, with what is said of it."""
    return {
        "scan.pdf": (pdf("", ""), "is a scan"),
        "slot.pdf": (pdf("geheim", password="x"), "has a password"),
        "lang.pdf": (pdf(*["x"] * 501), "more than 500 pages"),
        "brief.pdf": (word("a"), "not the kind of file"),
        "leeg.txt": (b"", "nothing to read"),
        "leeg.xlsx": (book([]), "nothing to read"),
        "bom.docx": (archive("word/document.xml", 45_000_000), "too large"),
        "bom.xlsx": (archive("xl/workbook.xml", 45_000_000), "too large"),
        "stuk.pptx": (b"PK\3\4rubbish", "is damaged"),
    }


def _settings(folder: Path, **more: Any) -> Settings:
    return Settings(data_dir=folder, database_url=store_url(folder), **more)


async def test_a_folder_is_followed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Added, changed, the same and gone are counted; what cannot be read is named and the rest goes in."""
    folder = tmp_path / "docs"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.md").write_text("# Verlof\n\nVijfentwintig dagen.")
    (folder / "sub" / "b.txt").write_text("Bellen voor acht uur.")
    (folder / ".hidden.md").write_text("niet dit")
    (folder / "scan.pdf").write_bytes(pdf("", ""))
    (folder / "foto.psd").write_bytes(b"8BPS")
    settings = _settings(tmp_path / "data")
    first = await import_folder(settings, folder, audience="", owner=BEN)
    told = capsys.readouterr()
    (folder / "foto.psd").unlink()
    (folder / "scan.pdf").unlink()
    (folder / "a.md").write_text("# Verlof\n\nDertig dagen.")
    (folder / "sub" / "b.txt").unlink()
    second = await import_folder(settings, folder, audience=f"{BEN},{ANNA}", owner="")
    third = await import_folder(settings, folder, audience="everyone", owner="")
    later = capsys.readouterr().out
    async with running(tmp_path / "data") as world:
        (held,) = await world.bot.records.knowledge.listed("T1")
        found = await world.bot.records.knowledge.search("T1", "dagen verlof", [held.audience])

    assert (first, second, third) == (2, 0, 0)
    assert "2 added, 0 changed, 0 the same, 0 gone; 2 passages read" in told.out
    assert "scan.pdf is a scan" in told.err
    assert "cannot read foto.psd" in told.err
    assert "0 added, 1 changed, 0 the same, 1 gone; 1 passages" in later
    assert "0 added, 0 changed, 1 the same, 0 gone; 0 passages" in later
    assert (held.name, held.audience, held.owner_id) == ("a.md", "everyone", BEN)
    assert [one.passage.text for one in found] == ["Dertig dagen."]


async def test_every_kind_goes_in_and_what_cannot_be_read_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Documents of every kind are found by their words; each that is not one is told why, and stops no other."""
    folder = tmp_path / "docs"
    folder.mkdir()
    fine, broken = good(), bad()
    for name, content in (fine | {name: content for name, (content, _) in broken.items()}).items():
        (folder / name).write_bytes(content)
    code = await import_folder(_settings(tmp_path / "data"), folder, audience="", owner="")
    told = capsys.readouterr()
    records = Records(tmp_path / "data" / "records.sqlite", database_url=store_url(tmp_path / "data"))
    records.open()
    found = {
        name: [
            one.document.name for one in await records.knowledge.search("", f"woord{name[:3]}", ["everyone"])
        ]
        for name in fine
    }
    await records.close()

    assert code == 2
    assert found == {name: [name] for name in fine}
    assert f"{len(fine)} added" in told.out
    for name, (_, fault) in broken.items():
        assert any(name in line and fault in line for line in told.err.splitlines()), name


async def test_what_cannot_be_meant_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No folder, nobody as audience, a folder that is empty all of a sudden: each is said, and nothing is lost."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.md").write_text("Vijfentwintig dagen.")
    async with make_slack() as slack:
        settings = _settings(
            tmp_path / "data", slack_bot_token=slack.token, slack_api_url=f"{slack.url}/api/"
        )
        codes = [
            await import_folder(settings, folder / "none", audience="", owner=""),
            await import_folder(settings, folder, audience="de buren", owner=""),
            await import_folder(settings, folder, audience="#nergens", owner=""),
            await import_folder(settings, folder, audience="#sales", owner=""),
        ]
        (folder / "a.md").unlink()
        codes.append(await import_folder(settings, folder, audience="", owner=""))
    told = capsys.readouterr().err
    async with running(tmp_path / "data") as world:
        (held,) = await world.bot.records.knowledge.listed("T1")

    assert codes == [2, 2, 2, 0, 2]
    assert "is no folder" in told
    assert "“de buren” is nobody" in told
    assert "nothing was deleted" in told
    assert held.audience == SALES
