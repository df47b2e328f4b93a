"""The stream and the durables: made from the catalogue, changed when it changes, otherwise left alone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import nats
import pytest
from nats.js import JetStreamContext
from recital_bus import PROVISIONER, Bus, Message, provision
from recital_events import CATALOGUE, SERVICES, subjects_consumed_by
from recital_testing.servers.nats import Nats

BusOf = Callable[[str], Awaitable[Bus]]
Consuming = Callable[..., asyncio.Event]
Numbered = Callable[..., list[Message]]


@pytest.fixture
async def stream(server: Nats) -> AsyncIterator[JetStreamContext]:
    client = await nats.connect(
        server.url, nkeys_seed=str(server.seed_file(PROVISIONER)), inbox_prefix=f"_INBOX_{PROVISIONER}"
    )
    yield client.jetstream()
    await client.close()


async def test_the_stream_keeps_all_events_on_disk_and_refuses_when_it_is_full(stream: JetStreamContext) -> None:
    config = (await stream.stream_info("RECITAL")).config
    assert config.subjects == ["recital.>"]
    assert (config.storage, config.discard, config.retention) == ("file", "new", "limits")
    assert (config.max_age, config.duplicate_window) == (30 * 24 * 3600, 120)
    assert (config.max_bytes or 0) > 0


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_has_one_durable_that_follows_its_events_and_never_gives_up(
    stream: JetStreamContext, service: str
) -> None:
    config = (await stream.consumer_info("RECITAL", service)).config
    assert sorted(config.filter_subjects or []) == sorted(subjects_consumed_by(service))
    assert (config.max_deliver, config.ack_policy) == (-1, "explicit")


async def test_setting_up_again_changes_nothing(stream: JetStreamContext, server: Nats) -> None:
    before = [(await stream.consumer_info("RECITAL", service)).config for service in SERVICES]
    made = (await stream.stream_info("RECITAL")).created
    await provision(server.url, server.seed_file(PROVISIONER), ack_wait=2.0)
    assert [(await stream.consumer_info("RECITAL", service)).config for service in SERVICES] == before
    assert (await stream.stream_info("RECITAL")).created == made


async def test_a_service_that_follows_more_events_keeps_its_durable_and_its_place(
    stream: JetStreamContext, server: Nats, bus_of: BusOf, consuming: Consuming, inbox: Any, messages: Numbered
) -> None:
    fewer = {name: event for name, event in CATALOGUE.items() if event.aggregate != "copy"}
    await provision(server.url, server.seed_file(PROVISIONER), fewer, ack_wait=2.0)
    followed = (await stream.consumer_info("RECITAL", "retention")).config.filter_subjects
    assert "recital.ingest.copy.registered" not in followed
    ingest, retention = await bus_of("ingest"), await bus_of("retention")
    stop = consuming(retention, inbox)
    await ingest.publish(messages(1))
    await inbox.has(1)
    stop.set()
    await provision(server.url, server.seed_file(PROVISIONER), ack_wait=2.0)
    followed = (await stream.consumer_info("RECITAL", "retention")).config.filter_subjects
    assert "recital.ingest.copy.registered" in followed
    consuming(await bus_of("retention"), inbox)
    await ingest.publish(messages(1, subject="recital.ingest.copy.registered"))
    await inbox.has(2)
    assert len(inbox.taken) == 2
