"""From which version an aggregate counts on after this database was restored from a backup."""

from recital_database.migrating import restores

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    restores()
