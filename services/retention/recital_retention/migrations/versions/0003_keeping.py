"""Holds by call, person and period; what moved lately and waits for a second person; windows; runs."""

from alembic import op
from recital_database.migrating import tenant_table

revision = "0003"
down_revision = "0002"

STATEMENTS = """
alter table holds
    add column calls uuid[] not null default '{}', add column subjects uuid[] not null default '{}',
    add column period_from timestamptz, add column period_until timestamptz,
    add column future boolean not null default false, add column too_late jsonb not null default '{}';
create index holds_to_come on holds (tenant_id, id) where future and released_at is null;
create table hold_along (
    tenant_id uuid not null, id uuid not null, holding_id uuid not null, kind text not null,
    primary key (tenant_id, id, holding_id),
    foreign key (tenant_id, id) references holds (tenant_id, id)
);
create index hold_along_of on hold_along (tenant_id, holding_id);
alter table tenants
    add column erasure_window jsonb,
    add column call_record_retention text, add column request_file_retention text, add column package_retention text;
alter table purposes
    add column known_since timestamptz not null default recital_now(), add column retired_at timestamptz;
alter table holdings add column watched_until timestamptz, add column waits_for uuid;
create index holdings_watched on holdings (tenant_id, watched_until) where watched_until is not null;
create index holdings_waiting on holdings (tenant_id, waits_for) where waits_for is not null;
create table runs (
    tenant_id uuid not null, id date not null, -- the local day on which it began
    began_at timestamptz not null, looked_at timestamptz not null,
    ordered integer not null default 0, watched integer not null default 0,
    primary key (tenant_id, id)
);
create table waiting_parts (
    tenant_id uuid not null, id uuid not null default recital_id(),
    found_at timestamptz not null, most integer not null,
    proposed_at timestamptz, proposed_by text, proposed_because text, proposed_salt bytea,
    approved_at timestamptz, approved_by text, approved_because text, approved_salt bytea,
    closed_at timestamptz, -- approved, or nothing in it waits any more
    primary key (tenant_id, id)
);
create unique index waiting_parts_open on waiting_parts (tenant_id) where proposed_at is null and closed_at is null
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    tenant_table("hold_along")
    tenant_table("runs", worker=True)
    tenant_table("waiting_parts")
