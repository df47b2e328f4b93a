"""What persons say outside a call, private marks that staff ask for, suspended permits, samples of staff's calls."""

from alembic import op
from recital_database.migrating import tenant_table

revision = "0004"
down_revision = "0003"

TABLES = """
create table statements (
    tenant_id uuid not null, id uuid not null, subject_id uuid not null,
    kind text not null check (kind in ('consent', 'withdrawal', 'objection')),
    purposes text[], at timestamptz not null, received_at timestamptz not null,
    state text not null check (state in ('standing', 'pending', 'upheld', 'rejected')),
    text text, language text, request_id uuid, decided_at timestamptz,
    ledger_entry uuid not null, salt bytea not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, subject_id) references subjects (tenant_id, id)
);
create index statements_of on statements (tenant_id, subject_id);
-- A statement's way through the calls it affects: the last call it has reached. Without due_at it has reached them all.
create table reaches (
    tenant_id uuid not null, id uuid not null, due_at timestamptz, after_id uuid,
    primary key (tenant_id, id)
);
create index reaches_due on reaches (due_at) where due_at is not null;
create table private_asks (
    tenant_id uuid not null, id uuid not null, call_id uuid not null, asked_by uuid not null,
    asked_at timestamptz not null, started_at timestamptz, ended_at timestamptz,
    state text not null check (state in ('pending', 'granted', 'refused')),
    decided_at timestamptz, reason text,
    primary key (tenant_id, id),
    foreign key (tenant_id, call_id) references calls (tenant_id, id)
);
create index private_asks_of on private_asks (tenant_id, call_id);
create index private_asks_open on private_asks (tenant_id, id) where state = 'pending';
-- Whether one waits for a decision: a call without is read without looking.
alter table calls add column asked boolean not null default false;
alter table permits add column suspended_at timestamptz;
alter table call_purposes add column drawn boolean not null default true;
create table samples (
    tenant_id uuid not null, purpose_id uuid not null, subject_id uuid not null, month date not null,
    drawn integer not null,
    primary key (tenant_id, purpose_id, subject_id, month),
    foreign key (tenant_id, purpose_id) references purposes (tenant_id, id),
    foreign key (tenant_id, subject_id) references subjects (tenant_id, id)
);
"""


def upgrade() -> None:
    """Make everything."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
    tenant_table("reaches", worker=True)
    for name in ("statements", "private_asks", "samples"):
        tenant_table(name)
