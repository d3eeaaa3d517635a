"""Every sentence that a person reads, in both languages; the only room that opens the catalogues."""

from __future__ import annotations

import gettext
from collections.abc import Callable
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import (
    format_currency,
    format_decimal,
    format_percent,
    get_currency_name,
    get_currency_precision,
    get_decimal_symbol,
)
from babel.units import format_unit

from bot.tasks import Language

LOCALES = Path(__file__).parent / "locales"

NO_BREAK = "\u00a0"
"""A space at which no line ends: a number never stands on another line than its unit."""


@cache
def catalogue(language: Language) -> Catalog:
    """Return the catalogue of a language; read once."""
    with (LOCALES / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def text(key: str, language: Language, **params: Any) -> str:
    """Return the sentence *key*, with *params* filled in; `count` chooses the plural.

    Raises:
        KeyError: there is no such sentence, or it names something that *params* lacks.
    """
    message = catalogue(language).get(key)
    if message is None or not message.string:
        raise KeyError(key)
    sentence = message.string
    if isinstance(sentence, tuple | list):
        count = params.get("count")
        sentence = sentence[_plural(language)(count) if isinstance(count, int) else 1]
    return str(sentence).format_map(params)


@cache
def _plural(language: Language) -> Callable[[int], int]:
    """Return which of its sentences a language takes for a count: what the head of its catalogue says."""
    return gettext.c2py(catalogue(language).plural_expr)


@cache
def language_name(language: Language) -> str:
    """Return what a language calls itself: `Nederlands`."""
    name = Locale(language).get_display_name(language) or language
    return name[0].upper() + name[1:]


@cache
def english_name(language: Language) -> str:
    """Return what a language is called in English, as the model is asked about it: `Dutch`."""
    return Locale(language).get_display_name("en") or language


@cache
def has_decimal_comma(language: Language) -> bool:
    """Say whether decimals stand behind a comma, and the columns of a CSV file therefore behind a semicolon."""
    return get_decimal_symbol(language) == ","


@cache
def guideline_text(language: Language) -> str:
    """Return the guideline that a firm may begin with, about a page."""
    return (LOCALES / f"guideline.{language}.md").read_text(encoding="utf-8").strip()


def format_minutes(minutes: float, language: Language) -> str:
    """Return a span of time to the minute, never broken over two lines: `45 min`, `1 hr 30 min`, `-20 min`."""
    whole = round(abs(minutes))
    hours, rest = divmod(whole, 60)
    units = [(hours, "hour")] if hours else []
    if rest or not hours:
        units.append((rest, "minute"))
    sign = "-" if minutes < 0 and whole else ""
    said = " ".join(format_unit(n, unit, length="short", locale=language) for n, unit in units)
    return sign + said.replace(" ", NO_BREAK)


def format_moment(moment: datetime, language: Language, tz: tzinfo) -> str:
    """Return *moment* as people in *tz* write it: `Tue 24 Nov 2026, 14:05`; one without a zone is UTC."""
    return format_datetime(moment, "EEE d MMM y, HH:mm", tzinfo=tz, locale=language)


def format_cents(cents: int, currency: str, language: Language) -> str:
    """Return an amount that is already rounded to whole cents: `€1,234.56`, `€ -0,05`."""
    return format_currency(Decimal(cents) / 100, currency, locale=language)


def format_amount(amount: Decimal, currency: str, language: Language) -> str:
    """Return an amount that somebody set, such as an hourly rate or a price of a dollar, with all its decimals."""
    decimals = max(currency_digits(currency), -int(amount.normalize().as_tuple().exponent))
    places = "." + "0" * min(decimals, 6) if decimals else ""
    pattern = Locale(language).currency_formats["standard"].pattern.partition(";")[0]
    pattern = pattern.replace("0.00", "0" + places)
    return format_currency(amount, currency, pattern, locale=language, currency_digits=False)


def currency_digits(currency: str) -> int:
    """Return how many decimals amounts in a currency are printed with, two at most: none for yen."""
    return min(2, get_currency_precision(currency))


def format_currency_name(currency: str, language: Language) -> str:
    """Return what one unit of a currency is called: `euro`."""
    return get_currency_name(currency, count=1, locale=language)


def format_number(number: float | Decimal, language: Language, decimals: int = 1) -> str:
    """Return a number with at most so many decimals, in the language's own way; never minus nothing."""
    rounded = round(float(number), decimals) + 0.0  # minus nought becomes nought
    return format_decimal(rounded, "#,##0." + "#" * decimals if decimals else "#,##0", locale=language)


def format_share(share: float | Decimal, language: Language) -> str:
    """Return a share as whole percents."""
    return format_percent(round(float(share), 2), locale=language)


def format_day(day: date, language: Language) -> str:
    """Return a day in words: `3 November 2026`."""
    return format_date(day, "d MMMM y", locale=language)


def format_days(start: datetime, end: datetime, language: Language, tz: tzinfo) -> str:
    """Return the days that `[start, end)` touches in *tz*, in words: `16 to 22 November 2026`."""
    first = start.astimezone(tz).date()
    last = max(first, (end.astimezone(tz) - timedelta(microseconds=1)).date())
    if first == last:
        return format_day(last, language)
    pattern = "d MMMM y" if first.year != last.year else "d MMMM" if first.month != last.month else "d"
    return text(
        "days.from-to",
        language,
        first=format_date(first, pattern, locale=language),
        last=format_day(last, language),
    )
