"""What is kept of people: shown, taken out, erased for good, everywhere; and a log that nobody can change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from bot import jobs
from bot.offline import purge
from bot.premises import StartError
from bot.records import STORE_ERRORS, Records, WorkspaceSettings
from bot.records.dialect import SCHEMA
from bot.records.erasures import NOT_WALKED
from bot.records.knowledge import OpenQuestion
from bot.records.schema import migrate
from bot.records.screenings import Screening
from bot.records.teams import BEGINS
from bot.sandbox.watch import PATIENCE_S
from bot.screening.criteria import Criterion
from bot.settings import Settings
from bot.tasks import Draft, Run
from tests import postgres
from tests.conftest import ANNA, BEN, CHEF, SALES, World
from tests.stored import stored

PLANTED = "zwanenhals-4711"
RUN = Run("T1:C1:1.000001", "T1", "C1", ANNA, "email", "mention", "en", words=f"write about {PLANTED}")

# Of no person: what the firm sells, at which price, and what holds for it; nobody's words about anybody.
OF_THE_FIRM = {"prices", "price_lists", "baselines", "digests", "documents", "passages"} | {
    *("teams", "installations", "oauth_states"),
}


@pytest.fixture(params=["file", "server"])
async def records(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Records]:
    """Records of a new installation, in a file and in PostgreSQL."""
    url = postgres.database_for(tmp_path) if request.param == "server" else ""
    opened = Records(tmp_path / "records.sqlite", database_url=url)
    opened.open()
    yield opened
    await opened.close()


def _tables() -> dict[str, dict[str, str]]:
    """Return table -> column -> type, of everything that the schema holds."""
    db = Database(memory=True)
    migrate(db)
    found = {
        name: {column.name: column.type.lower() for column in db[name].columns}
        for name in db.table_names()
        if not name.startswith(("sqlite_", "_sqlite"))
    }
    db.close()
    return found


async def _plant(records: Records, *, outcome: str = "drafted") -> None:
    """Put Anna and a text into every table, in every column that takes text, with nothing else around."""

    def work(db: Any) -> None:
        db.defer_checks()
        for table, columns in _tables().items():
            if table in (*NOT_WALKED, *OF_THE_FIRM):
                continue
            values: dict[str, Any] = {}
            for name, kind in columns.items():
                values[name] = (
                    f"{PLANTED} <@{ANNA}>" if kind == "text" else None if name.endswith("_id") else 0
                )
            if table in ("workspace_settings", "template_states", "budget_lifts"):
                # Names of ours, which the audit log repeats: no person's words come into them.
                values |= {name: "ours" for name in ("name", "kind", "period") if name in columns}
            values |= {"act": ""} if table == "knowledge_changes" else {}
            values |= {name: RUN.run_id for name in BEGINS if name in columns}
            values |= {"team_id": "T1"} if "team_id" in columns else {}
            values |= {"user_id": ANNA} if "user_id" in columns else {}
            values |= {name: "2026-11-03T10:00:00.000+00:00" for name in columns if name.endswith("_at")}
            values |= {"delete_after": "2099-01-01T00:00:00.000+00:00"} if "delete_after" in columns else {}
            values |= {"im_channel_id": "D0ANNA"} if table == "people" else {}
            values |= {"channel_id": "D0ANNA"} if table in ("runs", "posts") else {}
            values |= {"outcome": outcome, "reason": None} if table == "runs" else {}
            values |= {"state": "asking"} if table == "choices" else {}
            values = {name: value for name, value in values.items() if value is not None}
            # The log's own triggers were here first.
            db.execute(
                f"insert into {table} ({', '.join(values)}) values ({', '.join('?' * len(values))})"
                " on conflict do nothing",
                list(values.values()),
            )

    await records.store.write(work)


def _rows(records: Records, table: str) -> list[dict[str, Any]]:
    return list(records.store.pages(f"select * from {table}", []))


async def test_every_table_is_covered_by_an_erasure(records: Records, tmp_path: Path) -> None:
    """Whoever is erased stands in no table any more, nor in the bytes of the files; a new table is covered too."""
    await _plant(records)
    before = stored(tmp_path)
    erased = await records.erasures.erase(await records.erasures.ask("T1", ANNA))
    after = stored(tmp_path)
    texts = {table for table, columns in _tables().items() if {"run_id", "delete_after"} <= columns.keys()}

    assert erased.under_way == 0
    assert PLANTED.encode() in before
    assert ANNA.encode() in before
    for table in _tables().keys() - OF_THE_FIRM:
        assert ANNA not in str(_rows(records, table)), table
        assert "D0ANNA" not in str(_rows(records, table)), table
    for table in texts - {"reviews"} | {"people"}:
        assert _rows(records, table) == [], table
    assert _rows(records, "reviews")[0]["instruction"] is None
    assert ANNA.encode() not in after
    assert b"D0ANNA" not in after
    assert _rows(records, "runs")[0]["user_id"].startswith("erased-")
    assert _rows(records, "audit")[-1]["act"] == "erased"


def test_every_text_is_known_to_be_deleted_or_to_be_no_persons() -> None:
    """A table that holds words of people has a date for them, or a reason why not stands here."""
    kept = {
        # Words of the firm about itself or its work, kept until somebody changes them.
        *("templates", "workspace_settings", "inventory", "timings", "guidelines"),
        # That somebody accepted a version of it: an id and a moment.
        "guideline_acceptances",
        # Names that Slack tells, or keys and ids of ours.
        *(
            "people",
            "actors",
            "choices",
            "runs",
            "calls",
            "forms",
            "posts",
            "notices",
            "plans",
            "template_states",
        ),
        # What goes with the row of its set, which has the date.
        *("bulk_items", "bulk_batches", "bulk_returns"),
        *(
            "budget_lifts",
            "price_uploads",
            "quote_approvals",
            "quote_numbers",
            "stops",
            "audit",
            "departures",
            "erasures",
        ),
        # Of a vacancy: its own dates hold for them, `texts_until` for words and `delete_after` for all of it.
        *("screening_candidates", "screening_findings", "screening_log", "screening_proposals"),
        # Of a table with a text per row: they go with their set, which has a date.
        *("bulk_items", "bulk_batches", "bulk_returns"),
        # Files that came in for the knowledge base: ids and names of them.
        "knowledge_uploads",
        # Who touched the knowledge base last: ids.
        "knowledge_changes",
        # What the firm fills in about its screening.
        "screening_rules",
    }
    undated = {name for name, columns in _tables().items() if "delete_after" not in columns}

    assert undated - OF_THE_FIRM == kept


async def test_an_erasure_that_is_done_twice_is_done_once(records: Records) -> None:
    """The button and the clock may both carry it out: the second finds it done, and brings no id back."""
    await _plant(records)
    erasure = await records.erasures.ask("T1", ANNA)
    await records.erasures.erase(erasure)
    again = await records.erasures.erase(erasure)
    events = [row for row in _rows(records, "audit") if row["act"] == "erased"]

    assert again.runs == ()
    assert ANNA not in str(_rows(records, "actors"))
    assert len(events) == 1


async def test_others_keep_what_is_theirs(records: Records) -> None:
    """An erasure touches nobody whose id begins alike, and no run of anybody else."""
    other = replace(RUN, run_id="T1:C1:2.000001", user_id=f"{ANNA}2")
    for run in (RUN, other):
        await records.requests.add(run)
        await records.ledger.open(run, claimed_minutes=5)
        await records.drafts.add(Draft(run.run_id, 1, f"about {PLANTED}", "m"))
        await records.ledger.close(run.run_id, "drafted")
    await records.erasures.erase(await records.erasures.ask("T1", ANNA))
    rows = {row["run_id"]: row["user_id"] for row in await records.ledger.newest()}

    assert rows[other.run_id] == f"{ANNA}2"
    assert rows[RUN.run_id].startswith("erased-")
    assert (await records.drafts.get(other.run_id, 1)) is not None
    assert (await records.drafts.get(RUN.run_id, 1)) is None


async def test_what_is_being_written_is_erased_when_it_is_done(records: Records) -> None:
    """A request under way still reaches its asker; the erasure waits for it and needs no second press."""
    await records.requests.add(RUN)
    await records.ledger.open(RUN, claimed_minutes=5)
    first = await records.erasures.erase(await records.erasures.ask("T1", ANNA))
    kept = await records.requests.get(RUN.run_id)
    await records.drafts.add(Draft(RUN.run_id, 1, PLANTED, "m"))
    await records.ledger.close(RUN.run_id, "drafted")
    for erasure in await records.erasures.asked():
        await records.erasures.erase(erasure)

    assert (first.under_way, kept is not None) == (1, True)
    assert await records.erasures.asked() == []
    assert await records.requests.get(RUN.run_id) is None
    assert ANNA not in str(await records.ledger.newest())


async def test_anna_takes_out_and_erases_what_is_kept_of_her(world: World, tmp_path: Path) -> None:
    """She reads what is kept, gets all of it as a file, and after the dialog nothing of her is left; Ben's stays."""
    for user_id in (ANNA, BEN):
        await world.slack.command(
            user_id, SALES, "/draft", f"email Write to Kim about {PLANTED} of {user_id}."
        )
    await world.rows(2)
    card = await world.card()
    await world.slack.command(ANNA, SALES, "/tijdwinst", "privacy")
    shown = str(await world.slack.wait_for(lambda: world.slack.modals.get(ANNA)))
    await world.slack.close_view(ANNA)
    await world.slack.command(ANNA, SALES, "/tijdwinst", "privacy export")
    file = await world.slack.wait_for(
        lambda: next(
            (
                one
                for one in world.slack.workspace.files.values()
                if one.name.endswith(".json") and one.content
            ),
            None,
        )
    )
    taken = json.loads(file.content or b"")
    await world.slack.command(ANNA, SALES, "/tijdwinst", "privacy delete")
    await world.slack.wait_for(lambda: world.slack.modals.get(ANNA))
    await world.slack.submit(ANNA, {})
    async with asyncio.timeout(PATIENCE_S):
        # As the clock does: what was being brought to her at that moment is erased at the next round.
        while ANNA.encode() in stored(tmp_path):
            await jobs.erase_asked()
            await asyncio.sleep(0.05)
    await world.slack.click(ANNA, world.im, card["ts"], "approve")
    rows = {row["user_id"] for row in await world.bot.records.ledger.newest()}

    assert "of 1 request of yours" in shown
    assert "privacy export" in shown
    assert {"requests", "runs", "drafts", "people"} <= taken.keys()
    assert PLANTED in str(taken["requests"])
    assert BEN not in str(taken)
    assert BEN in rows
    assert f"{PLANTED} of {BEN}".encode() in stored(tmp_path, SCHEMA)
    assert f"{PLANTED} of {ANNA}".encode() not in stored(tmp_path)


