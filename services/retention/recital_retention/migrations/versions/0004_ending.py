"""Clocks that a reference ends, trims, requested erasures, restrictions, merged persons, tenants that close."""

from alembic import op
from recital_database.migrating import tenant_table

revision = "0004"
down_revision = "0003"

STATEMENTS = """
alter table purposes
    add column from_reference boolean not null default false,
    add column most_months integer not null default 0, add column most_days integer not null default 0,
    add column most_seconds integer not null default 0;
create table call_references (
    tenant_id uuid not null, id uuid not null, reference text not null,
    primary key (tenant_id, id, reference)
);
create index call_references_of on call_references (tenant_id, reference);
create table endings (
    tenant_id uuid not null, reference text not null,
    ended_at timestamptz not null, reported_at timestamptz not null,
    primary key (tenant_id, reference)
);
alter table permits
    alter column spans drop not null, alter column revoked_at drop not null, alter column reason drop not null,
    add column suspended_at timestamptz;
alter table holdings
    add column trim_order_id uuid, add column trim_ordered_at timestamptz,
    add column trim_deferred boolean not null default false;
create table erasure_requests (
    tenant_id uuid not null, id uuid not null, request_id uuid not null,
    ground text not null, requested_at timestamptz not null, withheld text,
    primary key (tenant_id, id, request_id)
);
create table upheld_erasures (
    tenant_id uuid not null, subject_id uuid not null, request_id uuid not null,
    ground text not null, requested_at timestamptz not null,
    primary key (tenant_id, subject_id, request_id)
);
create table restrictions (
    tenant_id uuid not null, id uuid not null,
    holding_id uuid not null, request_id uuid not null, ground text not null,
    set_at timestamptz, lifted_at timestamptz,
    primary key (tenant_id, id)
);
create index restrictions_of on restrictions (tenant_id, holding_id) where lifted_at is null;
create table merges (
    tenant_id uuid not null, merged_id uuid not null, subject_id uuid not null, merged_at timestamptz not null,
    primary key (tenant_id, merged_id)
);
alter table withholding_subjects add column by_merge boolean not null default false;
alter table tenants
    add column closing_until timestamptz, add column closed_at timestamptz, add column export_until timestamptz,
    add column closing_seen uuid, add column erased_at timestamptz, add column key_destroyed_at timestamptz
"""
ALONE = ("call_references", "endings", "erasure_requests", "upheld_erasures", "restrictions", "merges")


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    for name in ALONE:
        tenant_table(name)
