"""Ingest among its neighbours: the four real services as processes, over HTTP, with real audio."""

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from recital_identity import Role
from recital_ingest.actions.crashpoints import CrashPoint
from recital_ingest.model.sound import Encoding, Sound
from recital_testing import eventually
from recital_testing.house import House, TestTenant
from recital_testing.house.environment import AUDIENCE

MakeWav = Callable[..., bytes]
MakeSamples = Callable[..., bytes]
STEREO = Sound(Encoding.MU_LAW, 2, 8_000)
PURPOSE = "contract"
TWO_STEREO_PARTS = 64  # seconds of 48 kHz PCM: more than one part per track


@dataclass
class Caller:
    """A tenant with a purpose, a source and a told member of staff, and its telephone exchange."""

    house: House
    tenant: TestTenant
    source: str

    def client(self, service: str, role: Role) -> httpx.AsyncClient:
        return self.tenant.client(service, role)

    async def call(self, seconds: float = 10) -> tuple[str, datetime, datetime]:
        """A call that is over: its notice took the first two seconds. Returns id, answer and end."""
        ended = (await self.house.read_clock()).replace(microsecond=0) - timedelta(seconds=1)
        answered = ended - timedelta(seconds=seconds + 2.2)
        consent = self.client("consent", Role.INTEGRATOR)
        said = await consent.post(
            "/v1/calls",
            json={
                "external_id": f"call-{ended.timestamp()}-{id(ended)}",
                "source": self.source,
                "direction": "inbound",
                "language": "en",
                "purposes": [PURPOSE],
                "parties": [
                    {"party": "customer", "kind": "customer", "type": "person", "number": "+31201234567"},
                    {"party": "agent", "kind": "staff", "type": "person", "staff_id": "1001"},
                ],
            },
        )
        assert said.status_code == 201, said.text
        call = str(said.json()["id"])
        notice = answered + timedelta(seconds=2)
        await self.log(
            call,
            {"id": "1", "kind": "answered", "at": answered.isoformat()},
            {
                "id": "2",
                "kind": "notice_played",
                "party": "customer",
                "purposes": [PURPOSE],
                "language": "en",
                "started_at": answered.isoformat(),
                "at": notice.isoformat(),
                "completed": True,
            },
            {"id": "3", "kind": "ended", "at": ended.isoformat()},
        )
        return call, notice + timedelta(milliseconds=200), ended

    async def log(self, call: str, *entries: dict[str, Any]) -> None:
        consent = self.client("consent", Role.INTEGRATOR)
        said = await consent.post(f"/v1/calls/{call}/timeline", json={"entries": list(entries)})
        assert said.status_code == 200, said.text

    async def permit(self, seconds: float = 10) -> tuple[str, str]:
        """A final permit for a recorder that started one guard after the notice; and its call."""
        call, starts, ends = await self.call(seconds)
        said = await self.client("consent", Role.INTEGRATOR).post(
            f"/v1/calls/{call}/permit",
            json={
                "audio_started_at": starts.isoformat(),
                "audio_ended_at": ends.isoformat(),
                "channels": [{"channel": 0, "party": "customer"}, {"channel": 1, "party": "agent"}],
            },
        )
        assert said.status_code == 201, said.text
        return str(said.json()["permit"]), call

    async def send(self, permit: str, body: Any, **headers: str) -> httpx.Response:
        return await self.client("ingest", Role.INTEGRATOR).post(
            "/v1/recordings",
            content=body,
            headers={"Recital-Permit": permit, "Content-Type": "audio/wav", **headers},
        )

    async def stored(self, body: bytes, seconds: float = 10) -> dict[str, Any]:
        permit, _ = await self.permit(seconds)
        answer = await self.send(permit, body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def granted(self, recording: str) -> httpx.Response:
        """A grant; retention has to have heard of the recording first."""
        listener = self.client("ingest", Role.CASE_HANDLER)

        async def asked() -> httpx.Response | None:
            wish = {"purpose": PURPOSE, "reason": "a complaint"}
            answer = await listener.post(f"/v1/recordings/{recording}/grants", json=wish)
            return None if answer.status_code == 503 else answer

        return await eventually(asked)

    async def left(self) -> int:
        """How many objects and open uploads ingest has in the store."""
        from recital_vault import ObjectStore  # noqa: PLC0415

        store = await ObjectStore.open(self.house.servers.objects.settings())
        count = len(await store.list_keys("ingest/")) + len(await store.open_uploads("ingest/"))
        store.close()
        return count


@pytest_asyncio.fixture(loop_scope="session")
async def caller(house: House) -> Caller:
    await house.read_clock()
    tenant = await house.open_tenant()
    admin = tenant.client("consent", Role.TENANT_ADMIN)
    published = await admin.post(
        "/v1/purposes",
        json={
            "key": PURPOSE,
            "title": "Evidence of what was ordered",
            "basis": {"kind": "contract", "document": "General terms, article 4"},
            "notices": {"nl": "Dit gesprek wordt opgenomen.", "en": "This call is recorded."},
            "retention": "P6M",
            "roles": ["case_handler"],
            "hold_suppressed": True,
            "staff_safeguards": {"works_council": {"kind": "none_fewer_than_50"}},
        },
    )
    assert published.status_code == 201, published.text
    source = await admin.post("/v1/sources", json={"kind": "trunk", "name": "Main line"})
    assert source.status_code == 201, source.text
    assert (await admin.post("/v1/staff", json={"staff_id": "1001", "bot": False})).status_code == 201
    told = await admin.post(
        "/v1/staff/notices",
        json={
            "staff_ids": ["1001"],
            "purpose": PURPOSE,
            "version": published.json()["version"],
            "notified_at": (house.clock.now() - timedelta(days=1)).isoformat(),
        },
    )
    assert told.status_code == 201, told.text
    made = Caller(house, tenant, source.json()["id"])

    async def known() -> bool:
        """Ingest has heard of the tenant."""
        answer = await made.send((await made.permit())[0], b"")
        return answer.status_code != 503

    await eventually(known)
    return made


@pytest.fixture(scope="session")
def call_of(wav: MakeWav, samples: MakeSamples) -> Callable[..., bytes]:
    def make(seconds: int = 10, sound: Sound = STEREO) -> bytes:
        return wav(sound, samples(sound, seconds * sound.rate), before=((b"LIST", b"abc"),), after=((b"bext", b"x"),))

    return make


async def test_what_was_sent_is_heard_bit_for_bit_and_by_nobody_else(
    caller: Caller, call_of: Callable[..., bytes]
) -> None:
    body = call_of()
    made = await caller.stored(body)
    assert (made["received_sha256"], made["masks"]) == (hashlib.sha256(body).hexdigest(), [])
    grant = await caller.granted(made["id"])
    assert grant.status_code == 201, grant.text
    path = f"/v1/recordings/{made['id']}/audio"
    listener = caller.client("ingest", Role.CASE_HANDLER)
    heard = await listener.get(path, params={"grant": grant.json()["id"]})
    assert (heard.status_code, heard.content == body) == (200, True)
    refused = await caller.client("ingest", Role.PRIVACY_OFFICER).get(path, params={"grant": grant.json()["id"]})
    assert refused.status_code == 404


async def test_bad_input_is_refused_and_nothing_of_it_is_stored(caller: Caller, call_of: Callable[..., bytes]) -> None:
    body, before = call_of(), await caller.left()
    permit, _ = await caller.permit()
    for sent, status, code in (
        (b"<html></html>", 415, "audio_not_wav"),
        (body[:-1_000], 422, "audio_truncated"),
        (b"", 422, "audio_truncated"),
    ):
        answer = await caller.send(permit, sent)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    forged = await caller.send(permit[:-8] + "AAAAAAAA", body)
    assert (forged.status_code, forged.json()["code"]) == (403, "permit_forged")
    assert await caller.left() == before
    # The permit was not used up by any of these.
    assert (await caller.send(permit, body)).status_code == 201


async def test_an_expired_permit_is_refused_before_the_audio_is_read(
    caller: Caller, call_of: Callable[..., bytes]
) -> None:
    permit, _ = await caller.permit()
    await caller.house.advance_clock("PT16M")
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        content = call_of()
        for start in range(0, len(content), 65_536):
            yield content[start : start + 65_536]
            read = start
            await asyncio.sleep(0)

    answer = await caller.send(permit, body())
    assert (answer.status_code, answer.json()["code"]) == (403, "permit_expired")


async def test_a_permit_that_a_late_entry_took_away_stores_nothing_and_ends_playback(
    caller: Caller, call_of: Callable[..., bytes]
) -> None:
    body, before = call_of(), await caller.left()
    permit, call = await caller.permit()
    later = {"id": "9", "kind": "marked_private", "at": caller.house.clock.now().isoformat()}
    await caller.log(call, later)
    answer = await caller.send(permit, body)
    assert (answer.status_code, answer.json()["code"]) == (403, "permit_revoked")
    assert await caller.left() == before

    permit, call = await caller.permit()
    made = (await caller.send(permit, body)).json()
    grant = (await caller.granted(made["id"])).json()["id"]
    await caller.log(call, later)
    listener = caller.client("ingest", Role.CASE_HANDLER)

    async def silent() -> bool:
        heard = await listener.get(f"/v1/recordings/{made['id']}/audio", params={"grant": grant})
        return heard.status_code in (403, 410)

    await eventually(silent)


async def test_a_sender_that_leaves_leaves_nothing(caller: Caller, call_of: Callable[..., bytes]) -> None:
    body, before = call_of(TWO_STEREO_PARTS, Sound(Encoding.PCM_16, 2, 48_000)), await caller.left()
    permit, _ = await caller.permit(TWO_STEREO_PARTS)
    token = caller.tenant.token(Role.INTEGRATOR)
    head = (
        f"POST /v1/recordings HTTP/1.1\r\nHost: ingest\r\nAuthorization: Bearer {token}\r\nRecital-Permit: {permit}\r\n"
        f"Content-Type: audio/wav\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", caller.house.ports["ingest"])) as connection:
        await asyncio.to_thread(connection.sendall, head.encode() + body[:-100])

    async def gone() -> bool:
        return await caller.left() == before

    await eventually(gone)
    assert (await caller.send(permit, body)).status_code == 201


