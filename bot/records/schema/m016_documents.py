"""CVs, tables with a text per row, and the knowledge base: migrations 16 to 18."""

from __future__ import annotations

from sqlite_utils import Database

from bot.records.migrating import carry_out, migrations

SCREENING = """
create table screening_rules (
    rule_id integer primary key,
    team_id text not null,
    purpose text not null,
    legal_basis text not null,
    dpia_on text not null,
    overseer_id text not null,
    retention_weeks integer not null,
    notice text not null,
    council text not null,
    conformity text not null,
    user_id text not null,
    set_at text not null
) strict;
create index screening_rules_team on screening_rules (team_id, rule_id);

create table screenings (
    screening_id text primary key,
    team_id text not null,
    user_id text not null,
    language text not null,
    title text not null,
    criteria text not null,
    criteria_version text not null,
    created_at text not null,
    locked_by text,
    locked_at text,
    active_at text not null,
    closed_by text,
    closed_at text,
    texts_until text,
    delete_after text
) strict;
create index screenings_open on screenings (team_id, user_id) where closed_at is null;

create table screening_candidates (
    candidate_id text primary key,
    screening_id text not null,
    number integer not null,
    file_id text not null,
    file_name text,
    user_id text not null,
    received_at text not null,
    status text not null,
    fault text,
    cv text,
    hidden text,
    removed text not null,
    person_marks text,
    same_as integer,
    input_hash text,
    model text,
    prompt_version text,
    criteria_version text,
    read_at text,
    band text,
    cover text,
    decided integer,
    verdict text,
    verdict_by text,
    verdict_at text,
    changed_verdict text,
    change_reason text,
    changed_by text,
    changed_at text,
    unique (screening_id, number)
) strict;
create index screening_candidates_waiting on screening_candidates (received_at) where status = 'waiting';

create table screening_findings (
    candidate_id text not null,
    criterion integer not null,
    words text not null,
    status text not null,
    first_status text not null,
    second_status text not null,
    quotes text,
    read_at text not null,
    primary key (candidate_id, criterion)
) strict;

create table screening_log (
    log_id integer primary key,
    screening_id text not null,
    candidate_id text,
    logged_at text not null,
    step text not null,
    user_id text,
    detail text not null
) strict;
create index screening_log_screening on screening_log (screening_id, log_id);
create index screening_log_candidate on screening_log (candidate_id, step) where candidate_id is not null;
"""


@migrations()
def m016_screening(db: Database) -> None:
    """CVs held against locked criteria: what was found, what people decided, and a log of both."""
    carry_out(db, SCREENING)


BULK = """
create table bulk_sets (
    set_id text primary key,
    team_id text not null,
    user_id text not null,
    task text not null,
    language text not null,
    channel_id text not null,
    file_id text not null,
    words text not null default '',
    file_name text not null default '',
    headers text not null default '[]',
    mapping text not null default '',
    stage text not null,
    turn integer not null default 1,
    shown_turn integer not null default 0,
    trouble text not null default '',
    trouble_params text not null default '{}',
    asking_minutes real not null default 0,
    files integer not null default 0,
    uses_batches integer not null default 1,
    looked_at text,
    last_decided text not null default '[]',
    received_at text not null,
    confirmed_at text,
    ended_at text,
    delete_after text not null
) strict;
create index bulk_sets_unshown on bulk_sets (received_at) where shown_turn < turn;

create table bulk_items (
    set_id text not null references bulk_sets (set_id) on delete cascade,
    row_number integer not null,
    cells text not null,
    row_hash text not null default '',
    state text not null default 'waiting',
    version integer not null default 1,
    attempt integer not null default 1,
    is_sample integer not null default 0,
    faults text not null default '[]',
    trouble text not null default '',
    tries integer not null default 0,
    claim_id text,
    primary key (set_id, row_number)
) strict;
create index bulk_items_state on bulk_items (set_id, state);

create table bulk_batches (
    claim_id text primary key,
    set_id text not null references bulk_sets (set_id) on delete cascade,
    requests integer not null,
    batch_id text,
    claimed_at text not null,
    ended_at text
) strict;
create index bulk_batches_open on bulk_batches (set_id) where ended_at is null;

create table bulk_returns (
    upload_id text primary key,
    set_id text not null references bulk_sets (set_id) on delete cascade,
    taken integer not null,
    minutes real not null,
    returned_at text not null
) strict;
create index bulk_returns_set on bulk_returns (set_id);
"""


@migrations()
def m017_bulk(db: Database) -> None:
    """Tables that become a text per row: the set, its rows, and what was sent to the model in batches."""
    carry_out(db, BULK)


KNOWLEDGE = """
create table documents (
    document_id integer primary key autoincrement,
    name text not null,
    source text not null,
    source_id text not null,
    content_hash text not null,
    audience text not null,
    owner_id text not null,
    link text not null,
    pages integer not null,
    changed integer not null,
    changed_at text not null,
    unique (source, source_id)
) strict;

create table passages (
    passage_id integer primary key autoincrement,
    document_id integer not null references documents (document_id),
    number integer not null,
    page integer not null,
    heading text not null,
    text text not null
) strict;
create index passages_document on passages (document_id, number);

create table knowledge_changes (
    change_id integer primary key autoincrement,
    changed_at text not null
) strict;

create table knowledge_questions (
    run_id text primary key,
    team_id text not null,
    user_id text not null,
    owner_id text not null,
    question text not null,
    asked_at text not null,
    closed_at text,
    delete_after text not null
) strict;
create index knowledge_questions_open on knowledge_questions (team_id, asked_at) where closed_at is null;
create index knowledge_questions_delete_after on knowledge_questions (delete_after);

create table knowledge_uploads (
    upload_id text primary key,
    team_id text not null,
    channel_id text not null,
    thread_ts text not null,
    user_id text not null,
    files text not null,
    language text not null,
    audience text not null,
    received_at text not null,
    told_at text
) strict;
create index knowledge_uploads_untold on knowledge_uploads (received_at) where told_at is null;
"""


@migrations()
def m018_knowledge(db: Database) -> None:
    """Documents of the knowledge base, and the questions that it did not answer."""
    carry_out(db, KNOWLEDGE)
