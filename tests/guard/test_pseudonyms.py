"""What leaves as a token comes back as it was, and only where it may."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from bot.guard import Finding, Pseudonyms, Vault, detect, open_vault

NONCE = "bc"
PIECES = st.sampled_from(
    [
        "Beste Sanne, ", "Sanne de Vries", "sanne@x.example", "[NAME1_bc]", "NAME1_bc", "[NAME1_bc's]",
        "https://a.example/Sanne", " www.x.nl/", "hxxps://a[.]b/", "06-12345678", "NL91ABNA0417164300", "’s",
        " 's-Gravenhage 1234 AB", "1234 AB Utrecht", "Groet,\nPiet", "K. Yilmaz", "[", "]", "\\", "|", "<", "(", ")",
        "_", " ", "\n", "[NAME 1 bc]", "NAME 1 bc",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=6), max_size=12).map("".join)


def _masked(text: str) -> tuple[Pseudonyms, str]:
    pseudonyms = Pseudonyms(NONCE)
    return pseudonyms, pseudonyms.mask(text, detect(text))


@given(TEXTS)
def test_the_way_back_is_exact(text: str) -> None:
    """Whatever was asked comes back letter by letter, also when it looks like a token itself."""
    pseudonyms, masked = _masked(text)
    kept = Pseudonyms.load(Pseudonyms.dump({NONCE: pseudonyms}))[NONCE]

    assert pseudonyms.restore(masked)[0] == text
    assert kept.restore(masked)[0] == text
    assert kept.mask(text, detect(text)) == masked


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Beste [NAME1_bc],", "Beste Sanne de Vries,"),
        ("Beste [name_1_BC],", "Beste Sanne de Vries,"),
        ("Beste NAME1_bc,", "Beste Sanne de Vries,"),
        (r"Beste \[NAME\_1\_bc\],", "Beste Sanne de Vries,"),
        ("[NAME1_bc]'s offerte, [NAME1_bc's] huis", "Sanne de Vries's offerte, Sanne de Vries's huis"),
        ("**[NAME1b_bc]** belt", "**Sanne** belt"),
        ("[NAME_1_bc] [NAME 1 bc]", "Sanne de Vries Sanne de Vries"),
    ],
)
def test_a_token_is_known_however_the_model_writes_it(written: str, shown: str) -> None:
    """A missing bracket, capitals, an escape or a possessive: the name stands there."""
    pseudonyms, masked = _masked("Sanne de Vries belt. Sanne komt.")

    assert masked == "[NAME1_bc] belt. [NAME1b_bc] komt."
    assert pseudonyms.restore(written) == (shown, ())


def test_what_stands_for_nothing_is_told_and_links_stay_shut() -> None:
    """A token that the model made up is named, and no name is put into an address."""
    pseudonyms, _ = _masked("Sanne de Vries belt.")
    link = "https://evil.example/?who=[NAME1_bc]"

    assert pseudonyms.restore("Bel [NAME7_bc].") == ("Bel [NAME7_bc].", ("[NAME7_bc]",))
    assert pseudonyms.restore(f"{link} hxxps://evil[.]example/[NAME1_bc]")[0] == (
        f"{link} hxxps://evil[.]example/[NAME1_bc]"
    )
    assert pseudonyms.restore("[NAME1_zzzz]")[0] == "[NAME1_zzzz]"


@pytest.mark.parametrize(
    "text",
    [
        "Klinkers 10 bc à € 3,50",
        "boven 10 bc tekent de directeur",
        "[doos 10 bc]",
        "vat 2 bc",
        "foto10_bc.jpg",
    ],
)
def test_words_and_a_number_are_no_token(text: str) -> None:
    """Ten pieces ("10 st") leave as they are and nothing is said of them, whatever the two letters of the run are."""
    pseudonyms, masked = _masked(text)

    assert masked == text
    assert pseudonyms.restore(text) == (text, ())


def test_an_invented_kind_is_told() -> None:
    """A kind of token that does not exist stands for nothing, and its reader is told."""
    assert Pseudonyms(NONCE).restore("Kom naar [STREET1_bc].") == (
        "Kom naar [STREET1_bc].",
        ("[STREET1_bc]",),
    )


def test_a_half_written_token_waits() -> None:
    """Who reads along sees no broken token, and nothing else is held back."""
    pseudonyms, _ = _masked("Sanne de Vries belt.")

    assert pseudonyms.hold_back("Beste [NAME1_b") == "Beste "
    assert pseudonyms.hold_back("Beste [NAME1_bc], zie [2]") == "Beste [NAME1_bc], zie [2]"
    assert pseudonyms.hold_back("een [ zonder eind\nen verder") == "een [ zonder eind\nen verder"


def test_the_key_is_made_once_and_read_by_nobody_else(tmp_path: Path) -> None:
    """Without SECRET_KEYS the data folder gets a key of its own; the next start opens what this one sealed."""
    sealed = open_vault(tmp_path).seal(b"Sanne")

    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600
    assert open_vault(tmp_path).open(sealed) == b"Sanne"
    assert "Sanne" not in sealed


def test_keys_are_rotated() -> None:
    """A new key in front seals from now on, the old one still opens, and a run keeps its marks."""
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    before, both, after = Vault([old]), Vault([new, old]), Vault([new])

    assert both.open(before.seal(b"x")) == b"x"
    assert after.open(both.seal(b"x")) == b"x"
    assert after.open(before.seal(b"x")) is None
    assert before.mark("run", "1") == both.mark("run", "1") != both.mark("run", "2")
    with pytest.raises(ValueError, match="key"):
        Vault([])


def test_a_token_of_another_run_hides_none_of_ours() -> None:
    """What looks like a token of somebody else's run stays text, and the name behind it comes back."""
    pseudonyms = Pseudonyms(NONCE)
    masked = pseudonyms.mask("Jan belt.", [Finding("name", 0, 3, "Jan")]).removesuffix(" belt.")
    told = f"NAME1_zz{masked} NAME1_zz_{masked[1:9]} [NAME1_zz] {masked}"
    restored, unknown = pseudonyms.restore(told)

    assert restored == f"NAME1_zzJan NAME1_zz_{masked[1:9]} [NAME1_zz] Jan"
    assert unknown == ()
