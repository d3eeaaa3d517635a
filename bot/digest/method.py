"""How each figure of the evaluation was worked out: its number, its formula in words, and the rows it rests on."""

from __future__ import annotations

from dataclasses import dataclass

from bot.digest.figures import Figures
from bot.records.moments import iso
from bot.tasks import Language
from bot.texts import text
from bot.value import LEVEL
from bot.value.totals import CAP_SHARE, FIRM_RUNS, MONEY_RUNS

_USED = "review in ('approved', 'edited')"

_COLUMNS: dict[str, tuple[str, str]] = {
    # The figure: what is selected, and which of the settled runs.
    "break-even": (f"sum(cost_microusd), sum({_USED})", ""),
    "net": (
        "baseline_source, sum(minutes_saved), sum(baseline_minutes), sum(asking_minutes), sum(review_minutes),"
        " sum(rework_minutes)",
        " and minutes_saved is not null group by baseline_source",
    ),
    "range": (
        "settled_month, count(distinct reviewer_id), count(*), sum(asking_minutes + review_minutes)",
        " and minutes_saved is not null group by settled_month",
    ),
    "value": ("sum(minutes_saved)", " and minutes_saved is not null"),
    "costs": ("sum(cost_microusd), sum(calls_unpriced > 0)", ""),
    "return": ("sum(minutes_saved), sum(cost_microusd)", ""),
    "payback": ("sum(minutes_saved), sum(cost_microusd)", ""),
    "tasks": (f"task, count(*), sum({_USED}), sum(minutes_saved), sum(cost_microusd)", " group by task"),
    "each": (
        f"task, avg(baseline_minutes), sum(asking_minutes + review_minutes + coalesce(rework_minutes, 0))"
        f" / sum({_USED})",
        " and minutes_saved is not null group by task",
    ),
    "quality": ("task, correction, count(*)", " and outcome = 'drafted' group by task, correction"),
    "numbers": (
        "task, sum(numbers_changed or dates_changed or names_changed)",
        f" and {_USED} group by task",
    ),
    "control": ("task, count(*), avg(by_hand_minutes)", " and by_hand_minutes is not null group by task"),
    "what-if": (
        "baseline_source, sum(minutes_saved)",
        " and minutes_saved is not null group by baseline_source",
    ),
    "waste": ("outcome, count(*), sum(cost_microusd)", f" and not {_USED} group by outcome"),
    "answer": ("sum(minutes_saved), sum(cost_microusd)", ""),
}

NUMBERS: dict[str, int] = {name: number for number, name in enumerate(_COLUMNS, 1)}
"""The number of each figure, as it stands beside it in square brackets."""


@dataclass(frozen=True)
class Method:
    """One figure: how it is worked out, and a question to the ledger that gives what it rests on."""

    number: int
    title: str
    formula: str
    sql: str


def list_methods(figures: Figures, language: Language) -> list[Method]:
    """Return every figure's method, in the order of their numbers."""
    return [
        Method(
            number,
            text(f"method-title.{name}", language),
            text(
                f"method.{name}",
                language,
                least=MONEY_RUNS,
                firm=FIRM_RUNS,
                level=round(LEVEL * 100),
                cap=round((CAP_SHARE - 1) * 100),
                people=figures.settings.least_people,
                net=NUMBERS["net"],
                left=NUMBERS["return"],
            ),
            write_sql(name, figures),
        )
        for name, number in NUMBERS.items()
    ]


def write_sql(name: str, figures: Figures) -> str:
    """Return a question to the ledger, for whoever checks a figure; it is printed here, never carried out."""
    columns, rest = _COLUMNS[name]
    team = figures.team_id.replace("'", "''")
    return (
        f"select {columns} from runs where team_id = '{team}' and settled_at >= '{iso(figures.start)}'"
        f" and settled_at < '{iso(figures.end)}'{rest}"
    )
