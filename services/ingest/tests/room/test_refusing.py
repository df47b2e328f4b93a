"""Who follows a call is told when its audio was refused, and permits too small for their spans are completed."""

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from recital_ingest.model.sound import Encoding, Sound
from recital_ledger import canonical

MakeWav = Callable[..., bytes]
MakeSamples = Callable[..., bytes]
STEREO = Sound(Encoding.MU_LAW, 2, 8_000)


@pytest.fixture
def call(wav: MakeWav, samples: MakeSamples) -> bytes:
    return wav(STEREO, samples(STEREO, 80_000))


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (b"<html></html>", {}, "audio_not_wav"),
        (None, {"Content_Digest": "sha-256=:" + "A" * 43 + "=:"}, "digest_mismatch"),
    ],
)
async def test_refused_audio_is_told_once_with_its_code(
    room: Any, call: bytes, body: bytes | None, headers: dict[str, str], code: str
) -> None:
    answer = await room.send(room.permit(), call if body is None else body, **headers)
    assert answer.json()["code"] == code
    [told] = await room.events("recording.refused")
    assert (told["code"], await room.left()) == (code, (0, 0, 0, 0))


@pytest.mark.parametrize(
    ("changes", "headers", "code"),
    [
        ({"exp": 1}, {}, "permit_expired"),
        ({"final": False}, {}, "permit_not_final"),
        ({}, {"Content_Type": "text/html"}, "audio_not_taken"),
    ],
)
async def test_a_refusal_before_the_first_byte_is_told_and_entered_once_however_often_it_is_tried(
    room: Any, call: bytes, changes: dict[str, Any], headers: dict[str, str], code: str
) -> None:
    permit = room.permit(jti=str(UUID(int=0xABC)), call=str(UUID(int=0xABD)), **changes)
    for _ in range(3):
        assert (await room.send(permit, call, **headers)).json()["code"] == code
    [told] = await room.events("recording.refused")
    assert (told["code"], told["permit"], told["call"]) == (code, str(UUID(int=0xABC)), str(UUID(int=0xABD)))
    assert sorted(told) == ["call", "code", "permit", "refused_at", "upload"]
    assert (await room.ledger(), await room.left()) == (["recording.refused"], (0, 0, 0, 0))


async def test_audio_under_a_used_permit_is_told_whether_its_bytes_had_to_be_read_or_not(
    room: Any, call: bytes, wav: MakeWav, samples: MakeSamples
) -> None:
    permit = room.permit()
    assert (await room.send(permit, call)).status_code == 201
    other = wav(STEREO, samples(STEREO, 80_000, seed=9))
    assert (await room.send(permit, other)).json()["code"] == "permit_used"
    assert [each["code"] for each in await room.events("recording.refused")] == ["permit_used"]
    assert await room.ledger() == ["recording.stored", "recording.refused"]


async def test_a_permit_that_names_nothing_one_could_trust_is_entered_and_nobody_is_told(
    room: Any, call: bytes
) -> None:
    forged = room.permit()[:-6] + "AAAAAA"
    foreign = room.permit(tenant=str(UUID(int=99)))
    for permit, code in ((forged, "permit_forged"), (foreign, "permit_wrong_tenant"), ("", "permit_missing")):
        assert (await room.send(permit, call)).json()["code"] == code
    assert await room.events("recording.refused") == []
    entered = await room.rows("select facts from ledger_entries order by id")
    assert [row.facts for row in entered] == [
        {"code": code} for code in ("permit_forged", "permit_wrong_tenant", "permit_missing")
    ]


async def test_a_cap_that_is_reached_is_not_told(room_of: Any, call: bytes) -> None:
    room = await room_of(uploads_per_tenant=1)

    async def meanwhile() -> None:
        room.neighbours.before_verdict = None
        assert (await room.send(room.permit(), call)).status_code == 429

    room.neighbours.before_verdict = meanwhile
    assert (await room.send(room.permit(), call)).status_code == 201
    assert await room.events("recording.refused") == []


async def test_an_upload_that_may_be_tried_again_is_not_told_as_refused(room: Any, call: bytes) -> None:
    room.neighbours.silent.add("consent")
    permit = room.permit()
    assert (await room.send(permit, call)).status_code == 503
    room.neighbours.silent.clear()
    assert (await room.send(permit, call)).status_code == 201
    assert await room.events("recording.refused") == []


async def test_spans_too_many_for_a_permit_are_fetched_before_the_first_byte_and_held_against_its_hash(
    room: Any, call: bytes
) -> None:
    spans: Any = [{"purposes": ["contract"], "spans": [[0, 4_000], [6_000, 10_000]]}]
    hashed = hashlib.sha256(canonical(spans)).hexdigest()
    room.neighbours.verdict = {"spans": spans}
    answer = await room.send(room.permit(spans=None, spans_sha256=hashed), call)
    assert (answer.status_code, answer.json()["masks"]) == (201, [[4_000, 6_000]]), answer.text
    room.neighbours.verdict = {"spans": [{"purposes": ["contract"], "spans": [[0, 4_000]]}]}
    answer = await room.send(room.permit(spans=None, spans_sha256=hashed), call)
    assert (answer.status_code, answer.json()["code"]) == (403, "permit_revoked")
    room.neighbours.silent.add("consent")
    answer = await room.send(room.permit(spans=None, spans_sha256=hashed), call)
    assert answer.status_code == 503
