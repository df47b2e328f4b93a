"""The nouns of a person's request: what was asked, of which things, and what is decided about each of them.

Nothing is decided here and nothing is read or written.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

SERVICES = ("consent", "ingest", "retention")
"""The other services, which each hand in a part of what is known about a person."""


class RequestKind(StrEnum):
    """What a person may ask (R12, R14, R17)."""

    ACCESS = "access"
    ERASURE = "erasure"
    RESTRICTION = "restriction"
    RECTIFICATION = "rectification"
    PORTABILITY = "portability"
    OBJECTION = "objection"


class State(StrEnum):
    """Where a request stands."""

    RECEIVED = "received"
    IDENTITY_ASKED = "identity_asked"
    IDENTIFIED = "identified"
    COLLECTING = "collecting"
    REVIEW = "review"
    CARRYING_OUT = "carrying_out"
    BUILDING = "building"
    READY = "ready"
    DELIVERED = "delivered"
    REFUSED = "refused"
    CLOSED = "closed"


class Move(StrEnum):
    """What can happen to a request."""

    ASK_IDENTITY = "ask_identity"
    CONFIRM_IDENTITY = "confirm_identity"
    REFUSE_IDENTITY = "refuse_identity"
    ORDER_COLLECTION = "order_collection"
    COLLECT_ANEW = "collect_anew"
    COMPLETE_COLLECTION = "complete_collection"
    CARRY_OUT = "carry_out"
    FINISH_MEASURES = "finish_measures"
    REFUSE = "refuse"
    START_PACKAGE = "start_package"
    FINISH_PACKAGE = "finish_package"
    LOSE_PACKAGE = "lose_package"
    DELIVER = "deliver"
    CLOSE = "close"


class Outcome(StrEnum):
    """How a request ended."""

    DELIVERED = "delivered"
    REFUSED = "refused"


class Withholding(StrEnum):
    """Whether what the request is about is kept from erasure until it is answered."""

    PENDING = "pending"
    IN_FORCE = "in_force"


class Decision(StrEnum):
    """What an officer decides about one item.

    A copy is given, given with voices muted, or withheld; an erasure erases or keeps; the other rights restrict or
    rectify, and withhold what is not done.
    """

    GIVE = "give"
    MASK = "mask"
    WITHHOLD = "withhold"
    KEEP = "keep"
    ERASE = "erase"
    RESTRICT = "restrict"
    RECTIFY = "rectify"


class PartState(StrEnum):
    """How far a service's part has come: announced by its owner, found whole, or found other than stated."""

    ANNOUNCED = "announced"
    CHECKED = "checked"
    MISMATCH = "mismatch"


class PackageState(StrEnum):
    """How far a package has come."""

    BUILDING = "building"
    READY = "ready"
    LOST = "lost"
    ERASED = "erased"


class CalendarGap(StrEnum):
    """Why two lists of public holidays may differ about a day."""

    DISPUTED = "disputed"
    REGIONAL = "regional"


@dataclass(frozen=True, slots=True)
class TenantFacts:
    """What dsar knows of a tenant: country, region and zone give its deadlines, the key seals what it keeps."""

    country: str
    time_zone: str
    languages: tuple[str, ...]
    key: UUID
    holiday_region: str | None = None
    staff_voices_muted: bool = True
    package_retention: str | None = None
    closing: bool = False


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The dates of one request, in the tenant's time zone; each day counts until its 24:00 (R16).

    `alarm_on` and `extension_alarm_on` are the earliest of what differing lists of holidays and readings of the law
    give; `due_on` and `extended_due_on` are the legal last days.
    """

    received_on: date
    due_on: date
    alarm_on: date
    extended_due_on: date
    extension_alarm_on: date
    internal_target_on: date


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """What is stored of a request's one-time code: no digest where it was never made, was used, or has died."""

    digest: bytes | None
    tries: int


@dataclass(frozen=True, slots=True)
class Request:
    """One person's request as stored, without what identifies the person."""

    id: UUID
    kind: RequestKind
    state: State
    language: str
    received_at: datetime
    deadlines: Deadlines
    withholding: Withholding
    subjects: tuple[UUID, ...] | None
    order: UUID | None
    identity_asked_at: datetime | None
    identity_settled_at: datetime | None
    outcome: Outcome | None
    closed_at: datetime | None
    file_key: UUID
    identifiers_key: UUID | None
    code: CodeFacts
    channel: str = "officer"
    proved_by: str | None = None
    repeats: UUID | None = None
    extension_asked_at: datetime | None = None
    extended_at: datetime | None = None
    answered_at: datetime | None = None

    @property
    def answer_by(self) -> date:
        """The last day for the answer: the first date, or the second once an extension is in force."""
        return self.deadlines.due_on if self.extended_at is None else self.deadlines.extended_due_on


@dataclass(frozen=True, slots=True)
class Party:
    """A party of a call as its owner names it: label, kind, the subject where one is known, the recording's channel."""

    party: str
    kind: str
    subject: UUID | None
    channel: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One thing a service handed in, and what was decided about it. `thing` is its id at its owner.

    `bases` are the grounds on which it was kept, `held` whether a legal hold keeps it; `reason` is the code of the
    proposal that was taken over.
    """

    id: UUID
    part: UUID
    service: str
    position: int
    kind: str
    thing: UUID | None
    at: datetime | None
    parties: tuple[Party, ...]
    decision: Decision | None = None
    mute: tuple[str, ...] = ()
    decided_by: str | None = None
    decided_at: datetime | None = None
    entry: UUID | None = None
    trouble: str | None = None
    call: UUID | None = None
    bases: tuple[str, ...] = ()
    held: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A service's part of a collection, as its owner stated it."""

    id: UUID
    request: UUID
    order: UUID
    service: str
    state: PartState
    items: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Package:
    """A package: sealed under a key of its own, with its own end."""

    id: UUID
    request: UUID
    state: PackageState
    key: UUID | None
    object_key: str | None
    upload_id: str | None
    places: tuple[tuple[str, str], ...]
    files_done: int
    files_total: int
    size: int | None
    sha256: str | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class ItemCounts:
    """How many items a request has, how many of them are decided, and how many of those are given."""

    total: int
    decided: int
    given: int


@dataclass(frozen=True, slots=True)
class Step:
    """Work that waits: what is to be done about which thing of which request, and how it went so far."""

    tenant: UUID
    step: str
    about: UUID
    request: UUID
    due_at: datetime
    attempts: int
    since: datetime
    cause: str | None


@dataclass(frozen=True, slots=True)
class ErasureOrder:
    """Retention's order to destroy one holding of this service."""

    id: UUID
    holding: UUID
    kind: str
    ordered_at: datetime
    stuck_at: datetime | None
    erased_at: datetime | None
