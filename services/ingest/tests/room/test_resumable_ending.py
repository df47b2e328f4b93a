"""Uploads in several requests that end otherwise: revoked, suspended, given up, abandoned; and how long they live."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from recital_events import PermitRevoked, PermitSuspended
from recital_identity import Role
from recital_ingest.actions.clearing import collect

MakeSender = Callable[[Any], Any]
NOTHING = (0, 0, 0, 0)
MIB = 1 << 20


LONG = {
    "ended_at": "2026-11-24T09:01:00Z",
    "audio_ended_at": "2026-11-24T09:01:00Z",
    "spans": [{"purposes": ["contract"], "spans": [[0, 60_000]]}],
}


async def test_an_upload_goes_on_although_its_permit_expired_and_a_new_one_does_not_begin(
    room: Any, tus: MakeSender, call: bytes
) -> None:
    sender, permit = tus(room), room.permit()
    url = await sender.begun(permit, len(call))
    await sender.patch(url, 0, call[:50_000])
    await room.later("20 minutes")
    sender.headers |= room.token(Role.INTEGRATOR)
    assert (await sender.create(permit, len(call))).json()["code"] == "permit_expired"
    assert (await sender.patch(url, 50_000, call[50_000:])).status_code == 204


async def test_a_revoked_permit_ends_an_upload_between_two_requests_and_leaves_nothing(
    room: Any, tus: MakeSender, call: bytes
) -> None:
    sender, permit, call_id = tus(room), UUID(int=0xABC), UUID(int=0xABD)
    url = await sender.begun(room.permit(jti=str(permit), call=str(call_id)), len(call))
    await sender.patch(url, 0, call[:50_000])
    await room.hear(
        PermitRevoked(permit=permit, call=call_id, recording_spans=(), revoked_at=room.now, reason="objected")
    )
    assert (await sender.patch(url, 50_000, call[50_000:])).status_code == 404
    assert (await sender.head(url)).status_code == 404
    [told] = await room.events("recording.refused")
    assert told["code"] == "permit_revoked"
    await room.later("1 second")
    await collect(room.means)
    assert await room.left() == NOTHING


async def test_a_permit_revoked_while_a_piece_comes_in_ends_the_upload(
    room: Any, tus: MakeSender, long_call: bytes
) -> None:
    sender, permit, call_id = tus(room), UUID(int=0xABC), UUID(int=0xABD)
    url = await sender.begun(room.permit(jti=str(permit), call=str(call_id), **LONG), len(long_call))

    async def body() -> AsyncIterator[bytes]:
        yield long_call[: 5 * MIB]
        await room.hear(
            PermitRevoked(permit=permit, call=call_id, recording_spans=(), revoked_at=room.now, reason="objected")
        )
        yield long_call[5 * MIB :]

    answer = await sender.patch(url, 0, body())
    assert (answer.status_code, answer.json()["code"]) == (403, "permit_revoked")
    await room.later("1 second")
    await collect(room.means)
    assert await room.left() == NOTHING


async def test_a_revocation_that_only_consent_knows_of_stores_nothing(room: Any, tus: MakeSender, call: bytes) -> None:
    sender = tus(room)
    url = await sender.begun(room.permit(), len(call))
    await sender.patch(url, 0, call[:50_000])
    room.neighbours.verdict = {"stands": False}
    answer = await sender.patch(url, 50_000, call[50_000:])
    assert (answer.status_code, answer.json()["code"]) == (403, "permit_revoked")
    assert (await sender.head(url)).status_code == 404
    assert await room.left() == NOTHING


async def test_a_suspended_permit_lets_an_upload_wait(room: Any, tus: MakeSender, call: bytes) -> None:
    sender, permit, call_id = tus(room), UUID(int=0xABC), UUID(int=0xABD)
    url = await sender.begun(room.permit(jti=str(permit), call=str(call_id)), len(call))
    await room.hear(PermitSuspended(permit=permit, call=call_id, suspended_at=room.now, reason="objected"))
    assert (await sender.patch(url, 0, call)).json()["code"] == "permit_suspended"
    assert (await sender.head(url)).headers["upload-offset"] == "0"


async def test_a_sender_may_end_its_upload_and_nothing_is_left(room: Any, tus: MakeSender, call: bytes) -> None:
    sender = tus(room)
    url = await sender.begun(room.permit(), len(call))
    await sender.patch(url, 0, call[:50_000])
    assert (await room.left())[2] == 1
    assert (await room.client.delete(url, headers=sender.headers)).status_code == 204
    assert await room.left() == NOTHING
    assert (await sender.head(url)).status_code == 404
    # A finished one is a recording, whose end retention orders.
    url = await sender.begun(room.permit(), len(call))
    await sender.patch(url, 0, call)
    overridden = sender.headers | {"X-HTTP-Method-Override": "DELETE"}
    assert (await room.client.post(url, headers=overridden)).json()["code"] == "upload_finished"


async def test_an_abandoned_upload_lives_24_hours_after_its_last_byte_and_vanishes(
    room: Any, tus: MakeSender, call: bytes
) -> None:
    sender = tus(room)
    url = await sender.begun(room.permit(), len(call))
    await room.later("23 hours")
    sender.headers |= room.token(Role.INTEGRATOR)
    answer = await sender.patch(url, 0, call[:50_000])
    expires = answer.headers["upload-expires"]
    assert expires.endswith("GMT")
    await room.later("23 hours")
    await collect(room.means)
    sender.headers |= room.token(Role.INTEGRATOR)
    assert (await sender.head(url)).headers["upload-expires"] == expires
    await room.later("1 hour")
    sender.headers |= room.token(Role.INTEGRATOR)
    assert (await sender.head(url)).status_code == 410
    await room.later("1 second")
    assert (await sender.patch(url, 50_000, b"x")).json()["code"] == "upload_expired"
    await collect(room.means)
    assert await room.left() == NOTHING
    assert await room.rows("select * from resumables") == []


async def test_a_finished_upload_is_forgotten_and_its_recording_is_not(room: Any, tus: MakeSender, call: bytes) -> None:
    sender = tus(room)
    await sender.sent(room.permit(), call, 50_000)
    await collect(room.means)
    assert await room.left() == (1, 1, 2, 0)
    await room.later("25 hours")
    await collect(room.means)
    assert (await room.left())[:3] == (0, 1, 2)
    assert await room.rows("select * from resumables") == []


async def test_an_upload_that_is_gone_on_with_again_and_again_ends_after_seven_days(
    room: Any, tus: MakeSender, call: bytes
) -> None:
    sender = tus(room)
    url, at = await sender.begun(room.permit(), len(call)), 0
    for _ in range(8):
        await room.later("22 hours")
        sender.headers |= room.token(Role.INTEGRATOR)
        answer = await sender.patch(url, at, call[at : at + 1_000])
        at += 1_000
        if answer.status_code != 204:
            break
    assert (answer.status_code, at) == (410, 8_000)
    assert timedelta(hours=22 * 7) < timedelta(days=7) < timedelta(hours=22 * 8)
