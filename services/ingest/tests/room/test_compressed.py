"""Compressed audio and raw samples: recognised by content, kept bit for bit or decoded and silenced, never twice."""

import hashlib
import io
import socket
import struct
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import imageio_ffmpeg  # type: ignore[import-untyped]
import numpy as np
import pytest
from recital_errors import Malformed
from recital_ingest.actions import sandbox
from recital_ingest.actions.compressed import in_memory
from recital_ingest.actions.decoding import Decoding
from recital_ingest.model.container import Container
from recital_ingest.model.sound import Encoding, Sound

Room = Any
RoomOf = Callable[..., Awaitable[Any]]

MakeSamples = Callable[..., bytes]
FFMPEG = Path(imageio_ffmpeg.get_ffmpeg_exe())
STEREO = Sound(Encoding.PCM_16, 2, 48_000)
# The call goes on for a second: some encoders fill their last block up, and what lies after the end would be cut.
LONGER: dict[str, Any] = {"ended_at": "2026-11-24T09:00:11Z"}
WHOLE = LONGER | {"spans": [{"purposes": ["contract"], "spans": [[0, 11_000]]}]}
SILENT_MIDDLE = LONGER | {"spans": [{"purposes": ["contract"], "spans": [[0, 4_000], [6_000, 11_000]]}]}
ENCODERS = {
    Container.OGG: ("-c:a", "libopus", "-f", "ogg"),
    Container.MP3: ("-c:a", "libmp3lame", "-f", "mp3"),
    Container.FLAC: ("-c:a", "flac", "-f", "flac"),
    # With its index at the end, as recorders that do not know their length write it.
    Container.M4A: ("-c:a", "aac", "-f", "mp4"),
    Container.AAC: ("-c:a", "aac", "-f", "adts"),
    Container.WAV: ("-c:a", "adpcm_ima_wav", "-f", "wav"),
}


def encoded(container: Container, folder: Path, *, seconds: int = 10, more: tuple[str, ...] = ()) -> bytes:
    """Return noise, unlike on both channels, in a container."""
    noise = np.random.default_rng(1).integers(-9_000, 9_000, seconds * STEREO.rate * 2, dtype=np.int16).tobytes()
    file = folder / container.value
    given = ["-y", "-v", "error", "-f", "s16le", "-ar", "48000", "-ac", "2", "-i", "pipe:0"]
    subprocess.run([FFMPEG, *given, *more, *ENCODERS[container], file], input=noise, check=True)  # noqa: S603 - ours
    return file.read_bytes()


def half_an_hour_of_silence(file: Path) -> bytes:
    """Return a small file that decodes to very much."""
    given = ["-y", "-v", "error", "-f", "lavfi", "-i", "anullsrc=r=8000:cl=stereo:d=1800", "-c:a", "flac"]
    subprocess.run([FFMPEG, *given, file], check=True)  # noqa: S603 - ours
    return file.read_bytes()


