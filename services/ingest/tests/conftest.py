"""Builders for ingest's tests: WAV files of every kind, permits, recordings."""

import struct
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import numpy as np
import pytest
from recital_identity import Role
from recital_ingest.model.permit import Permit, permit_of
from recital_ingest.model.recording import Recording, State, Track
from recital_ingest.model.sound import Encoding, Sound

ANSWERED = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TAGS = {Encoding.PCM_16: 1, Encoding.A_LAW: 6, Encoding.MU_LAW: 7}
GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")

MakeWav = Callable[..., bytes]
MakePermit = Callable[..., Permit]
MakeClaims = Callable[..., dict[str, Any]]
MakeSamples = Callable[..., bytes]
MakeRecording = Callable[..., Recording]


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _format(sound: Sound, *, extensible: bool, **lies: int) -> bytes:
    width = sound.encoding.width
    said = {"channels": sound.channels, "rate": sound.rate, "frame": sound.frame_size, "bits": width * 8} | lies
    tag = said.get("tag", 0xFFFE if extensible else TAGS[sound.encoding])
    per_second = said["rate"] * said["frame"]
    body = struct.pack(
        "<HHIIHH", tag, said["channels"], said["rate"], per_second & 0xFFFFFFFF, said["frame"], said["bits"]
    )
    if extensible:
        valid = said.get("valid", width * 8)
        body += struct.pack("<HHIH", 22, valid, 0, said.get("inner", TAGS[sound.encoding])) + GUID_TAIL
    return body


