"""The tables of the records, as migrations that only ever go forward; only this file creates or alters them."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from bot.value import compare_texts

migrations = Migrations("tijdwinst")

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
def m001_first_tables(db: Database) -> None:
    """Requests, the ledger with its calls and reviews, drafts, posts, people, notices."""
    _carry_out(db, FIRST)


@migrations()
def m002_proof(db: Database) -> None:
    """What proves that it pays: corrections, rework, baselines, the team's settings and its digests."""
    _carry_out(db, PROOF)


@migrations()
def m003_quotes(db: Database) -> None:
    """Price lists, what quotes say, and the numbers that they got."""
    _carry_out(db, QUOTES)


@migrations()
def m004_old_corrections(db: Database) -> None:
    """How much people changed in drafts of before the proof, where the texts are still there."""
    rows = db.execute(
        """
        select run_id, review, text, final_text, max(version) from runs join drafts using (run_id)
        where correction is null and review in ('approved', 'edited', 'discarded') group by run_id
        """
    ).fetchall()
    for run_id, review, text, final_text, _ in rows:
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
    _carry_out(db, SPANS)


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
    _carry_out(db, TEMPLATES)


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
    _carry_out(db, CHOOSING)


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
    _carry_out(db, PLANS)


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
    _carry_out(db, CUSTOMERS)


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
    _carry_out(db, FILES)


QUOTE_FORM = """
alter table quotes add column basis text;
alter table drafts add column by_hand integer not null default 0;
alter table quote_numbers add column net_cents integer;
alter table quote_numbers add column vat_cents integer;
alter table quote_numbers add column payable_cents integer;

create table quote_forms (
    form_id text primary key,
    run_id text not null,
    version integer not null,
    user_id text not null,
    lines text not null,
    seen_ts text not null,
    delete_after text not null
) strict;
create index quote_forms_delete_after on quote_forms (delete_after);

create table quote_approvals (
    approval_id integer primary key,
    run_id text not null,
    version integer not null,
    content_hash text not null,
    first_user_id text not null,
    asked_at text not null,
    asked_user_ids text,
    status text not null,
    second_user_id text,
    decided_at text,
    shown_at text
) strict;
create index quote_approvals_run on quote_approvals (run_id, approval_id);
create index quote_approvals_unshown on quote_approvals (decided_at)
    where decided_at is not null and shown_at is null;
"""


@migrations()
def m010_quote_form(db: Database) -> None:
    """Lines of quotes that people edit, and the second approval of large discounts."""
    _carry_out(db, QUOTE_FORM)


@migrations()
def m011_waiting(db: Database) -> None:
    """Find what waits for one person without reading what waits for the others."""
    db.execute(
        """
        create index runs_waiting on runs (team_id, user_id, delivered_at)
        where settled_at is null and delivered_at is not null
        """
    )


BUDGETS = """
alter table calls add column estimate_microusd integer;
drop index calls_team;
create index calls_team on calls (team_id, called_at, cost_microusd, estimate_microusd);

create table budget_lifts (
    lift_id integer primary key,
    team_id text not null,
    kind text not null,
    subject text not null,
    period text not null,
    user_id text not null,
    lifted_at text not null,
    unique (team_id, kind, subject, period)
) strict;
"""


@migrations()
def m012_budgets(db: Database) -> None:
    """What a call may cost at most, written down before it is asked; limits that an admin lifted."""
    _carry_out(db, BUDGETS)


AUDIT_TABLES = """
create table actors (
    actor_id integer primary key,
    team_id text not null,
    user_id text not null,
    unique (team_id, user_id)
) strict;

create table audit (
    event_id integer primary key,
    team_id text not null,
    happened_at text not null,
    actor_id integer references actors (actor_id),
    act text not null,
    subject text not null,
    data_class text not null,
    channel_id text not null
) strict;
create index audit_actor on audit (actor_id);

create table departures (
    team_id text primary key,
    left_at text not null,
    purge_after text not null
) strict;

create table erasures (
    team_id text not null,
    user_id text not null,
    pseudonym text not null,
    asked_at text not null,
    primary key (team_id, user_id)
) strict;
"""

_AUDIT_GUARDS = (
    """
    create trigger audit_no_update before update on audit
    begin select raise(abort, 'the audit log is append-only'); end
    """,
    # The one way out: the workspace uninstalled the bot, and the days that it set for that are over.
    """
    create trigger audit_no_delete before delete on audit
    when not exists (
        select 1 from departures where purge_after <= strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'))
    begin select raise(abort, 'the audit log is append-only'); end
    """,
)

