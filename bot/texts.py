"""Every sentence that a person reads, in both languages; the only room that opens the catalogues."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from bot.tasks import Language

LOCALES = Path(__file__).parent / "locales"


@cache
def catalogue(language: Language) -> Catalog:
    """Return the catalogue of a language; read once."""
    with (LOCALES / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def text(key: str, language: Language, **params: Any) -> str:
    """Return the sentence *key*, with *params* filled in; `count` chooses the plural.

    Raises:
        KeyError: there is no such sentence.
    """
    message = catalogue(language).get(key)
    if message is None or not message.string:
        raise KeyError(key)
    sentence = message.string
    if isinstance(sentence, tuple | list):
        # English and Dutch both have one singular, for exactly one.
        sentence = sentence[0 if params.get("count") == 1 else 1]
    return str(sentence).format_map(params)
