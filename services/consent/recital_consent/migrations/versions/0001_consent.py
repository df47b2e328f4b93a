"""Tenants, purposes, sources, subjects, calls with what happened in them, permits, and the work that waits."""

from alembic import op
from recital_database.migrating import foundation, partitioned, tenant_table

revision = "0001"
down_revision = None

# In what belongs to a call, `id` is the call's: a UUIDv7, by which these tables are partitioned together.
TABLES = """
create table tenants (
    tenant_id uuid not null primary key,
    name text not null, country text not null, time_zone text not null,
    languages text[] not null, number_region text not null,
    tenant_key uuid not null, index_key uuid not null, opened_at timestamptz not null
);
create table settings (
    tenant_id uuid not null primary key references tenants (tenant_id),
    version integer not null, guard_ms integer not null, private_mark_minutes integer not null, works_council jsonb,
    check (guard_ms between 0 and 2000)
);
create table purposes (
    tenant_id uuid not null, id uuid not null, key text not null,
    primary key (tenant_id, id), unique (tenant_id, key)
);
create table purpose_versions (
    tenant_id uuid not null, id uuid not null, version integer not null,
    title text not null, basis text not null, terms jsonb not null, notices jsonb not null,
    retention text not null, roles text[] not null, hold_suppressed boolean not null, review_on date,
    published_at timestamptz not null, in_force_from timestamptz not null,
    ledger_entry uuid not null, salt bytea not null,
    primary key (tenant_id, id, version),
    foreign key (tenant_id, id) references purposes (tenant_id, id)
);
create table sources (
    tenant_id uuid not null, id uuid not null,
    kind text not null, name text not null, numbers text[] not null, registered_at timestamptz not null,
    ledger_entry uuid not null, salt bytea not null,
    primary key (tenant_id, id)
);
-- A person. key_id and sealed are the identity; an erased one is a skeleton.
create table subjects (
    tenant_id uuid not null, id uuid not null,
    key_id uuid, sealed bytea, staff boolean not null default false, bot boolean not null default false,
    erased_at timestamptz,
    primary key (tenant_id, id),
    check ((key_id is null) = (sealed is null))
);
create table subject_index (
    tenant_id uuid not null, digest bytea not null, subject_id uuid not null, kind text not null,
    primary key (tenant_id, digest, subject_id),
    foreign key (tenant_id, subject_id) references subjects (tenant_id, id)
);
create index subject_index_of on subject_index (tenant_id, subject_id);
create table staff_notices (
    tenant_id uuid not null, id uuid not null,
    subject_id uuid not null, purpose_id uuid not null, version integer not null,
    notified_at timestamptz not null, acknowledged_at timestamptz, logged_at timestamptz not null,
    salt bytea not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, subject_id) references subjects (tenant_id, id),
    foreign key (tenant_id, purpose_id, version) references purpose_versions (tenant_id, id, version)
);
create index staff_notices_of on staff_notices (tenant_id, subject_id, purpose_id, version);
-- Uniqueness without time; a keyed digest, so that it may outlive the call.
create table external_ids (
    tenant_id uuid not null, digest bytea not null, call_id uuid not null, fingerprint bytea not null,
    primary key (tenant_id, digest)
);
create table calls (
    tenant_id uuid not null, id uuid not null,
    registered_at timestamptz not null, reference text not null,
    external_id text, source_id uuid, direction text, language text, call_references text[] not null default '{}',
    country text not null, guard_ms integer not null, answered_at timestamptz,
    started_at timestamptz, ended_at timestamptz, private boolean not null default false,
    timeline_version integer not null default 0, recorded_at timestamptz,
    ledger_entry uuid not null, salt bytea,
    erasing_at timestamptz, erased_at timestamptz, erasure_order uuid, erasure_ground text,
    primary key (tenant_id, id),
    foreign key (tenant_id, source_id) references sources (tenant_id, id),
    -- A skeleton keeps its dates, ground and order, and nothing of what was said or by whom.
    check (erased_at is null or (external_id is null and salt is null and call_references = '{}'))
) partition by range (id);
create table call_purposes (
    tenant_id uuid not null, id uuid not null, purpose_id uuid not null, version integer not null,
    position integer not null,
    primary key (tenant_id, id, purpose_id),
    foreign key (tenant_id, id) references calls (tenant_id, id),
    foreign key (tenant_id, purpose_id, version) references purpose_versions (tenant_id, id, version)
) partition by range (id);
create table call_parties (
    tenant_id uuid not null, id uuid not null, label text not null,
    kind text not null, type text not null, subject_id uuid, registered boolean not null, region text,
    primary key (tenant_id, id, label),
    foreign key (tenant_id, id) references calls (tenant_id, id),
    foreign key (tenant_id, subject_id) references subjects (tenant_id, id)
) partition by range (id);
create index call_parties_of on call_parties (tenant_id, subject_id) where subject_id is not null;
create table call_entries (
    tenant_id uuid not null, id uuid not null, entry text not null,
    kind text not null, at timestamptz not null, received_at timestamptz not null,
    party text, purposes text[] not null, version integer, language text,
    started_at timestamptz, ended_at timestamptz, completed boolean not null,
    digest bytea not null, ledger_entry uuid not null, salt bytea not null,
    primary key (tenant_id, id, entry),
    foreign key (tenant_id, id) references calls (tenant_id, id)
) partition by range (id);
create table permits (
    tenant_id uuid not null, id uuid not null, call_id uuid not null,
    issued_at timestamptz not null, expires_at timestamptz not null, final boolean not null,
    answered_at timestamptz not null, spans jsonb not null, claims jsonb,
    revoked_at timestamptz, reason text, ledger_entry uuid not null, salt bytea,
    primary key (tenant_id, id),
    foreign key (tenant_id, call_id) references calls (tenant_id, id)
) partition by range (id);
create index permits_of on permits (tenant_id, call_id);
create table recordings (
    tenant_id uuid not null, id uuid not null, call_id uuid not null, permit_id uuid not null,
    parties text[] not null, stored_at timestamptz not null, erased_at timestamptz,
    primary key (tenant_id, id)
) partition by range (id);
create index recordings_of on recordings (tenant_id, call_id);
create table erasures (
    tenant_id uuid not null, id uuid not null,
    holding_id uuid not null, kind text not null, ground text not null,
    due_at timestamptz not null, tries integer not null default 0, stuck boolean not null default false,
    done_at timestamptz,
    primary key (tenant_id, id)
);
create index erasures_due on erasures (due_at) where done_at is null;
create table parts (
    tenant_id uuid not null, id uuid not null,
    order_id uuid not null, request_id uuid not null, subjects uuid[] not null,
    due_at timestamptz, object_id uuid, key_id uuid, size bigint, collected_at timestamptz, erasing_at timestamptz,
    primary key (tenant_id, id), unique (tenant_id, order_id)
);
create index parts_due on parts (due_at) where due_at is not null;
"""

PARTITIONED = ("calls", "call_purposes", "call_parties", "call_entries", "permits", "recordings")
# Ids and times only, from which work is taken; and the list of tenants.
WORK = ("tenants", "erasures", "parts")
KEPT = ("purpose_versions", "sources")
OWN = ("settings", "purposes", "subjects", "subject_index", "staff_notices", "external_ids", *PARTITIONED)


def upgrade() -> None:
    """Make everything."""
    foundation()
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
    for name in PARTITIONED:
        partitioned(name)
    for name in WORK:
        tenant_table(name, worker=True)
    for name in KEPT:
        tenant_table(name, append_only=True)
    for name in OWN:
        tenant_table(name)
