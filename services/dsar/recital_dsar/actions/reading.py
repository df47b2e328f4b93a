"""What officers read: requests with their next step and what blocks it, and items with their proposal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recital_database import Transaction
from recital_vault import Vault

from recital_dsar.actions.entries import opened_details
from recital_dsar.actions.review import asking_of
from recital_dsar.actions.waiting import blocks_beside
from recital_dsar.decisions.deadlines import as_of, days_left, last_day
from recital_dsar.decisions.progress import Progress, progress
from recital_dsar.decisions.proposing import Proposal, propose
from recital_dsar.model import Item, ItemCounts, Package, Part, Request, State, TenantFacts
from recital_dsar.store.entries import sealed_details
from recital_dsar.store.items import Selection, counts_of, items_of
from recital_dsar.store.packages import newest_packages
from recital_dsar.store.parts import parts_of_orders
from recital_dsar.store.requests import request, requests_by_arrival, requests_by_due_date
from recital_dsar.store.steps import troubles_of
from recital_dsar.store.tenants import tenant


@dataclass(frozen=True, slots=True)
class Overview:
    """A request and all that is shown beside it."""

    request: Request
    days_left: int | None
    parts: Sequence[Part]
    items: ItemCounts
    package: Package | None
    progress: Progress


@dataclass(frozen=True, slots=True)
class ItemShown:
    """An item, what is proposed for it, and the ground of what was decided."""

    item: Item
    proposal: Proposal | None
    ground: str | None


async def overview(tx: Transaction, request_id: UUID) -> Overview:
    """Return one request; raises NotFound, Gone."""
    return (await _overviews(tx, [await request(tx, request_id)]))[0]


async def work_list(
    tx: Transaction, *, after: UUID | None, most: int, state: State | None, by_due_date: bool
) -> Sequence[Overview]:
    """Return requests: open ones, those with the fewest days left first, or all in the order they came."""
    listed = requests_by_due_date if by_due_date else requests_by_arrival
    return await _overviews(tx, await listed(tx, after=after, most=most, state=state))


async def items_shown(
    tx: Transaction,
    vault: Vault,
    request_id: UUID,
    *,
    after: UUID | None,
    most: int,
    chosen: Selection | None = None,
) -> tuple[Request, Sequence[ItemShown]]:
    """Return a request and a page of its items, or of those chosen; raises NotFound, Gone."""
    found = await request(tx, request_id)
    asking = asking_of(found, await tenant(tx))
    items = await items_of(tx, request_id, chosen or Selection(), after=after, most=most)
    sealed = await sealed_details(tx, sorted({item.entry for item in items if item.entry is not None}))
    grounds = {
        entry: (await opened_details(tx, vault, found, details)).get("ground") for entry, details in sealed.items()
    }
    return found, [
        ItemShown(item, propose(asking, item), _text(grounds.get(item.entry) if item.entry else None)) for item in items
    ]


async def _overviews(tx: Transaction, found: Sequence[Request]) -> list[Overview]:
    """Lay beside each request what is known of it: one question per table, however many requests."""
    if not found:
        return []
    facts = await tenant(tx)
    ids = [each.id for each in found]
    troubles = await troubles_of(tx, ids)
    parts = await parts_of_orders(tx, [each.order for each in found if each.order is not None])
    counts = await counts_of(tx, ids)
    packages = await newest_packages(tx, ids)
    beside = await blocks_beside(tx, found)
    shown = []
    for each in found:
        theirs = parts.get(each.order, []) if each.order is not None else []
        items = counts.get(each.id, ItemCounts(0, 0, 0))
        shown.append(
            Overview(
                request=each,
                days_left=_days_left(each, facts, tx.now),
                parts=theirs,
                items=items,
                package=packages.get(each.id),
                progress=progress(each, theirs, items, troubles.get(each.id, ()), beside[each.id]),
            )
        )
    return shown


def _days_left(found: Request, facts: TenantFacts, now: datetime) -> int | None:
    if found.state is State.CLOSED or found.answered_at is not None:
        return None
    day = last_day(as_of(found, facts, now), extended=found.extended_at is not None)
    return days_left(day, now, facts.time_zone)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
