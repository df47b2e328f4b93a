"""One real server per test, set up from the catalogue, and services' buses on it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import nats
import pytest
from recital_bus import PROVISIONER, Bus, BusSettings, Message, Outcome, provision
from recital_events import SERVICES
from recital_testing import eventually
from recital_testing.ports import choose_ports
from recital_testing.servers.nats import Nats

BusOf = Callable[[str], Awaitable[Bus]]


class Inbox:
    """A handler that keeps what it was given, and answers DONE or what it was told to."""

    def __init__(self) -> None:
        self.taken: list[Message] = []
        self.answers: dict[str, list[Outcome]] = {}

    async def __call__(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        self.taken += messages
        return [self._answer(message) for message in messages]

    def ids(self) -> list[str]:
        return [message.id for message in self.taken]

    async def has(self, number: int) -> list[Message]:
        async def enough() -> bool:
            return len(self.taken) >= number

        await eventually(enough, what=f"{number} messages came")
        return self.taken

    def _answer(self, message: Message) -> Outcome:
        answers = self.answers.get(message.id)
        return answers.pop(0) if answers else Outcome.DONE


@pytest.fixture
async def server(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Nats]:
    """A server that delivers again after 2 s, or after as many as the test says."""
    running = Nats.in_folder(tmp_path / "nats", port=choose_ports(["nats"])["nats"], users=SERVICES)
    await running.start()
    await provision(running.url, running.seed_file(PROVISIONER), ack_wait=getattr(request, "param", 2.0))
    yield running
    await running.stop()


@pytest.fixture
async def bus_of(server: Nats) -> AsyncIterator[BusOf]:
    opened: list[Bus] = []

    async def open_bus(service: str) -> Bus:
        bus = await Bus.connect(BusSettings(server.url, server.seed_file(service), service))
        opened.append(bus)

        async def connected() -> bool:
            return bus.connected

        await eventually(connected)
        return bus

    yield open_bus
    for bus in opened:
        await bus.close()


@pytest.fixture
async def consuming() -> AsyncIterator[Callable[..., asyncio.Event]]:
    """Start a consumer; the event that is returned stops it, as does the end of the test."""
    running: list[tuple[asyncio.Event, asyncio.Task[None]]] = []

    def start(
        bus: Bus, handle: Callable[[Sequence[Message]], Awaitable[Sequence[Outcome]]], **how: Any
    ) -> asyncio.Event:
        stop = asyncio.Event()
        running.append((stop, asyncio.create_task(bus.consume(handle, stop=stop, **how))))
        return stop

    yield start
    for stop, task in running:
        stop.set()
        await task


@pytest.fixture
async def server_waited(bus_of: BusOf, consuming: Callable[..., asyncio.Event]) -> Callable[[], Awaitable[None]]:
    """Wait until the server has delivered again to consent what was published and consent never answered."""
    deaf, again = asyncio.Event(), Inbox()

    async def say_nothing(_: Sequence[Message]) -> Sequence[Outcome]:
        deaf.set()
        return await asyncio.Future()

    holding = asyncio.create_task((await bus_of("consent")).consume(say_nothing, stop=asyncio.Event(), batch=1))

    async def wait() -> None:
        await deaf.wait()
        holding.cancel()
        consuming(await bus_of("consent"), again)
        await again.has(1)

    return wait


@pytest.fixture
def new_inbox() -> type[Inbox]:
    return Inbox


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def pending(server: Nats) -> AsyncIterator[Callable[..., Awaitable[bool]]]:
    """Ask whether a service's durable has just so many messages unanswered and undelivered."""
    client = await nats.connect(
        server.url, nkeys_seed=str(server.seed_file(PROVISIONER)), inbox_prefix=f"_INBOX_{PROVISIONER}"
    )

    async def has(service: str, *, unanswered: int, undelivered: int) -> bool:
        info = await client.jetstream().consumer_info("RECITAL", service)
        return (info.num_ack_pending, info.num_pending) == (unanswered, undelivered)

    yield has
    await client.close()


@pytest.fixture
def messages() -> Callable[..., list[Message]]:
    """Numbered messages on ingest's subject of stored recordings, which consent and retention follow."""

    def make(number: int, *, first: int = 0, subject: str = "recital.ingest.recording.stored") -> list[Message]:
        return [Message(subject, f"{subject}-{each}", b"%d" % each) for each in range(first, first + number)]

    return make
