"""The weekly digest as Slack blocks and as plain text: figures in, words out; it posts nothing and names nobody."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from bot.digest.advice import choose_advice, count_old, word_advice
from bot.digest.figures import Figures
from bot.digest.rows import KINDS, Row, Table, make_table
from bot.digest.words import (
    word_each,
    word_kind,
    word_kind_fully,
    word_money,
    word_net,
    word_rates,
    word_row_minutes,
    word_share,
    word_task,
    word_unpriced,
    word_value,
)
from bot.records.proof import OPEN_MOST
from bot.tasks import Language
from bot.texts import currency_digits, format_cents, format_days, text
from bot.value import BaselineKind, round_together, to_cents
from bot.value.money import cost_model
from bot.value.totals import MONEY_RUNS
from bot.views import Block, context, fallback, section

WARNINGS = (Decimal(1), Decimal("0.8"), Decimal("0.5"))


def week_message(
    figures: Figures,
    *,
    titles: Mapping[str, str],
    language: Language,
    late: bool,
    note: str = "",
    picture: Sequence[Block] = (),
) -> list[Block]:
    """Return the digest of a period.

    Args:
        titles: of the tasks, by name, in *language*.
        late: it is posted after it was due, because the bot was off.
        note: a sentence for the top: why it is posted here and not in its channel.
        picture: the blocks of the chart; they stand under the table.
    """
    top: list[Block] = [
        {"type": "header", "text": {"type": "plain_text", "text": _title(figures, language)[:150]}}
    ]
    before = _before(figures, language, late=late, note=note)
    if before:
        top.append(context(*before))
    if is_quiet(figures):
        return [*top, section(_quiet(figures, language))]
    table = make_table(figures)
    blocks = [
        *top,
        section(word_break_even(figures, language)),
        *(section(line) for line in word_kinds(figures, language)),
        context(word_rates(figures, language), word_unpriced(figures, language)),
        table_block(figures, table, titles=titles, language=language),
        *picture,
        section("\n".join(_facts(figures, language))),
    ]
    advice = word_advice(choose_advice(figures, table), figures, titles=titles, language=language)
    least = figures.settings.least_people
    blocks += [
        section(text("digest.advice", language, advice=advice)),
        context(text("digest.aggregated" if least > 1 else "digest.nobody", language, least=least)),
    ]
    return blocks


def week_text(
    figures: Figures, *, titles: Mapping[str, str], language: Language, late: bool, note: str = ""
) -> str:
    """Return the digest as plain text, at most 4,000 characters: what notifications and screen readers read."""
    lines = [_title(figures, language), *_before(figures, language, late=late, note=note)]
    if is_quiet(figures):
        return fallback("\n".join([*lines, _quiet(figures, language)]))
    table = make_table(figures)
    advice = word_advice(choose_advice(figures, table), figures, titles=titles, language=language)
    lines += [
        word_break_even(figures, language),
        *word_kinds(figures, language),
        word_rates(figures, language),
        word_unpriced(figures, language),
        *_facts(figures, language),
        text("digest.advice", language, advice=advice),
    ]
    # Advice is escaped for mrkdwn already; `fallback` escapes once more.
    return fallback("\n".join(re.sub(r"[*`]", "", html.unescape(line)) for line in lines if line))


def is_quiet(figures: Figures) -> bool:
    """Say whether nothing was asked and nothing settled."""
    return not figures.asked and not figures.counts


def word_break_even(figures: Figures, language: Language) -> str:
    """Return what one accepted text must save, beside what it does save by each kind of baseline."""
    needed = figures.break_even_minutes
    if needed is None:
        key = "digest.break-even-none" if not figures.accepted else "digest.break-even-no-rate"
        return text(key, language)
    key = "digest.break-even-unpriced" if figures.spent.calls_unpriced else "digest.break-even"
    first = text(key, language, minutes=word_each(float(needed), language))
    said = []
    for kind in _kinds(figures):
        total = figures.totals.by_kind[kind]
        if total.accepted < MONEY_RUNS:
            continue
        each = word_each(total.net.point / total.accepted, language)
        said.append(text("digest.saves", language, minutes=each, kind=word_kind(kind, language)))
    if not said:
        return f"{first} {text('digest.saves-few', language)}"
    return f"{first} {text('digest.saves-all', language, minutes='; '.join(said))}"


def word_kinds(figures: Figures, language: Language) -> list[str]:
    """Return a line per kind of baseline: net time, how sure, and money where there is enough; never a sum of them."""
    lines = []
    for kind in _kinds(figures):
        total = figures.totals.by_kind[kind]
        line = f"*{word_kind_fully(kind, language)}*: {word_net(total, language)}"
        money = figures.money.get(kind)
        if money is not None:
            line += "\n" + word_value(money, figures, language)
        extra = round(total.extra_runs)
        if extra:
            line += "\n" + text("digest.extra", language, count=extra)
        lines.append(line)
    return lines


def table_block(figures: Figures, table: Table, *, titles: Mapping[str, str], language: Language) -> Block:
    """Return Slack's table of the tasks with the team's total; its cents add up."""
    head = [text(f"column.{name}", language) for name in ("task", "runs", "accepted", "corrections")]
    head += [text("column.net", language), text("column.cost", language)]
    rows = [head]
    rows += [_cells(row, figures, titles=titles, language=language) for row in (*table.rows, table.team)]
    left, right = {"is_wrapped": True}, {"align": "right"}
    return {
        "type": "table",
        "rows": [[{"type": "raw_text", "text": cell} for cell in row] for row in rows],
        "column_settings": [left, right, right, right, left, right],
    }


def word_costs(figures: Figures, language: Language) -> str:
    """Return what the period cost: the model, the fixed costs, and both."""
    model = cost_model(figures.spent.model_microusd, figures.settings.usd_rate)
    digits = currency_digits(figures.settings.currency)
    cents = round_together([model, figures.cost - model], digits=digits)
    said = [
        format_cents(one, figures.settings.currency, language)
        for one in (*cents, to_cents(figures.cost, digits=digits))
    ]
    return text("digest.costs", language, model=said[0], fixed=said[1], all=said[2])


def word_budget(figures: Figures, language: Language) -> str:
    """Return what is left of the month's budget, in stronger words from 50, 80 and 100 % on."""
    share = figures.budget_share
    if share is None:
        return ""
    spent = cost_model(figures.month_microusd, figures.settings.usd_rate)
    budget = int(figures.settings.monthly_budget * 1_000_000)
    warning = next((limit for limit in WARNINGS if share >= limit), Decimal(0))
    line = text(
        f"budget.{int(warning * 100)}",
        language,
        share=word_share(float(share), language),
        left=word_money(max(0, budget - spent), figures, language),
        over=word_money(max(0, spent - budget), figures, language),
        budget=word_money(budget, figures, language),
    )
    if figures.month_unpriced:
        line += " " + text("budget.unpriced", language, count=figures.month_unpriced)
    return line


