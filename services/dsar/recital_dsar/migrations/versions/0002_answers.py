"""Answers to every kind of request: letters, proofs of identity, measures on holdings, extensions, recipients."""

from alembic import op
from recital_database.migrating import tenant_table

revision = "0002"
down_revision = "0001"

TABLES = """
alter table tenants
    add column holiday_region text, add column staff_voices_muted boolean not null default true,
    add column letterhead jsonb, add column closing_at timestamptz, add column erased_at timestamptz;
-- The last day by which the answer must be there: the first date, or the second once the person was told of it in time.
alter table requests
    add column channel text not null default 'officer', add column proved_by text, add column repeats uuid,
    add column paused_days integer not null default 0,
    add column extension_asked_at timestamptz, add column extended_at timestamptz,
    add column answered_at timestamptz, add column answered_in_time boolean,
    add column answer_by date generated always as
        (case when extended_at is null then due_on else extended_due_on end) stored;
drop index requests_by_due_date;
create index requests_by_answer_by on requests (tenant_id, answer_by, id) where closed_at is null;
-- What was written to a person, sealed with the address under the file's key; a code in it is blanked once it is out.
create table letters (
    tenant_id uuid not null, id uuid not null default recital_id(),
    request_id uuid not null, kind text not null, language text not null, channel text not null,
    state text not null default 'waiting', trouble text,
    written_at timestamptz not null default recital_now(), sent_at timestamptz, body bytea not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, request_id) references requests (tenant_id, id),
    check ((state in ('sent', 'returned')) = (sent_at is not null))
);
create index letters_of on letters (tenant_id, request_id, id);
-- How a person proves who they are without papers; one row per request, whose id it bears.
create table challenges (
    tenant_id uuid not null, id uuid not null,
    way text not null, state text not null default 'asked', sent integer not null default 0,
    tries integer not null default 0, digest bytea, expires_at timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, id) references requests (tenant_id, id)
);
-- What was decided about a holding, and how far its owner has come; the id is that of the restriction or correction.
create table measures (
    tenant_id uuid not null, id uuid not null default recital_id(),
    request_id uuid not null, measure text not null, holding uuid, kind text, ground text not null,
    purposes text[], state text not null, restricted boolean not null default false,
    certificate uuid, held_back_by text, look_again boolean not null default false, wording bytea,
    decided_at timestamptz not null default recital_now(), settled_at timestamptz,
    primary key (tenant_id, id), unique (tenant_id, request_id, measure, holding),
    foreign key (tenant_id, request_id) references requests (tenant_id, id)
);
create index measures_by_holding on measures (tenant_id, holding) where holding is not null;
-- Whose correction it is, for its owner who fetches the text.
create table rectifications (
    tenant_id uuid not null, id uuid not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, id) references measures (tenant_id, id) on delete cascade
);
create index rectifications_by_id on rectifications (id);
-- Those to whom data was given and who are told of its erasure, restriction or correction.
create table recipients (
    tenant_id uuid not null, id uuid not null default recital_id(),
    request_id uuid not null, named bytea not null, added_by text not null,
    added_at timestamptz not null default recital_now(), told_at timestamptz, told_by text,
    primary key (tenant_id, id),
    foreign key (tenant_id, request_id) references requests (tenant_id, id)
);
create index recipients_of on recipients (tenant_id, request_id, id)
"""


def upgrade() -> None:
    for statement in TABLES.split(";\n"):
        op.execute(statement)
    for name in ("letters", "challenges", "measures", "recipients"):
        tenant_table(name)
    tenant_table("rectifications", worker=True)
