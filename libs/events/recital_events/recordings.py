"""What is told of recordings, and of every other copy of personal data that comes to exist."""

from uuid import UUID

from recital_events.event import Code, Event, Instant, Sha256
from recital_events.nouns import HoldingKind, PartyLink, Place, Proof, PurposeSpans, PurposeVersion, Spans


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


class RecordingConfirmed(Event):
    """A recording was read back whole and is as it was sealed: the sender may delete its own copy."""

    name = "recording.confirmed"
    identity = "recording"
    producers = ("ingest",)
    consumers = ("consent", "retention")
    public = True

    recording: UUID
    call: UUID
    confirmed_at: Instant


class RecordingTrimmed(Event):
    """A recording was sealed anew with parts silenced, its old keys and objects are gone: the facts as they are now."""

    name = "recording.trimmed"
    identity = "recording"
    producers = ("ingest",)
    consumers = ("consent", "retention")
    public = True

    recording: UUID
    order: UUID
    permit: UUID
    call: UUID
    parties: tuple[PartyLink, ...]
    spans: tuple[PurposeSpans, ...]
    purposes: tuple[PurposeVersion, ...]
    answered_at: Instant
    call_ended_at: Instant
    received_sha256: Sha256
    places: tuple[Place, ...]
    proofs: tuple[Proof, ...]
    trimmed_at: Instant


class RecordingRefused(Event):
    """Audio that came under a valid permit was refused and nothing of it was kept; `code` says why."""

    name = "recording.refused"
    identity = "upload"
    producers = ("ingest",)
    consumers = ("consent", "retention")
    public = True

    upload: UUID
    permit: UUID
    call: UUID
    code: Code
    refused_at: Instant


class RecordingMissing(Event):
    """A call ended, could be recorded, and its recording has not come, or not whole: `gaps` are what could be kept."""

    name = "recording.missing"
    identity = "call"
    producers = ("consent",)
    consumers = ()
    public = True

    call: UUID
    gaps: Spans
    found_at: Instant


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
