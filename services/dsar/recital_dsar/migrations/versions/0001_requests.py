"""Requests, their items, parts and packages, and the work that waits for them."""

from alembic import op
from recital_database.migrating import foundation, tenant_table

revision = "0001"
down_revision = None

TABLES = """
create table tenants (
    tenant_id uuid not null primary key,
    country text not null, time_zone text not null, languages text[] not null,
    key_id uuid not null, opened_at timestamptz not null
);
-- What identifies a person lies in `identifiers`, sealed under `identifiers_key`, and both go when the request closes.
-- What officers wrote is sealed under `file_key` and goes with the request's file; a skeleton stays.
create table requests (
    tenant_id uuid not null, id uuid not null default recital_id(),
    kind text not null, state text not null, language text not null,
    by_portal boolean not null, received_at timestamptz not null default recital_now(),
    received_on date not null, due_on date not null, alarm_on date not null,
    extended_due_on date not null, extension_alarm_on date not null, internal_target_on date not null,
    withholding text not null default 'pending', subjects uuid[], order_id uuid,
    identity_asked_at timestamptz, identity_settled_at timestamptz,
    code_digest bytea, code_tries integer not null default 0,
    outcome text, closed_at timestamptz, erased_at timestamptz,
    file_key uuid, identifiers_key uuid, identifiers bytea,
    primary key (tenant_id, id),
    check ((state = 'closed') = (closed_at is not null)),
    check ((state = 'closed') = (outcome is not null)),
    check (closed_at is null or identifiers is null),
    check ((erased_at is null) = (file_key is not null)),
    check (erased_at is null or (closed_at is not null and subjects is null))
);
create index requests_by_due_date on requests (tenant_id, due_on, id) where closed_at is null;
create index requests_by_state on requests (tenant_id, state, id);
-- What happened to a request, beside each ledger entry: the salt it was committed with, and what was written.
create table request_entries (
    tenant_id uuid not null, id uuid not null default recital_id(),
    request_id uuid not null, entry_id uuid not null, kind text not null,
    at timestamptz not null default recital_now(), by text not null, salt bytea not null, details bytea,
    primary key (tenant_id, id),
    foreign key (tenant_id, request_id) references requests (tenant_id, id)
);
create index request_entries_of on request_entries (tenant_id, request_id, id);
create table parts (
    tenant_id uuid not null, id uuid not null,
    request_id uuid not null, order_id uuid not null, service text not null,
    state text not null default 'announced', items integer not null, size bigint not null, sha256 text not null,
    collected_at timestamptz not null,
    primary key (tenant_id, id), unique (tenant_id, order_id, service),
    foreign key (tenant_id, request_id) references requests (tenant_id, id)
);
-- One thing a service handed in: ids, labels and times only; what it says stays in its owner's part.
create table items (
    tenant_id uuid not null, id uuid not null default recital_id(),
    request_id uuid not null, part_id uuid not null, service text not null, position integer not null,
    kind text not null, thing uuid, at timestamptz, parties jsonb not null default '[]',
    decision text, mute text[] not null default '{}', decided_by text, decided_at timestamptz, entry_id uuid,
    trouble text,
    primary key (tenant_id, id), unique (tenant_id, part_id, position),
    foreign key (tenant_id, part_id) references parts (tenant_id, id),
    foreign key (tenant_id, request_id) references requests (tenant_id, id),
    check ((decision is null) = (decided_by is null) and (decision is null) = (entry_id is null))
);
create index items_of on items (tenant_id, request_id, id);
create index items_undecided on items (tenant_id, request_id) where decision is null;
create table packages (
    tenant_id uuid not null, id uuid not null default recital_id(),
    request_id uuid not null, state text not null default 'building',
    key_id uuid, object_key text, upload_id text, places jsonb not null default '[]',
    files_done integer not null default 0, files_total integer not null,
    size bigint, sha256 text, ends_at timestamptz,
    started_at timestamptz not null default recital_now(), finished_at timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, request_id) references requests (tenant_id, id)
);
create index packages_of on packages (tenant_id, request_id, id);
create table erasure_orders (
    tenant_id uuid not null, id uuid not null,
    holding uuid not null, kind text not null, control_sequence bigint not null, ordered_at timestamptz not null,
    stuck_at timestamptz, erased_at timestamptz,
    primary key (tenant_id, id)
);
-- What is open: whose it is, and when a limit is next to be looked at.
create table open_requests (
    tenant_id uuid not null, id uuid not null, looked_at timestamptz not null, look_at timestamptz,
    primary key (tenant_id, id)
);
create index open_requests_by_id on open_requests (id);
create index open_requests_to_look_at on open_requests (look_at) where look_at is not null;
-- What is to be done in the background, tried until it succeeds.
create table steps (
    tenant_id uuid not null, step text not null, about uuid not null, request_id uuid not null,
    due_at timestamptz not null default recital_now(), attempts integer not null default 0,
    since timestamptz not null default recital_now(), cause text,
    primary key (tenant_id, step, about)
);
create index steps_due on steps (due_at);
create index steps_of on steps (tenant_id, request_id)
"""


def upgrade() -> None:
    foundation()
    for statement in TABLES.split(";\n"):
        op.execute(statement)
    for name in ("tenants", "requests", "parts", "items", "packages", "request_entries", "erasure_orders"):
        tenant_table(name)
    for name in ("open_requests", "steps"):
        tenant_table(name, worker=True)
