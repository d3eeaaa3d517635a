"""The evaluation, "did it pay?": as an A4 PDF and short for Slack; the same words for both, and it can say no."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from pathlib import Path

from bot.digest.advice import Advice, choose_advice, should_extend, should_stop, word_advice
from bot.digest.chart import chart_alt, chart_data, make_bars
from bot.digest.figures import Figures
from bot.digest.method import NUMBERS, list_methods
from bot.digest.parts import (
    Json,
    bullets,
    control_part,
    cost_part,
    each_part,
    kinds_part,
    ledger_part,
    paragraph,
    quality_part,
    section_of,
    tasks_part,
    what_if_parts,
    word_payback,
    word_ratio,
)
from bot.digest.rows import KINDS, Table, make_table
from bot.digest.verdict import Verdict, judge
from bot.digest.week import table_block, word_budget, word_costs, word_open, word_waste
from bot.digest.words import (
    word_each,
    word_kind,
    word_minutes,
    word_money,
    word_range,
    word_rates,
    word_sureness,
    word_unpriced,
)
from bot.pdf import make_pdf
from bot.tasks import Language
from bot.texts import format_day, format_days, text
from bot.value import BaselineKind
from bot.views import Block, context, fallback, section

TEMPLATE = Path(__file__).parent / "report.typ"

MOST_SAID = 3
"""Tasks to stop, and tasks to extend, that the first page has room for; the table has them all."""


def report_pdf(figures: Figures, *, titles: Mapping[str, str], language: Language) -> bytes:
    """Return the evaluation as a tagged PDF; the same figures give the same bytes."""
    table = make_table(figures)
    document = report_document(figures, table, titles=titles, language=language)
    return make_pdf(TEMPLATE, document, moment=figures.end)


def report_blocks(figures: Figures, *, titles: Mapping[str, str], language: Language) -> list[Block]:
    """Return the answer, its figures, the tasks and what to do; the PDF has the rest."""
    table, verdict = make_table(figures), judge(figures)
    days = format_days(figures.start, figures.end, language, figures.zone)
    title = text("report.title-days", language, days=days)
    figures_said = [
        f"*{one['value']}* {one['label']}" + (f" ({one['note']})" if one["note"] else "")
        for one in _key_figures(figures, language)
    ]
    blocks: list[Block] = [
        {"type": "header", "text": {"type": "plain_text", "text": title[:150]}},
        section(f"*{word_answer(verdict, language)}* {word_reason(figures, verdict, language)}"),
        section("\n".join(f"• {line}" for line in figures_said)),
        context(word_rates(figures, language), word_unpriced(figures, language)),
    ]
    if table.rows:
        blocks.append(table_block(figures, table, titles=titles, language=language))
    said = "\n".join(f"• {line}" for line in _to_do(figures, table, titles=titles, language=language))
    facts = [word_costs(figures, language), word_waste(figures, language), word_budget(figures, language)]
    facts.append(word_open(figures, language))
    return [
        *blocks,
        section("\n".join(line for line in facts if line)),
        section(f"*{text('report.to-do', language)}*\n{said}"),
        context(text("report.works-council", language), text("report.see-pdf", language)),
    ]


def report_text(figures: Figures, *, titles: Mapping[str, str], language: Language) -> str:
    """Return the answer as plain text escaped for Slack, at most 4,000 characters: notifications read it."""
    verdict, table = judge(figures), make_table(figures)
    days = format_days(figures.start, figures.end, language, figures.zone)
    lines = [
        text("report.title-days", language, days=days),
        f"{word_answer(verdict, language)} {word_reason(figures, verdict, language)}",
        *(
            f"- {one['value']} {one['label']} {one['note']}".rstrip()
            for one in _key_figures(figures, language)
        ),
        *(f"- {_plain(line)}" for line in _to_do(figures, table, titles=titles, language=language)),
    ]
    return fallback("\n".join(lines))


def word_answer(verdict: Verdict, language: Language) -> str:
    """Return yes, no or too early."""
    return text(f"answer.{verdict.answer}", language)


def word_reason(figures: Figures, verdict: Verdict, language: Language) -> str:
    """Return why, with the figures that decide it."""
    money = figures.money.get(verdict.kind) if verdict.kind else None
    params = dict.fromkeys(("low", "high", "cost"), "")
    if money is not None:
        params = {
            "low": word_money(money.value_low, figures, language),
            "high": word_money(money.value_high, figures, language),
            "cost": word_money(money.cost, figures, language),
        }
    return text(
        f"reason.{verdict.reason}",
        language,
        kind=word_kind(verdict.kind, language) if verdict.kind else "",
        count=figures.accepted,
        unpriced=figures.spent.calls_unpriced,
        **params,
    )


def report_document(figures: Figures, table: Table, *, titles: Mapping[str, str], language: Language) -> Json:
    """Return everything that is printed, as words; the template only lays it out."""
    verdict = judge(figures)
    last = figures.last_day
    bars = make_bars(figures, titles=titles, language=language, table=table)
    return {
        "lang": language,
        "date": [last.year, last.month, last.day],
        "title": text("report.title", language),
        "days": format_days(figures.start, figures.end, language, figures.zone),
        "answer": {
            "kind": verdict.answer,
            "word": word_answer(verdict, language),
            "reason": word_reason(figures, verdict, language),
            "ref": NUMBERS["answer"],
        },
        "figures": _key_figures(figures, language),
        "small": [line for line in (word_rates(figures, language), word_unpriced(figures, language)) if line],
        "sections": _sections(figures, table, titles=titles, language=language),
        "chart": chart_data(bars, language) | {"alt": chart_alt(figures, titles=titles, language=language)},
        "method": {
            "title": text("method.heading", language),
            "intro": text("method.intro", language),
            "sql": text("method.rows", language),
            "ledger": ledger_part(figures, language),
            "items": [vars(method) for method in list_methods(figures, language)],
        },
        "footer": text("report.footer", language, day=format_day(last, language)),
    }


def _sections(figures: Figures, table: Table, *, titles: Mapping[str, str], language: Language) -> list[Json]:
    """Return the sections in the order of the owner's questions; what has no figures is left out."""
    tasks = tasks_part(figures, table, titles=titles, language=language)
    each = each_part(figures, table, titles=titles, language=language)
    quality = quality_part(table, titles=titles, language=language)
    control = control_part(figures, table, titles=titles, language=language)
    ratio = word_ratio(figures, language)
    to_do = [_plain(line) for line in _to_do(figures, table, titles=titles, language=language)]
    waste = [word_waste(figures, language), word_open(figures, language), word_budget(figures, language)]
    found = [
        section_of("report.to-do", language, bullets(to_do)),
        section_of(
            "report.sure",
            language,
            kinds_part(figures, language),
            paragraph(ratio) if ratio else None,
            refs=("net", "range", "value"),
        ),
        section_of("report.tasks", language, tasks, refs=("tasks",)),
        section_of("report.each", language, each, refs=("each",)),
        section_of("report.quality", language, quality, refs=("quality", "numbers")),
        section_of("report.control", language, control, refs=("control",)),
        section_of(
            "report.costs",
            language,
            cost_part(figures, language),
            *(paragraph(_plain(line)) for line in waste if line),
            refs=("costs", "return", "payback", "waste"),
        ),
        section_of("report.what-if", language, *what_if_parts(figures, language), refs=("what-if",)),
        section_of("report.people", language, paragraph(text("report.works-council", language))),
    ]
    return [one for one in found if one["parts"]]


