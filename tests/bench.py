"""The figures, side by side in one run: `make bench` prints them as a table; nothing here fails on a slow machine.

The bot runs in a process of its own, the local Slack, the local model and the load in this one, so that on two
cores each side has its own. Ratios are sound within one run; milliseconds are this machine's.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bot.quotes.paper import Words, quote_pdf
from bot.sandbox.model import Model
from bot.sandbox.slack import Slack
from tests import bench_ledger as bench_ledger_rows
from tests import bench_postgres as bench_server
from tests import bench_steady
from tests import bench_stream as bench_streams
from tests import bench_tasks as bench_task_costs
from tests.bulk_set import write_killed
from tests.conftest import ANNA, SALES, SECRET, buttons, make_slack
from tests.cv_set import read_killed
from tests.process import ROOT, BotProcess, answered, free_port
from tests.quotes.test_paper import make_sample

MODEL_S = 1.3
LINK = "https://x.slack.com/archives/C0/p1700000000000100"


@dataclass(frozen=True)
class Figure:
    """One line of the table; `peers` is what others reached, see `docs/performance.md` for how."""

    name: str
    value: str
    goal: str
    peers: str = ""
    reached: bool | None = None


@contextlib.asynccontextmanager
async def at_work(model: Model, *, http: bool = True) -> AsyncIterator[tuple[Slack, BotProcess]]:
    """Start a bot on an empty folder between a workspace of its own and *model*."""
    with tempfile.TemporaryDirectory() as folder:
        async with make_slack() as slack:
            bot = BotProcess(slack, model, Path(folder), http=http)
            await bot.start()
            try:
                yield slack, bot
            finally:
                await bot.end()


async def acks(slack: Slack, count: int, *, gap_s: float = 0.0) -> list[float]:
    """Return how long Slack waits for *count* acks of a command, in milliseconds."""
    taken = []
    for _ in range(count):
        started = time.perf_counter()
        delivery = await slack.command(ANNA, SALES, "/summarize", LINK)
        taken.append((time.perf_counter() - started) * 1000)
        assert delivery.status == 200
        await asyncio.sleep(gap_s)
    return taken


@contextlib.asynccontextmanager
async def plain_bolt() -> AsyncIterator[Slack]:
    """Start a plain Bolt app that does nothing."""
    async with make_slack() as slack:
        port = free_port()
        command = [sys.executable, "-m", "tests.plain_bolt", f"{slack.url}/api/", str(port)]
        process = await asyncio.to_thread(subprocess.Popen, command, cwd=ROOT)
        slack.connect_http(f"http://127.0.0.1:{port}/slack/events", SECRET)
        try:
            await answered(f"http://127.0.0.1:{port}/slack/events", 405)
            yield slack
        finally:
            process.terminate()
            await asyncio.to_thread(process.wait)


def mentions(slack: Slack, count: int, *, messages: int) -> list[dict[str, Any]]:
    """Write *count* threads, each in a channel of its own, and return the mentions that ask for them."""
    space = slack.workspace
    events = []
    for _ in range(count):
        channel = space.add_channel(space.new_id("C"), "bench", "public", [ANNA, space.bot_user_id])
        root = space.add_message(channel.id, ANNA, "We agreed on Friday.")["ts"]
        for number in range(messages - 1):
            space.add_message(channel.id, ANNA, f"Remark {number} on the delivery", thread_ts=root)
        words = f"<@{space.bot_user_id}> summarise"
        asked = space.add_message(channel.id, ANNA, words, thread_ts=root)
        events.append({**asked, "type": "app_mention", "channel": channel.id})
    return events


@dataclass(frozen=True)
class Wait:
    """What one asker waited for, in seconds: the ack, the first visible sign, the draft."""

    ack_s: float
    sign_s: float
    draft_s: float


async def answers(slack: Slack, count: int, *, messages: int, gap_s: float) -> list[Wait]:
    """Send *count* mentions and return how long each of them waited."""
    events = mentions(slack, count, messages=messages)

    async def one(event: dict[str, Any], wait_s: float) -> Wait:
        await asyncio.sleep(wait_s)
        channel = str(event["channel"])
        started, clock = time.perf_counter(), time.monotonic()
        acked: list[float] = []

        async def push() -> None:
            await slack.push_event(event)
            acked.append(time.perf_counter() - started)

        pushing = asyncio.create_task(push())
        sign = await slack.called("chat.postMessage", where=lambda told: told["channel"] == channel)
        await slack.called(
            "chat.update",
            where=lambda told: told["channel"] == channel and "approve" in str(told["blocks"]),
            timeout_s=120,
        )
        draft_s = time.perf_counter() - started
        await pushing
        return Wait(acked[0], sign.at - clock, draft_s)

    return list(await asyncio.gather(*(one(event, index * gap_s) for index, event in enumerate(events))))


def quantile(values: list[float], share: float) -> float:
    """Return the value that *share* of all stay below."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def against(name: str, value: float, goal: float, *, unit: str, peers: str = "", shown: str = "") -> Figure:
    """Return a figure that should stay below its goal."""
    return Figure(name, shown or f"{value:.3g} {unit}", f"<= {goal:g} {unit}", peers, value <= goal)


