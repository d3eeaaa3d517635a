"""How the digest and the evaluation word a figure: money, spans, names, how sure; pure, and with no SQL or Slack."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from bot.digest.figures import Figures
from bot.digest.rows import Row
from bot.tasks import Language
from bot.texts import (
    NO_BREAK,
    format_amount,
    format_cents,
    format_currency_name,
    format_day,
    format_minutes,
    format_number,
    format_share,
    text,
)
from bot.value import BaselineKind, Money, Range, Total, to_cents
from bot.value.totals import FIRM_RUNS, MONEY_RUNS

TITLE_LIMIT = 60
MINUS = "−"


def word_money(micro: int, figures: Figures, language: Language) -> str:
    """Return an amount in the workspace's currency, to the cent."""
    return format_cents(to_cents(micro), figures.settings.currency, language).replace("-", MINUS)


def word_minutes(minutes: float, language: Language) -> str:
    """Return a span of time, time lost with a real minus."""
    return format_minutes(minutes, language).replace("-", MINUS)


def word_each(minutes: float, language: Language) -> str:
    """Return the minutes of one text, with one decimal, the number and its unit on one line."""
    said = text("digest.minutes", language, minutes=word_number(minutes, language))
    return NO_BREAK.join(said.rsplit(" ", 1))


def word_number(number: float, language: Language) -> str:
    """Return a number with one decimal at most; what would round to nought is "less than 0.1"."""
    if 0 < number < 0.05:
        return text("digest.under", language, number=format_number(0.1, language))
    return format_number(number, language).replace("-", MINUS)


def word_share(share: float, language: Language) -> str:
    """Return a share in whole percents."""
    return format_share(share, language).replace("-", MINUS)


def word_rate(found: Range | None, language: Language) -> str:
    """Return a rate with its range: `40% (25% to 58%)`."""
    if found is None:
        return "–"
    low, point, high = (word_share(one, language) for one in (found.low, found.point, found.high))
    return f"{point} ({text('digest.range', language, low=low, high=high)})"


def word_range(found: Range, language: Language) -> str:
    """Return `2 hr to 4 hr 20 min`."""
    low, high = word_minutes(found.low, language), word_minutes(found.high, language)
    return text("digest.range", language, low=low, high=high)


def word_kind(kind: BaselineKind, language: Language) -> str:
    """Return what a kind of baseline is called."""
    return text(f"kind.{kind}", language)


def word_kind_fully(kind: BaselineKind, language: Language) -> str:
    """Return what a kind of baseline means."""
    return text(f"kind-means.{kind}", language)


def word_sureness(total: Total, language: Language) -> str:
    """Return how sure a figure is: too few, indicative, or the number that it rests on."""
    return text(f"sure.{total.figure}", language, count=total.accepted, least=MONEY_RUNS, firm=FIRM_RUNS)


def word_net(total: Total, language: Language) -> str:
    """Return a kind's net time with its range and how sure it is."""
    return text(
        "digest.net",
        language,
        minutes=word_minutes(total.net.point, language),
        range=word_range(total.net, language),
        sure=word_sureness(total, language),
    )


def word_value(money: Money, figures: Figures, language: Language) -> str:
    """Return what a kind's time is worth, with its range, and what is left after its costs."""
    low, value, high, cost, net = (
        word_money(micro, figures, language)
        for micro in (money.value_low, money.value, money.value_high, money.cost, money.net)
    )
    spread = text("digest.range", language, low=low, high=high)
    return text("digest.value", language, value=value, range=spread, cost=cost, net=net)


def word_task(row: Row, titles: Mapping[str, str], language: Language) -> str:
    """Return a row's name: the task's title, its name when it was removed, "other tasks", or "all tasks"."""
    if row.what != "task":
        return text(f"rows.{row.what}", language)
    title = titles.get(row.tasks[0], row.tasks[0])
    return title if len(title) <= TITLE_LIMIT else title[: TITLE_LIMIT - 1] + "…"


def word_row_minutes(row: Row, language: Language) -> str:
    """Return a row's net time, each kind of baseline by itself; the range where the row is one task."""
    if row.total is not None:
        kind, minutes = word_kind(row.total.kind, language), word_minutes(row.total.net.point, language)
        if row.total.figure == "none":
            return text("rows.net-few", language, minutes=minutes, kind=kind)
        spread = word_range(row.total.net, language)
        return text("rows.net-range", language, minutes=minutes, range=spread, kind=kind)
    said = [
        text("rows.net", language, minutes=word_minutes(minutes, language), kind=word_kind(kind, language))
        for kind, minutes in row.minutes.items()
    ]
    return "; ".join(said) or "–"


def word_rates(figures: Figures, language: Language) -> str:
    """Return what money was worked out with: rate of the hour, realisation, and what a dollar costs."""
    settings = figures.settings
    hourly = format_amount(settings.hourly_rate, settings.currency, language)
    parts = [
        text("rates.hour", language, rate=hourly, share=word_share(float(settings.realisation), language))
    ]
    if settings.currency != "USD":
        parts.append(_word_dollar(figures, language))
    return " ".join(parts)


def word_unpriced(figures: Figures, language: Language) -> str:
    """Return how many runs are in no sum of money, or nothing."""
    count = figures.spent.calls_unpriced
    return text("rates.unpriced", language, count=count) if count else ""


def _word_dollar(figures: Figures, language: Language) -> str:
    settings = figures.settings
    if not settings.usd_rate_on:
        if settings.usd_rate == 1:
            currency = format_currency_name(settings.currency, language)
            return text("rates.dollar-assumed", language, currency=currency)
        rate = format_amount(settings.usd_rate, settings.currency, language)
        return text("rates.dollar-undated", language, rate=rate)
    return text(
        "rates.dollar",
        language,
        rate=format_amount(settings.usd_rate, settings.currency, language),
        day=format_day(date.fromisoformat(settings.usd_rate_on[:10]), language),
    )
