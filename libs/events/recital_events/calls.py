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
