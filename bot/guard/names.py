"""Names of people: whom we know, then where a name stands in a sentence, then common first names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import regex

from bot.guard.kinds import Finding

_WORD = r"(?:\p{Lu}['’])?\p{Lu}[\p{Ll}\p{M}]+(?:\p{Lu}\p{Ll}+)?(?:['’]\p{Lu}\p{Ll}+)?(?:-\p{Lu}[\p{L}]+)*"
_PARTICLE = (
    r"(?:[Vv]an|[Dd]e[nr]?|[Hh]et|['’][ts]|[Tt]en|[Tt]er|[Tt]e|[Vv]on|[Zz]u|[Ee]l|[Aa]l|[Bb]in|[Bb]en|[Aa]it|[Dd]a|[Dd]i"
    r"|[Dd]os|[Dd]u|[Ll]a|[Ll]e|[Oo]p|[Ii]n|[Uu]it|[Dd]['’])"
)
_INITIALS = r"(?:(?!(?:B|N)\.\s?V\.|V\.\s?O\.\s?F)(?:\p{Lu}\.[ ]?){1,4})"
_SURNAME = rf"(?:{_PARTICLE}[ ]){{0,3}}{_WORD}"
_FULL = rf"(?:{_INITIALS}[ ]?)?(?:{_SURNAME}|{_WORD})(?:[ ](?:{_INITIALS}[ ]?)?{_SURNAME}){{0,2}}"
_HONORIFIC = (
    r"(?:[Mm]evrouw|[Mm]evr\.?|[Mm]w\.?|[Mm]eneer|[Dd]hr\.?|[Dd]e[ ]heer|[Hh]eer|[Mm]ej\.?|M(?:rs?|s)\.?|Miss|Sir|Madam"
    r"|Dr\.?|[Dd]rs\.|[Ii]ng\.|[Ii]r\.|[Mm]r\.|[Pp]rof\.?|[Ff]amilie|[Ff]am\.)"
)
_SALUTATION = (
    r"(?:Beste|Geachte|Hallo|Hoi|Hai|Hey|Hi|Hello|Dear|Dag"
    r"|Lieve|Goede(?:morgen|middag|navond)|Good[ ](?:morning|afternoon))"
)
_SIGNED = (
    r"(?i:(?:vriendelijke|hartelijke|warme)?[ ]?groet(?:en|jes)?|gr\.|mvg|hgr|(?:kind|best|warm)?[ ]?regards"
    r"|best[ ]wishes|cheers|sincerely|yours(?:[ ](?:truly|faithfully))?|thanks|bedankt|dank)"
)
_ROLE = (
    r"(?i:sollicitante?|kandida(?:at|te)|collega|stagiaire?|contactpersoon|klant|huurder|bewoner|eigenaar|candidate"
    r"|applicant|colleague|intern|trainee|tenant|contact[ ]person|client|customer|patient|employee|medewerk(?:er|ster)"
    r"|my[ ]name[ ]is|mijn[ ]naam[ ]is|under[ ]the[ ]name|op[ ]naam[ ]van|t\.?a\.?v\.?|attn\.?:?|c/o|naam:|name:)"
)
_CUED = regex.compile(
    rf"(?:{_SALUTATION}[ ](?:{_HONORIFIC}[ ])?|(?<!\p{{L}}){_HONORIFIC}[ ]|(?<!\p{{L}}){_ROLE}[ ])(?P<name>{_FULL})"
)
_SIGNATURE = regex.compile(
    rf"(?<!\p{{L}}){_SIGNED}[ ]?(?:van[ ])?[,!.]?\s+(?:van[ ])?(?P<name>{_FULL})[ ]*(?=$|[\n,.!])", regex.M
)
_INITIALLED = regex.compile(rf"(?<![\p{{L}}.]){_INITIALS}[ ]?{_SURNAME}(?!\.\p{{Lu}})")
_CAPITALISED = regex.compile(_WORD)
_REST = regex.compile(rf"(?:[ ]{_INITIALS})?[ ](?P<surname>{_SURNAME})")

_NO_BEGINNING = frozenset({"in", "op", "uit", "te", "het", "la", "le", "al"})
_BRANDS = frozenset(
    {"Albert Heijn", "Ralph Lauren", "Calvin Klein", "Douglas Parfum", "Jack Daniels", "Ben Jerry"}
)


def _read(name: str, mark: str) -> tuple[frozenset[str], frozenset[str]]:
    """Read a list of words: those before and those behind the line *mark*."""
    parts = (Path(__file__).parent / name).read_text(encoding="utf-8").split(mark)
    before, behind = (
        frozenset(word for line in part.splitlines() if not line.startswith("#") for word in line.split())
        for part in parts[-2:]
    )
    return before, behind


@cache
def first_names() -> tuple[frozenset[str], frozenset[str]]:
    """Return the first names that stand alone, and those that are names only before a surname."""
    clear, ambiguous = _read("first_names.txt", "\n# ambiguous\n")
    return clear - ambiguous, ambiguous


_WORDS, _NO_SURNAME = _read("no_names.txt", "\n# no surname\n")
_NOBODY = _WORDS | _NO_SURNAME


class Known:
    """Names that we know: the workspace's people and the firm's customers, whole and by their parts."""

    def __init__(self, names: Iterable[str]) -> None:
        wholes = {" ".join(name.split()) for name in names}
        wholes = {name for name in wholes if len(name) > 1 and any(map(str.isalpha, name))}
        _, ambiguous = first_names()
        parts = {
            part
            for name in wholes
            for part in name.split()
            if len(part) > 2 and part[0].isupper() and part not in _NOBODY
        }
        # "Ben, kom je?" and "ik vroeg Ben" name somebody, "Ben je er?" does not.
        doubtful = "|".join(map(regex.escape, sorted(parts & ambiguous)))
        inside = rf"(?<=\p{{Ll}}[,;]?[ ])(?:{doubtful})|(?:{doubtful})(?=[,:])"
        ordered = sorted((wholes | parts) - ambiguous, key=len, reverse=True)
        body = "|".join((*map(regex.escape, ordered), *([inside] if doubtful else [])))
        bounded = rf"(?<![\p{{L}}\p{{N}}_])(?:{body})(?![\p{{L}}\p{{N}}_])"
        self._pattern = regex.compile(bounded) if body else None

    def find(self, text: str) -> Iterator[Finding]:
        """Yield where they stand in *text*, written as they write themselves."""
        if self._pattern is not None:
            for match in self._pattern.finditer(text):
                yield Finding("name", match.start(), match.end(), match[0])


NOBODY_KNOWN = Known(())


def find_names(text: str, known: Known = NOBODY_KNOWN) -> list[Finding]:
    """Return the names of people in *text*; findings may overlap."""
    found = list(known.find(text))
    for pattern in (_CUED, _SIGNATURE):
        for match in pattern.finditer(text):
            found += _named(text, *match.span("name"))
    for match in _INITIALLED.finditer(text):
        found += _named(text, *match.span())
    found += _first_named(text)
    return found


def _named(text: str, start: int, end: int) -> Iterator[Finding]:
    """Yield the name in `text[start:end]`, cut before the first word that is none; nothing where nothing is left."""
    kept = start
    for word in regex.finditer(r"[^\s]+", text, pos=start, endpos=end):
        if word[0].strip(".,'’") in _NOBODY and not (word.start() > start and word[0] in ("De", "Van")):
            following = text[word.end() : end].strip()
            if not (word.start() == start and word[0] in ("De", "Van", "Het", "In", "Op") and following):
                break
        kept = word.end()
    value = text[start:kept]
    if value.partition(" ")[0] in _NO_BEGINNING:
        return
    if any(character.isupper() for character in value) and len(value) > 1:
        yield Finding("name", start, kept, value)


def _first_named(text: str) -> Iterator[Finding]:
    clear, ambiguous = first_names()
    end = 0
    for match in _CAPITALISED.finditer(text):
        if match.start() < end:
            continue
        word, start = match[0], match.start()
        stop = match.end()
        if word in clear or word in ambiguous:
            pass
        elif word.endswith("s") and word[:-1] in clear:
            # "Peters offerte": the name is Peter.
            yield Finding("name", start, stop - 1, word[:-1])
            continue
        else:
            continue
        rest = _REST.match(text, pos=stop)
        surname = rest["surname"].split()[-1] if rest else ""
        if rest and surname not in _NO_SURNAME and surname not in _NOBODY:
            whole = text[start : rest.end()]
            if whole in _BRANDS:
                end = rest.end()
                continue
            stop = rest.end()
        elif word in ambiguous:
            continue
        end = stop
        yield Finding("name", start, stop, text[start:stop])
