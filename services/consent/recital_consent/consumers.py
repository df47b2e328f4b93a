"""Events in: what consent does on each event it follows."""

from recital_database import Handlers
from recital_events import (
    CollectionOrdered,
    ErasureCertified,
    ErasureOrdered,
    ErasureWithheld,
    ObjectionRejected,
    ObjectionUpheld,
    RecordingConfirmed,
    RecordingRefused,
    RecordingStored,
    RecordingTrimmed,
    RectificationDecided,
    RestrictionLifted,
    RestrictionSet,
    TenantErased,
)

from recital_consent.actions import closing, collecting, erasing, recordings, rectifying, stating


def handlers() -> Handlers:
    """Return the handler of every event; None where only the aggregate's version is followed."""
    return {
        RecordingStored: recordings.note_stored,
        ErasureOrdered: erasing.take_order,
        ErasureCertified: None,
        CollectionOrdered: collecting.take_order,
        TenantErased: closing.end_tenant,
        RecordingConfirmed: recordings.note_confirmed,
        RecordingTrimmed: recordings.note_trimmed,
        RecordingRefused: recordings.note_refused,
        ErasureWithheld: None,
        RestrictionSet: None,
        RestrictionLifted: None,
        ObjectionUpheld: stating.uphold,
        ObjectionRejected: stating.reject,
        RectificationDecided: rectifying.take_rectification,
    }
