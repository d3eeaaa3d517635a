"""A vacancy's proposal that is redone, taken back, or being written anew: what is locked is what the card says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bot.records.screenings import Screening
from bot.screening.criteria import Criterion
from tests.conftest import ANNA, World, older_tables, records_in, said
from tests.screening.test_vacancy import PROPOSED, only_vacancy, vacancy

AT = "2026-10-20T10:00:00.000+00:00"
ANEW: dict[str, Any] = {
    "title": "Roofer, Zwolle",
    "criteria": [
        {"criterion": f"Lays roofs of kind {number}", "kind": "must", "weight": 2, "evidence": ""}
        for number in range(1, 6)
    ],
    "left_out": [],
}


async def redo(world: World, ts: str) -> None:
    """Have the proposal written anew, about roofs."""
    world.model.answers.append(dict(ANEW))
    await world.slack.click(ANNA, world.im, ts, "redo")
    await world.slack.wait_for(lambda: world.slack.modal(ANNA))
    await world.slack.submit(ANNA, {"instruction": "it is about roofs"})
    await world.shown("Roofer, Zwolle")


async def opened(world: World, ts: str) -> str:
    """Press the lock, and return the form."""
    await world.slack.click(ANNA, world.im, ts, "screening_lock")
    return str(await world.slack.wait_for(lambda: world.slack.modal(ANNA)))


async def test_a_redo_that_stands_is_what_is_locked(world: World) -> None:
    """After a redo the form holds the newer criteria, and they are locked under the newer title."""
    ts = await vacancy(world, lock=False)
    await redo(world, ts)
    form = await opened(world, ts)
    await world.slack.submit(ANNA)
    await world.shown("The criteria were locked by")
    locked = await only_vacancy(world)

    assert "Lays roofs of kind 1" in form
    assert "Makes window frames" not in form
    assert (locked.title, locked.criteria[0].text) == ("Roofer, Zwolle", "Lays roofs of kind 1")


async def test_an_undone_redo_is_not_what_is_locked(world: World) -> None:
    """After Undo the card shows the first criteria again: the form opens these, and these are locked."""
    ts = await vacancy(world, lock=False)
    await redo(world, ts)
    await world.slack.click(ANNA, world.im, ts, "undo")
    card = said(await world.shown("Makes window frames"))
    form = await opened(world, ts)
    await world.slack.submit(ANNA)
    await world.shown("The criteria were locked by")
    locked = await only_vacancy(world)
    (row,) = await world.rows(where=lambda row: row["task"] == "screening")

    assert "roofs" not in card
    assert "Makes window frames" in form
    assert "roofs" not in form
    assert (locked.title, locked.criteria[0].text) == ("Joiner, Deventer", "Makes window frames")
    assert row["review"] == "approved"


async def test_a_redo_that_is_being_written_is_not_locked_yet(world: World) -> None:
    """Criteria that no card shows yet, or whose redo breaks off, are not in the form."""
    ts = await vacancy(world, lock=False)
    shown = await only_vacancy(world)
    newer = Screening(
        shown.screening_id, shown.team_id, ANNA, "en", "Roofer", (Criterion("Lays roofs"),), "new"
    )
    await world.bot.records.screenings.propose(newer, 2)
    form = await opened(world, ts)

    assert PROPOSED["criteria"][0]["criterion"] in form
    assert "Lays roofs" not in form


async def test_a_redo_that_broke_off_is_never_locked(world: World) -> None:
    """A vacancy whose redo failed is locked as it stood, also when its draft is past its date and deleted."""
    await vacancy(world, lock=False)
    shown = await only_vacancy(world)
    newer = Screening(
        shown.screening_id, shown.team_id, ANNA, "en", "Roofer", (Criterion("Lays roofs"),), "new"
    )
    await world.bot.records.screenings.propose(newer, 2)
    await world.bot.records.reviews.take_back(shown.screening_id, 1)
    await world.bot.records.store.write(lambda db: db.execute("delete from drafts"))

    assert await only_vacancy(world) == shown


async def test_what_was_locked_stays_whatever_is_proposed_later(world: World) -> None:
    """A redo that comes after the lock changes neither criteria nor title."""
    records = world.bot.records
    first = Screening("T1:D1:1.0", "T1", ANNA, "en", "Joiner", (Criterion("Makes frames"),), "")
    later = Screening("T1:D1:1.0", "T1", ANNA, "en", "Roofer", (Criterion("Lays roofs"),), "")
    await records.screenings.propose(first, 1)
    await records.screenings.lock("T1:D1:1.0", [Criterion("Makes doors")], user_id=ANNA)
    await records.screenings.propose(later, 2)
    kept = await records.screenings.get("T1:D1:1.0")
    (open_one,) = await records.screenings.open_of("T1", ANNA)

    assert kept is not None
    assert (kept.title, [one.text for one in kept.criteria]) == ("Joiner", ["Makes doors"])
    assert open_one == kept


async def test_criteria_of_an_older_version_are_taken_over(tmp_path: Path) -> None:
    """After an update the lock of a vacancy that waits for it opens its criteria; undoing its redo later works."""
    db = older_tables(tmp_path, before="m023_proposals")
    for version in (1, 2):
        db.execute(
            """
            insert into drafts (run_id, version, text, model, sources, messages_read, notes, created_at, delete_after)
            values ('T1:D1:1.0', ?, 'Joiner', 'm', '{}', 0, '[]', ?, ?)
            """,
            [version, AT, AT],
        )
    db.execute(
        """
        insert into screenings (screening_id, team_id, user_id, language, title, criteria, criteria_version,
            created_at, active_at)
        values ('T1:D1:1.0', 'T1', ?, 'en', 'Joiner', '[{"text": "Makes frames"}]', 'abc', ?, ?)
        """,
        [ANNA, AT, AT],
    )
    db.conn.commit()
    db.close()
    records = records_in(tmp_path)
    kept = await records.screenings.get("T1:D1:1.0")
    versions = await records.store.read(
        lambda db: db.execute("select version, title from screening_proposals").fetchall()
    )
    await records.close()

    assert kept is not None
    assert (kept.title, [one.text for one in kept.criteria]) == ("Joiner", ["Makes frames"])
    assert versions == [(2, "Joiner")]
