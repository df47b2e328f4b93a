"""Audio in, through the door, on real servers."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from recital_errors import PermanentError
from recital_events import PermitRevoked
from recital_identity import Role
from recital_ingest.actions.clearing import KeySweep, collect

RoomOf = Callable[..., Awaitable[Any]]
MakeWav = Callable[..., bytes]
MakeSamples = Callable[..., bytes]
NOTHING = (0, 0, 0, 0)


def content_digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


async def test_a_call_is_taken_in_whole_and_told_with_all_its_places(room: Any, call: bytes) -> None:
    answer = await room.send(room.permit(), call)
    assert answer.status_code == 201
    told = answer.json()
    assert (told["received_sha256"], told["size"]) == (hashlib.sha256(call).hexdigest(), len(call))
    assert told["received_sha512"] == hashlib.sha512(call).hexdigest()
    assert (told["duration_ms"], told["masks"], told["unmasked"]) == (10_000, [], True)
    assert [track["parties"] for track in told["tracks"]] == [["customer"], ["agent"]]
    [event] = await room.events("recording.stored")
    assert event["recording"] == told["id"]
    assert sorted(place["kind"] for place in event["places"]) == ["key"] * 3 + ["object"] * 2 + ["rows"]
    assert await room.ledger() == ["recording.stored"]
    assert await room.left() == (0, 1, 2, 0)


async def test_a_recording_that_the_other_party_made_says_so_for_good(room: Any, call: bytes) -> None:
    # R06: it came in under a permit like any other, and it stays visible whose recording it is.
    parties = [each | {"recorded": each["party"] == "customer"} for each in room.claims()["parties"]]
    told = await room.recorded(call, parties=parties)
    assert [(each["party"], each["recorded"]) for each in told["parties"]] == [("customer", True), ("agent", False)]


async def test_what_the_permit_does_not_cover_is_silenced_and_cut(room: Any, call: bytes) -> None:
    spans = [{"purposes": ["contract"], "spans": [[2_000, 5_000], [6_000, 8_000]]}]
    told = await room.recorded(call, spans=spans, ended_at="2026-11-24T09:00:09Z")
    assert told["masks"] == [[0, 2_000], [5_000, 6_000], [8_000, 10_000]]
    assert (told["duration_ms"], told["unmasked"]) == (9_000, False)
    [event] = await room.events("recording.stored")
    assert sorted(place["kind"] for place in event["places"]) == ["key"] * 2 + ["object"] * 2 + ["rows"]


async def test_the_same_upload_gives_the_same_recording_however_it_is_sent_again(room: Any, call: bytes) -> None:
    permit = room.permit()
    first = await room.send(permit, call, Idempotency_Key="one")
    for again in (
        await room.send(permit, call),
        await room.send(permit, b"unread", Content_Digest=content_digest(call)),
        await room.send(permit, b"unread", Idempotency_Key="one"),
        await room.send(room.permit(call=first.json()["call"]), call),
    ):
        assert again.status_code == 200, again.text
        assert again.json() == first.json()
    assert await room.left() == (0, 1, 2, 0)
    assert await room.ledger() == ["recording.stored"]


async def test_a_used_permit_takes_no_other_audio(room: Any, call: bytes) -> None:
    permit = room.permit()
    assert (await room.send(permit, call)).status_code == 201
    for again in (
        await room.send(permit, call + b"x"),
        await room.send(permit, b"unread", Content_Digest=content_digest(b"other")),
    ):
        assert (again.status_code, again.json()["code"]) == (403, "permit_used")
    reused = await room.send(room.permit(), call, Idempotency_Key="one")
    assert reused.status_code == 201
    other = await room.send(room.permit(), call, Idempotency_Key="one")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_an_upload_that_failed_does_not_burn_its_key(room: Any, call: bytes) -> None:
    assert (await room.send(room.permit(), b"<html>", Idempotency_Key="one")).status_code == 415
    first = await room.send(room.permit(), call, Idempotency_Key="one")
    assert first.status_code == 201


async def test_two_uploads_with_one_key_at_once_are_not_both_taken_in(room: Any, call: bytes) -> None:
    async def meanwhile() -> None:
        room.neighbours.before_verdict = None
        assert (await room.send(room.permit(), call, Idempotency_Key="one")).status_code == 201

    room.neighbours.before_verdict = meanwhile
    answer = await room.send(room.permit(), call, Idempotency_Key="one")
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")
    assert await room.left() == (0, 1, 2, 0)


async def test_two_senders_of_the_same_audio_get_one_recording(room: Any, call: bytes) -> None:
    permit = room.permit()
    answers = await asyncio.gather(*(room.send(permit, call) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await room.left() == (0, 1, 2, 0)


@pytest.mark.parametrize(
    ("changes", "headers", "body", "status", "code"),
    [
        ({}, {}, b"<html>named.wav</html>", 415, "audio_not_wav"),
        ({}, {}, b"", 422, "audio_truncated"),
        ({}, {}, b"R", 422, "audio_truncated"),
        ({}, {"Content_Type": "text/html"}, None, 415, "audio_not_taken"),
        ({}, {"Content_Digest": content_digest(b"other")}, None, 422, "digest_mismatch"),
        ({}, {"Content_Digest": "sha-256=nonsense"}, None, 422, "digest_malformed"),
        ({"exp": 1}, {}, None, 403, "permit_expired"),
        ({"final": False}, {}, None, 403, "permit_not_final"),
        ({"tenant": str(UUID(int=99))}, {}, None, 403, "permit_wrong_tenant"),
        ({"aud": "consent"}, {}, None, 403, "permit_wrong_audience"),
        ({"parties": []}, {}, None, 403, "permit_malformed"),
        ({"spans": []}, {}, None, 422, "nothing_to_keep"),
        ({"audio_ended_at": "2026-11-24T09:00:07Z"}, {}, None, 422, "audio_not_aligned"),
        (
            {"parties": [{"party": "agent", "kind": "staff", "channel": 1}]},
            {},
            None,
            422,
            "channels_do_not_match",
        ),
    ],
)
async def test_what_is_refused_leaves_nothing(
    room: Any, call: bytes, changes: dict[str, Any], headers: dict[str, str], body: bytes | None, status: int, code: str
) -> None:
    # R23
    answer = await room.send(room.permit(**changes), call if body is None else body, **headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await room.left() == NOTHING
    # A request that cannot be read refuses no audio.
    assert await room.ledger() == ([] if code == "digest_malformed" else ["recording.refused"])


async def test_a_permit_that_is_missing_forged_or_too_long_is_refused_before_the_body_is_read(
    room: Any, call: bytes
) -> None:
    # R23: without a permit, and so without proof of the notice, nothing comes in.
    read = False

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        read = True
        yield call

    forged = room.permit()[:-6] + "AAAAAA"
    for permit, code in (("", "permit_missing"), (forged, "permit_forged"), ("x" * 9_000, "permit_too_large")):
        answer = await room.send(permit, body())
        assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert not read


async def test_only_an_integrator_sends_audio(room: Any, call: bytes) -> None:
    answer = await room.send(room.permit(), call, role=Role.CASE_HANDLER)
    assert (answer.status_code, answer.json()["code"]) == (403, "role_missing")
    answer = await room.client.post("/v1/recordings", content=call)
    assert answer.status_code == 401


async def test_every_truncation_is_refused_and_leaves_nothing(room: Any, call: bytes) -> None:
    for length in (11, 40, 60, 5_000, len(call) - 20):
        answer = await room.send(room.permit(), call[:length])
        assert (answer.status_code, answer.json()["code"]) == (422, "audio_truncated")
    assert await room.left() == NOTHING


async def test_a_sender_that_leaves_leaves_nothing(room: Any, call: bytes) -> None:
    # Large enough for parts to have gone out before.
    ended = "2026-11-24T09:01:40Z"
    spans = [{"purposes": ["contract"], "spans": [[0, 100_000]]}]
    permit = room.permit(ended_at=ended, audio_ended_at=ended, spans=spans)

    async def body() -> AsyncIterator[bytes]:
        yield call[:12] + (b"fmt \x10\0\0\0\1\0\2\0\x80\xbb\0\0\0\xee\2\0\4\0\x10\0data\0\0\0\0")
        for _ in range(180):
            yield bytes(100_000)
        raise ConnectionResetError

    assert (await room.send(permit, body())).status_code == 500
    assert await room.left() == NOTHING


async def test_nothing_is_committed_unless_consent_confirms_the_permit(room: Any, call: bytes) -> None:
    for verdict, silent, status, code in (
        ({"stands": False}, set(), 403, "permit_revoked"),
        ({"final": False}, set(), 403, "permit_revoked"),
        ({"spans": [{"purposes": ["contract"], "spans": [[0, 9_000]]}]}, set(), 403, "permit_revoked"),
        ({"spans": "none"}, set(), 403, "permit_malformed"),
        ({"status": 422}, set(), 503, "consent_unavailable"),
        ({}, {"consent"}, 503, "consent_unavailable"),
    ):
        permit = room.permit()
        await room.send(permit, b"")  # consent's keys are known from here on
        room.neighbours.verdict, room.neighbours.silent = verdict, silent
        answer = await room.send(permit, call)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert await room.left() == NOTHING
        room.neighbours.verdict, room.neighbours.silent = {}, set()


async def test_a_permit_revoked_while_audio_comes_in_stores_nothing(room: Any, call: bytes) -> None:
    permit_id, call_id = UUID(int=0xABC), UUID(int=0xABD)

    async def revoke() -> None:
        await room.hear(
            PermitRevoked(permit=permit_id, call=call_id, recording_spans=(), revoked_at=room.now, reason="objected")
        )

    permit = room.permit(jti=str(permit_id), call=str(call_id))
    room.neighbours.before_verdict = revoke
    answer = await room.send(permit, call)
    assert (answer.status_code, answer.json()["code"]) == (403, "permit_revoked")
    again = await room.send(permit, call)
    assert (again.status_code, again.json()["code"]) == (403, "permit_revoked")
    assert await room.left() == NOTHING


async def test_a_long_upload_keeps_its_lease_and_ends_when_its_permit_is_revoked(room_of: RoomOf, call: bytes) -> None:
    room = await room_of(upload_lease=timedelta(0))
    permit_id = UUID(int=0xABC)
    ended = "2026-11-24T09:03:20Z"
    spans = [{"purposes": ["contract"], "spans": [[0, 200_000]]}]
    permit = room.permit(jti=str(permit_id), ended_at=ended, audio_ended_at=ended, spans=spans)

    async def body(*, revoked: bool) -> AsyncIterator[bytes]:
        yield call[:12] + b"fmt \x10\0\0\0\x07\0\2\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x08\0data\0\0\0\0"
        for _ in range(16):
            yield bytes(100_000)
        if revoked:
            gone = PermitRevoked(
                permit=permit_id, call=UUID(int=1), recording_spans=(), revoked_at=room.now, reason="objected"
            )
            await room.hear(gone)
        for _ in range(16):
            yield bytes(100_000)

    assert (
        await room.send(room.permit(ended_at=ended, audio_ended_at=ended, spans=spans), body(revoked=False))
    ).status_code == 201
    answer = await room.send(permit, body(revoked=True))
    assert (answer.status_code, answer.json()["code"]) == (403, "permit_revoked")
    assert (await room.left())[:2] == (0, 1)


async def test_an_upload_that_was_given_up_is_not_committed_and_leaves_nothing(room: Any, call: bytes) -> None:
    async def collected() -> None:
        await room.rows("update uploads set lease_until = recital_now() - interval '1 second'")
        await collect(room.means)

    room.neighbours.before_verdict = collected
    answer = await room.send(room.permit(), call)
    assert (answer.status_code, answer.json()["code"]) == (503, "upload_overdue")
    assert await room.left() == NOTHING
    room.neighbours.before_verdict = None
    assert (await room.send(room.permit(), call)).status_code == 201


async def test_a_tenant_has_so_many_uploads_at_once_and_others_have_theirs(room_of: RoomOf, call: bytes) -> None:
    room = await room_of(uploads_per_tenant=1)
    other: list[Any] = []

    async def meanwhile() -> None:
        room.neighbours.before_verdict = None
        other.append(await room.send(room.permit(), call))

    room.neighbours.before_verdict = meanwhile
    assert (await room.send(room.permit(), call)).status_code == 201
    [answer] = other
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_uploads")
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize("told", [True, False])
async def test_a_file_that_is_too_large_is_refused_by_what_it_says_and_by_what_it_is(
    room_of: RoomOf, call: bytes, *, told: bool
) -> None:
    room = await room_of(largest_upload=100_000)

    async def body() -> AsyncIterator[bytes]:
        for start in range(0, len(call), 10_000):
            yield call[start : start + 10_000]

    answer = await room.send(room.permit(), call if told else body())
    assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_large")
    assert await room.left() == NOTHING


async def test_a_sender_that_is_silent_for_too_long_is_refused(room_of: RoomOf, call: bytes) -> None:
    room = await room_of(longest_silence=timedelta(milliseconds=50))

    async def body() -> AsyncIterator[bytes]:
        yield call[:1_000]
        await asyncio.Event().wait()

    answer = await room.send(room.permit(), body())
    assert (answer.status_code, answer.json()["code"]) == (422, "upload_too_slow")
    assert await room.left() == NOTHING


async def test_a_sender_that_crawls_is_refused(room_of: RoomOf, call: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recital_ingest.actions.body.PATIENCE", 0.0)
    room = await room_of(slowest_upload=1 << 60)
    answer = await room.send(room.permit(), call)
    assert (answer.status_code, answer.json()["code"]) == (422, "upload_too_slow")
    assert await room.left() == NOTHING


async def test_a_tenants_key_is_made_once_and_never_again(room: Any) -> None:
    [before] = await room.rows("select key_id from tenants")
    await room.open_tenant()
    assert [row.key_id for row in await room.rows("select key_id from tenants")] == [before.key_id]
    erased = UUID(int=0xDEAD)
    await room.vault.keys.destroy_tenant_key(erased)
    with pytest.raises(PermanentError, match="tenant_erased"):
        await room.open_tenant(erased)


async def test_a_tenant_without_its_key_is_refused_and_others_are_not(room: Any, call: bytes) -> None:
    await room.rows("update tenants set key_id = '00000000-0000-0000-0000-000000000001'")
    answer = await room.send(room.permit(), call)
    assert (answer.status_code, answer.json()["code"]) == (503, "tenant_key_missing")
    assert "tenant_key_missing" in await room.alarms()
    await room.rows("delete from tenants")
    answer = await room.send(room.permit(), call)
    assert (answer.status_code, answer.json()["code"]) == (503, "tenant_unknown")
    assert await room.left() == NOTHING


async def test_a_key_that_nothing_names_is_swept_up_when_it_is_old(
    room: Any, call: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = await room.recorded(call)
    [tenant] = await room.rows("select key_id from tenants")
    stray = await room.vault.keys.new_key(UUID(int=2), UUID(int=0xBAD), tenant.key_id)
    await KeySweep(room.means).run()
    assert not await room.vault.keys.absent(UUID(int=2), [stray.id])
    monkeypatch.setattr("recital_ingest.actions.clearing.STRAY_AFTER", timedelta(0))
    sweep = KeySweep(room.means)
    await sweep.run()
    await sweep.run()
    assert await room.vault.keys.absent(UUID(int=2), [stray.id])
    named = [row.key_id for row in await room.rows("select key_id from tracks")]
    assert len(await room.vault.keys.several(UUID(int=2), named)) == len(kept["tracks"])


async def test_nothing_is_collected_while_time_is_doubtful(room: Any, call: bytes) -> None:
    room.neighbours.before_verdict = None
    room.database.clock.frozen = "time jumped"
    assert not await collect(room.means)
