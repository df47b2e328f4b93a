"""Calls: who took part, what happened when, and the facts on which the rulebook decides."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from recital_consent.model.completeness import Completeness, Outcome
from recital_consent.model.purposes import BasisKind, PurposeVersion
from recital_consent.model.statements import Statement


class PartyKind(StrEnum):
    """Whose side a party is on."""

    CUSTOMER = "customer"
    STAFF = "staff"
    THIRD_PARTY = "third_party"


class PartyType(StrEnum):
    """Who speaks for a party. The tenant's own bots are staff of type bot."""

    PERSON = "person"
    BOT = "bot"


class Direction(StrEnum):
    """Who called whom, seen from the tenant."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class EntryKind(StrEnum):
    """What can happen in a call."""

    ANSWERED = "answered"
    NOTICE_PLAYED = "notice_played"
    CONSENT_GIVEN = "consent_given"
    CONSENT_REFUSED = "consent_refused"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    OBJECTED = "objected"
    HELD = "held"
    RESUMED = "resumed"
    PAUSED = "paused"
    UNPAUSED = "unpaused"
    JOINED = "joined"
    LEFT = "left"
    MARKED_PRIVATE = "marked_private"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A subject's part in one call. `registered`: named at registration, so present from the answer on.

    region: the country of its number (ISO 3166, "001" where a number has none), None without a number.
    announced: to a person of the staff, when which purpose version was announced (R20): (key, version) to instant.
    """

    label: str
    kind: PartyKind
    type: PartyType = PartyType.PERSON
    subject: UUID | None = None
    registered: bool = True
    region: str | None = None
    announced: Mapping[tuple[str, int], datetime] = field(default_factory=dict)

    @property
    def is_staff(self) -> bool:
        """Whether it is our own side: staff, or our own bot."""
        return self.kind is PartyKind.STAFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened. `at` is when it happened (of a notice: when it ended), `received_at` when we heard.

    purposes: what it is about, none meaning all. version, language, started_at, completed: of a notice.
    started_at, ended_at: of a private mark, the part it marks; without started_at it marks the whole call.
    """

    id: str
    kind: EntryKind
    at: datetime
    received_at: datetime
    party: str | None = None
    purposes: frozenset[str] = frozenset()
    version: int | None = None
    language: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    completed: bool = False

    def touches(self, purpose: str) -> bool:
        """Whether it is about a purpose: one that lists purposes touches only those."""
        return not self.purposes or purpose in self.purposes


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeTerms:
    """What the rulebook needs of a purpose, in the version registered for the call.

    staff_only_until: the last day on which calls with staff only may be recorded for it (R27). drawn: whether this call
    was drawn, where the purpose is sampled (R19). retention: of that version; later_retentions: of those published
    after it, of which the shorter count as well (R11).
    """

    id: UUID
    key: str
    version: int
    basis: BasisKind
    retention: str
    later_retentions: frozenset[str] = frozenset()
    hold_suppressed: bool = True
    review_on: date | None = None
    staff_only_until: date | None = None
    drawn: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The facts of one call. guard_ms: the tenant's guard at registration.

    statements: what its parties said outside it. asked: private marks that staff asked for and nobody decided yet.
    """

    id: UUID
    country: str
    guard_ms: int
    has_source: bool
    purposes: tuple[PurposeTerms, ...]
    parties: tuple[Party, ...]
    answered_at: datetime | None = None
    entries: tuple[Entry, ...] = ()
    statements: tuple[Statement, ...] = ()
    asked: tuple[Entry, ...] = ()

    def party(self, label: str | None) -> Party | None:
        """Return the party of that label, if there is one."""
        return next((party for party in self.parties if party.label == label), None)

    @property
    def others(self) -> tuple[Party, ...]:
        """The parties that are not staff: those who must be told."""
        return tuple(party for party in self.parties if not party.is_staff)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An entry as it is kept. digest: keyed, of its content; ledger_entry: its place in the consent ledger."""

    entry: Entry
    digest: bytes
    ledger_entry: UUID
    salt: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """A call as it is kept: the facts the rulebook needs, and what surrounds them.

    external_id, source, direction and language are None on the skeleton that an erasure leaves. started_at and ended_at
    are what the timeline says so far; references are the tenant's own, opaque. missing_at, unended_at: when that was
    found and told; refused_code: why ingest last refused audio of it.
    """

    facts: Call
    registered_at: datetime
    reference: str
    external_id: str | None
    source: UUID | None
    direction: Direction | None
    language: str | None
    references: tuple[str, ...]
    purposes: tuple[PurposeVersion, ...]
    started_at: datetime | None = None
    ended_at: datetime | None = None
    private: bool = False
    timeline_version: int = 0
    recorded_at: datetime | None = None
    erasing_at: datetime | None = None
    written: Mapping[str, Written] = field(default_factory=dict)
    completeness: Completeness = field(default_factory=lambda: Completeness(outcome=Outcome.GOING_ON))
    missing_at: datetime | None = None
    unended_at: datetime | None = None
    refused_code: str | None = None

    @property
    def id(self) -> UUID:
        """The call's id."""
        return self.facts.id

    @property
    def subjects(self) -> tuple[UUID, ...]:
        """The ids of those who took part, each once, in a stable order."""
        return tuple(sorted({party.subject for party in self.facts.parties if party.subject is not None}))