async def bench_acks() -> list[Figure]:
    """Measure acks against a plain Bolt app, in turns."""
    figures = []
    for gap_s, name, goal in ((0.0, "back to back", 0.15), (0.2, "at five a second", 0.3)):
        async with Model(latency_s=MODEL_S) as model, at_work(model) as (slack, _), plain_bolt() as plain:
            await acks(slack, 5)
            ours: list[float] = []
            theirs: list[float] = []
            for _ in range(3):
                ours += await acks(slack, 20, gap_s=gap_s)
                theirs += await acks(plain, 20, gap_s=gap_s)
            ratio = statistics.median(ours) / statistics.median(theirs)
            shown = (
                f"{ratio:.2f} x ({statistics.median(ours):.1f} ms against {statistics.median(theirs):.1f})"
            )
            figures.append(
                against(f"ack p50, {name}, against plain Bolt", ratio, goal, unit="x", shown=shown)
            )
    return figures


async def bench_own_time() -> list[Figure]:
    """Measure what the bot itself takes, with a model and a Slack that take no time."""
    async with Model() as model, at_work(model) as (slack, _):
        await answers(slack, 5, messages=50, gap_s=0.2)
        calls = len(slack.calls)
        waits = await answers(slack, 40, messages=50, gap_s=0.25)
        calls = len(slack.calls) - calls
    own = statistics.median(wait.draft_s for wait in waits) * 1000
    sign = statistics.median(wait.sign_s for wait in waits) * 1000
    return [
        against("own time of a run, 50 messages, p50", own, 50, unit="ms", peers="29 / 40 / 49"),
        against("first visible sign, Slack in no time, p50", sign, 40, unit="ms", peers="105 / 1441 / 311"),
        against("Slack calls a run", calls / len(waits), 5, unit="", peers="3 / 3 / 10"),
    ]


async def bench_load() -> list[Figure]:
    """Measure bursts and streams of mentions with a model that takes 1.3 s."""
    async with Model(latency_s=MODEL_S) as model, at_work(model) as (slack, _):
        await answers(slack, 5, messages=10, gap_s=0.1)
        burst = [wait.draft_s for wait in await answers(slack, 50, messages=10, gap_s=0.0)]
        stream = await answers(slack, 120, messages=10, gap_s=0.05)
    last, p99 = max(burst) / MODEL_S, quantile([wait.draft_s for wait in stream], 0.99) / MODEL_S
    slowest = max(wait.ack_s for wait in stream)
    return [
        against("50 mentions at once, last draft", last, 1.8, unit="x model", peers="10.8 / 11.3 / 11.0"),
        against("20 mentions a second for 6 s, draft p99", p99, 1.2, unit="x model", peers="20 / 21 / 21"),
        against("the same, slowest ack", slowest, 3, unit="s"),
    ]


async def bench_start() -> list[Figure]:
    """Measure the start and the memory, idle and after a thousand runs."""
    async with Model() as model, at_work(model) as (slack, bot):
        await asyncio.sleep(2)
        idle = bot.memory_mb()
        for _ in range(10):
            await answers(slack, 100, messages=10, gap_s=0.04)
            slack.calls.clear()
        after = bot.memory_mb()
        listening, ready = bot.listening_s, bot.ready_s
    return [
        against("start: listening", listening, 1, unit="s", peers="3.4 / 2.1 / 0.7"),
        against("start: able to answer", ready, 3, unit="s", peers="3.4 / 2.1 / 0.7"),
        against("idle memory", idle, 200, unit="MB", peers="272 / 118 / 61"),
        against("memory after 1,000 runs", after / idle, 1.15, unit="x idle", peers="1.3 / 2.1 / 3.3"),
    ]


