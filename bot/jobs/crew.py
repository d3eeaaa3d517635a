"""Who does the work of one team, each tied to the rooms and the colleagues that it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.delivery import Delivery
from bot.handlers import Desk
from bot.jobs.acceptance import Acceptance
from bot.jobs.admins import Admins
from bot.jobs.allowance import Allowance
from bot.jobs.bulk import BulkSets
from bot.jobs.cards import Cards
from bot.jobs.choosing import Chooser
from bot.jobs.knowledge import KnowledgeFiles
from bot.jobs.papers import Papers
from bot.jobs.plans import Plans
from bot.jobs.posts import Posts
from bot.jobs.rounds import Rounds
from bot.jobs.runs import Limits, Runs
from bot.jobs.screening import CvReader
from bot.jobs.second_look import SecondLooks
from bot.jobs.talks import Talks
from bot.jobs.uploads import Uploads
from bot.metrics import Metrics
from bot.streaming import Streams
from bot.tasks import Task


@dataclass(frozen=True)
class Crew:
    """What a workflow of a team turns to.

    Attributes:
        runs: the steps of a run; `cards` what people see of it.
        rounds: what the clock asks for.
    """

    runs: Runs
    cards: Cards
    rounds: Rounds
    plans: Plans
    acceptance: Acceptance
    admins: Admins
    allowance: Allowance
    bulk: BulkSets
    cvs: CvReader
    second_looks: SecondLooks
    documents: KnowledgeFiles
    uploads: Uploads


def make_crew(
    desk: Desk,
    delivery: Delivery,
    posts: Posts,
    streams: Streams,
    tasks: Mapping[str, Task],
    *,
    limits: Limits,
    metrics: Metrics,
    halted: Callable[[str], None],
) -> Crew:
    """Put everybody to their place; *halted* is told of a run that is to stop at other replicas too."""
    talks = Talks(
        streams=streams, posts=posts, delivery=delivery, records=desk.records, stream_s=limits.stream_s
    )
    plans = Plans(desk, delivery, posts, tasks)
    acceptance = Acceptance(desk, posts, tasks)
    admins = Admins(desk, posts)
    allowance = Allowance(desk, posts, admins)
    cvs = CvReader(desk, posts, tasks, acceptance, allowance)
    cards = Cards(
        records=desk.records,
        delivery=delivery,
        posts=posts,
        talks=talks,
        papers=Papers(desk, posts),
        plans=plans,
        cvs=cvs,
        tasks=tasks,
    )
    chooser = Chooser(desk=desk, tasks=tasks, within_s=limits.choose_within_s, show=cards.replace_placeholder)
    runs = Runs(
        desk=desk,
        talks=talks,
        cards=cards,
        plans=plans,
        chooser=chooser,
        acceptance=acceptance,
        admins=admins,
        allowance=allowance,
        tasks=tasks,
        limits=limits,
        metrics=metrics,
        halted=halted,
    )
    rounds = Rounds(
        desk=desk,
        delivery=delivery,
        posts=posts,
        runs=runs,
        cards=cards,
        plans=plans,
        chooser=chooser,
        admins=admins,
        allowance=allowance,
        tasks=tasks,
    )
    return Crew(
        runs=runs,
        cards=cards,
        rounds=rounds,
        plans=plans,
        acceptance=acceptance,
        admins=admins,
        allowance=allowance,
        bulk=BulkSets(desk, delivery, posts, tasks, acceptance, allowance),
        cvs=cvs,
        second_looks=SecondLooks(desk, posts),
        documents=KnowledgeFiles(desk, posts),
        uploads=Uploads(desk, posts, tasks),
    )
