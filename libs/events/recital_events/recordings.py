"""What is told of recordings, and of every other copy of personal data that comes to exist."""

from uuid import UUID

from recital_events.event import Event, Instant, Sha256
from recital_events.nouns import HoldingKind, PartyLink, Place, PurposeSpans, PurposeVersion


class RecordingStored(Event):
    """A recording is durable: its object is verified, its keys and row are committed."""

    name = "recording.stored"
    identity = "recording"
    producers = ("ingest",)
    consumers = ("consent", "retention")
    public = True

    recording: UUID
    permit: UUID
    call: UUID
    parties: tuple[PartyLink, ...]
    spans: tuple[PurposeSpans, ...]
    purposes: tuple[PurposeVersion, ...]
    answered_at: Instant
    call_ended_at: Instant
    received_sha256: Sha256
    places: tuple[Place, ...]
    stored_at: Instant


class CopyRegistered(Event):
    """A holding exists, or has more places: `contains` are the holdings it holds parts of, whose erasure ends it too.

    It ends at `ends_at`, or with the request `ends_with`, or, without either, as retention's register says.
    """

    name = "copy.registered"
    identity = "holding"
    producers = ("consent", "ingest", "dsar")
    consumers = ("retention",)

    holding: UUID
    kind: HoldingKind
    contains: tuple[UUID, ...] = ()
    places: tuple[Place, ...]
    subjects: tuple[UUID, ...]
    ends_at: Instant | None = None
    ends_with: UUID | None = None