async def test_a_crash_at_any_point_loses_nothing_acknowledged_and_leaves_nothing_else(
    caller: Caller, call_of: Callable[..., bytes]
) -> None:
    """One upload, sent again after each crash: the service that comes back dies at the next point."""
    seconds = TWO_STEREO_PARTS
    body, before = call_of(seconds, Sound(Encoding.PCM_16, 2, 48_000)), await caller.left()
    process = caller.house.service("ingest").process
    told = dict(process.environment)
    kept = 0

    async def settled() -> bool:
        return await caller.left() == before + kept

    try:
        permit, _ = await caller.permit(seconds)
        # Before C2 nothing has been written anywhere; the points of a trim are no upload's.
        for point in [each for each in CrashPoint if each.value.startswith("C")][2:]:
            process.environment = told | {"RECITAL_INGEST_UPLOAD_LEASE": "PT1S", "RECITAL_INGEST_CRASH_AT": point.value}
            await caller.house.kill("ingest")
            await caller.house.start_again("ingest")
            await eventually(settled, what=f"what came before {point} is cleared away")
            with pytest.raises(httpx.TransportError):
                await caller.send(permit, body)
            if point in (CrashPoint.C5, CrashPoint.C6):
                # Committed without an answer: the sender who asks again gets it.
                kept += 2
                process.environment = told
                await caller.house.kill("ingest")
                await caller.house.start_again("ingest")
                again = await caller.send(permit, body)
                assert (again.status_code, again.json()["size"]) == (200, len(body))
                permit, _ = await caller.permit(seconds)
    finally:
        process.environment = told
        await caller.house.kill("ingest")
        await caller.house.start_again("ingest")
    assert await settled()
    assert (await caller.send(permit, body)).status_code == 201


