"""A workflow in its old and its new version, to be run by processes that upgrade one after the other."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from dbos import DBOS, SetWorkflowID

from bot.jobs.engine import configure
from bot.jobs.slots import Slot

VERSION, URL, FOLDER = sys.argv[1], sys.argv[2], Path(sys.argv[3])


def _note(line: str) -> None:
    with (FOLDER / "done").open("a") as file:
        file.write(line + "\n")


@DBOS.step(name="first")
async def first(name: str) -> None:
    """Do what both versions do first."""
    _note(f"{name} first")


@DBOS.step(name="checked")
async def checked(name: str) -> None:
    """Do what only the new version does."""
    _note(f"{name} checked")


@DBOS.step(name="second")
async def second(name: str) -> None:
    """Do what both versions do next."""
    _note(f"{name} second")


@DBOS.step(name="last")
async def last(name: str) -> None:
    """Do what both do last; the old one waits with it, to be killed."""
    if VERSION == "old":
        await asyncio.Event().wait()
    _note(f"{name} last")


@DBOS.workflow(name="work")
async def work(name: str) -> None:
    """Work; the new version has a step more, which is for runs that began with it."""
    await first(name)
    if VERSION == "new" and await DBOS.patch_async("checked"):
        await checked(name)
    await second(name)
    await last(name)


async def main() -> None:
    """Start a run of this version, and whatever others left."""
    slot = Slot(URL)
    await slot.take()
    DBOS(config=configure(URL, slot.executor_id))
    DBOS.launch()
    slot.watch(lambda: None)
    with SetWorkflowID(f"begun-{VERSION}"):
        await DBOS.start_workflow_async(work, f"begun-{VERSION}")
    await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(main())
