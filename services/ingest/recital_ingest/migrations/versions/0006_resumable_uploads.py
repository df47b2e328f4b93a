"""Uploads that come in several requests: how far each has come, and in which sealed pieces it lies."""

from alembic import op
from recital_database.migrating import tenant_table

revision = "0006"
down_revision = "0005"

TABLES = """
-- An upload that rests between two requests holds no place among the tenant's concurrent ones.
alter table uploads add column busy_until timestamptz;
-- Its intent row in uploads names the places and ends it; this one goes with it.
create table resumables (
    tenant_id uuid not null, id uuid not null,
    permit_id uuid not null, length bigint not null check (length > 0),
    received bigint not null default 0 check (received <= length),
    media text not null, permit bytea not null, key_id uuid not null,
    turn integer not null default 0, pieces jsonb not null default '[]', silencing jsonb,
    opened_at timestamptz not null, recording_id uuid,
    primary key (tenant_id, id),
    foreign key (tenant_id, id) references uploads (tenant_id, id) on delete cascade,
    check ((recording_id is null) = (received < length))
);
create index resumables_of on resumables (tenant_id, permit_id);
-- For which reasons audio under it was refused: each is told once.
alter table permits add column refused text[] not null default '{}';
-- What the received hashes are over, where a part of the audio was silenced before all of it was there.
alter table recordings add column received_parts jsonb,
    add check (state <> 'erased' or received_parts is null)
"""


def upgrade() -> None:
    """Create and change everything."""
    for statement in TABLES.split(";\n"):
        op.execute(statement)
    tenant_table("resumables")
