"""Private marks that staff ask for when they may no longer mark themselves (R18)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from recital_consent.model.calls import Entry, EntryKind


class AskState(StrEnum):
    """Where an ask stands."""

    PENDING = "pending"
    GRANTED = "granted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateAsk:
    """One ask, of the whole call, or of a part of it from `started_at` on. reason: the officer's, once decided."""

    id: UUID
    call: UUID
    asked_by: UUID
    asked_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    state: AskState = AskState.PENDING
    decided_at: datetime | None = None
    reason: str | None = None

    def mark(self) -> Entry:
        """Return the private mark it asks for, which silences until it is decided."""
        return Entry(
            id=f"asked-{self.id}",
            kind=EntryKind.MARKED_PRIVATE,
            at=self.asked_at,
            received_at=self.asked_at,
            started_at=self.started_at,
            ended_at=self.ended_at,
        )
