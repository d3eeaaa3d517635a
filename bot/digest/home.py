"""What the Home tab says of the month: the team's figure with its range, and what waits for this person."""

from __future__ import annotations

from datetime import datetime

from bot.digest.figures import gather_totals
from bot.digest.words import word_kind_fully, word_net
from bot.records import Records
from bot.tasks import Language
from bot.texts import text

MONTH_START = {"day": 1, "hour": 0, "minute": 0, "second": 0, "microsecond": 0}


async def home_lines(
    records: Records, team_id: str, user_id: str, *, language: Language, moment: datetime
) -> list[str]:
    """Return the month so far in words; every kind of baseline on its own."""
    settings = await records.workspaces.get(team_id)
    start = moment.astimezone(settings.zone).replace(**MONTH_START)  # type: ignore[arg-type]
    totals = await gather_totals(records, team_id, start=start, end=moment)
    said = [
        f"{word_kind_fully(kind, language)}: {word_net(total, language)}"
        for kind, total in totals.by_kind.items()
    ]
    month = "\n".join([text("home.month", language), *said]) if said else text("home.nothing", language)
    waiting = await records.proof.waiting_for(team_id, user_id)
    return [month, text("home.waiting", language, count=waiting)]
