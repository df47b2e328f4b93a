"""Items: what was handed in, one by one, and what was decided about each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from recital_database import Transaction
from sqlalchemy import ColumnElement, Uuid, any_, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from recital_dsar.model import Decision, Item, ItemCounts, Party
from recital_dsar.store.tables import ItemRow, mine, table

ITEMS = table(ItemRow)
BATCH = 1_000
_LINKS = (
    "update items r set bases = c.bases from items c where r.tenant_id = :tenant and r.request_id = :request"
    " and r.kind = 'recording' and c.tenant_id = r.tenant_id and c.request_id = r.request_id and c.kind = 'call'"
    " and c.thing = r.call_id",
    "update items i set held = true from items h where i.tenant_id = :tenant and i.request_id = :request"
    " and i.kind <> 'holding' and h.tenant_id = i.tenant_id and h.request_id = i.request_id and h.kind = 'holding'"
    " and h.held and h.thing = i.thing",
)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which items of a request are meant: by id, or all that have each stated property."""

    items: tuple[UUID, ...] | None = None
    kind: str | None = None
    service: str | None = None
    held: bool | None = None
    undecided: bool = False
    decided: Decision | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as it is written beside items: who, when, and the entry that holds its ground."""

    decision: Decision
    mute: tuple[str, ...]
    by: str
    entry: UUID
    reason: str | None = None


async def add_items(tx: Transaction, request: UUID, items: Sequence[Item]) -> None:
    """Write the items of a part."""
    for start in range(0, len(items), BATCH):
        await tx.execute(insert(ITEMS), [_values(tx, request, item) for item in items[start : start + BATCH]])


async def items_of(
    tx: Transaction, request: UUID, chosen: Selection, *, after: UUID | None = None, most: int | None = None
) -> Sequence[Item]:
    """Return the chosen items of a request in a stable order."""
    asked = select(ITEMS).where(*_chosen(tx, request, chosen)).order_by(ITEMS.c.id)
    if after is not None:
        asked = asked.where(ITEMS.c.id > after)
    rows = await tx.execute(asked.limit(most) if most is not None else asked)
    return [_item(row) for row in rows]


async def link_items(tx: Transaction, request: UUID) -> None:
    """Lay beside each recording the grounds of its call, and beside each thing whether retention says it is held."""
    for statement in _LINKS:
        await tx.execute(statement, {"tenant": tx.tenant, "request": request})


async def remove_items(tx: Transaction, request: UUID) -> None:
    """Delete a request's items: they are collected anew."""
    await tx.execute(delete(ITEMS).where(mine(ItemRow, tx), ITEMS.c.request_id == request))


async def decide(tx: Transaction, request: UUID, items: Sequence[UUID], decided: Decided) -> None:
    """Write one decision beside items, however many."""
    ids = any_(bindparam("ids", list(items), type_=ARRAY(Uuid)))
    await tx.execute(
        update(ITEMS)
        .where(mine(ItemRow, tx), ITEMS.c.request_id == request, ITEMS.c.id == ids)
        .values(
            decision=decided.decision.value,
            mute=list(decided.mute),
            decided_by=decided.by,
            decided_at=tx.now,
            entry_id=decided.entry,
            reason=decided.reason,
            trouble=None,
        )
    )


async def undecide(tx: Transaction, request: UUID, thing: UUID, trouble: str) -> None:
    """Take back the decision on what cannot be given as decided, and say why."""
    await tx.execute(
        update(ITEMS)
        .where(mine(ItemRow, tx), ITEMS.c.request_id == request, ITEMS.c.thing == thing)
        .values(decision=None, mute=[], decided_by=None, decided_at=None, entry_id=None, reason=None, trouble=trouble)
    )


async def count_items(tx: Transaction, request: UUID) -> ItemCounts:
    """Count a request's items."""
    given = ITEMS.c.decision.in_([Decision.GIVE.value, Decision.MASK.value])
    row = (
        await tx.execute(
            select(
                func.count().label("total"),
                func.count(ITEMS.c.decision).label("decided"),
                func.count().filter(given).label("given"),
            ).where(mine(ItemRow, tx), ITEMS.c.request_id == request)
        )
    ).one()
    return ItemCounts(row.total, row.decided, row.given)


async def counts_of(tx: Transaction, requests: Collection[UUID]) -> dict[UUID, ItemCounts]:
    """Count the items of several requests; one without items is left out."""
    given = ITEMS.c.decision.in_([Decision.GIVE.value, Decision.MASK.value])
    rows = await tx.execute(
        select(
            ITEMS.c.request_id,
            func.count().label("total"),
            func.count(ITEMS.c.decision).label("decided"),
            func.count().filter(given).label("given"),
        )
        .where(mine(ItemRow, tx), ITEMS.c.request_id.in_(list(requests)))
        .group_by(ITEMS.c.request_id)
    )
    return {row.request_id: ItemCounts(row.total, row.decided, row.given) for row in rows}


def _chosen(tx: Transaction, request: UUID, chosen: Selection) -> list[ColumnElement[bool]]:
    conditions = [mine(ItemRow, tx), ITEMS.c.request_id == request]
    if chosen.items is not None:
        conditions.append(ITEMS.c.id.in_(chosen.items))
    if chosen.kind is not None:
        conditions.append(ITEMS.c.kind == chosen.kind)
    if chosen.service is not None:
        conditions.append(ITEMS.c.service == chosen.service)
    if chosen.held is not None:
        conditions.append(ITEMS.c.held.is_(chosen.held))
    if chosen.undecided:
        conditions.append(ITEMS.c.decision.is_(None))
    if chosen.decided is not None:
        conditions.append(ITEMS.c.decision == chosen.decided.value)
    if chosen.since is not None:
        conditions.append(ITEMS.c.at >= chosen.since)
    if chosen.until is not None:
        conditions.append(ITEMS.c.at < chosen.until)
    return conditions


def _values(tx: Transaction, request: UUID, item: Item) -> dict[str, Any]:
    parties = [
        {
            "party": each.party,
            "kind": each.kind,
            "subject": str(each.subject) if each.subject else None,
            "channel": each.channel,
        }
        for each in item.parties
    ]
    return {
        "tenant_id": tx.tenant,
        "id": item.id,
        "request_id": request,
        "part_id": item.part,
        "service": item.service,
        "position": item.position,
        "kind": item.kind,
        "thing": item.thing,
        "at": item.at,
        "parties": parties,
        "mute": [],
        "call_id": item.call,
        "bases": list(item.bases),
        "held": item.held,
    }


def _item(row: Any) -> Item:
    return Item(
        id=row.id,
        part=row.part_id,
        service=row.service,
        position=row.position,
        kind=row.kind,
        thing=row.thing,
        at=row.at,
        parties=tuple(
            Party(
                each["party"],
                each["kind"],
                UUID(each["subject"]) if each["subject"] else None,
                each.get("channel"),
            )
            for each in row.parties
        ),
        decision=None if row.decision is None else Decision(row.decision),
        mute=tuple(row.mute),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        entry=row.entry_id,
        trouble=row.trouble,
        call=row.call_id,
        bases=tuple(row.bases),
        held=row.held,
        reason=row.reason,
    )
