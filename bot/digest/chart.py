"""The picture of a period: net minutes by task, as Slack's own chart, as a PNG of fixed size, and in words; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typst

from bot.digest.figures import Figures
from bot.digest.rows import KINDS, Table, make_table
from bot.digest.words import word_kind, word_minutes, word_task
from bot.tasks import Language
from bot.texts import format_days, text
from bot.value import BaselineKind
from bot.views import Block, context

HERE = Path(__file__).parent

MOST_BARS = 12
"""Bars in the picture; Slack's chart takes 20 points, the PNG stays readable with twelve."""

MOST_CHARTS = 2
"""Slack takes no third chart in a message."""

TITLE_LIMIT, LABEL_LIMIT, AXIS_LIMIT, ALT_LIMIT = 50, 20, 50, 1000
DRAWN_LIMIT = 34
"""Characters of a name that fit beside its bar."""

PNG_PPI = 144.0  # 1,200 x 800 pixels


@dataclass(frozen=True)
class Bar:
    """One bar: a task, or what is merged, with one kind of baseline."""

    name: str
    kind: BaselineKind
    minutes: float


def make_bars(
    figures: Figures, *, titles: Mapping[str, str], language: Language, table: Table | None = None
) -> list[Bar]:
    """Return the bars, as the table has its rows; pictures show the first twelve, and say how many are left."""
    rows = (table or make_table(figures)).rows
    return [
        Bar(word_task(row, titles, language), kind, row.minutes[kind])
        for row in rows
        for kind in KINDS
        if kind in row.minutes
    ]


def chart_blocks(figures: Figures, *, titles: Mapping[str, str], language: Language) -> list[Block]:
    """Return Slack's charts: one per kind of baseline, the best known first, and what only the table has.

    Slack wants every category in every series of a chart. Each kind has a chart of its own, so that a task
    without a figure of that kind is left out of it: nobody knows that it is 0.
    """
    bars = make_bars(figures, titles=titles, language=language)
    by_kind = {kind: [bar for bar in bars if bar.kind == kind] for kind in KINDS}
    kinds = [kind for kind in KINDS if by_kind[kind]]
    drawn = kinds[:MOST_CHARTS]
    charts = [_chart(by_kind[kind][:MOST_BARS], kind, language) for kind in drawn]
    cut = sum(max(0, len(by_kind[kind]) - MOST_BARS) for kind in drawn)
    left = [word_kind(kind, language) for kind in kinds[MOST_CHARTS:]]
    said = [text("chart.more", language, count=cut)] if cut else []
    if left:
        said.append(text("chart.left", language, kinds=", ".join(left)))
    return [*charts, context(" ".join(said))] if said else charts


def _chart(bars: Sequence[Bar], kind: BaselineKind, language: Language) -> Block:
    labels = _short([bar.name for bar in bars])
    axis = text("chart.axis", language)[:AXIS_LIMIT]
    points = [
        {"label": label, "value": round(bar.minutes, 1)} for label, bar in zip(labels, bars, strict=True)
    ]
    return {
        "type": "data_visualization",
        "title": text("chart.title-kind", language, kind=word_kind(kind, language))[:TITLE_LIMIT],
        "chart": {
            "type": "bar",
            "series": [{"name": axis, "data": points}],
            "axis_config": {"categories": labels, "y_label": axis},
        },
    }


def chart_png(figures: Figures, *, titles: Mapping[str, str], language: Language) -> bytes:
    """Return the same picture as a PNG of 1200 x 800 pixels; the same figures give the same bytes."""
    data = chart_data(make_bars(figures, titles=titles, language=language), language)
    data["days"] = format_days(figures.start, figures.end, language, figures.zone)
    found = typst.compile(
        HERE / "chart.typ",
        root=HERE,
        sys_inputs={"data": json.dumps(data)},
        format="png",
        ppi=PNG_PPI,
        ignore_system_fonts=True,
    )
    # One page gives bytes; the template has one page of fixed size.
    return found if isinstance(found, bytes) else found[0]


def chart_alt(figures: Figures, *, titles: Mapping[str, str], language: Language) -> str:
    """Return what the picture shows, in at most 1,000 characters."""
    bars = make_bars(figures, titles=titles, language=language)
    days = format_days(figures.start, figures.end, language, figures.zone)
    said = text("chart.alt", language, days=days)
    if not bars:
        return f"{said} {text('chart.nothing', language)}"
    for index, bar in enumerate(bars[:MOST_BARS]):
        part = text(
            "chart.bar",
            language,
            task=bar.name,
            minutes=word_minutes(bar.minutes, language),
            kind=word_kind(bar.kind, language),
        )
        rest = text("chart.more", language, count=len(bars) - index)
        if len(said) + len(part) + len(rest) + 2 > ALT_LIMIT:
            return f"{said} {rest}"
        said = f"{said} {part}"
    return said if len(bars) <= MOST_BARS else f"{said} {_more(bars, language)}"


def chart_data(bars: Sequence[Bar], language: Language) -> dict[str, Any]:
    """Return what the template draws: numbers for the lengths, words for everything that is read."""
    more = _more(bars, language) if len(bars) > MOST_BARS else ""
    return {
        "lang": language,
        "title": text("chart.title", language),
        "nothing": text("chart.nothing", language),
        "key": f"{text('chart.key', language)} {more}".rstrip(),
        "bars": [
            {
                "name": _cut(bar.name, DRAWN_LIMIT),
                "kind": word_kind(bar.kind, language),
                "minutes": bar.minutes,
                "said": f"{'+' if bar.minutes > 0 else ''}{word_minutes(bar.minutes, language)}",
            }
            for bar in bars[:MOST_BARS]
        ],
    }


def _more(bars: Sequence[Bar], language: Language) -> str:
    return text("chart.more", language, count=len(bars) - MOST_BARS)


def _short(names: Sequence[str]) -> list[str]:
    """Cut names to Slack's 20 characters, and keep them apart where the cut makes two the same."""
    found: list[str] = []
    for name in names:
        label = _cut(name, LABEL_LIMIT)
        number = 2
        while label in found:
            end = f" {number}"
            label = _cut(name, LABEL_LIMIT - len(end)) + end
            number += 1
        found.append(label)
    return found


def _cut(name: str, limit: int) -> str:
    return name if len(name) <= limit else name[: limit - 1].rstrip() + "…"
