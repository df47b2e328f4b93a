"""Looking recordings up."""

from collections.abc import Sequence
from uuid import UUID

from recital_database import Transaction

from recital_ingest.model.recording import Recording, Skeleton
from recital_ingest.store import recordings


async def read_recording(tx: Transaction, recording_id: UUID) -> Recording | Skeleton:
    """Return a recording, or what is left of an erased one. Raises NotFound."""
    return await recordings.recording(tx, recording_id)


async def list_recordings(
    tx: Transaction, *, call: UUID | None, after: UUID | None, most: int
) -> Sequence[Recording | Skeleton]:
    """Return recordings in the order they were stored, after a cursor."""
    return await recordings.recordings(tx, call=call, after=after, most=most)
