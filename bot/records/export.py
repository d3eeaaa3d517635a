"""The proof pack: rows of the ledger as they stand, read beside a running bot, a page at a time."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from bot.reading import safe_cell
from bot.records.ledger import EXPORTED
from bot.records.moments import iso
from bot.records.store import Store
from bot.records.teams import belongs

# What can be exported: its columns, and the moment that a period selects by. No text of anybody's is in them,
# but customers are printed as they are remembered: whoever they are may ask to see that.
TABLES: dict[str, tuple[str, str]] = {
    "runs": (EXPORTED, "settled_at"),
    "calls": (
        "call_id, run_id, called_at, model, result, input_tokens, output_tokens, cache_read_tokens,"
        " cache_write_tokens, cost_microusd, duration_ms",
        "called_at",
    ),
    "reviews": ("review_id, run_id, version, act, user_id, decided_at, review_minutes", "decided_at"),
    "inventory": (
        "inventory_id, team_id, work, hours_a_week, low_minutes, typical_minutes, high_minutes, user_id,"
        " changed_at",
        "changed_at",
    ),
    "timings": (
        "timing_id, team_id, user_id, work, started_at, stopped_at, minutes, dropped_at",
        "started_at",
    ),
    "baselines": (
        "team_id, work, kind, low_minutes, typical_minutes, high_minutes, timed_runs, valid_from",
        "valid_from",
    ),
    "settings": ("change_id, team_id, name, value, user_id, changed_at", "changed_at"),
    "customers": (
        "customer_id, team_id, name, address, vat_number, is_consumer, language, user_id, changed_at,"
        " delete_after",
        "changed_at",
    ),
    "plans": (
        "run_id, part, team_id, user_id, due_at, planned_at, sent_at, ended_at, outcome",
        "due_at",
    ),
    "quotes": (
        "team_id, year, sequence, version, run_id, issued_at, net_cents, vat_cents, payable_cents",
        "issued_at",
    ),
    "screening": (
        "candidate_id, criterion, words, status, first_status, second_status, quotes, read_at",
        "read_at",
    ),
    "screening-candidates": (
        "screening_id, candidate_id, number, received_at, status, fault, input_hash, model, prompt_version,"
        " criteria_version, read_at, band, cover, decided, verdict, verdict_by, verdict_at, changed_verdict,"
        " change_reason, changed_by, changed_at",
        "received_at",
    ),
    "screening-vacancies": (
        "screening_id, team_id, user_id, title, criteria, criteria_version, created_at, locked_by, locked_at,"
        " closed_by, closed_at, texts_until",
        "created_at",
    ),
    "screening-proposals": (
        "screening_id, version, title, criteria, criteria_version, proposed_at",
        "proposed_at",
    ),
    "screening-rules": (
        "rule_id, team_id, purpose, legal_basis, dpia_on, overseer_id, retention_weeks, notice, council, conformity,"
        " user_id, set_at",
        "set_at",
    ),
    "screening-log": (
        "log_id, screening_id, candidate_id, logged_at, step, user_id, detail",
        "logged_at",
    ),
    "audit": (
        "event_id, team_id, happened_at, (select user_id from actors where actors.actor_id = audit.actor_id)"
        " as user_id, act, subject, data_class, channel_id",
        "happened_at",
    ),
    "digests": ("team_id, due_at, from_at, to_at, channel_id, posted_at", "due_at"),
}

_NAMES = {
    "settings": "workspace_settings",
    "quotes": "quote_numbers",
    "screening": "screening_findings",
    "screening-candidates": "screening_candidates",
    "screening-vacancies": "screenings",
    "screening-proposals": "screening_proposals",
    "screening-rules": "screening_rules",
    "screening-log": "screening_log",
}


def read_rows(
    store: Store,
    what: str,
    *,
    team_id: str = "",
    start: datetime | None = None,
    end: datetime | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the rows of *what*, oldest first; with a period those whose moment lies in `[start, end)`.

    Args:
        team_id: of this team alone; empty for all, on the operator's own command line.

    Raises:
        STORE_ERRORS: the database cannot be read, or is of an older version of the bot.
    """
    columns, moment = TABLES[what]
    table = _NAMES.get(what, what)
    where, values = ["1 = 1"], list[Any]()
    if team_id:
        theirs, values = belongs(table, {name.strip() for name in columns.split(",")}, team_id)
        where.append(theirs)
    if start is not None:
        where.append(f"{moment} >= ?")
        values.append(iso(start))
    if end is not None:
        where.append(f"{moment} < ?")
        values.append(iso(end))
    first = "started_at" if what == "runs" else moment
    sql = f"select {columns} from {table} where {' and '.join(where)} order by {first}, rowid"
    yield from store.pages(sql, values)


def as_json_lines(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    """Yield each row as a line of JSON."""
    return (json.dumps(row, ensure_ascii=False) for row in rows)


def as_csv(rows: Iterator[dict[str, Any]], what: str, *, without: Collection[str] = ()) -> Iterator[str]:
    """Yield a header and each row as a line of CSV; unknown is empty, and no cell is a formula.

    Args:
        without: the columns that are left out.
    """
    named = [name.strip().split(" as ")[-1] for name in TABLES[what][0].split(",")]
    names = [name for name in named if name not in without]
    yield _line(names)
    for row in rows:
        yield _line([_cell(row[name]) for name in names])


def proof_csv(store: Store, team_id: str) -> bytes:
    """Return a team's runs of the ledger as CSV, without who asked and who decided: it measures a team, no person.

    Raises:
        STORE_ERRORS: the database cannot be read.
    """
    lines = as_csv(read_rows(store, "runs", team_id=team_id), "runs", without=("user_id", "reviewer_id"))
    # With a byte order mark, so that Excel reads it as UTF-8.
    return "\n".join(lines).encode("utf-8-sig")


def _cell(value: Any) -> Any:
    return safe_cell(value) if isinstance(value, str) else value


def _line(cells: list[Any]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(cells)
    return written.getvalue()
