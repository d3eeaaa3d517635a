"""How much of a draft a person had to change, and whether a number, a date or a name was among it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Literal

from babel.dates import get_day_names, get_month_names
from rapidfuzz.distance import Levenshtein

from bot.tasks import LANGUAGES

CorrectionKind = Literal["as_is", "light", "moderate", "heavy", "discarded"]

QUOTES = str.maketrans(dict.fromkeys("“”„‟«»″", '"') | dict.fromkeys("‘’‚‛‹›´`′", "'"))
NUMBER = re.compile(r"\d{1,3}(?:[\u00a0\u202f]\d{3})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,']\d+)*")
TITLES = ("dhr", "mevr", "mw", "mr", "mrs", "ms", "dr", "drs", "ir", "ing", "prof", "st", "t.a.v", "fam")
SENTENCE = re.compile(
    "".join(rf"(?<!\b{re.escape(title)}\.)" for title in TITLES) + r"(?<=[.!?:;])\s+|\n+", re.IGNORECASE
)


@dataclass(frozen=True)
class Correction:
    """What became of a draft's words.

    Attributes:
        distance: share of the words that were added, taken out or replaced, from 0 to 1.
        number_changed, date_changed, name_changed: kept apart, because one wrong amount is a tiny distance and
            the worst error.
    """

    kind: CorrectionKind
    distance: float
    number_changed: bool = False
    date_changed: bool = False
    name_changed: bool = False


def compare_texts(draft: str, accepted: str | None) -> Correction:
    """Compare a draft with what the person accepted instead; None means that the draft was discarded.

    The distance is Levenshtein's over words, divided by the longer text. Case counts; runs of white space, kinds
    of quote marks and Unicode forms do not.
    """
    if accepted is None:
        return Correction("discarded", 1.0)
    before, after = _normalise(draft), _normalise(accepted)
    distance = Levenshtein.normalized_distance(before.split(), after.split())
    dates_before, rest_before = _take_dates(before)
    dates_after, rest_after = _take_dates(after)
    return Correction(
        kind=_kind(distance),
        distance=round(distance, 4),
        number_changed=find_numbers(rest_before) != find_numbers(rest_after),
        date_changed=dates_before != dates_after,
        name_changed=find_names(draft) != find_names(accepted),
    )


def find_numbers(text: str) -> Counter[Decimal]:
    """Return the numbers in a text; `1.234,50`, `1,234.50` and `1234.5` are the same one.

    A lone separator before exactly three digits parts thousands (`1.234` is 1234), unless a zero stands before
    it. Missed: numbers in words, a sign, and a decimal of three places that lost its separator.
    """
    return Counter(_number(match) for match in NUMBER.findall(text))


def read_number(written: str) -> Decimal | None:
    """Return the one number that a text consists of, as `find_numbers` reads it; None when it is no number."""
    bare = written.strip()
    sign = -1 if bare.startswith("-") else 1
    bare = bare.removeprefix("-")
    return sign * _number(bare) if NUMBER.fullmatch(bare) else None


def find_names(text: str) -> Counter[str]:
    """Return the words with a capital that do not open a sentence.

    Missed: a name at the start of a sentence or line, and one without a capital (`de` in `de Vries`). Found
    though no name: other words with a capital (`GDPR`, `Offerte`), and a name that moved from or to a start.
    """
    names: Counter[str] = Counter()
    for sentence in SENTENCE.split(unicodedata.normalize("NFC", text).translate(QUOTES)):
        words = [word.removesuffix("'s") for word in re.findall(r"[^\W\d_]+(?:['-]\w+)*", sentence)]
        names.update(
            word
            for word in words[1:]
            if word[0].isupper() and word.partition("'")[0] != "I" and word.casefold() not in _calendar()
        )
    return names


def _normalise(text: str) -> str:
    # A space that must not break holds a number together (1 234,50), so only the others become plain ones.
    text = unicodedata.normalize("NFC", text).translate(QUOTES)
    return re.sub(r"[^\S\u00a0\u202f]+", " ", text).strip()


def _kind(distance: float) -> CorrectionKind:
    if distance <= 0.02:
        return "as_is"
    if distance <= 0.10:
        return "light"
    return "moderate" if distance <= 0.40 else "heavy"


def _number(written: str) -> Decimal:
    digits = re.sub(r"[\u00a0\u202f']", "", written)
    marks = [mark for mark in digits if mark in ".,"]
    if not marks:
        return Decimal(digits)
    whole, _, tail = digits.rpartition(marks[-1])
    thousands = len(set(marks)) == 1 and (len(marks) > 1 or (len(tail) == 3 and not digits.startswith("0")))
    whole = re.sub(r"[.,]", "", whole)
    return Decimal(whole + tail if thousands else f"{whole}.{tail}")


@cache
def _calendar() -> dict[str, str]:
    """Return months and weekdays of every language, small letters, and what stands for them."""
    names = {}
    for locale in LANGUAGES:
        for width in ("wide", "abbreviated"):
            for number, name in get_month_names(width, locale=locale).items():
                names[name.casefold().rstrip(".")] = f"{number:02}"
        for number, name in get_day_names("wide", locale=locale).items():
            names[name.casefold()] = f"day {number}"
    return names


@cache
def _date_pattern() -> re.Pattern[str]:
    months = "|".join(
        sorted((name for name, at in _calendar().items() if at.isdigit()), key=len, reverse=True)
    )
    days = "|".join(name for name, at in _calendar().items() if not at.isdigit())
    return re.compile(
        rf"""\b(?:
            (?P<y1>\d{{4}})-(?P<m1>\d{{1,2}})-(?P<d1>\d{{1,2}})
            | (?P<d2>\d{{1,2}})(?P<mark>[-/.])(?P<m2>\d{{1,2}})(?P=mark)(?P<y2>\d{{4}})
            | (?P<d3>\d{{1,2}})(?:st|nd|rd|th|e)?\s+(?:of\s+)?(?P<m3>{months})\b\.?(?:,?\s+(?P<y3>\d{{4}}))?
            | (?P<m4>{months})\b\.?\s+(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<y4>\d{{4}}))?
            | (?P<m5>{months})\b\.?\s+(?P<y5>\d{{4}})
            | (?P<day>{days})
        )\b""",
        re.VERBOSE | re.IGNORECASE,
    )


def _take_dates(text: str) -> tuple[Counter[str], str]:
    """Return the dates of a normalised text, and the text without them: their digits are no numbers.

    Digits are read day first, as in Dutch and British English. Missed: `tomorrow`, `week 12`, a month
    alone; `23-11` without a year counts as two numbers.
    """
    found: Counter[str] = Counter()

    def note(match: re.Match[str]) -> str:
        parts = match.groupdict()
        if parts["day"]:
            found[_calendar()[parts["day"].casefold()]] += 1
        else:
            year, month, day = (
                next(
                    (value for key, value in parts.items() if key[0] == unit and key[1:].isdigit() and value),
                    "",
                )
                for unit in "ymd"
            )
            month = _calendar().get(month.casefold(), month)
            found[f"{year or '-'}-{int(month):02}-{int(day or 0):02}"] += 1
        return " "

    return found, _date_pattern().sub(note, text)
