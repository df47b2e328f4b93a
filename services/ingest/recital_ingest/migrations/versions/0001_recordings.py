"""Permits, uploads, recordings with their tracks, grants, tombstones, and the work that waits for them."""

from alembic import op
from recital_database.migrating import foundation, partitioned, tenant_table

revision = "0001"
down_revision = None

TABLES = """
create table tenants (
    tenant_id uuid not null primary key,
    key_id uuid not null, opened_at timestamptz not null
);
create table purposes (
    tenant_id uuid not null, id uuid not null, version integer not null,
    key text not null, roles text[] not null, in_force_from timestamptz not null,
    primary key (tenant_id, id, version)
);
create table requests (
    tenant_id uuid not null, id uuid not null,
    subjects uuid[] not null, received_at timestamptz not null, closed_at timestamptz,
    primary key (tenant_id, id)
);
-- One row per permit, from its first upload or from its revocation on; a commit locks and re-reads it.
create table permits (
    tenant_id uuid not null, id uuid not null,
    call_id uuid not null, recording_id uuid, revoked_at timestamptz, remaining jsonb,
    primary key (tenant_id, id),
    check ((revoked_at is null) = (remaining is null))
);
-- Intent rows: what an upload may leave behind if it is never committed. A stored recording has none.
create table uploads (
    tenant_id uuid not null, id uuid not null,
    permit_id uuid not null, call_id uuid not null,
    state text not null default 'open' check (state in ('open', 'collecting')),
    epoch integer not null default 1, lease_until timestamptz not null,
    objects uuid[] not null, keys uuid[] not null default '{}', multiparts jsonb not null default '{}',
    opened_at timestamptz not null default recital_now(),
    primary key (tenant_id, id)
);
create index uploads_by_lease on uploads (lease_until);
create table recordings (
    tenant_id uuid not null, id uuid not null,
    call_id uuid not null, permit_id uuid not null,
    state text not null default 'stored' check (state in ('stored', 'erasing', 'erased')),
    stored_at timestamptz not null default recital_now(), erased_at timestamptz,
    answered_at timestamptz, call_ended_at timestamptz,
    received_size bigint, received_sha256 bytea, received_sha512 bytea,
    encoding text, channels smallint, rate integer,
    frames bigint, frames_received bigint, keep jsonb, stretches jsonb, growth_ms integer,
    spans jsonb, purposes jsonb, parties jsonb,
    original bytea, original_key uuid,
    timeline_version integer, ledger_entry uuid not null, salt bytea,
    primary key (tenant_id, id),
    check ((state = 'erased') = (erased_at is not null)),
    check ((original is null) = (original_key is null)),
    -- The skeleton keeps no subject, no hash and nothing of the audio.
    check (state <> 'erased' or (parties is null and received_sha256 is null and original is null and salt is null)),
    check (state = 'erased' or (parties is not null and salt is not null))
) partition by range (id);
create index recordings_by_call on recordings (tenant_id, call_id, id);
create table tracks (
    tenant_id uuid not null, id uuid not null,
    recording_id uuid not null, track smallint not null, key_id uuid not null,
    size bigint not null, sealed_size bigint not null, sha256 bytea not null, sealed_sha256 bytea not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, recording_id) references recordings (tenant_id, id)
) partition by range (id);
create index tracks_of on tracks (tenant_id, recording_id, track);
create table recording_subjects (
    tenant_id uuid not null, subject_id uuid not null, recording_id uuid not null,
    primary key (tenant_id, subject_id, recording_id)
);
create index recording_subjects_of on recording_subjects (tenant_id, recording_id);
-- The same call and the same bytes are the same recording, under whatever permit they come.
create table received (
    tenant_id uuid not null, call_id uuid not null, sha256 bytea not null,
    recording_id uuid not null,
    primary key (tenant_id, call_id, sha256)
);
create index received_of on received (tenant_id, recording_id);
-- What was erased is not taken in again. `parties` are marks, not labels.
create table tombstones (
    tenant_id uuid not null, call_id uuid not null, recording_id uuid not null,
    parties bytea[] not null, made_at timestamptz not null default recital_now(),
    primary key (tenant_id, call_id, recording_id)
);
create table expired_clocks (
    tenant_id uuid not null, recording_id uuid not null, purpose_id uuid not null,
    key text not null, expired_at timestamptz not null,
    primary key (tenant_id, recording_id, purpose_id)
);
-- Every wish to listen, allowed or not; the salt is that of its ledger entry.
create table grants (
    tenant_id uuid not null, id uuid not null default recital_id(),
    recording_id uuid not null, purpose text not null, listener text not null, roles text[] not null,
    reason text not null, ticket text, request_id uuid,
    refused text[] not null default '{}', expires_at timestamptz,
    asked_at timestamptz not null default recital_now(), played_at timestamptz,
    ledger_entry uuid not null, salt bytea not null,
    primary key (tenant_id, id),
    check ((expires_at is null) = (cardinality(refused) > 0))
) partition by range (id);
create index grants_of on grants (tenant_id, recording_id, id);
-- Orders of retention to destroy, until each is done. Ids, times and codes only.
create table erasures (
    tenant_id uuid not null, id uuid not null,
    holding_id uuid not null, kind text not null, control_sequence bigint not null,
    state text not null default 'ordered' check (state in ('ordered', 'done')),
    ordered_at timestamptz not null, due_at timestamptz not null default recital_now(),
    tries integer not null default 0, stuck_since timestamptz,
    primary key (tenant_id, id)
);
create index erasures_due on erasures (due_at) where state = 'ordered';
-- Orders of dsar to collect what is known of some subjects, and the part that was rendered for each.
create table collections (
    tenant_id uuid not null, id uuid not null,
    request_id uuid not null, subjects uuid[] not null,
    state text not null default 'ordered' check (state in ('ordered', 'collected', 'erasing', 'erased')),
    part_id uuid not null, object_id uuid, key_id uuid, size bigint, items integer,
    ordered_at timestamptz not null, due_at timestamptz not null default recital_now(),
    tries integer not null default 0,
    primary key (tenant_id, id)
);
create index collections_due on collections (due_at) where state = 'ordered';
create unique index collections_part on collections (tenant_id, part_id)
"""


def upgrade() -> None:
    """Create everything."""
    foundation()
    for statement in TABLES.split(";\n"):
        op.execute(statement)
    for name in ("recordings", "tracks", "grants"):
        partitioned(name)
    for name in ("tenants", "uploads", "erasures", "collections"):
        tenant_table(name, worker=True)
    for name in (
        "purposes",
        "requests",
        "permits",
        "recordings",
        "tracks",
        "recording_subjects",
        "received",
        "tombstones",
        "expired_clocks",
        "grants",
    ):
        tenant_table(name)
