"""What is to be destroyed on retention's order, and what is collected on dsar's."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ErasureOrder:
    """Retention's order to destroy one holding."""

    id: UUID
    holding: UUID
    kind: str
    ordered_at: datetime
    tries: int
    stuck_since: datetime | None


@dataclass(frozen=True, slots=True)
class Collection:
    """Dsar's order to render what is known of some subjects; the part has an object and a key once it is begun."""

    id: UUID
    request: UUID
    subjects: tuple[UUID, ...]
    part: UUID
    object: UUID | None
    key: UUID | None
    size: int | None
    tries: int
