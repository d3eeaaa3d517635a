"""The ledger, and what proves that it pays: migrations 1 and 2."""

from __future__ import annotations

from sqlite_utils import Database

from bot.records.migrating import carry_out, migrations

FIRST = """
create table requests (
    run_id text primary key,
    team_id text not null,
    channel_id text not null,
    user_id text not null,
    task text not null,
    surface text not null,
    language text not null,
    words text not null,
    inputs text not null,
    source_channel_id text not null,
    source_ts text not null,
    answer_channel_id text not null,
    answer_thread_ts text not null,
    received_at text not null,
    started_at text,
    delete_after text not null
) strict;
create index requests_unstarted on requests (received_at) where started_at is null;
create index requests_delete_after on requests (delete_after);

create table runs (
    run_id text primary key,
    team_id text not null,
    channel_id text not null,
    user_id text not null,
    task text not null,
    surface text not null,
    started_at text not null,
    finished_at text,
    duration_ms integer,
    outcome text not null,
    reason text,
    review text not null default 'open',
    model text,
    input_tokens integer,
    output_tokens integer,
    cache_read_tokens integer,
    cache_write_tokens integer,
    cost_microusd integer,
    calls integer not null default 0,
    calls_unpriced integer not null default 0,
    baseline_minutes real not null,
    baseline_source text not null,
    asking_minutes real not null,
    review_minutes real,
    minutes_saved real,
    decided_at text
) strict;
create index runs_team_started on runs (team_id, started_at);
create index runs_user on runs (team_id, user_id, started_at);

create table calls (
    call_id text primary key,
    run_id text not null,
    called_at text not null,
    model text not null,
    result text not null,
    input_tokens integer,
    output_tokens integer,
    cache_read_tokens integer,
    cache_write_tokens integer,
    cost_microusd integer,
    duration_ms integer
) strict;
create index calls_run on calls (run_id);

create table answers (
    answer_id text primary key,
    run_id text not null,
    model text not null,
    text text not null,
    cut integer not null,
    delete_after text not null
) strict;

create table drafts (
    run_id text not null,
    version integer not null,
    text text not null,
    model text not null,
    sources text not null,
    messages_read integer not null,
    notes text not null,
    created_at text not null,
    delivered_at text,
    final_text text,
    delete_after text not null,
    primary key (run_id, version)
) strict;

create table reviews (
    review_id integer primary key,
    run_id text not null,
    version integer not null,
    act text not null,
    user_id text not null,
    decided_at text not null,
    review_minutes real,
    instruction text,
    shown_at text,
    delete_after text not null
) strict;
create index reviews_unshown on reviews (decided_at) where shown_at is null;
create index reviews_run on reviews (run_id, review_id);

create table forms (
    view_id text primary key,
    run_id text not null,
    version integer not null,
    user_id text not null,
    opened_at text not null,
    submitted_at text
) strict;
create index forms_run on forms (run_id, version);

create table posts (
    post_id text primary key,
    run_id text not null,
    channel_id text not null,
    ts text,
    created_at text not null
) strict;
create index posts_run on posts (run_id);

create table people (
    team_id text not null,
    user_id text not null,
    name text not null,
    is_admin integer not null,
    is_guest integer not null,
    is_bot integer not null,
    locale text not null,
    im_channel_id text not null,
    read_at text not null,
    primary key (team_id, user_id)
) strict;

create table notices (
    team_id text not null,
    kind text not null,
    told_at text not null,
    primary key (team_id, kind)
) strict;
"""


@migrations()
def m001_first_tables(db: Database) -> None:
    """Requests, the ledger with its calls and reviews, drafts, posts, people, notices."""
    carry_out(db, FIRST)


PROOF = """
alter table runs add column delivered_at text;
alter table runs add column reviewer_id text;
alter table runs add column settled_at text;
alter table runs add column settled_month text;
alter table runs add column asking_source text not null default 'assumed';
alter table runs add column review_clock_minutes real;
alter table runs add column review_word text;
alter table runs add column review_typed_minutes real;
alter table runs add column rework_minutes real;
alter table runs add column rework_asked_at text;
alter table runs add column reminded_at text;
alter table runs add column by_hand_minutes real;
alter table runs add column correction text;
alter table runs add column edit_distance real;
alter table runs add column numbers_changed integer;
alter table runs add column dates_changed integer;
alter table runs add column names_changed integer;
alter table runs add column correction_reason text;
alter table requests add column asking_minutes real;
update runs set review_clock_minutes = review_minutes, settled_at = coalesce(decided_at,
    case when outcome in ('refused', 'failed') then finished_at end);
update runs set settled_month = substr(settled_at, 1, 7),
    delivered_at = (select max(delivered_at) from drafts where drafts.run_id = runs.run_id),
    reviewer_id = case when decided_at is not null then (select user_id from reviews
        where reviews.run_id = runs.run_id and act <> 'undone' order by review_id desc limit 1) end;
create index runs_settled on runs (team_id, settled_at);
create index runs_open on runs (team_id, delivered_at, user_id)
    where settled_at is null and delivered_at is not null;
create index runs_by_hand on runs (team_id, settled_at) where by_hand_minutes is not null;
create index runs_month on runs (team_id, settled_month, task) where minutes_saved is not null;
alter table calls add column team_id text not null default '';
update calls set team_id = coalesce((select team_id from runs where runs.run_id = calls.run_id), '');
create index calls_team on calls (team_id, called_at, cost_microusd);
create index runs_unreminded on runs (settled_at)
    where decided_at is null and reminded_at is null and outcome = 'drafted';
create index runs_rework on runs (decided_at) where rework_asked_at is null and decided_at is not null;

create table inventory (
    inventory_id integer primary key,
    team_id text not null,
    work text not null,
    hours_a_week real not null,
    low_minutes real not null,
    typical_minutes real not null,
    high_minutes real not null,
    user_id text not null,
    changed_at text not null
) strict;
create index inventory_work on inventory (team_id, work, inventory_id);

create table timings (
    timing_id integer primary key,
    team_id text not null,
    user_id text not null,
    work text not null,
    started_at text not null,
    stopped_at text,
    minutes real,
    asked_at text,
    dropped_at text
) strict;
create unique index timings_running on timings (team_id, user_id)
    where stopped_at is null and dropped_at is null;
create index timings_work on timings (team_id, work, stopped_at);

create table baselines (
    team_id text not null,
    work text not null,
    kind text not null,
    low_minutes real not null,
    typical_minutes real not null,
    high_minutes real not null,
    timed_runs integer not null,
    valid_from text not null,
    primary key (team_id, work, valid_from)
) strict;

create table workspace_settings (
    change_id integer primary key,
    team_id text not null,
    name text not null,
    value text not null,
    user_id text not null,
    changed_at text not null
) strict;
create index workspace_settings_name on workspace_settings (team_id, name, change_id);

create table digests (
    team_id text not null,
    due_at text not null,
    from_at text not null,
    to_at text not null,
    channel_id text,
    posted_at text,
    primary key (team_id, due_at)
) strict;
"""


@migrations()
def m002_proof(db: Database) -> None:
    """What proves that it pays: corrections, rework, baselines, the team's settings and its digests."""
    carry_out(db, PROOF)
