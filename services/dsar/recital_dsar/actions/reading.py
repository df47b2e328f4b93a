"""What officers read: requests with their next step and what blocks it, and items with their proposal."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from recital_database import Transaction
from recital_vault import Vault

from recital_dsar.actions.entries import opened_details
from recital_dsar.decisions.deadlines import days_left
from recital_dsar.decisions.items import Proposal, propose
from recital_dsar.decisions.progress import Progress, progress
from recital_dsar.model import Item, ItemCounts, Package, Part, Request, State
from recital_dsar.store.entries import sealed_details
from recital_dsar.store.items import Selection, count_items, items_of
from recital_dsar.store.packages import newest_package
from recital_dsar.store.parts import parts_of
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
    proposal: Proposal
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
) -> tuple[Request, Sequence[ItemShown]]:
    """Return a request and a page of its items; raises NotFound, Gone."""
    found = await request(tx, request_id)
    items = await items_of(tx, request_id, Selection(), after=after, most=most)
    sealed = await sealed_details(tx, sorted({item.entry for item in items if item.entry is not None}))
    grounds = {
        entry: (await opened_details(tx, vault, found, details)).get("ground") for entry, details in sealed.items()
    }
    return found, [
        ItemShown(item, propose(item, found.subjects or ()), _text(grounds.get(item.entry) if item.entry else None))
        for item in items
    ]


async def _overviews(tx: Transaction, found: Sequence[Request]) -> list[Overview]:
    facts = await tenant(tx) if found else None
    troubles = await troubles_of(tx, [each.id for each in found])
    shown = []
    for each in found:
        parts = await parts_of(tx, each.order) if each.order is not None else []
        counts = await count_items(tx, each.id)
        zone = facts.time_zone if facts else "UTC"
        shown.append(
            Overview(
                request=each,
                days_left=None if each.state is State.CLOSED else days_left(each.deadlines.due_on, tx.now, zone),
                parts=parts,
                items=counts,
                package=await newest_package(tx, each.id),
                progress=progress(each, parts, counts, troubles.get(each.id, ())),
            )
        )
    return shown


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