def _execute(statement: str, db: Any) -> None:
    db.execute(statement)


async def test_the_log_says_who_did_what_and_cannot_be_changed(world: World) -> None:
    """Settings, guideline, templates, limits: each stands there in the commit that did it; admins read it."""
    records = world.bot.records
    await records.workspaces.change("T1", WorkspaceSettings(monthly_budget=Decimal(5)), user_id=CHEF)
    await records.firms.change("T1", {"guideline": "Be kind.", "name": "Bloem"}, user_id=CHEF)
    await records.templates.add("T1", "thanks", "body", user_id=CHEF, after=0)
    await records.templates.publish("T1", "thanks", 1, user_id=CHEF)
    await records.budgets.lift("T1", "month", "", "2026-11", user_id=CHEF)
    await records.audit.add(
        "T1", "blocked", user_id=ANNA, subject="email", data_class="bsn", channel_id="D000001"
    )
    events = await records.audit.newest("T1")
    shown = await world.slack.command(CHEF, SALES, "/tijdwinst", "audit")
    refused = await world.slack.command(ANNA, SALES, "/tijdwinst", "audit")
    for change in ("update audit set act = 'x'", "delete from audit"):
        with pytest.raises(STORE_ERRORS, match="append-only"):
            await records.store.write(partial(_execute, change))

    assert [(one.user_id, one.act, one.subject, one.data_class) for one in reversed(events)] == [
        (CHEF, "setting", "monthly_budget", "settings"),
        (CHEF, "guideline", "firm.guideline", "settings"),
        (CHEF, "firm", "firm.name", "settings"),
        (CHEF, "template-published", "thanks", "template"),
        (CHEF, "limit-lifted", "month 2026-11", "budget"),
        (ANNA, "blocked", "email", "bsn"),
    ]
    assert events[0].channel_id == ""
    assert "published the guideline" in shown.body
    assert "Be kind" not in str(_rows(records, "audit"))
    assert "admin" in refused.body


