"""Where holdings lie, what proves each place empty, and what stands in the way."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from recital_database import Transaction

from recital_retention.model import PlaceProof


async def add_places(
    tx: Transaction, holding: UUID, places: Collection[tuple[str, str]], *, registered: bool = True
) -> None:
    """Note where a holding lies, or (not `registered`) what is in the way; a place that is known stays as it is."""
    await add_all_places(tx, {holding: places}, registered=registered)


async def add_all_places(
    tx: Transaction, places: Mapping[UUID, Collection[tuple[str, str]]], *, registered: bool = True
) -> None:
    """Note where holdings lie, in one statement; see `add_places`."""
    # Each once: one statement may write a row only once.
    lying = list(dict.fromkeys((holding, *place) for holding, several in places.items() for place in several))
    if lying:
        await tx.execute(
            "insert into places (tenant_id, id, kind, place, registered) select :tenant, s.*, :registered from"
            " unnest(cast(:ids as uuid[]), cast(:kinds as text[]), cast(:places as text[])) as s"
            " on conflict (tenant_id, id, kind, place)"
            " do update set registered = true where excluded.registered and not places.registered",
            {
                "tenant": tx.tenant,
                "ids": [holding for holding, _, _ in lying],
                "kinds": [kind for _, kind, _ in lying],
                "places": [place for _, _, place in lying],
                "registered": registered,
            },
        )


async def places_of(tx: Transaction, holdings: Sequence[UUID]) -> dict[UUID, list[PlaceProof]]:
    """Return the places of each holding that has any."""
    rows = await tx.execute(
        "select * from places where tenant_id = :tenant and id = any(cast(:ids as uuid[])) order by id, kind, place",
        {"tenant": tx.tenant, "ids": list(holdings)},
    )
    found: dict[UUID, list[PlaceProof]] = {}
    for row in rows:
        proof = PlaceProof(
            row.kind, row.place, row.method, row.absent_at, row.stuck_since, row.stuck_cause, row.registered
        )
        found.setdefault(row.id, []).append(proof)
    return found


async def prove_all(tx: Transaction, proofs: Mapping[UUID, Collection[PlaceProof]]) -> None:
    """Note proofs of absence of holdings; what stood in the way there before is over."""
    shown = [(holding, proof) for holding, several in proofs.items() for proof in several]
    await tx.execute(
        "update places set method = s.method, absent_at = s.at, stuck_since = null, stuck_cause = null from"
        " unnest(cast(:ids as uuid[]), cast(:kinds as text[]), cast(:places as text[]), cast(:methods as text[]),"
        " cast(:ats as timestamptz[])) as s (id, kind, place, method, at)"
        " where tenant_id = :tenant and places.id = s.id and absent_at is null"
        " and places.kind = s.kind and places.place = s.place",
        {
            "tenant": tx.tenant,
            "ids": [holding for holding, _ in shown],
            "kinds": [each.kind for _, each in shown],
            "places": [each.id for _, each in shown],
            "methods": [each.method for _, each in shown],
            "ats": [each.absent_at for _, each in shown],
        },
    )


async def clear_way(tx: Transaction, holdings: Collection[UUID]) -> None:
    """Forget what was only in the way, once every registered place of these is proved empty."""
    await tx.execute(
        "delete from places where tenant_id = :tenant and id = any(cast(:ids as uuid[])) and not registered"
        " and absent_at is null",
        {"tenant": tx.tenant, "ids": list(holdings)},
    )


async def mark_stuck(tx: Transaction, holding: UUID, place: PlaceProof) -> None:
    """Note that a place could not be destroyed yet; the first moment stays."""
    await tx.execute(
        "update places set stuck_since = coalesce(stuck_since, :since), stuck_cause = :cause"
        " where tenant_id = :tenant and id = :id and kind = :kind and place = :place and absent_at is null",
        {
            "tenant": tx.tenant,
            "id": holding,
            "kind": place.kind,
            "place": place.id,
            "since": place.stuck_since,
            "cause": place.stuck_cause,
        },
    )