# Of each table that tells of an event: when, and then team, moment, person, act, subject, class of data, channel.
_AUDITED = (
    (
        "workspace_settings",
        "insert",
        "1",
        """
        new.team_id, new.changed_at, new.user_id,
        case when new.name = 'firm.guideline' then 'guideline' when new.name like 'firm.%' then 'firm'
            else 'setting' end,
        new.name, 'settings', ''
        """,
    ),
    (
        "template_states",
        "insert",
        "1",
        """
        new.team_id, new.changed_at, new.user_id,
        case when new.version = 0 then 'template-withdrawn' else 'template-published' end,
        new.name, 'template', ''
        """,
    ),
    ("price_lists", "insert", "1", "'', new.imported_at, '', 'prices', new.articles, 'prices', ''"),
    (
        "price_uploads",
        "update of list_id",
        "new.list_id is not null and old.list_id is null",
        """
        new.team_id, strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'),
        case when new.asked_by = '' then new.user_id else new.asked_by end, 'price-file', '', 'prices',
        case when new.channel_id like 'D%' then '' else new.channel_id end
        """,
    ),
    (
        "quote_numbers",
        "insert",
        "1",
        """
        new.team_id, new.issued_at,
        coalesce((select reviewer_id from runs where runs.run_id = new.run_id), ''), 'quote-number',
        new.year || '-' || new.sequence || '.' || new.version, 'quote', ''
        """,
    ),
    (
        "quote_approvals",
        "update of decided_at",
        "new.decided_at is not null and old.decided_at is null and new.second_user_id is not null",
        """
        coalesce((select team_id from runs where runs.run_id = new.run_id), ''), new.decided_at,
        new.second_user_id, 'second-approval', new.status, 'quote', ''
        """,
    ),
    (
        "reviews",
        "insert",
        "new.act = 'shared'",
        """
        coalesce((select team_id from runs where runs.run_id = new.run_id), ''), new.decided_at, new.user_id,
        'shared', coalesce((select task from runs where runs.run_id = new.run_id), ''), 'draft',
        coalesce(nullif((select source_channel_id from requests where requests.run_id = new.run_id), ''),
            (select channel_id from runs where runs.run_id = new.run_id), '')
        """,
    ),
    (
        "budget_lifts",
        "insert",
        "1",
        "new.team_id, new.lifted_at, new.user_id, 'limit-lifted', new.kind || ' ' || new.period, 'budget', ''",
    ),
)


@migrations()
def m013_audit(db: Database) -> None:
    """Who did what with which class of data where; written by the database itself, and never changed."""
    _carry_out(db, AUDIT_TABLES)
    for statement in _AUDIT_GUARDS:
        db.execute(statement)
    for table, moment, when, event in _AUDITED:
        db.execute(
            f"""
            create trigger audit_{table} after {moment} on {table} when {when}
            begin
                insert into actors (team_id, user_id)
                    select team_id, user_id from ({_event(event)}) as event
                    where user_id <> '' and not exists (
                        select 1 from actors where (team_id, user_id) = (event.team_id, event.user_id));
                insert into audit (team_id, happened_at, actor_id, act, subject, data_class, channel_id)
                    select team_id, happened_at, (
                        select actor_id from actors where (team_id, user_id) = (event.team_id, event.user_id)),
                        act, subject, data_class, channel_id
                    from ({_event(event)}) as event;
            end
            """
        )


def _event(values: str) -> str:
    names = "team_id, happened_at, user_id, act, subject, data_class, channel_id"
    return f"select * from (with event ({names}) as (select {values}) select * from event)"


CONVERSATIONS = """
create table stops (
    run_id text not null,
    version integer not null,
    user_id text not null,
    stopped_at text not null,
    primary key (run_id, version)
) strict;
alter table runs add column feedback text;
alter table runs add column feedback_at text;
create index requests_conversation on requests (answer_channel_id, user_id, received_at);
"""


@migrations()
def m014_conversations(db: Database) -> None:
    """Conversations: what was stopped, and what people think of a draft."""
    _carry_out(db, CONVERSATIONS)


VAULTS = """
create table vaults (
    run_id text primary key,
    sealed text not null,
    delete_after text not null
) strict;
create index vaults_delete_after on vaults (delete_after);

create table sent_texts (
    run_id text not null,
    version integer not null,
    part text not null,
    sealed text not null,
    delete_after text not null,
    primary key (run_id, version, part)
) strict;
create index sent_texts_delete_after on sent_texts (delete_after);
"""


@migrations()
def m015_vaults(db: Database) -> None:
    """What stands for personal data in a run, and what was sent of it, sealed."""
    _carry_out(db, VAULTS)


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
    _carry_out(db, SCREENING)


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
    _carry_out(db, BULK)


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
    _carry_out(db, KNOWLEDGE)


def _carry_out(db: Database, statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            db.execute(statement)


def migrate(db: Database) -> None:
    """Bring the file to the newest schema; safe when two processes start at once.

    `begin immediate` first: raced deferred transactions fail with "database is locked".
    """
    db.execute("begin immediate")
    try:
        migrations.apply(db)
    except BaseException:  # Ctrl-C too: nothing may leave half a schema, or the lock, behind
        db.execute("rollback")
        raise
    db.execute("commit")
