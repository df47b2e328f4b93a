"""Publishing: what is acknowledged, in which order it is kept, and what is not."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from recital_bus import PROVISIONER, Bus, Message, provision
from recital_testing.servers.nats import Nats

BusOf = Callable[[str], Awaitable[Bus]]
Consuming = Callable[..., asyncio.Event]
Numbered = Callable[..., list[Message]]


async def test_what_is_acknowledged_is_delivered_in_the_order_it_was_published(
    bus_of: BusOf, consuming: Consuming, inbox: Any, messages: Numbered
) -> None:
    ingest, retention = await bus_of("ingest"), await bus_of("retention")
    assert await ingest.publish(messages(2000)) == [True] * 2000
    consuming(retention, inbox)
    taken = await inbox.has(2000)
    assert [int(message.payload) for message in taken] == list(range(2000))


async def test_a_message_arrives_with_its_subject_id_payload_and_headers(
    bus_of: BusOf, consuming: Consuming, inbox: Any
) -> None:
    ingest, retention = await bus_of("ingest"), await bus_of("retention")
    subject = "recital.ingest.recording.stored"
    await ingest.publish([Message(subject, "event-1", b'{"a": 1}', {"traceparent": "00-aa-bb-01"})])
    consuming(retention, inbox)
    (taken,) = await inbox.has(1)
    assert (taken.subject, taken.id, taken.payload) == (subject, "event-1", b'{"a": 1}')
    assert taken.headers["traceparent"] == "00-aa-bb-01"
    assert taken.delivery == 1


async def test_an_event_published_twice_is_kept_once_and_counted_as_a_duplicate(
    bus_of: BusOf, consuming: Consuming, inbox: Any, messages: Numbered
) -> None:
    ingest, retention = await bus_of("ingest"), await bus_of("retention")
    assert await ingest.publish(messages(3)) == [True] * 3
    assert ingest.duplicates == 0
    assert await ingest.publish(messages(4)) == [True] * 4
    assert ingest.duplicates == 3
    consuming(retention, inbox)
    await inbox.has(4)
    assert [int(message.payload) for message in inbox.taken] == [0, 1, 2, 3]


async def test_a_message_too_large_for_the_bus_is_refused_and_the_others_go(bus_of: BusOf, messages: Numbered) -> None:
    ingest = await bus_of("ingest")
    one, two = messages(2)
    large = Message(one.subject, "large", bytes(2 * 1024 * 1024))
    assert await ingest.publish([one, large, two]) == [True, False, True]
    assert ingest.connected


async def test_publishing_nothing_is_no_error(bus_of: BusOf) -> None:
    assert await (await bus_of("ingest")).publish([]) == []


async def test_a_full_stream_refuses_and_says_so(bus_of: BusOf, messages: Numbered, server: Nats) -> None:
    await provision(server.url, server.seed_file(PROVISIONER), max_bytes=2048)
    ingest = await bus_of("ingest")
    kept = await ingest.publish(messages(200))
    assert kept[0]
    assert not kept[-1]
