"""A working day, simulated from measured costs: where does it jam first, and what does a replica buy?

`python -m tests.bench_day` prints the table of `docs/performance.md`. Each run passes stations in turn, as the bot's
runs do; a station has so many servers, each busy with a run for so long. Slack's limits are stations whose servers
rest for a minute after each call. What a run costs at a station is measured by `make bench`; how people work is
assumed, and stands below.
"""

from __future__ import annotations

import heapq
import random
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

RUNS_PER_PERSON = 6  # a working day; heavy use, three quarters of what one person can review
DAY_S = 9 * 3600.0
BUSY_HOURS = (0.8, 1.5, 1.3, 1.0, 0.5, 1.3, 1.3, 0.8, 0.5)  # of nine; 1 is the mean
MODEL_S = (8.0, 0.5)  # median of an answer, and the sigma of its logarithm: 5 to 20 seconds
CPU_S = 0.049  # own time of a run on one core, `make bench own`
WRITES_S = 0.012  # on the one writer: about ten commits, most of them shared, `make bench load`
AT_ONCE = 50  # drafts that one process writes at a time
TIER_3_A_MINUTE = 50  # https://docs.slack.dev/apis/web-api/rate-limits: 50 and more, per method and workspace
MODEL_A_MINUTE = 1_000  # of the account; the console shows yours
WORKDAYS = 21


@dataclass
class Station:
    """Servers that take runs in the order in which they come.

    Attributes:
        rest_s: how long a server may not serve after a call; the run itself goes on at once.
    """

    name: str
    servers: int
    rest_s: float = 0.0
    busy_s: float = 0.0
    free: list[float] = field(default_factory=list)

    def take(self, at_s: float, service_s: float) -> float:
        """Serve a run that comes at *at_s*; return when it leaves."""
        if not self.free:
            self.free = [0.0] * self.servers
        begun = max(at_s, heapq.heappop(self.free))
        left = begun + service_s
        heapq.heappush(self.free, left + self.rest_s)
        self.busy_s += service_s + self.rest_s
        return left


@dataclass(frozen=True)
class Day:
    """What a day came to.

    Attributes:
        wait_s: what people wait beyond the model's own time, p50 and p95.
        jam: the station that was used most, and how much of it, over the whole day and in its busiest hour.
    """

    people: int
    replicas: int
    runs: int
    wait_s: tuple[float, float]
    jam: str
    load: float


def arrivals(people: int, chance: random.Random) -> list[float]:
    """Return when the runs of a day are asked, in seconds from its begin, in order."""
    hours = chance.choices(range(len(BUSY_HOURS)), weights=BUSY_HOURS, k=people * RUNS_PER_PERSON)
    return sorted((hour + chance.random()) * 3600 for hour in hours)


def live(people: int, *, replicas: int = 1, workspaces: int = 1, seed: int = 1) -> Day:
    """Let a day pass."""
    chance = random.Random(seed)
    asked = arrivals(people, chance)
    cpu = Station("processor", replicas)
    writer = Station("database's writer", 1)
    reads = Station("Slack: reading threads", TIER_3_A_MINUTE * workspaces, rest_s=60)
    slots = Station("drafts at once", AT_ONCE * replicas)
    calls = Station("model: calls a minute", MODEL_A_MINUTE, rest_s=60)
    shows = Station("Slack: showing drafts", TIER_3_A_MINUTE * workspaces, rest_s=60)
    way: Sequence[tuple[Station, float]] = (
        (cpu, CPU_S / 2),
        (writer, WRITES_S),
        (reads, 0.0),
        (calls, 0.0),
        (slots, 0.0),
        (cpu, CPU_S / 2),
        (shows, 0.0),
    )
    thinks = [chance.lognormvariate(0, MODEL_S[1]) * MODEL_S[0] for _ in asked]
    events = [(at_s, run, 0) for run, at_s in enumerate(asked)]
    heapq.heapify(events)
    waits = [0.0] * len(asked)
    while events:
        at_s, run, stage = heapq.heappop(events)
        if stage == len(way):
            waits[run] = at_s - asked[run] - thinks[run]
            continue
        station, service_s = way[stage]
        left_s = station.take(at_s, thinks[run] if station is slots else service_s)
        heapq.heappush(events, (left_s, run, stage + 1))
    stations = (cpu, writer, reads, slots, calls, shows)
    # Of the busiest hour: there it jams, if anywhere.
    peak = max(BUSY_HOURS) / statistics.fmean(BUSY_HOURS)
    used = {one.name: one.busy_s / (one.servers * DAY_S) * peak for one in stations}
    jam = max(used, key=lambda name: used[name])
    ordered = sorted(waits)
    spread = (ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)])
    return Day(people, replicas, len(asked), spread, jam, used[jam])


def main() -> None:
    """Print the table."""
    out = sys.stdout
    out.write(
        "| people | runs a day | replicas | workspaces | wait beyond the model, p50 and p95 | used most | of it |\n"
    )
    out.write("|--:|--:|--:|--:|--:|---|--:|\n")
    for people, replicas, workspaces in (
        (20, 1, 1),
        (100, 1, 1),
        (500, 1, 1),
        (1_500, 1, 1),
        (3_000, 1, 1),
        (3_000, 1, 3),
        (20_000, 1, 20),
        (20_000, 2, 20),
        (20_000, 3, 20),
    ):
        day = live(people, replicas=replicas, workspaces=workspaces)
        p50, p95 = day.wait_s
        out.write(
            f"| {people:,} | {day.runs:,} | {replicas} | {workspaces} | {p50:,.2f} s, {p95:,.2f} s |"
            f" {day.jam} | {day.load:.0%} |\n"
        )


if __name__ == "__main__":
    main()
