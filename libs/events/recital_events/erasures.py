"""What is told when something's time is over: the clock, the order, the proof, the certificate."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from recital_events.event import Code, Event, Instant
from recital_events.nouns import HoldingKind, Place, Proof, PurposeSpans

_OWNERS = ("consent", "ingest", "dsar")
"""The services that own holdings, and so destroy and prove."""


class ClockExpired(Event):
    """A recording may no longer be heard under this purpose, although it may still exist for another."""

    name = "clock.expired"
    identity = "recording"
    producers = ("retention",)
    consumers = ("ingest",)

    recording: UUID
    purpose: UUID
    key: Code
    expired_at: Instant


class ErasureOrdered(Event):
    """A holding must be destroyed, all but `spans_kept`; past the point of no return, so carried through.

    `control_sequence` is the order's place in the control ledger.
    """

    name = "erasure.ordered"
    identity = "holding"
    producers = ("retention",)
    consumers = _OWNERS

    order: UUID
    holding: UUID
    kind: HoldingKind
    spans_kept: tuple[PurposeSpans, ...] = ()
    ground: Code
    control_sequence: Annotated[int, Field(ge=1)]
    ordered_at: Instant


class ErasureCertified(Event):
    """Every place of a holding was proved empty, and the certificate is signed."""

    name = "erasure.certified"
    identity = "holding"
    producers = ("retention",)
    consumers = _OWNERS
    public = True

    certificate: UUID
    order: UUID
    holding: UUID
    kind: HoldingKind
    ground: Code
    certified_at: Instant


class HoldingErased(Event):
    """An owner destroyed its places of a holding, and found each of them empty."""

    name = "holding.erased"
    identity = "holding"
    producers = _OWNERS
    consumers = ("retention",)

    order: UUID
    holding: UUID
    kind: HoldingKind
    proofs: tuple[Proof, ...]
    erased_at: Instant


class HoldingStuck(Event):
    """A place of a holding could not be destroyed yet; the owner goes on trying."""

    name = "holding.stuck"
    identity = "holding"
    producers = _OWNERS
    consumers = ("retention",)

    order: UUID
    holding: UUID
    kind: HoldingKind
    place: Place
    since: Instant
    cause: Code
