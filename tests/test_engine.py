"""The engine finds what was left, forgets what is old, and takes no wrong address."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy
from dbos import DBOS, SetEnqueueOptions, SetWorkflowID
from dbos._dbos import _get_dbos_instance

from bot.jobs import durable, schedules, workflows
from bot.jobs.files import prices_workflow
from bot.jobs.runs import turn_key
from bot.jobs.sets import bulk_workflow
from bot.records import WorkspaceSettings
from bot.records.uploads import Upload
from bot.sandbox.watch import PATIENCE_S
from bot.tasks import Run
from tests.bulk_set import send, table, the_set
from tests.conftest import ANNA, CHEF, SALES, World, buttons, until
from tests.test_run import LINES


async def _run(world: World, run_id: str) -> Run:
    root = await world.thread(*LINES)
    run = Run(
        run_id, "T1", SALES, ANNA, "summarise", "command", "en", source_channel_id=SALES, source_ts=root
    )
    await world.bot.records.requests.add(run)
    return run


@pytest.mark.parametrize(("queue", "partition"), [("interactiv", "k"), ("interactive", "")])
async def test_nothing_is_enqueued_where_it_would_never_run(world: World, queue: str, partition: str) -> None:
    """A wrong queue or a forgotten key is an error here, because the engine would keep it in silence for ever."""
    with pytest.raises(ValueError, match="no queue"):
        await durable.enqueue(queue, workflows.show, "x", 1, "approved", workflow_id="x", partition=partition)


@pytest.mark.sqlite("in PostgreSQL no run is started directly: each comes by the queue")
async def test_a_run_is_counted_once_while_it_comes_to_its_turn(world: World) -> None:
    """The fiftieth request of one moment starts at once, too: none waits because another one was counted twice."""
    engine = durable.at_work()
    engine.starting["T1:first"] = "anna"
    before = engine.is_taken("anna")
    async with durable.turn("anna", "T1:first"):
        counted = len(engine.starting) + sum(engine.active.values())
        during = engine.is_taken("anna"), engine.is_taken("ben")

    assert before
    assert counted == 1
    assert during == (True, False)
    assert not engine.is_taken("anna")


async def _looks_every() -> float:
    """Return after how many seconds the queue of people's runs is looked into again."""
    queue = await asyncio.to_thread(DBOS.retrieve_queue, "interactive")
    assert queue is not None
    return queue.polling_interval_sec


@pytest.mark.sqlite("in PostgreSQL the replicas set the pace together")
async def test_a_bot_that_nobody_asks_anything_takes_little_of_the_processor(world: World) -> None:
    """Who asks thrice at once is served as quickly as ever; afterwards, and before, the queues are left in peace."""
    going = asyncio.Event()

    async def speak(body: dict[str, Any]) -> None:
        await going.wait()

    world.model.answer_with(speak)
    before = await _looks_every()
    await world.slack.command(ANNA, SALES, "/draft", "proofread this are one.")
    await world.model.asked(1)
    # The second is taken from the queue to wait for its turn; the third waits there.
    for words in ("proofread these is two.", "proofread those is three."):
        await world.slack.command(ANNA, SALES, "/draft", words)
    async with asyncio.timeout(PATIENCE_S):
        while (during := await _looks_every()) == before:  # noqa: ASYNC110 - it stands in the database
            await asyncio.sleep(0.02)
    await durable.keep_pace()
    still = await _looks_every()
    going.set()
    await world.rows(3)
    await durable.keep_pace()

    assert (before, during, still, await _looks_every()) == (0.4, 0.1, 0.1, 0.4)


async def test_the_sweep_starts_what_was_left(world: World) -> None:
    """A request and a decision that were stored and went no further are carried out within a minute."""
    run = await _run(world, "T1:left")
    await schedules.sweep_now()
    card = await world.card()
    decided = await world.bot.records.reviews.decide(run.run_id, version=1, act="approved", user_id=ANNA)
    await schedules.sweep_now()
    await world.shown("Approved by")

    assert buttons(card)
    assert decided.result == "done"


async def _as_scheduled(workflow: Any) -> None:
    """Let the engine do what its schedule does: start a workflow, whose steps may do less than a test may."""
    handle = await DBOS.start_workflow_async(workflow, datetime.now(UTC), None)
    await handle.get_result(polling_interval_sec=0.02)


