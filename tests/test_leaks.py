"""Nothing of one workspace is ever seen in another, also where people, channels and files have the same ids."""

from __future__ import annotations

import ast
import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot import jobs
from bot.knowledge import EVERYONE, make_passages
from bot.quotes import PriceRow
from bot.quotes.offer import Customer
from bot.reading import read_content
from bot.records.knowledge import Document
from bot.records.schema import migrate
from bot.records.sqlite import FileDatabase
from bot.records.teams import NOBODYS, belongs, tables
from bot.sandbox.slack import Slack
from bot.sandbox.watch import PATIENCE_S
from tests.conftest import ANNA, CHEF, SALES, buttons
from tests.test_installing import Town, town
from tests.test_rounds import _monday

TEAMS = range(1, 21)
KINDS = ("mail", "lamp", "klant", "boek", "taak", "firma", "regel")
PLANTED = re.compile(rf"({'|'.join(KINDS)})wolk(\d\d)", re.IGNORECASE)
TASK = """\
+++
title = "{title}"
description = "Writes what the title says."
aliases = ["{alias}"]
baseline_minutes = 10

[nl]
title = "{title}"
description = "Schrijft wat de titel zegt."
+++

You write a short text. Always begin with {word}.
"""


def word(kind: str, number: int) -> str:
    """Return a word that only one workspace knows."""
    return f"{kind}wolk{number:02}"


async def plant(made: Town, number: int) -> None:
    """Give a workspace what its people keep in the bot, each thing with a word of its own."""
    team_id, records = f"T{number:02}", made.bot.records
    await records.firms.change(
        team_id, {"name": word("firma", number), "about": f"We are {word('firma', number)}."}, user_id=CHEF
    )
    price = Decimal(100 + number)
    lamp = PriceRow("L1", word("lamp", number), "piece", price, "high", date(2020, 1, 1), date(9999, 12, 31))
    await records.quotes.import_prices(
        team_id, [lamp], file_name=f"{word('lamp', number)}.csv", file_hash="same"
    )
    customer = Customer(word("klant", number), ("Kade 1",), "", consumer=True)
    await records.customers.remember(team_id, customer, language="en", user_id=ANNA)
    words = f"# Leave\n\nEverybody has {word('boek', number)} days of leave a year.\n"
    document = Document(
        team_id=team_id,
        name=f"{word('boek', number)}.md",
        source="slack",
        source_id="F000001",
        content_hash="same",
        audience=EVERYONE,
        owner_id=CHEF,
    )
    await records.knowledge.put(document, make_passages(read_content(words.encode(), "text").parts))
    name, title = f"taak-{number:02}", word("taak", number)
    body = TASK.format(title=title, alias=title, word=word("regel", number))
    version = await records.templates.add(team_id, name, body, user_id=CHEF, after=0)
    await records.templates.publish(team_id, name, version, user_id=CHEF)


async def card(slack: Slack, having: str, before: int) -> dict[str, Any]:
    """Return the first message with a button *having* in somebody's messages tab, after so many."""
    im = slack.workspace.im_with(ANNA).id

    def look() -> dict[str, Any] | None:
        return next((one for one in slack.messages(im)[before:] if having in buttons(one)), None)

    return await slack.wait_for(look, timeout_s=120)


async def work(made: Town, number: int) -> None:
    """Do what people do: ask for texts, decide, look at everything that shows something."""
    slack = made.slack(f"T{number:02}")
    im = slack.workspace.im_with(ANNA).id
    for words in (
        f"email about {word('mail', number)} and the van",
        f"taak-{number:02} write about {word('mail', number)}",
        f"quote 4 {word('lamp', number)} for {word('klant', number)}",
    ):
        before = len(slack.messages(im))
        await slack.command(ANNA, SALES, "/draft", words)
        message = await card(slack, "approve", before)
        await slack.click(ANNA, im, message["ts"], "approve")
    await slack.command(ANNA, SALES, "/ask", "How many days of leave do we have?")
    for user_id in (ANNA, CHEF):
        await slack.open_home(user_id)
    for words in ("customers", "knowledge", "templates", "firm", "settings money", "privacy"):
        await slack.command(CHEF, SALES, "/tijdwinst", words)
        await slack.wait_for(lambda: slack.modal(CHEF), timeout_s=120)
        await slack.close_view(CHEF, every=True)
    for user_id, words in (
        (CHEF, "export"),
        (ANNA, "privacy export"),
        (CHEF, "audit"),
        (CHEF, "value"),
        (ANNA, "help"),
        (CHEF, "guideline"),
        (CHEF, "setup"),
    ):
        await slack.command(user_id, SALES, "/tijdwinst", words)
    wanted = ("tijdwinst-runs-", ".pdf", ".json")
    await slack.wait_for(
        lambda: all(
            any(part in one.name and one.content for one in slack.workspace.files.values()) for part in wanted
        ),
        timeout_s=120,
    )


