"""What a record of consent, of a notice or of an objection is made of, wherever it was said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_consent.model.purposes import PurposeVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An entry of a call, or something said outside one. kind: the entry's or the statement's.

    text: what a consent from outside was to; for the rest it is each purpose's notice in that language. call: None
    outside any. ledger_entry: its place in the ledger, and the record's identifier. controller: the tenant's name.
    """

    kind: str
    at: datetime
    received_at: datetime
    subject: UUID | None
    party: str | None
    purposes: Sequence[PurposeVersion]
    language: str | None
    text: str | None
    call: UUID | None
    ledger_entry: UUID
    controller: str
    controller_id: UUID
    country: str
