"""Tenants that close, lines never recorded, versions from a past date, merges, and whether each call is whole."""

from alembic import op
from recital_database.migrating import partitioned, tenant_table

revision = "0002"
down_revision = "0001"

TABLES = """
alter table tenants
    add column state text not null default 'open' check (state in ('open', 'closing', 'closed', 'erased')),
    add column concurrent_uploads integer check (concurrent_uploads >= 1),
    add column closing_at timestamptz, add column closed_at timestamptz, add column export_until timestamptz,
    add column erased_at timestamptz, add column keys_swept_to uuid;
alter table settings
    add column unended_after_minutes integer not null default 720,
    add column missing_after_minutes integer not null default 60,
    add column missing_tolerance_ms integer not null default 2000,
    add column holiday_region text, add column erasure_window jsonb,
    add column call_record_retention text, add column request_file_retention text,
    add column package_retention text, add column read_back_every text,
    add column staff_voices_muted boolean not null default true;
-- A number or extension that is never recorded (R18), as a keyed digest; the label is the tenant's word for it.
create table unrecorded_lines (
    tenant_id uuid not null, id uuid not null, source_id uuid not null,
    kind text not null check (kind in ('number', 'extension')), digest bytea not null, label text,
    added_at timestamptz not null,
    primary key (tenant_id, id), unique (tenant_id, source_id, digest),
    foreign key (tenant_id, source_id) references sources (tenant_id, id)
);
-- All that a call with such a line leaves.
create table denied_calls (
    tenant_id uuid not null, source_id uuid not null, day date not null, calls integer not null,
    primary key (tenant_id, source_id, day),
    foreign key (tenant_id, source_id) references sources (tenant_id, id)
);
alter table purposes add column retired_at timestamptz;
alter table purpose_versions add column document text, add column proposal_id uuid;
create unique index purpose_versions_entry on purpose_versions (tenant_id, ledger_entry);
-- A version that is to count from a past date waits here for a second person.
create table purpose_proposals (
    tenant_id uuid not null, id uuid not null, key text not null,
    title text not null, basis text not null, terms jsonb not null, notices jsonb not null,
    retention text not null, roles text[] not null, hold_suppressed boolean not null, review_on date,
    in_force_from timestamptz not null, document text not null,
    proposed_by bytea not null, proposed_at timestamptz not null,
    approved_by bytea, approved_at timestamptz, version integer,
    primary key (tenant_id, id),
    check ((approved_by is null) = (approved_at is null) and (approved_by is null) = (version is null))
);
alter table subjects add column merged_into uuid, add column left_at timestamptz;
alter table subject_index add column verified_at timestamptz;
create table subject_merges (
    tenant_id uuid not null, id uuid not null, subject_id uuid not null, merged_id uuid not null,
    state text not null check (state in ('proposed', 'merged', 'split')),
    proposed_by bytea not null, proposed_at timestamptz not null,
    approved_by bytea, merged_at timestamptz, split_at timestamptz,
    primary key (tenant_id, id), check (subject_id <> merged_id),
    foreign key (tenant_id, subject_id) references subjects (tenant_id, id),
    foreign key (tenant_id, merged_id) references subjects (tenant_id, id)
);
create unique index subject_merges_open on subject_merges (tenant_id, merged_id) where state in ('proposed', 'merged');
create index subjects_merged on subjects (tenant_id, merged_into) where merged_into is not null;
-- outcome: what is to be said of a call's recording; gaps: what could be kept and did not come, in milliseconds.
alter table calls
    add column outcome text not null default 'going_on' check
        (outcome in ('going_on', 'waiting', 'recorded', 'not_recorded', 'missing', 'unended')),
    add column outcome_reasons text[] not null default '{}', add column gaps jsonb,
    add column missing_at timestamptz, add column unended_at timestamptz,
    add column refused_code text, add column refused_at timestamptz;
create index calls_by_reference on calls (tenant_id, reference);
create index calls_by_time on calls (tenant_id, coalesce(started_at, registered_at));
create index calls_by_outcome on calls (tenant_id, outcome, id);
create index call_purposes_of on call_purposes (tenant_id, purpose_id, id);
-- When a call must be looked at: it has not ended, or its recording has not come.
create table call_watch (
    tenant_id uuid not null, id uuid not null, due_at timestamptz not null,
    primary key (tenant_id, id)
);
create index call_watch_due on call_watch (due_at);
alter table recordings
    add column spans jsonb not null default '[]', add column answered_at timestamptz,
    add column confirmed_at timestamptz, add column trimmed_at timestamptz;
create table endings (
    tenant_id uuid not null, id uuid not null, digest bytea not null,
    ended_at timestamptz not null, reported_at timestamptz not null,
    primary key (tenant_id, id), unique (tenant_id, digest, ended_at)
);
create table cdr_imports (
    tenant_id uuid not null, id uuid not null,
    started_at timestamptz not null, finished_at timestamptz, failed_code text,
    lines integer not null default 0, counts jsonb not null default '{}',
    primary key (tenant_id, id)
);
create table cdr_lines (
    tenant_id uuid not null, id uuid not null, line integer not null,
    digest bytea, call_id uuid, problem text,
    primary key (tenant_id, id, line),
    foreign key (tenant_id, id) references cdr_imports (tenant_id, id)
) partition by range (id);
"""

WORK = ("call_watch",)
OWN = (
    "unrecorded_lines",
    "denied_calls",
    "purpose_proposals",
    "subject_merges",
    "endings",
    "cdr_imports",
    "cdr_lines",
)


def upgrade() -> None:
    """Make everything."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
    partitioned("cdr_lines")
    for name in WORK:
        tenant_table(name, worker=True)
    for name in OWN:
        tenant_table(name)
