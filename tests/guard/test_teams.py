"""Two workspaces in one file, with the same ids in both: neither ever sees what is the other's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.quotes.offer import Customer
from bot.records import Records
from bot.records.baselines import Work
from bot.records.screening_rules import ScreeningRules
from bot.tasks import Person
from bot.value.baselines import Guess
from tests.conftest import records_in

US, THEM = "T1", "T2"
Step = Callable[[Records, str], Awaitable[Any]]


async def _settings(records: Records, team: str) -> None:
    held = await records.workspaces.get(team)
    await records.workspaces.change(team, replace(held, guests_welcome=False), user_id="U1")


async def _template(records: Records, team: str) -> None:
    await records.templates.add(team, "geheim", "GEHEIM", user_id="U1", after=0)
    await records.templates.publish(team, "geheim", 1, user_id="U1")


KEPT: dict[str, tuple[Step, Step]] = {
    "customers": (
        lambda records, team: records.customers.remember(
            team, Customer("Geheim BV", ("Straat 1",)), language="nl", user_id="U1"
        ),
        lambda records, team: records.customers.known(team),
    ),
    "people": (
        lambda records, team: records.people.put([Person(team, "U1", name="Geheim")]),
        lambda records, team: records.people.get(team, {"U1"}),
    ),
    "names": (
        lambda records, team: records.people.put([Person(team, "U1", name="Geheim")]),
        lambda records, team: records.people.names(team),
    ),
    "messages tabs": (
        lambda records, team: records.people.put_messages_tab(team, "U1", "D1"),
        lambda records, team: records.people.messages_tab(team, "U1"),
    ),
    "notices": (
        lambda records, team: records.people.first_notice(team, "budget"),
        lambda records, team: records.people.noticed(team, "budget"),
    ),
    "templates": (_template, lambda records, team: records.templates.published(team)),
    "versions of templates": (_template, lambda records, team: records.templates.body(team, "geheim", 1)),
    "the firm": (
        lambda records, team: records.firms.change(team, {"about": "Geheim"}, user_id="U1"),
        lambda records, team: records.firms.get(team),
    ),
    "settings": (_settings, lambda records, team: records.workspaces.changes(team)),
    "rules of screening": (
        lambda records, team: records.screening_rules.put(
            team, ScreeningRules(purpose="Geheim"), user_id="U1"
        ),
        lambda records, team: _purpose(records, team),
    ),
    "work": (
        lambda records, team: records.baselines.put_work(
            team, Work("geheim", 12, Guess(5, 10, 20)), user_id="U1", claimed_minutes=5
        ),
        lambda records, team: records.baselines.works(team),
    ),
    "timers": (
        lambda records, team: records.baselines.start(team, "U1", "geheim"),
        lambda records, team: records.baselines.running(team, "U1"),
    ),
    "the audit log": (
        lambda records, team: records.audit.add(team, "blocked", user_id="U1", subject="geheim"),
        lambda records, team: records.audit.newest(team),
    ),
}


async def _purpose(records: Records, team: str) -> str:
    return (await records.screening_rules.get(team)).purpose


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    """Records of their own."""
    opened = records_in(tmp_path)
    yield opened
    await opened.close()


@pytest.mark.parametrize("kind", KEPT)
async def test_what_another_workspace_keeps_is_not_there(records: Records, kind: str) -> None:
    """What T2 wrote under the same ids is nothing to T1, and still all there for T2."""
    write, read = KEPT[kind]
    await write(records, THEM)
    ours, theirs = await read(records, US), await read(records, THEM)

    assert not ours
    assert theirs
