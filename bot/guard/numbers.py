"""Structured personal data: found by its form, and where it has one by its check digit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import phonenumbers
from stdnum import iban, luhn
from stdnum.eu import vat
from stdnum.gb import vat as british_vat
from stdnum.nl import bsn

from bot.guard.kinds import Finding, Kind

Found = Iterator[tuple[int, int]]

_NEAR = r"[^\n\d]{0,40}?"
"""What may stand between a keyword and its number: words of the same line, no other figure."""

_TOKENS = re.compile(
    r"\b(?:sk-[\w-]{20,}|xox[abeoprs]-[\w-]{10,}|xapp-[\w-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}"
    r"|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}|AIza[\w-]{30,}"
    r"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{5,}|sk_(?:live|test)_\w{16,}|npm_\w{30,}|hf_\w{30,})"
    r"|https://hooks\.slack\.com/[\w/.-]+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----)?"
    r"|\b[a-z][a-z0-9+.-]{0,20}://[^\s/:@]+:[^\s/@]+@[^\s]+"
    r"|(?<=\bBearer )[\w.~+/=-]{20,}"
)
_PASSWORD = re.compile(
    r"(?i)(?:pass(?:word|wd|code|phrase)|\bpwd|wachtwoord|\bww\b|client[_ -]?secret|api[_ -]?key|api-sleutel"
    r"|\btoken|\bsecret)\b[^\n:=]{0,30}?(?:\s*[:=]\s*|\s+(?:is|wordt|was|luidt)\s+)[\"'“‘`]?(?P<value>[^\s\"'”’`]+)"
)
_PIN = re.compile(
    r"(?i)\bpin(?:[ -]?code)?\b(?:\s+(?:is|van|of)|\s*[:=]|\s)[^\n\d]{0,15}?(?P<value>\d{4,6})\b"
)
_CARD = re.compile(r"(?<![\w.])[3-6]\d{3}(?:[ -]?\d){9,15}(?![\w])")
_CARD_LENGTHS = {"3": (14, 15), "4": (13, 16, 19), "5": (16,), "6": (16, 19)}

_NINE = r"\d{4}[. ]?\d{2}[. ]?\d{3}|\d{3}[. ]\d{3}[. ]\d{3}|\d{8,9}"
_BSN = re.compile(
    rf"(?i)(?:\bbsn\b|burgerservice|sofi-?nummer|citizen service n)[\w-]*{_NEAR}(?P<value>{_NINE})(?!\w)"
)
_BARE_NINE = re.compile(r"(?<![\w.,/+-])\d{9}(?![\w]|[.,]\d)")
_PAPER = re.compile(
    r"(?i)\b(?P<paper>pas+po?ort|identiteits\w*|id-?(?:kaart|bewijs|card|number)|rijbewijs\w*"
    r"|driv(?:ing|er'?s) licen[cs]e|documentnummer|document n(?:umber|o)|residence permit|verblijfs\w*)"
    r"[^\n]{0,40}?\b(?P<value>(?-i:(?=[A-Z]*\d)[A-Z0-9]{8,10}))\b"
)
_SOCIAL = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])")
_INSURANCE = re.compile(r"(?<!\w)[A-CEGHJ-PR-TW-Z][A-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)")

_IBAN = re.compile(r"(?i)(?<!\w)[a-z]{2}\d{2}(?:[ .-]?[a-z0-9]){11,32}")
_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI NL", 19: "SI", 20: "AT EE LT LU", 21: "CH HR LI LV", 22: "BG DE GB IE",
        24: "CZ ES RO SE SK", 25: "PT", 26: "TR", 27: "FR GR IT MC", 28: "CY HU MA PL", 31: "MT",
    }.items()
    for country in countries.split()
}  # fmt: skip
"""By country, of https://www.swift.com/standards/data-standards/iban-international-bank-account-number"""

