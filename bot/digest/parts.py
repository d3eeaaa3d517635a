"""The tables of the evaluation: rows of words, laid out by the template; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.digest.figures import Figures
from bot.digest.method import NUMBERS
from bot.digest.rows import KINDS, Table
from bot.digest.words import (
    word_each,
    word_kind,
    word_kind_fully,
    word_minutes,
    word_money,
    word_number,
    word_range,
    word_rate,
    word_row_minutes,
    word_share,
    word_sureness,
    word_task,
)
from bot.tasks import Language
from bot.texts import currency_digits, format_cents, text
from bot.value import Baseline, BaselineKind, rate, round_together, to_cents, value_minutes
from bot.value.money import REALISATIONS, cost_model

Json = dict[str, Any]


def paragraph(words: str) -> Json:
    """Return a paragraph."""
    return {"kind": "text", "text": words}


def bullets(lines: Sequence[str]) -> Json | None:
    """Return a list."""
    return {"kind": "list", "items": list(lines)} if lines else None


def grid(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    widths: Sequence[float],
    left: Sequence[int] = (0,),
    total: bool = False,
) -> Json | None:
    """Return a table.

    Args:
        widths: of the columns, as shares.
        left: the columns of words; the others are figures and stand to the right.
        total: the last row is one.
    """
    if not rows:
        return None
    return {
        "kind": "table",
        "head": list(head),
        "rows": [list(row) for row in rows],
        "widths": list(widths),
        "left": list(left),
        "total": total,
    }


def section_of(key: str, language: Language, *parts: Json | None, refs: Sequence[str] = ()) -> Json:
    """Return a section with its title, what it needs saying, and the numbers of its figures."""
    return {
        "title": text(key, language),
        "chart": key == "report.tasks",
        "refs": [NUMBERS[name] for name in refs],
        "parts": [part for part in parts if part is not None],
    }


def kinds_part(figures: Figures, language: Language) -> Json | None:
    """Return what is known of each kind of baseline, never added up."""
    head = _heads(("kind", "runs", "accepted", "net", "range", "sure"), language)
    rows = []
    for kind in _kinds(figures):
        total = figures.totals.by_kind[kind]
        rows.append(
            [
                word_kind_fully(kind, language),
                str(total.runs),
                str(total.accepted),
                word_minutes(total.net.point, language),
                word_range(total.net, language),
                word_sureness(total, language),
            ]
        )
    return grid(head, rows, widths=(1.6, 1.1, 1.2, 1.4, 1.6, 1.9), left=(0, 5))


def word_ratio(figures: Figures, language: Language) -> str:
    """Return how long people say that reviewing took as against the clock, per kind; empty when nobody said."""
    ratios = [
        text("report.times", language, times=word_number(ratio, language), kind=word_kind(kind, language))
        for kind in _kinds(figures)
        if (ratio := figures.totals.by_kind[kind].word_to_clock) is not None
    ]
    return text("report.word-to-clock", language, ratios=", ".join(ratios)) if ratios else ""


def tasks_part(
    figures: Figures, table: Table, *, titles: Mapping[str, str], language: Language
) -> Json | None:
    """Return the tasks with the team's total; the cents add up."""
    head = _heads(("task", "runs", "accepted", "unused", "net", "cost"), language)
    rows = [
        [
            word_task(row, titles, language),
            str(row.runs),
            str(row.accepted),
            str(row.unused + row.failed),
            word_row_minutes(row, language),
            format_cents(row.cost_cents, figures.settings.currency, language),
        ]
        for row in (*table.rows, table.team)
    ]
    return (
        grid(head, rows, widths=(1.8, 1.05, 1.15, 0.85, 2.75, 1.15), left=(0, 4), total=True)
        if table.rows
        else None
    )


def each_part(
    figures: Figures, table: Table, *, titles: Mapping[str, str], language: Language
) -> Json | None:
    """Return the minutes of one accepted text before and after; after includes what was thrown away."""
    head = _heads(("task", "before", "after", "saved-each"), language)
    rows = []
    for row in table.named:
        total = row.total
        if total is None or not total.accepted or not total.counted_runs:
            continue
        baseline = figures.baselines[row.tasks[0]]
        saved = total.net.point / (total.accepted * total.counted_runs / total.runs)
        rows.append(
            [
                word_task(row, titles, language),
                f"{word_each(baseline.typical, language)}, {word_baseline(baseline, language)}",
                word_each(baseline.typical - saved, language),
                word_each(saved, language),
            ]
        )
    return grid(head, rows, widths=(1.5, 2.6, 0.8, 0.8), left=(0, 1))


def word_baseline(baseline: Baseline, language: Language) -> str:
    """Return how a baseline is known: timed so often and so long ago, or a word."""
    if baseline.kind != "measured":
        return word_kind(baseline.kind, language)
    key = "report.timed-stale" if baseline.stale else "report.timed"
    return text(key, language, count=baseline.timed_runs, days=baseline.age_days or 0)


