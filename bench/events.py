"""What the benches of the event path have in common: clocks that end in retention, and what ingest does on it."""

from collections.abc import Sequence
from uuid import UUID

from recital_bus import Bus, BusSettings
from recital_database import Database, Handlers, Together, announce, new_ids
from recital_events import ClockExpired, consumed_by
from recital_ingest.actions import facts

from bench.harness import Ground

TENANTS = [UUID(int=0xA0 + each) for each in range(4)]


async def tell(database: Database, number: int, tenants: Sequence[UUID] = TENANTS) -> None:
    """Commit events in the producing service, spread over tenants, each of an aggregate of its own."""
    for tenant in tenants:
        async with database.transaction(tenant) as tx:
            for recording in await new_ids(tx, number // len(tenants)):
                event = ClockExpired(recording=recording, purpose=recording, key="quality", expired_at=tx.now)
                await announce(tx, event)


def handlers() -> Handlers:
    """Return what ingest does on the event that is sent; it only follows the others."""
    return dict.fromkeys(consumed_by("ingest")) | {ClockExpired: Together(facts.expire_clocks)}


async def bus_of(ground: Ground, service: str) -> Bus:
    """Return a service's bus, connected or connecting."""
    settings = BusSettings(url=ground.nats.url, seed_file=ground.nats.seed_file(service), service=service)
    return await Bus.connect(settings)
