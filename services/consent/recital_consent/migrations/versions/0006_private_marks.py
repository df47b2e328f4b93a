"""How often each member of staff marked calls private in a month: all that such a mark leaves of who made it."""

from alembic import op
from recital_database.migrating import tenant_table

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the counter."""
    op.execute(
        "create table private_marks (tenant_id uuid not null, subject_id uuid not null, month date not null,"
        " marks integer not null, primary key (tenant_id, month, subject_id),"
        " foreign key (tenant_id, subject_id) references subjects (tenant_id, id))"
    )
    tenant_table("private_marks")
