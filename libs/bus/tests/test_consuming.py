"""Consuming: what becomes of a message for each outcome, and who gets what."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from recital_bus import Bus, Message, Outcome
from recital_testing import eventually

BusOf = Callable[[str], Awaitable[Bus]]
Consuming = Callable[..., asyncio.Event]
Numbered = Callable[..., list[Message]]
Pending = Callable[..., Awaitable[bool]]


async def test_a_retried_message_comes_again_and_the_others_do_not(
    bus_of: BusOf, consuming: Consuming, inbox: Any, messages: Numbered
) -> None:
    ingest, retention = await bus_of("ingest"), await bus_of("retention")
    first, second, third = messages(3)
    inbox.answers[second.id] = [Outcome.RETRY, Outcome.RETRY]
    consuming(retention, inbox)
    await ingest.publish([first, second, third])
    await inbox.has(5)
    assert sorted(inbox.ids()) == sorted([first.id, second.id, second.id, second.id, third.id])
    assert [message.delivery for message in inbox.taken if message.id == second.id] == [1, 2, 3]


async def test_each_retry_waits_longer(bus_of: BusOf, consuming: Consuming, messages: Numbered) -> None:
    ingest, retention = await bus_of("ingest"), await bus_of("retention")
    at: list[float] = []

    async def failing(batch: Sequence[Message]) -> Sequence[Outcome]:
        at.append(asyncio.get_running_loop().time())
        return [Outcome.RETRY if len(at) < 4 else Outcome.DONE for _ in batch]

    consuming(retention, failing)
    await ingest.publish(messages(1))

    async def four_times() -> bool:
        return len(at) == 4

    await eventually(four_times)
    waits = [later - earlier for earlier, later in pairwise(at)]
    assert waits[0] >= 0.09
    assert waits[1] >= 0.19
    assert waits[2] >= 0.39


@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.DEAD])
async def test_what_is_done_or_dead_never_comes_again(
    bus_of: BusOf, consuming: Consuming, inbox: Any, messages: Numbered, outcome: Outcome, pending: Pending
) -> None:
    ingest, retention = await bus_of("ingest"), await bus_of("retention")
    (message,) = messages(1)
    inbox.answers[message.id] = [outcome]
    stop = consuming(retention, inbox)
    await ingest.publish([message])
    await inbox.has(1)
    await eventually(lambda: pending("retention", unanswered=0, undelivered=0))
    stop.set()
    consuming(await bus_of("retention"), inbox)
    await ingest.publish(messages(1, first=1))
    await inbox.has(2)
    assert inbox.ids().count(message.id) == 1


async def test_a_handler_that_fails_as_a_whole_gets_its_batch_again(
    bus_of: BusOf, consuming: Consuming, messages: Numbered
) -> None:
    ingest, retention = await bus_of("ingest"), await bus_of("retention")
    calls: list[int] = []

    async def fails_once(batch: Sequence[Message]) -> Sequence[Outcome]:
        calls.append(len(batch))
        if len(calls) == 1:
            raise RuntimeError("the database is away")
        return [Outcome.DONE] * len(batch)

    consuming(retention, fails_once)
    await ingest.publish(messages(1))

    async def again() -> bool:
        return len(calls) == 2

    await eventually(again)


async def test_a_handler_that_miscounts_gets_its_batch_again(
    bus_of: BusOf, consuming: Consuming, messages: Numbered
) -> None:
    ingest, retention = await bus_of("ingest"), await bus_of("retention")
    deliveries: list[int] = []

    async def miscounts_once(batch: Sequence[Message]) -> Sequence[Outcome]:
        deliveries.extend(message.delivery for message in batch)
        return [] if len(deliveries) == 1 else [Outcome.DONE] * len(batch)

    consuming(retention, miscounts_once)
    await ingest.publish(messages(1))

    async def again() -> bool:
        return deliveries == [1, 2]

    await eventually(again)


async def test_a_batch_has_no_more_messages_than_asked_for(
    bus_of: BusOf, consuming: Consuming, messages: Numbered
) -> None:
    ingest, retention = await bus_of("ingest"), await bus_of("retention")
    sizes: list[int] = []

    async def measure(batch: Sequence[Message]) -> Sequence[Outcome]:
        sizes.append(len(batch))
        return [Outcome.DONE] * len(batch)

    await ingest.publish(messages(50))
    consuming(retention, measure, batch=8)

    async def all_came() -> bool:
        return sum(sizes) == 50

    await eventually(all_came)
    assert max(sizes) <= 8


async def test_every_service_that_follows_an_event_gets_it_and_no_other_does(
    bus_of: BusOf, consuming: Consuming, new_inbox: Any, messages: Numbered
) -> None:
    ingest = await bus_of("ingest")
    inboxes = {service: new_inbox() for service in ("consent", "retention", "dsar", "ingest")}
    for service, inbox in inboxes.items():
        consuming(await bus_of(service), inbox)
    part = messages(1, subject="recital.ingest.part.collected")
    stored = messages(1)
    await ingest.publish([*stored, *part])
    await inboxes["dsar"].has(1)
    await inboxes["consent"].has(1)
    await inboxes["retention"].has(1)
    assert inboxes["consent"].ids() == inboxes["retention"].ids() == [stored[0].id]
    assert inboxes["dsar"].ids() == [part[0].id]
    assert inboxes["ingest"].ids() == []


async def test_two_replicas_of_a_service_share_its_messages(
    bus_of: BusOf, consuming: Consuming, new_inbox: Any, messages: Numbered
) -> None:
    ingest = await bus_of("ingest")
    one, two = new_inbox(), new_inbox()
    consuming(await bus_of("retention"), one, batch=4)
    consuming(await bus_of("retention"), two, batch=4)
    sent = messages(200)
    await ingest.publish(sent)

    async def all_came() -> bool:
        return len(one.taken) + len(two.taken) >= 200

    await eventually(all_came)
    assert sorted(one.ids() + two.ids()) == sorted(message.id for message in sent)
    assert one.taken
    assert two.taken


@pytest.mark.parametrize("server", [300.0], indirect=True, ids=["however long the server waits"])
async def test_stopping_gives_back_at_once_what_was_not_handled(
    bus_of: BusOf, consuming: Consuming, inbox: Any, messages: Numbered
) -> None:
    ingest, retention = await bus_of("ingest"), await bus_of("retention")
    at_work, go_on = asyncio.Event(), asyncio.Event()
    handled: list[str] = []

    async def slow(batch: Sequence[Message]) -> Sequence[Outcome]:
        handled.extend(message.id for message in batch)
        at_work.set()
        await go_on.wait()
        return [Outcome.DONE] * len(batch)

    stop = consuming(retention, slow, batch=10)
    sent = messages(10)
    await ingest.publish(sent[:1])
    await at_work.wait()
    await ingest.publish(sent[1:])
    stop.set()
    go_on.set()
    consuming(await bus_of("retention"), inbox)
    await inbox.has(9)
    assert sorted(handled + inbox.ids()) == sorted(message.id for message in sent)


async def test_a_handler_that_works_longer_than_the_server_waits_keeps_its_messages(
    bus_of: BusOf, consuming: Consuming, messages: Numbered, server_waited: Callable[[], Awaitable[None]]
) -> None:
    ingest, retention = await bus_of("ingest"), await bus_of("retention")
    came: list[tuple[bytes, int]] = []
    worked, last = asyncio.Event(), asyncio.Event()

    async def slow(batch: Sequence[Message]) -> Sequence[Outcome]:
        came.extend((message.payload, message.delivery) for message in batch)
        if not worked.is_set():
            await server_waited()
            worked.set()
        if came[-1][0] == b"1":
            last.set()
        return [Outcome.DONE] * len(batch)

    consuming(retention, slow, progress_every=0.5)
    await ingest.publish(messages(1))
    await worked.wait()
    await ingest.publish(messages(1, first=1))
    await last.wait()
    assert came == [(b"0", 1), (b"1", 1)]


async def test_a_lone_message_does_not_wait_for_a_batch_to_fill(
    bus_of: BusOf, consuming: Consuming, inbox: Any, messages: Numbered
) -> None:
    ingest, retention = await bus_of("ingest"), await bus_of("retention")
    consuming(retention, inbox, batch=128)
    # A request for a batch stands for 30 s: five that waited for it to fill would not come in the time they have.
    for each in range(5):
        await ingest.publish(messages(1, first=each))
        await inbox.has(each + 1)


async def test_what_waits_behind_slow_work_is_not_delivered_elsewhere(
    bus_of: BusOf, consuming: Consuming, messages: Numbered, server_waited: Callable[[], Awaitable[None]]
) -> None:
    ingest, retention = await bus_of("ingest"), await bus_of("retention")
    came: list[int] = []
    done = asyncio.Event()

    async def slow(batch: Sequence[Message]) -> Sequence[Outcome]:
        came.extend(message.delivery for message in batch)
        if len(came) == len(batch):
            await server_waited()
        if len(came) >= 10:
            done.set()
        return [Outcome.DONE] * len(batch)

    consuming(retention, slow, progress_every=0.5)
    await ingest.publish(messages(1))
    await ingest.publish(messages(9, first=1))
    await done.wait()
    assert came == [1] * 10


@pytest.mark.parametrize("moment", ["waiting", "handling"])
async def test_a_consumer_that_is_cancelled_leaves_nothing_behind(
    bus_of: BusOf, messages: Numbered, moment: str
) -> None:
    ingest, retention = await bus_of("ingest"), await bus_of("retention")
    await ingest.publish(messages(1))
    came = asyncio.Event()

    async def handle(batch: Sequence[Message]) -> Sequence[Outcome]:
        came.set()
        if moment == "handling":
            await asyncio.Event().wait()
        return [Outcome.DONE] * len(batch)

    before = asyncio.all_tasks()
    consuming = asyncio.create_task(retention.consume(handle, stop=asyncio.Event()))
    await came.wait()
    consuming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consuming

    async def nothing_is_left() -> bool:
        return not asyncio.all_tasks() - before - {asyncio.current_task()}

    await eventually(nothing_is_left)
    assert retention.connected
    assert await retention.publish([Message("recital.retention.clock.expired", "after", b"{}")]) == [True]