async def bench_flood(a_second: int = 50, seconds: int = 60) -> list[Figure]:
    """Send more than can be written for a minute: every event is acked in time, and none is lost."""
    with tempfile.TemporaryDirectory() as name:
        async with make_slack() as slack, Model() as model:
            bot = BotProcess(slack, model, Path(name), http=True)
            await bot.start()
            told = await bench_steady.flood(slack, Path(name), a_second=a_second, seconds=seconds)
            await bot.end()
    sent = a_second * seconds
    lost = f"{told.refused} refused, {sent - told.rows} lost; the last after {told.last_s:.0f} s"
    p99_ms = quantile(told.acks_s, 0.99) * 1000
    return [
        against(f"{a_second} events a second for {seconds} s, ack p99", p99_ms, 250, unit="ms"),
        Figure("the same", lost, "0, 0", "", told.refused == 0 and told.rows == sent),
    ]


async def bench_growth(runs: int = 20_000) -> list[Figure]:
    """Answer so many runs on one process: what it holds in memory stays as it was after the first thousand."""
    with tempfile.TemporaryDirectory() as name:
        async with make_slack() as slack, Model() as model:
            bot = BotProcess(slack, model, Path(name), http=True)
            await bot.start()
            memory = await bench_steady.grow(slack, bot, Path(name), runs=runs)
            await bot.end()
    growth = memory[-1] - memory[0]
    return [against(f"growth of memory, run 1,000 to {runs:,}", growth, 20, unit="MB")]


class Meter:
    """Answers for the model after a while, and knows which answers a bot cannot have stored yet."""

    def __init__(self, model: Model, latency_s: float) -> None:
        self._latency_s = latency_s
        self._open = 0
        self._ended: list[float] = []
        model.answer_with(self._speak)

    async def _speak(self, _: dict[str, Any]) -> None:
        self._open += 1
        try:
            await asyncio.sleep(self._latency_s)
        finally:
            self._open -= 1
        self._ended.append(time.monotonic())

    def in_flight(self) -> int:
        """Return how many calls are being answered, or were within the last tenth of a second."""
        return self._open + sum(time.monotonic() - ended < 0.1 for ended in self._ended)


