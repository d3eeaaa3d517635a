"""What a text states and its material does not: links, figures, days, handles, names; pure, and no judge of truth."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import regex

from bot.guard import check_links, links_of
from bot.handlers.counting import links_in, put_links

GAP = "[link?]"
"""Stands where a link was taken out: a person fills it in."""

_MONTHS = (
    "januari january jan",
    "februari february feb",
    "maart march mrt mar",
    "april apr",
    "mei may",
    "juni june jun",
    "juli july jul",
    "augustus august aug",
    "september sept sep",
    "oktober october okt oct",
    "november nov",
    "december dec",
)
_WEEKDAYS = (
    "maandag monday",
    "dinsdag tuesday",
    "woensdag wednesday",
    "donderdag thursday",
    "vrijdag friday",
    "zaterdag saturday",
    "zondag sunday",
)
_COUNTED = {
    "een één one": 1,
    "twee two": 2,
    "drie three": 3,
    "vier four": 4,
    "vijf five": 5,
    "zes six": 6,
    "zeven seven": 7,
    "acht eight": 8,
    "negen nine": 9,
    "tien ten": 10,
    "elf eleven": 11,
    "twaalf twelve": 12,
    "dertien thirteen": 13,
    "veertien fourteen": 14,
    "vijftien fifteen": 15,
    "zestien sixteen": 16,
    "zeventien seventeen": 17,
    "achttien eighteen": 18,
    "negentien nineteen": 19,
    "twintig twenty": 20,
    "dertig thirty": 30,
    "veertig forty": 40,
    "vijftig fifty": 50,
    "zestig sixty": 60,
    "zeventig seventy": 70,
    "tachtig eighty": 80,
    "negentig ninety": 90,
    "honderd hundred": 100,
    "duizend thousand": 1000,
}
_SHORT_DAYS = ("ma mon", "di tue tues", "wo wed", "do thu thurs", "vr fri", "za sat", "zo sun")
_MONTH = {word: number for number, words in enumerate(_MONTHS, 1) for word in words.split()}
_WEEKDAY = {word: number for number, words in enumerate(_WEEKDAYS, 1) for word in words.split()}
_SHORT_DAY = {word: number for number, words in enumerate(_SHORT_DAYS, 1) for word in words.split()}
_NUMERAL = {word: str(number) for words, number in _COUNTED.items() for word in words.split()}

_NAME = "|".join(sorted(_MONTH, key=len, reverse=True))
_DAY_MONTH = re.compile(rf"\b(\d{{1,2}})(?:e|ste|de|st|nd|rd|th)?\s+(?:of\s+)?({_NAME})\b\.?", re.IGNORECASE)
_MONTH_DAY = re.compile(rf"\b({_NAME})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?\b(?![.,:]\d)", re.IGNORECASE)
_ISO = re.compile(r"\b(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})\b")
_NUMERIC = re.compile(r"\b(?P<day>\d{1,2})[-/.](?P<month>\d{1,2})[-/.](?P<year>\d{4}|\d{2})\b")
_SHORT = re.compile(r"\b(\d{1,2})[-/](\d{1,2})\b")
# "do" and "zo" are words too: a short day stands before a figure, or at either end of a span.
_DAYS = "|".join(_SHORT_DAY)
_SPAN = r"(?:t/m|tot|to|[-–/&+])"
_AS_DAY = re.compile(rf"\b({_DAYS})\b(?=\.?\s*(?:\d|{_SPAN}))|(?<=[-–/&+m])\s*\b({_DAYS})\b", re.IGNORECASE)
_CLOCK = re.compile(
    r"\b(\d{1,2})(?:[.:](\d\d))?\s*(p\.?m\b|u(?:ur)?\b|h(?:rs)?\b|(?<=[.:]\d\d))", re.IGNORECASE
)
# A figure that is part of a word, such as B1 or 4K, is part of a name.
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,:\u00a0\u202f]\d+)*(?![^\W\d_]*\d)")
_LIST_NUMBER = re.compile(r"^\s*\d{1,2}[.)]\s", re.MULTILINE)
_WORD = re.compile(r"[^\W\d_]+")
_HASHTAG = re.compile(r"#\w+")
_HANDLE = re.compile(r"(?<![\w.@/])@[\w][\w.@-]*\w")
# Capitals in the middle of a sentence: behind a letter, a figure, a comma or a bracket of the same line.
_PROPER = regex.compile(
    r"(?<=[\p{L}\p{N},;)’'][ \t]|[(])(?!I['’])\p{Lu}[\p{L}\p{N}'’-]+(?:[ \t]\p{Lu}[\p{L}\p{N}'’-]+)*"
)
_SLACK_LINK = re.compile(r"<(https?://[^<>|\s]+)(?:\|([^<>]*))?>")


@dataclass(frozen=True)
class Unfounded:
    """What the material does not hold; everything as the text writes it."""

    links: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class Material:
    """Everything that a text may take its facts from."""

    def __init__(self, *sources: str) -> None:
        said = self._said = html.unescape(_SLACK_LINK.sub(r" \1 \2 ", "\n".join(sources)))
        self._links = {_address(link) for link in links_in(said)}
        self._hosts = {address.partition("/")[0] for address in self._links}
        self._handles = {handle.casefold() for handle in _HANDLE.findall(said)}
        # What stands in a link is said too: example.com/sale-2026 allows 2026.
        # The semicolon keeps the end of one from being read on into the other: "… mei" and "1/1".
        rest, days = _take_days(re.sub(r"[/_=?&-]", " ", said) + " ; " + said)
        self._days = set(days.values())
        self._days |= {(int(a), int(b)) for a, b in _SHORT.findall(said)}
        self._figures = set().union(*(readings(number) for number in _NUMBER.findall(rest)))
        # A number that stands for a day in the material may stand alone in the text.
        self._figures |= {str(number) for day in self._days for number in day}
        words = self._words = {word.casefold() for word in _WORD.findall(said)}
        self._figures |= {_NUMERAL[word] for word in words & _NUMERAL.keys()}
        self._figures |= set(_other_clock(said))
        self._weekdays = {_WEEKDAY[word] for word in words & _WEEKDAY.keys()}
        short = (before or behind for before, behind in _AS_DAY.findall(said))
        self._weekdays |= {_SHORT_DAY[word.casefold()] for word in short}

    def holds_link(self, link: str) -> bool:
        """Say whether a link, or the site that a bare name stands for, was given."""
        address = _address(link)
        return address in self._links or ("/" not in address and address in self._hosts)

    def take_out_links(self, text: str) -> tuple[str, tuple[str, ...]]:
        """Replace every link that was not given by a gap; return the text and what was taken out.

        A name without a scheme and a path may be a full stop without its space, so it stays: `unfounded` tells
        of it. What is no link of the web, such as `javascript:`, and what Markdown would make a link or a picture of
        in another way, becomes text (`bot.guard.check_links`).
        """
        out: list[str] = []

        def put(link: str) -> str:
            if self.holds_link(link) or not re.search(r"^https?://|^www\.|[/?#]", link, re.IGNORECASE):
                return link
            out.append(link)
            return GAP

        told = put_links(text, put)
        bare = {link for link in links_of(told) if not re.search(r"[/?#@:]", link)}
        told, refused = check_links(told, links_of(self._said) | bare)
        return told, tuple(dict.fromkeys((*out, *refused)))

    def unfounded(self, text: str) -> Unfounded:
        """Return what *text* states and the material does not hold."""
        links = [link for link in links_in(text) if not self.holds_link(link)]
        plain = put_links(text, lambda link: " ")
        handles = [each for each in _HANDLE.findall(plain) if each.casefold() not in self._handles]
        rest, days = _take_days(_LIST_NUMBER.sub("\n", _HANDLE.sub(" ", plain)))
        unknown = [shown for shown, day in days.items() if day not in self._days]
        unknown += [
            word
            for word in _WORD.findall(rest)
            if word.casefold() in _WEEKDAY and _WEEKDAY[word.casefold()] not in self._weekdays
        ]
        figures = [number for number in _NUMBER.findall(rest) if not readings(number) & self._figures]
        names = [name for name in _PROPER.findall(_HASHTAG.sub(" ", rest)) if not self._holds_name(name)]
        return Unfounded(
            *(tuple(dict.fromkeys(found)) for found in (links, figures, unknown, handles, names))
        )

    def _holds_name(self, name: str) -> bool:
        """Say whether each word of a name was given; `Zutphense` and `Zutphen's` are Zutphen."""
        return all(
            word in self._words
            or word in _WEEKDAY
            or any(len(known) > 3 and word.startswith(known) for known in self._words)
            for word in map(str.casefold, _WORD.findall(name))
            if len(word) > 1
        )


def _address(link: str) -> str:
    """Write a link so that equal ones are equal: no scheme, no `www.`, no slash at the end."""
    parts = urlsplit(link if "://" in link else f"https://{link}")
    query = f"?{parts.query}" if parts.query else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    host = parts.netloc.casefold().removeprefix("www.")
    return f"{host}{parts.path.rstrip('/')}{query}{fragment}"


def _take_days(text: str) -> tuple[str, dict[str, tuple[int, int]]]:
    """Take the days out of *text*; return what is left, years included, and each day as written -> (day, month)."""
    found: dict[str, tuple[int, int]] = {}
    for pattern, order in ((_DAY_MONTH, (1, 2)), (_MONTH_DAY, (2, 1))):

        def named(match: re.Match[str], order: tuple[int, int] = order) -> str:
            found[match[0]] = (int(match[order[0]]), _MONTH[match[order[1]].casefold()])
            return " "

        text = pattern.sub(named, text)
    for pattern in (_ISO, _NUMERIC):

        def written(match: re.Match[str]) -> str:
            if not 1 <= int(match["month"]) <= 12:
                return match[0]
            found[match[0]] = (int(match["day"]), int(match["month"]))
            return f" {match['year']} "

        text = pattern.sub(written, text)
    return text, found


def _other_clock(text: str) -> Iterator[str]:
    """Yield the times of *text* as the other clock has them: 17 for `5 pm`, 5 for `17u`."""
    for hour, minutes, mark in _CLOCK.findall(text):
        other = int(hour) + 12 if mark[:1] in "pP" and mark else int(hour) - 12
        if 1 <= other <= 23:
            yield _plain(str(other), minutes)


def readings(number: str) -> set[str]:
    """Return what a number may mean: `1.250` is 1250 or 1.25, `9:00` is 9, `1.250,00` is 1250."""
    return {_plain(*each) for each in _splits(re.sub(r"[\u00a0\u202f]", "", number).replace(":", "."))}


def _splits(number: str) -> Iterator[tuple[str, str]]:
    pieces = re.split(r"[.,]", number)
    marks = re.findall(r"[.,]", number)
    if len(set(marks)) == 2 or len(marks) == 1:
        yield "".join(pieces[:-1]), pieces[-1]
    if len(set(marks)) <= 1 and all(len(piece) == 3 for piece in pieces[1:]):
        yield "".join(pieces), ""
    if len(marks) > 1 and len(set(marks)) == 1:
        yield number, ""  # a version or a telephone number: only itself


def _plain(whole: str, decimals: str) -> str:
    whole = whole.lstrip("0") or "0"
    decimals = decimals.rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole
