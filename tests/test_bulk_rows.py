"""Where a row of a table stands: what may happen to it, and that no text of it is lost on the way."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.jobs import carry_on
from bot.records.bulk_events import EVENTS, Event, ItemState, change_rows
from bot.records.bulk_items import Item
from bot.records.schema import migrate
from bot.records.sqlite import FileDatabase
from bot.sandbox.model_rules import user_text
from tests.bulk_set import Unwilling, begin, press, table, the_set, unlike, written
from tests.conftest import ANNA, World, until
from tests.test_leaks import statements

SET = "T1:D1:1.0"
ROWS = range(2, 6)
VALUES: dict[str, list[str]] = {
    **{name: ["why"] for name in ("failed", "given_up", "fell_back")},
    **{name: ["[]"] for name in ("wrote", "judged")},
    **{name: ["claim"] for name in ("claimed", "released")},
}
HAPPENINGS = st.lists(
    st.tuples(st.sampled_from(sorted(EVENTS)), st.sets(st.sampled_from(ROWS), min_size=2)),
    min_size=20,
    max_size=40,
)


@pytest.fixture(scope="module")
def db() -> Iterator[FileDatabase]:
    """The tables, empty."""
    made = FileDatabase(memory=True)
    migrate(made)
    yield made
    made.close()


class Rows:
    """A few rows of a table, and the versions that have a text, by number."""

    def __init__(self, db: FileDatabase, numbers: Sequence[int] = ROWS) -> None:
        self.db = db
        self.texts: set[tuple[int, int]] = set()
        db.execute("delete from bulk_items")
        rows = [(SET, number, "[]") for number in numbers]
        db.executemany("insert into bulk_items (set_id, row_number, cells) values (?, ?, ?)", rows)

    def now(self) -> dict[int, dict[str, Any]]:
        """Return the rows as they stand."""
        found = self.db.query("select * from bulk_items where set_id = ?", [SET])
        return {row["row_number"]: row for row in found}

    def happen(self, event: Event, numbers: Sequence[int]) -> int:
        """Let an event happen to rows; return to how many it did."""
        before = self.now()
        keys = [(number, before[number]["version"]) for number in numbers]
        count = change_rows(self.db, event, SET, VALUES.get(event, []), rows=keys)
        if event == "wrote":
            after = self.now()
            self.texts |= {key for key in keys if after[key[0]]["state"] == "written"}
        return count

    def check(self) -> None:
        """Hold each row to what is true of one wherever it stands."""
        for number, row in self.now().items():
            state, version = row["state"], row["version"]
            assert state in get_args(ItemState)
            assert (row["claim_id"] is not None) == (state == "asked")
            assert ((number, version) in self.texts) == (state == "written")
            if row["attempt"] == 2 and state != "written":
                assert state in ("open", "asked")
                assert (number, version - 1) in self.texts
            if state == "failed":
                assert row["trouble"]


@given(happenings=HAPPENINGS)
@settings(max_examples=60)
def test_nothing_happens_to_a_row_but_what_the_table_says(db: FileDatabase, happenings: list[Any]) -> None:
    """Whatever happens in whatever order, a row goes where the table says or stays; no text is written over."""
    rows = Rows(db)
    for event, numbers in happenings:
        change, before = EVENTS[event], rows.now()
        count = rows.happen(event, sorted(numbers))
        moved = {number for number, row in rows.now().items() if row != before[number]}
        rows.check()

        assert moved <= numbers
        assert len(moved) <= count
        after = rows.now()
        for number in moved:
            assert before[number]["state"] in change.needs
            assert after[number]["state"] == change.becomes


@given(happenings=HAPPENINGS, answers=st.lists(st.sampled_from(["text", "fault", "refused"]), min_size=1))
@settings(max_examples=60)
def test_every_row_ends_once(db: FileDatabase, happenings: list[Any], answers: list[str]) -> None:
    """Carried on from wherever it is, a set ends: each row is written or told to have failed, and none waits."""
    rows = Rows(db)
    for event, numbers in happenings:
        rows.happen(event, sorted(numbers))
    change_rows(db, "released", SET, ["claim"])
    change_rows(db, "started", SET)
    for asked in range(2 * len(ROWS) + 1):
        left = [row for row in rows.now().values() if row["state"] == "open"]
        if not left:
            break
        number, answer = left[0]["row_number"], answers[asked % len(answers)]
        if answer == "text":
            assert rows.happen("wrote", [number]) == 1
        elif answer == "fault" and left[0]["tries"] == 0:
            assert rows.happen("failed", [number]) == 1
        else:
            assert rows.happen("fell_back", [number]) + rows.happen("given_up", [number]) == 1
        rows.check()

    assert {row["state"] for row in rows.now().values()} <= {"written", "failed"}


def test_two_thousand_rows_change_in_one_statement(db: FileDatabase) -> None:
    """The longest table is sent at once: its rows are not claimed one by one."""
    rows = Rows(db, range(2_000))
    said: list[str] = []
    db.conn.set_trace_callback(said.append)
    counts = [rows.happen(event, range(2_000)) for event in ("started", "claimed", "wrote", "redone")]
    db.conn.set_trace_callback(None)

    assert counts == [2_000] * 4
    assert sum("update bulk_items" in one for one in said) == 4


def test_only_one_room_writes_where_a_row_stands() -> None:
    """Whoever changes a row past the table is found here, before its text is lost."""
    writers = {
        where: re.findall(r"(\w+) = ", told[1])
        for where, said in statements()
        if (told := re.search(r"update bulk_items set (.*?) where", said))
    }

    assert writers == {
        "bulk_events change_rows": ["state"],
        "bulk_items choose_samples": ["row_hash", "is_sample"],
    }


async def row(world: World, number: int) -> Item:
    """Return one row of the only set."""
    (found,) = await world.bot.records.bulk_items.items((await the_set(world)).set_id, numbers=(number,))
    return found


async def test_a_redo_that_may_not_leave_gives_the_text_back(world: World) -> None:
    """A password in what should be different: the text stands as it was, says why, and can be approved."""
    await written(world, 4)
    card = await world.card(having="bulk_approve")
    set_id = (await the_set(world)).set_id
    await world.slack.click(ANNA, world.im, card["ts"], "bulk_item_3", value=f"redo|3.1|{set_id}")
    await world.slack.wait_for(lambda: world.slack.modal(ANNA))
    await world.slack.submit(ANNA, {"instruction": "Gebruik wachtwoord: Zwanenhals!4711"})
    told = str(await world.shown("Not written again"))
    card = await world.card(having="bulk_approve")
    await world.slack.click(ANNA, world.im, card["ts"], "bulk_approve")
    await world.shown("4 accepted")

    assert "4 of 4 texts" in told
    assert "Zwanenhals" not in str([one.body for one in world.model.requests])


async def test_a_cancel_keeps_the_first_texts(world: World) -> None:
    """Cancelled while code has texts written again, a set keeps those that it had: they are paid."""

    def speak(body: dict[str, Any]) -> str:
        if any(f"Bak {number}\n" in user_text(body) for number in (4, 5)):
            world.model.batches.held = True
            return "Deze plantenbak weegt 999 kilo."
        return unlike(body)

    world.model.answer_with(speak)
    await begin(world.slack, table(6))
    await until(lambda: len(world.model.batches.sent()) == 2)
    await press(world.slack, "bulk_cancel")

    assert await world.shown("is cancelled. 6 of 6")
    assert await world.shown("6 of 6 texts wait")


async def test_an_answer_under_way_outlives_another_rows_limit(world: World) -> None:
    """Two texts are written again and a limit stops one of them: the other comes, and each can be approved."""
    world.model.name = None
    one = await written(world, 4)
    records, asked, go_on = world.bot.records, world.model.count, asyncio.Event()
    spent, estimate = await records.store.read(
        lambda db: db.execute("select max(cost_microusd), max(estimate_microusd) from calls").fetchone()
    )
    firm = await records.workspaces.get("T1")
    limit = (spent + estimate + 500) * firm.usd_rate / 1_000_000
    await records.workspaces.change("T1", replace(firm, run_budget=limit), user_id=ANNA)

    async def speak(body: dict[str, Any]) -> str:
        await go_on.wait()
        return "Deze plantenbak is korter."

    world.model.answer_with(speak)
    for number, instruction in ((2, "korter"), (3, "korter " * 4_000)):
        item = await row(world, number)
        await records.reviews.decide(
            item.run_id, version=1, act="redone", user_id=ANNA, instruction=instruction, minutes_each=0.1
        )
    await records.bulk.stir(one.set_id)
    await carry_on(one.set_id)
    try:
        await world.slack.wait_for(
            lambda: (
                (
                    world.model.count > asked
                    and any("count_tokens" in one.path for one in world.model.requests)
                )
                or None
            )
        )
    finally:
        go_on.set()
    await world.shown("Not written again")
    await press(world.slack, "bulk_approve")
    await world.shown("4 accepted")

    assert [(await row(world, number)).version for number in (2, 3)] == [2, 1]


async def test_a_redo_and_its_row_are_one_write(world: World) -> None:
    """Stopped right after a redo was decided, the bot writes that text: it never waits for nobody."""
    await written(world, 4)
    item = await row(world, 3)
    await world.bot.records.reviews.decide(
        item.run_id, version=1, act="redone", user_id=ANNA, instruction="korter", minutes_each=0.1
    )
    again = await row(world, 3)

    assert (again.state, again.version) == ("open", 2)


async def test_what_was_approved_meanwhile_is_not_written_again(world: World) -> None:
    """Approved while code still holds all texts against each other, a text stays: nobody gets one that was not read."""
    one = await written(world, 4)
    items = world.bot.records.bulk_items
    found = await items.items(one.set_id)
    await world.bot.records.reviews.decide(
        found[1].run_id, version=1, act="approved", user_id=ANNA, minutes_each=0.1
    )
    await items.redo(one.set_id, found)

    assert [(await row(world, number)).state for number in (2, 3, 4, 5)] == [
        "open",
        "written",
        "open",
        "open",
    ]


async def test_a_row_that_was_refused_holds_up_no_erasure(world: World) -> None:
    """A row whose text may not leave is told and done with: who is erased is erased."""
    world.model.answer_with(unlike)
    await begin(world.slack, table(6) + b"\nwachtwoord: Zwanenhals!4711;staal;9 cm;plantenbak")
    await world.shown("6 of 7 texts")
    records = world.bot.records
    erased = await records.erasures.erase(await records.erasures.ask("T1", ANNA))

    assert erased.under_way == 0
    assert await records.store.read(lambda db: db.execute("select count(*) from bulk_sets").fetchone()) == (
        0,
    )


async def test_a_text_that_failed_first_counts_as_the_others(world: World) -> None:
    """A row that is written at the second press takes its share of what asking took, and waits for its review."""
    model = Unwilling("Bak 5")
    world.model.answer_with(model)
    await begin(world.slack, table(6))
    await world.shown("5 of 6 texts")
    model.declines = False
    await press(world.slack, "bulk_retry")
    await world.shown("6 of 6 texts")
    rows = await world.rows(6)

    assert {(row["outcome"], row["delivered_at"] is None, row["settled_at"]) for row in rows} == {
        ("drafted", False, None)
    }
    assert len({row["asking_minutes"] for row in rows}) == 1
