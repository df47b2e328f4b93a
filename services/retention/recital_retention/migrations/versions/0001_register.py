"""The register of holdings, their clocks and places, what keeps them, orders, certificates, and the control queue."""

from alembic import op
from recital_database.migrating import application_role, foundation, partitioned, tenant_table, worker_role

revision = "0001"
down_revision = None

# In the tables that grow with calls, `id` is the holding's: a UUIDv7, by which they are partitioned.
TABLES = """
create table tenants (
    tenant_id uuid not null, id uuid not null,
    country text not null, time_zone text not null, opened_at timestamptz not null,
    key_id uuid not null,
    primary key (tenant_id, id), check (tenant_id = id)
);
create table purposes (
    tenant_id uuid not null, id uuid not null, version integer not null,
    key text not null, basis text not null, retention text not null,
    months integer not null, days integer not null, seconds integer not null,
    in_force_from timestamptz not null,
    primary key (tenant_id, id, version)
);
create table holdings (
    tenant_id uuid not null, id uuid not null,
    kind text not null check (kind in
        ('recording', 'call', 'identity', 'request', 'package', 'collection', 'bundle')),
    state text not null default 'retained' check (state in ('retained', 'due', 'ordering', 'shredding', 'erased')),
    registered_at timestamptz not null, ended_at timestamptz, due_at timestamptz,
    ended_because text, kept_by text[] not null default '{}',
    call_id uuid, permit_id uuid, spans jsonb, trim jsonb,
    ends_with uuid, stands_alone boolean not null default false,
    order_id uuid, ordered_at timestamptz, erased_at timestamptz, certificate_id uuid,
    primary key (tenant_id, id),
    check ((state in ('ordering', 'shredding', 'erased')) = (ordered_at is not null)),
    check ((state = 'erased') = (erased_at is not null))
) partition by range (id);
create index holdings_of_call on holdings (tenant_id, call_id) where call_id is not null;
create index holdings_of_permit on holdings (tenant_id, permit_id) where permit_id is not null;
create index holdings_with on holdings (tenant_id, ends_with) where ends_with is not null;
create index holdings_kept on holdings (tenant_id, id) where state = 'due';
create table holding_subjects (
    tenant_id uuid not null, id uuid not null, subject_id uuid not null, kind text not null,
    primary key (tenant_id, id, subject_id),
    foreign key (tenant_id, id) references holdings (tenant_id, id)
) partition by range (id);
create index holding_subjects_of on holding_subjects (tenant_id, subject_id, kind);
create table holding_contents (
    tenant_id uuid not null, id uuid not null, contained_id uuid not null,
    primary key (tenant_id, id, contained_id),
    foreign key (tenant_id, id) references holdings (tenant_id, id)
) partition by range (id);
create index holding_contents_of on holding_contents (tenant_id, contained_id);
create table places (
    tenant_id uuid not null, id uuid not null, kind text not null, place text not null,
    registered boolean not null default true, -- false: only told of as being in the way
    method text, absent_at timestamptz, stuck_since timestamptz, stuck_cause text,
    primary key (tenant_id, id, kind, place),
    foreign key (tenant_id, id) references holdings (tenant_id, id),
    check ((method is null) = (absent_at is null))
) partition by range (id);
create table clocks (
    tenant_id uuid not null, id uuid not null, purpose_id uuid not null,
    key text not null, version integer not null,
    started_at timestamptz not null, due_at timestamptz not null, expired_at timestamptz,
    primary key (tenant_id, id, purpose_id),
    foreign key (tenant_id, id) references holdings (tenant_id, id)
) partition by range (id);
create index clocks_running on clocks (tenant_id, purpose_id) where expired_at is null;
create table permits (
    tenant_id uuid not null, id uuid not null, call_id uuid not null,
    spans jsonb not null, revoked_at timestamptz not null, reason text not null,
    primary key (tenant_id, id)
) partition by range (id);
create table schedule (
    tenant_id uuid not null, id uuid not null, due_at timestamptz not null,
    primary key (tenant_id, id)
);
create index schedule_due on schedule (tenant_id, due_at);
create table withholdings (
    tenant_id uuid not null, id uuid not null,
    placed_at timestamptz not null, lifted_at timestamptz,
    primary key (tenant_id, id)
);
create table withholding_subjects (
    tenant_id uuid not null, id uuid not null, subject_id uuid not null,
    primary key (tenant_id, id, subject_id),
    foreign key (tenant_id, id) references withholdings (tenant_id, id)
);
create index withholding_subjects_of on withholding_subjects (tenant_id, subject_id);
create table holds (
    tenant_id uuid not null, id uuid not null default recital_id(),
    reason text, matter text, placed_by text not null, review_on date not null, placed_at timestamptz not null,
    placed_salt bytea,
    released_at timestamptz, released_by text, release_reason text, released_salt bytea,
    primary key (tenant_id, id),
    check ((released_at is null) = (released_by is null))
);
create table hold_recordings (
    tenant_id uuid not null, id uuid not null, recording_id uuid not null,
    primary key (tenant_id, id, recording_id),
    foreign key (tenant_id, id) references holds (tenant_id, id)
);
create index hold_recordings_of on hold_recordings (tenant_id, recording_id);
create table orders (
    tenant_id uuid not null, id uuid not null default recital_id(),
    holding_id uuid not null, kind text not null, ground text not null,
    state text not null check (state in ('ordering', 'shredding', 'verified', 'certified')),
    spans_kept jsonb not null default '[]',
    ordered_at timestamptz not null, control_sequence bigint not null,
    shredding_at timestamptz, verified_at timestamptz, certified_at timestamptz,
    primary key (tenant_id, id)
) partition by range (id);
create index orders_open on orders (tenant_id, state, id) where state <> 'certified';
create index orders_of on orders (tenant_id, holding_id);
create table certificates (
    tenant_id uuid not null, id uuid not null default recital_id(),
    order_id uuid not null, holding_id uuid not null, kind text not null, ground text not null,
    token text not null, claims jsonb not null, entry_id uuid not null, salt bytea not null,
    certified_at timestamptz not null,
    primary key (tenant_id, id)
) partition by range (id);
create table parts (
    tenant_id uuid not null, id uuid not null default recital_id(),
    order_id uuid not null, request_id uuid not null, subjects uuid[] not null,
    ordered_at timestamptz not null, collected_at timestamptz,
    key_id uuid, sealed bytea, items integer, size integer, sha256 text,
    primary key (tenant_id, id), unique (tenant_id, order_id)
);
create table part_queue (
    tenant_id uuid not null, id uuid not null,
    primary key (tenant_id, id)
);
create table control_queue (
    tenant_id uuid not null, sequence bigint not null,
    kind text not null, about uuid not null, entry jsonb not null, written_at timestamptz,
    primary key (tenant_id, sequence)
);
create index control_queue_unwritten on control_queue (sequence) where written_at is null;
create index control_queue_written on control_queue (sequence) where written_at is not null;
create table control_position (
    only_row boolean primary key default true check (only_row),
    sequence bigint not null default 0
);
insert into control_position default values
"""
PARTITIONED = ("holdings", "holding_subjects", "holding_contents", "places", "clocks", "permits", "orders")
# The worker role finds work in these: ids and times only.
WORK = ("tenants", "schedule", "orders", "part_queue", "control_queue")
ALONE = ("purposes", "withholdings", "withholding_subjects", "holds", "hold_recordings", "parts")


def upgrade() -> None:
    foundation()
    for statement in TABLES.split(";\n"):
        op.execute(statement)
    for name in (*PARTITIONED, "certificates"):
        partitioned(name)
    for name in (*PARTITIONED, *WORK, *ALONE):
        if name not in WORK:
            tenant_table(name)
    for name in WORK:
        tenant_table(name, worker=True)
    tenant_table("certificates", append_only=True)
    # One number for all tenants: the control ledger is one sequence (see actions/control.py).
    op.execute(f"grant select, update (sequence) on control_position to {application_role()}, {worker_role()}")
