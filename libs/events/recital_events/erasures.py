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


class ErasureWithheld(Event):
    """A holding that a person asked to have erased must stay, on this ground; decided again when that ends."""

    name = "erasure.withheld"
    identity = "holding"
    producers = ("retention",)
    consumers = _OWNERS

    holding: UUID
    kind: HoldingKind
    request: UUID
    ground: Code
    until: Instant | None = None
    withheld_at: Instant


class ErasureRequested(Event):
    """A person's request to have this holding erased was upheld, on this ground of AVG art. 17(1).

    It stands for these subjects: a recording of an earlier call that arrives later is erased too.
    """

    name = "erasure.requested"
    identity = "holding"
    producers = ("dsar",)
    consumers = ("retention",)

    request: UUID
    holding: UUID
    kind: HoldingKind
    subjects: tuple[UUID, ...]
    ground: Code
    requested_at: Instant


class HoldPlaced(Event):
    """A legal hold is in force on a holding: it is not destroyed, whatever its clocks say."""

    name = "hold.placed"
    identity = "holding"
    producers = ("retention",)
    consumers = ("ingest", "dsar")

    hold: UUID
    holding: UUID
    kind: HoldingKind
    placed_at: Instant


class HoldReleased(Event):
    """A legal hold on a holding was released; others may still be in force."""

    name = "hold.released"
    identity = "holding"
    producers = ("retention",)
    consumers = ("ingest", "dsar")

    hold: UUID
    holding: UUID
    kind: HoldingKind
    released_at: Instant


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
