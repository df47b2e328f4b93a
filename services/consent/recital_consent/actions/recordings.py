"""What ingest tells of a call's recordings: stored, confirmed, trimmed, refused. Completeness follows them."""

from recital_database import Transaction
from recital_events import RecordingConfirmed, RecordingRefused, RecordingStored, RecordingTrimmed

from recital_consent.actions.completeness import settle
from recital_consent.store import calls, permits


async def note_stored(tx: Transaction, event: RecordingStored) -> None:
    """Note that a call was recorded, and whether all that could be kept has come."""
    await permits.add_recording(tx, event)
    await calls.change_call(tx, event.call, recorded_at=event.stored_at)
    await settle(tx, event.call)


async def note_trimmed(tx: Transaction, event: RecordingTrimmed) -> None:
    """Note what a recording still holds."""
    await permits.trim_recording(tx, event)
    await settle(tx, event.call)


async def note_confirmed(tx: Transaction, event: RecordingConfirmed) -> None:
    """Note that a recording was read back whole."""
    await permits.confirm_recording(tx, event.recording, event.confirmed_at)


async def note_refused(tx: Transaction, event: RecordingRefused) -> None:
    """Note why audio of a call was last refused: what is missing is then explained."""
    await calls.change_call(tx, event.call, refused_code=event.code, refused_at=event.refused_at)
