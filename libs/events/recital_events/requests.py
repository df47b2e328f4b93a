"""What is told of a person's request, and of the parts that the services collect for it."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from recital_events.event import Code, Event, Instant, Sha256
from recital_events.nouns import HoldingKind

RequestKind = Literal["access", "erasure", "restriction", "rectification", "portability", "objection"]
"""What a person may ask: AVG art. 15, 17, 18, 16, 20, 21."""


class RequestReceived(Event):
    """A person asked for something; until it is closed, nothing of these subjects is destroyed."""

    name = "request.received"
    identity = "request"
    producers = ("dsar",)
    consumers = ("ingest", "retention")

    request: UUID
    kind: RequestKind
    subjects: tuple[UUID, ...]
    received_at: Instant


class RequestClosed(Event):
    """A request was answered or refused."""

    name = "request.closed"
    identity = "request"
    producers = ("dsar",)
    consumers = ("ingest", "retention")
    public = True

    request: UUID
    outcome: Code
    closed_at: Instant


class RestrictionSet(Event):
    """A holding is restricted (AVG art. 18): kept, and used for nothing but what the article allows."""

    name = "restriction.set"
    identity = "holding"
    producers = ("dsar",)
    consumers = ("consent", "ingest", "retention")

    restriction: UUID
    request: UUID
    holding: UUID
    kind: HoldingKind
    ground: Code
    set_at: Instant


class RestrictionLifted(Event):
    """A restriction of a holding is over; others may still stand."""

    name = "restriction.lifted"
    identity = "holding"
    producers = ("dsar",)
    consumers = ("consent", "ingest", "retention")

    restriction: UUID
    request: UUID
    holding: UUID
    kind: HoldingKind
    lifted_at: Instant


class ObjectionUpheld(Event):
    """A person's objection (AVG art. 21) holds: the purposes are closed for that person (R17); None means all."""

    name = "objection.upheld"
    identity = "objection"
    producers = ("dsar",)
    consumers = ("consent", "retention")

    objection: UUID
    request: UUID
    subjects: tuple[UUID, ...]
    purposes: tuple[Code, ...] | None = None
    decided_at: Instant


class ObjectionRejected(Event):
    """A person's objection does not hold: there are compelling grounds (AVG art. 21(1)), told to that person."""

    name = "objection.rejected"
    identity = "objection"
    producers = ("dsar",)
    consumers = ("consent", "retention")

    objection: UUID
    request: UUID
    subjects: tuple[UUID, ...]
    purposes: tuple[Code, ...] | None = None
    decided_at: Instant


class RectificationDecided(Event):
    """A correction (AVG art. 16) must stand with a holding; its owner fetches the text from dsar, no event has it."""

    name = "rectification.decided"
    identity = "rectification"
    producers = ("dsar",)
    consumers = ("consent", "ingest")

    rectification: UUID
    request: UUID
    holding: UUID
    kind: HoldingKind
    decided_at: Instant


class CollectionOrdered(Event):
    """Every service must render, once, what it holds of these subjects."""

    name = "collection.ordered"
    identity = "order"
    producers = ("dsar",)
    consumers = ("consent", "ingest", "retention")

    order: UUID
    request: UUID
    subjects: tuple[UUID, ...]
    ordered_at: Instant


class PartCollected(Event):
    """A service rendered its part: `items` in a document of `size` bytes with this hash, sealed until it is fetched."""

    name = "part.collected"
    identity = "part"
    producers = ("consent", "ingest", "retention")
    consumers = ("dsar",)

    part: UUID
    order: UUID
    request: UUID
    service: Code
    items: Annotated[int, Field(ge=0)]
    size: Annotated[int, Field(ge=0)]
    sha256: Sha256
    collected_at: Instant
