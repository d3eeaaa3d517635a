"""A quote whose lines a person changed: written anew by code, without a model, with the warnings it now deserves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.quotes import PriceRow
from bot.quotes.amounts import find_unknown
from bot.quotes.document import make_document, write_figures, write_head
from bot.quotes.limits import WHOLE, find_large, find_low
from bot.quotes.offer import Offer
from bot.quotes.paper import Words, find_words
from bot.quotes.stored import Basis
from bot.quotes.sums import Totals
from bot.tasks import Draft, Firm, Language
from bot.texts import text
from bot.views import fallback


@dataclass(frozen=True)
class Revised:
    """The next version of a quote, ready to be kept."""

    draft: Draft
    document: dict[str, Any]
    basis: Basis


def revise(
    draft: Draft,
    document: dict[str, Any],
    basis: Basis,
    offer: Offer,
    *,
    rows: Iterable[PriceRow],
    firm: Firm,
    language: Language,
) -> Revised:
    """Write *offer* down in the place of what *draft* says; the words around the figures stay.

    Args:
        document, basis: of *draft*.
        rows: the price list of today, for its floor prices.
        language: of the reviewer, for warnings.

    Raises:
        ValueError: see `bot.quotes.sums.work_out`.
    """
    totals = offer.work_out()
    written = make_document(offer, totals, firm)
    around = find_words(document, draft.text) or Words()
    questions = tuple(one for one in basis.questions if not _answered(one, basis.offer, offer, language))
    passing = write_warnings(offer, totals, rows, firm=firm, language=language)
    words = "\n".join(
        [around.opening, around.closing, *questions, *(line.note for line in offer.lines), *_names(offer)]
    )
    unknown = find_unknown(words, offer.known_amounts(totals))
    if unknown:
        amounts = fallback(", ".join(unknown))
        passing.append(text("quote.note-amount", language, amounts=amounts))
    kept = [note for note in draft.notes if note not in basis.passing]
    parts = [
        write_head(written),
        around.opening,
        write_figures(written),
        around.closing,
        write_questions(questions, offer.language),
    ]
    made = replace(
        draft,
        version=draft.version + 1,
        text="\n\n".join(part for part in parts if part),
        notes=(*reversed(passing), *kept),
    )
    return Revised(made, written, Basis(offer, questions, tuple(passing)))


def write_warnings(
    offer: Offer, totals: Totals, rows: Iterable[PriceRow], *, firm: Firm, language: Language
) -> list[str]:
    """Return what the reviewer must know of the figures, the gravest last: by hand, below the floor, too large."""
    notes = []
    by_hand = [line.name for line in offer.lines if line.by_hand]
    if by_hand:
        notes.append(text("quote.note-by-hand", language, names=fallback(", ".join(by_hand))))
    floors = {row.sku: row.floor_price for row in rows if row.floor_price is not None}
    low = name_places(find_low(totals, floors), totals, language)
    if low:
        notes.append(text("quote.note-floor", language, names=fallback(low)))
    limit = firm.max_discount_percent
    large = find_large(totals, limit=limit, includes_vat=offer.customer.consumer)
    if large:
        names = fallback(name_places(large, totals, language))
        notes.append(text("quote.note-limit", language, limit=limit, names=names))
    return notes


def name_places(places: Sequence[int], totals: Totals, language: Language) -> str:
    """Name the lines at *places*, and the whole."""
    names = [
        text("quote.whole", language) if place == WHOLE else totals.lines[place].line.name for place in places
    ]
    return ", ".join(names)


def write_questions(questions: Sequence[str], language: Language) -> str:
    """Return what is asked below a quote; empty when nothing is."""
    if not questions:
        return ""
    title = text("quote.questions", language)
    return "\n".join(["---", "", f"**{title}**", *(f"- {question}" for question in questions)])


def _answered(question: str, before: Offer, after: Offer, language: Language) -> bool:
    """Say whether a question asked for a price or a quantity of something that needs none any more."""
    left = {one.words for one in after.unpriced}
    gone = [one.words for one in before.unpriced if one.words not in left]
    keys = ("quote.ask-price", "quote.ask-quantity")
    return any(
        question == " ".join(text(key, language, words=words).split()) for key in keys for words in gone
    )


def _names(offer: Offer) -> list[str]:
    """Return the names that a person or a model gave, where an amount may hide; the price list's are not looked at."""
    return [*(line.name for line in offer.lines if not line.sku), *(one.words for one in offer.unpriced)]
