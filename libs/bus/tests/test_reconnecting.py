"""A server that is away, comes back, was killed, or lost everything."""

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from recital_bus import PROVISIONER, Bus, BusSettings, Message, Outcome, new_user, provision
from recital_errors import Unavailable
from recital_events import SERVICES
from recital_testing import eventually
from recital_testing.ports import choose_ports
from recital_testing.servers.nats import Nats

BusOf = Callable[[str], Awaitable[Bus]]
Consuming = Callable[..., asyncio.Event]
Numbered = Callable[..., list[Message]]


@pytest.fixture
async def absent_server(tmp_path: Path) -> AsyncIterator[Nats]:
    """A server that is set up but does not run."""
    nats = Nats.in_folder(tmp_path / "absent", port=choose_ports(["nats"])["nats"], users=SERVICES)
    await nats.start()
    await provision(nats.url, nats.seed_file(PROVISIONER))
    await nats.stop()
    yield nats
    await nats.stop()


async def test_a_server_that_is_away_is_no_error_and_found_when_it_comes(
    absent_server: Nats, messages: Numbered
) -> None:
    states: list[bool] = []
    settings = BusSettings(absent_server.url, absent_server.seed_file("ingest"), "ingest")
    bus = await Bus.connect(settings, states.append)
    assert await bus.publish(messages(3)) == [False, False, False]
    assert not bus.connected
    await absent_server.start()
    await eventually(lambda: _connected(bus))
    assert await bus.publish(messages(3)) == [True, True, True]
    await bus.close()
    assert states == [True, False]


async def test_a_seed_that_is_missing_or_none_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await Bus.connect(BusSettings("nats://127.0.0.1:1", tmp_path / "missing", "ingest"))
    rubbish = tmp_path / "rubbish"
    rubbish.write_text("SUnot-a-seed")
    with pytest.raises(ValueError, match="holds no seed"):
        await Bus.connect(BusSettings("nats://127.0.0.1:1", rubbish, "ingest"))


async def test_what_was_acknowledged_survives_a_killed_server(
    bus_of: BusOf, consuming: Consuming, inbox: Any, messages: Numbered, server: Nats
) -> None:
    ingest, retention = await bus_of("ingest"), await bus_of("retention")
    assert await ingest.publish(messages(500)) == [True] * 500
    await server.kill()
    await server.start()
    consuming(retention, inbox)
    await inbox.has(500)
    assert [int(message.payload) for message in inbox.taken] == list(range(500))


@pytest.mark.parametrize("server", [300.0], indirect=True, ids=["however long the server waits"])
async def test_a_fetch_that_spans_a_restart_goes_on(
    bus_of: BusOf, consuming: Consuming, inbox: Any, messages: Numbered, server: Nats
) -> None:
    ingest, retention = await bus_of("ingest"), await bus_of("retention")
    consuming(retention, inbox)
    await ingest.publish(messages(1))
    await inbox.has(1)
    await server.kill()
    await server.start()
    await eventually(lambda: _published(ingest, messages(1, first=1)))
    await inbox.has(2)


async def test_no_message_is_lost_while_the_server_is_killed_again_and_again(
    bus_of: BusOf, consuming: Consuming, messages: Numbered, server: Nats
) -> None:
    ingest, retention = await bus_of("ingest"), await bus_of("retention")
    handled: set[int] = set()

    async def note(batch: Sequence[Message]) -> Sequence[Outcome]:
        handled.update(int(message.payload) for message in batch)
        return [Outcome.DONE] * len(batch)

    consuming(retention, note)

    async def publish_all() -> None:
        for first in range(0, 600, 20):
            await eventually(partial(_published, ingest, messages(20, first=first)))

    publishing = asyncio.create_task(publish_all())
    for _ in range(3):
        await eventually(lambda: _connected(ingest))
        await server.kill()
        await server.start()
    await publishing

    async def all_handled() -> bool:
        return handled == set(range(600))

    await eventually(all_handled)


async def test_publishing_to_a_server_that_hangs_is_false_and_goes_on_when_it_wakes(
    bus_of: BusOf, messages: Numbered, server: Nats
) -> None:
    ingest = await bus_of("ingest")
    server.process.signal(signal.SIGSTOP)
    try:
        assert await ingest.publish(messages(2)) == [False, False]
    finally:
        server.process.signal(signal.SIGCONT)
    await eventually(lambda: _published(ingest, messages(2)))


async def test_a_stream_that_was_wiped_is_consumed_again_when_it_is_set_up(
    bus_of: BusOf, consuming: Consuming, inbox: Any, messages: Numbered, server: Nats
) -> None:
    ingest, retention = await bus_of("ingest"), await bus_of("retention")
    consuming(retention, inbox)
    await ingest.publish(messages(1))
    await inbox.has(1)
    await server.kill()
    shutil.rmtree(server.folder / "store")
    await server.start()
    await eventually(lambda: _connected(ingest))
    assert await ingest.publish(messages(2)) == [False, False]
    await provision(server.url, server.seed_file(PROVISIONER))
    assert await ingest.publish(messages(2)) == [True, True]
    await inbox.has(3)


async def test_a_user_let_in_later_connects_without_a_restart(absent_server: Nats, tmp_path: Path) -> None:
    other = Nats.in_folder(tmp_path / "other", port=absent_server.port, users=SERVICES)
    await other.start()
    bus = await Bus.connect(BusSettings(absent_server.url, absent_server.seed_file("ingest"), "ingest"))

    async def refused() -> bool:
        return bus.denied is not None

    await eventually(refused)
    await other.stop()
    await absent_server.start()
    await eventually(lambda: _connected(bus))
    assert bus.denied is None
    await bus.close()


async def test_setting_up_a_server_that_is_away_or_refuses_is_unavailable(
    absent_server: Nats, server: Nats, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable, match="bus_not_provisioned"):
        await provision(absent_server.url, absent_server.seed_file(PROVISIONER))
    stranger = tmp_path / "stranger.seed"
    stranger.write_text(new_user()[0])
    with pytest.raises(Unavailable, match="Authorization Violation"):
        await provision(server.url, stranger)


async def test_closing_ends_all_attempts(absent_server: Nats) -> None:
    bus = await Bus.connect(BusSettings(absent_server.url, absent_server.seed_file("ingest"), "ingest"))
    await bus.close()
    await bus.close()
    assert not bus.connected


async def _connected(bus: Bus) -> bool:
    return bus.connected


async def _published(bus: Bus, messages: Sequence[Message]) -> bool:
    return all(await bus.publish(messages))
