"""Requests of persons: while one is open nothing that speaks of its subjects is destroyed (R12, R14)."""

from collections.abc import Collection
from uuid import UUID

from recital_database import NotYet, Transaction
from recital_events import RequestClosed, RequestReceived

from recital_retention.decisions.ends import end_of_request_file
from recital_retention.store import holdings, keeping, persons, schedule, tenants
from recital_retention.store.holdings import NewHolding
from recital_retention.store.keeping import Withholding


async def withhold(tx: Transaction, request: UUID, subjects: Collection[UUID]) -> Withholding:
    """Keep what speaks of these subjects until the request is closed; one that is closed stays so.

    Their holdings are locked first: what is not past the point of no return when this returns cannot pass it.
    """
    placed = await keeping.withhold(tx, request, subjects)
    if placed.lifted_at is None:
        await persons.withhold_for_person(tx, request)
        await holdings.lock(tx, await keeping.holdings_of_subjects(tx, request))
    return placed


async def receive_request(tx: Transaction, event: RequestReceived) -> NotYet | None:
    """Register a request's file and withhold what it is about."""
    tenant = await tenants.find_tenant(tx)
    if tenant is None:
        return NotYet(f"tenant:{tx.tenant}")
    await withhold(tx, event.request, event.subjects)
    file = NewHolding(event.request, "request", event.received_at, subjects=event.subjects)
    await holdings.register(tx, file)
    return None


async def close_request(tx: Transaction, event: RequestClosed) -> NotYet | None:
    """Let go of what a request kept, end what ends with it, and set the end of its file."""
    tenant = await tenants.find_tenant(tx)
    file = await holdings.lock_one(tx, event.request)
    if tenant is None or file is None:
        return NotYet(f"request:{event.request}")
    due = end_of_request_file(event.closed_at, tenant.zone, tenant.kept.get("request"))
    await holdings.set_end(tx, event.request, due_at=due, ended_at=event.closed_at)
    await schedule.put(tx, {event.request: due})
    await keeping.lift(tx, event.request, event.closed_at)
    copies = await holdings.lock(tx, await holdings.ending_with(tx, event.request))
    for each in copies:
        await holdings.set_end(tx, each.id, due_at=tx.now, ended_at=None)
    await schedule.put_now(tx, {each.id for each in copies} | set(await keeping.kept_of_subjects(tx, event.request)))
    return None