async def test_the_schedule_starts_what_was_left(world: World) -> None:
    """A request and a decision that went no further are carried out by the sweep itself, not only at a restart."""
    run = await _run(world, "T1:left")
    await _long_ago(world, "update requests set received_at = ?")
    await _as_scheduled(schedules.sweep)
    await world.card()
    await world.bot.records.reviews.decide(run.run_id, version=1, act="approved", user_id=ANNA)
    await _long_ago(world, "update reviews set decided_at = ?")
    await _as_scheduled(schedules.sweep)

    assert await world.shown("Approved by")


async def test_the_schedule_posts_the_digest(world: World) -> None:
    """When the clock strikes, the engine itself posts the week, without anybody's help."""
    await _run(world, "T1:week")
    await schedules.sweep_now()
    await world.card()
    await _long_ago(world, "update runs set started_at = ?")
    local = datetime.now(ZoneInfo("Europe/Amsterdam"))
    settings = WorkspaceSettings(
        digest_channel_id=SALES, digest_weekday=local.weekday(), digest_hour=local.hour
    )
    await world.bot.records.workspaces.change("T1", settings, user_id=ANNA)
    await _as_scheduled(schedules.rounds)
    await _as_scheduled(schedules.rounds)

    assert await world.shown("'header'", SALES)


async def test_the_schedule_cleans_up(world: World) -> None:
    """The night's cleaning runs through, whatever there is to delete."""
    await _run(world, "T1:old")
    await schedules.sweep_now()
    await world.card()
    await _long_ago(world, "update drafts set delete_after = ?")
    await _as_scheduled(schedules.clean)

    assert await world.bot.records.drafts.get("T1:old", 1) is None


async def _long_ago(world: World, sql: str) -> None:
    ago = (datetime.now(UTC) - timedelta(days=9)).isoformat(timespec="milliseconds")
    await world.bot.records.store.write(lambda db: db.execute(sql, [ago]))


async def _die(workflow_id: str) -> None:
    """Let the engine have given up a workflow of runs, as after crash upon crash."""
    with SetWorkflowID(workflow_id):
        handle = await DBOS.start_workflow_async(workflows.run_workflow, "T1:nobody", 1, "nobody", 0)
    with pytest.raises(Exception, match="no request"):
        await handle.get_result(polling_interval_sec=0.02)


async def test_a_poison_run_ends_in_an_apology(world: World) -> None:
    """A run that the engine gave up is told to its asker and to the admins instead of staying silent."""
    run = await _run(world, "T1:poison")
    await world.bot.records.ledger.open(run, claimed_minutes=15)
    await world.bot.records.requests.started(run.run_id)
    await world.bot.records.store.write(
        lambda db: db.execute("update runs set started_at = '2026-01-01T00:00:00.000+00:00'")
    )
    await _die(run.run_id)
    await schedules.sweep_step()
    await world.shown("Something broke on our side")
    told = await world.shown("made me crash", world.slack.workspace.im_with(CHEF).id)
    (row,) = await world.rows()

    assert row["outcome"] == "failed"
    assert "T1:poison" in told["text"]


async def _crash_on(workflow_id: str, *args: Any, workflow: Any = workflows.run_workflow) -> None:
    """Let the engine have met a workflow at crash upon crash, until it left it where it was."""
    with SetWorkflowID(workflow_id), SetEnqueueOptions(queue_partition_key="crashed", delay_seconds=3_600):
        await DBOS.enqueue_workflow_async("interactive", workflow, *args)
    engine = _get_dbos_instance()._sys_db
    flows = engine.tables.workflow_status
    with engine.engine.begin() as connection:
        connection.execute(
            sqlalchemy.update(flows)
            .where(flows.c.workflow_uuid == workflow_id)
            .values(status="MAX_RECOVERY_ATTEMPTS_EXCEEDED", queue_name=None)
        )


async def _left_open(world: World, run_id: str) -> Run:
    run = await _run(world, run_id)
    await world.bot.records.ledger.open(run, claimed_minutes=15)
    await world.bot.records.requests.started(run.run_id)
    await _long_ago(world, "update runs set started_at = ?")
    return run


