"""What is to be destroyed on retention's order, and what is collected on dsar's."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ErasureOrder:
    """Retention's order to destroy one holding, or all of it but some spans (`trims`).

    `new_*` is where an attempt at the trimmed tracks lies; `replaced` are the objects and keys they took the place of.
    """

    id: UUID
    holding: UUID
    kind: str
    ordered_at: datetime
    tries: int
    """Also the fence: whoever takes an order up raises it."""
    stuck_since: datetime | None
    trims: bool = False
    new_objects: tuple[UUID, ...] = ()
    new_keys: tuple[UUID, ...] = ()
    multiparts: dict[str, str] = field(default_factory=dict)
    replaced: tuple[tuple[UUID, ...], tuple[UUID, ...]] | None = None


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
