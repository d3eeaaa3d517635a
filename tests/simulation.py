"""A thousand made-up teams whose true saving is known: does our figure find it? `python -m tests.simulation [seed]`.

**The truth** of a team is what its decided runs were expected to save, given who asked for what in which month:
per run `P(accepted) x true baseline - expected asking - expected reviewing - expected rework`, each month weighed by
the same cap as ours (a loss is not capped). The true baseline of a measured task is the true median of the work by
hand; the bot sees 5 to 30 timings of it. That of an estimated task is the estimate itself: our range does not claim
to know how wrong a team's word is. It is the truth about these people and this period, not about people who may join.

**The teams**: 1 to 25 reviewers with a pace and a taste of their own, 1 to 6 tasks of 5 to 90 minutes, 9 to 700 runs
in three months, unevenly spread. Hand work and reviewing are lognormal. Three tasks in twenty are poor: their drafts
need nearly as long as the work itself and are often thrown away, so that they lose time. Long looks are cut off by
the clock's cap; up to a fifth of the approvals carry no word; words are noisy and rounded to the five buttons; one
to eight tenths of the rework questions stay unanswered; part of the drafts is never looked at again.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import exp, log
from statistics import fmean as mean
from statistics import median
from typing import Literal

from bot.value import (
    Baseline,
    BaselineKind,
    Guess,
    ReviewWord,
    Timing,
    Total,
    add_up,
    choose_baseline,
)
from tests.value.rows import RunFacts, settle_run, sum_runs

NOW = datetime(2026, 11, 24, tzinfo=UTC)
MONTHS = ("2026-08", "2026-09", "2026-10")
SEED, TEAMS = 1, 1000
MICROSOFT_MINUTES = 6
LOOK_SHARE = 0.3
"""The part of reviewing that happens before the edit form opens; clock and cap see the two apart."""


@dataclass(frozen=True)
class World:
    """What a thousand teams have in common.

    Attributes:
        hand_minutes: the middle task by hand, and the shortest and longest.
        words, answers: the share of approvals with a word, of rework questions with an answer: least and most.
        typed: whoever taps `40-plus` then types the minutes.
    """

    name: str
    hand_minutes: tuple[float, float, float] = (20, 5, 90)
    words: tuple[float, float] = (0.8, 1)
    answers: tuple[float, float] = (0.2, 0.9)
    typed: bool = False


USUAL = World("usual")
WORLDS = (
    USUAL,
    World("approvals with a word: 30 to 50 %", words=(0.3, 0.5)),
    World("no rework question is answered", answers=(0, 0)),
    World("long texts: 60 to 240 min by hand", hand_minutes=(120, 60, 240)),
    World("long texts, minutes typed after 40+", hand_minutes=(120, 60, 240), typed=True),
)


@dataclass(frozen=True)
class Work:
    """One task of a team, as it truly is."""

    name: str
    hand_minutes: float
    hand_sd: float
    review_share: float
    review_sd: float
    acceptance: float
    ignored: float
    rework_chance: float
    rework_minutes: float
    asking_minutes: float | None
    monthly_runs: float | None
    measured: bool


@dataclass(frozen=True)
class Reviewer:
    """One person of a team."""

    name: str
    pace: float
    taste: float
    weight: float


@dataclass
class Team:
    """What the bot sees of a team, and the truth beside it."""

    runs: list[RunFacts] = field(default_factory=list)
    baselines: dict[str, Baseline] = field(default_factory=dict)
    monthly_runs: dict[str, float] = field(default_factory=dict)
    truth: dict[str, float] = field(default_factory=dict)
    drafts: dict[str, int] = field(default_factory=dict)
    hand_minutes: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """One team's figure of one kind, beside the truth and Microsoft's assisted minutes."""

    kind: BaselineKind
    total: Total
    reviewers: int
    hand_minutes: float
    truth: float
    assisted: float

    @property
    def covered(self) -> bool:
        """Whether the range holds the truth."""
        return self.total.net.low <= self.truth <= self.total.net.high


def simulate(seed: int, teams: int, world: World = USUAL) -> list[Result]:
    """Return every figure that *teams* made-up teams get."""
    rng = random.Random(seed)
    found = []
    for _ in range(teams):
        people = _people(rng)
        team = _team(rng, people, world)
        settled = [(run, settle_run(run, team.baselines[run.task].typical)) for run in team.runs]
        totals = add_up(sum_runs(settled), baselines=team.baselines, monthly_runs=team.monthly_runs)
        found += [
            Result(
                kind=kind,
                total=total,
                reviewers=len(people),
                hand_minutes=mean(
                    team.hand_minutes[run.task] for run in team.runs if run.task in total.tasks
                ),
                truth=sum(team.truth[task] for task in total.tasks),
                assisted=float(MICROSOFT_MINUTES * sum(team.drafts[task] for task in total.tasks)),
            )
            for kind, total in totals.by_kind.items()
            if total.figure != "none"
        ]
    return found


def _people(rng: random.Random) -> list[Reviewer]:
    return [
        Reviewer(
            f"U{n}", pace=exp(rng.gauss(0, 0.25)), taste=rng.gauss(0, 0.4), weight=0.1 + rng.expovariate(1)
        )
        for n in range(rng.choice((1, 1, 2, 3, 4, 5, 6, 8, 12, 25)))
    ]


def _team(rng: random.Random, people: Sequence[Reviewer], world: World) -> Team:
    runs = exp(rng.uniform(log(9), log(700)))
    form = rng.random() < 0.6
    answers, words = rng.uniform(*world.answers), rng.uniform(*world.words)
    weights = [0.05 + rng.expovariate(1) for _ in range(rng.randint(1, 6))]
    team = Team()
    for n, weight in enumerate(weights):
        a_month = runs * weight / sum(weights) / 3
        work = _work(rng, f"task{n}", world=world, a_month=a_month, form=form)
        _measure(rng, work, team)
        expected = {}
        for month in MONTHS:
            # A fraction of a run happens or does not.
            count = int(a_month * exp(rng.gauss(0, 0.25)) + rng.random())
            chosen = rng.choices(people, [one.weight for one in people], k=count)
            expected[month] = (count, sum(_expected(work, one) for one in chosen))
            for one in chosen:
                run = _run(rng, work, one, month=month, answers=answers, words=words)
                team.runs.append(run if world.typed else replace(run, typed_minutes=None))
                team.drafts[work.name] = team.drafts.get(work.name, 0) + 1 + _redos(rng)
        team.truth[work.name] = _capped(expected, work.monthly_runs)
    return team


def _work(rng: random.Random, name: str, *, world: World, a_month: float, form: bool) -> Work:
    poor = rng.random() < 0.15
    middle, least, most = world.hand_minutes
    hand = min(most, max(least, exp(rng.gauss(log(middle), 0.6))))
    return Work(
        name=name,
        hand_minutes=hand,
        hand_sd=rng.uniform(0.25, 0.55),
        review_share=rng.uniform(0.6, 1.1) if poor else exp(rng.gauss(log(0.28), 0.4)),
        review_sd=rng.uniform(0.4, 0.8),
        acceptance=rng.uniform(0.4, 0.75) if poor else rng.uniform(0.75, 0.98),
        ignored=rng.uniform(0, 0.5),
        rework_chance=rng.uniform(0, 0.35),
        rework_minutes=hand * rng.uniform(0.1, 0.5),
        asking_minutes=2.0 if form else None,
        monthly_runs=a_month * exp(rng.gauss(0.15, 0.4)) if rng.random() < 0.7 else None,
        measured=rng.random() < 0.6,
    )


def _measure(rng: random.Random, work: Work, team: Team) -> None:
    """Give the team what it knows of the work by hand."""
    hand, count = work.hand_minutes, rng.randint(5, 30) if work.measured else 0
    timings = [Timing(hand * exp(rng.gauss(0, work.hand_sd)), NOW) for _ in range(count)]
    guess = Guess(low=0.7 * hand, typical=hand, high=1.4 * hand)
    team.hand_minutes[work.name] = hand
    team.baselines[work.name] = choose_baseline(timings=timings, guess=guess, claimed_minutes=15, now=NOW)
    if work.monthly_runs is not None:
        team.monthly_runs[work.name] = work.monthly_runs


def _acceptance(work: Work, one: Reviewer) -> float:
    return 1 / (1 + exp(-log(work.acceptance / (1 - work.acceptance)) - one.taste))


def _expected(work: Work, one: Reviewer) -> float:
    """Return what one run of this task by this person is expected to save."""
    share = _acceptance(work, one)
    reviewing = work.hand_minutes * work.review_share * one.pace
    asking = 1.1 if work.asking_minutes is None else work.asking_minutes * exp(0.5**2 / 2)
    discarded, ignored = (1 - share) * (1 - work.ignored), (1 - share) * work.ignored
    rework = work.rework_chance * work.rework_minutes * exp(0.5**2 / 2)
    # Whoever ignores a draft still glanced at it; nobody measures that.
    return (
        share * (work.hand_minutes - reviewing - rework) - asking - discarded * reviewing / 2 - ignored * 0.3
    )


def _run(
    rng: random.Random, work: Work, one: Reviewer, *, month: str, answers: float, words: float
) -> RunFacts:
    """Return one run as the ledger would know it."""
    chance = rng.random()
    share = _acceptance(work, one)
    review: Literal["open", "approved", "discarded"] = (
        "approved" if chance < share else "discarded" if rng.random() >= work.ignored else "open"
    )
    true = work.hand_minutes * work.review_share * one.pace
    true *= exp(rng.gauss(-(work.review_sd**2) / 2, work.review_sd)) * (1 if review == "approved" else 0.5)
    seen, felt = (true * exp(rng.gauss(-0.02, 0.2)) for _ in range(2))
    rework = None
    if review == "approved" and rng.random() < answers:
        rework = 0.0
        if rng.random() < work.rework_chance:
            rework = work.rework_minutes * exp(rng.gauss(0, 0.5))
    word = _button(felt) if review == "approved" and rng.random() < words else None
    return RunFacts(
        task=work.name,
        reviewer=one.name,
        month=month,
        review=review,
        age_days=30,
        clock_minutes=_clock(seen, review),
        asking_minutes=None if work.asking_minutes is None else work.asking_minutes * exp(rng.gauss(0, 0.5)),
        word=word,
        typed_minutes=round(felt, -1) if word == "40-plus" else None,
        rework_minutes=rework,
    )


def _clock(seen: float, review: str) -> float:
    """Return what the capped clock makes of a look, and of the edit form after it."""
    if review == "open":
        return 0.0
    if review == "discarded":
        return min(10.0, seen)
    return min(10.0, LOOK_SHARE * seen) + min(10.0, (1 - LOOK_SHARE) * seen)


def _button(minutes: float) -> ReviewWord:
    """Return the button that somebody presses: the nearest."""
    buttons: tuple[tuple[float, ReviewWord], ...] = ((2, "under-2"), (7.5, "5"), (15, "10"), (30, "20"))
    return next((word for limit, word in buttons if minutes < limit), "40-plus")


def _redos(rng: random.Random) -> int:
    count = 0
    while count < 4 and rng.random() < 0.2:
        count += 1
    return count


def _capped(expected: dict[str, tuple[int, float]], monthly_runs: float | None) -> float:
    """Return the truth of a task, each month weighed by the cap; a loss is not capped."""
    whole = sum(minutes for _, minutes in expected.values())
    if monthly_runs is None or whole < 0:
        return whole
    return sum(minutes * min(1, 1.25 * monthly_runs / max(1, runs)) for runs, minutes in expected.values())


def coverage(results: Sequence[Result]) -> float:
    """Return the share of figures whose range holds the truth."""
    return sum(result.covered for result in results) / len(results)


def bias(results: Sequence[Result], figure: Callable[[Result], float]) -> float:
    """Return by which share *figure* lies above the truth, all teams together."""
    truth = sum(result.truth for result in results)
    return (sum(figure(result) for result in results) - truth) / truth


def ours(result: Result) -> float:
    """Return our point estimate."""
    return result.total.net.point


def microsofts(result: Result) -> float:
    """Return Microsoft's assisted minutes: six for every draft, redone and discarded ones too."""
    return result.assisted


