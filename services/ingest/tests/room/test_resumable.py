"""Audio in several requests, through the door, on real servers: the protocol, and what is kept of what came."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from recital_identity import Role
from recital_ingest.actions.clearing import collect
from recital_ingest.model.sound import Encoding, Sound

RoomOf = Callable[..., Awaitable[Any]]
MakeSamples = Callable[..., bytes]
MakeSender = Callable[[Any], Any]
NOTHING = (0, 0, 0, 0)
HALF = [{"purposes": ["contract"], "spans": [[2_000, 5_000], [6_000, 8_000]]}]
MIB = 1 << 20


LONG = {
    "ended_at": "2026-11-24T09:01:00Z",
    "audio_ended_at": "2026-11-24T09:01:00Z",
    "spans": [{"purposes": ["contract"], "spans": [[0, 60_000]]}],
}


async def played(room: Any, recording: str) -> bytes:
    grant = (await room.grant(recording)).json()["id"]
    audio: bytes = (await room.play(recording, grant)).content
    return audio


async def test_what_is_spoken_is_told_to_everyone(room: Any) -> None:
    answer = await room.client.options("/v1/uploads")
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["tus-extension"] == "creation,creation-with-upload,checksum,termination,expiration"
    assert answer.headers["tus-checksum-algorithm"] == "sha1,sha256"
    assert answer.headers["tus-max-size"] == str(2 << 30)


async def test_a_file_in_pieces_comes_back_byte_for_byte_with_the_hash_of_the_whole(
    room: Any, tus: MakeSender, call: bytes
) -> None:
    # Within the header, within a frame, and so small that no piece could be recognised by itself.
    told = await tus(room).sent(room.permit(), call, 3, 30, 20_001, 70_000)
    assert (told["received_sha256"], told["size"]) == (hashlib.sha256(call).hexdigest(), len(call))
    assert (told["received_parts"], told["unmasked"]) == ([], True)
    assert await played(room, told["id"]) == call
    assert await room.ledger() == ["recording.stored", "listening.granted"]
    await collect(room.means)
    assert (await room.left())[1:3] == (1, 2)


async def test_pieces_are_silenced_before_they_are_stored(
    room: Any, tus: MakeSender, call: bytes, samples: MakeSamples
) -> None:
    sender, marker = tus(room), bytes(range(32))
    at = call.index(b"data") + 8
    marked = call[: at + 100] + marker + call[at + 132 :]
    url = await sender.begun(room.permit(spans=HALF), len(marked))
    await sender.patch(url, 0, marked[:100_000])
    [row] = await room.rows("select pieces, key_id from resumables")
    [[object_id, size, sha256, _, silenced]] = row.pieces
    assert (size, sha256, silenced) == (100_000, hashlib.sha256(marked[:100_000]).hexdigest(), True)
    upload = UUID(url.rsplit("/", 1)[1])
    reader = room.vault.reader(UUID(int=2), upload, 0, f"ingest/{object_id}", row.key_id, size=size)
    kept = b"".join([piece async for piece in reader.read()])
    assert marker not in kept
    # Two seconds of silence from the samples' first byte on, then what may be kept.
    assert kept[:at] == marked[:at]
    assert kept[at : at + 32_000] == b"\xff" * 32_000
    assert kept[at + 32_000 + 3_200 : at + 70_000] == marked[at + 32_000 + 3_200 : at + 70_000]


async def test_a_silenced_file_in_pieces_is_named_by_the_hashes_of_its_parts(
    room: Any, tus: MakeSender, call: bytes
) -> None:
    told = await tus(room).sent(room.permit(spans=HALF), call, 40_000, 60_000)
    parts = [call[:40_000], call[40_000:100_000], call[100_000:]]
    assert [part["size"] for part in told["received_parts"]] == [len(part) for part in parts]
    assert [part["sha256"] for part in told["received_parts"]] == [hashlib.sha256(part).hexdigest() for part in parts]
    over = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
    assert told["received_sha256"] == over
    whole = await room.recorded(call, spans=HALF)
    assert told["masks"] == whole["masks"]
    assert await played(room, told["id"]) == await played(room, whole["id"])


async def test_a_silenced_file_that_comes_in_one_request_has_the_hash_of_the_whole(
    room: Any, tus: MakeSender, long_call: bytes
) -> None:
    silenced = LONG | {"spans": [{"purposes": ["contract"], "spans": [[0, 10_000], [40_000, 60_000]]}]}
    told = await tus(room).sent(room.permit(**silenced), long_call)
    assert (told["received_sha256"], told["received_parts"]) == (hashlib.sha256(long_call).hexdigest(), [])
    assert told["masks"] == [[10_000, 40_000]]


async def test_a_sender_that_broke_off_goes_on_from_what_is_durable(
    room: Any, tus: MakeSender, long_call: bytes
) -> None:
    sender = tus(room)
    url = await sender.begun(room.permit(**LONG), len(long_call))

    async def body() -> AsyncIterator[bytes]:
        for at in range(0, 9 * MIB, MIB):
            yield long_call[at : at + MIB]
        raise ConnectionResetError

    assert (await sender.patch(url, 0, body())).status_code == 500
    at = int((await sender.head(url)).headers["upload-offset"])
    assert at == 8 * MIB
    answer = await sender.patch(url, at, long_call[at:])
    assert answer.status_code == 204
    told = await sender.recording(answer.headers["recital-recording"])
    assert told["received_sha256"] == hashlib.sha256(long_call).hexdigest()


async def test_another_replica_goes_on_with_an_upload(room_of: RoomOf, tus: MakeSender, call: bytes) -> None:
    first = await room_of()
    second = await room_of(beside=first)
    sender = tus(first)
    url = await sender.begun(first.permit(), len(call))
    await sender.patch(url, 0, call[:50_000])
    other = tus(second)
    other.headers = sender.headers
    assert (await other.head(url)).headers["upload-offset"] == "50000"
    answer = await other.patch(url, 50_000, call[50_000:])
    assert (await sender.recording(answer.headers["recital-recording"]))["unmasked"] is True


async def test_the_last_byte_is_acknowledged_by_the_recording_and_not_before(
    room: Any, tus: MakeSender, call: bytes
) -> None:
    sender = tus(room)
    url = await sender.begun(room.permit(), len(call))
    await sender.patch(url, 0, call[:50_000])
    room.neighbours.silent.add("consent")
    answer = await sender.patch(url, 50_000, call[50_000:])
    assert (answer.status_code, answer.headers["tus-resumable"]) == (503, "1.0.0")
    assert (await sender.head(url)).headers["upload-offset"] == "50000"
    room.neighbours.silent.clear()
    assert (await sender.patch(url, 50_000, call[50_000:])).status_code == 204
    state = await sender.head(url)
    assert (state.headers["upload-offset"], state.headers["upload-length"]) == (str(len(call)),) * 2
    assert state.headers["recital-recording"]
    # Sent again after its answer was lost, it is what it was.
    again = await sender.patch(url, len(call), b"")
    assert again.headers["recital-recording"] == state.headers["recital-recording"]
    assert len(await room.events("recording.stored")) == 1


async def test_the_first_bytes_may_come_with_the_creation_and_the_same_key_gives_the_same_upload(
    room: Any, tus: MakeSender, call: bytes
) -> None:
    sender, permit = tus(room), room.permit()
    made = await sender.create(permit, len(call), call[:60_000], Idempotency_Key="one")
    assert (made.status_code, made.headers["upload-offset"]) == (201, "60000")
    again = await sender.create(permit, len(call), call[:60_000], Idempotency_Key="one")
    assert (again.headers["location"], again.headers["upload-offset"]) == (made.headers["location"], "60000")
    other = await sender.create(room.permit(), len(call), Idempotency_Key="one")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    whole = await sender.create(room.permit(), len(call), call)
    assert (whole.status_code, whole.headers["upload-offset"]) == (201, str(len(call)))
    assert whole.headers["recital-recording"]


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
async def test_a_request_whose_checksum_is_wrong_counts_for_nothing(
    room: Any, tus: MakeSender, call: bytes, algorithm: str
) -> None:
    def said(body: bytes) -> str:
        return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, body).digest()).decode()}"

    sender = tus(room)
    url = await sender.begun(room.permit(), len(call))
    wrong = await sender.patch(url, 0, call[:60_000], Upload_Checksum=said(b"other"))
    assert (wrong.status_code, wrong.json()["code"]) == (460, "checksum_differs")
    assert (await sender.head(url)).headers["upload-offset"] == "0"
    for at, body in ((0, call[:60_000]), (60_000, call[60_000:])):
        assert (await sender.patch(url, at, body, Upload_Checksum=said(body))).status_code == 204
    unknown = await sender.patch(url, 0, b"", Upload_Checksum="crc32 AAAA")
    assert unknown.json()["code"] == "upload_header_malformed"


async def test_two_requests_of_one_upload_do_not_both_write(room: Any, tus: MakeSender, call: bytes) -> None:
    sender = tus(room)
    url = await sender.begun(room.permit(), len(call))
    waiting, going = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield call[:40_000]
        going.set()
        await waiting.wait()

    old = asyncio.create_task(sender.patch(url, 0, slow()))
    await going.wait()
    # The sender has given its old connection up, which the service does not know yet.
    assert (await sender.patch(url, 0, call[:50_000])).status_code == 204
    waiting.set()
    assert (await old).json()["code"] == "upload_elsewhere"
    assert (await sender.patch(url, 50_000, call[50_000:])).status_code == 204
    assert len(await room.events("recording.stored")) == 1


async def test_an_upload_under_way_counts_for_the_cap_and_one_at_rest_does_not(
    room_of: RoomOf, tus: MakeSender, call: bytes
) -> None:
    room = await room_of(uploads_per_tenant=1)
    sender, answers = tus(room), []
    urls = [await sender.begun(room.permit(), len(call)) for _ in range(2)]

    async def body() -> AsyncIterator[bytes]:
        yield call[:40_000]
        answers.extend([await sender.patch(urls[1], 0, call), await room.send(room.permit(), call)])

    assert (await sender.patch(urls[0], 0, body())).status_code == 204
    assert [(each.status_code, each.headers["retry-after"]) for each in answers] == [(429, "1")] * 2
    assert (await sender.patch(urls[1], 0, call)).status_code == 204


@pytest.mark.parametrize(
    ("changes", "file", "headers", "code"),
    [
        ({}, b"<html>" + bytes(100_000), {}, "audio_not_wav"),
        ({"parties": [{"party": "a", "kind": "staff", "channel": 1}]}, None, {}, "channels_do_not_match"),
        ({"audio_ended_at": "2026-11-24T09:00:07Z"}, None, {}, "audio_not_aligned"),
    ],
)
async def test_what_is_refused_at_its_first_bytes_ends_the_upload(
    room: Any,
    tus: MakeSender,
    call: bytes,
    changes: dict[str, Any],
    file: bytes | None,
    headers: dict[str, str],
    code: str,
) -> None:
    sender, body = tus(room), file or call
    url = await sender.begun(room.permit(**changes), len(body), **headers)
    answer = await sender.patch(url, 0, body[:50_000])
    assert answer.json()["code"] == code
    assert (await sender.head(url)).status_code == 404
    assert [told["code"] for told in await room.events("recording.refused")] == [code]
    assert await room.left() == NOTHING


async def test_what_the_protocol_forbids_is_refused_and_the_upload_goes_on(
    room: Any, tus: MakeSender, call: bytes
) -> None:
    sender = tus(room)
    url = await sender.begun(room.permit(), len(call))
    longer = await sender.patch(url, 0, call + b"more")
    differs = await sender.patch(url, 7, call)
    untyped = await sender.patch(url, 0, call, Content_Type="audio/wav")
    unversioned = await room.client.head(url, headers=room.token(Role.INTEGRATOR))
    assert (longer.status_code, longer.json()["code"]) == (413, "upload_longer_than_stated")
    assert (differs.status_code, differs.json()["code"]) == (409, "upload_offset_differs")
    assert (untyped.status_code, untyped.json()["code"]) == (415, "upload_type_wrong")
    assert (unversioned.status_code, unversioned.headers["tus-version"]) == (412, "1.0.0")
    assert (await sender.patch(url, 0, call)).status_code == 204


@pytest.mark.parametrize(
    ("length", "headers", "status", "code"),
    [
        (0, {}, 422, "audio_truncated"),
        (3 << 30, {}, 413, "upload_too_large"),
        (100, {"Upload_Length": "many"}, 422, "upload_header_malformed"),
        (100, {"Upload_Metadata": "filetype !"}, 422, "upload_header_malformed"),
        (100, {"Upload_Metadata": "filename MTIz,filetype dGV4dC9odG1s"}, 415, "audio_not_taken"),
        (100, {"Recital_Permit": "forged"}, 403, "permit_malformed"),
    ],
)
async def test_what_cannot_become_a_recording_does_not_begin(
    room: Any, tus: MakeSender, length: int, headers: dict[str, str], status: int, code: str
) -> None:
    # R23: an app that sends in pieces meets the same gates.
    answer = await tus(room).create(room.permit(), length, None, **headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert await room.left() == NOTHING


async def test_an_upload_of_another_tenant_is_not_there(room: Any, tus: MakeSender, call: bytes) -> None:
    sender, other = tus(room), UUID(int=77)
    url = await sender.begun(room.permit(), len(call))
    await room.open_tenant(other)
    foreign = sender.headers | room.token(Role.INTEGRATOR, tenant=other)
    missing = await room.client.head(f"/v1/uploads/{UUID(int=5)}", headers=foreign)
    theirs = await room.client.head(url, headers=foreign)
    assert (
        (theirs.status_code, set(theirs.headers))
        == (missing.status_code, set(missing.headers))
        == (404, set(missing.headers))
    )
    listener = sender.headers | room.token(Role.CASE_HANDLER)
    assert (await room.client.head(url, headers=listener)).status_code == 403


async def test_raw_samples_in_pieces_are_what_their_type_says(room: Any, tus: MakeSender, samples: MakeSamples) -> None:
    raw = samples(Sound(Encoding.MU_LAW, 2, 8_000), 80_000)
    said = base64.b64encode(b"audio/PCMU;channels=2").decode()
    told = await tus(room).sent(room.permit(spans=HALF), raw, 10, 50_000, Upload_Metadata=f"filetype {said}")
    assert (told["format"]["encoding"], told["masks"]) == ("mu_law", [[0, 2_000], [5_000, 6_000], [8_000, 10_000]])


async def test_a_used_permit_begins_nothing(room: Any, tus: MakeSender, call: bytes) -> None:
    # R23
    permit, sender = room.permit(), tus(room)
    url = await sender.begun(permit, len(call))
    await room.send(permit, call)
    assert (await sender.create(permit, len(call))).json()["code"] == "permit_used"
    # What was begun before, and is the same audio, is that recording.
    answer = await sender.patch(url, 0, call)
    assert answer.status_code == 204
    assert answer.headers["recital-recording"] == (await room.events("recording.stored"))[0]["recording"]
