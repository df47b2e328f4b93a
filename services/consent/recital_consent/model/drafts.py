"""What a request says before anything of it is believed: calls, parties and entries as they were sent."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_consent.model.calls import Direction, Entry, EntryKind, PartyKind, PartyType
from recital_consent.model.subjects import IdentifierKind


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyDraft:
    """A party as it is named in full; `label` is the sender's word for it in this call.

    extension: at the tenant's own exchange; it is only compared with the lines that are never recorded, and not kept.
    """

    label: str
    kind: PartyKind
    type: PartyType = PartyType.PERSON
    number: str | None = None
    email: str | None = None
    customer_number: str | None = None
    staff_id: str | None = None
    name: str | None = None
    extension: str | None = None

    def identifiers(self) -> Iterator[tuple[IdentifierKind, str | None]]:
        """What it may be found by, as sent."""
        yield IdentifierKind.STAFF_ID, self.staff_id
        yield IdentifierKind.CUSTOMER_NUMBER, self.customer_number
        yield IdentifierKind.EMAIL, self.email
        yield IdentifierKind.NUMBER, self.number


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDraft:
    """A timeline entry as it was sent. given: the names of its optional fields; content: all of it, canonical JSON."""

    id: str
    kind: EntryKind
    at: datetime
    given: frozenset[str]
    content: bytes
    party: str | None = None
    purposes: frozenset[str] = frozenset()
    version: int | None = None
    language: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    completed: bool = False
    joining: PartyDraft | None = None

    def entry(self, received_at: datetime, default_language: str | None) -> Entry:
        """Return the entry it would be; a notice without a language was in the call's."""
        is_notice = self.kind is EntryKind.NOTICE_PLAYED
        return Entry(
            id=self.id,
            kind=self.kind,
            at=self.at,
            received_at=received_at,
            party=self.party,
            purposes=self.purposes,
            version=self.version,
            language=(self.language or default_language) if is_notice else None,
            started_at=self.started_at,
            ended_at=self.ended_at,
            completed=self.completed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDraft:
    """A call as it is to be registered. content: all of it, canonical JSON."""

    external_id: str
    source: UUID | None
    direction: Direction
    language: str
    purposes: tuple[str, ...]
    parties: tuple[PartyDraft, ...]
    answered_at: datetime | None
    references: tuple[str, ...]
    entries: tuple[EntryDraft, ...]
    content: bytes
