"""A quote as a PDF on A4, laid out by typst: the document's words and the accepted prose; same data, same bytes."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typst

from bot.pdf import make_pdf
from bot.quotes.document import Json, write_figures, write_head
from bot.texts import text

TEMPLATE = Path(__file__).parent / "paper.typ"

log = logging.getLogger(__name__)

_MARKS = re.compile(r"\*\*|__|`|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)")
_ITEM = re.compile(r"(?:[-*•]|\d+[.)])\s+")


@dataclass(frozen=True)
class Words:
    """The words around the figures of a quote.

    Attributes:
        opening: above them; most of it the model's.
        closing: below them; a person's, because the bot itself writes only questions there.
    """

    opening: str = ""
    closing: str = ""


def find_words(document: Json, accepted: str) -> Words | None:
    """Return what an accepted text says around its figures; None when head or figures were changed by hand.

    Then nobody computed what it says, and no PDF may say it. The questions below the figures are the
    reviewer's and no part of it.
    """
    head, figures = write_head(document), write_figures(document)
    before, first_row, after = accepted.partition(figures.partition("\n")[0])
    greeting, title, prose = before.partition(head)
    computed = re.match(r"\s+".join(map(re.escape, figures.split())), first_row + after)
    if not title or not computed:
        return None
    opening = "\n\n".join(part for part in (greeting.strip(), prose.strip()) if part)
    closing = (first_row + after)[computed.end() :]
    return Words(opening, _without_questions(closing, text("quote.questions", document["lang"])))


def _without_questions(closing: str, title: str) -> str:
    """Return the words below the figures without the questions and the rule above them, answered or not."""
    asked = rf"(?:^-{{3,}}\s*)?^\*\*{re.escape(title)}\*\*[ \t]*$(?:\n+[-*•] .*$)*"
    return re.sub(asked, "", closing, flags=re.MULTILINE).strip()


def hash_content(document: Json, words: Words) -> str:
    """Return what tells two quotes apart; the number is no part of it."""
    # The buyer stands in the other words already, and quotes of before it was kept keep their numbers.
    printed = {name: value for name, value in document.items() if name != "buyer"}
    said = [words.opening, words.closing] if words.closing else [words.opening]
    return hashlib.sha256(json.dumps([printed, *said], sort_keys=True).encode()).hexdigest()


def quote_pdf(document: Json, *, number: str, words: Words, logo: bytes = b"") -> bytes:
    """Return the quote as a tagged PDF.

    Args:
        number: empty for a quote that has none yet.
        logo: PNG, JPEG or SVG.
    """
    data = {**to_print(document, number=number, words=words), "logo": list(logo)}
    year, month, day = data["date"]
    moment = datetime(year, month, day, tzinfo=UTC)
    try:
        return make_pdf(TEMPLATE, data, moment=moment)
    except typst.TypstError:
        if not logo:
            raise
        # A picture that cannot be drawn must not keep a quote from its customer.
        log.warning("the logo cannot be drawn: save it anew as PNG, JPEG or SVG")
        return make_pdf(TEMPLATE, {**data, "logo": []}, moment=moment)


def to_print(document: Json, *, number: str, words: Words) -> Json:
    """Return what the template lays out, but for the logo."""
    prose, closing = split_prose(words.opening), split_prose(words.closing)
    return {**document, "number": number, "prose": prose, "closing": closing, "logo": []}


def split_prose(prose: str) -> list[dict[str, Any]]:
    """Return prose as paragraphs, headings and lists, without the marks of Markdown."""
    parts: list[dict[str, Any]] = []
    for line in (line.strip() for line in prose.splitlines()):
        item = _ITEM.match(line)
        title = re.fullmatch(r"#+\s+(.+)|\*\*([^*]+)\*\*:?", line)
        if not line or re.fullmatch(r"[-*_]{3,}", line):
            parts.append({"kind": "gap"})
        elif title:
            parts.append({"kind": "title", "text": _MARKS.sub("", title[1] or title[2])})
        elif item:
            said = _MARKS.sub("", line[item.end() :])
            if not (parts and parts[-1]["kind"] == "list"):
                parts.append({"kind": "list", "items": []})
            parts[-1]["items"].append(said)
        elif parts and parts[-1]["kind"] == "text":
            parts[-1]["text"] += f"\n{_MARKS.sub('', line)}"
        else:
            parts.append({"kind": "text", "text": _MARKS.sub("", line)})
    return [part for part in parts if part["kind"] != "gap"]
