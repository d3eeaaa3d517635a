"""What code says of a table, of a text, and of texts that are alike: exactly, and without the model."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from datetime import date

import docx
import openpyxl  # type: ignore[import-untyped]
import pypdf
import pytest
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.bulk import (
    Fault,
    Line,
    Mapping,
    Row,
    Table,
    find_alike,
    find_mark,
    guess_mapping,
    hash_row,
    make_row,
    read_returned,
    read_table,
    result_csv,
    result_xlsx,
)
from bot.bulk.alike import ALIKE_SHARE, _share, _shingles
from bot.bulk.paper import Letter, Paper, letter_pdf, letters_docx, pack_letters
from bot.bulk.sheets import menu_words
from bot.handlers.table import Anew, Work, ask_about, check, find_claims
from bot.reading import read_sheet
from bot.tasks import LANGUAGES, Language, TableWork, Task, UserError

TASK = Task("d", "D", "d", "Write.", table=TableWork(forbidden=("beste", "garande*", "nr. 1")))
WORK = Work("S", TASK, "nl", company="Wij zijn Bloem.", instructions="Noem Utrecht.", most_words=12)
ROW = Row(4, "Bak Corten", (("Breedte", "1.250 mm"), ("Gewicht", "38 kg")), ("plantenbak",))


def test_a_header_is_found_below_empty_rows_and_columns() -> None:
    """An export with empty rows above, an empty column and short rows is read as its sheet shows it."""
    table = read_table([[], ["", "Naam", " ", "Prijs"], ["", "Bak"], ["", " Stoel ", "", "12", "x"]], "a.csv")
    mapping = guess_mapping(table.headers, most_words=90)

    assert table.headers == ("Naam", "Prijs", "5")
    assert table.rows == ((3, ("Bak", "", "")), (4, ("Stoel", "12", "x")))
    assert (mapping.name, mapping.keywords) == (0, None)
    assert guess_mapping(("id", "keywords", "Product name"), most_words=9) == Mapping(
        2, keywords=1, most_words=9
    )
    assert Mapping.read(mapping.write()) == mapping


def test_a_title_above_the_table_is_not_its_header() -> None:
    """An export that begins with its name and a date has the columns of its table, whatever parts them."""
    exported = read_sheet(b"Voorraad 2026\n\nNaam,Tekst\nBak,groot\n")
    table = read_table(exported, "a.csv")

    assert table == Table(("Naam", "Tekst"), ((4, ("Bak", "groot")),))
    assert read_table([["Naam"], ["Bak"]], "a.csv").headers == ("Naam",)


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        ([], "bulk.no-rows"),
        ([["Voorraad 2026"], ["Naam", "Prijs"]], "bulk.no-rows"),
        ([["Naam"]], "bulk.no-rows"),
        ([["Naam", "NAAM"], ["a", "b"]], "bulk.twice"),
        ([["Naam"], *[["a"]] * 2_001], "bulk.too-many"),
        ([[f"k{at}" for at in range(61)], ["a"]], "bulk.too-wide"),
    ],
)
def test_a_table_that_cannot_be_taken_says_why(rows: list[list[str]], key: str) -> None:
    """Each fault has its own sentence."""
    with pytest.raises(UserError) as caught:
        read_table(rows, "a.csv")

    assert caught.value.key == key


def test_a_row_needs_a_name_and_an_end() -> None:
    """A row without a name or with a novel in it is told, not sent; what must not be used is not in it."""
    mapping = Mapping(0, unused=(1,), keywords=2)
    row = make_row(7, ("Naam", "Inkoop", "Woorden", "Maat"), ("Bak", "12", "a; b", "9 cm"), mapping)
    for cells, key in (
        (("", "1", "", ""), "bulk.row-no-name"),
        (("a", "", "", "x" * 8_001), "bulk.row-too-long"),
    ):
        with pytest.raises(UserError) as caught:
            make_row(1, ("Naam", "Inkoop", "Woorden", "Maat"), cells, mapping)
        assert caught.value.key == key

    assert row == Row(7, "Bak", (("Naam", "Bak"), ("Maat", "9 cm")), ("a", "b"))
    assert hash_row(mapping, ("a",)) != hash_row(Mapping(0), ("a",))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Een plantenbak van 1250 mm en 38 kg, door Bloem in Utrecht.", []),
        ("Een plantenbak van 1.251 mm.", [("figures", "1.251")]),
        (
            "Een plantenbak die op 3 mei uit het mooie Zutphen kwam.",
            [("days", "3 mei"), ("names", "Zutphen")],
        ),
        ("Een plantenbak, zie https://evil.nl.", [("links", "https://evil.nl")]),
        ("De beste bak, wij garanderen het.", [("keywords", "plantenbak"), ("claims", "beste, garanderen")]),
        ("plantenbak " * 13, [("length", "13")]),
        ("Plantenbak van [materiaal?].", []),
    ],
)
def test_every_check_names_what_it_found(text: str, wanted: list[tuple[str, str]]) -> None:
    """Figures, days, names, links, keywords, claims, length: each told with its words, in both languages."""
    found = check(WORK, ROW, text)

    assert [(fault.kind, fault.what) for fault in found] == wanted
    assert all(fault.word(language) and fault.for_model for fault in found for language in LANGUAGES)


def test_a_claim_is_a_word_not_a_part_of_one() -> None:
    """The word "beste" is found, "besteld" is not; a star finds every ending."""
    assert find_claims(
        "Het beste, besteld, Nr. 1, garandeert", TASK.table.forbidden if TASK.table else ()
    ) == [
        "beste",
        "garandeert",
        "Nr. 1",
    ]


def test_what_stays_the_same_comes_first_for_the_cache() -> None:
    """Two rows differ in the last message alone; a second try holds the first text and its faults."""
    allowed = replace(WORK, task=replace(TASK, personal_data="allow"), samples=("Zo is het goed.",))
    masked = ask_about(replace(allowed, task=TASK), ROW)
    asked = ask_about(allowed, ROW)
    other = ask_about(allowed, Row(5, "Stoel", ()))
    anew = ask_about(WORK, ROW, Anew("Oud.", (Fault("figures", "999"),), "korter")).user

    assert (asked.system, asked.base) == (other.system, other.base)
    assert "<keywords" in asked.user
    assert "Noem Utrecht." in asked.base
    # What is ours is not looked at by the gate: nothing that people wrote may stand there.
    for each in (asked, masked):
        assert "Noem Utrecht." not in "".join(each.system)
        assert "Zo is het goed." not in "".join(each.system)
    assert masked.base == ""
    assert "Zo is het goed." in masked.user
    assert all(part in anew for part in ("Oud.", "999", "korter"))


def test_texts_that_differ_in_the_name_only_are_alike() -> None:
    """The product's own words do not make a text another one; other sentences do."""
    line = "De {} staat mooi in iedere tuin en blijft jaren goed, ook als het vriest."
    texts = {
        2: line.format("Corten"),
        3: line.format("Alu"),
        4: "Wie een balkon heeft zet deze bak tegen de muur aan.",
    }
    own = {2: ("Corten",), 3: ("Alu",), 4: ("Bak",)}

    assert find_alike(texts, own) == {3: 2}
    assert find_alike({1: "", 2: ""}, {}) == {}


