"""The outbox drained per second, beside publishing the same payloads with nothing read and nothing marked."""

import time

import uvloop
from recital_bus import Message
from recital_database.outbox import unpublished
from recital_runtime.metrics import Metrics
from recital_runtime.relay import BATCH, Relay
from recital_testing import eventually

from bench.events import bus_of, tell
from bench.harness import Ground, alternate, ground, memory_mib, report

EVENTS = 2048
ROUNDS = 5


async def measure(place: Ground) -> None:
    """Run both sides in turn and report."""
    database = await place.database("retention")
    bus = await bus_of(place, "retention")

    async def connected() -> bool:
        return bus.connected

    await eventually(connected)
    relay = Relay(database, lambda: bus, Metrics())
    await tell(database, EVENTS)
    async with database.work() as tx:
        payloads = [each.payload for each in await unpublished(tx, EVENTS)]

    async def drained() -> float:
        await tell(database, EVENTS)
        started = time.perf_counter()
        while await relay.batch():
            pass
        return EVENTS / (time.perf_counter() - started)

    async def published() -> float:
        stamp = time.monotonic_ns()
        started = time.perf_counter()
        for first in range(0, EVENTS, BATCH):
            chunk = enumerate(payloads[first : first + BATCH], start=first)
            await bus.publish(
                [Message("recital.retention.clock.expired", f"{stamp}-{index}", payload) for index, payload in chunk]
            )
        return EVENTS / (time.perf_counter() - started)

    while await relay.batch():
        pass
    sides = await alternate(drained, published, rounds=ROUNDS)
    report("relay", *sides, "events/s", {"memory_mib": round(memory_mib())})
    await bus.close()
    await database.close()


async def main() -> None:
    """Start the servers, measure, stop them."""
    async with ground() as place:
        await measure(place)


if __name__ == "__main__":
    uvloop.run(main())
