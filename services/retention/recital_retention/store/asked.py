"""What persons had upheld: erasures of holdings and of what comes later, restrictions; and who is the same person."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_database import Transaction
from recital_events import ErasureRequested, HoldingKind, RestrictionLifted, RestrictionSet


@dataclass(frozen=True, slots=True)
class Asked:
    """One upheld request to erase one holding, and the ground on which that was last said to be withheld."""

    holding: UUID
    kind: HoldingKind
    request: UUID
    withheld: str | None


@dataclass(frozen=True, slots=True)
class Upheld:
    """An erasure that stands for a person: what was recorded of that person before goes, also where it comes late."""

    request: UUID
    ground: str
    requested_at: datetime


async def ask(tx: Transaction, event: ErasureRequested) -> None:
    """Note that a holding is to be erased because a person asked, and for whom that stands."""
    about = {"tenant": tx.tenant, "request": event.request, "ground": event.ground, "at": event.requested_at}
    await tx.execute(
        "insert into erasure_requests (tenant_id, id, request_id, ground, requested_at)"
        " values (:tenant, :id, :request, :ground, :at) on conflict do nothing",
        about | {"id": event.holding},
    )
    await tx.execute(
        "insert into upheld_erasures (tenant_id, subject_id, request_id, ground, requested_at)"
        " select :tenant, s.id, :request, :ground, :at from unnest(cast(:subjects as uuid[])) as s (id)"
        " on conflict (tenant_id, subject_id, request_id)"
        " do update set requested_at = greatest(upheld_erasures.requested_at, excluded.requested_at)",
        about | {"subjects": sorted(set(event.subjects))},
    )


async def ask_late(tx: Transaction, holding: UUID, upheld: Upheld) -> None:
    """Note of a holding that came late that it falls under an erasure upheld before."""
    await tx.execute(
        "insert into erasure_requests (tenant_id, id, request_id, ground, requested_at)"
        " values (:tenant, :id, :request, :ground, :at) on conflict do nothing",
        {
            "tenant": tx.tenant,
            "id": holding,
            "request": upheld.request,
            "ground": upheld.ground,
            "at": upheld.requested_at,
        },
    )


async def upheld_for(tx: Transaction, subjects: Collection[UUID], before: datetime) -> list[Upheld]:
    """Return the erasures that stand for any of these persons and reach back to a call that ended at this moment."""
    rows = await tx.execute(
        "select request_id, ground, requested_at from upheld_erasures where tenant_id = :tenant"
        " and subject_id = any(cast(:subjects as uuid[])) and requested_at >= :before order by requested_at",
        {"tenant": tx.tenant, "subjects": list(subjects), "before": before},
    )
    return [Upheld(row.request_id, row.ground, row.requested_at) for row in rows]


async def asked_of(tx: Transaction, holdings: Sequence[UUID]) -> list[Asked]:
    """Return the upheld requests to erase any of these holdings."""
    rows = await tx.execute(
        "select e.*, h.kind from erasure_requests e join holdings h on h.tenant_id = e.tenant_id and h.id = e.id"
        " where e.tenant_id = :tenant and e.id = any(cast(:ids as uuid[])) order by e.id, e.request_id",
        {"tenant": tx.tenant, "ids": list(holdings)},
    )
    return [Asked(row.id, row.kind, row.request_id, row.withheld) for row in rows]


async def told_withheld(tx: Transaction, asked: Sequence[Asked], grounds: Mapping[UUID, str]) -> None:
    """Keep on which ground each was said to be withheld."""
    await tx.execute(
        "update erasure_requests e set withheld = s.ground"
        " from unnest(cast(:ids as uuid[]), cast(:requests as uuid[]), cast(:grounds as text[]))"
        " as s (id, request, ground) where e.tenant_id = :tenant and e.id = s.id and e.request_id = s.request",
        {
            "tenant": tx.tenant,
            "ids": [each.holding for each in asked],
            "requests": [each.request for each in asked],
            "grounds": [grounds[each.holding] for each in asked],
        },
    )


async def restrict(tx: Transaction, event: RestrictionSet) -> None:
    """Restrict a holding; one that was lifted before this was heard stays lifted."""
    await tx.execute(
        "insert into restrictions (tenant_id, id, holding_id, request_id, ground, set_at)"
        " values (:tenant, :id, :holding, :request, :ground, :at) on conflict do nothing",
        {
            "tenant": tx.tenant,
            "id": event.restriction,
            "holding": event.holding,
            "request": event.request,
            "ground": event.ground,
            "at": event.set_at,
        },
    )


async def lift_restriction(tx: Transaction, event: RestrictionLifted) -> None:
    """End a restriction."""
    await tx.execute(
        "insert into restrictions (tenant_id, id, holding_id, request_id, ground, lifted_at)"
        " values (:tenant, :id, :holding, :request, 'lifted', :at)"
        " on conflict (tenant_id, id) do update set lifted_at = excluded.lifted_at",
        {
            "tenant": tx.tenant,
            "id": event.restriction,
            "holding": event.holding,
            "request": event.request,
            "at": event.lifted_at,
        },
    )


async def restrictions_of(tx: Transaction, holding: UUID) -> list[UUID]:
    """Return the restrictions of a holding that are in force."""
    rows = await tx.execute(
        "select id from restrictions where tenant_id = :tenant and holding_id = :id and set_at is not null"
        " and lifted_at is null order by id",
        {"tenant": tx.tenant, "id": holding},
    )
    return [row.id for row in rows]
