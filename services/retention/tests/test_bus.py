"""Retention over the real bus: events in any order from three services, its own orders and certificates out (R15)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest_asyncio
from recital_bus import Bus, Message, Outcome
from recital_events import Envelope, Event, dataschema_of, subject_of
from recital_testing import eventually

BusOf = Callable[[str], Awaitable[Bus]]


class Neighbours:
    """The other services on the bus: what they publish, with versions, and what ingest has heard."""

    def __init__(self, tenant: UUID, buses: dict[str, Bus], ids: Callable[[], UUID]) -> None:
        self.tenant, self._buses, self._ids = tenant, buses, ids
        self._versions: dict[tuple[str, str, UUID], int] = {}
        self.heard: list[Event] = []

    def told(self, producer: str, event: Event) -> Message:
        """An event as its producer publishes it, with the next version of its aggregate."""
        about = (producer, event.aggregate, event.aggregate_id)
        self._versions[about] = self._versions.get(about, 0) + 1
        envelope = Envelope(
            id=self._ids(),
            source=f"recital/{producer}",
            type=f"recital.{event.name}",
            subject=str(event.aggregate_id),
            time="2026-11-24T10:00:00Z",
            dataschema=dataschema_of(type(event)),
            tenant=self.tenant,
            version=self._versions[about],
            data=event.model_dump(mode="json"),
        )
        return Message(subject_of(producer, type(event)), str(envelope.id), envelope.to_bytes(), {})

    async def publish(self, *messages: Message) -> None:
        for message in messages:
            bus = self._buses[message.subject.split(".")[1]]

            async def accepted(bus: Bus = bus, message: Message = message) -> bool:
                return (await bus.publish([message])) == [True]

            await eventually(accepted)

    async def listen(self, stop: asyncio.Event) -> None:
        async def take(messages: Any) -> list[Outcome]:
            for message in messages:
                envelope = Envelope.parse(message.payload)
                if envelope.tenant == self.tenant:
                    self.heard.append(envelope.event())
            return [Outcome.DONE] * len(messages)

        await self._buses["ingest"].consume(take, stop=stop)

    async def until_heard(self, name: str, about: UUID) -> Any:
        async def heard() -> Event | None:
            return next((each for each in self.heard if each.name == name and each.aggregate_id == about), None)

        return await eventually(heard, what=f"ingest hears {name}")


@pytest_asyncio.fixture(loop_scope="session")
async def wired(room_of: Any, bus_stream: Any, bus_of: BusOf) -> AsyncIterator[tuple[Any, Neighbours]]:
    room = await room_of(running=True, bus=bus_stream)
    async with room.database.work() as tx:
        made = iter([row.id for row in await tx.execute("select recital_id() as id from generate_series(1, 100)")])
    buses = {name: await bus_of(name) for name in ("consent", "ingest", "dsar")}
    neighbours = Neighbours(next(made), buses, lambda: next(made))
    stop = asyncio.Event()
    listening = asyncio.create_task(neighbours.listen(stop))
    yield room, neighbours
    stop.set()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_events_that_arrive_in_the_wrong_order_end_in_the_same_certificate(wired: Any) -> None:
    room, others = wired
    recording = room.stored(room.fresh())
    opened = others.told("consent", room.tenant_opened(others.tenant))
    purposes = [
        others.told("consent", room.published(purpose=each.purpose, key=each.key)) for each in recording.purposes
    ]
    registered = others.told("consent", room.registered(call=recording.call))
    ended = others.told("consent", room.call_ended(recording.call, recording.call_ended_at))
    stored = others.told("ingest", recording)
    revoked = others.told("consent", room.revoked(recording))
    await others.publish(stored, ended, revoked, *purposes, registered, opened)

    order = await others.until_heard("erasure.ordered", recording.recording)
    assert order.ground == "permit_revoked"
    expired = [each.key for each in others.heard if each.name == "clock.expired"]
    assert sorted(expired) == ["contract", "quality"]

    answer = room.erased(order.model_dump(mode="json"), [(each.kind, each.id) for each in recording.places])
    await others.publish(others.told("ingest", answer))
    certified = await others.until_heard("erasure.certified", recording.recording)
    assert certified.order == order.order
    assert (await others.until_heard("erasure.ordered", recording.call)).kind == "call"


async def test_an_event_delivered_again_takes_effect_once(wired: Any) -> None:
    room, others = wired
    opened = others.told("consent", room.tenant_opened(others.tenant))
    call = room.registered()
    registered = others.told("consent", call)
    ended = others.told("consent", room.call_ended(call.call, room.now, private=True))
    await others.publish(opened, registered, ended)
    order = await others.until_heard("erasure.ordered", call.call)
    # Other message ids, so that the bus itself does not notice.
    await others.publish(*(Message(each.subject, f"{each.id}-again", each.payload, {}) for each in (registered, ended)))
    await others.publish(others.told("consent", room.erased(order.model_dump(mode="json"), [("rows", "x")])))
    await others.until_heard("erasure.certified", call.call)
    assert len([each for each in others.heard if each.name == "erasure.ordered" and each.holding == call.call]) == 1
