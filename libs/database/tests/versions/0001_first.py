"""The foundation, and one table of each kind, for this lib's own tests."""

from alembic import op
from recital_database.migrating import foundation, tenant_table

revision = "0001"
down_revision = None


def upgrade() -> None:
    foundation()
    for name in ("things", "work_things", "kept_things"):
        op.execute(
            f"create table {name} (tenant_id uuid not null, id uuid not null default recital_id(), name text not null,"
            " primary key (tenant_id, id))"
        )
    tenant_table("things")
    tenant_table("work_things", worker=True)
    tenant_table("kept_things", append_only=True)