async def test_without_the_bus_audio_is_still_taken_in_and_nothing_that_was_revoked_meanwhile(
    caller: Caller, call_of: Callable[..., bytes]
) -> None:
    permit, _ = await caller.permit()
    await caller.house.kill("nats")
    try:
        content = call_of()
        assert (await caller.send(permit, content)).status_code == 201
        before = await caller.left()
        permit, call = await caller.permit()

        async def body() -> AsyncIterator[bytes]:
            yield content[:1_000]
            marked = {"id": "9", "kind": "marked_private", "at": caller.house.clock.now().isoformat()}
            await caller.log(call, marked)
            yield content[1_000:]

        answer = await caller.send(permit, body())
        assert (answer.status_code, answer.json()["code"]) == (403, "permit_revoked")
        assert await caller.left() == before
    finally:
        await caller.house.start_again("nats")


async def test_without_consent_nothing_is_committed(caller: Caller, call_of: Callable[..., bytes]) -> None:
    before = await caller.left()
    permit, _ = await caller.permit()
    await caller.send(permit, b"")  # consent's keys are known from here on
    await caller.house.kill("consent")
    try:
        answer = await caller.send(permit, call_of())
        assert (answer.status_code, answer.json()["code"]) == (503, "consent_unavailable")
        assert await caller.left() == before
    finally:
        await caller.house.start_again("consent")
    assert (await caller.send(permit, call_of())).status_code == 201


async def test_staff_see_who_listened_to_their_own_calls_and_to_nobody_elses(
    caller: Caller, call_of: Callable[..., bytes]
) -> None:
    house, admin = caller.house, caller.client("consent", Role.TENANT_ADMIN)
    made = await caller.stored(call_of())
    grant = (await caller.granted(made["id"])).json()["id"]

    def staff(staff_id: str) -> dict[str, str]:
        token = house.tokens.issuer.access_token(
            audience=AUDIENCE, tenant=caller.tenant.id, roles=[Role.STAFF], subject=staff_id,
            now=house.clock.now(), lifetime=timedelta(minutes=5), staff_id=staff_id,
        )  # fmt: skip
        return {"Authorization": f"Bearer {token}"}

    (await admin.post("/v1/staff", json={"staff_id": "1002"})).raise_for_status()
    async with httpx.AsyncClient(base_url=house.urls["ingest"]) as client:
        own, other, unknown = [
            await client.get("/v1/listened-to-me", headers=staff(each)) for each in ("1001", "1002", "1003")
        ]
    assert [(each["id"], each["recording"]) for each in own.json()["items"]] == [(grant, made["id"])]
    assert (other.status_code, other.json()["items"]) == (200, [])
    assert unknown.status_code == 404