def miss(results: Sequence[Result], figure: Callable[[Result], float]) -> float:
    """Return how far *figure* lies off in the middle team, as a share of the truth, up or down."""
    return median(abs(figure(result) - result.truth) / abs(result.truth) for result in results)


SLICES: dict[str, Callable[[Result], bool]] = {
    "all": lambda result: True,
    "10 to 29 accepted": lambda result: result.total.accepted < 30,
    "30 to 99 accepted": lambda result: 30 <= result.total.accepted < 100,
    "100 accepted and more": lambda result: result.total.accepted >= 100,
    "1 reviewer": lambda result: result.reviewers == 1,
    "2 to 4 reviewers": lambda result: 2 <= result.reviewers <= 4,
    "5 reviewers and more": lambda result: result.reviewers >= 5,
    "short texts (under 15 min by hand)": lambda result: result.hand_minutes < 15,
    "long texts (30 min and more)": lambda result: result.hand_minutes >= 30,
}


def table(results: Sequence[Result], teams: int) -> str:
    """Return the results as Markdown."""
    lines = [
        "| baselines | teams | get a figure | range holds truth | bias | Microsoft's | typical miss | Microsoft's |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for kind in ("measured", "estimated"):
        for name, chosen in SLICES.items():
            some = [result for result in results if result.kind == kind and chosen(result)]
            lines.append(
                f"| {kind} | {name} | {len(some) / teams:.1%} | {coverage(some):.1%} "
                f"| {bias(some, ours):+.1%} | {bias(some, microsofts):+.1%} "
                f"| {miss(some, ours):.0%} | {miss(some, microsofts):.0%} |"
            )
    return "\n".join(lines)


def worlds(seed: int, teams: int) -> str:
    """Return how the figures fare where less is known, as Markdown."""
    lines = [
        "| world | baselines | range holds truth | bias | sure gain to losers |",
        "|---|---|--:|--:|--:|",
    ]
    for world in WORLDS:
        results = simulate(seed, teams, world)
        for kind in ("measured", "estimated"):
            some = [result for result in results if result.kind == kind]
            losing = [result for result in some if result.truth < 0]
            fooled = sum(result.total.net.low > 0 for result in losing) / max(1, len(losing))
            lines.append(
                f"| {world.name} | {kind} | {coverage(some):.1%} | {bias(some, ours):+.1%} | {fooled:.1%} |"
            )
    return "\n".join(lines)


def losers(results: Sequence[Result]) -> str:
    """Return what the teams that truly lose time are told, as a sentence."""
    some = [result for result in results if result.truth < 0]
    sure = sum(result.total.net.low > 0 for result in some) / len(some)
    point = sum(result.total.net.point > 0 for result in some) / len(some)
    return (
        f"Of {len(some)} figures whose truth is a loss, ours is a sure gain in {sure:.1%} and a gain within its range "
        f"in {point - sure:.1%}; the range holds the truth in {coverage(some):.1%}. Microsoft's is a gain in all."
    )


def main() -> None:
    """Print a thousand teams as a table."""
    seed, teams = int(sys.argv[1]) if len(sys.argv) > 1 else SEED, TEAMS
    results = simulate(seed, teams)
    sys.stdout.write(
        f"seed {seed}, {teams} teams\n\n{table(results, teams)}\n\n{losers(results)}\n\n{worlds(seed, teams)}\n"
    )


if __name__ == "__main__":
    main()