@pytest.fixture
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bot that has been up for a while, and waits for nothing between two tries."""
    monkeypatch.setattr(durable, "CALM_S", 0.0)
    monkeypatch.setattr(durable, "AGAIN_AFTER_S", 0.0)


@pytest.mark.usefixtures("calm")
async def test_who_was_there_when_the_bot_crashed_again_and_again_gets_a_draft(world: World) -> None:
    """One run that makes the bot crash takes no other with it: each of them is tried once more, alone."""
    runs = [await _left_open(world, run_id) for run_id in ("T1:poison", "T1:beside")]
    for run in runs:
        await _crash_on(run.run_id, run.run_id, 1, turn_key(run), 0)
    await schedules.sweep_step()
    await world.rows(2, where=lambda row: row["outcome"] == "drafted")
    flows = await DBOS.list_workflows_async(workflow_id_prefix="T1:")
    alone = [one for one in flows if one.workflow_id.endswith("~~alone1")]

    assert "Something broke" not in str(world.slack.messages(SALES))
    assert len({one.queue_partition_key for one in alone}) == 1
    assert len(alone) == 2


async def test_a_bot_that_falls_over_at_once_tries_nothing_alone(world: World) -> None:
    """A machine that dies every few seconds for an hour uses no run's tries up: they wait for a bot that stays up."""
    run = await _left_open(world, "T1:beside")
    await _crash_on(run.run_id, run.run_id, 1, turn_key(run), 0)
    await schedules.sweep_step()
    flows = await DBOS.list_workflows_async(workflow_id_prefix="T1:")
    durable.at_work().opened_s -= durable.CALM_S
    await schedules.sweep_step()
    await world.card()

    assert len(flows) == 1


@pytest.mark.usefixtures("calm")
async def test_who_makes_the_bot_crash_alone_too_is_given_up(world: World) -> None:
    """The run that is at fault ends in an apology after its tries alone, and makes the bot crash no more.

    Its asker reads what to do instead, and is not invited to do the same once more.
    """
    run = await _left_open(world, "T1:poison")
    args = (run.run_id, 1, turn_key(run), 0)
    for ending in ("", *(f"~~alone{number + 1}" for number in range(workflows.TRIES_ALONE))):
        await _crash_on(f"{run.run_id}{ending}", *args)
    await schedules.sweep_step()
    told = await world.shown("each time I worked on this I crashed")
    await world.shown("made me crash", world.slack.workspace.im_with(CHEF).id)
    (row,) = await world.rows()

    assert row["outcome"] == "failed"
    assert "retry" not in buttons(told)


@pytest.mark.usefixtures("calm")
async def test_who_waits_for_an_answer_after_crashes_is_left_in_peace(world: World) -> None:
    """A run that asked its asker something once it was tried alone waits for the answer, and is not given up."""
    run = await _left_open(world, "T1:beside")
    await _crash_on(run.run_id, run.run_id, 1, turn_key(run), 0)
    with SetWorkflowID(f"{run.run_id}~~alone1"):
        handle = await DBOS.start_workflow_async(_ends, "well")
    await handle.get_result(polling_interval_sec=0.02)
    await world.bot.records.ledger.close(run.run_id, "waiting", reason="choice")
    await schedules.sweep_step()
    (row,) = await world.rows()

    assert row["outcome"] == "waiting"
    assert not world.slack.messages(world.im)


@pytest.mark.usefixtures("calm")
async def test_a_redo_that_met_crash_upon_crash_is_tried_alone(world: World) -> None:
    """The second version that was being written when the bot crashed comes all the same."""
    run = await _run(world, "T1:poison")
    await schedules.sweep_now()
    await world.card()
    decided = await world.bot.records.reviews.decide(run.run_id, version=1, act="redone", user_id=ANNA)
    await world.bot.records.reviews.shown(decided.review_id)
    await _long_ago(world, "update reviews set decided_at = ?")
    await _crash_on(f"{run.run_id}~2~{decided.review_id}", run.run_id, 2, turn_key(run), 0)
    await schedules.sweep_step()

    await until(lambda: len(world.model.requests) > 1)
    shown = await world.card(having="undo")

    assert "approve" in buttons(shown)
    assert await world.bot.records.drafts.get(run.run_id, 2) is not None


async def test_a_redo_that_was_given_up_gives_the_draft_back(world: World) -> None:
    """A redo that the engine gave up does not leave "Working on it" on the card: the version before stands again."""
    run = await _run(world, "T1:poison")
    await schedules.sweep_now()
    card = await world.card()
    decided = await world.bot.records.reviews.decide(run.run_id, version=1, act="redone", user_id=ANNA)
    await world.bot.records.reviews.shown(decided.review_id)
    await world.bot.records.store.write(
        lambda db: db.execute("update reviews set decided_at = '2026-01-01T00:00:00.000+00:00'")
    )
    await _die(f"{run.run_id}~2~{decided.review_id}")
    await schedules.sweep_step()
    shown = await world.shown("Something broke on our side")
    state = await world.bot.records.reviews.state(run.run_id)
    (row,) = await world.rows()

    assert shown["ts"] == card["ts"]
    assert "approve" in buttons(shown)
    assert state is not None
    assert (state.review, state.version, state.writing) == ("open", 1, False)
    assert row["outcome"] == "drafted"


