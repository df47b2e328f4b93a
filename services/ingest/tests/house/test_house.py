"""Ingest among its neighbours: the four real services as processes, over HTTP, with real audio."""

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

from recital_identity import Role
from recital_ingest.model.sound import Encoding, Sound
from recital_testing import eventually
from recital_testing.house.environment import AUDIENCE
from recital_testing.loopback import loopback_client

MakeWav = Callable[..., bytes]
MakeSamples = Callable[..., bytes]
STEREO = Sound(Encoding.MU_LAW, 2, 8_000)
PURPOSE = "contract"
TWO_STEREO_PARTS = 64  # seconds of 48 kHz PCM: more than one part per track


async def test_what_was_sent_is_heard_bit_for_bit_and_by_nobody_else(
    caller: Any, call_of: Callable[..., bytes]
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


async def test_bad_input_is_refused_and_nothing_of_it_is_stored(caller: Any, call_of: Callable[..., bytes]) -> None:
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
    caller: Any, call_of: Callable[..., bytes]
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
    caller: Any, call_of: Callable[..., bytes]
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


async def test_a_sender_that_leaves_leaves_nothing(caller: Any, call_of: Callable[..., bytes]) -> None:
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
        return bool(await caller.left() == before)

    await eventually(gone)
    assert (await caller.send(permit, body)).status_code == 201


async def test_without_the_bus_audio_is_still_taken_in_and_nothing_that_was_revoked_meanwhile(
    caller: Any, call_of: Callable[..., bytes]
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


async def test_without_consent_nothing_is_committed(caller: Any, call_of: Callable[..., bytes]) -> None:
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
    caller: Any, call_of: Callable[..., bytes]
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
    async with loopback_client(house.urls["ingest"]) as client:
        own, other, unknown = [
            await client.get("/v1/listened-to-me", headers=staff(each)) for each in ("1001", "1002", "1003")
        ]
    assert [(each["id"], each["recording"]) for each in own.json()["items"]] == [(grant, made["id"])]
    assert (other.status_code, other.json()["items"]) == (200, [])
    assert unknown.status_code == 404
