"""What the benches of the event path have in common: a tenant's events, and a receiver that writes an effect."""

from collections.abc import Sequence
from uuid import UUID

from recital_bus import Bus, BusSettings
from recital_database import Database, Handlers, NotYet, Transaction, announce, new_ids
from recital_events import ClockExpired, consumed_by
from sqlalchemy import text

from bench.harness import Ground

TENANTS = [UUID(int=0xA0 + each) for each in range(4)]
_EFFECT = text("insert into idempotency (tenant_id, key, fingerprint) values (:tenant, :key, '')")


async def tell(database: Database, number: int, tenants: Sequence[UUID] = TENANTS) -> None:
    """Commit events in the producing service, spread over tenants, each of an aggregate of its own."""
    for tenant in tenants:
        async with database.transaction(tenant) as tx:
            for recording in await new_ids(tx, number // len(tenants)):
                event = ClockExpired(recording=recording, purpose=recording, key="quality", expired_at=tx.now)
                await announce(tx, event)


async def effect(tx: Transaction, event: ClockExpired) -> NotYet | None:
    """Write one row: the least that an effect can be."""
    await tx.execute(_EFFECT, {"tenant": tx.tenant, "key": str(event.recording)})
    return None


def handlers() -> Handlers:
    """Return the receiver's handlers."""
    return {event: effect if event is ClockExpired else None for event in consumed_by("ingest")}


async def effects(database: Database) -> int:
    """Return how many effects are committed."""
    async with database.work() as tx:
        return int((await tx.execute("select count(*) from inbox where state = 'done'")).scalar_one())


async def bus_of(ground: Ground, service: str) -> Bus:
    """Return a service's bus, connected or connecting."""
    settings = BusSettings(url=ground.nats.url, seed_file=ground.nats.seed_file(service), service=service)
    return await Bus.connect(settings)