_EMAIL = re.compile(r"(?<![\w.+%-])[\w+%-][\w.+%-]*@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}")
_PHONE = re.compile(r"(?<![\w.,/+-])(?:\+|\(?0)\d?[\d ().\u00a0/-]{6,20}\d(?!\w)")
_MONTH = (
    r"(?:jan(?:uar[iy])?|feb(?:ruar[iy])?|m(?:aa|a)?rt|march|mar|apr(?:il)?|mei|may|jun[ie]?|jul[iy]?|aug(?:ustus|ust)?"
    r"|sept?(?:ember)?|o[kc]t(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DATE = (
    rf"\d{{1,2}}[-/. ]\d{{1,2}}[-/. ](?:19|20)?\d{{2}}|(?:19|20)\d{{2}}-\d{{2}}-\d{{2}}"
    rf"|\d{{1,2}}(?:st|nd|rd|th|e)?(?: of)? {_MONTH},? (?:19|20)\d{{2}}"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? (?:19|20)\d{{2}}"
)
_BIRTH = re.compile(
    rf"(?i)\b(?:geboren|geb\.?|geboortedatum|geboorte|geb\.?datum|dob|d\.o\.b\.?|date of birth|birth ?date|birthday"
    rf"|born|verjaardag)\b[^\n\d]{{0,25}}?(?P<value>(?:{_DATE}))(?!\d)"
)
_PLATE = re.compile(
    r"(?<![\w-])(?:[A-Z]{2}-\d{2}-\d{2}|\d{2}-\d{2}-[A-Z]{2}|\d{2}-[A-Z]{2}-\d{2}|[A-Z]{2}-\d{2}-[A-Z]{2}"
    r"|[A-Z]{2}-[A-Z]{2}-\d{2}|\d{2}-[A-Z]{2}-[A-Z]{2}|\d{2}-[A-Z]{3}-\d|\d-[A-Z]{3}-\d{2}|[A-Z]{2}-\d{3}-[A-Z]"
    r"|[A-Z]-\d{3}-[A-Z]{2}|[A-Z]{3}-\d{2}-[A-Z]|[A-Z]-\d{2}-[A-Z]{3}|\d-[A-Z]{2}-\d{3}|\d{3}-[A-Z]{2}-\d)(?![\w-])"
)
_PLATE_NAMED = re.compile(
    r"(?i)\b(?:kenteken\w*|nummerbord|number ?plate|licen[cs]e plate|plate|registration(?: number)?|vehicle reg\w*)\b"
    r"[^\n\d]{0,30}?\b(?P<value>(?-i:[A-Z]{2}\d{2} ?[A-Z]{3}|[A-Z0-9]{1,3}-?[A-Z0-9]{2,3}-?[A-Z0-9]{1,3}))(?![\w-])"
)
_VAT = re.compile(
    r"(?<!\w)(?:AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|GB|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK)"
    r"(?:[ .]?[A-Z0-9]){8,12}(?!\w)"
)
_VAT_NAMED = re.compile(
    r"(?i)\b(?:btw|vat|omzetbelasting|ob-?nummer)[\w-]*[^\n\d]{0,25}?\b(?P<value>(?-i:[A-Z]{2}[A-Z0-9.]{8,14}))\b"
)
_KVK = re.compile(
    r"(?i)(?:\bk\.?v\.?k\b|kamer van koophandel|chamber of commerce|\bcoc\b)[\w-]*[^\n\d]{0,30}?(?P<value>\d{8})(?!\d)"
)

_UNITS = "KM|KG|MM|CM|KW|GB|MB|TB|SA|SD|SS|ST|WP|RP|EX|XL|UR|PM|AM"
_ZIP = rf"[1-9]\d{{3}} ?(?!(?:{_UNITS})\b)[A-Z]{{2}}\b"
_BRITISH_ZIP = r"\b[A-Z]{1,2}\d[A-Z0-9]? \d[A-Z]{2}\b"
_HOUSE = r"\d{1,4}(?: ?-? ?[a-zA-Z]\b|-\d{1,3}\b|-[A-Z]{1,3}\b| ?bis\b)?"
_CAPITAL = r"[A-ZÀ-Þ'’][\w'’.-]+"
_OF = r"(?:van|de|den|der|het|ten|ter|op|aan|in|'t|’t)"
_TOWN = rf"(?:'s-|’s-)?{_CAPITAL}(?:[ -](?:aan|den|de|der|op|bij|over|upon|on|{_CAPITAL})){{0,3}}"
_ADDRESS = re.compile(
    rf"(?:{_CAPITAL}(?: (?:{_OF}|{_CAPITAL})){{0,3}} {_HOUSE},? *(?:\n *)?)?(?<!\d){_ZIP}"
    rf"(?:,? (?!(?:De|Het|Graag|Bel|Mail)\b){_TOWN})?"
)
_STREET = re.compile(
    r"(?:[A-ZÀ-Þ][\w'’.-]*(?: (?:van|de|den|der|het|ten|ter|[A-ZÀ-Þ][\w'’.-]*)){0,3}"
    r"(?: (?=(?:Straat|Laan|Weg|Plein|Kade|Gracht|Singel|Dijk|Hof|Markt)\b))?)?"
    r"(?:[Ss]traat|[Ll]aan|[Ww]eg|[Pp]lein|[Kk]ade|[Gg]racht|[Ss]ingel|[Dd]reef|[Dd]ijk|[Hh]of|[Ss]teeg|[Pp]ad"
    rf"|[Pp]lantsoen|[Kk]ruis|[Hh]aven|[Oo]ord) {_HOUSE}(?!\d|[.,:]\d|%| ?(?:m|cm|mm|km|meter|stuks|uur|euro)\b)"
)
_BRITISH = re.compile(
    rf"(?:(?:Flat|Unit|Suite|Apt\.?) \w+, ?)?\b{_HOUSE},? (?:{_CAPITAL} ){{1,3}}"
    r"(?:Street|Road|Lane|Avenue|Drive|Close|Square|Court|Place|Terrace|Crescent|Gardens|Way|Row|Hill|St|Rd|Ave)"
    rf"\b(?:,? {_TOWN},? {_BRITISH_ZIP}|,? {_BRITISH_ZIP})?|(?:\b{_CAPITAL} )?{_BRITISH_ZIP}"
)


