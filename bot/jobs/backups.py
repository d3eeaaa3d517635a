"""The backup of the night, told to the admins when it fails; and what Slack shows after one was put back."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any

from dbos import DBOS, SetWorkflowID

from bot.jobs.durable import MAX_RECOVERIES, apart, at_work, crew_of, step, team_of
from bot.records.backups import BackupError, is_due, make_nightly
from bot.texts import text
from bot.views import placeholder
from bot.wire import SlackError

log = logging.getLogger(__name__)

NOTICE = "backup"


@DBOS.workflow(name="backup", max_recovery_attempts=1)
async def backup(when: datetime, context: Any) -> None:
    """Make the backup of the night, once; hourly, so that a machine that was off at night makes it up."""
    await _backup_step()


@DBOS.step(name="backup_step")
async def _backup_step() -> None:
    await apart(back_up(datetime.now(UTC)))


async def back_up(moment: datetime) -> None:
    """Make the backup that is due at *moment*; what goes wrong is told once, until one succeeds again."""
    engine = at_work()
    if engine.path is None:
        return  # PostgreSQL has its own way, which docs/operations.md names
    folder, records = engine.path.parent, engine.records
    try:
        if not await asyncio.to_thread(is_due, folder, moment):
            return
        path = await asyncio.to_thread(make_nightly, folder)
    except (BackupError, OSError) as error:
        log.error("no backup: %s", error)
        for team_id in await engine.teams.installed():
            if await records.people.noticed(team_id, NOTICE):
                continue
            sentence = text("admin.no-backup", (await records.workspaces.get(team_id)).language)
            if await _tell_admins(team_id, f"no-backup/{moment:%Y-%m-%dT%H}/{team_id}", sentence):
                await records.people.first_notice(team_id, NOTICE)
        return
    log.info("backup made: %s", path.name)
    for team_id in await records.workspaces.teams():
        await records.people.clear_notices(team_id, (NOTICE,))


async def _tell_admins(team_id: str, post_id: str, sentence: str) -> bool:
    try:
        told = await (await crew_of(team_id)).admins.tell(post_id, sentence, placeholder(sentence))
    except SlackError as error:
        log.warning("team=%s its admins were not told: %s", team_id, error)
        return False
    return told.fault is None


@DBOS.workflow(name="restored", max_recovery_attempts=MAX_RECOVERIES)
async def _restored() -> None:
    """Bring the cards of open drafts in line with the backup that was put back."""
    await _restored_step()


@step("restored")
async def _restored_step() -> None:
    records = at_work().records
    here = await at_work().teams.installed()
    for run_id in await records.settlements.undecided():
        if team_of(run_id) not in here:
            continue
        try:
            await (await crew_of(run_id)).cards.show(await records.requests.need(run_id))
        except SlackError as error:
            if error.away:
                raise
            log.warning("run=%s its card is not as the backup has it: %s", run_id, error)


async def show_restored() -> None:
    """After a restore, show again what waits for a decision: Slack shows what was decided since the backup."""
    made_at = await at_work().records.drafts.restored_to()
    if made_at:
        with SetWorkflowID(f"restored:{made_at}"):
            await DBOS.start_workflow_async(_restored)
