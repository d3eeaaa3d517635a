"""The one piece of advice that follows from a period's figures: the first rule that fits, with its evidence; pure."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.digest.figures import Figures
from bot.digest.rows import Row, Table
from bot.digest.words import word_each, word_minutes, word_money, word_range, word_share, word_task
from bot.tasks import Language
from bot.texts import text
from bot.value import UNREVIEWED_DAYS, value_minutes
from bot.value.totals import MONEY_RUNS

BAD_SHARE = 0.40
"""From this share of drafts changed moderately or heavily, or not used, the prompt is the matter."""

NUMBERS_LEAST, NUMBERS_SHARE = 3, 0.20
"""So many accepted texts, and so large a share of them, with a wrong number, date or name."""

COST_SHARE = 0.25
"""A model that takes more than this of what an accepted text is worth is too dear for it."""

WAITING_LEAST = 5
"""So many drafts that wait are worth a word, also when none is a week old."""

Rule = Literal["stop", "time", "prompt", "numbers", "model", "waiting", "extend", "few", "nothing"]


@dataclass(frozen=True)
class Advice:
    """One piece of advice; `row` is what it is about, None when it is about no task."""

    rule: Rule
    row: Row | None = None


def choose_advice(figures: Figures, table: Table) -> Advice:
    """Return the first advice that fits: what loses time before what could gain more.

    Only tasks with a row of their own are spoken of; where every row is merged, all tasks together are.
    """
    rows = table.named or (table.team,)
    checks: tuple[tuple[Rule, Callable[[Row, Figures], bool]], ...] = (
        ("stop", lambda row, _figures: should_stop(row)),
        ("time", _is_claimed),
        ("prompt", lambda row, _figures: _needs_prompt(row)),
        ("numbers", lambda row, _figures: _has_wrong_numbers(row)),
        ("model", _is_dear),
    )
    for rule, fits in checks:
        found = next((row for row in rows if fits(row, figures)), None)
        if found is not None:
            return Advice(rule, found)
    if len(figures.open_drafts) >= WAITING_LEAST or count_old(figures):
        return Advice("waiting")
    gains = [row for row in table.named if should_extend(row)]
    if gains:
        return Advice("extend", max(gains, key=_gain))
    return Advice("nothing" if figures.accepted >= MONEY_RUNS else "few")


def should_stop(row: Row) -> bool:
    """Say whether a task surely costs more time than it saves."""
    return row.total is not None and row.runs >= MONEY_RUNS and row.total.net.high < 0


def should_extend(row: Row) -> bool:
    """Say whether a task surely saves time, by a baseline that is not only our claim."""
    total = row.total
    return total is not None and total.figure != "none" and total.kind != "claimed" and total.net.low > 0


def count_old(figures: Figures) -> int:
    """Return how many drafts have waited for a week or longer when the period ended."""
    limit = figures.end - timedelta(days=UNREVIEWED_DAYS)
    return sum(datetime.fromisoformat(draft.delivered_at) <= limit for draft in figures.open_drafts)


def word_advice(advice: Advice, figures: Figures, *, titles: Mapping[str, str], language: Language) -> str:
    """Return the advice as a sentence with the figures that it follows from."""
    row = advice.row
    if row is None:
        count = len(figures.open_drafts) if advice.rule == "waiting" else figures.accepted
        return text(f"advice.{advice.rule}", language, count=count, old=count_old(figures))
    name = html.escape(word_task(row, titles, language), quote=False)
    # All tasks together have no name that a clock could be started with.
    key = "advice.time-all" if advice.rule == "time" and row.what != "task" else f"advice.{advice.rule}"
    return text(key, language, task=name, **_evidence(row, figures, language))


def _evidence(row: Row, figures: Figures, language: Language) -> dict[str, Any]:
    """Return every figure of a row that an advice may name."""
    point = _gain(row)
    bad, worth = row.moderate + row.heavy + row.unused, _worth(row, figures)
    typical = [figures.baselines[task].typical for task in row.tasks]
    return {
        "command": row.tasks[0] if row.what == "task" else "",
        "runs": row.runs,
        "accepted": row.accepted,
        "decided": row.decided,
        "minutes": word_minutes(abs(point), language),
        "range": word_range(row.total.net, language) if row.total else "",
        "baseline": word_each(sum(typical) / len(typical), language) if typical else "",
        "bad": bad,
        "share": word_share(bad / row.decided if row.decided else 0, language),
        "changed": row.numbers_changed,
        "cost": word_money(row.cost_micro // max(1, row.accepted), figures, language),
        "worth": word_money(worth // max(1, row.accepted), figures, language),
        "part": word_share(row.cost_micro / worth if worth > 0 else 0, language),
    }


def _is_claimed(row: Row, figures: Figures) -> bool:
    kinds: Sequence[str] = [figures.baselines[task].kind for task in row.tasks]
    return row.accepted >= MONEY_RUNS and bool(kinds) and set(kinds) == {"claimed"}


def _needs_prompt(row: Row) -> bool:
    return row.decided >= MONEY_RUNS and row.moderate + row.heavy + row.unused > BAD_SHARE * row.decided


def _has_wrong_numbers(row: Row) -> bool:
    return row.numbers_changed >= NUMBERS_LEAST and row.numbers_changed >= NUMBERS_SHARE * row.accepted


def _is_dear(row: Row, figures: Figures) -> bool:
    worth = _worth(row, figures)
    return row.accepted >= MONEY_RUNS and worth > 0 and row.cost_micro > COST_SHARE * worth


def _gain(row: Row) -> float:
    return row.total.net.point if row.total else sum(row.minutes.values())


def _worth(row: Row, figures: Figures) -> int:
    """Return what a row's net time is worth; only a row of one kind of baseline has such a sum."""
    if len(row.minutes) != 1:
        return 0
    settings = figures.settings
    return value_minutes(_gain(row), hourly=settings.hourly_rate, realisation=settings.realisation)