async def test_a_run_that_was_given_up_while_it_waited_is_told(world: World) -> None:
    """Told that the draft comes by itself, the asker of one that never will reads so, instead of waiting for ever."""
    run = await _run(world, "T1:poison")
    await world.bot.records.ledger.open(run, claimed_minutes=15)
    await world.bot.records.requests.started(run.run_id)
    await world.bot.records.ledger.close(run.run_id, "waiting", reason="busy")
    await world.bot.records.store.write(
        lambda db: db.execute("update runs set started_at = '2026-01-01T00:00:00.000+00:00'")
    )
    await _die(f"{run.run_id}~~1.0")
    await schedules.sweep_step()
    await world.shown("Something broke on our side")
    (row,) = await world.rows()

    assert row["outcome"] == "failed"


@pytest.mark.usefixtures("calm")
async def test_a_table_that_makes_the_bot_crash_is_stopped(world: World) -> None:
    """A table on which the bot crashes each time is tried twice, then stands still and says so; it can go on."""
    await send(world, "descriptions", "bakken.csv", table(5))
    await world.card(having="bulk_map")
    one = await the_set(world)
    records = world.bot.records
    await records.bulk.move(one.set_id, "running", of="mapping")
    await _long_ago(world, "update bulk_sets set received_at = ?")
    for number in (one.turn + 1, one.turn + 2):
        await records.bulk.next_turn(one.set_id, number - 1)
        await _crash_on(f"bulk:{one.set_id}:{number}", one.set_id, number, workflow=bulk_workflow)
    await schedules.sweep_step()
    shown = await world.shown("each time I worked on this table I crashed")

    assert "bulk_resume" in buttons(shown)
    assert (await the_set(world)).stage == "paused"


@pytest.mark.usefixtures("calm")
async def test_a_file_that_makes_the_bot_crash_is_told(world: World) -> None:
    """Who sent a file on which the bot crashes each time reads that it failed, instead of nothing for ever."""
    im = world.slack.workspace.im_with(CHEF).id
    upload = Upload("T1:D1:1.1", "T1", im, "", CHEF, "F1", "en")
    await world.bot.records.uploads.add(upload)
    await _long_ago(world, "update price_uploads set received_at = ?")
    for again in ("", "~1"):
        workflow_id = f"prices:{upload.upload_id}:{upload.asked_by}{again}"
        await _crash_on(workflow_id, upload.upload_id, workflow=prices_workflow)
    await schedules.sweep_step()

    assert await world.shown("Something went wrong on our side with that file", im)


async def test_old_texts_and_workflows_are_deleted(world: World) -> None:
    """After its date a text is gone; the ledger keeps its row."""
    run = await _run(world, "T1:old")
    await schedules.sweep_now()
    await world.card()
    (row,) = await world.rows()
    await world.bot.records.store.write(
        lambda db: [
            db.execute(f"update {table} set delete_after = '2026-01-01T00:00:00.000+00:00'")
            for table in ("requests", "drafts")
        ]
    )
    await schedules.clean_step()

    assert await world.bot.records.requests.get(run.run_id) is None
    assert await world.bot.records.drafts.get(run.run_id, 1) is None
    assert (await world.rows())[0]["run_id"] == row["run_id"]


@DBOS.workflow(name="test_ends")
async def _ends(how: str) -> None:
    if how == "badly":
        raise ValueError(how)


async def _tries(workflow_id: str) -> list[str]:
    found = await DBOS.list_workflows_async(workflow_id_prefix=workflow_id)
    return [one.status for one in found]


@pytest.mark.parametrize(("how", "tries"), [("badly", 1), ("well", 2)])
async def test_what_fails_by_our_fault_is_not_tried_each_minute(world: World, how: str, tries: int) -> None:
    """A decision that cannot be shown fills no log: it is tried less and less often; while Slack is away, at once."""
    await durable.start_again("T1:x", _ends, how)
    async with asyncio.timeout(PATIENCE_S):
        while "PENDING" in await _tries("T1:x"):  # noqa: ASYNC110 - the engine tells nobody when it is done
            await asyncio.sleep(0.02)
    await durable.start_again("T1:x", _ends, how)

    assert len(await _tries("T1:x")) == tries
