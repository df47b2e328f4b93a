"""Who wants to hear what, what is known of it, and the grant that may come of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_ingest.model.spans import PurposeSpans

SUBJECT_REQUEST = "subject_request"
"""Built in, ended by no clock: hearing the items of one open request of a person."""
LEGAL_CLAIMS = "legal_claims"
"""Built in, ended by no clock: hearing what is under a legal hold."""
BREAK_GLASS = "break_glass"
"""Built in: a privacy officer listens without a purpose of the recording's own, and somebody else reviews it."""
BUILT_IN = frozenset({SUBJECT_REQUEST, LEGAL_CLAIMS, BREAK_GLASS})


@dataclass(frozen=True, slots=True)
class Listener:
    """Who asks. `request` and `subjects` are those of an order of dsar; then there are no roles."""

    subject: str
    roles: frozenset[str]
    request: UUID | None = None
    subjects: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Clock:
    """One purpose's retention of a recording, as retention tells it."""

    key: str
    due_at: datetime | None
    expired: bool


@dataclass(frozen=True, slots=True)
class Clocks:
    """What retention answers about a recording."""

    clocks: tuple[Clock, ...]
    restricted: bool


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A person's request that is open, and whom it is about."""

    id: UUID
    subjects: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to listen to one recording for one purpose, until an instant."""

    id: UUID
    recording: UUID
    purpose: str
    listener: str
    request: UUID | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What ingest itself knows now: which clocks have ended, and what a revoked permit has left."""

    expired: frozenset[str]
    remaining: PurposeSpans | None
    """None while the permit was not revoked."""
    roles: Mapping[str, frozenset[str]]
    """Per purpose of the recording, the roles that may listen for it."""
    suspended: bool = False
    """The permit is being decided on: nothing is played, but to the person who asks for a copy."""
    restricted: bool = False
    """A person had it restricted (AVG art. 18)."""
    held: bool = False
    """A legal hold is in force."""


@dataclass(frozen=True, slots=True)
class Listening:
    """That somebody was allowed to listen: as what, for which purpose, when, and when it was first played."""

    purpose: str
    roles: tuple[str, ...]
    granted_at: datetime
    played_at: datetime | None
