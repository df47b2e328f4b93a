"""How far the control ledger has been applied."""

from recital_database.migrating import control_position

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    control_position()