def find_numbers(text: str) -> list[Finding]:
    """Return everything in *text* that has the form of personal data; findings may overlap."""
    has_digit = any(character.isdigit() for character in text)
    return [
        Finding(kind, start, end, text[start:end])
        for kind, look, needs_digit in _LOOKS
        if has_digit or not needs_digit
        for start, end in look(text)
    ]


def _whole(pattern: re.Pattern[str]) -> Callable[[str], Found]:
    return lambda text: (match.span() for match in pattern.finditer(text))


def _valued(pattern: re.Pattern[str]) -> Callable[[str], Found]:
    return lambda text: (match.span("value") for match in pattern.finditer(text))


def _passwords(text: str) -> Found:
    for match in _PASSWORD.finditer(text):
        value = match["value"].rstrip(".,;:)!?")
        # "password is required" is a sentence; what nobody would write as a word is a password.
        odd = any(character.isdigit() or not character.isalnum() for character in value.strip("-[]()<>"))
        wordless = any(character.isalpha() for character in value) and odd and len(value) >= 6
        plain_word = re.fullmatch(r"[A-Za-zÀ-ÿ]+(?:[-/'’][A-Za-zÀ-ÿ]+)*", value)
        if wordless and not plain_word and "://" not in value and "@" not in value[1:]:
            yield match.start("value"), match.start("value") + len(value)


def _cards(text: str) -> Found:
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if len(digits) in _CARD_LENGTHS[digits[0]] and luhn.is_valid(digits):
            yield match.span()


def _bsns(text: str) -> Found:
    for match in _BSN.finditer(text):
        if bsn.is_valid(re.sub(r"\D", "", match["value"])):
            yield match.span("value")


def _bare_nines(text: str) -> Found:
    return (match.span() for match in _BARE_NINE.finditer(text) if bsn.is_valid(match[0]))


def _papers(text: str) -> Found:
    for match in _PAPER.finditer(text):
        digits_only = match["value"].isdigit()
        if not digits_only or match["paper"].casefold()[0] in "pr":
            yield match.span("value")


def _ibans(text: str) -> Found:
    """Yield each IBAN as far as its country makes it long: what follows may be a word of letters."""
    for match in _IBAN.finditer(text):
        wanted = _IBAN_LENGTHS.get(match[0][:2].upper(), 0)
        places = [at for at in range(*match.span()) if text[at].isalnum()]
        if wanted and len(places) >= wanted:
            start, end = match.start(), places[wanted - 1] + 1
            if iban.is_valid(text[start:end], check_country=False):
                yield start, end


def _phones(text: str) -> Found:
    for match in _PHONE.finditer(text):
        end = match.end()
        while end - match.start() >= 8:
            if _is_phone(text[match.start() : end]):
                yield match.start(), end
                break
            cut = text.rfind(" ", match.start(), end)
            end = cut if cut > 0 else 0


def _is_phone(candidate: str) -> bool:
    for region in ("NL",) if candidate.startswith(("+", "00")) else ("NL", "GB"):
        try:
            number = phonenumbers.parse(candidate, region)
            # Mobile numbers are handed out faster than any list of ranges follows.
            mobile = candidate.startswith(("+", "00", "06", "07")) and phonenumbers.is_possible_number(number)
            if mobile or phonenumbers.is_valid_number(number):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


def _vats(text: str) -> Found:
    for match in _VAT_NAMED.finditer(text):
        if sum(character.isdigit() for character in match["value"]) >= 8:
            yield match.span("value")
    for match in _VAT.finditer(text):
        number = match[0]
        valid = british_vat.is_valid(number) if number.startswith("GB") else vat.is_valid(number)
        if valid:
            yield match.span()


def _plates(text: str) -> Found:
    yield from _whole(_PLATE)(text)
    for match in _PLATE_NAMED.finditer(text):
        value = match["value"]
        if any(map(str.isdigit, value)) and any(map(str.isalpha, value)) and 5 <= len(value) <= 8:
            yield match.span("value")


def _addresses(text: str) -> Found:
    for pattern in (_ADDRESS, _STREET, _BRITISH):
        yield from _whole(pattern)(text)


_LOOKS: tuple[tuple[Kind, Callable[[str], Found], bool], ...] = (
    ("secret", _whole(_TOKENS), False),
    ("secret", _passwords, False),
    ("secret", _valued(_PIN), True),
    ("card", _cards, True),
    ("bsn", _bsns, True),
    ("id", _papers, True),
    ("id", _whole(_SOCIAL), True),
    ("id", _whole(_INSURANCE), True),
    ("iban", _ibans, True),
    ("email", _whole(_EMAIL), False),
    ("birthdate", _valued(_BIRTH), True),
    ("vat", _vats, True),
    ("kvk", _valued(_KVK), True),
    ("phone", _phones, True),
    ("plate", _plates, True),
    ("address", _addresses, True),
    ("number", _bare_nines, True),
)