async def bench_soak(runs: int = 100, kills: int = 12) -> list[Figure]:
    """Kill the bot at random moments while runs come in; deliver everything again at each start."""
    chance = random.Random(7)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with make_slack() as slack, Model() as model:
            meter = Meter(model, 0.4)
            bot = BotProcess(slack, model, folder)
            events = mentions(slack, runs, messages=5)
            in_flight = 0
            for kill in range(kills):
                await bot.start()
                upto = events[: (kill + 1) * runs // kills]
                pushing = [asyncio.create_task(slack.push_event(event)) for event in upto]
                await asyncio.sleep(chance.uniform(0.05, 1.2))
                in_flight += meter.in_flight()
                await bot.end(signal.SIGKILL)
                for push in pushing:
                    push.cancel()
                await asyncio.gather(*pushing, return_exceptions=True)
            await bot.start()
            await asyncio.gather(*(slack.push_event(event) for event in events))
            rows = await _closed(folder, runs)
            await bot.end()
            channels = [slack.messages(str(event["channel"])) for event in events]
    posted = [[one for one in messages if one.get("bot_id")] for messages in channels]
    lost = sum(not any("approve" in buttons(one) for one in messages) for messages in posted)
    twice = sum(len(messages) > 1 for messages in posted)
    again = model.count - runs
    value = f"{lost} lost, {twice} twice, {rows} rows, {again} paid again"
    goal = f"0, 0, {runs}, at most {in_flight} in flight"
    reached = (lost, twice, rows) == (0, 0, runs) and again <= in_flight
    return [Figure(f"{runs} runs, {kills} kills, all redelivered", value, goal, "5 of 5 lost", reached)]


async def _closed(folder: Path, runs: int) -> int:
    """Return how many ledger rows there are, once as many have ended as there were runs.

    A run that was there at six kills is tried alone, some minutes later, when the bot has been up for a while.
    """
    async with asyncio.timeout(600):
        while True:
            connection = sqlite3.connect(folder / "records.sqlite")
            sql = "select count(*), sum(outcome in ('drafted', 'failed', 'refused')) from runs"
            rows, ended = connection.execute(sql).fetchone()
            connection.close()
            if ended == runs:
                return int(rows)
            await asyncio.sleep(0.1)


async def bench_ledger() -> list[Figure]:
    """Measure the digest and the Home tab on a year of a million runs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.sqlite"
        await asyncio.to_thread(bench_ledger_rows.fill, path, count=bench_ledger_rows.ROWS)
        digest_s, home_s, growth_mb = await bench_ledger_rows.measure(path)
    return [
        against("digest of a week, a million rows", digest_s, 1, unit="s"),
        against("an admin's whole Home tab, a million rows", home_s * 1000, 200, unit="ms"),
        against("growth of memory by both", growth_mb, 50, unit="MB"),
    ]


async def bench_tasks() -> list[Figure]:
    """Count what each task asks of Slack and of the model for its own example; words, so no goals."""
    return [
        Figure(
            f"task {cost.task}",
            f"{cost.slack_calls} Slack calls, {cost.input_tokens:,} + {cost.output_tokens} tokens,"
            f" {(cost.cost_microusd or 0) / 10_000:.2f} ct",
            "",
        )
        for cost in await bench_task_costs.measure()
    ]


async def bench_quote(runs: int = 30) -> list[Figure]:
    """Measure the PDF of a quote of one page, each with a number of its own."""
    document = make_sample("nl")
    waits = []
    for number in range(runs):
        started_s = time.perf_counter()
        quote_pdf(document, number=f"OFF-2026-{number:04}", words=Words("U vroeg om licht."))
        waits.append((time.perf_counter() - started_s) * 1000)
    return [against("PDF of a quote of one page, p50", statistics.median(waits), 100, unit="ms")]


async def bench_bulk(rows: int = 800, kills: int = 10) -> list[Figure]:
    """Write a text for each of 800 rows, undisturbed, and with the bot killed ten times."""
    with tempfile.TemporaryDirectory() as folder:
        calm = await write_killed(rows, 0, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        hard = await write_killed(rows, kills, Path(folder))
    value = f"{hard.texts} texts, {hard.twice} twice, {hard.paid} paid twice"
    return [
        against(f"{rows} rows written, from the press to the end", calm.seconds, 60, unit="s"),
        Figure(
            f"{rows} rows, {kills} kills",
            value,
            f"{rows}, 0, 0 but those in flight",
            reached=(hard.texts, hard.twice, hard.paid) == (rows, 0, 0),
        ),
    ]


async def bench_cvs(count: int = 300, kills: int = 10) -> list[Figure]:
    """Have 300 CVs read for one vacancy, undisturbed, and with the bot killed ten times."""
    with tempfile.TemporaryDirectory() as folder:
        calm = await read_killed(count, 0, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        hard = await read_killed(count, kills, Path(folder))
    value = f"{hard.read} read, {hard.twice} twice, {hard.paid} paid again"
    return [
        Figure(
            f"{count} CVs read, from the first sent to the last read",
            f"{calm.seconds:.1f} s, of the processor {calm.cpu_s * 1000 / count:.0f} ms a CV",
            "",
        ),
        Figure(
            f"{count} CVs, {kills} kills",
            value,
            f"{count}, 0, at most {hard.in_flight} in flight",
            reached=(hard.read, hard.twice) == (count, 0) and hard.paid <= hard.in_flight,
        ),
    ]


async def bench_knowledge() -> list[Figure]:
    """Measure filling and searching a knowledge base of 100,000 passages, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench_knowledge"]
    done = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, capture_output=True, check=True)
    told = json.loads(done.stdout)
    pages = told["pages_a_second"]
    return [
        Figure("pages of plain text indexed a second", f"{pages:.0f}", "at least 50", "", pages >= 50),
        against("search at 100,000 passages, p50", told["p50_ms"], 50, unit="ms"),
        Figure("the slowest of 60 searches", f"{told['slowest_ms']:.0f} ms", ""),
        against("most memory by both", told["memory_mb"], 300, unit="MB"),
    ]


