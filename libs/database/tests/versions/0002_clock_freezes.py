"""Where a jump of time is kept until a person has looked."""

from recital_database.migrating import clock_freezes

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    clock_freezes()
