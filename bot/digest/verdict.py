"""Did it pay? Yes, no or too early, from the best known kind of baseline and at the unkind end of its range; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.digest.figures import Figures
from bot.digest.rows import KINDS
from bot.value import BaselineKind, Money

UNPRICED_SHARE = 0.10
"""With more runs than this of unknown price, nobody can say that the costs were earned back."""

Answer = Literal["yes", "yes-if", "no", "early"]


@dataclass(frozen=True)
class Verdict:
    """The answer and why; `kind` is the kind of baseline that it rests on, None where there is none.

    `yes-if` rests on the team's own estimates. Our own claims can say no, never yes.
    """

    answer: Answer
    reason: str
    kind: BaselineKind | None = None


def judge(figures: Figures) -> Verdict:
    """Return the answer.

    A kind of baseline says yes when even the low end of its range is worth more than its costs, and no when
    the high end is not. The best known kind is heard; kinds that contradict each other say nothing, as they
    cannot be added up.
    """
    if not figures.totals.by_kind:
        return Verdict("early", "nothing")
    said = {kind: _judge(money) for kind in KINDS if (money := figures.money.get(kind)) is not None}
    if not said:
        return Verdict("early", "few")
    known = {kind: word for kind, word in said.items() if kind != "claimed"}
    if not known:
        return (
            Verdict("no", "no-claimed", "claimed") if said["claimed"] == "no" else Verdict("early", "claimed")
        )
    best = next(iter(known))
    if {"yes", "no"} <= set(known.values()):
        return Verdict("early", "mixed")
    if known[best] == "no":
        return Verdict("no", "no", best)
    if known[best] == "early":
        return Verdict("early", "unclear", best)
    runs = sum(count.runs for count in figures.counts)
    if figures.spent.calls_unpriced > UNPRICED_SHARE * runs:
        return Verdict("early", "unpriced", best)
    return Verdict("yes-if" if best == "estimated" else "yes", "yes", best)


def _judge(money: Money) -> Answer:
    if money.value_low > money.cost:
        return "yes"
    return "no" if money.value_high < money.cost else "early"