@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=12).map(" ".join), max_size=12))
def test_no_pair_that_is_alike_is_missed(texts: list[str]) -> None:
    """The short cut finds exactly what comparing every pair finds."""
    numbered = dict(enumerate(texts))
    sets = {number: _shingles(text, ()) for number, text in numbered.items()}
    slow = {
        number: twin
        for number in sets
        if (
            twin := next(
                (one for one in range(number) if _share(sets[number], sets[one]) >= ALIKE_SHARE), None
            )
        )
        is not None
    }

    assert find_alike(numbered, {}) == slow


@given(
    st.lists(
        st.tuples(st.text(min_size=1, max_size=30), st.text(max_size=30)),
        min_size=1,
        max_size=5,
    )
)
def test_what_goes_out_comes_back(cells: list[tuple[str, str]]) -> None:
    """Whatever stands in a text, the sheet that comes back holds it, and no cell of it is a formula."""
    lines = [Line(f"1a2b3c4d-{at}.1", (one,), other, "ok") for at, (one, other) in enumerate(cells, 2)]
    written = result_xlsx(("Naam",), lines, "nl")
    rows = read_sheet(written)
    back = read_returned(rows, "x.xlsx", "nl")
    kinds = {
        cell.data_type
        for row in openpyxl.load_workbook(io.BytesIO(written)).active.iter_rows()
        for cell in row
        if cell.value is not None
    }

    assert find_mark(rows, "x.xlsx") == "1a2b3c4d"
    assert [one.row for one in back] == [*range(2, len(cells) + 2)]
    assert kinds <= {"s"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_csv_is_read_back_in_both_languages(language: str) -> None:
    """The CSV that comes back is as good as the workbook; a sheet of somebody else's is none of ours."""
    lines = [Line("1a2b3c4d-2.1", ("=1+1",), "-tekst", "skip", "kort")]
    written = result_csv(("Naam",), lines, "nl" if language == "nl" else "en")
    rows = read_sheet(written)
    (back,) = read_returned(rows, "x.csv", "en")

    assert b"'=1+1" in written
    assert (back.text, back.verdict, back.remarks) == ("-tekst", "skip", "kort")
    assert find_mark([["a"], ["b"]], "prijzen.csv") == ""
    assert find_mark([["a"], ["b"]], "bakken-1a2b3c4d-1 (2).xlsx") == "1a2b3c4d"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_menu_speaks_the_language_of_the_sheet(language: Language) -> None:
    """Who picks from the menu, in either language, is understood; a spreadsheet takes no other word than these."""
    words = menu_words(language)
    lines = [Line(f"1a2b3c4d-{at}.1", ("Bak",), "tekst", word) for at, word in enumerate(words, 2)]
    written = result_xlsx(("Naam",), lines, language)
    (menu,) = openpyxl.load_workbook(io.BytesIO(written)).active.data_validations.dataValidation
    back = read_returned(read_sheet(written), "x.xlsx", language)

    assert menu.formula1 == f'"{",".join(words)}"'
    assert [one.verdict for one in back] == ["approve", "edit", "redo", "skip"]


PAPER = Paper("Bloem & Zn.", "nl", date(2026, 3, 5))


def test_a_letter_on_paper_is_what_was_approved() -> None:
    """Word and PDF hold the same sender, day and lines; a second letter begins at page one again."""
    letter = Letter(7, "Vos", "Geachte heer Vos,\r\n\r\nU krijgt\x08 € 1.482\nterug.\n\n\n#let x = 1")
    long = Letter(8, "De Wit", "\n\n".join("Uw spaargeld telt mee in box 3. " * 9 for _ in range(14)))
    document = docx.Document(io.BytesIO(letters_docx([letter, long], PAPER)))
    pages = pypdf.PdfReader(io.BytesIO(letter_pdf(letter, PAPER))).pages
    printed = pages[0].extract_text()
    numbered = [one._sectPr.find(qn("w:pgNumType")).get(qn("w:start")) for one in document.sections]

    assert [one.text for one in document.paragraphs[:5]] == [
        "Bloem & Zn.",
        "5 maart 2026",
        "Geachte heer Vos,",
        "U krijgt € 1.482\nterug.",
        "#let x = 1",
    ]
    assert all(line in printed for line in ("Bloem & Zn.", "5 maart 2026", "€ 1.482", "#let x = 1"))
    assert numbered == ["1", "1"]
    assert document.sections[1].footer.is_linked_to_previous
    assert document.sections[1].first_page_footer.is_linked_to_previous
    assert letter_pdf(letter, PAPER) == letter_pdf(letter, PAPER)
    assert len(pypdf.PdfReader(io.BytesIO(letter_pdf(long, PAPER))).pages) == 2


def test_a_letter_in_word_looks_as_on_paper() -> None:
    """Only a second page has a number, at the margin however long the firm's name, and no empty page follows."""
    sender = "Administratie- en belastingadvieskantoor De Linde & Van den Heuvel B.V."
    letters = [Letter(at, "Vos", "Geachte heer Vos,\n\nTot ziens.") for at in (1, 2, 3)]
    document = docx.Document(io.BytesIO(letters_docx(letters, replace(PAPER, sender=sender))))
    first = document.sections[0]
    tabs = document.styles["Footer"].paragraph_format.tab_stops

    assert len(document.sections) == 3
    assert all(one.different_first_page_header_footer for one in document.sections)
    assert first.first_page_footer.paragraphs[0].text == sender
    assert first.footer.paragraphs[0].text == f"{sender}\t"
    assert "PAGE" in first.footer._element.xml
    assert [round(one.position.mm) for one in tabs] == [160]
    assert [one.text for one in document.paragraphs] == [
        sender,
        "5 maart 2026",
        "Geachte heer Vos,",
        "Tot ziens.",
    ] * 3
    assert 'w:name="compatibilityMode"' in document.settings.element.xml
    assert 'w:val="14"' not in document.settings.element.xml


@given(st.text(max_size=80), st.text(max_size=200))
@settings(max_examples=25, deadline=None)
def test_no_cell_breaks_an_archive(to: str, words: str) -> None:
    """Whatever a cell or a letter holds, its file has a name that any disk takes, and it can be opened."""
    archive = zipfile.ZipFile(io.BytesIO(pack_letters([Letter(12, to, words)], PAPER, "docx")[0]))
    (name,) = archive.namelist()

    assert re.fullmatch(r"0012-[\w-]{1,60}\.docx", name)
    assert docx.Document(io.BytesIO(archive.read(name))).paragraphs
