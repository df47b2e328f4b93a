"""An event that no release reads is a dead letter, holds up its own aggregate only, and an operator ends that."""

from collections.abc import AsyncIterator
from functools import partial
from uuid import UUID

import pytest_asyncio
from recital_bus import Bus, BusSettings, Message
from recital_events import Envelope, PurposePublished
from recital_testing import eventually
from recital_testing.house import House

from demo.beginning import Begun

CONSUMERS = ("ingest", "retention")


class Forger:
    """Publishes as consent does, events that consent would not."""

    def __init__(self, bus: Bus, house: House, tenant: UUID, purpose: UUID) -> None:
        self.bus, self.house, self.tenant, self.purpose = bus, house, tenant, purpose

    def about(self, purpose: UUID) -> "Forger":
        return Forger(self.bus, self.house, self.tenant, purpose)

    async def publish(self, version: int, *, schema: int = 1) -> Envelope:
        event = PurposePublished(
            purpose=self.purpose,
            key="forged",
            version=version,
            basis="contract",
            retention="P1D",
            roles=["case_handler"],
            hold_suppressed=True,
            in_force_from=self.house.clock.now(),
        )
        envelope = Envelope(
            id=UUID(int=self.purpose.int + (version << 8) + schema),
            source="recital/consent",
            type="recital.purpose.published",
            subject=str(self.purpose),
            time=self.house.clock.now(),
            dataschema=f"recital/purpose.published/v{schema}",
            tenant=self.tenant,
            version=version,
            data=event.model_dump(mode="json"),
        )
        assert await self.bus.publish([Message(envelope.address, str(envelope.id), envelope.to_bytes())]) == [True]
        return envelope


@pytest_asyncio.fixture(loop_scope="session")
async def forger(house: House, begun: Begun) -> AsyncIterator[Forger]:
    nats = house.servers.nats
    bus = await Bus.connect(BusSettings(url=nats.url, seed_file=nats.seed_file("consent"), service="consent"))

    async def connected() -> bool:
        return bus.connected

    await eventually(connected)
    connection = await house.servers.postgres.connect("consent")
    purpose: UUID = await connection.fetchval("select recital_id()")
    await connection.close()
    yield Forger(bus, house, begun.tenant.id, purpose)
    await bus.close()


async def letters_of(house: House, service: str, event: UUID) -> list[tuple[UUID, str]]:
    connection = await house.servers.postgres.connect(service)
    try:
        rows = await connection.fetch("select id, code from dead_letters where event_id = $1 and state = 'open'", event)
    finally:
        await connection.close()
    return [(row["id"], row["code"]) for row in rows]


async def version_reached(house: House, service: str, purpose: UUID) -> int:
    connection = await house.servers.postgres.connect(service)
    try:
        reached = await connection.fetchval(
            "select version from inbox_positions where producer = 'consent' and aggregate_id = $1", purpose
        )
    finally:
        await connection.close()
    return int(reached or 0)


async def test_an_unknown_schema_is_dead_explained_not_mended_by_replay_and_passed_over_once_dropped(
    house: House, forger: Forger
) -> None:
    await forger.publish(1)
    poison = await forger.publish(2, schema=9)
    await forger.publish(3)
    other = forger.about(UUID(int=forger.purpose.int + (1 << 32)))
    await other.publish(1)

    async def dead() -> list[tuple[UUID, str]] | None:
        return await letters_of(house, "retention", poison.id) or None

    [(letter, code)] = await eventually(dead)
    assert code == "event_version_unknown"
    await eventually(partial(has_reached, house, "retention", other.purpose, 1))
    assert await version_reached(house, "retention", forger.purpose) == 1
    assert str(letter) in (await house.service("retention").command("dead-letters", "list")).stdout
    explained = (await house.service("retention").command("dead-letters", "explain", str(letter))).stdout
    assert "event_version_unknown" in explained
    assert "recital/purpose.published/v9" in explained

    again = await house.service("retention").command("dead-letters", "replay", str(letter))
    assert again.returncode == 1
    assert "event_version_unknown" in again.stderr
    assert await letters_of(house, "retention", poison.id) == [(letter, code)]

    for service in CONSUMERS:
        await drop(house, service, poison.id)
    for service in CONSUMERS:
        await eventually(partial(has_reached, house, service, forger.purpose, 3), within=30)
    assert str(letter) not in (await house.service("retention").command("dead-letters", "list")).stdout


async def has_reached(house: House, service: str, purpose: UUID, version: int) -> bool:
    return await version_reached(house, service, purpose) == version


async def drop(house: House, service: str, event: UUID) -> None:
    async def dead() -> list[tuple[UUID, str]] | None:
        return await letters_of(house, service, event) or None

    [(letter, _)] = await eventually(dead)
    done = await house.service(service).command(
        "dead-letters", "drop", str(letter), "--because", "A test of this very thing"
    )
    assert done.returncode == 0, done.stderr


async def test_what_an_operator_may_not_find_is_said_in_one_line(house: House, begun: Begun) -> None:
    done = await house.service("ingest").command(
        "dead-letters", "drop", str(begun.call.id), "--because", "No such letter"
    )
    assert done.returncode == 1
    assert done.stderr.startswith("not_found")
