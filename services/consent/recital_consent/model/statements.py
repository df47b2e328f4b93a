"""What persons say outside any one call: consent given or withdrawn, objections, and what was decided on those."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class StatementKind(StrEnum):
    """What was said."""

    CONSENT = "consent"
    WITHDRAWAL = "withdrawal"
    OBJECTION = "objection"


class StatementState(StrEnum):
    """Where it stands. An objection is decided by the tenant (AVG art. 21(1)); the other two stand as they are."""

    STANDING = "standing"
    PENDING = "pending"
    UPHELD = "upheld"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a subject. purposes: keys, None meaning all that it can be about.

    text, language: of a consent from outside a call, which carries the text that was agreed to. salt: of its entry in
    the ledger, None once the person is erased.
    """

    id: UUID
    subject: UUID
    kind: StatementKind
    at: datetime
    received_at: datetime
    purposes: frozenset[str] | None = None
    state: StatementState = StatementState.STANDING
    text: str | None = None
    language: str | None = None
    request: UUID | None = None
    decided_at: datetime | None = None
    ledger_entry: UUID | None = None

    @property
    def is_undecided(self) -> bool:
        """Whether it still waits for a decision: meanwhile it has its effect, but takes nothing away for good."""
        return self.state is StatementState.PENDING