async def test_a_shared_draft_stands_in_the_log(world: World) -> None:
    """Where it went and who did it; not what it says."""
    ts = await world.thread((BEN, "The chairs come on Tuesday."))
    await world.slack.command(ANNA, SALES, "/summarize", world.link(ts))
    card = await world.card(having="share")
    await world.slack.click(ANNA, world.im, card["ts"], "share")
    await world.rows(1, where=lambda row: row["review"] == "approved")
    event = (await world.bot.records.audit.newest("T1"))[0]

    assert (event.user_id, event.act, event.data_class, event.channel_id) == (ANNA, "shared", "draft", SALES)


async def test_texts_are_kept_for_the_days_that_are_set(records: Records) -> None:
    """A shorter setting holds for what is there already; the ledger's rows stay."""
    await records.requests.add(RUN)
    await records.ledger.open(RUN, claimed_minutes=5)
    await records.drafts.add(Draft(RUN.run_id, 1, PLANTED, "m"))
    await records.knowledge.ask_owner(OpenQuestion(RUN.run_id, ANNA, "", PLANTED, ""), team_id="T1")
    await records.workspaces.change("T1", WorkspaceSettings(retention_days=3), user_id=CHEF)
    later = replace(RUN, run_id="T1:C1:2.000001")
    await records.requests.add(later)
    texts = ("requests", "drafts", "knowledge_questions")
    dates = [row["delete_after"] for table in texts for row in _rows(records, table)]
    await records.workspaces.change("T1", WorkspaceSettings(retention_days=365), user_id=CHEF)
    far = _rows(records, "drafts")[0]["delete_after"]
    day = timedelta(days=1)

    assert {(datetime.fromisoformat(date) - datetime.now(UTC) + day / 2) // day for date in dates} == {3}
    assert (datetime.fromisoformat(far) - datetime.now(UTC) + day / 2) // day == 365


async def test_a_workspace_that_left_is_purged_after_its_days(world: World) -> None:
    """Uninstalled: nothing goes at once, all of it after the days; installed again in time, nothing goes at all."""
    erasures = world.bot.records.erasures
    await world.slack.command(ANNA, SALES, "/draft", f"email about {PLANTED}")
    await world.rows(1)
    await world.slack.push_event({"type": "app_uninstalled"})
    await world.slack.wait_for(lambda: _rows(world.bot.records, "departures"))
    early = await erasures.gone(datetime.now(UTC) + timedelta(days=29))
    due = await erasures.gone(datetime.now(UTC) + timedelta(days=31))
    with pytest.raises(ValueError, match="has not left"):
        await erasures.purge("T1")
    await erasures.stay("T1")
    await world.bot.records.audit.add("T1", "blocked", user_id=ANNA)
    await erasures.leave("T1", datetime.now(UTC) - timedelta(days=31))
    await erasures.purge("T1")
    left = await erasures.gone(datetime.now(UTC))
    await erasures.stay("T1")

    assert left == ["T1"]  # until its files are gone too
    assert (early, due) == ([], ["T1"])
    assert all(_rows(world.bot.records, table) == [] for table in _tables())


def _settings(folder: Path) -> Settings:
    return Settings(data_dir=folder, database_url=postgres.known(folder))


async def test_the_command_line_erases_one_and_all(
    records: Records, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`purge` deletes what is past its date, `--person` somebody, `--all` every file of a stopped bot."""
    await _plant(records)
    codes = [
        await purge(_settings(tmp_path), person="", everything=False),
        await purge(_settings(tmp_path), person=ANNA, everything=False),
        await purge(_settings(tmp_path), person=ANNA, everything=False),
    ]
    await records.close()
    left = stored(tmp_path)
    codes.append(await purge(_settings(tmp_path), person="", everything=True))
    codes.append(await purge(_settings(tmp_path), person="", everything=True))

    assert codes == [0, 0, 1, 0, 1]
    assert ANNA.encode() not in left
    assert stored(tmp_path) == b""
    assert "nothing is kept of" in capsys.readouterr().err


async def test_an_admin_gets_the_ledger_as_a_file(world: World) -> None:
    """`/tijdwinst export` brings an admin the rows, without who asked; anybody else gets what is kept of them."""
    root = await world.thread((ANNA, "40 chairs on Friday?"))
    await world.slack.command(ANNA, SALES, "/summarize", world.link(root))
    await world.card()
    await world.rows()
    await world.slack.command(CHEF, SALES, "/tijdwinst", "export")
    await world.slack.command(ANNA, SALES, "/tijdwinst", "exporteer")
    files = world.slack.workspace.files
    await world.slack.wait_for(lambda: len([one for one in files.values() if one.content]) == 2)
    brought = {
        file.name.rpartition(".")[2]: (file.content or b"").decode("utf-8-sig") for file in files.values()
    }

    assert brought["csv"].splitlines()[0].startswith("run_id,team_id,channel_id,task")
    assert ",summarise,command," in brought["csv"]
    assert ANNA not in brought["csv"]
    assert ANNA in brought["json"]


async def test_cvs_past_their_date_go_with_the_command_too(records: Records, tmp_path: Path) -> None:
    """Who runs the bot by hand, or not at all, deletes CVs with `purge` as the clock would."""
    vacancy = Screening("T1:C1:1.0", "T1", ANNA, "en", "Joiner", (Criterion("Makes frames"),), "")
    await records.screenings.propose(vacancy, 1)
    (one,), _ = await records.candidates.add(
        vacancy.screening_id, [("F1", "cv.pdf")], delivery_id="T1:C1:2.0", user_id=ANNA
    )
    kept: dict[str, Any] = {"hidden": (), "removed": {}, "person_marks": ()}
    await records.candidates.keep_text(one.candidate_id, cv=PLANTED, **kept)
    await records.screenings.close(vacancy.screening_id, user_id=ANNA)
    await records.store.write(lambda db: db.execute("update screenings set texts_until = '2020-01-01'"))
    code = await purge(_settings(tmp_path), person="", everything=False)

    assert code == 0
    assert _rows(records, "screening_candidates")[0]["cv"] is None
    assert PLANTED.encode() not in stored(tmp_path)


async def test_whoever_is_only_named_somewhere_is_erased_too(records: Records, tmp_path: Path) -> None:
    """Ben never asked for anything, but may review: the command finds him, and his id goes."""
    await records.workspaces.change("T1", WorkspaceSettings(reviewers=(BEN,)), user_id=CHEF)
    code = await purge(_settings(tmp_path), person=BEN, everything=False)

    assert code == 0
    assert BEN not in str(_rows(records, "workspace_settings"))


async def test_a_running_bot_is_not_purged_under_its_feet(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything goes only when the bot is stopped."""
    try:
        await purge(_settings(tmp_path), person="", everything=True)
        told = capsys.readouterr().err
    except StartError as error:
        told = str(error)

    assert "stop it first" in told
    assert await world.bot.records.ledger.newest() == []
