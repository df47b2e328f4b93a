"""Retention's own parts of requests: rendered once, sealed, kept in this database, destroyed like any holding."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction
from recital_events import CollectionOrdered


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a request; `key` and `sealed` once it is collected."""

    id: UUID
    order: UUID
    request: UUID
    subjects: tuple[UUID, ...]
    collected_at: datetime | None
    key: UUID | None
    sealed: bytes | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a part became: the key it is sealed under, its bytes, and the count, size and hash of what is inside."""

    key: UUID
    sealed: bytes
    items: int
    size: int
    sha256: str


async def add_part(tx: Transaction, event: CollectionOrdered) -> None:
    """Note that a part is to be collected; once per order."""
    rows = await tx.execute(
        "insert into parts (tenant_id, order_id, request_id, subjects, ordered_at)"
        " values (:tenant, :order, :request, cast(:subjects as uuid[]), :at)"
        " on conflict (tenant_id, order_id) do nothing returning id",
        {
            "tenant": tx.tenant,
            "order": event.order,
            "request": event.request,
            "subjects": list(event.subjects),
            "at": event.ordered_at,
        },
    )
    made = rows.scalar_one_or_none()
    if made is not None:
        await tx.execute(
            "insert into part_queue (tenant_id, id) values (:tenant, :id)", {"tenant": tx.tenant, "id": made}
        )
        tx.touched.add("parts")


async def take_queued(tx: Transaction) -> Part | None:
    """Return a part that is to be collected, locked."""
    rows = await tx.execute(
        "select p.* from part_queue q join parts p on p.tenant_id = q.tenant_id and p.id = q.id"
        " where q.tenant_id = :tenant order by q.id limit 1 for update skip locked",
        {"tenant": tx.tenant},
    )
    row = rows.one_or_none()
    return None if row is None else _part(row)


async def collected(tx: Transaction, part: UUID, sealed: Sealed) -> None:
    """Keep what a part became."""
    await tx.execute(
        "update parts set collected_at = :now, key_id = :key, sealed = :sealed, items = :items, size = :size,"
        " sha256 = :sha256 where tenant_id = :tenant and id = :id",
        {
            "tenant": tx.tenant,
            "id": part,
            "now": tx.now,
            "key": sealed.key,
            "sealed": sealed.sealed,
            "items": sealed.items,
            "size": sealed.size,
            "sha256": sealed.sha256,
        },
    )
    await done(tx, part)


async def done(tx: Transaction, part: UUID) -> None:
    """Take a part off the queue."""
    await tx.execute("delete from part_queue where tenant_id = :tenant and id = :id", {"tenant": tx.tenant, "id": part})


async def find_part(tx: Transaction, order: UUID) -> Part | None:
    """Return the part made for an order."""
    rows = await tx.execute(
        "select * from parts where tenant_id = :tenant and order_id = :id", {"tenant": tx.tenant, "id": order}
    )
    row = rows.one_or_none()
    return None if row is None else _part(row)


async def parts_to_erase(tx: Transaction, most: int) -> list[tuple[Part, UUID]]:
    """Return parts that are ordered to be erased, each with its erasure order, their holdings locked."""
    rows = await tx.execute(
        "select p.*, o.id as erasure from orders o join parts p on p.tenant_id = o.tenant_id and p.id = o.holding_id"
        " join holdings h on h.tenant_id = o.tenant_id and h.id = o.holding_id"
        " where o.tenant_id = :tenant and o.state = 'shredding' and o.kind = 'collection' order by o.id limit :most"
        " for no key update of h skip locked",
        {"tenant": tx.tenant, "most": most},
    )
    return [(_part(row), row.erasure) for row in rows]


async def keys_of_parts(tx: Transaction, keys: Collection[UUID]) -> set[UUID]:
    """Return which of these keys a part is sealed under."""
    rows = await tx.execute(
        "select key_id from parts where tenant_id = :tenant and key_id = any(cast(:ids as uuid[]))",
        {"tenant": tx.tenant, "ids": list(keys)},
    )
    return {row.key_id for row in rows}


async def remove_part(tx: Transaction, part: UUID) -> None:
    """Delete a part's row, and with it the sealed bytes."""
    await tx.execute("delete from parts where tenant_id = :tenant and id = :id", {"tenant": tx.tenant, "id": part})


async def what_is_kept_of(tx: Transaction, subjects: Collection[UUID], request: UUID) -> Sequence[dict[str, Any]]:
    """Return, in one snapshot, every living holding that speaks of any of these subjects, with its clocks.

    The parts that are being collected for this very request are not among them: they end with it, and which of them is
    there already would depend on who was faster.
    """
    rows = await tx.execute(
        "select h.id, h.kind, h.state, h.registered_at, h.due_at, h.kept_by,"
        " coalesce((select jsonb_agg(jsonb_build_object('purpose', c.key, 'started_at', c.started_at, 'due_at',"
        " c.due_at, 'expired', c.expired_at is not null) order by c.key) from clocks c"
        " where c.tenant_id = h.tenant_id and c.id = h.id), '[]') as clocks,"
        " exists (select from hold_recordings hr join holds on holds.tenant_id = hr.tenant_id and holds.id = hr.id"
        " where hr.tenant_id = h.tenant_id and hr.recording_id = h.id and holds.released_at is null) as held"
        " from holdings h where h.tenant_id = :tenant and h.id in (select unnest(cast(:ids as uuid[])) union"
        " select hs.id from holding_subjects hs where hs.tenant_id = :tenant"
        " and hs.subject_id = any(cast(:ids as uuid[]))) and h.state <> 'erased'"
        " and (h.kind <> 'collection' or h.ends_with is distinct from :request) order by h.id",
        {"tenant": tx.tenant, "ids": list(subjects), "request": request},
    )
    return [dict(row) | {"clocks": _json(row["clocks"])} for row in rows.mappings()]


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _part(row: Any) -> Part:
    return Part(
        id=row.id,
        order=row.order_id,
        request=row.request_id,
        subjects=tuple(row.subjects),
        collected_at=row.collected_at,
        key=row.key_id,
        sealed=None if row.sealed is None else bytes(row.sealed),
        sha256=row.sha256,
    )
