"""Erasure orders and their certificates, and the moves of holdings that go with them, whole batches at a time."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction, new_ids
from recital_events import HoldingKind

from recital_retention.model import Ground, Json, Order, OrderState, Standing
from recital_retention.store.holdings import read_spans, write_spans


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order that is not certified: since when, and the oldest place in its way."""

    order: Order
    stuck_since: datetime | None
    stuck_cause: str | None
    places: int
    places_proved: int


async def order(tx: Transaction, ended: Sequence[tuple[Standing, Ground]], number: int) -> list[Order]:
    """Pass the point of no return for holdings whose rows are locked, under one number of the control ledger."""
    ids = await new_ids(tx, len(ended))
    orders = [
        Order(made, standing.holding, standing.kind, ground, OrderState.ORDERING, tx.now, number)
        for made, (standing, ground) in zip(ids, ended, strict=True)
    ]
    await insert(tx, orders)
    await tx.execute(
        "update holdings h set state = 'ordering', ordered_at = :now, order_id = s.made, kept_by = '{}'"
        " from unnest(cast(:holdings as uuid[]), cast(:orders as uuid[])) as s (holding, made)"
        " where h.tenant_id = :tenant and h.id = s.holding",
        {
            "tenant": tx.tenant,
            "now": tx.now,
            "holdings": [each.holding for each in orders],
            "orders": [each.id for each in orders],
        },
    )
    return orders


async def begin_trims(tx: Transaction, orders: Sequence[Order]) -> None:
    """Note on holdings whose rows are locked that a part of each is being destroyed from now on."""
    await tx.execute(
        "update holdings h set trim_order_id = s.made, trim_ordered_at = s.at, trim_deferred = false"
        " from unnest(cast(:holdings as uuid[]), cast(:orders as uuid[]), cast(:ats as timestamptz[]))"
        " as s (holding, made, at) where h.tenant_id = :tenant and h.id = s.holding",
        {
            "tenant": tx.tenant,
            "holdings": [each.holding for each in orders],
            "orders": [each.id for each in orders],
            "ats": [each.ordered_at for each in orders],
        },
    )


async def restore(tx: Transaction, orders: Sequence[Order]) -> list[Order]:
    """Take up again orders that only the control ledger remembers, and return those this database did not know.

    A holding that is no longer known is registered as the skeleton it is about to become.
    """
    known = await tx.execute(
        "select id from orders where tenant_id = :tenant and id = any(cast(:ids as uuid[]))",
        {"tenant": tx.tenant, "ids": [each.id for each in orders]},
    )
    had = {row.id for row in known}
    lost = [each for each in orders if each.id not in had]
    whole = [each for each in lost if not each.trims]
    columns = {
        "tenant": tx.tenant,
        "holdings": [each.holding for each in whole],
        "kinds": [each.kind for each in whole],
        "orders": [each.id for each in whole],
        "ats": [each.ordered_at for each in whole],
    }
    await insert(tx, lost)
    await begin_trims(tx, [each for each in lost if each.trims])
    await tx.execute(
        "insert into holdings (tenant_id, id, kind, state, registered_at, ordered_at, order_id)"
        " select :tenant, s.holding, s.kind, 'ordering', s.at, s.at, s.made from unnest(cast(:holdings as uuid[]),"
        " cast(:kinds as text[]), cast(:orders as uuid[]), cast(:ats as timestamptz[])) as s (holding, kind, made, at)"
        " on conflict (tenant_id, id) do update set state = 'ordering', kept_by = '{}',"
        " ordered_at = excluded.ordered_at, order_id = excluded.order_id",
        columns,
    )
    await tx.execute(
        "delete from schedule where tenant_id = :tenant and id = any(cast(:holdings as uuid[]))",
        {"tenant": tx.tenant, "holdings": columns["holdings"]},
    )
    return lost


async def keep(tx: Transaction, kept: Mapping[UUID, Sequence[str]]) -> None:
    """Note what keeps holdings beyond their time."""
    if kept:
        await tx.execute(
            "update holdings h set state = 'due', kept_by = string_to_array(s.codes, ' ')"
            " from unnest(cast(:ids as uuid[]), cast(:codes as text[])) as s (id, codes)"
            " where h.tenant_id = :tenant and h.id = s.id",
            {"tenant": tx.tenant, "ids": list(kept), "codes": [" ".join(each) for each in kept.values()]},
        )


