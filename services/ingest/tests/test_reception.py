import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recital_errors import Malformed, RecitalError, UnsupportedMedia
from recital_ingest.decisions.admission import Digests
from recital_ingest.decisions.reception import Received, Reception
from recital_ingest.model.permit import Permit
from recital_ingest.model.sound import Encoding, Sound, interleave

MakePermit = Callable[..., Permit]
MakeWav = Callable[..., bytes]
MakeSamples = Callable[..., bytes]
STEREO = Sound(Encoding.PCM_16, 2, 8_000)
ANSWERED = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def at(seconds: float) -> str:
    return (ANSWERED + timedelta(seconds=seconds)).isoformat()


def receive(
    permit: Permit, pieces: Iterator[bytes] | list[bytes], *, length: int | None = None, stated: Digests | None = None
) -> tuple[Received, list[bytes]]:
    reception = Reception(permit, length=length, stated=stated or Digests())
    tracks = [b"", b""]
    for piece in pieces:
        for channel, more in enumerate(reception.take(piece)):
            tracks[channel] += more
    return reception.finish(), tracks


def short(**changes: Any) -> dict[str, Any]:
    """A call of a tenth of a second, so that it is quickly sent in many ways."""
    spans = [{"purposes": ["contract"], "spans": [[0, 100]]}]
    return {"ended_at": at(0.1), "audio_ended_at": at(0.1), "spans": spans} | changes


@settings(max_examples=60, deadline=None)
@given(sizes=st.lists(st.integers(9, 900), min_size=1, max_size=5), live=st.booleans(), told=st.booleans())
def test_an_unmasked_recording_is_kept_byte_for_byte_however_it_arrives(
    permit: MakePermit, wav: MakeWav, samples: MakeSamples, sizes: list[int], live: bool, told: bool
) -> None:
    # R21: what can be given as evidence is the original, and its hashes are those of what was received.
    unknown = {"data_size": 0, "riff_size": 0} if live else {"after": ((b"LIST", b"abc"),)}
    file = wav(STEREO, samples(STEREO, 800), before=((b"bext", b"x"),), **unknown)
    received, tracks = receive(permit(**short()), cut(file, sizes), length=len(file) if told else None)
    assert received.original is not None
    audio = interleave(STEREO, list(tracks), received.frames).tobytes()
    assert received.original.head + audio + received.original.tail == file
    assert received.digests == Digests(hashlib.sha256(file).digest(), hashlib.sha512(file).digest())
    assert (received.size, received.frames, received.frames_received) == (len(file), 800, 800)


def cut(file: bytes, sizes: list[int]) -> Iterator[bytes]:
    at_byte, turn = 0, 0
    while at_byte < len(file):
        size = sizes[turn % len(sizes)]
        yield file[at_byte : at_byte + size]
        at_byte, turn = at_byte + size, turn + 1


@settings(max_examples=60, deadline=None)
@given(sizes=st.lists(st.integers(9, 900), min_size=1, max_size=5))
def test_what_is_not_permitted_never_comes_out(
    permit: MakePermit, wav: MakeWav, samples: MakeSamples, sizes: list[int]
) -> None:
    content = samples(STEREO, 1_200)
    spans = [{"purposes": ["contract"], "spans": [[20, 40], [50, 100]]}]
    masked = permit(**short(spans=spans, audio_ended_at=at(0.15)))
    received, tracks = receive(masked, cut(wav(STEREO, content), sizes))
    expected = bytearray(content[: 800 * 4])
    for start, stop in ((0, 160), (320, 400)):
        expected[start * 4 : stop * 4] = bytes((stop - start) * 4)
    assert interleave(STEREO, list(tracks), received.frames).tobytes() == bytes(expected)
    assert (received.original, received.frames, received.frames_received) == (None, 800, 1_200)


def test_a_live_writers_length_is_taken_from_the_bodys(permit: MakePermit, wav: MakeWav, samples: MakeSamples) -> None:
    spans = [{"purposes": ["contract"], "spans": [[0, 400], [600, 1_000]]}]
    masked = permit(ended_at=at(1), audio_ended_at=at(1), spans=spans)
    file = wav(STEREO, samples(STEREO, 8_000 - 800), data_size=0, riff_size=0)
    received, _ = receive(masked, [file[:47], file[47:]], length=len(file))
    assert received.placement.growth_ms == 100
    with pytest.raises(Malformed) as refused:
        receive(masked, [file])
    assert refused.value.code == "audio_not_aligned"


@pytest.mark.parametrize("stated", [Digests(sha256=b"x"), Digests(sha512=b"x")])
def test_a_body_that_is_not_what_its_digest_says_is_refused(
    permit: MakePermit, wav: MakeWav, samples: MakeSamples, stated: Digests
) -> None:
    with pytest.raises(Malformed) as refused:
        receive(permit(**short()), [wav(STEREO, samples(STEREO, 800))], stated=stated)
    assert refused.value.code == "digest_mismatch"


@pytest.mark.parametrize(
    ("changes", "body", "error", "code"),
    [
        ({}, b"<html>", UnsupportedMedia, "audio_not_wav"),
        ({}, b"", Malformed, "audio_truncated"),
        ({}, None, Malformed, "channels_do_not_match"),
    ],
)
def test_what_cannot_be_kept_is_refused(
    permit: MakePermit,
    wav: MakeWav,
    samples: MakeSamples,
    changes: dict[str, Any],
    body: bytes | None,
    error: type[RecitalError],
    code: str,
) -> None:
    mono = Sound(Encoding.PCM_16, 1, 8_000)
    with pytest.raises(error) as refused:
        receive(permit(**short(**changes)), [wav(mono, samples(mono, 800)) if body is None else body])
    assert refused.value.code == code


def test_the_format_is_known_once_the_samples_have_their_place(
    permit: MakePermit, wav: MakeWav, samples: MakeSamples
) -> None:
    file = wav(STEREO, samples(STEREO, 800))
    reception = Reception(permit(**short()), length=None, stated=Digests())
    assert reception.take(file[:43]) == []
    sounds = [reception.sound]
    assert reception.take(file[43:46]) == [b"", b""]
    assert [*sounds, reception.sound] == [None, STEREO]
    with pytest.raises(Malformed, match="ends before its samples do"):
        reception.finish()


def test_it_is_foreseen_whether_anything_will_be_silenced(
    permit: MakePermit, wav: MakeWav, samples: MakeSamples
) -> None:
    masked = short(spans=[{"purposes": ["contract"], "spans": [[20, 100]]}])
    for changes, size, whole in ((short(), {}, True), (masked, {}, False), (masked, {"data_size": 0}, True)):
        reception = Reception(permit(**changes), length=None, stated=Digests())
        assert reception.whole
        reception.take(wav(STEREO, samples(STEREO, 800), **size))
        assert reception.whole is whole
