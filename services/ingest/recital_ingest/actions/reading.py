"""Looking recordings up."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from recital_database import Transaction

from recital_ingest.model.recording import Recording, Skeleton
from recital_ingest.store import recordings, standings
from recital_ingest.store.recordings import Search


async def read_recording(tx: Transaction, recording_id: UUID) -> Recording | Skeleton:
    """Return a recording, or what is left of an erased one. Raises NotFound."""
    return await recordings.recording(tx, recording_id)


async def list_recordings(
    tx: Transaction, search: Search, *, after: UUID | None, most: int
) -> Sequence[Recording | Skeleton]:
    """Return the recordings looked for in the order they were stored, after a cursor.

    Who looks for a subject finds whoever turned out to be the same person too.
    """
    if search.subjects is not None:
        search = replace(search, subjects=await standings.all_of(tx, search.subjects))
    return await recordings.recordings(tx, search, after=after, most=most)
