"""A recording may be the compressed file that was received, kept as its one track."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Say of each recording which kind of file it is; of all others the tracks are samples, one per channel."""
    op.execute(
        "alter table recordings add column container text"
        " check (container in ('ogg', 'mp3', 'flac', 'm4a', 'aac', 'wav'))"
    )