def word_waste(figures: Figures, language: Language) -> str:
    """Return what came to nothing, and what that cost."""
    failed = sum(count.failed for count in figures.counts)
    unused = sum(count.unused for count in figures.counts)
    wasted = cost_model(sum(count.wasted_microusd for count in figures.counts), figures.settings.usd_rate)
    return text(
        "digest.waste",
        language,
        failed=text("digest.failed", language, count=failed),
        unused=text("digest.unused", language, count=unused),
        cost=word_money(wasted, figures, language),
    )


def word_open(figures: Figures, language: Language) -> str:
    """Return how many drafts wait for a review, and how many of them for over a week."""
    count = len(figures.open_drafts)
    if not count:
        return text("digest.open-none", language)
    key = "digest.open-many" if count >= OPEN_MOST else "digest.open"
    return text(key, language, count=count, old=count_old(figures))


def _facts(figures: Figures, language: Language) -> list[str]:
    lines = [
        word_costs(figures, language),
        word_waste(figures, language),
        word_budget(figures, language),
        word_open(figures, language),
    ]
    return [line for line in lines if line]


def _quiet(figures: Figures, language: Language) -> str:
    lines = [text("digest.quiet", language)]
    if figures.cost:
        lines.append(text("digest.quiet-cost", language, cost=word_money(figures.cost, figures, language)))
    lines += [word_budget(figures, language), word_open(figures, language)]
    return "\n".join(line for line in lines if line)


def _cells(row: Row, figures: Figures, *, titles: Mapping[str, str], language: Language) -> list[str]:
    cost = format_cents(row.cost_cents, figures.settings.currency, language)
    if row.unpriced:
        cost = text("rows.cost-unpriced", language, cost=cost, count=row.unpriced)
    return [
        word_task(row, titles, language),
        str(row.runs),
        str(row.accepted),
        f"{row.as_is} / {row.light} / {row.moderate} / {row.heavy}",
        word_row_minutes(row, language),
        cost,
    ]


def _title(figures: Figures, language: Language) -> str:
    return text("digest.title", language, days=_days(figures, language))


def _before(figures: Figures, language: Language, *, late: bool, note: str) -> list[str]:
    said = text("digest.late", language, days=_days(figures, language)) if late else ""
    return [line for line in (said, note) if line]


def _days(figures: Figures, language: Language) -> str:
    return format_days(figures.start, figures.end, language, figures.zone)


def _kinds(figures: Figures) -> list[BaselineKind]:
    return [kind for kind in KINDS if kind in figures.totals.by_kind]
