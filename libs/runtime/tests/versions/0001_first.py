"""The foundation alone."""

from recital_database.migrating import foundation

revision = "0001"
down_revision = None


def upgrade() -> None:
    foundation()
