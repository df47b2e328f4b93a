"""Who follows a call is told when its audio was refused, and permits too small for their spans are completed."""

import hashlib
from collections.abc import Callable
from typing import Any

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
