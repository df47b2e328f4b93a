"""What proposals and packages are computed from: facts of items, the own part of a collection, a package's time."""

from alembic import op

revision = "0004"
down_revision = "0003"

CHANGES = """
alter table tenants add column package_retention text;
-- The call a recording is of, the grounds on which a call was kept, whether a hold keeps it: no more of the content.
alter table items
    add column call_id uuid, add column bases text[] not null default '{}',
    add column held boolean not null default false, add column reason text;
-- dsar's own part of a collection, sealed under the file's key until the request closes.
alter table parts add column sealed bytea;
-- A person's requests, of whatever state.
create index requests_about on requests using gin (subjects)
"""


def upgrade() -> None:
    for statement in CHANGES.split(";\n"):
        op.execute(statement)