def seen(slack: Slack) -> Iterator[tuple[str, str]]:
    """Yield everything that a workspace was ever told, and where."""
    for call in slack.calls:
        yield call.method, json.dumps(call.arguments, default=str)
    for delivery in slack.sent:
        yield "an answer", delivery.body
    for file in slack.workspace.files.values():
        if file.content is not None:
            yield file.name, f"{file.name} {file.content.decode('utf-8', 'replace')}"
    yield "shown to one person", json.dumps(slack.workspace.ephemerals, default=str)
    yield "Home tabs", json.dumps(slack.workspace.homes, default=str)


async def all_teams(work_of: Callable[[Town, int], Coroutine[Any, Any, None]], made: Town) -> None:
    """Let every workspace work at the same time."""
    await asyncio.gather(*(work_of(made, number) for number in TEAMS))


async def read_the_week(made: Town, number: int) -> None:
    """Wait for a workspace's digest."""
    slack = made.slack(f"T{number:02}")
    admin = slack.workspace.im_with(CHEF).id

    def digests() -> list[dict[str, Any]]:
        return [one for one in slack.messages(admin) if "header" in str(one.get("blocks"))]

    await slack.wait_for(digests, timeout_s=120)


async def test_twenty_workspaces_know_nothing_of_each_other(tmp_path: Path) -> None:
    """Twenty firms whose people, channels and files have equal ids work at once: none reads a word of another."""
    async with town(tmp_path, *TEAMS) as made:
        for slack in made.teams.slacks.values():
            # Slack's clock stands still: twenty firms on a busy machine may take longer than a trigger lives.
            slack.state.clock = lambda: 0.0
        await all_teams(plant, made)
        await made.install(*(f"T{number:02}" for number in TEAMS))
        await all_teams(work, made)
        await jobs.go_round(_monday())
        await all_teams(read_the_week, made)
        everything = {number: list(seen(made.slack(f"T{number:02}"))) for number in TEAMS}
        asked = [json.dumps(one.body) for one in made.model.requests]
        rows = await made.bot.records.ledger.newest(1_000)
        of_ben = await made.bot.records.erasures.export("T01", ANNA)

    for number, told in everything.items():
        found = [
            (where, one[1].lower(), int(one[2])) for where, words in told for one in PLANTED.finditer(words)
        ]

        assert {(where, of) for where, _, of in found if of != number} == set()
        assert {kind for _, kind, _ in found} >= {"mail", "lamp", "klant", "boek", "taak", "firma"}
    for request in asked:
        assert len({found[2] for found in PLANTED.finditer(request)}) <= 1
    assert len({found[2] for request in asked for found in PLANTED.finditer(request)}) == len(TEAMS)
    assert {row["team_id"] for row in rows} == {f"T{number:02}" for number in TEAMS}
    assert {found[2] for found in PLANTED.finditer(json.dumps(of_ben, default=str))} == {"01"}


async def test_erasing_somebody_leaves_their_namesakes_alone(tmp_path: Path) -> None:
    """Anna of one firm is erased: Anna of the other, who has the same id in Slack, keeps her words and her name."""
    async with town(tmp_path, 1, 2) as made:
        await made.install("T01", "T02")
        await made.ask("T01")
        await made.ask("T02")
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if all(row["finished_at"] for row in await made.bot.records.ledger.newest()):
                    break
                await asyncio.sleep(0.02)
        erasures = made.bot.records.erasures
        before = await erasures.export("T02", ANNA)
        await erasures.erase(await erasures.ask("T01", ANNA))
        after = await erasures.export("T02", ANNA)
        gone = await erasures.export("T01", ANNA)

    assert {table: len(rows) for table, rows in after.items()} == {
        table: len(rows) for table, rows in before.items()
    }
    assert "runs" in before
    assert "runs" not in gone


async def test_a_budget_is_one_teams(tmp_path: Path) -> None:
    """One firm has spent its month; the other one's people notice nothing."""
    async with town(tmp_path, 1, 2) as made:
        made.model.name = None  # so that the price is known
        await made.install("T01", "T02")
        await made.ask("T01")
        workspaces = made.bot.records.workspaces
        holds = replace(await workspaces.get("T01"), monthly_budget=Decimal("0.000001"))
        await workspaces.change("T01", holds, user_id=CHEF)
        slack = made.slack("T01")
        im = slack.workspace.im_with(ANNA).id
        await slack.command(ANNA, SALES, "/draft", "email about the boat")
        refused = await slack.wait_for(lambda: [one for one in slack.messages(im) if "retry" in buttons(one)])
        await made.ask("T02")

    assert len(refused) == 1


# What the records' SQL says

IDS = (
    *("run_id", "set_id", "screening_id", "candidate_id", "upload_id", "document_id", "list_id", "lift_id"),
    *("approval_id", "view_id", "post_id", "timing_id", "form_id", "answer_id", "call_id", "event_id"),
    *("change_id", "review_id", "claim_id", "customer_id"),
)
"""Ids that are given to one row or one team's rows only, whoever asks; so a query by one of them is bound by it."""

