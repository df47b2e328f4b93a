"""Recordings of which a part must go: what they cover, what their permits leave, and the orders that cut them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_database import Transaction, new_ids
from recital_events import PurposeSpans, RecordingTrimmed

from recital_retention.model import Ground, Order, OrderState, Standing
from recital_retention.store import orders
from recital_retention.store.holdings import read_spans, write_spans

NewTrim = tuple[Standing, Ground, tuple[PurposeSpans, ...]]
"""A recording, the ground on which a part of it goes, and the spans that stay."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a recording covers, and what its permit leaves of that; None where the permit stands."""

    recording: UUID
    spans: tuple[PurposeSpans, ...]
    may_be_kept: tuple[PurposeSpans, ...] | None
    deferred: bool


async def recorded(tx: Transaction, recordings: Sequence[UUID]) -> list[Recorded]:
    """Return what these recordings cover."""
    rows = await tx.execute(
        "select h.id, h.spans, p.spans as leaves, p.revoked_at, h.trim_deferred from holdings h left join permits p"
        " on p.tenant_id = h.tenant_id and p.id = h.permit_id"
        " where h.tenant_id = :tenant and h.kind = 'recording' and h.id = any(cast(:ids as uuid[])) order by h.id",
        {"tenant": tx.tenant, "ids": list(recordings)},
    )
    return [
        Recorded(
            row.id,
            read_spans(row.spans),
            None if row.revoked_at is None else read_spans(row.leaves),
            row.trim_deferred,
        )
        for row in rows
    ]


async def order(tx: Transaction, trims: Sequence[NewTrim], number: int) -> list[Order]:
    """Pass the point of no return for a part of each recording, under one number of the control ledger."""
    ids = await new_ids(tx, len(trims))
    made = [
        Order(id_, each.holding, each.kind, ground, OrderState.ORDERING, tx.now, number, spans_kept=kept)
        for id_, (each, ground, kept) in zip(ids, trims, strict=True)
    ]
    await orders.insert(tx, made)
    await orders.begin_trims(tx, made)
    return made


async def defer(tx: Transaction, recordings: Sequence[UUID]) -> None:
    """Note that a part of each must go once what keeps it ends."""
    await tx.execute(
        "update holdings set trim_deferred = true where tenant_id = :tenant and id = any(cast(:ids as uuid[]))",
        {"tenant": tx.tenant, "ids": list(recordings)},
    )


async def trimmed(tx: Transaction, event: RecordingTrimmed) -> None:
    """Take up what a recording covers now that a part of it is gone."""
    await tx.execute(
        "update holdings set spans = cast(:spans as jsonb), trim = null, trim_order_id = null, trim_ordered_at = null,"
        " trim_deferred = false where tenant_id = :tenant and id = :id and state in ('retained', 'due')",
        {"tenant": tx.tenant, "id": event.recording, "spans": write_spans(event.spans)},
    )


async def take_whole(tx: Transaction, order: UUID, recording: UUID) -> None:
    """Let an order for a part be one for the whole: its owner found that nothing would stay."""
    this = {"tenant": tx.tenant, "id": recording, "order": order}
    await tx.execute("update orders set spans_kept = '[]' where tenant_id = :tenant and id = :order", this)
    await tx.execute(
        "update holdings set state = 'shredding', ordered_at = trim_ordered_at, order_id = trim_order_id,"
        " trim_order_id = null, trim_ordered_at = null, kept_by = '{}'"
        " where tenant_id = :tenant and id = :id and trim_order_id = :order and state in ('retained', 'due')",
        this,
    )


async def trimming_since(tx: Transaction, recordings: Sequence[UUID]) -> dict[UUID, datetime]:
    """Return, for those of which a part is being destroyed, since when."""
    rows = await tx.execute(
        "select id, trim_ordered_at from holdings where tenant_id = :tenant and id = any(cast(:ids as uuid[]))"
        " and trim_order_id is not null",
        {"tenant": tx.tenant, "ids": list(recordings)},
    )
    return {row.id: row.trim_ordered_at for row in rows}