async def bench_stream() -> list[Figure]:
    """Measure what people who read along see, and what that asks of Slack, with Slack's limits on."""
    words = "blog write about chairs and stools at the garden fair"
    async with Model() as model, at_work(model) as (slack, _):
        single = bench_streams.Watched()
        for _ in range(5):
            seen = await bench_streams.watch(slack, model, people=1, chars=4_000, words=words)
            single.first_ms += seen.first_ms
    async with Model() as model, at_work(model) as (slack, _):
        slack.api.limits = True
        long = await bench_streams.watch(slack, model, people=1, chars=12_000, words=words)
    async with Model() as model, at_work(model) as (slack, _):
        slack.api.limits = True
        many = await bench_streams.watch(slack, model, people=20, chars=4_000, words=words)
    writes = max(long.writes_a_second, many.writes_a_second)
    at_once = f"{many.streams} streams, {max(many.first_ms, default=0):.0f} ms to the last's first words"
    refused = long.refused + many.refused
    return [
        against(
            "first words seen after the model's first, p50",
            statistics.median(single.first_ms),
            300,
            unit="ms",
        ),
        against("writes to one stream in a second, most", writes, 1, unit=""),
        against("rate limits met, 3,000 tokens and 20 at once", refused, 0, unit=""),
        Figure("20 people at once", at_once, "20 streams", "", many.streams == 20),
    ]


async def bench_postgres() -> list[Figure]:
    """Measure how quickly a million rows are moved into PostgreSQL."""
    rate = await asyncio.to_thread(bench_server.moving)
    return [Figure("rows moved and verified a second", f"{rate:,.0f}", ">= 20,000", "", rate >= 20_000)]


async def bench_replicas() -> list[Figure]:
    """Measure what a second and a third replica bring, and how long a dead one's work stands still."""
    working, flat_out, takeover_s = await bench_server.replicas()
    gain = working[3].a_second / working[1].a_second
    return [
        Figure(
            "runs a second of 1, 2, 3 replicas, a model of 8 s",
            f"{_rates(working)}: {gain:.2f} x",
            ">= 1.5 x",
            "",
            gain >= 1.5,
        ),
        # All of them share this machine's cores with the server, Slack and the load: more cores have no goal here.
        Figure(
            "the same, a model in no time",
            f"{_rates(flat_out)}: {flat_out[3].a_second / flat_out[1].a_second:.2f} x",
            "",
        ),
        *(
            Figure(
                f"of the processor, a run of {count}",
                f"bots {pace.bots_ms:.0f} ms, PostgreSQL {pace.server_ms:.0f}, the rest {pace.rest_ms:.0f}",
                "",
            )
            for count, pace in flat_out.items()
        ),
        against("draft of a survivor after a kill", takeover_s, 5, unit="s"),
    ]


def _rates(paces: dict[int, bench_server.Pace]) -> str:
    return ", ".join(f"{pace.a_second:.1f}" for pace in paces.values())


PARTS: dict[str, Callable[[], Coroutine[Any, Any, list[Figure]]]] = {
    "acks": bench_acks,
    "own": bench_own_time,
    "load": bench_load,
    "start": bench_start,
    "flood": bench_flood,
    "growth": bench_growth,
    "soak": bench_soak,
    "ledger": bench_ledger,
    "quote": bench_quote,
    "tasks": bench_tasks,
    "bulk": bench_bulk,
    "cvs": bench_cvs,
    "knowledge": bench_knowledge,
    "stream": bench_stream,
    "postgres": bench_postgres,
    "replicas": bench_replicas,
}


def main() -> None:
    """Print the table, and write it as JSON where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure; all unless named")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    sys.stdout.write(f"{'figure':44} {'here':48} {'goal':28} {'peers':20}\n")
    measured: list[dict[str, Any]] = []
    for part in asked.parts or list(PARTS):
        for figure in asyncio.run(PARTS[part]()):
            mark = {True: "", False: "  MISSED", None: ""}[figure.reached]
            sys.stdout.write(f"{figure.name:44} {figure.value:48} {figure.goal:28} {figure.peers:20}{mark}\n")
            sys.stdout.flush()
            measured.append({"part": part, **asdict(figure)})
            if asked.json:
                # After each: what was measured stands there also when a later part is stopped.
                asked.json.write_text(json.dumps(measured, indent=2) + "\n")


if __name__ == "__main__":
    main()
