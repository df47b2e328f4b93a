"""An event from its commit in one service to its committed effect in another, beside raw JetStream.

The raw limit publishes and pulls the same payloads with the same settings, 64 in flight, acknowledged twice, and writes
nothing anywhere. Both ends are processes of their own, as in life. Beside it: how long a lone event takes.
"""

import statistics
import time
from collections.abc import Sequence

import uvloop
from recital_bus import Bus, Message
from recital_database import Database
from recital_database.outbox import unpublished
from recital_runtime.metrics import Metrics
from recital_runtime.relay import Relay
from recital_testing import eventually

from bench.events import TENANTS, bus_of, tell
from bench.harness import Ground, alternate, ground, memory_mib, report
from bench.receiving import IN_FLIGHT, Receiver, Where

EVENTS = 2048
ROUNDS = 7
LONE = 200


async def through(database: Database, relay: Relay, receiver: Receiver, number: int) -> float:
    """Commit events, then measure until the last effect is committed; seconds."""
    await tell(database, number, TENANTS if number >= len(TENANTS) else TENANTS[:1])
    receiver.expect("path", number)
    started = time.perf_counter()
    while await relay.batch():
        pass
    await receiver.done()
    return time.perf_counter() - started


async def raw(bus: Bus, receiver: Receiver, payloads: Sequence[bytes]) -> float:
    """Publish the payloads 64 at a time and measure until the last is acknowledged by the receiver; seconds."""
    receiver.expect("raw", len(payloads))
    stamp = time.monotonic_ns()
    started = time.perf_counter()
    for first in range(0, len(payloads), IN_FLIGHT):
        chunk = enumerate(payloads[first : first + IN_FLIGHT], start=first)
        await bus.publish(
            [Message("recital.retention.clock.expired", f"{stamp}-{index}", payload) for index, payload in chunk]
        )
    await receiver.done()
    return time.perf_counter() - started


async def measure(place: Ground) -> None:
    """Run both sides in turn and report."""
    database = await place.database("retention")
    settings = await place.databases.copy("ingest")
    bus = await bus_of(place, "retention")

    async def connected() -> bool:
        return bus.connected

    await eventually(connected)
    receiver = Receiver(Where(settings, place.nats.url, place.nats.seed_file("ingest")))
    relay = Relay(database, lambda: bus, Metrics())
    await through(database, relay, receiver, len(TENANTS))
    await tell(database, EVENTS)
    async with database.work() as tx:
        payloads = [each.payload for each in await unpublished(tx, EVENTS)]
    receiver.expect("path", EVENTS)
    while await relay.batch():
        pass
    await receiver.done()

    async def path() -> float:
        return EVENTS / await through(database, relay, receiver, EVENTS)

    async def limit() -> float:
        return EVENTS / await raw(bus, receiver, payloads)

    written = await place.written()
    sides = await alternate(path, limit, rounds=ROUNDS)
    per_event = (await place.written() - written) // (EVENTS * (ROUNDS + 1))
    lone = sorted([await through(database, relay, receiver, 1) for _ in range(LONE)])
    more = {
        "p99_ms_of_a_lone_event": round(lone[-max(1, LONE // 100)] * 1000, 1),
        "median_ms_of_a_lone_event": round(statistics.median(lone) * 1000, 1),
        "postgres_bytes_per_event": per_event,
        "memory_mib": round(memory_mib()),
    }
    report("bus", *sides, "events/s", more)
    receiver.close()
    await bus.close()
    await database.close()


async def main() -> None:
    """Start the servers, measure, stop them."""
    async with ground() as place:
        await measure(place)


if __name__ == "__main__":
    uvloop.run(main())
