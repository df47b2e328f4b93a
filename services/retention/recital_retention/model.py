"""The nouns of retention: holdings, clocks, what keeps a holding, orders and certificates.

Nothing here decides or does anything. No noun holds personal data: persons are subject ids.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from recital_events import HoldingKind, PurposeSpans

Json = None | bool | int | str | Sequence["Json"] | Mapping[str, "Json"]
"""What a certificate and a ledger entry are made of."""

Interval = tuple[int, int]
"""A half-open interval [start, end) in milliseconds since the call was answered."""


class HoldingState(StrEnum):
    """Where a holding stands. From ORDERING on nothing can keep it: that is the point of no return."""

    RETAINED = "retained"
    DUE = "due"
    ORDERING = "ordering"
    SHREDDING = "shredding"
    ERASED = "erased"

    @property
    def beyond_return(self) -> bool:
        """Whether destruction has begun."""
        return self in (HoldingState.ORDERING, HoldingState.SHREDDING, HoldingState.ERASED)


class OrderState(StrEnum):
    """Where an erasure order stands: written down, given, answered for every place, certified."""

    ORDERING = "ordering"
    SHREDDING = "shredding"
    VERIFIED = "verified"
    CERTIFIED = "certified"


class Ground(StrEnum):
    """Why a holding is destroyed."""

    RETENTION_ENDED = "retention_ended"
    PERMIT_REVOKED = "permit_revoked"
    PRIVATE_CALL = "private_call"
    PURPOSE_ENDED = "purpose_ended"
    ERASURE_REQUESTED = "erasure_requested"
    TENANT_CLOSED = "tenant_closed"
    NO_LONGER_NEEDED = "no_longer_needed"
    REQUEST_CLOSED = "request_closed"
    CONTENT_ERASED = "content_erased"


@dataclass(frozen=True, slots=True)
class CalendarDuration:
    """An ISO 8601 duration: calendar months and days in the tenant's zone, then elapsed seconds."""

    months: int
    days: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Retention:
    """How long one version of a purpose keeps a recording: from the call's end, or from what its references name.

    With `from_reference` the duration counts from the end of what the call's references name, and never past `at_most`
    after the call's end.
    """

    version: int
    duration: CalendarDuration
    from_reference: bool = False
    at_most: CalendarDuration | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """One recording's retention under one purpose, from the call's end."""

    recording: UUID
    purpose: UUID
    key: str
    version: int
    started_at: datetime
    due_at: datetime
    expired_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """A living holding that speaks of a subject: its kind, and for a request's file whether it is closed."""

    kind: HoldingKind
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a holding at the moment it may be ordered, read under its row lock.

    `running` counts the clocks that have not ended, `recordings` a call's recordings before the point of no return
    (`recorded`: it ever had one), `uses` the living holdings that speak of an identity's subject. `ended_because` is
    set where something else than time ended it, `requested` where a person's request to have it erased was upheld.
    `withheld` and `restricted` do not count the request that asks for the erasure itself. `trimming`: a part of it is
    being destroyed at this moment. Until `watched_until` it counts as moved (decisions.pace).
    """

    holding: UUID
    kind: HoldingKind
    state: HoldingState
    due_at: datetime | None = None
    ended_because: Ground | None = None
    held: bool = False
    withheld: bool = False
    running: int = 0
    recordings: int = 0
    recorded: bool = False
    uses: tuple[Use, ...] = ()
    stands_alone: bool = False
    requested: bool = False
    watched_until: datetime | None = None
    restricted: bool = False
    trimming: bool = False


@dataclass(frozen=True, slots=True)
class PlaceProof:
    """One place of a holding; `method` and `absent_at` once it was found empty, `stuck_*` while it could not be.

    Not `registered` is a place that an owner only named as being in the way: it needs no proof of its own.
    """

    kind: str
    id: str
    method: str | None = None
    absent_at: datetime | None = None
    stuck_since: datetime | None = None
    stuck_cause: str | None = None
    registered: bool = True


@dataclass(frozen=True, slots=True)
class Order:
    """An erasure order, past the point of no return since `ordered_at`."""

    id: UUID
    holding: UUID
    kind: HoldingKind
    ground: Ground
    state: OrderState
    ordered_at: datetime
    control_sequence: int
    shredding_at: datetime | None = None
    verified_at: datetime | None = None
    certificate: UUID | None = None
    spans_kept: tuple[PurposeSpans, ...] = ()

    @property
    def trims(self) -> bool:
        """Whether only a part of the holding is destroyed."""
        return bool(self.spans_kept)


@dataclass(frozen=True, slots=True)
class Holding:
    """Anything with personal data that has an end, as the register knows it."""

    id: UUID
    kind: HoldingKind
    state: HoldingState
    registered_at: datetime
    due_at: datetime | None
    kept_by: tuple[str, ...] = ()
    ends_with: UUID | None = None
    ordered_at: datetime | None = None
    erased_at: datetime | None = None
    certificate: UUID | None = None


@dataclass(frozen=True, slots=True)
class Residue:
    """What may outlive the proof of absence, in days; None where no backups of keys are made."""

    key_backup_days: int | None
    store_residue_days: int


@dataclass(frozen=True, slots=True)
class Trim:
    """What a revoked permit leaves of a recording: the purposes that lost everything, and the spans that remain."""

    ended: tuple[str, ...]
    kept: tuple[PurposeSpans, ...]
    takes_away: bool


@dataclass(frozen=True, slots=True)
class HoldScope:
    """By what a hold finds its recordings: a list, calls, or subjects whose calls ended in a period [from, until).

    `future` lets it take in recordings that are stored later, too.
    """

    recordings: tuple[UUID, ...] = ()
    calls: tuple[UUID, ...] = ()
    subjects: tuple[UUID, ...] = ()
    period_from: datetime | None = None
    period_until: datetime | None = None
    future: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold on recordings, with why, for which matter, by whom, and when it is to be looked at again.

    `recordings` are those it is on now, whatever `scope` found them by; `too_late` are those whose deletion had begun.
    """

    id: UUID
    reason: str | None
    matter: str | None
    placed_by: str
    review_on: date
    placed_at: datetime
    recordings: Sequence[UUID]
    scope: HoldScope = HoldScope()
    too_late: Mapping[UUID, datetime] = field(default_factory=dict)
    released_at: datetime | None = None
    released_by: str | None = None
    release_reason: str | None = None
