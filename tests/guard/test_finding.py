"""Personal data is found in sentences of business, and ordinary figures are left alone."""

from __future__ import annotations

import pytest

from bot.guard import Known, detect
from tests.guard.measure import score


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_the_sets_of_sentences_are_found(name: str) -> None:
    """Of forty sentences hardly anything personal goes out; docs/privacy.md has the figures of the first runs."""
    got = score(name)

    assert got.structured[0] >= 0.95 * got.structured[1], got.told
    assert got.names[0] >= 0.85 * got.names[1], got.told
    assert got.false <= 0.05 * got.findings, got.told


@pytest.mark.parametrize(
    ("sentence", "kind", "value"),
    [
        ("Stort op NL91 ABNA 0417 1643 00 tav Piet", "iban", "NL91 ABNA 0417 1643 00"),
        ("nl91abna0417164300graag", "iban", "nl91abna0417164300"),
        ("the code is sk-proj-EXAMPLEexampleEXAMPLEexample", "secret", "sk-proj-EXAMPLEexampleEXAMPLEexample"),
        ("Authorization: Bearer abcdefghijklmnopqrstuv.wx", "secret", "abcdefghijklmnopqrstuv.wx"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "secret", None),
        ("api_key = 8fk29dkw03kd", "secret", "8fk29dkw03kd"),
        ("pincode: 48213", "secret", "48213"),
        ("SSN 123-45-6789", "id", "123-45-6789"),
        ("NI number QQ123456C is wrong, AB123456C is right", "id", "AB123456C"),
        ("card 4111 1111 1111 1111 please", "card", "4111 1111 1111 1111"),
        ("het nummer 111222333 staat er los", "number", "111222333"),
        ("zie https://crm.example/klant?mail=jan@x.example&p=2", "link", "https://crm.example/klant?mail=jan@x.example&p=2"),
        ("Peters offerte is af", "name", "Peter"),
        ("Mark Visser belt terug", "name", "Mark Visser"),
        ("Woont op Lange Nieuwstraat 14, derde verdieping", "address", "Lange Nieuwstraat 14"),
    ],
)  # fmt: skip
def test_each_kind_is_found_by_its_form(sentence: str, kind: str, value: str | None) -> None:
    """Keys, cards, accounts and names are found in full, and not a letter more."""
    found = detect(sentence)

    assert (kind, sentence if value is None else value) in [(one.kind, one.value) for one in found]


@pytest.mark.parametrize(
    "sentence",
    [
        "Het wachtwoord vergeten? Vraag een nieuw wachtwoord aan.",
        "The password is required and the token budget is 200000.",
        "Artikel 4111 1111 1111 1112 is op.",
        "BSN 123456789 bestaat niet, order 1234 567 890 wel.",
        "Mark the date: May 4, at Rose Street Hotel, in Frans en Duits.",
        "Geachte heer, mevrouw, beste collega's, Dear Sir or Madam,",
        "De opdracht van € 12.345,67 telt 1.250 uur; versie 10.2.0.4, kamer 12, 3 x 400 V.",
        "<https://acme.slack.com/archives/C0123456789/p1712345678901234?thread_ts=1712345678.901234>",
    ],
)
def test_ordinary_sentences_hold_nothing(sentence: str) -> None:
    """Orders, versions, amounts and Slack's own links are no personal data."""
    assert detect(sentence) == []


def test_whom_we_know_is_found_anywhere() -> None:
    """A colleague's or customer's name is found without a cue, by its parts too, and ordinary words stay words."""
    known = Known(["Quirijn Zwart van Oss", "Bakkerij Smulders", "Will", "zonnetje88"])

    assert [one.value for one in detect("gisteren heeft Quirijn de Bakkerij Smulders gezien", known)] == [
        "Quirijn",
        "Bakkerij Smulders",
    ]
    said = "[3] zonnetje88: ik vroeg Will. Let op: Will you come?"
    assert [one.value for one in detect(said, known)] == ["zonnetje88", "Will"]


def test_what_the_firm_says_of_itself_is_no_secret() -> None:
    """Our own number and address may stand in a letter as they are; a key of ours may not."""
    public = "Bel Sanne van Jansen Bouw: 030 123 4567. Wachtwoord: Zomer-2026"

    assert detect("Bel 0301234567 en vraag naar Sanne.", public=public) == []
    assert [one.kind for one in detect("Wachtwoord: Zomer-2026", public=public)] == ["secret"]