async def begin_shredding(tx: Transaction, orders: Collection[UUID]) -> list[Order]:
    """Move orders that are in the control ledger on, and return those that had not been moved before."""
    rows = await tx.execute(
        "update orders set state = 'shredding', shredding_at = :now where tenant_id = :tenant"
        " and id = any(cast(:ids as uuid[])) and state = 'ordering' returning *",
        {"tenant": tx.tenant, "now": tx.now, "ids": list(orders)},
    )
    moved = sorted((_order(row) for row in rows), key=lambda each: each.id)
    await tx.execute(
        "update holdings set state = 'shredding' where tenant_id = :tenant and id = any(cast(:ids as uuid[]))"
        " and state = 'ordering'",
        {"tenant": tx.tenant, "ids": [each.holding for each in moved]},
    )
    return moved


async def find_order(tx: Transaction, order: UUID) -> Order | None:
    """Return an order."""
    return (await find_orders(tx, [order])).get(order)


async def find_orders(tx: Transaction, orders: Collection[UUID]) -> dict[UUID, Order]:
    """Return the orders that are known, by their id."""
    rows = await tx.execute(
        "select * from orders where tenant_id = :tenant and id = any(cast(:ids as uuid[]))",
        {"tenant": tx.tenant, "ids": list(orders)},
    )
    return {row.id: _order(row) for row in rows}


async def verify(tx: Transaction, orders: Collection[UUID]) -> None:
    """Note that every place of these orders' holdings was found empty."""
    if orders:
        await tx.execute(
            "update orders set state = 'verified', verified_at = :now where tenant_id = :tenant"
            " and id = any(cast(:ids as uuid[])) and state = 'shredding'",
            {"tenant": tx.tenant, "ids": list(orders), "now": tx.now},
        )
        tx.touched.add("verified")


