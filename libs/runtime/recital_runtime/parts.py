"""A sealed part of what a service knows of a person: registered as a copy, told to dsar by count and hash (R12)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from recital_database import Transaction, announce_all, record
from recital_events import CopyRegistered, PartCollected, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPart:
    """A part that lies sealed in the store: under `order`, for `request`, about `subjects`."""

    id: UUID
    order: UUID
    request: UUID
    subjects: tuple[UUID, ...]
    object_key: str
    key: UUID


async def tell_part(
    tx: Transaction, part: SealedPart, document: bytes, *, log: str, items: int, contains: Sequence[UUID]
) -> None:
    """Enter a part in the ledger `log`, register it as a copy that ends with its request, and tell dsar of it.

    `document` is what was sealed, with so many `items`. `contains` are the holdings that it speaks of: when one of them
    is erased, so is the part.
    """
    digest = hashlib.sha256(document).hexdigest()
    facts = {"part": str(part.id), "request": str(part.request), "sha256": digest}
    await record(tx, log, "part.collected", facts=facts)
    copy = CopyRegistered(
        holding=part.id,
        kind="collection",
        contains=tuple(contains),
        places=(
            Place(kind="object", id=part.object_key),
            Place(kind="key", id=str(part.key)),
            Place(kind="rows", id=str(part.id)),
        ),
        subjects=part.subjects,
        ends_with=part.request,
    )
    collected = PartCollected(
        part=part.id,
        order=part.order,
        request=part.request,
        service=tx.service,
        items=items,
        size=len(document),
        sha256=digest,
        collected_at=tx.now,
    )
    await announce_all(tx, [copy, collected])