BY_AN_ID = re.compile(rf"\b(?:{'|'.join(IDS)})\b\s*(?:=|in\b|between)")
SWEEPS = {
    "baselines _timers": "the condition names the team or a timer's id",
    "budgets Budgets._lifts": "the condition names the team or a lift's id",
    "erasures Erasures.asked": "the clock's list of who asked, each with a team",
    "erasures Erasures.gone": "the clock's list of who left",
    "settlements Settlements.undecided": "after a restore, each run is shown by its team",
    "settlements Settlements.settle_unreviewed.work": "the clock settles runs of all teams, each by its id",
    "templates Templates.teams": "the operator's own command line",
    "workspaces Workspaces.teams": "the operator's own command line and figures",
    "baselines Baselines.drop_asked": "the clock drops forgotten timers of all teams",
    "bulk_batches BulkBatches.known_batches": "ids at the model's server, whose list names no team",
    "bulk_items BulkItems.deliver.work": "the condition names the rows of a set",
    "candidates Candidates._all": "the condition is by id, but for the sweep of what waits",
    "choices Choices.unbegun": "the sweep, which hands each run to its team",
    "drafts _restored_to": "when the whole file was put back",
    "drafts Drafts.delete_expired.work": "texts past their date go, whosever they are",
    "erasures Erasures.export.work": "the condition is `belongs`",
    "erasures Erasures.teams_of.work": "the operator's own command line",
    "erasures _end_open": "the condition names a team's runs",
    "erasures _rename": "the condition is `belongs`",
    "export read_rows": "the condition is `belongs`, but for the operator's own command line",
    "glances ": "the condition names the team",
    "glances Glances.waiting.work": "the condition names the team",
    "guidelines Guidelines._waits": "the condition names the team, but for the sweep of what is released",
    "guidelines Guidelines.begun": "by the id of a run",
    "installations Installations.add_state.work": "nobody's",
    "installations Installations.use_state.work": "nobody's",
    "installations Installations.teams": "the list of the teams itself",
    "knowledge put_document": "the source begins with the team",
    "knowledge _next_change": "nobody's",
    "knowledge Knowledge.sync": "the index keeps the teams apart by their audiences",
    "knowledge_uploads KnowledgeUploads._find": "by id, but for the sweep of what is untold",
    "ledger Ledger.newest": "the demo's and the tests' own look",
    "ledger Ledger.unfinished": "the sweep, which hands each run to its team",
    "ledger _interrupt": "the condition is by id, but for the clock",
    "requests Requests.unstarted": "the sweep, which hands each run to its team",
    "reviews Reviews.unshown": "the sweep, which hands each run to its team",
    "revisions Approvals.unshown": "the sweep, which hands each run to its team",
    "revisions _approval": "the condition is by id",
    "screenings Screenings.close_idle.work": "the clock closes idle vacancies of all teams",
    "screenings Screenings.delete_expired.work": "texts past their date go, whosever they are",
    "uploads Uploads.untold": "the sweep, which hands each upload to its team",
}
"""Statements that name neither a team nor an id of one, each with why it may."""


def statements() -> Iterator[tuple[str, str]]:
    """Yield every SQL statement of the records that reads, changes or deletes rows, and the function it stands in."""
    for path in sorted((Path(__file__).parent.parent / "bot" / "records").glob("*.py")):
        # The index is a file of its own; its rows hang on audiences that begin with their team.
        if path.stem not in (
            *("knowledge_index", "knowledge_search", "teams", "migrating"),
            *(
                "postgres",
                "sqlite",
                "dialect",
                "database",
                "store",
                "copies",
                "restored",
                "rotation",
                "moving",
            ),
        ):
            yield from _walk(ast.parse(path.read_text("utf-8")), path.stem, "")


def _walk(node: ast.AST, module: str, name: str) -> Iterator[tuple[str, str]]:
    for child in ast.iter_child_nodes(node):
        inner = name
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{name}.{child.name}".strip(".")
        said = _said(child)
        if said is None:
            yield from _walk(child, module, inner)
        elif re.match(r"(?:select|with|update|delete)\b.*\b(?:from|set)\b", said):
            yield f"{module} {inner}", said


def _said(node: ast.AST) -> str | None:
    """Return a text in the code on one line, with `{}` for what is put in; None for what is no text."""
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
        return " ".join("".join(str(part) for part in parts).split())
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return " ".join(node.value.split())
    return None


def test_every_table_says_whose_its_rows_are() -> None:
    """A new table that belongs to no team is refused here: it could be shown to, or kept for, the wrong one."""
    db = FileDatabase(memory=True)
    migrate(db)
    bound = {name: belongs(name, columns, "T1") for name, columns in tables(db)}
    nobodys = set(db.table_names()) - bound.keys()
    db.close()

    assert set(bound) > {"runs", "drafts", "prices", "passages", "posts", "installations"}
    assert nobodys == set(NOBODYS)
    assert all("T1" in values[0] for _, values in bound.values())


def test_every_query_is_bound_to_a_team() -> None:
    """A query of the records names a team, or an id that is one team's; what sweeps over all says why it may."""
    free = {
        where
        for where, said in statements()
        if not re.search(r"\bwhere\b.*\bteam_id\b", said) and not BY_AN_ID.search(said)
    }

    assert free - SWEEPS.keys() == set()
    assert SWEEPS.keys() - free == set()