def make_wav(
    sound: Sound,
    samples: bytes,
    *,
    before: tuple[tuple[bytes, bytes], ...] = (),
    after: tuple[tuple[bytes, bytes], ...] = (),
    extensible: bool = False,
    form: bytes = b"RIFF",
    data_size: int | None = None,
    riff_size: int | None = None,
    **lies: int,
) -> bytes:
    """Return a WAV file; `lies` overrule fields of its format chunk."""
    inner = b"".join(_chunk(name, body) for name, body in before)
    inner += _chunk(b"fmt ", _format(sound, extensible=extensible, **lies))
    stated = len(samples) if data_size is None else data_size
    end = samples + (b"\0" * (len(samples) % 2) if data_size is None else b"")
    end += b"".join(_chunk(name, body) for name, body in after)
    if form == b"RIFF":
        whole = b"WAVE" + inner + b"data" + struct.pack("<I", stated) + end
        return b"RIFF" + struct.pack("<I", len(whole) if riff_size is None else riff_size) + whole
    sizes = struct.pack("<QQQI", 4 + 36 + len(inner) + 8 + len(end), stated, len(samples) // sound.frame_size, 0)
    whole = b"WAVE" + _chunk(b"ds64", sizes) + inner + b"data\xff\xff\xff\xff" + end
    return form + b"\xff\xff\xff\xff" + whole


def make_samples(sound: Sound, frames: int, *, seed: int = 1) -> bytes:
    """Return random samples: unlike silence, and unlike each other per channel."""
    return np.random.default_rng(seed).integers(0, 256, frames * sound.frame_size, dtype=np.uint8).tobytes()


def make_claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a permit: a stereo call of ten seconds, all of it to be kept for one purpose."""
    claims: dict[str, Any] = {
        "jti": str(UUID(int=1)),
        "tenant": str(UUID(int=2)),
        "call": str(UUID(int=3)),
        "exp": int((ANSWERED + timedelta(minutes=20)).timestamp()),
        "answered_at": ANSWERED.isoformat(),
        "ended_at": (ANSWERED + timedelta(seconds=10)).isoformat(),
        "audio_started_at": ANSWERED.isoformat(),
        "audio_ended_at": (ANSWERED + timedelta(seconds=10)).isoformat(),
        "final": True,
        "parties": [
            {"party": "customer", "subject": str(UUID(int=4)), "kind": "customer", "channel": 0},
            {"party": "agent", "subject": str(UUID(int=5)), "kind": "staff", "channel": 1},
        ],
        "purposes": [{"id": str(UUID(int=6)), "key": "contract", "version": 1}],
        "spans": [{"purposes": ["contract"], "spans": [[0, 10_000]]}],
        "timeline_version": 7,
    }
    return claims | changes


def make_permit(**changes: Any) -> Permit:
    """Return the permit of `make_claims`."""
    return permit_of(make_claims(**changes))


def make_recording(**changes: Any) -> Recording:
    """Return the recording that `make_claims` allows: stereo mu-law, ten seconds, nothing silenced."""
    permit = make_permit()
    sound = Sound(Encoding.MU_LAW, 2, 8_000)
    tracks = tuple(
        Track(number, UUID(int=30 + number), UUID(int=40 + number), 80_000, 80_032, b"p", b"s") for number in (0, 1)
    )
    made = Recording(
        id=UUID(int=20),
        call=permit.call,
        permit=permit.id,
        state=State.STORED,
        stored_at=ANSWERED + timedelta(minutes=1),
        answered_at=permit.answered_at,
        call_ended_at=ANSWERED + timedelta(seconds=10),
        received_size=160_058,
        received_sha256=b"a" * 32,
        received_sha512=b"b" * 64,
        sound=sound,
        frames=80_000,
        frames_received=80_000,
        keep=((0, 80_000),),
        stretches=permit.stretches,
        growth_ms=0,
        spans=permit.spans,
        purposes=permit.purposes,
        parties=permit.parties,
        tracks=tracks,
        original=None,
        timeline_version=permit.timeline_version,
        ledger_entry=UUID(int=50),
    )
    return replace(made, **changes)


@pytest.fixture(scope="session")
def recording() -> MakeRecording:
    return make_recording


@pytest.fixture(scope="session")
def wav() -> MakeWav:
    return make_wav


@pytest.fixture(scope="session")
def samples() -> MakeSamples:
    return make_samples


@pytest.fixture(scope="session")
def claims() -> MakeClaims:
    return make_claims


@pytest.fixture(scope="session")
def permit() -> MakePermit:
    return make_permit


class TusSender:
    """Speaks the protocol by hand."""

    def __init__(self, room: Any) -> None:
        self.room = room
        self.headers = room.token(Role.INTEGRATOR) | {"Tus-Resumable": "1.0.0"}

    async def create(self, permit: str, length: int, body: bytes | None = None, **more: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in more.items()}
        first = {"Content-Type": "application/offset+octet-stream"} if body is not None else {}
        said = self.headers | {"Recital-Permit": permit, "Upload-Length": str(length)} | first | named
        answer: httpx.Response = await self.room.client.post("/v1/uploads", content=body or b"", headers=said)
        return answer

    async def patch(self, url: str, offset: int, body: Any, **more: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in more.items()}
        said = self.headers | {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"} | named
        answer: httpx.Response = await self.room.client.patch(url, content=body, headers=said)
        return answer

    async def head(self, url: str) -> httpx.Response:
        answer: httpx.Response = await self.room.client.head(url, headers=self.headers)
        return answer

    async def begun(self, permit: str, length: int, **more: str) -> str:
        answer = await self.create(permit, length, None, **more)
        assert answer.status_code == 201, answer.text
        return str(answer.headers["location"])

    async def sent(self, permit: str, file: bytes, *sizes: int, **more: str) -> dict[str, Any]:
        """Send a file in requests of these sizes and the rest; return the recording it became."""
        url, at = await self.begun(permit, len(file), **more), 0
        for size in (*sizes, len(file)):
            answer = await self.patch(url, at, file[at : at + size])
            assert answer.status_code == 204, answer.text
            at = min(at + size, len(file))
            assert answer.headers["upload-offset"] == str(at)
        return await self.recording(answer.headers["recital-recording"])

    async def recording(self, recording: str) -> dict[str, Any]:
        made: dict[str, Any] = (await self.room.client.get(f"/v1/recordings/{recording}", headers=self.headers)).json()
        return made


@pytest.fixture(scope="session")
def tus() -> Callable[[Any], TusSender]:
    return TusSender
