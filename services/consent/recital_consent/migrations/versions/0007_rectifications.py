"""Corrections that stand beside a call or an identity, sealed, and those whose texts are still to be fetched."""

from alembic import op
from recital_database.migrating import tenant_table

revision = "0007"
down_revision = "0006"

TABLES = """
-- Beside a call a text has a key of its own; beside an identity it lies under its subject's.
create table rectifications (
    tenant_id uuid not null, id uuid not null, holding_id uuid not null,
    key_id uuid not null, sealed bytea not null, made_at timestamptz not null,
    ledger_entry uuid not null, salt bytea not null,
    primary key (tenant_id, id)
);
create index rectifications_of on rectifications (tenant_id, holding_id, id);
create index rectifications_by_key on rectifications (tenant_id, key_id);
-- Corrections whose text is to be fetched from dsar; gone when it stands, or has nothing to stand beside.
create table rectifications_due (
    tenant_id uuid not null, id uuid not null, holding_id uuid not null,
    kind text not null check (kind in ('call', 'identity')), due_at timestamptz not null,
    primary key (tenant_id, id)
);
create index rectifications_due_at on rectifications_due (due_at)
"""


def upgrade() -> None:
    """Make both tables."""
    for statement in TABLES.split(";\n"):
        op.execute(statement)
    tenant_table("rectifications")
    tenant_table("rectifications_due", worker=True)
