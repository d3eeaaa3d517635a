"""Second approvals, budgets, the audit log and what is sealed: migrations 10 to 15."""

from __future__ import annotations

from sqlite_utils import Database

from bot.records.migrating import carry_out, log_events, migrations

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
    carry_out(db, QUOTE_FORM)


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
    carry_out(db, BUDGETS)


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
    carry_out(db, AUDIT_TABLES)
    for statement in _AUDIT_GUARDS:
        db.execute(statement)
    for table, moment, when, event in _AUDITED:
        log_events(db, table, moment=moment, when=when, event=event)


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
    carry_out(db, CONVERSATIONS)


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
    carry_out(db, VAULTS)
