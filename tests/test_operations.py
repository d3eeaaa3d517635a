"""What somebody who runs the bot sees of it: figures, lines of the log, and that it hears Slack."""

from __future__ import annotations

import json
import logging
from dataclasses import fields
from pathlib import Path

import aiohttp
import pytest
import yaml  # type: ignore[import-untyped]

from bot.logs import about_run, set_up
from bot.settings import Settings
from tests.conftest import ANNA, SALES, World, running
from tests.process import ROOT

LINES = ((ANNA, "The fair is on Friday."), (ANNA, "Ben brings the stand."))


async def _measured(world: World) -> dict[str, float]:
    """Return `/metrics` as a dict: name with labels -> value."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{world.bot.server.port}/metrics") as answer,
    ):
        return figures(await answer.text())


def figures(page: str) -> dict[str, float]:
    """Return what a page of `/metrics` tells: name with labels -> value."""
    told = [line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in told}


async def test_a_run_is_counted_with_its_time_and_its_money(world: World) -> None:
    """A dashboard shows how many drafts there were, how long they took and what the month costs."""
    world.model.name = None  # so that the price is known
    root = await world.thread(*LINES)
    await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
    await world.card()
    (row,) = await world.rows(where=lambda row: row["finished_at"] is not None)
    measured = await _measured(world)

    assert measured['tijdwinst_runs_total{outcome="drafted"}'] == 1
    assert measured['tijdwinst_run_seconds_count{outcome="drafted"}'] == 1
    assert measured['tijdwinst_run_seconds_sum{outcome="drafted"}'] == pytest.approx(
        row["duration_ms"] / 1000
    )
    assert measured['tijdwinst_month_spend_usd{team="T1"}'] == pytest.approx(row["cost_microusd"] / 1e6)
    assert measured['tijdwinst_month_budget_usd{team="T1"}'] == 0
    assert measured["tijdwinst_queued_runs"] == measured["tijdwinst_queue_age_seconds"] == 0
    assert "tijdwinst_socket_quiet_seconds" not in measured or not measured["tijdwinst_socket_quiet_seconds"]


async def test_faults_of_slack_and_the_model_are_counted_by_their_kind(world: World) -> None:
    """A dashboard shows rate limits, also those that were waited out, and why the model gave nothing."""
    root = await world.thread(*LINES)
    world.slack.fail("chat.update", status=429, times=1, retry_after=0)
    world.model.fail("overloaded")
    await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
    await world.card()
    measured = await _measured(world)

    assert measured['tijdwinst_slack_faults{code="ratelimited"}'] == 1
    assert measured['tijdwinst_model_faults{kind="busy"}'] == 1
    assert measured["tijdwinst_model_calls"] >= 1


async def test_no_name_id_or_word_of_anybody_stands_in_the_figures(world: World) -> None:
    """Whoever may read the figures reads nothing of what people asked."""
    root = await world.thread(*LINES)
    await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
    await world.card()
    told = " ".join(await _measured(world))

    assert not [word for word in (ANNA, SALES, "Friday", "Anna", "summarize") if word in told]


async def test_a_deaf_socket_is_opened_anew(tmp_path: Path) -> None:
    """The connection answers pings and brings nothing: what was said meanwhile still gets its draft."""
    async with running(tmp_path, socket=True, quiet_s=0.5) as world:
        root = await world.thread(*LINES)
        world.slack.deliveries.deafen()
        await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
        await world.card()
        measured = await _measured(world)

    assert measured["tijdwinst_socket_reopened"] >= 1
    assert len(world.slack.messages(world.im)) == 1


async def test_a_socket_that_brings_something_stays(tmp_path: Path) -> None:
    """A connection that works is left alone."""
    async with running(tmp_path, socket=True) as world:
        await world.slack.command(ANNA, SALES, "/tijdwinst")
        measured = await _measured(world)

    assert measured["tijdwinst_socket_reopened"] == 0
    assert 0 <= measured["tijdwinst_socket_quiet_seconds"] < 60


def test_a_collector_reads_the_log_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line is one object that says when, how bad, where, what, and about which run."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        set_up()
        set_up("json")
        with about_run("T1:C1:5.1"):
            logging.getLogger("bot.jobs").warning("it took %d s", 3)
        logging.getLogger("bot.app").info("ready\nnow")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())

    assert (first["level"], first["logger"], first["message"]) == ("WARNING", "bot.jobs", "it took 3 s")
    assert first["run"] == "T1:C1:5.1"
    assert first["time"]
    assert second["message"] == "ready\nnow"
    assert "run" not in second


async def test_lines_of_every_room_carry_the_run(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever looks for one run finds all that was logged about it, also by rooms that know no runs."""
    seen: list[tuple[str, str]] = []

    class Notes(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            from bot.logs import _run_in_hand

            seen.append((record.name, _run_in_hand.get()))

    handler = Notes()
    logging.getLogger("bot").addHandler(handler)
    try:
        root = await world.thread(*LINES)
        world.model.fail("overloaded")
        await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
        await world.card()
        (row,) = await world.rows(where=lambda row: row["finished_at"] is not None)
    finally:
        logging.getLogger("bot").removeHandler(handler)

    assert ("bot.jobs.runs", row["run_id"]) in seen


def test_the_compose_file_gives_the_bots_what_they_need() -> None:
    """Two bots share one database and one key, wait for it, and are told nothing that they do not know."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    bot, database = services["bot"], services["database"]
    named = set(bot["environment"])

    assert named <= {item.name.upper() for item in fields(Settings)}
    assert {"DATABASE_URL", "SECRET_KEYS"} <= named
    assert bot["deploy"]["replicas"] == 2
    assert bot["depends_on"]["database"]["condition"] == "service_healthy"
    assert database["environment"]["POSTGRES_DB"] in bot["environment"]["DATABASE_URL"]
    assert "volumes" not in bot
