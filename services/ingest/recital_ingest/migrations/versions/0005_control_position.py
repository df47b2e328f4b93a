"""How far the control ledger has been applied, so that a restored database learns again what it forgot."""

from recital_database.migrating import control_position

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    control_position()
