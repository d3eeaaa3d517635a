"""Files that people send, as durable workflows: answered once, and forgotten when Slack has them no more."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from dbos import DBOS

from bot.jobs.durable import MAX_RECOVERIES, apart, crew_of, slack_is_away, start_again, step, team_of
from bot.jobs.sets import attend_sets

log = logging.getLogger(__name__)


async def _answer_upload(
    upload_id: str,
    *,
    answer: Callable[[str], Awaitable[None]],
    fail: Callable[[str], Awaitable[None]],
) -> None:
    """Answer an upload by a step, or tell by another that it failed; while Slack is away it stays untold."""
    try:
        await answer(upload_id)
    except Exception as error:  # DBOS wraps what a step met, so the type alone does not tell
        if slack_is_away(error):
            log.warning("upload=%s is not answered yet: %s", upload_id, error)
            return
        log.exception("upload=%s failed kind=%s", upload_id, type(error).__name__)
        await fail(upload_id)


@step("prices")
async def _prices(upload_id: str) -> None:
    await (await crew_of(upload_id)).uploads.answer(upload_id)
    # It may have been a sheet of texts that came back with verdicts.
    await apart(attend_sets(datetime.now(UTC), [team_of(upload_id)]))


@step("prices_failed")
async def _prices_failed(upload_id: str) -> None:
    await (await crew_of(upload_id)).uploads.fail(upload_id)


@DBOS.workflow(name="prices", max_recovery_attempts=MAX_RECOVERIES)
async def prices_workflow(upload_id: str) -> None:
    """Answer a file that came without a task, once; what Slack did not take stays untold, for the sweep."""
    await _answer_upload(upload_id, answer=_prices, fail=_prices_failed)


@DBOS.workflow(name="prices_given_up", max_recovery_attempts=MAX_RECOVERIES)
async def _prices_given_up(upload_id: str) -> None:
    """Tell that it failed: the bot crashed each time."""
    await _prices_failed(upload_id)


async def take_prices(upload_id: str, *, asked_by: str) -> None:
    """Start answering an upload that is committed; one of the same asker that is at work is left alone."""
    await start_again(f"prices:{upload_id}:{asked_by}", prices_workflow, upload_id, instead=_prices_given_up)


@step("documents")
async def _documents(upload_id: str) -> None:
    await (await crew_of(upload_id)).documents.answer(upload_id)


@step("documents_failed")
async def _documents_failed(upload_id: str) -> None:
    await (await crew_of(upload_id)).documents.fail(upload_id)


@DBOS.workflow(name="documents", max_recovery_attempts=MAX_RECOVERIES)
async def documents_workflow(upload_id: str) -> None:
    """Take in documents, or ask who may read them; what Slack did not take stays untold, for the sweep."""
    await _answer_upload(upload_id, answer=_documents, fail=_documents_failed)


@step("forget")
async def _forget(team_id: str, file_id: str) -> list[str]:
    return await (await crew_of(team_id)).documents.forget(file_id)


@step("forgotten")
async def _forgotten(team_id: str, file_id: str, name: str, owner_id: str) -> None:
    await (await crew_of(team_id)).documents.tell_forgotten(file_id, name, owner_id)


@DBOS.workflow(name="forget", max_recovery_attempts=MAX_RECOVERIES)
async def forget_workflow(team_id: str, file_id: str) -> None:
    """Forget the document of a file that is gone from Slack, and tell who sent it."""
    if told := await _forget(team_id, file_id):
        await _forgotten(team_id, file_id, *told)


async def forget_document(team_id: str, file_id: str) -> None:
    """Start forgetting the document of a file; one that is at work is left alone."""
    await start_again(f"forget:{team_id}:{file_id}", forget_workflow, team_id, file_id)


@DBOS.workflow(name="documents_given_up", max_recovery_attempts=MAX_RECOVERIES)
async def _documents_given_up(upload_id: str) -> None:
    """Tell that it failed: the bot crashed each time."""
    await _documents_failed(upload_id)


async def take_documents(upload_id: str, audience: str) -> None:
    """Start answering documents that are committed; the same step that is at work is left alone."""
    await start_again(
        f"documents:{upload_id}:{audience}", documents_workflow, upload_id, instead=_documents_given_up
    )
