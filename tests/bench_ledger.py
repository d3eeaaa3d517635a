"""A ledger of a million rows, to measure the digest and the Home tab on."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import psutil

from bot.compose import PROMPTS
from bot.delivery import Delivery
from bot.digest import gather
from bot.handlers import HANDLERS
from bot.jobs import Posts
from bot.listeners import Homes, Intake
from bot.llm import LLM, Offer
from bot.records import Records, WorkspaceSettings
from bot.records.sqlite import connect
from bot.streaming import Streams
from bot.tasks import Identity, Person, load_tasks
from bot.views import home
from bot.wire import Pulse

ROWS = 1_000_000
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
TASKS = ("summarise", "reply", "quote", "social", "letter", "minutes", "advert", "translate")


def _rows(count: int, *, end: datetime, chance: random.Random) -> Iterator[dict[str, Any]]:
    """Yield a year of runs: 20 people, 8 tasks, most accepted, some discarded, failed or still open."""
    for number in range(count):
        at = end - timedelta(days=365) * (1 - number / count)
        person = f"U{chance.randrange(20)}"
        drawn = chance.random()
        review = "approved" if drawn < 0.5 else "edited" if drawn < 0.75 else "discarded"
        failed, is_open = drawn > 0.97, 0.95 < drawn <= 0.97
        settled = None if is_open else (at + timedelta(hours=1)).isoformat(timespec="milliseconds")
        clock = round(chance.lognormvariate(0.5, 0.7), 3)
        decided = not (failed or is_open)
        yield {
            "run_id": f"T1:C1:{number}",
            "team_id": "T1",
            "channel_id": "C1",
            "user_id": person,
            "task": chance.choice(TASKS),
            "surface": "command",
            "started_at": at.isoformat(timespec="milliseconds"),
            "finished_at": at.isoformat(timespec="milliseconds"),
            "duration_ms": 2_000,
            "outcome": "failed" if failed else "drafted",
            "review": review if decided else "open",
            "reviewer_id": person if decided else None,
            "delivered_at": None if failed else at.isoformat(timespec="milliseconds"),
            "decided_at": settled if decided else None,
            "settled_at": settled,
            "settled_month": settled[:7] if settled else None,
            "model": "claude-sonnet-5-5",
            "calls": 1,
            "input_tokens": 3_000,
            "output_tokens": 400,
            "cost_microusd": 10_000,
            "baseline_minutes": 15.0,
            "baseline_source": "claimed",
            "asking_minutes": 1.0,
            "review_clock_minutes": clock if decided else None,
            "review_minutes": clock if decided else None,
            "correction": "as_is" if review == "approved" else "light" if review == "edited" else "discarded",
            "minutes_saved": round((15.0 if review != "discarded" else 0.0) - 1 - clock, 3)
            if decided
            else None,
        }


def fill(path: Path, *, count: int) -> None:
    """Write *count* runs into new records."""
    records = Records(path)
    records.open()
    asyncio.run(records.close())
    db = connect(path)
    db.execute("pragma synchronous = off")
    db.table("runs").insert_all(_rows(count, end=NOW, chance=random.Random(7)), batch_size=2_000)
    db.execute("analyze")
    db.close()


async def _measure_home(records: Records, *, moment: datetime) -> float:
    """Return the seconds for all that an admin's Home tab shows, from the click to the view."""
    admin = Person("T1", "U1", "Chef", is_admin=True)
    await records.people.put([admin])
    llm = LLM(api_key="none", models={"fast": "a", "smart": "b"})
    intake = Intake(
        records=records,
        delivery=cast(Delivery, None),
        posts=cast(Posts, None),
        streams=cast(Streams, None),
        tasks=load_tasks(PROMPTS, HANDLERS),
        identity=Identity("T1", "https://x.slack.com/", "UBOT", "BBOT"),
        holds=await records.workspaces.get("T1"),
        models=Offer(llm),
        own_models={},
    )

    async def queued() -> int:
        return 0

    homes = Homes(intake, {"slack": Pulse(), "model": llm.pulse}, queued=queued)
    started = time.perf_counter()
    home(await homes.page("U1", moment=moment), "en")
    return time.perf_counter() - started


async def measure(path: Path) -> tuple[float, float, float]:
    """Return seconds for a week's digest and for a whole Home tab, and the growth of memory in MB."""
    # The rows' months are those of UTC.
    records, end = Records(path, WorkspaceSettings(tz_name="UTC")), NOW
    records.open()
    await gather(records, "T1", start=end - timedelta(minutes=1), end=end, moment=end)
    before = psutil.Process().memory_info().rss
    started = time.perf_counter()
    await gather(records, "T1", start=end - timedelta(days=7), end=end, moment=end)
    digest_s = time.perf_counter() - started
    home_s = await _measure_home(records, moment=end)
    growth_mb = (psutil.Process().memory_info().rss - before) / 1e6
    await records.close()
    return digest_s, home_s, growth_mb