def quality_part(table: Table, *, titles: Mapping[str, str], language: Language) -> Json | None:
    """Return what people did with the drafts, each share with its range."""
    head = _heads(("task", "used", "as-is", "rewritten", "wrong-number"), language)
    rows = [
        [
            word_task(row, titles, language),
            word_rate(rate(row.accepted, row.decided), language),
            word_rate(rate(row.as_is, row.accepted), language),
            word_rate(rate(row.moderate + row.heavy, row.accepted), language),
            word_rate(rate(row.numbers_changed, row.accepted), language),
        ]
        for row in (*table.rows, table.team)
        if row.decided
    ]
    return grid(head, rows, widths=(1.4, 1.3, 1.2, 1.2, 1.2), total=True)


def control_part(
    figures: Figures, table: Table, *, titles: Mapping[str, str], language: Language
) -> Json | None:
    """Return what was done by hand, chosen by chance, beside what the bot's figures take such a text for."""
    head = _heads(("task", "by-hand", "range", "assumed", "difference"), language)
    rows = []
    for row in table.named:
        found = figures.control.get(row.tasks[0])
        if found is None:
            continue
        baseline = figures.baselines[row.tasks[0]]
        rows.append(
            [
                word_task(row, titles, language),
                text(
                    "report.by-hand",
                    language,
                    minutes=word_each(found.typical, language),
                    count=found.timed_runs,
                ),
                text(
                    "digest.range",
                    language,
                    low=word_each(found.low, language),
                    high=word_each(found.high, language),
                ),
                f"{word_each(baseline.typical, language)}, {word_kind(baseline.kind, language)}",
                word_each(found.typical - baseline.typical, language),
            ]
        )
    return grid(head, rows, widths=(1.6, 1.4, 1.6, 1.6, 0.9))


def cost_part(figures: Figures, language: Language) -> Json | None:
    """Return what it cost and what came back, by kind of baseline."""
    model = cost_model(figures.spent.model_microusd, figures.settings.usd_rate)
    digits = currency_digits(figures.settings.currency)
    cents = round_together([model, figures.cost - model], digits=digits)
    amounts = [
        format_cents(one, figures.settings.currency, language)
        for one in (*cents, to_cents(figures.cost, digits=digits))
    ]
    rows = [
        [text(f"report.{name}", language), amount]
        for name, amount in zip(("model", "fixed", "all-costs"), amounts, strict=True)
    ]
    for kind in _kinds(figures):
        money = figures.money.get(kind)
        if money is not None and money.return_share is not None:
            one = format_cents(100, figures.settings.currency, language)
            label = text("report.return", language, kind=word_kind(kind, language), one=one)
            rows.append([label, word_money(int(money.return_share * 1_000_000), figures, language)])
    rows.append([text("report.payback", language), word_payback(figures, language)])
    return grid(_heads(("what", "amount"), language), rows, widths=(3, 1))


def word_payback(figures: Figures, language: Language) -> str:
    """Return in how many months the set-up is earned back, by the best known kind of baseline with a figure."""
    money = next((found for kind in _kinds(figures) if (found := figures.money.get(kind)) is not None), None)
    if money is None:
        return text("payback.early", language)
    if money.payback_months is None:
        return text("payback.never", language)
    if not figures.settings.setup_cost:
        return text("payback.nothing", language)
    return text("payback.months", language, months=word_number(float(money.payback_months), language))


def what_if_parts(figures: Figures, language: Language) -> list[Json | None]:
    """Return, per kind of baseline, what would be left had other assumptions been true."""
    parts: list[Json | None] = []
    for kind in _kinds(figures):
        total, money = figures.totals.by_kind[kind], figures.money.get(kind)
        if money is None:
            continue
        rows = []
        for share in REALISATIONS:
            cells = [
                value_minutes(minutes, hourly=figures.settings.hourly_rate, realisation=share) - money.cost
                for minutes in (total.net_at_low, total.net.point, total.net_at_high)
            ]
            rows.append(
                [word_share(float(share), language), *(word_money(cell, figures, language) for cell in cells)]
            )
        said = text("report.what-if-of", language, kind=word_kind(kind, language))
        if kind == "claimed":
            said += " " + text("report.what-if-claimed", language)
        parts.append(paragraph(said))
        head = _heads(("realisation", "low", "typical", "high"), language)
        parts.append(grid(head, rows, widths=(1, 1, 1, 1)))
    return parts


def ledger_part(figures: Figures, language: Language) -> Json | None:
    """Return how the ledger's rows become the net time: what is taken off, kind by kind."""
    head = _heads(("kind", "rows-minutes", "clock", "rework", "median", "net", "extra"), language)
    rows = []
    for kind in _kinds(figures):
        total = figures.totals.by_kind[kind]
        minutes = (total.rows_minutes, -total.clock_minutes, -total.rework_minutes, -total.median_minutes)
        last = (total.net.point, total.extra_minutes)
        rows.append([word_kind(kind, language), *(word_minutes(one, language) for one in (*minutes, *last))])
    return grid(head, rows, widths=(1.2, 1.2, 1, 1, 1, 1.2, 1))


def _heads(names: Sequence[str], language: Language) -> list[str]:
    return [text(f"column.{name}", language) for name in names]


def _kinds(figures: Figures) -> list[BaselineKind]:
    return [kind for kind in KINDS if kind in figures.totals.by_kind]
