"""A tenant that was to be closed and was not goes on: what is closed for good is a time of its own."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("alter table tenants add column closed_at timestamptz")
