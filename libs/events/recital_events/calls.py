"""What consent tells of calls and of the authority to record them."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from recital_events.event import Code, Event, Instant
from recital_events.nouns import PurposeSpans

Reference = Annotated[str, Field(min_length=1, max_length=200)]
"""An opaque reference of the tenant's own (a contract, a case), by which a retention period may end."""


class CallRegistered(Event):
    """A call is known, also one that may not be recorded: its record is a holding from here on."""

    name = "call.registered"
    identity = "call"
    producers = ("consent",)
    consumers = ("retention",)

    call: UUID
    registered_at: Instant
    started_at: Instant | None = None
    subjects: tuple[UUID, ...]
    references: tuple[Reference, ...] = ()


class CallEnded(Event):
    """A call is over; told again, as the next version, whenever a late entry changes one of these facts."""

    name = "call.ended"
    identity = "call"
    producers = ("consent",)
    consumers = ("retention",)

    call: UUID
    started_at: Instant | None = None
    ended_at: Instant
    subjects: tuple[UUID, ...]
    references: tuple[Reference, ...] = ()
    private: bool


class CallUnended(Event):
    """A call should have ended long ago and nobody said so: its recording counts as missing."""

    name = "call.unended"
    identity = "call"
    producers = ("consent",)
    consumers = ("retention",)
    public = True

    call: UUID
    started_at: Instant | None = None
    noticed_at: Instant


class PermitSuspended(Event):
    """Nothing may be played under a permit until that is decided, but to the person whose own request it is for."""

    name = "permit.suspended"
    identity = "permit"
    producers = ("consent",)
    consumers = ("ingest", "retention")

    permit: UUID
    call: UUID
    suspended_at: Instant
    reason: Code


class PermitReinstated(Event):
    """A suspended permit stands again as it stood before."""

    name = "permit.reinstated"
    identity = "permit"
    producers = ("consent",)
    consumers = ("ingest", "retention")

    permit: UUID
    call: UUID
    reinstated_at: Instant


class PermitRevoked(Event):
    """A permit stands no more, or for less: `recording_spans` is all that may be kept and played from now on."""

    name = "permit.revoked"
    identity = "permit"
    producers = ("consent",)
    consumers = ("ingest", "retention")
    public = True

    permit: UUID
    call: UUID
    recording_spans: tuple[PurposeSpans, ...]
    revoked_at: Instant
    reason: Code


class ConsentWithdrawn(Event):
    """A person withdrew consent for these purposes, outside any one call; None means for all that rest on consent."""

    name = "consent.withdrawn"
    identity = "withdrawal"
    producers = ("consent",)
    consumers = ("retention",)

    withdrawal: UUID
    subject: UUID
    purposes: tuple[Code, ...] | None = None
    withdrawn_at: Instant


class ObjectionRaised(Event):
    """A person objects to these purposes (R17), outside any one call; None means to all that may be objected to."""

    name = "objection.raised"
    identity = "objection"
    producers = ("consent",)
    consumers = ("retention",)

    objection: UUID
    subject: UUID
    purposes: tuple[Code, ...] | None = None
    raised_at: Instant


class EndingReported(Event):
    """What a reference names (a contract, a case) ended: retention periods that wait for it begin."""

    name = "ending.reported"
    identity = "ending"
    producers = ("consent",)
    consumers = ("retention",)

    ending: UUID
    reference: Reference
    ended_at: Instant
    reported_at: Instant
