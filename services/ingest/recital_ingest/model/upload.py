"""What an upload may leave behind before it is committed, and what waits to be destroyed: places, by their ids."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID


def object_key(object_id: UUID) -> str:
    """Return the name of an object in the store: opaque, and under ingest's own prefix."""
    return f"ingest/{object_id}"


@dataclass(frozen=True, slots=True)
class Intent:
    """An upload that was begun: a lease with a fencing epoch, and every place it may write to."""

    id: UUID
    """Also the id of the recording it becomes."""
    tenant: UUID
    permit: UUID
    call: UUID
    epoch: int
    objects: tuple[UUID, ...]
    keys: tuple[UUID, ...] = ()
    multiparts: Mapping[str, str] = field(default_factory=dict)
    """Upload id in the store, per object."""
    repairs: bool = False
    """Its recording is there and damaged; this upload takes its audio's place."""


@dataclass(frozen=True, slots=True)
class Due:
    """Work that is due: of which tenant, and its id."""

    tenant: UUID
    id: UUID
