"""What happens to audio after it is stored: suspended, restricted, held, trimmed, read back, annotated, drawn."""

from alembic import op
from recital_database.migrating import tenant_table

revision = "0003"
down_revision = "0002"

TABLES = """
alter table tenants add column closed_at timestamptz, add column erased_at timestamptz,
    add column read_back_every text, add column concurrent_uploads integer;
alter table permits add column suspended_at timestamptz;
alter table recordings add column confirmed_at timestamptz, add column damaged_at timestamptz,
    add column replaced jsonb;
create index recordings_by_answer on recordings (tenant_id, answered_at);
create index recordings_by_confirmation on recordings (tenant_id, confirmed_at);
-- What dsar restricted (AVG art. 18) and retention holds; a row says that it is so until its end.
create table restrictions (
    tenant_id uuid not null, id uuid not null, recording_id uuid not null,
    set_at timestamptz not null, lifted_at timestamptz,
    primary key (tenant_id, id, recording_id)
);
create index restrictions_of on restrictions (tenant_id, recording_id) where lifted_at is null;
create table holds (
    tenant_id uuid not null, id uuid not null, recording_id uuid not null,
    placed_at timestamptz not null, released_at timestamptz,
    primary key (tenant_id, id, recording_id)
);
create index holds_of on holds (tenant_id, recording_id) where released_at is null;
-- Subjects that turned out to be another.
create table merges (
    tenant_id uuid not null, merged_id uuid not null, subject_id uuid not null,
    primary key (tenant_id, merged_id)
);
create index merges_into on merges (tenant_id, subject_id);
-- An order that keeps a part: where the trimmed tracks are being sealed, and what they replaced.
alter table erasures add column spans_kept jsonb, add column attempt uuid,
    add column new_objects uuid[] not null default '{}', add column new_keys uuid[] not null default '{}',
    add column multiparts jsonb not null default '{}',
    add column old_objects uuid[], add column old_keys uuid[], add column salt bytea;
create index erasures_by_attempt on erasures (tenant_id, attempt) where attempt is not null;
create index erasures_of on erasures (tenant_id, holding_id);
-- When each recording is read back whole, next.
create table read_backs (
    tenant_id uuid not null, recording_id uuid not null,
    due_at timestamptz not null, read_at timestamptz, tries integer not null default 0,
    primary key (tenant_id, recording_id)
);
create index read_backs_due on read_backs (due_at);
-- The owner sees no row of a table whose security is forced upon it.
alter table recordings no force row level security;
insert into read_backs (tenant_id, recording_id, due_at)
    select tenant_id, id, stored_at + interval '1 minute' from recordings where state = 'stored';
alter table recordings force row level security;
-- Texts that people write beside a recording, each sealed under a key of its own.
create table annotations (
    tenant_id uuid not null, id uuid not null, recording_id uuid not null,
    kind text not null, author text not null, rectification_id uuid,
    key_id uuid not null, sealed bytea not null, made_at timestamptz not null,
    ledger_entry uuid not null, salt bytea not null,
    primary key (tenant_id, id)
);
create index annotations_of on annotations (tenant_id, recording_id, id);
create unique index annotations_rectified on annotations (tenant_id, rectification_id);
-- Corrections whose text is still to be fetched from dsar.
create table rectifications (
    tenant_id uuid not null, id uuid not null, recording_id uuid not null,
    state text not null default 'ordered' check (state in ('ordered', 'done')),
    due_at timestamptz not null, tries integer not null default 0,
    primary key (tenant_id, id)
);
create index rectifications_due on rectifications (due_at) where state = 'ordered';
-- Peaks of a recording, computed once, sealed like a track.
create table waveforms (
    tenant_id uuid not null, recording_id uuid not null,
    object_id uuid not null, key_id uuid not null, size bigint, lease_until timestamptz not null,
    primary key (tenant_id, recording_id)
);
-- Why somebody listened is sealed, under a key per month. What stood there in plain text goes.
create table text_keys (
    tenant_id uuid not null, month date not null, key_id uuid not null,
    primary key (tenant_id, month)
);
alter table grants drop column reason, drop column ticket, add column texts bytea, add column texts_key uuid;
create index grants_by_listener on grants (tenant_id, listener, id);
-- Listening without a purpose of one's own: listed until somebody else has looked.
create table broken_glass (
    tenant_id uuid not null, grant_id uuid not null, recording_id uuid not null, listener text not null,
    asked_at timestamptz not null, reviewed_at timestamptz, reviewed_by text, finding bytea,
    primary key (tenant_id, grant_id)
);
create index broken_glass_open on broken_glass (tenant_id, grant_id) where reviewed_at is null
"""


def upgrade() -> None:
    """Create and change everything."""
    for statement in TABLES.split(";\n"):
        op.execute(statement)
    for name in ("read_backs", "rectifications"):
        tenant_table(name, worker=True)
    for name in ("restrictions", "holds", "merges", "annotations", "waveforms", "text_keys", "broken_glass"):
        tenant_table(name)
