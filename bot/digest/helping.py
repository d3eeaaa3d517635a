"""Where would it help most? The team's list of work, ranked by the hours that a draft can be expected to save."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.records import Records
from bot.records.baselines import Work
from bot.value import add_up

ASSUMED_SHARE = 0.4
"""What is expected to be saved where too little was measured: S. Noy and W. Zhang, Science 381 (2023), -40 %."""

LOOK_BACK = timedelta(days=92)


@dataclass(frozen=True)
class Help:
    """What a kind of work could gain: `hours_a_week` of them; `measured` when it rests on the team's own runs."""

    work: Work
    hours_a_week: float
    measured: bool


async def rank_works(records: Records, team_id: str, *, moment: datetime) -> list[Help]:
    """Return the team's list, the most hours to gain first."""
    works = await records.baselines.works(team_id)
    if not works:
        return []
    start = moment - LOOK_BACK
    baselines = {
        work.work: await records.baselines.current(team_id, work.work, claimed_minutes=0.0) for work in works
    }
    sums = [one.sums for one in await records.proof.run_sums(team_id, start, moment) if one.task in baselines]
    totals = add_up(sums, baselines=baselines, monthly_runs={})
    found = []
    for work in works:
        total = totals.by_task.get(work.work)
        measured = total is not None and total.figure != "none"
        share = ASSUMED_SHARE
        if total is not None and measured:
            share = total.net.point / (total.runs * baselines[work.work].typical)
        found.append(Help(work, work.hours_a_week * share, measured))
    return sorted(found, key=lambda one: -one.hours_a_week)
