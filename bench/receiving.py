"""The receiving end in a process of its own, as in life: it takes events, or only pulls them, and says when done."""

import asyncio
import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import uvloop
from opentelemetry.sdk.trace import TracerProvider
from recital_bus import Bus, BusSettings, Message, Outcome
from recital_database import Database, DatabaseSettings
from recital_runtime.intake import Intake
from recital_runtime.metrics import Metrics
from recital_testing import eventually

from bench.events import handlers

IN_FLIGHT = 64


@dataclass(frozen=True, slots=True)
class Where:
    """What the process needs to know."""

    database: DatabaseSettings
    url: str
    seed_file: Path


class Receiver:
    """The other process, and the pipe to it."""

    def __init__(self, where: Where) -> None:
        """Start it; it answers when it is connected."""
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(where, theirs), daemon=True)
        self._process.start()
        self._pipe.recv()

    def expect(self, kind: str, number: int) -> None:
        """Have it take `number` events: kind `path` writes their effects, kind `raw` only acknowledges."""
        self._pipe.send((kind, number))
        self._pipe.recv()

    async def done(self) -> None:
        """Return when it has them all."""
        await asyncio.get_running_loop().run_in_executor(None, self._pipe.recv)

    def close(self) -> None:
        """End it."""
        self._pipe.send(("end", 0))
        self._process.join(10)


def _run(where: Where, pipe: Connection) -> None:
    uvloop.run(_receive(where, pipe))


async def _receive(where: Where, pipe: Connection) -> None:
    database = await Database.open(where.database)
    bus = await Bus.connect(BusSettings(url=where.url, seed_file=where.seed_file, service="ingest"))

    async def connected() -> bool:
        return bus.connected

    await eventually(connected)
    intake = Intake(database, handlers(), Metrics(), TracerProvider().get_tracer("bench"))
    loop = asyncio.get_running_loop()
    pipe.send("connected")
    while True:
        kind, number = await loop.run_in_executor(None, pipe.recv)
        if kind == "end":
            break
        pipe.send("listening")
        await _take(bus, intake if kind == "path" else None, number)
        pipe.send("done")
    await bus.close()
    await database.close()


async def _take(bus: Bus, intake: Intake | None, number: int) -> None:
    stop = asyncio.Event()
    seen = 0

    async def handle(messages: Sequence[Message]) -> Sequence[Outcome]:
        nonlocal seen
        outcomes = await intake.take(messages) if intake else [Outcome.DONE] * len(messages)
        seen += sum(outcome is Outcome.DONE for outcome in outcomes)
        if seen >= number:
            stop.set()
        return outcomes

    # The path as the runtime consumes; the limit at the 64 in flight it is stated for.
    await (bus.consume(handle, stop=stop) if intake else bus.consume(handle, stop=stop, batch=IN_FLIGHT))
