"""What a CV says of who somebody is, taken out by code before any model reads it; what they can do stays."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from bot.screening.criteria import read_words

PERSON, CANDIDATE = "[person]", "[candidate]"
_CAPITAL = r"[A-ZÀ-ÖØ-ÞĀŁŚŞŠŻŽİ]"
_WORD = rf"{_CAPITAL}[\w'’]*(?:-[\w'’]+)*"
_PARTICLES = (
    r"van|von|de|den|der|het|'t|ten|ter|te|el|al|bin|ben|ibn|da|di|dos|du|la|le|op|in|'s|zu|y|e|af|ait|abu|st"
)
_NAME_WORD = rf"(?:{_WORD}|{_CAPITAL}\.(?:\s?{_CAPITAL}\.)*|(?:{_PARTICLES}))"
_NAME_LINE = re.compile(rf"{_NAME_WORD}(?:[ \t]+{_NAME_WORD}){{1,6}}")
_NO_NAME = re.compile(
    r"(?i)\b(?:curriculum|vitae|cv|resum[eé]|résumé|profiel|profile|ervaring|experience|werkervaring|opleiding(?:en)?"
    r"|education|skills|vaardigheden|talen|languages|contact|personalia|gegevens|details|personal|about|over|summary"
    r"|samenvatting|engineer|developer|manager|consultant|adviseur|medewerker|specialist|analyst|accountant|designer"
    r"|ontwikkelaar|monteur|docent|teacher|nurse|assistent|assistant|b\.?v\.?|ltd|inc|university|universiteit)\b"
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_LINK = re.compile(
    r"(?:https?://|www\.)\S+|\b(?:[\w-]+\.)*(?:linkedin|github|gitlab|facebook|instagram|twitter)\.com\S*",
    re.I,
)
_PHONE = re.compile(r"(?<![\w.,/-])(?:\+|00|\(?0)\d[\d ()./-]{6,16}\d(?!\w)")
_POSTCODE = re.compile(
    r"\b[1-9]\d{3} ?[A-Z]{2}\b(?:[ ,]+[A-Z][\w'’-]+(?: (?:aan|den|de|op|am)? ?[A-Z][\w'’-]+)*)?"
    r"|\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b"
)
_STREET = re.compile(
    r"\b[A-Z][\w'.-]*(?: [A-Za-z][\w'.-]*){0,3}"
    r"(?:straat|laan|weg|plein|gracht|kade|singel|dijk|hof|steeg|pad|plantsoen|park) \d+(?:\s?[a-zA-Z]\b)?(?:-\w{1,4})?"
    r"|\b\d+[a-z]? [A-Z]\w+(?: [A-Z]\w+){0,2}"
    r" (?:Street|Road|Lane|Avenue|Drive|Close|Square|Court|Way|Terrace|St|Rd|Ave)\b\.?"
)
_DATE = r"(?:\d{1,2}[-/. ](?:\d{1,2}|[a-zé]{3,9}\.?)[-/. ]\d{2,4}|[a-z]{3,9} \d{1,2},? \d{4}|\d{4})"
_TOWN = rf"(?-i:{_WORD})(?:[ ](?-i:{_WORD}))*(?:, ?(?-i:{_WORD}))?"
_BORN = re.compile(
    rf"(?i)(?:\bik ben |\bi was |\bi am )?\b(?:geboren|geb\.|born)(?:"
    rf"(?:[ ,]+(?:op|on|in|te|at|:))*[ ]*{_DATE}(?:[ ,]+(?:te|in|at)[ ]+{_TOWN})?|[ ]+(?:te|in|at)[ ]+{_TOWN})"
)
_AGE = re.compile(
    r"(?i)\b\d{2}[ -](?:jaar oud|jarige?|years? old|year[- ]old|yrs old|y/o)\b|\b(?:leeftijd|age|aged)[: ]+\d{2}\b"
)
_NUMBER = re.compile(
    r"(?i)\b(?:bsn|burgerservicenummer|paspoort\w*|passport\w*)\W{0,3}[\dA-Z]{8,9}\b|\bNL\d{2} ?[A-Z]{4}(?: ?\d){10}\b"
)
_MARK = re.compile(r"\[[a-z]+\]")
_REPEATED = re.compile(r"(\[[a-z]+\])(?:(?:[ ,/|&.]|\ben\b|\band\b)*\1)+")


@dataclass
class Blinded:
    """A CV without who it is about.

    Attributes:
        text: what a model may read.
        removed: kind -> how often something of it was taken out.
        person_marks: hashes of what tells a person from others, to find two files of one; no text can be read from it.
    """

    text: str
    removed: Counter[str] = field(default_factory=Counter)
    person_marks: tuple[str, ...] = ()


def blind(lines: Sequence[str], *, file_name: str = "", salt: str = "") -> Blinded:
    """Take name, photo, address, birth, sex, nationality, family and the like out of a CV.

    What is taken out leaves a mark that does not depend on what it was, so that two CVs that differ only in it
    become the same text, byte by byte.

    Args:
        file_name: often holds the name.
        salt: makes the marks of a person worthless elsewhere.
    """
    done = Blinded("")
    lines = [_plain(line) for line in lines]
    whole = "\n".join(lines)
    parts = _name_parts(lines, file_name)
    marks = {found.casefold() for found in _MAIL.findall(whole)}
    marks |= {"".join(filter(str.isdigit, found))[-9:] for found in _PHONE.findall(whole)}
    if parts:
        marks.add(" ".join(sorted(part.casefold() for part in parts)))
    text = "\n".join(_without_details(lines, done))
    for kind, pattern, mark in _FIRST:
        text = _take(text, pattern, mark, kind, done)
    if parts:
        text = _take(text, _names_pattern(parts), CANDIDATE, "name", done)
    for kind in ("origin", "family", "belief", "health"):
        text = _take(text, _words_pattern(kind), f"[{kind}]", kind, done)
    text = _neutral(text, done)
    for kind in ("people", "pronouns"):
        text = _take(text, _words_pattern(kind), PERSON, "gender", done)
    done.text = _tidy(text)
    done.person_marks = tuple(
        sorted(hashlib.sha256(f"{salt}\n{one}".encode()).hexdigest()[:24] for one in marks)
    )
    return done


_FIRST = (
    ("mail", _MAIL, "[mail]"),
    ("link", _LINK, "[link]"),
    ("number", _NUMBER, "[number]"),
    ("birth", _BORN, "[birth]"),
    ("age", _AGE, "[age]"),
    ("phone", _PHONE, "[phone]"),
    ("address", _STREET, "[address]"),
    ("address", _POSTCODE, "[address]"),
)


def _plain(line: str) -> str:
    return unicodedata.normalize("NFKC", line).translate(
        {0x2019: "'", 0x2018: "'", 0x00AD: None, 0x200B: None}
    )


def _take(text: str, pattern: re.Pattern[str], mark: str, kind: str, done: Blinded) -> str:
    text, count = pattern.subn(mark, text)
    if count:
        done.removed[kind] += count
    return text


def _without_details(lines: Sequence[str], done: Blinded) -> list[str]:
    """Return lines without the fields of personal details: each goes as a whole, whatever stands in it."""
    kept: list[str] = []
    value_follows = False
    for line in lines:
        found = _label_pattern().match(line)
        if found is None and not (value_follows and line.strip()):
            kept.append(line)
            continue
        # In a table the label may stand alone, and its value in the cell after it.
        value_follows = found is not None and not line[found.end() :].strip(" :.|-")
        if found is not None:
            done.removed["name" if found["name"] else "details"] += 1
    return kept


def _name_parts(lines: Sequence[str], file_name: str) -> tuple[str, ...]:
    """Return the parts of the candidate's name: from a label, from the head of the CV, from the file's name."""
    found: list[str] = []
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        labelled = _label_pattern().match(line)
        if labelled and labelled["name"]:
            found += _parts(line[labelled.end() :].strip() or after)
    head = [line.strip() for line in lines if line.strip()][:6]
    for line in head:
        line = re.sub(r"(?i)^(?:curriculum vitae|cv|resume|résumé)(?: (?:van|of))?[ :–-]*", "", line)
        line = re.split(r"\s*[|•·–—,(]\s*|\s{3,}|\s-\s", line)[0].strip()
        unlike = _NO_NAME.search(line) or _label_pattern().match(line)
        if not unlike and _NAME_LINE.fullmatch(_decapitalised(line)):
            found += _parts(line)
            break
    stem = re.sub(r"\.\w{2,4}$", "", file_name)
    in_file = [word for word in re.split(r"[\W_\d]+", stem) if len(word) > 2 and not _NO_NAME.search(word)]
    whole = {word for line in head for word in re.split(r"[\W_]+", line.casefold())}
    found += [word for word in in_file if word[:1].isupper() and word.casefold() in whole]
    return tuple(dict.fromkeys(part.casefold() for part in found))


def _decapitalised(line: str) -> str:
    """Return a line that is all in capitals as names are written."""
    return line.title() if line.isupper() else line


def _parts(name: str) -> list[str]:
    words = re.split(r"[\s,()]+", name.strip(" :;."))
    particle = re.compile(rf"(?i)(?:{_PARTICLES})")
    return [
        word
        for word in words
        if len(word.strip(".")) > 1 and not particle.fullmatch(word) and not word[0].isdigit()
    ]


def _names_pattern(parts: Iterable[str]) -> re.Pattern[str]:
    """Match a name in any order and shape: its parts, with particles and initials between them, as one."""
    names = "|".join(sorted(map(re.escape, parts), key=len, reverse=True))
    between = rf"(?:[ ,]+(?:{_PARTICLES}|(?-i:{_CAPITAL})\.))*[ ,]+"
    initials = rf"(?:(?-i:{_CAPITAL})\.\s?)*(?:(?:{_PARTICLES})[ ])*"
    return re.compile(rf"(?i)(?<!\w)(?:{initials})(?:{names})(?:{between}(?:{names}))*(?:'s)?(?!\w)")


@cache
def _label_pattern() -> re.Pattern[str]:
    words = read_words()["blind"]
    names, labels = "|".join(words["name"]), "|".join(words["labels"])
    both = rf"(?:{labels})(?:\s*(?:/|&|en|and)\s*(?:{labels}))?"
    # Without a colon only words that begin no sentence about work.
    sure = "|".join(words["sure"])
    ends = r"\s*(?::|\||$)"
    return re.compile(rf"(?i)^[\W_]*(?:(?P<name>{names}){ends}|{both}{ends}|(?:{sure})\s+(?=\S))")


@cache
def _words_pattern(kind: str) -> re.Pattern[str]:
    words = "|".join(sorted(read_words()["blind"][kind], key=len, reverse=True))
    # Several at once leave one mark: "the wife and mother" must not be longer than "the husband".
    return re.compile(rf"(?i)(?<![\w\[])(?:{words})(?![\w\]])")


def _neutral(text: str, done: Blinded) -> str:
    words = read_words()["neutral"]

    def put(found: re.Match[str]) -> str:
        done.removed["gender"] += 1
        neutral = str(words[found[0].casefold()])
        return neutral.capitalize() if found[0][0].isupper() else neutral

    return re.sub(rf"(?i)(?<!\w)(?:{'|'.join(words)})(?!\w)", put, text)


def _tidy(text: str) -> str:
    """Return lines without those that hold nothing but marks, and each mark once where several follow."""
    lines = (" ".join(line.split()) for line in _REPEATED.sub(r"\1", text).splitlines())
    return "\n".join(line for line in lines if re.search(r"\w", _MARK.sub("", line)))