async def take_verified(tx: Transaction, most: int) -> list[Order]:
    """Return verified orders, their holdings locked, except those that wait for a container of their holding."""
    rows = await tx.execute(
        "select o.* from orders o join holdings h on h.tenant_id = o.tenant_id and h.id = o.holding_id"
        " where o.tenant_id = :tenant and o.state = 'verified' and not exists (select from holding_contents c"
        " join holdings k on k.tenant_id = c.tenant_id and k.id = c.id"
        " where c.tenant_id = o.tenant_id and c.contained_id = o.holding_id and k.state <> 'erased')"
        " order by o.id limit :most for no key update of h skip locked",
        {"tenant": tx.tenant, "most": most},
    )
    return [_order(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed certificate of an order, and what it says."""

    certificate: UUID
    order: Order
    token: str
    claims: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Certified:
    """A signed certificate, and the ledger entry that stands for it."""

    signed: Signed
    entry: UUID
    salt: bytes


async def certify(tx: Transaction, made: Sequence[Certified]) -> None:
    """Keep certificates, and move their orders and holdings to the end."""
    columns = {
        "tenant": tx.tenant,
        "now": tx.now,
        "ids": [each.signed.certificate for each in made],
        "orders": [each.signed.order.id for each in made],
        "holdings": [each.signed.order.holding for each in made],
        "whole": [not each.signed.order.trims for each in made],
    }
    await tx.execute(
        "insert into certificates (tenant_id, id, order_id, holding_id, kind, ground, token, claims, entry_id, salt,"
        " certified_at) select :tenant, s.id, s.made, s.holding, s.kind, s.ground, s.token, cast(s.claims as jsonb),"
        " s.entry, s.salt, :now from unnest(cast(:ids as uuid[]), cast(:orders as uuid[]), cast(:holdings as uuid[]),"
        " cast(:kinds as text[]), cast(:grounds as text[]), cast(:tokens as text[]), cast(:claims as text[]),"
        " cast(:entries as uuid[]), cast(:salts as bytea[]))"
        " as s (id, made, holding, kind, ground, token, claims, entry, salt)",
        columns
        | {
            "kinds": [each.signed.order.kind for each in made],
            "grounds": [each.signed.order.ground.value for each in made],
            "tokens": [each.signed.token for each in made],
            "claims": [json.dumps(each.signed.claims) for each in made],
            "entries": [each.entry for each in made],
            "salts": [each.salt for each in made],
        },
    )
    await tx.execute(
        "update orders set state = 'certified', certified_at = :now"
        " where tenant_id = :tenant and id = any(cast(:orders as uuid[]))",
        {"tenant": tx.tenant, "now": tx.now, "orders": columns["orders"]},
    )
    await tx.execute(
        "update holdings h set state = 'erased', erased_at = :now, certificate_id = s.id, spans = null, trim = null"
        " from unnest(cast(:ids as uuid[]), cast(:holdings as uuid[]), cast(:whole as boolean[]))"
        " as s (id, holding, whole) where h.tenant_id = :tenant and h.id = s.holding and s.whole",
        {name: columns[name] for name in ("tenant", "now", "ids", "holdings", "whole")},
    )


async def find_certificate(tx: Transaction, certificate: UUID) -> tuple[str, dict[str, Any], UUID] | None:
    """Return a certificate's token, its claims, and the id of its ledger entry."""
    rows = await tx.execute(
        "select token, claims, entry_id from certificates where tenant_id = :tenant and id = :id",
        {"tenant": tx.tenant, "id": certificate},
    )
    row = rows.one_or_none()
    if row is None:
        return None
    claims = json.loads(row.claims) if isinstance(row.claims, str) else row.claims
    return row.token, claims, row.entry_id


async def orders_of(tx: Transaction, holding: UUID) -> list[Order]:
    """Return the orders about a holding, oldest first."""
    rows = await tx.execute(
        "select * from orders where tenant_id = :tenant and holding_id = :id order by id",
        {"tenant": tx.tenant, "id": holding},
    )
    return [_order(row) for row in rows]


async def open_orders(tx: Transaction, *, after: UUID | None, most: int) -> list[OpenOrder]:
    """Return the orders that are not certified, oldest first, each with what stands in its way."""
    rows = await tx.execute(
        "select o.*, p.* from orders o cross join lateral (select count(*) as places, count(absent_at) as proved,"
        " min(stuck_since) as since, min(stuck_cause) filter (where stuck_since is not null) as cause from places"
        " where tenant_id = o.tenant_id and id = o.holding_id) p where o.tenant_id = :tenant and o.state <> 'certified'"
        " and o.id > coalesce(cast(:after as uuid), '00000000-0000-0000-0000-000000000000') order by o.id limit :most",
        {"tenant": tx.tenant, "after": after, "most": most},
    )
    return [OpenOrder(_order(row), row.since, row.cause, row.places, row.proved) for row in rows]


async def late_orders(tx: Transaction, before: datetime) -> list[Order]:
    """Return the orders that began before an instant and are still open."""
    rows = await tx.execute(
        "select * from orders where tenant_id = :tenant and state <> 'certified' and ordered_at < :before"
        " order by id limit 1000",
        {"tenant": tx.tenant, "before": before},
    )
    return [_order(row) for row in rows]


async def insert(tx: Transaction, orders: Sequence[Order]) -> None:
    """Write new orders down, past the point of no return."""
    await tx.execute(
        "insert into orders (tenant_id, id, holding_id, kind, ground, state, ordered_at, control_sequence, spans_kept)"
        " select :tenant, s.id, s.holding, s.kind, s.ground, 'ordering', s.at, s.sequence, cast(s.spans as jsonb)"
        " from unnest(cast(:ids as uuid[]), cast(:holdings as uuid[]), cast(:kinds as text[]),"
        " cast(:grounds as text[]), cast(:ats as timestamptz[]), cast(:sequences as bigint[]), cast(:spans as text[]))"
        " as s (id, holding, kind, ground, at, sequence, spans)",
        {
            "tenant": tx.tenant,
            "ids": [each.id for each in orders],
            "holdings": [each.holding for each in orders],
            "kinds": [each.kind for each in orders],
            "grounds": [each.ground.value for each in orders],
            "ats": [each.ordered_at for each in orders],
            "sequences": [each.control_sequence for each in orders],
            "spans": [write_spans(each.spans_kept) for each in orders],
        },
    )


def _order(row: Any) -> Order:
    kind: HoldingKind = row.kind
    return Order(
        id=row.id,
        holding=row.holding_id,
        kind=kind,
        ground=Ground(row.ground),
        state=OrderState(row.state),
        ordered_at=row.ordered_at,
        control_sequence=row.control_sequence,
        shredding_at=row.shredding_at,
        verified_at=row.verified_at,
        spans_kept=read_spans(row.spans_kept),
    )
