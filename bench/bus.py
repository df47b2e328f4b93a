"""An event from its commit in one service to its committed effect in another, beside raw JetStream.

The raw limit publishes and pulls the same payloads with the same settings, 64 in flight, double acknowledgement, and
writes nothing anywhere. Beside it: how long a lone event takes (p99).
"""

import asyncio
import contextlib
import statistics
import time
from collections.abc import Sequence
from uuid import UUID

import uvloop
from opentelemetry.sdk.trace import TracerProvider
from recital_bus import Bus, Message, Outcome
from recital_database import Database
from recital_database.outbox import unpublished
from recital_runtime.intake import Intake
from recital_runtime.metrics import Metrics
from recital_runtime.relay import Relay
from recital_testing import eventually

from bench.events import TENANTS, bus_of, effects, handlers, tell
from bench.harness import Ground, alternate, ground, memory_mib, report

EVENTS = 1024
ROUNDS = 5
LONE = 100
IN_FLIGHT = 64


class Path:
    """The two ends of the event path in this process: relay here, intake there."""

    def __init__(self, producer: Database, consumer: Database, sender: Bus, receiver: Bus) -> None:
        self.producer, self.consumer = producer, consumer
        self.sender, self.receiver = sender, receiver
        self.relay = Relay(producer, lambda: sender, Metrics())
        self.intake = Intake(consumer, handlers(), Metrics(), TracerProvider().get_tracer("bench"))
        self.taken = asyncio.Event()
        self.expected = 0
        self.arrived = 0

    async def take(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        """Let a batch take effect, and tell when all that is expected has."""
        outcomes = await self.intake.take(messages)
        self.arrived += sum(outcome is Outcome.DONE for outcome in outcomes)
        if self.arrived >= self.expected:
            self.taken.set()
        return outcomes

    async def send(self, number: int, tenants: Sequence[UUID] = TENANTS) -> float:
        """Commit events, then measure until the last effect is committed; seconds."""
        await tell(self.producer, number, tenants)
        self.expected, self.arrived = number, 0
        self.taken.clear()
        started = time.perf_counter()
        while await self.relay.batch():
            pass
        await self.taken.wait()
        return time.perf_counter() - started

    async def round(self) -> float:
        """One round; events per second."""
        return EVENTS / await self.send(EVENTS)


async def raw(sender: Bus, receiver: Bus, payloads: Sequence[bytes]) -> float:
    """Publish and pull the payloads, 64 in flight, acknowledged twice; events per second."""
    stop = asyncio.Event()
    seen = 0

    async def count(messages: Sequence[Message]) -> Sequence[Outcome]:
        nonlocal seen
        seen += len(messages)
        if seen >= len(payloads):
            stop.set()
        return [Outcome.DONE] * len(messages)

    started = time.perf_counter()
    pulling = asyncio.create_task(receiver.consume(count, stop=stop, batch=IN_FLIGHT))
    stamp = time.monotonic_ns()
    for first in range(0, len(payloads), IN_FLIGHT):
        chunk = payloads[first : first + IN_FLIGHT]
        await sender.publish(
            [
                Message("recital.retention.clock.expired", f"{stamp}-{first + index}", payload)
                for index, payload in enumerate(chunk)
            ]
        )
    await pulling
    return len(payloads) / (time.perf_counter() - started)


async def payloads_of(database: Database) -> list[bytes]:
    """Return the payloads of what waits in the outbox."""
    async with database.work() as tx:
        return [each.payload for each in await unpublished(tx, EVENTS)]


async def measure(place: Ground) -> None:
    """Run both sides in turn and report."""
    producer, consumer = await place.database("retention"), await place.database("ingest")
    sender, receiver = await bus_of(place, "retention"), await bus_of(place, "ingest")

    async def connected() -> bool:
        return sender.connected and receiver.connected

    await eventually(connected)
    await tell(producer, EVENTS)
    payloads = await payloads_of(producer)
    path = Path(producer, consumer, sender, receiver)

    async def through() -> float:
        stop = asyncio.Event()
        pulling = asyncio.create_task(receiver.consume(path.take, stop=stop))
        try:
            return await path.round()
        finally:
            stop.set()
            await pulling

    await through()
    written = await place.written()
    sides = await alternate(through, lambda: raw(sender, receiver, payloads), rounds=ROUNDS)
    per_event = (await place.written() - written) // (EVENTS * (ROUNDS + 1))
    lone = await alone(path, receiver)
    more = {
        "p99_ms_of_a_lone_event": round(lone[-max(1, LONE // 100)] * 1000, 1),
        "median_ms_of_a_lone_event": round(statistics.median(lone) * 1000, 1),
        "postgres_bytes_per_event": per_event,
        "effects": await effects(consumer),
        "memory_mib": round(memory_mib()),
    }
    report("bus", *sides, "events/s", more)
    for bus in (sender, receiver):
        await bus.close()
    for database in (producer, consumer):
        await database.close()


async def alone(path: Path, receiver: Bus) -> list[float]:
    """Send events one by one and return how long each took from its commit to its effect, sorted."""
    stop = asyncio.Event()
    pulling = asyncio.create_task(receiver.consume(path.take, stop=stop))
    try:
        return sorted([await path.send(1, TENANTS[:1]) for _ in range(LONE)])
    finally:
        stop.set()
        with contextlib.suppress(asyncio.CancelledError):
            await pulling


async def main() -> None:
    """Start the servers, measure, stop them."""
    async with ground() as place:
        await measure(place)


if __name__ == "__main__":
    uvloop.run(main())
