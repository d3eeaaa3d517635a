"""Pseudonyms: a token for each value that must not leave, the same for the same value, and the way back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import get_args

from bot.guard.kinds import LINK, Finding, Kind, settle

# Made once and not for each nonce: that took a tenth of a run's own time.
_KINDS = "|".join(kind.upper() for kind in get_args(Kind))
_NUMBER, _NONCE = r"(?:\\?[_ -])?(\d+[a-z]?)\\?", "([a-z0-9]{2})"
ANY_MARK = rf"({_KINDS}){_NUMBER}[_ -]{_NONCE}"
# Without brackets, spaces make a sentence of it: of "vat 10 st" as good as of "boven 10 pr".
_BARE = rf"({_KINDS}){_NUMBER}_{_NONCE}()"
_MARK = re.compile(_BARE, re.IGNORECASE)
_INSIDE = rf"\s*{ANY_MARK}(['’]?s)?\s*"
# With brackets, also escaped ones and with a possessive inside them; of a kind that a model made up; or bare, as a
# word of its own.
_TOKEN = re.compile(
    rf"\\\[{_INSIDE}\\\]|\[{_INSIDE}\]|\[([A-Z]{{3,10}}){_NUMBER}_{_NONCE}()\\?\]|(?<![\w\[]){_BARE}(?!\w)",
    re.IGNORECASE,
)


@dataclass
class Pseudonyms:
    """What stands for what in one run, or in one text that many runs bring.

    Attributes:
        nonce: two letters that are part of every token, so that nobody outside can write one.
        values: token -> what it stands for.
    """

    nonce: str
    values: dict[str, str] = field(default_factory=dict)
    _tokens: dict[tuple[Kind, str], str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for token, value in self.values.items():
            kind = token[1:].removesuffix(f"{_number(token)}_{self.nonce}]").casefold()
            self._tokens[(kind, value)] = token  # type: ignore[index]

    def _ours(self, pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
        """Yield what *pattern* finds with our own nonce; what has another one hides nothing behind it."""
        at = 0
        while match := pattern.search(text, at):
            nonce = next((group for group in match.groups()[2::4] if group), "")
            if nonce.casefold() == self.nonce:
                yield match
                at = match.end()
            else:
                at = match.start() + 1

    def mask(self, text: str, found: list[Finding]) -> str:
        """Return *text* with a token for each of *found* that is to be replaced.

        What looks like one of our own tokens already becomes a token itself, so that `restore` gives back
        exactly *text*.
        """
        replaced = [one for one in found if one.action == "pseudonymise"]
        closed = [match.span() for match in LINK.finditer(text)]
        alike = {
            Finding("token", match.start(), match.end(), match[0])
            for match in (*self._ours(_TOKEN, text), *self._ours(_MARK, text))
        }
        # A token inside a link is not restored, so it needs no keeping either.
        kept = {one for one in alike if not any(start < one.end and one.start < end for start, end in closed)}
        masked = self._replace(text, [*replaced, *kept])
        # Unless what was found takes the link's beginning with it ("Sanne de Vrieshttps"): one by one, from the left.
        right = self._right_in(masked, text) if alike else len(text)
        for one in sorted(alike, key=lambda one: one.start):
            if right == len(text):
                break
            other = self._replace(text, [*replaced, *(kept ^ {one})])
            if self._right_in(other, text) > right:
                kept, masked, right = kept ^ {one}, other, self._right_in(other, text)
        return masked

    def _right_in(self, masked: str, text: str) -> int:
        """Return how many characters of *text* come back right; its length when all do."""
        told = self.restore(masked)[0]
        wrong = (at for at, (one, other) in enumerate(zip(told, text, strict=False)) if one != other)
        return len(text) if told == text else next(wrong, len(text) - 1)

    def _replace(self, text: str, found: Iterable[Finding]) -> str:
        parts, at = [], 0
        for one in settle(list(found)):
            parts += [text[at : one.start], self._token_of(one.kind, one.value)]
            at = one.end
        return "".join([*parts, text[at:]])

    def _token_of(self, kind: Kind, value: str) -> str:
        token = self._tokens.get((kind, value))
        if token is None:
            number = self._short_of(value) if kind == "name" else ""
            number = number or str(1 + sum(key == kind for key, _ in self._tokens))
            token = f"[{kind.upper()}{number}_{self.nonce}]"
            self._tokens[(kind, value)] = token
            self.values[token] = value
        return token

    def _short_of(self, name: str) -> str:
        """Return `1b` for a part of the name that is `1`: the model shall see that both are one person."""
        words = set(name.split())
        names = {value: _number(token) for (kind, value), token in self._tokens.items() if kind == "name"}
        wholes = {
            number for value, number in names.items() if words < set(value.split()) and number.isdigit()
        }
        if len(wholes) != 1:
            return ""
        number, taken = wholes.pop(), set(names.values())
        return next((number + letter for letter in "bcdefgh" if number + letter not in taken), "")

    def restore(self, text: str) -> tuple[str, tuple[str, ...]]:
        """Return *text* with the values back in place, and the tokens that stand for nothing.

        A token inside a link stays a token: a link is no way out for a name.
        """
        unknown: list[str] = []
        closed = [match.span() for match in LINK.finditer(text)]

        parts, at = [], 0
        for match in self._ours(_TOKEN, text):
            # It may reach over the link's end, where it holds a space.
            if any(start < match.start() < end for start, end in closed):
                continue
            kind, number, possessive = (
                next((group for group in match.groups()[part::4] if group), "") for part in (0, 1, 3)
            )
            token = f"[{kind.upper()}{number.lower()}_{self.nonce}]"
            if token not in self.values:
                unknown.append(match[0])
                continue
            parts += [text[at : match.start()], self.values[token] + possessive]
            at = match.end()
        return "".join([*parts, text[at:]]), tuple(dict.fromkeys(unknown))

    def hold_back(self, text: str) -> str:
        """Return *text* without a token at its end that is not written to its end yet; for streams."""
        cut = text.rfind("[")
        unfinished = cut >= 0 and "]" not in text[cut:] and len(text) - cut < 40 and "\n" not in text[cut:]
        return text[:cut] if unfinished else text

    @staticmethod
    def dump(held: Mapping[str, Pseudonyms]) -> bytes:
        """Write those of a run for the vault, each by its nonce."""
        return json.dumps({nonce: one.values for nonce, one in held.items()}, ensure_ascii=False).encode()

    @staticmethod
    def load(written: bytes) -> dict[str, Pseudonyms]:
        """Read what `dump` wrote."""
        return {nonce: Pseudonyms(nonce, values) for nonce, values in json.loads(written).items()}


def _number(token: str) -> str:
    """Return `1b` of `[NAME1b_k7]`."""
    return token.partition("_")[0].lstrip("[ABCDEFGHIJKLMNOPQRSTUVWXYZ")
