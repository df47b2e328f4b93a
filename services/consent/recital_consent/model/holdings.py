"""Work that was ordered from outside: erasures, and parts collected for a person's request."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureOrder:
    """An order of retention to destroy a holding of ours: a call, an identity or a collected part."""

    id: UUID
    holding: UUID
    kind: str
    ground: str
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Our part of a collection. object_id and key: where it lies, None before it is rendered."""

    id: UUID
    order: UUID
    request: UUID
    subjects: tuple[UUID, ...]
    object_id: UUID | None
    key: UUID | None
    size: int | None
    collected_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectification:
    """A correction that stands beside a call or an identity, sealed under `key`."""

    id: UUID
    holding: UUID
    key: UUID
    sealed: bytes
    made_at: datetime


@dataclass(frozen=True, slots=True)
class RectificationDue:
    """A correction whose text is to be fetched, of a `call` or an `identity`."""

    id: UUID
    holding: UUID
    kind: str


@dataclass(frozen=True, slots=True)
class Due:
    """Something a worker found to do."""

    tenant: UUID
    id: UUID


def object_key(object_id: UUID) -> str:
    """Return the opaque object key of an id."""
    return f"consent/{object_id}"