def _key_figures(figures: Figures, language: Language) -> list[Json]:
    """Return the figures of the first page, two by two: what a text must save and the costs, then kind by kind."""
    needed = figures.break_even_minutes
    value = "–" if needed is None else word_each(float(needed), language)
    cost = word_money(figures.cost, figures, language)
    # What has no price is in no sum: the sums are then the least that it can be.
    least = text("key.unpriced", language) if figures.spent.calls_unpriced else ""
    found = [
        _figure(value, text("key.break-even", language), least if needed is not None else "", "break-even"),
        _figure(cost, text("key.costs", language), least, "costs"),
    ]
    for kind in (kind for kind in KINDS if kind in figures.totals.by_kind):
        found += _kind_figures(figures, kind, language)
    found.append(_figure(word_payback(figures, language), text("key.payback", language), "", "payback"))
    return found


def _kind_figures(figures: Figures, kind: BaselineKind, language: Language) -> list[Json]:
    total, money = figures.totals.by_kind[kind], figures.money.get(kind)
    name = word_kind(kind, language)
    note = f"{word_range(total.net, language)}. {word_sureness(total, language)}"
    net = _figure(word_minutes(total.net.point, language), text("key.net", language, kind=name), note, "net")
    label = text("key.left", language, kind=name)
    if money is None:
        return [net, _figure("–", label, text("key.left-few", language), "return")]
    low, high = (
        word_money(value - money.cost, figures, language) for value in (money.value_low, money.value_high)
    )
    spread = text("digest.range", language, low=low, high=high)
    return [net, _figure(word_money(money.net, figures, language), label, spread, "return")]


def _figure(value: str, label: str, note: str, name: str) -> Json:
    return {"value": value, "label": label, "note": note, "ref": NUMBERS[name]}


def _to_do(figures: Figures, table: Table, *, titles: Mapping[str, str], language: Language) -> list[str]:
    """Return what to stop, what to change and what to extend, each with its figures; the most minutes first."""
    rows = sorted((row for row in table.named if row.total), key=lambda row: sum(row.minutes.values()))
    stop = [Advice("stop", row) for row in rows if should_stop(row)]
    extend = [Advice("extend", row) for row in reversed(rows) if should_extend(row)]
    chosen = choose_advice(figures, table)
    change = [] if chosen.rule in ("stop", "extend") and chosen.row in rows else [chosen]
    if stop or extend:
        change = [one for one in change if one.rule not in ("nothing", "few")]
    advice = [*stop[:MOST_SAID], *change, *extend[:MOST_SAID]]
    lines = [word_advice(one, figures, titles=titles, language=language) for one in advice]
    return [line[0].upper() + line[1:] for line in lines]


def _plain(line: str) -> str:
    """Take Slack's marks and escapes out of a sentence of ours."""
    return re.sub(r"[*`]", "", html.unescape(line))
