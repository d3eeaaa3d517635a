"""Workflows of the house's order: a lifted limit is shown."""

from __future__ import annotations

from dbos import DBOS

from bot.jobs.durable import MAX_RECOVERIES, at_work, start_again, step


@DBOS.workflow(name="lift", max_recovery_attempts=MAX_RECOVERIES)
async def _lift(lift_id: int) -> None:
    """Show that a limit was lifted."""
    await _lift_step(lift_id)


@step("lift")
async def _lift_step(lift_id: int) -> None:
    allowance = at_work().runs.allowance
    lift = await allowance.records.budgets.get_lift(lift_id)
    if lift is not None:
        await allowance.show_lift(lift)


async def show_lift(lift_id: int) -> None:
    """Start showing that a limit was lifted; twice is once."""
    await start_again(f"lift:{lift_id}", _lift, lift_id)
