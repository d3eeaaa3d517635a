"""What the Home tab says of the month and of the team's list of work; everybody's drafts are not its business."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.digest.figures import gather_totals
from bot.digest.words import word_kind, word_kind_fully, word_net
from bot.records import Records
from bot.tasks import Language, Task
from bot.texts import format_minutes, text

MONTH_START = {"day": 1, "hour": 0, "minute": 0, "second": 0, "microsecond": 0}
MOST_WORKS = 10


async def month_line(records: Records, team_id: str, *, language: Language, moment: datetime) -> str:
    """Return the month so far in words; every kind of baseline on its own."""
    settings = await records.workspaces.get(team_id)
    start = moment.astimezone(settings.zone).replace(**MONTH_START)  # type: ignore[arg-type]
    totals = await gather_totals(records, team_id, start=start, end=moment)
    said = [
        f"{word_kind_fully(kind, language)}: {word_net(total, language)}"
        for kind, total in totals.by_kind.items()
    ]
    return "\n".join([text("home.month", language), *said]) if said else text("home.nothing", language)


async def work_lines(
    records: Records, team_id: str, *, tasks: Mapping[str, Task], language: Language
) -> list[str]:
    """Return the team's list of work, with what each kind takes without the bot and how that is known."""
    lines = []
    works = await records.baselines.works(team_id)
    for work in works[:MOST_WORKS]:
        task = tasks.get(work.work)
        claimed = float(task.baseline_minutes) if task else 0.0
        best = await records.baselines.current(team_id, work.work, claimed_minutes=claimed)
        lines.append(
            text(
                "home.work",
                language,
                work=task.title_in(language) if task else work.work,
                minutes=format_minutes(best.typical, language),
                kind=word_kind(best.kind, language),
            )
        )
    if len(works) > MOST_WORKS:
        lines.append(text("home.more", language, count=len(works) - MOST_WORKS))
    return lines or [text("home.works-none", language)]
