"""What is told of a person's request, and of the parts that the services collect for it."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from recital_events.event import Code, Event, Instant, Sha256

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
