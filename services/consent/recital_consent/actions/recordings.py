"""What ingest tells of a call's recordings: that one was stored."""

from recital_database import Transaction
from recital_events import RecordingStored

from recital_consent.store import calls, permits


async def note_stored(tx: Transaction, event: RecordingStored) -> None:
    """Note that a call was recorded."""
    await permits.add_recording(tx, event)
    await calls.change_call(tx, event.call, recorded_at=event.stored_at)
