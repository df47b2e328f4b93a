"""Servers that are down: what is acknowledged is never lost, and everything arrives once they are back."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from recital_identity import Role
from recital_testing import eventually
from recital_testing.house import SERVICES, House
from recital_testing.loopback import loopback_client

from demo.asking import As
from demo.beginning import Begun

BACK_WITHIN = 60.0  # seconds


async def readiness(house: House, service: str) -> tuple[int, dict[str, Any]]:
    async with loopback_client(timeout=10) as client:
        answer = await client.get(f"{house.urls[service]}/readyz")
    return answer.status_code, answer.json()


async def until_all(house: House, status: str, services: tuple[str, ...] = SERVICES) -> None:
    async def reached() -> bool:
        return all([(await readiness(house, service))[1]["status"] == status for service in services])

    await eventually(reached, within=BACK_WITHIN, what=f"all are {status}")


@pytest_asyncio.fixture(loop_scope="session")
async def without(house: House) -> AsyncIterator[Callable[[str], Awaitable[None]]]:
    """`await without("nats")`: that server is killed; it runs again after the test at the latest."""

    async def kill(name: str) -> None:
        await house.kill(name)

    yield kill
    for name, pid in house.running_rows().items():
        if pid is None:
            await house.start_again(name)
    await until_all(house, "ready")


async def test_without_the_bus_services_stay_ready_acknowledge_and_everything_arrives_afterwards(
    house: House, without: Callable[[str], Awaitable[None]], begin_anew: Callable[[], Awaitable[Begun]]
) -> None:
    begun = await begin_anew()
    await without("nats")
    await until_all(house, "degraded")
    recording = await begun.send()
    asked = await begun.journey.requesting.receive()

    async def aged() -> bool:
        status, said = await readiness(house, "ingest")
        return status == 200 and said["status"] == "degraded" and said["outbox_age_seconds"] > 0

    await eventually(aged, within=30)
    client = begun.tenant.client("retention", Role.CASE_HANDLER)
    assert (await client.get(f"/v1/recordings/{recording.id}/clocks")).status_code == 404

    await house.start_again("nats")
    await until_all(house, "ready")
    heard = await begun.journey.hearing.listen(recording, begun.purpose, begun.journey.dialogue)
    assert heard.same
    collected = await begun.journey.requesting.collect(asked)
    assert set(collected.parts) == set(SERVICES)


async def test_a_tenant_opened_without_the_bus_is_known_everywhere_once_it_is_back(
    house: House, without: Callable[[str], Awaitable[None]]
) -> None:
    await without("nats")
    tenant = await house.open_tenant("Opened without the bus")
    await house.start_again("nats")

    async def known() -> bool:
        return all([await knows(house, service, tenant.id) for service in ("ingest", "retention", "dsar")])

    await eventually(known, within=BACK_WITHIN)


async def knows(house: House, service: str, tenant: UUID) -> bool:
    connection = await house.servers.postgres.connect(service)
    try:
        return bool(await connection.fetchval("select exists (select from tenants where tenant_id = $1)", tenant))
    finally:
        await connection.close()


async def test_without_the_object_store_readyz_is_503_and_the_same_upload_succeeds_once_it_is_back(
    house: House, without: Callable[[str], Awaitable[None]], begin_anew: Callable[[], Awaitable[Begun]]
) -> None:
    begun = await begin_anew()
    await without("objects")

    async def unready() -> bool:
        return (await readiness(house, "ingest"))[0] == 503

    await eventually(unready, within=30)
    assert (await readiness(house, "ingest"))[1]["checks"]["objects"] != "ok"
    answer = await begun.tenant.client("ingest", Role.INTEGRATOR).post(
        "/v1/recordings",
        content=begun.journey.dialogue.wav,
        headers={"Content-Type": "audio/wav", "Recital-Permit": begun.permit.token},
    )
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"

    await house.start_again("objects")
    await until_all(house, "ready")
    recording = await begun.send()
    assert recording.received_sha256 == hashlib.sha256(begun.journey.dialogue.wav).hexdigest()
    assert await recordings_of(begun) == [str(recording.id)]


async def test_without_the_database_readyz_is_503_and_the_same_call_is_registered_once_it_is_back(
    house: House, without: Callable[[str], Awaitable[None]], begin_anew: Callable[[], Awaitable[Begun]]
) -> None:
    begun = await begin_anew()
    await without("postgres")

    async def unready() -> bool:
        return all([(await readiness(house, service))[0] == 503 for service in SERVICES])

    await eventually(unready, within=30)
    for service in SERVICES:
        assert (await readiness(house, service))[1]["checks"]["database"] != "ok"
    client = begun.tenant.client("consent", Role.TENANT_ADMIN)
    line = {"kind": "trunk", "name": "While the database was down"}
    key = {"Idempotency-Key": "while-down"}
    assert (await client.post("/v1/sources", json=line, headers=key)).status_code == 503

    await house.start_again("postgres")
    await until_all(house, "ready")
    first, second = [await client.post("/v1/sources", json=line, headers=key) for _ in range(2)]
    assert first.status_code == 201
    assert first.json()["id"] == second.json()["id"]
    recording = await begun.send()
    assert await recordings_of(begun) == [str(recording.id)]


async def recordings_of(begun: Begun) -> list[str]:
    call = str(begun.call.id)
    page = await begun.journey.ask.get("ingest", "/v1/recordings", As(Role.INTEGRATOR), call=call)
    return [each["id"] for each in page["items"]]


@pytest.mark.parametrize("service", SERVICES)
async def test_without_its_root_key_a_service_is_503_until_the_key_is_back(house: House, service: str) -> None:
    key = house.places.secrets_of(service).root_key_file
    away = key.with_name("root.away")
    key.rename(away)
    try:

        async def unready() -> bool:
            return (await readiness(house, service))[0] == 503

        await eventually(unready, within=30)
        assert (await readiness(house, service))[1]["checks"]["keys"] != "ok"
    finally:
        away.rename(key)
    await until_all(house, "ready", (service,))


@pytest.mark.parametrize("service", ["consent", "retention"])
async def test_without_the_service_it_must_ask_ingest_answers_503_and_nothing_is_decided(
    house: House, begin_anew: Callable[[], Awaitable[Begun]], service: str
) -> None:
    begun = await begin_anew()
    recording = await begun.send() if service == "retention" else None
    await house.kill(service)
    try:
        if recording is None:
            answer = await begun.tenant.client("ingest", Role.INTEGRATOR).post(
                "/v1/recordings",
                content=begun.journey.dialogue.wav,
                headers={"Content-Type": "audio/wav", "Recital-Permit": begun.permit.token},
            )
        else:
            answer = await begun.tenant.client("ingest", Role.CASE_HANDLER).post(
                f"/v1/recordings/{recording.id}/grants", json={"purpose": begun.purpose.key, "reason": "Now"}
            )
        assert (answer.status_code, answer.json()["code"]) == (503, f"{service}_unavailable")
    finally:
        await house.start_again(service)
    recording = recording or await begun.send()
    assert (await begun.journey.hearing.listen(recording, begun.purpose, begun.journey.dialogue)).same
    assert await recordings_of(begun) == [str(recording.id)]