def gsm(seconds: int = 10) -> bytes:
    """Return a WAV of GSM 6.10 as telephone exchanges write it: blocks of 65 bytes for 320 samples at 8 kHz."""
    blocks = np.random.default_rng(2).bytes(65 * (seconds * 8_000 // 320))
    form = struct.pack("<4sIHHIIHHHH", b"fmt ", 20, 0x31, 1, 8_000, 1_625, 65, 0, 2, 320)
    fact = struct.pack("<4sII", b"fact", 4, seconds * 8_000)
    whole = b"WAVE" + form + fact + struct.pack("<4sI", b"data", len(blocks)) + blocks + b"\0" * (len(blocks) % 2)
    return struct.pack("<4sI", b"RIFF", len(whole)) + whole


async def heard(room: Room, recording: dict[str, Any], **ranges: str) -> Any:
    grant = await room.grant(recording["id"])
    assert grant.status_code == 201, grant.text
    return await room.play(recording["id"], grant.json()["id"], **ranges)


def samples_of(wav: bytes) -> Any:
    return np.frombuffer(wav[44:], dtype="<i2").reshape(-1, 2)


@pytest.mark.parametrize("container", list(Container))
async def test_a_compressed_file_without_masks_comes_back_bit_for_bit_as_one_mixed_track(
    room: Room, tmp_path: Path, container: Container
) -> None:
    file = encoded(container, tmp_path)
    answer = await room.send(room.permit(**WHOLE), file, Content_Type="application/octet-stream")
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["received_sha256"] == hashlib.sha256(file).hexdigest() == made["tracks"][0]["sha256"]
    assert (len(made["tracks"]), made["tracks"][0]["parties"], made["masks"]) == (1, ["customer", "agent"], [])
    assert (made["format"]["channels"], made["format"]["container"]) == (2, container.value)
    played = await heard(room, made)
    assert (played.content, played.headers["content-type"]) == (file, container.media_type)
    part = await heard(room, made, ranges="bytes=1000-1999")
    assert (part.status_code, part.content) == (206, file[1000:2000])
    assert (await heard(room, made, mute="agent")).status_code == 409


@pytest.mark.parametrize("container", list(Container))
async def test_a_compressed_file_with_masks_is_decoded_and_silenced_and_the_file_is_not_kept(
    room: Room, tmp_path: Path, container: Container
) -> None:
    answer = await room.send(room.permit(**SILENT_MIDDLE), encoded(container, tmp_path))
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert ([each["parties"] for each in made["tracks"]], made["format"]["container"]) == (
        [["customer"], ["agent"]],
        None,
    )
    assert len(await room.vault.objects.list_keys("ingest/")) - len(room.before) == 2
    played = samples_of((await heard(room, made)).content)
    rate = made["format"]["rate"]
    [[start, stop]] = made["masks"]
    assert (abs(start - 4_000), abs(stop - 6_000)) <= (60, 60)
    assert not played[rate * 41 // 10 : rate * 59 // 10].any()
    assert played[: rate * 39 // 10].any()
    assert played[rate * 61 // 10 :].any()
    muted = samples_of((await heard(room, made, mute="agent")).content)
    assert (muted[:, 0].any(), muted[:, 1].any()) == (True, False)


async def test_gsm_in_wav_is_kept_as_it_is_and_decoded_where_it_must_be_silenced(room: Room) -> None:
    file = gsm()
    together = [
        {"party": party, "subject": None, "kind": kind, "channel": 0}
        for party, kind in (("customer", "customer"), ("agent", "staff"))
    ]
    made = await room.recorded(file, parties=together)
    assert (await heard(room, made)).content == file
    masked = await room.recorded(gsm(), parties=together, **SILENT_MIDDLE)
    assert masked["masks"]


async def test_what_a_late_entry_takes_from_a_compressed_file_is_silent_when_it_is_played(
    room: Room, tmp_path: Path
) -> None:
    file = encoded(Container.FLAC, tmp_path)
    made = await room.recorded(file)
    await room.rows(
        """update permits set revoked_at = recital_now(), remaining = '[[["contract"], [[0, 4000]]]]' where id = :id""",
        id=made["permit"],
    )
    whole = await heard(room, made)
    played = samples_of(whole.content)
    assert whole.headers["content-type"] == "audio/wav"
    assert (played[: 4 * 48_000].any(), played[4 * 48_000 :].any()) == (True, False)
    part = await heard(room, made, ranges="bytes=300001-400000")
    assert part.content == whole.content[300_001:400_001]


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        pytest.param(lambda file: file[: len(file) // 2], "audio_not_aligned", id="half of it"),
        pytest.param(lambda file: file[:64], "audio_malformed", id="its head"),
        pytest.param(lambda file: file[:64] + bytes(len(file) - 64), "audio_malformed", id="zeros"),
        pytest.param(lambda file: file + file + file, "audio_not_aligned", id="more than the call"),
    ],
)
async def test_a_damaged_compressed_file_is_refused_and_nothing_is_kept(
    room: Room, tmp_path: Path, spoil: Callable[[bytes], bytes], code: str
) -> None:
    answer = await room.send(room.permit(), spoil(encoded(Container.MP3, tmp_path)), Content_Type="audio/mpeg")
    assert (answer.status_code, await room.left()) == (422, (0, 0, 0, 0)), answer.text
    assert answer.json()["code"] in (code, "audio_malformed")


async def test_a_file_with_a_second_sound_track_is_refused(room: Room, tmp_path: Path) -> None:
    more = ("-map", "0:a", "-map", "0:a")
    answer = await room.send(room.permit(), encoded(Container.M4A, tmp_path, more=more))
    assert (answer.status_code, answer.json()["code"]) == (422, "audio_malformed")


@pytest.mark.parametrize(
    "playlist",
    [
        b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:%d/a.mp3\n",
        b"ID3\x04\0\0\0\0\0\0#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:%d/a.mp3\n",
        b"ffconcat version 1.0\nfile http://127.0.0.1:%d/a.mp3\n",
    ],
)
async def test_a_playlist_that_poses_as_audio_connects_to_nowhere(room: Room, playlist: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.setblocking(False)
        answer = await room.send(room.permit(), playlist % trap.getsockname()[1], Content_Type="audio/mpeg")
        assert answer.status_code in (415, 422), answer.text
        with pytest.raises(BlockingIOError):
            trap.accept()


async def test_silence_that_unpacks_to_much_is_given_up_when_it_is_longer_than_the_call(
    room: Room, tmp_path: Path
) -> None:
    answer = await room.send(room.permit(), half_an_hour_of_silence(tmp_path / "bomb.flac"), Content_Type="audio/flac")
    assert (answer.status_code, answer.json()["code"]) == (422, "audio_not_aligned")


async def test_compressed_audio_beyond_its_limit_is_refused(room_of: RoomOf, tmp_path: Path) -> None:
    room = await room_of(largest_compressed=100_000)
    answer = await room.send(room.permit(), encoded(Container.FLAC, tmp_path))
    assert (answer.status_code, await room.left()) == (413, (0, 0, 0, 0))


async def test_where_the_decoder_cannot_be_shut_in_nothing_is_taken_and_the_sender_may_ask_again(
    room_of: RoomOf, tmp_path: Path
) -> None:
    room = await room_of(decoder=tmp_path / "nothing")
    answer = await room.send(room.permit(), encoded(Container.OGG, tmp_path))
    assert (answer.status_code, await room.left()) == (503, (0, 0, 0, 0)), answer.text


@pytest.mark.parametrize(
    "reaching",
    [
        "open('/etc/passwd')",
        "__import__('socket').socket(2, 2).sendto(b'x', ('127.0.0.1', 9))",
        "__import__('socket').create_connection(('127.0.0.1', 9))",
        "open('/tmp/left', 'w')",
        "__import__('os').kill(1, 0)",
        "bytearray(1 << 30)",
    ],
)
def test_what_runs_in_the_sandbox_reaches_no_file_no_network_and_little_memory(reaching: str, tmp_path: Path) -> None:
    # The sandbox is entered, then what the decoder might do is tried in its place.
    tried = f"""
import runpy, sys
shut_in = runpy.run_path({str(sandbox.__file__)!r})
import os, socket, encodings.idna
shut_in["enter"]({sys.executable!r})
try:
    {reaching}
except (OSError, MemoryError) as error:
    print("refused", type(error).__name__)
"""
    done = subprocess.run([sys.executable, "-I", "-c", tried], capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert done.stdout.startswith("refused"), (done.stdout, done.stderr)


async def test_a_decoder_that_is_left_early_ends(tmp_path: Path) -> None:
    with in_memory() as file:
        io.FileIO(file, "wb", closefd=False).write(encoded(Container.FLAC, tmp_path))
        reading = Decoding(FFMPEG, Container.FLAC, file).read()
        assert await anext(reading)
        await reading.aclose()
        with pytest.raises(Malformed):
            async for _ in Decoding(FFMPEG, Container.OGG, file).read():
                pass


RAW = {
    "audio/PCMU; rate=8000; channels=2": Encoding.MU_LAW,
    "audio/PCMA;channels=2": Encoding.A_LAW,
    "audio/L16;rate=8000;channels=2": Encoding.PCM_16,
    "audio/pcm;rate=8000;channels=2": Encoding.PCM_16,
}


async def test_raw_samples_are_taken_with_their_parameters(room: Room, samples: MakeSamples) -> None:
    for media_type, encoding in RAW.items():
        body = samples(Sound(encoding, 2, 8_000), 80_000)
        answer = await room.send(room.permit(), body, Content_Type=media_type)
        assert answer.status_code == 201, answer.text
        played = (await heard(room, answer.json())).content
        sent = np.frombuffer(body, ">u2").astype("<u2").tobytes() if "L16" in media_type else body
        assert (played[:4], played.endswith(sent)) == (b"RIFF", True), media_type


async def test_raw_samples_that_do_not_say_what_they_are_are_refused(room: Room, samples: MakeSamples) -> None:
    body = samples(Sound(Encoding.PCM_16, 2, 8_000), 80_000)
    for media_type, cut, status in (
        ("audio/pcm;channels=2", 0, 422),
        ("audio/L16;rate=8000000;channels=2", 0, 422),
        ("audio/L16;rate=96000;channels=2", 0, 415),
        ("audio/PCMU;channels=0", 0, 415),
        ("audio/pcm;rate=8000;channels=2", 1, 422),
    ):
        answer = await room.send(room.permit(), body[: len(body) - cut], Content_Type=media_type)
        assert (answer.status_code, await room.left()) == (status, (0, 0, 0, 0)), media_type
