"""What the firm says about itself is right, or the bot says at start what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.compose import PROMPTS
from bot.tasks import Firm, TaskFileError, load_company, load_firm

GOOD = """\
+++
name = "De Linde B.V."
address = ["Beukerstraat 12", "7201 LD Zutphen"]
kvk = "12345678"
vat_id = "NL004495445B01"
iban = "NL91ABNA0417164300"
logo = "logo.svg"
offer = "binding"
payments = [30, 70]
+++
<!-- a comment -->
We bake.
"""


def _write(folder: Path, front: str) -> None:
    (folder / "_company.md").write_text(f"+++\n{front}\n+++\nWe bake.")


def test_the_details_are_for_documents_and_the_words_for_the_model(tmp_path: Path) -> None:
    """An account number is printed and never sent; the tone of voice is sent and never printed."""
    (tmp_path / "_company.md").write_text(GOOD)
    (tmp_path / "logo.svg").write_bytes(b"<svg/>")
    firm = load_firm(tmp_path)

    assert load_company(tmp_path) == "We bake."
    assert (firm.name, firm.iban, firm.logo) == ("De Linde B.V.", "NL91ABNA0417164300", b"<svg/>")
    assert (firm.offer, firm.payments, firm.valid_days) == ("binding", (30, 70), 30)
    assert firm.address == ("Beukerstraat 12", "7201 LD Zutphen")


def test_nothing_has_to_be_filled_in(tmp_path: Path) -> None:
    """A fresh clone, a file without details and no file at all all start."""
    (tmp_path / "_company.md").write_text("We bake.")

    assert load_firm(PROMPTS) == load_firm(tmp_path) == load_firm(tmp_path / "none") == Firm()


def test_every_line_of_the_shipped_example_works(tmp_path: Path) -> None:
    """Who takes away the marks in front of the example has a firm that the bot understands."""
    lines = (PROMPTS / "_company.md").read_text().splitlines()
    used = [line.removeprefix("# ") if " = " in line else line for line in lines]
    (tmp_path / "_company.md").write_text("\n".join(used))
    (tmp_path / "logo.svg").write_bytes(b"<svg/>")
    firm = load_firm(tmp_path)

    assert all(vars(firm).values())


@pytest.mark.parametrize(
    ("front", "wanted"),
    [
        ('kvk = "1234"', "_company.md:2: `kvk` must be the eight digits"),
        ('name = "x"\nvat_id = "NL004495446B01"', "_company.md:3: `vat_id` is no valid VAT number"),
        ('iban = "NL91ABNA0417164301"', "`iban` is no valid account"),
        ('offer = "maybe"', "`offer` must be one of binding, vrijblijvend"),
        ("payments = [30, 60]", "add up to 100"),
        ("payments = [0, 100]", "add up to 100"),
        ("address = [1]", "a list of lines"),
        ("valid_days = 0", "from 1 to 365"),
        ('nmae = "x"', "did you mean `name`?"),
        ('logo = "../secret.png"', "beside this one"),
        ('logo = "text.png"', "no PNG, JPEG or SVG"),
        ('logo = "none.png"', "cannot be read"),
        ('logo = "big.png"', "larger than 500 kB"),
        ("kvk = 12345678", "`kvk` must be text"),
        ("x", "not valid TOML"),
    ],
)
def test_a_wrong_detail_stops_the_bot_with_its_cure(tmp_path: Path, front: str, wanted: str) -> None:
    """A typing error in an account number is told at start, with its line, and not by a customer."""
    (tmp_path / "big.png").write_bytes(b"x" * 500_001)
    (tmp_path / "text.png").write_bytes(b"not a picture")
    _write(tmp_path, front)

    with pytest.raises(TaskFileError) as told:
        load_firm(tmp_path)
    assert wanted in str(told.value)
