"""From which version an aggregate counts on after this database was restored from a backup."""

from recital_database.migrating import restores

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    restores()
