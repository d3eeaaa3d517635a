"""Quotes, and what a request may be about: migrations 3 to 9."""

from __future__ import annotations

from sqlite_utils import Database

from bot.records.migrating import carry_out, migrations
from bot.value import compare_texts

QUOTES = """
create table price_lists (
    list_id integer primary key,
    file_name text not null,
    file_hash text not null,
    articles integer not null,
    imported_at text not null
) strict;

create table prices (
    list_id integer not null references price_lists (list_id),
    sku text not null,
    valid_from text not null,
    valid_to text not null,
    name text not null,
    unit text not null,
    price_micro integer not null,
    vat_code text not null,
    tiers text not null,
    floor_price_micro integer,
    primary key (list_id, sku, valid_from)
) strict;

create table quotes (
    run_id text not null,
    version integer not null,
    document text not null,
    created_at text not null,
    delete_after text not null,
    primary key (run_id, version)
) strict;
create index quotes_delete_after on quotes (delete_after);

create table quote_numbers (
    team_id text not null,
    year integer not null,
    sequence integer not null,
    version integer not null,
    run_id text not null,
    content_hash text not null,
    issued_at text not null,
    primary key (team_id, year, sequence, version),
    unique (run_id, content_hash)
) strict;
"""


@migrations()
def m003_quotes(db: Database) -> None:
    """Price lists, what quotes say, and the numbers that they got."""
    carry_out(db, QUOTES)


@migrations()
def m004_old_corrections(db: Database) -> None:
    """How much people changed in drafts of before the proof, where the texts are still there."""
    rows = db.execute(
        """
        select run_id, review, text, final_text from runs join drafts using (run_id)
        where correction is null and review in ('approved', 'edited', 'discarded')
            and version = (select max(version) from drafts as every where every.run_id = runs.run_id)
        """
    ).fetchall()
    for run_id, review, text, final_text in rows:
        found = compare_texts(text, None if review == "discarded" else final_text or text)
        db.execute(
            """
            update runs set correction = ?, edit_distance = ?, numbers_changed = ?, dates_changed = ?,
                names_changed = ? where run_id = ?
            """,
            [
                found.kind,
                found.distance,
                found.number_changed,
                found.date_changed,
                found.name_changed,
                run_id,
            ],
        )


SPANS = """
alter table requests add column source_oldest text not null default '';
alter table requests add column source_latest text not null default '';
alter table requests add column source_since text not null default '';
"""


@migrations()
def m004_spans(db: Database) -> None:
    """A part of a channel as what a request is about."""
    carry_out(db, SPANS)


TEMPLATES = """
create table templates (
    team_id text not null,
    name text not null,
    version integer not null,
    body text not null,
    user_id text not null,
    created_at text not null,
    primary key (team_id, name, version)
) strict;

create table template_states (
    change_id integer primary key,
    team_id text not null,
    name text not null,
    version integer not null,
    user_id text not null,
    changed_at text not null
) strict;
create index template_states_name on template_states (team_id, name, change_id);
"""


@migrations()
def m005_templates(db: Database) -> None:
    """Task templates that were made in Slack."""
    carry_out(db, TEMPLATES)


CHOOSING = """
create table choices (
    run_id text primary key,
    team_id text not null,
    state text not null,
    kind text not null default 'task',
    candidates text not null default '[]',
    task text not null default '',
    taken text not null default '',
    into_run_id text not null default '',
    asked_at text,
    chosen_at text,
    begun_at text
) strict;
create index choices_asking on choices (asked_at) where state = 'asking';
create index choices_unbegun on choices (chosen_at) where state = 'chosen' and begun_at is null;
"""


@migrations()
def m006_choosing(db: Database) -> None:
    """Requests whose task is chosen by the model or by the asker, and what was asked about them."""
    carry_out(db, CHOOSING)


PLANS = """
create table plans (
    run_id text not null,
    part text not null,
    team_id text not null,
    user_id text not null,
    due_at text not null,
    planned_at text not null,
    sent_at text,
    ended_at text,
    outcome text,
    primary key (run_id, part)
) strict;
create index plans_due on plans (due_at) where ended_at is null and sent_at is null;
"""


@migrations()
def m007_plans(db: Database) -> None:
    """Which accepted posts are brought again at which moment."""
    carry_out(db, PLANS)


CUSTOMERS = """
create table customers (
    customer_id integer primary key,
    team_id text not null,
    name text not null,
    name_key text not null,
    address text not null,
    vat_number text not null,
    is_consumer integer not null,
    language text not null,
    user_id text not null,
    changed_at text not null,
    delete_after text not null
) strict;
create index customers_name on customers (team_id, name_key);
create index customers_delete_after on customers (delete_after);
"""


@migrations()
def m008_customers(db: Database) -> None:
    """Customers of approved quotes, to be offered again."""
    carry_out(db, CUSTOMERS)


FILES = """
alter table requests add column files text not null default '[]';

create table price_uploads (
    upload_id text primary key,
    team_id text not null,
    channel_id text not null,
    thread_ts text not null,
    user_id text not null,
    file_id text not null,
    language text not null,
    asked integer not null,
    asked_by text not null,
    received_at text not null,
    list_id integer references price_lists (list_id),
    told_at text
) strict;
create index price_uploads_untold on price_uploads (received_at) where told_at is null;
"""


@migrations()
def m009_files(db: Database) -> None:
    """Files as what a request is about, and price lists that were uploaded in Slack."""
    carry_out(db, FILES)
