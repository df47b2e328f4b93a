"""Events in: what consent does on each event it follows."""

from recital_database import Handlers
from recital_events import CollectionOrdered, ErasureCertified, ErasureOrdered, RecordingStored

from recital_consent.actions import collecting, erasing, recordings


def handlers() -> Handlers:
    """Return the handler of every event; None where only the aggregate's version is followed."""
    return {
        RecordingStored: recordings.note_stored,
        ErasureOrdered: erasing.take_order,
        ErasureCertified: None,
        CollectionOrdered: collecting.take_order,
    }
