"""What a model mapped becomes priced lines; what is doubtful becomes a question or a note, never a guess."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from bot.quotes import Discount, Line, PriceRow, find_vat, work_out
from bot.quotes.matching import sounds_alike
from bot.quotes.offer import Customer, Offer, Unpriced
from bot.quotes.pricelist import read_amount
from bot.quotes.sums import NONE, Kind
from bot.tasks import Firm, Language
from bot.texts import text
from bot.views import fallback

LARGEST_QUANTITY = Decimal(1_000_000)
LONGEST_NOTE_WORDS = 8

# Bounded, so that a wall of figures or spaces in a thread takes no time.
_NUMBER = r"(?<![\d.,])(\d[\d.,]{0,14})"
_GAP = r"\s{0,3}"
_OFF = rf"(?:{_GAP}(?:korting|discount|off))?"
_SHARE = rf"{_NUMBER}{_GAP}(?:%|procent|percent|per cent)"
_PERCENT = re.compile(rf"{_SHARE}{_OFF}", re.IGNORECASE)
_TAX = re.compile(
    rf"\b(?:btw|vat)\b(?:[- ](?:tarief|rate|hoog|laag|high|low))?[\s:(]{{0,3}}(?:(?:van|is|of|at|à)\s)?{_GAP}"
    rf"{_SHARE}(?!{_GAP}(?:korting|discount|off))|{_SHARE}[\s-]{{0,3}}(?:btw|vat)\b",
    re.IGNORECASE,
)
_MONEY = re.compile(rf"(?:€|EUR|euro)?{_GAP}(\d[\d.,]*?)(?:,-)?{_GAP}(?:€|EUR|euro)?{_OFF}", re.IGNORECASE)
# What stands right beside such a word needs no sign of its own: "12 korting", "korting van 12".
_LESS = (
    rf"(?:korting|discount)(?:\s(?:is|of|van|wordt|was))?[\s:]{{0,3}}{_NUMBER}|"
    rf"{_NUMBER}{_GAP}(?:korting|discount|off|eraf|minder|less)\b"
)
_SAID_PERCENT = re.compile(rf"{_SHARE}|{_LESS}", re.IGNORECASE)
_SAID_MONEY = re.compile(
    rf"(?:€|\bEUR|\beuro){_GAP}{_NUMBER}|{_NUMBER}{_GAP}(?:€|EUR\b|euro|,-)|{_LESS}", re.IGNORECASE
)
_NOTHING = re.compile(r"[€\s]*0+(?:[.,]0+)?\s*%?|none|geen|no|nee", re.IGNORECASE)


@dataclass
class Findings:
    """What the reviewer must know: questions to be answered, and what stands out.

    Attributes:
        passing: those of *notes* that say something of the lines as they are, and fall when these change.
    """

    questions: list[str]
    notes: list[str]
    passing: list[str] = field(default_factory=list)

    def note_lines(self, note: str, *, first: bool = False) -> None:
        """Note something of the lines as they are."""
        self.passing.append(note)
        self.notes.insert(0 if first else len(self.notes), note)


@dataclass
class Pricing:
    """Prices what the model mapped; everything doubtful is asked, never guessed.

    Attributes:
        material: all that people said.
        typed: the numbers that they typed into lines of earlier versions.
    """

    language: Language
    articles: dict[str, PriceRow]
    customer: Customer
    firm: Firm
    day: date
    material: str
    typed: frozenset[Decimal]
    found: Findings

    def price(self, mapped: Sequence[Any]) -> tuple[tuple[Line, ...], tuple[Unpriced, ...]]:
        """Return the lines that have a price, and the rest."""
        lines: list[Line] = []
        unpriced: list[Unpriced] = []
        places: dict[int, int] = {}
        unseen: list[str] = []
        strangers: list[str] = []
        numbers = self._numbers()
        for number, one in enumerate(mapped, 1):
            quantity = _quantity(one.quantity)
            row = self.articles.get(one.article)
            line = self._line(one, row, quantity) if row and quantity else None
            if line is None or row is None or quantity is None:
                unpriced.append(self._leave(one, row, quantity))
                continue
            if quantity not in numbers and quantity != 1:
                unseen.append(f"{quantity.normalize():f} x {line.name}")
            if not sounds_alike(row, one.words):
                strangers.append(f"“{one.words.strip()[:80]}” → {line.name}")
            replaced = places.get(one.replaces, -1) if one.kind == "alternative" else -1
            kind: Kind = "option" if one.kind == "alternative" and replaced < 0 else one.kind
            if kind == "base":
                places[number] = len(lines)
            lines.append(replace(line, kind=kind, replaces=replaced))
        for key, names in (("quote.note-quantity", unseen), ("quote.note-match", strangers)):
            if names:
                self.found.note_lines(text(key, self.language, names=fallback(", ".join(names))))
        return tuple(lines), tuple(unpriced)

    def _line(self, one: Any, row: PriceRow, quantity: Decimal) -> Line | None:
        """Return a priced line; None when no VAT rate is known for the day."""
        may_reverse = bool(self.customer.vat_number and self.firm.vat_id)
        tax = find_vat(row.vat_code, self.day, reverse=may_reverse)
        if tax is None:
            return None
        note = text("quote.note-reverse", self.language)
        if row.vat_code == "reverse" and not may_reverse and note not in self.found.notes:
            self.found.notes.append(note)
        line = Line(
            sku=row.sku,
            name=row.name,
            unit=row.unit,
            quantity=quantity,
            price=row.price_for(quantity),
            vat=tax,
            discount=self.read_discount(one.discount),
            note=_short(one.note, one.words),
            list_price=row.price_for(quantity),
        )
        try:
            work_out([line], includes_vat=self.customer.consumer)
        except ValueError:
            self._ask("quote.ask-discount", one.discount)
            return replace(line, discount=NONE)
        return line

    def _leave(self, one: Any, row: PriceRow | None, quantity: Decimal | None) -> Unpriced:
        words = one.words.strip().rstrip(".")[:200] or (row.name if row else "?")
        key = "quote.ask-quantity" if row and not quantity else "quote.ask-price"
        self._ask(key, words)
        return Unpriced(words, quantity)

    def _numbers(self) -> set[Decimal]:
        """Return the numbers that somebody wrote, but for rates of VAT: others were worked out, or made up."""
        read = map(_number, re.findall(r"\d[\d.,]*", _TAX.sub(" ", self.material)))
        return {value for value in read if value is not None} | self.typed

    def _said_off(self, form: re.Pattern[str]) -> set[Decimal]:
        """Return the numbers that somebody wrote as a share, or as money: "12 hours" promise no 12 % off."""
        found = form.finditer(_TAX.sub(" ", self.material))
        read = (_number(written) for match in found for written in match.groups() if written)
        return {value for value in read if value is not None} | self.typed

    def _ask(self, key: str, words: str) -> None:
        self.found.questions.append(text(key, self.language, words=words))

    def read_discount(self, words: str) -> Discount:
        """Return a discount that the material holds too; another is asked about and left out."""
        words = words.strip().rstrip(".")
        if not words or _NOTHING.fullmatch(words):
            return NONE
        percent, money = _PERCENT.fullmatch(words), _MONEY.fullmatch(words)
        match = percent or money
        value = _number(match[1]) if match else None
        said = self._said_off(_SAID_PERCENT if percent else _SAID_MONEY)
        if value is None or value not in said or (percent and value > 100):
            # A model that has nothing to say here repeats the request.
            if match or (len(words) <= 60 and words not in self.material):
                self._ask("quote.ask-discount", words)
            return NONE
        return Discount(percent=value) if percent else Discount(amount=value)


def find_typed(versions: Sequence[tuple[bool, Offer]]) -> frozenset[Decimal]:
    """Return the numbers that a person typed into lines, and no model before them.

    Args:
        versions: what was offered, the oldest first, and whether a person made it.
    """
    written: set[tuple[str, Decimal]] = set()
    typed: set[tuple[str, Decimal]] = set()
    for by_hand, offer in versions:
        if by_hand:
            # What they left in the form as it stood is the model's still.
            typed |= _figures(offer) - written
        else:
            written |= _figures(offer)
    return frozenset(number for _, number in typed)


def _figures(offer: Offer) -> set[tuple[str, Decimal]]:
    """Return the numbers of an offer that somebody must have said, each with what it is about."""
    told = {("", offer.discount.percent), ("", offer.discount.amount)}
    for line in offer.lines:
        told |= {(line.name, one) for one in (line.quantity, line.discount.percent, line.discount.amount)}
    return told | {(one.words, one.quantity) for one in offer.unpriced if one.quantity is not None}


def _short(note: str, words: str) -> str:
    """Return a note of a few words; one that only repeats the request says nothing."""
    note = note.strip().rstrip(".")
    return note if len(note.split()) <= LONGEST_NOTE_WORDS and note != words.strip().rstrip(".") else ""


def _quantity(told: float) -> Decimal | None:
    """Return a quantity that can be meant, to three decimals; None when it was not told."""
    try:
        quantity = round(Decimal(str(told)), 3)
    except ArithmeticError:
        return None
    return quantity if quantity.is_finite() and 0 < quantity <= LARGEST_QUANTITY else None


def _number(written: str) -> Decimal | None:
    try:
        return read_amount(written.rstrip(".,"))
    except ValueError:
        return None
