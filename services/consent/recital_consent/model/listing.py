"""What calls are listed by."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_consent.model.completeness import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """Which calls are wanted: all that fit everything that is said. since, until: of the call's start, half-open."""

    reference: str | None = None
    outcomes: Collection[Outcome] = ()
    subjects: Collection[UUID] | None = None
    purpose: str | None = None
    since: datetime | None = None
    until: datetime | None = None


EVERY_CALL = Narrowed()
