"""A call in the list that explains every call, and a consent that is in force."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_consent.model.completeness import Completeness


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A call with what is to be said of its recording. refused_code: why ingest last refused audio of it."""

    call: UUID
    reference: str
    external_id: str | None
    started_at: datetime | None
    ended_at: datetime | None
    completeness: Completeness
    refused_code: str | None
    recordings: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentInForce:
    """A consent of a subject that is in force: for one call and purpose version, or (`call` None) outside any call.

    purposes: keys, None meaning all that rest on consent. entry: its place in the ledger.
    """

    call: UUID | None
    purposes: tuple[str, ...] | None
    version: int | None
    since: datetime
    entry: UUID | None
